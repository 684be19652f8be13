/*
 * What XS asks of its platform: -DINCLUDE_XSPLATFORM -DXSPLATFORM="platform.h". One header serves Linux, where the
 * tools and the tests run, and bare metal, where newlib stands for the C library.
 *
 * mx32bitID stays undefined: identifiers of 16 bits make bytecode compiled on a 64-bit host fit a 32-bit target.
 */
#ifndef XS_PLATFORM_H
#define XS_PLATFORM_H

#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define mxExport extern
#define mxImport extern
#define XS_FUNCTION_NORETURN __attribute__((noreturn))

/* Bytecode is not trusted to balance its stack: without this an overflow writes over the heap. */
#define mxBoundsCheck 1
#define mxRun 1

/*
 * While XS 13.3 sweeps, it takes an array's chunk to hold as many elements as it has room for. If an array that grew with
 * room to spare then gets a hole ([a, b], then [4] = c), the collector follows whatever bytes lie there. Without spare
 * room there is nothing to follow.
 */
#define mxNoArrayOverallocation 1

#define mxMachinePlatform \
	const void *image;         /* the XsImage, or null in the runner */ \
	int promiseJobs;           /* promise jobs wait */ \
	void *waiterCondition;     /* these three belong to xsAtomics.c */ \
	void *waiterData; \
	void *waiterLink;

#define mxUseDefaultMachinePlatform 1
#define mxUseDefaultSharedChunks 1
#define mxUseDefaultChunkAllocation 1
#define mxUseDefaultSlotAllocation 1
#ifdef XS_PARSER
	#define mxUseDefaultParseScript 1
#endif

#ifdef __linux__
	#undef mxLinux
	#define mxLinux 1
	#include <pthread.h>
	#include <unistd.h>
	#define mxUseDefaultCStackLimit 1
#else
	#define mxUseDefaultCStackLimit 0
	#define mxMisalignedSettersCrash 1
	#define C_PATH_MAX 64
#endif

#endif
