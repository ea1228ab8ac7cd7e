// SPDX-License-Identifier: BSD-2-Clause
/* 4.1.3, 4.1.8, 4.5.2: what becomes of a kernel that refuses what nobody could foresee. */
#include "helpers.h"

#include <errno.h>

#define MAP_DMA   (target->kernel ? target->kernel->map : 0)
#define UNMAP_DMA (target->kernel ? target->kernel->unmap : 0)

#define NEEDS_KERNEL                                                 \
	do {                                                         \
		NEEDS(1, 0);                                         \
		if (!target->kernel)                                 \
			SKIP("the backend does not ask the kernel"); \
	} while (0)

static void passed_on(int error, const char *call)
{
	ck_assert_int_eq(libiommu_error_code(last_error()), -error);
	ck_assert_int_eq(libiommu_error_kernel_errno(last_error()), error);
	ck_assert_str_eq(libiommu_error_kernel_call(last_error()), call);
}

CASE(kernel_refuses_a_map, "4.5.2 a refusal that has no reason is passed on with errno and call")
{
	const struct hooks_answer io = { .request = MAP_DMA, .result = -EIO };
	char *mem = memory(PAGE), *ledger;
	struct rig rig;

	NEEDS_KERNEL;
	rig = rig_attached(1);
	map(rig.dom, IO(4), mem, PAGE);
	ledger = dump(rig.dom);
	hooks_answer(&hooks, &io, 1);
	REFUSED(libiommu_domain_map(rig.dom, IO(0), at(mem), PAGE, RW, E), KERNEL_REFUSED,
		range_name(IO(0), PAGE));
	passed_on(EIO, target->kernel->map_name);
	hooks_answer(&hooks, NULL, 0);
	ck_assert_str_eq(dump(rig.dom), ledger);
	map(rig.dom, IO(0), mem, PAGE);
}

CASE(foreign_mapping, "4.1.8 a clash with what the ledger does not know is foreign-mapping")
{
	const struct hooks_answer exists = { .request = MAP_DMA, .result = -EEXIST };
	char *mem = memory(PAGE), *ledger;
	struct rig rig;

	NEEDS_KERNEL;
	rig = rig_attached(1);
	ledger = dump(rig.dom);
	hooks_answer(&hooks, &exists, 1);
	REFUSED(libiommu_domain_map(rig.dom, IO(0), at(mem), PAGE, RW, E), FOREIGN_MAPPING, NULL);
	ck_assert_int_eq(libiommu_error_kernel_errno(last_error()), EEXIST);
	hooks_answer(&hooks, NULL, 0);
	ck_assert_str_eq(dump(rig.dom), ledger);
}

CASE(kernel_refuses_in_a_batch, "4.1.3 a batch is taken back wherever the kernel refuses")
{
	struct hooks_answer io = { .request = MAP_DMA, .result = -EIO };
	struct libiommu_map_request requests[4];
	char *mem = memory(4 * PAGE), *ledger;
	size_t i, failed;
	struct rig rig;
	struct edu edu;

	NEEDS_KERNEL;
	rig = rig_attached(1);
	for (i = 0; i < 4; i++) {
		requests[i] = (struct libiommu_map_request)LIBIOMMU_MAP_REQUEST_INIT;
		requests[i].iova = IO(2 * i);
		requests[i].length = PAGE;
		requests[i].prot = RW;
		requests[i].source = at(mem + i * PAGE);
	}
	map(rig.dom, IO(100), mem, PAGE);
	ledger = dump(rig.dom);
	for (i = 0; i < 4; i++) {
		io.after = (unsigned int)i;
		hooks_answer(&hooks, &io, 1);
		failed = 100;
		REFUSED(libiommu_domain_map_batch(rig.dom, requests, 4, &failed, E), KERNEL_REFUSED,
			NULL);
		hooks_answer(&hooks, NULL, 0);
		ck_assert_uint_eq(failed, i);
		ck_assert_str_eq(dump(rig.dom), ledger);
	}
	edu = edu_open(rig.dev[0]);
	dma_misses(&edu, IO(0), mem);
	OK(libiommu_domain_map_batch(rig.dom, requests, 4, NULL, E));
	dma_reaches(&edu, IO(6), mem + 3 * PAGE);
}

CASE(batch_cannot_be_taken_back, "4.1.3 when even that fails, the ledger shows what is left")
{
	const struct hooks_answer both[] = { { .request = MAP_DMA, .result = -EIO, .after = 1 },
					     { .request = UNMAP_DMA, .result = -EIO } };
	struct libiommu_map_request requests[2];
	char *mem = memory(2 * PAGE);
	struct rig rig;
	struct edu edu;
	size_t i;

	NEEDS_KERNEL;
	rig = rig_attached(1);
	for (i = 0; i < 2; i++) {
		requests[i] = (struct libiommu_map_request)LIBIOMMU_MAP_REQUEST_INIT;
		requests[i].iova = IO(2 * i);
		requests[i].length = PAGE;
		requests[i].prot = RW;
		requests[i].source = at(mem + i * PAGE);
	}
	hooks_answer(&hooks, both, 2);
	REFUSED(libiommu_domain_map_batch(rig.dom, requests, 2, NULL, E), PARTIAL, NULL);
	hooks_answer(&hooks, NULL, 0);
	ck_assert_uint_eq(libiommu_domain_mapping_count(rig.dom), 1);
	found(rig.dom, IO(0), mem, PAGE);
	not_found(rig.dom, IO(2));
	edu = edu_open(rig.dev[0]);
	dma_reaches(&edu, IO(0), mem);
	unmap(rig.dom, IO(0), PAGE, PAGE);
	dma_misses(&edu, IO(0), mem);
}

CASE(kernel_refuses_an_unmap, "4.1.3 an unmap that the kernel refuses at once removes nothing")
{
	const struct hooks_answer io = { .request = UNMAP_DMA, .result = -EIO };
	char *mem = memory(PAGE), *ledger;
	uint64_t removed = 77;
	struct rig rig;
	struct edu edu;

	NEEDS_KERNEL;
	rig = rig_attached(1);
	map(rig.dom, IO(0), mem, PAGE);
	ledger = dump(rig.dom);
	hooks_answer(&hooks, &io, 1);
	REFUSED(libiommu_domain_unmap(rig.dom, IO(0), PAGE, &removed, E), KERNEL_REFUSED, NULL);
	passed_on(EIO, target->kernel->unmap_name);
	hooks_answer(&hooks, NULL, 0);
	ck_assert_uint_eq(removed, 0);
	ck_assert_str_eq(dump(rig.dom), ledger);
	edu = edu_open(rig.dev[0]);
	dma_reaches(&edu, IO(0), mem);
	unmap(rig.dom, IO(0), PAGE, PAGE);
	dma_misses(&edu, IO(0), mem);
}

CASE(kernel_fails_in_the_middle,
     "4.1.3 the ledger equals what the kernel did; the reason is partial")
{
	const struct hooks_answer io = { .request = UNMAP_DMA, .result = -EIO, .after = 1 };
	char *mem = memory(8 * PAGE);
	uint64_t removed = 77;
	struct rig rig;
	struct edu edu;

	NEEDS_KERNEL;
	rig = rig_attached(1);
	map(rig.dom, IO(0), mem, 2 * PAGE);
	map(rig.dom, IO(4), mem + 2 * PAGE, PAGE);
	map(rig.dom, IO(6), mem + 3 * PAGE, PAGE);
	hooks_answer(&hooks, &io, 1);
	REFUSED(libiommu_domain_unmap(rig.dom, IO(0), 16 * PAGE, &removed, E), PARTIAL, NULL);
	ck_assert_int_eq(libiommu_error_kernel_errno(last_error()), EIO);
	hooks_answer(&hooks, NULL, 0);
	ck_assert_uint_eq(removed, 2 * PAGE);
	ck_assert_uint_eq(libiommu_domain_mapping_count(rig.dom), 2);
	not_found(rig.dom, IO(0));
	edu = edu_open(rig.dev[0]);
	dma_misses(&edu, IO(0), mem);
	dma_reaches(&edu, IO(4), mem + 2 * PAGE);
	dma_reaches(&edu, IO(6), mem + 3 * PAGE);
	unmap(rig.dom, IO(0), 16 * PAGE, 2 * PAGE);
}

CASE(kernel_removes_too_little,
     "4.1.2 what the kernel removes is what the ledger holds, or mismatch")
{
	const struct hooks_answer less = { .request = UNMAP_DMA, .nothing_removed = true };
	char *mem = memory(PAGE);
	uint64_t needed = 0, available = 1;
	struct rig rig;

	NEEDS_KERNEL;
	rig = rig_attached(1);
	map(rig.dom, IO(0), mem, PAGE);
	hooks_answer(&hooks, &less, 1);
	REFUSED(libiommu_domain_unmap(rig.dom, IO(0), PAGE, NULL, E), LEDGER_MISMATCH,
		range_name(IO(0), PAGE));
	hooks_answer(&hooks, NULL, 0);
	ck_assert(libiommu_error_figures(last_error(), &needed, &available));
	ck_assert_uint_eq(needed, PAGE);
	ck_assert_uint_eq(available, 0);
	not_found(rig.dom, IO(0));
}

CASE(kernel_refuses_at_attach, "4.1.5 an attach that the kernel refuses leaves nothing behind")
{
	struct hooks_answer io = { .result = -EIO };
	char *mem = memory(4 * PAGE);
	struct rig rig;
	struct edu edu;
	int i;

	NEEDS_KERNEL;
	io.request = target->kernel->attach;
	/* Where it maps what the domain has, the third mapping is refused, and named. */
	if (target->kernel->containers)
		io.after = 2;
	rig = rig_new(1);
	for (i = 0; i < 4; i++)
		map(rig.dom, IO(2 * i), mem + i * PAGE, PAGE);
	hooks_answer(&hooks, &io, 1);
	REFUSED(libiommu_endpoint_attach(rig.ep[0], rig.dom, E), KERNEL_REFUSED,
		target->kernel->containers ? range_name(IO(4), PAGE) : target->alone[0]);
	hooks_answer(&hooks, NULL, 0);
	ck_assert_ptr_null(libiommu_endpoint_domain(rig.ep[0]));
	ck_assert(libiommu_device_isolated(rig.dev[0]));
	ck_assert_uint_eq(libiommu_domain_mapping_count(rig.dom), 4);
	attach(rig.ep[0], rig.dom);
	edu = edu_open(rig.dev[0]);
	dma_reaches(&edu, IO(6), mem + 3 * PAGE);
}

/* Two groups in one domain, the second with a past of its own: each has its own container. */
static struct rig two_containers(void)
{
	struct rig rig = rig_new(2);
	struct libiommu_domain *past = domain(rig.ctx);

	attach(rig.ep[0], rig.dom);
	attach(rig.ep[1], past);
	detach(rig.ep[1]);
	attach(rig.ep[1], rig.dom);
	return rig;
}

CASE(second_container_refuses_a_map, "4.1.3 a map that one of two containers refuses is in neither")
{
	const struct hooks_answer io = { .request = MAP_DMA, .result = -EIO, .after = 1 };
	char *mem = memory(PAGE);
	struct edu one, two;
	struct rig rig;

	NEEDS(2, 0);
	NEEDS_KERNEL;
	if (!target->kernel->containers)
		SKIP("a domain is one address space of the kernel");
	rig = two_containers();
	hooks_answer(&hooks, &io, 1);
	REFUSED(libiommu_domain_map(rig.dom, IO(0), at(mem), PAGE, RW, E), KERNEL_REFUSED, NULL);
	hooks_answer(&hooks, NULL, 0);
	ck_assert_uint_eq(libiommu_domain_mapping_count(rig.dom), 0);
	one = edu_open(rig.dev[0]);
	two = edu_open(rig.dev[1]);
	dma_misses(&one, IO(0), mem);
	dma_misses(&two, IO(0), mem);
	map(rig.dom, IO(0), mem, PAGE);
	dma_reaches(&one, IO(0), mem);
	dma_reaches(&two, IO(0), mem);
}

CASE(second_container_refuses_an_unmap, "4.1.3 an unmap that one of two refuses is made in neither")
{
	const struct hooks_answer io = { .request = UNMAP_DMA, .result = -EIO, .after = 1 };
	char *mem = memory(2 * PAGE), *ledger;
	struct edu one, two;
	struct rig rig;

	NEEDS(2, 0);
	NEEDS_KERNEL;
	if (!target->kernel->containers)
		SKIP("a domain is one address space of the kernel");
	rig = two_containers();
	map(rig.dom, IO(0), mem, PAGE);
	map(rig.dom, IO(1), mem + PAGE, PAGE);
	ledger = dump(rig.dom);
	hooks_answer(&hooks, &io, 1);
	REFUSED(libiommu_domain_unmap(rig.dom, IO(0), 2 * PAGE, NULL, E), KERNEL_REFUSED, NULL);
	hooks_answer(&hooks, NULL, 0);
	ck_assert_str_eq(dump(rig.dom), ledger);
	one = edu_open(rig.dev[0]);
	two = edu_open(rig.dev[1]);
	dma_reaches(&one, IO(0), mem);
	dma_reaches(&two, IO(0), mem);
	dma_reaches(&one, IO(1), mem + PAGE);
	unmap(rig.dom, IO(0), 2 * PAGE, 2 * PAGE);
	dma_misses(&one, IO(0), mem);
	dma_misses(&two, IO(0), mem);
}

void suite_kernel(struct registry *registry)
{
	static const struct conformance_case *const cases[] = {
		&kernel_refuses_a_map,           &foreign_mapping,
		&kernel_refuses_in_a_batch,      &batch_cannot_be_taken_back,
		&kernel_refuses_an_unmap,        &kernel_fails_in_the_middle,
		&kernel_removes_too_little,      &kernel_refuses_at_attach,
		&second_container_refuses_a_map, &second_container_refuses_an_unmap,
	};

	add_cases(registry, "kernel", cases, COUNT(cases));
}
