/*
 * Stands in for the kernel's MCTP (AF_MCTP), preloaded into a process: what is sent goes as datagrams to port FAKE_MCTP
 * of the loopback, where a test answers. Checks what net/mctp checks of a socket's address and flags.
 *
 * A datagram: network (4 bytes, little-endian) | endpoint | type | tag with TO | message. The same comes back.
 *
 * FAKE_MCTP_SOCKET_ERRNO and FAKE_MCTP_SEND_ERRNO make socket() and sendto() fail.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <linux/mctp.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifndef AF_MCTP
#define AF_MCTP 45
#endif

#define FD_COUNT 1024
#define HEAD_LENGTH 7
#define DATAGRAM_MAX 65507

static char is_mctp[FD_COUNT];

/* The next definition of a function: the C library's. */
#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

static int fails_by(const char *variable)
{
	const char *value = getenv(variable);
	if (value != NULL)
		errno = atoi(value);
	return value != NULL;
}

static int refuse(int error)
{
	errno = error;
	return -1;
}

int socket(int domain, int type, int protocol)
{
	if (domain != AF_MCTP)
		return NEXT(socket)(domain, type, protocol);
	if (fails_by("FAKE_MCTP_SOCKET_ERRNO"))
		return -1;
	if (protocol != 0)
		return refuse(EPROTONOSUPPORT);
	if (type != SOCK_DGRAM)
		return refuse(ESOCKTNOSUPPORT);
	int made = NEXT(socket)(AF_INET, SOCK_DGRAM, 0);
	if (made >= FD_COUNT)
		abort();
	if (made >= 0)
		is_mctp[made] = 1;
	return made;
}

int close(int fd)
{
	if (fd >= 0 && fd < FD_COUNT)
		is_mctp[fd] = 0;
	return NEXT(close)(fd);
}

ssize_t sendto(int fd, const void *message, size_t length, int flags, const struct sockaddr *address,
	socklen_t address_length)
{
	if (fd < 0 || fd >= FD_COUNT || !is_mctp[fd])
		return NEXT(sendto)(fd, message, length, flags, address, address_length);
	const struct sockaddr_mctp *to = (const struct sockaddr_mctp *)address;
	if (to == NULL)
		return refuse(EDESTADDRREQ);
	if (address_length < sizeof *to || to->smctp_family != AF_MCTP || to->__smctp_pad0 != 0 ||
	    to->__smctp_pad1 != 0 || (to->smctp_tag & ~(MCTP_TAG_MASK | MCTP_TAG_OWNER)) != 0 ||
	    (flags & ~MSG_DONTWAIT) != 0)
		return refuse(EINVAL);
	/* Who asks lets the kernel choose the tag. */
	if (to->smctp_tag != MCTP_TAG_OWNER || length > DATAGRAM_MAX - HEAD_LENGTH)
		return refuse(EINVAL);
	if (fails_by("FAKE_MCTP_SEND_ERRNO"))
		return -1;
	uint8_t datagram[DATAGRAM_MAX];
	for (int i = 0; i < 4; i++)
		datagram[i] = to->smctp_network >> (8 * i) & 0xff;
	datagram[4] = to->smctp_addr.s_addr;
	datagram[5] = to->smctp_type;
	datagram[6] = MCTP_TAG_OWNER | (fd & MCTP_TAG_MASK);
	memcpy(datagram + HEAD_LENGTH, message, length);
	struct sockaddr_in port = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)atoi(getenv("FAKE_MCTP"))),
		.sin_addr = {htonl(INADDR_LOOPBACK)},
	};
	ssize_t sent = NEXT(sendto)(fd, datagram, HEAD_LENGTH + length, flags, (struct sockaddr *)&port, sizeof port);
	return sent < 0 ? sent : (ssize_t)length;
}

ssize_t recvfrom(int fd, void *message, size_t length, int flags, struct sockaddr *address, socklen_t *address_length)
{
	if (fd < 0 || fd >= FD_COUNT || !is_mctp[fd])
		return NEXT(recvfrom)(fd, message, length, flags, address, address_length);
	if ((flags & ~(MSG_DONTWAIT | MSG_TRUNC | MSG_PEEK)) != 0)
		return refuse(EOPNOTSUPP);
	uint8_t datagram[DATAGRAM_MAX];
	ssize_t got = NEXT(recvfrom)(fd, datagram, sizeof datagram, flags & ~MSG_TRUNC, NULL, NULL);
	if (got < 0)
		return got;
	if (got < HEAD_LENGTH)
		return refuse(EBADMSG);
	size_t whole = (size_t)got - HEAD_LENGTH;
	size_t fits = whole < length ? whole : length;
	memcpy(message, datagram + HEAD_LENGTH, fits);
	struct sockaddr_mctp from = {
		.smctp_family = AF_MCTP,
		.smctp_network = datagram[0] | datagram[1] << 8 | datagram[2] << 16 | (unsigned int)datagram[3] << 24,
		.smctp_addr = {datagram[4]},
		.smctp_type = datagram[5],
		.smctp_tag = datagram[6],
	};
	if (address != NULL && address_length != NULL) {
		memcpy(address, &from, *address_length < sizeof from ? *address_length : sizeof from);
		*address_length = sizeof from;
	}
	return (ssize_t)((flags & MSG_TRUNC) != 0 ? whole : fits);
}
