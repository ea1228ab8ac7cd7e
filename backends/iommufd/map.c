/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/iommufd/iommufd.h"

#include <errno.h>

static uint32_t flags_of(uint32_t prot)
{
	return (prot & LIBIOMMU_PROT_READ ? IOMMU_IOAS_MAP_READABLE : 0) |
	       (prot & LIBIOMMU_PROT_WRITE ? IOMMU_IOAS_MAP_WRITEABLE : 0);
}

int libiommu_iommufd_map(void *data, const struct libiommu_backend_map *map,
			 struct libiommu_failure *failure)
{
	struct iommufd_domain *domain = data;
	const struct iommufd_ctx *ctx = domain->ctx;
	const uint32_t flags = flags_of(map->prot);
	int rc;

	if (map->fd >= 0) {
		rc = libiommu_iommufd_ioas_map_file(ctx->sys, ctx->fd, domain->id, flags, map->fd,
						    map->offset, map->iova, map->length);
		return rc < 0 ? libiommu_iommufd_diagnose_map(domain, map, rc,
							      "IOMMU_IOAS_MAP_FILE", failure)
			      : 0;
	}
	libiommu_vfiodev_own_pages(ctx->sys, map);
	rc = libiommu_iommufd_ioas_map(ctx->sys, ctx->fd, domain->id, flags, map->memory, map->iova,
				       map->length);
	return rc < 0 ? libiommu_iommufd_diagnose_map(domain, map, rc, "IOMMU_IOAS_MAP", failure)
		      : 0;
}

static int unmap_span(const struct iommufd_domain *domain, uint64_t iova, uint64_t length,
		      uint64_t *unmapped)
{
	return libiommu_iommufd_ioas_unmap(domain->ctx->sys, domain->ctx->fd, domain->id, iova,
					   length, unmapped);
}

/* Errors with which the kernel may have removed the lower ones of several. */
static bool may_be_partial(int error)
{
	return error == -ENOENT || error == -EBUSY || error == -EDEADLK;
}

/* One by one, as far as it goes: those that are gone already have been removed before. */
static int unmap_each(const struct iommufd_domain *domain, const struct libiommu_backend_map *maps,
		      size_t count, size_t *done)
{
	uint64_t unmapped;
	int rc;

	for (*done = 0; *done < count; ++*done) {
		rc = unmap_span(domain, maps[*done].iova, maps[*done].length, &unmapped);
		if (rc < 0 && rc != -ENOENT)
			return rc;
	}
	return 0;
}

static int refuse_mismatch(struct libiommu_failure *failure, uint64_t length, uint64_t unmapped)
{
	libiommu_refuse_figures(failure, length, unmapped);
	return libiommu_refuse(failure, LIBIOMMU_REASON_LEDGER_MISMATCH, NULL, NULL);
}

/* The span was refused with `error`: find out what is left of it. */
static int unmap_rest(const struct iommufd_domain *domain, const struct libiommu_backend_map *maps,
		      size_t count, size_t *done, int error, struct libiommu_failure *failure)
{
	int rc = error;

	if (may_be_partial(error))
		rc = unmap_each(domain, maps, count, done);
	if (rc < 0)
		return libiommu_iommufd_diagnose(failure, rc, "IOMMU_IOAS_UNMAP", NULL);
	if (error != -ENOENT)
		return 0;
	/* Something was not as it had been mapped; what there was of it is gone. */
	libiommu_refuse_kernel(failure, error, "IOMMU_IOAS_UNMAP", NULL);
	return libiommu_refuse(failure, LIBIOMMU_REASON_LEDGER_MISMATCH, NULL, NULL);
}

int libiommu_iommufd_unmap(void *data, const struct libiommu_backend_map *maps, size_t count,
			   size_t *done, struct libiommu_failure *failure)
{
	const struct libiommu_backend_map *last = &maps[count - 1];
	const uint64_t iova = maps[0].iova, length = last->iova + last->length - iova;
	struct iommufd_domain *domain = data;
	uint64_t unmapped;
	int rc = unmap_span(domain, iova, length, &unmapped);

	*done = rc < 0 ? 0 : count;
	if (rc >= 0 && unmapped == length)
		return 0;
	libiommu_refuse_subject_range(failure, iova, iova + length - 1);
	return rc < 0 ? unmap_rest(domain, maps, count, done, rc, failure)
		      : refuse_mismatch(failure, length, unmapped);
}
