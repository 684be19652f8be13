/*
 * A flash in memory that obeys NOR's rules, and whose power is cut: at one operation, before, within or after it. What an
 * operation that was cut leaves is any mixture of before and after. Beside it all that hal/chip/store.c needs of a chip.
 */
#ifndef NOR_FLASH_H
#define NOR_FLASH_H

#include <setjmp.h>
#include "chip.h"
#include "store.h"

extern uint8_t content[STORE_LENGTH];
/* How many there were, and which of them is cut, or fails; NEVER for none. */
#define NEVER (~0u)
extern uint32_t operations, cutAt, failAt;
extern enum cut_time { BEFORE, WITHIN, AFTER, TIMES } cutWhen;
/* Whether the chip has a key; whether what fails is done all the same. */
extern bool keyed, failsWithEffect;
/* Where a cut goes to: setjmp. */
extern jmp_buf power;

uint32_t random_word(void);
void check(bool condition, const char *what);
/* As nobody has ever written it. */
void flash_forget(void);

#endif
