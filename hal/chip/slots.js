/* Changes of certificate slots; types in slots.d.ts, host functions in slots.c. Apart from chip.js for firmware without. */
export function sameKey(one, other) @ "xs_chip_same_key"
export function replaceChain(slot, algorithm, model, keyIndex, chain) @ "xs_chip_replace_chain"
