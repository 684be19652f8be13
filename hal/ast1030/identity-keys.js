/* Keys of the identity image in C; types in identity-keys.d.ts. Apart from ast1030.js for firmware without PSA. */
export function identityKey(index) @ "xs_ast1030_identity_key"
export function pskExtract(index, digestLength, salt, out) @ "xs_ast1030_psk_extract"
