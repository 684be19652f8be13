#include "nor-flash.h"
#include <mbedtls/sha256.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint8_t content[STORE_LENGTH];
uint32_t operations, cutAt = NEVER, failAt = NEVER;
enum cut_time cutWhen;
bool keyed, failsWithEffect;
jmp_buf power;
static uint64_t randomState = 1;
static mbedtls_sha256_context running;

uint32_t random_word(void)
{
	randomState = randomState * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(randomState >> 33);
}

void check(bool condition, const char *what)
{
	if (condition)
		return;
	printf("failed: %s (operation %u, cut %u)\n", what, operations, cutAt);
	exit(1);
}

void fatal(const char *reason, const char *detail)
{
	(void)detail;
	check(false, reason);
	abort();
}

bool flash_key(uint8_t key[32])
{
	memset(key, 0x5A, 32);
	return keyed;
}

bool random_fill(void *out, size_t length)
{
	for (size_t i = 0; i < length; i++)
		((uint8_t *)out)[i] = (uint8_t)random_word();
	return true;
}

void digest(const void *data, size_t length, void *out, size_t digestLength)
{
	check(digestLength == 32 && mbedtls_sha256(data, length, out, 0) == 0, "digest");
}

void digest_begin(void)
{
	mbedtls_sha256_init(&running);
	check(mbedtls_sha256_starts(&running, 0) == 0, "digest");
}

void digest_add(const void *data, size_t length)
{
	check(mbedtls_sha256_update(&running, data, length) == 0, "digest");
}

void digest_end(uint8_t out[32])
{
	check(mbedtls_sha256_finish(&running, out) == 0, "digest");
}

void flash_forget(void)
{
	for (size_t i = 0; i < sizeof content; i++)
		content[i] = (uint8_t)random_word();
}

uint32_t flash_length(void)
{
	return sizeof content;
}

void flash_read(uint32_t offset, void *into, size_t length)
{
	check(offset <= sizeof content && length <= sizeof content - offset, "read outside the flash");
	memcpy(into, content + offset, length);
}

/* Whether the operation is carried out; `torn` if only in part. */
static bool carried_out(bool *torn)
{
	bool cut = operations++ == cutAt;
	*torn = cut && cutWhen == WITHIN;
	return !cut || cutWhen != BEFORE;
}

static void after_operation(void)
{
	if (operations == cutAt + 1)
		longjmp(power, 1);
}

bool flash_erase(uint32_t offset)
{
	bool torn;
	check(offset % FLASH_SECTOR_LENGTH == 0 && offset < sizeof content, "erases a sector");
	bool fails = operations == failAt;
	if (fails && !failsWithEffect) {
		operations++;
		return false;
	}
	if (carried_out(&torn))
		for (uint32_t i = 0; i < FLASH_SECTOR_LENGTH; i++)
			content[offset + i] |= torn ? (uint8_t)random_word() : 0xFF;
	after_operation();
	return !fails;
}

bool flash_program(uint32_t offset, const void *data, size_t length)
{
	const uint8_t *byte = data;
	bool torn;
	check(length && offset % FLASH_PAGE_LENGTH + length <= FLASH_PAGE_LENGTH, "programs within a page");
	bool fails = operations == failAt;
	if (fails && !failsWithEffect) {
		operations++;
		return false;
	}
	for (size_t i = 0; i < length; i++)
		check(content[offset + i] == 0xFF, "programs what is erased");
	if (carried_out(&torn))
		for (size_t i = 0; i < length; i++)
			content[offset + i] &= byte[i] | (torn ? (uint8_t)random_word() : 0);
	after_operation();
	return !fails;
}
