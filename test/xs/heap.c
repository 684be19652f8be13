/* What is left on XS's heap after a collection, in bytes; with a full collection before. */
#include "xsmc.h"
#include "engine.h"

void xs_test_heap(xsMachine *the)
{
	XsStats stats;
	xsCollectGarbage();
	xsReadStats(the, &stats);
	xsmcSetInteger(xsResult, stats.chunkLength + stats.slotCount * stats.slotLength);
}
