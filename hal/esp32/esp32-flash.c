/*
 * The partition "spdm", of a type of data that is nobody else's. Where it is missing there is nothing provisioned, which
 * is for the identity image's reader to find.
 */
#include "esp32-hal.h"
#include <esp_partition.h>
#include <string.h>

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

static bool within(uint32_t offset, size_t length)
{
	return offset <= flash_length() && length <= flash_length() - offset;
}

void flash_read(uint32_t offset, void *into, size_t length)
{
	if (!within(offset, length) || (length && esp_partition_read(partition(), offset, into, length) != ESP_OK))
		memset(into, 0xFF, length);
}

/* Whether `length` bytes at `offset` are those of `data`, or all ones if that is NULL. */
static bool reads_back(uint32_t offset, const uint8_t *data, size_t length)
{
	uint8_t content[FLASH_PAGE_LENGTH];
	bool same = esp_partition_read(partition(), offset, content, length) == ESP_OK;
	for (size_t i = 0; i < length && same; i++)
		same = content[i] == (data ? data[i] : 0xFF);
	/* It may have been a private key. */
	memset(content, 0, sizeof content);
	__asm__ volatile("" :: "r"(content) : "memory");
	return same;
}

bool flash_erase(uint32_t offset)
{
	if (offset % FLASH_SECTOR_LENGTH != 0 || !within(offset, FLASH_SECTOR_LENGTH)
	    || esp_partition_erase_range(partition(), offset, FLASH_SECTOR_LENGTH) != ESP_OK)
		return false;
	for (uint32_t at = 0; at < FLASH_SECTOR_LENGTH; at += FLASH_PAGE_LENGTH)
		if (!reads_back(offset + at, NULL, FLASH_PAGE_LENGTH))
			return false;
	return true;
}

bool flash_program(uint32_t offset, const void *data, size_t length)
{
	if (length > FLASH_PAGE_LENGTH - offset % FLASH_PAGE_LENGTH || !within(offset, length))
		return false;
	return length == 0 || (esp_partition_write(partition(), offset, data, length) == ESP_OK && reads_back(offset, data, length));
}
