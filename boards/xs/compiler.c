/*
 * xsc out.c specifier=module.js …
 *
 * Compiles ES modules to one C file: bytecode, the names it uses and the table of modules, as `const XsImage xsImage`
 * of engine.h. Names get the numbers that a fresh machine will give them when xsBoot interns them in the same order.
 */
#include "script.h"
#include "engine.h"

void xsFatal(int status, const char *message)
{
	(void)status;
	fprintf(stderr, "xsc: %s\n", message);
	exit(1);
}

txID fxFindModule(txMachine *the, txSlot *realm, txID moduleID, txSlot *slot)
{
	(void)the, (void)realm, (void)moduleID, (void)slot;
	return XS_NO_ID;
}

void fxLoadModule(txMachine *the, txSlot *module, txID moduleID)
{
	(void)the, (void)module, (void)moduleID;
}

/* What a board's engine may lack, by the opcodes that need it; a null feature is in no board's engine. */
static const struct { txU1 op; const char *feature; } needs[] = {
	{ XS_CODE_BIGINT_1, "BIGINT" },
	{ XS_CODE_BIGINT_2, "BIGINT" },
	{ XS_CODE_REGEXP, "REGEXP" },
	{ XS_CODE_ASYNC_FUNCTION, "ASYNC" },
	{ XS_CODE_IMPORT, "ASYNC" },
	{ XS_CODE_GENERATOR_FUNCTION, "GENERATOR" },
	{ XS_CODE_ASYNC_GENERATOR_FUNCTION, "GENERATOR" },
	{ XS_CODE_FOR_AWAIT_OF, "GENERATOR" },
	{ XS_CODE_ARGUMENTS_SLOPPY, NULL },
	{ XS_CODE_EVAL, NULL },
	{ XS_CODE_EVAL_TAIL, NULL },
	{ XS_CODE_EVAL_ENVIRONMENT, NULL },
	{ XS_CODE_PROGRAM_ENVIRONMENT, NULL },
	{ XS_CODE_WITH, NULL },
};

/* Lets the C file fail to compile where the engine lacks what the module needs: there it would crash. */
static void writeNeeds(FILE *out, const XsCompiled *it, const char *specifier)
{
	bool used[256];
	xsUsedOpcodes(it->script, used);
	for (size_t i = 0; i < sizeof(needs) / sizeof(needs[0]); i++) {
		if (!used[needs[i].op])
			continue;
		if (needs[i].feature)
			fprintf(out, "#ifdef XS_WITHOUT_%s\n", needs[i].feature);
		fprintf(out, "#error \"%s: needs %s\"\n", specifier, needs[i].feature ? needs[i].feature : "eval or sloppy mode");
		if (needs[i].feature)
			fprintf(out, "#endif\n");
	}
}

static void writeBytes(FILE *out, const void *data, size_t length)
{
	const uint8_t *p = data;
	for (size_t i = 0; i < length; i++)
		fprintf(out, "%s%u,", i % 32 ? "" : "\n\t", p[i]);
}

static void writeHosts(FILE *out, const XsCompiled *it, int index)
{
	for (int i = 0; i < it->hostCount; i++)
		fprintf(out, "extern void %s();\n", it->hosts[i].name);
	fprintf(out, "static const txHostFunctionBuilder builders%d[] = {\n", index);
	for (int i = 0; i < it->hostCount; i++)
		fprintf(out, "\t{ (txCallback)%s, %d, %d },\n", it->hosts[i].name, it->hosts[i].length, it->hosts[i].id);
	fprintf(out, "};\n\nstatic void hosts%d(txMachine *the)\n{\n", index);
	fprintf(out, "\tfxBuildHosts(the, %d, builders%d);\n\tmxPullSlot(mxResult);\n}\n\n", it->hostCount, index);
}

static void writeModule(FILE *out, const XsCompiled *it, int index)
{
	fprintf(out, "static const uint8_t code%d[] = {", index);
	writeBytes(out, it->script->codeBuffer, it->script->codeSize);
	fprintf(out, "\n};\n\n");
	if (it->hostCount)
		writeHosts(out, it, index);
}

static void writeKeys(FILE *out, txMachine *the, txID first)
{
	fprintf(out, "static const char keys[] = {");
	for (txID id = first; id < the->keyIndex; id++) {
		const char *name = fxGetKeyName(the, id);
		writeBytes(out, name, strlen(name) + 1);
	}
	fprintf(out, "\n};\n\n");
}

int main(int argc, char **argv)
{
	txCreation creation = { 1 << 20, 1 << 20, 65536, 65536, 4096, 8000, 2000, 1993, 127, 1 << 20, 1993, 0 };
	if (argc < 3) {
		fprintf(stderr, "usage: xsc out.c specifier=module.js ...\n");
		return 2;
	}
	int moduleCount = argc - 2;
	XsCompiled *modules = calloc(moduleCount, sizeof(XsCompiled));
	txMachine *the = fxCreateMachine(&creation, "xsc", NULL, XS_NO_ID);
	txID first = the->keyIndex;
	size_t codeLength = 0;

	FILE *out = fopen(argv[1], "w");
	if (!out) {
		perror(argv[1]);
		return 2;
	}
	fprintf(out, "/* Written by boards/xs/compiler.c. */\n#include \"xsAll.h\"\n#include \"engine.h\"\n\n");
	for (int i = 0; i < moduleCount; i++) {
		char *path = strchr(argv[i + 2], '=');
		if (!path) {
			fprintf(stderr, "xsc: %s: not specifier=path\n", argv[i + 2]);
			return 2;
		}
		*path++ = 0;
		modules[i] = xsCompile(the, path);
		fxNewNameC(the, argv[i + 2]);     /* the loader needs the specifier as a key: counted and in ROM, too */
		writeNeeds(out, &modules[i], argv[i + 2]);
		writeModule(out, &modules[i], i);
		codeLength += modules[i].script->codeSize;
	}
	writeKeys(out, the, first);
	fprintf(out, "static const XsModule modules[] = {\n");
	for (int i = 0; i < moduleCount; i++) {
		fprintf(out, "\t{ \"%s\", code%d, sizeof(code%d), ", argv[i + 2], i, i);
		fprintf(out, modules[i].hostCount ? "hosts%d },\n" : "C_NULL },\n", i);
	}
	fprintf(out, "};\n\nconst XsImage xsImage = {\n\t{ %d, %d, %d }, %zu, %d, %d, keys, %d, modules\n};\n", XS_MAJOR_VERSION,
		XS_MINOR_VERSION, XS_PATCH_VERSION, sizeof(txID), first, the->keyIndex - first, moduleCount);
	if (fclose(out)) {
		perror(argv[1]);
		return 2;
	}
	printf("%d modules, %zu bytes of bytecode, %d keys of their own\n", moduleCount, codeLength, the->keyIndex - first);
	return 0;
}
