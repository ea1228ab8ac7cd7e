/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The socket itself. Others may send a message to it; what comes from the kernel and from udev alone
 * counts, and what is too much becomes a resync. Who may not send to it skips all but the first case.
 */
#include "tests/unit/monitor-fixture.h"

#include <sys/socket.h>

#include <linux/netlink.h>

#define TEXT "change@/devices/" A "\0ACTION=change\0DEVPATH=/devices/" A "\0SUBSYSTEM=pci\0SEQNUM=1"

static struct libiommu_monitor_stats stats(void)
{
	struct libiommu_monitor_stats stats = LIBIOMMU_MONITOR_STATS_INIT;

	ck_assert_int_eq(libiommu_monitor_stats(monitor, &stats), 0);
	return stats;
}

/* The address of the newest netlink socket of this process: the monitor's. */
static uint32_t port_of_monitor(void)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	uint32_t port = 0;

	for (int fd = 3; fd < 64; fd++) {
		socklen_t length = sizeof(address);

		if (!getsockname(fd, (struct sockaddr *)&address, &length) &&
		    address.nl_family == AF_NETLINK && address.nl_pid)
			port = address.nl_pid;
	}
	ck_assert_uint_ne(port, 0);
	return port;
}

static void start_netlink(enum libiommu_monitor_origin origin, size_t buffer)
{
	struct libiommu_monitor_options opts = options();

	opts.source = NULL;
	opts.origin = origin;
	opts.receive_buffer = buffer;
	start_world();
	ck_assert_int_eq(libiommu_monitor_new(ctx, &opts, &monitor, &err), 0);
}

static void stop_netlink(void)
{
	libiommu_monitor_free(monitor);
	libiommu_ctx_free(ctx);
	close(world.fd);
}

static bool send_to(int fd, uint32_t port, uint32_t groups, const void *bytes, size_t length)
{
	struct sockaddr_nl to = { .nl_family = AF_NETLINK, .nl_pid = port, .nl_groups = groups };

	return sendto(fd, bytes, length, MSG_DONTWAIT, (struct sockaddr *)&to, sizeof(to)) ==
	       (ssize_t)length;
}

static int other_socket(void)
{
	return socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_KOBJECT_UEVENT);
}

START_TEST(it_listens)
{
	start_netlink(_i ? LIBIOMMU_MONITOR_UDEV : LIBIOMMU_MONITOR_KERNEL, 0);
	ck_assert_uint_ne(port_of_monitor(), 0);
	ck_assert_int_ge(libiommu_monitor_fd(monitor), 0);
	stop_netlink();
}
END_TEST

START_TEST(a_forged_message)
{
	int fd;

	start_netlink(LIBIOMMU_MONITOR_KERNEL, 0);
	fd = other_socket();
	ck_assert(send_to(fd, port_of_monitor(), 0, TEXT, sizeof(TEXT)));
	ck_assert(readable());
	while (*next_event())
		;
	ck_assert_uint_ge(stats().distrusted, 1);
	close(fd);
	stop_netlink();
}
END_TEST

START_TEST(a_message_larger_than_what_is_read)
{
	static char large[20000];
	bool left = false;
	const char *text;
	int fd;

	start_netlink(LIBIOMMU_MONITOR_KERNEL, 0);
	fd = other_socket();
	unplug(B);
	ck_assert(send_to(fd, port_of_monitor(), 0, large, sizeof(large)));
	while (*(text = next_event()))
		left |= !strcmp(text, "member-left " B " vfio-pci g1");
	ck_assert(left);
	ck_assert_uint_eq(stats().overruns, 1);
	close(fd);
	stop_netlink();
}
END_TEST

static size_t make_udev(unsigned char *bytes)
{
	static const unsigned char magic[] = { 0xfe, 0xed, 0xca, 0xfe };
	static const char properties[] = "ACTION=change\0DEVPATH=/devices/" A "\0SUBSYSTEM=pci";
	const uint32_t offset = 40, length = sizeof(properties);

	memset(bytes, 0, offset);
	memcpy(bytes, "libudev", 8);
	memcpy(bytes + 8, magic, sizeof(magic));
	memcpy(bytes + 12, &offset, 4);
	memcpy(bytes + 16, &offset, 4);
	memcpy(bytes + 20, &length, 4);
	memcpy(bytes + offset, properties, length);
	return offset + length;
}

/* Root may speak as udev does; the kernel then vouches for root. */
START_TEST(root_speaks_as_udev)
{
	unsigned char bytes[256];
	size_t length = make_udev(bytes);
	const char *text;
	bool seen = false;
	int fd;

	start_netlink(LIBIOMMU_MONITOR_UDEV, 0);
	fd = other_socket();
	ck_assert(send_to(fd, 0, 2, bytes, length));
	while (*(text = next_event()))
		seen |= !strcmp(text, "device-changed " A " - g1");
	ck_assert(seen);
	/* The kernel's group was not joined. */
	ck_assert(!send_to(fd, 0, 1, TEXT, sizeof(TEXT)) || !readable());
	close(fd);
	stop_netlink();
}
END_TEST

/* Multicast drops silently for the receiver that is full: its next receive says so. */
START_TEST(an_overrun_of_the_socket)
{
	static unsigned char bytes[256];
	size_t length = make_udev(bytes);
	const char *text;
	unsigned int resyncs = 0, left = 0;
	int fd;

	start_netlink(LIBIOMMU_MONITOR_UDEV, 1);
	fd = other_socket();
	ck_assert(send_to(fd, 0, 2, bytes, length));
	for (unsigned int i = 0; i < 1000; i++)
		send_to(fd, 0, 2, bytes, length);
	unplug(C);
	while (*(text = next_event())) {
		resyncs += !strncmp(text, "resync", 6);
		left += !strcmp(text, "group-removed - - g2");
	}
	ck_assert_uint_ge(resyncs, 1);
	ck_assert_uint_eq(left, 1);
	ck_assert_uint_ge(stats().overruns, 1);
	close(fd);
	stop_netlink();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("monitor-netlink");
	TCase *tcase = tcase_create("monitor-netlink");
	int probe = other_socket(), failed;
	bool may_send;

	if (probe < 0)
		return 77; /* a sandbox without netlink */
	may_send = !geteuid() && send_to(probe, 0, 2, TEXT, sizeof(TEXT));
	close(probe);
	tcase_add_loop_test(tcase, it_listens, 0, 2);
	if (may_send) {
		tcase_add_test(tcase, a_forged_message);
		tcase_add_test(tcase, a_message_larger_than_what_is_read);
		tcase_add_test(tcase, root_speaks_as_udev);
		tcase_add_test(tcase, an_overrun_of_the_socket);
	}
	suite_add_tcase(suite, tcase);
	failed = run_suite(suite);
	return failed || may_send ? failed : 77;
}
