/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/dma.h"

#include <errno.h>

#define FLAGS \
	(LIBIOMMU_DMA_MUST | LIBIOMMU_DMA_SHARED | LIBIOMMU_DMA_POPULATE | LIBIOMMU_DMA_NO_GUARD)
#define LENGTH_MAX (UINT64_C(1) << 63) /* so that rounding never wraps */

uint64_t dma_page(const struct libiommu_domain *dom)
{
	uint64_t page = libiommu_domain_page_size(dom);

	return page > PAGE_MIN ? page : PAGE_MIN;
}

bool dma_is_mapped(struct libiommu_domain *dom, uint64_t iova, const void *address, uint64_t length)
{
	const struct ledger_node *node;
	bool mapped;

	lock_take(&dom->gate);
	node = ledger_at_or_above(&dom->ledger, iova);
	mapped = node && node->iova == iova && node->last == iova + (length - 1) &&
		 node->space == LEDGER_SPACE_MEMORY && node->source == (uintptr_t)address;
	lock_release(&dom->gate);
	return mapped;
}

int dma_options(const struct libiommu_dma_options *from, struct libiommu_dma_options *to,
		struct libiommu_failure *f)
{
	int code = from ? options_check(from, sizeof(*from), f) : 0;

	if (code)
		return code;
	*to = from ? *from : (struct libiommu_dma_options)LIBIOMMU_DMA_OPTIONS_INIT;
	to->size = sizeof(*to);
	if (!to->prot)
		to->prot = LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE;
	if (to->flags & ~FLAGS || to->prot & ~(LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE))
		return libiommu_refuse(f, LIBIOMMU_REASON_UNKNOWN_FLAGS, NULL, NULL);
	if (to->page_size & (to->page_size - 1) || (to->page_size && to->page_size < PAGE_MIN))
		return libiommu_refuse(f, LIBIOMMU_REASON_BAD_LAYOUT, NULL,
				       "There are no pages of 0x%llx bytes.",
				       (unsigned long long)to->page_size);
	if (to->guard > LENGTH_MAX)
		return libiommu_refuse(f, LIBIOMMU_REASON_RANGE_WRAPS, NULL,
				       "The guard is 0x%llx bytes.", (unsigned long long)to->guard);
	return 0;
}

static int check(struct libiommu_domain *dom, uint64_t length, struct libiommu_failure *f)
{
	if (dom->type != LIBIOMMU_DOMAIN_PAGING)
		return libiommu_refuse(f, LIBIOMMU_REASON_DOMAIN_TYPE, NULL, NULL);
	if (!length)
		return libiommu_refuse(f, LIBIOMMU_REASON_EMPTY_RANGE, NULL, NULL);
	if (length > LENGTH_MAX)
		return libiommu_refuse(f, LIBIOMMU_REASON_RANGE_WRAPS, NULL, NULL);
	return 0;
}

static int map_buffer(struct libiommu_dma_buffer *buf, const struct libiommu_dma_options *opts,
		      struct libiommu_error **err)
{
	struct libiommu_map_request request = LIBIOMMU_MAP_REQUEST_INIT;
	uint64_t page = dma_page(buf->dom), guard = opts->guard ? opts->guard : page;
	int code;

	request.any_iova = true;
	request.source = libiommu_source_memory(buf->memory.address);
	request.length = buf->memory.length;
	request.prot = opts->prot;
	if (!(opts->flags & LIBIOMMU_DMA_NO_GUARD))
		request.guard = (guard + (page - 1)) & ~(page - 1);
	code = libiommu_domain_map_batch(buf->dom, &request, 1, NULL, err);
	buf->iova = request.iova;
	return code;
}

static int make_buffer(struct libiommu_domain *dom, uint64_t length,
		       const struct libiommu_dma_options *opts, struct libiommu_dma_buffer **out,
		       struct libiommu_failure *f)
{
	struct libiommu_dma_buffer *buf = ctx_alloc(dom->ctx, sizeof(*buf));
	int code;

	if (!buf)
		return libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	buf->dom = dom;
	code = dma_memory_make(dom->ctx, length, dma_page(dom), opts, &buf->memory, f);
	if (code) {
		ctx_release(dom->ctx, buf, sizeof(*buf));
		return code;
	}
	*out = buf;
	return 0;
}

int libiommu_dma_alloc(struct libiommu_domain *dom, uint64_t length,
		       const struct libiommu_dma_options *opts, struct libiommu_dma_buffer **out,
		       struct libiommu_error **err)
{
	struct libiommu_ctx *ctx = dom ? dom->ctx : NULL;
	struct libiommu_dma_buffer *buf = NULL;
	struct libiommu_dma_options own;
	struct libiommu_failure f;
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (!code && !out)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (!code)
		code = dma_options(opts, &own, &f);
	if (!code)
		code = check(dom, length, &f);
	if (!code)
		code = make_buffer(dom, length, &own, &buf, &f);
	if (code)
		return ctx_raise(ctx, err, code, &f);
	code = map_buffer(buf, &own, err);
	if (code) {
		dma_memory_drop(ctx, &buf->memory);
		ctx_release(ctx, buf, sizeof(*buf));
		return code;
	}
	pthread_mutex_lock(&dom->lock);
	LIST_ADD(dom->buffers, buf);
	pthread_mutex_unlock(&dom->lock);
	*out = buf;
	return 0;
}

int libiommu_dma_free(struct libiommu_dma_buffer *buf, struct libiommu_error **err)
{
	struct libiommu_domain *dom = buf ? buf->dom : NULL;
	struct libiommu_failure f;
	int code;

	libiommu_error_clear(err);
	if (!buf || ctx_forked(dom->ctx))
		return 0;
	if (dma_is_mapped(dom, buf->iova, buf->memory.address, buf->memory.length)) {
		code = libiommu_domain_unmap(dom, buf->iova, buf->memory.length, NULL, err);
		if (code)
			return code;
	}
	libiommu_failure_init(&f);
	code = dma_memory_drop(dom->ctx, &buf->memory);
	if (code)
		return ctx_raise(dom->ctx, err, libiommu_refuse_kernel(&f, code, "munmap", NULL),
				 &f);
	pthread_mutex_lock(&dom->lock);
	LIST_REMOVE(dom->buffers, buf);
	pthread_mutex_unlock(&dom->lock);
	ctx_release(dom->ctx, buf, sizeof(*buf));
	return 0;
}

bool dma_in_use(struct libiommu_domain *dom)
{
	bool used;

	pthread_mutex_lock(&dom->lock);
	used = dom->buffers || dom->pools || dma_registered(dom->registry);
	pthread_mutex_unlock(&dom->lock);
	return used;
}

void dma_destroy(struct libiommu_domain *dom, uint32_t flags)
{
	dma_registry_destroy(dom, flags);
	dma_pool_destroy_all(dom, flags);
	while (dom->buffers) {
		struct libiommu_dma_buffer *buf = dom->buffers;

		LIST_REMOVE(dom->buffers, buf);
		if (flags & LIBIOMMU_CLOSE_FORKED)
			dma_memory_forget(dom->ctx, &buf->memory);
		else
			dma_memory_drop(dom->ctx, &buf->memory);
		ctx_release(dom->ctx, buf, sizeof(*buf));
	}
}

void *libiommu_dma_address(const struct libiommu_dma_buffer *buf)
{
	return buf ? buf->memory.address : NULL;
}

uint64_t libiommu_dma_iova(const struct libiommu_dma_buffer *buf)
{
	return buf ? buf->iova : 0;
}

uint64_t libiommu_dma_length(const struct libiommu_dma_buffer *buf)
{
	return buf ? buf->memory.length : 0;
}

uint64_t libiommu_dma_page_size(const struct libiommu_dma_buffer *buf)
{
	return buf ? buf->memory.page_size : 0;
}

enum libiommu_dma_kind libiommu_dma_kind(const struct libiommu_dma_buffer *buf)
{
	return buf ? buf->memory.kind : (enum libiommu_dma_kind)0;
}

int libiommu_dma_fd(const struct libiommu_dma_buffer *buf)
{
	return buf ? buf->memory.fd : -1;
}

struct libiommu_domain *libiommu_dma_domain(const struct libiommu_dma_buffer *buf)
{
	return buf ? buf->dom : NULL;
}
