#pragma once
#include <stdbool.h>
#include <stdint.h>
uint32_t tud_cdc_available(void);
bool tud_cdc_connected(void);
