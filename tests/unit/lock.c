/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/lock.h"
#include "tests/unit/run.h"

#include <check.h>
#include <sched.h>
#include <stdbool.h>

#define THREADS 4
#define ROUNDS  50000

static struct lock lock;
static unsigned long counter; /* under the lock */
static bool inside;           /* under the lock */
static int turn;              /* under the lock */

static void setup(void)
{
	counter = 0;
	inside = false;
	turn = 0;
	ck_assert_int_eq(lock_init(&lock), 0);
}

static void teardown(void)
{
	ck_assert_int_eq(atomic_load(&lock.state), LOCK_FREE);
	lock_destroy(&lock);
}

static void run(void *(*function)(void *))
{
	static const int numbers[THREADS] = { 0, 1, 2, 3 };
	pthread_t threads[THREADS];
	void *bad;

	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(
			pthread_create(&threads[i], NULL, function, (void *)(uintptr_t)&numbers[i]),
			0);
	for (int i = 0; i < THREADS; i++) {
		pthread_join(threads[i], &bad);
		ck_assert_ptr_null(bad);
	}
}

static void *count(void *number)
{
	unsigned long disturbed = 0;

	(void)number;
	for (int i = 0; i < ROUNDS; i++) {
		lock_take(&lock);
		disturbed += inside;
		inside = true;
		counter++;
		if (i % 64 == 0)
			sched_yield(); /* so that others come and have to wait */
		inside = false;
		lock_release(&lock);
	}
	return (void *)disturbed;
}

START_TEST(one_at_a_time)
{
	run(count);
	ck_assert_uint_eq(counter, (unsigned long)THREADS * ROUNDS);
}
END_TEST

/* Each waits until it is its turn, and hands the turn on. */
static void *take_turns(void *number)
{
	const int *mine = number;

	for (int i = 0; i < 2000; i++) {
		lock_take(&lock);
		while (turn != *mine)
			lock_wait(&lock);
		counter++;
		turn = (turn + 1) % THREADS;
		lock_wake(&lock);
		lock_release(&lock);
	}
	return NULL;
}

START_TEST(who_waits_is_woken)
{
	run(take_turns);
	ck_assert_uint_eq(counter, THREADS * 2000ul);
}
END_TEST

/* The number of those inside goes down without the lock, as maps and unmaps leave a domain. */
static _Atomic int present;
static _Atomic bool wanted;

static void *leave(void *number)
{
	const int *mine = number;

	for (int i = 0; i < 2000; i++) {
		lock_take(&lock);
		if (*mine == 0) {
			atomic_store(&wanted, true);
			while (atomic_load(&present))
				lock_wait(&lock);
			counter++;
			atomic_store(&wanted, false);
			lock_wake(&lock);
			lock_release(&lock);
			continue;
		}
		while (atomic_load(&wanted))
			lock_wait(&lock);
		atomic_fetch_add(&present, 1);
		lock_release(&lock);
		if (atomic_fetch_sub(&present, 1) == 1 && atomic_load(&wanted)) {
			lock_take(&lock);
			lock_wake(&lock);
			lock_release(&lock);
		}
	}
	return NULL;
}

START_TEST(the_last_one_wakes_who_wants_all_to_be_gone)
{
	run(leave);
	ck_assert_uint_eq(counter, 2000);
	ck_assert_int_eq(atomic_load(&present), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lock");
	TCase *tcase = tcase_create("lock");

	tcase_set_timeout(tcase, 120);
	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, one_at_a_time);
	tcase_add_test(tcase, who_waits_is_woken);
	tcase_add_test(tcase, the_last_one_wakes_who_wants_all_to_be_gone);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
