/*
 * Mbed TLS 3.6 as hal/psa needs it where no vendor's SDK brings it: the PSA Crypto API over software, no TLS, no
 * X.509, no files, no clock. Named by both MBEDTLS_CONFIG_FILE and MBEDTLS_PSA_CRYPTO_CONFIG_FILE.
 */
#ifndef SPDM_MBEDTLS_CONFIG_H
#define SPDM_MBEDTLS_CONFIG_H

#define MBEDTLS_PSA_CRYPTO_C
#define MBEDTLS_PSA_CRYPTO_CONFIG
#define MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG
/* Buffers belong to one JavaScript machine, which waits: no second copy against a writer in another world. */
#define MBEDTLS_PSA_ASSUME_EXCLUSIVE_BUFFERS

#define PSA_WANT_ALG_SHA_256 1
#define PSA_WANT_ALG_SHA_384 1
#define PSA_WANT_ALG_SHA_512 1
#define PSA_WANT_ALG_ECDSA 1
/* For certificates only, which are to be the same at each start (hal/chip/alias.c). */
#define PSA_WANT_ALG_DETERMINISTIC_ECDSA 1
#define PSA_WANT_ALG_ECDH 1
#define PSA_WANT_ALG_GCM 1
#define PSA_WANT_ALG_CHACHA20_POLY1305 1
#define PSA_WANT_ECC_SECP_R1_256 1
#define PSA_WANT_ECC_SECP_R1_384 1
#define PSA_WANT_ECC_SECP_R1_521 1          /* for key agreement only */
#define PSA_WANT_KEY_TYPE_AES 1
#define PSA_WANT_KEY_TYPE_CHACHA20 1
#define PSA_WANT_KEY_TYPE_ECC_PUBLIC_KEY 1
#define PSA_WANT_KEY_TYPE_ECC_KEY_PAIR_BASIC 1
#define PSA_WANT_KEY_TYPE_ECC_KEY_PAIR_IMPORT 1
#define PSA_WANT_KEY_TYPE_ECC_KEY_PAIR_EXPORT 1     /* its public half only: no key here has PSA_KEY_USAGE_EXPORT */
#define PSA_WANT_KEY_TYPE_ECC_KEY_PAIR_GENERATE 1

/*
 * 16 keys of identities; 4 keys of AEADs for each of 4 sessions: both directions, and as many more when the handshake
 * gives way to the application or a key is updated; 2 ephemeral keys, one in use and one made ahead; 1 public key while
 * it verifies. That is 35; the rest is for what waits for collection. A slot takes 40 bytes, its key aside.
 */
#define MBEDTLS_PSA_KEY_SLOT_COUNT 40

/* Persistent keys, over psa_its_* of its.c. */
#ifdef SPDM_PSA_PERSISTENT
#define MBEDTLS_PSA_CRYPTO_STORAGE_C
#endif

#define MBEDTLS_HAVE_ASM
#define MBEDTLS_PLATFORM_C
#define MBEDTLS_ECP_NIST_OPTIM
/* Base points come with constant tables: no multiply is dearer than the others, and nothing is kept in the heap. */
#define MBEDTLS_ECP_FIXED_POINT_OPTIM 1
#ifndef MBEDTLS_ECP_WINDOW_SIZE
#define MBEDTLS_ECP_WINDOW_SIZE 4
#endif
#define MBEDTLS_AES_ROM_TABLES
#define MBEDTLS_AES_FEWER_TABLES
#define MBEDTLS_BLOCK_CIPHER_NO_DECRYPT

#endif
