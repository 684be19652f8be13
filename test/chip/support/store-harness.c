/*
 * store.c over a flash whose power is cut at operation n of a write, before, within or after it. Then the board boots again,
 * and must find the old image whole or the new one; and be able to write.
 */
#include <stdio.h>
#include <string.h>
#include "nor-flash.h"
#include "store.c"

/* An image stands for identity.c's: its length, its number, bytes that follow from both, and a checksum of all. */
#define IMAGE_MAX 9000u
static uint8_t image[IMAGE_MAX];

static uint32_t make_image(uint32_t number)
{
	uint32_t length = 300 + number * 1237 % (IMAGE_MAX - 300);
	put_word(image, length);
	put_word(image + 4, number);
	for (uint32_t i = 8; i < length - 4; i++)
		image[i] = (uint8_t)(number * 31 + i * 7);
	put_word(image + length - 4, crc32(image, length - 4));
	return length;
}

/* The number of the image in the open bank, or -1. */
static int64_t examine(void)
{
	uint8_t found[IMAGE_MAX];
	store_read(0, found, 8);
	uint32_t length = word(found);
	if (length < 300 || length > IMAGE_MAX)
		return -1;
	store_read(0, found, length);
	return word(found + length - 4) == crc32(found, length - 4) ? (int64_t)word(found + 4) : -1;
}

static int64_t boot(void)
{
	for (unsigned nth = 0; store_open(nth); nth++) {
		int64_t number = examine();
		if (number >= 0)
			return number;
	}
	store_close();
	return -1;
}

static bool is_good(void)
{
	return examine() >= 0;
}

static bool write_image(uint32_t number)
{
	uint32_t length = make_image(number), at = 0;
	if (!store_begin(length))
		return false;
	while (at < length) {
		uint32_t part = 1 + (number * 13 + at * 7) % 600;
		if (part > length - at)
			part = length - at;
		if (!store_append(image + at, part))
			return false;
		at += part;
	}
	return store_commit(is_good);
}

/* As a flashing tool leaves it: plain, in bank A, without a header. */
static void flash_raw(uint32_t number)
{
	memset(content, 0xFF, sizeof content);
	memcpy(content, image, make_image(number));
}

/* A write of image 100 during which the power fails. */
__attribute__((noinline)) static void write_cut(uint32_t at, unsigned when)
{
	operations = 0;
	cutAt = at;
	cutWhen = when;
	if (setjmp(power) == 0)
		check(!write_image(100), "it was cut");
	cutAt = NEVER;
}

/* `writes` images one after the other, then one more that is cut at every operation in every way. Returns how many cuts. */
static unsigned cut_everywhere(unsigned writes, bool raw)
{
	static uint8_t start[STORE_LENGTH];
	unsigned cuts = 0;
	cutAt = failAt = NEVER;
	flash_forget();
	if (raw)
		flash_raw(0);
	boot();
	for (unsigned i = 1; i <= writes; i++)
		check(write_image(i), "a write");
	int64_t old = boot();
	check(old == (writes ? (int64_t)writes : raw ? 0 : -1), "the last image counts");
	memcpy(start, content, sizeof start);
	operations = 0;
	check(write_image(100), "the write that is to be cut");
	uint32_t total = operations;
	for (uint32_t at = 0; at < total; at++)
		for (unsigned when = BEFORE; when < TIMES; when++)
			for (unsigned again = 0; again < (when == WITHIN ? 4 : 1); again++) {
				memcpy(content, start, sizeof start);
				boot();
				write_cut(at, when);
				int64_t found = boot();
				check(found == old || found == 100, "the old image or the new");
				check(write_image(101) && boot() == 101, "a write after it");
				cuts++;
			}
	return cuts;
}

static unsigned fail_everywhere(void)
{
	unsigned failures = 0;
	flash_forget();
	boot();
	check(write_image(1), "a write");
	operations = 0;
	check(write_image(50), "the write that is to fail");
	uint32_t total = operations;
	check(write_image(3) && boot() == 3, "a write");
	for (uint32_t at = 0; at < 2 * total; at++, failures++) {
		operations = 0;
		failsWithEffect = at >= total;
		failAt = at % total;
		check(!write_image(50), "a flash that fails is told of");
		failAt = NEVER;
		check(examine() == 3 && boot() == 3, "what was there stays");
	}
	return failures;
}

static bool is_bad(void)
{
	return false;
}

static void refuse(void)
{
	uint8_t byte = 0;
	boot();
	operations = 0;
	check(!store_begin(0) && !store_begin(STORE_CAPACITY + 1) && operations == 0, "lengths out of range erase nothing");
	check(!store_append(&byte, 1) && !store_commit(is_good), "nothing was begun");
	check(store_begin(2) && store_append(&byte, 1) && !store_commit(is_good), "too short");
	check(store_begin(2) && !store_append(image, 3) && !store_append(image, 2) && !store_commit(is_good), "too long");
	check(store_begin(1) && store_append(&byte, 1) && !store_commit(is_bad) && examine() == 3, "not a good one");
	check(boot() == 3, "what was there stays");
}

/* Who can begin a write, and read the flash, must not learn the next image. */
static void abandon(void)
{
	static uint8_t zeros[IMAGE_MAX], stream[IMAGE_MAX];
	boot();
	uint32_t length = make_image(60);
	check(store_begin(length) && store_append(zeros, length), "a write that is abandoned");
	memcpy(stream, content + place(target.bank), length);
	check(write_image(60), "the write after it");
	unsigned same = 0;
	for (uint32_t i = 0; i < length; i++)
		same += (uint8_t)(stream[i] ^ content[place(active) + i]) == image[i];
	check(same < length / 16, "another keystream for each write");
}

/* Nothing counts that was not committed; and nothing of a longer image is left behind. */
static void leave_nothing(void)
{
	flash_forget();
	boot();
	uint32_t length = make_image(7);
	check(store_begin(length) && store_append(image, length) && boot() == -1, "without a commit there is no image");
	check(write_image(8), "a write");
	for (uint32_t at = make_image(8); at < STORE_CAPACITY; at++)
		check(content[place(active) + at] == 0xFF, "the rest of the bank is erased");
}

/* A chip that has lost its key takes what is not sealed, or nothing, and can be written. */
static void lose_key(void)
{
	keyed = true;
	flash_raw(0);
	boot();
	check(write_image(1) && boot() == 1, "a sealed write");
	keyed = false;
	check(boot() == 0, "without the key the raw image counts");
	check(write_image(2) && boot() == 2, "and a write does");
	keyed = true;
	check(write_image(3) && write_image(4), "two sealed writes");
	keyed = false;
	check(boot() == -1 && write_image(5) && boot() == 5, "without the key there is none, until one is written");
}

int main(void)
{
	for (int sealed = 0; sealed < 2; sealed++) {
		keyed = sealed;
		unsigned cuts = 0;
		for (unsigned writes = 0; writes < 4; writes++)
			cuts += cut_everywhere(writes, false);
		cuts += cut_everywhere(0, true) + cut_everywhere(1, true);
		printf("%s: %u cuts, all recovered\n", sealed ? "sealed" : "plain", cuts);
		printf("%u failures\n", fail_everywhere());
		refuse();
		for (unsigned number = 10; number < 1010; number++)
			check(write_image(number) && boot() == (int64_t)number, "one of a thousand writes");
		make_image(1009);
		bool plain = false;
		for (uint32_t at = 0; at + 32 <= sizeof content; at++)
			plain = plain || memcmp(content + at, image + 100, 32) == 0;
		check(plain == !sealed, "sealed images are not to be read");
		if (sealed)
			abandon();
		leave_nothing();
	}
	lose_key();
	printf("done\n");
	return 0;
}
