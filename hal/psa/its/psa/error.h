/* Where Mbed TLS looks for PSA's status codes once storage is not its own. */
#include <psa/crypto_values.h>
