/* SPDX-License-Identifier: BSD-2-Clause */
/* Contexts of passed descriptors on the kernel of tests/fake. Whoever opens a path there fails. */
#ifndef UNIT_PASSED_FIXTURE_H
#define UNIT_PASSED_FIXTURE_H

#include "tests/unit/vfio-fixture.h"
#include "tests/unit/run.h"

#include <fcntl.h>
#include <stdio.h>

/* What somebody with the right to open has opened; -1: not yet. */
static int container_fd, sysfs_fd, group_fds[6];

static struct libiommu_sys sealed_table;

static int no_open(void *data, const char *path, int flags)
{
	(void)data;
	(void)flags;
	ck_abort_msg("a path is opened: %s", path);
	return -EACCES;
}

static int64_t no_readlink(void *data, const char *path, char *buffer, size_t length)
{
	(void)data;
	(void)buffer;
	(void)length;
	ck_abort_msg("a path is read: %s", path);
	return -EACCES;
}

static inline int open_own(const char *path, int flags)
{
	int fd = sys()->open(sys()->data, path, flags);

	ck_assert_msg(fd >= 0, "%s: %d", path, fd);
	return fd;
}

static inline void close_own(int *fd)
{
	if (*fd >= 0)
		OK(sys()->close(sys()->data, *fd));
	*fd = -1;
}

static inline int ask_own(int fd, unsigned long request, void *argument)
{
	return sys()->ioctl(sys()->data, fd, request, argument);
}

static inline int open_group(unsigned int id)
{
	char path[32];

	snprintf(path, sizeof(path), "/dev/vfio/%u", id);
	group_fds[id] = open_own(path, O_RDWR);
	return group_fds[id];
}

/* A context with these descriptors; negative: none. Its errors are the caller's. */
static inline int try_seal(const struct libiommu_sys *table, int container, int sysfs,
			   struct libiommu_ctx **out, struct libiommu_error **err)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_passed passed = LIBIOMMU_PASSED_INIT;

	passed.container = container;
	passed.sysfs = sysfs;
	opts.backend = "vfio";
	opts.sys = table;
	opts.passed = &passed;
	return libiommu_ctx_new(&opts, out, err);
}

static inline void seal(int container, int sysfs)
{
	libiommu_ctx_free(ctx);
	ctx = NULL;
	OK(try_seal(&sealed_table, container, sysfs, &ctx, NULL));
}

static inline struct libiommu_device_options with_group(unsigned int id, bool in_container)
{
	struct libiommu_device_options opts = LIBIOMMU_DEVICE_OPTIONS_INIT;

	opts.group = group_fds[id];
	opts.group_id = id;
	opts.in_container = in_container;
	return opts;
}

static inline struct libiommu_device *open_passed(const char *name, unsigned int id,
						  bool in_container)
{
	const struct libiommu_device_options opts = with_group(id, in_container);
	struct libiommu_device *device = NULL;

	OK(libiommu_device_open_with(ctx, name, &opts, &device, NULL));
	return device;
}

/* The container as another library leaves it: with group 1 and a mapping of two pages. */
#define FOREIGN 0x40000000ull

static inline void fill_container(void)
{
	int32_t fd = container_fd;

	OK(ask_own(open_group(1), 0x3b68, &fd));
	OK(ask_own(container_fd, 0x3b66, (void *)3));
	OK(fake_kernel_map(kernel, A, FOREIGN, memory + 8 * PAGE, 2 * PAGE));
}

static inline void set_up_passed(void)
{
	set_up();
	sealed_table = *sys();
	sealed_table.open = no_open;
	sealed_table.readlink = no_readlink;
	for (size_t i = 0; i < 6; i++)
		group_fds[i] = -1;
	container_fd = open_own("/dev/vfio/vfio", O_RDWR);
	sysfs_fd = open_own("/sys", O_RDONLY | O_DIRECTORY);
}

/* Only what was opened here is open when the context is gone. */
static inline void tear_down_passed(void)
{
	size_t count = 0;

	libiommu_ctx_free(ctx);
	ctx = NULL;
	for (size_t i = 0; i < 6; i++)
		count += group_fds[i] >= 0;
	count += (container_fd >= 0) + (sysfs_fd >= 0);
	ck_assert_uint_eq(fake_kernel_open_fds(kernel), count);
	for (size_t i = 0; i < 6; i++)
		close_own(&group_fds[i]);
	close_own(&container_fd);
	close_own(&sysfs_fd);
	tear_down();
}

static inline int run_passed_with(const char *name, const TTest *const *tests, size_t count,
				  void (*before)(void), void (*after)(void))
{
	Suite *suite = suite_create(name);
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, before, after);
	for (size_t i = 0; i < count; i++)
		tcase_add_test(tc, tests[i]);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}

static inline int run_passed(const char *name, const TTest *const *tests, size_t count)
{
	return run_passed_with(name, tests, count, set_up_passed, tear_down_passed);
}

#endif
