#include "esp32-hal.h"

const struct port_driver *port_driver(enum port_kind kind)
{
	static const struct port_driver *const drivers[PORT_COUNT] = {
		[PORT_I2C] = &esp32_i2c_driver,
		[PORT_SERIAL] = &esp32_serial_driver,
	};
	return (unsigned)kind < PORT_COUNT ? drivers[kind] : NULL;
}
