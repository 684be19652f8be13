/** `request` cut to each shorter length, then with each bit flipped. */
export function* mutations(request: Uint8Array): Generator<Uint8Array> {
  for (let length = 0; length < request.length; length++) yield request.slice(0, length);
  for (let bit = 0; bit < request.length * 8; bit++) {
    const mutated = request.slice();
    mutated[bit >> 3] ^= 1 << (bit & 7);
    yield mutated;
  }
}
