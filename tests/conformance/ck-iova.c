// SPDX-License-Identifier: BSD-2-Clause
/* 4.1.10 and map_any: where the library puts mappings, and where it may. */
#include "helpers.h"

#include <errno.h>

static uint64_t map_any(struct libiommu_domain *dom, const void *mem, uint64_t length)
{
	uint64_t iova = 0;

	OK(libiommu_domain_map_any(dom, at(mem), length, RW, &iova, E));
	ck_assert_uint_ne(iova, 0);
	found(dom, iova, mem, length);
	return iova;
}

static void allow(struct libiommu_domain *dom, uint64_t start, uint64_t length)
{
	struct libiommu_range range = { start, start + length - 1 };

	OK(libiommu_domain_set_allowed(dom, &range, 1, E));
}

CASE(chosen_first_fit, "mapping.h: the library chooses the lowest free IOVA, never 0")
{
	struct rig rig = rig_new(0);
	char *mem = memory(64 * PAGE);
	uint64_t iova[8];
	int i;

	for (i = 0; i < 8; i++) {
		iova[i] = map_any(rig.dom, mem + i * PAGE, PAGE);
		ck_assert_uint_eq(iova[i] % PAGE, 0);
		if (i)
			ck_assert_uint_gt(iova[i], iova[i - 1]);
	}
	ck_assert_uint_lt(iova[7], 64 * MIB);
	unmap(rig.dom, iova[3], PAGE, PAGE);
	ck_assert_uint_eq(map_any(rig.dom, mem + 3 * PAGE, PAGE), iova[3]);
}

CASE(chosen_never_zero, "mapping.h: IOVA 0 is never chosen, even when nothing else is free")
{
	struct rig rig = rig_new(0);
	char *mem = memory(PAGE);
	uint64_t iova = 42;

	allow(rig.dom, 0, PAGE);
	REFUSED_KEEPS(rig.dom, libiommu_domain_map_any(rig.dom, at(mem), PAGE, RW, &iova, E),
		      IOVA_EXHAUSTED, NULL);
	ck_assert_uint_eq(iova, 42);
	map(rig.dom, 0, mem, PAGE);
}

CASE(chosen_in_allowed, "4.1.10 a chosen IOVA lies in the allowed list, in order of the list")
{
	struct libiommu_range allowed[] = { { IO(10), IO(12) - 1 }, { IO(20), IO(24) - 1 } };
	struct rig rig = rig_new(0);
	char *mem = memory(8 * PAGE);

	OK(libiommu_domain_set_allowed(rig.dom, allowed, 2, E));
	ck_assert_uint_eq(map_any(rig.dom, mem, PAGE), IO(10));
	ck_assert_uint_eq(map_any(rig.dom, mem + PAGE, 2 * PAGE), IO(20));
	ck_assert_uint_eq(map_any(rig.dom, mem + 3 * PAGE, PAGE), IO(11));
	ck_assert_uint_eq(map_any(rig.dom, mem + 4 * PAGE, 2 * PAGE), IO(22));
}

CASE(iovas_exhausted, "4.5.2 iova-exhausted when no free range is long enough")
{
	struct rig rig = rig_new(0);
	char *mem = memory(16 * PAGE);
	uint64_t iova = 42;
	int i;

	allow(rig.dom, IO(0), 8 * PAGE);
	for (i = 0; i < 8; i++)
		map_any(rig.dom, mem + i * PAGE, PAGE);
	REFUSED_KEEPS(rig.dom, libiommu_domain_map_any(rig.dom, at(mem), PAGE, RW, &iova, E),
		      IOVA_EXHAUSTED, NULL);
	unmap(rig.dom, IO(2), PAGE, PAGE);
	unmap(rig.dom, IO(5), PAGE, PAGE);
	REFUSED_KEEPS(rig.dom, libiommu_domain_map_any(rig.dom, at(mem), 2 * PAGE, RW, &iova, E),
		      IOVA_EXHAUSTED, NULL);
	ck_assert_uint_eq(iova, 42);
	ck_assert_uint_eq(map_any(rig.dom, mem, PAGE), IO(2));
	ck_assert_uint_eq(map_any(rig.dom, mem, PAGE), IO(5));
}

CASE(chosen_congruent, "mapping.h: large maps lie at their source's offset within a large page")
{
	const uint64_t offsets[] = { 0, PAGE, 7 * PAGE, 2 * MIB - PAGE };
	struct rig rig = rig_new(0);
	char *mem;
	uint64_t iova;
	size_t i;

	for (i = 0; i < COUNT(offsets); i++) {
		mem = aligned_memory(8 * MIB, 2 * MIB, offsets[i]);
		iova = map_any(rig.dom, mem, 4 * MIB);
		ck_assert_uint_eq(iova % (2 * MIB), offsets[i]);
	}
}

CASE(chosen_in_usable_ranges, "mapping.h: chosen IOVAs lie where every endpoint can translate")
{
	struct libiommu_range ranges[32];
	struct rig rig;
	char *mem = memory(8 * PAGE);
	uint64_t hole, iova;
	size_t count, i;
	bool inside;

	NEEDS(1, 0);
	rig = rig_attached(1);
	hole = hole_start(rig.dom);
	if (!hole)
		SKIP("the aperture has no hole");
	/* Room for one page below the hole; the next must jump over it. */
	count = ranges_of(rig.dom, ranges, COUNT(ranges));
	allow(rig.dom, hole - PAGE, ranges[1].start - hole + 64 * MIB);
	ck_assert_uint_eq(map_any(rig.dom, mem, PAGE), hole - PAGE);
	iova = map_any(rig.dom, mem + PAGE, 4 * PAGE);
	for (i = 0, inside = false; i < count; i++)
		inside |= iova >= ranges[i].start && iova + 4 * PAGE - 1 <= ranges[i].last;
	ck_assert_msg(inside, "0x%" PRIx64 " is not usable", iova);
	ck_assert_uint_gt(iova, hole);
}

CASE(chosen_up_to_the_end, "4.1.7 the last page of the aperture can be chosen")
{
	struct rig rig;
	char *mem = memory(PAGE);
	uint64_t last, iova;

	NEEDS(1, 0);
	rig = rig_attached(1);
	last = last_page(rig.dom);
	allow(rig.dom, last - PAGE, 2 * PAGE);
	ck_assert_uint_eq(map_any(rig.dom, mem, PAGE), last - PAGE);
	ck_assert_uint_eq(map_any(rig.dom, mem, PAGE), last);
	REFUSED_KEEPS(rig.dom, libiommu_domain_map_any(rig.dom, at(mem), PAGE, RW, &iova, E),
		      IOVA_EXHAUSTED, NULL);
}

CASE(chosen_of_a_file, "mapping.h: files are mapped where the library chooses, too")
{
	struct rig rig = rig_new(0);
	int fd = memory_file(4 * PAGE);
	uint64_t iova = 0;

	OK(libiommu_domain_map_any(rig.dom, libiommu_source_file(fd, PAGE), 2 * PAGE, RW, &iova,
				   E));
	ck_assert_uint_ne(iova, 0);
	unmap(rig.dom, iova, 2 * PAGE, 2 * PAGE);
}

static struct libiommu_map_request guarded(const void *mem, uint64_t length, uint64_t guard)
{
	struct libiommu_map_request request = LIBIOMMU_MAP_REQUEST_INIT;

	request.any_iova = true;
	request.length = length;
	request.prot = RW;
	request.source = at(mem);
	request.guard = guard;
	return request;
}

static uint64_t map_guarded(struct libiommu_domain *dom, const void *mem, uint64_t length,
			    uint64_t guard)
{
	struct libiommu_map_request request = guarded(mem, length, guard);

	OK(libiommu_domain_map_batch(dom, &request, 1, NULL, E));
	found(dom, request.iova, mem, length);
	return request.iova;
}

CASE(guards_share_their_bytes, "4.1.11 mappings are apart by the larger of their guards")
{
	struct rig rig = rig_new(0);
	char *mem = memory(8 * PAGE);

	allow(rig.dom, IO(0), 64 * PAGE);
	map(rig.dom, IO(0), mem, PAGE);
	ck_assert_uint_eq(map_guarded(rig.dom, mem + PAGE, 2 * PAGE, 3 * PAGE), IO(4));
	ck_assert_uint_eq(map_any(rig.dom, mem + 3 * PAGE, PAGE), IO(9));
	ck_assert_uint_eq(map_guarded(rig.dom, mem + 4 * PAGE, PAGE, PAGE), IO(11));
	ck_assert_uint_eq(map_guarded(rig.dom, mem + 5 * PAGE, PAGE, 4 * PAGE), IO(16));
	ck_assert_uint_eq(libiommu_domain_mapping_count(rig.dom), 5);
}

CASE(guards_keep_fixed_maps_out,
     "4.1.11 a fixed map into a guard is refused; the guard goes with the mapping")
{
	struct rig rig = rig_new(0);
	char *mem = memory(8 * PAGE);
	uint64_t iova;

	allow(rig.dom, IO(0), 64 * PAGE);
	iova = map_guarded(rig.dom, mem, 2 * PAGE, 2 * PAGE);
	ck_assert_uint_eq(iova, IO(0));
	REFUSED_KEEPS(rig.dom, libiommu_domain_map(rig.dom, IO(2), at(mem), PAGE, RW, E),
		      MAPPING_EXISTS, range_name(iova, 2 * PAGE));
	REFUSED_KEEPS(rig.dom, libiommu_domain_map(rig.dom, IO(3), at(mem), 4 * PAGE, RW, E),
		      MAPPING_EXISTS, range_name(iova, 2 * PAGE));
	OK(libiommu_domain_set_allowed(rig.dom, NULL, 0, E));
	REFUSED_KEEPS(rig.dom, libiommu_domain_map(rig.dom, IO(-1), at(mem), PAGE, RW, E),
		      MAPPING_EXISTS, range_name(iova, 2 * PAGE));
	map(rig.dom, IO(-3), mem, PAGE);
	map(rig.dom, IO(4), mem, PAGE);
	unmap(rig.dom, iova, 2 * PAGE, 2 * PAGE);
	map(rig.dom, IO(3), mem, PAGE);
	map(rig.dom, IO(-1), mem, PAGE);
}

CASE(guards_are_not_mapped, "4.1.11 lookups and unmaps see the mapping, not its guard")
{
	struct libiommu_mapping next = LIBIOMMU_MAPPING_INIT;
	struct rig rig = rig_new(0);
	char *mem = memory(2 * PAGE);
	uint64_t iova = map_guarded(rig.dom, mem, 2 * PAGE, 2 * PAGE), removed = 0;

	not_found(rig.dom, iova - 1);
	not_found(rig.dom, iova + 2 * PAGE);
	OK(libiommu_domain_next(rig.dom, NULL, 0, &next));
	ck_assert_uint_eq(next.iova, iova);
	ck_assert_uint_eq(next.length, 2 * PAGE);
	ck_assert_int_eq(libiommu_domain_next(rig.dom, NULL, iova + 2 * PAGE, &next), -ENOENT);
	REFUSED_KEEPS(rig.dom, libiommu_domain_unmap(rig.dom, iova - PAGE, PAGE, &removed, E),
		      NOT_MAPPED, NULL);
	unmap(rig.dom, iova - PAGE, 4 * PAGE, 2 * PAGE);
	ck_assert_uint_eq(libiommu_domain_mapping_count(rig.dom), 0);
}

CASE(guards_outside_the_ranges, "4.1.11 a guard need not lie where mappings can")
{
	struct rig rig;
	char *mem = memory(PAGE);
	uint64_t last;

	NEEDS(1, 0);
	rig = rig_attached(1);
	last = last_page(rig.dom);
	if (UINT64_MAX - last < 32 * PAGE)
		last -= 32 * PAGE; /* the aperture ends where addresses end */
	allow(rig.dom, last, PAGE);
	ck_assert_uint_eq(map_guarded(rig.dom, mem, PAGE, 16 * PAGE), last);
	detach(rig.ep[0]);
	attach(rig.ep[0], rig.dom);
	found(rig.dom, last, mem, PAGE);
}

CASE(guards_refused, "4.1.11 fixed-guard, misaligned, and a guard that would not fit anywhere")
{
	struct rig rig = rig_new(0);
	char *mem = memory(PAGE);
	struct libiommu_map_request request = guarded(mem, PAGE, PAGE);
	size_t failed = 42;

	request.any_iova = false;
	request.iova = IO(0);
	REFUSED_KEEPS(rig.dom, libiommu_domain_map_batch(rig.dom, &request, 1, &failed, E),
		      FIXED_GUARD, range_name(IO(0), PAGE));
	ck_assert_uint_eq(failed, 0);
	request = guarded(mem, PAGE, PAGE / 2);
	REFUSED_KEEPS(rig.dom, libiommu_domain_map_batch(rig.dom, &request, 1, NULL, E), MISALIGNED,
		      NULL);
	request = guarded(mem, PAGE, UINT64_C(1) << 63);
	REFUSED_KEEPS(rig.dom, libiommu_domain_map_batch(rig.dom, &request, 1, NULL, E),
		      IOVA_EXHAUSTED, NULL);
	request = guarded(mem, PAGE, -PAGE);
	REFUSED_KEEPS(rig.dom, libiommu_domain_map_batch(rig.dom, &request, 1, NULL, E),
		      IOVA_EXHAUSTED, NULL);
	ck_assert_uint_eq(request.iova, 0);
}

CASE(guards_within_a_batch, "4.1.11 what a batch maps keeps the guards of its neighbours")
{
	struct libiommu_map_request requests[3];
	struct rig rig = rig_new(0);
	char *mem = memory(8 * PAGE);
	size_t failed = 42;

	allow(rig.dom, IO(0), 8 * PAGE);
	requests[0] = guarded(mem, PAGE, PAGE);
	requests[1] = guarded(mem + PAGE, PAGE, 2 * PAGE);
	requests[2] = guarded(mem + 2 * PAGE, PAGE, 4 * PAGE);
	REFUSED_KEEPS(rig.dom, libiommu_domain_map_batch(rig.dom, requests, 3, &failed, E),
		      IOVA_EXHAUSTED, NULL);
	ck_assert_uint_eq(failed, 2);
	requests[2].guard = 3 * PAGE;
	OK(libiommu_domain_map_batch(rig.dom, requests, 3, NULL, E));
	ck_assert_uint_eq(requests[0].iova, IO(0));
	ck_assert_uint_eq(requests[1].iova, IO(3));
	ck_assert_uint_eq(requests[2].iova, IO(7));
}

CASE(allowed_binds_fixed_maps, "4.1.10 the allowed list binds maps at the caller's IOVA")
{
	struct libiommu_range allowed[] = { { IO(10), IO(12) - 1 }, { IO(20), IO(24) - 1 } };
	struct rig rig = rig_new(0);
	char *mem = memory(16 * PAGE);

	OK(libiommu_domain_set_allowed(rig.dom, allowed, 2, E));
	map(rig.dom, IO(11), mem, PAGE);
	map(rig.dom, IO(20), mem, 4 * PAGE);
	REFUSED_KEEPS(rig.dom, libiommu_domain_map(rig.dom, IO(9), at(mem), PAGE, RW, E),
		      OUTSIDE_ALLOWED, NULL);
	REFUSED_KEEPS(rig.dom, libiommu_domain_map(rig.dom, IO(12), at(mem), PAGE, RW, E),
		      OUTSIDE_ALLOWED, NULL);
	unmap(rig.dom, IO(11), PAGE, PAGE);
	REFUSED_KEEPS(rig.dom, libiommu_domain_map(rig.dom, IO(11), at(mem), 2 * PAGE, RW, E),
		      OUTSIDE_ALLOWED, NULL);
	REFUSED_KEEPS(rig.dom, libiommu_domain_map(rig.dom, IO(9), at(mem), 2 * PAGE, RW, E),
		      OUTSIDE_ALLOWED, NULL);
	OK(libiommu_domain_set_allowed(rig.dom, NULL, 0, E));
	map(rig.dom, IO(9), mem, 2 * PAGE);
}

CASE(allowed_against_mappings, "4.1.10 the list is refused when a mapping would lie outside")
{
	struct rig rig = rig_new(0);
	char *mem = memory(16 * PAGE);
	struct libiommu_range range = { IO(0), IO(6) - 1 };

	map(rig.dom, IO(2), mem, PAGE);
	map(rig.dom, IO(5), mem, 2 * PAGE);
	REFUSED_KEEPS(rig.dom, libiommu_domain_set_allowed(rig.dom, &range, 1, E), OUTSIDE_ALLOWED,
		      range_name(IO(5), 2 * PAGE));
	range.last = IO(7) - 1;
	OK(libiommu_domain_set_allowed(rig.dom, &range, 1, E));
	range.start = IO(3);
	REFUSED_KEEPS(rig.dom, libiommu_domain_set_allowed(rig.dom, &range, 1, E), OUTSIDE_ALLOWED,
		      range_name(IO(2), PAGE));
	/* The refused list is not in force. */
	map(rig.dom, IO(0), mem, PAGE);
}

CASE(allowed_adjacent_ranges, "4.1.10 a map may lie in two allowed ranges that touch")
{
	struct libiommu_range touching[] = { { IO(0), IO(2) - 1 }, { IO(2), IO(4) - 1 } };
	struct rig rig = rig_new(0);
	char *mem = memory(4 * PAGE);

	OK(libiommu_domain_set_allowed(rig.dom, touching, 2, E));
	map(rig.dom, IO(1), mem, 2 * PAGE);
}

CASE(allowed_must_be_in_order, "domain.h: ranges ascend, without overlap, start at most last")
{
	struct libiommu_range back[] = { { IO(4), IO(5) - 1 }, { IO(0), IO(1) - 1 } };
	struct libiommu_range over[] = { { IO(0), IO(5) - 1 }, { IO(4), IO(8) - 1 } };
	struct libiommu_range same[] = { { IO(0), IO(1) - 1 }, { IO(0), IO(1) - 1 } };
	struct libiommu_range turned = { IO(1), IO(0) };
	struct rig rig = rig_new(0);
	char *mem = memory(PAGE);

	REFUSED(libiommu_domain_set_allowed(rig.dom, back, 2, E), BAD_RANGES, NULL);
	REFUSED(libiommu_domain_set_allowed(rig.dom, over, 2, E), BAD_RANGES, NULL);
	REFUSED(libiommu_domain_set_allowed(rig.dom, same, 2, E), BAD_RANGES, NULL);
	REFUSED(libiommu_domain_set_allowed(rig.dom, &turned, 1, E), BAD_RANGES, NULL);
	REFUSED(libiommu_domain_set_allowed(rig.dom, NULL, 1, E), NULL_ARGUMENT, NULL);
	map(rig.dom, IO(100), mem, PAGE);
}

CASE(allowed_cuts_ranges, "domain.h: the domain's ranges are cut by what is allowed")
{
	struct libiommu_range allowed[] = { { IO(0), IO(2) - 1 }, { IO(4), IO(8) - 1 } }, ranges[4];
	struct rig rig = rig_new(0);
	size_t count = 0;

	ck_assert_uint_eq(ranges_of(rig.dom, ranges, 4), 1);
	ck_assert_uint_eq(ranges[0].start, 0);
	ck_assert_uint_eq(ranges[0].last, UINT64_MAX);
	OK(libiommu_domain_set_allowed(rig.dom, allowed, 2, E));
	REFUSED(libiommu_domain_iova_ranges(rig.dom, NULL, &count, E), BUFFER_TOO_SMALL, NULL);
	ck_assert_uint_eq(count, 2);
	count = 1;
	REFUSED(libiommu_domain_iova_ranges(rig.dom, ranges, &count, E), BUFFER_TOO_SMALL, NULL);
	ck_assert_uint_eq(count, 2);
	ck_assert_uint_eq(ranges_of(rig.dom, ranges, 4), 2);
	ck_assert_uint_eq(ranges[0].start, IO(0));
	ck_assert_uint_eq(ranges[0].last, IO(2) - 1);
	ck_assert_uint_eq(ranges[1].start, IO(4));
	ck_assert_uint_eq(ranges[1].last, IO(8) - 1);
}

CASE(ranges_follow_endpoints, "domain.h: ranges narrow with an attach and widen with a detach")
{
	struct libiommu_range before[32], after[32], device_ranges[32];
	size_t count = 32, n, i;
	struct rig rig;

	NEEDS(1, 0);
	rig = rig_new(1);
	ck_assert_uint_eq(ranges_of(rig.dom, before, 32), 1);
	attach(rig.ep[0], rig.dom);
	n = ranges_of(rig.dom, after, 32);
	ck_assert(n > 1 || after[0].last < UINT64_MAX || after[0].start > 0 ||
		  !can(rig.dev[0], LIBIOMMU_CAP_ADDRESS_BITS));
	for (i = 1; i < n; i++)
		ck_assert_uint_gt(after[i].start, after[i - 1].last);
	OK(libiommu_device_iova_ranges(rig.dev[0], device_ranges, &count, E));
	ck_assert_uint_eq(count, n);
	for (i = 0; i < n; i++) {
		ck_assert_uint_eq(device_ranges[i].start, after[i].start);
		ck_assert_uint_eq(device_ranges[i].last, after[i].last);
	}
	detach(rig.ep[0]);
	ck_assert_uint_eq(ranges_of(rig.dom, before, 32), 1);
	ck_assert_uint_eq(before[0].start, 0);
	ck_assert_uint_eq(before[0].last, UINT64_MAX);
}

CASE(device_ranges_before_attach, "device.h: ranges before an attach, or needs-attach")
{
	struct libiommu_range ranges[32];
	size_t count = 32;
	struct rig rig;

	NEEDS(1, 0);
	rig = rig_new(1);
	if (libiommu_device_iova_ranges(rig.dev[0], ranges, &count, NULL) == 0) {
		ck_assert_uint_ge(count, 1);
		count = 0;
		REFUSED(libiommu_device_iova_ranges(rig.dev[0], NULL, &count, E), BUFFER_TOO_SMALL,
			NULL);
		ck_assert_uint_ge(count, 1);
		return;
	}
	count = 32;
	REFUSED(libiommu_device_iova_ranges(rig.dev[0], ranges, &count, E), NEEDS_ATTACH,
		target->alone[0]);
	attach(rig.ep[0], rig.dom);
	count = 32;
	OK(libiommu_device_iova_ranges(rig.dev[0], ranges, &count, E));
	ck_assert_uint_ge(count, 1);
}

CASE(address_capabilities, "4.4.2 page sizes and address width agree with the ranges")
{
	struct libiommu_cap_answer bits = LIBIOMMU_CAP_ANSWER_INIT;
	struct libiommu_cap_answer sizes = LIBIOMMU_CAP_ANSWER_INIT;
	struct rig rig;
	uint64_t last;

	NEEDS(1, 0);
	rig = rig_attached(1);
	last = last_page(rig.dom) + (PAGE - 1);
	OK(libiommu_device_cap(rig.dev[0], LIBIOMMU_CAP_ADDRESS_BITS, &bits, E));
	ck_assert_int_eq(bits.answer, LIBIOMMU_ANSWER_YES);
	ck_assert_uint_le(bits.value, 64);
	if (bits.value < 64)
		ck_assert_uint_eq(last >> bits.value, 0);
	ck_assert_uint_eq(last >> (bits.value - 1), 1);
	OK(libiommu_device_cap(rig.dev[0], LIBIOMMU_CAP_PAGE_SIZES, &sizes, E));
	if (sizes.answer == LIBIOMMU_ANSWER_UNKNOWN)
		SKIP("page sizes are not told");
	ck_assert_int_eq(sizes.answer, LIBIOMMU_ANSWER_YES);
	ck_assert_uint_ne(sizes.value & libiommu_domain_page_size(rig.dom), 0);
}

void suite_iova(struct registry *registry)
{
	static const struct conformance_case *const cases[] = {
		&chosen_first_fit,
		&chosen_never_zero,
		&chosen_in_allowed,
		&iovas_exhausted,
		&chosen_congruent,
		&chosen_in_usable_ranges,
		&chosen_up_to_the_end,
		&chosen_of_a_file,
		&guards_share_their_bytes,
		&guards_keep_fixed_maps_out,
		&guards_are_not_mapped,
		&guards_outside_the_ranges,
		&guards_refused,
		&guards_within_a_batch,
		&allowed_binds_fixed_maps,
		&allowed_against_mappings,
		&allowed_adjacent_ranges,
		&allowed_must_be_in_order,
		&allowed_cuts_ranges,
		&ranges_follow_endpoints,
		&device_ranges_before_attach,
		&address_capabilities,
	};

	add_cases(registry, "iova", cases, COUNT(cases));
}
