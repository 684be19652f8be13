#pragma once
#include <stdint.h>
#define TRNG_RNG_ISR_AUTOCORR_ERR_BITS (1u << 1)
#define TRNG_RNG_ISR_CRNGT_ERR_BITS (1u << 2)
#define TRNG_RNG_ISR_VN_ERR_BITS (1u << 3)
struct trng_registers {
	volatile uint32_t rng_isr, rng_icr, trng_valid, ehr_data[6], rnd_source_enable, sample_cnt1;
};
/* Every access comes by here first. */
struct trng_registers *fake_trng(void);
#define trng_hw (fake_trng())
