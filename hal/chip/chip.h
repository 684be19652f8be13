/*
 * What every chip has, whatever it is called there: each chip's folder implements it, and everything above, from the
 * identity image to the host functions for JavaScript, is written once against it. Nothing here knows XS or SPDM.
 */
#ifndef CHIP_H
#define CHIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Zeros over what was secret; the second line keeps the compiler from leaving out the first. */
static inline void wipe(void *bytes, size_t length)
{
	memset(bytes, 0, length);
	__asm__ volatile("" :: "r"(bytes) : "memory");
}

/* Once, before the first number is asked for; false if there is no generator to trust. */
bool random_start(void);
/* False, with `out` wiped, if the generator failed. */
bool random_fill(void *out, size_t length);

/* Since reset; wraps. */
uint32_t clock_milliseconds(void);

/* One line, where a developer sees it. */
void console_write(const char *text);

/* The program cannot go on: says so and resets; never returns. `detail` may be NULL. */
__attribute__((noreturn)) void fatal(const char *reason, const char *detail);

/* SHA-256, -384 or -512 by `digestLength` 32, 48 or 64. */
void digest(const void *data, size_t length, void *out, size_t digestLength);
/* SHA-256 of data that comes in pieces, of one thing at a time. It is always ended. */
void digest_begin(void);
void digest_add(const void *data, size_t length);
void digest_end(uint8_t out[32]);

/* SHA-384 of the firmware's image, as it was when the chip booted and `measure_code` was called. */
#define CODE_DIGEST_LENGTH 48u
void measure_code(void);
const uint8_t *code_digest(void);

/* What the chip says of its own state; a chip that cannot tell leaves all of it 0. */
struct chip_state {
	bool told;
	bool secureBoot;                /* the boot ROM starts signed images only */
	bool debugOpen;                 /* with the right cable the processor can be stopped, and its memory read */
};
struct chip_state chip_state(void);

/* Around cryptography, and around work that nobody waits for, where the chip accounts for its time. The first may nest. */
void crypto_enter(void);
void crypto_leave(void);
void idle_enter(void);
void idle_leave(void);

/* --- flash for provisioning; offsets from the start of what the chip sets aside for it --- */

#define FLASH_SECTOR_LENGTH 4096u
#define FLASH_PAGE_LENGTH 256u
uint32_t flash_length(void);
/* What each chip does of it, within that length; false if the hardware says that it failed. */
bool chip_flash_read(uint32_t offset, void *into, size_t length);
bool chip_flash_erase(uint32_t offset);
bool chip_flash_program(uint32_t offset, const void *data, size_t length);

/* checked-flash.c: the same for everybody else, with what is asked checked before and what came of it after. Reads ones where
 * it cannot be read, or beyond its length. */
void flash_read(uint32_t offset, void *into, size_t length);
/* Erases the sector that `offset`, a multiple of its length, begins; false if it does not read back as all ones. */
bool flash_erase(uint32_t offset);
/* Programs at most a page, within one, that was erased; false if it does not read back. */
bool flash_program(uint32_t offset, const void *data, size_t length);
/* The device's own secret for sealing what lies in flash, the same at every boot; false where the chip has none. The caller
 * wipes it. */
bool flash_key(uint8_t key[32]);

/* --- ports --- */

enum port_kind { PORT_I2C, PORT_SERIAL, PORT_COUNT };

struct port_options {
	uint8_t address;                /* I2C: our own, 7 bits */
	uint8_t data, clock;            /* pins; I2C's SDA and SCL, a UART's transmit and receive */
	uint32_t rate;                  /* Hz, or baud */
};

/*
 * I2C carries frames, whole block writes with the destination address as byte 0; a serial line carries bytes. Drivers run
 * their interrupts underneath; these are called from the main loop only.
 */
struct port_driver {
	bool (*open)(const struct port_options *options);
	void (*close)(void);
	/* How many frames or bytes wait. */
	uint32_t (*readable)(void);
	/* The oldest frame, 0 if none waits or it is longer than `capacity`; or as many bytes as fit. Released. */
	size_t (*read)(void *into, size_t capacity);
	/* False: the other side refused it, or did not take it in time. */
	bool (*write)(const void *data, size_t length);
};

/* NULL for a kind that the chip has not. */
const struct port_driver *port_driver(enum port_kind kind);

/* SMBus's longest block write: address, command, count, 255 bytes, PEC. */
#define FRAME_LENGTH_MAX 259u

/* Whatever delivers to JavaScript has it; drivers call it from interrupts or tasks when something waits. */
void port_notify(void);

/* --- written once, for all chips --- */

/* pec.c: CRC-8 of SMBus, polynomial 0x07. */
uint8_t pec(uint8_t seed, const void *data, size_t length);

/* identity.c: the identity image in flash. */
enum identity_state { IDENTITY_NONE, IDENTITY_DAMAGED, IDENTITY_GOOD };
enum identity_state identity_start(void);
/*
 * Installs another image, once: false where a good one is there already. In pieces, as those of store.h; it counts from the
 * next boot on.
 */
bool identity_install_begin(uint32_t length);
bool identity_install_append(const void *data, size_t length);
bool identity_install_commit(void);
/* Bytes of the image; 0 unless it was good. */
uint32_t identity_length(void);
/* The caller stays within `identity_length`. */
void identity_read(uint32_t offset, void *into, size_t length);
enum identity_kind {
	IDENTITY_CREDENTIAL,
	IDENTITY_PRE_SHARED_KEY,
	IDENTITY_REQUESTER_ANCHOR,
	IDENTITY_POLICY,
	IDENTITY_REQUESTER_CHAIN,
};
#define IDENTITY_KEY_LENGTH_MAX 64u
/* Bytes of entry `index`'s key; 0 unless there is one, of that kind. The caller wipes it. */
size_t identity_read_key(uint32_t index, enum identity_kind kind, uint8_t key[IDENTITY_KEY_LENGTH_MAX]);

/* replace.c: whether both entries are credentials of one algorithm with the same key. */
bool identity_same_key(uint32_t one, uint32_t other);
/*
 * Has a chain take the place of what is in a slot, or empties the slot; at once and for good, and all or nothing, whatever
 * happens to the power meanwhile. Entries keep their order, and no key is lost. False, with nothing changed, if it does not
 * fit into an image, there is no such key, or the flash or the random source failed.
 */
struct identity_change {
	uint8_t slot, model;            /* CertModel, 1 to 3 */
	uint32_t algorithm;
	uint32_t keyIndex;              /* the entry whose key the chain's leaf has */
	const uint8_t *chain;           /* DER certificates, root first */
	uint32_t length;                /* 0 to empty the slot; the model, the key and the chain are not looked at then */
};
bool identity_replace(const struct identity_change *change);

/*
 * psk.c: HMAC (RFC 2104) by the hash of `digestLength` 32, 48 or 64, of at most a block of key and HMAC_DATA_LENGTH_MAX of
 * data; `out` may be one of them.
 */
#define HMAC_DATA_LENGTH_MAX 512u
void hmac(size_t digestLength, const void *key, size_t keyLength, const void *data, size_t length, void *out);

/*
 * psk.c: HKDF-Extract (RFC 5869 2.2), HMAC of entry `index`'s pre-shared key under `salt` (at most a block of the hash),
 * by the hash of `digestLength` 32, 48 or 64. False, with nothing written, for any other length or entry.
 */
bool psk_extract(uint32_t index, size_t digestLength, const void *salt, size_t saltLength, void *out);

#endif
