/*
 * xsrun main.js [specifier=module.js …]
 *
 * Runs an ES module on the whole engine, parser included, on the host: for the tests of everything that also runs on
 * a board. `main.js` is bundled; what it imports still is named by specifier=path. Host functions (`@ "xs_name"`) are
 * functions of this program: C files linked into it, found by name.
 *
 * Exits 1 for an exception nobody caught, a rejected promise nobody handled or any fatal error of the engine.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include "script.h"
#include "engine.h"

static char **specifiers;                     /* "specifier\0path", from the command line; null ends */
static const XsCompiled *loading;             /* what fxResolveModule runs buildHosts for */

void xsFatal(int status, const char *message)
{
	(void)status;
	fflush(stdout);
	fprintf(stderr, "xsrun: %s\n", message);
	exit(1);
}

static const char *pathOf(txString name)
{
	for (char **it = specifiers; *it; it++)
		if (!strcmp(*it, name))
			return *it + strlen(*it) + 1;
	return NULL;
}

txID fxFindModule(txMachine *the, txSlot *realm, txID moduleID, txSlot *slot)
{
	char name[C_PATH_MAX];
	(void)realm, (void)moduleID;
	fxToStringBuffer(the, slot, name, sizeof(name));
	return pathOf(name) ? fxNewNameC(the, name) : XS_NO_ID;
}

static void buildHosts(txMachine *the)
{
	txHostFunctionBuilder *builders = calloc(loading->hostCount, sizeof(txHostFunctionBuilder));
	for (int i = 0; i < loading->hostCount; i++) {
		const XsHost *host = &loading->hosts[i];
		builders[i].callback = (txCallback)dlsym(RTLD_DEFAULT, host->name);
		builders[i].length = host->length;
		builders[i].id = host->id;
		if (!builders[i].callback) {
			/* Thrown, it would end as "import not found" of whoever imports the module. */
			fprintf(stderr, "xsrun: host function %s is not linked into this runner\n", host->name);
			exit(2);
		}
	}
	fxBuildHosts(the, loading->hostCount, builders);
	mxPullSlot(mxResult);
}

void fxLoadModule(txMachine *the, txSlot *module, txID moduleID)
{
	XsCompiled compiled = xsCompile(the, pathOf(fxGetKeyName(the, moduleID)));
	if (compiled.hostCount)
		compiled.script->callback = buildHosts;
	loading = &compiled;
	fxResolveModule(the, module, moduleID, compiled.script, C_NULL, C_NULL);
}

static void print(txMachine *the)
{
	for (int i = 0; i < mxArgc; i++)
		printf(i ? " %s" : "%s", fxToString(the, mxArgv(i)));
	putchar('\n');
}

int main(int argc, char **argv)
{
	txCreation creation = { 16 << 20, 16 << 20, 1 << 20, 1 << 20, 16384, 16000, 4000, 1993, 127, 1 << 20, 1993, 0 };
	static char mainName[C_PATH_MAX + 8];
	if (argc < 2) {
		fprintf(stderr, "usage: xsrun main.js [specifier=module.js ...]\n");
		return 2;
	}
	snprintf(mainName, sizeof(mainName), "main=%s", argv[1]);
	argv[1] = mainName;
	specifiers = argv + 1;
	for (char **it = specifiers; *it; it++) {
		char *path = strchr(*it, '=');
		if (!path) {
			fprintf(stderr, "xsrun: %s: not specifier=path\n", *it);
			return 2;
		}
		*path = 0;
	}

	txMachine *the = fxCreateMachine(&creation, "xsrun", NULL, XS_NO_ID);
	the = fxBeginHost(the);
	mxTry(the) {
		fxNewHostFunction(the, print, 1, XS_NO_ID, XS_NO_ID);
		mxPush(mxGlobal);
		fxDefineID(the, fxNewNameC(the, "print"), XS_DONT_ENUM_FLAG, XS_DONT_ENUM_FLAG);
		mxPop();
		mxPushStringX("main");
		fxAwaitImport(the, XS_IMPORT_ASYNC);  /* a promise, so that await at top level works; rejected: xsFatal */
		mxPop();
	}
	mxCatch(the) {
		fxAbort(the, XS_UNHANDLED_EXCEPTION_EXIT);
	}
	fxEndHost(the);
	xsRunJobs(the);
	fxDeleteMachine(the);
	return 0;
}
