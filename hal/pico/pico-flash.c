/* The last 136 KiB of the flash that the image runs from. Interrupts wait while it is erased or programmed. */
#include "pico-hal.h"
#include "store.h"
#include <hardware/flash.h>
#include <hardware/sync.h>

#define LENGTH STORE_LENGTH
#define BASE (PICO_FLASH_SIZE_BYTES - LENGTH)

_Static_assert(FLASH_SECTOR_LENGTH == FLASH_SECTOR_SIZE && FLASH_PAGE_LENGTH == FLASH_PAGE_SIZE, "as the SDK has them");

uint32_t flash_length(void)
{
	return LENGTH;
}

bool chip_flash_read(uint32_t offset, void *into, size_t length)
{
	memcpy(into, (const uint8_t *)(XIP_BASE + BASE + offset), length);
	return true;
}

bool chip_flash_erase(uint32_t offset)
{
	uint32_t interrupts = save_and_disable_interrupts();
	flash_range_erase(BASE + offset, FLASH_SECTOR_SIZE);
	restore_interrupts(interrupts);
	return true;
}

bool chip_flash_program(uint32_t offset, const void *data, size_t length)
{
	/* Whole pages only; ones leave a cell as it is. */
	uint8_t page[FLASH_PAGE_LENGTH];
	uint32_t before = offset % FLASH_PAGE_LENGTH;
	memset(page, 0xFF, sizeof page);
	memcpy(page + before, data, length);
	uint32_t interrupts = save_and_disable_interrupts();
	flash_range_program(BASE + offset - before, page, sizeof page);
	restore_interrupts(interrupts);
	/* It may have been a private key. */
	wipe(page, sizeof page);
	return true;
}
