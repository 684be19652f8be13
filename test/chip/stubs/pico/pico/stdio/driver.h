#pragma once
typedef struct stdio_driver {
	void (*out_chars)(const char *from, int length);
	int (*in_chars)(char *into, int length);
} stdio_driver_t;
