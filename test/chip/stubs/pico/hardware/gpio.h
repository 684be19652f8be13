#pragma once
#include <pico/types.h>
#define NUM_BANK0_GPIOS 30u
enum gpio_function { GPIO_FUNC_UART = 2, GPIO_FUNC_I2C = 3 };
void gpio_set_function(uint pin, enum gpio_function function);
enum gpio_function gpio_get_function(uint pin);
void gpio_pull_up(uint pin);
void gpio_deinit(uint pin);
