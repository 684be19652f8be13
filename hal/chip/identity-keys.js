/* Keys of the identity image in C; types in identity-keys.d.ts. Apart from chip.js for firmware without PSA. */
export function identityKey(index) @ "xs_chip_identity_key"
export function pskExtract(index, digestLength, salt, out) @ "xs_chip_psk_extract"
