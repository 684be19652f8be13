/* An identity for a board that has none; types in install.d.ts, host functions in install.c. Apart from chip.js for firmware without. */
export function installed() @ "xs_chip_installed"
export function begin(length) @ "xs_chip_install_begin"
export function append(data) @ "xs_chip_install_append"
export function commit() @ "xs_chip_install_commit"
