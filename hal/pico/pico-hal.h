/* The RP2040 and RP2350 as this project uses them, over the pico-sdk. */
#ifndef PICO_HAL_H
#define PICO_HAL_H

#include "chip.h"

struct pico_i2c_counters {
	uint32_t received, sent, refused, resent, spurious, lost, reset;
};
extern struct pico_i2c_counters pico_i2c_counters;
extern const struct port_driver pico_i2c_driver;
extern const struct port_driver pico_serial_driver;

#endif
