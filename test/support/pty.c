/*
 * A serial line for tests: makes a pseudo-terminal, prints the path of its terminal, and is the device at the far end,
 * which says what comes in on stdin and writes what it hears to stdout. Ends with stdin, and to whoever has the
 * terminal open that is a device which was unplugged.
 */
#define _XOPEN_SOURCE 600
#define _DEFAULT_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

static void die(const char *what)
{
	perror(what);
	exit(1);
}

/* Returns 0 at the end of `from`. */
static int carry(int from, int to)
{
	char bytes[4096];
	ssize_t length = read(from, bytes, sizeof bytes);
	if (length < 0)
		die("read");
	for (ssize_t done = 0; done < length;) {
		ssize_t written = write(to, bytes + done, (size_t)(length - done));
		if (written < 0)
			die("write");
		done += written;
	}
	return length > 0;
}

int main(void)
{
	int line = posix_openpt(O_RDWR | O_NOCTTY);
	if (line < 0 || grantpt(line) < 0 || unlockpt(line) < 0)
		die("pseudo-terminal");
	const char *path = ptsname(line);
	/* Kept open: without anybody at the terminal's side, reading at this one fails. */
	int terminal = path == NULL ? -1 : open(path, O_RDWR | O_NOCTTY);
	struct termios settings;
	if (terminal < 0 || tcgetattr(terminal, &settings) < 0)
		die("terminal");
	/* Nothing is echoed, whoever opens it and whenever. */
	cfmakeraw(&settings);
	if (tcsetattr(terminal, TCSANOW, &settings) < 0)
		die("terminal");
	printf("%s\n", path);
	fflush(stdout);

	struct pollfd ends[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = line, .events = POLLIN}};
	for (;;) {
		if (poll(ends, 2, -1) < 0)
			die("poll");
		if (ends[0].revents != 0 && !carry(STDIN_FILENO, line))
			return 0;
		if (ends[1].revents != 0 && !carry(line, STDOUT_FILENO))
			return 0;
	}
}
