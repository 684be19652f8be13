/** Starts the random number generator, measures the image and finds the identity. Once, before all else of the chip's. */
export function boot(): void;
/** Whether this is a debug build, in which xsbug has USB to itself. */
export function debugging(): boolean;
