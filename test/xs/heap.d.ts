/** Bytes on XS's heap, garbage collected. */
export function heapUse(): number;
