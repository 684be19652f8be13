#pragma once
typedef int gpio_num_t;
int gpio_get_level(gpio_num_t pin);
