/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Passed descriptors and an adopted container with every system call and every allocation of a
 * scenario failing in turn. A call that fails must have changed nothing: made again it works.
 */
#include "tests/unit/passed-fixture.h"

static struct {
	unsigned long calls, at; /* 0: never */
} fault;

static long blocks;

static bool fails(void)
{
	return ++fault.calls == fault.at;
}

#define KERNEL (sys())

static int fail_dup(void *data, int fd)
{
	(void)data;
	return fails() ? -EMFILE : KERNEL->dup(KERNEL->data, fd);
}

static int fail_ioctl(void *data, int fd, unsigned long request, void *argument)
{
	(void)data;
	return fails() ? -EIO : KERNEL->ioctl(KERNEL->data, fd, request, argument);
}

static int fail_fstat(void *data, int fd, struct stat *st)
{
	(void)data;
	return fails() ? -EIO : KERNEL->fstat(KERNEL->data, fd, st);
}

static int64_t fail_pread(void *data, int fd, void *buffer, size_t length, uint64_t offset)
{
	(void)data;
	return fails() ? -EIO : KERNEL->pread(KERNEL->data, fd, buffer, length, offset);
}

static int fail_openat(void *data, int directory, const char *path, int flags)
{
	(void)data;
	return fails() ? -EMFILE : KERNEL->openat(KERNEL->data, directory, path, flags);
}

static int64_t fail_readlinkat(void *data, int directory, const char *path, char *buffer,
			       size_t length)
{
	(void)data;
	return fails() ? -EACCES
		       : KERNEL->readlinkat(KERNEL->data, directory, path, buffer, length);
}

static void *fail_alloc(void *data, size_t length, size_t alignment)
{
	void *out;

	(void)data;
	if (fails())
		return NULL;
	out = libiommu_allocator_default()->alloc(NULL, length, alignment);
	blocks += out != NULL;
	return out;
}

static void count_free(void *data, void *block, size_t length)
{
	(void)data;
	blocks -= block != NULL;
	libiommu_allocator_default()->free(NULL, block, length);
}

/* Make the call; when it fails, make it again. */
#define STEP(call)                                                                                 \
	do {                                                                                       \
		int code_ = call;                                                                  \
		if (code_) {                                                                       \
			ck_assert_msg(fault.at &&fault.calls >= fault.at, "%s: %d", #call, code_); \
			fault.at = 0;                                                              \
			code_ = call;                                                              \
			ck_assert_msg(!code_, "%s: still %d", #call, code_);                       \
		}                                                                                  \
	} while (0)

static void start(struct libiommu_sys *table, struct libiommu_allocator *allocator)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_passed passed = LIBIOMMU_PASSED_INIT;

	*table = sealed_table;
	table->dup = fail_dup;
	table->ioctl = fail_ioctl;
	table->fstat = fail_fstat;
	table->pread = fail_pread;
	table->openat = fail_openat;
	table->readlinkat = fail_readlinkat;
	*allocator = *libiommu_allocator_default();
	allocator->alloc = fail_alloc;
	allocator->free = count_free;
	passed.container = container_fd;
	passed.sysfs = sysfs_fd;
	opts.backend = "vfio";
	opts.sys = table;
	opts.allocator = allocator;
	opts.passed = &passed;
	STEP(libiommu_ctx_new(&opts, &ctx, NULL));
}

static void adopted(void)
{
	const struct libiommu_device_options home = with_group(1, true),
					     away = with_group(2, false);
	struct libiommu_device *a, *b;
	struct libiommu_domain *d;
	int fds[4], fd;
	size_t count = 4;

	STEP(libiommu_device_open_with(ctx, A, &home, &a, NULL));
	STEP(libiommu_device_open_with(ctx, B, &away, &b, NULL));
	STEP(libiommu_domain_adopt(ctx, 0, &d, NULL));
	STEP(map(d, 0x100000, 0, 1));
	STEP(libiommu_endpoint_attach(ep(a), d, NULL));
	STEP(libiommu_endpoint_attach(ep(b), d, NULL));
	STEP(map(d, 0x200000, 1, 1));
	ck_assert_int_ne(map(d, FOREIGN, 2, 1), 0);
	STEP(libiommu_device_kvm_fd(a, &fd, NULL));
	STEP(libiommu_device_hot_reset_fds(a, fds, &count, NULL));
	ck_assert_uint_eq(count, 2);
	STEP(libiommu_endpoint_detach(ep(b), LIBIOMMU_DETACH_MAY_REOPEN, NULL));
	STEP(libiommu_endpoint_attach(ep(b), d, NULL));
	STEP(libiommu_domain_unmap(d, 0x100000, PAGE, NULL, NULL));
	STEP(libiommu_endpoint_detach(ep(b), LIBIOMMU_DETACH_MAY_REOPEN, NULL));
	STEP(libiommu_endpoint_detach(ep(a), 0, NULL));
	STEP(libiommu_device_close(a, NULL));
	STEP(libiommu_device_close(b, NULL));
	STEP(libiommu_domain_unmap_all(d, NULL, NULL));
	STEP(libiommu_domain_free(d, NULL));
}

static void plain(void)
{
	const struct libiommu_device_options first = with_group(1, false),
					     second = with_group(2, false);
	struct libiommu_device *a, *b;
	struct libiommu_domain *d;

	STEP(libiommu_device_open_with(ctx, A, &first, &a, NULL));
	STEP(libiommu_device_open_with(ctx, B, &second, &b, NULL));
	STEP(libiommu_domain_new(ctx, NULL, &d, NULL));
	STEP(map(d, 0x100000, 0, 1));
	STEP(libiommu_endpoint_attach(ep(a), d, NULL));
	STEP(libiommu_endpoint_attach(ep(b), d, NULL));
	STEP(libiommu_endpoint_detach(ep(a), LIBIOMMU_DETACH_MAY_REOPEN, NULL));
	STEP(libiommu_endpoint_detach(ep(b), 0, NULL));
	STEP(libiommu_endpoint_attach(ep(b), d, NULL));
	STEP(libiommu_endpoint_detach(ep(b), 0, NULL));
	ck_assert_uint_eq(fake_kernel_locked(kernel), 0);
	STEP(libiommu_domain_free(d, NULL));
}

/* @return false when the scenario has fewer calls than that */
static bool scenario(unsigned long at, void (*what)(void))
{
	struct libiommu_allocator allocator;
	struct libiommu_sys table;
	bool reached;

	fault.calls = 0;
	fault.at = at;
	start(&table, &allocator);
	what();
	libiommu_ctx_free(ctx);
	ctx = NULL;
	reached = fault.calls >= at;
	ck_assert_msg(blocks == 0, "call %lu: %ld blocks leak", at, blocks);
	ck_assert_msg(fake_kernel_open_fds(kernel) == 4, "call %lu: %zu descriptors", at,
		      fake_kernel_open_fds(kernel));
	return reached;
}

START_TEST(adopting)
{
	unsigned long at = 1;

	fill_container();
	open_group(2);
	libiommu_ctx_free(ctx);
	while (scenario(at, adopted)) {
		ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 1);
		at++;
	}
	ck_assert_uint_gt(at, 100);
	OK(fake_kernel_unmap(kernel, A, FOREIGN, 2 * PAGE));
}
END_TEST

START_TEST(passing)
{
	unsigned long at = 1;

	libiommu_ctx_free(ctx);
	do {
		close_own(&group_fds[1]);
		close_own(&group_fds[2]);
		open_group(1);
		open_group(2);
	} while (scenario(at++, plain));
	ck_assert_uint_gt(at, 80);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { adopting, passing };

	return run_passed("passed-sweep", tests, sizeof(tests) / sizeof(tests[0]));
}
