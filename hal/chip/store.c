#include "store.h"
#include <string.h>

#define MAGIC "SPDMBANK"
#define MAGIC_LENGTH 8u
#define HEADER_LENGTH 40u
#define NONCE_LENGTH 16u
#define KEY_LENGTH 32u
#define BLOCK_LENGTH 32u
#define BANK_COUNT 2u
#define NONE BANK_COUNT

struct bank {
	uint32_t sequence, length;
	bool sealed;
	uint8_t nonce[NONCE_LENGTH];
};

static unsigned active = NONE;
static struct bank current;
static struct {
	unsigned bank;
	struct bank header;
	uint32_t written;
	bool begun;
} target;

static uint32_t word(const uint8_t *bytes)
{
	return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static void put_word(uint8_t *bytes, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		bytes[i] = (uint8_t)(value >> 8 * i);
}

/* CRC-32 (IEEE 802.3). */
static uint32_t crc32(const uint8_t *bytes, size_t length)
{
	uint32_t crc = ~0u;
	while (length--) {
		crc ^= *bytes++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (0xEDB88320u & -(crc & 1));
	}
	return ~crc;
}

static uint32_t place(unsigned bank)
{
	return bank * STORE_BANK_LENGTH;
}

/* Seals or opens bytes of the image from `offset` on; false if the chip has no key. */
static bool seal(const struct bank *bank, uint32_t offset, uint8_t *bytes, size_t length)
{
	uint8_t input[KEY_LENGTH + NONCE_LENGTH + 4], stream[BLOCK_LENGTH];
	bool good = flash_key(input);
	memcpy(input + KEY_LENGTH, bank->nonce, NONCE_LENGTH);
	for (size_t at = 0; good && at < length;) {
		size_t within = (offset + at) % BLOCK_LENGTH;
		put_word(input + KEY_LENGTH + NONCE_LENGTH, (uint32_t)(offset + at) / BLOCK_LENGTH);
		digest(input, sizeof input, stream, sizeof stream);
		for (; within < BLOCK_LENGTH && at < length; within++)
			bytes[at++] ^= stream[within];
	}
	wipe(input, sizeof input);
	wipe(stream, sizeof stream);
	return good;
}

static bool has_key(void)
{
	uint8_t key[KEY_LENGTH];
	bool has = flash_key(key);
	wipe(key, sizeof key);
	return has;
}

/* What the bank's header says; false if it is none. */
static bool read_header(unsigned bank, struct bank *header)
{
	uint8_t bytes[HEADER_LENGTH - 4], check[4];
	flash_read(place(bank) + STORE_CAPACITY, bytes, sizeof bytes);
	flash_read(place(bank) + STORE_CAPACITY + sizeof bytes, check, sizeof check);
	*header = (struct bank){ word(bytes + 8), word(bytes + 12), word(bytes + 16) == 1, { 0 } };
	memcpy(header->nonce, bytes + 20, NONCE_LENGTH);
	return memcmp(bytes, MAGIC, MAGIC_LENGTH) == 0 && word(check) == crc32(bytes, sizeof bytes)
	       && header->sequence != 0 && header->length <= STORE_CAPACITY;
}

/* The banks that may hold an image, best first; their number. */
static unsigned rank(unsigned banks[BANK_COUNT], struct bank headers[BANK_COUNT])
{
	bool headed[BANK_COUNT];
	unsigned count = 0;
	for (unsigned bank = 0; bank < BANK_COUNT; bank++)
		headed[bank] = read_header(bank, &headers[bank]) && (!headers[bank].sealed || has_key());
	if (!headed[0])
		headers[0] = (struct bank){ .length = STORE_CAPACITY };
	unsigned first = headed[1] && headers[1].sequence > headers[0].sequence ? 1 : 0;
	banks[count++] = first;
	if (first == 1 || headed[1])
		banks[count++] = 1 - first;
	return count;
}

bool store_open(unsigned nth)
{
	unsigned banks[BANK_COUNT];
	struct bank headers[BANK_COUNT];
	if (nth >= rank(banks, headers))
		return false;
	active = banks[nth];
	current = headers[active];
	return true;
}

void store_close(void)
{
	active = NONE;
	current = (struct bank){ 0 };
}

bool store_is_open(void)
{
	return active != NONE;
}

void store_read(uint32_t offset, void *into, size_t length)
{
	flash_read(place(active) + offset, into, length);
	if (current.sealed && !seal(&current, offset, into, length))
		fatal("flash is sealed with a key that this chip has not", NULL);
}

/* One more than any header says: that of a bank which is not read counts too. */
static uint32_t next_sequence(void)
{
	uint32_t highest = 0;
	for (unsigned bank = 0; bank < BANK_COUNT; bank++) {
		struct bank header;
		if (read_header(bank, &header) && header.sequence > highest)
			highest = header.sequence;
	}
	return highest + 1;
}

bool store_begin(uint32_t length)
{
	target.begun = false;
	if (length == 0 || length > STORE_CAPACITY)
		return false;
	target.bank = active == 1 ? 0 : 1;
	target.header = (struct bank){ next_sequence(), length, has_key(), { 0 } };
	target.written = 0;
	if (target.header.sealed && !random_fill(target.header.nonce, NONCE_LENGTH))
		return false;
	/* First of all the bank stops to count, then it may change: all of it, since an older image has keys in it too. */
	if (!flash_erase(place(target.bank) + STORE_CAPACITY))
		return false;
	for (uint32_t at = 0; at < STORE_CAPACITY; at += FLASH_SECTOR_LENGTH)
		if (!flash_erase(place(target.bank) + at))
			return false;
	target.begun = true;
	return true;
}

bool store_append(const void *data, size_t length)
{
	const uint8_t *in = data;
	uint8_t page[FLASH_PAGE_LENGTH];
	bool good = target.begun && length <= target.header.length - target.written;
	while (good && length) {
		size_t part = FLASH_PAGE_LENGTH - target.written % FLASH_PAGE_LENGTH;
		if (part > length)
			part = length;
		memcpy(page, in, part);
		good = !target.header.sealed || seal(&target.header, target.written, page, part);
		good = good && flash_program(place(target.bank) + target.written, page, part);
		target.written += part;
		in += part;
		length -= part;
	}
	wipe(page, sizeof page);
	target.begun = good;
	return good;
}

static bool write_header(void)
{
	uint8_t bytes[HEADER_LENGTH];
	memcpy(bytes, MAGIC, MAGIC_LENGTH);
	put_word(bytes + 8, target.header.sequence);
	put_word(bytes + 12, target.header.length);
	put_word(bytes + 16, target.header.sealed);
	memcpy(bytes + 20, target.header.nonce, NONCE_LENGTH);
	put_word(bytes + HEADER_LENGTH - 4, crc32(bytes, HEADER_LENGTH - 4));
	if (flash_program(place(target.bank) + STORE_CAPACITY, bytes, sizeof bytes))
		return true;
	/* It may lie there all the same, and would count at the next boot. */
	flash_erase(place(target.bank) + STORE_CAPACITY);
	return false;
}

bool store_commit(bool (*good)(void))
{
	unsigned before = active;
	struct bank beforeHeader = current;
	bool complete = target.begun && target.written == target.header.length;
	target.begun = false;
	if (!complete)
		return false;
	active = target.bank;
	current = target.header;
	if (good() && write_header())
		return true;
	active = before;
	current = beforeHeader;
	return false;
}
