/*
 * PSA's internal trusted storage, where persistent keys lie, over the board's spdm_its_read and spdm_its_write.
 *
 * One slot holds one entry. A new value goes to a free slot before the old one is cleared, so that power may fail at
 * any moment and leave the old value or the new. What the medium does not hide is not hidden: no encryption here.
 */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <mbedtls/platform_util.h>
#include <psa/crypto.h>
#include <psa/internal_trusted_storage.h>
#include "spdm-psa.h"

#define ENTRY_LENGTH 256u

typedef struct {
	uint32_t checksum;                      /* of all that follows, as far as `length` */
	uint32_t sequence;                      /* of two entries of one uid, the higher counts */
	uint64_t uid;
	uint32_t flags;
	uint32_t length;
	uint8_t data[ENTRY_LENGTH - 24];
} Entry;

#define HEADER_LENGTH offsetof(Entry, data)
_Static_assert(sizeof(Entry) == ENTRY_LENGTH && SPDM_ITS_PITCH >= ENTRY_LENGTH, "an entry fits a slot");

/* CRC-32 (IEEE 802.3): finds a write that was cut short. */
static uint32_t checksum(const Entry *entry)
{
	const uint8_t *p = (const uint8_t *)entry + sizeof(entry->checksum);
	const uint8_t *end = entry->data + entry->length;
	uint32_t crc = 0xffffffff;
	while (p < end) {
		crc ^= *p++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (0xedb88320 & -(crc & 1));
	}
	return ~crc;
}

/* Reads slot `slot`; false if it is free. */
static bool readEntry(unsigned slot, Entry *entry)
{
	return spdm_its_read(slot, entry, sizeof(*entry)) == 0 && entry->length <= sizeof(entry->data)
		&& entry->checksum == checksum(entry);
}

/* The slot that holds `uid`, or SPDM_ITS_SLOTS. Leaves its entry in `entry`. */
static unsigned find(psa_storage_uid_t uid, Entry *entry)
{
	Entry candidate;
	unsigned found = SPDM_ITS_SLOTS;
	for (unsigned slot = 0; slot < SPDM_ITS_SLOTS; slot++) {
		if (!readEntry(slot, &candidate) || candidate.uid != uid)
			continue;
		if (found < SPDM_ITS_SLOTS && (int32_t)(candidate.sequence - entry->sequence) < 0)
			continue;
		*entry = candidate;
		found = slot;
	}
	mbedtls_platform_zeroize(&candidate, sizeof(candidate));
	return found;
}

/* Clears every entry of `uid` but the one in slot `keep`. */
static psa_status_t clear(psa_storage_uid_t uid, unsigned keep)
{
	static const uint8_t zeros[ENTRY_LENGTH];
	Entry entry;
	psa_status_t status = PSA_SUCCESS;
	for (unsigned slot = 0; slot < SPDM_ITS_SLOTS; slot++) {
		if (slot == keep || !readEntry(slot, &entry) || entry.uid != uid)
			continue;
		if (spdm_its_write(slot, zeros, sizeof(zeros)) != 0)
			status = PSA_ERROR_STORAGE_FAILURE;
	}
	mbedtls_platform_zeroize(&entry, sizeof(entry));
	return status;
}

/* The first slot without an entry, or SPDM_ITS_SLOTS. */
static unsigned findFree(void)
{
	Entry entry;
	unsigned slot = 0;
	while (slot < SPDM_ITS_SLOTS && readEntry(slot, &entry))
		slot++;
	mbedtls_platform_zeroize(&entry, sizeof(entry));
	return slot;
}

static psa_status_t writeEntry(unsigned slot, Entry *entry)
{
	entry->checksum = checksum(entry);
	return spdm_its_write(slot, entry, HEADER_LENGTH + entry->length) == 0 ? PSA_SUCCESS : PSA_ERROR_STORAGE_FAILURE;
}

psa_status_t psa_its_set(psa_storage_uid_t uid, uint32_t length, const void *data, psa_storage_create_flags_t flags)
{
	Entry entry = { .sequence = 0 };
	unsigned old = find(uid, &entry), slot = SPDM_ITS_SLOTS;
	psa_status_t status;

	if (old < SPDM_ITS_SLOTS && entry.flags & PSA_STORAGE_FLAG_WRITE_ONCE)
		status = PSA_ERROR_NOT_PERMITTED;
	else if (length > sizeof(entry.data))
		status = PSA_ERROR_INSUFFICIENT_STORAGE;
	else {
		/* An older value that a power cut left behind would keep the last free slot for good. */
		status = clear(uid, old);
		if (status == PSA_SUCCESS && (slot = findFree()) == SPDM_ITS_SLOTS)
			status = PSA_ERROR_INSUFFICIENT_STORAGE;
	}
	if (status == PSA_SUCCESS) {
		entry.sequence++;
		entry.uid = uid;
		entry.flags = flags;
		entry.length = length;
		memcpy(entry.data, data, length);
		status = writeEntry(slot, &entry);
		if (status == PSA_SUCCESS)
			status = clear(uid, slot);
	}
	mbedtls_platform_zeroize(&entry, sizeof(entry));
	return status;
}

psa_status_t psa_its_get(psa_storage_uid_t uid, uint32_t offset, uint32_t length, void *data, size_t *read)
{
	Entry entry;
	psa_status_t status = PSA_SUCCESS;
	*read = 0;
	if (find(uid, &entry) == SPDM_ITS_SLOTS)
		status = PSA_ERROR_DOES_NOT_EXIST;
	else if (offset > entry.length)
		status = PSA_ERROR_INVALID_ARGUMENT;
	else {
		*read = length < entry.length - offset ? length : entry.length - offset;
		memcpy(data, entry.data + offset, *read);
	}
	mbedtls_platform_zeroize(&entry, sizeof(entry));
	return status;
}

psa_status_t psa_its_get_info(psa_storage_uid_t uid, struct psa_storage_info_t *info)
{
	Entry entry;
	unsigned slot = find(uid, &entry);
	if (slot < SPDM_ITS_SLOTS) {
		info->size = entry.length;
		info->flags = entry.flags;
	}
	mbedtls_platform_zeroize(&entry, sizeof(entry));
	return slot < SPDM_ITS_SLOTS ? PSA_SUCCESS : PSA_ERROR_DOES_NOT_EXIST;
}

psa_status_t psa_its_remove(psa_storage_uid_t uid)
{
	Entry entry;
	unsigned slot = find(uid, &entry);
	bool permitted = slot < SPDM_ITS_SLOTS && !(entry.flags & PSA_STORAGE_FLAG_WRITE_ONCE);
	mbedtls_platform_zeroize(&entry, sizeof(entry));
	if (slot == SPDM_ITS_SLOTS)
		return PSA_ERROR_DOES_NOT_EXIST;
	if (!permitted)
		return PSA_ERROR_NOT_PERMITTED;
	/* Older entries first: one that is left when power fails would come back to life. */
	psa_status_t status = clear(uid, slot);
	return status == PSA_SUCCESS ? clear(uid, SPDM_ITS_SLOTS) : status;
}
