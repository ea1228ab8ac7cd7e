/* SPDX-License-Identifier: BSD-2-Clause */
/* A tree that looks like /sys, with one group of one device, and what the reader tells of it. */
#ifndef TESTS_UNIT_SYSFS_FIXTURE_H
#define TESTS_UNIT_SYSFS_FIXTURE_H

#include "lib/sysfs.h"
#include "tests/unit/run.h"

#include <libiommu/libiommu.h>

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define GROUP  "kernel/iommu_groups/7"
#define MEMBER GROUP "/devices/0000:3b:00.0"
#define DEVICE "devices/0000:3b:00.0"
#define BUS    "bus/pci/devices/0000:3b:00.0"

static char root[64];
static int tree_fd;
static struct libiommu_sys table;
static struct libiommu_sysfs fs;
static struct libiommu_failure failure;

static inline void make_parents(const char *path)
{
	char part[512];

	for (size_t i = 0; path[i]; i++) {
		if (path[i] != '/')
			continue;
		snprintf(part, sizeof(part), "%.*s", (int)i, path);
		if (mkdirat(tree_fd, part, 0700))
			ck_assert_int_eq(errno, EEXIST);
	}
}

static inline void folder(const char *path)
{
	make_parents(path);
	ck_assert_int_eq(mkdirat(tree_fd, path, 0700), 0);
}

static inline void bytes(const char *path, const void *content, size_t length)
{
	int fd;

	make_parents(path);
	fd = openat(tree_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, content, length), (ssize_t)length);
	close(fd);
}

static inline void file(const char *path, const char *text)
{
	bytes(path, text, strlen(text));
}

static inline void symbolic(const char *path, const char *target)
{
	make_parents(path);
	unlinkat(tree_fd, path, 0);
	ck_assert_int_eq(symlinkat(target, tree_fd, path), 0);
}

static inline int drop(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

/* A group of one device, without fault so far. */
static inline void set_up(void)
{
	strcpy(root, "/dev/shm/libiommu-hostile-XXXXXX");
	if (!mkdtemp(root)) {
		strcpy(root, "/tmp/libiommu-hostile-XXXXXX");
		ck_assert_ptr_nonnull(mkdtemp(root));
	}
	tree_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(tree_fd, 0);
	table = *libiommu_sys_default();
	fs = (struct libiommu_sysfs){ &table, NULL, tree_fd };
	memset(&failure, 0, sizeof(failure));
	file(GROUP "/type", "DMA\n");
	file(GROUP "/reserved_regions", "0x00000000fee00000 0x00000000feefffff msi\n");
	file(DEVICE "/class", "0x010802\n");
	file(DEVICE "/vendor", "0x8086\n");
	file(DEVICE "/device", "0x0a54\n");
	symbolic(DEVICE "/driver", "../../bus/pci/drivers/vfio-pci");
	symbolic(DEVICE "/subsystem", "../../bus/pci");
	symbolic(DEVICE "/iommu_group", "../../" GROUP);
	symbolic(MEMBER, "../../../../" DEVICE);
	symbolic(BUS, "../../../" DEVICE);
}

static inline void tear_down(void)
{
	ck_assert_int_eq(nftw(root, drop, 16, FTW_DEPTH | FTW_PHYS), 0);
	close(tree_fd);
}

struct seen {
	size_t members, regions, groups;
	struct libiommu_group_member member;
	char name[LIBIOMMU_SYSFS_NAME], bus[LIBIOMMU_SYSFS_NAME], driver[LIBIOMMU_SYSFS_NAME];
	struct libiommu_reserved region;
	uint32_t group;
};

static struct seen seen;

static inline int see_member(void *data, const struct libiommu_group_member *member,
			     struct libiommu_failure *f)
{
	(void)data;
	(void)f;
	seen.members++;
	seen.member = *member;
	strcpy(seen.name, member->name);
	strcpy(seen.bus, member->bus);
	strcpy(seen.driver, member->driver);
	return 0;
}

static inline int see_region(void *data, const struct libiommu_reserved *region,
			     struct libiommu_failure *f)
{
	(void)data;
	(void)f;
	seen.regions++;
	seen.region = *region;
	return 0;
}

static inline int see_group(void *data, uint32_t id, struct libiommu_failure *f)
{
	(void)data;
	(void)f;
	seen.groups++;
	seen.group = id;
	return 0;
}

static inline int members(void)
{
	memset(&seen, 0, sizeof(seen));
	memset(&failure, 0, sizeof(failure));
	return libiommu_sysfs_members(&fs, 7, see_member, NULL, &failure);
}

static inline int regions(void)
{
	memset(&seen, 0, sizeof(seen));
	memset(&failure, 0, sizeof(failure));
	return libiommu_sysfs_reserved(&fs, 7, see_region, NULL, &failure);
}

static inline int groups(void)
{
	memset(&seen, 0, sizeof(seen));
	memset(&failure, 0, sizeof(failure));
	return libiommu_sysfs_groups(&fs, see_group, NULL, &failure);
}

static inline const char *type(void)
{
	static char text[LIBIOMMU_SYSFS_NAME];
	struct libiommu_sysfs_group group;

	ck_assert_int_eq(libiommu_sysfs_group_open(&fs, 7, &group, &failure), 0);
	libiommu_sysfs_group_text(&group, "type", text);
	libiommu_sysfs_group_close(&group);
	return text;
}

static inline int group_of(void)
{
	memset(&failure, 0, sizeof(failure));
	return libiommu_sysfs_group_of(&fs, "0000:3b:00.0", &seen.group, &failure);
}

static inline int node(char out[LIBIOMMU_SYSFS_NAME])
{
	memset(&failure, 0, sizeof(failure));
	return libiommu_sysfs_vfio_node(&fs, "0000:3b:00.0", out, &failure);
}

#define REFUSED(call, why)                                                             \
	do {                                                                           \
		ck_assert_int_eq(call, -libiommu_reason_errno(LIBIOMMU_REASON_##why)); \
		ck_assert_int_eq(failure.reason, LIBIOMMU_REASON_##why);               \
	} while (0)

static inline int run_tests(const char *name, const TTest *const *tests, size_t count)
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	for (size_t i = 0; i < count; i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}

#endif
