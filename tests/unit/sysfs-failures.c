/* SPDX-License-Identifier: BSD-2-Clause */
/* Calls that find more than there can be, nothing any more, or fail. */
#include "tests/unit/sysfs-fixture.h"

/* A list of names that is made up: numbers from 0 on. */
static unsigned int made, made_limit;
static const char *made_prefix; /* a whole name: always the same */

static int64_t make_list(void *data, int fd, void *buffer, size_t length)
{
	char *record = buffer;
	size_t used = 0;

	(void)data;
	(void)fd;
	for (; made < made_limit && length - used >= 64; made++) {
		const uint16_t size = 64;

		memset(record + used, 0, 64);
		memcpy(record + used + 16, &size, sizeof(size));
		if (strlen(made_prefix) > 6)
			snprintf(record + used + 19, 64 - 19, "%s", made_prefix);
		else
			snprintf(record + used + 19, 64 - 19, "%s%u", made_prefix, made);
		used += 64;
	}
	return (int64_t)used;
}

static void make_entries(const char *prefix, unsigned int count)
{
	table.getdents = make_list;
	made = 0;
	made_limit = count;
	made_prefix = prefix;
}

START_TEST(many_entries)
{
	char path[64];

	make_entries("", 100000);
	ck_assert_int_eq(groups(), 0);
	ck_assert_uint_eq(seen.groups, 100000);
	make_entries("", UINT32_MAX);
	REFUSED(groups(), SYSFS);
	ck_assert_uint_lt(made, 200000);
	make_entries("0000:3b:00.0", 10000);
	ck_assert_int_eq(members(), 0);
	ck_assert_uint_eq(seen.members, 10000);
	make_entries("gone.", 100000);
	ck_assert_int_eq(members(), 0);
	ck_assert_uint_eq(seen.members, 0);
	table.getdents = libiommu_sys_default()->getdents;
	for (unsigned int i = 0; i < 3000; i++) {
		snprintf(path, sizeof(path), "kernel/iommu_groups/%u", 100 + i);
		folder(path);
	}
	ck_assert_int_eq(groups(), 0);
	ck_assert_uint_eq(seen.groups, 3001);
}
END_TEST

/* Calls of below are made up to the one that finds nothing any more. */
static int calls_left;

static bool over(void)
{
	return calls_left-- <= 0;
}

static int gone_openat(void *data, int directory, const char *path, int flags)
{
	return over() ? -ENOENT : libiommu_sys_default()->openat(data, directory, path, flags);
}

static int64_t gone_readlinkat(void *data, int directory, const char *path, char *buffer,
			       size_t length)
{
	return over() ? -ENOENT
		      : libiommu_sys_default()->readlinkat(data, directory, path, buffer, length);
}

static int64_t gone_getdents(void *data, int fd, void *buffer, size_t length)
{
	return over() ? -ENOENT : libiommu_sys_default()->getdents(data, fd, buffer, length);
}

/* So the kernel says it of files that were open. */
static int64_t gone_pread(void *data, int fd, void *buffer, size_t length, uint64_t offset)
{
	return over() ? -ENODEV : libiommu_sys_default()->pread(data, fd, buffer, length, offset);
}

/* From any call on the group is not there: it is unknown, or has lost a member, never anything else. */
START_TEST(vanishing)
{
	int rc, whole = 0;

	table.openat = gone_openat;
	table.readlinkat = gone_readlinkat;
	table.getdents = gone_getdents;
	table.pread = gone_pread;
	for (int calls = 0; !whole; calls++) {
		calls_left = calls;
		rc = members();
		ck_assert_msg(!rc || failure.reason == LIBIOMMU_REASON_GROUP_UNKNOWN,
			      "%d: %d, reason %d", calls, rc, failure.reason);
		whole = calls_left > 0;
	}
	ck_assert_uint_eq(seen.members, 1);
	whole = 0;
	for (int calls = 0; !whole; calls++) {
		calls_left = calls;
		rc = regions();
		ck_assert_msg(!rc || failure.reason == LIBIOMMU_REASON_GROUP_UNKNOWN, "%d: %d",
			      calls, rc);
		whole = calls_left > 0;
	}
	ck_assert_uint_eq(seen.regions, 1);
	calls_left = 0;
	ck_assert_int_eq(groups(), 0);
	REFUSED(group_of(), DEVICE_UNKNOWN);
}
END_TEST

/* A call that fails, the one at `calls_left`; descriptors are counted. */
static int open_fds, fault;

static int failing_openat(void *data, int directory, const char *path, int flags)
{
	int fd = calls_left-- == 0 ? fault
				   : libiommu_sys_default()->openat(data, directory, path, flags);

	open_fds += fd >= 0;
	return fd;
}

static int counted_close(void *data, int fd)
{
	open_fds--;
	return libiommu_sys_default()->close(data, fd);
}

static int64_t failing_readlinkat(void *data, int directory, const char *path, char *buffer,
				  size_t length)
{
	if (calls_left-- == 0)
		return fault;
	return libiommu_sys_default()->readlinkat(data, directory, path, buffer, length);
}

static int64_t failing_getdents(void *data, int fd, void *buffer, size_t length)
{
	return calls_left-- == 0 ? fault
				 : libiommu_sys_default()->getdents(data, fd, buffer, length);
}

static int64_t failing_pread(void *data, int fd, void *buffer, size_t length, uint64_t offset)
{
	if (calls_left-- == 0)
		return fault;
	return libiommu_sys_default()->pread(data, fd, buffer, length, offset);
}

static int any_node(void)
{
	char out[LIBIOMMU_SYSFS_NAME];

	return node(out);
}

/* What cannot be read may be unknown (numbers of a device), else it is refused. */
START_TEST(every_call_fails)
{
	static const struct {
		int error;
		enum libiommu_reason reason;
	} faults[] = {
		{ -EMFILE, LIBIOMMU_REASON_FD_LIMIT },  { -ENFILE, LIBIOMMU_REASON_FD_LIMIT },
		{ -ENOMEM, LIBIOMMU_REASON_NO_MEMORY }, { -EACCES, LIBIOMMU_REASON_SYSFS },
		{ -EIO, LIBIOMMU_REASON_SYSFS },
	};
	int (*const reads[])(void) = { groups, members, regions, group_of, any_node };

	file(DEVICE "/vfio-dev/vfio3/dev", "511:3\n");
	table.openat = failing_openat;
	table.close = counted_close;
	table.readlinkat = failing_readlinkat;
	table.getdents = failing_getdents;
	table.pread = failing_pread;
	for (size_t i = 0; i < 5 * (sizeof(faults) / sizeof(faults[0])); i++) {
		unsigned int refused = 0;

		fault = faults[i / 5].error;
		for (int at = 0, reached = 1; reached; at++) {
			int rc;

			calls_left = at;
			rc = reads[i % 5]();
			reached = calls_left < 0;
			refused += rc != 0;
			if (rc)
				ck_assert_int_eq(failure.reason, faults[i / 5].reason);
			ck_assert(!rc || reached);
			ck_assert_int_eq(open_fds, 0);
		}
		ck_assert_uint_ge(refused, 1);
	}
}
END_TEST

START_TEST(nodes)
{
	static const char *const no_nodes[] = { "vfio", "vfio-1", "vfio01", "vfio3x", "tty0" };
	char path[128], out[LIBIOMMU_SYSFS_NAME];

	for (size_t i = 0; i < sizeof(no_nodes) / sizeof(no_nodes[0]); i++) {
		snprintf(path, sizeof(path), DEVICE "/vfio-dev/%s/dev", no_nodes[i]);
		file(path, "511:0\n");
		ck_assert_int_eq(node(out), 0);
		ck_assert_str_eq(out, "");
	}
	file(DEVICE "/vfio-dev/vfio3/dev", "511:3\n");
	ck_assert_int_eq(node(out), 0);
	ck_assert_str_eq(out, "vfio3");
	ck_assert_int_eq(libiommu_sysfs_vfio_node(&fs, "../../" DEVICE, out, &failure), -EINVAL);
	ck_assert_int_eq(failure.reason, LIBIOMMU_REASON_BAD_NAME);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { many_entries, vanishing, every_call_fails, nodes };

	return run_tests("sysfs-failures", tests, sizeof(tests) / sizeof(tests[0]));
}
