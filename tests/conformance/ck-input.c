// SPDX-License-Identifier: BSD-2-Clause
/* Bad input of every kind: NULL, foreign objects, options, names, and a machine without VFIO. */
#include "helpers.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NULLS(call) REFUSED(call, NULL_ARGUMENT, NULL)

static int no_line(void *data, const char *line)
{
	(void)data;
	(void)line;
	return 0;
}

CASE(null_context, "context.h: NULL for a context or its place is null-argument")
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_domain *dom;
	struct libiommu_device *dev;
	struct libiommu_reader *reader;
	struct libiommu_group *group;
	struct libiommu_ctx *ctx = context();
	size_t count = 0;

	context_options(&opts);
	NULLS(libiommu_ctx_new(&opts, NULL, E));
	NULLS(libiommu_ctx_synchronize(NULL, E));
	NULLS(libiommu_domain_new(NULL, NULL, &dom, E));
	NULLS(libiommu_domain_new(ctx, NULL, NULL, E));
	NULLS(libiommu_device_open(NULL, "0000:00:03.0", &dev, E));
	NULLS(libiommu_device_open(ctx, NULL, &dev, E));
	NULLS(libiommu_device_open(ctx, "0000:00:03.0", NULL, E));
	NULLS(libiommu_reader_new(NULL, &reader, E));
	NULLS(libiommu_reader_new(ctx, NULL, E));
	NULLS(libiommu_group_ids(NULL, NULL, &count, E));
	NULLS(libiommu_group_ids(ctx, NULL, NULL, E));
	count = 4;
	NULLS(libiommu_group_ids(ctx, NULL, &count, E));
	NULLS(libiommu_group_get(NULL, 1, &group, E));
	NULLS(libiommu_group_get(ctx, 1, NULL, E));
	NULLS(libiommu_group_of(NULL, "0000:00:03.0", &group, E));
	NULLS(libiommu_group_of(ctx, NULL, &group, E));
	NULLS(libiommu_group_of(ctx, "0000:00:03.0", NULL, E));
}

CASE(null_domain, "domain.h, mapping.h: NULL for a domain or a result is null-argument")
{
	struct libiommu_map_request request = LIBIOMMU_MAP_REQUEST_INIT;
	struct rig rig = rig_new(0);
	char *mem = memory(PAGE);
	size_t count = 0;
	uint64_t iova;

	NULLS(libiommu_domain_map(NULL, IO(0), at(mem), PAGE, RW, E));
	NULLS(libiommu_domain_map_any(NULL, at(mem), PAGE, RW, &iova, E));
	NULLS(libiommu_domain_map_any(rig.dom, at(mem), PAGE, RW, NULL, E));
	NULLS(libiommu_domain_map_batch(NULL, &request, 1, NULL, E));
	NULLS(libiommu_domain_map_batch(rig.dom, NULL, 1, NULL, E));
	NULLS(libiommu_domain_unmap(NULL, IO(0), PAGE, NULL, E));
	NULLS(libiommu_domain_unmap_all(NULL, NULL, E));
	NULLS(libiommu_domain_iova_ranges(NULL, NULL, &count, E));
	NULLS(libiommu_domain_iova_ranges(rig.dom, NULL, NULL, E));
	count = 4;
	NULLS(libiommu_domain_iova_ranges(rig.dom, NULL, &count, E));
	NULLS(libiommu_domain_set_allowed(NULL, NULL, 0, E));
	NULLS(libiommu_domain_dump(NULL, no_line, NULL, E));
	NULLS(libiommu_domain_dump(rig.dom, NULL, NULL, E));
	ck_assert_uint_eq(libiommu_domain_mapping_count(rig.dom), 0);
}

CASE(null_device, "device.h, endpoint.h, region.h: NULL is null-argument")
{
	struct libiommu_cap_answer answer = LIBIOMMU_CAP_ANSWER_INIT;
	struct libiommu_region *region;
	volatile void *address;
	size_t count = 0;
	unsigned int n;
	uint64_t value;
	struct rig rig;
	struct edu edu;

	NULLS(libiommu_endpoint_attach(NULL, NULL, E));
	NULLS(libiommu_endpoint_replace(NULL, NULL, 0, E));
	NULLS(libiommu_endpoint_detach(NULL, 0, E));
	NULLS(libiommu_device_cap(NULL, LIBIOMMU_CAP_REPLACE, &answer, E));
	NULLS(libiommu_device_iova_ranges(NULL, NULL, &count, E));
	NULLS(libiommu_device_reset(NULL, E));
	NULLS(libiommu_device_set_bus_master(NULL, true, E));
	NULLS(libiommu_region_open(NULL, 0, &region, E));
	NULLS(libiommu_region_read(NULL, 0, 4, &value, E));
	NULLS(libiommu_region_write(NULL, 0, 4, 0, E));
	NULLS(libiommu_region_map(NULL, &address, E));
	NULLS(libiommu_interrupt_count(NULL, LIBIOMMU_INTERRUPT_MSI, &n, E));
	NULLS(libiommu_interrupt_enable(NULL, LIBIOMMU_INTERRUPT_MSI, NULL, 1, E));
	NULLS(libiommu_interrupt_disable(NULL, LIBIOMMU_INTERRUPT_MSI, E));
	NULLS(libiommu_interrupt_unmask(NULL, E));
	NEEDS(1, 0);
	rig = rig_attached(1);
	edu = edu_open(rig.dev[0]);
	NULLS(libiommu_endpoint_attach(rig.ep[0], NULL, E));
	NULLS(libiommu_endpoint_replace(rig.ep[0], NULL, 0, E));
	NULLS(libiommu_device_cap(rig.dev[0], LIBIOMMU_CAP_REPLACE, NULL, E));
	NULLS(libiommu_device_iova_ranges(rig.dev[0], NULL, NULL, E));
	NULLS(libiommu_region_open(rig.dev[0], 0, NULL, E));
	NULLS(libiommu_region_read(edu.bar, 0, 4, NULL, E));
	NULLS(libiommu_region_map(edu.bar, NULL, E));
	NULLS(libiommu_interrupt_count(rig.dev[0], LIBIOMMU_INTERRUPT_MSI, NULL, E));
	ck_assert_ptr_eq(libiommu_endpoint_domain(rig.ep[0]), rig.dom);
}

CASE(foreign_objects, "4.6.1 objects of another context are refused as foreign")
{
	struct libiommu_domain *foreign;
	struct rig rig;

	NEEDS(1, 0);
	rig = rig_new(1);
	foreign = domain(context());
	REFUSED(libiommu_endpoint_attach(rig.ep[0], foreign, E), FOREIGN_CONTEXT, NULL);
	ck_assert_ptr_null(libiommu_endpoint_domain(rig.ep[0]));
	attach(rig.ep[0], rig.dom);
	REFUSED(libiommu_endpoint_replace(rig.ep[0], foreign, 0, E), FOREIGN_CONTEXT, NULL);
	ck_assert_ptr_eq(libiommu_endpoint_domain(rig.ep[0]), rig.dom);
}

CASE(options_of_a_context,
     "context.h: sizes of options: impossible, longer with a tail, longer without")
{
	struct {
		struct libiommu_ctx_options opts;
		uint64_t tail[2];
	} longer = { .opts = LIBIOMMU_CTX_OPTIONS_INIT };
	struct libiommu_ctx *ctx = NULL;

	context_options(&longer.opts);
	longer.opts.size = 0;
	REFUSED(libiommu_ctx_new(&longer.opts, &ctx, E), BAD_OPTIONS, NULL);
	longer.opts.size = 3;
	REFUSED(libiommu_ctx_new(&longer.opts, &ctx, E), BAD_OPTIONS, NULL);
	longer.opts.size = sizeof(longer);
	longer.tail[1] = 1;
	REFUSED(libiommu_ctx_new(&longer.opts, &ctx, E), UNKNOWN_OPTIONS, NULL);
	ck_assert_ptr_null(ctx);
	longer.tail[1] = 0;
	OK(libiommu_ctx_new(&longer.opts, &ctx, E));
	libiommu_ctx_free(ctx);
}

CASE(options_of_a_domain, "domain.h: the same of a domain; an unknown type is refused")
{
	struct {
		struct libiommu_domain_options opts;
		uint64_t tail;
	} longer = { .opts = LIBIOMMU_DOMAIN_OPTIONS_INIT };
	struct libiommu_domain *dom = NULL;
	struct libiommu_ctx *ctx = context();

	longer.opts.size = 1;
	REFUSED(libiommu_domain_new(ctx, &longer.opts, &dom, E), BAD_OPTIONS, NULL);
	longer.opts.size = sizeof(longer);
	longer.tail = UINT64_C(1) << 63;
	REFUSED(libiommu_domain_new(ctx, &longer.opts, &dom, E), UNKNOWN_OPTIONS, NULL);
	longer.tail = 0;
	longer.opts.type = (enum libiommu_domain_type)99;
	REFUSED(libiommu_domain_new(ctx, &longer.opts, &dom, E), DOMAIN_TYPE, NULL);
	ck_assert_ptr_null(dom);
	longer.opts.type = LIBIOMMU_DOMAIN_PAGING;
	OK(libiommu_domain_new(ctx, &longer.opts, &dom, E));
}

CASE(capability_arguments, "device.h: unknown capabilities and wrong sizes are refused")
{
	struct libiommu_cap_answer answer = LIBIOMMU_CAP_ANSWER_INIT;
	struct rig rig;

	NEEDS(1, 0);
	rig = rig_new(1);
	REFUSED(libiommu_device_cap(rig.dev[0], (enum libiommu_cap)0, &answer, E), BAD_NAME, NULL);
	REFUSED(libiommu_device_cap(rig.dev[0], (enum libiommu_cap)5000, &answer, E), BAD_NAME,
		NULL);
	answer.size = 2;
	REFUSED(libiommu_device_cap(rig.dev[0], LIBIOMMU_CAP_REPLACE, &answer, E), BAD_OPTIONS,
		NULL);
}

CASE(odd_names, "device.h: names that are no device are refused, whatever they are")
{
	static const char *const bad[] = { "", ".", "..", "/", "../0000:00:03.0", "0000:00:03.0/" };
	/* Names of something else, perhaps, on a bus that names its devices otherwise. */
	static const char *const odd[] = {
		"0000:00:03",     "0000:00:03.",   "00:03.0",
		"0000:00:03.0 ",  " 0000:00:03.0", "x",
		"0000:00:03.0\n", "0000:00:03.8",  "0000:00:20.0",
		"0000:00:ff.9",   "0000:0g:03.0",  "%s%n",
	};
	struct libiommu_device *dev = NULL;
	struct libiommu_group *group = NULL;
	struct libiommu_ctx *ctx = context();
	char *lengthy = keep(malloc(100000));
	enum libiommu_reason reason;
	size_t i;

	for (i = 0; i < COUNT(bad); i++) {
		REFUSED(libiommu_device_open(ctx, bad[i], &dev, E), BAD_NAME, NULL);
		REFUSED(libiommu_group_of(ctx, bad[i], &group, E), BAD_NAME, NULL);
	}
	for (i = 0; i < COUNT(odd); i++) {
		reason = LIBIOMMU_REASON_DEVICE_UNKNOWN;
		if (libiommu_group_of(ctx, odd[i], &group, NULL) ==
		    -libiommu_reason_errno(LIBIOMMU_REASON_BAD_NAME))
			reason = LIBIOMMU_REASON_BAD_NAME;
		expect_refused(libiommu_group_of(ctx, odd[i], &group, E), reason, NULL, odd[i],
			       __FILE__, __LINE__);
		expect_refused(libiommu_device_open(ctx, odd[i], &dev, E), reason, NULL, odd[i],
			       __FILE__, __LINE__);
	}
	memset(lengthy, 'a', 99999);
	lengthy[99999] = '\0';
	REFUSED(libiommu_device_open(ctx, lengthy, &dev, E), BAD_NAME, NULL);
	REFUSED(libiommu_group_of(ctx, lengthy, &group, E), BAD_NAME, NULL);
	REFUSED(libiommu_device_open(ctx, "0000:fe:1f.7", &dev, E), DEVICE_UNKNOWN, "0000:fe:1f.7");
	REFUSED(libiommu_device_open(ctx, "ffff:ff:1f.7", &dev, E), DEVICE_UNKNOWN, "ffff:ff:1f.7");
	ck_assert_ptr_null(dev);
	ck_assert_ptr_null(group);
}

CASE(unknown_backend, "context.h: a backend that there is not is refused by name")
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_ctx *ctx = NULL;

	context_options(&opts);
	opts.backend_object = NULL;
	opts.backend = "nothing";
	REFUSED(libiommu_ctx_new(&opts, &ctx, E), BACKEND_UNKNOWN, "nothing");
	opts.backend = "";
	REFUSED(libiommu_ctx_new(&opts, &ctx, E), BACKEND_UNKNOWN, NULL);
	ck_assert_ptr_null(ctx);
}

CASE(undecided_backend, "context.h: auto is undecided until a device is opened")
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_domain *dom = NULL;
	struct libiommu_device *dev;
	struct libiommu_ctx *ctx;
	const char *name, *chosen;
	size_t i;

	NEEDS(1, 0);
	if (!target->kernel || target->plugin)
		SKIP("auto never takes this backend");
	opts.sys = &hooks.sys;
	opts.allocator = &hooks.allocator;
	OK(libiommu_ctx_new(&opts, &ctx, E));
	ck_assert_ptr_null(libiommu_ctx_backend(ctx));
	REFUSED(libiommu_domain_new(ctx, NULL, &dom, E), BACKEND_UNDECIDED, NULL);
	ck_assert_ptr_null(dom);
	dev = device(ctx, target->alone[0]);
	dom = domain(ctx);
	attach(libiommu_device_endpoint(dev), dom);
	/* Where both of the kernel's interfaces are there, auto takes the better one. */
	chosen = libiommu_ctx_backend(ctx);
	ck_assert(strcmp(chosen, target->backend) == 0 || strcmp(chosen, "iommufd") == 0);
	for (i = 0; libiommu_ctx_rejection(ctx, i, &name); i++)
		ck_assert_str_ne(name, chosen);
	libiommu_ctx_free(ctx);
}

/* A context on a machine where these calls are answered otherwise. */
static void refused_context(const struct hooks_answer *answers, size_t count,
			    enum libiommu_reason reason)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_device *dev = NULL;
	struct libiommu_ctx *ctx = NULL;
	uint64_t bytes = hooks.live_bytes;
	int ret;

	context_options(&opts);
	hooks_answer(&hooks, answers, count);
	ret = libiommu_ctx_new(&opts, &ctx, E);
	if (ret == 0)
		ret = libiommu_device_open(ctx, target->alone[0], &dev, E);
	hooks_answer(&hooks, NULL, 0);
	expect_refused(ret, reason, NULL, "start", __FILE__, __LINE__);
	ck_assert_ptr_null(dev);
	libiommu_error_free(take_error());
	libiommu_ctx_free(ctx);
	ck_assert_uint_eq(hooks.live_bytes, bytes);
}

/* VFIO_GET_API_VERSION, VFIO_CHECK_EXTENSION. */
#define GET_API_VERSION 0x3b64ul
#define CHECK_EXTENSION 0x3b65ul

/* The node without which nothing works. */
static struct hooks_answer node_answers(int result)
{
	return (struct hooks_answer){ .path = target->kernel->node, .result = result };
}

CASE(node_is_missing, "4.5.2 without the kernel's node the reason is vfio-missing or no-uapi")
{
	struct hooks_answer gone;

	NEEDS(1, 0);
	if (!target->kernel)
		SKIP("the backend does not ask the kernel");
	gone = node_answers(-ENOENT);
	refused_context(&gone, 1, target->kernel->missing);
	gone = node_answers(-ENODEV);
	refused_context(&gone, 1, target->kernel->missing);
}

CASE(node_is_forbidden, "4.5.2 a node that may not be opened is no-permission")
{
	struct hooks_answer forbidden;

	NEEDS(1, 0);
	if (!target->kernel)
		SKIP("the backend does not ask the kernel");
	forbidden = node_answers(-EACCES);
	refused_context(&forbidden, 1, LIBIOMMU_REASON_NO_PERMISSION);
	forbidden = node_answers(-EPERM);
	refused_context(&forbidden, 1, LIBIOMMU_REASON_NO_PERMISSION);
}

CASE(group_node_is_forbidden, "4.5.2 a group's node that may not be opened is no-permission")
{
	struct hooks_answer forbidden = { .result = -EACCES };
	struct libiommu_ctx *ctx = context();
	struct libiommu_group *group;
	char path[64];

	NEEDS(1, 0);
	if (!target->kernel || !target->kernel->containers)
		SKIP("the backend does not use the kernel's type1");
	OK(libiommu_group_of(ctx, target->alone[0], &group, E));
	snprintf(path, sizeof(path), "/dev/vfio/%" PRIu32, libiommu_group_id(group));
	libiommu_group_unref(group);
	forbidden.path = path;
	refused_context(&forbidden, 1, LIBIOMMU_REASON_NO_PERMISSION);
	forbidden.result = -EBUSY;
	refused_context(&forbidden, 1, LIBIOMMU_REASON_DEVICE_BUSY);
	forbidden.result = -EMFILE;
	refused_context(&forbidden, 1, LIBIOMMU_REASON_FD_LIMIT);
}

CASE(vfio_of_another_kind, "4.5.2 an unknown version, or no type1 v2, is vfio-api")
{
	static const struct hooks_answer other[] = {
		{ .request = GET_API_VERSION, .result = 99 },
		{ .request = CHECK_EXTENSION, .result = 0 },
	};

	NEEDS(1, 0);
	if (!target->kernel || !target->kernel->containers)
		SKIP("the backend does not use the kernel's type1");
	refused_context(&other[0], 1, LIBIOMMU_REASON_VFIO_API);
	refused_context(&other[1], 1, LIBIOMMU_REASON_VFIO_API);
}

CASE(iommu_is_off, "4.5.2 a device without a group is no-iommu-group")
{
	static const struct hooks_answer off = { .path = "/iommu_group", .result = -ENOENT };

	NEEDS(1, 0);
	if (!target->kernel)
		SKIP("the backend does not ask the kernel");
	refused_context(&off, 1, LIBIOMMU_REASON_NO_GROUP);
}

CASE(no_iommu_mode, "4.5.2 a group in no-IOMMU mode is refused")
{
	struct hooks_answer mode[] = { { .result = -ENOENT }, { .result = -EINVAL } };
	struct libiommu_ctx *ctx = context();
	struct libiommu_group *group;
	char with[64], without[64];

	NEEDS(1, 0);
	if (!target->kernel || !target->kernel->containers)
		SKIP("the backend does not use the kernel's type1");
	OK(libiommu_group_of(ctx, target->alone[0], &group, E));
	snprintf(with, sizeof(with), "/dev/vfio/%" PRIu32, libiommu_group_id(group));
	snprintf(without, sizeof(without), "/dev/vfio/noiommu-%" PRIu32, libiommu_group_id(group));
	libiommu_group_unref(group);
	/* The node has another name, and is no link. */
	mode[0].path = with;
	mode[1].path = without;
	refused_context(mode, 2, LIBIOMMU_REASON_NO_IOMMU_MODE);
}

void suite_input(struct registry *registry)
{
	static const struct conformance_case *const cases[] = {
		&null_context,
		&null_domain,
		&null_device,
		&foreign_objects,
		&options_of_a_context,
		&options_of_a_domain,
		&capability_arguments,
		&odd_names,
		&unknown_backend,
		&undecided_backend,
		&node_is_missing,
		&node_is_forbidden,
		&group_node_is_forbidden,
		&vfio_of_another_kind,
		&iommu_is_off,
		&no_iommu_mode,
	};

	add_cases(registry, "input", cases, COUNT(cases));
}
