#pragma once
#include <pico/types.h>
#define PICO_FLASH_SIZE_BYTES (256u << 10)
#define FLASH_SECTOR_SIZE (1u << 12)
#define FLASH_PAGE_SIZE (1u << 8)
extern uint8_t fake_flash[PICO_FLASH_SIZE_BYTES];
#define XIP_BASE ((uintptr_t)fake_flash)
void flash_range_erase(uint32_t offset, size_t length);
void flash_range_program(uint32_t offset, const uint8_t *from, size_t length);
