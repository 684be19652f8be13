#pragma once
#include <stdint.h>
extern uint16_t fake_otp_data[64 * 64];
#define OTP_DATA_BASE ((uintptr_t)fake_otp_data)
