/* An identity for a board that has none, as JavaScript brings it: what install.js declares. */
#include "xsmc.h"
#include "chip.h"

void xs_chip_installed(xsMachine *the)
{
	xsmcSetBoolean(xsResult, identity_length() != 0);
}

void xs_chip_install_begin(xsMachine *the)
{
	xsmcSetBoolean(xsResult, identity_install_begin((uint32_t)xsmcToInteger(xsArg(0))));
}

void xs_chip_install_append(xsMachine *the)
{
	void *data;
	xsUnsignedValue length;
	xsmcGetBufferReadable(xsArg(0), &data, &length);
	xsmcSetBoolean(xsResult, identity_install_append(data, length));
}

void xs_chip_install_commit(xsMachine *the)
{
	xsmcSetBoolean(xsResult, identity_install_commit());
}
