/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/vfio/vfio.h"

#include <errno.h>
#include <fcntl.h>

static int open_container(struct vfio_ctx *ctx, int *fd, struct libiommu_failure *failure)
{
	*fd = ctx->sys->open(ctx->sys->data, "/dev/vfio/vfio", O_RDWR);
	return *fd < 0 ? libiommu_vfio_diagnose_open(failure, *fd, "/dev/vfio/vfio") : 0;
}

static int enter(struct vfio_ctx *ctx, struct vfio_vessel *vessel, struct vfio_group *group,
		 const char *device, struct libiommu_failure *failure)
{
	int rc = libiommu_vfio_set_container(ctx->sys, group->fd, vessel->fd);

	if (rc < 0)
		return libiommu_vfio_diagnose_attach(ctx, group, device, rc,
						     "VFIO_GROUP_SET_CONTAINER", failure);
	rc = libiommu_vfio_set_iommu(ctx->sys, vessel->fd, VFIO_TYPE1v2_IOMMU);
	if (rc < 0)
		rc = libiommu_vfio_diagnose_attach(ctx, group, device, rc, "VFIO_SET_IOMMU",
						   failure);
	else
		rc = libiommu_vfio_info_read(ctx, vessel->fd, &vessel->info, failure);
	if (rc < 0) {
		libiommu_vfio_vessel_leave(ctx, group);
		return rc;
	}
	vessel->has_limit = vessel->info.has_available;
	vessel->limit = vessel->info.available;
	vessel->coherent = libiommu_vfio_extension(ctx->sys, vessel->fd, VFIO_DMA_CC_IOMMU);
	return 0;
}

bool libiommu_vfio_vessel_kept(const struct vfio_ctx *ctx, const struct vfio_vessel *vessel)
{
	for (const struct vfio_group *group = ctx->groups; group; group = group->next)
		if (group->vessel == vessel && !group->home)
			return true;
	return false;
}

/* What a claimed group is in must be left at every detach, which it could not if others were there. */
static bool is_claimed(const struct vfio_ctx *ctx, const struct vfio_vessel *vessel)
{
	for (const struct vfio_group *group = ctx->groups; group; group = group->next)
		if (group->vessel == vessel && group->claimed)
			return true;
	return false;
}

struct vfio_vessel *libiommu_vfio_vessel_open(const struct vfio_ctx *ctx,
					      const struct vfio_domain *domain)
{
	struct vfio_vessel *vessel = domain->vessels;

	while (vessel && is_claimed(ctx, vessel))
		vessel = vessel->next;
	return vessel;
}

static bool set_up_by_others(struct vfio_ctx *ctx, const struct vfio_vessel *vessel)
{
	struct vfio_info info;

	for (const struct vfio_group *group = ctx->groups; group; group = group->next)
		if (group->home)
			return true;
	if (libiommu_vfio_info_read(ctx, vessel->fd, &info, NULL))
		return false;
	libiommu_vfio_info_clear(ctx, &info);
	return true;
}

/* The container that was passed, when nothing stands against it. */
static int take_passed(struct vfio_ctx *ctx, const struct vfio_domain *domain, const char *device,
		       struct vfio_vessel **out, struct libiommu_failure *failure)
{
	struct vfio_vessel *vessel = ctx->passed;

	if (!vessel)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NEEDS_PASSED_FD, "/dev/vfio/vfio",
				       NULL);
	*out = vessel;
	if (vessel->adopter == domain)
		return 0;
	if (vessel->adopter || libiommu_vfio_vessel_kept(ctx, vessel))
		return libiommu_refuse(failure, LIBIOMMU_REASON_NEEDS_PASSED_FD, "/dev/vfio/vfio",
				       "The one that was passed is in use.");
	return set_up_by_others(ctx, vessel) ? libiommu_vfio_refuse_unadopted(device, failure) : 0;
}

static int make(struct vfio_ctx *ctx, struct vfio_vessel **out, struct libiommu_failure *failure)
{
	struct vfio_vessel *vessel = libiommu_vfio_alloc(ctx, sizeof(*vessel));
	int rc;

	if (!vessel)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	rc = open_container(ctx, &vessel->fd, failure);
	if (rc) {
		libiommu_vfio_vessel_free(ctx, vessel);
		return rc;
	}
	*out = vessel;
	return 0;
}

int libiommu_vfio_vessel_new(struct vfio_ctx *ctx, const struct vfio_domain *domain,
			     struct vfio_group *group, const char *device, struct vfio_vessel **out,
			     struct libiommu_failure *failure)
{
	struct vfio_vessel *vessel = NULL;
	int rc = libiommu_vfio_sealed(ctx) ? take_passed(ctx, domain, device, &vessel, failure)
					   : make(ctx, &vessel, failure);

	if (rc)
		return rc;
	vessel->groups = 1;
	rc = enter(ctx, vessel, group, device, failure);
	if (rc) {
		libiommu_vfio_vessel_free(ctx, vessel);
		return rc;
	}
	*out = vessel;
	return 0;
}

const struct vfio_info *libiommu_vfio_vessel_info(const struct vfio_vessel *vessel)
{
	return vessel && vessel->info.geometry.count ? &vessel->info : NULL;
}

void libiommu_vfio_vessel_free(struct vfio_ctx *ctx, struct vfio_vessel *vessel)
{
	libiommu_vfio_info_clear(ctx, &vessel->info);
	libiommu_vfio_mine_clear(ctx, vessel);
	/* The one that was passed stays, as good as new. */
	if (vessel == ctx->passed) {
		vessel->groups = 0;
		vessel->stale = false;
		vessel->has_limit = false;
		return;
	}
	libiommu_vfio_close(ctx, &vessel->fd);
	libiommu_vfio_free(ctx, vessel, sizeof(*vessel));
}

void libiommu_vfio_vessel_leave(struct vfio_ctx *ctx, struct vfio_group *group)
{
	if (group->fd >= 0 && libiommu_vfio_unset_container(ctx->sys, group->fd) < 0)
		libiommu_vfio_group_lose(ctx, group);
}

int libiommu_vfio_vessel_empty(struct vfio_ctx *ctx, struct vfio_vessel *vessel,
			       struct libiommu_failure *failure)
{
	int rc = vessel == ctx->passed ? libiommu_vfio_mine_unmap(ctx, vessel)
				       : libiommu_vfio_unmap_all(ctx->sys, vessel->fd);

	if (rc < 0)
		return libiommu_vfiodev_diagnose(failure, rc, "VFIO_IOMMU_UNMAP_DMA", NULL);
	vessel->stale = false;
	return 0;
}

static int check_entries(const struct vfio_vessel *vessel, const struct libiommu_backend_map *maps,
			 size_t count, struct libiommu_failure *failure)
{
	const struct libiommu_backend_map *first;

	if (!vessel->has_limit || count <= vessel->limit)
		return 0;
	first = &maps[vessel->limit];
	libiommu_refuse_subject_range(failure, first->iova, first->iova + first->length - 1);
	libiommu_refuse_figures(failure, count, vessel->limit);
	return libiommu_refuse(failure, LIBIOMMU_REASON_ENTRY_LIMIT, NULL, NULL);
}

int libiommu_vfio_vessel_replay(struct vfio_ctx *ctx, struct vfio_vessel *vessel,
				const struct libiommu_backend_map *maps, size_t count,
				struct libiommu_failure *failure)
{
	int rc = check_entries(vessel, maps, count, failure);

	for (size_t i = 0; i < count && !rc; i++)
		rc = libiommu_vfio_map_one(ctx, vessel, &maps[i], failure);
	return rc;
}

void libiommu_vfio_vessel_link(struct vfio_vessel *vessel, struct vfio_domain *domain)
{
	struct vfio_vessel **link = &domain->vessels;

	/* At the end, so that the vessel that others join stays the same. */
	while (*link)
		link = &(*link)->next;
	*link = vessel;
	vessel->next = NULL;
	vessel->domain = domain;
}

void libiommu_vfio_vessel_unlink(struct vfio_vessel *vessel)
{
	struct vfio_vessel **link;

	if (!vessel->domain)
		return;
	link = &vessel->domain->vessels;
	while (*link != vessel)
		link = &(*link)->next;
	*link = vessel->next;
	vessel->next = NULL;
	vessel->domain = NULL;
}
