/* SPDX-License-Identifier: BSD-2-Clause */
/* The backend "iommufd" on a kernel that is made of tests/fake. */
#include "tests/unit/iommufd-fixture.h"

#include "backends/iommufd/transport.h"

#include <sys/wait.h>
#include <unistd.h>

START_TEST(a_device)
{
	struct libiommu_device *a = open_device(A), *again_a = NULL;
	struct libiommu_cap_answer answer_ = LIBIOMMU_CAP_ANSWER_INIT;
	struct libiommu_region *bar = NULL;
	uint64_t value = 0;
	size_t count = 0;
	int fd = -1;

	/* Registers work at once. */
	OK(libiommu_region_open(a, LIBIOMMU_REGION_BAR0, &bar, NULL));
	OK(libiommu_region_read(bar, 0, 4, &value, NULL));
	ck_assert_uint_eq(value, 0x010000ed);
	libiommu_region_close(bar);
	OK(libiommu_device_kvm_fd(a, &fd, NULL));
	ck_assert_int_ge(fd, 0);
	OK(libiommu_device_hot_reset_fds(a, NULL, &count, NULL));
	ck_assert_uint_eq(count, 0);
	OK(libiommu_device_cap(a, LIBIOMMU_CAP_PAGE_SIZES, &answer_, NULL));
	ck_assert_int_eq(answer_.answer, LIBIOMMU_ANSWER_UNKNOWN);
	OK(libiommu_device_cap(a, LIBIOMMU_CAP_ADDRESS_BITS, &answer_, NULL));
	ck_assert_uint_eq(answer_.value, 39);
	REFUSED(libiommu_device_open(ctx, A, &again_a, &err), DEVICE_BUSY, A, "this context");
	OK(libiommu_device_close(a, NULL));
	ck_assert_uint_eq(fake_kernel_resets(kernel, A), 1);
}
END_TEST

static int try_ctx(struct libiommu_error **err)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_ctx *out = NULL;

	opts.backend = BACKEND;
	opts.sys = sys();
	return libiommu_ctx_new(&opts, &out, err);
}

START_TEST(no_kernel)
{
	fake_kernel_set(kernel, FAKE_NO_IOMMUFD, 1);
	REFUSED(try_ctx(&err), NO_UAPI, "/dev/iommu", "6.1.0-fake has no iommufd");
	fake_kernel_set(kernel, FAKE_NO_IOMMUFD, 0);
	fake_kernel_set(kernel, FAKE_NO_MODULE, 1);
	REFUSED(try_ctx(&err), NO_UAPI, "/dev/iommu", "module");
	fake_kernel_set(kernel, FAKE_NO_MODULE, 0);
	fake_kernel_set(kernel, FAKE_NO_PERMISSION, 1);
	REFUSED(try_ctx(&err), NO_PERMISSION, "/dev/iommu", "");
}
END_TEST

START_TEST(refused_devices)
{
	struct libiommu_device *device = NULL;

	REFUSED(libiommu_device_open(ctx, HALF, &device, &err), GROUP_NOT_VIABLE, HALF,
		"i801_smbus");
	REFUSED(libiommu_device_open(ctx, OWNED, &device, &err), NOT_BOUND, OWNED, "e1000e");
	REFUSED(libiommu_device_open(ctx, "0000:00:06.0", &device, &err), NO_GROUP, "06.0", "");
	REFUSED(libiommu_device_open(ctx, "0000:00:09.0", &device, &err), DEVICE_UNKNOWN, "09.0",
		"");
	REFUSED(libiommu_device_open(ctx, "x/y", &device, &err), BAD_NAME, "x/y", "");
	fake_kernel_set(kernel, FAKE_NO_CDEV, 1);
	REFUSED(libiommu_device_open(ctx, A, &device, &err), NO_UAPI, A, "6.6");
	fake_kernel_set(kernel, FAKE_NO_CDEV, 0);
	fake_kernel_set(kernel, FAKE_NO_PERMISSION, 1);
	REFUSED(libiommu_device_open(ctx, A, &device, &err), NO_PERMISSION,
		"/dev/vfio/devices/vfio0", "");
	fake_kernel_set(kernel, FAKE_NO_PERMISSION, 0);
	fake_kernel_set(kernel, FAKE_UNSAFE_MSI, 1);
	REFUSED(libiommu_device_open(ctx, A, &device, &err), MSI_NOT_ISOLATED, A,
		"iommufd.allow_unsafe_interrupts");
	fake_kernel_set(kernel, FAKE_ALLOW_UNSAFE, 1);
	OK(libiommu_device_open(ctx, A, &device, NULL));
	fake_kernel_reserve(kernel, 2, 0x7b000000, 0x7b7fffff, "direct");
	REFUSED(libiommu_device_open(ctx, B, &device, &err), DIRECT_REGION, B, "0x7b000000");
}
END_TEST

START_TEST(tokens)
{
	const unsigned char token[16] = { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77,
					  0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff };
	const unsigned char other[16] = { 1 };
	struct libiommu_device_options opts = LIBIOMMU_DEVICE_OPTIONS_INIT;
	struct libiommu_device *a = NULL;

	fake_kernel_token(kernel, A, "00112233-4455-6677-8899-aabbccddeeff");
	REFUSED(libiommu_device_open(ctx, A, &a, &err), BAD_TOKEN, A, "None was passed");
	opts.vf_token = other;
	REFUSED(libiommu_device_open_with(ctx, A, &opts, &a, &err), BAD_TOKEN, A, "");
	REFUSED(libiommu_device_open_with(ctx, B, &opts, &a, &err), BAD_TOKEN, B, "takes none");
	opts.vf_token = token;
	OK(libiommu_device_open_with(ctx, A, &opts, &a, NULL));
}
END_TEST

START_TEST(ranges)
{
	struct libiommu_device *a = open_device(A);
	struct libiommu_range before[8], after[8];
	struct libiommu_domain *d = new_domain();
	size_t n = 8, m = 8;

	fake_kernel_reserve(kernel, 1, 0x10000, 0x1ffff, "direct-relaxable");
	OK(libiommu_device_iova_ranges(a, before, &n, NULL));
	OK(try_attach(a, d, NULL));
	OK(libiommu_domain_iova_ranges(d, after, &m, NULL));
	ck_assert_uint_eq(n, 2);
	ck_assert_uint_eq(m, n);
	ck_assert_mem_eq(before, after, n * sizeof(before[0]));
	ck_assert_uint_eq(after[0].last, 0xfedfffff);
	ck_assert_uint_eq(after[1].last, (1ull << 39) - 1);
	n = 8;
	OK(libiommu_device_iova_ranges(a, before, &n, NULL));
	ck_assert_mem_eq(before, after, m * sizeof(before[0]));
	ck_assert_uint_eq(libiommu_domain_page_size(d), 4096);
}
END_TEST

/* More than fit into the first question. */
START_TEST(many_ranges)
{
	struct libiommu_device *devices[3];
	const char *const names[] = { A, B, M0 };
	struct libiommu_domain *d = new_domain();
	struct libiommu_range out[64];
	size_t n = 64;

	for (unsigned int group = 1; group <= 3; group++)
		for (unsigned int i = 1; i < 4; i++)
			fake_kernel_reserve(kernel, group, group * 0x1000000ull + i * 0x10000,
					    group * 0x1000000ull + i * 0x10000 + 0xfff, "reserved");
	for (size_t i = 0; i < 3; i++) {
		devices[i] = open_device(names[i]);
		OK(try_attach(devices[i], d, NULL));
	}
	OK(libiommu_domain_iova_ranges(d, out, &n, NULL));
	ck_assert_uint_eq(n, 11);
}
END_TEST

/* The kernel shares its page tables, the library its own, and both one for each kind of IOMMU. */
START_TEST(page_tables)
{
	const char *const configs[] = { NULL, "hwpt=automatic", "hwpt=explicit" };

	fake_kernel_instance(kernel, 3, 1);
	for (size_t i = 0; i < 3; i++) {
		struct libiommu_device *a, *b, *m;
		struct libiommu_domain *d, *e;

		again(configs[i]);
		a = open_device(A);
		b = open_device(B);
		m = open_device(M0);
		d = new_domain();
		e = new_domain();
		OK(map(d, 0x100000, 0, 1));
		OK(try_attach(a, d, NULL));
		OK(try_attach(b, d, NULL));
		ck_assert_uint_eq(calls(IOMMU_HWPT_ALLOC), i == 2 ? 1 : 0);
		OK(try_attach(m, d, NULL));
		ck_assert_uint_eq(calls(IOMMU_HWPT_ALLOC), i == 2 ? 2 : 0);
		ck_assert(fake_kernel_together(kernel, A, M0));
		ck_assert_uint_eq(fake_kernel_locked(kernel), PAGE);
		OK(libiommu_endpoint_replace(ep(a), e, 0, NULL));
		ck_assert(!fake_kernel_together(kernel, A, M0));
		OK(libiommu_endpoint_detach(ep(b), 0, NULL));
		OK(libiommu_endpoint_detach(ep(m), 0, NULL));
		ck_assert_uint_eq(fake_kernel_locked(kernel), 0);
		OK(libiommu_endpoint_detach(ep(a), 0, NULL));
		OK(libiommu_domain_free(d, NULL));
		OK(libiommu_domain_free(e, NULL));
		/* Spaces that are still in use would not be freed. */
		ck_assert_uint_ge(calls(IOMMU_DESTROY), i == 2 ? 5 : 2);
	}
}
END_TEST

/*
 * IOMMUs of two makes: nobody is handed to the wrong driver, which the kernel does not look after when a
 * device is moved.
 */
START_TEST(two_makes)
{
	const char *const configs[] = { "hwpt=automatic", "hwpt=explicit" };

	fake_kernel_make(kernel, 3, 2);
	for (size_t i = 0; i < 2; i++) {
		struct libiommu_device *a, *b, *m, *n;
		struct libiommu_domain *d, *e;

		again(configs[i]);
		a = open_device(A);
		b = open_device(B);
		m = open_device(M0);
		n = open_device(M1);
		d = new_domain();
		e = new_domain();
		OK(map(d, 0x100000, 0, 1));
		OK(try_attach(a, d, NULL));
		OK(try_attach(m, d, NULL));
		OK(try_attach(n, d, NULL));
		/* One that the kernel cannot take for somebody else's. */
		ck_assert_uint_eq(calls(IOMMU_HWPT_ALLOC), i + 1);
		OK(try_attach(b, e, NULL));
		OK(libiommu_endpoint_replace(ep(b), d, 0, NULL));
		OK(libiommu_endpoint_replace(ep(m), e, LIBIOMMU_REPLACE_GROUP, NULL));
		OK(libiommu_endpoint_replace(ep(b), e, 0, NULL));
		OK(libiommu_endpoint_replace(ep(a), e, 0, NULL));
		OK(libiommu_endpoint_replace(ep(m), d, LIBIOMMU_REPLACE_GROUP, NULL));
		OK(libiommu_endpoint_replace(ep(a), d, 0, NULL));
		ck_assert(fake_kernel_together(kernel, A, M0));
		ck_assert(fake_kernel_together(kernel, A, M1));
		ck_assert(!fake_kernel_together(kernel, A, B));
		OK(libiommu_endpoint_detach(ep(a), 0, NULL));
		OK(libiommu_endpoint_detach(ep(m), 0, NULL));
		OK(libiommu_endpoint_detach(ep(n), 0, NULL));
		ck_assert_uint_eq(fake_kernel_locked(kernel), 0);
	}
}
END_TEST

static void check_cap(struct libiommu_device *device, enum libiommu_cap cap,
		      enum libiommu_answer wanted, uint64_t value, const char *evidence)
{
	struct libiommu_cap_answer got = LIBIOMMU_CAP_ANSWER_INIT;

	OK(libiommu_device_cap(device, cap, &got, NULL));
	ck_assert_msg(got.answer == wanted, "%s: %d", libiommu_cap_name(cap), (int)got.answer);
	ck_assert_uint_eq(got.value, value);
	ck_assert_msg(strstr(got.evidence, evidence), "%s", got.evidence);
}

START_TEST(hardware)
{
	struct libiommu_device *a;

	fake_kernel_set(kernel, FAKE_HW_CAPS, 1);
	fake_kernel_set(kernel, FAKE_PASID_BITS, 20);
	fake_kernel_set(kernel, FAKE_VTD_ECAP, 1u << 7);
	a = open_device(A);
	check_cap(a, LIBIOMMU_CAP_DIRTY_TRACKING, LIBIOMMU_ANSWER_YES, 0, "DIRTY_TRACKING");
	check_cap(a, LIBIOMMU_CAP_PASIDS, LIBIOMMU_ANSWER_YES, 20, "max_pasid");
	check_cap(a, LIBIOMMU_CAP_ENFORCE_CACHE_COHERENCY, LIBIOMMU_ANSWER_YES, 0, "ECAP.SC");
	check_cap(a, LIBIOMMU_CAP_ATS, LIBIOMMU_ANSWER_UNKNOWN, 0, "");
	OK(libiommu_device_close(a, NULL));
	fake_kernel_set(kernel, FAKE_HW_CAPS, 8);
	fake_kernel_set(kernel, FAKE_PASID_BITS, 0);
	fake_kernel_set(kernel, FAKE_VTD_ECAP, ~(UINT64_C(1) << 7));
	a = open_device(A);
	check_cap(a, LIBIOMMU_CAP_DIRTY_TRACKING, LIBIOMMU_ANSWER_NO, 0, "DIRTY_TRACKING");
	check_cap(a, LIBIOMMU_CAP_PASIDS, LIBIOMMU_ANSWER_NO, 0, "max_pasid");
	check_cap(a, LIBIOMMU_CAP_ENFORCE_CACHE_COHERENCY, LIBIOMMU_ANSWER_NO, 0, "ECAP.SC");
	check_cap(a, LIBIOMMU_CAP_ATS, LIBIOMMU_ANSWER_NO, 0, "ATS_NOT_SUPPORTED");
	OK(libiommu_device_close(a, NULL));
	/* Another make has other registers. */
	fake_kernel_make(kernel, 1, 2);
	a = open_device(A);
	check_cap(a, LIBIOMMU_CAP_ENFORCE_CACHE_COHERENCY, LIBIOMMU_ANSWER_UNKNOWN, 0, "");
	check_cap(a, LIBIOMMU_CAP_DIRTY_TRACKING, LIBIOMMU_ANSWER_NO, 0, "DIRTY_TRACKING");
	OK(libiommu_device_close(a, NULL));
	fake_kernel_set(kernel, FAKE_NO_HW_INFO, 1);
	a = open_device(A);
	check_cap(a, LIBIOMMU_CAP_DIRTY_TRACKING, LIBIOMMU_ANSWER_UNKNOWN, 0, "");
	check_cap(a, LIBIOMMU_CAP_PASIDS, LIBIOMMU_ANSWER_UNKNOWN, 0, "");
	check_cap(a, LIBIOMMU_CAP_ENFORCE_CACHE_COHERENCY, LIBIOMMU_ANSWER_UNKNOWN, 0, "");
	check_cap(a, LIBIOMMU_CAP_ATS, LIBIOMMU_ANSWER_UNKNOWN, 0, "");
	OK(try_attach(a, new_domain(), NULL));
}
END_TEST

START_TEST(configs)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_ctx *out = NULL;

	opts.backend = BACKEND;
	opts.sys = sys();
	opts.config = "hwpt=none";
	REFUSED(libiommu_ctx_new(&opts, &out, &err), CONFIG_SYNTAX, "hwpt=none", "hwpt=explicit");
}
END_TEST

START_TEST(conflicts)
{
	struct libiommu_device *a = open_device(A);
	struct libiommu_domain *d = new_domain();

	OK(map(d, 0x100000, 0, 1));
	OK(map(d, 0xfee00000, 1, 1));
	REFUSED(try_attach(a, d, &err), MAPPING_CONFLICT, "0xfee00000-0xfee00fff", "inferred");
	OK(libiommu_domain_unmap(d, 0xfee00000, PAGE, NULL, NULL));
	OK(map(d, 1ull << 39, 2, 1));
	REFUSED(try_attach(a, d, &err), MAPPING_CONFLICT, "0x8000000000-0x8000000fff", "");
	OK(libiommu_domain_unmap(d, 1ull << 39, PAGE, NULL, NULL));
	OK(try_attach(a, d, NULL));
	OK(fake_kernel_map(kernel, A, 0x200000, memory, PAGE));
	REFUSED(libiommu_domain_map(d, 0x200000, libiommu_source_memory(memory), PAGE,
				    LIBIOMMU_PROT_READ, &err),
		FOREIGN_MAPPING, "0x200000-0x200fff", "");
	OK(fake_kernel_unmap(kernel, A, 0x200000, PAGE));
}
END_TEST

START_TEST(bad_sources)
{
	struct libiommu_device *a = open_device(A);
	struct libiommu_domain *d = new_domain();
	int fd = memfd_create("file", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	OK(ftruncate(fd, 4 * PAGE));
	OK(map(d, 0x100000, 0, 1));
	OK(libiommu_domain_map(d, 0x200000, libiommu_source_file(fd, PAGE), 2 * PAGE,
			       LIBIOMMU_PROT_READ, NULL));
	OK(ftruncate(fd, 2 * PAGE));
	REFUSED(try_attach(a, d, &err), BAD_FILE, "0x200000-0x201fff", "");
	OK(ftruncate(fd, 4 * PAGE));
	OK(try_attach(a, d, NULL));
	OK(libiommu_endpoint_detach(ep(a), 0, NULL));
	OK(mprotect(memory + 3 * PAGE, PAGE, PROT_NONE));
	OK(map(d, 0x300000, 2, 2));
	REFUSED(try_attach(a, d, &err), BAD_MEMORY, "0x300000-0x301fff", "");
	OK(mprotect(memory + 3 * PAGE, PAGE, PROT_READ | PROT_WRITE));
	OK(try_attach(a, d, NULL));
	close(fd);
}
END_TEST

/* The kernel's limit counts when the first device comes. */
START_TEST(locked_memory)
{
	struct libiommu_device *a = open_device(A);
	struct libiommu_domain *d = new_domain();
	uint64_t needed = 0, available = 0;
	struct libiommu_error *refused = NULL;

	fake_kernel_set(kernel, FAKE_MEMLOCK, 4 * PAGE);
	OK(map(d, 0x100000, 0, 3));
	OK(map(d, 0x200000, 3, 3));
	ck_assert_int_eq(try_attach(a, d, &refused), -ENOMEM);
	ck_assert_int_eq(libiommu_error_reason(refused), LIBIOMMU_REASON_LOCKED_MEMORY);
	ck_assert_str_eq(libiommu_error_subject(refused), "0x200000-0x202fff");
	ck_assert(libiommu_error_figures(refused, &needed, &available));
	ck_assert_uint_eq(needed, 6 * PAGE);
	ck_assert_uint_eq(available, 4 * PAGE);
	libiommu_error_free(refused);
	OK(libiommu_domain_unmap(d, 0x200000, 3 * PAGE, NULL, NULL));
	OK(try_attach(a, d, NULL));
}
END_TEST

/* Through a table of the test's own, which counts and passes on. */
struct counting {
	unsigned int opened, bound, unbound, attached, replaced, detached;
};

static int counting_open(void *data, const struct libiommu_sys *s, int iommufd, const char *name,
			 uint32_t *group, int *fd)
{
	struct counting *counting = data;

	ck_assert_int_ge(iommufd, 0);
	if (strcmp(name, "test device") != 0)
		return -ENODEV;
	counting->opened++;
	*group = 77;
	*fd = s->open(s->data, "/dev/vfio/devices/vfio0", O_RDWR);
	return *fd < 0 ? *fd : 0;
}

static int counting_bind(void *data, const struct libiommu_sys *s, int fd, int iommufd,
			 const unsigned char *token, uint32_t *id)
{
	((struct counting *)data)->bound++;
	return libiommu_iommufd_device_bind(s, fd, iommufd, token, id);
}

static void counting_unbind(void *data, const struct libiommu_sys *s,
			    const struct libiommu_iommufd_bound *bound)
{
	/* Detached it is, and the descriptor is still open. */
	ck_assert_uint_eq(((struct counting *)data)->detached, 1);
	ck_assert_int_eq(libiommu_iommufd_device_detach(s, bound->fd), 0);
	((struct counting *)data)->unbound++;
}

static int counting_attach(void *data, const struct libiommu_sys *s,
			   const struct libiommu_iommufd_bound *bound, uint32_t *pt)
{
	ck_assert_uint_ge(bound->id, 1);
	((struct counting *)data)->attached++;
	return libiommu_iommufd_device_attach(s, bound->fd, pt);
}

static int counting_replace(void *data, const struct libiommu_sys *s,
			    const struct libiommu_iommufd_bound *bound, uint32_t *pt)
{
	ck_assert_uint_ge(bound->id, 1);
	((struct counting *)data)->replaced++;
	return libiommu_iommufd_device_attach(s, bound->fd, pt);
}

static int counting_detach(void *data, const struct libiommu_sys *s,
			   const struct libiommu_iommufd_bound *bound)
{
	ck_assert_int_ge(bound->iommufd, 0);
	((struct counting *)data)->detached++;
	return libiommu_iommufd_device_detach(s, bound->fd);
}

static struct counting counting;

/* The fork leaves the parent's device bound. */
static void free_in_child(void)
{
	int status = -1;
	pid_t child = fork();

	ck_assert_int_ge(child, 0);
	if (!child) {
		libiommu_ctx_free(ctx);
		_exit((int)counting.unbound);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}

START_TEST(transports)
{
	struct libiommu_iommufd_transport transport = {
		.size = sizeof(transport),
		.data = &counting,
		.bind_call = "bind",
		.attach_call = "attach",
		.detach_call = "detach",
		.open = counting_open,
		.bind = counting_bind,
		.unbind = counting_unbind,
		.attach = counting_attach,
		.replace = counting_replace,
		.detach = counting_detach,
	};
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_endpoint *pasid = NULL;
	struct libiommu_device *device = NULL;
	struct libiommu_domain *d, *e;

	libiommu_ctx_free(ctx);
	opts.backend = BACKEND;
	opts.sys = sys();
	opts.backend_object = &transport;
	OK(libiommu_ctx_new(&opts, &ctx, NULL));
	REFUSED(libiommu_device_open(ctx, A, &device, &err), KERNEL_REFUSED, A, "");
	fake_kernel_set(kernel, FAKE_PASID_BITS, 4);
	OK(libiommu_device_open(ctx, "test device", &device, NULL));
	/* The device has PASIDs, the table no way to them. */
	REFUSED(libiommu_pasid_open(device, 1, &pasid, &err), PASID_UNSUPPORTED, "test device", "");
	ck_assert_uint_eq(libiommu_device_group_id(device), 77);
	d = new_domain();
	e = new_domain();
	OK(try_attach(device, d, NULL));
	OK(libiommu_endpoint_replace(ep(device), e, 0, NULL));
	OK(libiommu_endpoint_detach(ep(device), 0, NULL));
	free_in_child();
	ck_assert_uint_eq(counting.unbound, 0);
	OK(libiommu_device_close(device, NULL));
	ck_assert_uint_eq(counting.unbound, 1);
	ck_assert_uint_eq(counting.opened, 1);
	ck_assert_uint_eq(counting.bound, 1);
	ck_assert_uint_eq(counting.attached, 1);
	ck_assert_uint_eq(counting.replaced, 1);
	ck_assert_uint_eq(counting.detached, 1);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { a_device,      no_kernel,   refused_devices, tokens,
				       ranges,        many_ranges, page_tables,     two_makes,
				       hardware,      configs,     conflicts,       bad_sources,
				       locked_memory, transports };

	return run("iommufd-backend", tests, sizeof(tests) / sizeof(tests[0]));
}
