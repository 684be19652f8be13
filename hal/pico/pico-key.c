/*
 * The secret that seals the identity in flash: on an RP2350 page 60 of the one-time memory, 32 bytes in its first 16 rows,
 * which the user has put there (boards/pico/README.md); nothing here writes it. It is read once a boot, and then the page is
 * locked until the next. The RP2040 has no such place.
 */
#include "pico-hal.h"
#if PICO_RP2350
#include <hardware/regs/addressmap.h>
#include <hardware/structs/otp.h>
#include <string.h>

#define PAGE 60u
#define ROWS_PER_PAGE 64u
#define KEY_LENGTH 32u
#define LOCKED_TO_ALL (OTP_SW_LOCK0_SEC_VALUE_INACCESSIBLE << OTP_SW_LOCK0_SEC_LSB \
	| OTP_SW_LOCK0_NSEC_VALUE_INACCESSIBLE << OTP_SW_LOCK0_NSEC_LSB)

bool flash_key(uint8_t key[KEY_LENGTH])
{
	static uint16_t rows[KEY_LENGTH / 2];
	static bool read;
	uint16_t any = 0;
	if (!read) {
		const volatile uint16_t *page = (const volatile uint16_t *)OTP_DATA_BASE + PAGE * ROWS_PER_PAGE;
		for (unsigned i = 0; i < KEY_LENGTH / 2; i++)
			rows[i] = page[i];
		otp_hw->sw_lock[PAGE] = LOCKED_TO_ALL;
		read = true;
	}
	for (unsigned i = 0; i < KEY_LENGTH / 2; i++)
		any |= rows[i];
	memcpy(key, rows, KEY_LENGTH);
	return any != 0;
}
#else
bool flash_key(uint8_t key[32])
{
	(void)key;
	return false;
}
#endif
