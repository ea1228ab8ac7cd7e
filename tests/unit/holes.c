/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/holes.h"
#include "tests/unit/run.h"

#include <check.h>
#include <stdlib.h>

static struct holes holes;

static void add(uint64_t start)
{
	holes_add(&holes, start, start + 9);
}

START_TEST(what_lies_above_needs_no_hole)
{
	holes_reset(&holes);
	add(0);
	ck_assert_uint_eq(holes.count, 0);
	holes.full_below = 100;
	add(100);
	add(200);
	ck_assert_uint_eq(holes.count, 0);
	add(90);
	ck_assert_uint_eq(holes.count, 1);
	ck_assert_uint_eq(holes.hole[0].last, 99);
}
END_TEST

START_TEST(the_lowest_are_kept_in_order)
{
	holes_reset(&holes);
	holes.full_below = 10000;
	for (uint64_t i = 0; i < HOLES_MAX; i++)
		add(1000 + (i * 7 % HOLES_MAX) * 20);
	ck_assert_uint_eq(holes.count, HOLES_MAX);
	ck_assert_uint_eq(holes.full_below, 10000);
	for (size_t i = 0; i < HOLES_MAX; i++)
		ck_assert_uint_eq(holes.hole[i].start, 1000 + i * 20);
	/* One too many above, then one below. */
	add(5000);
	ck_assert_uint_eq(holes.full_below, 5000);
	ck_assert_uint_eq(holes.count, HOLES_MAX);
	add(500);
	ck_assert_uint_eq(holes.count, HOLES_MAX);
	ck_assert_uint_eq(holes.hole[0].start, 500);
	ck_assert_uint_eq(holes.hole[1].start, 1000);
	ck_assert_uint_eq(holes.full_below, 1000 + (HOLES_MAX - 1) * 20);
}
END_TEST

START_TEST(holes_go_and_sink)
{
	holes_reset(&holes);
	holes.full_below = 1000;
	add(100);
	add(200);
	add(300);
	holes_drop(&holes, 1);
	ck_assert_uint_eq(holes.count, 2);
	ck_assert_uint_eq(holes.hole[1].start, 300);
	ck_assert(!holes_sink(&holes, 0));
	ck_assert(!holes_sink(&holes, 1));
	holes.hole[0].start = 305;
	ck_assert(holes_sink(&holes, 0));
	ck_assert_uint_eq(holes.hole[0].start, 300);
	ck_assert_uint_eq(holes.hole[1].start, 305);
	ck_assert_uint_eq(holes.hole[1].last, 109);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("holes");
	TCase *tcase = tcase_create("holes");

	tcase_add_test(tcase, what_lies_above_needs_no_hole);
	tcase_add_test(tcase, the_lowest_are_kept_in_order);
	tcase_add_test(tcase, holes_go_and_sink);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
