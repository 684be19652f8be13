#include "chip.h"

static bool within(uint32_t offset, size_t length)
{
	return offset <= flash_length() && length <= flash_length() - offset;
}

void flash_read(uint32_t offset, void *into, size_t length)
{
	if (length && !(within(offset, length) && chip_flash_read(offset, into, length)))
		memset(into, 0xFF, length);
}

/* Whether `length` bytes at `offset`, at most a page, are those of `data`, or all ones if that is NULL. */
static bool reads_back(uint32_t offset, const uint8_t *data, size_t length)
{
	uint8_t content[FLASH_PAGE_LENGTH];
	bool same = chip_flash_read(offset, content, length);
	for (size_t i = 0; i < length && same; i++)
		same = content[i] == (data ? data[i] : 0xFF);
	/* It may have been a private key. */
	wipe(content, sizeof content);
	return same;
}

bool flash_erase(uint32_t offset)
{
	if (offset % FLASH_SECTOR_LENGTH != 0 || !within(offset, FLASH_SECTOR_LENGTH) || !chip_flash_erase(offset))
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
	return length == 0 || (chip_flash_program(offset, data, length) && reads_back(offset, data, length));
}
