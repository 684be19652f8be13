/*
 * The tables by which XS finds its optional parts, for a board: no eval, no sloppy mode, no memory shared between
 * machines, and nothing of what build.ts leaves out by -DXS_WITHOUT_…. Entries left null are never called: compiler.c
 * lets the build fail on bytecode that would.
 */
#include "xsAll.h"

/* In the place of fxBuildDate and the like: the global stays undefined. */
void xsOmitGlobal(txMachine *the);
void xsOmitGlobal(txMachine *the)
{
	(void)the;
}

void xsOmittedFunction(txMachine *the);
void xsOmittedFunction(txMachine *the)
{
	mxTypeError("not in this image");
}

const txDefaults gxDefaults = {
#ifndef XS_WITHOUT_ASYNC
	.newAsyncInstance = fxNewAsyncInstance,
	.runAsync = fxRunAsync,
	.runImport = fxRunImport,
#endif
#ifndef XS_WITHOUT_GENERATOR
	.newGeneratorInstance = fxNewGeneratorInstance,
	.newGeneratorFunctionInstance = fxNewGeneratorFunctionInstance,
	.newAsyncGeneratorInstance = fxNewAsyncGeneratorInstance,
	.newAsyncGeneratorFunctionInstance = fxNewAsyncGeneratorFunctionInstance,
	.runForAwaitOf = fxRunForAwaitOf,
#endif
	.newArgumentsStrictInstance = fxNewArgumentsStrictInstance,
	.definePrivateProperty = fxDefinePrivateProperty,
	.getPrivateProperty = fxGetPrivateProperty,
	.setPrivateProperty = fxSetPrivateProperty,
	/*
	 * XS itself asks before it uses these: newFunctionLength and newFunctionName, which cost two slots of RAM for each
	 * built-in function; captureErrorStack, since minified code has no names to show; cleanupFinalizationRegistries;
	 * the cluster of shared memory.
	 */
};

const txBehavior *gxBehaviors[XS_BEHAVIOR_COUNT] = {
	&gxOrdinaryBehavior,
	C_NULL,                                       /* sloppy arguments */
	&gxOrdinaryBehavior,
	&gxArrayBehavior,
	&gxEnvironmentBehavior,
	&gxGlobalBehavior,
	&gxModuleBehavior,
#ifdef XS_WITHOUT_PROXY
	C_NULL,
#else
	&gxProxyBehavior,
#endif
	&gxStringBehavior,
	&gxTypedArrayBehavior,
};

#define TYPE(NAME, SIZE, SHIFT, COERCE) \
	{ SIZE, SHIFT, fx##NAME##Getter, fx##NAME##Setter, fx##COERCE##Coerce, fx##NAME##Compare, _get##NAME, _set##NAME, \
		_##NAME##Array }

const txTypeDispatch gxTypeDispatches[mxTypeArrayCount] = {
	TYPE(Float32, 4, 2, Number),
	TYPE(Float64, 8, 3, Number),
	TYPE(Int8, 1, 0, Int),
	TYPE(Int16, 2, 1, Int),
	TYPE(Int32, 4, 2, Int),
	TYPE(Uint8, 1, 0, Uint),
	TYPE(Uint16, 2, 1, Uint),
	TYPE(Uint32, 4, 2, Uint),
	{ 1, 0, fxUint8Getter, fxUint8ClampedSetter, fxNumberCoerce, fxUint8Compare, _getUint8, _setUint8, _Uint8ClampedArray },
#ifndef XS_WITHOUT_BIGINT
	TYPE(BigInt64, 8, 3, BigInt),
	TYPE(BigUint64, 8, 3, BigInt),
#endif
};

/* Only Atomics looks here, and it is in no board's image. */
const txTypeAtomics gxTypeAtomics[mxTypeArrayCount];

#ifdef XS_WITHOUT_BIGINT
/* Looked at only for a value that is a BigInt, and nothing makes one. */
const txTypeBigInt gxTypeBigInt;
#else
const txTypeBigInt gxTypeBigInt = {
	.compare = fxBigIntCompare,
	.decode = fxBigIntDecode,
	.toArrayBuffer = fxBigintToArrayBuffer,
	.toInstance = fxBigIntToInstance,
	.toNumber = fxBigIntToNumber,
	.toString = fxBigintToString,
	._add = fxBigInt_add,
	._and = fxBigInt_and,
	._dec = fxBigInt_dec,
	._div = fxBigInt_div,
	._exp = fxBigInt_exp,
	._inc = fxBigInt_inc,
	._lsl = fxBigInt_lsl,
	._lsr = fxBigInt_lsr,
	._mul = fxBigInt_mul,
	._neg = fxBigInt_neg,
	._nop = fxBigInt_nop,
	._not = fxBigInt_not,
	._or = fxBigInt_or,
	._rem = fxBigInt_rem,
	._sub = fxBigInt_sub,
	._xor = fxBigInt_xor,
};
#endif
