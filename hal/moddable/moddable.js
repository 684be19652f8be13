/* What firmware built by the Moddable SDK does before anything else; types in moddable.d.ts, host functions in deliver.c. */
export function boot() @ "xs_moddable_boot"
export function debugging() @ "xs_moddable_debugging"
