/* Aliases in C; types in alias.d.ts. Apart from identity-keys.js for firmware that issues none. */
export function aliasKey(index, measured) @ "xs_chip_alias_key"
export function aliasSign(index, digest, signature) @ "xs_chip_alias_sign"
export function aliasDone() @ "xs_chip_alias_done"
