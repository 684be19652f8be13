/*
 * Random numbers: a CTR_DRBG (SP 800-90A) seeded from what the chip has. The RP2350 has a generator. The RP2040 has one
 * bit of its ring oscillator, which the data sheet calls unfit for security: it is taken for a tenth of a bit of entropy,
 * tested without end (SP 800-90B §4.4) and conditioned by SHA-256. Good enough to demonstrate with, no better.
 */
#include "pico-hal.h"
#include "health.h"
#include <string.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/sha256.h>
#include <pico/time.h>
#if PICO_RP2350
#include <hardware/structs/trng.h>
#else
#include <hardware/structs/rosc.h>
#endif

#define SEED_BLOCK_LENGTH 32u
/* At a tenth of a bit each, 384 bits of entropy for the 256 that SHA-256 makes of them (SP 800-90B §3.1.5.1.2). */
#define SAMPLES_PER_BLOCK 3840u

static mbedtls_ctr_drbg_context drbg;
/* A failure is final, for another `random_start` too. */
static bool started, failed;

/* For a tenth of a bit a sample and one false alarm in 2^20: 1 + 20 / 0.1, and the binomial's critical value. */
static struct health health = { .repetitionCutoff = 201, .window = 1024, .proportionCutoff = 991 };

#if PICO_RP2350
/* The generator's own tests come first; 192 bits at a time. */
#define TRNG_TIMEOUT_US 100000u
#define TRNG_WORDS 6u
#define TRNG_ERRORS (TRNG_RNG_ISR_AUTOCORR_ERR_BITS | TRNG_RNG_ISR_CRNGT_ERR_BITS | TRNG_RNG_ISR_VN_ERR_BITS)

static bool sample(uint8_t *bit)
{
	static uint32_t words[TRNG_WORDS];
	static unsigned left;
	if (left == 0) {
		absolute_time_t limit = make_timeout_time_us(TRNG_TIMEOUT_US);
		trng_hw->sample_cnt1 = 100;
		trng_hw->rng_icr = ~0u;
		trng_hw->rnd_source_enable = 1;
		while (!trng_hw->trng_valid) {
			if (trng_hw->rng_isr & TRNG_ERRORS || time_reached(limit))
				return false;
		}
		for (unsigned i = 0; i < TRNG_WORDS; i++)
			words[i] = trng_hw->ehr_data[i];
		trng_hw->rnd_source_enable = 0;
		left = 32 * TRNG_WORDS;
	}
	left--;
	*bit = words[left / 32] >> left % 32 & 1;
	words[left / 32] &= ~(1u << left % 32);
	return true;
}
#else
/* Samples closer than this follow each other's oscillation. */
#define SAMPLE_PERIOD_US 2u

static bool sample(uint8_t *bit)
{
	busy_wait_us_32(SAMPLE_PERIOD_US);
	*bit = rosc_hw->randombit & 1;
	return true;
}
#endif

/* One conditioned block of seed. */
static bool seed_block(uint8_t out[SEED_BLOCK_LENGTH])
{
	uint8_t samples[SAMPLES_PER_BLOCK / 8] = { 0 };
	bool good = !failed;
	for (unsigned i = 0; good && i < SAMPLES_PER_BLOCK; i++) {
		uint8_t bit;
		good = sample(&bit) && health_test(&health, bit);
		if (good)
			samples[i / 8] |= (uint8_t)(bit << i % 8);
	}
	good = good && mbedtls_sha256(samples, sizeof samples, out, 0) == 0;
	mbedtls_platform_zeroize(samples, sizeof samples);
	return good;
}

static int seed(void *unused, unsigned char *out, size_t length)
{
	(void)unused;
	uint8_t block[SEED_BLOCK_LENGTH];
	bool good = true;
	for (size_t at = 0; good && at < length; at += sizeof block) {
		good = seed_block(block);
		if (good)
			memcpy(out + at, block, length - at < sizeof block ? length - at : sizeof block);
	}
	mbedtls_platform_zeroize(block, sizeof block);
	return good ? 0 : MBEDTLS_ERR_CTR_DRBG_ENTROPY_SOURCE_FAILED;
}

bool random_start(void)
{
	static const unsigned char use[] = "moddable-spdm";
	mbedtls_ctr_drbg_init(&drbg);
	failed = mbedtls_ctr_drbg_seed(&drbg, seed, NULL, use, sizeof use - 1) != 0;
	started = true;
	return !failed;
}

bool random_fill(void *out, size_t length)
{
	uint8_t *byte = out;
	/* Without a seed it would run all the same, on zeros. */
	bool good = started && !failed;
	for (size_t at = 0; good && at < length; at += MBEDTLS_CTR_DRBG_MAX_REQUEST) {
		size_t part = length - at < MBEDTLS_CTR_DRBG_MAX_REQUEST ? length - at : MBEDTLS_CTR_DRBG_MAX_REQUEST;
		good = mbedtls_ctr_drbg_random(&drbg, byte + at, part) == 0;
		failed = !good;
	}
	if (!good)
		mbedtls_platform_zeroize(out, length);
	return good;
}
