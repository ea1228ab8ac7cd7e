/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/reclaim.h"
#include "tests/unit/run.h"

#include <check.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

static struct reclaim reclaim;
static int freed;

static void count_free(void *data, struct reclaim_item *item)
{
	ck_assert_ptr_eq(data, &reclaim);
	free(item);
	freed++;
}

static void setup(void)
{
	freed = 0;
	ck_assert_int_eq(reclaim_init(&reclaim, count_free, &reclaim), 0);
}

static void retire(int count)
{
	while (count--)
		reclaim_retire(&reclaim, calloc(1, sizeof(struct reclaim_item)));
}

START_TEST(nothing_is_freed_while_an_older_lookup_runs)
{
	struct reclaim_slot slot;
	struct reclaim_guard guard;

	reclaim_add_slot(&reclaim, &slot);
	guard = reclaim_enter(&reclaim, _i ? &slot : NULL);
	retire(1000);
	ck_assert_int_eq(freed, 0);
	reclaim_leave(guard);
	retire(1000);
	ck_assert_int_gt(freed, 1500);
	reclaim_remove_slot(&reclaim, &slot);
	reclaim_destroy(&reclaim);
	ck_assert_int_eq(freed, 2000);
}
END_TEST

START_TEST(a_chain_is_retired_whole)
{
	struct reclaim_item *chain = NULL;

	for (int i = 0; i < 5; i++) {
		struct reclaim_item *item = calloc(1, sizeof(*item));

		item->next = chain;
		chain = item;
	}
	reclaim_retire(&reclaim, chain);
	reclaim_retire(&reclaim, NULL);
	reclaim_synchronize(&reclaim);
	ck_assert_int_eq(freed, 5);
	reclaim_destroy(&reclaim);
}
END_TEST

START_TEST(what_nobody_sees_is_used_again)
{
	struct reclaim_guard guard = reclaim_enter(&reclaim, NULL);
	struct reclaim_item *first = calloc(1, sizeof(*first)), *item;
	int reused = 0;

	reclaim_retire(&reclaim, first);
	retire(100);
	ck_assert_ptr_null(reclaim_reuse(&reclaim));
	reclaim_leave(guard);
	retire(100);
	ck_assert_ptr_eq(reclaim_reuse(&reclaim), first);
	free(first);
	while ((item = reclaim_reuse(&reclaim))) {
		free(item);
		reused++;
	}
	ck_assert_int_gt(reused, 100);
	ck_assert_int_eq(freed, 0);
	/* A bounded number waits for that. */
	retire(2000);
	ck_assert_int_gt(freed, 1600);
	reclaim_synchronize(&reclaim);
	ck_assert_int_eq(freed + reused, 2200);
	ck_assert_ptr_null(reclaim_reuse(&reclaim));
	reclaim_destroy(&reclaim);
	ck_assert_int_eq(freed + reused, 2200);
}
END_TEST

static _Atomic int phase;

static void *look_up(void *argument)
{
	struct reclaim_guard guard = reclaim_enter(&reclaim, argument);

	atomic_store(&phase, 1);
	while (atomic_load(&phase) != 2)
		;
	ck_assert_int_eq(freed, 0);
	reclaim_leave(guard);
	return NULL;
}

static void *release_later(void *argument)
{
	(void)argument;
	atomic_store(&phase, 2);
	return NULL;
}

START_TEST(synchronize_waits_for_the_lookup_that_runs)
{
	struct reclaim_slot slot;
	pthread_t reader, other;

	atomic_store(&phase, 0);
	reclaim_add_slot(&reclaim, &slot);
	ck_assert_int_eq(pthread_create(&reader, NULL, look_up, _i ? &slot : NULL), 0);
	while (atomic_load(&phase) != 1)
		;
	retire(3);
	ck_assert_int_eq(pthread_create(&other, NULL, release_later, NULL), 0);
	reclaim_synchronize(&reclaim);
	ck_assert_int_eq(freed, 3);
	ck_assert_int_eq(atomic_load(&phase), 2);
	pthread_join(reader, NULL);
	pthread_join(other, NULL);
	reclaim_remove_slot(&reclaim, &slot);
	reclaim_destroy(&reclaim);
}
END_TEST

/* A counter that is poisoned when freed: a lookup must never see the poison. */
struct cell {
	struct reclaim_item item;
	_Atomic int value;
};

static _Atomic(struct cell *) shared;
static _Atomic bool stop;

static void poison(void *data, struct reclaim_item *item)
{
	(void)data;
	atomic_store(&((struct cell *)item)->value, -1);
	free(item);
}

static void *watch(void *argument)
{
	struct reclaim_slot slot;
	bool own = argument != NULL;
	unsigned long bad = 0;

	if (own)
		reclaim_add_slot(&reclaim, &slot);
	while (!atomic_load(&stop)) {
		struct reclaim_guard guard = reclaim_enter(&reclaim, own ? &slot : NULL);

		bad += atomic_load(&atomic_load(&shared)->value) != 1;
		reclaim_leave(guard);
	}
	if (own)
		reclaim_remove_slot(&reclaim, &slot);
	return (void *)bad;
}

static struct cell *make_cell(void)
{
	struct cell *cell = calloc(1, sizeof(*cell));

	atomic_init(&cell->value, 1);
	return cell;
}

START_TEST(lookups_never_see_freed_memory)
{
	pthread_t threads[4];

	reclaim.free = poison;
	atomic_store(&stop, false);
	atomic_store(&shared, make_cell());
	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, watch, i % 2 ? &stop : NULL), 0);
	for (int i = 0; i < 50000; i++) {
		struct cell *old = atomic_exchange(&shared, make_cell());

		old->item.next = NULL;
		reclaim_retire(&reclaim, &old->item);
	}
	atomic_store(&stop, true);
	for (size_t i = 0; i < 4; i++) {
		void *bad;

		pthread_join(threads[i], &bad);
		ck_assert_ptr_null(bad);
	}
	free(atomic_load(&shared));
	reclaim_destroy(&reclaim);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reclaim");
	TCase *tcase = tcase_create("reclaim");

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, setup, NULL);
	tcase_add_loop_test(tcase, nothing_is_freed_while_an_older_lookup_runs, 0, 2);
	tcase_add_test(tcase, a_chain_is_retired_whole);
	tcase_add_test(tcase, what_nobody_sees_is_used_again);
	tcase_add_loop_test(tcase, synchronize_waits_for_the_lookup_that_runs, 0, 2);
	tcase_add_test(tcase, lookups_never_see_freed_memory);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
