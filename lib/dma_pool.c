/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/dma.h"
#include "lib/dma_layout.h"

#include <errno.h>
#include <string.h>

#define GROW_BYTES (UINT64_C(64) << 10)
#define NONE       DMA_LAYOUT_NONE
#define IN_USE     (DMA_LAYOUT_NONE - 1)

/* One buffer of objects. The list of free ones is here, not in the objects, where devices write. */
struct chunk {
	struct chunk *next; /* of those with a free object */
	struct libiommu_dma_buffer *buf;
	unsigned char *address;
	uint64_t iova, length;
	struct dma_grid grid;
	uint32_t free;   /* the first free one, or DMA_LAYOUT_NONE */
	uint32_t link[]; /* IN_USE, or the next free one */
};

struct libiommu_dma_pool {
	struct libiommu_domain *dom;
	struct libiommu_dma_pool *next, *prev; /* of the domain; under its lock */
	struct dma_layout layout;
	struct libiommu_dma_options memory;
	uint64_t grow, limit;

	pthread_mutex_t lock;
	pthread_cond_t grown;
	bool growing;
	struct chunk **chunks; /* in order of address */
	size_t chunk_count, room;
	struct chunk *usable; /* those with a free object */
	uint64_t used, total;
};

static size_t chunk_size(uint32_t count)
{
	return sizeof(struct chunk) + count * sizeof(uint32_t);
}

/* The first chunk that ends behind an address, as an index. Lock held. */
static size_t chunk_behind(const struct libiommu_dma_pool *pool, const void *address)
{
	size_t low = 0, high = pool->chunk_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct chunk *chunk = pool->chunks[middle];

		if ((uintptr_t)address < (uintptr_t)chunk->address + chunk->length)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* Room for one more chunk in the array. Only who grows changes it. */
static int make_room(struct libiommu_dma_pool *pool)
{
	struct libiommu_ctx *ctx = pool->dom->ctx;
	size_t room = pool->room ? 2 * pool->room : 4;
	struct chunk **chunks, **old = pool->chunks;

	if (pool->chunk_count < pool->room)
		return 0;
	chunks = ctx_alloc(ctx, room * sizeof(*chunks));
	if (!chunks)
		return -ENOMEM;
	pthread_mutex_lock(&pool->lock);
	if (old)
		memcpy(chunks, old, pool->chunk_count * sizeof(*chunks));
	pool->chunks = chunks;
	pthread_mutex_unlock(&pool->lock);
	ctx_release(ctx, old, pool->room * sizeof(*old));
	pool->room = room;
	return 0;
}

/* Lock held. */
static void add_chunk(struct libiommu_dma_pool *pool, struct chunk *chunk)
{
	size_t at = chunk_behind(pool, chunk->address);

	memmove(&pool->chunks[at + 1], &pool->chunks[at],
		(pool->chunk_count - at) * sizeof(struct chunk *));
	pool->chunks[at] = chunk;
	pool->chunk_count++;
	for (uint32_t i = 0; i < chunk->grid.count; i++)
		chunk->link[i] = i + 1 < chunk->grid.count ? i + 1 : NONE;
	chunk->free = 0;
	chunk->next = pool->usable;
	pool->usable = chunk;
	pool->total += chunk->grid.count;
}

/* A chunk around a buffer, with at most `most` objects; NULL: no memory. */
static struct chunk *make_chunk(struct libiommu_dma_pool *pool, struct libiommu_dma_buffer *buf,
				uint64_t most)
{
	const struct dma_memory *memory = &buf->memory;
	struct dma_grid grid = dma_layout_grid(&pool->layout, buf->iova, memory->length, most);
	struct chunk *chunk = ctx_alloc(pool->dom->ctx, chunk_size(grid.count));

	if (!chunk)
		return NULL;
	chunk->buf = buf;
	chunk->address = memory->address;
	chunk->iova = buf->iova;
	chunk->length = memory->length;
	chunk->grid = grid;
	return chunk;
}

/* Make more objects, in one buffer. No lock held; nobody else does this meanwhile. */
static int grow(struct libiommu_dma_pool *pool, uint64_t objects, struct libiommu_error **err)
{
	struct libiommu_ctx *ctx = pool->dom->ctx;
	uint64_t most = pool->limit ? pool->limit - pool->total : UINT64_MAX;
	struct libiommu_dma_buffer *buf;
	struct libiommu_failure f;
	struct chunk *chunk;
	int code;

	if (objects > most)
		objects = most;
	libiommu_failure_init(&f);
	if (make_room(pool))
		return ctx_raise(ctx, err,
				 libiommu_refuse(&f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL), &f);
	code = libiommu_dma_alloc(pool->dom,
				  dma_layout_bytes(&pool->layout, objects, dma_page(pool->dom)),
				  &pool->memory, &buf, err);
	if (code)
		return code;
	chunk = make_chunk(pool, buf, most);
	if (!chunk) {
		libiommu_dma_free(buf, NULL);
		return ctx_raise(ctx, err,
				 libiommu_refuse(&f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL), &f);
	}
	pthread_mutex_lock(&pool->lock);
	add_chunk(pool, chunk);
	pthread_mutex_unlock(&pool->lock);
	return 0;
}

/* Lock held; it is given up meanwhile. */
static int grow_alone(struct libiommu_dma_pool *pool, struct libiommu_error **err)
{
	int code;

	pool->growing = true;
	pthread_mutex_unlock(&pool->lock);
	code = grow(pool, pool->grow, err);
	pthread_mutex_lock(&pool->lock);
	pool->growing = false;
	pthread_cond_broadcast(&pool->grown);
	return code;
}

static void release_pool(struct libiommu_dma_pool *pool, uint32_t flags)
{
	struct libiommu_ctx *ctx = pool->dom->ctx;

	for (size_t i = 0; i < pool->chunk_count; i++)
		ctx_release(ctx, pool->chunks[i], chunk_size(pool->chunks[i]->grid.count));
	ctx_release(ctx, pool->chunks, pool->room * sizeof(struct chunk *));
	if (!(flags & LIBIOMMU_CLOSE_FORKED)) {
		pthread_cond_destroy(&pool->grown);
		pthread_mutex_destroy(&pool->lock);
	}
	ctx_release(ctx, pool, sizeof(*pool));
}

static int take_options(struct libiommu_dma_pool *pool, uint64_t object_size,
			const struct libiommu_dma_pool_options *opts, struct libiommu_failure *f)
{
	int code = dma_layout_make(&pool->layout, object_size, opts->alignment, opts->boundary, f);

	if (!code)
		code = dma_options(opts->memory, &pool->memory, f);
	if (code)
		return code;
	pool->grow = opts->grow;
	pool->limit = opts->limit;
	if (!pool->grow)
		pool->grow =
			pool->layout.stride < GROW_BYTES ? GROW_BYTES / pool->layout.stride : 1;
	if (opts->limit && opts->ready > opts->limit)
		return libiommu_refuse(f, LIBIOMMU_REASON_BAD_LAYOUT, NULL,
				       "More objects are to be ready than there can be.");
	if (!dma_layout_bytes(&pool->layout, pool->grow, dma_page(pool->dom)) ||
	    (opts->ready && !dma_layout_bytes(&pool->layout, opts->ready, dma_page(pool->dom))))
		return libiommu_refuse(f, LIBIOMMU_REASON_BAD_LAYOUT, NULL,
				       "The pool would grow by too much.");
	return 0;
}

static int make_pool(struct libiommu_domain *dom, uint64_t object_size,
		     const struct libiommu_dma_pool_options *opts, struct libiommu_dma_pool **out,
		     struct libiommu_failure *f)
{
	struct libiommu_dma_pool *pool = ctx_alloc(dom->ctx, sizeof(*pool));
	int code;

	if (!pool)
		return libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	pool->dom = dom;
	code = take_options(pool, object_size, opts, f);
	if (!code && pthread_mutex_init(&pool->lock, NULL))
		code = libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	if (!code && pthread_cond_init(&pool->grown, NULL)) {
		pthread_mutex_destroy(&pool->lock);
		code = libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	}
	if (code) {
		ctx_release(dom->ctx, pool, sizeof(*pool));
		return code;
	}
	pthread_mutex_lock(&dom->lock);
	LIST_ADD(dom->pools, pool);
	pthread_mutex_unlock(&dom->lock);
	*out = pool;
	return 0;
}

int libiommu_dma_pool_new(struct libiommu_domain *dom, uint64_t object_size,
			  const struct libiommu_dma_pool_options *opts,
			  struct libiommu_dma_pool **out, struct libiommu_error **err)
{
	static const struct libiommu_dma_pool_options defaults = LIBIOMMU_DMA_POOL_OPTIONS_INIT;
	struct libiommu_ctx *ctx = dom ? dom->ctx : NULL;
	struct libiommu_dma_pool *pool = NULL;
	struct libiommu_failure f;
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (!code && !out)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (!code && opts)
		code = options_check(opts, sizeof(*opts), &f);
	if (!opts)
		opts = &defaults;
	if (!code && dom->type != LIBIOMMU_DOMAIN_PAGING)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_DOMAIN_TYPE, NULL, NULL);
	if (!code)
		code = make_pool(dom, object_size, opts, &pool, &f);
	if (code)
		return ctx_raise(ctx, err, code, &f);
	if (opts->ready)
		code = grow(pool, opts->ready, err);
	if (code) {
		libiommu_dma_pool_free(pool, NULL);
		return code;
	}
	*out = pool;
	return 0;
}

/* The first object in use from an address on; false: there is none. Lock held. */
static bool next_used(const struct libiommu_dma_pool *pool, const void *from, void **address,
		      uint64_t *iova)
{
	for (size_t i = chunk_behind(pool, from); i < pool->chunk_count; i++) {
		const struct chunk *chunk = pool->chunks[i];
		uint64_t offset = 0;
		uint32_t index;

		if ((uintptr_t)from > (uintptr_t)chunk->address)
			offset = (uintptr_t)from - (uintptr_t)chunk->address;
		index = dma_layout_from(&pool->layout, &chunk->grid, offset);
		while (index < chunk->grid.count && chunk->link[index] != IN_USE)
			index++;
		if (index == chunk->grid.count)
			continue;
		offset = dma_layout_offset(&pool->layout, &chunk->grid, index);
		*address = chunk->address + offset;
		*iova = chunk->iova + offset;
		return true;
	}
	return false;
}

static int refuse_used(const struct libiommu_dma_pool *pool, struct libiommu_failure *f)
{
	uint64_t iova;
	void *address;

	if (next_used(pool, NULL, &address, &iova))
		libiommu_refuse_subject_range(f, iova, iova + (pool->layout.size - 1));
	libiommu_refuse_figures(f, pool->used, pool->total);
	return libiommu_refuse(f, LIBIOMMU_REASON_MEMORY_IN_USE, NULL, "%llu objects are out.",
			       (unsigned long long)pool->used);
}

/* Nothing is in use. On failure the pool is what is left of it. */
static int free_chunks(struct libiommu_dma_pool *pool, struct libiommu_error **err)
{
	int code = 0;

	while (pool->chunk_count && !code) {
		struct chunk *chunk = pool->chunks[pool->chunk_count - 1];

		code = libiommu_dma_free(chunk->buf, err);
		if (code)
			break;
		pool->total -= chunk->grid.count;
		pool->chunk_count--;
		ctx_release(pool->dom->ctx, chunk, chunk_size(chunk->grid.count));
	}
	pool->usable = NULL;
	for (size_t i = 0; i < pool->chunk_count; i++) {
		pool->chunks[i]->next = pool->usable;
		pool->usable = pool->chunks[i];
	}
	return code;
}

int libiommu_dma_pool_free(struct libiommu_dma_pool *pool, struct libiommu_error **err)
{
	struct libiommu_domain *dom = pool ? pool->dom : NULL;
	struct libiommu_failure f;
	int code;

	libiommu_error_clear(err);
	if (!pool || ctx_forked(dom->ctx))
		return 0;
	libiommu_failure_init(&f);
	if (pool->used)
		return ctx_raise(dom->ctx, err, refuse_used(pool, &f), &f);
	code = free_chunks(pool, err);
	if (code)
		return code;
	pthread_mutex_lock(&dom->lock);
	LIST_REMOVE(dom->pools, pool);
	pthread_mutex_unlock(&dom->lock);
	release_pool(pool, 0);
	return 0;
}

void dma_pool_destroy_all(struct libiommu_domain *dom, uint32_t flags)
{
	while (dom->pools) {
		struct libiommu_dma_pool *pool = dom->pools;

		LIST_REMOVE(dom->pools, pool);
		release_pool(pool, flags);
	}
}

/* The pool has a usable chunk. Lock held. */
static void take(struct libiommu_dma_pool *pool, void **address, uint64_t *iova)
{
	struct chunk *chunk = pool->usable;
	uint32_t index = chunk->free;
	uint64_t offset = dma_layout_offset(&pool->layout, &chunk->grid, index);

	chunk->free = chunk->link[index];
	chunk->link[index] = IN_USE;
	if (chunk->free == NONE)
		pool->usable = chunk->next;
	pool->used++;
	*address = chunk->address + offset;
	*iova = chunk->iova + offset;
}

int libiommu_dma_pool_get(struct libiommu_dma_pool *pool, void **address, uint64_t *iova,
			  struct libiommu_error **err)
{
	struct libiommu_ctx *ctx = pool ? pool->dom->ctx : NULL;
	struct libiommu_failure f;
	int code, raised = 0;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (!code && (!address || !iova))
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (code)
		return ctx_raise(ctx, err, code, &f);
	pthread_mutex_lock(&pool->lock);
	while (!pool->usable && !code && !raised) {
		if (pool->growing) {
			pthread_cond_wait(&pool->grown, &pool->lock);
		} else if (pool->limit && pool->total >= pool->limit) {
			libiommu_refuse_figures(&f, pool->total + 1, pool->limit);
			code = libiommu_refuse(&f, LIBIOMMU_REASON_POOL_LIMIT, NULL, NULL);
		} else {
			raised = grow_alone(pool, err);
		}
	}
	if (!code && !raised)
		take(pool, address, iova);
	pthread_mutex_unlock(&pool->lock);
	return raised ? raised : ctx_raise(ctx, err, code, &f);
}

/* Lock held. */
static int put(struct libiommu_dma_pool *pool, void *address, struct libiommu_failure *f)
{
	size_t at = chunk_behind(pool, address);
	struct chunk *chunk = at < pool->chunk_count ? pool->chunks[at] : NULL;
	uint32_t index = NONE;

	if (chunk && (uintptr_t)address >= (uintptr_t)chunk->address)
		index = dma_layout_index(&pool->layout, &chunk->grid,
					 (uintptr_t)address - (uintptr_t)chunk->address);
	if (index == NONE)
		return libiommu_refuse(f, LIBIOMMU_REASON_FOREIGN_OBJECT, NULL, "It is %p.",
				       address);
	if (chunk->link[index] != IN_USE)
		return libiommu_refuse(f, LIBIOMMU_REASON_DOUBLE_PUT, NULL, "It is %p.", address);
	if (chunk->free == NONE) {
		chunk->next = pool->usable;
		pool->usable = chunk;
	}
	chunk->link[index] = chunk->free;
	chunk->free = index;
	pool->used--;
	return 0;
}

int libiommu_dma_pool_put(struct libiommu_dma_pool *pool, void *address,
			  struct libiommu_error **err)
{
	struct libiommu_ctx *ctx = pool ? pool->dom->ctx : NULL;
	struct libiommu_failure f;
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (!code && address) {
		pthread_mutex_lock(&pool->lock);
		code = put(pool, address, &f);
		pthread_mutex_unlock(&pool->lock);
	}
	return ctx_raise(ctx, err, code, &f);
}

int libiommu_dma_pool_next(struct libiommu_dma_pool *pool, const void *from, void **address,
			   uint64_t *iova)
{
	uint64_t unused;
	bool found;

	if (!pool || !address)
		return -EINVAL;
	if (ctx_forked(pool->dom->ctx))
		return -ECHILD;
	pthread_mutex_lock(&pool->lock);
	found = next_used(pool, from, address, iova ? iova : &unused);
	pthread_mutex_unlock(&pool->lock);
	return found ? 0 : -ENOENT;
}

uint64_t libiommu_dma_pool_used(struct libiommu_dma_pool *pool)
{
	uint64_t used;

	if (!pool || ctx_forked(pool->dom->ctx))
		return 0;
	pthread_mutex_lock(&pool->lock);
	used = pool->used;
	pthread_mutex_unlock(&pool->lock);
	return used;
}
