// SPDX-License-Identifier: BSD-2-Clause
/* 4.1.1, 4.1.3, 4.1.6, 4.1.7, 4.1.9: maps and every refusal of one. */
#include "helpers.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The same on a domain that nothing is attached to and, where there is a device, on one that is. */
static size_t both(struct libiommu_domain **doms)
{
	doms[0] = rig_new(0).dom;
	if (!target->alone_count)
		return 1;
	doms[1] = rig_attached(1).dom;
	return 2;
}

#define EACH(dom)                               \
	struct libiommu_domain *doms_[2], *dom; \
	size_t doms_count_ = both(doms_);       \
	for (size_t d_ = 0; d_ < doms_count_ && (dom = doms_[d_]); d_++)

struct shape {
	uint64_t first; /* in pages from IO(0) */
	uint64_t pages;
};

CASE(overlaps_are_refused, "4.1.1 a mapping never overlaps another; the one in the way is named")
{
	/* In the way: pages 10 to 17. */
	static const struct shape shapes[] = {
		{ 10, 8 }, { 12, 2 }, { 8, 12 }, { 8, 3 }, { 17, 4 }, { 10, 1 },
		{ 17, 1 }, { 9, 2 },  { 10, 9 }, { 9, 9 }, { 0, 64 },
	};
	char *mem = memory(64 * PAGE);
	size_t i;

	EACH(dom)
	{
		map(dom, IO(10), mem, 8 * PAGE);
		for (i = 0; i < COUNT(shapes); i++)
			REFUSED_KEEPS(dom,
				      libiommu_domain_map(dom, IO(shapes[i].first), at(mem),
							  shapes[i].pages * PAGE, RW, E),
				      MAPPING_EXISTS, range_name(IO(10), 8 * PAGE));
		ck_assert_uint_eq(libiommu_domain_mapping_count(dom), 1);
	}
}

CASE(neighbours_are_fine, "4.1.1 mappings may touch each other")
{
	char *mem = memory(8 * PAGE);

	EACH(dom)
	{
		map(dom, IO(10), mem, 2 * PAGE);
		map(dom, IO(8), mem + 2 * PAGE, 2 * PAGE);
		map(dom, IO(12), mem + 4 * PAGE, 2 * PAGE);
		ck_assert_uint_eq(libiommu_domain_mapping_count(dom), 3);
		found(dom, IO(10), mem, 2 * PAGE);
		found(dom, IO(8), mem + 2 * PAGE, 2 * PAGE);
		found(dom, IO(12), mem + 4 * PAGE, 2 * PAGE);
	}
}

CASE(lowest_in_the_way_of_many, "4.1.1 of several in the way one that overlaps is named")
{
	struct rig rig = rig_new(0);
	char *mem = memory(64 * PAGE);
	const char *subject;

	map(rig.dom, IO(4), mem, PAGE);
	map(rig.dom, IO(8), mem, PAGE);
	REFUSED_KEEPS(rig.dom, libiommu_domain_map(rig.dom, IO(0), at(mem), 16 * PAGE, RW, E),
		      MAPPING_EXISTS, NULL);
	REFUSED(libiommu_domain_map(rig.dom, IO(0), at(mem), 16 * PAGE, RW, E), MAPPING_EXISTS,
		NULL);
	subject = libiommu_error_subject(last_error());
	ck_assert(strcmp(subject, range_name(IO(4), PAGE)) == 0 ||
		  strcmp(subject, range_name(IO(8), PAGE)) == 0);
}

CASE(misaligned, "4.1.6 IOVA, length and source are multiples of the page")
{
	const uint64_t offsets[] = { 1, 8, 512, 2048, PAGE - 1 };
	char *mem = memory(8 * PAGE);
	size_t i;

	EACH(dom)
	{
		for (i = 0; i < COUNT(offsets); i++) {
			uint64_t off = offsets[i], iova;

			if (off % libiommu_domain_page_size(dom) == 0)
				continue;
			REFUSED_KEEPS(dom,
				      libiommu_domain_map(dom, IO(0) + off, at(mem), PAGE, RW, E),
				      MISALIGNED, NULL);
			REFUSED_KEEPS(dom,
				      libiommu_domain_map(dom, IO(0), at(mem), PAGE + off, RW, E),
				      MISALIGNED, NULL);
			REFUSED_KEEPS(dom, libiommu_domain_map(dom, IO(0), at(mem), off, RW, E),
				      MISALIGNED, NULL);
			REFUSED_KEEPS(dom,
				      libiommu_domain_map(dom, IO(0), at(mem + off), PAGE, RW, E),
				      MISALIGNED, NULL);
			REFUSED_KEEPS(
				dom,
				libiommu_domain_map_any(dom, at(mem + off), PAGE, RW, &iova, E),
				MISALIGNED, NULL);
		}
	}
}

CASE(misaligned_file_offset, "4.1.6 a file's offset is a multiple of the page")
{
	int fd = memory_file(8 * PAGE);

	EACH(dom)
	{
		REFUSED_KEEPS(
			dom,
			libiommu_domain_map(dom, IO(0), libiommu_source_file(fd, 100), PAGE, RW, E),
			MISALIGNED, NULL);
	}
}

CASE(empty, "4.1.6 a length of zero is refused")
{
	char *mem = memory(PAGE);
	uint64_t iova = 42;

	EACH(dom)
	{
		REFUSED_KEEPS(dom, libiommu_domain_map(dom, IO(0), at(mem), 0, RW, E), EMPTY_RANGE,
			      NULL);
		REFUSED_KEEPS(dom, libiommu_domain_map_any(dom, at(mem), 0, RW, &iova, E),
			      EMPTY_RANGE, NULL);
		ck_assert_uint_eq(iova, 42);
	}
}

CASE(wraps, "4.1.6 a range that wraps around is -EOVERFLOW")
{
	const void *end = (const void *)(uintptr_t)(0 - PAGE);
	char *mem = memory(PAGE);
	int fd = memory_file(PAGE);

	EACH(dom)
	{
		REFUSED_KEEPS(dom, libiommu_domain_map(dom, 0 - PAGE, at(mem), 2 * PAGE, RW, E),
			      RANGE_WRAPS, NULL);
		REFUSED_KEEPS(dom, libiommu_domain_map(dom, PAGE, at(mem), 0 - PAGE, RW, E),
			      RANGE_WRAPS, NULL);
		REFUSED_KEEPS(dom, libiommu_domain_map(dom, IO(0), at(end), 2 * PAGE, RW, E),
			      RANGE_WRAPS, NULL);
		REFUSED_KEEPS(dom,
			      libiommu_domain_map(dom, IO(0), libiommu_source_file(fd, 0 - PAGE),
						  2 * PAGE, RW, E),
			      RANGE_WRAPS, NULL);
	}
}

CASE(no_protection, "4.1.6 neither read nor write is refused")
{
	char *mem = memory(PAGE);

	EACH(dom)
	REFUSED_KEEPS(dom, libiommu_domain_map(dom, IO(0), at(mem), PAGE, 0, E), NO_PROTECTION,
		      NULL);
}

CASE(unknown_protection, "4.1.6 unknown protection bits are refused")
{
	char *mem = memory(PAGE);

	EACH(dom)
	{
		REFUSED_KEEPS(dom, libiommu_domain_map(dom, IO(0), at(mem), PAGE, RW | 4, E),
			      UNKNOWN_FLAGS, NULL);
		REFUSED_KEEPS(dom, libiommu_domain_map(dom, IO(0), at(mem), PAGE, 0x80000001u, E),
			      UNKNOWN_FLAGS, NULL);
	}
}

CASE(source_of_no_kind, "mapping.h: a source of an unknown kind is refused")
{
	char *mem = memory(PAGE);
	struct libiommu_source source = at(mem);

	source.kind = (enum libiommu_source_kind)99;
	EACH(dom)
	REFUSED_KEEPS(dom, libiommu_domain_map(dom, IO(0), source, PAGE, RW, E), BAD_SOURCE, NULL);
}

CASE(outside_aperture, "4.1.6 beyond the aperture is refused")
{
	char *mem = memory(4 * PAGE);
	struct rig rig;
	uint64_t last;

	NEEDS(1, 0);
	rig = rig_attached(1);
	last = last_page(rig.dom);
	if (last + PAGE == 0)
		SKIP("the aperture is the whole 64-bit space");
	REFUSED_KEEPS(rig.dom, libiommu_domain_map(rig.dom, last + PAGE, at(mem), PAGE, RW, E),
		      OUTSIDE_APERTURE, NULL);
	REFUSED_KEEPS(rig.dom, libiommu_domain_map(rig.dom, last, at(mem), 2 * PAGE, RW, E),
		      OUTSIDE_APERTURE, NULL);
	REFUSED_KEEPS(rig.dom, libiommu_domain_map(rig.dom, 0 - PAGE, at(mem), PAGE, RW, E),
		      OUTSIDE_APERTURE, NULL);
}

CASE(reserved_region, "4.1.6 a reserved region is refused, touched from either side or inside")
{
	char *mem = memory(4 * PAGE);
	struct libiommu_range ranges[32];
	struct rig rig;
	uint64_t hole, end;

	NEEDS(1, 0);
	rig = rig_attached(1);
	hole = hole_start(rig.dom);
	if (!hole)
		SKIP("the aperture has no hole");
	ranges_of(rig.dom, ranges, COUNT(ranges));
	end = ranges[1].start;
	REFUSED_KEEPS(rig.dom, libiommu_domain_map(rig.dom, hole, at(mem), PAGE, RW, E),
		      RESERVED_REGION, NULL);
	REFUSED_KEEPS(rig.dom, libiommu_domain_map(rig.dom, hole - PAGE, at(mem), 2 * PAGE, RW, E),
		      RESERVED_REGION, NULL);
	REFUSED_KEEPS(rig.dom, libiommu_domain_map(rig.dom, end - PAGE, at(mem), 2 * PAGE, RW, E),
		      RESERVED_REGION, NULL);
	map(rig.dom, hole - PAGE, mem, PAGE);
	map(rig.dom, end, mem, PAGE);
}

CASE(ends_of_the_space, "4.1.7 the first and the last page of the 64-bit space can be named")
{
	struct rig rig = rig_new(0);
	struct libiommu_mapping mapping = LIBIOMMU_MAPPING_INIT;
	char *mem = memory(2 * PAGE);

	map(rig.dom, 0 - PAGE, mem, PAGE);
	map(rig.dom, 0, mem + PAGE, PAGE);
	found(rig.dom, 0 - PAGE, mem, PAGE);
	ck_assert_int_eq(libiommu_domain_find(rig.dom, NULL, UINT64_MAX, &mapping), 0);
	ck_assert_uint_eq(mapping.iova, 0 - PAGE);
	REFUSED_KEEPS(rig.dom, libiommu_domain_map(rig.dom, 0 - PAGE, at(mem), PAGE, RW, E),
		      MAPPING_EXISTS, range_name(0 - PAGE, PAGE));
	ck_assert_int_eq(libiommu_domain_next(rig.dom, NULL, PAGE, &mapping), 0);
	ck_assert_uint_eq(mapping.iova, 0 - PAGE);
	ck_assert_uint_eq(mapping.iova + mapping.length, 0);
	unmap(rig.dom, 0 - PAGE, PAGE, PAGE);
	unmap(rig.dom, 0, PAGE, PAGE);
}

CASE(last_page_of_the_aperture, "4.1.7 ranges are inclusive: the last page of each maps")
{
	struct libiommu_range ranges[32];
	char *mem = memory(PAGE);
	size_t count, i;
	struct rig rig;

	NEEDS(1, 0);
	rig = rig_attached(1);
	count = ranges_of(rig.dom, ranges, COUNT(ranges));
	for (i = 0; i < count; i++) {
		ck_assert_uint_le(ranges[i].start, ranges[i].last);
		map(rig.dom, ranges[i].last + 1 - PAGE, mem, PAGE);
		map(rig.dom, ranges[i].start, mem, PAGE);
		found(rig.dom, ranges[i].last + 1 - PAGE, mem, PAGE);
	}
	for (i = 0; i < count; i++) {
		unmap(rig.dom, ranges[i].last + 1 - PAGE, PAGE, PAGE);
		unmap(rig.dom, ranges[i].start, PAGE, PAGE);
	}
}

CASE(bad_memory, "4.1.6 memory that is not there is refused when something is attached")
{
	char *mem = memory(4 * PAGE);
	char *hole = no_memory(PAGE);
	struct rig rig;

	NEEDS(1, 0);
	rig = rig_attached(1);
	map(rig.dom, IO(0), mem, PAGE);
	REFUSED_KEEPS(rig.dom, libiommu_domain_map(rig.dom, IO(8), at(hole), PAGE, RW, E),
		      BAD_MEMORY, range_name(IO(8), PAGE));
	ck_assert_int_eq(mprotect(mem + 2 * PAGE, PAGE, PROT_NONE), 0);
	REFUSED_KEEPS(rig.dom, libiommu_domain_map(rig.dom, IO(8), at(mem), 4 * PAGE, RW, E),
		      BAD_MEMORY, range_name(IO(8), 4 * PAGE));
	map(rig.dom, IO(8), mem, 2 * PAGE);
}

CASE(read_only_memory, "4.1.6 read-only memory cannot be lent for writing")
{
	char *mem = memory(PAGE);
	struct rig rig;

	NEEDS(1, 0);
	rig = rig_attached(1);
	ck_assert_int_eq(mprotect(mem, PAGE, PROT_READ), 0);
	REFUSED_KEEPS(rig.dom, libiommu_domain_map(rig.dom, IO(0), at(mem), PAGE, RW, E),
		      BAD_MEMORY, NULL);
	map_prot(rig.dom, IO(0), mem, PAGE, LIBIOMMU_PROT_READ);
}

CASE(file_sources, "mapping.h: memory files are sources by descriptor and offset")
{
	char *mem = memory(PAGE);
	int fd = memory_file(8 * PAGE);

	EACH(dom)
	{
		OK(libiommu_domain_map(dom, IO(0), libiommu_source_file(fd, 0), 4 * PAGE, RW, E));
		OK(libiommu_domain_map(dom, IO(8), libiommu_source_file(fd, 4 * PAGE), 4 * PAGE, RW,
				       E));
		OK(libiommu_domain_map(dom, IO(16), libiommu_source_file(fd, 2 * PAGE), 4 * PAGE,
				       LIBIOMMU_PROT_READ, E));
		map(dom, IO(24), mem, PAGE);
		ck_assert_uint_eq(libiommu_domain_mapping_count(dom), 4);
		unmap(dom, IO(0), 24 * PAGE, 12 * PAGE);
	}
}

CASE(file_outlives_descriptor, "mapping.h: a file's descriptor is used during the call only")
{
	int fd = memfd_create("closed", MFD_CLOEXEC);
	char *view, *mem = memory(2 * PAGE);
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_attached(1);
	ck_assert_int_eq(ftruncate(fd, PAGE), 0);
	view = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(view, MAP_FAILED);
	OK(libiommu_domain_map(rig.dom, IO(0), libiommu_source_file(fd, 0), PAGE, RW, E));
	close(fd);
	edu = edu_open(rig.dev[0]);
	dma_reaches(&edu, IO(0), view);
	detach(rig.ep[0]);
	attach(rig.ep[0], rig.dom);
	OK(libiommu_device_set_bus_master(rig.dev[0], true, E));
	dma_reaches(&edu, IO(0), view);
	unmap(rig.dom, IO(0), PAGE, PAGE);
	map(rig.dom, IO(1), mem, PAGE);
	dma_misses(&edu, IO(0), view);
	munmap(view, PAGE);
}

CASE(bad_descriptors, "mapping.h: a descriptor that is not open, or not a memory file, is refused")
{
	int ends[2], small = memory_file(2 * PAGE), closed = 1 << 19;

	ck_assert_int_eq(pipe(ends), 0);
	keep_fd(ends[0]);
	keep_fd(ends[1]);
	EACH(dom)
	{
		REFUSED_KEEPS(
			dom,
			libiommu_domain_map(dom, IO(0), libiommu_source_file(-1, 0), PAGE, RW, E),
			BAD_FD, NULL);
		REFUSED_KEEPS(dom,
			      libiommu_domain_map(dom, IO(0), libiommu_source_file(closed, 0), PAGE,
						  RW, E),
			      BAD_FD, NULL);
		REFUSED_KEEPS(dom,
			      libiommu_domain_map(dom, IO(0), libiommu_source_file(ends[0], 0),
						  PAGE, RW, E),
			      BAD_FILE, NULL);
		REFUSED_KEEPS(dom,
			      libiommu_domain_map(dom, IO(0), libiommu_source_file(small, 0),
						  4 * PAGE, RW, E),
			      BAD_FILE, NULL);
		REFUSED_KEEPS(dom,
			      libiommu_domain_map(dom, IO(0), libiommu_source_file(small, 2 * PAGE),
						  PAGE, RW, E),
			      BAD_FILE, NULL);
	}
}

CASE(protection_changes_by_remapping, "4.1.9 protection is fixed; another one is unmap and map")
{
	char *mem = memory(PAGE);
	struct rig rig;

	NEEDS(1, 0);
	rig = rig_attached(1);
	ck_assert(!can(rig.dev[0], LIBIOMMU_CAP_REPROTECT));
	map(rig.dom, IO(0), mem, PAGE);
	REFUSED_KEEPS(rig.dom,
		      libiommu_domain_map(rig.dom, IO(0), at(mem), PAGE, LIBIOMMU_PROT_READ, E),
		      MAPPING_EXISTS, range_name(IO(0), PAGE));
	unmap(rig.dom, IO(0), PAGE, PAGE);
	map_prot(rig.dom, IO(0), mem, PAGE, LIBIOMMU_PROT_READ);
}

CASE(one_source_many_times, "4.1.1 a source may be mapped any number of times")
{
	char *mem = memory(PAGE);
	int i;

	EACH(dom)
	{
		for (i = 0; i < 100; i++)
			map(dom, IO(i), mem, PAGE);
		ck_assert_uint_eq(libiommu_domain_mapping_count(dom), 100);
		unmap(dom, IO(0), 100 * PAGE, 100 * PAGE);
	}
}

void suite_map(struct registry *registry)
{
	static const struct conformance_case *const cases[] = {
		&overlaps_are_refused,
		&neighbours_are_fine,
		&lowest_in_the_way_of_many,
		&misaligned,
		&misaligned_file_offset,
		&empty,
		&wraps,
		&no_protection,
		&unknown_protection,
		&source_of_no_kind,
		&outside_aperture,
		&reserved_region,
		&ends_of_the_space,
		&last_page_of_the_aperture,
		&bad_memory,
		&read_only_memory,
		&file_sources,
		&file_outlives_descriptor,
		&bad_descriptors,
		&protection_changes_by_remapping,
		&one_source_many_times,
	};

	add_cases(registry, "map", cases, COUNT(cases));
}
