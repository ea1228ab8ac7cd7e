/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What it takes to see a machine, in system calls instead of in time: so many for each group and for each
 * device, however many there are.
 */
#include "tests/unit/mock-sysfs-rig.h"

#include <libiommu/hooks.h>

#include <stdlib.h>

#define PORTS 32u

struct size {
	unsigned int groups, devices;
};

static struct libiommu_sys table;
static size_t calls;

static int counted_openat(void *data, int directory, const char *path, int flags)
{
	calls++;
	return libiommu_sys_default()->openat(data, directory, path, flags);
}

static int counted_close(void *data, int fd)
{
	calls++;
	return libiommu_sys_default()->close(data, fd);
}

static int64_t counted_pread(void *data, int fd, void *buffer, size_t length, uint64_t offset)
{
	calls++;
	return libiommu_sys_default()->pread(data, fd, buffer, length, offset);
}

static int64_t counted_getdents(void *data, int fd, void *buffer, size_t length)
{
	calls++;
	return libiommu_sys_default()->getdents(data, fd, buffer, length);
}

static int64_t counted_readlinkat(void *data, int directory, const char *path, char *buffer,
				  size_t length)
{
	calls++;
	return libiommu_sys_default()->readlinkat(data, directory, path, buffer, length);
}

static int counted_fstat(void *data, int fd, struct stat *st)
{
	calls++;
	return libiommu_sys_default()->fstat(data, fd, st);
}

/* Devices below ports, dealt out to the groups in turn. */
static void write_machine(struct size size)
{
	const size_t room = 128 + ((size_t)PORTS + size.devices) * 96;
	char *text = malloc(room), *end = text;

	ck_assert_ptr_nonnull(text);
	end += sprintf(end, "iommu u intel-vtd\nhost-bridge 0000:00\n");
	for (unsigned int i = 0; i < PORTS; i++)
		end += sprintf(end, "device 0000:00:%02x.%u type=root-port bus=%02x\n", i / 8,
			       i % 8, i + 1);
	for (unsigned int i = 0; i < size.devices; i++)
		end += sprintf(end, "device 0000:%02x:%02x.%u iommu=u group=%u driver=%s\n",
			       i % PORTS + 1, i / PORTS / 8, i / PORTS % 8, i % size.groups,
			       i % 3 ? "ice" : "vfio-pci");
	make_folder();
	start(text);
	write_tree();
	stop();
	free(text);
}

static struct libiommu_ctx *open_counted(void)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_passed passed = LIBIOMMU_PASSED_INIT;
	struct libiommu_ctx *ctx;

	table = *libiommu_sys_default();
	table.openat = counted_openat;
	table.close = counted_close;
	table.pread = counted_pread;
	table.getdents = counted_getdents;
	table.readlinkat = counted_readlinkat;
	table.fstat = counted_fstat;
	passed.sysfs = tree_fd;
	opts.backend = "vfio";
	opts.passed = &passed;
	opts.sys = &table;
	ck_assert_int_eq(libiommu_ctx_new(&opts, &ctx, NULL), 0);
	return ctx;
}

/* What is known of the reader: a group's folder, its files and its list; a device's links and files. */
#define CALLS_OF_LIST     8u
#define CALLS_OF_A_GROUP  16u
#define CALLS_OF_A_DEVICE 12u

struct work {
	size_t list; /* of the groups */
	size_t all;  /* groups, one by one by their numbers */
	size_t walk; /* the same, as one walk */
	size_t most; /* of any one group */
	size_t one;  /* group, of a device by its name */
};

static size_t get_group(struct libiommu_ctx *ctx, uint32_t id, size_t members)
{
	struct libiommu_group *group;

	calls = 0;
	ck_assert_int_eq(libiommu_group_get(ctx, id, &group, NULL), 0);
	ck_assert_uint_eq(libiommu_group_member_count(group), members);
	libiommu_group_unref(group);
	return calls;
}

static size_t walk_groups(struct libiommu_ctx *ctx, struct size size)
{
	struct libiommu_group *group = NULL;
	size_t groups = 0, members = 0;

	calls = 0;
	while (!libiommu_group_next(ctx, group, &group, NULL) && group) {
		groups++;
		members += libiommu_group_member_count(group);
	}
	ck_assert_uint_eq(groups, size.groups);
	ck_assert_uint_eq(members, size.devices);
	return calls;
}

static size_t find_group(struct libiommu_ctx *ctx)
{
	struct libiommu_group *group;

	calls = 0;
	ck_assert_int_eq(libiommu_group_of(ctx, "0000:03:00.0", &group, NULL), 0);
	ck_assert_uint_eq(libiommu_group_id(group), 2);
	libiommu_group_unref(group);
	return calls;
}

static struct work see_machine(struct size size)
{
	struct work work = { 0, 0, 0, 0, 0 };
	struct libiommu_ctx *ctx;
	uint32_t ids[256];
	size_t count = 256;

	write_machine(size);
	ctx = open_counted();
	calls = 0;
	ck_assert_int_eq(libiommu_group_ids(ctx, ids, &count, NULL), 0);
	ck_assert_uint_eq(count, size.groups);
	work.list = calls;
	for (size_t i = 0; i < count; i++) {
		size_t one = get_group(ctx, ids[i], size.devices / size.groups);

		work.all += one;
		if (one > work.most)
			work.most = one;
	}
	work.walk = walk_groups(ctx, size);
	work.one = find_group(ctx);
	libiommu_ctx_free(ctx);
	drop_folder();
	return work;
}

static void is_bounded(struct work work, struct size size)
{
	size_t each = size.devices / size.groups;

	ck_assert_uint_gt(work.all, size.groups + size.devices);
	ck_assert_uint_le(work.list, CALLS_OF_LIST);
	ck_assert_uint_le(work.most, CALLS_OF_A_GROUP + each * CALLS_OF_A_DEVICE);
	ck_assert_uint_le(work.all,
			  size.groups * CALLS_OF_A_GROUP + size.devices * CALLS_OF_A_DEVICE);
	ck_assert_uint_le(work.walk, work.all + CALLS_OF_LIST);
}

/* Twice the machine is twice the calls, and a group takes no more for the others that there are. */
START_TEST(work_grows_with_the_machine_alone)
{
	static const struct size sizes[][2] = {
		{ { 64, 64 }, { 128, 128 } },
		{ { 64, 192 }, { 128, 384 } },
	};
	struct size small = sizes[_i][0], large = sizes[_i][1];
	struct work a = see_machine(small), b = see_machine(large);

	is_bounded(a, small);
	is_bounded(b, large);
	ck_assert_uint_eq(b.all, 2 * a.all);
	ck_assert_uint_le(b.walk, 2 * a.walk);
	ck_assert_uint_eq(b.most, a.most);
	ck_assert_uint_eq(b.one, a.one);
}
END_TEST

START_TEST(a_device_more_costs_the_same_in_any_group)
{
	static const struct size sizes[] = { { 32, 32 }, { 32, 64 }, { 32, 96 } };
	struct work works[3];

	for (size_t i = 0; i < 3; i++)
		works[i] = see_machine(sizes[i]);
	ck_assert_uint_eq(works[2].all - works[1].all, works[1].all - works[0].all);
	ck_assert_uint_le(works[1].all - works[0].all, 32u * CALLS_OF_A_DEVICE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("sysfs-work");
	TCase *tcase = tcase_create("sysfs-work");

	tcase_add_loop_test(tcase, work_grows_with_the_machine_alone, 0, 2);
	tcase_add_test(tcase, a_device_more_costs_the_same_in_any_group);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
