#pragma once
#include <stdint.h>
#define OTP_SW_LOCK0_SEC_LSB 0u
#define OTP_SW_LOCK0_NSEC_LSB 2u
#define OTP_SW_LOCK0_SEC_VALUE_INACCESSIBLE 3u
#define OTP_SW_LOCK0_NSEC_VALUE_INACCESSIBLE 3u
#define OTP_CRITICAL_SECURE_BOOT_ENABLE_BITS (1u << 0)
#define OTP_CRITICAL_SECURE_DEBUG_DISABLE_BITS (1u << 1)
#define OTP_CRITICAL_DEBUG_DISABLE_BITS (1u << 2)
struct otp_registers {
	volatile uint32_t sw_lock[64], critical;
};
extern struct otp_registers fake_otp;
#define otp_hw (&fake_otp)
