/* SPDX-License-Identifier: BSD-2-Clause */
/* What has changed since a snapshot. */
#include "tests/unit/vfio-fixture.h"

#include "tests/unit/fault.h"

#include "tests/unit/fault-sweep.h"

#include <libiommu/mock_platform.h>

static struct libiommu_group *group_of(struct libiommu_ctx *from, const char *device)
{
	struct libiommu_group *group = NULL;

	OK(libiommu_group_of(from, device, &group, NULL));
	return group;
}

/* The difference of this number is this one. */
static void differs(const struct libiommu_group *before, const struct libiommu_group *now,
		    size_t index, enum libiommu_group_change_kind kind, const char *device,
		    const char *had, const char *has)
{
	struct libiommu_group_change change = LIBIOMMU_GROUP_CHANGE_INIT;

	ck_assert_int_eq(libiommu_group_change(before, now, index, &change), 0);
	ck_assert_int_eq(change.kind, kind);
	ck_assert_str_eq(change.device, device);
	ck_assert_str_eq(change.before, had);
	ck_assert_str_eq(change.driver, has);
}

static void no_more(const struct libiommu_group *before, const struct libiommu_group *now,
		    size_t index)
{
	struct libiommu_group_change change = LIBIOMMU_GROUP_CHANGE_INIT;

	ck_assert_int_eq(libiommu_group_change(before, now, index, &change), -EINVAL);
}

static struct libiommu_group *look_again(const struct libiommu_group *group, bool expected)
{
	struct libiommu_group *now = NULL;
	bool changed = !expected;

	OK(libiommu_group_changed(group, &changed, &now, NULL));
	ck_assert_int_eq(changed, expected);
	return now;
}

START_TEST(drivers)
{
	struct libiommu_group *group = group_of(ctx, M0), *now = look_again(group, false);

	no_more(group, now, 0);
	libiommu_group_unref(now);
	fake_kernel_bind(kernel, M0, "");
	now = look_again(group, true);
	differs(group, now, 0, LIBIOMMU_GROUP_DRIVER, M0, "vfio-pci", "");
	no_more(group, now, 1);
	libiommu_group_unref(now);
	fake_kernel_bind(kernel, M1, "edu");
	now = look_again(group, true);
	differs(group, now, 0, LIBIOMMU_GROUP_DRIVER, M0, "vfio-pci", "");
	differs(group, now, 1, LIBIOMMU_GROUP_DRIVER, M1, "vfio-pci", "edu");
	differs(group, now, 2, LIBIOMMU_GROUP_NOT_VIABLE, "", "", "");
	no_more(group, now, 3);
	/* And back. */
	differs(now, group, 2, LIBIOMMU_GROUP_NOW_VIABLE, "", "", "");
	libiommu_group_unref(now);
	fake_kernel_bind(kernel, M0, "vfio-pci");
	fake_kernel_bind(kernel, M1, "vfio-pci");
	libiommu_group_unref(look_again(group, false));
	libiommu_group_unref(group);
}
END_TEST

START_TEST(arguments)
{
	struct {
		struct libiommu_group_change change;
		uint64_t later;
	} longer = { LIBIOMMU_GROUP_CHANGE_INIT, 0 };
	struct libiommu_group_change change = LIBIOMMU_GROUP_CHANGE_INIT;
	struct libiommu_group *group = group_of(ctx, A);
	bool changed;

	REFUSED(libiommu_group_changed(NULL, &changed, NULL, &err), NULL_ARGUMENT, "", "");
	REFUSED(libiommu_group_changed(group, NULL, NULL, &err), NULL_ARGUMENT, "", "");
	ck_assert_int_eq(libiommu_group_change(NULL, group, 0, &change), -EINVAL);
	ck_assert_int_eq(libiommu_group_change(group, NULL, 0, NULL), -EINVAL);
	change.size = 8;
	ck_assert_int_eq(libiommu_group_change(group, NULL, 0, &change), -EINVAL);
	/* A program that is newer than the library has a longer struct. */
	longer.change.size = sizeof(longer);
	ck_assert_int_eq(libiommu_group_change(group, NULL, 0, &longer.change), 0);
	ck_assert_uint_eq(longer.change.size, sizeof(longer));
	libiommu_group_unref(group);
}
END_TEST

static struct libiommu_group *looked_at;

static int look_once(struct libiommu_error **err)
{
	struct libiommu_group *now = NULL;
	bool changed;
	int code = libiommu_group_changed(looked_at, &changed, &now, err);

	ck_assert(!code == !!now);
	libiommu_group_unref(now);
	return code;
}

/* Nobody takes the snapshot of now. */
static int look_unwanted(struct libiommu_error **err)
{
	bool changed;

	return libiommu_group_changed(looked_at, &changed, NULL, err);
}

START_TEST(failures)
{
	struct failing with;

	fail_slots(&with, BACKEND);
	libiommu_ctx_free(ctx);
	OK(libiommu_ctx_new(&with.opts, &ctx, NULL));
	looked_at = group_of(ctx, M0);
	fail_in_turn(look_once, 20);
	fail_in_turn(look_unwanted, 20);
	libiommu_group_unref(looked_at);
	libiommu_ctx_free(ctx);
	ck_assert_int_eq(blocks, 0);
	ctx = NULL;
}
END_TEST

#if defined(WITH_MOCK)
#define N0 "0000:00:01.0"
#define N1 "0000:00:01.1"
#define N2 "0000:00:01.2"

START_TEST(members)
{
	static const char text[] = "iommu i intel-vtd\n"
				   "host-bridge 0000:00 iommu=i grouping=single\n"
				   "device " N0 " driver=vfio-pci\n"
				   "device " N1 " driver=vfio-pci\n";
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_mock_machine *machine;
	struct libiommu_group *group, *now;
	struct libiommu_ctx *mock;

	OK(libiommu_mock_machine_new(text, &machine, NULL));
	opts.backend = "mock";
	opts.backend_object = machine;
	OK(libiommu_ctx_new(&opts, &mock, NULL));
	group = group_of(mock, N0);
	OK(libiommu_mock_machine_unplug(machine, N0, NULL));
	OK(libiommu_mock_machine_plug(machine, "device " N2 " driver=e1000e\n", NULL));
	now = look_again(group, true);
	differs(group, now, 0, LIBIOMMU_GROUP_LEFT, N0, "vfio-pci", "");
	differs(group, now, 1, LIBIOMMU_GROUP_JOINED, N2, "", "e1000e");
	differs(group, now, 2, LIBIOMMU_GROUP_NOT_VIABLE, "", "", "");
	no_more(group, now, 3);
	libiommu_group_unref(now);
	OK(libiommu_mock_machine_unplug(machine, N1, NULL));
	OK(libiommu_mock_machine_unplug(machine, N2, NULL));
	now = look_again(group, true);
	ck_assert_ptr_null(now);
	differs(group, now, 0, LIBIOMMU_GROUP_LEFT, N0, "vfio-pci", "");
	differs(group, now, 1, LIBIOMMU_GROUP_LEFT, N1, "vfio-pci", "");
	differs(group, now, 2, LIBIOMMU_GROUP_GONE, "", "", "");
	no_more(group, now, 3);
	libiommu_group_unref(group);
	libiommu_ctx_free(mock);
	libiommu_mock_machine_free(machine);
}
END_TEST

/* A member that is pulled out while its group is claimed and it is not open. */
START_TEST(claimed_member_leaves)
{
	static const char text[] = "iommu i intel-vtd\n"
				   "device " N0 " iommu=i group=1 driver=vfio-pci\n";
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_mock_machine *machine;
	struct libiommu_group *group, *now;
	struct libiommu_ctx *mock;

	OK(libiommu_mock_machine_new(text, &machine, NULL));
	opts.backend = "mock";
	opts.backend_object = machine;
	OK(libiommu_ctx_new(&opts, &mock, NULL));
	group = group_of(mock, N0);
	OK(libiommu_group_claim(group, NULL, NULL));
	OK(libiommu_mock_machine_unplug(machine, N0, NULL));
	now = look_again(group, true);
	differs(group, now, 0, LIBIOMMU_GROUP_LEFT, N0, "vfio-pci", "");
	no_more(group, now, 1);
	ck_assert(libiommu_group_claimed(now));
	libiommu_ctx_free(mock);
	libiommu_mock_machine_free(machine);
}
END_TEST
#endif

int main(void)
{
	const TTest *const tests[] = {
		drivers,
		arguments,
		failures,
#if defined(WITH_MOCK)
		members,
		claimed_member_leaves,
#endif
	};

	return run("group-change", tests, sizeof(tests) / sizeof(tests[0]));
}
