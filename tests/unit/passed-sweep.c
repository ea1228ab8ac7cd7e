/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Passed descriptors and an adopted container with every system call and every allocation of a
 * scenario failing in turn. A call that fails must have changed nothing: made again it works.
 */
#include "tests/unit/passed-fixture.h"

#include "tests/unit/fault.h"

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
	OK(fake_kernel_map(kernel, B, FOREIGN, memory + 8 * PAGE, 2 * PAGE));
	STEP(map(d, FOREIGN - PAGE, 1, 1));
	ck_assert_int_ne(map(d, FOREIGN, 2, 1), 0);
	STEP(libiommu_endpoint_detach(ep(a), LIBIOMMU_DETACH_MAY_REOPEN, NULL));
	STEP(libiommu_endpoint_detach(ep(b), 0, NULL));
	ck_assert_uint_eq(fake_kernel_mappings(kernel, B), 1);
	STEP(libiommu_endpoint_attach(ep(b), d, NULL));
	STEP(libiommu_endpoint_detach(ep(b), 0, NULL));
	ck_assert_uint_eq(fake_kernel_mappings(kernel, B), 1);
	OK(fake_kernel_unmap(kernel, B, FOREIGN, 2 * PAGE));
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
	ck_assert_uint_gt(at, 80);
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
