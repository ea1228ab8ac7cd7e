/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/dma-fixture.h"

#include "lib/dma_layout.h"

#include <stdio.h>

#define OBJECTS 3000

static uint64_t next(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return *seed >> 33;
}

/* Is every object of a grid where the rules want it, and found again, and what is not one not? */
static bool grid_is_right(const struct dma_layout *l, const struct dma_grid *grid, uint64_t iova,
			  uint64_t length, uint64_t boundary)
{
	uint64_t end = 0;

	for (uint32_t i = 0; i < grid->count; i++) {
		uint64_t offset = dma_layout_offset(l, grid, i);

		if (offset < end || (iova + offset) % l->alignment)
			return false;
		end = offset + l->size;
		if (end > length || dma_layout_index(l, grid, offset) != i)
			return false;
		if (boundary && (iova + offset) / boundary != (iova + end - 1) / boundary)
			return false;
		if (l->size > 1 && dma_layout_index(l, grid, offset + 1) != DMA_LAYOUT_NONE)
			return false;
		if (dma_layout_from(l, grid, offset) != i ||
		    dma_layout_from(l, grid, offset + 1) != i + 1)
			return false;
	}
	return dma_layout_index(l, grid, length) == DMA_LAYOUT_NONE &&
	       dma_layout_index(l, grid, end + l->stride + boundary) == DMA_LAYOUT_NONE;
}

START_TEST(objects_never_cross_a_border)
{
	uint64_t seed = 11;

	for (int round = 0; round < 20000; round++) {
		uint64_t boundary = next(&seed) % 4 ? UINT64_C(1) << (next(&seed) % 22) : 0;
		uint64_t alignment = UINT64_C(1) << (next(&seed) % 16);
		uint64_t most = boundary ? boundary : 20000;
		uint64_t size = 1 + next(&seed) % (most < 20000 ? most : 20000);
		uint64_t wanted = 1 + next(&seed) % 40, iova = next(&seed) * PAGE, bytes;
		struct dma_layout l;
		struct dma_grid grid;

		ck_assert_int_eq(dma_layout_make(&l, size, alignment, boundary, NULL), 0);
		bytes = dma_layout_bytes(&l, wanted, PAGE);
		ck_assert_uint_gt(bytes, 0);
		grid = dma_layout_grid(&l, iova, bytes, UINT64_MAX);
		ck_assert_uint_ge(grid.count, wanted);
		ck_assert(grid_is_right(&l, &grid, iova, bytes, boundary));
		grid = dma_layout_grid(&l, iova, bytes, wanted);
		ck_assert_uint_eq(grid.count, wanted);
		ck_assert(grid_is_right(&l, &grid, iova, bytes, boundary));
	}
}
END_TEST

START_TEST(layouts_that_cannot_be_are_refused)
{
	struct dma_layout l;

	ck_assert_int_eq(dma_layout_make(&l, 0, 0, 0, NULL), -EINVAL);
	ck_assert_int_eq(dma_layout_make(&l, 8, 3, 0, NULL), -EINVAL);
	ck_assert_int_eq(dma_layout_make(&l, 8, 8, 12, NULL), -EINVAL);
	ck_assert_int_eq(dma_layout_make(&l, 9, 8, 8, NULL), -EINVAL);
	ck_assert_int_eq(dma_layout_make(&l, UINT64_MAX, 8, 0, NULL), -EINVAL);
	ck_assert_int_eq(dma_layout_make(&l, UINT64_C(1) << 40, 0, 0, NULL), 0);
	ck_assert_uint_eq(dma_layout_bytes(&l, UINT64_C(1) << 31, PAGE), 0);
	ck_assert_int_eq(dma_layout_make(&l, 1, 0, 0, NULL), 0);
	ck_assert_uint_eq(dma_layout_bytes(&l, (UINT64_C(1) << 31) + 1, PAGE), 0);
}
END_TEST

static struct libiommu_dma_pool *pool_of(uint64_t size,
					 const struct libiommu_dma_pool_options *opts)
{
	struct libiommu_dma_pool *pool = NULL;

	OK(libiommu_dma_pool_new(w.dom, size, opts, &pool, E));
	return pool;
}

START_TEST(objects_come_and_go)
{
	static void *address[OBJECTS];
	static uint64_t iova[OBJECTS];
	struct libiommu_dma_pool *pool;
	size_t maps;
	long blocks;
	void *found;

	world_open(DEVICE);
	pool = pool_of(100, NULL);
	for (size_t i = 0; i < OBJECTS; i++) {
		OK(libiommu_dma_pool_get(pool, &address[i], &iova[i], E));
		ck_assert_int_eq(device_writes(iova[i] + 99, (unsigned char)i), 0);
		ck_assert_uint_eq(((unsigned char *)address[i])[99], (unsigned char)i);
		ck_assert_uint_eq(iova[i] % 8, 0);
	}
	for (size_t i = 0; i < OBJECTS; i++)
		ck_assert_uint_eq(((unsigned char *)address[i])[99], (unsigned char)i);
	ck_assert_uint_eq(libiommu_dma_pool_used(pool), OBJECTS);
	maps = libiommu_domain_mapping_count(w.dom);
	ck_assert_uint_gt(maps, 1);
	/* With room nothing is mapped and nothing allocated. */
	blocks = w.blocks;
	w.calls = 0;
	for (size_t i = 0; i < OBJECTS; i++)
		OK(libiommu_dma_pool_put(pool, address[OBJECTS - 1 - i], E));
	for (size_t i = 0; i < OBJECTS; i++)
		OK(libiommu_dma_pool_get(pool, &address[i], &iova[i], E));
	ck_assert_uint_eq(libiommu_domain_mapping_count(w.dom), maps);
	ck_assert_int_eq(w.blocks, blocks);
	ck_assert_int_eq(w.calls, 0);
	for (size_t i = 0; i < OBJECTS; i++)
		OK(libiommu_dma_pool_put(pool, address[i], E));
	ck_assert_int_eq(libiommu_dma_pool_next(pool, NULL, &found, NULL), -ENOENT);
	OK(libiommu_dma_pool_put(pool, NULL, E));
	OK(libiommu_dma_pool_free(pool, E));
	ck_assert_uint_eq(libiommu_domain_mapping_count(w.dom), 0);
	world_close();
}
END_TEST

START_TEST(wrong_puts_are_told)
{
	struct libiommu_dma_pool *pool, *other;
	void *address, *strange;
	uint64_t iova;

	world_open(NULL);
	pool = pool_of(64, NULL);
	other = pool_of(64, NULL);
	OK(libiommu_dma_pool_get(pool, &address, &iova, E));
	OK(libiommu_dma_pool_get(other, &strange, &iova, E));
	REFUSED(libiommu_dma_pool_put(pool, strange, E), FOREIGN_OBJECT);
	REFUSED(libiommu_dma_pool_put(pool, &pool, E), FOREIGN_OBJECT);
	REFUSED(libiommu_dma_pool_put(pool, (char *)address + 1, E), FOREIGN_OBJECT);
	REFUSED(libiommu_dma_pool_put(pool, (char *)address + 64, E), DOUBLE_PUT);
	OK(libiommu_dma_pool_put(pool, address, E));
	REFUSED(libiommu_dma_pool_put(pool, address, E), DOUBLE_PUT);
	ck_assert_uint_eq(libiommu_dma_pool_used(pool), 0);
	OK(libiommu_dma_pool_put(other, strange, E));
	OK(libiommu_dma_pool_free(pool, E));
	OK(libiommu_dma_pool_free(other, E));
	OK(libiommu_dma_pool_free(NULL, E));
	world_close();
}
END_TEST

START_TEST(a_pool_ends_at_its_limit)
{
	struct libiommu_dma_pool_options opts = LIBIOMMU_DMA_POOL_OPTIONS_INIT;
	uint64_t iova, needed, available;
	struct libiommu_dma_pool *pool;
	void *address[5];

	world_open(NULL);
	opts.limit = 5;
	opts.grow = 3;
	pool = pool_of(PAGE, &opts);
	for (size_t i = 0; i < 5; i++)
		OK(libiommu_dma_pool_get(pool, &address[i], &iova, E));
	ck_assert_uint_eq(libiommu_domain_mapping_count(w.dom), 2);
	REFUSED(libiommu_dma_pool_get(pool, &address[0], &iova, E), POOL_LIMIT);
	ck_assert(libiommu_error_figures(w.err, &needed, &available));
	ck_assert_uint_eq(needed, 6);
	ck_assert_uint_eq(available, 5);
	OK(libiommu_dma_pool_put(pool, address[3], E));
	OK(libiommu_dma_pool_get(pool, &address[3], &iova, E));
	world_close();
}
END_TEST

START_TEST(what_is_to_be_ready_is)
{
	struct libiommu_dma_pool_options opts = LIBIOMMU_DMA_POOL_OPTIONS_INIT;
	struct libiommu_dma_pool *pool;
	uint64_t iova;
	void *address;
	size_t maps;

	world_open(NULL);
	opts.ready = 40;
	opts.grow = 16;
	opts.alignment = 16 * PAGE;
	pool = pool_of(PAGE, &opts);
	maps = libiommu_domain_mapping_count(w.dom);
	ck_assert_uint_eq(maps, 1);
	for (size_t i = 0; i < 40; i++) {
		OK(libiommu_dma_pool_get(pool, &address, &iova, E));
		ck_assert_uint_eq(iova % (16 * PAGE), 0);
	}
	ck_assert_uint_eq(libiommu_domain_mapping_count(w.dom), maps);
	world_close();
}
END_TEST

START_TEST(leaks_are_named)
{
	struct libiommu_dma_pool_options opts = LIBIOMMU_DMA_POOL_OPTIONS_INIT;
	void *address[30], *found, *from = NULL;
	uint64_t iova[30], where, used, total;
	struct libiommu_dma_pool *pool;
	unsigned int seen = 0;
	char subject[64];

	world_open(NULL);
	opts.grow = 4;
	opts.boundary = PAGE;
	pool = pool_of(1024, &opts);
	for (size_t i = 0; i < 30; i++)
		OK(libiommu_dma_pool_get(pool, &address[i], &iova[i], E));
	for (size_t i = 0; i < 30; i++)
		if (i % 10)
			OK(libiommu_dma_pool_put(pool, address[i], E));
	while (!libiommu_dma_pool_next(pool, from, &found, &where)) {
		if (!from)
			snprintf(subject, sizeof(subject), "0x%llx-0x%llx",
				 (unsigned long long)where, (unsigned long long)where + 1023);
		for (unsigned int i = 0; i < 30; i += 10)
			if (found == address[i] && where == iova[i])
				seen |= 1u << i / 10;
		from = (char *)found + 1;
	}
	ck_assert_uint_eq(seen, 7);
	REFUSED(libiommu_dma_pool_free(pool, E), MEMORY_IN_USE);
	ck_assert_str_eq(libiommu_error_subject(w.err), subject);
	ck_assert(libiommu_error_figures(w.err, &used, &total));
	ck_assert_uint_eq(used, 3);
	ck_assert_uint_eq(total, 32);
	REFUSED(libiommu_domain_free(w.dom, E), MEMORY_IN_USE);
	for (size_t i = 0; i < 30; i += 10)
		OK(libiommu_dma_pool_put(pool, address[i], E));
	OK(libiommu_dma_pool_free(pool, E));
	OK(libiommu_domain_free(w.dom, E));
	world_close();
}
END_TEST

START_TEST(a_pool_that_cannot_be_freed_goes_on)
{
	struct libiommu_dma_pool_options opts = LIBIOMMU_DMA_POOL_OPTIONS_INIT;
	struct libiommu_dma_pool *pool;
	void *address, *objects[6];
	uint64_t iova;

	world_open(DEVICE);
	opts.grow = 2;
	pool = pool_of(PAGE, &opts);
	for (size_t i = 0; i < 6; i++)
		OK(libiommu_dma_pool_get(pool, &objects[i], &iova, E));
	for (size_t i = 0; i < 6; i++)
		OK(libiommu_dma_pool_put(pool, objects[i], E));
	ck_assert_uint_eq(libiommu_domain_mapping_count(w.dom), 3);
	w.unmap_fails = true;
	ck_assert_int_eq(libiommu_dma_pool_free(pool, E), -EIO);
	OK(libiommu_dma_pool_get(pool, &address, &iova, E));
	ck_assert_int_eq(device_writes(iova, 1), 0);
	OK(libiommu_dma_pool_put(pool, address, E));
	w.unmap_fails = false;
	OK(libiommu_dma_pool_free(pool, E));
	ck_assert_uint_eq(libiommu_domain_mapping_count(w.dom), 0);
	world_close();
}
END_TEST

#define THREADS 4

static void *churn(void *data)
{
	struct libiommu_dma_pool *pool = data;
	uint64_t seed = (uintptr_t)&seed;
	void *mine[16] = { NULL };

	for (int round = 0; round < 4000; round++) {
		size_t i = next(&seed) % 16;
		uint64_t iova;

		if (mine[i]) {
			/* Nobody else has it. */
			if (*(void **)mine[i] != &mine[i] ||
			    libiommu_dma_pool_put(pool, mine[i], NULL))
				return pool;
			mine[i] = NULL;
		} else {
			int code = libiommu_dma_pool_get(pool, &mine[i], &iova, NULL);

			if (code && code != -ENOSPC)
				return pool;
			if (code)
				mine[i] = NULL;
			else
				*(void **)mine[i] = &mine[i];
		}
	}
	for (size_t i = 0; i < 16; i++)
		if (libiommu_dma_pool_put(pool, mine[i], NULL))
			return pool;
	return NULL;
}

START_TEST(threads_never_share_an_object)
{
	struct libiommu_dma_pool_options opts = LIBIOMMU_DMA_POOL_OPTIONS_INIT;
	struct libiommu_dma_pool *pool;
	pthread_t thread[THREADS];

	world_open(DEVICE);
	opts.grow = 5;
	opts.limit = 40;
	pool = pool_of(2048, &opts);
	for (size_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, churn, pool), 0);
	for (size_t i = 0; i < THREADS; i++) {
		void *wrong;

		ck_assert_int_eq(pthread_join(thread[i], &wrong), 0);
		ck_assert_ptr_null(wrong);
	}
	ck_assert_uint_eq(libiommu_dma_pool_used(pool), 0);
	OK(libiommu_dma_pool_free(pool, E));
	world_close();
}
END_TEST

START_TEST(options_are_checked)
{
	struct libiommu_dma_pool_options opts = LIBIOMMU_DMA_POOL_OPTIONS_INIT;
	struct libiommu_dma_options memory = LIBIOMMU_DMA_OPTIONS_INIT;
	struct libiommu_domain_options blocked = LIBIOMMU_DOMAIN_OPTIONS_INIT;
	struct libiommu_dma_pool *pool = NULL;
	struct libiommu_domain *dom;
	uint64_t iova;
	void *address;

	world_open(NULL);
	REFUSED(libiommu_dma_pool_new(NULL, 8, NULL, &pool, E), NULL_ARGUMENT);
	REFUSED(libiommu_dma_pool_new(w.dom, 8, NULL, NULL, E), NULL_ARGUMENT);
	REFUSED(libiommu_dma_pool_new(w.dom, 0, NULL, &pool, E), EMPTY_RANGE);
	opts.boundary = 4;
	REFUSED(libiommu_dma_pool_new(w.dom, 8, &opts, &pool, E), BAD_LAYOUT);
	opts.boundary = 0;
	opts.limit = 3;
	opts.ready = 4;
	REFUSED(libiommu_dma_pool_new(w.dom, 8, &opts, &pool, E), BAD_LAYOUT);
	opts.ready = 0;
	opts.grow = UINT64_MAX;
	REFUSED(libiommu_dma_pool_new(w.dom, 8, &opts, &pool, E), BAD_LAYOUT);
	opts.grow = 0;
	opts.memory = &memory;
	memory.flags = 1u << 30;
	REFUSED(libiommu_dma_pool_new(w.dom, 8, &opts, &pool, E), UNKNOWN_FLAGS);
	opts.size--;
	REFUSED(libiommu_dma_pool_new(w.dom, 8, &opts, &pool, E), BAD_OPTIONS);
	blocked.type = LIBIOMMU_DOMAIN_BLOCKED;
	OK(libiommu_domain_new(w.ctx, &blocked, &dom, E));
	REFUSED(libiommu_dma_pool_new(dom, 8, NULL, &pool, E), DOMAIN_TYPE);
	ck_assert_ptr_null(pool);
	REFUSED(libiommu_dma_pool_get(NULL, &address, &iova, E), NULL_ARGUMENT);
	REFUSED(libiommu_dma_pool_put(NULL, NULL, E), NULL_ARGUMENT);
	pool = pool_of(8, NULL);
	REFUSED(libiommu_dma_pool_get(pool, NULL, &iova, E), NULL_ARGUMENT);
	ck_assert_int_eq(libiommu_dma_pool_next(pool, NULL, NULL, NULL), -EINVAL);
	world_close();
}
END_TEST

/* A pool comes, gives objects, takes them back and goes; the n-th call fails. */
static bool come_and_go(long nth)
{
	struct libiommu_dma_pool_options opts = LIBIOMMU_DMA_POOL_OPTIONS_INIT;
	struct libiommu_dma_pool *pool = NULL;
	void *address[12];
	uint64_t iova;
	long mapped;
	bool met;

	world_open(NULL);
	mapped = w.mapped;
	opts.grow = 2;
	opts.ready = 3;
	w.calls = 0;
	w.failing = nth;
	if (libiommu_dma_pool_new(w.dom, PAGE, &opts, &pool, E)) {
		ck_assert_ptr_null(pool);
		ck_assert_int_ne(libiommu_error_reason(w.err), LIBIOMMU_REASON_NONE);
		ck_assert_int_eq(w.mapped, mapped);
		OK(libiommu_dma_pool_new(w.dom, PAGE, &opts, &pool, E));
	}
	for (size_t i = 0; i < 12; i++) {
		mapped = w.mapped;
		if (libiommu_dma_pool_get(pool, &address[i], &iova, E)) {
			ck_assert_int_ne(libiommu_error_reason(w.err), LIBIOMMU_REASON_NONE);
			ck_assert_int_eq(w.mapped, mapped);
			ck_assert_uint_eq(libiommu_dma_pool_used(pool), i);
			OK(libiommu_dma_pool_get(pool, &address[i], &iova, E));
		}
	}
	for (size_t i = 0; i < 12; i++)
		OK(libiommu_dma_pool_put(pool, address[i], E));
	if (libiommu_dma_pool_free(pool, E))
		OK(libiommu_dma_pool_free(pool, E));
	ck_assert_uint_eq(libiommu_domain_mapping_count(w.dom), 0);
	met = w.calls >= nth;
	world_close();
	return met;
}

START_TEST(every_call_that_fails_leaves_a_pool_whole)
{
	long nth;

	for (nth = 1; come_and_go(nth); nth++)
		ck_assert_int_lt(nth, 300);
	ck_assert_int_gt(nth, 30);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		objects_never_cross_a_border,
		layouts_that_cannot_be_are_refused,
		objects_come_and_go,
		wrong_puts_are_told,
		a_pool_ends_at_its_limit,
		what_is_to_be_ready_is,
		leaks_are_named,
		a_pool_that_cannot_be_freed_goes_on,
		threads_never_share_an_object,
		options_are_checked,
		every_call_that_fails_leaves_a_pool_whole,
	};

	return dma_run("dma-pool", tests, sizeof(tests) / sizeof(tests[0]));
}
