/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A claimed group is in a container of its own, with its IOMMU: what a group that is detached and
 * alone keeps. An attach finds it there, a detach leaves it there, and no other group joins it.
 */
#include "backends/vfio/vfio.h"

struct vfio_claim {
	struct vfio_ctx *ctx;
	struct vfio_group *group;
};

static int give_vessel(struct vfio_ctx *ctx, struct vfio_group *group, const char *member,
		       struct libiommu_failure *failure)
{
	struct vfio_vessel *vessel;
	int rc;

	if (group->vessel && group->vessel->groups > 1)
		return libiommu_refuse(failure, LIBIOMMU_REASON_GROUP_IN_USE, NULL,
				       "It shares a container with other groups.");
	if (group->vessel)
		return 0;
	rc = libiommu_vfio_vessel_new(ctx, NULL, group, member, &vessel, failure);
	if (rc)
		return rc;
	pthread_mutex_lock(&ctx->lock);
	group->vessel = vessel;
	pthread_mutex_unlock(&ctx->lock);
	return 0;
}

static int claim(void *ctx_data, void *claim_data, uint32_t id, struct libiommu_claimed *held,
		 struct libiommu_failure *failure)
{
	struct vfio_claim *claim = claim_data;
	struct vfio_ctx *ctx = ctx_data;
	char member[LIBIOMMU_SYSFS_NAME];
	struct vfio_group *group;
	int rc;

	if (libiommu_vfio_sealed(ctx))
		return libiommu_refuse(failure, LIBIOMMU_REASON_NEEDS_PASSED_FD, NULL,
				       "A claim opens the group itself.");
	rc = libiommu_vfiodev_count(&ctx->sysfs, id, held, member, failure);
	if (!rc)
		rc = libiommu_vfio_group_get(ctx, id, member, &group, failure);
	if (rc)
		return rc;
	rc = give_vessel(ctx, group, member, failure);
	if (rc) {
		libiommu_vfio_group_put(ctx, group, 0);
		return rc;
	}
	group->claimed = true;
	claim->ctx = ctx;
	claim->group = group;
	return 0;
}

static void release(void *claim_data, uint32_t flags)
{
	struct vfio_claim *claim = claim_data;

	claim->group->claimed = false;
	libiommu_vfio_group_put(claim->ctx, claim->group, flags);
}

const struct libiommu_backend_claims libiommu_vfio_claims = {
	.size = sizeof(struct libiommu_backend_claims),
	.claim_size = sizeof(struct vfio_claim),
	.claim = claim,
	.release = release,
};
