/* SPDX-License-Identifier: BSD-2-Clause */
/* What becomes of messages: device events, what groups do, and what is not believed. */
#include "tests/unit/monitor-fixture.h"

static struct libiommu_monitor_stats stats(void)
{
	struct libiommu_monitor_stats stats = LIBIOMMU_MONITOR_STATS_INIT;

	ck_assert_int_eq(libiommu_monitor_stats(monitor, &stats), 0);
	ck_assert_uint_eq(stats.size, sizeof(stats));
	return stats;
}

static void group_is(uint32_t id, size_t members, bool viable)
{
	struct libiommu_monitor_group group = LIBIOMMU_MONITOR_GROUP_INIT;

	ck_assert_int_eq(libiommu_monitor_group_state(monitor, id, &group, &err), 0);
	ck_assert_uint_eq(group.members, members);
	ck_assert_int_eq(group.viable, viable);
	ck_assert(!group.in_use);
}

static void no_group(uint32_t id)
{
	struct libiommu_monitor_group group = LIBIOMMU_MONITOR_GROUP_INIT;

	expect_reason(libiommu_monitor_group_state(monitor, id, &group, &err), -ENOENT,
		      LIBIOMMU_REASON_GROUP_UNKNOWN);
}

START_TEST(it_begins_silently)
{
	start();
	expect_nothing();
	group_is(1, 2, true);
	group_is(2, 1, false);
	no_group(3);
	stop();
}
END_TEST

START_TEST(or_with_what_is_there)
{
	struct libiommu_monitor_options opts = options();

	opts.report_present = true;
	start_world();
	ck_assert_int_eq(libiommu_monitor_new(ctx, &opts, &monitor, &err), 0);
	expect("group-added - - g1");
	expect("member-joined " A " vfio-pci g1");
	expect("member-joined " B " vfio-pci g1");
	expect("group-added - - g2");
	expect("member-joined " C " nvme g2");
	group_is(2, 1, true);
	expect("group-not-viable " C " nvme g2");
	group_is(2, 1, false);
	expect_nothing();
	stop();
}
END_TEST

START_TEST(a_device_comes_and_goes)
{
	start();
	plug("0000:01:00.0", 7, "");
	queue("add", "0000:01:00.0", NULL);
	expect("device-added 0000:01:00.0 - g7");
	no_group(7);
	expect("group-added - - g7");
	expect("member-joined 0000:01:00.0 - g7");
	group_is(7, 1, true);
	expect_nothing();
	unplug("0000:01:00.0");
	queue("remove", "0000:01:00.0", NULL);
	expect("device-removed 0000:01:00.0 - g7");
	expect("member-left 0000:01:00.0 - g7");
	expect("group-removed - - g7");
	no_group(7);
	expect_nothing();
	stop();
}
END_TEST

START_TEST(drivers_make_groups_viable_and_not)
{
	start();
	plug(B, 1, "");
	queue("unbind", B, NULL);
	/* The message does not say which driver it was. */
	expect("device-unbound " B " vfio-pci g1");
	expect("member-changed " B " - g1");
	expect_nothing();
	plug(B, 1, "nvme");
	queue("bind", B, "nvme");
	expect("device-bound " B " nvme g1");
	expect("member-changed " B " nvme g1");
	expect("group-not-viable " B " nvme g1");
	group_is(1, 2, false);
	/* A second one that blocks is no news of the group. */
	plug(A, 1, "e1000e");
	queue("bind", A, "e1000e");
	expect("device-bound " A " e1000e g1");
	expect("member-changed " A " e1000e g1");
	expect_nothing();
	plug(B, 1, "");
	queue("unbind", B, "nvme");
	expect("device-unbound " B " nvme g1");
	expect("member-changed " B " - g1");
	expect_nothing();
	plug(A, 1, "vfio-pci");
	queue("bind", A, "vfio-pci");
	expect("device-bound " A " vfio-pci g1");
	expect("member-changed " A " vfio-pci g1");
	expect("group-viable - - g1");
	expect_nothing();
	stop();
}
END_TEST

START_TEST(members_join_leave_and_move)
{
	start();
	plug("0000:00:05.1", 1, "");
	queue("add", "0000:00:05.1", NULL);
	expect("device-added 0000:00:05.1 - g1");
	expect("member-joined 0000:00:05.1 - g1");
	group_is(1, 3, true);
	/* The kernel may give it another group when it comes back, unseen in between. */
	plug("0000:00:05.1", 3, "nvme");
	queue("change", "0000:00:05.1", NULL);
	expect("device-changed 0000:00:05.1 - g3");
	expect("member-left 0000:00:05.1 - g1");
	expect("group-added - - g3");
	expect("member-joined 0000:00:05.1 nvme g3");
	expect("group-not-viable 0000:00:05.1 nvme g3");
	expect_nothing();
	stop();
}
END_TEST

/* Every message is an event, also where the state has moved on before it is read. */
START_TEST(messages_older_than_the_state)
{
	start();
	for (unsigned int i = 0; i < 100; i++) {
		queue("bind", A, "nvme");
		queue("unbind", A, "nvme");
	}
	for (unsigned int i = 0; i < 100; i++) {
		expect("device-bound " A " nvme g1");
		expect("device-unbound " A " nvme g1");
	}
	expect_nothing();
	queue("add", "0000:09:00.0", NULL);
	queue("remove", "0000:09:00.0", NULL);
	expect("device-added 0000:09:00.0 - -");
	expect("device-removed 0000:09:00.0 - -");
	expect_nothing();
	stop();
}
END_TEST

START_TEST(other_buses_and_nodes)
{
	struct libiommu_monitor_event event = LIBIOMMU_MONITOR_EVENT_INIT;

	start();
	queue_at("add", "/devices/pci0000:00/" A "/vfio-dev/vfio3", "vfio-dev", NULL);
	ck_assert_int_eq(libiommu_monitor_next(monitor, &event, NULL), 0);
	ck_assert_str_eq(event.device, A);
	ck_assert_str_eq(event.node, "vfio3");
	ck_assert_str_eq(event.subsystem, "vfio-dev");
	ck_assert_uint_eq(event.group, 1);
	ck_assert_uint_ne(event.sequence, 0);
	queue_at("add", "/devices/platform/serial8250", "platform", NULL);
	expect("device-added serial8250 - -");
	queue_at("add", "/devices/platform/fsl.1", "fsl-mc", NULL);
	expect("device-added fsl.1 - -");
	/* No devices of ours: other things, actions that mean nothing, a node without a device. */
	queue_at("add", "/bus/pci/drivers/nvme", "drivers", NULL);
	queue_at("add", "/devices/pci0000:00/" A "/nvme/nvme0", "nvme", NULL);
	queue("strange", A, NULL);
	queue_at("add", "/vfio3", "vfio-dev", NULL);
	queue("add",
	      "a-name-that-is-longer-than-what-any-device-has-and-that-does-not-fit-in-an-event",
	      NULL);
	expect_nothing();
	ck_assert_uint_eq(stats().messages, 8);
	ck_assert_uint_eq(stats().unreadable, 0);
	stop();
}
END_TEST

START_TEST(a_filter_hides_devices_but_not_groups)
{
	struct libiommu_monitor_options opts = options();

	opts.subsystems = LIBIOMMU_MONITOR_VFIO_DEV;
	start_world();
	ck_assert_int_eq(libiommu_monitor_new(ctx, &opts, &monitor, &err), 0);
	plug(A, 1, "nvme");
	queue("bind", A, "nvme");
	queue_at("remove", "/devices/pci0000:00/" A "/vfio-dev/vfio3", "vfio-dev", NULL);
	expect("member-changed " A " nvme g1");
	expect("group-not-viable " A " nvme g1");
	expect("device-removed " A " - g1");
	expect_nothing();
	stop();
}
END_TEST

/* libudev's header in front of what the kernel would say. */
static struct message *queue_udev(const char *action, const char *device)
{
	static const unsigned char magic[] = { 0xfe, 0xed, 0xca, 0xfe };
	unsigned char bytes[512] = "libudev";
	uint32_t offset = 40, length;

	length = (uint32_t)snprintf((char *)bytes + offset, sizeof(bytes) - offset,
				    "ACTION=%s%cDEVPATH=/devices/%s%cSUBSYSTEM=pci%c", action, 0,
				    device, 0, 0);
	memcpy(bytes + 8, magic, sizeof(magic));
	memcpy(bytes + 12, &offset, sizeof(offset));
	memcpy(bytes + 16, &offset, sizeof(offset));
	memcpy(bytes + 20, &length, sizeof(length));
	return queue_bytes(bytes, offset + length);
}

START_TEST(who_is_believed)
{
	start();
	queue("add", A, NULL)->sender.port = 4711;
	queue("add", A, NULL)->sender =
		(struct libiommu_monitor_sender){ 4711, 0, true }; /* root is not the kernel */
	queue_udev("add", A)->sender = (struct libiommu_monitor_sender){ 4711, 0, false };
	queue_udev("add", A)->sender = (struct libiommu_monitor_sender){ 4711, 1000, true };
	queue_udev("add", A)->sender = (struct libiommu_monitor_sender){ 0, 0, true };
	expect_nothing();
	ck_assert_uint_eq(stats().distrusted, 5);
	ck_assert_uint_eq(stats().messages, 0);
	queue_udev("add", A)->sender = (struct libiommu_monitor_sender){ 4711, 0, true };
	expect("device-added " A " - g1");
	ck_assert_uint_eq(stats().messages, 1);
	stop();
}
END_TEST

START_TEST(garbage_is_counted)
{
	start();
	for (unsigned int i = 1; i < 64; i++) {
		char bytes[64];

		memset(bytes, (int)i * 4, sizeof(bytes));
		queue_bytes(bytes, i);
	}
	expect_nothing();
	ck_assert_uint_eq(stats().unreadable, 63);
	/* More than one call reads: it ends, and the rest is there. */
	for (unsigned int i = 0; i < 300; i++)
		queue_bytes("x", 1);
	queue("change", A, NULL);
	ck_assert_str_eq(next_event(), "");
	expect("device-changed " A " - g1");
	stop();
}
END_TEST

START_TEST(an_overrun_becomes_a_resync)
{
	start();
	queue("bind", A, "nvme");
	expect("device-bound " A " nvme g1");
	expect_nothing();
	queue_failure(-ENOBUFS);
	queue("change", B, NULL);
	/* Nobody has said that all this happened. */
	plug(A, 1, "nvme");
	unplug(C);
	plug("0000:02:00.0", 9, "vfio-pci");
	/* What is queued is older than what was lost. */
	expect("device-changed " B " - g1");
	expect("member-changed " A " nvme g1");
	expect("group-not-viable " A " nvme g1");
	expect("resync - - -");
	expect("member-left " C " nvme g2");
	expect("group-removed - - g2");
	expect("group-added - - g9");
	expect("member-joined 0000:02:00.0 vfio-pci g9");
	group_is(1, 2, false);
	group_is(9, 1, true);
	no_group(2);
	expect_nothing();
	ck_assert_uint_eq(stats().overruns, 1);
	/* Twice before it is told is told once; once more while it is being told is told again. */
	queue_failure(-ENOBUFS);
	queue_failure(-ENOBUFS);
	unplug("0000:02:00.0");
	expect("resync - - -");
	expect("member-left 0000:02:00.0 vfio-pci g9");
	queue_failure(-ENOBUFS);
	plug(A, 1, "vfio-pci");
	expect("group-removed - - g9");
	expect("member-changed " A " vfio-pci g1");
	expect("group-viable - - g1");
	expect("resync - - -");
	expect_nothing();
	ck_assert_uint_eq(stats().overruns, 4);
	stop();
}
END_TEST

/* The queue is empty when a call has looked at as much as it looks at: there is work all the same. */
START_TEST(an_overrun_among_noise)
{
	struct pollfd ready = { .events = POLLIN };

	start();
	ready.fd = libiommu_monitor_fd(monitor);
	queue_failure(-ENOBUFS);
	for (unsigned int i = 0; i < 255; i++)
		queue_bytes("x", 1);
	ck_assert_str_eq(next_event(), "");
	ck_assert_uint_eq(stats().unreadable, 255);
	ck_assert_int_eq(poll(&ready, 1, 0), 1);
	expect("resync - - -");
	expect_nothing();
	ck_assert_int_eq(poll(&ready, 1, 0), 0);
	stop();
}
END_TEST

/* One that did not fit is told at once, and the overrun is still to come. */
START_TEST(two_kinds_of_loss)
{
	start();
	queue_failure(-ENOBUFS);
	queue_failure(-EMSGSIZE);
	queue("change", A, NULL);
	expect("resync - - -");
	expect("device-changed " A " - g1");
	unplug(C);
	expect("resync - - -");
	expect("member-left " C " nvme g2");
	expect("group-removed - - g2");
	expect_nothing();
	stop();
}
END_TEST

START_TEST(a_megabyte_is_an_overrun)
{
	char *bytes = calloc(1, LONGEST);

	start();
	queue_bytes(bytes, LONGEST);
	expect("resync - - -");
	expect_nothing();
	/* As long as the buffer is, and no message. */
	queue_bytes(bytes, 16384);
	expect_nothing();
	ck_assert_uint_eq(stats().overruns, 1);
	ck_assert_uint_eq(stats().unreadable, 1);
	free(bytes);
	stop();
}
END_TEST

START_TEST(closed_while_queued)
{
	start();
	plug("0000:01:00.0", 7, "nvme");
	queue("add", "0000:01:00.0", NULL);
	queue("bind", "0000:01:00.0", "nvme");
	queue_failure(-ENOBUFS);
	expect("device-added 0000:01:00.0 - g7");
	expect("group-added - - g7");
	ck_assert(readable());
	stop();
}
END_TEST

START_TEST(kinds_have_names)
{
	for (int kind = -1; kind < 64; kind++) {
		const char *name = libiommu_monitor_kind_name((enum libiommu_monitor_kind)kind);
		bool named = (kind >= LIBIOMMU_MONITOR_DEVICE_ADDED &&
			      kind <= LIBIOMMU_MONITOR_DEVICE_CHANGED) ||
			     (kind >= LIBIOMMU_MONITOR_GROUP_ADDED &&
			      kind <= LIBIOMMU_MONITOR_MEMBER_CHANGED) ||
			     kind == LIBIOMMU_MONITOR_RESYNC ||
			     kind == LIBIOMMU_MONITOR_RELEASE_REQUESTED;

		ck_assert_int_eq(name != NULL, named);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("monitor-events");
	TCase *tcase = tcase_create("monitor-events");

	tcase_add_test(tcase, it_begins_silently);
	tcase_add_test(tcase, or_with_what_is_there);
	tcase_add_test(tcase, a_device_comes_and_goes);
	tcase_add_test(tcase, drivers_make_groups_viable_and_not);
	tcase_add_test(tcase, members_join_leave_and_move);
	tcase_add_test(tcase, messages_older_than_the_state);
	tcase_add_test(tcase, other_buses_and_nodes);
	tcase_add_test(tcase, a_filter_hides_devices_but_not_groups);
	tcase_add_test(tcase, who_is_believed);
	tcase_add_test(tcase, garbage_is_counted);
	tcase_add_test(tcase, an_overrun_becomes_a_resync);
	tcase_add_test(tcase, an_overrun_among_noise);
	tcase_add_test(tcase, two_kinds_of_loss);
	tcase_add_test(tcase, a_megabyte_is_an_overrun);
	tcase_add_test(tcase, closed_while_queued);
	tcase_add_test(tcase, kinds_have_names);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
