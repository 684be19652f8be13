/**
 * Brings the private key of the identity image's entry `index` from flash to PSA, past JavaScript, and returns its
 * identifier for `openKey` of psa.js; 0 if there is no such key.
 */
export function identityKey(index: number): number;
