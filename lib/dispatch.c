/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/dispatch.h"

#include "lib/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct candidate *backend(const struct libiommu_ctx *ctx)
{
	return atomic_load_explicit(&((struct libiommu_ctx *)(uintptr_t)ctx)->backend,
				    memory_order_acquire);
}

/*
 * The post-condition of every slot: 0, or a negative errno with a reason. A
 * backend that breaks it is not believed. `subject` is the fallback.
 */
int dispatch_finish(int code, const char *subject, struct libiommu_failure *f)
{
	if (code == 0)
		return 0;
	if (f->reason == LIBIOMMU_REASON_NONE)
		libiommu_refuse_kernel(f, code < 0 ? code : -EIO, "a backend call", NULL);
	if (!f->subject[0] && subject)
		strncpy(f->subject, subject, sizeof(f->subject) - 1);
	f->subject[sizeof(f->subject) - 1] = '\0';
	if (f->reason == LIBIOMMU_REASON_KERNEL_REFUSED)
		return f->kernel_errno ? -f->kernel_errno : -EIO;
	return -libiommu_reason_errno(f->reason);
}

static int finish_range(int code, uint64_t iova, uint64_t length, struct libiommu_failure *f)
{
	if (code && !f->subject[0])
		libiommu_refuse_subject_range(f, iova, iova + length - 1);
	return dispatch_finish(code, NULL, f);
}

int dispatch_open(struct libiommu_ctx *ctx, struct candidate *c, struct libiommu_failure *f)
{
	int code = dispatch_finish(c->table.open(c->priv, &c->env, f), c->table.name, f);

	log_at(ctx, LIBIOMMU_LOG_INFO, "backend %s: open: %d", c->table.name, code);
	return code;
}

void dispatch_close(struct libiommu_ctx *ctx, struct candidate *c, uint32_t flags)
{
	log_at(ctx, LIBIOMMU_LOG_INFO, "backend %s: close", c->table.name);
	c->table.close(c->priv, flags);
}

int dispatch_group_ids(struct candidate *c, struct libiommu_id_builder *ids,
		       struct libiommu_failure *f)
{
	return dispatch_finish(c->table.group_ids(c->priv, ids, f), NULL, f);
}

int dispatch_group_read(struct candidate *c, uint32_t id, struct libiommu_group_builder *group,
			struct libiommu_failure *f)
{
	return dispatch_finish(c->table.group_read(c->priv, id, group, f), NULL, f);
}

int dispatch_group_of(struct candidate *c, const char *device, uint32_t *id,
		      struct libiommu_failure *f)
{
	return dispatch_finish(c->table.group_of(c->priv, device, id, f), device, f);
}

int dispatch_claim(struct libiommu_ctx *ctx, struct candidate *c, void *claim, uint32_t group,
		   struct libiommu_claimed *held, struct libiommu_failure *f)
{
	char subject[24];
	int code;

	snprintf(subject, sizeof(subject), "group %" PRIu32, group);
	code = dispatch_finish(c->claims.claim(c->priv, claim, group, held, f), subject, f);
	log_at(ctx, LIBIOMMU_LOG_INFO, "group %" PRIu32 ": claim: %d", group, code);
	return code;
}

void dispatch_release(struct libiommu_ctx *ctx, void *claim, uint32_t group, uint32_t flags)
{
	log_at(ctx, LIBIOMMU_LOG_INFO, "group %" PRIu32 ": release", group);
	backend(ctx)->claims.release(claim, flags);
}

int dispatch_device_open(struct candidate *c, struct libiommu_device *dev,
			 const struct libiommu_device_options *opts, uint32_t *group,
			 struct libiommu_failure *f)
{
	int code;

	if (opts)
		code = c->handover.device_open(c->priv, dev->priv, dev->name, opts, group, f);
	else
		code = c->table.device_open(c->priv, dev->priv, dev->name, group, f);
	code = dispatch_finish(code, dev->name, f);
	log_at(dev->ctx, LIBIOMMU_LOG_INFO, "%s: open: %d", dev->name, code);
	return code;
}

void dispatch_device_close(struct libiommu_device *dev, uint32_t flags)
{
	log_at(dev->ctx, LIBIOMMU_LOG_INFO, "%s: close", dev->name);
	backend(dev->ctx)->table.device_close(dev->priv, flags);
}

void dispatch_device_cap(struct libiommu_device *dev, enum libiommu_cap cap,
			 struct libiommu_cap_answer *out)
{
	backend(dev->ctx)->table.device_cap(dev->priv, cap, out);
}

int dispatch_device_ranges(struct libiommu_device *dev, struct libiommu_geometry *geometry,
			   struct libiommu_failure *f)
{
	const struct candidate *c = backend(dev->ctx);
	int code = dispatch_finish(c->table.device_ranges(dev->priv, geometry, f), dev->name, f);

	if (code)
		libiommu_geometry_clear(&c->env, geometry);
	return code;
}

int dispatch_domain_new(struct libiommu_domain *dom, struct libiommu_failure *f)
{
	const struct candidate *c = backend(dom->ctx);
	int code = dispatch_finish(c->table.domain_new(c->priv, dom->priv, dom->type, f), NULL, f);

	log_at(dom->ctx, LIBIOMMU_LOG_INFO, "domain %" PRIu64 ": new, type %d: %d", dom->id,
	       (int)dom->type, code);
	return code;
}

int dispatch_domain_adopt(struct libiommu_domain *dom, uint64_t native, struct libiommu_failure *f)
{
	const struct candidate *c = backend(dom->ctx);
	int code =
		dispatch_finish(c->handover.domain_adopt(c->priv, dom->priv, native, f), NULL, f);

	log_at(dom->ctx, LIBIOMMU_LOG_INFO, "domain %" PRIu64 ": adopt %" PRIu64 ": %d", dom->id,
	       native, code);
	return code;
}

int dispatch_domain_native(struct libiommu_domain *dom, uint64_t *native,
			   struct libiommu_failure *f)
{
	return dispatch_finish(backend(dom->ctx)->handover.domain_native(dom->priv, native, f),
			       NULL, f);
}

int dispatch_kvm_fd(struct libiommu_device *dev, int *fd, struct libiommu_failure *f)
{
	return dispatch_finish(backend(dev->ctx)->handover.kvm_fd(dev->priv, fd, f), dev->name, f);
}

int dispatch_hot_reset_fds(struct libiommu_device *dev, int *fds, size_t room, size_t *count,
			   struct libiommu_failure *f)
{
	int code = backend(dev->ctx)->handover.hot_reset_fds(dev->priv, fds, room, count, f);

	return dispatch_finish(code, dev->name, f);
}

void dispatch_domain_free(struct libiommu_domain *dom, uint32_t flags)
{
	log_at(dom->ctx, LIBIOMMU_LOG_INFO, "domain %" PRIu64 ": free", dom->id);
	backend(dom->ctx)->table.domain_free(dom->priv, flags);
}

int dispatch_attach(struct libiommu_device *dev, struct libiommu_domain *dom,
		    const struct libiommu_backend_attach *attach,
		    struct libiommu_geometry *geometry, struct libiommu_failure *f)
{
	const struct candidate *c = backend(dev->ctx);
	int code = c->table.attach(dev->priv, dom->priv, attach, geometry, f);

	code = dispatch_finish(code, dev->name, f);
	if (code)
		libiommu_geometry_clear(&c->env, geometry);
	log_at(dev->ctx, LIBIOMMU_LOG_INFO, "%s: attach to domain %" PRIu64 ": %d", dev->name,
	       dom->id, code);
	return code;
}

int dispatch_detach(struct libiommu_device *dev, struct libiommu_domain *dom, bool last,
		    uint32_t flags, struct libiommu_geometry *geometry, struct libiommu_failure *f)
{
	const struct candidate *c = backend(dev->ctx);
	int code = c->table.detach(dev->priv, dom->priv, last, flags, geometry, f);

	code = dispatch_finish(code, dev->name, f);
	if (code)
		libiommu_geometry_clear(&c->env, geometry);
	log_at(dev->ctx, LIBIOMMU_LOG_INFO, "%s: detach from domain %" PRIu64 ": %d", dev->name,
	       dom->id, code);
	return code;
}

int dispatch_replace(struct libiommu_ctx *ctx, void *const *devices, size_t count,
		     struct libiommu_domain *from, struct libiommu_domain *to,
		     const struct libiommu_backend_attach *attach,
		     struct libiommu_geometry *from_geometry, struct libiommu_geometry *to_geometry,
		     struct libiommu_failure *f)
{
	const struct candidate *c = backend(ctx);
	int code = c->table.replace(devices, count, from->priv, to->priv, attach, from_geometry,
				    to_geometry, f);

	code = dispatch_finish(code, NULL, f);
	if (code) {
		libiommu_geometry_clear(&c->env, from_geometry);
		libiommu_geometry_clear(&c->env, to_geometry);
	}
	log_at(ctx, LIBIOMMU_LOG_INFO, "domain %" PRIu64 ": replaced by domain %" PRIu64 ": %d",
	       from->id, to->id, code);
	return code;
}

int dispatch_map_end(struct libiommu_domain *dom, const struct libiommu_backend_map *map, int code,
		     struct libiommu_failure *f)
{
	log_at(dom->ctx, LIBIOMMU_LOG_DEBUG,
	       "domain %" PRIu64 ": map 0x%" PRIx64 " length 0x%" PRIx64 ": %d", dom->id, map->iova,
	       map->length, code);
	return finish_range(code, map->iova, map->length, f);
}

int dispatch_unmap_end(struct libiommu_domain *dom, const struct libiommu_backend_map *maps,
		       size_t count, int code, struct libiommu_failure *f)
{
	log_at(dom->ctx, LIBIOMMU_LOG_DEBUG,
	       "domain %" PRIu64 ": unmap %zu mappings from 0x%" PRIx64 ": %d", dom->id, count,
	       maps[0].iova, code);
	return finish_range(code, maps[0].iova, maps[0].length, f);
}

int dispatch_region_open(struct libiommu_device *dev, unsigned int index, uint64_t *size,
			 struct libiommu_failure *f)
{
	return dispatch_finish(backend(dev->ctx)->regions.open(dev->priv, index, size, f),
			       dev->name, f);
}

int dispatch_region_read(struct libiommu_device *dev, unsigned int index, uint64_t offset,
			 unsigned int width, uint64_t *value, struct libiommu_failure *f)
{
	int code = backend(dev->ctx)->regions.read(dev->priv, index, offset, width, value, f);

	return code ? dispatch_finish(code, dev->name, f) : 0;
}

int dispatch_region_write(struct libiommu_device *dev, unsigned int index, uint64_t offset,
			  unsigned int width, uint64_t value, struct libiommu_failure *f)
{
	int code = backend(dev->ctx)->regions.write(dev->priv, index, offset, width, value, f);

	return code ? dispatch_finish(code, dev->name, f) : 0;
}

int dispatch_region_map(struct libiommu_region *region, void **out, struct libiommu_failure *f)
{
	struct libiommu_device *dev = region->device;
	int code = backend(dev->ctx)->regions.map(dev->priv, region->index, region->size, out, f);

	return dispatch_finish(code, dev->name, f);
}

void dispatch_region_unmap(struct libiommu_region *region)
{
	struct libiommu_device *dev = region->device;

	backend(dev->ctx)->regions.unmap(dev->priv, region->index, region->size, region->mapped);
}

int dispatch_interrupt_count(struct libiommu_device *dev, enum libiommu_interrupt_kind kind,
			     unsigned int *count, struct libiommu_failure *f)
{
	int code = backend(dev->ctx)->regions.interrupt_count(dev->priv, kind, count, f);

	return dispatch_finish(code, dev->name, f);
}

int dispatch_interrupt_set(struct libiommu_device *dev, enum libiommu_interrupt_kind kind,
			   const int *fds, unsigned int count, struct libiommu_failure *f)
{
	int code = backend(dev->ctx)->regions.interrupt_set(dev->priv, kind, fds, count, f);

	return dispatch_finish(code, dev->name, f);
}

int dispatch_interrupt_unmask(struct libiommu_device *dev, struct libiommu_failure *f)
{
	return dispatch_finish(backend(dev->ctx)->regions.interrupt_unmask(dev->priv, f), dev->name,
			       f);
}

int dispatch_reset(struct libiommu_device *dev, struct libiommu_failure *f)
{
	int code = dispatch_finish(backend(dev->ctx)->regions.reset(dev->priv, f), dev->name, f);

	log_at(dev->ctx, LIBIOMMU_LOG_INFO, "%s: reset: %d", dev->name, code);
	return code;
}
