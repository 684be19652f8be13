#pragma once
#include "driver/i2c_types.h"
typedef struct {
	uint8_t *buffer;
	uint32_t length;
} i2c_slave_rx_done_event_data_t;
typedef struct {
	uint8_t unused;
} i2c_slave_request_event_data_t;
typedef struct {
	bool (*on_request)(i2c_slave_dev_handle_t, const i2c_slave_request_event_data_t *, void *);
	bool (*on_receive)(i2c_slave_dev_handle_t, const i2c_slave_rx_done_event_data_t *, void *);
} i2c_slave_event_callbacks_t;
typedef struct {
	i2c_port_num_t i2c_port;
	gpio_num_t sda_io_num, scl_io_num;
	i2c_clock_source_t clk_source;
	uint32_t send_buf_depth, receive_buf_depth;
	uint16_t slave_addr;
	i2c_addr_bit_len_t addr_bit_len;
} i2c_slave_config_t;
esp_err_t i2c_new_slave_device(const i2c_slave_config_t *configuration, i2c_slave_dev_handle_t *device);
esp_err_t i2c_slave_register_event_callbacks(i2c_slave_dev_handle_t device, const i2c_slave_event_callbacks_t *callbacks, void *context);
esp_err_t i2c_del_slave_device(i2c_slave_dev_handle_t device);
