/** Throws a RangeError if `out` has fewer than `length` bytes. */
export function checkLength(out: Uint8Array, length: number): void {
  if (out.length < length) throw new RangeError(`${length} bytes needed, ${out.length} given`);
}
