/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PASIDs, nesting and page requests on the backend "iommufd" with every system call and every
 * allocation of a scenario failing in turn, alone or with all that follow. A call that fails must have
 * changed nothing: made again it works.
 */
#include "tests/unit/iommufd-stages.h"

#include "tests/unit/fault.h"

#include "tests/unit/fault-sweep.h"

static struct libiommu_device *a;
static struct libiommu_domain *d, *e, *parent, *n;
static struct libiommu_endpoint *one;
static struct libiommu_fault_queue *queue;

static int new_domain_with(bool nest_parent, struct libiommu_fault_queue *faults,
			   struct libiommu_domain **out)
{
	struct libiommu_domain_options opts = LIBIOMMU_DOMAIN_OPTIONS_INIT;

	opts.pasid = true;
	opts.nest_parent = nest_parent;
	opts.faults = faults;
	return libiommu_domain_new(ctx, &opts, out, NULL);
}

static int new_nested(void)
{
	static const struct libiommu_stage1_vtd stage1 = { .root = 0x1000, .address_width = 48 };
	struct libiommu_nested_options opts = LIBIOMMU_NESTED_OPTIONS_INIT;

	opts.data = &stage1;
	opts.data_length = sizeof(stage1);
	opts.pasid = true;
	opts.faults = queue;
	return libiommu_domain_new_nested(a, parent, &opts, &n, NULL);
}

/* Of a device that the kernel has told nothing of, nothing is known until it is opened again. */
static int open_knowing(void)
{
	struct libiommu_cap_answer pasids = LIBIOMMU_CAP_ANSWER_INIT;
	int code = libiommu_device_open(ctx, A, &a, NULL);

	if (code || libiommu_device_cap(a, LIBIOMMU_CAP_PASIDS, &pasids, NULL))
		return code ? code : -EIO;
	if (pasids.answer == LIBIOMMU_ANSWER_YES)
		return 0;
	OK(libiommu_device_close(a, NULL));
	return -EIO;
}

static void objects(void)
{
	STEP(open_knowing());
	STEP(libiommu_fault_queue_new(ctx, NULL, &queue, NULL));
	STEP(new_domain_with(false, NULL, &d));
	STEP(new_domain_with(false, queue, &e));
	STEP(new_domain_with(true, NULL, &parent));
	STEP(map(d, 0x100000, 0, 1));
	STEP(map(parent, 0x100000, 1, 2));
	STEP(libiommu_pasid_open(a, 1, &one, NULL));
}

static void attachments(void)
{
	struct libiommu_invalidation all = { .kind = LIBIOMMU_INVALIDATE_ALL };
	size_t count = 1;

	STEP(new_nested());
	STEP(libiommu_endpoint_attach(ep(a), d, NULL));
	STEP(libiommu_endpoint_attach(one, n, NULL));
	STEP(libiommu_domain_invalidate(n, &all, &count, NULL));
	STEP(libiommu_endpoint_replace(one, d, 0, NULL));
	ck_assert_uint_eq(fake_kernel_table(kernel, A, 0), fake_kernel_table(kernel, A, 1));
	STEP(libiommu_endpoint_replace(ep(a), n, 0, NULL));
	STEP(libiommu_endpoint_replace(one, e, 0, NULL));
	/* A page table that could not be destroyed keeps its memory until all is closed. */
	if (fault.calls < fault.at)
		ck_assert_uint_eq(fake_kernel_locked(kernel), 2 * PAGE);
}

static void requests(void)
{
	const struct fake_pages pages = { 1, IOMMU_PGFAULT_PERM_WRITE, 3, 0x5000 };
	struct libiommu_fault_group group = LIBIOMMU_FAULT_GROUP_INIT;
	struct libiommu_page_request asked_for[4];
	size_t count = 4;

	OK(fake_kernel_ask_pages(kernel, A, 1, &pages));
	STEP((count = 4, libiommu_fault_queue_next(queue, &group, asked_for, &count, NULL)));
	ck_assert_uint_eq(count, 3);
	ck_assert_uint_eq(asked_for[2].address, 0x7000);
	STEP(libiommu_fault_queue_respond(queue, group.cookie, LIBIOMMU_FAULT_RESOLVED, NULL));
	ck_assert_uint_eq(fake_kernel_answers(kernel, A, true), 1);
}

static void ends(void)
{
	OK(libiommu_endpoint_detach(one, 0, NULL));
	OK(libiommu_pasid_close(one, NULL));
	STEP(libiommu_endpoint_detach(ep(a), 0, NULL));
	OK(libiommu_domain_free(n, NULL));
	OK(libiommu_domain_free(parent, NULL));
	OK(libiommu_domain_free(e, NULL));
	OK(libiommu_fault_queue_free(queue, NULL));
}

static void scenario(void)
{
	objects();
	attachments();
	requests();
	ends();
}

static void sweep(bool all)
{
	static const struct sweep stages = {
		.backend = BACKEND, .scenario = scenario, .over = kernel_is_empty, .least = 80
	};

	fake_kernel_set(kernel, FAKE_PASID_BITS, 20);
	fake_kernel_set(kernel, FAKE_NESTING, 1);
	run_sweep(&stages, all);
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

	return run("iommufd-stages-sweep", tests, sizeof(tests) / sizeof(tests[0]));
}
