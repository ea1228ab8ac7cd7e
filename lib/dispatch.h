/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_DISPATCH_H
#define LIB_DISPATCH_H

#include "lib/object.h"

/*
 * The only way into a backend: one thin function per slot, which logs, calls,
 * and completes what the backend said. Slots before a backend is decided take
 * the candidate; the rest find it by the object.
 */

int dispatch_open(struct libiommu_ctx *ctx, struct candidate *c, struct libiommu_failure *f);
void dispatch_close(struct libiommu_ctx *ctx, struct candidate *c, uint32_t flags);

int dispatch_group_ids(struct candidate *c, struct libiommu_id_builder *ids,
		       struct libiommu_failure *f);
int dispatch_group_read(struct candidate *c, uint32_t id, struct libiommu_group_builder *group,
			struct libiommu_failure *f);
int dispatch_group_of(struct candidate *c, const char *device, uint32_t *id,
		      struct libiommu_failure *f);

int dispatch_claim(struct libiommu_ctx *ctx, struct candidate *c, void *claim, uint32_t group,
		   struct libiommu_claimed *held, struct libiommu_failure *f);
void dispatch_release(struct libiommu_ctx *ctx, void *claim, uint32_t group, uint32_t flags);

/* opts: NULL, or what the caller told beyond the name */
int dispatch_device_open(struct candidate *c, struct libiommu_device *dev,
			 const struct libiommu_device_options *opts, uint32_t *group,
			 struct libiommu_failure *f);
int dispatch_kvm_fd(struct libiommu_device *dev, int *fd, struct libiommu_failure *f);
int dispatch_hot_reset_fds(struct libiommu_device *dev, int *fds, size_t room, size_t *count,
			   struct libiommu_failure *f);
void dispatch_device_close(struct libiommu_device *dev, uint32_t flags);
void dispatch_device_cap(struct libiommu_device *dev, enum libiommu_cap cap,
			 struct libiommu_cap_answer *out);
int dispatch_device_ranges(struct libiommu_device *dev, struct libiommu_geometry *geometry,
			   struct libiommu_failure *f);

int dispatch_domain_new(struct libiommu_domain *dom, struct libiommu_failure *f);
int dispatch_domain_adopt(struct libiommu_domain *dom, uint64_t native, struct libiommu_failure *f);
int dispatch_domain_native(struct libiommu_domain *dom, uint64_t *native,
			   struct libiommu_failure *f);
void dispatch_domain_free(struct libiommu_domain *dom, uint32_t flags);

int dispatch_attach(struct libiommu_device *dev, struct libiommu_domain *dom,
		    const struct libiommu_backend_attach *attach,
		    struct libiommu_geometry *geometry, struct libiommu_failure *f);
int dispatch_detach(struct libiommu_device *dev, struct libiommu_domain *dom, bool last,
		    uint32_t flags, struct libiommu_geometry *geometry, struct libiommu_failure *f);
int dispatch_replace(struct libiommu_ctx *ctx, void *const *devices, size_t count,
		     struct libiommu_domain *from, struct libiommu_domain *to,
		     const struct libiommu_backend_attach *attach,
		     struct libiommu_geometry *from_geometry, struct libiommu_geometry *to_geometry,
		     struct libiommu_failure *f);

/* dispatch_extras.c */
int dispatch_domain_new_with(struct libiommu_domain *dom,
			     const struct libiommu_backend_wishes *wishes,
			     struct libiommu_failure *f);
int dispatch_pasid_width(struct libiommu_device *dev, unsigned int *bits,
			 struct libiommu_failure *f);
int dispatch_pasid_attach(struct libiommu_endpoint *ep, struct libiommu_domain *dom,
			  const struct libiommu_backend_attach *attach,
			  struct libiommu_geometry *geometry, struct libiommu_failure *f);
void dispatch_pasid_detach(struct libiommu_endpoint *ep, struct libiommu_domain *dom,
			   struct libiommu_geometry *geometry);
int dispatch_pasid_replace(struct libiommu_endpoint *ep, struct libiommu_domain *from,
			   struct libiommu_domain *to, const struct libiommu_backend_attach *attach,
			   struct libiommu_geometry *from_geometry,
			   struct libiommu_geometry *to_geometry, struct libiommu_failure *f);
int dispatch_domain_new_nested(struct libiommu_device *dev, struct libiommu_domain *dom,
			       const struct libiommu_nested_options *opts,
			       const struct libiommu_backend_attach *attach,
			       struct libiommu_geometry *geometry, struct libiommu_failure *f);
int dispatch_invalidate(struct libiommu_domain *dom, const struct libiommu_invalidation *commands,
			size_t count, size_t *done, struct libiommu_failure *f);
int dispatch_invalidate_raw(struct libiommu_domain *dom, uint32_t type, const void *entries,
			    size_t entry_length, size_t count, size_t *done,
			    struct libiommu_failure *f);
int dispatch_hw_info(struct libiommu_device *dev, struct libiommu_hw_info *out,
		     struct libiommu_failure *f);
int dispatch_queue_new(struct libiommu_fault_queue *queue,
		       const struct libiommu_fault_queue_options *opts, struct libiommu_failure *f);
void dispatch_queue_free(struct libiommu_fault_queue *queue, uint32_t flags);
int dispatch_queue_next(struct libiommu_fault_queue *queue, struct libiommu_fault_group *group,
			struct libiommu_page_request *requests, size_t room, size_t *count,
			struct libiommu_failure *f);
int dispatch_queue_respond(struct libiommu_fault_queue *queue, uint64_t cookie,
			   enum libiommu_fault_answer answer, struct libiommu_failure *f);
uint64_t dispatch_queue_overflows(struct libiommu_fault_queue *queue);
/* What dispatch.c and dispatch_extras.c share: the post-condition of every slot. */
int dispatch_finish(int code, const char *subject, struct libiommu_failure *f);

/* What comes after the call, unless it went well and nobody wants to read of it. */
int dispatch_map_end(struct libiommu_domain *dom, const struct libiommu_backend_map *map, int code,
		     struct libiommu_failure *f);
int dispatch_unmap_end(struct libiommu_domain *dom, const struct libiommu_backend_map *maps,
		       size_t count, int code, struct libiommu_failure *f);

static inline int dispatch_map(struct libiommu_domain *dom, const struct libiommu_backend_map *map,
			       struct libiommu_failure *f)
{
	const struct candidate *c = atomic_load_explicit(&dom->ctx->backend, memory_order_acquire);
	int code = c->table.map(dom->priv, map, f);

	return code || dom->ctx->log ? dispatch_map_end(dom, map, code, f) : 0;
}

static inline int dispatch_unmap(struct libiommu_domain *dom,
				 const struct libiommu_backend_map *maps, size_t count,
				 size_t *done, struct libiommu_failure *f)
{
	const struct candidate *c = atomic_load_explicit(&dom->ctx->backend, memory_order_acquire);
	int code;

	*done = 0;
	code = c->table.unmap(dom->priv, maps, count, done, f);
	if (!code || *done > count)
		*done = count;
	return code || dom->ctx->log ? dispatch_unmap_end(dom, maps, count, code, f) : 0;
}

int dispatch_region_open(struct libiommu_device *dev, unsigned int index, uint64_t *size,
			 struct libiommu_failure *f);
int dispatch_region_read(struct libiommu_device *dev, unsigned int index, uint64_t offset,
			 unsigned int width, uint64_t *value, struct libiommu_failure *f);
int dispatch_region_write(struct libiommu_device *dev, unsigned int index, uint64_t offset,
			  unsigned int width, uint64_t value, struct libiommu_failure *f);
int dispatch_region_map(struct libiommu_region *region, void **out, struct libiommu_failure *f);
void dispatch_region_unmap(struct libiommu_region *region);
int dispatch_interrupt_count(struct libiommu_device *dev, enum libiommu_interrupt_kind kind,
			     unsigned int *count, struct libiommu_failure *f);
int dispatch_interrupt_set(struct libiommu_device *dev, enum libiommu_interrupt_kind kind,
			   const int *fds, unsigned int count, struct libiommu_failure *f);
int dispatch_interrupt_unmask(struct libiommu_device *dev, struct libiommu_failure *f);
int dispatch_reset(struct libiommu_device *dev, struct libiommu_failure *f);

#endif
