/*
 * The device's secret for what lies in flash: the HMAC peripheral's answer, by a key that lies in an eFuse block which
 * software cannot read. Whoever builds the device burns it (boards/esp32/README.md); nothing here burns anything.
 */
#include "chip.h"
#include <soc/soc_caps.h>

#if SOC_HMAC_SUPPORTED
#include <esp_efuse.h>
#include <esp_hmac.h>

#define MESSAGE "moddable-spdm flash key 1"

bool flash_key(uint8_t key[32])
{
	esp_efuse_block_t block;
	/* A block that esptool can dump over a serial line keeps no secret. */
	if (!esp_efuse_find_purpose(ESP_EFUSE_KEY_PURPOSE_HMAC_UP, &block) || !esp_efuse_get_key_dis_read(block))
		return false;
	if (esp_hmac_calculate((hmac_key_id_t)(HMAC_KEY0 + (block - EFUSE_BLK_KEY0)), MESSAGE, sizeof MESSAGE - 1, key) == ESP_OK)
		return true;
	wipe(key, 32);
	return false;
}
#else
bool flash_key(uint8_t key[32])
{
	(void)key;
	return false;
}
#endif
