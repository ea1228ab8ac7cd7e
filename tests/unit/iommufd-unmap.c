/* SPDX-License-Identifier: BSD-2-Clause */
/* What an unmap reports when the kernel has removed a part, or something else is in the way. */
#include "tests/unit/iommufd-fixture.h"

/* Three mappings side by side, one page each, and an attached device. */
static struct libiommu_domain *three(void)
{
	struct libiommu_domain *d;

	again(NULL);
	d = new_domain();
	OK(try_attach(open_device(A), d, NULL));
	for (size_t i = 0; i < 3; i++)
		OK(map(d, 0x100000 + i * PAGE, i, 1));
	return d;
}

static int unmap(struct libiommu_domain *d, uint64_t *removed, struct libiommu_error **err)
{
	*removed = 77;
	return libiommu_domain_unmap(d, 0x100000, 3 * PAGE, removed, err);
}

START_TEST(in_one_call)
{
	struct libiommu_domain *d = three();
	uint64_t removed;

	OK(unmap(d, &removed, NULL));
	ck_assert_uint_eq(removed, 3 * PAGE);
	ck_assert_uint_eq(calls(IOMMU_IOAS_UNMAP) - 1, 1); /* one asked whether it is known */
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 0);
}
END_TEST

START_TEST(hole_in_the_kernel)
{
	struct libiommu_domain *d = three();
	uint64_t removed, needed = 0, available = 0;
	struct libiommu_error *err = NULL;

	OK(fake_kernel_unmap(kernel, A, 0x101000, PAGE));
	ck_assert_int_eq(unmap(d, &removed, &err), -EIO);
	ck_assert_int_eq(libiommu_error_reason(err), LIBIOMMU_REASON_LEDGER_MISMATCH);
	ck_assert(libiommu_error_figures(err, &needed, &available));
	ck_assert_uint_eq(needed, 3 * PAGE);
	ck_assert_uint_eq(available, 2 * PAGE);
	libiommu_error_free(err);
	ck_assert_uint_eq(libiommu_domain_mapping_count(d), 0);
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 0);
}
END_TEST

/* The kernel stops at an area that is cut, when those below are gone. */
START_TEST(cut_at_the_end)
{
	struct libiommu_domain *d = three();
	uint64_t removed;

	OK(fake_kernel_unmap(kernel, A, 0x102000, PAGE));
	OK(fake_kernel_map(kernel, A, 0x102000, memory, 2 * PAGE));
	REFUSED(unmap(d, &removed, &err), LEDGER_MISMATCH, "0x100000-0x102fff", "");
	ck_assert_uint_eq(libiommu_domain_mapping_count(d), 0);
	/* Somebody else's mapping is as it was. */
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 1);
	OK(fake_kernel_unmap(kernel, A, 0x102000, 2 * PAGE));
}
END_TEST

START_TEST(nothing_is_there)
{
	struct libiommu_domain *d = three();
	uint64_t removed;

	OK(fake_kernel_unmap(kernel, A, 0x100000, 3 * PAGE));
	REFUSED(unmap(d, &removed, &err), LEDGER_MISMATCH, "0x100000-0x102fff", "");
	ck_assert_uint_eq(libiommu_domain_mapping_count(d), 0);
}
END_TEST

/* Busy may be over when they are taken one by one ... */
START_TEST(busy_once)
{
	struct libiommu_domain *d = three();
	uint64_t removed;

	answer(IOMMU_IOAS_UNMAP, -EBUSY, 0, 1);
	OK(unmap(d, &removed, NULL));
	ck_assert_uint_eq(removed, 3 * PAGE);
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 0);
}
END_TEST

/* The span is refused as busy when the lower two are gone already, and the third stays busy. */
static int busy_at_the_third(void *data, int fd, unsigned long request, void *argument)
{
	struct iommu_ioas_unmap *span = argument, lower;
	const uint64_t third = 0x102000;

	if (request != IOMMU_IOAS_UNMAP || span->iova > third ||
	    span->iova + (span->length - 1) < third)
		return sys()->ioctl(data, fd, request, argument);
	lower = *span;
	lower.length = third - span->iova;
	if (lower.length)
		sys()->ioctl(data, fd, request, &lower);
	return -EBUSY;
}

START_TEST(busy_for_good)
{
	struct libiommu_domain *d = three();
	uint64_t removed;

	pass_on = busy_at_the_third;
	REFUSED(unmap(d, &removed, &err), PARTIAL, "", "");
	ck_assert_uint_eq(removed, 2 * PAGE);
	ck_assert_uint_eq(libiommu_domain_mapping_count(d), 1);
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 1);
	/* The first of them is. */
	REFUSED(libiommu_domain_unmap(d, 0x102000, PAGE, &removed, &err), KERNEL_REFUSED,
		"0x102000", "");
	ck_assert_uint_eq(libiommu_domain_mapping_count(d), 1);
	pass_on = NULL;
	OK(libiommu_domain_unmap(d, 0x102000, PAGE, &removed, NULL));
}
END_TEST

START_TEST(refused_at_once)
{
	struct libiommu_domain *d = three();
	uint64_t removed;

	answer(IOMMU_IOAS_UNMAP, -EIO, 0, 0);
	REFUSED(unmap(d, &removed, &err), KERNEL_REFUSED, "0x100000-0x102fff", "");
	ck_assert_uint_eq(removed, 0);
	ck_assert_uint_eq(libiommu_domain_mapping_count(d), 3);
	answer(0, 0, 0, 0);
	OK(unmap(d, &removed, NULL));
}
END_TEST

/* A refused detach leaves the device where it is, and the library says so. */
START_TEST(refused_detach)
{
	struct libiommu_device *a;
	struct libiommu_domain *d, *e;

	again("hwpt=explicit");
	a = open_device(A);
	d = new_domain();
	e = new_domain();
	OK(map(d, 0x100000, 0, 1));
	OK(try_attach(a, d, NULL));
	answer(VFIO_DEVICE_DETACH_IOMMUFD_PT, -EIO, 0, 1);
	REFUSED(libiommu_endpoint_detach(ep(a), 0, &err), KERNEL_REFUSED, A, "");
	ck_assert_ptr_eq(libiommu_endpoint_domain(ep(a)), d);
	OK(libiommu_endpoint_detach(ep(a), 0, NULL));
	/* An attach whose ranges cannot be read, and which cannot be taken back. */
	answer(IOMMU_IOAS_IOVA_RANGES, -EIO, 0, 1);
	REFUSED(try_attach(a, e, &err), KERNEL_REFUSED, A, "");
	ck_assert_ptr_null(libiommu_endpoint_domain(ep(a)));
	ck_assert_uint_eq(fake_kernel_locked(kernel), 0);
	OK(try_attach(a, d, NULL));
	ck_assert_uint_eq(fake_kernel_locked(kernel), PAGE);
}
END_TEST

/* A group that cannot be put back is told of; one that can is where it was. */
START_TEST(refused_replace)
{
	struct libiommu_device *m0, *m1;
	struct libiommu_domain *d, *e;

	again(NULL);
	m0 = open_device(M0);
	m1 = open_device(M1);
	d = new_domain();
	e = new_domain();
	OK(map(d, 0x100000, 0, 1));
	OK(try_attach(m0, d, NULL));
	OK(try_attach(m1, d, NULL));
	answer(IOMMU_IOAS_IOVA_RANGES, -EIO, 0, 1);
	REFUSED(libiommu_endpoint_replace(ep(m0), e, LIBIOMMU_REPLACE_GROUP, &err), KERNEL_REFUSED,
		"", "");
	ck_assert_uint_eq(fake_kernel_mappings(kernel, M0), 1);
	ck_assert_uint_eq(fake_kernel_mappings(kernel, M1), 1);
	answer(VFIO_DEVICE_ATTACH_IOMMUFD_PT, -EIO, 1, 1);
	REFUSED(libiommu_endpoint_replace(ep(m0), e, LIBIOMMU_REPLACE_GROUP, &err), KERNEL_REFUSED,
		"", "");
	ck_assert_uint_eq(fake_kernel_mappings(kernel, M0), 1);
	answer(VFIO_DEVICE_ATTACH_IOMMUFD_PT, -EIO, 1, 0);
	REFUSED(libiommu_endpoint_replace(ep(m0), e, LIBIOMMU_REPLACE_GROUP, &err), PARTIAL, "",
		"cannot be put back");
	ck_assert_uint_eq(fake_kernel_mappings(kernel, M0), 0);
	answer(0, 0, 0, 0);
	OK(libiommu_endpoint_replace(ep(m0), e, LIBIOMMU_REPLACE_GROUP, NULL));
	ck_assert_ptr_eq(libiommu_endpoint_domain(ep(m1)), e);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { in_one_call,      hole_in_the_kernel, cut_at_the_end,
				       nothing_is_there, busy_once,          busy_for_good,
				       refused_at_once,  refused_detach,     refused_replace };

	return run("iommufd-unmap", tests, sizeof(tests) / sizeof(tests[0]));
}
