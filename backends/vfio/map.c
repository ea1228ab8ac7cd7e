/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/vfio/vfio.h"

#include <errno.h>

static uint32_t flags_of(uint32_t prot)
{
	return (prot & LIBIOMMU_PROT_READ ? VFIO_DMA_MAP_FLAG_READ : 0) |
	       (prot & LIBIOMMU_PROT_WRITE ? VFIO_DMA_MAP_FLAG_WRITE : 0);
}

static int map_raw(struct vfio_ctx *ctx, int container, const struct libiommu_backend_map *map)
{
	libiommu_vfiodev_own_pages(ctx->sys, map);
	return libiommu_vfio_map_dma(ctx->sys, container, flags_of(map->prot), map->memory,
				     map->iova, map->length);
}

static __attribute__((cold)) int refuse_one(struct vfio_ctx *ctx, struct vfio_vessel *vessel,
					    const struct libiommu_backend_map *map, int rc,
					    struct libiommu_failure *failure)
{
	if (libiommu_vfio_mine_counts(ctx, vessel))
		libiommu_vfio_mine_remove(ctx, vessel, map->iova, map->iova + (map->length - 1));
	return libiommu_vfio_diagnose_map(ctx, vessel->fd, map, rc, failure);
}

static inline int map_one(struct vfio_ctx *ctx, struct vfio_vessel *vessel,
			  const struct libiommu_backend_map *map, struct libiommu_failure *failure)
{
	int rc;

	if (libiommu_vfio_mine_counts(ctx, vessel)) {
		rc = libiommu_vfio_mine_add(ctx, vessel, map, failure);
		if (rc)
			return rc;
	}
	rc = map_raw(ctx, vessel->fd, map);
	return rc < 0 ? refuse_one(ctx, vessel, map, rc, failure) : 0;
}

int libiommu_vfio_map_one(struct vfio_ctx *ctx, struct vfio_vessel *vessel,
			  const struct libiommu_backend_map *map, struct libiommu_failure *failure)
{
	return map_one(ctx, vessel, map, failure);
}

/* Take a mapping back from the vessels before `end`: where there are several, none was passed. */
static __attribute__((cold)) int take_back(struct vfio_domain *domain,
					   const struct vfio_vessel *end,
					   const struct libiommu_backend_map *map, int code,
					   struct libiommu_failure *failure)
{
	uint64_t unmapped;
	int rc = 0;

	for (const struct vfio_vessel *v = domain->vessels; v != end; v = v->next)
		if (libiommu_vfio_unmap_dma(domain->ctx->sys, v->fd, map->iova, map->length,
					    &unmapped) < 0 ||
		    unmapped != map->length)
			rc = -EIO;
	return rc ? libiommu_refuse(failure, LIBIOMMU_REASON_PARTIAL, NULL,
				    "Another container still holds the mapping.")
		  : code;
}

int libiommu_vfio_map(void *data, const struct libiommu_backend_map *map,
		      struct libiommu_failure *failure)
{
	struct vfio_domain *domain = data;

	for (struct vfio_vessel *v = domain->vessels; v; v = v->next) {
		int rc = map_one(domain->ctx, v, map, failure);

		if (rc)
			return take_back(domain, v, map, rc, failure);
	}
	return 0;
}

/* The kernel has refused; map again what was removed from the vessels before `end`. */
static __attribute__((cold)) int put_back(struct vfio_domain *domain, const struct vfio_vessel *end,
					  const struct libiommu_backend_map *maps, size_t count,
					  int code, struct libiommu_failure *failure)
{
	const struct libiommu_backend_map *last = &maps[count - 1];
	int rc = 0;

	libiommu_refuse_subject_range(failure, maps[0].iova, last->iova + (last->length - 1));
	code = libiommu_vfiodev_diagnose(failure, code, "VFIO_IOMMU_UNMAP_DMA", NULL);
	for (const struct vfio_vessel *v = domain->vessels; v != end; v = v->next)
		for (size_t i = 0; i < count; i++)
			if (map_raw(domain->ctx, v->fd, &maps[i]) < 0)
				rc = -EIO;
	return rc ? libiommu_refuse(failure, LIBIOMMU_REASON_PARTIAL, NULL,
				    "Another container has lost mappings.")
		  : code;
}

static __attribute__((cold)) int refuse_figures(uint64_t iova, uint64_t length, uint64_t unmapped,
						struct libiommu_failure *failure)
{
	libiommu_refuse_subject_range(failure, iova, iova + (length - 1));
	libiommu_refuse_figures(failure, length, unmapped);
	return libiommu_refuse(failure, LIBIOMMU_REASON_LEDGER_MISMATCH, NULL, NULL);
}

int libiommu_vfio_unmap(void *data, const struct libiommu_backend_map *maps, size_t count,
			size_t *done, struct libiommu_failure *failure)
{
	const struct libiommu_backend_map *last = &maps[count - 1];
	const uint64_t iova = maps[0].iova, length = last->iova + last->length - iova;
	uint64_t unmapped, least = length;
	struct vfio_domain *domain = data;

	*done = 0;
	for (struct vfio_vessel *v = domain->vessels; v; v = v->next) {
		struct vfio_ctx *ctx = domain->ctx;
		int rc = libiommu_vfio_unmap_dma(ctx->sys, v->fd, iova, length, &unmapped);

		if (rc < 0)
			return put_back(domain, v, maps, count, rc, failure);
		if (libiommu_vfio_mine_counts(ctx, v))
			libiommu_vfio_mine_remove(ctx, v, iova, iova + (length - 1));
		if (unmapped < least)
			least = unmapped;
	}
	*done = count;
	return least == length ? 0 : refuse_figures(iova, length, least, failure);
}
