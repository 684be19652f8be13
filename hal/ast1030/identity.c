/* The identity image at the start of the SPI flash; its layout is that of certs/identity-image.ts. */
#include "ast1030.h"
#include <stdlib.h>
#include <string.h>

#define MAGIC "SPDM-ID"
#define FORMAT_VERSION 1
#define HEADER_LENGTH 32u
#define ENTRY_LENGTH 24u
#define DIGEST_LENGTH 32u
/* Eight slots under two algorithms. */
#define ENTRY_COUNT_MAX 16u
#define IMAGE_LENGTH_MAX (64u << 10)

static uint32_t imageLength;
static uint32_t entryCount;

static uint32_t word(const uint8_t *bytes)
{
	return bytes[0] | bytes[1] << 8 | bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

static bool within(uint32_t offset, uint32_t length, uint32_t start, uint32_t end)
{
	return offset >= start && offset <= end && length <= end - offset;
}

static bool check_entries(const uint8_t *image, uint32_t count, uint32_t end)
{
	uint32_t start = HEADER_LENGTH + count * ENTRY_LENGTH;
	if (count > ENTRY_COUNT_MAX || start > end)
		return false;
	for (const uint8_t *entry = image + HEADER_LENGTH; entry < image + start; entry += ENTRY_LENGTH)
		if (entry[0] > 7 || !within(word(entry + 8), word(entry + 12), start, end)
		    || !within(word(entry + 16), word(entry + 20), start, end))
			return false;
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

enum identity_state identity_start(void)
{
	uint8_t header[HEADER_LENGTH];
	flash_read(0, header, sizeof header);
	if (memcmp(header, MAGIC, sizeof MAGIC) != 0)
		return IDENTITY_NONE;
	uint32_t length = word(header + 8);
	if (length < HEADER_LENGTH + DIGEST_LENGTH || length > IMAGE_LENGTH_MAX)
		return IDENTITY_DAMAGED;
	uint8_t *image = malloc(length);
	if (!image)
		fatal("no memory for the identity image", NULL);
	flash_read(0, image, length);
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

uint32_t identity_length(void)
{
	return imageLength;
}

size_t identity_read_key(uint32_t index, uint32_t *algorithm, uint8_t key[IDENTITY_KEY_LENGTH_MAX])
{
	uint8_t entry[ENTRY_LENGTH];
	if (index >= entryCount)
		return 0;
	flash_read(HEADER_LENGTH + index * ENTRY_LENGTH, entry, sizeof entry);
	*algorithm = word(entry + 4);
	uint32_t length = word(entry + 20);
	if (length > IDENTITY_KEY_LENGTH_MAX)
		return 0;
	flash_read(word(entry + 16), key, length);
	return length;
}
