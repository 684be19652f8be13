/*
 * The RP2040's and RP2350's I2C controller, a DesignWare DW_apb_i2c: target to receive, by interrupt into a ring of frames,
 * and controller to answer. It cannot be both at once, so that an answer turns it round and back. While it is turned nobody
 * finds us at our address: who tries gets no acknowledgement and tries again, as SMBus has it.
 */
#include "pico-hal.h"
#include "frames.h"
#include <hardware/gpio.h>
#include <hardware/i2c.h>
#include <hardware/irq.h>
#include <pico/time.h>

#define ATTEMPTS 8u
/* A full frame at 100 kHz takes 24 ms. */
#define TRANSMIT_TIMEOUT_US 100000u
/* A block write of 259 bytes at 100 kHz, and as much for a clock that is stretched. */
#define IDLE_TIMEOUT_US 50000u
/* Target again between two attempts, growing: who won the bus may be writing to us. */
#define PAUSE_US 500u

#define TARGET_CONTROL \
	(I2C_IC_CON_SPEED_VALUE_FAST << I2C_IC_CON_SPEED_LSB | I2C_IC_CON_STOP_DET_IFADDRESSED_BITS \
	 | I2C_IC_CON_RX_FIFO_FULL_HLD_CTRL_BITS)
#define CONTROLLER_CONTROL \
	(I2C_IC_CON_SPEED_VALUE_FAST << I2C_IC_CON_SPEED_LSB | I2C_IC_CON_MASTER_MODE_BITS \
	 | I2C_IC_CON_IC_SLAVE_DISABLE_BITS | I2C_IC_CON_IC_RESTART_EN_BITS | I2C_IC_CON_TX_EMPTY_CTRL_BITS)
#define TARGET_INTERRUPTS \
	(I2C_IC_INTR_MASK_M_RX_FULL_BITS | I2C_IC_INTR_MASK_M_STOP_DET_BITS | I2C_IC_INTR_MASK_M_RD_REQ_BITS \
	 | I2C_IC_INTR_MASK_M_TX_ABRT_BITS)

struct pico_i2c_counters pico_i2c_counters;
static struct frames frames;
static i2c_inst_t *bus;
static uint interrupt, rate;
static uint8_t ownAddress;
static uint8_t pins[2];

static void close_frame(void)
{
	if (frames_close(&frames)) {
		pico_i2c_counters.received++;
		port_notify();
	}
}

/* The FIFO may hold the end of one transaction and the beginning of the next: the hardware marks each first byte. */
static void take_byte(uint32_t entry)
{
	if (entry & I2C_IC_DATA_CMD_FIRST_DATA_BYTE_BITS || frames_open_length(&frames) == 0) {
		close_frame();
		frames_append(&frames, (uint8_t)(ownAddress << 1));
	}
	frames_append(&frames, (uint8_t)entry);
}

static void target_interrupt(void)
{
	i2c_hw_t *hw = i2c_get_hw(bus);
	uint32_t pending = hw->intr_stat;
	bool stopped = pending & I2C_IC_INTR_STAT_R_STOP_DET_BITS;
	/* Before the FIFO is emptied: a STOP that comes meanwhile raises the interrupt again. */
	if (stopped)
		(void)hw->clr_stop_det;
	if (pending & I2C_IC_INTR_STAT_R_TX_ABRT_BITS)
		(void)hw->clr_tx_abrt;
	while (hw->rxflr)
		take_byte(hw->data_cmd);
	/* MCTP never reads from us; the clock is held until there is an answer. */
	if (pending & I2C_IC_INTR_STAT_R_RD_REQ_BITS) {
		(void)hw->clr_rd_req;
		hw->data_cmd = 0xFF;
		pico_i2c_counters.spurious++;
	}
	/*
	 * While the next transaction is under way, its first byte closes this frame, or the STOP that ends it. If it ended
	 * meanwhile, the rest of it lies in the FIFO, and its own STOP has raised the interrupt again.
	 */
	if (stopped && !(hw->status & I2C_IC_STATUS_SLV_ACTIVITY_BITS) && !hw->rxflr)
		close_frame();
}

static bool disable(i2c_hw_t *hw)
{
	hw->enable = 0;
	for (unsigned tries = 0; hw->enable_status & I2C_IC_ENABLE_STATUS_IC_EN_BITS; tries++) {
		if (tries == 1000)
			return false;
		busy_wait_us_32(10);
	}
	return true;
}

/*
 * Whatever it was, it is nothing now. The controller ends when the byte under way has, which never comes while somebody holds
 * the clock (RP2040 data sheet §4.3.10.3); then it is reset, which waits for nobody.
 */
static void stop(i2c_hw_t *hw)
{
	bool lost;
	irq_set_enabled(interrupt, false);
	hw->intr_mask = 0;
	if (disable(hw))
		lost = hw->enable_status & I2C_IC_ENABLE_STATUS_SLV_RX_DATA_LOST_BITS;
	else {
		lost = frames_open_length(&frames) != 0;
		pico_i2c_counters.reset++;
		/* Leaves it enabled, and the reset its interrupts. */
		i2c_init(bus, rate);
		hw->intr_mask = 0;
		if (!disable(hw))
			fatal("I2C controller does not stop", NULL);
	}
	if (lost) {
		frames_discard(&frames);
		pico_i2c_counters.lost++;
	}
}

static void become_target(void)
{
	i2c_hw_t *hw = i2c_get_hw(bus);
	stop(hw);
	hw->con = TARGET_CONTROL;
	hw->sar = ownAddress;
	hw->rx_tl = 0;
	(void)hw->clr_intr;
	hw->intr_mask = TARGET_INTERRUPTS;
	hw->enable = I2C_IC_ENABLE_ENABLE_BITS;
	irq_set_enabled(interrupt, true);
}

/* Waits until nobody writes to us and all that came is in the ring, then turns. False: the bus is never quiet. */
static bool become_controller(uint8_t destination)
{
	i2c_hw_t *hw = i2c_get_hw(bus);
	absolute_time_t limit = make_timeout_time_us(IDLE_TIMEOUT_US);
	irq_set_enabled(interrupt, false);
	while (hw->status & I2C_IC_STATUS_SLV_ACTIVITY_BITS || hw->rxflr || hw->intr_stat) {
		irq_set_enabled(interrupt, true);
		if (time_reached(limit))
			return false;
		irq_set_enabled(interrupt, false);
	}
	/* Who began between the look and the turn begins again. */
	stop(hw);
	hw->con = CONTROLLER_CONTROL;
	hw->tar = destination;
	(void)hw->clr_intr;
	hw->enable = I2C_IC_ENABLE_ENABLE_BITS;
	return true;
}

/*
 * STOP_DET alone does not tell that our frame has ended: while we wait for the bus, or for our turn, it tells of others' too
 * (RP2040 data sheet §4.3.17, IC_RAW_INTR_STAT; STOP_DET_IF_MASTER_ACTIVE is 0). Ours it is when nothing is left to send.
 */
static bool has_sent(uint32_t state, uint32_t raw)
{
	return raw & I2C_IC_RAW_INTR_STAT_STOP_DET_BITS
	       && (state & (I2C_IC_STATUS_TFE_BITS | I2C_IC_STATUS_MST_ACTIVITY_BITS)) == I2C_IC_STATUS_TFE_BITS;
}

/* Sends the frame behind its address byte; false if it was not acknowledged, or the bus was lost. */
static bool transmit(const uint8_t *frame, size_t length)
{
	i2c_hw_t *hw = i2c_get_hw(bus);
	absolute_time_t limit = make_timeout_time_us(TRANSMIT_TIMEOUT_US);
	size_t sent = 1;
	while (!time_reached(limit)) {
		/* The state first: what aborts empties the FIFO too, and must not look like the end. */
		uint32_t state = hw->status;
		uint32_t raw = hw->raw_intr_stat;
		if (raw & I2C_IC_RAW_INTR_STAT_TX_ABRT_BITS) {
			(void)hw->clr_tx_abrt;
			return false;
		}
		if (sent == length && has_sent(state, raw))
			return true;
		if (sent < length && state & I2C_IC_STATUS_TFNF_BITS) {
			bool last = sent == length - 1;
			hw->data_cmd = frame[sent++] | (last ? I2C_IC_DATA_CMD_STOP_BITS : 0);
		}
	}
	return false;
}

static bool pico_i2c_write(const void *data, size_t length)
{
	const uint8_t *frame = data;
	if (length < 3 || length > FRAME_LENGTH_MAX)
		return false;
	for (unsigned attempt = 1; attempt <= ATTEMPTS; attempt++) {
		bool done = become_controller(frame[0] >> 1) && transmit(frame, length);
		become_target();
		if (done) {
			pico_i2c_counters.sent++;
			return true;
		}
		pico_i2c_counters.resent++;
		sleep_us(attempt * PAUSE_US);
	}
	pico_i2c_counters.refused++;
	return false;
}

static bool pico_i2c_open(const struct port_options *options)
{
	/* SDA is even, SCL the pin above it, and bit 1 of both says which controller. */
	if (options->data & 1 || options->clock != options->data + 1 || options->clock >= NUM_BANK0_GPIOS)
		return false;
	bus = options->data & 2 ? i2c1 : i2c0;
	interrupt = options->data & 2 ? I2C1_IRQ : I2C0_IRQ;
	rate = options->rate;
	ownAddress = options->address;
	pins[0] = options->data;
	pins[1] = options->clock;
	frames_clear(&frames);
	i2c_init(bus, rate);
	for (unsigned i = 0; i < 2; i++) {
		gpio_set_function(pins[i], GPIO_FUNC_I2C);
		gpio_pull_up(pins[i]);
	}
	irq_set_exclusive_handler(interrupt, target_interrupt);
	become_target();
	return true;
}

static void pico_i2c_close(void)
{
	irq_set_enabled(interrupt, false);
	irq_remove_handler(interrupt, target_interrupt);
	i2c_deinit(bus);
	for (unsigned i = 0; i < 2; i++)
		gpio_deinit(pins[i]);
	frames_clear(&frames);
}

static uint32_t pico_i2c_readable(void)
{
	return frames_waiting(&frames);
}

static size_t pico_i2c_read(void *into, size_t capacity)
{
	return frames_take(&frames, into, capacity);
}

const struct port_driver pico_i2c_driver = {
	pico_i2c_open, pico_i2c_close, pico_i2c_readable, pico_i2c_read, pico_i2c_write,
};
