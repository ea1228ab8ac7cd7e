/* SPDX-License-Identifier: BSD-2-Clause */
/* PASIDs on the backend "iommufd": what the kernel is asked, and what becomes of its refusals. */
#include "tests/unit/iommufd-stages.h"

#include <sys/wait.h>
#include <unistd.h>

static int try_open(struct libiommu_device *device, uint32_t number, struct libiommu_error **err)
{
	struct libiommu_endpoint *out = NULL;

	return libiommu_pasid_open(device, number, &out, err);
}

START_TEST(numbers)
{
	struct libiommu_device *a;

	again(NULL);
	a = open_device(A);
	REFUSED(try_open(a, 1, &err), PASID_UNSUPPORTED, A, "");
	fake_kernel_set(kernel, FAKE_PASID_BITS, 4);
	again(NULL);
	a = open_device(A);
	REFUSED(try_open(a, 16, &err), PASID_RANGE, A, "15");
	REFUSED(try_open(a, 0, &err), PASID_RANGE, A, "");
	open_pasid(a, 15);
	REFUSED(try_open(a, 15, &err), PASID_IN_USE, A, "");
	/* Kernels that do not tell the width would take what the device cannot do. */
	fake_kernel_set(kernel, FAKE_NO_HW_INFO, 1);
	again(NULL);
	a = open_device(A);
	REFUSED(try_open(a, 1, &err), PASID_UNSUPPORTED, A, "does not tell");
}
END_TEST

START_TEST(several_at_once)
{
	struct libiommu_endpoint *one, *two;
	struct libiommu_domain *rid, *d, *e;
	struct libiommu_device *a;
	unsigned int objects;

	start(NULL);
	a = open_device(A);
	rid = domain_for_pasids();
	d = domain_for_pasids();
	e = domain_for_pasids();
	one = open_pasid(a, 1);
	two = open_pasid(a, 2);
	objects = fake_kernel_objects(kernel, A);
	OK(map(d, 0x100000, 0, 1));
	OK(libiommu_endpoint_attach(one, d, NULL));
	OK(libiommu_endpoint_attach(ep(a), rid, NULL));
	OK(libiommu_endpoint_attach(two, e, NULL));
	ck_assert_uint_ne(fake_kernel_table(kernel, A, 0), 0);
	ck_assert_uint_ne(fake_kernel_table(kernel, A, 1), fake_kernel_table(kernel, A, 0));
	ck_assert_uint_ne(fake_kernel_table(kernel, A, 1), fake_kernel_table(kernel, A, 2));
	ck_assert_uint_eq(fake_kernel_objects(kernel, A), objects + 3);
	ck_assert_uint_eq(fake_kernel_locked(kernel), PAGE);
	/* Into the table that the domain has. */
	OK(libiommu_endpoint_replace(two, d, 0, NULL));
	ck_assert_uint_eq(fake_kernel_table(kernel, A, 1), fake_kernel_table(kernel, A, 2));
	ck_assert_uint_eq(fake_kernel_objects(kernel, A), objects + 2);
	OK(libiommu_endpoint_detach(one, 0, NULL));
	ck_assert_uint_eq(fake_kernel_table(kernel, A, 1), 0);
	ck_assert_uint_eq(fake_kernel_locked(kernel), PAGE);
	OK(libiommu_endpoint_detach(two, 0, NULL));
	ck_assert_uint_eq(fake_kernel_locked(kernel), 0);
	OK(libiommu_endpoint_detach(ep(a), 0, NULL));
	ck_assert_uint_eq(fake_kernel_objects(kernel, A), objects);
	OK(libiommu_pasid_close(one, NULL));
	OK(libiommu_pasid_close(two, NULL));
	OK(libiommu_device_close(a, NULL));
}
END_TEST

/* A device without PASIDs needs no table for them, which its driver may not have; others do. */
START_TEST(tables_for_those_who_need_them)
{
	struct libiommu_domain *d;
	struct libiommu_device *a;

	fake_kernel_set(kernel, FAKE_PLAIN_TABLES, 1);
	again(NULL);
	a = open_device(A);
	d = domain_for_pasids();
	OK(try_attach(a, d, NULL));
	ck_assert_uint_eq(calls(IOMMU_HWPT_ALLOC), 0);
	start(NULL);
	a = open_device(A);
	d = domain_for_pasids();
	REFUSED(try_attach(a, d, &err), PASID_UNSUPPORTED, A, "driver");
	ck_assert_int_eq(calls(IOMMU_HWPT_ALLOC), 1);
	fake_kernel_set(kernel, FAKE_PLAIN_TABLES, 0);
	OK(try_attach(a, d, NULL));
}
END_TEST

/* What the kernel refuses leaves everything as it was. */
START_TEST(refusals)
{
	struct libiommu_endpoint *one;
	struct libiommu_domain *d, *e;
	struct libiommu_device *a;
	unsigned int objects;
	uint32_t first;

	start(NULL);
	a = open_device(A);
	d = domain_for_pasids();
	e = domain_for_pasids();
	one = open_pasid(a, 3);
	objects = fake_kernel_objects(kernel, A);
	answer(VFIO_DEVICE_ATTACH_IOMMUFD_PT, -EOPNOTSUPP, 0, 1);
	REFUSED(libiommu_endpoint_attach(one, d, &err), PASID_UNSUPPORTED, A, "");
	answer(VFIO_DEVICE_ATTACH_IOMMUFD_PT, -EINVAL, 0, 1);
	REFUSED(libiommu_endpoint_attach(one, d, &err), INCOMPATIBLE_IOMMU, A, "");
	answer(VFIO_DEVICE_ATTACH_IOMMUFD_PT, -ENOMEM, 0, 1);
	REFUSED(libiommu_endpoint_attach(one, d, &err), NO_MEMORY, A, "");
	answer(IOMMU_IOAS_IOVA_RANGES, -EIO, 0, 1);
	REFUSED(libiommu_endpoint_attach(one, d, &err), KERNEL_REFUSED, "", "");
	ck_assert_uint_eq(fake_kernel_objects(kernel, A), objects);
	ck_assert_uint_eq(fake_kernel_table(kernel, A, 3), 0);
	OK(libiommu_endpoint_attach(one, d, NULL));
	first = fake_kernel_table(kernel, A, 3);
	answer(VFIO_DEVICE_ATTACH_IOMMUFD_PT, -EIO, 0, 1);
	REFUSED(libiommu_endpoint_replace(one, e, 0, &err), KERNEL_REFUSED, A, "");
	answer(IOMMU_IOAS_IOVA_RANGES, -EIO, 0, 1);
	REFUSED(libiommu_endpoint_replace(one, e, 0, &err), KERNEL_REFUSED, "", "");
	ck_assert_uint_eq(fake_kernel_table(kernel, A, 3), first);
	ck_assert_uint_eq(fake_kernel_objects(kernel, A), objects + 1);
	ck_assert_ptr_eq(libiommu_endpoint_domain(one), d);
	OK(libiommu_endpoint_replace(one, e, 0, NULL));
	OK(libiommu_domain_free(d, NULL));
}
END_TEST

/* A filter may forbid what the kernel never refuses: it is made good when there is an occasion. */
START_TEST(refused_detach)
{
	struct libiommu_endpoint *one;
	struct libiommu_domain *d, *e;
	struct libiommu_device *a;

	start(NULL);
	a = open_device(A);
	d = domain_for_pasids();
	e = domain_for_pasids();
	one = open_pasid(a, 3);
	OK(libiommu_endpoint_attach(one, d, NULL));
	answer(VFIO_DEVICE_DETACH_IOMMUFD_PT, -EPERM, 0, 1);
	OK(libiommu_endpoint_detach(one, 0, NULL));
	ck_assert_uint_ne(fake_kernel_table(kernel, A, 3), 0);
	OK(libiommu_endpoint_attach(one, e, NULL));
	ck_assert_uint_eq(calls(VFIO_DEVICE_DETACH_IOMMUFD_PT), 2);
	answer(VFIO_DEVICE_DETACH_IOMMUFD_PT, -EPERM, 0, 1);
	OK(libiommu_endpoint_detach(one, 0, NULL));
	OK(libiommu_domain_free(e, NULL));
	OK(libiommu_domain_free(d, NULL));
	OK(libiommu_pasid_close(one, NULL));
}
END_TEST

/* Closing the device ends what a context still has; in a child nothing is asked of the kernel. */
START_TEST(ends)
{
	struct libiommu_endpoint *one;
	struct libiommu_domain *d;
	struct libiommu_device *a;
	int status = -1;
	pid_t child;

	start(NULL);
	a = open_device(A);
	d = domain_for_pasids();
	one = open_pasid(a, 3);
	OK(libiommu_endpoint_attach(one, d, NULL));
	child = fork();
	ck_assert_int_ge(child, 0);
	if (!child) {
		memset(asked, 0, sizeof(asked));
		libiommu_ctx_free(ctx);
		for (size_t i = 0; i < 256; i++)
			status = asked[i] ? 1 : status;
		_exit(status == 1);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status) && !WEXITSTATUS(status));
	ck_assert_uint_ne(fake_kernel_table(kernel, A, 3), 0);
}
END_TEST

/* One that cannot be taken out of its new domain again is told of. */
START_TEST(no_way_back)
{
	struct libiommu_endpoint *one;
	struct libiommu_domain *d, *e;
	struct libiommu_device *a;

	start(NULL);
	a = open_device(A);
	d = domain_for_pasids();
	e = domain_for_pasids();
	one = open_pasid(a, 3);
	OK(libiommu_endpoint_attach(one, d, NULL));
	no_way_back_from(IOMMU_IOAS_IOVA_RANGES);
	REFUSED(libiommu_endpoint_replace(one, e, 0, &err), PARTIAL, A, "PASID 3");
	pass_on = NULL;
	OK(libiommu_endpoint_detach(one, 0, NULL));
	ck_assert_uint_eq(fake_kernel_table(kernel, A, 3), 0);
}
END_TEST

static struct libiommu_device *open_with(const char *name, unsigned int bits)
{
	fake_kernel_set(kernel, FAKE_PASID_BITS, bits);
	return open_device(name);
}

/* A card with PASIDs and its sound without: they are one group, and so in one page table. */
START_TEST(groups)
{
	static const char *const configs[] = { "hwpt=automatic", "hwpt=explicit" };

	for (size_t i = 0; i < 4; i++) {
		const bool card_first = i % 2;
		struct libiommu_device *card = NULL, *sound, *other;
		struct libiommu_domain *d, *e;
		struct libiommu_endpoint *one;

		start(configs[i / 2]);
		if (card_first)
			card = open_with(M0, 4);
		sound = open_with(M1, 0);
		other = open_with(B, 0);
		if (!card_first)
			card = open_with(M0, 4);
		d = domain_for_pasids();
		e = domain_for_pasids();
		OK(try_attach(sound, d, NULL));
		OK(try_attach(card, d, NULL));
		ck_assert_uint_eq(fake_kernel_table(kernel, M0, 0),
				  fake_kernel_table(kernel, M1, 0));
		one = open_pasid(card, 1);
		OK(libiommu_endpoint_attach(one, d, NULL));
		/* Into a domain whose first table is none for PASIDs. */
		OK(try_attach(other, e, NULL));
		OK(libiommu_endpoint_replace(ep(card), e, LIBIOMMU_REPLACE_GROUP, NULL));
		ck_assert_uint_eq(fake_kernel_table(kernel, M0, 0),
				  fake_kernel_table(kernel, M1, 0));
		ck_assert_uint_ne(fake_kernel_table(kernel, M0, 0),
				  fake_kernel_table(kernel, B, 0));
		OK(libiommu_endpoint_replace(one, e, 0, NULL));
		OK(libiommu_endpoint_detach(one, 0, NULL));
		OK(libiommu_endpoint_detach(ep(card), 0, NULL));
		OK(libiommu_endpoint_detach(ep(sound), 0, NULL));
	}
}
END_TEST

/* Who comes to the group later goes where it is, whatever he can do. */
START_TEST(late_members)
{
	struct libiommu_device *card, *sound;
	struct libiommu_endpoint *one;
	struct libiommu_domain *d;

	start(NULL);
	sound = open_with(M1, 0);
	d = domain_for_pasids();
	OK(try_attach(sound, d, NULL));
	card = open_with(M0, 4);
	/* Its PASIDs have a table for PASIDs, whatever the group has. */
	one = open_pasid(card, 1);
	OK(libiommu_endpoint_attach(one, d, NULL));
	ck_assert_uint_ne(fake_kernel_table(kernel, M0, 1), fake_kernel_table(kernel, M1, 0));
	OK(libiommu_endpoint_detach(one, 0, NULL));
	OK(try_attach(card, d, NULL));
	ck_assert_uint_eq(fake_kernel_table(kernel, M0, 0), fake_kernel_table(kernel, M1, 0));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		numbers,     several_at_once, tables_for_those_who_need_them,
		refusals,    refused_detach,  ends,
		no_way_back, groups,          late_members,
	};

	return run("iommufd-pasid", tests, sizeof(tests) / sizeof(tests[0]));
}
