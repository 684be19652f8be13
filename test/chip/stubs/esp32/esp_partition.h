#pragma once
#include <stddef.h>
#include <stdint.h>
#include "esp_err.h"
typedef enum { ESP_PARTITION_TYPE_APP, ESP_PARTITION_TYPE_DATA } esp_partition_type_t;
typedef int esp_partition_subtype_t;
typedef struct {
	uint32_t address, size;
} esp_partition_t;
const esp_partition_t *esp_partition_find_first(esp_partition_type_t type, esp_partition_subtype_t subtype, const char *label);
esp_err_t esp_partition_read(const esp_partition_t *partition, size_t offset, void *into, size_t length);
esp_err_t esp_partition_write(const esp_partition_t *partition, size_t offset, const void *data, size_t length);
esp_err_t esp_partition_erase_range(const esp_partition_t *partition, size_t offset, size_t length);
