/* SPDX-License-Identifier: BSD-2-Clause */
/* Groups of a machine whose devices come and go. */
#include "tests/unit/mock-rig.h"

#include <libiommu/mock_platform.h>
#include <libiommu/monitor.h>

#include <pthread.h>

#define ACS " acs=sv,rr,cr,uf\n"
#define BASE                                             \
	"personality iommufd\niommu u intel-vtd\n"       \
	"host-bridge 0000:00 iommu=u grouping=pci-acs\n" \
	"device 0000:00:01.0 type=root-port bus=01" ACS  \
	"device 0000:00:02.0 type=root-port bus=02\n"    \
	"device 0000:00:03.0 type=root-port bus=03" ACS  \
	"device 0000:03:00.0 vfs=4,256,2 driver=vfio-pci model=edu\n"

static struct libiommu_mock_machine *machine;
static struct libiommu_ctx *ctx;

static void start(const char *text)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;

	ck_assert_int_eq(libiommu_mock_machine_new(text, &machine, NULL), 0);
	opts.backend = "mock";
	opts.backend_object = machine;
	ck_assert_int_eq(libiommu_ctx_new(&opts, &ctx, NULL), 0);
}

static void stop(void)
{
	libiommu_ctx_free(ctx);
	libiommu_mock_machine_free(machine);
}

static void plug(const char *text)
{
	struct libiommu_error *err = NULL;

	ck_assert_msg(!libiommu_mock_machine_plug(machine, text, &err), "%s: %s", text,
		      libiommu_error_message(err));
}

static void unplug(const char *name)
{
	ck_assert_int_eq(libiommu_mock_machine_unplug(machine, name, NULL), 0);
}

/* -1: the device has none, or is none */
static int64_t group_of(const char *name)
{
	struct libiommu_group *group;
	uint32_t id;

	if (libiommu_group_of(ctx, name, &group, NULL))
		return -1;
	id = libiommu_group_id(group);
	libiommu_group_unref(group);
	return id;
}

static size_t members_of(const char *name)
{
	struct libiommu_group *group;
	size_t count;

	ck_assert_int_eq(libiommu_group_of(ctx, name, &group, NULL), 0);
	count = libiommu_group_member_count(group);
	libiommu_group_unref(group);
	return count;
}

static size_t groups(void)
{
	uint32_t ids[64];
	size_t count = 64;

	ck_assert_int_eq(libiommu_group_ids(ctx, ids, &count, NULL), 0);
	return count;
}

START_TEST(a_card_comes_and_goes)
{
	start(BASE);
	ck_assert_uint_eq(groups(), 4);
	plug("device 0000:01:00.0 multifunction=yes\ndevice 0000:01:00.1\n");
	ck_assert_int_eq(group_of("0000:01:00.0"), 4);
	ck_assert_int_eq(group_of("0000:01:00.1"), 4);
	/* Below a port without ACS it is with the port. */
	plug("device 0000:02:00.0\n");
	ck_assert_int_eq(group_of("0000:02:00.0"), 1);
	unplug("0000:02:00.0");
	ck_assert_int_eq(group_of("0000:02:00.0"), -1);
	ck_assert_uint_eq(members_of("0000:00:02.0"), 1);
	unplug("0000:01:00.0");
	ck_assert_uint_eq(members_of("0000:01:00.1"), 1);
	unplug("0000:01:00.1");
	ck_assert_uint_eq(groups(), 4);
	stop();
}
END_TEST

START_TEST(numbers_are_used_again)
{
	start(BASE);
	unplug("0000:00:01.0");
	ck_assert_uint_eq(groups(), 3);
	plug("device 0000:00:04.0\ndevice 0000:00:05.0\n");
	ck_assert_int_eq(group_of("0000:00:04.0"), 0);
	ck_assert_int_eq(group_of("0000:00:05.0"), 4);
	/* So is the bus below, and the name. */
	plug("device 0000:00:01.0 type=root-port bus=01\ndevice 0000:01:00.0\n");
	ck_assert_int_eq(group_of("0000:00:01.0"), 5);
	ck_assert_int_eq(group_of("0000:01:00.0"), 5);
	stop();
}
END_TEST

/* The second function would belong to the first one's group, had it been there before. */
START_TEST(nobody_is_asked_again)
{
	start(BASE);
	plug("device 0000:01:00.0 dma-alias=00.2\ndevice 0000:01:00.1 multifunction=no\n");
	ck_assert_int_eq(group_of("0000:01:00.0"), 4);
	ck_assert_int_eq(group_of("0000:01:00.1"), 5);
	/* It joins both by its aliases, but finds the first one only. */
	plug("device 0000:01:00.2 dma-alias=00.1\n");
	ck_assert_int_eq(group_of("0000:01:00.2"), 4);
	ck_assert_int_eq(group_of("0000:01:00.1"), 5);
	stop();
}
END_TEST

START_TEST(all_that_hangs_on_it_goes)
{
	start(BASE "device 0000:00:0e.0 type=rc-endpoint\n"
		   "host-bridge 10000:e0 iommu=u grouping=pci-acs real-dma=0000:00:0e.0\n"
		   "device 10000:e0:00.0 type=root-port bus=e1\n"
		   "device 10000:e1:00.0\n");
	plug("device 0000:01:00.0 type=upstream-port bus=10\n"
	     "device 0000:10:00.0 type=downstream-port bus=11\n"
	     "device 0000:11:00.0\n");
	ck_assert_int_ge(group_of("0000:11:00.0"), 0);
	unplug("0000:01:00.0");
	ck_assert_int_eq(group_of("0000:10:00.0"), -1);
	ck_assert_int_eq(group_of("0000:11:00.0"), -1);
	ck_assert_int_eq(group_of("10000:e1:00.0"), group_of("0000:00:0e.0"));
	unplug("0000:00:0e.0");
	ck_assert_int_eq(group_of("10000:e1:00.0"), -1);
	ck_assert_int_eq(
		libiommu_mock_machine_plug(machine, "device 10000:e0:01.0 type=endpoint\n", NULL),
		-EINVAL);
	ck_assert_uint_eq(groups(), 4);
	stop();
}
END_TEST

START_TEST(what_is_open_stays_until_it_is_closed)
{
	struct libiommu_device *dev, *again;
	struct libiommu_error *err;

	start(BASE);
	ck_assert_int_eq(libiommu_device_open(ctx, "0000:03:00.0", &dev, NULL), 0);
	unplug("0000:00:03.0");
	ck_assert_int_eq(group_of("0000:00:03.0"), -1);
	ck_assert_int_eq(group_of("0000:03:00.0"), 3);
	plug("device 0000:00:05.0\n");
	ck_assert_int_eq(group_of("0000:00:05.0"), 2);
	ck_assert_int_eq(libiommu_device_close(dev, NULL), 0);
	ck_assert_int_eq(libiommu_device_open(ctx, "0000:03:00.0", &again, &err), -ENODEV);
	ck_assert_int_eq(libiommu_error_reason(err), LIBIOMMU_REASON_DEVICE_UNKNOWN);
	libiommu_error_free(err);
	plug("device 0000:00:06.0\n");
	ck_assert_int_eq(group_of("0000:00:06.0"), 3);
	stop();
}
END_TEST

START_TEST(a_pulled_device_leaves_its_bus)
{
	struct libiommu_device *dev;

	start(BASE);
	ck_assert_int_eq(libiommu_device_open(ctx, "0000:03:00.0", &dev, NULL), 0);
	ck_assert_int_eq(libiommu_mock_device_remove(libiommu_device_endpoint(dev), NULL), 0);
	ck_assert_int_eq(libiommu_mock_machine_plug(machine, "device 0000:03:00.0\n", NULL),
			 -EINVAL);
	ck_assert_int_eq(libiommu_device_close(dev, NULL), 0);
	plug("device 0000:03:00.0 driver=vfio-pci model=edu\n");
	ck_assert_int_eq(group_of("0000:03:00.0"), 3);
	ck_assert_int_eq(libiommu_device_open(ctx, "0000:03:00.0", &dev, NULL), 0);
	stop();
}
END_TEST

static int set_vfs(const char *name, unsigned int count, const char *options)
{
	return libiommu_mock_machine_set_vfs(machine, name, count, options, NULL);
}

START_TEST(virtual_functions_have_groups_of_their_own)
{
	struct libiommu_device *dev;

	start(BASE);
	ck_assert_int_eq(set_vfs("0000:03:00.0", 4, "driver=vfio-pci model=edu"), 0);
	/* On a bus that no bridge leads to. */
	ck_assert_int_eq(group_of("0000:04:00.0"), 4);
	ck_assert_int_eq(group_of("0000:04:00.2"), 5);
	ck_assert_int_eq(group_of("0000:04:00.4"), 6);
	ck_assert_int_eq(group_of("0000:04:00.6"), 7);
	ck_assert_int_eq(libiommu_device_open(ctx, "0000:04:00.2", &dev, NULL), 0);
	ck_assert_int_eq(set_vfs("0000:03:00.0", 2, NULL), -EBUSY);
	ck_assert_int_eq(set_vfs("0000:03:00.0", 0, NULL), 0);
	ck_assert_int_eq(group_of("0000:04:00.0"), -1);
	ck_assert_int_eq(group_of("0000:04:00.2"), 5);
	ck_assert_int_eq(set_vfs("0000:03:00.0", 1, NULL), -EBUSY);
	ck_assert_int_eq(libiommu_device_close(dev, NULL), 0);
	ck_assert_uint_eq(groups(), 4);
	ck_assert_int_eq(set_vfs("0000:03:00.0", 2, NULL), 0);
	ck_assert_int_eq(group_of("0000:04:00.2"), 5);
	unplug("0000:03:00.0");
	ck_assert_int_eq(group_of("0000:04:00.2"), -1);
	stop();
}
END_TEST

START_TEST(wrong_numbers_of_functions_are_refused)
{
	static const char *const bad[] = { "vfs=4",     "vfs=4,1", "vfs=4,1,2,3",       "vfs=0,1,1",
					   "vfs=4,1,0", "vfs=,,",  "vfs=4,1,1234567890" };
	struct libiommu_error *err;

	start(BASE "device 0000:00:1f.0\ndevice 0000:40:00.0 iommu=u group=9\n"
		   "device 0000:00:1e.0 vfs=2,65535,1\n");
	ck_assert_int_eq(set_vfs("0000:03:00.0", 5, NULL), -EINVAL);
	ck_assert_int_eq(set_vfs("0000:00:1f.0", 1, NULL), -EINVAL);
	ck_assert_int_eq(set_vfs("0000:40:00.0", 1, NULL), -EINVAL);
	ck_assert_int_eq(set_vfs("0000:00:1e.0", 1, NULL), -EINVAL);
	ck_assert_int_eq(set_vfs("0000:09:00.0", 1, NULL), -ENODEV);
	ck_assert_int_eq(set_vfs("0000:03:00.0", 1, "driver=a\ndevice b"), -EINVAL);
	ck_assert_int_eq(set_vfs("0000:03:00.0", 1, "nonsense"), -EINVAL);
	ck_assert_int_eq(set_vfs(NULL, 1, NULL), -EINVAL);
	ck_assert_int_eq(libiommu_mock_machine_set_vfs(NULL, "0000:03:00.0", 1, NULL, &err),
			 -EINVAL);
	ck_assert_int_eq(libiommu_error_reason(err), LIBIOMMU_REASON_NULL_ARGUMENT);
	libiommu_error_free(err);
	ck_assert_int_eq(set_vfs("0000:03:00.0", 4, NULL), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char line[128];

		snprintf(line, sizeof(line), "device 0000:01:00.0 %s\n", bad[i]);
		ck_assert_msg(libiommu_mock_machine_plug(machine, line, NULL) == -EINVAL, "%s",
			      bad[i]);
	}
	stop();
}
END_TEST

START_TEST(a_refused_text_changes_nothing)
{
	static const struct {
		const char *text;
		const char *subject;
	} bad[] = {
		{ "device 0000:01:00.0\nnonsense\n", "line 2" },
		{ "device 0000:01:00.0\nram packed\n", "line 2" },
		{ "device 0000:01:00.0 group=77\ndevice 0000:00:02.0\n", "line 2" },
		{ "device 0000:01:00.0 type=upstream-port bus=10\ndevice 0000:10:00.0 bus=1\n",
		  "line 2" },
		{ "device 0000:02:00.0\ndevice 0000:01:00.0 model=edu strange\n", "line 2" },
	};
	struct libiommu_error *err;

	start(BASE);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		ck_assert_int_eq(libiommu_mock_machine_plug(machine, bad[i].text, &err), -EINVAL);
		ck_assert_str_eq(libiommu_error_subject(err), bad[i].subject);
		libiommu_error_free(err);
		ck_assert_uint_eq(groups(), 4);
		ck_assert_uint_eq(members_of("0000:00:02.0"), 1);
		ck_assert_int_eq(group_of("0000:01:00.0"), -1);
	}
	plug("device 0000:01:00.0 type=upstream-port bus=10\n");
	ck_assert_int_eq(libiommu_mock_machine_unplug(machine, "0000:77:00.0", &err), -ENODEV);
	ck_assert_int_eq(libiommu_error_reason(err), LIBIOMMU_REASON_DEVICE_UNKNOWN);
	libiommu_error_free(err);
	ck_assert_int_eq(libiommu_mock_machine_unplug(machine, NULL, NULL), -EINVAL);
	ck_assert_int_eq(libiommu_mock_machine_plug(machine, NULL, NULL), -EINVAL);
	stop();
}
END_TEST

static long allocations, failing, live;

static void *counted_alloc(void *data, size_t length, size_t alignment)
{
	const struct libiommu_allocator *real = libiommu_allocator_default();
	void *memory;

	(void)data;
	if (failing && ++allocations == failing)
		return NULL;
	memory = real->alloc(real->data, length, alignment);
	live += memory ? (long)length : 0;
	return memory;
}

static void counted_free(void *data, void *memory, size_t length)
{
	const struct libiommu_allocator *real = libiommu_allocator_default();

	(void)data;
	live -= (long)length;
	real->free(real->data, memory, length);
}

START_TEST(every_allocation_may_fail)
{
	struct libiommu_allocator mem = *libiommu_allocator_default();
	struct libiommu_failure failure;
	struct mock_machine *inner;
	int error = -ENOMEM;
	long before;

	mem.alloc = counted_alloc;
	mem.free = counted_free;
	libiommu_failure_init(&failure);
	ck_assert_int_eq(mock_machine_make(&mem, BASE, &inner, &failure), 0);
	before = live;
	for (failing = 1; error; failing++) {
		allocations = 0;
		libiommu_failure_init(&failure);
		error = mock_machine_plug(inner,
					  "device 0000:01:00.0 type=upstream-port bus=10\n"
					  "device 0000:02:00.0 model=edu\n"
					  "device 0000:11:00.0 type=vf\n",
					  NULL, &failure);
		ck_assert(!error || error == -ENOMEM);
		ck_assert(!error || live == before);
		ck_assert(!error || !mock_machine_device(inner, "0000:01:00.0"));
	}
	ck_assert_int_gt(failing, 9);
	failing = 0;
	mock_machine_destroy(inner);
	ck_assert_int_eq(live, 0);
}
END_TEST

static void *look(void *unused)
{
	(void)unused;
	for (int i = 0; i < 400; i++) {
		struct libiommu_device *dev;

		groups();
		group_of("0000:01:00.0");
		if (!libiommu_device_open(ctx, "0000:01:00.0", &dev, NULL))
			ck_assert_int_eq(libiommu_device_close(dev, NULL), 0);
	}
	return NULL;
}

START_TEST(others_may_look_meanwhile)
{
	pthread_t thread;

	start(BASE);
	ck_assert_int_eq(pthread_create(&thread, NULL, look, NULL), 0);
	for (int i = 0; i < 100; i++) {
		/* It may still be in the hands of the other one. */
		libiommu_mock_machine_plug(machine,
					   "device 0000:01:00.0 driver=vfio-pci model=edu\n", NULL);
		libiommu_mock_machine_unplug(machine, "0000:01:00.0", NULL);
	}
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	ck_assert_uint_eq(groups(), 4);
	stop();
}
END_TEST

/* Found at the start it is one of several in any case; later its own header has to say so. */
START_TEST(a_function_with_a_poor_header)
{
	static const char second[] = "device 0000:01:00.1 multifunction=no\n";
	char text[1024];

	snprintf(text, sizeof(text), BASE "device 0000:01:00.0 multifunction=yes\n%s", second);
	start(text);
	ck_assert_int_eq(group_of("0000:01:00.0"), group_of("0000:01:00.1"));
	unplug("0000:01:00.1");
	plug(second);
	ck_assert_int_ne(group_of("0000:01:00.0"), group_of("0000:01:00.1"));
	ck_assert_uint_eq(members_of("0000:01:00.1"), 1);
	unplug("0000:01:00.1");
	plug("device 0000:01:00.1\n");
	ck_assert_int_eq(group_of("0000:01:00.0"), group_of("0000:01:00.1"));
	stop();
}
END_TEST

/* What the driver of a member is, and how many binds were told since. */
static const char *driver_of(const char *name)
{
	static char driver[64];
	struct libiommu_group_member member = LIBIOMMU_GROUP_MEMBER_INIT;
	struct libiommu_group *group;

	strcpy(driver, "no member");
	ck_assert_int_eq(libiommu_group_of(ctx, name, &group, NULL), 0);
	for (size_t i = 0; libiommu_group_member(group, i, &member) == 0; i++) {
		if (!strcmp(member.name, name))
			snprintf(driver, sizeof(driver), "%s", member.driver);
	}
	libiommu_group_unref(group);
	return driver;
}

static unsigned int binds_told(struct libiommu_monitor_source *voice)
{
	struct libiommu_monitor_sender sender;
	unsigned int count = 0;
	char text[1024];

	while (voice->receive(voice->data, text, sizeof(text), &sender) > 0)
		count += !strncmp(text, "bind@", 5);
	return count;
}

#define GUEST "0000:03:00.1"

/* No driver that does DMA of its own comes with a device into a group that is lent or claimed. */
START_TEST(a_guest_in_a_group_that_is_lent)
{
	struct libiommu_monitor_source voice;
	struct libiommu_device *dev = NULL;
	struct libiommu_group *group;

	start("personality iommufd\niommu u intel-vtd\nhost-bridge 0000:03 iommu=u\n"
	      "device 0000:03:00.0 multifunction=yes driver=vfio-pci model=edu\n");
	ck_assert_int_eq(libiommu_mock_monitor_source(machine, 0, &voice, NULL), 0);
	ck_assert_int_eq(libiommu_group_of(ctx, "0000:03:00.0", &group, NULL), 0);
	for (int claimed = 0; claimed < 2; claimed++) {
		if (claimed)
			ck_assert_int_eq(libiommu_group_claim(group, NULL, NULL), 0);
		else
			ck_assert_int_eq(libiommu_device_open(ctx, "0000:03:00.0", &dev, NULL), 0);
		plug("device " GUEST " driver=e1000e\ndevice 0000:03:00.2 driver=pci-stub\n"
		     "device 0000:03:01.0 driver=e1000e\n");
		ck_assert_uint_eq(members_of(GUEST), 3);
		ck_assert_str_eq(driver_of(GUEST), "");
		ck_assert_str_eq(driver_of("0000:03:00.2"), "pci-stub");
		ck_assert_str_eq(driver_of("0000:03:01.0"), "e1000e");
		ck_assert_uint_eq(binds_told(&voice), 2);
		ck_assert_int_eq(libiommu_mock_machine_bind(machine, GUEST, "e1000e", NULL),
				 -EBUSY);
		if (claimed)
			ck_assert_int_eq(libiommu_group_release(group, NULL), 0);
		else
			ck_assert_int_eq(libiommu_device_close(dev, NULL), 0);
		/* Nobody tries again by himself. */
		ck_assert_str_eq(driver_of(GUEST), "");
		ck_assert_uint_eq(binds_told(&voice), 0);
		ck_assert_int_eq(libiommu_mock_machine_bind(machine, GUEST, "e1000e", NULL), 0);
		ck_assert_str_eq(driver_of(GUEST), "e1000e");
		unplug(GUEST);
		unplug("0000:03:00.2");
		unplug("0000:03:01.0");
		binds_told(&voice);
	}
	plug("device " GUEST " driver=e1000e\n");
	ck_assert_str_eq(driver_of(GUEST), "e1000e");
	libiommu_group_unref(group);
	voice.close(voice.data);
	stop();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_card_comes_and_goes,
		numbers_are_used_again,
		nobody_is_asked_again,
		all_that_hangs_on_it_goes,
		what_is_open_stays_until_it_is_closed,
		a_pulled_device_leaves_its_bus,
		virtual_functions_have_groups_of_their_own,
		wrong_numbers_of_functions_are_refused,
		a_refused_text_changes_nothing,
		every_allocation_may_fail,
		others_may_look_meanwhile,
		a_function_with_a_poor_header,
		a_guest_in_a_group_that_is_lent,
	};

	return rig_run("mock-hotplug", tests, sizeof(tests) / sizeof(tests[0]));
}
