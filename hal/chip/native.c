/*
 * The drivers as host functions for XS: what chip.js declares. Buffers of JavaScript move when XS collects, so a
 * pointer into one is taken last, and nothing is allocated in XS while it is used.
 */
#include <string.h>
#include "xsmc.h"
#include "chip.h"
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

/* --- ports --- */

static struct {
	const struct port_driver *driver;       /* NULL unless open */
	xsSlot onReadable, onIdle;
	bool wantsIdle;
} ports[PORT_COUNT];

static uint32_t waiting(unsigned kind)
{
	return ports[kind].driver ? ports[kind].driver->readable() : 0;
}

static bool any_waits(void)
{
	for (unsigned kind = 0; kind < PORT_COUNT; kind++)
		if (waiting(kind))
			return true;
	return false;
}

static const struct port_driver *open_port(xsMachine *the)
{
	uint32_t kind = number(the, 0);
	require(the, kind < PORT_COUNT && ports[kind].driver);
	return ports[kind].driver;
}

/* portOpen(kind, onReadable, onIdle, address, data, clock, rate) */
void xs_chip_port_open(xsMachine *the)
{
	uint32_t kind = number(the, 0), address = number(the, 3), data = number(the, 4), clock = number(the, 5);
	struct port_options options = { (uint8_t)address, (uint8_t)data, (uint8_t)clock, number(the, 6) };
	/* Of I2C the addresses that are not reserved, and SMBus's slowest clock to the fastest that all controllers have. */
	bool fit = kind != PORT_I2C || (address - 0x08 <= 0x77 - 0x08 && options.rate - 10000 <= 1000000 - 10000);
	require(the, kind < PORT_COUNT && !ports[kind].driver && (data | clock) <= 0xFF && fit);
	const struct port_driver *driver = port_driver(kind);
	if (!driver || !driver->open(&options))
		xsUnknownError("no such port");
	ports[kind].onReadable = xsArg(1);
	xsRemember(ports[kind].onReadable);
	ports[kind].onIdle = xsArg(2);
	xsRemember(ports[kind].onIdle);
	ports[kind].wantsIdle = false;
	ports[kind].driver = driver;
	native_opened(the);
}

void xs_chip_port_close(xsMachine *the)
{
	open_port(the)->close();
	uint32_t kind = number(the, 0);
	ports[kind].driver = NULL;
	xsForget(ports[kind].onReadable);
	xsForget(ports[kind].onIdle);
}

static void tell(xsMachine *the, unsigned kind, uint32_t count)
{
	xsBeginHost(the);
	xsmcVars(2);
	xsVar(0) = xsAccess(ports[kind].onReadable);
	xsmcSetInteger(xsVar(1), (xsIntegerValue)count);
	xsResult = xsCallFunction1(xsVar(0), xsUndefined, xsVar(1));
	ports[kind].wantsIdle = xsmcTest(xsResult) || ports[kind].wantsIdle;
	xsEndHost(the);
}

bool native_deliver(xsMachine *the)
{
	for (unsigned kind = 0; kind < PORT_COUNT; kind++) {
		uint32_t count = waiting(kind);
		if (count)
			tell(the, kind, count);
	}
	return any_waits();
}

static void work_ahead(xsMachine *the, unsigned kind)
{
	idle_enter();
	xsBeginHost(the);
	xsmcVars(1);
	xsVar(0) = xsAccess(ports[kind].onIdle);
	xsCallFunction0(xsVar(0), xsUndefined);
	xsEndHost(the);
	idle_leave();
}

void native_idle(xsMachine *the)
{
	for (unsigned kind = 0; kind < PORT_COUNT; kind++) {
		if (!ports[kind].driver || !ports[kind].wantsIdle || any_waits())
			continue;
		ports[kind].wantsIdle = false;
		work_ahead(the, kind);
	}
}

void xs_chip_port_read(xsMachine *the)
{
	const struct port_driver *driver = open_port(the);
	Buffer into = writable(the, 1);
	size_t length = driver->read(into.bytes, into.length);
	if (length)
		xsmcSetInteger(xsResult, (xsIntegerValue)length);
}

void xs_chip_port_write(xsMachine *the)
{
	const struct port_driver *driver = open_port(the);
	uint32_t length = number(the, 2);
	Buffer data = readable(the, 1);
	require(the, length <= data.length);
	xsmcSetBoolean(xsResult, driver->write(data.bytes, length));
}

/* --- per-byte work --- */

void xs_chip_pec(xsMachine *the)
{
	uint32_t start = number(the, 1), end = number(the, 2), seed = number(the, 3);
	Buffer bytes = readable(the, 0);
	require(the, start <= end && end <= bytes.length);
	xsmcSetInteger(xsResult, pec((uint8_t)seed, bytes.bytes + start, end - start));
}

void xs_chip_copy(xsMachine *the)
{
	uint32_t toOffset = number(the, 1), fromOffset = number(the, 3), length = number(the, 4);
	Buffer to = writable(the, 0), from = readable(the, 2);
	require(the, fits(toOffset, length, to.length) && fits(fromOffset, length, from.length));
	memmove(to.bytes + toOffset, from.bytes + fromOffset, length);
}

/* --- random, clock --- */

void xs_chip_random(xsMachine *the)
{
	Buffer out = writable(the, 0);
	if (!random_fill(out.bytes, out.length))
		xsUnknownError("random number generator is stuck");
}

void xs_chip_milliseconds(xsMachine *the)
{
	xsmcSetInteger(xsResult, (xsIntegerValue)clock_milliseconds());
}

/* --- digests, identity, accounting --- */

void xs_chip_digest(xsMachine *the)
{
	Buffer data = readable(the, 0), out = writable(the, 1);
	require(the, out.length == 32 || out.length == 48 || out.length == 64);
	digest(data.bytes, data.length, out.bytes, out.length);
}

void xs_chip_code_digest(xsMachine *the)
{
	Buffer out = writable(the, 0);
	require(the, out.length == CODE_DIGEST_LENGTH);
	memcpy(out.bytes, code_digest(), CODE_DIGEST_LENGTH);
}

void xs_chip_identity_length(xsMachine *the)
{
	xsmcSetInteger(xsResult, (xsIntegerValue)identity_length());
}

void xs_chip_identity_read(xsMachine *the)
{
	uint32_t offset = number(the, 0);
	Buffer into = writable(the, 1);
	require(the, fits(offset, into.length, identity_length()));
	identity_read(offset, into.bytes, into.length);
}

void xs_chip_state(xsMachine *the)
{
	struct chip_state state = chip_state();
	xsmcSetInteger(xsResult, state.told | state.secureBoot << 1 | state.debugOpen << 2);
}

void xs_chip_crypto_enter(xsMachine *the)
{
	(void)the;
	crypto_enter();
}

void xs_chip_crypto_leave(xsMachine *the)
{
	(void)the;
	crypto_leave();
}

void xs_chip_print(xsMachine *the)
{
	console_write(xsmcToString(xsArg(0)));
	console_write("\n");
}
