// SPDX-License-Identifier: BSD-2-Clause
/* 4.1.2: what unmap removes, and what it refuses to. */
#include "helpers.h"

/* Three mappings of 4 pages at 0, 4 and 12, so that 8 to 11 is a hole. */
static struct rig three(bool attached, char *mem)
{
	struct rig rig = attached ? rig_attached(1) : rig_new(0);

	map(rig.dom, IO(0), mem, 4 * PAGE);
	map(rig.dom, IO(4), mem + 4 * PAGE, 4 * PAGE);
	map(rig.dom, IO(12), mem + 8 * PAGE, 4 * PAGE);
	return rig;
}

#define BOTH (target->alone_count ? 2 : 1)

CASE(unmap_one, "4.1.2 unmap removes the mapping and reports its bytes")
{
	char *mem = memory(12 * PAGE);
	struct rig rig;
	int i;

	for (i = 0; i < BOTH; i++) {
		rig = three(i, mem);
		unmap(rig.dom, IO(4), 4 * PAGE, 4 * PAGE);
		not_found(rig.dom, IO(4));
		not_found(rig.dom, IO(7) + 5);
		found(rig.dom, IO(0), mem, 4 * PAGE);
		found(rig.dom, IO(12), mem + 8 * PAGE, 4 * PAGE);
		map(rig.dom, IO(4), mem, 4 * PAGE);
		context_free(rig.ctx);
	}
}

CASE(unmap_many_and_holes, "4.1.2 every mapping wholly inside goes; holes are fine")
{
	char *mem = memory(12 * PAGE);
	struct rig rig;
	int i;

	for (i = 0; i < BOTH; i++) {
		rig = three(i, mem);
		unmap(rig.dom, IO(0), 16 * PAGE, 12 * PAGE);
		ck_assert_uint_eq(libiommu_domain_mapping_count(rig.dom), 0);
		context_free(rig.ctx);
		rig = three(i, mem);
		unmap(rig.dom, IO(4), 100 * PAGE, 8 * PAGE);
		ck_assert_uint_eq(libiommu_domain_mapping_count(rig.dom), 1);
		found(rig.dom, IO(0), mem, 4 * PAGE);
		context_free(rig.ctx);
		rig = three(i, mem);
		unmap(rig.dom, 0, IO(8), 8 * PAGE);
		found(rig.dom, IO(12), mem + 8 * PAGE, 4 * PAGE);
		context_free(rig.ctx);
	}
}

CASE(would_split, "4.1.2 a range that cuts a mapping at either end removes nothing")
{
	static const struct {
		uint64_t first, pages, cut;
	} ranges[] = {
		{ 0, 2, 0 },   { 2, 2, 0 },  { 1, 2, 0 },  { 0, 6, 4 },  { 0, 14, 12 },
		{ 2, 6, 0 },   { 3, 13, 0 }, { 5, 11, 4 }, { 8, 6, 12 }, { 13, 20, 12 },
		{ 15, 1, 12 }, { 0, 5, 4 },  { 4, 9, 12 },
	};
	char *mem = memory(12 * PAGE);
	struct rig rig;
	uint64_t removed;
	size_t i;
	int both;

	for (both = 0; both < BOTH; both++) {
		rig = three(both, mem);
		for (i = 0; i < COUNT(ranges); i++) {
			removed = 77;
			REFUSED_KEEPS(rig.dom,
				      libiommu_domain_unmap(rig.dom, IO(ranges[i].first),
							    ranges[i].pages * PAGE, &removed, E),
				      WOULD_SPLIT, range_name(IO(ranges[i].cut), 4 * PAGE));
			ck_assert_uint_eq(removed, 0);
		}
		context_free(rig.ctx);
	}
}

CASE(refused_unmap_keeps_dma, "4.1.2 after would-split every mapping still works for the device")
{
	char *mem = memory(12 * PAGE);
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = three(true, mem);
	edu = edu_open(rig.dev[0]);
	REFUSED_KEEPS(rig.dom, libiommu_domain_unmap(rig.dom, IO(0), 14 * PAGE, NULL, E),
		      WOULD_SPLIT, range_name(IO(12), 4 * PAGE));
	dma_reaches(&edu, IO(0), mem);
	dma_reaches(&edu, IO(7), mem + 7 * PAGE);
	dma_reaches(&edu, IO(12), mem + 8 * PAGE);
}

CASE(unmap_nothing, "4.1.2 unmap never reports success for nothing")
{
	char *mem = memory(12 * PAGE);
	struct rig rig;
	uint64_t removed;
	int i;

	for (i = 0; i < BOTH; i++) {
		rig = three(i, mem);
		removed = 77;
		REFUSED_KEEPS(rig.dom, libiommu_domain_unmap(rig.dom, IO(8), 4 * PAGE, &removed, E),
			      NOT_MAPPED, NULL);
		ck_assert_uint_eq(removed, 0);
		REFUSED_KEEPS(rig.dom, libiommu_domain_unmap(rig.dom, IO(16), 4 * PAGE, NULL, E),
			      NOT_MAPPED, NULL);
		REFUSED_KEEPS(rig.dom, libiommu_domain_unmap(rig.dom, 0, PAGE, NULL, E), NOT_MAPPED,
			      NULL);
		unmap(rig.dom, IO(0), 4 * PAGE, 4 * PAGE);
		REFUSED_KEEPS(rig.dom, libiommu_domain_unmap(rig.dom, IO(0), 4 * PAGE, NULL, E),
			      NOT_MAPPED, NULL);
		context_free(rig.ctx);
	}
}

CASE(unmap_empty_range, "4.1.6 unmap of a length of zero is refused")
{
	char *mem = memory(12 * PAGE);
	struct rig rig = three(false, mem);

	REFUSED_KEEPS(rig.dom, libiommu_domain_unmap(rig.dom, IO(0), 0, NULL, E), EMPTY_RANGE,
		      NULL);
}

CASE(unmap_wraps, "4.1.6 unmap of a range that wraps is -EOVERFLOW")
{
	char *mem = memory(12 * PAGE);
	struct rig rig = three(false, mem);

	REFUSED_KEEPS(rig.dom, libiommu_domain_unmap(rig.dom, IO(0), UINT64_MAX, NULL, E),
		      RANGE_WRAPS, NULL);
	REFUSED_KEEPS(rig.dom, libiommu_domain_unmap(rig.dom, 0 - PAGE, 2 * PAGE, NULL, E),
		      RANGE_WRAPS, NULL);
}

CASE(unmap_odd_ranges, "4.1.2 what counts is whether a mapping is inside, cut or apart")
{
	char *mem = memory(12 * PAGE);
	struct rig rig = three(false, mem);

	REFUSED_KEEPS(rig.dom, libiommu_domain_unmap(rig.dom, IO(0) + 1, PAGE, NULL, E),
		      WOULD_SPLIT, range_name(IO(0), 4 * PAGE));
	REFUSED_KEEPS(rig.dom, libiommu_domain_unmap(rig.dom, IO(0), 4 * PAGE - 1, NULL, E),
		      WOULD_SPLIT, range_name(IO(0), 4 * PAGE));
	unmap(rig.dom, 0, UINT64_MAX, 12 * PAGE);
}

CASE(unmap_at_the_end, "4.1.7 a range up to the end of the 64-bit space can be unmapped")
{
	char *mem = memory(4 * PAGE);
	struct rig rig = rig_new(0);

	map(rig.dom, 0 - 2 * PAGE, mem, PAGE);
	map(rig.dom, 0 - PAGE, mem, PAGE);
	unmap(rig.dom, 0 - 4 * PAGE, 4 * PAGE, 2 * PAGE);
	ck_assert_uint_eq(libiommu_domain_mapping_count(rig.dom), 0);
}

CASE(unmap_all_of_nothing, "4.1.2 unmap_all succeeds on an empty domain")
{
	uint64_t removed;
	struct rig rig;
	int i;

	for (i = 0; i < BOTH; i++) {
		rig = i ? rig_attached(1) : rig_new(0);
		removed = 77;
		OK(libiommu_domain_unmap_all(rig.dom, &removed, E));
		ck_assert_uint_eq(removed, 0);
		OK(libiommu_domain_unmap_all(rig.dom, NULL, E));
	}
}

CASE(unmap_all, "4.1.2 unmap_all removes every mapping, the ends of the space included")
{
	char *mem = memory(12 * PAGE);
	struct rig rig = three(false, mem);
	uint64_t removed = 77;
	int i;

	map(rig.dom, 0, mem, PAGE);
	map(rig.dom, 0 - PAGE, mem, PAGE);
	OK(libiommu_domain_unmap_all(rig.dom, &removed, E));
	ck_assert_uint_eq(removed, 14 * PAGE);
	ck_assert_uint_eq(libiommu_domain_mapping_count(rig.dom), 0);
	ck_assert_str_eq(dump(rig.dom), "");
	for (i = 0; i < 300; i++)
		map(rig.dom, IO(2 * i), mem, PAGE);
	OK(libiommu_domain_unmap_all(rig.dom, &removed, E));
	ck_assert_uint_eq(removed, 300 * PAGE);
}

CASE(unmapped_means_gone, "4.1.2 when unmap returns no device reaches the memory any more")
{
	char *mem = memory(12 * PAGE);
	struct rig rig;
	struct edu edu;
	int i;

	NEEDS(1, 0);
	rig = three(true, mem);
	edu = edu_open(rig.dev[0]);
	dma_reaches(&edu, IO(4), mem + 4 * PAGE);
	dma_reaches(&edu, IO(12), mem + 8 * PAGE);
	unmap(rig.dom, IO(4), 4 * PAGE, 4 * PAGE);
	dma_misses(&edu, IO(4), mem + 4 * PAGE);
	dma_reaches(&edu, IO(12), mem + 8 * PAGE);
	OK(libiommu_domain_unmap_all(rig.dom, NULL, E));
	dma_misses(&edu, IO(12), mem + 8 * PAGE);
	for (i = 0; i < 3; i++) {
		map(rig.dom, IO(4), mem + i * PAGE, PAGE);
		dma_reaches(&edu, IO(4), mem + i * PAGE);
		unmap(rig.dom, IO(4), PAGE, PAGE);
		dma_misses(&edu, IO(4), mem + i * PAGE);
	}
}

CASE(unmap_mixed_sources, "4.1.2 mappings of files go with those of memory")
{
	char *mem = memory(2 * PAGE);
	int fd = memory_file(4 * PAGE);
	struct rig rig;
	int i;

	for (i = 0; i < BOTH; i++) {
		rig = i ? rig_attached(1) : rig_new(0);
		map(rig.dom, IO(0), mem, 2 * PAGE);
		OK(libiommu_domain_map(rig.dom, IO(2), libiommu_source_file(fd, 0), 4 * PAGE, RW,
				       E));
		map_prot(rig.dom, IO(6), mem, PAGE, LIBIOMMU_PROT_READ);
		unmap(rig.dom, IO(0), 7 * PAGE, 7 * PAGE);
		context_free(rig.ctx);
	}
}

void suite_unmap(struct registry *registry)
{
	static const struct conformance_case *const cases[] = {
		&unmap_one,           &unmap_many_and_holes, &would_split, &refused_unmap_keeps_dma,
		&unmap_nothing,       &unmap_empty_range,    &unmap_wraps, &unmap_odd_ranges,
		&unmap_at_the_end,    &unmap_all_of_nothing, &unmap_all,   &unmapped_means_gone,
		&unmap_mixed_sources,
	};

	add_cases(registry, "unmap", cases, COUNT(cases));
}
