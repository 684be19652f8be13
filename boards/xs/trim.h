/*
 * Leaves built-in functions out of a board's engine. Included before every engine file but xsProperty.c (which defines
 * what is wrapped here), it wraps the few ways in which XS makes built-ins: a method named in omitted.h is not made,
 * a constructor or global function named there throws. So nothing refers to its code, and the linker drops it.
 *
 * Whole globals go another way: build.ts compiles xsAPI.c with -DfxBuildDate=xsOmitGlobal and the like.
 */
#ifndef XS_TRIM_H
#define XS_TRIM_H

#include "xsAll.h"
#include "omitted.h"

/* Throws a TypeError. */
extern void xsOmittedFunction(txMachine *the);

/* mxCallback(f) is null if XS_OMIT_f is defined (as XS_OMIT), else f: the second argument is what is picked. */
#define XS_OMIT ~, (txCallback)C_NULL
#define XS_SECOND(FIRST, SECOND, ...) SECOND
#define XS_PICK(OMISSION, CALLBACK) XS_SECOND(OMISSION, CALLBACK, ~)

#undef mxCallback
#define mxCallback(CALLBACK) XS_PICK(XS_OMIT_##CALLBACK, CALLBACK)

#define fxNextHostFunctionProperty(THE, SLOT, CALLBACK, LENGTH, ID, FLAG) \
	((CALLBACK) ? fxNextHostFunctionProperty(THE, SLOT, CALLBACK, LENGTH, ID, FLAG) : (SLOT))
#define fxNextHostAccessorProperty(THE, SLOT, GETTER, SETTER, ID, FLAG) \
	((GETTER) ? fxNextHostAccessorProperty(THE, SLOT, GETTER, SETTER, ID, FLAG) : (SLOT))

#undef fxBuildHostConstructor
#define fxBuildHostConstructor(THE, CALLBACK, LENGTH, NAME) \
	fxNewHostConstructor(THE, (CALLBACK) ? (CALLBACK) : xsOmittedFunction, LENGTH, NAME)
#undef fxBuildHostFunction
#define fxBuildHostFunction(THE, CALLBACK, LENGTH, NAME) \
	fxNewHostFunction(THE, (CALLBACK) ? (CALLBACK) : xsOmittedFunction, LENGTH, NAME, XS_NO_ID)

#ifdef XS_WITHOUT_BIGINT
/* defaults.c has the BigInt arrays last. */
#undef mxTypeArrayCount
#define mxTypeArrayCount 9
#endif

#endif
