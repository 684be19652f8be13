/*
 * I2C by ESP-IDF's drivers: target to receive, and controller for as long as an answer takes. One peripheral does both in
 * turn, on chips with two as well: the GPIO matrix gives a pin's output to one of them only, so that a controller set up on
 * the target's pins takes the target off the bus, and its removal disables both.
 *
 * The target is off the bus for an answer's duration and well under a millisecond around it; who writes to us then is not
 * acknowledged, and tries again. The way back to target is taken whatever happened on the way out.
 */
#include "esp32-hal.h"
#include "frames.h"
#include <driver/gpio.h>
#include <driver/i2c_master.h>
#include <driver/i2c_slave.h>
#include <esp_timer.h>
#include <freertos/FreeRTOS.h>
#include <freertos/task.h>
#include <string.h>

#define PORT I2C_NUM_0
#define COMMAND_CODE 0x0F
/* Command and count before, PEC behind what the count counts: source address, MCTP's header, type. */
#define UNCOUNTED_LENGTH 3u
#define COUNT_MIN 6u
/* Of ESP-IDF's ring: a frame, and what of the next came before its interrupt. */
#define RECEIVE_LENGTH 512u

#define ATTEMPTS 6u
/* No new attempt later than this: in all, with the last one's time-out, a write takes under half a second. */
#define ATTEMPTS_TIMEOUT_MS 250u
/* SMBus calls the bus free when both lines were high for longer than T_HIGH:MAX, 50 µs. */
#define BUS_FREE_US 60
/* Somebody else's longest frame at 100 kHz takes 24 ms. */
#define BUS_FREE_TIMEOUT_MS 40u
#define RESTORE_ATTEMPTS 5u

struct esp32_i2c_counters esp32_i2c_counters;
static struct frames frames;
static struct port_options options;
static i2c_slave_dev_handle_t target;
/* The task may run on another core than the interrupt. */
static portMUX_TYPE lock = portMUX_INITIALIZER_UNLOCKED;

/* --- what to take --- */

/*
 * The length of the MCTP block write, without the address, that `length` bytes begin with, or 0. Drops what the drivers are
 * known to deliver beside frames: nothing at all, or a frame cut short. What follows a frame, too: some of the next, or stale
 * bytes, where the FIFO filled as the frame ended and the driver counted it for both. PEC is checked above.
 */
static size_t frame_length(const uint8_t *bytes, size_t length)
{
	if (length < UNCOUNTED_LENGTH + COUNT_MIN || bytes[0] != COMMAND_CODE || bytes[1] < COUNT_MIN)
		return 0;
	size_t whole = bytes[1] + UNCOUNTED_LENGTH;
	return whole <= length ? whole : 0;
}

static bool take(const uint8_t *bytes, size_t length)
{
	size_t whole = frame_length(bytes, length);
	if (whole == 0) {
		esp32_i2c_counters.malformed++;
		return false;
	}
	frames_append(&frames, (uint8_t)(options.address << 1));
	for (size_t i = 0; i < whole; i++)
		frames_append(&frames, bytes[i]);
	return frames_close(&frames);
}

/* Interrupt. Not in IRAM, as what it calls is not: while flash is written the chip stretches the clock. */
static bool on_receive(i2c_slave_dev_handle_t device, const i2c_slave_rx_done_event_data_t *event, void *context)
{
	(void)device;
	(void)context;
	portENTER_CRITICAL_ISR(&lock);
	bool taken = take(event->buffer, event->length);
	esp32_i2c_counters.received += taken;
	portEXIT_CRITICAL_ISR(&lock);
	if (taken)
		port_notify();
	return false;
}

/* --- target --- */

static bool target_start(void)
{
	const i2c_slave_config_t configuration = {
		.i2c_port = PORT,
		.sda_io_num = (gpio_num_t)options.data,
		.scl_io_num = (gpio_num_t)options.clock,
		.clk_source = I2C_CLK_SRC_DEFAULT,
		/* Nobody reads from us, but the driver wants a ring for it. */
		.send_buf_depth = 32,
		.receive_buf_depth = RECEIVE_LENGTH,
		.slave_addr = options.address,
		.addr_bit_len = I2C_ADDR_BIT_LEN_7,
	};
	static const i2c_slave_event_callbacks_t callbacks = { .on_receive = on_receive };
	if (i2c_new_slave_device(&configuration, &target) != ESP_OK) {
		target = NULL;
		return false;
	}
	if (i2c_slave_register_event_callbacks(target, &callbacks, NULL) == ESP_OK)
		return true;
	i2c_del_slave_device(target);
	target = NULL;
	return false;
}

/* A target that the driver fails to delete is gone half-way; it is not to be touched again. */
static bool target_stop(void)
{
	esp_err_t error = i2c_del_slave_device(target);
	target = NULL;
	return error == ESP_OK;
}

static void target_restore(void)
{
	for (unsigned attempt = 0; attempt < RESTORE_ATTEMPTS; attempt++) {
		if (target_start())
			return;
		vTaskDelay(1);
	}
	fatal("I2C: target cannot be restored", NULL);
}

/* --- controller --- */

/* Twice what the bytes take, nine bits each, and some clock stretching. */
static int transmit_timeout_ms(size_t length, uint32_t hz)
{
	return (int)(20 + 2 * 9 * 1000 * (uint32_t)length / hz);
}

static bool transmit_on(i2c_master_bus_handle_t bus, const uint8_t *frame, size_t length)
{
	const i2c_device_config_t peer = {
		.dev_addr_length = I2C_ADDR_BIT_LEN_7,
		.device_address = frame[0] >> 1,
		.scl_speed_hz = options.rate,
	};
	i2c_master_dev_handle_t device;
	if (i2c_master_bus_add_device(bus, &peer, &device) != ESP_OK)
		return false;
	bool sent = i2c_master_transmit(device, frame + 1, length - 1, transmit_timeout_ms(length, options.rate)) == ESP_OK;
	/* One that stays keeps the bus from being deleted, and that the target from being restored: that is found there. */
	i2c_master_bus_rm_device(device);
	return sent;
}

/* A bus of its own for each attempt: on one that has failed, the driver would begin with clock pulses into others' frames. */
static bool transmit(const uint8_t *frame, size_t length)
{
	const i2c_master_bus_config_t configuration = {
		.i2c_port = PORT,
		.sda_io_num = (gpio_num_t)options.data,
		.scl_io_num = (gpio_num_t)options.clock,
		.clk_source = I2C_CLK_SRC_DEFAULT,
		.glitch_ignore_cnt = 7,
	};
	i2c_master_bus_handle_t bus;
	if (i2c_new_master_bus(&configuration, &bus) != ESP_OK)
		return false;
	bool sent = transmit_on(bus, frame, length);
	i2c_del_master_bus(bus);
	return sent;
}

/*
 * Waits, as target, until nobody uses the bus: a controller that is just set up has not seen the START of a frame under
 * way, and would talk into it.
 */
static bool bus_free(void)
{
	uint32_t begun = clock_milliseconds();
	int64_t high = esp_timer_get_time();
	while (esp_timer_get_time() - high < BUS_FREE_US) {
		if (gpio_get_level((gpio_num_t)options.data) && gpio_get_level((gpio_num_t)options.clock))
			continue;
		if (clock_milliseconds() - begun > BUS_FREE_TIMEOUT_MS)
			return false;
		high = esp_timer_get_time();
	}
	return true;
}

static bool attempt_write(const uint8_t *frame, size_t length)
{
	if (!bus_free())
		return false;
	bool sent = target_stop() && transmit(frame, length);
	target_restore();
	return sent;
}

/* Ticks to wait before attempt `attempt`, the first of which is 0; negative: give up. */
static int backoff(unsigned attempt, uint32_t elapsedMs)
{
	if (attempt >= ATTEMPTS || elapsedMs > ATTEMPTS_TIMEOUT_MS)
		return -1;
	return attempt == 0 ? 0 : 1 << (attempt - 1);
}

/* --- the port --- */

static bool i2c_open(const struct port_options *given)
{
	if (target || given->data == given->clock)
		return false;
	options = *given;
	frames_clear(&frames);
	memset(&esp32_i2c_counters, 0, sizeof esp32_i2c_counters);
	return target_start();
}

static void i2c_close(void)
{
	if (target)
		target_stop();
	frames_clear(&frames);
}

static uint32_t i2c_readable(void)
{
	return frames_waiting(&frames);
}

static size_t i2c_read(void *into, size_t capacity)
{
	portENTER_CRITICAL(&lock);
	size_t length = frames_take(&frames, into, capacity);
	portEXIT_CRITICAL(&lock);
	return length;
}

/*
 * The drivers report a byte that was not acknowledged, lost arbitration and time-outs by one error, so all of them are
 * tried again alike. Of two that collide one wins: nothing random is needed to part them.
 */
static bool i2c_write(const void *frame, size_t length)
{
	if (!target || length < 3 || length > FRAME_LENGTH_MAX)
		return false;
	uint32_t begun = clock_milliseconds();
	int ticks;
	for (unsigned attempt = 0; (ticks = backoff(attempt, clock_milliseconds() - begun)) >= 0; attempt++) {
		esp32_i2c_counters.resent += attempt != 0;
		vTaskDelay((TickType_t)ticks);
		if (attempt_write(frame, length)) {
			esp32_i2c_counters.sent++;
			return true;
		}
	}
	esp32_i2c_counters.refused++;
	return false;
}

const struct port_driver esp32_i2c_driver = { i2c_open, i2c_close, i2c_readable, i2c_read, i2c_write };
