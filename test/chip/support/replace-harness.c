/*
 * replace.c, identity.c and store.c over a flash whose power is cut. The file that the argument names holds the identity image
 * that all begins with; a model in memory knows what each slot and each key has to be. The image after a thousand changes is
 * written to the second file, for another reader.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "entries.h"
#include "nor-flash.h"

#define CHAIN_MAX 6000u
#define PLACES (2u * SLOT_COUNT)

struct key {
	uint32_t algorithm, length;
	uint8_t bytes[IDENTITY_KEY_LENGTH_MAX];
};

struct place {
	uint32_t length;                /* 0: empty */
	uint32_t key;
	uint8_t model;
	uint8_t chain[CHAIN_MAX];
};

static uint8_t raw[STORE_CAPACITY];
static uint32_t rawLength;
/* Distinct ones, in their order. */
static struct key keys[ENTRY_COUNT_MAX];
static uint32_t keyCount;
static struct place model[PLACES], before[PLACES];
static uint8_t chain[CHAIN_LENGTH_MAX + 1];

static uint32_t place_of(unsigned slot, uint32_t algorithm)
{
	return slot + (algorithm == 0x80 ? SLOT_COUNT : 0);
}

static uint32_t algorithm_of(uint32_t place)
{
	return place < SLOT_COUNT ? 0x10 : 0x80;
}

static void read_key(const struct entry *entry, struct key *key)
{
	*key = (struct key){ entry->algorithm, entry->key.length, { 0 } };
	identity_read(entry->key.offset, key->bytes, key->length);
}

static bool equal_keys(const struct key *one, const struct key *other)
{
	return one->algorithm == other->algorithm && memcmp(one->bytes, other->bytes, sizeof one->bytes) == 0;
}

/* Which of the keys it is; `keyCount` for none of them. */
static uint32_t number_of(const struct key *key)
{
	uint32_t i = 0;
	while (i < keyCount && !equal_keys(&keys[i], key))
		i++;
	return i;
}

/* The entries of the image that is found have every key in its order, and every slot as the model has it; and what they have
 * beside credentials is what was there to begin with. */
static bool fits(const struct place *expected)
{
	struct entry entries[ENTRY_COUNT_MAX];
	uint8_t found[CHAIN_LENGTH_MAX];
	uint32_t count = identity_entries(entries), seen = 0, occupied = 0, others = 0, wanted = 0;
	struct key key;
	for (uint32_t i = 0; i < count; i++) {
		const struct entry *entry = &entries[i];
		if (entry->kind != IDENTITY_CREDENTIAL) {
			/* Behind the credentials of the file, in the same order. */
			while (read_entry(raw + HEADER_LENGTH + wanted * ENTRY_LENGTH).kind == IDENTITY_CREDENTIAL)
				wanted++;
			struct entry other = read_entry(raw + HEADER_LENGTH + wanted++ * ENTRY_LENGTH);
			identity_read(entry->data.offset, found, entry->data.length);
			if (other.kind != entry->kind || other.slot != entry->slot || other.algorithm != entry->algorithm
			    || other.data.length != entry->data.length || other.key.length != entry->key.length
			    || memcmp(found, raw + other.data.offset, other.data.length) != 0)
				return false;
			identity_read(entry->key.offset, found, entry->key.length);
			if (memcmp(found, raw + other.key.offset, other.key.length) != 0)
				return false;
			others++;
			continue;
		}
		read_key(entry, &key);
		uint32_t number = number_of(&key);
		if (number == seen)
			seen++;
		else if (number > seen)
			return false;
		if (entry->data.length == 0)
			continue;
		const struct place *place = &expected[place_of(entry->slot, entry->algorithm)];
		identity_read(entry->data.offset, found, entry->data.length);
		if (place->length != entry->data.length || memcmp(found, place->chain, place->length) != 0
		    || place->key != number || place->model != (entry->model ? entry->model : 1))
			return false;
		occupied++;
	}
	for (uint32_t i = 0; i < PLACES; i++)
		occupied -= expected[i].length != 0;
	return seen == keyCount && occupied == 0 && others != 0;
}

static void adopt(void)
{
	struct entry entries[ENTRY_COUNT_MAX];
	uint32_t count = identity_entries(entries);
	struct key key;
	memset(model, 0, sizeof model);
	keyCount = 0;
	for (uint32_t i = 0; i < count; i++) {
		if (entries[i].kind != IDENTITY_CREDENTIAL)
			continue;
		read_key(&entries[i], &key);
		uint32_t number = number_of(&key);
		if (number == keyCount)
			keys[keyCount++] = key;
		if (entries[i].data.length == 0)
			continue;
		struct place *place = &model[place_of(entries[i].slot, entries[i].algorithm)];
		*place = (struct place){ entries[i].data.length, number, entries[i].model ? entries[i].model : 1, { 0 } };
		identity_read(entries[i].data.offset, place->chain, place->length);
	}
}

static bool reboot(void)
{
	return identity_start() == IDENTITY_GOOD;
}

/* As a flashing tool leaves it. */
static void start(void)
{
	cutAt = failAt = NEVER;
	flash_forget();
	memset(content, 0xFF, STORE_BANK_LENGTH);
	memcpy(content, raw, rawLength);
	check(reboot(), "the file's image");
	adopt();
	check(fits(model), "it is as it was read");
}

/* The first entry of a key. */
static uint32_t index_of(uint32_t number)
{
	struct entry entries[ENTRY_COUNT_MAX];
	uint32_t count = identity_entries(entries);
	struct key key;
	for (uint32_t i = 0; i < count; i++) {
		if (entries[i].kind != IDENTITY_CREDENTIAL)
			continue;
		read_key(&entries[i], &key);
		if (number_of(&key) == number)
			return i;
	}
	return NEVER;
}

static bool change(uint32_t place, uint32_t key, uint8_t certModel, uint32_t length)
{
	for (uint32_t i = 0; i < length; i++)
		chain[i] = (uint8_t)random_word();
	return identity_replace(&(struct identity_change){
		(uint8_t)(place % SLOT_COUNT), certModel, algorithm_of(place), length ? index_of(key) : 0, chain, length });
}

/* What `change` makes of the model. */
static void expect(uint32_t place, uint32_t key, uint8_t certModel, uint32_t length)
{
	memcpy(before, model, sizeof model);
	model[place] = (struct place){ length, length ? key : 0, length ? certModel : 0, { 0 } };
	memcpy(model[place].chain, chain, length);
}

struct step {
	const char *what;
	uint32_t place, key;
	uint8_t model;
	uint32_t length;
};

/* The file has in slots 0 and 1 of P-384 key 1, and in slot 4 key 2; in slot 0 of P-256 key 0; and key 3, P-384, in none. */
static const struct step STEPS[] = {
	{ "a longer chain", 8 + 0, 1, 1, 3000 },
	{ "a shorter one", 8 + 1, 1, 3, 100 },
	{ "another key: slot 4's is kept", 8 + 4, 1, 1, 1000 },
	{ "an empty slot", 8 + 7, 2, 2, 700 },
	{ "a key that was in none", 8 + 6, 3, 1, 1 },
	{ "erasing a key's only chain", 8 + 4, 0, 0, 0 },
	{ "erasing one of two", 8 + 1, 0, 0, 0 },
	{ "erasing all that P-256 has", 0, 0, 0, 0 },
};
#define STEP_COUNT (sizeof STEPS / sizeof *STEPS)

static bool take(const struct step *step)
{
	return change(step->place, step->key, step->model, step->length);
}

__attribute__((noinline)) static void take_cut(const struct step *step, uint32_t at, unsigned when)
{
	operations = 0;
	cutAt = at;
	cutWhen = when;
	if (setjmp(power) == 0)
		check(!take(step), "it was cut");
	cutAt = NEVER;
}

/* Each step after `writes` others, cut at every operation in every way. Returns how many cuts. */
static unsigned cut_everywhere(unsigned writes)
{
	static uint8_t flash[STORE_LENGTH];
	static struct place clean[PLACES];
	unsigned cuts = 0;
	for (const struct step *step = STEPS; step < STEPS + STEP_COUNT; step++) {
		start();
		for (unsigned i = 0; i < writes; i++) {
			check(change(8 + 5, 1, 1, 500 + i), "a change");
			expect(8 + 5, 1, 1, 500 + i);
		}
		memcpy(flash, content, sizeof flash);
		memcpy(clean, model, sizeof clean);
		operations = 0;
		check(take(step), step->what);
		expect(step->place, step->key, step->model, step->length);
		check(fits(model) && reboot() && fits(model), step->what);
		uint32_t total = operations;
		for (uint32_t at = 0; at < total; at++)
			for (unsigned when = BEFORE; when < TIMES; when++) {
				memcpy(content, flash, sizeof flash);
				memcpy(model, clean, sizeof model);
				check(reboot(), "before the cut");
				take_cut(step, at, when);
				expect(step->place, step->key, step->model, step->length);
				check(reboot(), "an image is there");
				if (!fits(model)) {
					check(fits(before), "the old image or the new one");
					memcpy(model, before, sizeof model);
				}
				check(change(8 + 2, 2, 3, 50), "a change after it");
				expect(8 + 2, 2, 3, 50);
				check(fits(model) && reboot() && fits(model), "what it changed");
				cuts++;
			}
	}
	return cuts;
}

static unsigned fail_everywhere(void)
{
	unsigned failures = 0;
	for (const struct step *step = STEPS; step < STEPS + STEP_COUNT; step++) {
		start();
		operations = 0;
		check(take(step), step->what);
		uint32_t total = operations;
		start();
		for (uint32_t at = 0; at < 2 * total; at++, failures++) {
			operations = 0;
			failsWithEffect = at >= total;
			failAt = at % total;
			check(!take(step), "a flash that fails is told of");
			failAt = NEVER;
			check(fits(model), "what was there stays");
			check(reboot() && fits(model), "and is found");
		}
	}
	return failures;
}

/* Nothing is erased for what cannot be. */
static void refuse(void)
{
	start();
	struct entry entries[ENTRY_COUNT_MAX];
	uint32_t count = identity_entries(entries), psk = 0;
	while (entries[psk].kind != IDENTITY_PRE_SHARED_KEY)
		psk++;
	const struct identity_change good = { 4, 1, 0x80, index_of(1), chain, 100 };
	struct identity_change bad[] = { good, good, good, good, good, good, good };
	bad[0].slot = 8;
	bad[1].model = 4;
	bad[2].algorithm = 0x10;
	bad[3].keyIndex = count;
	bad[4].keyIndex = psk;
	bad[5].length = CHAIN_LENGTH_MAX + 1;
	bad[6].length = CHAIN_LENGTH_MAX;
	operations = 0;
	for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++)
		check(!identity_replace(&bad[i]), "what is refused");
	check(identity_replace(&(struct identity_change){ .slot = 3, .algorithm = 0x80 }), "an empty slot is empty");
	check(operations == 0 && fits(model), "nothing was touched");
	check(identity_same_key(index_of(1), index_of(1)) && !identity_same_key(index_of(1), index_of(2))
	      && !identity_same_key(psk, psk) && !identity_same_key(count, 0), "which keys are the same");
	flash_forget();
	check(!reboot() && !identity_replace(&good) && operations == 0, "without an image there is nothing to change");
}

/* To the last byte; then every slot that has no room keeps what it has. */
static void fill(void)
{
	start();
	for (uint32_t place = 1; place < PLACES - 1; place++) {
		uint32_t key = place < SLOT_COUNT ? 0 : 1, length = 4100;
		check(change(place, key, 1, length), "a slot of many");
		expect(place, key, 1, length);
	}
	check(fits(model), "all of them");
	uint32_t room = STORE_CAPACITY - identity_length() - ENTRY_LENGTH - 48;
	operations = 0;
	check(room < CHAIN_MAX && !change(PLACES - 1, 1, 1, room + 1) && operations == 0, "a byte more than there is room for");
	check(fits(model), "what was there stays");
	check(change(PLACES - 1, 1, 1, room) && identity_length() == STORE_CAPACITY, "as much as there is room for");
	expect(PLACES - 1, 1, 1, room);
	check(fits(model) && reboot() && fits(model), "a full image");
	operations = 0;
	check(!change(8, 1, 1, model[8].length + 1) && operations == 0 && fits(model), "no room for a longer chain");
	check(change(8, 1, 1, model[8].length), "room for one as long");
	expect(8, 1, 1, model[8].length);
	check(change(9, 1, 0, 0), "room after an erasure");
	expect(9, 1, 0, 0);
	check(fits(model) && reboot() && fits(model), "what was changed then");
}

static void many(unsigned count)
{
	unsigned refused = 0;
	for (unsigned i = 0; i < count; i++) {
		uint32_t place = random_word() % PLACES, key = random_word() % keyCount;
		uint32_t length = random_word() % 4 ? 1 + random_word() % CHAIN_MAX : 0;
		uint8_t certModel = (uint8_t)(1 + random_word() % 3);
		if (keys[key].algorithm != algorithm_of(place))
			length = 0;
		if (change(place, key, certModel, length))
			expect(place, key, certModel, length);
		else
			refused++;
		check(fits(model), "one of a thousand changes");
		if (i % 8 == 0)
			check(reboot() && fits(model), "one of a thousand changes, found again");
	}
	check(refused < count / 4, "most of them fit");
}

static void save(const char *path)
{
	static uint8_t image[STORE_CAPACITY];
	FILE *file = fopen(path, "wb");
	identity_read(0, image, identity_length());
	check(file && fwrite(image, 1, identity_length(), file) == identity_length() && fclose(file) == 0, "the file is written");
}

int main(int count, char **arguments)
{
	check(count == 3, "two files");
	FILE *file = fopen(arguments[1], "rb");
	check(file, "the image's file");
	rawLength = (uint32_t)fread(raw, 1, sizeof raw, file);
	fclose(file);
	for (int sealed = 0; sealed < 2; sealed++) {
		keyed = sealed;
		const char *how = sealed ? "sealed" : "plain";
		printf("%s, cuts: %u\n", how, cut_everywhere(0) + cut_everywhere(1));
		printf("%s, failures: %u\n", how, fail_everywhere());
		refuse();
		fill();
		start();
		many(1000);
	}
	save(arguments[2]);
	printf("done: 1\n");
	return 0;
}
