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

/* Whether what the instruction names is for a debugger's eyes only: variables have places, and functions no `name` here. */
static bool namesInVain(txU1 op)
{
	return op == XS_CODE_NEW_LOCAL || op == XS_CODE_NEW_CLOSURE || op == XS_CODE_FUNCTION
	       || op == XS_CODE_CONSTRUCTOR_FUNCTION || op == XS_CODE_NAME;
}

/* Host functions are named by the table of them, too. */
static void markHosts(const txScript *script, bool *needed)
{
	txByte *p = script->hostsBuffer;
	txID count = 0, id;
	if (p)
		mxDecodeID(p, count);
	while (count--) {
		p++;
		mxDecodeID(p, id);
		if (id != XS_NO_ID)
			needed[id] = true;
		p += strlen((char *)p) + 1;
	}
}

static void markNames(const txScript *script, bool *needed)
{
	txByte *p = script->codeBuffer, *end = p + script->codeSize;
	for (; p < end; p += instructionLength((txU1 *)p)) {
		txByte *operand = p + 1;
		txID id;
		if (gxCodeSizes[*(txU1 *)p] != 0 || namesInVain(*(txU1 *)p))
			continue;
		mxDecodeID(operand, id);
		if (id != XS_NO_ID)
			needed[id] = true;
	}
	markHosts(script, needed);
}

/*
 * The script's own numbering of its names -> keys of the machine. The caller frees. Each key takes a slot of RAM, so names that
 * nothing looks up share one.
 */
static txID *internSymbols(txMachine *the, txScript *script)
{
	txByte *p = script->symbolsBuffer;
	txID count;
	mxDecodeID(p, count);
	txID *ids = malloc(count * sizeof(txID));
	bool *needed = calloc(count, sizeof(bool));
	markNames(script, needed);
	ids[0] = XS_NO_ID;
	for (txID i = 1; i < count; i++) {
		/* Private fields are found by the name of the variable that has theirs. */
		ids[i] = fxNewNameC(the, needed[i] || *p == '#' ? (txString)p : "local");
		p += strlen((char *)p) + 1;
	}
	free(needed);
	return ids;
}

/* The archive forms of code and string literals point into the code; the others copy it to chunks when they run. */
static void archive(txScript *script)
{
	txU1 *p = (txU1 *)script->codeBuffer, *end = p + script->codeSize;
	for (; p < end; p += instructionLength(p))
		*p = (txU1)archived(*p);
}

/* Where the code begins that this instruction makes a function of; NULL if it is another instruction. */
static const txU1 *bodyBehind(const txU1 *p, const txU1 *end)
{
	txSize skip;
	switch (p < end ? *p : XS_NO_CODE) {
	case XS_CODE_CODE_ARCHIVE_1: skip = 2; break;
	case XS_CODE_CODE_ARCHIVE_2: skip = 3; break;
	case XS_CODE_CODE_ARCHIVE_4: skip = 5; break;
	default: return NULL;
	}
	return p + skip < end ? p + skip : NULL;
}

/*
 * Functions that are no classes become such as cannot be constructed, as arrow functions and methods are: each of the others
 * has an object of its own in RAM as its prototype, three slots, and nothing here is made by `new` but by its class.
 */
static void dropPrototypes(txScript *script)
{
	txU1 *p = (txU1 *)script->codeBuffer, *end = p + script->codeSize;
	for (; p < end; p += instructionLength(p)) {
		const txU1 *body = *p == XS_CODE_CONSTRUCTOR_FUNCTION ? bodyBehind(p + instructionLength(p), end) : NULL;
		if (body && *body == XS_CODE_BEGIN_STRICT)
			*p = XS_CODE_FUNCTION;
	}
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
	dropPrototypes(script);
	readHosts(&compiled, ids);
	free(ids);
	/* fxRunScript takes symbols as leave to remap again and to free the code. */
	free(script->symbolsBuffer);
	script->symbolsBuffer = NULL;
	return compiled;
}
