/* Flash, random numbers, eFuses, the HMAC peripheral, and as much of PSA as is used, over Mbed TLS. */
#include "esp32-fakes.h"
#include <bootloader_random.h>
#include <esp_efuse_table.h>
#include <esp_image_format.h>
#include <esp_ota_ops.h>
#include <esp_random.h>
#include <esp_secure_boot.h>
#include <mbedtls/sha256.h>
#include <mbedtls/sha512.h>
#include <psa/crypto.h>
#include <soc/soc_caps.h>
#include <stdlib.h>
#include <string.h>
#if SOC_HMAC_SUPPORTED
#include <esp_hmac.h>
#endif

/* --- flash; the image that runs lies in it too --- */

static const esp_partition_t data = { 0x210000, sizeof fakes.flash };
static const esp_partition_t application = { 0x10000, sizeof fakes.flash };

const esp_partition_t *esp_partition_find_first(esp_partition_type_t type, esp_partition_subtype_t subtype, const char *label)
{
	bool asked = type == ESP_PARTITION_TYPE_DATA && subtype == 0x40 && strcmp(label, "spdm") == 0;
	return asked && !fakes.noPartition ? &data : NULL;
}

const esp_partition_t *esp_ota_get_running_partition(void)
{
	return &application;
}

esp_err_t esp_image_get_metadata(const esp_partition_pos_t *position, esp_image_metadata_t *metadata)
{
	if (position->offset != application.address || position->size != application.size)
		return ESP_FAIL;
	metadata->image_len = fakes.imageLength;
	return ESP_OK;
}

static bool within(const esp_partition_t *partition, size_t offset, size_t length)
{
	/* ESP-IDF would check it too; hal/esp32 is to have done so. */
	if (!partition || offset > partition->size || length > partition->size - offset)
		abort();
	return !fakes.dead;
}

esp_err_t esp_partition_read(const esp_partition_t *partition, size_t offset, void *into, size_t length)
{
	if (!within(partition, offset, length))
		return ESP_FAIL;
	memcpy(into, fakes.flash + offset, length);
	return ESP_OK;
}

esp_err_t esp_partition_write(const esp_partition_t *partition, size_t offset, const void *bytes, size_t length)
{
	if (!within(partition, offset, length))
		return ESP_FAIL;
	for (size_t i = 0; i < length; i++)
		fakes.flash[offset + i] &= ((const uint8_t *)bytes)[i] & (uint8_t)~fakes.stuck;
	return ESP_OK;
}

esp_err_t esp_partition_erase_range(const esp_partition_t *partition, size_t offset, size_t length)
{
	if (!within(partition, offset, length) || offset % 4096 || length % 4096)
		return ESP_FAIL;
	memset(fakes.flash + offset, 0xFF & ~fakes.stuck, length);
	return ESP_OK;
}

/* --- random numbers: good ones, and bad ones after so many --- */

void bootloader_random_enable(void)
{
	fakes.noise = true;
}

void esp_fill_random(void *out, size_t length)
{
	static uint32_t state = 1;
	for (size_t i = 0; i < length; i++) {
		state = state * 1664525u + 1013904223u;
		uint8_t byte = (uint8_t)(state >> 24);
		if (fakes.goodBytes)
			fakes.goodBytes--;
		else
			byte &= fakes.mask;
		((uint8_t *)out)[i] = byte;
	}
}

/* --- eFuses --- */

#if CONFIG_IDF_TARGET_ESP32
const esp_efuse_desc_t *ESP_EFUSE_JTAG_DISABLE[1];
#define PAD ESP_EFUSE_JTAG_DISABLE
#else
const esp_efuse_desc_t *ESP_EFUSE_DIS_PAD_JTAG[1], *ESP_EFUSE_DIS_USB_JTAG[1];
#define PAD ESP_EFUSE_DIS_PAD_JTAG
#endif

bool esp_efuse_read_field_bit(const esp_efuse_desc_t *field[])
{
	return field == PAD ? fakes.padClosed : fakes.usbClosed;
}

bool esp_efuse_find_purpose(esp_efuse_purpose_t purpose, esp_efuse_block_t *block)
{
	if (purpose != ESP_EFUSE_KEY_PURPOSE_HMAC_UP || !fakes.hasBlock)
		return false;
	*block = EFUSE_BLK_KEY0 + 3;
	return true;
}

bool esp_efuse_get_key_dis_read(esp_efuse_block_t block)
{
	return block == EFUSE_BLK_KEY0 + 3 && !fakes.readable;
}

bool esp_secure_boot_enabled(void)
{
	return fakes.secure;
}

#if SOC_HMAC_SUPPORTED
/* Not HMAC: what shows which block was asked, and for what. */
esp_err_t esp_hmac_calculate(hmac_key_id_t key, const void *message, size_t length, uint8_t *hmac)
{
	mbedtls_sha256(message, length, hmac, 0);
	fakes.hmacKey = (int)key;
	return fakes.hmacFails ? ESP_FAIL : ESP_OK;
}
#endif

/* --- PSA --- */

static mbedtls_sha512_context context;

psa_status_t psa_crypto_init(void)
{
	return PSA_SUCCESS;
}

psa_status_t psa_hash_setup(psa_hash_operation_t *operation, psa_algorithm_t algorithm)
{
	(void)operation;
	if (algorithm != PSA_ALG_SHA_384)
		abort();
	mbedtls_sha512_init(&context);
	return mbedtls_sha512_starts(&context, 1);
}

psa_status_t psa_hash_update(psa_hash_operation_t *operation, const uint8_t *input, size_t length)
{
	(void)operation;
	return mbedtls_sha512_update(&context, input, length);
}

psa_status_t psa_hash_finish(psa_hash_operation_t *operation, uint8_t *out, size_t capacity, size_t *length)
{
	(void)operation;
	uint8_t whole[64];
	mbedtls_sha512_finish(&context, whole);
	*length = 48;
	memcpy(out, whole, capacity < 48 ? capacity : 48);
	return PSA_SUCCESS;
}

psa_status_t psa_hash_abort(psa_hash_operation_t *operation)
{
	(void)operation;
	return PSA_SUCCESS;
}

psa_status_t psa_hash_compute(psa_algorithm_t algorithm, const uint8_t *input, size_t length, uint8_t *out, size_t capacity, size_t *written)
{
	*written = PSA_HASH_LENGTH(algorithm);
	if (capacity < *written)
		return PSA_ERROR_BUFFER_TOO_SMALL;
	if (algorithm == PSA_ALG_SHA_256)
		return mbedtls_sha256(input, length, out, 0);
	uint8_t whole[64];
	int failed = mbedtls_sha512(input, length, whole, algorithm == PSA_ALG_SHA_384);
	memcpy(out, whole, *written);
	return failed;
}
