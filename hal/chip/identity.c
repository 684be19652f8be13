/* The identity image; its layout is that of certs/identity-image.ts. */
#include "chip.h"
#include "entries.h"
#include "store.h"
#include <string.h>

#define ECDSA_P256 0x10u
#define ECDSA_P384 0x80u
/* Bit 7 of what stands in the slot's place: basic mutual authentication. */
#define BASIC 0x80u
/* Of a policy: in the clear, authenticated only, PSK_EXCHANGE without context, certificates that are set. */
#define OPTIONS (1u | 2u | 4u | 8u)

static uint32_t imageLength;
static uint32_t entryCount;

static bool slot_fits(const struct entry *entry)
{
	uint32_t requested = entry->slot & ~BASIC;
	if (entry->kind == IDENTITY_CREDENTIAL)
		return entry->data.length ? entry->slot < SLOT_COUNT : entry->slot == 0;
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
		[IDENTITY_CREDENTIAL] = { 0, CHAIN_LENGTH_MAX, 32, 48 },
		[IDENTITY_PRE_SHARED_KEY] = { 1, 64, 1, 64 },
		[IDENTITY_REQUESTER_ANCHOR] = { 1, CHAIN_LENGTH_MAX, 0, 0 },
		[IDENTITY_POLICY] = { 0, 0, 0, 0 },
		[IDENTITY_REQUESTER_CHAIN] = { 1, CHAIN_LENGTH_MAX, 0, 0 },
	};
	return entry->kind < sizeof limits / sizeof limits[0] && entry->zero == 0 && slot_fits(entry)
	       && entry->model <= (entry->kind == IDENTITY_CREDENTIAL && entry->data.length ? MODEL_MAX : 0)
	       && algorithm_fits(entry)
	       && fits(entry->data, limits[entry->kind].dataLow, limits[entry->kind].dataHigh, start, end)
	       && fits(entry->key, limits[entry->kind].keyLow, limits[entry->kind].keyHigh, start, end);
}

/* A slot has one chain, and requesters too, under one algorithm; and there is one policy. */
static bool exclude(const struct entry *one, const struct entry *other)
{
	if (one->kind != other->kind)
		return false;
	/* Keys that are in no slot. */
	if (one->kind == IDENTITY_CREDENTIAL && (one->data.length == 0 || other->data.length == 0))
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

/* Reads all of the image, keys included, in pieces. */
static bool digest_fits(uint32_t length)
{
	uint8_t piece[FLASH_PAGE_LENGTH], found[DIGEST_LENGTH], stored[DIGEST_LENGTH];
	uint32_t end = length - DIGEST_LENGTH;
	digest_begin();
	for (uint32_t at = 0; at < end; at += sizeof piece) {
		size_t part = end - at < sizeof piece ? end - at : sizeof piece;
		store_read(at, piece, part);
		digest_add(piece, part);
	}
	digest_end(found);
	wipe(piece, sizeof piece);
	store_read(end, stored, sizeof stored);
	return memcmp(found, stored, sizeof found) == 0;
}

/* Looks at the image in the bank that is open. */
static enum identity_state examine(void)
{
	uint8_t head[HEADER_LENGTH + ENTRY_COUNT_MAX * ENTRY_LENGTH];
	store_read(0, head, HEADER_LENGTH);
	if (memcmp(head, MAGIC, sizeof MAGIC) != 0)
		return IDENTITY_NONE;
	uint32_t length = word(head + 8), count = head[14] | head[15] << 8;
	if (length < HEADER_LENGTH + DIGEST_LENGTH || length > IMAGE_LENGTH_MAX || count > ENTRY_COUNT_MAX
	    || (head[12] | head[13] << 8) != FORMAT_VERSION)
		return IDENTITY_DAMAGED;
	store_read(HEADER_LENGTH, head + HEADER_LENGTH, count * ENTRY_LENGTH);
	if (!check_entries(head, count, length - DIGEST_LENGTH) || !digest_fits(length))
		return IDENTITY_DAMAGED;
	imageLength = length;
	entryCount = count;
	return IDENTITY_GOOD;
}

enum identity_state identity_start(void)
{
	enum identity_state worst = IDENTITY_NONE;
	imageLength = entryCount = 0;
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

bool identity_commit(void)
{
	uint32_t length = imageLength, count = entryCount;
	if (store_commit(is_good))
		return true;
	/* It was examined as what it would have been. */
	imageLength = length;
	entryCount = count;
	return false;
}

bool identity_install_commit(void)
{
	return imageLength == 0 && identity_commit();
}

uint32_t identity_entries(struct entry *entries)
{
	uint8_t bytes[ENTRY_LENGTH];
	for (uint32_t i = 0; i < entryCount; i++) {
		store_read(HEADER_LENGTH + i * ENTRY_LENGTH, bytes, sizeof bytes);
		entries[i] = read_entry(bytes);
	}
	return entryCount;
}
