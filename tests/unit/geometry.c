/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/geometry.h"
#include "tests/unit/run.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>

static const struct libiommu_range some[] = {
	{ 0x1000, 0x1fff },
	{ 0x3000, 0x5fff },
	{ UINT64_MAX - 0xfff, UINT64_MAX },
};

START_TEST(find_gives_the_holder_or_the_next)
{
	ck_assert_uint_eq(libiommu_ranges_find(some, 3, 0), 0);
	ck_assert_uint_eq(libiommu_ranges_find(some, 3, 0x1fff), 0);
	ck_assert_uint_eq(libiommu_ranges_find(some, 3, 0x2000), 1);
	ck_assert_uint_eq(libiommu_ranges_find(some, 3, UINT64_MAX), 2);
	ck_assert_uint_eq(libiommu_ranges_find(some, 2, 0x6000), 2);
	ck_assert_uint_eq(libiommu_ranges_find(some, 0, 0), 0);
}
END_TEST

START_TEST(hold_wants_one_range)
{
	ck_assert(libiommu_ranges_hold(some, 3, 0x3000, 0x5fff));
	ck_assert(libiommu_ranges_hold(some, 3, UINT64_MAX, UINT64_MAX));
	ck_assert(!libiommu_ranges_hold(some, 3, 0x1000, 0x3000));
	ck_assert(!libiommu_ranges_hold(some, 3, 0x5000, 0x6000));
	ck_assert(!libiommu_ranges_hold(some, 3, 0x2000, 0x2fff));
}
END_TEST

START_TEST(valid_is_ascending_without_overlap)
{
	static const struct libiommu_range touching[] = { { 0, 9 }, { 10, 19 } };
	static const struct libiommu_range overlap[] = { { 0, 10 }, { 10, 19 } };
	static const struct libiommu_range order[] = { { 10, 19 }, { 0, 9 } };
	static const struct libiommu_range backward[] = { { 10, 9 } };

	ck_assert(libiommu_ranges_valid(some, 3));
	ck_assert(libiommu_ranges_valid(NULL, 0));
	ck_assert(libiommu_ranges_valid(touching, 2));
	ck_assert(!libiommu_ranges_valid(overlap, 2));
	ck_assert(!libiommu_ranges_valid(order, 2));
	ck_assert(!libiommu_ranges_valid(backward, 1));
}
END_TEST

static bool model_has(const struct libiommu_range *ranges, size_t count, uint64_t x)
{
	for (size_t i = 0; i < count; i++)
		if (ranges[i].start <= x && x <= ranges[i].last)
			return true;
	return false;
}

static size_t random_ranges(struct libiommu_range *out, uint64_t limit)
{
	uint64_t at = (uint64_t)rand() % 8;
	size_t n = 0;

	while (at < limit && n < 8) {
		out[n].start = at;
		out[n].last = at + (uint64_t)rand() % 8;
		at = out[n++].last + 1 + (uint64_t)rand() % 8;
	}
	return n;
}

START_TEST(common_ranges_are_the_intersection)
{
	struct libiommu_range a[8], b[8], common;

	srand((unsigned int)_i + 1);
	for (int round = 0; round < 500; round++) {
		size_t a_count = random_ranges(a, 64), b_count = random_ranges(b, 64);
		uint64_t from = 0;

		for (uint64_t x = 0; x < 80; x++) {
			bool both = model_has(a, a_count, x) && model_has(b, b_count, x);
			bool found =
				libiommu_ranges_next_common(a, a_count, b, b_count, x, &common);

			ck_assert_msg(both == (found && common.start <= x && x <= common.last),
				      "seed %d, round %d, address %d", _i + 1, round, (int)x);
		}
		while (libiommu_ranges_next_common(a, a_count, b, b_count, from, &common)) {
			ck_assert_uint_ge(common.last, from);
			from = common.last + 1;
		}
	}
}
END_TEST

static size_t live_bytes;
static int fail_at;

static void *counted_alloc(void *data, size_t length, size_t alignment)
{
	(void)data;
	(void)alignment;
	if (fail_at && --fail_at == 0)
		return NULL;
	live_bytes += length;
	return calloc(1, length);
}

static void counted_free(void *data, void *memory, size_t length)
{
	(void)data;
	live_bytes -= length;
	free(memory);
}

static const struct libiommu_allocator counted = {
	.size = sizeof(counted),
	.alloc = counted_alloc,
	.free = counted_free,
};

START_TEST(ranges_grow_and_are_given_back_to_the_byte)
{
	const struct libiommu_backend_env env = { .size = sizeof(env), .allocator = &counted };
	struct libiommu_geometry g = { 0 };

	for (uint64_t n = 0; n < 40; n++) {
		for (uint64_t i = 0; i < n; i++)
			ck_assert_int_eq(libiommu_geometry_add(&env, &g, i * 16, i * 16 + 7, NULL),
					 0);
		ck_assert_uint_eq(g.count, n);
		for (uint64_t i = 0; i < n; i++)
			ck_assert_uint_eq(g.ranges[i].start, i * 16);
		libiommu_geometry_clear(&env, &g);
		ck_assert_uint_eq(live_bytes, 0);
		ck_assert_uint_eq(g.count, 0);
	}
}
END_TEST

START_TEST(a_range_that_does_not_fit_leaves_the_others)
{
	const struct libiommu_backend_env env = { .size = sizeof(env), .allocator = &counted };
	struct libiommu_geometry g = { 0 };
	struct libiommu_failure f = { 0 };

	ck_assert_int_eq(libiommu_geometry_add(&env, &g, 0, 1, &f), 0);
	ck_assert_int_eq(libiommu_geometry_add(&env, &g, 2, 3, &f), 0);
	fail_at = 1;
	ck_assert_int_eq(libiommu_geometry_add(&env, &g, 4, 5, &f), -ENOMEM);
	ck_assert_int_eq(f.reason, LIBIOMMU_REASON_NO_MEMORY);
	ck_assert_uint_eq(g.count, 2);
	ck_assert_uint_eq(g.ranges[1].start, 2);
	libiommu_geometry_clear(&env, &g);
	ck_assert_uint_eq(live_bytes, 0);
}
END_TEST

START_TEST(check_names_the_mapping_that_does_not_fit)
{
	struct libiommu_range ranges[] = { { 0, 0xffff }, { 0x20000, 0x2ffff } };
	struct libiommu_geometry g = { .page_min = 4096, .count = 2, .ranges = ranges };
	struct libiommu_backend_map maps[] = {
		{ .iova = 0x1000, .length = 0x1000 },
		{ .iova = 0xf000, .length = 0x2000 },
	};
	struct libiommu_failure f = { 0 };

	ck_assert_int_eq(libiommu_geometry_check(&g, maps, 1, &f), 0);
	ck_assert_int_eq(libiommu_geometry_check(&g, maps, 2, &f), -EADDRINUSE);
	ck_assert_int_eq(f.reason, LIBIOMMU_REASON_MAPPING_CONFLICT);
	ck_assert_str_eq(f.subject, "0xf000-0x10fff");
	g.page_min = 0x4000;
	ck_assert_int_eq(libiommu_geometry_check(&g, maps, 1, &f), -EADDRINUSE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("geometry");
	TCase *tcase = tcase_create("geometry");

	tcase_add_test(tcase, find_gives_the_holder_or_the_next);
	tcase_add_test(tcase, hold_wants_one_range);
	tcase_add_test(tcase, valid_is_ascending_without_overlap);
	tcase_add_loop_test(tcase, common_ranges_are_the_intersection, 0, 4);
	tcase_add_test(tcase, ranges_grow_and_are_given_back_to_the_byte);
	tcase_add_test(tcase, a_range_that_does_not_fit_leaves_the_others);
	tcase_add_test(tcase, check_names_the_mapping_that_does_not_fit);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
