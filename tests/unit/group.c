/* SPDX-License-Identifier: BSD-2-Clause */
/* Groups: going through them, finding them, and who stands in their way. */
#include "tests/unit/vfio-fixture.h"

#include "tests/unit/fault.h"

#include "tests/unit/fault-sweep.h"

#include <libiommu/mock_platform.h>

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static struct libiommu_group *group_of(const char *device)
{
	struct libiommu_group *group = NULL;

	OK(libiommu_group_of(ctx, device, &group, NULL));
	return group;
}

static struct libiommu_group_member member_named(const struct libiommu_group *group,
						 const char *name)
{
	struct libiommu_group_member m = LIBIOMMU_GROUP_MEMBER_INIT;

	for (size_t i = 0; !libiommu_group_member(group, i, &m); i++)
		if (!strcmp(m.name, name))
			return m;
	ck_abort_msg("%s is no member", name);
	return m;
}

START_TEST(walk)
{
	struct libiommu_group *group = NULL;
	struct libiommu_error *err = NULL;
	uint32_t ids[8];
	size_t count = 8, seen = 0;

	OK(libiommu_group_ids(ctx, ids, &count, NULL));
	ck_assert_uint_eq(count, 5);
	while (!libiommu_group_next(ctx, group, &group, &err) && group) {
		ck_assert_uint_lt(seen, count);
		ck_assert_uint_eq(libiommu_group_id(group), ids[seen++]);
	}
	ck_assert_ptr_null(err);
	ck_assert_ptr_null(group);
	ck_assert_uint_eq(seen, count);
}
END_TEST

START_TEST(walk_keeps_what_is_referenced)
{
	struct libiommu_group *first = NULL, *kept, *second;

	OK(libiommu_group_next(ctx, NULL, &first, NULL));
	kept = libiommu_group_ref(first);
	OK(libiommu_group_next(ctx, first, &second, NULL));
	ck_assert_uint_eq(libiommu_group_id(kept), 1);
	ck_assert_uint_eq(libiommu_group_id(second), 2);
	libiommu_group_unref(second);
	/* From the same place once more. */
	OK(libiommu_group_next(ctx, kept, &second, NULL));
	ck_assert_uint_eq(libiommu_group_id(second), 2);
	libiommu_group_unref(second);
}
END_TEST

START_TEST(walk_begins_anywhere)
{
	struct libiommu_group *group = group_of(M0);

	ck_assert_uint_eq(libiommu_group_id(group), 3);
	OK(libiommu_group_next(ctx, group, &group, NULL));
	ck_assert_uint_eq(libiommu_group_id(group), 4);
	OK(libiommu_group_next(ctx, group, &group, NULL));
	ck_assert_uint_eq(libiommu_group_id(group), 5);
	OK(libiommu_group_next(ctx, group, &group, NULL));
	ck_assert_ptr_null(group);
	group = group_of(OWNED);
	OK(libiommu_group_next(ctx, group, &group, NULL));
	ck_assert_ptr_null(group);
}
END_TEST

START_TEST(walk_refuses)
{
	struct libiommu_group *group = group_of(A), *out = group;
	struct libiommu_ctx *other = new_ctx();

	REFUSED(libiommu_group_next(other, libiommu_group_ref(group), &out, &err), FOREIGN_CONTEXT,
		"", "");
	ck_assert_ptr_null(out);
	REFUSED(libiommu_group_next(ctx, libiommu_group_ref(group), NULL, &err), NULL_ARGUMENT, "",
		"");
	REFUSED(libiommu_group_next(NULL, NULL, &out, &err), NULL_ARGUMENT, "", "");
	/* Its references were given back: this is the last. */
	libiommu_group_unref(group);
	libiommu_ctx_free(other);
}
END_TEST

#if defined(WITH_MOCK)
/* One of three groups goes while a walk stands before it. */
START_TEST(walk_skips_what_went)
{
	static const char text[] = "iommu i intel-vtd\n"
				   "host-bridge 0000:00 iommu=i grouping=generic\n"
				   "device 0000:00:01.0 driver=vfio-pci\n"
				   "device 0000:00:02.0 driver=vfio-pci\n"
				   "device 0000:00:03.0 driver=vfio-pci\n";
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_mock_machine *machine;
	struct libiommu_group *group = NULL;
	struct libiommu_ctx *mock;

	OK(libiommu_mock_machine_new(text, &machine, NULL));
	opts.backend = "mock";
	opts.backend_object = machine;
	OK(libiommu_ctx_new(&opts, &mock, NULL));
	OK(libiommu_group_next(mock, group, &group, NULL));
	ck_assert_uint_eq(libiommu_group_id(group), 0);
	OK(libiommu_mock_machine_unplug(machine, "0000:00:02.0", NULL));
	OK(libiommu_group_next(mock, group, &group, NULL));
	ck_assert_uint_eq(libiommu_group_id(group), 2);
	OK(libiommu_mock_machine_unplug(machine, "0000:00:03.0", NULL));
	OK(libiommu_group_next(mock, group, &group, NULL));
	ck_assert_ptr_null(group);
	libiommu_ctx_free(mock);
	libiommu_mock_machine_free(machine);
}
END_TEST
#endif

START_TEST(find_by_bus)
{
	struct libiommu_group *group = NULL;

	OK(libiommu_group_find(ctx, "pci", 3, &group, NULL));
	ck_assert_uint_eq(libiommu_group_id(group), 3);
	ck_assert_str_eq(libiommu_group_name(group), "functions");
	ck_assert_str_eq(libiommu_group_type(group), "DMA");
	libiommu_group_unref(group);
	group = NULL;
	REFUSED(libiommu_group_find(ctx, "platform", 3, &group, &err), GROUP_UNKNOWN, "group 3",
		"platform");
	REFUSED(libiommu_group_find(ctx, "pci", 77, &group, &err), GROUP_UNKNOWN, "group 77", "");
	REFUSED(libiommu_group_find(ctx, NULL, 3, &group, &err), NULL_ARGUMENT, "", "");
	REFUSED(libiommu_group_find(ctx, "pci", 3, NULL, &err), NULL_ARGUMENT, "", "");
	ck_assert_ptr_null(group);
	group = group_of(A);
	ck_assert_str_eq(libiommu_group_name(group), "");
	libiommu_group_unref(group);
	ck_assert_str_eq(libiommu_group_name(NULL), "");
}
END_TEST

START_TEST(states_of_members)
{
	static const struct {
		const char *device, *driver;
		enum libiommu_member_state state;
	} rows[] = {
		{ M0, "vfio-pci", LIBIOMMU_MEMBER_VFIO },
		{ M0, "mlx5_vfio_pci", LIBIOMMU_MEMBER_VFIO },
		{ M0, "", LIBIOMMU_MEMBER_NO_DRIVER },
		{ M0, "pcieport", LIBIOMMU_MEMBER_PORT },
		{ M0, "pci-stub", LIBIOMMU_MEMBER_NO_DMA },
		{ M0, "e1000e", LIBIOMMU_MEMBER_FOREIGN_DRIVER },
		{ "0000:00:1f.0", "", LIBIOMMU_MEMBER_BRIDGE },
		{ "0000:00:1f.0", "lpc_ich", LIBIOMMU_MEMBER_FOREIGN_DRIVER },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct libiommu_group_member m;
		struct libiommu_group *group;

		fake_kernel_bind(kernel, rows[i].device, rows[i].driver);
		group = group_of(rows[i].device);
		m = member_named(group, rows[i].device);
		ck_assert_int_eq(m.state, rows[i].state);
		ck_assert_int_eq(m.blocks, m.state == LIBIOMMU_MEMBER_FOREIGN_DRIVER);
		ck_assert_ptr_nonnull(libiommu_member_state_text(m.state));
		libiommu_group_unref(group);
	}
	ck_assert_ptr_null(libiommu_member_state_text(LIBIOMMU_MEMBER_UNKNOWN));
	ck_assert_ptr_null(libiommu_member_state_text(LIBIOMMU_MEMBER_PAD_));
}
END_TEST

/* A program that is newer than the library has a longer struct, whose size stays its own. */
START_TEST(longer_members)
{
	struct {
		struct libiommu_group_member member;
		uint64_t later;
	} longer = { LIBIOMMU_GROUP_MEMBER_INIT, 0 };
	struct libiommu_group *group = group_of(A);

	longer.member.size = sizeof(longer);
	ck_assert_int_eq(libiommu_group_member(group, 0, &longer.member), 0);
	ck_assert_uint_eq(longer.member.size, sizeof(longer));
	ck_assert_str_eq(longer.member.name, A);
	ck_assert_int_eq(libiommu_group_member(group, 1, &longer.member), -EINVAL);
	ck_assert_int_eq(libiommu_group_member(NULL, 0, &longer.member), -EINVAL);
	ck_assert_int_eq(libiommu_group_member(group, 0, NULL), -EINVAL);
	longer.member.size = sizeof(longer.member) - 1;
	ck_assert_int_eq(libiommu_group_member(group, 0, &longer.member), -EINVAL);
	libiommu_group_unref(group);
}
END_TEST

START_TEST(who_blocks)
{
	struct libiommu_blocker blocker = LIBIOMMU_BLOCKER_INIT;
	struct libiommu_group *group;

	fake_kernel_bind(kernel, "0000:00:1f.0", "lpc_ich");
	group = group_of(HALF);
	REFUSED(libiommu_group_check(group, &err), GROUP_NOT_VIABLE, "group 4",
		"0000:00:1f.0 (lpc_ich), 0000:00:1f.3 (i801_smbus)");
	ck_assert_int_eq(libiommu_group_blocker(group, 0, &blocker), 0);
	ck_assert_str_eq(blocker.device, "0000:00:1f.0");
	ck_assert_int_eq(libiommu_group_blocker(group, 1, &blocker), 0);
	ck_assert_str_eq(blocker.device, "0000:00:1f.3");
	ck_assert_str_eq(blocker.driver, "i801_smbus");
	ck_assert_ptr_nonnull(strstr(blocker.sentence, "0000:00:1f.3"));
	ck_assert_ptr_nonnull(strstr(blocker.sentence, "i801_smbus"));
	ck_assert_ptr_nonnull(strstr(blocker.hint, "set-override 0000:00:1f.3 vfio-pci"));
	ck_assert_int_eq(libiommu_group_blocker(group, 2, &blocker), -EINVAL);
	ck_assert_int_eq(libiommu_group_blocker(group, 0, NULL), -EINVAL);
	ck_assert_int_eq(libiommu_group_blocker(NULL, 0, &blocker), -EINVAL);
	blocker.size = 8;
	ck_assert_int_eq(libiommu_group_blocker(group, 0, &blocker), -EINVAL);
	libiommu_group_unref(group);
	REFUSED(libiommu_group_check(NULL, &err), NULL_ARGUMENT, "", "");
	blocker.size = sizeof(blocker);
	group = group_of(A);
	OK(libiommu_group_check(group, NULL));
	ck_assert_int_eq(libiommu_group_blocker(group, 0, &blocker), -EINVAL);
	libiommu_group_unref(group);
}
END_TEST

START_TEST(in_a_child)
{
	struct libiommu_group *group = NULL;
	int status;
	pid_t child;

	OK(libiommu_group_next(ctx, NULL, &group, NULL));
	child = fork();
	if (!child) {
		struct libiommu_error *err = NULL;
		bool right = libiommu_group_next(ctx, group, &group, &err) && !group &&
			     libiommu_error_reason(err) == LIBIOMMU_REASON_AFTER_FORK;

		libiommu_error_free(err);
		libiommu_ctx_free(ctx);
		_exit(!right);
	}
	ck_assert_int_gt(child, 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	libiommu_group_unref(group);
}
END_TEST

static int walk_all(struct libiommu_error **err)
{
	struct libiommu_group *group = NULL;
	int code;

	while (!(code = libiommu_group_next(ctx, group, &group, err)) && group)
		;
	ck_assert_ptr_null(group);
	return code;
}

static int find_one(struct libiommu_error **err)
{
	struct libiommu_group *found = NULL;
	int code = libiommu_group_find(ctx, "pci", 4, &found, err);

	ck_assert(!code == !!found);
	libiommu_group_unref(found);
	return code;
}

START_TEST(failures)
{
	struct failing with;

	fail_slots(&with, BACKEND);
	libiommu_ctx_free(ctx);
	OK(libiommu_ctx_new(&with.opts, &ctx, NULL));
	fail_in_turn(walk_all, 100);
	fail_in_turn(find_one, 20);
	libiommu_ctx_free(ctx);
	ck_assert_int_eq(blocks, 0);
	ctx = NULL;
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		walk,
		walk_keeps_what_is_referenced,
		walk_begins_anywhere,
		walk_refuses,
#if defined(WITH_MOCK)
		walk_skips_what_went,
#endif
		find_by_bus,
		states_of_members,
		longer_members,
		who_blocks,
		in_a_child,
		failures,
	};

	return run("group", tests, sizeof(tests) / sizeof(tests[0]));
}
