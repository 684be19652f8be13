#pragma once
void stdio_set_chars_available_callback(void (*available)(void *), void *refcon);
