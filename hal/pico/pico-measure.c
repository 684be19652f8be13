#include "pico-hal.h"
#if PICO_RP2350
#include <hardware/structs/otp.h>
#endif

extern const uint8_t __flash_binary_start[], __flash_binary_end[];

static uint8_t codeDigest[CODE_DIGEST_LENGTH];

void measure_code(void)
{
	digest(__flash_binary_start, (size_t)(__flash_binary_end - __flash_binary_start), codeDigest, sizeof codeDigest);
}

const uint8_t *code_digest(void)
{
	return codeDigest;
}

/* The RP2040's boot ROM starts any image, and nothing closes its debug port. */
struct chip_state chip_state(void)
{
#if PICO_RP2350
	uint32_t critical = otp_hw->critical;
	bool closed = critical & (OTP_CRITICAL_DEBUG_DISABLE_BITS | OTP_CRITICAL_SECURE_DEBUG_DISABLE_BITS);
	return (struct chip_state){ true, critical & OTP_CRITICAL_SECURE_BOOT_ENABLE_BITS, !closed };
#else
	return (struct chip_state){ .told = true, .debugOpen = true };
#endif
}
