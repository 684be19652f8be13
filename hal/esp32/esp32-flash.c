/*
 * The partition "spdm", of a type of data that is nobody else's. Where it is missing there is nothing provisioned, which
 * is for the identity image's reader to find.
 */
#include "esp32-hal.h"
#include <esp_partition.h>

#define LABEL "spdm"
#define SUBTYPE ((esp_partition_subtype_t)0x40)

static const esp_partition_t *partition(void)
{
	static const esp_partition_t *found;
	if (!found)
		found = esp_partition_find_first(ESP_PARTITION_TYPE_DATA, SUBTYPE, LABEL);
	return found;
}

uint32_t flash_length(void)
{
	return partition() ? partition()->size : 0;
}

bool chip_flash_read(uint32_t offset, void *into, size_t length)
{
	return esp_partition_read(partition(), offset, into, length) == ESP_OK;
}

bool chip_flash_erase(uint32_t offset)
{
	return esp_partition_erase_range(partition(), offset, FLASH_SECTOR_LENGTH) == ESP_OK;
}

bool chip_flash_program(uint32_t offset, const void *data, size_t length)
{
	return esp_partition_write(partition(), offset, data, length) == ESP_OK;
}
