#pragma once
#include <stddef.h>
#include <stdint.h>
#include "esp_err.h"
typedef enum { HMAC_KEY0, HMAC_KEY5 = 5 } hmac_key_id_t;
esp_err_t esp_hmac_calculate(hmac_key_id_t key, const void *message, size_t length, uint8_t *hmac);
