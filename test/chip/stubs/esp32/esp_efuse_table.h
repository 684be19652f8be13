#pragma once
#include "esp_efuse.h"
/* A chip's table has its own fields only. */
#if CONFIG_IDF_TARGET_ESP32
extern const esp_efuse_desc_t *ESP_EFUSE_JTAG_DISABLE[];
#else
extern const esp_efuse_desc_t *ESP_EFUSE_DIS_PAD_JTAG[], *ESP_EFUSE_DIS_USB_JTAG[];
#endif
