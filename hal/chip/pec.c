#include "chip.h"

/* CRC-8 of every nibble: two look-ups a byte, 16 bytes of table. */
static const uint8_t table[16] = {
	0x00, 0x07, 0x0E, 0x09, 0x1C, 0x1B, 0x12, 0x15, 0x38, 0x3F, 0x36, 0x31, 0x24, 0x23, 0x2A, 0x2D,
};

uint8_t pec(uint8_t seed, const void *data, size_t length)
{
	const uint8_t *byte = data;
	uint8_t crc = seed;
	while (length--) {
		crc ^= *byte++;
		crc = (uint8_t)(crc << 4) ^ table[crc >> 4];
		crc = (uint8_t)(crc << 4) ^ table[crc >> 4];
	}
	return crc;
}
