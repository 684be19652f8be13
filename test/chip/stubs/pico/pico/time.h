#pragma once
#include <pico/types.h>
typedef uint64_t absolute_time_t;
absolute_time_t get_absolute_time(void);
uint32_t to_ms_since_boot(absolute_time_t time);
absolute_time_t make_timeout_time_us(uint64_t us);
bool time_reached(absolute_time_t time);
void sleep_us(uint64_t us);
void busy_wait_us_32(uint32_t us);
void tight_loop_contents(void);
