#pragma once
#include <stdint.h>
struct rosc_registers {
	volatile uint32_t randombit;
};
/* Every access comes by here first. */
struct rosc_registers *fake_rosc(void);
#define rosc_hw (fake_rosc())
