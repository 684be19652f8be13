/*
 * Built-in functions that a board's engine leaves out (see trim.h): some whatever its features, some by feature. A call
 * of one throws a TypeError, on a board and in the tests that run on a board's engine (test/xs/core.test.ts).
 */

/* No parser, no second global object. */
#define XS_OMIT_fx_Function XS_OMIT
#define XS_OMIT_fx_AsyncFunction XS_OMIT
#define XS_OMIT_fx_eval XS_OMIT
#define XS_OMIT_fx_Compartment XS_OMIT
#define XS_OMIT_fx_Compartment_prototype_evaluate XS_OMIT
#define XS_OMIT_fx_Compartment_prototype_get_globalThis XS_OMIT
#define XS_OMIT_fx_Compartment_prototype_import XS_OMIT
#define XS_OMIT_fx_Compartment_prototype_importNow XS_OMIT
#define XS_OMIT_fx_ModuleSource XS_OMIT
#define XS_OMIT_fx_ModuleSource_prototype_get_bindings XS_OMIT
#define XS_OMIT_fx_ModuleSource_prototype_get_needsImport XS_OMIT
#define XS_OMIT_fx_ModuleSource_prototype_get_needsImportMeta XS_OMIT

#ifdef XS_WITHOUT_TEXT
#define XS_OMIT_fx_decodeURI XS_OMIT
#define XS_OMIT_fx_decodeURIComponent XS_OMIT
#define XS_OMIT_fx_encodeURI XS_OMIT
#define XS_OMIT_fx_encodeURIComponent XS_OMIT
#define XS_OMIT_fx_escape XS_OMIT
#define XS_OMIT_fx_unescape XS_OMIT
#define XS_OMIT_fx_trace XS_OMIT
#define XS_OMIT_fx_trace_center XS_OMIT
#define XS_OMIT_fx_trace_left XS_OMIT
#define XS_OMIT_fx_trace_right XS_OMIT
#define XS_OMIT_fx_parseFloat XS_OMIT
#define XS_OMIT_fx_Error_prototype_get_stack XS_OMIT
#define XS_OMIT_fx_Function_prototype_toString XS_OMIT
#define XS_OMIT_fx_Number_prototype_toExponential XS_OMIT
#define XS_OMIT_fx_Number_prototype_toFixed XS_OMIT
#define XS_OMIT_fx_Number_prototype_toLocaleString XS_OMIT
#define XS_OMIT_fx_Number_prototype_toPrecision XS_OMIT
#define XS_OMIT_fx_String_fromArrayBuffer XS_OMIT
#define XS_OMIT_fx_String_prototype_compare XS_OMIT
#define XS_OMIT_fx_String_prototype_localeCompare XS_OMIT
#define XS_OMIT_fx_String_prototype_normalize XS_OMIT
#define XS_OMIT_fx_String_prototype_substr XS_OMIT
#define XS_OMIT_fx_String_prototype_toLowerCase XS_OMIT
#define XS_OMIT_fx_String_prototype_toUpperCase XS_OMIT
#define XS_OMIT_fx_String_prototype_trim XS_OMIT
#define XS_OMIT_fx_String_prototype_trimEnd XS_OMIT
#define XS_OMIT_fx_String_prototype_trimStart XS_OMIT
#define XS_OMIT_fx_String_raw XS_OMIT
#define XS_OMIT_fx_Object_prototype_toLocaleString XS_OMIT
#define XS_OMIT_fx_Array_prototype_toLocaleString XS_OMIT
#define XS_OMIT_fx_TypedArray_prototype_toLocaleString XS_OMIT
#endif

#ifdef XS_WITHOUT_REGEXP
#define XS_OMIT_fx_String_prototype_match XS_OMIT
#define XS_OMIT_fx_String_prototype_matchAll XS_OMIT
#define XS_OMIT_fx_String_prototype_replace XS_OMIT
#define XS_OMIT_fx_String_prototype_replaceAll XS_OMIT
#define XS_OMIT_fx_String_prototype_search XS_OMIT
#endif

/* The transcendental part of libm; and randomness, which has one source here. */
#define XS_OMIT_fx_Math_acos XS_OMIT
#define XS_OMIT_fx_Math_acosh XS_OMIT
#define XS_OMIT_fx_Math_asin XS_OMIT
#define XS_OMIT_fx_Math_asinh XS_OMIT
#define XS_OMIT_fx_Math_atan XS_OMIT
#define XS_OMIT_fx_Math_atan2 XS_OMIT
#define XS_OMIT_fx_Math_atanh XS_OMIT
#define XS_OMIT_fx_Math_cbrt XS_OMIT
#define XS_OMIT_fx_Math_cos XS_OMIT
#define XS_OMIT_fx_Math_cosh XS_OMIT
#define XS_OMIT_fx_Math_exp XS_OMIT
#define XS_OMIT_fx_Math_expm1 XS_OMIT
#define XS_OMIT_fx_Math_hypot XS_OMIT
#define XS_OMIT_fx_Math_log XS_OMIT
#define XS_OMIT_fx_Math_log10 XS_OMIT
#define XS_OMIT_fx_Math_log1p XS_OMIT
#define XS_OMIT_fx_Math_log2 XS_OMIT
#define XS_OMIT_fx_Math_pow XS_OMIT
#define XS_OMIT_fx_Math_random XS_OMIT
#define XS_OMIT_fx_Math_sin XS_OMIT
#define XS_OMIT_fx_Math_sinh XS_OMIT
#define XS_OMIT_fx_Math_sqrt XS_OMIT
#define XS_OMIT_fx_Math_tan XS_OMIT
#define XS_OMIT_fx_Math_tanh XS_OMIT

/* XS's own arithmetic. */
#define XS_OMIT_fx_Math_idiv XS_OMIT
#define XS_OMIT_fx_Math_idivmod XS_OMIT
#define XS_OMIT_fx_Math_imod XS_OMIT
#define XS_OMIT_fx_Math_imuldiv XS_OMIT
#define XS_OMIT_fx_Math_irem XS_OMIT
#define XS_OMIT_fx_Math_mod XS_OMIT

/* Rare methods. */
#define XS_OMIT_fx_Object_getOwnPropertyDescriptors XS_OMIT
#define XS_OMIT_fx_Object_isSealed XS_OMIT
#define XS_OMIT_fx_Object_seal XS_OMIT
#define XS_OMIT_fx_Object_prototype___defineGetter__ XS_OMIT
#define XS_OMIT_fx_Object_prototype___defineSetter__ XS_OMIT
#define XS_OMIT_fx_Object_prototype___lookupGetter__ XS_OMIT
#define XS_OMIT_fx_Object_prototype___lookupSetter__ XS_OMIT
#define XS_OMIT_fx_Array_prototype_copyWithin XS_OMIT
#define XS_OMIT_fx_Array_prototype_findLast XS_OMIT
#define XS_OMIT_fx_Array_prototype_findLastIndex XS_OMIT
#define XS_OMIT_fx_Array_prototype_lastIndexOf XS_OMIT
#define XS_OMIT_fx_TypedArray_prototype_findLast XS_OMIT
#define XS_OMIT_fx_TypedArray_prototype_findLastIndex XS_OMIT
#define XS_OMIT_fx_TypedArray_prototype_lastIndexOf XS_OMIT
#define XS_OMIT_fx_TypedArray_prototype_reduceRight XS_OMIT
#define XS_OMIT_fx_TypedArray_prototype_sort XS_OMIT
#define XS_OMIT_fx_ArrayBuffer_fromBigInt XS_OMIT
#define XS_OMIT_fx_ArrayBuffer_fromString XS_OMIT
#define XS_OMIT_fx_ArrayBuffer_prototype_concat XS_OMIT
#define XS_OMIT_fx_ArrayBuffer_prototype_get_maxByteLength XS_OMIT
#define XS_OMIT_fx_ArrayBuffer_prototype_get_resizable XS_OMIT
#define XS_OMIT_fx_ArrayBuffer_prototype_resize XS_OMIT
#define XS_OMIT_fx_ArrayBuffer_prototype_transfer XS_OMIT
#define XS_OMIT_fx_DataView_prototype_getFloat32 XS_OMIT
#define XS_OMIT_fx_DataView_prototype_getFloat64 XS_OMIT
#define XS_OMIT_fx_DataView_prototype_setFloat32 XS_OMIT
#define XS_OMIT_fx_DataView_prototype_setFloat64 XS_OMIT
#define XS_OMIT_fx_AggregateError XS_OMIT
#define XS_OMIT_fx_Symbol_for XS_OMIT
#define XS_OMIT_fx_Symbol_keyFor XS_OMIT

/* What would let a program see the garbage collector at work. */
#define XS_OMIT_fx_FinalizationRegistry XS_OMIT
#define XS_OMIT_fx_FinalizationRegistry_prototype_register XS_OMIT
#define XS_OMIT_fx_FinalizationRegistry_prototype_unregister XS_OMIT
#define XS_OMIT_fx_WeakRef XS_OMIT
#define XS_OMIT_fx_WeakRef_prototype_deref XS_OMIT

#ifdef XS_WITHOUT_BIGINT
/* noble, which alone needs BigInt, calls it. */
#define XS_OMIT_fx_Array_prototype_reduceRight XS_OMIT
#define XS_OMIT_fx_DataView_prototype_getBigInt64 XS_OMIT
#define XS_OMIT_fx_DataView_prototype_getBigUint64 XS_OMIT
#define XS_OMIT_fx_DataView_prototype_setBigInt64 XS_OMIT
#define XS_OMIT_fx_DataView_prototype_setBigUint64 XS_OMIT
#endif
