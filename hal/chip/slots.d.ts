/** Whether both entries of the identity image, by their places, are credentials of one algorithm with the same key. */
export function sameKey(one: number, other: number): boolean;
/**
 * Has `chain`, of CertModel `model` and with the key of entry `keyIndex`, take the place of what is in the slot; without bytes
 * it empties the slot, and model and key are not looked at. At once and for good, or not at all; entries keep their order, but
 * not their places. False if it does not fit, or the flash or the random source failed.
 */
export function replaceChain(
  slot: number,
  algorithm: number,
  model: number,
  keyIndex: number,
  chain: Uint8Array,
): boolean;
