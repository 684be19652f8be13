/*
 * The drivers as host functions for XS: what ast1030.js declares. Buffers of JavaScript move when XS collects, so a
 * pointer into one is taken last, and nothing is allocated in XS while it is used.
 */
#include <string.h>
#include "xsmc.h"
#include "ast1030.h"
#include "native.h"

typedef struct {
	uint8_t *bytes;
	size_t length;
} Buffer;

static Buffer readable(xsMachine *the, int index)
{
	void *bytes;
	xsUnsignedValue length;
	xsmcGetBufferReadable(xsArg(index), &bytes, &length);
	return (Buffer){ bytes, length };
}

static Buffer writable(xsMachine *the, int index)
{
	void *bytes;
	xsUnsignedValue length;
	xsmcGetBufferWritable(xsArg(index), &bytes, &length);
	return (Buffer){ bytes, length };
}

/* A count or offset; negative numbers become large ones and fail the check that follows. */
static uint32_t number(xsMachine *the, int index)
{
	return (uint32_t)xsmcToInteger(xsArg(index));
}

static void require(xsMachine *the, bool condition)
{
	if (!condition)
		xsRangeError("out of range");
}

static bool fits(uint32_t offset, uint32_t length, size_t total)
{
	return offset <= total && length <= total - offset;
}

/* --- I2C --- */

static xsSlot onReadable;
static xsSlot onIdle;
static bool opened;
static bool wantsIdle;

void xs_ast1030_i2c_open(xsMachine *the)
{
	require(the, !opened);
	onReadable = xsArg(1);
	xsRemember(onReadable);
	onIdle = xsArg(2);
	xsRemember(onIdle);
	i2c_open((uint8_t)number(the, 0));
	opened = true;
}

void xs_ast1030_i2c_close(xsMachine *the)
{
	if (!opened)
		return;
	opened = false;
	i2c_close();
	xsForget(onReadable);
	xsForget(onIdle);
}

void native_deliver(xsMachine *the)
{
	if (!opened || !i2c_readable())
		return;
	xsBeginHost(the);
	xsmcVars(2);
	xsVar(0) = xsAccess(onReadable);
	xsmcSetInteger(xsVar(1), (xsIntegerValue)i2c_readable());
	xsResult = xsCallFunction1(xsVar(0), xsUndefined, xsVar(1));
	wantsIdle = xsmcTest(xsResult) || wantsIdle;
	xsEndHost(the);
}

void native_idle(xsMachine *the)
{
	if (!opened || !wantsIdle || i2c_readable())
		return;
	wantsIdle = false;
	idle_enter();
	xsBeginHost(the);
	xsmcVars(1);
	xsVar(0) = xsAccess(onIdle);
	xsCallFunction0(xsVar(0), xsUndefined);
	xsEndHost(the);
	idle_leave();
}

void xs_ast1030_i2c_read(xsMachine *the)
{
	Buffer frame = writable(the, 0);
	require(the, frame.length >= FRAME_LENGTH_MAX);
	size_t length = i2c_read(frame.bytes, frame.length);
	if (length)
		xsmcSetInteger(xsResult, (xsIntegerValue)length);
}

void xs_ast1030_i2c_write(xsMachine *the)
{
	uint32_t length = number(the, 1);
	Buffer frame = readable(the, 0);
	require(the, length <= frame.length);
	xsmcSetBoolean(xsResult, i2c_write(frame.bytes, length));
}

/* --- per-byte work --- */

void xs_ast1030_pec(xsMachine *the)
{
	uint32_t start = number(the, 1), end = number(the, 2), seed = number(the, 3);
	Buffer bytes = readable(the, 0);
	require(the, start <= end && end <= bytes.length);
	xsmcSetInteger(xsResult, pec((uint8_t)seed, bytes.bytes + start, end - start));
}

void xs_ast1030_copy(xsMachine *the)
{
	uint32_t toOffset = number(the, 1), fromOffset = number(the, 3), length = number(the, 4);
	Buffer to = writable(the, 0), from = readable(the, 2);
	require(the, fits(toOffset, length, to.length) && fits(fromOffset, length, from.length));
	memmove(to.bytes + toOffset, from.bytes + fromOffset, length);
}

/* --- random, clock, flash --- */

void xs_ast1030_random(xsMachine *the)
{
	Buffer out = writable(the, 0);
	if (!random_fill(out.bytes, out.length))
		xsUnknownError("random number generator is stuck");
}

void xs_ast1030_milliseconds(xsMachine *the)
{
	xsmcSetInteger(xsResult, (xsIntegerValue)clock_milliseconds());
}

void xs_ast1030_flash_read(xsMachine *the)
{
	uint32_t offset = number(the, 0);
	Buffer into = writable(the, 1);
	require(the, fits(offset, into.length, FLASH_LENGTH));
	flash_read(offset, into.bytes, into.length);
}

void xs_ast1030_flash_write(xsMachine *the)
{
	uint32_t offset = number(the, 0);
	Buffer data = readable(the, 1);
	require(the, fits(offset, data.length, FLASH_LENGTH));
	if (!flash_write(offset, data.bytes, data.length))
		xsUnknownError("flash does not hold what was written");
}

/* --- digests, identity, accounting --- */

void xs_ast1030_digest(xsMachine *the)
{
	Buffer data = readable(the, 0), out = writable(the, 1);
	require(the, out.length == 32 || out.length == 48 || out.length == 64);
	digest(data.bytes, data.length, out.bytes, out.length);
}

void xs_ast1030_code_digest(xsMachine *the)
{
	Buffer out = writable(the, 0);
	require(the, out.length == CODE_DIGEST_LENGTH);
	memcpy(out.bytes, code_digest(), CODE_DIGEST_LENGTH);
}

void xs_ast1030_identity_length(xsMachine *the)
{
	xsmcSetInteger(xsResult, (xsIntegerValue)identity_length());
}

void xs_ast1030_crypto_enter(xsMachine *the)
{
	(void)the;
	crypto_enter();
}

void xs_ast1030_crypto_leave(xsMachine *the)
{
	(void)the;
	crypto_leave();
}

void xs_ast1030_print(xsMachine *the)
{
	console_write(xsmcToString(xsArg(0)));
	console_write("\n");
}
