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

void flash_read(uint32_t offset, void *into, size_t length)
{
	memcpy(into, mapped(offset), length);
}

bool flash_erase(uint32_t offset)
{
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
	uint32_t within = offset % FLASH_PAGE_LENGTH;
	memset(page, 0xFF, sizeof page);
	memcpy(page + within, data, length);
	uint32_t interrupts = save_and_disable_interrupts();
	flash_range_program(BASE + offset - within, page, sizeof page);
	restore_interrupts(interrupts);
	memset(page, 0, sizeof page);
	return memcmp(mapped(offset), data, length) == 0;
}
