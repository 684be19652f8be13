/*
 * What a program built around XS uses beside xsmc.h. Include it after xsmc.h (or xsAll.h).
 */
#ifndef XS_ENGINE_H
#define XS_ENGINE_H

#include <stdint.h>

#ifdef __XSALL__                              /* the engine's own names for what xs.h declares */
typedef txMachine xsMachine;
typedef txCreation xsCreation;
#endif

/* One ES module, compiled; `name` is the specifier it is imported by. */
typedef struct {
	const char *name;
	const uint8_t *code;                  /* runs in place; identifiers are final */
	uint32_t codeLength;
	void (*hosts)(xsMachine *);           /* makes its host functions; null if it has none */
} XsModule;

/* What compiler.c writes. */
typedef struct {
	uint8_t version[3], idLength;         /* of the engine it was compiled with */
	uint16_t firstKey, keyCount;          /* key `firstKey + n` is string n of `keys`, each ended by 0 */
	const char *keys;
	uint16_t moduleCount;
	const XsModule *modules;
} XsImage;

typedef struct {
	int32_t chunkLength, chunkLengthPeak, chunkLengthMax;   /* bytes: strings, buffers, arrays, big integers */
	int32_t slotCount, slotCountPeak, slotCountMax;         /* values, properties, objects: `slotLength` each */
	int32_t slotLength, keyCount, stackCount;
} XsStats;

/*
 * Board: the program cannot go on. `status` is one of xs.h's exits (xsNotEnoughMemoryExit, …). May be called on an
 * almost full stack; shall print or record, then reset or exit, and not return.
 */
void xsFatal(int status, const char *message) __attribute__((noreturn));

/* A machine that holds the image's modules. Calls xsFatal if they were compiled for another engine. */
xsMachine *xsBoot(xsCreation *creation, const XsImage *image);

/* Runs promise jobs until none waits. Calls xsFatal for a promise that was rejected and has no handler. */
void xsRunJobs(xsMachine *the);

void xsReadStats(xsMachine *the, XsStats *stats);
void xsResetPeaks(xsMachine *the);

#endif
