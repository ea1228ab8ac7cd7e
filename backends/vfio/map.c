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

int libiommu_vfio_map_one(struct vfio_ctx *ctx, struct vfio_vessel *vessel,
			  const struct libiommu_backend_map *map, struct libiommu_failure *failure)
{
	int rc = libiommu_vfio_mine_add(ctx, vessel, map, failure);

	if (rc)
		return rc;
	rc = map_raw(ctx, vessel->fd, map);
	if (rc >= 0)
		return 0;
	libiommu_vfio_mine_remove(ctx, vessel, map->iova, map->iova + (map->length - 1));
	return libiommu_vfio_diagnose_map(ctx, vessel->fd, map, rc, failure);
}

/* Take a mapping back from the vessels before `end`: where there are several, none was passed. */
static int take_back(struct vfio_domain *domain, const struct vfio_vessel *end,
		     const struct libiommu_backend_map *map)
{
	uint64_t unmapped;
	int rc = 0;

	for (const struct vfio_vessel *v = domain->vessels; v != end; v = v->next)
		if (libiommu_vfio_unmap_dma(domain->ctx->sys, v->fd, map->iova, map->length,
					    &unmapped) < 0 ||
		    unmapped != map->length)
			rc = -EIO;
	return rc;
}

int libiommu_vfio_map(void *data, const struct libiommu_backend_map *map,
		      struct libiommu_failure *failure)
{
	struct vfio_domain *domain = data;

	for (struct vfio_vessel *v = domain->vessels; v; v = v->next) {
		int rc = libiommu_vfio_map_one(domain->ctx, v, map, failure);

		if (rc && take_back(domain, v, map))
			return libiommu_refuse(failure, LIBIOMMU_REASON_PARTIAL, NULL,
					       "Another container still holds the mapping.");
		if (rc)
			return rc;
	}
	return 0;
}

/* Map again what was removed from the vessels before `end`. */
static int put_back(struct vfio_domain *domain, const struct vfio_vessel *end,
		    const struct libiommu_backend_map *maps, size_t count)
{
	int rc = 0;

	for (const struct vfio_vessel *v = domain->vessels; v != end; v = v->next)
		for (size_t i = 0; i < count; i++)
			if (map_raw(domain->ctx, v->fd, &maps[i]) < 0)
				rc = -EIO;
	return rc;
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
		int rc = libiommu_vfio_unmap_dma(domain->ctx->sys, v->fd, iova, length, &unmapped);

		if (rc < 0) {
			libiommu_refuse_subject_range(failure, iova, iova + length - 1);
			rc = libiommu_vfiodev_diagnose(failure, rc, "VFIO_IOMMU_UNMAP_DMA", NULL);
			if (put_back(domain, v, maps, count))
				return libiommu_refuse(failure, LIBIOMMU_REASON_PARTIAL, NULL,
						       "Another container has lost mappings.");
			return rc;
		}
		libiommu_vfio_mine_remove(domain->ctx, v, iova, iova + length - 1);
		if (unmapped < least)
			least = unmapped;
	}
	*done = count;
	if (least == length)
		return 0;
	libiommu_refuse_subject_range(failure, iova, iova + length - 1);
	libiommu_refuse_figures(failure, length, least);
	return libiommu_refuse(failure, LIBIOMMU_REASON_LEDGER_MISMATCH, NULL, NULL);
}
