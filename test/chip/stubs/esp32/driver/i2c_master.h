#pragma once
#include "driver/i2c_types.h"
typedef struct {
	i2c_port_num_t i2c_port;
	gpio_num_t sda_io_num, scl_io_num;
	i2c_clock_source_t clk_source;
	uint8_t glitch_ignore_cnt;
} i2c_master_bus_config_t;
typedef struct {
	i2c_addr_bit_len_t dev_addr_length;
	uint16_t device_address;
	uint32_t scl_speed_hz;
} i2c_device_config_t;
esp_err_t i2c_new_master_bus(const i2c_master_bus_config_t *configuration, i2c_master_bus_handle_t *bus);
esp_err_t i2c_master_bus_add_device(i2c_master_bus_handle_t bus, const i2c_device_config_t *configuration, i2c_master_dev_handle_t *device);
esp_err_t i2c_master_transmit(i2c_master_dev_handle_t device, const uint8_t *bytes, size_t length, int timeoutMs);
esp_err_t i2c_master_bus_rm_device(i2c_master_dev_handle_t device);
esp_err_t i2c_del_master_bus(i2c_master_bus_handle_t bus);
