/* What newlib asks of a system without one. */
#include <errno.h>
#include <stddef.h>
#include <sys/stat.h>
#include "ast1030.h"

extern char __heap_start[], __heap_end[];

void *_sbrk(ptrdiff_t increment)
{
	static char *end = __heap_start;
	char *start = end;
	if (increment > __heap_end - end) {
		errno = ENOMEM;
		return (void *)-1;
	}
	end += increment;
	if ((uint32_t)(end - __heap_start) > accounting.heapPeakLength)
		accounting.heapPeakLength = (uint32_t)(end - __heap_start);
	return start;
}

int _write(int file, const char *text, int length)
{
	(void)file;
	for (int i = 0; i < length; i++) {
		char character[2] = { text[i], 0 };
		console_write(character);
	}
	return length;
}

/* stdio, which XS's reports print through, asks for these; standard output is all there is. */
int _read(int file, char *into, int length)
{
	(void)file, (void)into, (void)length;
	return 0;
}

int _close(int file)
{
	(void)file;
	return -1;
}

int _lseek(int file, int offset, int whence)
{
	(void)file, (void)offset, (void)whence;
	return -1;
}

int _fstat(int file, struct stat *status)
{
	(void)file;
	status->st_mode = S_IFCHR;
	return 0;
}

int _isatty(int file)
{
	(void)file;
	return 1;
}

void _exit(int status)
{
	(void)status;
	fatal("exit called", NULL);
}
