/* The ROM's printf: it works before any driver does, and after most have failed. */
#include "chip.h"
#include <esp_rom_sys.h>
#include <esp_system.h>

void console_write(const char *text)
{
	esp_rom_printf("%s", text);
}

void fatal(const char *reason, const char *detail)
{
	esp_rom_printf("fatal: %s%s%s\n", reason, detail ? ": " : "", detail ? detail : "");
	esp_restart();
}
