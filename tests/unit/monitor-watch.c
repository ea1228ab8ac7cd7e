/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices in use: their owner wants them back, and their groups change. */
#include "tests/unit/monitor-fixture.h"

#include <libiommu/mock.h>

#include <fcntl.h>

static struct libiommu_device *dev;

static uint32_t changes(void)
{
	uint32_t bits = UINT32_MAX;

	ck_assert_int_eq(libiommu_monitor_device_changes(monitor, dev, &bits, &err), 0);
	return bits;
}

static void watch(void)
{
	start();
	ck_assert_int_eq(libiommu_device_open(ctx, A, &dev, NULL), 0);
	ck_assert_int_eq(libiommu_monitor_watch_device(monitor, dev, &err), 0);
	ck_assert_ptr_null(err);
	ck_assert_uint_eq(changes(), 0);
}

START_TEST(somebody_wants_it_back)
{
	int before;

	watch();
	ck_assert_int_ge(world.request, 0);
	expect_nothing();
	ck_assert_int_eq(eventfd_write(world.request, 3), 0);
	expect("release-requested " A " - g1!");
	ck_assert_uint_eq(changes(), LIBIOMMU_MONITOR_WANTED_BACK);
	expect_nothing();
	/* The kernel asks again. */
	ck_assert_int_eq(eventfd_write(world.request, 1), 0);
	expect("release-requested " A " - g1!");
	/* Once more is the same descriptor. */
	before = world.request;
	world.request = -1;
	ck_assert_int_eq(libiommu_monitor_watch_device(monitor, dev, &err), 0);
	ck_assert_int_eq(world.request, before);
	libiommu_monitor_unwatch_device(monitor, dev);
	ck_assert_int_eq(world.request, -1);
	ck_assert_int_eq(fcntl(before, F_GETFD), -1);
	expect_nothing();
	/* Nobody is surprised. */
	libiommu_monitor_unwatch_device(monitor, dev);
	libiommu_monitor_unwatch_device(monitor, NULL);
	libiommu_monitor_unwatch_device(NULL, dev);
	ck_assert_int_eq(libiommu_device_close(dev, NULL), 0);
	stop();
}
END_TEST

START_TEST(its_group_changes)
{
	struct libiommu_monitor_group group = LIBIOMMU_MONITOR_GROUP_INIT;

	watch();
	ck_assert_int_eq(libiommu_monitor_group_state(monitor, 1, &group, NULL), 0);
	ck_assert(group.in_use);
	ck_assert_int_eq(libiommu_monitor_group_state(monitor, 2, &group, NULL), 0);
	ck_assert(!group.in_use);
	/* What happens elsewhere is not its business. */
	plug("0000:00:06.1", 2, "nvme");
	queue("add", "0000:00:06.1", NULL);
	expect("device-added 0000:00:06.1 - g2");
	expect("member-joined 0000:00:06.1 nvme g2");
	ck_assert_uint_eq(changes(), 0);
	plug("0000:00:05.1", 1, "");
	queue("add", "0000:00:05.1", NULL);
	expect("device-added 0000:00:05.1 - g1!");
	ck_assert_uint_eq(changes(), 0);
	expect("member-joined 0000:00:05.1 - g1!");
	ck_assert_uint_eq(changes(), LIBIOMMU_MONITOR_NEW_MEMBER);
	plug(B, 1, "nvme");
	queue("bind", B, "nvme");
	expect("device-bound " B " nvme g1!");
	expect("member-changed " B " nvme g1!");
	ck_assert_uint_eq(changes(), LIBIOMMU_MONITOR_NEW_MEMBER | LIBIOMMU_MONITOR_FOREIGN_DRIVER);
	expect("group-not-viable " B " nvme g1!");
	unplug(B);
	queue_failure(-ENOBUFS);
	expect("resync - - -");
	expect("member-left " B " nvme g1!");
	ck_assert_uint_eq(changes(), LIBIOMMU_MONITOR_NEW_MEMBER | LIBIOMMU_MONITOR_FOREIGN_DRIVER |
					     LIBIOMMU_MONITOR_LOST_MEMBER |
					     LIBIOMMU_MONITOR_UNCERTAIN);
	expect("group-viable - - g1!");
	unplug(A);
	queue("remove", A, NULL);
	expect("device-removed " A " - g1!");
	expect("member-left " A " vfio-pci g1!");
	ck_assert_uint_eq(changes() & LIBIOMMU_MONITOR_LOST_DEVICE, LIBIOMMU_MONITOR_LOST_DEVICE);
	expect_nothing();
	stop();
}
END_TEST

/* It is there, but the kernel has said that it went. */
START_TEST(another_one_in_its_place)
{
	watch();
	queue("remove", A, NULL);
	expect("device-removed " A " - g1!");
	ck_assert_uint_eq(changes(), 0);
	/* Work that is left is seen by poll, also when the group cannot be read now. */
	world.calls = 0;
	world.fail_at = 1;
	expect("member-left " A " vfio-pci g1!");
	ck_assert_uint_eq(changes(), LIBIOMMU_MONITOR_LOST_DEVICE);
	ck_assert_int_eq(
		libiommu_monitor_next(
			monitor, &(struct libiommu_monitor_event)LIBIOMMU_MONITOR_EVENT_INIT, &err),
		-ENOMEM);
	libiommu_error_free(err);
	err = NULL;
	world.fail_at = 0;
	expect("member-joined " A " vfio-pci g1!");
	ck_assert_uint_eq(changes(), LIBIOMMU_MONITOR_LOST_DEVICE | LIBIOMMU_MONITOR_NEW_MEMBER);
	expect_nothing();
	stop();
}
END_TEST

START_TEST(what_is_refused)
{
	struct libiommu_ctx *other;
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_device *foreign;
	uint32_t bits;

	start();
	ck_assert_int_eq(libiommu_device_open(ctx, A, &dev, NULL), 0);
	expect_reason(libiommu_monitor_watch_device(monitor, NULL, &err), -EINVAL,
		      LIBIOMMU_REASON_NULL_ARGUMENT);
	expect_reason(libiommu_monitor_watch_device(NULL, dev, &err), -EINVAL,
		      LIBIOMMU_REASON_NULL_ARGUMENT);
	expect_reason(libiommu_monitor_device_changes(monitor, dev, &bits, &err), -ENODEV,
		      LIBIOMMU_REASON_DEVICE_UNKNOWN);
	expect_reason(libiommu_monitor_device_changes(monitor, dev, NULL, &err), -EINVAL,
		      LIBIOMMU_REASON_NULL_ARGUMENT);
	opts.backend = "fake";
	opts.own_backend = &fake;
	ck_assert_int_eq(libiommu_ctx_new(&opts, &other, NULL), 0);
	ck_assert_int_eq(libiommu_device_open(other, A, &foreign, NULL), 0);
	expect_reason(libiommu_monitor_watch_device(monitor, foreign, &err), -EXDEV,
		      LIBIOMMU_REASON_FOREIGN_CONTEXT);
	libiommu_ctx_free(other);
	/* A device that cannot be reached yet; nothing of the attempt stays. */
	world.refuse_interrupt = 1;
	expect_reason(libiommu_monitor_watch_device(monitor, dev, &err), -ENOTCONN,
		      LIBIOMMU_REASON_NEEDS_ATTACH);
	expect_reason(libiommu_monitor_device_changes(monitor, dev, &bits, &err), -ENODEV,
		      LIBIOMMU_REASON_DEVICE_UNKNOWN);
	world.refuse_interrupt = 0;
	world.calls = 0;
	world.fail_at = 1;
	expect_reason(libiommu_monitor_watch_device(monitor, dev, &err), -ENOMEM,
		      LIBIOMMU_REASON_NO_MEMORY);
	world.fail_at = 0;
	expect_nothing();
	ck_assert_int_eq(libiommu_monitor_watch_device(monitor, dev, &err), 0);
	/* Detached in the meantime, as on type1: it goes nevertheless. */
	world.refuse_interrupt = 1;
	stop();
}
END_TEST

/* The mock's owner pulls a device out, and its user gives it back as the contract says. */
START_TEST(the_mock_pulls_it_out)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_monitor_options monitor_opts = options();
	struct libiommu_endpoint *ep;
	struct libiommu_domain *dom;

	start_world();
	libiommu_ctx_free(ctx);
	opts.backend = "mock";
	opts.config = "iommu u intel-vtd\n"
		      "device 0000:01:00.0 iommu=u group=1 driver=vfio-pci model=edu\n"
		      "device 0000:01:00.1 iommu=u group=1 driver=vfio-pci model=edu\n";
	ck_assert_int_eq(libiommu_ctx_new(&opts, &ctx, NULL), 0);
	ck_assert_int_eq(libiommu_monitor_new(ctx, &monitor_opts, &monitor, &err), 0);
	ck_assert_int_eq(libiommu_device_open(ctx, "0000:01:00.0", &dev, NULL), 0);
	ep = libiommu_device_endpoint(dev);
	ck_assert_int_eq(libiommu_domain_new(ctx, NULL, &dom, NULL), 0);
	ck_assert_int_eq(libiommu_endpoint_attach(ep, dom, NULL), 0);
	ck_assert_int_eq(libiommu_monitor_watch_device(monitor, dev, &err), 0);
	expect_nothing();
	ck_assert_int_eq(libiommu_mock_device_request(ep, NULL), 0);
	expect("release-requested 0000:01:00.0 - g1!");
	ck_assert_int_eq(libiommu_mock_device_remove(ep, NULL), 0);
	expect("release-requested 0000:01:00.0 - g1!");
	expect_nothing();
	libiommu_monitor_unwatch_device(monitor, dev);
	ck_assert_int_eq(libiommu_endpoint_detach(ep, 0, NULL), 0);
	ck_assert_int_eq(libiommu_device_close(dev, NULL), 0);
	queue("remove", "0000:01:00.0", NULL);
	expect("device-removed 0000:01:00.0 - g1");
	expect("member-left 0000:01:00.0 vfio-pci g1");
	expect_nothing();
	stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("monitor-watch");
	TCase *tcase = tcase_create("monitor-watch");

	tcase_add_test(tcase, somebody_wants_it_back);
	tcase_add_test(tcase, its_group_changes);
	tcase_add_test(tcase, another_one_in_its_place);
	tcase_add_test(tcase, what_is_refused);
	tcase_add_test(tcase, the_mock_pulls_it_out);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
