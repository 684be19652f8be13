/* The front end that compiler.c and runner.c share. */
#ifndef XS_SCRIPT_FRONT_H
#define XS_SCRIPT_FRONT_H

#include "xsAll.h"
#include "xsScript.h"

/* A host function (or, with `length` -1, a destructor) a module asks for by `@ "name"`. */
typedef struct {
	const char *name;
	txS1 length;
	txID id;
} XsHost;

typedef struct {
	txScript *script;                     /* code with final identifiers, fit to run in place; no symbols left */
	int hostCount;
	XsHost *hosts;
} XsCompiled;

/* Compiles the ES module at `path`; its names become keys of `the`. Prints and exits on an error. */
XsCompiled xsCompile(txMachine *the, const char *path);

/* Marks the opcodes the script has. */
void xsUsedOpcodes(const txScript *script, bool used[256]);

#endif
