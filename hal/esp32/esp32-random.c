/*
 * The chip's generator, through health tests of our own. psa_generate_random is no better here: ESP-IDF answers it by the
 * same register, unconditioned and untested. (What PSA draws itself, ephemeral keys among it, comes that way too, so it
 * is the noise source below that matters most.)
 *
 * Noise comes from the radio's fast ADC or from the SAR ADC; with neither the register is a pseudo-random generator. This
 * firmware has no radio, so the SAR ADC stays on. A project that adds Wi-Fi, Bluetooth or the ADC must define
 * SPDM_NOISE_IS_ON, and then see itself to it that the radio is on before `random_start` and stays so.
 *
 * Tests are those of SP 800-90B §4.4 over bytes, each credited with 4 bits of entropy of the 8 it should have, and with
 * a chance of false alarm of 2^-40 a byte or window. A failure is final until reset.
 */
#include "esp32-hal.h"
#include "health.h"
#include <bootloader_random.h>
#include <esp_random.h>

/* §4.3: start-up tests see at least 1024 samples. They are not used. */
#define STARTUP_LENGTH 1024u

/* 1 + 40 / 4, and of 512 bytes as many are equal to the first with a chance below 2^-40, at 2^-4 each. */
static const struct health FRESH = { .repetitionCutoff = 11, .window = 512, .proportionCutoff = 78 };

static bool healthy;
static struct health health;

static bool draw(uint8_t *out, size_t length)
{
	esp_fill_random(out, length);
	for (size_t i = 0; i < length && healthy; i++)
		healthy = health_test(&health, out[i]);
	return healthy;
}

bool random_start(void)
{
	uint8_t unused[64];
#ifndef SPDM_NOISE_IS_ON
	bootloader_random_enable();
#endif
	health = FRESH;
	healthy = true;
	for (size_t done = 0; done < STARTUP_LENGTH && healthy; done += sizeof unused)
		draw(unused, sizeof unused);
	wipe(unused, sizeof unused);
	return healthy;
}

bool random_fill(void *out, size_t length)
{
	if (healthy && draw(out, length))
		return true;
	wipe(out, length);
	return false;
}
