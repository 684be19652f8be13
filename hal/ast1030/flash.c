/* SPI flash on the FMC's first chip select: reads by DMA, erases and programs by plain SPI in the controller's user mode. */
#include "ast1030.h"

#define FMC 0x7E620000u
#define FMC_CONFIGURATION REGISTER(FMC + 0x00)
#define FMC_STATUS REGISTER(FMC + 0x08)
#define FMC_CHIP0 REGISTER(FMC + 0x10)
#define FMC_DMA_CONTROL REGISTER(FMC + 0x80)
#define FMC_DMA_FLASH REGISTER(FMC + 0x84)
#define FMC_DMA_MEMORY REGISTER(FMC + 0x88)
#define FMC_DMA_LENGTH REGISTER(FMC + 0x8C)
#define DMA_REQUEST 0xAEED0000u
#define DMA_DONE (1u << 11)
#define CHIP0_WRITE_ENABLE (1u << 16)
#define USER_MODE 3u
#define CHIP_INACTIVE (1u << 2)
#define MODE_MASK 7u
/* In user mode each access to the chip's window is a byte on the wire. */
#define WINDOW (*(volatile uint8_t *)0x80000000u)

#define FLASH_LENGTH (4u << 20)
#define WRITE_STATUS 0x01
#define PROGRAM 0x02
#define READ_STATUS 0x05
#define WRITE_ENABLE 0x06
#define ERASE_SECTOR 0x20
#define STATUS_BUSY 1u

/*
 * Source, length and destination are whole words for the DMA, so bytes go by way of `bounce`. The length register counts
 * from 0 on the chip and in newer emulators, from 1 in QEMU 7.2; asking for n gets n there and a word more elsewhere.
 */
#define BOUNCE_LENGTH 256u
/* In the last page of SRAM: QEMU's FMC leaves out bit 18 of the address (its mask is 0xBFFFC). */
__attribute__((section(".dma"))) static uint32_t bounce[BOUNCE_LENGTH / 4 + 1];

uint32_t flash_length(void)
{
	return FLASH_LENGTH;
}

bool chip_flash_read(uint32_t offset, void *into, size_t length)
{
	uint8_t *out = into;
	while (length) {
		uint32_t skip = offset & 3;
		size_t part = BOUNCE_LENGTH - skip;
		if (part > length)
			part = length;
		DMA_BARRIER();
		FMC_DMA_CONTROL = DMA_REQUEST;
		FMC_DMA_FLASH = offset - skip;
		FMC_DMA_MEMORY = (uint32_t)bounce;
		FMC_DMA_LENGTH = (skip + part + 3) & ~3u;
		FMC_DMA_CONTROL = 1;
		while (!(FMC_STATUS & DMA_DONE))
			;
		FMC_DMA_CONTROL = 0;
		DMA_BARRIER();
		memcpy(out, (uint8_t *)bounce + skip, part);
		out += part;
		offset += part;
		length -= part;
	}
	/* It may have been a private key. */
	wipe(bounce, sizeof bounce);
	return true;
}

static void select(void)
{
	FMC_CONFIGURATION |= CHIP0_WRITE_ENABLE;
	FMC_CHIP0 = (FMC_CHIP0 & ~MODE_MASK) | USER_MODE | CHIP_INACTIVE;
	FMC_CHIP0 &= ~CHIP_INACTIVE;
}

static void deselect(void)
{
	FMC_CHIP0 |= CHIP_INACTIVE;
	FMC_CHIP0 &= ~MODE_MASK;
}

static void command(uint8_t code)
{
	select();
	WINDOW = code;
	deselect();
}

static void wait_until_ready(void)
{
	uint8_t status;
	do {
		select();
		WINDOW = READ_STATUS;
		status = WINDOW;
		deselect();
	} while (status & STATUS_BUSY);
}

static void command_at(uint8_t code, uint32_t offset, const uint8_t *data, size_t length)
{
	command(WRITE_ENABLE);
	select();
	WINDOW = code;
	WINDOW = (uint8_t)(offset >> 16);
	WINDOW = (uint8_t)(offset >> 8);
	WINDOW = (uint8_t)offset;
	while (length--)
		WINDOW = *data++;
	deselect();
	wait_until_ready();
}

/* The board's SST25VF032B comes out of reset with all blocks protected. */
static void unprotect(void)
{
	command(WRITE_ENABLE);
	select();
	WINDOW = WRITE_STATUS;
	WINDOW = 0;
	deselect();
	wait_until_ready();
}

bool chip_flash_erase(uint32_t offset)
{
	/* To write an image is hundreds of these, and each of them is progress. */
	watchdog_kick();
	unprotect();
	command_at(ERASE_SECTOR, offset, NULL, 0);
	return true;
}

bool chip_flash_program(uint32_t offset, const void *data, size_t length)
{
	const uint8_t *byte = data;
	watchdog_kick();
	unprotect();
	/* The SST25VF032B programs a byte per command; parts that take pages take this too. */
	for (size_t at = 0; at < length; at++)
		if (byte[at] != 0xFF)
			command_at(PROGRAM, offset + at, byte + at, 1);
	return true;
}
