/* Runs an image of precompiled modules: no parser, no files; code and names stay where the image has them. */
#include "xsAll.h"
#include "xsScript.h"
#include "engine.h"

static const XsModule *moduleNamed(const XsImage *image, txString name)
{
	for (uint16_t i = 0; i < image->moduleCount; i++)
		if (!c_strcmp(image->modules[i].name, name))
			return &image->modules[i];
	return C_NULL;
}

txMachine *xsBoot(txCreation *creation, const XsImage *image)
{
	txMachine *the = fxCreateMachine(creation, "xs", C_NULL, XS_NO_ID);
	txString key = (txString)image->keys;

	if (!the)
		xsFatal(XS_NOT_ENOUGH_MEMORY_EXIT, "no memory for the machine");
	the->image = image;
	if (image->version[0] != XS_MAJOR_VERSION || image->version[1] != XS_MINOR_VERSION
		|| image->version[2] != XS_PATCH_VERSION || image->idLength != sizeof(txID) || image->firstKey != the->keyIndex)
		xsFatal(XS_FATAL_CHECK_EXIT, "image compiled for another engine");
	for (txID i = 0; i < image->keyCount; i++) {
		/* The numbers are in the bytecode already, so the order decides. */
		if (fxNewNameX(the, key) != image->firstKey + i)
			xsFatal(XS_FATAL_CHECK_EXIT, "image's keys do not fit this engine");
		key += c_strlen(key) + 1;
	}
	return the;
}

txID fxFindModule(txMachine *the, txSlot *realm, txID moduleID, txSlot *slot)
{
	char name[C_PATH_MAX];
	(void)realm, (void)moduleID;
	fxToStringBuffer(the, slot, name, sizeof(name));
	const XsModule *module = moduleNamed(the->image, name);
	return module ? fxNewNameX(the, (txString)module->name) : XS_NO_ID;
}

void fxLoadModule(txMachine *the, txSlot *module, txID moduleID)
{
	const XsModule *it = moduleNamed(the->image, fxGetKeyName(the, moduleID));
	if (!it)
		mxReferenceError("module not found");
	/* With no symbols fxRunScript neither writes to the code nor frees it. */
	txScript script = {
		.codeBuffer = (txS1 *)it->code,
		.codeSize = it->codeLength,
		.callback = it->hosts,
		.version = { XS_MAJOR_VERSION, XS_MINOR_VERSION, XS_PATCH_VERSION, 0 },
	};
	fxResolveModule(the, module, moduleID, &script, C_NULL, C_NULL);
}
