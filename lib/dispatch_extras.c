/* SPDX-License-Identifier: BSD-2-Clause */
/* dispatch.c for PASIDs, nesting and fault queues. */
#include "lib/dispatch.h"

#include "lib/log.h"

#include <inttypes.h>

static const struct candidate *backend(const struct libiommu_ctx *ctx)
{
	return atomic_load_explicit(&((struct libiommu_ctx *)(uintptr_t)ctx)->backend,
				    memory_order_acquire);
}

int dispatch_domain_new_with(struct libiommu_domain *dom,
			     const struct libiommu_backend_wishes *wishes,
			     struct libiommu_failure *f)
{
	const struct candidate *c = backend(dom->ctx);
	int code =
		dispatch_finish(c->table.domain_new_with(c->priv, dom->priv, wishes, f), NULL, f);

	log_at(dom->ctx, LIBIOMMU_LOG_INFO, "domain %" PRIu64 ": new, type %d, for%s%s%s: %d",
	       dom->id, (int)dom->type, wishes->pasid ? " PASIDs" : "",
	       wishes->nest_parent ? " nesting" : "", wishes->faults ? " faults" : "", code);
	return code;
}

int dispatch_pasid_width(struct libiommu_device *dev, unsigned int *bits,
			 struct libiommu_failure *f)
{
	return dispatch_finish(backend(dev->ctx)->pasids.width(dev->priv, bits, f), dev->name, f);
}

int dispatch_pasid_attach(struct libiommu_endpoint *ep, struct libiommu_domain *dom,
			  const struct libiommu_backend_attach *attach,
			  struct libiommu_geometry *geometry, struct libiommu_failure *f)
{
	struct libiommu_device *dev = ep->device;
	const struct candidate *c = backend(dev->ctx);
	int code = c->pasids.attach(dev->priv, ep->pasid, dom->priv, attach, geometry, f);

	code = dispatch_finish(code, dev->name, f);
	if (code)
		libiommu_geometry_clear(&c->env, geometry);
	log_at(dev->ctx, LIBIOMMU_LOG_INFO,
	       "%s: attach PASID %" PRIu32 " to domain %" PRIu64 ": %d", dev->name, ep->pasid,
	       dom->id, code);
	return code;
}

void dispatch_pasid_detach(struct libiommu_endpoint *ep, struct libiommu_domain *dom,
			   struct libiommu_geometry *geometry)
{
	struct libiommu_device *dev = ep->device;

	backend(dev->ctx)->pasids.detach(dev->priv, ep->pasid, dom->priv, geometry);
	log_at(dev->ctx, LIBIOMMU_LOG_INFO, "%s: detach PASID %" PRIu32 " from domain %" PRIu64,
	       dev->name, ep->pasid, dom->id);
}

int dispatch_pasid_replace(struct libiommu_endpoint *ep, struct libiommu_domain *from,
			   struct libiommu_domain *to, const struct libiommu_backend_attach *attach,
			   struct libiommu_geometry *from_geometry,
			   struct libiommu_geometry *to_geometry, struct libiommu_failure *f)
{
	struct libiommu_device *dev = ep->device;
	const struct candidate *c = backend(dev->ctx);
	int code = c->pasids.replace(dev->priv, ep->pasid, from->priv, to->priv, attach,
				     from_geometry, to_geometry, f);

	code = dispatch_finish(code, dev->name, f);
	if (code) {
		libiommu_geometry_clear(&c->env, from_geometry);
		libiommu_geometry_clear(&c->env, to_geometry);
	}
	log_at(dev->ctx, LIBIOMMU_LOG_INFO,
	       "%s: PASID %" PRIu32 ": domain %" PRIu64 " replaced by domain %" PRIu64 ": %d",
	       dev->name, ep->pasid, from->id, to->id, code);
	return code;
}

int dispatch_domain_new_nested(struct libiommu_device *dev, struct libiommu_domain *dom,
			       const struct libiommu_nested_options *opts,
			       const struct libiommu_backend_attach *attach,
			       struct libiommu_geometry *geometry, struct libiommu_failure *f)
{
	const struct candidate *c = backend(dom->ctx);
	int code = c->nesting.domain_new(dev->priv, dom->parent->priv, dom->priv, opts,
					 opts->faults ? opts->faults->priv : NULL, attach, geometry,
					 f);

	code = dispatch_finish(code, dev->name, f);
	if (code)
		libiommu_geometry_clear(&c->env, geometry);
	log_at(dom->ctx, LIBIOMMU_LOG_INFO,
	       "domain %" PRIu64 ": new, nested on domain %" PRIu64 ", stage 1 of type %d: %d",
	       dom->id, dom->parent->id, (int)opts->type, code);
	return code;
}

/* Only what was said to be done counts, and no more than there was. */
static int finish_invalidation(struct libiommu_domain *dom, int code, size_t count, size_t *done,
			       struct libiommu_failure *f)
{
	if (!code || *done > count)
		*done = count;
	log_at(dom->ctx, LIBIOMMU_LOG_DEBUG,
	       "domain %" PRIu64 ": invalidate, %zu of %zu commands: %d", dom->id, *done, count,
	       code);
	return dispatch_finish(code, NULL, f);
}

int dispatch_invalidate(struct libiommu_domain *dom, const struct libiommu_invalidation *commands,
			size_t count, size_t *done, struct libiommu_failure *f)
{
	int code;

	*done = 0;
	code = backend(dom->ctx)->nesting.invalidate(dom->priv, commands, count, done, f);
	return finish_invalidation(dom, code, count, done, f);
}

int dispatch_invalidate_raw(struct libiommu_domain *dom, uint32_t type, const void *entries,
			    size_t entry_length, size_t count, size_t *done,
			    struct libiommu_failure *f)
{
	int code;

	*done = 0;
	code = backend(dom->ctx)->nesting.invalidate_raw(dom->priv, type, entries, entry_length,
							 count, done, f);
	return finish_invalidation(dom, code, count, done, f);
}

int dispatch_hw_info(struct libiommu_device *dev, struct libiommu_hw_info *out,
		     struct libiommu_failure *f)
{
	return dispatch_finish(backend(dev->ctx)->nesting.hw_info(dev->priv, out, f), dev->name, f);
}

int dispatch_queue_new(struct libiommu_fault_queue *queue,
		       const struct libiommu_fault_queue_options *opts, struct libiommu_failure *f)
{
	const struct candidate *c = backend(queue->ctx);
	int code = c->faults.queue_new(c->priv, queue->priv, opts, &queue->fd, f);

	log_at(queue->ctx, LIBIOMMU_LOG_INFO, "fault queue: new: %d", code);
	return dispatch_finish(code, NULL, f);
}

void dispatch_queue_free(struct libiommu_fault_queue *queue, uint32_t flags)
{
	log_at(queue->ctx, LIBIOMMU_LOG_INFO, "fault queue: free");
	backend(queue->ctx)->faults.queue_free(queue->priv, flags);
}

int dispatch_queue_next(struct libiommu_fault_queue *queue, struct libiommu_fault_group *group,
			struct libiommu_page_request *requests, size_t room, size_t *count,
			struct libiommu_failure *f)
{
	return dispatch_finish(
		backend(queue->ctx)->faults.next(queue->priv, group, requests, room, count, f),
		NULL, f);
}

int dispatch_queue_respond(struct libiommu_fault_queue *queue, uint64_t cookie,
			   enum libiommu_fault_answer answer, struct libiommu_failure *f)
{
	int code = backend(queue->ctx)->faults.respond(queue->priv, cookie, answer, f);

	log_at(queue->ctx, LIBIOMMU_LOG_DEBUG, "fault queue: answer %d to %" PRIu64 ": %d",
	       (int)answer, cookie, code);
	return dispatch_finish(code, NULL, f);
}

uint64_t dispatch_queue_overflows(struct libiommu_fault_queue *queue)
{
	return backend(queue->ctx)->faults.overflows(queue->priv);
}
