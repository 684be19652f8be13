#pragma once
#include <pico/types.h>
enum { UART0_IRQ = 20, UART1_IRQ, I2C0_IRQ = 23, I2C1_IRQ };
typedef void (*irq_handler_t)(void);
void irq_set_exclusive_handler(uint interrupt, irq_handler_t handler);
void irq_remove_handler(uint interrupt, irq_handler_t handler);
void irq_set_enabled(uint interrupt, bool enabled);
