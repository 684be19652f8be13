#include "chip.h"
#include <esp_efuse.h>
#include <esp_efuse_table.h>
#include <esp_secure_boot.h>
#include <sdkconfig.h>

/*
 * Closed is what cannot be opened again: JTAG disabled "softly" is not, since software with an HMAC key re-enables it. The
 * chips with USB have JTAG in two places.
 */
static bool debug_closed(void)
{
#if CONFIG_IDF_TARGET_ESP32
	return esp_efuse_read_field_bit(ESP_EFUSE_JTAG_DISABLE);
#else
	return esp_efuse_read_field_bit(ESP_EFUSE_DIS_PAD_JTAG) && esp_efuse_read_field_bit(ESP_EFUSE_DIS_USB_JTAG);
#endif
}

struct chip_state chip_state(void)
{
	return (struct chip_state){ .told = true, .secureBoot = esp_secure_boot_enabled(), .debugOpen = !debug_closed() };
}
