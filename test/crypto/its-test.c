/* Cuts the power in the middle of every write that its.c makes, at every byte, and looks at what is left. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <psa/crypto.h>
#include <psa/internal_trusted_storage.h>
#include "spdm-psa.h"

static uint8_t medium[SPDM_ITS_SLOTS][SPDM_ITS_PITCH];
static long budget;                           /* bytes, and erasures, that the power lasts for; negative: for ever */

int spdm_its_read(unsigned slot, void *out, size_t length)
{
	memcpy(out, medium[slot], length);
	return 0;
}

static bool powered(void)
{
	return budget < 0 || budget-- > 0;
}

int spdm_its_write(unsigned slot, const void *data, size_t length)
{
	if (!powered())
		return -1;
	memset(medium[slot], 0xff, SPDM_ITS_PITCH);
	for (size_t i = 0; i < length; i++) {
		if (!powered())
			return -1;
		medium[slot][i] = ((const uint8_t *)data)[i];
	}
	return 0;
}

#define CHECK(condition) do { if (!(condition)) { \
	fprintf(stderr, "line %d, power for %ld: %s\n", __LINE__, lasting, #condition); exit(1); } } while (0)

static long lasting;

/* The value of `uid`: its first byte, or -1 if there is none. All its bytes shall be that of one value. */
static int value(psa_storage_uid_t uid, size_t length)
{
	uint8_t data[200];
	size_t read;
	struct psa_storage_info_t info;
	if (psa_its_get_info(uid, &info) == PSA_ERROR_DOES_NOT_EXIST)
		return -1;
	CHECK(psa_its_get(uid, 0, sizeof(data), data, &read) == PSA_SUCCESS && read == length && info.size == length);
	for (size_t i = 1; i < length; i++)
		CHECK(data[i] == data[0]);
	return data[0];
}

static psa_status_t set(psa_storage_uid_t uid, uint8_t byte, size_t length)
{
	uint8_t data[200];
	memset(data, byte, sizeof(data));
	return psa_its_set(uid, length, data, 0);
}

/* All slots but one are taken. */
static void start(void)
{
	budget = -1;
	memset(medium, 0xff, sizeof(medium));
	CHECK(set(1, 10, 80) == PSA_SUCCESS && set(2, 20, 90) == PSA_SUCCESS && set(1, 11, 80) == PSA_SUCCESS);
	for (psa_storage_uid_t uid = 3; uid < SPDM_ITS_SLOTS; uid++)
		CHECK(set(uid, (uint8_t)uid, 100) == PSA_SUCCESS);
}

/* Whether `change` of entry 1 ended before the power did. */
static bool cut(psa_status_t (*change)(void), int after)
{
	start();
	budget = lasting;
	bool done = change() == PSA_SUCCESS;
	budget = -1;
	int left = value(1, 80);
	CHECK(done ? left == after : left == 11 || left == after);
	CHECK(value(2, 90) == 20);
	/* And whatever is left, life goes on. */
	CHECK(set(1, 13, 80) == PSA_SUCCESS && value(1, 80) == 13);
	CHECK(set(SPDM_ITS_SLOTS, 14, 100) == PSA_SUCCESS);
	CHECK(set(99, 1, 1) == PSA_ERROR_INSUFFICIENT_STORAGE);
	CHECK(psa_its_remove(1) == PSA_SUCCESS && value(1, 80) == -1 && psa_its_remove(1) == PSA_ERROR_DOES_NOT_EXIST);
	return done;
}

static psa_status_t change(void)
{
	return set(1, 12, 80);
}

static psa_status_t removal(void)
{
	return psa_its_remove(1);
}

int main(void)
{
	for (lasting = 0; !cut(change, 12); lasting++)
		;
	long changed = lasting;
	for (lasting = 0; !cut(removal, -1); lasting++)
		;
	start();
	CHECK(psa_its_set(SPDM_ITS_SLOTS, 3, "abc", PSA_STORAGE_FLAG_WRITE_ONCE) == PSA_SUCCESS);
	CHECK(set(SPDM_ITS_SLOTS, 1, 3) == PSA_ERROR_NOT_PERMITTED && psa_its_remove(SPDM_ITS_SLOTS) == PSA_ERROR_NOT_PERMITTED);
	CHECK(set(2, 1, 250) == PSA_ERROR_INSUFFICIENT_STORAGE);
	printf("passed: power cut at %ld places\n", changed + lasting);
	return 0;
}
