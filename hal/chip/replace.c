/*
 * The identity image with the chain of one slot changed: written anew, piece by piece, into the other bank of the store, from
 * the one that counts.
 */
#include "chip.h"
#include "entries.h"
#include "store.h"
#include <string.h>

#define SCALAR_LENGTH_MAX 48u
#define DEVICE_CERT 1u

/* What is to be written: entries with the places that their bytes have in the image as it is. */
struct plan {
	struct entry entries[ENTRY_COUNT_MAX];
	uint32_t count;
	/* Whose data is the new chain; ENTRY_COUNT_MAX if none is. */
	uint32_t changed;
};

static bool same_key(const struct entry *one, const struct entry *other)
{
	uint8_t keys[2][SCALAR_LENGTH_MAX];
	if (one->kind != IDENTITY_CREDENTIAL || other->kind != IDENTITY_CREDENTIAL || one->algorithm != other->algorithm)
		return false;
	store_read(one->key.offset, keys[0], one->key.length);
	store_read(other->key.offset, keys[1], other->key.length);
	bool same = memcmp(keys[0], keys[1], one->key.length) == 0;
	wipe(keys, sizeof keys);
	return same;
}

bool identity_same_key(uint32_t one, uint32_t other)
{
	struct entry entries[ENTRY_COUNT_MAX];
	uint32_t count = identity_entries(entries);
	return one < count && other < count && same_key(&entries[one], &entries[other]);
}

/* Whether an entry before `index` has its key, too. */
static bool is_repeated(const struct plan *plan, uint32_t index)
{
	for (uint32_t i = 0; i < index; i++)
		if (same_key(&plan->entries[i], &plan->entries[index]))
			return true;
	return false;
}

/* Takes the chain out of the slot. Its key stays, at the first of the places that it has. Whether there was a chain. */
static bool vacate(struct plan *plan, unsigned slot, uint32_t algorithm)
{
	for (uint32_t i = 0; i < plan->count; i++) {
		struct entry *entry = &plan->entries[i];
		if (entry->kind != IDENTITY_CREDENTIAL || entry->slot != slot || entry->algorithm != algorithm
		    || entry->data.length == 0)
			continue;
		entry->slot = entry->model = 0;
		entry->data = (struct span){ 0, 0 };
		if (is_repeated(plan, i))
			memmove(entry, entry + 1, (--plan->count - i) * sizeof *entry);
		return true;
	}
	return false;
}

/* Puts the chain where its key is without one, or else at the end. */
static bool occupy(struct plan *plan, const struct entry *key, const struct identity_change *change)
{
	uint32_t at = 0;
	while (at < plan->count && (plan->entries[at].data.length != 0 || !same_key(&plan->entries[at], key)))
		at++;
	if (at == ENTRY_COUNT_MAX)
		return false;
	if (at == plan->count)
		plan->count++;
	plan->changed = at;
	plan->entries[at] = (struct entry){
		.slot = change->slot,
		.kind = IDENTITY_CREDENTIAL,
		/* As firmware takes it that knows no models. */
		.model = change->model == DEVICE_CERT ? 0 : change->model,
		.algorithm = change->algorithm,
		.data = { 0, change->length },
		.key = key->key,
	};
	return true;
}

/* Bytes of the image that is planned. */
static uint32_t planned_length(const struct plan *plan)
{
	uint32_t length = HEADER_LENGTH + plan->count * ENTRY_LENGTH + DIGEST_LENGTH;
	for (uint32_t i = 0; i < plan->count; i++)
		length += plan->entries[i].data.length + plan->entries[i].key.length;
	return length;
}

static void put_word(uint8_t *bytes, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
}

static bool append(const void *data, size_t length)
{
	digest_add(data, length);
	return store_append(data, length);
}

static bool copy(struct span from)
{
	uint8_t piece[64];
	bool good = true;
	for (uint32_t at = 0; good && at < from.length; at += sizeof piece) {
		size_t part = from.length - at < sizeof piece ? from.length - at : sizeof piece;
		store_read(from.offset + at, piece, part);
		good = append(piece, part);
	}
	wipe(piece, sizeof piece);
	return good;
}

static bool append_header(const struct plan *plan)
{
	uint8_t header[HEADER_LENGTH];
	store_read(0, header, sizeof header);
	put_word(header + 8, planned_length(plan));
	header[14] = (uint8_t)plan->count;
	header[15] = 0;
	return append(header, sizeof header);
}

/* Appends where bytes are going to lie, which is behind those before them. */
static void put_span(uint8_t *bytes, uint32_t length, uint32_t *end)
{
	put_word(bytes, length ? *end : 0);
	put_word(bytes + 4, length);
	*end += length;
}

static bool append_entries(const struct plan *plan)
{
	uint32_t end = HEADER_LENGTH + plan->count * ENTRY_LENGTH;
	bool good = true;
	for (uint32_t i = 0; good && i < plan->count; i++) {
		const struct entry *entry = &plan->entries[i];
		uint8_t bytes[ENTRY_LENGTH] = { entry->slot, entry->kind, entry->model };
		put_word(bytes + 4, entry->algorithm);
		put_span(bytes + 8, entry->data.length, &end);
		put_span(bytes + 16, entry->key.length, &end);
		good = append(bytes, sizeof bytes);
	}
	return good;
}

static bool append_contents(const struct plan *plan, const uint8_t *chain)
{
	bool good = true;
	for (uint32_t i = 0; good && i < plan->count; i++) {
		const struct entry *entry = &plan->entries[i];
		good = (i == plan->changed ? append(chain, entry->data.length) : copy(entry->data)) && copy(entry->key);
	}
	return good;
}

static bool write_image(const struct plan *plan, const uint8_t *chain)
{
	uint8_t digest[DIGEST_LENGTH];
	uint32_t length = planned_length(plan);
	if (length > IMAGE_LENGTH_MAX || !store_begin(length))
		return false;
	digest_begin();
	bool good = append_header(plan) && append_entries(plan) && append_contents(plan, chain);
	digest_end(digest);
	return good && store_append(digest, sizeof digest) && identity_commit();
}

bool identity_replace(const struct identity_change *change)
{
	struct plan plan;
	struct entry key = { 0 };
	uint32_t count = identity_entries(plan.entries);
	if (change->slot >= SLOT_COUNT || change->model > MODEL_MAX || change->length > CHAIN_LENGTH_MAX)
		return false;
	if (change->length) {
		if (change->keyIndex >= count)
			return false;
		key = plan.entries[change->keyIndex];
		if (key.kind != IDENTITY_CREDENTIAL || key.algorithm != change->algorithm)
			return false;
	}
	plan.count = count;
	plan.changed = ENTRY_COUNT_MAX;
	bool vacated = vacate(&plan, change->slot, change->algorithm);
	if (change->length == 0)
		return !vacated || write_image(&plan, NULL);
	return occupy(&plan, &key, change) && write_image(&plan, change->chain);
}
