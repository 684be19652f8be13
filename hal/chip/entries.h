/* How the entries of the identity image lie in it, after certs/identity-image.ts: for identity.c and replace.c only. */
#ifndef ENTRIES_H
#define ENTRIES_H

#include "chip.h"

#define MAGIC "SPDM-ID"
#define FORMAT_VERSION 2
#define HEADER_LENGTH 32u
#define ENTRY_LENGTH 24u
#define DIGEST_LENGTH 32u
#define IMAGE_LENGTH_MAX (64u << 10)
#define ENTRY_COUNT_MAX 24u
#define SLOT_COUNT 8u
#define MODEL_MAX 3u
#define CHAIN_LENGTH_MAX (0xFFFFu - 4u - 64u)

struct span {
	uint32_t offset, length;
};

struct entry {
	uint8_t slot, kind, model, zero;
	uint32_t algorithm;
	struct span data, key;
};

static inline uint32_t word(const uint8_t *bytes)
{
	return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static inline struct entry read_entry(const uint8_t *bytes)
{
	return (struct entry){
		.slot = bytes[0],
		.kind = bytes[1],
		.model = bytes[2],
		.zero = bytes[3],
		.algorithm = word(bytes + 4),
		.data = { word(bytes + 8), word(bytes + 12) },
		.key = { word(bytes + 16), word(bytes + 20) },
	};
}

/* identity.c: the entries of the image that counts, ENTRY_COUNT_MAX at most; their number. */
uint32_t identity_entries(struct entry *entries);
/* What was written by store_append is an image: from here on it counts, if it is good. False, and nothing has changed, else. */
bool identity_commit(void);

#endif
