/*
 * Between psa.c and a board's own C.
 */
#ifndef SPDM_PSA_H
#define SPDM_PSA_H

#include <stddef.h>
#include <stdint.h>

/*
 * Imports a private scalar (big-endian, as long as the group's order) of P-256 or P-384 (`bits`) as a volatile signing
 * key: for boards whose C reads the key from where it is stored, so that JavaScript never sees it. Returns the key's
 * identifier for openKey() of psa.js, or 0 if the scalar is no private key. The caller wipes its own copy.
 */
uint32_t spdm_import_key(unsigned bits, const uint8_t *scalar, size_t length);

/* Board, where Mbed TLS has no random source of its own: fills `out`. Returns 0, or non-zero if the source failed. */
int spdm_random(uint8_t *out, size_t length);

/*
 * Board, where persistent keys are built in (its.c): SPDM_ITS_SLOTS slots of SPDM_ITS_PITCH bytes of non-volatile
 * memory, each erased on its own. Both work on the start of a slot and return 0, or non-zero if the medium failed.
 */
int spdm_its_read(unsigned slot, void *out, size_t length);
int spdm_its_write(unsigned slot, const void *data, size_t length);

#ifndef SPDM_ITS_SLOTS
#define SPDM_ITS_SLOTS 8
#endif
#ifndef SPDM_ITS_PITCH
#define SPDM_ITS_PITCH 4096
#endif

#endif
