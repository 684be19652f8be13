/*
 * RP2040 data sheet §4.3: the FIFOs and the mark on each first byte, the clock held while one is full, interrupts, what
 * disabling waits for and loses, what aborts. What is written to a register acts with the access after it (`bus_settle`): only
 * that there is an access is known before.
 */
#include <string.h>
#include "pico-bus.h"
#include <hardware/i2c.h>

#define DEPTH 16u
#define RX_FULL 0x004u
#define TX_EMPTY 0x010u
#define RD_REQ 0x020u
#define TX_ABRT 0x040u
#define STOP_DET 0x200u
#define ROLES (I2C_IC_CON_MASTER_MODE_BITS | I2C_IC_CON_IC_SLAVE_DISABLE_BITS)
#define RESET_MASK 0x8FFu                       /* §4.3.17, IC_INTR_MASK: a reset lets these through */
/* What DATA_CMD is read as, and nobody writes: which of both an access was. */
#define UNWRITTEN (1u << 31)

struct world world;

static struct {
	i2c_hw_t registers;
	enum i2c_register last;
	uint32_t control, mask, raw, own, target;
	bool on, ending, lost, flushing;
	uint32_t rx[DEPTH], tx[DEPTH];
	unsigned rxCount, txCount;
	/* They: whether they address us, we left them, they ask for a byte; the byte they are at. */
	bool addressed, left, asked;
	size_t at;
	uint64_t next;
	/* We: whether a frame of ours is under way, and with the byte under way ends. */
	bool active, lastByte;
	uint8_t frame[300];
	size_t length;
	uint64_t ownNext;
} chip;

static bool is_target(void)
{
	return chip.on && !(chip.control & ROLES);
}

static uint32_t raw_interrupts(void)
{
	return chip.raw | (chip.rxCount ? RX_FULL : 0) | (chip.on && !chip.txCount ? TX_EMPTY : 0);
}

bool bus_interrupts(void)
{
	return (raw_interrupts() & chip.mask) != 0;
}

bool bus_listens(uint8_t address)
{
	return is_target() && chip.own == address && processor_listens()
	       && chip.mask == (RX_FULL | RD_REQ | TX_ABRT | STOP_DET);
}

/* --- they --- */

static void refuse(void)
{
	if (chip.at == world.diesAt)
		world.diesAt = SIZE_MAX;
	chip.addressed = chip.left = false;
	world.refused++;
	world.startAt = world.now + 10 * world.pace;
}

static void begin_theirs(void)
{
	if (chip.active || world.now < world.busyUntil)
		return;
	chip.at = 0;
	chip.asked = false;
	chip.addressed = is_target();
	if (!chip.addressed)
		refuse();
}

static void their_step(void)
{
	if (world.done == world.frameCount || world.now < world.startAt)
		return;
	if (!chip.addressed)
		begin_theirs();
	else if (chip.left)
		refuse();
	else if (world.reads && !chip.asked) {
		/* As if something was left to send to the one before: SLVFLUSH_TXFIFO. */
		chip.asked = chip.flushing = true;
		chip.raw |= RD_REQ | TX_ABRT;
	}
	else if (chip.at == world.diesAt || (world.reads && !world.answered))
		return;
	else if (world.reads || chip.at == world.lengths[world.done]) {
		chip.addressed = false;
		chip.raw |= STOP_DET;
		world.done++;
	}
	else if (chip.rxCount < DEPTH) {
		chip.rx[chip.rxCount++] = world.frames[world.done][chip.at] | (chip.at == 0 ? I2C_IC_DATA_CMD_FIRST_DATA_BYTE_BITS : 0);
		chip.at++;
	}
	else if (!(chip.control & I2C_IC_CON_RX_FIFO_FULL_HLD_CTRL_BITS))
		chip.at++;
}

/* --- we --- */

static void abort_ours(uint32_t raw)
{
	world.faults--;
	chip.raw |= TX_ABRT | raw;
	chip.txCount = 0;
	chip.flushing = true;
	chip.active = chip.ending = false;
}

static void take_next(void)
{
	chip.lastByte = chip.tx[0] & I2C_IC_DATA_CMD_STOP_BITS;
	require(chip.length < sizeof chip.frame, "we never end");
	chip.frame[chip.length++] = (uint8_t)chip.tx[0];
	memmove(chip.tx, chip.tx + 1, --chip.txCount * sizeof *chip.tx);
}

static void end_ours(void)
{
	chip.active = false;
	chip.raw |= STOP_DET;
	memcpy(world.taken, chip.frame, chip.length);
	world.takenLength = chip.length;
	world.takenCount++;
}

static void own_step(void)
{
	if (!chip.active) {
		if (!chip.on || is_target() || !chip.txCount || chip.addressed || world.now < world.busyUntil)
			return;
		chip.active = true;
		chip.lastByte = false;
		chip.frame[0] = (uint8_t)(chip.target << 1);
		chip.length = 1;
		return;
	}
	if (world.faults && world.faultAt == chip.length - 1) {
		if (world.fault != STUCK)
			abort_ours(world.fault == NAK ? STOP_DET : 0);
		else if (world.now >= world.freeAt)
			world.faults--;
		return;
	}
	if (chip.lastByte)
		end_ours();
	else if (!chip.ending && chip.txCount)
		take_next();
	if (chip.ending)
		chip.ending = chip.active = false;
}

/* --- the controller --- */

static void disable_now(void)
{
	chip.lost = chip.addressed && chip.at != 0;
	chip.left = chip.addressed;
	chip.ending = chip.active || (chip.addressed && world.holds);
	chip.on = false;
	chip.rxCount = chip.txCount = 0;
}

static void reset(bool on)
{
	if (chip.active && world.faults && world.fault == STUCK)
		world.busyUntil = world.freeAt;
	disable_now();
	chip.on = on;
	chip.lost = chip.active = chip.ending = chip.flushing = false;
	chip.raw = chip.own = 0;
	chip.mask = RESET_MASK;
	chip.control = ROLES;
}

static void write_data(uint32_t value)
{
	if (is_target()) {
		require(chip.asked && !(chip.raw & RD_REQ), "an answer that nobody waits for");
		world.answered = chip.flushing ? 0 : (uint8_t)value;
		return;
	}
	require(chip.txCount < DEPTH, "the FIFO to send is full");
	if (!chip.flushing)
		chip.tx[chip.txCount++] = value;
}

void bus_settle(void)
{
	enum i2c_register name = chip.last;
	uint32_t value = chip.registers.at[name];
	bool setsUp = name == IC_CON || name == IC_SAR || name == IC_TAR;
	chip.last = IC_COUNT - 1;
	require(!setsUp || !(chip.on || chip.ending), "set up while it is on");
	if (name == IC_CON)
		chip.control = value;
	else if (name == IC_SAR)
		chip.own = value;
	else if (name == IC_TAR)
		chip.target = value;
	else if (name == IC_INTR_MASK)
		chip.mask = value;
	else if (name == IC_ENABLE && !value)
		disable_now();
	else if (name == IC_ENABLE) {
		require(!chip.ending, "on again before it was off");
		chip.on = true;
		chip.lost = false;
	}
	else if (name == IC_DATA_CMD && value & UNWRITTEN) {
		require(chip.rxCount != 0, "nothing there to read");
		memmove(chip.rx, chip.rx + 1, --chip.rxCount * sizeof *chip.rx);
	}
	else if (name == IC_DATA_CMD)
		write_data(value);
}

void bus_step(void)
{
	world.now++;
	if (world.now == world.busyUntil && chip.on && !is_target())
		chip.raw |= STOP_DET;
	if (world.now >= chip.next) {
		chip.next = world.now + world.pace;
		their_step();
	}
	for (unsigned i = 0; world.now == world.burstAt && i < world.burst; i++)
		their_step();
	if (world.now >= chip.ownNext) {
		chip.ownNext = world.now + world.ownPace;
		own_step();
	}
}

static uint32_t clear(uint32_t which)
{
	chip.raw &= ~which;
	if (which & TX_ABRT)
		chip.flushing = false;
	return 0;
}

static uint32_t content(enum i2c_register name)
{
	switch (name) {
	case IC_DATA_CMD: return (chip.rxCount ? chip.rx[0] : 0) | UNWRITTEN;
	case IC_INTR_STAT: return raw_interrupts() & chip.mask;
	case IC_RAW_INTR_STAT: return raw_interrupts();
	case IC_CLR_INTR: return clear(RD_REQ | TX_ABRT | STOP_DET);
	case IC_CLR_RD_REQ: return clear(RD_REQ);
	case IC_CLR_TX_ABRT: return clear(TX_ABRT);
	case IC_CLR_STOP_DET: return clear(STOP_DET);
	case IC_RXFLR: return chip.rxCount;
	case IC_ENABLE_STATUS:
		return (chip.on || chip.ending ? I2C_IC_ENABLE_STATUS_IC_EN_BITS : 0)
		       | (chip.lost ? I2C_IC_ENABLE_STATUS_SLV_RX_DATA_LOST_BITS : 0);
	case IC_STATUS:
		return (chip.addressed && !chip.left ? I2C_IC_STATUS_SLV_ACTIVITY_BITS : 0)
		       | (chip.active ? I2C_IC_STATUS_MST_ACTIVITY_BITS : 0) | (chip.txCount ? 0 : I2C_IC_STATUS_TFE_BITS)
		       | (chip.txCount < DEPTH ? I2C_IC_STATUS_TFNF_BITS : 0);
	default: return chip.registers.at[name];
	}
}

enum i2c_register i2c_access(enum i2c_register name)
{
	processor_pass();
	chip.registers.at[name] = content(name);
	return chip.last = name;
}

/* --- the pico-sdk --- */

void bus_reset(void)
{
	memset(&world, 0, sizeof world);
	memset(&chip, 0, sizeof chip);
	processor_reset();
	world.ownPace = 20;
	world.diesAt = SIZE_MAX;
	chip.last = IC_COUNT - 1;
}

i2c_inst_t *const i2c0 = (i2c_inst_t *)&chip, *const i2c1 = (i2c_inst_t *)&chip.registers;
i2c_hw_t *i2c_get_hw(i2c_inst_t *i2c) { require(i2c == i2c0, "another controller"); return &chip.registers; }
uint i2c_init(i2c_inst_t *i2c, uint hz) { (void)i2c; bus_settle(); reset(true); return hz; }
void i2c_deinit(i2c_inst_t *i2c) { (void)i2c; bus_settle(); reset(false); }
