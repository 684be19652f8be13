/* The platform functions XS calls, the same on Linux and on bare metal. */
#include "xsAll.h"
#include "xsScript.h"
#include "engine.h"

/* Names of built-ins stay in ROM: XS's default copies them to chunks. */
void fxBuildKeys(txMachine *the)
{
	int i;
	for (i = 0; i < XS_SYMBOL_ID_COUNT; i++) {
		txSlot *description = fxNewSlot(the);
		description->kind = XS_STRING_X_KIND;
		description->value.string = (txString)gxIDStrings[i];
		the->keyArray[the->keyIndex++] = description;
	}
	for (; i < XS_ID_COUNT; i++)
		fxNewNameX(the, (txString)gxIDStrings[i]);
}

/* The exception in words: its stack where the engine captures one, else its string. */
static txString describeException(txMachine *the)
{
	static char text[1024];
	text[0] = 0;
	mxTry(the) {
		mxPush(mxException);
		if (mxIsReference(the->stack)) {
			mxDub();
			mxGetID(fxNewNameC(the, "stack"));
			if (the->stack->kind != XS_STRING_KIND && the->stack->kind != XS_STRING_X_KIND)
				mxPop();
		}
		fxToStringBuffer(the, the->stack, text, sizeof(text));
	}
	mxCatch(the) {
		/* Its toString threw, or is too long: `text` holds what there is. */
	}
	return text;
}

void fxAbort(txMachine *the, int status)
{
	static const char *const reasons[] = {
		[XS_DEBUGGER_EXIT] = "debugger",
		[XS_NOT_ENOUGH_MEMORY_EXIT] = "memory full",
		[XS_STACK_OVERFLOW_EXIT] = "stack overflow",
		[XS_FATAL_CHECK_EXIT] = "fatal check",
		[XS_DEAD_STRIP_EXIT] = "built-in function not in this image",
		[XS_NO_MORE_KEYS_EXIT] = "not enough keys",
		[XS_TOO_MUCH_COMPUTATION_EXIT] = "too much computation",
	};
	if (status == XS_UNHANDLED_EXCEPTION_EXIT || status == XS_UNHANDLED_REJECTION_EXIT)
		xsFatal(status, describeException(the));
	xsFatal(status, reasons[status]);
}

void fxQueuePromiseJobs(txMachine *the)
{
	the->promiseJobs = 1;
}

void xsRunJobs(txMachine *the)
{
	while (the->promiseJobs) {
		the->promiseJobs = 0;
		fxRunPromiseJobs(the);
	}
	fxEndJob(the);
	/* fxEndJob speaks of rejected promises only once they are collected: too late for a board to fail safe. */
	fxCheckUnhandledRejections(the, 1);
}

void xsReadStats(txMachine *the, XsStats *stats)
{
	stats->chunkLength = the->currentChunksSize;
	stats->chunkLengthPeak = the->peakChunksSize;
	stats->chunkLengthMax = the->maximumChunksSize;
	stats->slotCount = the->currentHeapCount;
	stats->slotCountPeak = the->peakHeapCount;
	stats->slotCountMax = the->maximumHeapCount;
	stats->slotLength = sizeof(txSlot);
	stats->keyCount = the->keyIndex;
	stats->stackCount = (int32_t)(the->stackTop - the->stackBottom);
}

void xsResetPeaks(txMachine *the)
{
	the->peakChunksSize = the->currentChunksSize;
	the->peakHeapCount = the->currentHeapCount;
}

#ifndef XS_PARSER
/* Without a parser eval and Function end in fxRunScript, which throws a SyntaxError for null. */
txScript *fxParseScript(txMachine *the, void *stream, txGetter getter, txUnsigned flags)
{
	(void)the, (void)stream, (void)getter, (void)flags;
	return C_NULL;
}
#endif

#ifndef __linux__
/* What XS leaves of the C stack to native functions and interrupts, in bytes; the board may set it. */
#ifndef XS_STACK_MARGIN
#define XS_STACK_MARGIN 4096
#endif

char *fxCStackLimit(void)
{
	extern char __stack_limit[];          /* the linker script's: the lowest address of the stack */
	return __stack_limit + XS_STACK_MARGIN;
}
#endif
