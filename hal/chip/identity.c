/* The identity image; its layout is that of certs/identity-image.ts. */
#include "chip.h"
#include "store.h"
#include <stdlib.h>
#include <string.h>

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
#define ECDSA_P256 0x10u
#define ECDSA_P384 0x80u
/* Bit 7 of what stands in the slot's place: basic mutual authentication. */
#define BASIC 0x80u
/* Of a policy: in the clear, authenticated only, PSK_EXCHANGE without context. */
#define OPTIONS (1u | 2u | 4u)

struct span {
	uint32_t offset, length;
};

struct entry {
	uint8_t slot, kind, model, zero;
	uint32_t algorithm;
	struct span data, key;
};

static uint32_t imageLength;
static uint32_t entryCount;

static uint32_t word(const uint8_t *bytes)
{
	return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static struct entry read_entry(const uint8_t *bytes)
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

static bool slot_fits(const struct entry *entry)
{
	uint32_t requested = entry->slot & ~BASIC;
	if (entry->kind == IDENTITY_CREDENTIAL)
		return entry->slot < SLOT_COUNT;
	if (entry->kind == IDENTITY_POLICY)
		return requested <= 2 || requested == 4;
	return entry->slot == 0;
}

/* Bytes of a private scalar; 0 for an algorithm the image does not hold. */
static uint32_t scalar_length(uint32_t algorithm)
{
	return algorithm == ECDSA_P256 ? 32 : algorithm == ECDSA_P384 ? 48 : 0;
}

static bool algorithm_fits(const struct entry *entry)
{
	if (entry->kind == IDENTITY_CREDENTIAL)
		return entry->key.length == scalar_length(entry->algorithm);
	if (entry->kind == IDENTITY_REQUESTER_CHAIN)
		return scalar_length(entry->algorithm) != 0;
	return entry->kind == IDENTITY_POLICY ? (entry->algorithm & ~OPTIONS) == 0 : entry->algorithm == 0;
}

static bool fits(struct span span, uint32_t low, uint32_t high, uint32_t start, uint32_t end)
{
	if (span.length < low || span.length > high)
		return false;
	if (span.length == 0)
		return span.offset == 0;
	return span.offset >= start && span.offset <= end && span.length <= end - span.offset;
}

static bool check_entry(const struct entry *entry, uint32_t start, uint32_t end)
{
	/* Least and most bytes of data and key. */
	static const struct {
		uint32_t dataLow, dataHigh, keyLow, keyHigh;
	} limits[] = {
		[IDENTITY_CREDENTIAL] = { 1, CHAIN_LENGTH_MAX, 32, 48 },
		[IDENTITY_PRE_SHARED_KEY] = { 1, 64, 1, 64 },
		[IDENTITY_REQUESTER_ANCHOR] = { 1, CHAIN_LENGTH_MAX, 0, 0 },
		[IDENTITY_POLICY] = { 0, 0, 0, 0 },
		[IDENTITY_REQUESTER_CHAIN] = { 1, CHAIN_LENGTH_MAX, 0, 0 },
	};
	return entry->kind < sizeof limits / sizeof limits[0] && entry->zero == 0 && slot_fits(entry)
	       && entry->model <= (entry->kind == IDENTITY_CREDENTIAL ? MODEL_MAX : 0) && algorithm_fits(entry)
	       && fits(entry->data, limits[entry->kind].dataLow, limits[entry->kind].dataHigh, start, end)
	       && fits(entry->key, limits[entry->kind].keyLow, limits[entry->kind].keyHigh, start, end);
}

/* A slot has one key, and requesters one chain, under one algorithm; and there is one policy. */
static bool exclude(const struct entry *one, const struct entry *other)
{
	if (one->kind != other->kind)
		return false;
	if (one->kind == IDENTITY_CREDENTIAL || one->kind == IDENTITY_REQUESTER_CHAIN)
		return one->slot == other->slot && one->algorithm == other->algorithm;
	return one->kind == IDENTITY_POLICY;
}

static bool check_entries(const uint8_t *image, uint32_t count, uint32_t end)
{
	uint32_t start = HEADER_LENGTH + count * ENTRY_LENGTH;
	if (count == 0 || count > ENTRY_COUNT_MAX || start > end)
		return false;
	for (const uint8_t *bytes = image + HEADER_LENGTH; bytes < image + start; bytes += ENTRY_LENGTH) {
		struct entry entry = read_entry(bytes);
		if (!check_entry(&entry, start, end))
			return false;
		for (const uint8_t *before = image + HEADER_LENGTH; before < bytes; before += ENTRY_LENGTH) {
			struct entry other = read_entry(before);
			if (exclude(&other, &entry))
				return false;
		}
	}
	return true;
}

static bool check_image(const uint8_t *image, uint32_t length)
{
	uint8_t expected[DIGEST_LENGTH];
	digest(image, length - DIGEST_LENGTH, expected, sizeof expected);
	return memcmp(expected, image + length - DIGEST_LENGTH, sizeof expected) == 0
	       && (image[12] | image[13] << 8) == FORMAT_VERSION
	       && check_entries(image, image[14] | image[15] << 8, length - DIGEST_LENGTH);
}

/* Looks at the image in the bank that is open. */
static enum identity_state examine(void)
{
	uint8_t header[HEADER_LENGTH];
	store_read(0, header, sizeof header);
	if (memcmp(header, MAGIC, sizeof MAGIC) != 0)
		return IDENTITY_NONE;
	uint32_t length = word(header + 8);
	if (length < HEADER_LENGTH + DIGEST_LENGTH || length > IMAGE_LENGTH_MAX)
		return IDENTITY_DAMAGED;
	uint8_t *image = malloc(length);
	if (!image)
		fatal("no memory for the identity image", NULL);
	store_read(0, image, length);
	bool good = check_image(image, length);
	if (good) {
		imageLength = length;
		entryCount = image[14] | image[15] << 8;
	}
	/* It holds private keys. */
	memset(image, 0, length);
	__asm__ volatile("" :: "r"(image) : "memory");
	free(image);
	return good ? IDENTITY_GOOD : IDENTITY_DAMAGED;
}

enum identity_state identity_start(void)
{
	enum identity_state worst = IDENTITY_NONE;
	for (unsigned nth = 0; store_open(nth); nth++) {
		enum identity_state state = examine();
		if (state == IDENTITY_GOOD)
			return state;
		if (state == IDENTITY_DAMAGED)
			worst = state;
	}
	store_close();
	return worst;
}

uint32_t identity_length(void)
{
	return imageLength;
}

void identity_read(uint32_t offset, void *into, size_t length)
{
	store_read(offset, into, length);
}

size_t identity_read_key(uint32_t index, enum identity_kind kind, uint8_t key[IDENTITY_KEY_LENGTH_MAX])
{
	uint8_t bytes[ENTRY_LENGTH];
	if (index >= entryCount)
		return 0;
	store_read(HEADER_LENGTH + index * ENTRY_LENGTH, bytes, sizeof bytes);
	struct entry entry = read_entry(bytes);
	if (entry.kind != kind || entry.key.length > IDENTITY_KEY_LENGTH_MAX)
		return 0;
	store_read(entry.key.offset, key, entry.key.length);
	return entry.key.length;
}

bool identity_install_begin(uint32_t length)
{
	return imageLength == 0 && length <= IMAGE_LENGTH_MAX && store_begin(length);
}

bool identity_install_append(const void *data, size_t length)
{
	return store_append(data, length);
}

static bool is_good(void)
{
	return examine() == IDENTITY_GOOD;
}

bool identity_install_commit(void)
{
	bool installed = imageLength == 0 && store_commit(is_good);
	/* It was examined as what it would have been. */
	if (!installed && !store_is_open())
		imageLength = entryCount = 0;
	return installed;
}
