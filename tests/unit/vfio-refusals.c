/* SPDX-License-Identifier: BSD-2-Clause */
/* The backend "vfio": what it refuses, and what it says then. */
#include "tests/unit/vfio-fixture.h"

#include <libiommu/nesting.h>

START_TEST(devices_refused)
{
	struct libiommu_device *device = NULL;

	REFUSED(libiommu_device_open(ctx, "3b:00.0", &device, &err), BAD_NAME, "3b:00.0", "");
	REFUSED(libiommu_device_open(ctx, "../pci", &device, &err), BAD_NAME, "", "");
	REFUSED(libiommu_device_open(ctx, "0000:00:1e.0", &device, &err), DEVICE_UNKNOWN, "1e", "");
	REFUSED(libiommu_device_open(ctx, "fd000000.serial", &device, &err), DEVICE_UNKNOWN, "fd",
		"");
	REFUSED(libiommu_device_open(ctx, "0000:00:06.0", &device, &err), NO_GROUP, "06.0", "");
	REFUSED(libiommu_device_open(ctx, OWNED, &device, &err), NOT_BOUND, OWNED, "e1000e");
	REFUSED(libiommu_device_open(ctx, HALF, &device, &err), GROUP_NOT_VIABLE, HALF,
		"0000:00:1f.3 (i801_smbus)");
	fake_kernel_bind(kernel, A, "");
	REFUSED(libiommu_device_open(ctx, A, &device, &err), NOT_BOUND, A, "no driver");
	fake_kernel_bind(kernel, A, "vfio-pci");
	fake_kernel_set(kernel, FAKE_NO_PERMISSION, 1);
	REFUSED(libiommu_device_open(ctx, A, &device, &err), NO_PERMISSION, "/dev/vfio/1", "");
	fake_kernel_set(kernel, FAKE_NO_PERMISSION, 0);
	fake_kernel_set(kernel, FAKE_NO_IOMMU, 1);
	REFUSED(libiommu_device_open(ctx, A, &device, &err), NO_IOMMU_MODE, A, "");
	fake_kernel_set(kernel, FAKE_NO_IOMMU, 0);
	fake_kernel_set(kernel, FAKE_NO_VFIO, 1);
	REFUSED(libiommu_device_open(ctx, A, &device, &err), VFIO_MISSING, A, "/dev/vfio/1");
	fake_kernel_set(kernel, FAKE_NO_VFIO, 0);
	device = open_device(A);
	REFUSED(libiommu_device_open(ctx, A, &device, &err), DEVICE_BUSY, A, "");
}
END_TEST

START_TEST(busy_elsewhere)
{
	struct libiommu_ctx *mine = ctx, *other = new_ctx();
	struct libiommu_device *device = open_device(A), *second = NULL;

	REFUSED(libiommu_device_open(other, A, &second, &err), DEVICE_BUSY, "/dev/vfio/1", "");
	OK(libiommu_device_close(device, NULL));
	OK(libiommu_device_open(other, A, &second, NULL));
	libiommu_ctx_free(other);
	ctx = mine;
}
END_TEST

START_TEST(contexts_refused)
{
	static const struct {
		enum fake_knob knob;
		enum libiommu_reason reason;
	} rows[] = {
		{ FAKE_NO_VFIO, LIBIOMMU_REASON_VFIO_MISSING },
		{ FAKE_NO_PERMISSION, LIBIOMMU_REASON_NO_PERMISSION },
		{ FAKE_NO_MODULE, LIBIOMMU_REASON_VFIO_MISSING },
		{ FAKE_NO_TYPE1, LIBIOMMU_REASON_VFIO_API },
	};
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_error *err;
	struct libiommu_ctx *out = NULL;

	opts.backend = "vfio";
	opts.sys = sys();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fake_kernel_set(kernel, rows[i].knob, 1);
		ck_assert_int_eq(libiommu_ctx_new(&opts, &out, &err),
				 -libiommu_reason_errno(rows[i].reason));
		ck_assert_int_eq(libiommu_error_reason(err), rows[i].reason);
		ck_assert_str_eq(libiommu_error_subject(err), "/dev/vfio/vfio");
		libiommu_error_free(err);
		fake_kernel_set(kernel, rows[i].knob, 0);
	}
}
END_TEST

START_TEST(attach_refused)
{
	struct libiommu_domain *d = new_domain();
	struct libiommu_device *a = open_device(A), *b = open_device(B);

	fake_kernel_set(kernel, FAKE_UNSAFE_MSI, 1);
	REFUSED(libiommu_endpoint_attach(ep(a), d, &err), MSI_NOT_ISOLATED, A, "unsafe");
	fake_kernel_set(kernel, FAKE_ALLOW_UNSAFE, 1);
	OK(libiommu_endpoint_attach(ep(a), d, NULL));
	fake_kernel_set(kernel, FAKE_ALLOW_UNSAFE, 0);
	REFUSED(libiommu_endpoint_attach(ep(b), d, &err), MSI_NOT_ISOLATED, B, "");
	fake_kernel_set(kernel, FAKE_UNSAFE_MSI, 0);
	fake_kernel_bind(kernel, B, "nvme");
	REFUSED(libiommu_endpoint_attach(ep(b), d, &err), GROUP_NOT_VIABLE, B, "(nvme)");
	fake_kernel_bind(kernel, B, "vfio-pci");
	fake_kernel_reserve(kernel, 2, 0x7000000, 0x7ffffff, "direct");
	REFUSED(libiommu_endpoint_attach(ep(b), d, &err), DIRECT_REGION, B, "0x7000000-0x7ffffff");
	ck_assert_uint_eq(fake_kernel_resets(kernel, B), 0);
}
END_TEST

START_TEST(mappings_in_the_way)
{
	struct libiommu_domain *d = new_domain();
	struct libiommu_device *a = open_device(A), *b = open_device(B);

	fake_kernel_reserve(kernel, 2, 0x8000000, 0x80fffff, "reserved");
	OK(map(d, 0x8000000, 0, 1));
	REFUSED(libiommu_endpoint_attach(ep(b), d, &err), MAPPING_CONFLICT, "0x8000000-0x8000fff",
		"");
	OK(libiommu_endpoint_attach(ep(a), d, NULL));
	REFUSED(libiommu_endpoint_attach(ep(b), d, &err), MAPPING_CONFLICT, "0x8000000-0x8000fff",
		"");
	OK(libiommu_domain_unmap_all(d, NULL, NULL));
	OK(libiommu_endpoint_attach(ep(b), d, NULL));
	REFUSED(libiommu_domain_map(d, 0x8000000, libiommu_source_memory(memory), PAGE,
				    LIBIOMMU_PROT_READ, &err),
		RESERVED_REGION, "0x8000000", "");
	ck_assert_uint_eq(fake_kernel_resets(kernel, B), 1);
}
END_TEST

START_TEST(nothing_in_common)
{
	struct libiommu_domain *d = new_domain();
	struct libiommu_device *a = open_device(A), *b = open_device(B);

	fake_kernel_reserve(kernel, 1, 0x10000000, UINT64_MAX, "reserved");
	fake_kernel_reserve(kernel, 2, 0, 0xfffffff, "reserved");
	OK(libiommu_endpoint_attach(ep(a), d, NULL));
	REFUSED(libiommu_endpoint_attach(ep(b), d, &err), INCOMPATIBLE_IOMMU, B, "No IOVA");
	ck_assert_uint_eq(fake_kernel_resets(kernel, B), 0);
	OK(libiommu_endpoint_detach(ep(a), 0, NULL));
	OK(libiommu_endpoint_attach(ep(b), d, NULL));
}
END_TEST

START_TEST(memory_refused)
{
	struct libiommu_domain *d = new_domain();
	struct libiommu_device *a = open_device(A);
	struct libiommu_error *error;
	uint64_t needed, available;

	OK(map(d, 0x100000, 0, 1));
	OK(map(d, 0x200000, 8, 2));
	munmap(memory + 9 * PAGE, PAGE);
	REFUSED(libiommu_endpoint_attach(ep(a), d, &err), BAD_MEMORY, "0x200000-0x201fff", "");
	ck_assert_uint_eq(fake_kernel_locked(kernel), 0);
	OK(libiommu_domain_unmap(d, 0x200000, 2 * PAGE, NULL, NULL));
	OK(libiommu_endpoint_attach(ep(a), d, NULL));
	REFUSED(libiommu_domain_map(d, 0x200000, libiommu_source_memory(memory + 9 * PAGE), PAGE,
				    LIBIOMMU_PROT_READ, &err),
		BAD_MEMORY, "0x200000", "");
	fake_kernel_set(kernel, FAKE_MEMLOCK, 4 * PAGE);
	ck_assert_int_eq(libiommu_domain_map(d, 0x200000, libiommu_source_memory(memory), 4 * PAGE,
					     LIBIOMMU_PROT_READ, &error),
			 -ENOMEM);
	ck_assert_int_eq(libiommu_error_reason(error), LIBIOMMU_REASON_LOCKED_MEMORY);
	ck_assert(libiommu_error_is_guess(error));
	ck_assert_int_eq(libiommu_error_kernel_errno(error), ENOMEM);
	ck_assert_str_eq(libiommu_error_kernel_call(error), "VFIO_IOMMU_MAP_DMA");
	ck_assert(libiommu_error_figures(error, &needed, &available));
	ck_assert_uint_eq(needed, 4 * PAGE);
	ck_assert_uint_eq(available, 3 * PAGE);
	libiommu_error_free(error);
	OK(map(d, 0x200000, 0, 3));
}
END_TEST

START_TEST(entries_refused)
{
	struct libiommu_domain *d = new_domain();
	struct libiommu_cap_answer answer = LIBIOMMU_CAP_ANSWER_INIT;
	struct libiommu_device *a = open_device(A);
	struct libiommu_error *error;
	uint64_t needed, available;

	fake_kernel_set(kernel, FAKE_ENTRY_LIMIT, 2);
	for (uint64_t i = 0; i < 3; i++)
		OK(map(d, 0x100000 + i * 2 * PAGE, i, 1));
	ck_assert_int_eq(libiommu_endpoint_attach(ep(a), d, &error), -ENOSPC);
	ck_assert_int_eq(libiommu_error_reason(error), LIBIOMMU_REASON_ENTRY_LIMIT);
	ck_assert_str_eq(libiommu_error_subject(error), "0x104000-0x104fff");
	ck_assert(libiommu_error_figures(error, &needed, &available));
	ck_assert_uint_eq(needed, 3);
	ck_assert_uint_eq(available, 2);
	libiommu_error_free(error);
	OK(libiommu_domain_unmap(d, 0x104000, PAGE, NULL, NULL));
	OK(libiommu_endpoint_attach(ep(a), d, NULL));
	REFUSED(libiommu_domain_map(d, 0x200000, libiommu_source_memory(memory), PAGE,
				    LIBIOMMU_PROT_READ, &err),
		ENTRY_LIMIT, "0x200000", "");
	OK(libiommu_device_cap(a, LIBIOMMU_CAP_ENTRY_LIMIT, &answer, NULL));
	ck_assert_int_eq(answer.answer, LIBIOMMU_ANSWER_YES);
	ck_assert_uint_eq(answer.value, 2);
}
END_TEST

static void never(struct libiommu_device *device, enum libiommu_cap cap)
{
	struct libiommu_cap_answer answer = LIBIOMMU_CAP_ANSWER_INIT;

	OK(libiommu_device_cap(device, cap, &answer, NULL));
	ck_assert_int_eq(answer.answer, LIBIOMMU_ANSWER_NO);
	ck_assert_ptr_nonnull(strstr(answer.evidence, "type1"));
}

/* What type1 has no call for. */
START_TEST(nothing_of_stages)
{
	struct libiommu_domain_options opts = LIBIOMMU_DOMAIN_OPTIONS_INIT;
	struct libiommu_hw_info info = LIBIOMMU_HW_INFO_INIT;
	struct libiommu_device *a = open_device(A);
	struct libiommu_fault_queue *queue = NULL;
	struct libiommu_endpoint *pasid = NULL;
	struct libiommu_domain *d = NULL;

	never(a, LIBIOMMU_CAP_PASIDS);
	never(a, LIBIOMMU_CAP_NESTING);
	never(a, LIBIOMMU_CAP_PAGE_REQUESTS);
	REFUSED(libiommu_pasid_open(a, 1, &pasid, &err), PASID_UNSUPPORTED, A, "");
	REFUSED(libiommu_device_hw_info(a, &info, &err), BACKEND_CAPABILITY, A, "");
	REFUSED(libiommu_fault_queue_new(ctx, NULL, &queue, &err), BACKEND_CAPABILITY, "", "");
	opts.pasid = true;
	REFUSED(libiommu_domain_new(ctx, &opts, &d, &err), PASID_UNSUPPORTED, "", "");
	opts.pasid = false;
	opts.nest_parent = true;
	REFUSED(libiommu_domain_new(ctx, &opts, &d, &err), BACKEND_CAPABILITY, "", "");
	opts.nest_parent = false;
	opts.type = LIBIOMMU_DOMAIN_SVA;
	REFUSED(libiommu_domain_new(ctx, &opts, &d, &err), NO_UAPI, "", "");
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		devices_refused, busy_elsewhere,      contexts_refused,
		attach_refused,  mappings_in_the_way, nothing_in_common,
		memory_refused,  entries_refused,     nothing_of_stages,
	};

	return run("vfio-refusals", tests, sizeof(tests) / sizeof(tests[0]));
}
