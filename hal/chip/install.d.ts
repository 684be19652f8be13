/** Whether a good identity is there already; then the others do nothing and return false. */
export function installed(): boolean;
/** Makes room for an image of `length` bytes; false if it does not fit, or the flash failed. */
export function begin(length: number): boolean;
/** The image's next bytes. */
export function append(data: Uint8Array): boolean;
/** Checks the image; if it is good it counts from the next boot on. */
export function commit(): boolean;
