/*
 * Where the identity image lies: two banks of flash, so that whenever power fails while one is written the other is there,
 * and the next boot finds the old image or the new one.
 *
 * | offset in a bank | field                                                    | size |
 * |------------------|----------------------------------------------------------|------|
 * | 0                | image                                                    | up to 65536 |
 * | 65536            | magic "SPDMBANK"                                         | 8    |
 * | 65544            | sequence, from 1 up: of two good banks the higher counts | 4    |
 * | 65548            | length of the image                                      | 4    |
 * | 65552            | 1 if the image is sealed, else 0                         | 4    |
 * | 65556            | nonce: random, another for each write; 0 if not sealed   | 16   |
 * | 65572            | CRC-32 of the fields before                              | 4    |
 *
 * All little-endian. The header is written last. Without one, bank A counts as sequence 0: a flashing tool writes the image
 * there as it is. What begins without anything to keep goes to bank B, where nothing counts without a header. Whether an
 * image is whole its own digest tells, which identity.c checks.
 *
 * Sealed: XORed with SHA-256(key, nonce, block number) where the chip has a key of its own (`flash_key`), so that who reads
 * the flash chip does not read the private keys. It keeps nobody from writing another image there. Without the key a sealed
 * bank does not count.
 */
#ifndef STORE_H
#define STORE_H

#include "chip.h"

#define STORE_CAPACITY 65536u
#define STORE_BANK_LENGTH (STORE_CAPACITY + FLASH_SECTOR_LENGTH)
#define STORE_LENGTH (2 * STORE_BANK_LENGTH)

/* Makes the `nth` best bank the one that is read, 0 for the newest; false if there are no more that may hold an image. */
bool store_open(unsigned nth);
/* None of them did: what is written next has nothing to keep. */
void store_close(void);
bool store_is_open(void);
void store_read(uint32_t offset, void *into, size_t length);

/* Erases the other bank, for `length` bytes; false if they do not fit, or the flash or the random source failed. */
bool store_begin(uint32_t length);
/* The next of the bytes; false if they are more than was said, or the flash failed. */
bool store_append(const void *data, size_t length);
/*
 * The image is complete: from here on the other bank counts. `good` is asked first, with that bank opened for reading. False,
 * and nothing has changed, if bytes are missing, it says no, or the flash failed.
 */
bool store_commit(bool (*good)(void));

#endif
