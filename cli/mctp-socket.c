/*
 * Linux's MCTP sockets for `spdm attest mctp:NET,EID`, since Node has no binding of AF_MCTP: NET and EID are the
 * arguments. Messages come on stdin, their answers go to stdout, both as
 *
 * | offset | field    | size | value                                              |
 * |--------|----------|------|----------------------------------------------------|
 * | 0      | length   | 4    | bytes after it, little-endian: 2 to 2 + MESSAGE_MAX |
 * | 4      | sequence | 1    | the message's, repeated in its answer              |
 * | 5      | type     | 1    | MCTP message type, without the IC bit              |
 * | 6      | message  |      | without its type                                   |
 *
 * Each message gets a socket of its own, kept until its answer comes or SOCKET_COUNT further messages are sent. The
 * kernel finds the socket by the tag, which it does not show, and gives no other message a tag that is in use: so a
 * late answer comes to the socket of the message that it answers, and can be told from the next one's.
 *
 * Ends with stdin. Whatever goes wrong is one line on stderr and exit status 1.
 */
#include <errno.h>
#include <linux/mctp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef AF_MCTP
#define AF_MCTP 45
#endif

/* What net/mctp reassembles. */
#define MESSAGE_MAX 65536
#define HEAD_LENGTH 2
#define LENGTH_LENGTH 4
/* Tags that one endpoint can have in use towards another. */
#define SOCKET_COUNT 8
#define EID_MIN 8
#define EID_MAX 254
#define TYPE_MAX 0x7f

struct request {
	int socket;
	uint8_t sequence;
};

static struct request requests[SOCKET_COUNT];
static unsigned int next_request;
static unsigned int network;
static uint8_t eid;
/* One byte more than is taken: what fills it was longer. */
static uint8_t record[LENGTH_LENGTH + HEAD_LENGTH + MESSAGE_MAX + 1];

static void fail(const char *what)
{
	fprintf(stderr, "%s\n", what);
	exit(1);
}

static void fail_system(const char *what)
{
	int error = errno;
	if (error == EAFNOSUPPORT)
		fprintf(stderr, "this kernel has no MCTP: it needs Linux 5.15 or newer with CONFIG_MCTP\n");
	else if (error == EACCES || error == EPERM)
		fprintf(stderr, "%s: not permitted; MCTP needs CAP_NET_RAW, which root has\n", what);
	else if (error == EHOSTUNREACH || error == ENETUNREACH || error == ENETDOWN || error == ENODEV)
		fprintf(stderr, "no route to endpoint %u of network %u: `mctp link`, `mctp route` and `mctp neigh` show what there is\n",
			eid, network);
	else
		fprintf(stderr, "%s: %s\n", what, strerror(error));
	exit(1);
}

static int open_socket(void)
{
	int opened = socket(AF_MCTP, SOCK_DGRAM, 0);
	if (opened < 0)
		fail_system("MCTP socket");
	return opened;
}

/* Returns 0 if stdin ends before the first byte. */
static int read_whole(uint8_t *to, size_t length)
{
	for (size_t done = 0; done < length;) {
		ssize_t got = read(STDIN_FILENO, to + done, length - done);
		if (got < 0)
			fail_system("stdin");
		if (got == 0 && done == 0)
			return 0;
		if (got == 0)
			fail("stdin ended within a message");
		done += (size_t)got;
	}
	return 1;
}

static void write_whole(const uint8_t *from, size_t length)
{
	for (size_t done = 0; done < length;) {
		ssize_t written = write(STDOUT_FILENO, from + done, length - done);
		if (written < 0)
			fail_system("stdout");
		done += (size_t)written;
	}
}

/* Sends the next message of stdin; returns 0 at its end. */
static int send_request(void)
{
	if (!read_whole(record, LENGTH_LENGTH))
		return 0;
	size_t length = record[0] | record[1] << 8 | record[2] << 16 | (size_t)record[3] << 24;
	if (length < HEAD_LENGTH || length > HEAD_LENGTH + MESSAGE_MAX)
		fail("message of impossible length");
	uint8_t *head = record + LENGTH_LENGTH;
	if (!read_whole(head, length))
		fail("stdin ended within a message");
	if (head[1] > TYPE_MAX)
		fail("no MCTP message type");

	struct request *request = &requests[next_request++ % SOCKET_COUNT];
	if (request->socket >= 0)
		close(request->socket);
	request->socket = open_socket();
	request->sequence = head[0];
	struct sockaddr_mctp to = {
		.smctp_family = AF_MCTP,
		.smctp_network = network,
		.smctp_addr = {eid},
		.smctp_type = head[1],
		.smctp_tag = MCTP_TAG_OWNER,
	};
	if (sendto(request->socket, head + HEAD_LENGTH, length - HEAD_LENGTH, 0, (struct sockaddr *)&to, sizeof to) < 0)
		fail_system("sending");
	return 1;
}

static void receive_answer(struct request *request)
{
	struct sockaddr_mctp from;
	memset(&from, 0, sizeof from);
	socklen_t from_length = sizeof from;
	uint8_t *message = record + LENGTH_LENGTH + HEAD_LENGTH;
	ssize_t length = recvfrom(request->socket, message, MESSAGE_MAX + 1, MSG_DONTWAIT, (struct sockaddr *)&from,
		&from_length);
	if (length < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (length < 0)
		fail_system("receiving");
	if (length > MESSAGE_MAX || from_length < sizeof from || from.smctp_family != AF_MCTP ||
	    from.smctp_network != network || from.smctp_addr.s_addr != eid || from.smctp_type > TYPE_MAX ||
	    (from.smctp_tag & MCTP_TAG_OWNER) != 0)
		return;
	close(request->socket);
	request->socket = -1;
	size_t counted = HEAD_LENGTH + (size_t)length;
	for (int i = 0; i < LENGTH_LENGTH; i++)
		record[i] = counted >> (8 * i) & 0xff;
	record[LENGTH_LENGTH] = request->sequence;
	record[LENGTH_LENGTH + 1] = from.smctp_type;
	write_whole(record, LENGTH_LENGTH + counted);
}

/* Decimal, from `low` to `high`. */
static unsigned int number(const char *text, unsigned long low, unsigned long high)
{
	char *end;
	errno = 0;
	unsigned long value = strtoul(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || value < low || value > high)
		fail("usage: mctp-socket NET EID");
	return (unsigned int)value;
}

int main(int count, char **arguments)
{
	if (count != 3)
		fail("usage: mctp-socket NET EID");
	network = number(arguments[1], 1, 0x7fffffff);
	eid = (uint8_t)number(arguments[2], EID_MIN, EID_MAX);
	/* A kernel without MCTP says so before anything is asked. */
	close(open_socket());
	for (int i = 0; i < SOCKET_COUNT; i++)
		requests[i].socket = -1;
	for (;;) {
		struct pollfd sources[1 + SOCKET_COUNT] = {{.fd = STDIN_FILENO, .events = POLLIN}};
		/* poll passes over what is negative. */
		for (int i = 0; i < SOCKET_COUNT; i++)
			sources[1 + i] = (struct pollfd){.fd = requests[i].socket, .events = POLLIN};
		if (poll(sources, 1 + SOCKET_COUNT, -1) < 0)
			fail_system("poll");
		for (int i = 0; i < SOCKET_COUNT; i++)
			if (sources[1 + i].revents != 0)
				receive_answer(&requests[i]);
		if (sources[0].revents != 0 && !send_request())
			return 0;
	}
}
