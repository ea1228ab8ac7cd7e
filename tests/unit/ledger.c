/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/ledger.h"
#include "tests/unit/run.h"

#include <check.h>
#include <pthread.h>
#include <stdlib.h>

/* The ledger beside an array that is searched from end to end. */

#define NODES 300
#define PAGES 2048

static struct ledger ledger = { .sources.bits = LEDGER_FIRST_BITS };
static struct ledger_node *model[NODES];
static size_t model_count;

static struct ledger_node *make(uint64_t iova, uint64_t length, uint32_t space, uint64_t source)
{
	uint8_t height = ledger_height(&ledger);
	struct ledger_node *node = calloc(1, ledger_node_size(height));

	ck_assert_int_ge(height, 1);
	ck_assert_int_le(height, LEDGER_HEIGHT);
	ck_assert_ptr_nonnull(node);
	node->height = height;
	node->iova = iova;
	node->last = iova + length - 1;
	node->space = space;
	node->source = source;
	ledger_set_state(node, LEDGER_LIVE);
	return node;
}

static bool overlaps(uint64_t iova, uint64_t last)
{
	for (size_t i = 0; i < model_count; i++)
		if (model[i]->iova <= last && iova <= model[i]->last)
			return true;
	return false;
}

static void insert(struct ledger_node *node)
{
	struct ledger_place place;

	ledger_seek(&ledger, node->iova, &place);
	ledger_insert(&ledger, node, &place);
}

static void add(uint64_t iova, uint64_t length, uint32_t space, uint64_t source)
{
	struct ledger_node *node = make(iova, length, space, source);

	insert(node);
	model[model_count++] = node;
}

static void drop(size_t i)
{
	ledger_remove(&ledger, model[i]);
	free(model[i]);
	model[i] = model[--model_count];
}

static void grow(void)
{
	size_t size = ledger_source_room(&ledger.sources);
	void *marks = calloc(1, size);

	ck_assert_ptr_nonnull(marks);
	ck_assert(!ledger_source_grow(&ledger.sources, marks, size / 2));
	ck_assert(ledger_source_grow(&ledger.sources, marks, size));
}

static void reset(void)
{
	void *marks;
	size_t size;

	while (model_count)
		drop(0);
	while ((marks = ledger_source_shrink(&ledger.sources, &size)))
		free(marks);
	ledger_init(&ledger);
}

static struct ledger_node *model_at_or_above(uint64_t iova)
{
	struct ledger_node *best = NULL;

	for (size_t i = 0; i < model_count; i++)
		if (model[i]->last >= iova && (!best || model[i]->iova < best->iova))
			best = model[i];
	return best;
}

static struct ledger_node *model_source(uint32_t space, uint64_t x, uint64_t from, uint64_t *iova)
{
	struct ledger_node *best = NULL;

	for (size_t i = 0; i < model_count; i++) {
		struct ledger_node *node = model[i];
		uint64_t at = node->iova + (x - node->source);

		if (node->space != space || x < node->source ||
		    x - node->source > node->last - node->iova ||
		    ledger_state(node) != LEDGER_LIVE || at < from)
			continue;
		if (!best || at < *iova) {
			best = node;
			*iova = at;
		}
	}
	return best;
}

static void compare(unsigned int seed)
{
	for (int i = 0; i < 20; i++) {
		uint64_t x = (uint64_t)(rand() % PAGES) << 12, from = (uint64_t)(rand() % PAGES)
								      << 12;
		uint32_t space = (uint32_t)rand() % 3;
		uint64_t a = 0, b = 0;

		ck_assert_msg(ledger_at_or_above(&ledger, x) == model_at_or_above(x), "seed %u",
			      seed);
		if (i % 2)
			from = 0;
		ck_assert_msg(ledger_source_find(&ledger.sources, space, x, from, &a) ==
				      model_source(space, x, from, &b),
			      "seed %u", seed);
		ck_assert_msg(a == b, "seed %u", seed);
	}
}

START_TEST(random_steps_agree_with_the_model)
{
	unsigned int seed = (unsigned int)_i + 1;

	reset();
	srand(seed);
	for (int step = 0; step < 3000; step++) {
		uint64_t iova = (uint64_t)(rand() % PAGES) << 12;
		uint64_t length = (uint64_t)(rand() % 4 ? 1 + rand() % 4 : 1 + rand() % 200) << 12;

		if (rand() % 5 < 3 && model_count < NODES && !overlaps(iova, iova + length - 1))
			add(iova, length, (uint32_t)rand() % 3, (uint64_t)(rand() % PAGES) << 12);
		else if (model_count && rand() % 2)
			drop((size_t)rand() % model_count);
		else if (model_count)
			ledger_set_state(model[(size_t)rand() % model_count],
					 rand() % 4 ? LEDGER_LIVE : LEDGER_UNMAPPING);
		if (step % 16 == 0)
			compare(seed);
		if (step % 256 == 255)
			grow();
	}
	reset();
}
END_TEST

START_TEST(the_ends_of_the_space_are_addresses_like_others)
{
	uint64_t iova = 7;

	reset();
	add(0, 4096, 0, 0);
	add(UINT64_MAX - 4095, 4096, 0, UINT64_MAX - 4095);
	ck_assert_ptr_eq(ledger_at_or_above(&ledger, 0), model[0]);
	ck_assert_ptr_eq(ledger_at_or_above(&ledger, 4096), model[1]);
	ck_assert_ptr_eq(ledger_at_or_above(&ledger, UINT64_MAX), model[1]);
	ck_assert_ptr_eq(ledger_source_find(&ledger.sources, 0, UINT64_MAX, 0, &iova), model[1]);
	ck_assert_uint_eq(iova, UINT64_MAX);
	ck_assert_ptr_eq(ledger_source_find(&ledger.sources, 0, 0, 0, &iova), model[0]);
	ck_assert_uint_eq(iova, 0);
	drop(1);
	ck_assert_ptr_null(ledger_at_or_above(&ledger, 4096));
	reset();
}
END_TEST

START_TEST(a_node_of_half_the_space_is_found_by_its_last_byte)
{
	uint64_t iova;

	reset();
	add(1u << 12, UINT64_C(1) << 63, 0, 1u << 12);
	ck_assert_ptr_eq(
		ledger_source_find(&ledger.sources, 0, (UINT64_C(1) << 63) + 0xfff, 0, &iova),
		model[0]);
	ck_assert_ptr_null(
		ledger_source_find(&ledger.sources, 0, (UINT64_C(1) << 63) + 0x1000, 0, &iova));
	reset();
}
END_TEST

/* Many nodes of one page, and marks that come while there are some already. */
START_TEST(a_source_may_be_mapped_very_often)
{
	enum { COPIES = 60000 };
	struct ledger_node **copies = calloc(COPIES, sizeof(struct ledger_node *));
	uint64_t iova = 0;

	reset();
	add(0, 4096, 0, 0x8000);
	for (uint64_t i = 0; i < COPIES; i++) {
		copies[i] = make((i + 2) << 12, 4096, 0, 0x7000);
		insert(copies[i]);
		if (ledger_source_crowded(&ledger.sources))
			grow();
	}
	ck_assert(!ledger_source_crowded(&ledger.sources));
	for (size_t i = 0; i < COPIES; i++) {
		ck_assert_ptr_eq(ledger_at_or_above(&ledger, 4096), copies[i]);
		if (i % 5000 == 0) {
			ck_assert_ptr_eq(ledger_source_find(&ledger.sources, 0, 0x7010, 0, &iova),
					 copies[i]);
			ck_assert_uint_eq(iova, ((i + 2) << 12) + 0x10);
			ck_assert_ptr_eq(
				ledger_source_find(&ledger.sources, 0, 0x7010, iova + 1, &iova),
				copies[i + 1]);
			ck_assert_ptr_eq(ledger_source_find(&ledger.sources, 0, 0x8010, 0, &iova),
					 model[0]);
			ck_assert_ptr_null(
				ledger_source_find(&ledger.sources, 1, 0x7010, 0, &iova));
		}
		ledger_remove(&ledger, copies[i]);
		free(copies[i]);
	}
	ck_assert_ptr_null(ledger_source_find(&ledger.sources, 0, 0x7010, 0, &iova));
	free(copies);
	reset();
}
END_TEST

/* An unmap of several works while others map in the holes between. */
START_TEST(a_removal_leaves_what_came_between)
{
	reset();
	add(1 << 12, 4096, 0, 1 << 12);
	add(5 << 12, 4096, 0, 5 << 12);
	add(3 << 12, 4096, 0, 3 << 12);
	ledger_remove(&ledger, model[0]);
	ledger_remove(&ledger, model[1]);
	ck_assert_ptr_eq(ledger_at_or_above(&ledger, 0), model[2]);
	ck_assert_ptr_null(ledger_next(model[2]));
	free(model[0]);
	free(model[1]);
	model[0] = model[2];
	model_count = 1;
	reset();
}
END_TEST

/*
 * One writer moves odd nodes in and out; readers must always find the even
 * ones, and never anything that overlaps what it is not.
 */
static struct reclaim reclaim;
static _Atomic bool stop;

static void free_item(void *data, struct reclaim_item *item)
{
	(void)data;
	free(item);
}

static void *read_along(void *argument)
{
	struct reclaim_slot slot;
	bool own = argument != NULL;
	unsigned long missed = 0;

	if (own)
		reclaim_add_slot(&reclaim, &slot);
	while (!atomic_load(&stop)) {
		for (uint64_t page = 0; page < 64; page += 2) {
			struct reclaim_guard guard = reclaim_enter(&reclaim, own ? &slot : NULL);
			struct ledger_node *node = ledger_at_or_above(&ledger, page << 12);
			uint64_t iova = 0;

			if (!node || node->iova != page << 12)
				missed++;
			node = ledger_source_find(&ledger.sources, 0, page << 12, 0, &iova);
			if (!node || iova != page << 12)
				missed++;
			reclaim_leave(guard);
		}
	}
	if (own)
		reclaim_remove_slot(&reclaim, &slot);
	return (void *)missed;
}

START_TEST(readers_never_miss_what_stays)
{
	pthread_t threads[2];
	void *missed[2];

	reset();
	atomic_store(&stop, false);
	ck_assert_int_eq(reclaim_init(&reclaim, free_item, NULL), 0);
	for (uint64_t page = 0; page < 64; page += 2)
		add(page << 12, 4096, 0, page << 12);
	for (size_t i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, read_along, i ? &stop : NULL),
				 0);
	for (int round = 0; round < 20000; round++) {
		uint64_t page = ((uint64_t)round * 2 + 1) % 64;
		struct ledger_node *node = make(page << 12, 4096, 0, page << 12);

		insert(node);
		ledger_remove(&ledger, node);
		node->item.next = NULL;
		reclaim_retire(&reclaim, &node->item);
		if (round % 2000 == 1000)
			grow();
	}
	atomic_store(&stop, true);
	for (size_t i = 0; i < 2; i++) {
		pthread_join(threads[i], &missed[i]);
		ck_assert_ptr_null(missed[i]);
	}
	reclaim_destroy(&reclaim);
	reset();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ledger");
	TCase *tcase = tcase_create("ledger");

	tcase_set_timeout(tcase, 120);
	tcase_add_loop_test(tcase, random_steps_agree_with_the_model, 0, 8);
	tcase_add_test(tcase, the_ends_of_the_space_are_addresses_like_others);
	tcase_add_test(tcase, a_node_of_half_the_space_is_found_by_its_last_byte);
	tcase_add_test(tcase, a_source_may_be_mapped_very_often);
	tcase_add_test(tcase, a_removal_leaves_what_came_between);
	tcase_add_test(tcase, readers_never_miss_what_stays);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
