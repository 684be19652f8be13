#pragma once
#include <pico/stdio/driver.h>
extern stdio_driver_t stdio_usb;
