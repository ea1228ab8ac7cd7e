/* SPDX-License-Identifier: BSD-2-Clause */
/* NESTED domains on the backend "iommufd": VT-d's as the fake kernel has them, and every refusal. */
#include "tests/unit/iommufd-stages.h"

static struct libiommu_stage1_vtd stage1;

static int try_nest(struct libiommu_device *device, struct libiommu_domain *parent, bool pasid,
		    struct libiommu_domain **out, struct libiommu_error **err)
{
	struct libiommu_nested_options opts = LIBIOMMU_NESTED_OPTIONS_INIT;

	stage1 = (struct libiommu_stage1_vtd){ .root = 0x100000, .address_width = 48 };
	opts.data = &stage1;
	opts.data_length = sizeof(stage1);
	opts.pasid = pasid;
	return libiommu_domain_new_nested(device, parent, &opts, out, err);
}

static struct libiommu_domain *nest(struct libiommu_device *device, struct libiommu_domain *parent)
{
	struct libiommu_domain *out = NULL;

	OK(try_nest(device, parent, true, &out, NULL));
	return out;
}

/* The parent's tables are there with the first child, and go with the last. */
START_TEST(stages)
{
	struct libiommu_domain *parent, *n, *other;
	struct libiommu_endpoint *one;
	struct libiommu_device *a;
	struct libiommu_range ranges[4];
	unsigned int objects;
	size_t count = 4;

	start(NULL);
	a = open_device(A);
	parent = domain_with(true, true, NULL);
	OK(map(parent, 0x100000, 0, 1));
	objects = fake_kernel_objects(kernel, A);
	n = nest(a, parent);
	ck_assert_uint_eq(fake_kernel_locked(kernel), PAGE);
	other = nest(a, parent);
	/* One second stage, and two first ones. */
	ck_assert_uint_eq(fake_kernel_objects(kernel, A), objects + 3);
	OK(libiommu_domain_iova_ranges(parent, ranges, &count, NULL));
	ck_assert_uint_eq(ranges[count - 1].last, (1ull << 39) - 1);
	OK(try_attach(a, n, NULL));
	one = open_pasid(a, 1);
	OK(libiommu_endpoint_attach(one, other, NULL));
	ck_assert_uint_ne(fake_kernel_table(kernel, A, 0), fake_kernel_table(kernel, A, 1));
	OK(libiommu_endpoint_replace(one, n, 0, NULL));
	ck_assert_uint_eq(fake_kernel_table(kernel, A, 0), fake_kernel_table(kernel, A, 1));
	/* Reserved windows count when the device is there. */
	count = 4;
	OK(libiommu_domain_iova_ranges(parent, ranges, &count, NULL));
	ck_assert_uint_eq(count, 2);
	ck_assert_uint_eq(ranges[0].last, 0xfedfffff);
	OK(libiommu_endpoint_replace(ep(a), parent, 0, NULL));
	OK(libiommu_endpoint_replace(ep(a), n, 0, NULL));
	OK(libiommu_endpoint_detach(ep(a), 0, NULL));
	OK(libiommu_endpoint_detach(one, 0, NULL));
	REFUSED(libiommu_domain_free(parent, &err), DOMAIN_IN_USE, "", "");
	OK(libiommu_domain_free(n, NULL));
	OK(libiommu_domain_free(other, NULL));
	ck_assert_uint_eq(fake_kernel_objects(kernel, A), objects);
	ck_assert_uint_eq(fake_kernel_locked(kernel), 0);
	OK(libiommu_domain_free(parent, NULL));
}
END_TEST

/* A device that is in the parent brings its page table; one of another group gets one of its own. */
START_TEST(second_stages)
{
	struct libiommu_domain *parent, *n, *m;
	struct libiommu_device *a, *b;
	unsigned int objects;

	start(NULL);
	a = open_device(A);
	b = open_device(B);
	parent = domain_with(false, true, NULL);
	objects = fake_kernel_objects(kernel, A);
	OK(try_attach(a, parent, NULL));
	OK(try_nest(a, parent, false, &n, NULL));
	ck_assert_uint_eq(fake_kernel_objects(kernel, A), objects + 2);
	OK(try_nest(b, parent, false, &m, NULL));
	ck_assert_uint_eq(fake_kernel_objects(kernel, A), objects + 4);
	OK(try_attach(b, m, NULL));
	OK(libiommu_endpoint_replace(ep(b), n, 0, NULL));
	OK(libiommu_endpoint_detach(ep(a), 0, NULL));
	OK(libiommu_endpoint_detach(ep(b), 0, NULL));
	OK(libiommu_domain_free(n, NULL));
	OK(libiommu_domain_free(m, NULL));
	ck_assert_uint_eq(fake_kernel_objects(kernel, A), objects);
	/* Nor does one need one that is in another group's table already. */
	OK(try_attach(a, parent, NULL));
	OK(try_attach(b, parent, NULL));
	OK(try_nest(b, parent, false, &m, NULL));
	ck_assert_uint_eq(fake_kernel_objects(kernel, A), objects + 2);
}
END_TEST

START_TEST(refused_parents)
{
	struct libiommu_domain *parent, *n = NULL;
	struct libiommu_device *a, *b;
	unsigned int attaches;

	fake_kernel_make(kernel, 2, 2);
	again(NULL);
	a = open_device(A);
	b = open_device(B);
	parent = domain_with(false, true, NULL);
	/* The driver has no second stage. */
	REFUSED(try_nest(a, parent, false, &n, &err), NESTING_UNSUPPORTED, A, "");
	REFUSED(try_attach(a, parent, &err), NESTING_UNSUPPORTED, A, "");
	fake_kernel_set(kernel, FAKE_NESTING, 1);
	/* It has, and no first stage of this kind: SMMUv3's want a virtual IOMMU. */
	REFUSED(try_nest(b, parent, false, &n, &err), NESTING_UNSUPPORTED, B, "");
	answer(IOMMU_HWPT_ALLOC, -EADDRINUSE, 0, 1);
	OK(map(parent, 0x100000, 0, 1));
	REFUSED(try_nest(a, parent, false, &n, &err), MAPPING_CONFLICT, "", "");
	answer(IOMMU_HWPT_ALLOC, -EINVAL, 1, 1);
	REFUSED(try_nest(a, parent, false, &n, &err), BAD_STAGE1, A, "inferred");
	answer(IOMMU_HWPT_ALLOC, -E2BIG, 1, 1);
	REFUSED(try_nest(a, parent, false, &n, &err), BAD_STAGE1, A, "");
	answer(IOMMU_IOAS_IOVA_RANGES, -EIO, 0, 1);
	REFUSED(try_nest(a, parent, false, &n, &err), KERNEL_REFUSED, "", "");
	ck_assert_ptr_null(n);
	ck_assert_uint_eq(fake_kernel_locked(kernel), 0);
	OK(try_nest(a, parent, false, &n, NULL));
	/* Its data are looked at when a device comes. */
	answer(VFIO_DEVICE_ATTACH_IOMMUFD_PT, -EINVAL, 0, 1);
	REFUSED(try_attach(a, n, &err), BAD_STAGE1, A, "inferred");
	/* Never into another driver's hands; the kernel is not even asked. */
	attaches = calls(VFIO_DEVICE_ATTACH_IOMMUFD_PT);
	REFUSED(try_attach(b, n, &err), INCOMPATIBLE_IOMMU, B, "");
	ck_assert_uint_eq(calls(VFIO_DEVICE_ATTACH_IOMMUFD_PT), attaches);
}
END_TEST

/* The same kind of IOMMU, but another one. */
START_TEST(other_iommus)
{
	struct libiommu_domain *parent, *n;
	struct libiommu_device *a, *b;

	fake_kernel_instance(kernel, 2, 1);
	start(NULL);
	a = open_device(A);
	b = open_device(B);
	parent = domain_with(false, true, NULL);
	OK(try_nest(a, parent, false, &n, NULL));
	REFUSED(try_attach(b, n, &err), INCOMPATIBLE_IOMMU, B, "inferred");
	OK(try_attach(a, n, NULL));
}
END_TEST

static const struct libiommu_invalidation all = { .kind = LIBIOMMU_INVALIDATE_ALL };
static struct iommu_hwpt_vtd_s1_invalidate told[64];
static unsigned int told_count;

static int listen(void *data, int fd, unsigned long request, void *argument)
{
	const struct iommu_hwpt_invalidate *invalidate = argument;

	if (request == IOMMU_HWPT_INVALIDATE) {
		ck_assert_uint_eq(invalidate->entry_len, sizeof(told[0]));
		for (uint32_t i = 0; i < invalidate->entry_num; i++)
			told[told_count++] =
				((const struct iommu_hwpt_vtd_s1_invalidate *)(uintptr_t)
					 invalidate->data_uptr)[i];
	}
	return sys()->ioctl(data, fd, request, argument);
}

START_TEST(commands)
{
	const struct libiommu_invalidation list[] = {
		all,
		{ .kind = LIBIOMMU_INVALIDATE_RANGE, .range = { 0x1000, 0x1fff } },
		{ .kind = LIBIOMMU_INVALIDATE_RANGE,
		  .flags = LIBIOMMU_INVALIDATE_LEAVES,
		  .range = { 0x1800, 0x3000 } },
		{ .kind = LIBIOMMU_INVALIDATE_RANGE, .range = { 0, UINT64_MAX } },
		{ .kind = LIBIOMMU_INVALIDATE_RANGE, .range = { 0, 0 } },
		{ .kind = LIBIOMMU_INVALIDATE_PASID, .pasid = 1 },
	};
	const struct iommu_hwpt_vtd_s1_invalidate wanted[] = {
		{ 0, UINT64_MAX, 0, 0 }, { 0x1000, 1, 0, 0 }, { 0x1000, 3, 1, 0 },
		{ 0, UINT64_MAX, 0, 0 }, { 0, 1, 0, 0 },      { 0, UINT64_MAX, 0, 0 },
	};
	struct libiommu_domain *parent, *n;
	struct libiommu_device *a;
	size_t count = 6;

	start(NULL);
	a = open_device(A);
	parent = domain_with(true, true, NULL);
	n = nest(a, parent);
	OK(try_attach(a, n, NULL));
	pass_on = listen;
	told_count = 0;
	OK(libiommu_domain_invalidate(n, list, &count, NULL));
	ck_assert_uint_eq(count, 6);
	ck_assert_uint_eq(told_count, 6);
	ck_assert_mem_eq(told, wanted, sizeof(wanted));
	ck_assert_uint_eq(fake_kernel_invalidations(kernel, A, 0), 6);
}
END_TEST

/* What the kernel had done when it refused is told, and the rest was not done. */
START_TEST(partial_progress)
{
	struct iommu_hwpt_vtd_s1_invalidate list[4] = { { .npages = 1 }, { .npages = 1 } };
	struct libiommu_invalidation many[80];
	struct libiommu_domain *parent, *n;
	struct libiommu_device *a;
	size_t count = 4;

	start(NULL);
	a = open_device(A);
	parent = domain_with(true, true, NULL);
	n = nest(a, parent);
	OK(try_attach(a, n, NULL));
	list[2].addr = 1;
	REFUSED(libiommu_domain_invalidate_raw(n, 0, list, sizeof(list[0]), &count, &err),
		BAD_INVALIDATION, "", "");
	ck_assert_uint_eq(count, 2);
	ck_assert_uint_eq(fake_kernel_invalidations(kernel, A, 0), 2);
	for (size_t i = 0; i < 80; i++)
		many[i] = all;
	/* They go out in pieces. */
	answer(IOMMU_HWPT_INVALIDATE, -EIO, 2, 1);
	count = 80;
	REFUSED(libiommu_domain_invalidate(n, many, &count, &err), KERNEL_REFUSED, "", "");
	ck_assert_uint_eq(count, 64);
	ck_assert_uint_eq(fake_kernel_invalidations(kernel, A, 0), 66);
	count = 80;
	OK(libiommu_domain_invalidate(n, many, &count, NULL));
	ck_assert_uint_eq(count, 80);
}
END_TEST

static int idle(void *data, int fd, unsigned long request, void *argument)
{
	if (request != IOMMU_HWPT_INVALIDATE)
		return sys()->ioctl(data, fd, request, argument);
	((struct iommu_hwpt_invalidate *)argument)->entry_num = 0;
	return 0;
}

/* A kernel that says it is done and has done nothing is not asked for ever. */
START_TEST(no_progress)
{
	struct libiommu_domain *parent, *n;
	struct libiommu_device *a;
	size_t count = 1;

	start(NULL);
	a = open_device(A);
	parent = domain_with(true, true, NULL);
	n = nest(a, parent);
	pass_on = idle;
	REFUSED(libiommu_domain_invalidate(n, &all, &count, &err), KERNEL_REFUSED, "", "");
	ck_assert_uint_eq(count, 0);
}
END_TEST

/* Without entries it is a question about the type. */
START_TEST(raw_commands)
{
	struct iommu_hwpt_vtd_s1_invalidate entry = { .npages = UINT64_MAX };
	struct libiommu_domain *parent, *n;
	struct libiommu_device *a;
	size_t count = 0;

	start(NULL);
	a = open_device(A);
	parent = domain_with(true, true, NULL);
	n = nest(a, parent);
	OK(libiommu_domain_invalidate_raw(n, 0, NULL, sizeof(entry), &count, NULL));
	REFUSED(libiommu_domain_invalidate_raw(n, 77, NULL, sizeof(entry), &count, &err),
		BACKEND_CAPABILITY, "", "type 77");
	count = 1;
	REFUSED(libiommu_domain_invalidate_raw(n, 0, &entry, 5000, &count, &err), BAD_INVALIDATION,
		"", "");
	ck_assert_uint_eq(count, 0);
	count = 1;
	REFUSED(libiommu_domain_invalidate_raw(n, 0, &entry, 8, &count, &err), BAD_INVALIDATION, "",
		"");
	count = 1;
	OK(libiommu_domain_invalidate_raw(n, 0, &entry, sizeof(entry), &count, NULL));
	ck_assert_uint_eq(count, 1);
}
END_TEST

START_TEST(hardware)
{
	struct libiommu_hw_info info = LIBIOMMU_HW_INFO_INIT;
	struct libiommu_device *a, *b;

	fake_kernel_set(kernel, FAKE_VTD_ECAP, 0x1234567890);
	fake_kernel_make(kernel, 2, 2);
	start(NULL);
	a = open_device(A);
	b = open_device(B);
	OK(libiommu_device_hw_info(a, &info, NULL));
	ck_assert_int_eq(info.type, LIBIOMMU_HW_VTD);
	ck_assert_uint_eq(info.length, 24);
	ck_assert_uint_eq(info.data.vtd.ecap, 0x1234567890);
	OK(libiommu_device_hw_info(b, &info, NULL));
	ck_assert_int_eq(info.type, LIBIOMMU_HW_SMMUV3);
	ck_assert_uint_eq(info.length, 40);
	answer(IOMMU_GET_HW_INFO, -EIO, 0, 1);
	REFUSED(libiommu_device_hw_info(a, &info, &err), KERNEL_REFUSED, A, "");
}
END_TEST

static enum libiommu_answer can(struct libiommu_device *device, enum libiommu_cap cap)
{
	struct libiommu_cap_answer out = LIBIOMMU_CAP_ANSWER_INIT;

	OK(libiommu_device_cap(device, cap, &out, NULL));
	return out.answer;
}

/* What is tried for an answer goes again. */
START_TEST(capabilities)
{
	struct libiommu_device *a, *b;
	unsigned int objects;

	fake_kernel_make(kernel, 2, 2);
	again(NULL);
	a = open_device(A);
	ck_assert_int_eq(can(a, LIBIOMMU_CAP_NESTING), LIBIOMMU_ANSWER_NO);
	start(NULL);
	a = open_device(A);
	b = open_device(B);
	objects = fake_kernel_objects(kernel, A);
	ck_assert_int_eq(can(a, LIBIOMMU_CAP_NESTING), LIBIOMMU_ANSWER_YES);
	ck_assert_int_eq(can(b, LIBIOMMU_CAP_NESTING), LIBIOMMU_ANSWER_NO);
	answer(IOMMU_HWPT_ALLOC, -EIO, 0, 1);
	ck_assert_int_eq(can(a, LIBIOMMU_CAP_NESTING), LIBIOMMU_ANSWER_UNKNOWN);
	answer(IOMMU_IOAS_ALLOC, -EIO, 0, 1);
	ck_assert_int_eq(can(a, LIBIOMMU_CAP_NESTING), LIBIOMMU_ANSWER_UNKNOWN);
	ck_assert_uint_eq(fake_kernel_objects(kernel, A), objects);
	ck_assert_int_eq(can(a, LIBIOMMU_CAP_PAGE_REQUESTS), LIBIOMMU_ANSWER_UNKNOWN);
	answer(IOMMU_FAULT_QUEUE_ALLOC, -ENOTTY, 0, 1);
	ck_assert_int_eq(can(a, LIBIOMMU_CAP_PAGE_REQUESTS), LIBIOMMU_ANSWER_NO);
	fake_kernel_set(kernel, FAKE_NO_HW_INFO, 1);
	again(NULL);
	a = open_device(A);
	ck_assert_int_eq(can(a, LIBIOMMU_CAP_NESTING), LIBIOMMU_ANSWER_UNKNOWN);
}
END_TEST

/* What there is no kernel interface for. */
START_TEST(no_interface)
{
	struct libiommu_nested_options nested = LIBIOMMU_NESTED_OPTIONS_INIT;
	struct libiommu_domain_options opts = LIBIOMMU_DOMAIN_OPTIONS_INIT;
	const struct libiommu_stage1_riscv riscv = { .fsc = 1 };
	struct libiommu_domain *parent, *out = NULL;
	struct libiommu_device *a;
	unsigned int tables;

	start(NULL);
	a = open_device(A);
	opts.type = LIBIOMMU_DOMAIN_SVA;
	REFUSED(libiommu_domain_new(ctx, &opts, &out, &err), NO_UAPI, "", "");
	opts.type = LIBIOMMU_DOMAIN_IDENTITY;
	REFUSED(libiommu_domain_new(ctx, &opts, &out, &err), NO_UAPI, "", "");
	parent = domain_with(false, true, NULL);
	nested.type = LIBIOMMU_STAGE1_RISCV;
	nested.data = &riscv;
	nested.data_length = sizeof(riscv);
	tables = calls(IOMMU_HWPT_ALLOC);
	REFUSED(libiommu_domain_new_nested(a, parent, &nested, &out, &err), NESTING_UNSUPPORTED, A,
		"");
	ck_assert_uint_eq(calls(IOMMU_HWPT_ALLOC), tables);
}
END_TEST

/* Of two wishes the kernel does not say which one the driver has not. */
START_TEST(several_wishes)
{
	struct libiommu_error *why = NULL;
	struct libiommu_device *a;

	fake_kernel_set(kernel, FAKE_PLAIN_TABLES, 1);
	start(NULL);
	a = open_device(A);
	REFUSED(try_attach(a, domain_with(true, true, NULL), &err), NESTING_UNSUPPORTED, A,
		"inferred");
	ck_assert_int_eq(try_attach(a, domain_with(false, true, NULL), &why), -EOPNOTSUPP);
	ck_assert(!libiommu_error_is_guess(why));
	libiommu_error_free(why);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		stages,   second_stages,    refused_parents, other_iommus,
		commands, partial_progress, no_progress,     raw_commands,
		hardware, capabilities,     no_interface,    several_wishes,
	};

	return run("iommufd-nested", tests, sizeof(tests) / sizeof(tests[0]));
}
