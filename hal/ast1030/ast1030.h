/*
 * The AST1030 as this project uses it: bare registers, no operating system. Nothing here knows XS or SPDM, so the
 * drivers can be tested without either.
 */
#ifndef AST1030_H
#define AST1030_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Tests put registers of their own in the place of the chip's. */
#ifndef REGISTER
#define REGISTER(address) (*(volatile uint32_t *)(address))
#endif

/* Keeps the compiler and the core from moving memory accesses over a register write that starts DMA. */
#define DMA_BARRIER() __asm__ volatile("dsb" ::: "memory")

static inline uint32_t interrupts_disable(void)
{
	uint32_t primask;
	__asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(primask) :: "memory");
	return primask;
}

static inline void interrupts_restore(uint32_t primask)
{
	__asm__ volatile("msr primask, %0" :: "r"(primask) : "memory");
}

/* console.c: UART5, polled. */
void console_write(const char *text);
void console_hex(uint32_t value);

/* watchdog.c */
void watchdog_start(void);
void watchdog_kick(void);
/* From SysTick's interrupt: a main loop that hangs with interrupts on is reported before the watchdog ends it. */
void watchdog_overflow(void);
/* One line on the console, then a reset by the watchdog; never returns. `detail` may be NULL. */
__attribute__((noreturn)) void fatal(const char *reason, const char *detail);

/* clock.c: SysTick at 200 MHz, never stopped. */
void clock_start(void);
uint64_t clock_ticks(void);
/* Puts SysTick's next overflow a full period away, so that what follows costs the same whenever it begins. */
void clock_rephase(void);
uint32_t clock_milliseconds(void);
void clock_overflow(void);

/* accounting.c: what outsiders read at the symbol's address; see boards/ast1030/README.md. */
struct accounting {
	uint64_t awakeTicks;       /* from a wake that found work until going back to sleep */
	uint64_t cryptoTicks;      /* of these, in cryptographic engines */
	uint32_t asleep;           /* 1 while the processor waits for a frame */
	uint32_t wakeCount;        /* wakes that found work */
	uint32_t heapPeakLength;   /* bytes the heap ever took of its arena */
	uint32_t chunkPeakLength;  /* bytes of XS chunks, at most, since boot */
	uint32_t slotPeakLength;   /* bytes of XS slots, at most, since boot */
	uint32_t zero;
	uint64_t idleTicks;        /* worked ahead while no frame waited; in neither of the first two */
};
extern struct accounting accounting;
/* May nest; only the outermost pair counts. */
void crypto_enter(void);
void crypto_leave(void);
/* Around work that nobody waits for. */
void idle_enter(void);
void idle_leave(void);
/* Sleeps until a frame waits. */
void wait_for_frame(void);

/* rng.c */
bool random_start(void);
/* False, with `out` wiped, if the generator is stuck. */
bool random_fill(void *out, size_t length);

/* flash.c: the FMC's first chip, 4 MiB. */
#define FLASH_LENGTH (4u << 20)
void flash_read(uint32_t offset, void *into, size_t length);
/* Erases and programs whole sectors around the bytes; false if they do not read back. */
bool flash_write(uint32_t offset, const void *data, size_t length);

/* hace.c: one-shot digests; the engine is missing in QEMU before 10. */
bool hace_start(void);
bool hace_present(void);
/* `digestLength` 32, 48 or 64; `length` not 0. False: the engine did not answer. */
bool hace_digest(const void *data, size_t length, void *digest, size_t digestLength);

/* digest.c: by HACE where there is one, else by Mbed TLS. `digestLength` 32, 48 or 64. */
void digest(const void *data, size_t length, void *out, size_t digestLength);

/* measure.c: the firmware's own image, [0, __code_end), hashed before anything else runs. */
#define CODE_DIGEST_LENGTH 48u
void measure_code(void);
const uint8_t *code_digest(void);

/* identity.c: the identity image in SPI flash. */
enum identity_state { IDENTITY_NONE, IDENTITY_DAMAGED, IDENTITY_GOOD };
enum identity_state identity_start(void);
/* Bytes of the image; 0 unless it was good. */
uint32_t identity_length(void);
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

/*
 * psk.c: HKDF-Extract (RFC 5869 2.2), HMAC of entry `index`'s pre-shared key under `salt` (at most a block of the hash),
 * by the hash of `digestLength` 32, 48 or 64. False, with nothing written, for any other length or entry.
 */
bool psk_extract(uint32_t index, size_t digestLength, const void *salt, size_t saltLength, void *out);

/* i2c.c: bus 0. Frames carry the destination address as byte 0, as if the controller had stored it. */
#define FRAME_LENGTH_MAX 259u
struct i2c_counters {
	uint32_t received, sent, refused, resent, spurious, stalled;
};
extern struct i2c_counters i2c_counters;
void i2c_open(uint8_t address);
void i2c_close(void);
uint32_t i2c_readable(void);
/* Bytes of the oldest frame, copied to `frame` and released; 0 if none waits or `capacity` is too small for it. */
size_t i2c_read(void *frame, size_t capacity);
/* False: nobody acknowledged, or the bus was lost too often. */
bool i2c_write(const void *frame, size_t length);
void i2c_interrupt(void);

/* pec.c: CRC-8 of SMBus, polynomial 0x07. */
uint8_t pec(uint8_t seed, const void *data, size_t length);

#endif
