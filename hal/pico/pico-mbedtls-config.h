/* Mbed TLS as hal/psa needs it, and the generator behind pico-random.c; named by MBEDTLS_CONFIG_FILE. */
#ifndef PICO_MBEDTLS_CONFIG_H
#define PICO_MBEDTLS_CONFIG_H

#include "mbedtls-config.h"

#define MBEDTLS_PSA_CRYPTO_CONFIG_FILE "mbedtls-config.h"
#define MBEDTLS_CTR_DRBG_C
#define MBEDTLS_AES_C

/* It issues no aliases. */
#undef PSA_WANT_ALG_DETERMINISTIC_ECDSA

/* The RP2040's firmware serves no sessions: 20 KB of AEADs, key agreement and a curve that only they need. */
#if PICO_RP2040
#undef PSA_WANT_ALG_ECDH
#undef PSA_WANT_ALG_GCM
#undef PSA_WANT_ALG_CHACHA20_POLY1305
#undef PSA_WANT_KEY_TYPE_AES
#undef PSA_WANT_KEY_TYPE_CHACHA20
#undef PSA_WANT_ECC_SECP_R1_521
#endif

#endif
