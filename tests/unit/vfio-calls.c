/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Kernels that lack one call of VFIO, though every supported one has all of them: what needs it is
 * refused with its name, the rest works, and nothing is left behind.
 */
#include "tests/unit/vfio-fixture.h"

#include "backends/vfio/uapi.h"

#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct call {
	const char *name;
	unsigned long request;
	const char *refused; /* steps in order, each with its reason */
};

static struct libiommu_sys table;
static const struct call *missing;
static bool hot_reset; /* a device is asked, not a container: two calls have one number */
static char refused[512];

static bool is_missing(unsigned long request)
{
	if (!missing || request != missing->request)
		return false;
	return request != VFIO_IOMMU_GET_INFO ||
	       hot_reset == !strcmp(missing->name, "VFIO_DEVICE_GET_PCI_HOT_RESET_INFO");
}

static int lacking_ioctl(void *data, int fd, unsigned long request, void *argument)
{
	return is_missing(request) ? -ENOTTY : sys()->ioctl(data, fd, request, argument);
}

/* @return whether it was done; else the step is noted */
static bool done(const char *step, int code, struct libiommu_error *err)
{
	const size_t used = strlen(refused);

	if (!code) {
		ck_assert_ptr_null(err);
		return true;
	}
	ck_assert_ptr_nonnull(err);
	snprintf(refused + used, sizeof(refused) - used, "%s%s: %s", used ? ", " : "", step,
		 libiommu_reason_name(libiommu_error_reason(err)));
	/* What the kernel was asked is told, unless another one's answer stands for it. */
	if (libiommu_error_kernel_errno(err)) {
		ck_assert_int_eq(libiommu_error_kernel_errno(err), ENOTTY);
		ck_assert_msg(strstr(libiommu_error_message(err), missing->name), "%s: %s", step,
			      libiommu_error_message(err));
	}
	libiommu_error_free(err);
	return false;
}

#define DONE(step, call) (err = NULL, code = call, done(step, code, err))

static void use_interrupts(struct libiommu_device *a)
{
	const enum libiommu_interrupt_kind kind = LIBIOMMU_INTERRUPT_INTX;
	int code, event = eventfd(0, EFD_CLOEXEC);
	struct libiommu_error *err;
	unsigned int count = 0;

	DONE("count", libiommu_interrupt_count(a, kind, &count, &err));
	if (DONE("enable", libiommu_interrupt_enable(a, kind, &event, 1, &err))) {
		DONE("unmask", libiommu_interrupt_unmask(a, &err));
		DONE("disable", libiommu_interrupt_disable(a, kind, &err));
	}
	close(event);
}

static void use_device(struct libiommu_device *a)
{
	struct libiommu_region *bar = NULL;
	struct libiommu_error *err;
	int code, fds[4];
	size_t count = 4;

	if (DONE("region", libiommu_region_open(a, LIBIOMMU_REGION_BAR0, &bar, &err)))
		libiommu_region_close(bar);
	DONE("master", libiommu_device_set_bus_master(a, true, &err));
	use_interrupts(a);
	DONE("reset", libiommu_device_reset(a, &err));
	hot_reset = true;
	DONE("hot", libiommu_device_hot_reset_fds(a, fds, &count, &err));
	hot_reset = false;
}

static void use(struct libiommu_device *a)
{
	struct libiommu_domain *d = new_domain();
	struct libiommu_error *err;
	bool attached;
	int code;

	/* In a file of the core's, without the kernel, until something is attached. */
	OK(map(d, 0x100000, 0, 1));
	attached = DONE("attach", libiommu_endpoint_attach(ep(a), d, &err));
	ck_assert_int_eq(attached, libiommu_endpoint_domain(ep(a)) == d);
	if (attached) {
		use_device(a);
		DONE("map", libiommu_domain_map(d, 0x200000, libiommu_source_memory(memory), PAGE,
						LIBIOMMU_PROT_READ, &err));
		if (!DONE("unmap", libiommu_domain_unmap_all(d, NULL, &err)))
			ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 2);
		attached = !DONE("detach", libiommu_endpoint_detach(ep(a), 0, &err));
		ck_assert_int_eq(attached, libiommu_endpoint_domain(ep(a)) == d);
	}
}

/* With a kernel that is whole, afterwards, everything works: nobody has been left in between. */
static void whole(const char *backend)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;

	missing = NULL;
	refused[0] = '\0';
	opts.backend = backend;
	opts.sys = &table;
	OK(libiommu_ctx_new(&opts, &ctx, NULL));
	use(open_device(A));
	ck_assert_str_eq(refused, "");
	libiommu_ctx_free(ctx);
	ctx = NULL;
}

static void lack(const char *backend, const struct call *call)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_device *a = NULL;
	struct libiommu_error *err;
	int code;

	missing = call;
	refused[0] = '\0';
	opts.backend = backend;
	opts.sys = &table;
	if (DONE("context", libiommu_ctx_new(&opts, &ctx, &err)) &&
	    DONE("open", libiommu_device_open(ctx, A, &a, &err)))
		use(a);
	libiommu_ctx_free(ctx);
	ctx = NULL;
	ck_assert_msg(!strcmp(refused, call->refused), "%s without %s: \"%s\", not \"%s\"", backend,
		      call->name, refused, call->refused);
	ck_assert_uint_eq(fake_kernel_open_fds(kernel), 0);
	ck_assert_uint_eq(fake_kernel_locked(kernel), 0);
	whole(backend);
}

static void begin(void)
{
	libiommu_ctx_free(ctx);
	ctx = NULL;
	table = *sys();
	table.ioctl = lacking_ioctl;
}

/* What is refused without each; a call that is not here is missed. */
static const struct {
	const char *name, *vfio, *iommufd;
} expected[] = {
	{ "VFIO_GET_API_VERSION", "context: vfio-api", NULL },
	{ "VFIO_CHECK_EXTENSION", "context: vfio-api", NULL },
	{ "VFIO_SET_IOMMU", "attach: kernel-refused", NULL },
	{ "VFIO_GROUP_GET_STATUS", "open: kernel-refused", NULL },
	{ "VFIO_GROUP_SET_CONTAINER", "attach: kernel-refused", NULL },
	/* To close the descriptor does the same. */
	{ "VFIO_GROUP_UNSET_CONTAINER", "", NULL },
	{ "VFIO_GROUP_GET_DEVICE_FD", "attach: kernel-refused", NULL },
	{ "VFIO_IOMMU_GET_INFO", "attach: kernel-refused", NULL },
	{ "VFIO_IOMMU_MAP_DMA", "attach: kernel-refused", NULL },
	{ "VFIO_IOMMU_UNMAP_DMA", "unmap: kernel-refused, detach: kernel-refused", NULL },
	{ "VFIO_DEVICE_GET_PCI_HOT_RESET_INFO", "hot: kernel-refused", NULL },
	{ "VFIO_DEVICE_GET_INFO", "reset: kernel-refused", "reset: kernel-refused" },
	{ "VFIO_DEVICE_GET_REGION_INFO", "region: kernel-refused, master: kernel-refused",
	  "region: kernel-refused, master: kernel-refused" },
	{ "VFIO_DEVICE_GET_IRQ_INFO", "count: kernel-refused, enable: kernel-refused",
	  "count: kernel-refused, enable: kernel-refused" },
	{ "VFIO_DEVICE_SET_IRQS", "enable: kernel-refused", "enable: kernel-refused" },
	{ "VFIO_DEVICE_RESET", "reset: kernel-refused", "reset: kernel-refused" },
};

static const char *expectation(const char *backend, const char *name)
{
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		if (!strcmp(expected[i].name, name))
			return strcmp(backend, "vfio") ? expected[i].iommufd : expected[i].vfio;
	ck_abort_msg("nobody says what happens without %s", name);
}

#define CALL(name, number, feature, purpose) { #name, number, NULL },
static const struct call own[] = {
#include "backends/vfio/calls.def"
};
static const struct call of_devices[] = {
#include "backends/vfiodev/calls.def"
};
#undef CALL

static void lack_each(const char *backend, const struct call *calls, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct call call = calls[i];

		call.refused = expectation(backend, call.name);
		lack(backend, &call);
	}
}

START_TEST(calls_of_vfio)
{
	begin();
	lack_each("vfio", own, sizeof(own) / sizeof(own[0]));
}
END_TEST

START_TEST(calls_of_devices)
{
	begin();
	lack_each("vfio", of_devices, sizeof(of_devices) / sizeof(of_devices[0]));
}
END_TEST

#ifdef HAVE_IOMMUFD
START_TEST(calls_of_devices_on_iommufd)
{
	begin();
	lack_each("iommufd", of_devices, sizeof(of_devices) / sizeof(of_devices[0]));
}
END_TEST
#endif

int main(void)
{
	const TTest *const tests[] = {
		calls_of_vfio,
		calls_of_devices,
#ifdef HAVE_IOMMUFD
		calls_of_devices_on_iommufd,
#endif
	};

	return run("vfio-calls", tests, sizeof(tests) / sizeof(tests[0]));
}
