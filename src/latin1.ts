/** The bytes of a string of characters below 0x100. Without imports; XS may have no TextEncoder. */
export function latin1(characters: string): Uint8Array {
  const bytes = new Uint8Array(characters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = characters.charCodeAt(i);
  return bytes;
}
