/* SPDX-License-Identifier: BSD-2-Clause */
/* A mock machine as the source of the monitor: hot-plug without hardware, and what a VMM does then. */
#include "tests/unit/monitor-fixture.h"

#include <libiommu/mock_platform.h>

#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>

#define ACS "type=root-port acs=sv,rr,cr,uf"
#define MACHINE                                                             \
	"iommu u intel-vtd\n"                                               \
	"host-bridge 0000:00 iommu=u grouping=pci-acs\n"                    \
	"device 0000:00:01.0 bus=01 " ACS "\n"                              \
	"device 0000:00:02.0 bus=02 " ACS "\n"                              \
	"device 0000:01:00.0 multifunction=yes driver=vfio-pci model=edu\n" \
	"device 0000:02:00.0 driver=nvme vfs=4,1,1\n"                       \
	"platform fe800000.usb iommu=u\n"

#define EDU  "0000:01:00.0"
#define NVME "0000:02:00.0"

static struct libiommu_mock_machine *machine;
static struct libiommu_monitor_source voice;

static void begin_filtered(size_t queue, uint32_t subsystems)
{
	struct libiommu_ctx_options ctx_opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_monitor_options opts = LIBIOMMU_MONITOR_OPTIONS_INIT;

	ck_assert_int_eq(libiommu_mock_machine_new(MACHINE, &machine, &err), 0);
	ck_assert_int_eq(libiommu_mock_monitor_source(machine, queue, &voice, &err), 0);
	ctx_opts.backend = "mock";
	ctx_opts.backend_object = machine;
	ck_assert_int_eq(libiommu_ctx_new(&ctx_opts, &ctx, &err), 0);
	opts.source = &voice;
	opts.subsystems = subsystems;
	ck_assert_int_eq(libiommu_monitor_new(ctx, &opts, &monitor, &err), 0);
	expect_nothing();
}

static void begin_with(size_t queue)
{
	begin_filtered(queue, 0);
}

static void begin(void)
{
	begin_with(0);
}

static void end(void)
{
	libiommu_monitor_free(monitor);
	libiommu_ctx_free(ctx);
	libiommu_mock_machine_free(machine);
}

static void add_devices(const char *text)
{
	ck_assert_int_eq(libiommu_mock_machine_plug(machine, text, &err), 0);
}

static void take_out(const char *device)
{
	ck_assert_int_eq(libiommu_mock_machine_unplug(machine, device, &err), 0);
}

static void bind_to(const char *device, const char *driver)
{
	ck_assert_int_eq(libiommu_mock_machine_bind(machine, device, driver, &err), 0);
}

static struct libiommu_monitor_stats stats(void)
{
	struct libiommu_monitor_stats stats = LIBIOMMU_MONITOR_STATS_INIT;

	ck_assert_int_eq(libiommu_monitor_stats(monitor, &stats), 0);
	return stats;
}

/* Everything that was said was understood. */
static void all_understood(void)
{
	ck_assert_uint_eq(stats().unreadable, 0);
	ck_assert_uint_eq(stats().distrusted, 0);
}

START_TEST(plug_and_unplug)
{
	begin();
	add_devices("device 0000:00:03.0 bus=03 " ACS "\n"
		    "device 0000:03:00.0 multifunction=yes driver=vfio-pci\n"
		    "device 0000:03:00.1 driver=e1000e\n");
	expect("device-added 0000:00:03.0 - g5");
	expect("group-added - - g5");
	expect("member-joined 0000:00:03.0 - g5");
	expect("device-added 0000:03:00.0 - g6");
	expect("group-added - - g6");
	expect("member-joined 0000:03:00.0 vfio-pci g6");
	expect("member-joined 0000:03:00.1 e1000e g6");
	expect("group-not-viable 0000:03:00.1 e1000e g6");
	expect("device-added 0000:03:00.1 - g6");
	expect("device-bound 0000:03:00.0 vfio-pci g6");
	expect("device-bound 0000:03:00.1 e1000e g6");
	expect_nothing();
	/* Drivers first, then devices; what is below a bridge goes before it. */
	take_out("0000:00:03.0");
	expect("device-unbound 0000:03:00.1 e1000e g6");
	expect("member-left 0000:03:00.0 vfio-pci g6");
	expect("member-left 0000:03:00.1 e1000e g6");
	expect("group-removed - - g6");
	expect("device-unbound 0000:03:00.0 - -");
	expect("device-removed 0000:03:00.0 - -");
	expect("device-removed 0000:03:00.1 - -");
	expect("device-removed 0000:00:03.0 - g5");
	expect("member-left 0000:00:03.0 - g5");
	expect("group-removed - - g5");
	expect_nothing();
	all_understood();
	ck_assert_uint_eq(stats().messages, 10);
	end();
}
END_TEST

START_TEST(drivers)
{
	begin();
	bind_to(EDU, NULL);
	expect("device-unbound " EDU " vfio-pci g3");
	expect("member-changed " EDU " - g3");
	bind_to(EDU, "e1000e");
	expect("device-bound " EDU " e1000e g3");
	expect("member-changed " EDU " e1000e g3");
	expect("group-not-viable " EDU " e1000e g3");
	/* From one to the other is two messages; the same again is none. */
	bind_to(EDU, "vfio-pci");
	bind_to(EDU, "vfio-pci");
	expect("device-unbound " EDU " e1000e g3");
	expect("member-changed " EDU " vfio-pci g3");
	expect("group-viable - - g3");
	expect("device-bound " EDU " vfio-pci g3");
	expect_nothing();
	bind_to("fe800000.usb", "xhci-hcd");
	expect("device-bound fe800000.usb xhci-hcd g0");
	expect("member-changed fe800000.usb xhci-hcd g0");
	expect("group-not-viable fe800000.usb xhci-hcd g0");
	expect_nothing();
	all_understood();
	end();
}
END_TEST

START_TEST(virtual_functions)
{
	begin();
	ck_assert_int_eq(libiommu_mock_machine_set_vfs(machine, NVME, 2, "driver=vfio-pci", &err),
			 0);
	expect("device-added 0000:02:00.1 - g5");
	expect("group-added - - g5");
	expect("member-joined 0000:02:00.1 vfio-pci g5");
	expect("device-changed 0000:02:00.1 - g5");
	expect("device-bound 0000:02:00.1 vfio-pci g5");
	expect("device-added 0000:02:00.2 - g6");
	expect("group-added - - g6");
	expect("member-joined 0000:02:00.2 vfio-pci g6");
	expect("device-changed 0000:02:00.2 - g6");
	expect("device-bound 0000:02:00.2 vfio-pci g6");
	expect("device-changed " NVME " - g4");
	expect_nothing();
	ck_assert_int_eq(libiommu_mock_machine_set_vfs(machine, NVME, 0, NULL, &err), 0);
	expect("device-unbound 0000:02:00.1 vfio-pci g5");
	expect("member-left 0000:02:00.1 vfio-pci g5");
	expect("group-removed - - g5");
	expect("device-removed 0000:02:00.1 - -");
	expect("device-unbound 0000:02:00.2 vfio-pci g6");
	expect("member-left 0000:02:00.2 vfio-pci g6");
	expect("group-removed - - g6");
	expect("device-removed 0000:02:00.2 - -");
	expect_nothing();
	all_understood();
	end();
}
END_TEST

/* The kernel's text, as a program sees it that reads the source itself. */
START_TEST(the_text)
{
	static const char wanted[] =
		"bind@/devices/pci0000:00/0000:00:01.0/0000:01:00.0\0ACTION=bind\0"
		"DEVPATH=/devices/pci0000:00/0000:00:01.0/0000:01:00.0\0SUBSYSTEM=pci\0"
		"DRIVER=pci-stub\0PCI_CLASS=FF00\0PCI_ID=1234:11E8\0PCI_SLOT_NAME=0000:01:00.0\0"
		"SEQNUM=2";
	struct libiommu_monitor_sender sender = { 1, 1, true };
	struct libiommu_monitor_source other;
	char text[512];

	begin();
	ck_assert_int_eq(libiommu_mock_monitor_source(machine, 0, &other, &err), 0);
	ck_assert_int_eq(other.receive(other.data, text, sizeof(text), &sender), 0);
	bind_to(EDU, "pci-stub");
	/* Too long for who listens is lost, and the next one comes. */
	ck_assert_int_eq(other.receive(other.data, text, 16, &sender), -EMSGSIZE);
	ck_assert_int_eq(other.receive(other.data, text, sizeof(text), &sender), sizeof(wanted));
	ck_assert_mem_eq(text, wanted, sizeof(wanted));
	ck_assert_uint_eq(sender.port, 0);
	ck_assert(!sender.has_credentials);
	ck_assert_int_eq(other.receive(other.data, text, sizeof(text), &sender), 0);
	other.close(other.data);
	/* The other one has heard it as well. */
	expect("device-unbound " EDU " vfio-pci g3");
	expect("member-changed " EDU " pci-stub g3");
	expect("device-bound " EDU " pci-stub g3");
	expect_nothing();
	end();
}
END_TEST

/* Once a queue was full the kernel takes nothing until it is empty, and says nothing of that. */
START_TEST(an_overrun)
{
	begin_with(512);
	bind_to(EDU, "");
	bind_to(EDU, "pci-stub");
	for (unsigned int i = 0; i < 100; i++)
		bind_to(EDU, i % 2 ? "vfio-pci" : "pci-stub");
	/* This one is lost after the monitor was told, and nothing tells of it. */
	expect("device-unbound " EDU " vfio-pci g3");
	bind_to(NVME, "vfio-pci");
	add_devices("device 0000:00:04.0 driver=ahci\n");
	expect("device-bound " EDU " pci-stub g3");
	expect("resync - - -");
	expect("member-changed " NVME " vfio-pci g4");
	expect("group-viable - - g4");
	expect("group-added - - g5");
	expect("member-joined 0000:00:04.0 ahci g5");
	expect("group-not-viable 0000:00:04.0 ahci g5");
	expect_nothing();
	ck_assert_uint_eq(stats().overruns, 1);
	/* From here on everything is heard again. */
	bind_to(NVME, "nvme");
	expect("device-unbound " NVME " vfio-pci g4");
	expect("member-changed " NVME " nvme g4");
	expect("group-not-viable " NVME " nvme g4");
	expect("device-bound " NVME " nvme g4");
	expect_nothing();
	all_understood();
	end();
}
END_TEST

START_TEST(no_room_at_all)
{
	begin_with(16);
	bind_to(NVME, "vfio-pci");
	expect("resync - - -");
	expect("member-changed " NVME " vfio-pci g4");
	expect("group-viable - - g4");
	expect_nothing();
	end();
}
END_TEST

static struct libiommu_device *open_device(void)
{
	struct libiommu_device *dev;

	ck_assert_int_eq(libiommu_device_open(ctx, EDU, &dev, &err), 0);
	return dev;
}

/* The owner takes it out while it is in use: its user is asked, gives it back, and then it is gone. */
START_TEST(a_device_in_use)
{
	struct libiommu_device *dev;
	struct libiommu_domain *dom;
	uint32_t changes;

	begin();
	dev = open_device();
	ck_assert_int_eq(libiommu_domain_new(ctx, NULL, &dom, NULL), 0);
	ck_assert_int_eq(libiommu_endpoint_attach(libiommu_device_endpoint(dev), dom, NULL), 0);
	ck_assert_int_eq(libiommu_monitor_watch_device(monitor, dev, &err), 0);
	expect_nothing();
	/* Another driver has to wait for its user. */
	expect_reason(libiommu_mock_machine_bind(machine, EDU, "", &err), -EBUSY,
		      LIBIOMMU_REASON_DEVICE_BUSY);
	expect("release-requested " EDU " - g3!");
	ck_assert_int_eq(libiommu_mock_device_request(libiommu_device_endpoint(dev), NULL), 0);
	expect("release-requested " EDU " - g3!");
	take_out(EDU);
	expect("release-requested " EDU " - g3!");
	expect_nothing();
	ck_assert_int_eq(libiommu_monitor_device_changes(monitor, dev, &changes, &err), 0);
	ck_assert_uint_eq(changes, LIBIOMMU_MONITOR_WANTED_BACK);
	libiommu_monitor_unwatch_device(monitor, dev);
	ck_assert_int_eq(libiommu_endpoint_detach(libiommu_device_endpoint(dev), 0, NULL), 0);
	expect_nothing();
	ck_assert_int_eq(libiommu_device_close(dev, NULL), 0);
	expect("device-unbound " EDU " vfio-pci g3");
	expect("member-left " EDU " vfio-pci g3");
	expect("group-removed - - g3");
	expect("device-removed " EDU " - -");
	expect_nothing();
	/* The port is free for another one. */
	add_devices("device " EDU " driver=vfio-pci\n");
	expect("device-added " EDU " - g3");
	expect("group-added - - g3");
	expect("member-joined " EDU " vfio-pci g3");
	expect("device-bound " EDU " vfio-pci g3");
	expect_nothing();
	all_understood();
	end();
}
END_TEST

/* As long as a device of the group is open, a driver that blocks the others cannot come. */
START_TEST(a_group_that_is_lent)
{
	struct libiommu_device *dev;

	begin();
	add_devices("device 0000:01:00.1 driver=pci-stub\n");
	expect("device-added 0000:01:00.1 - g3");
	expect("member-joined 0000:01:00.1 pci-stub g3");
	expect("device-bound 0000:01:00.1 pci-stub g3");
	dev = open_device();
	expect_reason(libiommu_mock_machine_bind(machine, "0000:01:00.1", "e1000e", &err), -EBUSY,
		      LIBIOMMU_REASON_DEVICE_BUSY);
	expect_nothing();
	bind_to("0000:01:00.1", "vfio-pci");
	expect("device-unbound 0000:01:00.1 pci-stub g3");
	expect("member-changed 0000:01:00.1 vfio-pci g3");
	expect("device-bound 0000:01:00.1 vfio-pci g3");
	expect_nothing();
	ck_assert_int_eq(libiommu_device_close(dev, NULL), 0);
	bind_to("0000:01:00.1", "e1000e");
	expect("device-unbound 0000:01:00.1 vfio-pci g3");
	expect("member-changed 0000:01:00.1 e1000e g3");
	expect("group-not-viable 0000:01:00.1 e1000e g3");
	expect("device-bound 0000:01:00.1 e1000e g3");
	expect_reason(libiommu_device_open(ctx, EDU, &dev, &err), -EPERM,
		      LIBIOMMU_REASON_GROUP_NOT_VIABLE);
	end();
}
END_TEST

#define SIBLING "0000:01:00.1"

static struct libiommu_device *watched;

/* EDU is open and watched, and SIBLING is in its group. */
static void watch_with_sibling(size_t queue, uint32_t subsystems)
{
	struct libiommu_domain *dom;

	begin_filtered(queue, subsystems);
	add_devices("device " SIBLING " driver=vfio-pci\n");
	while (*next_event())
		;
	watched = open_device();
	ck_assert_int_eq(libiommu_domain_new(ctx, NULL, &dom, NULL), 0);
	ck_assert_int_eq(libiommu_endpoint_attach(libiommu_device_endpoint(watched), dom, NULL), 0);
	ck_assert_int_eq(libiommu_monitor_watch_device(monitor, watched, &err), 0);
	expect_nothing();
}

static uint32_t changes(void)
{
	uint32_t bits = UINT32_MAX;

	ck_assert_int_eq(libiommu_monitor_device_changes(monitor, watched, &bits, &err), 0);
	return bits;
}

static void swap_sibling(void)
{
	take_out(SIBLING);
	add_devices("device " SIBLING " driver=vfio-pci\n");
}

/* The same name, group and driver, but not the same device. */
START_TEST(a_member_is_swapped_unread)
{
	watch_with_sibling(0, 0);
	swap_sibling();
	swap_sibling();
	for (unsigned int i = 0; i < 2; i++) {
		expect("device-unbound " SIBLING " vfio-pci g3!");
		expect("device-removed " SIBLING " - g3!");
		ck_assert_uint_eq(changes() & LIBIOMMU_MONITOR_LOST_MEMBER, i);
		expect("member-left " SIBLING " vfio-pci g3!");
		ck_assert_uint_eq(changes() & LIBIOMMU_MONITOR_LOST_MEMBER, 1);
		expect("member-joined " SIBLING " vfio-pci g3!");
		expect("device-added " SIBLING " - g3!");
		expect("device-bound " SIBLING " vfio-pci g3!");
	}
	expect_nothing();
	ck_assert_uint_eq(changes(), LIBIOMMU_MONITOR_LOST_MEMBER | LIBIOMMU_MONITOR_NEW_MEMBER);
	all_understood();
	end();
}
END_TEST

START_TEST(a_filter_hides_no_loss)
{
	watch_with_sibling(0, LIBIOMMU_MONITOR_VFIO_DEV);
	swap_sibling();
	expect("member-left " SIBLING " vfio-pci g3!");
	ck_assert_uint_eq(changes(), LIBIOMMU_MONITOR_LOST_MEMBER);
	expect("member-joined " SIBLING " vfio-pci g3!");
	expect_nothing();
	ck_assert_uint_eq(changes(), LIBIOMMU_MONITOR_LOST_MEMBER | LIBIOMMU_MONITOR_NEW_MEMBER);
	end();
}
END_TEST

/* Nobody can say that the group is whole. */
START_TEST(a_loss_among_what_was_lost)
{
	watch_with_sibling(16, _i ? LIBIOMMU_MONITOR_VFIO_DEV : 0);
	libiommu_monitor_unwatch_device(monitor, watched);
	ck_assert_int_eq(libiommu_monitor_watch_device(monitor, watched, &err), 0);
	swap_sibling();
	ck_assert_uint_eq(changes(), 0);
	expect("resync - - -");
	ck_assert_uint_eq(changes(), LIBIOMMU_MONITOR_UNCERTAIN);
	expect_nothing();
	ck_assert_uint_eq(changes(), LIBIOMMU_MONITOR_UNCERTAIN);
	libiommu_monitor_unwatch_device(monitor, watched);
	ck_assert_int_eq(libiommu_monitor_watch_device(monitor, watched, &err), 0);
	ck_assert_uint_eq(changes(), 0);
	end();
}
END_TEST

/* Its number is given to the next one. */
START_TEST(a_lone_device_is_swapped_unread)
{
	begin();
	take_out(NVME);
	add_devices("device " NVME " driver=nvme\n");
	expect("device-unbound " NVME " nvme g4");
	expect("device-removed " NVME " - g4");
	expect("member-left " NVME " nvme g4");
	expect("group-removed - - g4");
	expect("group-added - - g4");
	expect("member-joined " NVME " nvme g4");
	expect("group-not-viable " NVME " nvme g4");
	expect("device-added " NVME " - g4");
	expect("device-bound " NVME " nvme g4");
	expect_nothing();
	end();
}
END_TEST

#define ROUNDS 100

static void *changes_it(void *unused)
{
	bool ok = true;

	for (unsigned int i = 0; i < ROUNDS && ok; i++)
		ok = !libiommu_mock_machine_plug(machine, "device 0000:00:04.0 driver=ahci\n",
						 NULL) &&
		     !libiommu_mock_machine_bind(machine, EDU, i % 2 ? "vfio-pci" : "", NULL) &&
		     !libiommu_mock_machine_unplug(machine, "0000:00:04.0", NULL);
	return ok ? unused : NULL;
}

/* One thread changes the machine while another one reads, and nothing is missed. */
START_TEST(meanwhile)
{
	unsigned int added = 0, removed = 0, driven = 0;
	struct libiommu_monitor_group group = LIBIOMMU_MONITOR_GROUP_INIT;
	pthread_t thread;
	void *ok = NULL;
	bool ended = false;

	begin();
	ck_assert_int_eq(pthread_create(&thread, NULL, changes_it, &added), 0);
	for (const char *text = ""; *text || !ended; text = next_event()) {
		added += !strncmp(text, "device-added 0000:00:04.0", 25);
		removed += !strncmp(text, "device-removed 0000:00:04.0", 27);
		driven += !strncmp(text, "device-bound " EDU, 25) ||
			  !strncmp(text, "device-unbound " EDU, 27);
		if (!*text && removed == ROUNDS)
			ended = !pthread_join(thread, &ok);
	}
	ck_assert_ptr_nonnull(ok);
	ck_assert_uint_eq(added, ROUNDS);
	ck_assert_uint_eq(driven, ROUNDS);
	ck_assert_int_eq(libiommu_monitor_group_state(monitor, 3, &group, &err), 0);
	ck_assert(group.viable);
	ck_assert_uint_eq(group.members, 1);
	all_understood();
	ck_assert_uint_eq(stats().overruns, 0);
	end();
}
END_TEST

static void nothing_opens_any_more(void)
{
	struct rlimit old, none;
	int next = dup(STDERR_FILENO);

	close(next);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = (rlim_t)next;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	expect_reason(libiommu_mock_monitor_source(machine, 0, &voice, &err), -EMFILE,
		      LIBIOMMU_REASON_FD_LIMIT);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
}

START_TEST(what_is_refused)
{
	static const char longest[] = "a-driver-of-thirty-two-letters--";

	begin();
	expect_reason(libiommu_mock_monitor_source(NULL, 0, &voice, &err), -EINVAL,
		      LIBIOMMU_REASON_NULL_ARGUMENT);
	expect_reason(libiommu_mock_monitor_source(machine, 0, NULL, &err), -EINVAL,
		      LIBIOMMU_REASON_NULL_ARGUMENT);
	expect_reason(libiommu_mock_monitor_source(machine, SIZE_MAX, &voice, &err), -ENOMEM,
		      LIBIOMMU_REASON_NO_MEMORY);
	nothing_opens_any_more();
	expect_reason(libiommu_mock_machine_bind(NULL, EDU, "nvme", &err), -EINVAL,
		      LIBIOMMU_REASON_NULL_ARGUMENT);
	expect_reason(libiommu_mock_machine_bind(machine, NULL, "nvme", &err), -EINVAL,
		      LIBIOMMU_REASON_NULL_ARGUMENT);
	expect_reason(libiommu_mock_machine_bind(machine, "0000:09:00.0", "nvme", &err), -ENODEV,
		      LIBIOMMU_REASON_DEVICE_UNKNOWN);
	expect_reason(libiommu_mock_machine_bind(machine, EDU, longest, &err), -EINVAL,
		      LIBIOMMU_REASON_BAD_OPTIONS);
	expect_reason(libiommu_mock_machine_bind(machine, EDU, "two words", &err), -EINVAL,
		      LIBIOMMU_REASON_BAD_OPTIONS);
	bind_to(EDU, longest + 1);
	expect("device-unbound " EDU " vfio-pci g3");
	expect("member-changed " EDU " -driver-of-thirty-two-letters-- g3");
	expect("group-not-viable " EDU " -driver-of-thirty-two-letters-- g3");
	expect("device-bound " EDU " -driver-of-thirty-two-letters-- g3");
	expect_nothing();
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("monitor-mock");
	TCase *tcase = tcase_create("monitor-mock");

	tcase_add_test(tcase, plug_and_unplug);
	tcase_add_test(tcase, drivers);
	tcase_add_test(tcase, virtual_functions);
	tcase_add_test(tcase, the_text);
	tcase_add_test(tcase, an_overrun);
	tcase_add_test(tcase, no_room_at_all);
	tcase_add_test(tcase, a_device_in_use);
	tcase_add_test(tcase, a_group_that_is_lent);
	tcase_add_test(tcase, a_member_is_swapped_unread);
	tcase_add_test(tcase, a_filter_hides_no_loss);
	tcase_add_loop_test(tcase, a_loss_among_what_was_lost, 0, 2);
	tcase_add_test(tcase, a_lone_device_is_swapped_unread);
	tcase_add_test(tcase, meanwhile);
	tcase_add_test(tcase, what_is_refused);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
