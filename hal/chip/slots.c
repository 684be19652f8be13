/* Changes of certificate slots, as JavaScript asks for them: what slots.js declares. */
#include "xsmc.h"
#include "chip.h"

static uint32_t number(xsMachine *the, int index)
{
	return (uint32_t)xsmcToInteger(xsArg(index));
}

void xs_chip_same_key(xsMachine *the)
{
	xsmcSetBoolean(xsResult, identity_same_key(number(the, 0), number(the, 1)));
}

void xs_chip_replace_chain(xsMachine *the)
{
	struct identity_change change = {
		.slot = (uint8_t)number(the, 0),
		.model = (uint8_t)number(the, 2),
		.algorithm = number(the, 1),
		.keyIndex = number(the, 3),
	};
	void *chain;
	xsUnsignedValue length;
	/* Last, and nothing allocates in XS after it: collections move buffers. */
	xsmcGetBufferReadable(xsArg(4), &chain, &length);
	change.chain = chain;
	change.length = length;
	xsmcSetBoolean(xsResult, identity_replace(&change));
}
