// SPDX-License-Identifier: BSD-2-Clause
/* 4.1.3: a batch is mapped whole or not at all. */
#include "helpers.h"

#define BATCH 8

struct batch {
	struct libiommu_map_request requests[BATCH];
};

static void *source_of(const struct batch *batch, size_t i)
{
	return (void *)(uintptr_t)batch->requests[i].source.start;
}

/* Two pages each, with a page between. */
static struct batch batch_of(char *mem)
{
	struct batch batch;
	size_t i;

	for (i = 0; i < BATCH; i++) {
		batch.requests[i] = (struct libiommu_map_request)LIBIOMMU_MAP_REQUEST_INIT;
		batch.requests[i].iova = IO(3 * i);
		batch.requests[i].length = 2 * PAGE;
		batch.requests[i].prot = RW;
		batch.requests[i].source = at(mem + 2 * i * PAGE);
	}
	return batch;
}

static void batch_refused(struct libiommu_domain *dom, struct batch *batch, size_t index,
			  enum libiommu_reason reason)
{
	char *before = dump(dom);
	size_t failed = 1000;

	expect_refused(libiommu_domain_map_batch(dom, batch->requests, BATCH, &failed, E), reason,
		       NULL, "libiommu_domain_map_batch", __FILE__, __LINE__);
	ck_assert_uint_eq(failed, index);
	ck_assert_str_eq(dump(dom), before);
}

#define BOTH (target->alone_count ? 2 : 1)

CASE(batch_maps_all, "4.1.3 a batch maps all its requests")
{
	char *mem = memory(2 * BATCH * PAGE);
	struct batch batch = batch_of(mem);
	struct rig rig;
	size_t i, failed;
	int both;

	for (both = 0; both < BOTH; both++) {
		rig = both ? rig_attached(1) : rig_new(0);
		failed = 1000;
		OK(libiommu_domain_map_batch(rig.dom, batch.requests, BATCH, &failed, E));
		ck_assert_uint_eq(failed, 1000);
		ck_assert_uint_eq(libiommu_domain_mapping_count(rig.dom), BATCH);
		for (i = 0; i < BATCH; i++)
			found(rig.dom, IO(3 * i), source_of(&batch, i), 2 * PAGE);
	}
}

CASE(batch_of_one_and_none, "4.1.3 a batch may have one request, and none is no work")
{
	struct rig rig = rig_new(0);
	char *mem = memory(2 * BATCH * PAGE);
	struct batch batch = batch_of(mem);

	OK(libiommu_domain_map_batch(rig.dom, batch.requests, 1, NULL, E));
	ck_assert_uint_eq(libiommu_domain_mapping_count(rig.dom), 1);
	OK(libiommu_domain_map_batch(rig.dom, batch.requests, 0, NULL, E));
	ck_assert_uint_eq(libiommu_domain_mapping_count(rig.dom), 1);
}

CASE(batch_foreseen_failure, "4.1.3 a request that the core refuses takes the batch back")
{
	char *mem = memory(2 * BATCH * PAGE);
	struct batch batch;
	struct rig rig;
	size_t i;
	int both;

	for (both = 0; both < BOTH; both++) {
		rig = both ? rig_attached(1) : rig_new(0);
		map(rig.dom, IO(100), mem, PAGE);
		for (i = 0; i < BATCH; i++) {
			batch = batch_of(mem);
			batch.requests[i].length += 1;
			batch_refused(rig.dom, &batch, i, LIBIOMMU_REASON_MISALIGNED);
			batch = batch_of(mem);
			batch.requests[i].prot = 0;
			batch_refused(rig.dom, &batch, i, LIBIOMMU_REASON_NO_PROTECTION);
			batch = batch_of(mem);
			batch.requests[i].iova = IO(99);
			batch_refused(rig.dom, &batch, i, LIBIOMMU_REASON_MAPPING_EXISTS);
			batch = batch_of(mem);
			batch.requests[i].size = 1;
			batch_refused(rig.dom, &batch, i, LIBIOMMU_REASON_BAD_OPTIONS);
		}
		batch = batch_of(mem);
		OK(libiommu_domain_map_batch(rig.dom, batch.requests, BATCH, NULL, E));
	}
}

CASE(batch_against_itself, "4.1.1 requests of one batch must not overlap each other")
{
	struct rig rig = rig_new(0);
	char *mem = memory(2 * BATCH * PAGE);
	struct batch batch = batch_of(mem);

	batch.requests[5].iova = IO(1);
	batch_refused(rig.dom, &batch, 5, LIBIOMMU_REASON_MAPPING_EXISTS);
	batch = batch_of(mem);
	OK(libiommu_domain_map_batch(rig.dom, batch.requests, BATCH, NULL, E));
}

CASE(batch_kernel_failure, "4.1.3 a request that the kernel refuses takes the batch back")
{
	char *mem = memory(2 * BATCH * PAGE), *hole = no_memory(2 * PAGE);
	struct batch batch;
	struct rig rig;
	size_t i;

	NEEDS(1, 0);
	rig = rig_attached(1);
	map(rig.dom, IO(100), mem, PAGE);
	for (i = 0; i < BATCH; i++) {
		batch = batch_of(mem);
		batch.requests[i].source = at(hole);
		batch_refused(rig.dom, &batch, i, LIBIOMMU_REASON_BAD_MEMORY);
	}
	batch = batch_of(mem);
	OK(libiommu_domain_map_batch(rig.dom, batch.requests, BATCH, NULL, E));
}

CASE(batch_rollback_reaches_the_device, "4.1.3 nothing of a batch that was taken back is reachable")
{
	char *mem = memory(2 * BATCH * PAGE), *hole = no_memory(2 * PAGE), *kept = memory(PAGE);
	struct batch batch = batch_of(mem);
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_attached(1);
	map(rig.dom, IO(100), kept, PAGE);
	edu = edu_open(rig.dev[0]);
	dma_reaches(&edu, IO(100), kept);
	batch.requests[BATCH - 1].source = at(hole);
	batch_refused(rig.dom, &batch, BATCH - 1, LIBIOMMU_REASON_BAD_MEMORY);
	dma_misses(&edu, IO(0), mem);
	dma_reaches(&edu, IO(100), kept);
}

CASE(batch_any_iova, "4.1.3 requests may leave the IOVA to the library, beside fixed ones")
{
	struct rig rig = rig_new(0);
	char *mem = memory(2 * BATCH * PAGE);
	struct batch batch = batch_of(mem);
	size_t i;

	for (i = 0; i < BATCH; i += 2) {
		batch.requests[i].any_iova = true;
		batch.requests[i].iova = 0;
	}
	OK(libiommu_domain_map_batch(rig.dom, batch.requests, BATCH, NULL, E));
	for (i = 0; i < BATCH; i++) {
		ck_assert_uint_ne(batch.requests[i].iova, 0);
		found(rig.dom, batch.requests[i].iova, source_of(&batch, i), 2 * PAGE);
	}
	ck_assert_uint_eq(libiommu_domain_mapping_count(rig.dom), BATCH);
	batch_refused(rig.dom, &batch, 1, LIBIOMMU_REASON_MAPPING_EXISTS);
}

CASE(batch_request_sizes, "mapping.h: a request of another size is refused as bad-options")
{
	static const size_t sizes[] = { 0, 1, sizeof(struct libiommu_map_request) - 1, SIZE_MAX };
	struct libiommu_map_request request = LIBIOMMU_MAP_REQUEST_INIT;
	struct rig rig = rig_new(0);
	char *mem = memory(PAGE);
	size_t i;

	request.iova = IO(0);
	request.length = PAGE;
	request.prot = RW;
	request.source = at(mem);
	for (i = 0; i < COUNT(sizes); i++) {
		request.size = sizes[i];
		REFUSED_KEEPS(rig.dom, libiommu_domain_map_batch(rig.dom, &request, 1, NULL, E),
			      BAD_OPTIONS, NULL);
	}
	request.size = sizeof(request);
	OK(libiommu_domain_map_batch(rig.dom, &request, 1, NULL, E));
	found(rig.dom, IO(0), mem, PAGE);
}

CASE(batch_in_dma, "4.1.3 every mapping of a batch works for the device")
{
	char *mem = memory(2 * BATCH * PAGE);
	struct batch batch = batch_of(mem);
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_attached(1);
	edu = edu_open(rig.dev[0]);
	OK(libiommu_domain_map_batch(rig.dom, batch.requests, BATCH, NULL, E));
	dma_reaches(&edu, IO(0), mem);
	dma_reaches(&edu, IO(3 * (BATCH - 1) + 1), mem + (2 * BATCH - 1) * PAGE);
	unmap(rig.dom, IO(0), 3 * BATCH * PAGE, 2 * BATCH * PAGE);
	dma_misses(&edu, IO(0), mem);
	dma_misses(&edu, IO(3 * (BATCH - 1) + 1), mem + (2 * BATCH - 1) * PAGE);
}

void suite_batch(struct registry *registry)
{
	static const struct conformance_case *const cases[] = {
		&batch_maps_all,       &batch_of_one_and_none, &batch_foreseen_failure,
		&batch_against_itself, &batch_kernel_failure,  &batch_rollback_reaches_the_device,
		&batch_any_iova,       &batch_request_sizes,   &batch_in_dma,
	};

	add_cases(registry, "batch", cases, COUNT(cases));
}
