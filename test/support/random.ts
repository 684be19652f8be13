import type { Random } from "../../hal/crypto.js";

/** Numbers from 0 to below `bound`, the same for the same seed (xorshift, 32 bits; never 0 inside). */
export function seeded(seed: number): (bound: number) => number {
  let state = seed | 0 || 1;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
}

/** A random source that is none: it gives the same bytes for the same seed, and never the same block twice in a test. */
export function deterministicRandom(seed = 1): Random {
  const next = seeded(seed);
  return (out) => {
    for (let i = 0; i < out.length; i++) out[i] = next(256);
  };
}
