#include "script.h"

extern void fxRemapIDs(txMachine *, txByte *, txSize, txID *);

static void fail(const char *path, int line, const char *message)
{
	fprintf(stderr, "%s:%d: %s\n", path, line, message);
	exit(2);
}

static txScript *parse(txMachine *the, const char *path)
{
	txParser parser;
	txParserJump jump;
	txScript *volatile script = NULL;       /* kept over longjmp */
	FILE *file = fopen(path, "rb");

	if (!file)
		fail(path, 0, strerror(errno));
	fxInitializeParser(&parser, the, the->parserBufferSize, the->parserTableModulo);
	parser.firstJump = &jump;
	parser.path = fxNewParserSymbol(&parser, (txString)path);
	if (!setjmp(jump.jmp_buf)) {
		fxParserTree(&parser, file, (txGetter)fgetc, mxCFlag, NULL);
		fxParserHoist(&parser);
		fxParserBind(&parser);
		script = fxParserCode(&parser);
	}
	if (!script || parser.errorCount)
		fail(path, parser.line, parser.errorMessage ? parser.errorMessage : "not compiled");
	fclose(file);
	fxTerminateParser(&parser);
	return script;
}

/* The script's own numbering of its names -> keys of the machine. The caller frees. */
static txID *internSymbols(txMachine *the, txScript *script)
{
	txByte *p = script->symbolsBuffer;
	txID count;
	mxDecodeID(p, count);
	txID *ids = malloc(count * sizeof(txID));
	ids[0] = XS_NO_ID;
	for (txID i = 1; i < count; i++) {
		ids[i] = fxNewNameC(the, (txString)p);
		p += strlen((char *)p) + 1;
	}
	return ids;
}

static int archived(int op)
{
	switch (op) {
	case XS_CODE_CODE_1: return XS_CODE_CODE_ARCHIVE_1;
	case XS_CODE_CODE_2: return XS_CODE_CODE_ARCHIVE_2;
	case XS_CODE_CODE_4: return XS_CODE_CODE_ARCHIVE_4;
	case XS_CODE_STRING_1: return XS_CODE_STRING_ARCHIVE_1;
	case XS_CODE_STRING_2: return XS_CODE_STRING_ARCHIVE_2;
	case XS_CODE_STRING_4: return XS_CODE_STRING_ARCHIVE_4;
	default: return op;
	}
}

static txSize instructionLength(const txU1 *p)
{
	txS1 length = gxCodeSizes[*p];
	if (length > 0)
		return length;
	switch (length) {
	case 0: return 1 + sizeof(txID);
	case -1: return 2 + p[1];
	case -2: return 3 + (p[1] | p[2] << 8);
	default: return 5 + (p[1] | p[2] << 8 | p[3] << 16 | (txU4)p[4] << 24);
	}
}

/* The archive forms of code and string literals point into the code; the others copy it to chunks when they run. */
static void archive(txScript *script)
{
	txU1 *p = (txU1 *)script->codeBuffer, *end = p + script->codeSize;
	for (; p < end; p += instructionLength(p))
		*p = (txU1)archived(*p);
}

void xsUsedOpcodes(const txScript *script, bool used[256])
{
	const txU1 *p = (const txU1 *)script->codeBuffer, *end = p + script->codeSize;
	memset(used, 0, 256 * sizeof(bool));
	for (; p < end; p += instructionLength(p))
		used[*p] = true;
}

static void readHosts(XsCompiled *compiled, const txID *ids)
{
	txByte *p = compiled->script->hostsBuffer;
	if (!p)
		return;
	txID count;
	mxDecodeID(p, count);
	compiled->hostCount = count;
	compiled->hosts = calloc(count, sizeof(XsHost));
	for (XsHost *host = compiled->hosts; host < compiled->hosts + count; host++) {
		txID id;
		host->length = (txS1)*p++;
		mxDecodeID(p, id);
		host->id = ids[id];
		host->name = (char *)p;
		p += strlen((char *)p) + 1;
	}
}

XsCompiled xsCompile(txMachine *the, const char *path)
{
	XsCompiled compiled = { .script = parse(the, path) };
	txScript *script = compiled.script;
	txID *ids = internSymbols(the, script);

	fxRemapIDs(the, script->codeBuffer, script->codeSize, ids);
	archive(script);
	readHosts(&compiled, ids);
	free(ids);
	/* fxRunScript takes symbols as leave to remap again and to free the code. */
	free(script->symbolsBuffer);
	script->symbolsBuffer = NULL;
	return compiled;
}
