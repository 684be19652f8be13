/** SPDM versions as SPDMVersion carries them: major in the high nibble, minor in the low one (DSP0274 1.3 §8.3). */
export type Version = number;

export const V1_0 = 0x10;
export const V1_1 = 0x11;
export const V1_2 = 0x12;
export const V1_3 = 0x13;
export const V1_4 = 0x14;

/** All that this code speaks, ascending. */
export const VERSIONS: readonly Version[] = Object.freeze([V1_0, V1_1, V1_2, V1_3, V1_4]);
