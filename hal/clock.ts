/** Milliseconds since some fixed moment, as a 32-bit integer that wraps; compare by signed difference. */
export type Clock = () => number;
