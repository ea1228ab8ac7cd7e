/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The netlink socket of uevents. libnl makes it and joins the group; messages are no netlink messages
 * and are received as they are, so that the sender and an overrun can be seen, and without memory.
 */
#include "lib/monitor/netlink.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netlink.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

#define GROUP_KERNEL   1
#define GROUP_UDEV     2
#define DEFAULT_BUFFER (1 << 20)

static int socket_of(void *data)
{
	return nl_socket_get_fd(data);
}

static void close_socket(void *data)
{
	nl_socket_free(data);
}

static void read_credentials(struct msghdr *header, struct libiommu_monitor_sender *sender)
{
	struct cmsghdr *part;

	for (part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
		struct ucred credentials;

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_CREDENTIALS ||
		    part->cmsg_len < CMSG_LEN(sizeof(credentials)))
			continue;
		memcpy(&credentials, CMSG_DATA(part), sizeof(credentials));
		sender->uid = credentials.uid;
		sender->has_credentials = true;
	}
}

static int64_t receive(void *data, void *buffer, size_t size,
		       struct libiommu_monitor_sender *sender)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct ucred))];
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	struct iovec place = { buffer, size };
	struct msghdr header = { .msg_name = &address,
				 .msg_namelen = sizeof(address),
				 .msg_iov = &place,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control) };
	ssize_t length = recvmsg(nl_socket_get_fd(data), &header,
				 MSG_DONTWAIT | MSG_TRUNC | MSG_CMSG_CLOEXEC);

	if (length < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if ((size_t)length > size)
		return -EMSGSIZE;
	if (header.msg_namelen < sizeof(address) || address.nl_family != AF_NETLINK)
		return -EBADMSG;
	sender->port = address.nl_pid;
	sender->has_credentials = false;
	read_credentials(&header, sender);
	return length;
}

/* More than the system's limit needs a privilege; without it the limit is what there is. */
static int set_buffer(struct nl_sock *socket, size_t bytes)
{
	int fd = nl_socket_get_fd(socket), value = bytes > INT_MAX ? INT_MAX : (int)bytes;

	if (!setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &value, sizeof(value)))
		return 0;
	return setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &value, sizeof(value));
}

static int prepare(struct nl_sock *socket, int group, size_t buffer, const char **call)
{
	/* Before the group is joined, so that every message comes with its sender. */
	*call = "socket";
	if (nl_connect(socket, NETLINK_KOBJECT_UEVENT))
		return -1;
	*call = "setsockopt";
	if (nl_socket_set_passcred(socket, 1) || set_buffer(socket, buffer))
		return -1;
	return nl_socket_add_membership(socket, group) ? -1 : 0;
}

int libiommu_monitor_netlink(enum libiommu_monitor_origin origin, size_t buffer,
			     struct libiommu_monitor_source *out, const char **call)
{
	struct nl_sock *socket = nl_socket_alloc();
	int group = origin == LIBIOMMU_MONITOR_UDEV ? GROUP_UDEV : GROUP_KERNEL, error;

	*call = "socket";
	if (!socket)
		return -ENOMEM;
	errno = 0;
	if (prepare(socket, group, buffer ? buffer : DEFAULT_BUFFER, call)) {
		error = errno ? errno : EIO;
		nl_socket_free(socket);
		return -error;
	}
	*out = (struct libiommu_monitor_source){ sizeof(*out), socket, socket_of, receive,
						 close_socket };
	return 0;
}
