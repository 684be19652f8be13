/* Boot and main loop: C finds out what the board is, JavaScript answers frames, and in between the processor sleeps. */
#include "xsmc.h"
#include "engine.h"
#include "ast1030.h"
#include "native.h"
#include <stdio.h>

extern const XsImage xsImage;

/* Slots of JavaScript's own stack, 16 bytes each; a variant may need more. */
#ifndef STACK_SLOTS
#define STACK_SLOTS 1312
#endif

/*
 * Slots of JavaScript's heap for values, properties and objects, to begin with: what four sessions need, and some. A heap that
 * grows as it is needed has hardly a free slot, and collects more often.
 */
#ifndef HEAP_SLOTS
#define HEAP_SLOTS 10240
#endif

/* Bytes of JavaScript's heap for strings, buffers and big integers; a collection is due whenever they are full. */
#ifndef CHUNK_LENGTH
#define CHUNK_LENGTH (32 * 1024)
#endif

void xsFatal(int status, const char *message)
{
	(void)status;
	fatal("JavaScript", message);
}

/* Nobody needs to be told: the main loop looks. */
void native_opened(xsMachine *the)
{
	(void)the;
}

static void announce(void)
{
	static const char *const identities[] = {
		[IDENTITY_NONE] = "identity: none in flash\n",
		[IDENTITY_DAMAGED] = "identity: damaged, not used\n",
		[IDENTITY_GOOD] = "identity: from flash\n",
	};
	console_write(hace_start() ? "digests in one go: HACE\n" : "digests in one go: Mbed TLS, this chip has no HACE\n");
	measure_code();
	console_write(identities[identity_start()]);
}

static void record_peaks(xsMachine *the)
{
	XsStats stats;
	xsReadStats(the, &stats);
	accounting.chunkPeakLength = (uint32_t)stats.chunkLengthPeak;
	accounting.slotPeakLength = (uint32_t)(stats.slotCountPeak * stats.slotLength);
}

int main(void)
{
	static xsCreation creation = {
		.initialChunkSize = CHUNK_LENGTH,
		.incrementalChunkSize = 4 * 1024,
		.initialHeapCount = HEAP_SLOTS,
		.incrementalHeapCount = 256,
		.stackCount = STACK_SLOTS,
		.initialKeyCount = 1024,
		.incrementalKeyCount = 16,
		.nameModulo = 127,
		.symbolModulo = 31,
	};
	/* Set up now, and without a buffer: what XS prints when the heap is full must not need some of it. */
	setvbuf(stdout, NULL, _IONBF, 0);
	if (!random_start())
		fatal("no random number generator", NULL);
	announce();
	xsMachine *the = xsBoot(&creation, &xsImage);
	xsBeginHost(the);
	xsAwaitImport("main", XS_IMPORT_NAMESPACE);
	xsEndHost(the);
	xsRunJobs(the);
	/* What the start left is not the first requester's to wait for. */
	xsCollectGarbage();
	console_write("ready\n");
	for (;;) {
		record_peaks(the);
		wait_for_frame();
		native_deliver(the);
		xsRunJobs(the);
		native_idle(the);
	}
}
