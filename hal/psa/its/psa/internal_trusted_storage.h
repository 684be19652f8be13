/* Where Mbed TLS looks for the storage API once storage is not its own: its.c implements Mbed TLS's declarations. */
#include <psa_crypto_its.h>
