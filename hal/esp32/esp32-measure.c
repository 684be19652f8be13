/*
 * Measurement 1: SHA-384 of the application's image as it lies in the partition that the boot loader started, from its
 * header to the digest that the build appends. Without Secure Boot's signature that is the whole file the build writes.
 */
#include "esp32-hal.h"
#include <esp_image_format.h>
#include <esp_ota_ops.h>
#include <psa/crypto.h>

#define PART_LENGTH 1024u

static uint8_t codeDigest[CODE_DIGEST_LENGTH];
static bool measured;

static bool image_length(const esp_partition_t *partition, uint32_t *length)
{
	esp_partition_pos_t position = { .offset = partition->address, .size = partition->size };
	esp_image_metadata_t metadata;
	if (esp_image_get_metadata(&position, &metadata) != ESP_OK)
		return false;
	*length = metadata.image_len;
	return *length != 0 && *length <= partition->size;
}

static bool hash_image(psa_hash_operation_t *operation, const esp_partition_t *partition, uint32_t length)
{
	static uint8_t part[PART_LENGTH];
	for (uint32_t offset = 0; offset < length;) {
		uint32_t partLength = length - offset < PART_LENGTH ? length - offset : PART_LENGTH;
		if (esp_partition_read(partition, offset, part, partLength) != ESP_OK
		    || psa_hash_update(operation, part, partLength) != PSA_SUCCESS)
			return false;
		offset += partLength;
	}
	return true;
}

static bool measure_image(void)
{
	const esp_partition_t *partition = esp_ota_get_running_partition();
	psa_hash_operation_t operation = PSA_HASH_OPERATION_INIT;
	uint32_t length;
	size_t written = 0;
	if (!partition || !image_length(partition, &length) || psa_crypto_init() != PSA_SUCCESS)
		return false;
	bool done = psa_hash_setup(&operation, PSA_ALG_SHA_384) == PSA_SUCCESS && hash_image(&operation, partition, length)
		    && psa_hash_finish(&operation, codeDigest, sizeof codeDigest, &written) == PSA_SUCCESS
		    && written == sizeof codeDigest;
	psa_hash_abort(&operation);
	return done;
}

void measure_code(void)
{
	measured = measure_image();
	if (!measured)
		fatal("the running image cannot be read", NULL);
}

const uint8_t *code_digest(void)
{
	if (!measured)
		fatal("the image was not measured", NULL);
	return codeDigest;
}
