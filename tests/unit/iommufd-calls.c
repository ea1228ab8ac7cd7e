/* SPDX-License-Identifier: BSD-2-Clause */
/* Kernels that lack one call: a reason that names it, or a way around it, and never a surprise. */
#include "tests/unit/iommufd-fixture.h"

#include <libiommu/nesting.h>

#include <unistd.h>

struct call {
	const char *name;
	unsigned long request;
};

#define CALL(name, number, feature, purpose) { #name, number },
static const struct call all[] = {
#include "backends/iommufd/calls.def"
};
#undef CALL

#define COUNT (sizeof(all) / sizeof(all[0]))

static const struct call *missing;
static unsigned int refusals;

/* @return whether it was done; else it was refused as it must be */
static bool done(int code, struct libiommu_error *err)
{
	if (!code) {
		ck_assert_ptr_null(err);
		return true;
	}
	ck_assert_msg(libiommu_error_reason(err) == LIBIOMMU_REASON_NO_UAPI, "without %s: %s",
		      missing->name, libiommu_error_message(err));
	ck_assert_int_eq(code, -EOPNOTSUPP);
	ck_assert_msg(strstr(libiommu_error_message(err), missing->name), "without %s: %s",
		      missing->name, libiommu_error_message(err));
	ck_assert_int_eq(libiommu_error_kernel_errno(err), ENOTTY);
	libiommu_error_free(err);
	refusals++;
	return false;
}

#define DONE(call) (err = NULL, code = call, done(code, err))

/* PASIDs are not asked for: without IOMMU_GET_HW_INFO there are none. */
static void use_stages(struct libiommu_device *a)
{
	const struct libiommu_stage1_vtd stage1 = { .root = 0x1000, .address_width = 48 };
	const struct libiommu_invalidation everything = { .kind = LIBIOMMU_INVALIDATE_ALL };
	struct libiommu_nested_options nested = LIBIOMMU_NESTED_OPTIONS_INIT;
	struct libiommu_domain_options opts = LIBIOMMU_DOMAIN_OPTIONS_INIT;
	struct libiommu_domain *parent = NULL, *n = NULL;
	struct libiommu_fault_queue *queue = NULL;
	struct libiommu_error *err;
	size_t count = 1;
	int code;

	DONE(libiommu_fault_queue_new(ctx, NULL, &queue, &err));
	opts.nest_parent = true;
	if (!DONE(libiommu_domain_new(ctx, &opts, &parent, &err)))
		return;
	nested.data = &stage1;
	nested.data_length = sizeof(stage1);
	if (DONE(libiommu_domain_new_nested(a, parent, &nested, &n, &err)))
		DONE(libiommu_domain_invalidate(n, &everything, &count, &err));
}

static void use(struct libiommu_device *a, struct libiommu_device *b, int fd)
{
	struct libiommu_cap_answer bits = LIBIOMMU_CAP_ANSWER_INIT;
	struct libiommu_domain *d = NULL, *e = NULL;
	struct libiommu_error *err;
	struct libiommu_range ranges[4];
	size_t count = 4;
	int code;

	OK(libiommu_device_cap(a, LIBIOMMU_CAP_ADDRESS_BITS, &bits, NULL));
	err = NULL;
	code = libiommu_device_iova_ranges(a, ranges, &count, &err);
	if (code) {
		/* Documented: then only an attach tells. */
		ck_assert_int_eq(libiommu_error_reason(err), LIBIOMMU_REASON_NEEDS_ATTACH);
		ck_assert_int_eq(bits.answer, LIBIOMMU_ANSWER_UNKNOWN);
		libiommu_error_free(err);
	}
	if (!DONE(libiommu_domain_new(ctx, NULL, &d, &err)) ||
	    !DONE(libiommu_domain_new(ctx, NULL, &e, &err)))
		return;
	DONE(libiommu_domain_map(d, 0x100000, libiommu_source_memory(memory), PAGE,
				 LIBIOMMU_PROT_READ, &err));
	/* Without IOMMU_IOAS_MAP_FILE the core maps the file into the process. */
	DONE(libiommu_domain_map(d, 0x200000, libiommu_source_file(fd, 0), PAGE, LIBIOMMU_PROT_READ,
				 &err));
	if (DONE(try_attach(a, d, &err))) {
		OK(libiommu_device_iova_ranges(a, ranges, &count, NULL));
		DONE(try_attach(b, d, &err));
		DONE(libiommu_endpoint_replace(ep(a), e, 0, &err));
	}
	DONE(libiommu_domain_unmap_all(d, NULL, &err));
	DONE(libiommu_endpoint_detach(ep(a), 0, &err));
	DONE(libiommu_endpoint_detach(ep(b), 0, &err));
}

static void scenario(const char *config, int fd)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_device *a = NULL, *b = NULL;
	struct libiommu_error *err;
	int code;

	opts.backend = BACKEND;
	opts.config = config;
	opts.sys = &table;
	if (!DONE(libiommu_ctx_new(&opts, &ctx, &err)))
		return;
	if (DONE(libiommu_device_open(ctx, A, &a, &err)) &&
	    DONE(libiommu_device_open(ctx, B, &b, &err))) {
		use(a, b, fd);
		use_stages(a);
	}
	libiommu_ctx_free(ctx);
	ctx = NULL;
}

START_TEST(missing_calls)
{
	const char *const configs[] = { "hwpt=automatic", "hwpt=explicit" };
	int fd = memfd_create("file", MFD_CLOEXEC);

	fake_kernel_set(kernel, FAKE_NESTING, 1);
	OK(ftruncate(fd, PAGE));
	libiommu_ctx_free(ctx);
	ctx = NULL;
	for (size_t c = 0; c < 2; c++) {
		for (size_t i = 0; i < COUNT; i++) {
			const bool spared = all[i].request == IOMMU_IOAS_MAP_FILE ||
					    all[i].request == IOMMU_GET_HW_INFO;

			missing = &all[i];
			refusals = 0;
			watch();
			answer(missing->request, -ENOTTY, 0, 0);
			scenario(configs[c], fd);
			ck_assert_msg(!refusals == spared, "without %s: %u refusals", missing->name,
				      refusals);
			ck_assert_uint_eq(fake_kernel_open_fds(kernel), 0);
			ck_assert_uint_eq(fake_kernel_locked(kernel), 0);
		}
	}
	close(fd);
}
END_TEST

/* The core's way for files, and the capability that tells of it. */
START_TEST(no_map_file)
{
	struct libiommu_cap_answer can = LIBIOMMU_CAP_ANSWER_INIT;
	struct libiommu_device *a;
	struct libiommu_domain *d;
	int fd = memfd_create("file", MFD_CLOEXEC);

	OK(ftruncate(fd, PAGE));
	a = open_device(A);
	OK(libiommu_device_cap(a, LIBIOMMU_CAP_FILE_MAPPINGS, &can, NULL));
	ck_assert_int_eq(can.answer, LIBIOMMU_ANSWER_YES);
	fake_kernel_set(kernel, FAKE_NO_MAP_FILE, 1);
	again(NULL);
	a = open_device(A);
	OK(libiommu_device_cap(a, LIBIOMMU_CAP_FILE_MAPPINGS, &can, NULL));
	ck_assert_int_eq(can.answer, LIBIOMMU_ANSWER_NO);
	d = new_domain();
	OK(try_attach(a, d, NULL));
	OK(libiommu_domain_map(d, 0x100000, libiommu_source_file(fd, 0), PAGE, LIBIOMMU_PROT_READ,
			       NULL));
	ck_assert_uint_eq(calls(IOMMU_IOAS_MAP_FILE), 1);
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 1);
	close(fd);
}
END_TEST

/*
 * What Linux 6.12 makes of our calls: flags that are younger are refused as it refuses them, and what
 * a younger kernel says in the rest of an answer is not there.
 */
static int as_6_12(void *data, int fd, unsigned long request, void *argument)
{
	int rc;

	switch (request) {
	case IOMMU_IOAS_MAP_FILE:
		return -ENOTTY;
	case VFIO_DEVICE_BIND_IOMMUFD:
		if (((struct vfio_device_bind_iommufd *)argument)->flags)
			return -EINVAL;
		break;
	case VFIO_DEVICE_ATTACH_IOMMUFD_PT:
		if (((struct vfio_device_attach_iommufd_pt *)argument)->flags)
			return -EINVAL;
		break;
	case VFIO_DEVICE_DETACH_IOMMUFD_PT:
		if (((struct vfio_device_detach_iommufd_pt *)argument)->flags)
			return -EINVAL;
		break;
	case IOMMU_HWPT_ALLOC:
		if (((struct iommu_hwpt_alloc *)argument)->flags & IOMMU_HWPT_ALLOC_PASID)
			return -EOPNOTSUPP;
		break;
	}
	rc = sys()->ioctl(data, fd, request, argument);
	if (request == IOMMU_GET_HW_INFO)
		((struct iommu_hw_info *)argument)->out_max_pasid_log2 = 0;
	return rc;
}

/* Nothing is asked for in vain that would leave something behind; the rest is as ever. */
START_TEST(linux_6_12)
{
	struct libiommu_device_options dev = LIBIOMMU_DEVICE_OPTIONS_INIT;
	struct libiommu_domain_options opts = LIBIOMMU_DOMAIN_OPTIONS_INIT;
	struct libiommu_ctx_options start = LIBIOMMU_CTX_OPTIONS_INIT;
	unsigned char token[16];
	struct libiommu_cap_answer can = LIBIOMMU_CAP_ANSWER_INIT;
	struct libiommu_endpoint *one = NULL;
	struct libiommu_domain *d = NULL;
	struct libiommu_device *a, *b = NULL;
	unsigned int objects;
	int fd = memfd_create("file", MFD_CLOEXEC);

	OK(ftruncate(fd, PAGE));
	fake_kernel_set(kernel, FAKE_PASID_BITS, 20);
	fake_kernel_set(kernel, FAKE_NESTING, 1);
	libiommu_ctx_free(ctx);
	ctx = NULL;
	watch();
	pass_on = as_6_12;
	start.backend = BACKEND;
	start.sys = &table;
	OK(libiommu_ctx_new(&start, &ctx, NULL));
	a = open_device(A);
	objects = fake_kernel_objects(kernel, A);
	OK(libiommu_device_cap(a, LIBIOMMU_CAP_PASIDS, &can, NULL));
	ck_assert_int_eq(can.answer, LIBIOMMU_ANSWER_NO);
	REFUSED(libiommu_pasid_open(a, 5, &one, &err), PASID_UNSUPPORTED, A, "");
	opts.pasid = true;
	OK(libiommu_domain_new(ctx, &opts, &d, NULL));
	/* A wish for what nobody can use here costs nothing. */
	OK(try_attach(a, d, NULL));
	OK(libiommu_endpoint_detach(ep(a), 0, NULL));
	OK(libiommu_domain_free(d, NULL));
	ck_assert_uint_eq(fake_kernel_objects(kernel, A), objects);
	memset(token, 0x11, sizeof(token));
	dev.vf_token = token;
	fake_kernel_token(kernel, B, "11111111-1111-1111-1111-111111111111");
	REFUSED(libiommu_device_open_with(ctx, B, &dev, &b, &err), BAD_TOKEN, B,
		"this kernel takes none");
	missing = &(const struct call){ "IOMMU_IOAS_MAP_FILE", IOMMU_IOAS_MAP_FILE };
	refusals = 0;
	b = open_device(M0);
	use(a, b, fd);
	use_stages(a);
	ck_assert_uint_eq(refusals, 0);
	OK(libiommu_device_cap(a, LIBIOMMU_CAP_FILE_MAPPINGS, &can, NULL));
	ck_assert_int_eq(can.answer, LIBIOMMU_ANSWER_NO);
	close(fd);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { missing_calls, no_map_file, linux_6_12 };

	return run("iommufd-calls", tests, sizeof(tests) / sizeof(tests[0]));
}
