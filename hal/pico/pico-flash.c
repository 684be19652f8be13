/* The last 136 KiB of the flash that the image runs from. Interrupts wait while it is erased or programmed. */
#include "pico-hal.h"
#include "store.h"
#include <hardware/flash.h>
#include <hardware/sync.h>
#include <string.h>

#define LENGTH STORE_LENGTH
#define BASE (PICO_FLASH_SIZE_BYTES - LENGTH)

_Static_assert(FLASH_SECTOR_LENGTH == FLASH_SECTOR_SIZE && FLASH_PAGE_LENGTH == FLASH_PAGE_SIZE, "as the SDK has them");

static const uint8_t *mapped(uint32_t offset)
{
	return (const uint8_t *)(XIP_BASE + BASE + offset);
}

uint32_t flash_length(void)
{
	return LENGTH;
}

static bool within(uint32_t offset, size_t length)
{
	return offset <= LENGTH && length <= LENGTH - offset;
}

void flash_read(uint32_t offset, void *into, size_t length)
{
	if (within(offset, length))
		memcpy(into, mapped(offset), length);
	else
		memset(into, 0xFF, length);
}

bool flash_erase(uint32_t offset)
{
	if (offset % FLASH_SECTOR_LENGTH != 0 || !within(offset, FLASH_SECTOR_LENGTH))
		return false;
	uint32_t interrupts = save_and_disable_interrupts();
	flash_range_erase(BASE + offset, FLASH_SECTOR_SIZE);
	restore_interrupts(interrupts);
	for (uint32_t at = 0; at < FLASH_SECTOR_LENGTH; at++)
		if (mapped(offset)[at] != 0xFF)
			return false;
	return true;
}

bool flash_program(uint32_t offset, const void *data, size_t length)
{
	/* Whole pages only; ones leave a cell as it is. */
	uint8_t page[FLASH_PAGE_LENGTH];
	uint32_t before = offset % FLASH_PAGE_LENGTH;
	if (length > FLASH_PAGE_LENGTH - before || !within(offset, length))
		return false;
	if (length == 0)
		return true;
	memset(page, 0xFF, sizeof page);
	memcpy(page + before, data, length);
	uint32_t interrupts = save_and_disable_interrupts();
	flash_range_program(BASE + offset - before, page, sizeof page);
	restore_interrupts(interrupts);
	/* It may have been a private key; without the second line the compiler would leave out the first. */
	memset(page, 0, sizeof page);
	__asm__ volatile("" :: "r"(page) : "memory");
	return memcmp(mapped(offset), data, length) == 0;
}
