#include "chip.h"
#include <esp_timer.h>

uint32_t clock_milliseconds(void)
{
	return (uint32_t)(esp_timer_get_time() / 1000);
}
