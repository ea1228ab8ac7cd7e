/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The backend "vfio" with every system call and every allocation of a scenario failing in turn,
 * alone or with all that follow. A call that fails must have changed nothing: made again it works.
 */
#include "tests/unit/vfio-fixture.h"

#include "tests/unit/fault.h"

#include "tests/unit/fault-sweep.h"

static struct libiommu_device *a, *b, *m0, *m1;
static struct libiommu_domain *d, *e;

static void objects(void)
{
	STEP(libiommu_device_open(ctx, A, &a, NULL));
	STEP(libiommu_device_open(ctx, B, &b, NULL));
	STEP(libiommu_device_open(ctx, M0, &m0, NULL));
	STEP(libiommu_device_open(ctx, M1, &m1, NULL));
	STEP(libiommu_domain_new(ctx, NULL, &d, NULL));
	STEP(libiommu_domain_new(ctx, NULL, &e, NULL));
	STEP(map(d, 0x100000, 0, 1));
	STEP(map(d, 0x102000, 1, 1));
}

/* A keeps its container, B gets one and M0 and M1 share it. */
static void attachments(void)
{
	unsigned int resets;

	STEP(libiommu_endpoint_attach(ep(a), e, NULL));
	STEP(libiommu_endpoint_detach(ep(a), 0, NULL));
	resets = fake_kernel_resets(kernel, A);
	STEP(libiommu_endpoint_attach(ep(b), d, NULL));
	STEP(libiommu_endpoint_attach(ep(a), d, NULL));
	STEP(libiommu_endpoint_attach(ep(m0), d, NULL));
	STEP(libiommu_endpoint_attach(ep(m1), d, NULL));
	ck_assert_uint_eq(fake_kernel_resets(kernel, A), resets);
	ck_assert(fake_kernel_together(kernel, B, M0));
	ck_assert(!fake_kernel_together(kernel, A, M0));
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 2);
	ck_assert_uint_eq(fake_kernel_mappings(kernel, B), 2);
}

static void access_registers(void)
{
	struct libiommu_group *group = NULL;
	struct libiommu_region *bar = NULL;
	volatile void *mapped = NULL;
	uint64_t value = 0;
	unsigned int count;

	STEP(libiommu_device_set_bus_master(m0, true, NULL));
	STEP(libiommu_region_open(m0, LIBIOMMU_REGION_BAR2, &bar, NULL));
	STEP(libiommu_region_write(bar, 8, 4, 77, NULL));
	STEP(libiommu_region_read(bar, 8, 4, &value, NULL));
	ck_assert_uint_eq(value, 77);
	STEP(libiommu_region_map(bar, &mapped, NULL));
	libiommu_region_close(bar);
	STEP(libiommu_interrupt_count(m0, LIBIOMMU_INTERRUPT_MSI, &count, NULL));
	STEP(libiommu_device_reset(m0, NULL));
	STEP(libiommu_group_of(ctx, HALF, &group, NULL));
	libiommu_group_unref(group);
}

static void leave_again(void)
{
	STEP(libiommu_endpoint_detach(ep(m0), 0, NULL));
	STEP(libiommu_endpoint_detach(ep(m1), LIBIOMMU_DETACH_MAY_REOPEN, NULL));
	ck_assert(!fake_kernel_together(kernel, B, M0));
	STEP(libiommu_endpoint_attach(ep(m1), d, NULL));
	STEP(libiommu_endpoint_detach(ep(b), LIBIOMMU_DETACH_MAY_REOPEN, NULL));
	STEP(libiommu_endpoint_detach(ep(m1), 0, NULL));
	STEP(libiommu_endpoint_detach(ep(a), 0, NULL));
	ck_assert_uint_eq(fake_kernel_locked(kernel), 0);
	STEP(libiommu_device_close(m1, NULL));
	STEP(libiommu_device_close(a, NULL));
}

static void maps(void)
{
	STEP(map(d, 0x200000, 2, 2));
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 3);
	ck_assert_uint_eq(fake_kernel_mappings(kernel, B), 3);
	STEP(libiommu_domain_unmap(d, 0x200000, 2 * PAGE, NULL, NULL));
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 2);
	ck_assert_uint_eq(fake_kernel_mappings(kernel, B), 2);
}

static void scenario(void)
{
	objects();
	attachments();
	access_registers();
	/* With two containers a second failure in a row cannot be taken back: reason partial. */
	if (!fault.all)
		maps();
	leave_again();
}

static void sweep(bool all)
{
	static const struct sweep type1 = {
		.backend = "vfio", .scenario = scenario, .over = kernel_is_empty, .least = 200
	};

	run_sweep(&type1, all);
}

START_TEST(one_failure)
{
	sweep(false);
}
END_TEST

START_TEST(failures_from_then_on)
{
	sweep(true);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { one_failure, failures_from_then_on };

	return run("vfio-sweep", tests, sizeof(tests) / sizeof(tests[0]));
}
