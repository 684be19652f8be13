/* What hal/pico uses of the pico-sdk, declared anew: registers without their places, chips without their boards. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
typedef unsigned int uint;
