/* Runs an image's module "main" on the host, as a board would: a trimmed engine, no parser. */
#include "xsmc.h"
#include "engine.h"

extern const XsImage xsImage;

void xsFatal(int status, const char *message)
{
	fflush(stdout);
	fprintf(stderr, "fatal %d: %s\n", status, message);
	exit(1);
}

static void print(xsMachine *the)
{
	puts(xsmcToString(xsArg(0)));
}

int main(void)
{
	xsCreation creation = { 4 << 20, 4 << 20, 1 << 17, 1 << 17, 4096, 8000, 2000, 127, 31, 0, 0, 0 };
	xsMachine *machine = xsBoot(&creation, &xsImage);

	xsBeginHost(machine);
	xsmcVars(1);
	xsVar(0) = xsNewHostFunction(print, 1);
	xsmcDefine(xsGlobal, xsID("print"), xsVar(0), xsDontEnum);
	xsAwaitImport("main", XS_IMPORT_NAMESPACE);
	xsEndHost(machine);
	xsRunJobs(machine);
	xsDeleteMachine(machine);
	return 0;
}
