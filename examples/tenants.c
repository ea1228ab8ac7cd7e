/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * tenants: one device of the mock, lent to four tenants at once. Each has a PASID and memory of
 * its own; `guest` writes its own page table under the one that it was given; `lazy` has nothing
 * mapped and gets pages as its requests ask for them. Then every tenant tries all that there is.
 */
#include <libiommu/libiommu.h>
#include <libiommu/mock.h>
#include <libiommu/nesting.h>

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE    4096u
#define TENANTS 4
#define AT      UINT64_C(0x100000) /* where a tenant's page is */
#define SECRET  UINT64_C(0x200000) /* a second page that only `two` has */
#define RW      (LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE)

static const char machine[] =
	"personality bare\n"
	"iommu dmar0 intel-vtd\n"
	"device 0000:00:03.0 iommu=dmar0 group=1 driver=vfio-pci pasid=20 prq=yes\n";

struct tenant {
	const char *name;
	char *page;
	struct libiommu_domain *dom;
	struct libiommu_endpoint *ep;
};

static struct libiommu_ctx *ctx;
static struct libiommu_device *dev;
static struct libiommu_fault_queue *queue;
static struct libiommu_domain *parent;
static atomic_bool done;
static struct tenant tenants[TENANTS] = {
	{ .name = "one" }, { .name = "two" }, { .name = "guest" }, { .name = "lazy" }
};

static void must(int code, struct libiommu_error *err)
{
	if (!code)
		return;
	fprintf(stderr, "%s: %s\n", libiommu_error_subject(err), libiommu_error_message(err));
	exit(EXIT_FAILURE);
}
#define MUST(...)                                  \
	do {                                       \
		struct libiommu_error *err = NULL; \
		int code_ = __VA_ARGS__;           \
		must(code_, err);                  \
	} while (0)

static char *new_pages(size_t count)
{
	char *pages = aligned_alloc(PAGE, count * PAGE);

	if (!pages)
		exit(EXIT_FAILURE);
	return memset(pages, 0, count * PAGE);
}

static struct libiommu_domain *new_domain(bool nest_parent, struct libiommu_fault_queue *faults)
{
	struct libiommu_domain_options opts = LIBIOMMU_DOMAIN_OPTIONS_INIT;
	struct libiommu_domain *dom = NULL;

	opts.pasid = true;
	opts.nest_parent = nest_parent;
	opts.faults = faults;
	MUST(libiommu_domain_new(ctx, &opts, &dom, &err));
	return dom;
}

static void map(struct libiommu_domain *dom, uint64_t iova, void *memory, size_t pages)
{
	MUST(libiommu_domain_map(dom, iova, libiommu_source_memory(memory), pages * PAGE, RW,
				 &err));
}

/* The guest's tables lie in the memory that its parent maps, from address `inside` on. */
struct tables {
	char *memory;
	size_t used;
};
static const uint64_t inside = UINT64_C(0x40000000);

static void *table_alloc(void *data, size_t bytes)
{
	struct tables *tables = data;

	tables->used += bytes;
	return tables->memory + tables->used - bytes;
}

static void table_free(void *data, void *virt, size_t bytes)
{
	(void)data;
	(void)virt;
	(void)bytes;
}

static uint64_t table_phys(void *data, const void *virt)
{
	return inside + (uint64_t)((const char *)virt - ((struct tables *)data)->memory);
}

static void *table_virt(void *data, uint64_t phys, size_t bytes)
{
	(void)bytes;
	return ((struct tables *)data)->memory + (phys - inside);
}

/* A page of memory and, behind it, a table of the guest's own that leads to it. */
static void become_guest(struct tenant *tenant)
{
	struct tables tables = { new_pages(16), PAGE };
	const struct libiommu_pgtable_memory memory = { sizeof(memory), &tables,    table_alloc,
							table_free,     table_phys, table_virt };
	struct libiommu_pgtable_gather gather = LIBIOMMU_PGTABLE_GATHER_INIT;
	struct libiommu_pgtable_options opts = LIBIOMMU_PGTABLE_OPTIONS_INIT;
	struct libiommu_nested_options nested = LIBIOMMU_NESTED_OPTIONS_INIT;
	struct libiommu_stage1_vtd data = { .address_width = 48 };
	struct libiommu_pgtable *pt = NULL;

	tenant->page = tables.memory;
	parent = new_domain(true, NULL);
	map(parent, inside, tables.memory, 16);
	opts.format = LIBIOMMU_PGTABLE_X86_64;
	opts.memory = &memory;
	MUST(libiommu_pgtable_new(&opts, &pt, &err));
	MUST(libiommu_pgtable_map(pt, AT, inside, PAGE, RW, &gather, &err));
	data.root = libiommu_pgtable_root(pt);
	nested.data = &data;
	nested.data_length = sizeof(data);
	nested.pasid = true;
	MUST(libiommu_domain_new_nested(dev, parent, &nested, &tenant->dom, &err));
	libiommu_pgtable_free(pt); /* its memory stays the guest's */
}

/* Brings the lazy tenant its one page, and refuses everything else. */
static void *serve(void *data)
{
	struct tenant *lazy = data;
	struct pollfd fd = { .fd = libiommu_fault_queue_fd(queue), .events = POLLIN };

	while (!atomic_load(&done)) {
		struct libiommu_fault_group group = LIBIOMMU_FAULT_GROUP_INIT;
		struct libiommu_page_request request;
		bool good;
		size_t count = 1;

		if (poll(&fd, 1, 20) != 1 ||
		    libiommu_fault_queue_next(queue, &group, &request, &count, NULL))
			continue;
		good = request.address == AT;
		if (good)
			map(lazy->dom, AT, lazy->page, 1);
		MUST(libiommu_fault_queue_respond(
			queue, group.cookie,
			good ? LIBIOMMU_FAULT_RESOLVED : LIBIOMMU_FAULT_REFUSED, &err));
		printf("  PASID %u asks for 0x%llx: %s\n", group.pasid,
		       (unsigned long long)request.address, good ? "brought" : "refused");
	}
	return NULL;
}

static void try_all(struct tenant *tenant)
{
	static const uint64_t places[] = { AT, SECRET, UINT64_C(0x40000000) };
	char text[32];

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct libiommu_error *err = NULL;
		int code = libiommu_mock_dma_read(tenant->ep, places[i], text, sizeof(text), &err);

		printf("%-5s PASID %u at 0x%08llx: %s\n", tenant->name,
		       libiommu_endpoint_pasid(tenant->ep), (unsigned long long)places[i],
		       code ? libiommu_error_message(err) : text);
		libiommu_error_free(err);
	}
}

int main(void)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	pthread_t server;

	opts.backend = "mock";
	opts.config = machine;
	MUST(libiommu_ctx_new(&opts, &ctx, &err));
	MUST(libiommu_device_open(ctx, "0000:00:03.0", &dev, &err));
	MUST(libiommu_fault_queue_new(ctx, NULL, &queue, &err));
	for (size_t i = 0; i < TENANTS; i++) {
		struct tenant *tenant = &tenants[i];

		if (i == 2) {
			become_guest(tenant);
		} else {
			tenant->page = new_pages(2);
			tenant->dom = new_domain(false, i == 3 ? queue : NULL);
		}
		if (i < 2)
			map(tenant->dom, AT, tenant->page, 1);
		if (i == 1)
			map(tenant->dom, SECRET, tenant->page + PAGE, 1);
		snprintf(tenant->page, PAGE, "memory of %s", tenant->name);
		MUST(libiommu_pasid_open(dev, LIBIOMMU_PASID_ANY, &tenant->ep, &err));
		MUST(libiommu_endpoint_attach(tenant->ep, tenant->dom, &err));
	}
	snprintf(tenants[1].page + PAGE, PAGE, "secret of two");
	if (pthread_create(&server, NULL, serve, &tenants[3]))
		return EXIT_FAILURE;
	for (size_t i = 0; i < TENANTS; i++)
		try_all(&tenants[i]);
	atomic_store(&done, true);
	pthread_join(server, NULL);
	libiommu_ctx_free(ctx);
	for (size_t i = 0; i < TENANTS; i++)
		free(tenants[i].page);
	return EXIT_SUCCESS;
}
