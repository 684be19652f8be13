/*
 * I2C bus 0 in the controller's new register mode: target by DMA straight into a ring of frames, controller to answer.
 * A block write from the bus ends in one interrupt, which closes the slot and hands the next one to the hardware.
 */
#include "ast1030.h"
#include <string.h>

#define I2C_GLOBAL_CONTROL REGISTER(0x7E7B000Cu)
#define NEW_REGISTER_MODE (1u << 2)
#define BUS 0x7E7B0080u
#define BUS_CONTROL REGISTER(BUS + 0x00)
#define BUS_ENABLE_BOTH_ROLES 3u
#define CONTROLLER_INTERRUPTS REGISTER(BUS + 0x10)
#define CONTROLLER_STATUS REGISTER(BUS + 0x14)
#define CONTROLLER_COMMAND REGISTER(BUS + 0x18)
#define CONTROLLER_LENGTH REGISTER(BUS + 0x1C)
#define TARGET_INTERRUPTS REGISTER(BUS + 0x20)
#define TARGET_STATUS REGISTER(BUS + 0x24)
#define TARGET_COMMAND REGISTER(BUS + 0x28)
#define TARGET_LENGTH REGISTER(BUS + 0x2C)
#define CONTROLLER_SOURCE REGISTER(BUS + 0x30)
#define TARGET_DESTINATION REGISTER(BUS + 0x3C)
#define TARGET_ADDRESS REGISTER(BUS + 0x40)
#define CONTROLLER_COUNT REGISTER(BUS + 0x48)
#define TARGET_COUNT REGISTER(BUS + 0x4C)

#define PACKET_DONE (1u << 16)
#define PACKET_FAILED (1u << 17)
#define NOT_ACKNOWLEDGED (1u << 1)
#define ARBITRATION_LOST (1u << 3)
#define LENGTH_SET_TRANSMIT (1u << 15)
#define LENGTH_SET_RECEIVE (1u << 31)
#define COUNT_MASK 0x1FFFu
#define ADDRESS_ENABLE (1u << 7)
#define TARGET_RECEIVE_BY_DMA (PACKET_DONE | 1u << 9)
#define SEND_BLOCK_BY_DMA (PACKET_DONE | 1u << 8 | 1u << 5 | 1u << 1 | 1u << 0) /* packet: DMA, STOP, transmit, START */

#define NVIC_ENABLE(irq) REGISTER(0xE000E100u + 4 * ((irq) / 32))
#define NVIC_DISABLE(irq) REGISTER(0xE000E180u + 4 * ((irq) / 32))
#define IRQ 110u

/* A full message of 4 KiB in baseline packets is 64 frames; half of that may wait while one is worked on. */
#define SLOT_COUNT 32u
/* Frame at offset 3, so that what DMA writes begins on a word. */
#define DMA_OFFSET 4u
struct slot {
	uint32_t length;
	uint8_t bytes[3 + FRAME_LENGTH_MAX + 2];
};

#define ATTEMPTS 8u
/* A full frame at 100 kHz takes 24 ms. */
#define TRANSMIT_TIMEOUT_MS 100u
/* CUT_SHORT: the controller took another command just before, and ours was not carried out in full. */
enum transmission { IDLE, UNDERWAY, DONE, CUT_SHORT, REFUSED };

struct i2c_counters i2c_counters;
static struct slot ring[SLOT_COUNT] __attribute__((aligned(4)));
static volatile uint32_t filled, released;
static volatile bool stalled;
static volatile enum transmission transmission;
static uint32_t transmitLength;
static uint8_t transmitBuffer[FRAME_LENGTH_MAX] __attribute__((aligned(4)));
static uint8_t ownAddress;

static void arm_target(void)
{
	TARGET_COUNT = 0;
	TARGET_DESTINATION = (uint32_t)(ring[filled % SLOT_COUNT].bytes + DMA_OFFSET);
	TARGET_LENGTH = LENGTH_SET_RECEIVE | (FRAME_LENGTH_MAX - 2) << 16;
	TARGET_COMMAND = TARGET_RECEIVE_BY_DMA;
}

static bool i2c_open(const struct port_options *options)
{
	ownAddress = options->address;
	filled = released = 0;
	stalled = false;
	memset(ring, 0, sizeof ring);
	I2C_GLOBAL_CONTROL = NEW_REGISTER_MODE;
	BUS_CONTROL = BUS_ENABLE_BOTH_ROLES;
	CONTROLLER_INTERRUPTS = PACKET_DONE;
	TARGET_INTERRUPTS = PACKET_DONE;
	TARGET_ADDRESS = ownAddress | ADDRESS_ENABLE;
	arm_target();
	NVIC_ENABLE(IRQ) = 1u << (IRQ % 32);
	return true;
}

static void i2c_close(void)
{
	NVIC_DISABLE(IRQ) = 1u << (IRQ % 32);
	TARGET_ADDRESS = 0;
	TARGET_COMMAND = 0;
	BUS_CONTROL = 0;
	filled = released = 0;
}

/* Closes the slot that the hardware filled. Frames that no SMBus block write can be are left to the binding's checks. */
static void close_slot(void)
{
	struct slot *slot = &ring[filled % SLOT_COUNT];
	uint8_t *frame = slot->bytes + DMA_OFFSET - 1;
	uint32_t count = TARGET_COUNT >> 16 & COUNT_MASK;
	frame[0] = (uint8_t)(ownAddress << 1);
	/* QEMU leaves the hardware's count at 0: address, command and count bytes, what they count, PEC. */
	slot->length = count ? count + 1 : frame[2] + 4u;
	filled++;
	i2c_counters.received++;
	arm_target();
	TARGET_STATUS = PACKET_DONE;
}

static void target_done(void)
{
	/* The ring always keeps the slot that the hardware is filling. */
	if (filled - released < SLOT_COUNT - 1) {
		close_slot();
		return;
	}
	/* The status stays, and with it the hardware refuses the next frame, until `i2c_read` has freed a slot. */
	i2c_counters.stalled++;
	stalled = true;
	NVIC_DISABLE(IRQ) = 1u << (IRQ % 32);
}

static void launch(void)
{
	CONTROLLER_COUNT = 0;
	CONTROLLER_LENGTH = LENGTH_SET_TRANSMIT | (transmitLength - 2);
	CONTROLLER_SOURCE = (uint32_t)(transmitBuffer + 1);
	transmission = UNDERWAY;
	DMA_BARRIER();
	CONTROLLER_COMMAND = SEND_BLOCK_BY_DMA | (uint32_t)(transmitBuffer[0] >> 1) << 24;
}

static void controller_done(void)
{
	uint32_t status = CONTROLLER_STATUS;
	uint32_t count = CONTROLLER_COUNT & COUNT_MASK;
	CONTROLLER_STATUS = PACKET_DONE;
	if (transmission != UNDERWAY)
		i2c_counters.spurious++;
	else if (status & (PACKET_FAILED | NOT_ACKNOWLEDGED | ARBITRATION_LOST))
		transmission = REFUSED;
	else
		transmission = count == transmitLength - 1 ? DONE : CUT_SHORT;
}

void i2c_interrupt(void)
{
	if (CONTROLLER_STATUS & PACKET_DONE)
		controller_done();
	if (TARGET_STATUS & PACKET_DONE)
		target_done();
}

static uint32_t i2c_readable(void)
{
	return filled - released;
}

static size_t i2c_read(void *frame, size_t capacity)
{
	struct slot *slot = &ring[released % SLOT_COUNT];
	if (filled == released)
		return 0;
	size_t length = slot->length;
	if (length > FRAME_LENGTH_MAX)
		length = FRAME_LENGTH_MAX;
	if (length <= capacity)
		memcpy(frame, slot->bytes + DMA_OFFSET - 1, length);
	else
		length = 0;
	/* A write cut short, or of the address alone, shall not find the rest of an old frame here. */
	memset(slot, 0, sizeof *slot);
	DMA_BARRIER();
	released++;
	if (stalled) {
		stalled = false;
		NVIC_ENABLE(IRQ) = 1u << (IRQ % 32);
	}
	return length;
}

/* Runs one transmission to its end and says how it ended. */
static enum transmission transmit(void)
{
	uint32_t begun = clock_milliseconds();
	uint32_t primask = interrupts_disable();
	launch();
	while (transmission == UNDERWAY) {
		if (CONTROLLER_STATUS & PACKET_DONE)
			controller_done();
		else if (clock_milliseconds() - begun > TRANSMIT_TIMEOUT_MS)
			transmission = REFUSED;
		else if (!stalled)
			__asm__ volatile("dsb\n\twfi" ::: "memory");
		__asm__ volatile("cpsie i\n\tisb\n\tcpsid i" ::: "memory");
	}
	enum transmission end = transmission;
	transmission = IDLE;
	interrupts_restore(primask);
	return end;
}

static bool i2c_write(const void *frame, size_t length)
{
	if (length < 3 || length > FRAME_LENGTH_MAX)
		return false;
	memcpy(transmitBuffer, frame, length);
	transmitLength = length;
	for (unsigned attempt = 0; attempt < ATTEMPTS; attempt++) {
		if (transmit() == DONE) {
			i2c_counters.sent++;
			return true;
		}
		i2c_counters.resent++;
	}
	i2c_counters.refused++;
	return false;
}

const struct port_driver i2c_driver = { i2c_open, i2c_close, i2c_readable, i2c_read, i2c_write };

const struct port_driver *port_driver(enum port_kind kind)
{
	return kind == PORT_I2C ? &i2c_driver : NULL;
}
