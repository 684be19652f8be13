/*
 * ESP32, -S3, -C3, -C6 and -H2 as this project uses them, over ESP-IDF v6. File names begin with esp32-, since the Moddable
 * SDK compiles all C of an image into one folder.
 */
#ifndef ESP32_HAL_H
#define ESP32_HAL_H

#include "chip.h"

/* What became of frames that did not reach JavaScript, and of ours. */
struct esp32_i2c_counters {
	uint32_t received, sent;
	/* Empty, or no MCTP block write of the length that it says. */
	uint32_t malformed;
	/* Attempts that were made again; frames that were given up. */
	uint32_t resent, refused;
};
extern struct esp32_i2c_counters esp32_i2c_counters;
extern const struct port_driver esp32_i2c_driver;
extern const struct port_driver esp32_serial_driver;

#endif
