/* hal/psa accounts for its calls by these (SPDM_PSA_PORT_HEADER). */
#include "ast1030.h"
#define SPDM_CRYPTO_BEGIN() crypto_enter()
#define SPDM_CRYPTO_END() crypto_leave()
