/*
 * identity.c and psk.c over a flash in memory. The file that the argument names holds images, each behind its length (4
 * bytes, little-endian); what follows an image in the flash is erased. Prints a line for each: what identity_start makes
 * of it and the image's length, then each key with the index of its entry: private scalars as they are, pre-shared keys
 * as what psk_extract makes of them for SHA-256, SHA-384 and SHA-512 under a salt of as many bytes 0xA5.
 */
#include <stdio.h>
#include <stdlib.h>
#include "identity.c"

#define FLASH_LENGTH (4u << 20)

static const uint8_t *content;
static uint32_t contentLength;

void flash_read(uint32_t offset, void *into, size_t length)
{
	if (offset > FLASH_LENGTH || length > FLASH_LENGTH - offset)
		fatal("read outside the flash", NULL);
	memset(into, 0xFF, length);
	if (offset < contentLength)
		memcpy(into, content + offset, length < contentLength - offset ? length : contentLength - offset);
}

/* Nothing is written. */
bool flash_erase(uint32_t offset)
{
	(void)offset;
	abort();
}

bool flash_program(uint32_t offset, const void *data, size_t length)
{
	(void)offset, (void)data, (void)length;
	abort();
}

bool random_fill(void *out, size_t length)
{
	(void)out, (void)length;
	abort();
}

bool flash_key(uint8_t key[32])
{
	(void)key;
	return false;
}

void fatal(const char *reason, const char *detail)
{
	fprintf(stderr, "%s %s\n", reason, detail ? detail : "");
	exit(1);
}

uint32_t flash_length(void)
{
	return FLASH_LENGTH;
}

bool hace_digest(const void *data, size_t length, void *out, size_t digestLength)
{
	(void)data, (void)length, (void)out, (void)digestLength;
	return false;
}

void crypto_enter(void) {}
void crypto_leave(void) {}

static void print_hex(const uint8_t *bytes, size_t length)
{
	putchar(' ');
	while (length--)
		printf("%02x", *bytes++);
}

static void print_extracts(uint32_t index)
{
	uint8_t salt[64], out[64];
	memset(salt, 0xA5, sizeof salt);
	for (size_t length = 32; length <= 64; length += 16)
		if (psk_extract(index, length, salt, length, out))
			print_hex(out, length);
}

static void print_image(void)
{
	static const char *const states[] = {
		[IDENTITY_NONE] = "none", [IDENTITY_DAMAGED] = "damaged", [IDENTITY_GOOD] = "good",
	};
	printf("%s", states[identity_start()]);
	printf(" %u", identity_length());
	for (uint32_t index = 0; index < ENTRY_COUNT_MAX + 2; index++) {
		uint8_t key[IDENTITY_KEY_LENGTH_MAX], out[64];
		size_t length = identity_read_key(index, IDENTITY_CREDENTIAL, key);
		if (length) {
			printf(" %u", index);
			print_hex(key, length);
			if (psk_extract(index, 32, key, 0, out))
				fatal("a private key was taken for a pre-shared one", NULL);
		}
		if (identity_read_key(index, IDENTITY_PRE_SHARED_KEY, key)) {
			printf(" %u", index);
			print_extracts(index);
			if (psk_extract(index, 20, key, 0, out) || psk_extract(index, 32, content, 65, out)
			    || psk_extract(index, 64, content, 129, out))
				fatal("a length out of range was taken", NULL);
		}
	}
	putchar('\n');
}

int main(int count, char **arguments)
{
	FILE *file = count > 1 ? fopen(arguments[1], "rb") : NULL;
	uint8_t length[4];
	if (!file)
		fatal("no file", NULL);
	while (fread(length, sizeof length, 1, file) == 1) {
		contentLength = word(length);
		/* Of its own, so that reading beyond it is seen. */
		uint8_t *image = malloc(contentLength ? contentLength : 1);
		if (!image || fread(image, 1, contentLength, file) != contentLength)
			fatal("the file ends early", NULL);
		content = image;
		print_image();
		free(image);
	}
	fclose(file);
	return 0;
}
