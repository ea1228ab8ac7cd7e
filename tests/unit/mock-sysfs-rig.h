/* SPDX-License-Identifier: BSD-2-Clause */
/* A machine of the mock, the folder that it is written to, and who reads that as /sys. */
#ifndef TESTS_UNIT_MOCK_SYSFS_RIG_H
#define TESTS_UNIT_MOCK_SYSFS_RIG_H

#include "tests/unit/run.h"

#include <libiommu/libiommu.h>
#include <libiommu/mock_platform.h>

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MEMBER(reader, index, out) ck_assert_int_eq(libiommu_group_member(reader, index, out), 0)

static char root[64];
static int tree_fd;
static struct libiommu_mock_machine *machine;
static struct libiommu_ctx *mock;

static inline void make_folder(void)
{
	/* Many small files: better in memory. */
	strcpy(root, "/dev/shm/libiommu-tree-XXXXXX");
	if (!mkdtemp(root)) {
		strcpy(root, "/tmp/libiommu-tree-XXXXXX");
		ck_assert_ptr_nonnull(mkdtemp(root));
	}
	tree_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(tree_fd, 0);
}

static inline int drop_entry(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

static inline void drop_folder(void)
{
	ck_assert_int_eq(nftw(root, drop_entry, 16, FTW_DEPTH | FTW_PHYS), 0);
	close(tree_fd);
}

static inline void start(const char *text)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_error *err = NULL;

	libiommu_mock_machine_new(text, &machine, &err);
	ck_assert_msg(!err, "%s: %s", libiommu_error_subject(err), libiommu_error_message(err));
	opts.backend = "mock";
	opts.backend_object = machine;
	ck_assert_int_eq(libiommu_ctx_new(&opts, &mock, NULL), 0);
}

static inline void stop(void)
{
	libiommu_ctx_free(mock);
	libiommu_mock_machine_free(machine);
}

static inline void write_tree(void)
{
	struct libiommu_error *err = NULL;

	libiommu_mock_write_sysfs(machine, NULL, tree_fd, &err);
	ck_assert_msg(!err, "%s: %s", libiommu_error_subject(err), libiommu_error_message(err));
}

/* The backend that reads the real /sys, on this folder. */
static inline struct libiommu_ctx *open_reader(void)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_passed passed = LIBIOMMU_PASSED_INIT;
	struct libiommu_ctx *reader;

	passed.sysfs = tree_fd;
	opts.backend = "vfio";
	opts.passed = &passed;
	ck_assert_int_eq(libiommu_ctx_new(&opts, &reader, NULL), 0);
	return reader;
}

static inline void same_members(const struct libiommu_group *a, const struct libiommu_group *b)
{
	struct libiommu_group_member x = LIBIOMMU_GROUP_MEMBER_INIT, y = x;

	ck_assert_uint_eq(libiommu_group_member_count(a), libiommu_group_member_count(b));
	for (size_t i = 0; i < libiommu_group_member_count(a); i++) {
		MEMBER(a, i, &x);
		MEMBER(b, i, &y);
		ck_assert_str_eq(x.name, y.name);
		ck_assert_str_eq(x.bus, y.bus);
		ck_assert_str_eq(x.driver, y.driver);
		ck_assert_uint_eq(x.class_code, y.class_code);
		ck_assert_uint_eq(x.vendor, y.vendor);
		ck_assert_uint_eq(x.device, y.device);
		ck_assert_msg(x.bridge == y.bridge, "%s", x.name);
		ck_assert_msg(x.blocks == y.blocks, "%s", x.name);
		ck_assert_int_eq(x.state, y.state);
	}
	ck_assert(libiommu_group_viable(a) == libiommu_group_viable(b));
}

static inline void same_reserved(const struct libiommu_group *a, const struct libiommu_group *b)
{
	struct libiommu_reserved x, y;

	ck_assert_uint_eq(libiommu_group_reserved_count(a), libiommu_group_reserved_count(b));
	for (size_t i = 0; i < libiommu_group_reserved_count(a); i++) {
		ck_assert_int_eq(libiommu_group_reserved(a, i, &x), 0);
		ck_assert_int_eq(libiommu_group_reserved(b, i, &y), 0);
		ck_assert_uint_eq(x.range.start, y.range.start);
		ck_assert_uint_eq(x.range.last, y.range.last);
		ck_assert_int_eq(x.type, y.type);
	}
}

/* By number, and by the name of each member. */
static inline void same_group(struct libiommu_ctx *reader, uint32_t id)
{
	struct libiommu_group_member member = LIBIOMMU_GROUP_MEMBER_INIT;
	struct libiommu_group *a, *b, *c;

	ck_assert_int_eq(libiommu_group_get(mock, id, &a, NULL), 0);
	ck_assert_int_eq(libiommu_group_get(reader, id, &b, NULL), 0);
	ck_assert_str_eq(libiommu_group_type(a), libiommu_group_type(b));
	ck_assert_str_eq(libiommu_group_name(a), libiommu_group_name(b));
	same_members(a, b);
	same_reserved(a, b);
	for (size_t i = 0; i < libiommu_group_member_count(a); i++) {
		MEMBER(a, i, &member);
		ck_assert_int_eq(libiommu_group_of(reader, member.name, &c, NULL), 0);
		ck_assert_uint_eq(libiommu_group_id(c), id);
		libiommu_group_unref(c);
	}
	libiommu_group_unref(a);
	libiommu_group_unref(b);
}

/* Does the folder show what the mock says of its groups? @return how many there are */
static inline size_t same_machine(void)
{
	struct libiommu_ctx *reader = open_reader();
	uint32_t ids[256], seen[256];
	size_t count = 256, seen_count = 256;

	ck_assert_int_eq(libiommu_group_ids(mock, ids, &count, NULL), 0);
	ck_assert_int_eq(libiommu_group_ids(reader, seen, &seen_count, NULL), 0);
	ck_assert_uint_eq(count, seen_count);
	for (size_t i = 0; i < count; i++) {
		ck_assert_uint_eq(ids[i], seen[i]);
		same_group(reader, ids[i]);
	}
	libiommu_ctx_free(reader);
	return count;
}

static inline bool exists(const char *path)
{
	struct stat st;

	return !fstatat(tree_fd, path, &st, 0);
}

static inline const char *link_of(const char *path)
{
	static char target[4096];
	ssize_t n = readlinkat(tree_fd, path, target, sizeof(target) - 1);

	ck_assert_msg(n >= 0, "%s: %s", path, strerror(errno));
	target[n] = '\0';
	return target;
}

static inline const char *text_of(const char *path)
{
	static char text[4096];
	int fd = openat(tree_fd, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	ck_assert_msg(n >= 0, "%s: %s", path, strerror(errno));
	text[n] = '\0';
	close(fd);
	return text;
}

#endif
