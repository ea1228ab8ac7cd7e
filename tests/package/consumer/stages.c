/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PASIDs, stages 1 and page requests through a plugin, which stands in front of a mock whose
 * devices have all of them. usage: stages PLUGIN CONFIG
 */
#include <libiommu/libiommu.h>
#include <libiommu/nesting.h>

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define BYTES 8192
#define AT    0x100000

#define OK(call)                                                                \
	do {                                                                    \
		if (call) {                                                     \
			printf("%s: %s\n", #call, libiommu_error_message(err)); \
			exit(1);                                                \
		}                                                               \
	} while (0)
#define CHECK(what)                                 \
	do {                                        \
		if (!(what)) {                      \
			printf("not: %s\n", #what); \
			exit(1);                    \
		}                                   \
	} while (0)

static struct libiommu_error *err;
static struct libiommu_ctx *ctx;
static struct libiommu_device *dev;
static void *memory;

static struct libiommu_domain *domain(bool pasid, bool parent, struct libiommu_fault_queue *faults)
{
	struct libiommu_domain_options opts = LIBIOMMU_DOMAIN_OPTIONS_INIT;
	struct libiommu_domain *dom;

	opts.pasid = pasid;
	opts.nest_parent = parent;
	opts.faults = faults;
	OK(libiommu_domain_new(ctx, &opts, &dom, &err));
	return dom;
}

static void map(struct libiommu_domain *dom)
{
	OK(libiommu_domain_map(dom, AT, libiommu_source_memory(memory), BYTES,
			       LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE, &err));
}

static void pasids(void)
{
	struct libiommu_domain *first = domain(true, false, NULL),
			       *second = domain(true, false, NULL);
	struct libiommu_endpoint *ep;

	map(second);
	OK(libiommu_pasid_open(dev, 5, &ep, &err));
	OK(libiommu_endpoint_attach(ep, first, &err));
	OK(libiommu_endpoint_replace(ep, second, 0, &err));
	CHECK(libiommu_endpoint_domain(ep) == second);
	OK(libiommu_endpoint_detach(ep, 0, &err));
	OK(libiommu_pasid_close(ep, &err));
	OK(libiommu_domain_free(first, &err));
	OK(libiommu_domain_unmap(second, AT, BYTES, NULL, &err));
	OK(libiommu_domain_free(second, &err));
}

static void stages(void)
{
	const struct libiommu_stage1_vtd data = { .root = AT, .address_width = 48 };
	struct libiommu_nested_options opts = LIBIOMMU_NESTED_OPTIONS_INIT;
	struct libiommu_hw_info info = LIBIOMMU_HW_INFO_INIT;
	const struct libiommu_invalidation commands[] = {
		{ .kind = LIBIOMMU_INVALIDATE_ALL },
		{ .kind = LIBIOMMU_INVALIDATE_RANGE,
		  .flags = LIBIOMMU_INVALIDATE_LEAVES,
		  .range = { 0x1000, 0x1fff } },
	};
	const uint64_t raw[3] = { 0x1000, 1, 0 };
	struct libiommu_domain *parent = domain(false, true, NULL), *nested;
	struct libiommu_endpoint *ep = libiommu_device_endpoint(dev);
	size_t count = 2;

	OK(libiommu_device_hw_info(dev, &info, &err));
	CHECK(info.type == LIBIOMMU_HW_VTD && info.data.vtd.ecap);
	map(parent);
	opts.data = &data;
	opts.data_length = sizeof(data);
	OK(libiommu_domain_new_nested(dev, parent, &opts, &nested, &err));
	OK(libiommu_endpoint_attach(ep, nested, &err));
	OK(libiommu_domain_invalidate(nested, commands, &count, &err));
	CHECK(count == 2);
	count = 1;
	OK(libiommu_domain_invalidate_raw(nested, 0, raw, sizeof(raw), &count, &err));
	CHECK(count == 1);
	OK(libiommu_endpoint_replace(ep, parent, 0, &err));
	OK(libiommu_domain_free(nested, &err));
	OK(libiommu_endpoint_detach(ep, 0, &err));
	OK(libiommu_domain_unmap(parent, AT, BYTES, NULL, &err));
	OK(libiommu_domain_free(parent, &err));
}

/* The device edu reads eight bytes; where they are missing it asks for them and waits. */
static void *run(void *bar)
{
	static const uint64_t set[][2] = { { 0x88, 0x40000 }, { 0x90, 8 }, { 0x98, 1 } };

	for (size_t i = 0; i < 3; i++)
		CHECK(!libiommu_region_write(bar, set[i][0], 8, set[i][1], NULL));
	return NULL;
}

static void ask(struct libiommu_region *bar, struct libiommu_fault_queue *queue,
		struct libiommu_domain *dom, uint64_t iova)
{
	struct pollfd fd = { .fd = libiommu_fault_queue_fd(queue), .events = POLLIN };
	struct libiommu_fault_group group = LIBIOMMU_FAULT_GROUP_INIT;
	struct libiommu_page_request requests[4];
	bool grant = iova == AT;
	pthread_t thread;
	size_t count = 4;

	CHECK(libiommu_fault_queue_next(queue, &group, requests, &count, NULL) && !count);
	OK(libiommu_region_write(bar, 0x80, 8, iova, &err));
	CHECK(!pthread_create(&thread, NULL, run, bar));
	CHECK(poll(&fd, 1, 60000) == 1);
	count = 4;
	OK(libiommu_fault_queue_next(queue, &group, requests, &count, &err));
	CHECK(count == 1 && group.device == dev && requests[0].address == iova);
	if (grant)
		map(dom);
	OK(libiommu_fault_queue_respond(queue, group.cookie,
					grant ? LIBIOMMU_FAULT_RESOLVED : LIBIOMMU_FAULT_REFUSED,
					&err));
	CHECK(!pthread_join(thread, NULL));
	CHECK(libiommu_fault_queue_respond(queue, group.cookie, LIBIOMMU_FAULT_REFUSED, NULL));
}

static void requests(void)
{
	struct libiommu_endpoint *ep = libiommu_device_endpoint(dev);
	struct libiommu_fault_queue *queue;
	struct libiommu_region *bar;
	struct libiommu_domain *dom;

	OK(libiommu_fault_queue_new(ctx, NULL, &queue, &err));
	dom = domain(false, false, queue);
	OK(libiommu_endpoint_attach(ep, dom, &err));
	OK(libiommu_device_set_bus_master(dev, true, &err));
	OK(libiommu_region_open(dev, LIBIOMMU_REGION_BAR0, &bar, &err));
	ask(bar, queue, dom, AT);
	ask(bar, queue, dom, 2 * AT);
	CHECK(!libiommu_fault_queue_overflows(queue));
	libiommu_region_close(bar);
	OK(libiommu_endpoint_detach(ep, 0, &err));
	OK(libiommu_domain_unmap(dom, AT, BYTES, NULL, &err));
	OK(libiommu_domain_free(dom, &err));
	OK(libiommu_fault_queue_free(queue, &err));
}

int main(int argc, char **argv)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;

	if (argc != 3)
		return 2;
	memory = mmap(NULL, BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(memory != MAP_FAILED);
	opts.plugin = argv[1];
	opts.config = argv[2];
	OK(libiommu_ctx_new(&opts, &ctx, &err));
	OK(libiommu_device_open(ctx, "0000:00:03.0", &dev, &err));
	pasids();
	stages();
	requests();
	OK(libiommu_device_close(dev, &err));
	libiommu_ctx_free(ctx);
	puts("stages: ok");
	return 0;
}
