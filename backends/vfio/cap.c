/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/vfio/vfio.h"

#include <errno.h>

#define ENTRY_LIMIT_FILE "module/vfio_iommu_type1/parameters/dma_entry_limit"

static void answer(struct libiommu_cap_answer *out, enum libiommu_answer answer, uint64_t value,
		   const char *evidence)
{
	out->answer = answer;
	out->value = value;
	out->evidence = evidence;
}

static void entry_limit(struct vfio_ctx *ctx, const struct vfio_vessel *vessel,
			struct libiommu_cap_answer *out)
{
	uint64_t value = 0;
	char text[32];

	if (vessel && vessel->has_limit) {
		answer(out, LIBIOMMU_ANSWER_YES, vessel->limit,
		       "VFIO_IOMMU_GET_INFO: VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL of the empty "
		       "container");
		return;
	}
	if (libiommu_sysfs_read(&ctx->sysfs, ENTRY_LIMIT_FILE, text, sizeof(text)) <= 0)
		return;
	for (const char *at = text; *at; at++) {
		if (*at < '0' || *at > '9' || value > UINT32_MAX)
			return;
		value = value * 10 + (uint64_t)(*at - '0');
	}
	answer(out, LIBIOMMU_ANSWER_YES, value, "/sys/" ENTRY_LIMIT_FILE);
}

static unsigned int width(uint64_t last)
{
	return last ? 64 - (unsigned int)__builtin_clzll(last) : 1;
}

/* What the vessel told when it was entered. */
static void of_vessel(struct vfio_ctx *ctx, const struct vfio_vessel *vessel, enum libiommu_cap cap,
		      struct libiommu_cap_answer *out)
{
	const struct vfio_info *info = libiommu_vfio_vessel_info(vessel);

	switch (cap) {
	case LIBIOMMU_CAP_PAGE_SIZES:
		if (info)
			answer(out, LIBIOMMU_ANSWER_YES, info->geometry.page_sizes,
			       "VFIO_IOMMU_GET_INFO: iova_pgsizes");
		break;
	case LIBIOMMU_CAP_ADDRESS_BITS:
		if (info && info->has_ranges)
			answer(out, LIBIOMMU_ANSWER_YES,
			       width(info->geometry.ranges[info->geometry.count - 1].last),
			       "VFIO_IOMMU_GET_INFO: end of the last IOVA range");
		break;
	case LIBIOMMU_CAP_ENTRY_LIMIT:
		entry_limit(ctx, vessel, out);
		break;
	case LIBIOMMU_CAP_CACHE_COHERENCY:
		if (info)
			answer(out, LIBIOMMU_ANSWER_YES, 0,
			       "VFIO lends cache-coherent devices only");
		break;
	case LIBIOMMU_CAP_ENFORCE_CACHE_COHERENCY:
		if (info && vessel->coherent >= 0)
			answer(out, vessel->coherent ? LIBIOMMU_ANSWER_YES : LIBIOMMU_ANSWER_NO, 0,
			       "VFIO_CHECK_EXTENSION: VFIO_DMA_CC_IOMMU");
		break;
	default:
		break;
	}
}

static void iommufd(struct vfio_ctx *ctx, struct libiommu_cap_answer *out)
{
	const struct libiommu_sysfs dev = libiommu_sysfs_beside(&ctx->sysfs, "/dev");
	char scratch[256];

	if (libiommu_sysfs_link(&dev, "iommu", scratch, sizeof(scratch)) == -ENOENT)
		answer(out, LIBIOMMU_ANSWER_NO, 0, "/dev/iommu does not exist");
}

static void lacks(enum libiommu_cap cap, struct libiommu_cap_answer *out)
{
	answer(out, LIBIOMMU_ANSWER_NO, 0,
	       cap == LIBIOMMU_CAP_DIRTY_TRACKING
		       ? "VFIO type1 tells of all that is mapped, written or not"
	       : cap == LIBIOMMU_CAP_PASIDS        ? "VFIO type1 has no PASIDs"
	       : cap == LIBIOMMU_CAP_PAGE_REQUESTS ? "VFIO type1 lends no page requests"
						   : "VFIO type1 has no tables of its users");
}

void libiommu_vfio_device_cap(void *data, enum libiommu_cap cap, struct libiommu_cap_answer *out)
{
	struct vfio_device *device = data;
	struct vfio_ctx *ctx = device->ctx;

	switch (cap) {
	case LIBIOMMU_CAP_REPLACE:
	case LIBIOMMU_CAP_REPLACE_HITLESS:
		answer(out, LIBIOMMU_ANSWER_NO, 0, "type1 has no call that exchanges a container");
		break;
	case LIBIOMMU_CAP_STATE_SURVIVES_DETACH:
		answer(out, LIBIOMMU_ANSWER_NO, 0,
		       "a group that shares a container gives its device up to leave it");
		break;
	case LIBIOMMU_CAP_SHARES_PINS:
		answer(out, LIBIOMMU_ANSWER_NO, 0, "every container pins and charges memory anew");
		break;
	case LIBIOMMU_CAP_REPROTECT:
		answer(out, LIBIOMMU_ANSWER_NO, 0, "VFIO_IOMMU_MAP_DMA fixes the protection");
		break;
	case LIBIOMMU_CAP_FILE_MAPPINGS:
		answer(out, LIBIOMMU_ANSWER_NO, 0, "VFIO_IOMMU_MAP_DMA takes addresses only");
		break;
	case LIBIOMMU_CAP_FD_BEFORE_ATTACH:
		answer(out, LIBIOMMU_ANSWER_NO, 0,
		       "VFIO_GROUP_GET_DEVICE_FD needs a container with an IOMMU");
		break;
	case LIBIOMMU_CAP_BLOCKS_WHEN_DETACHED:
		if (device->group->home)
			answer(out, LIBIOMMU_ANSWER_NO, 0,
			       "its group stays in a container that somebody else fills");
		else if (libiommu_vfio_sealed(ctx))
			answer(out, LIBIOMMU_ANSWER_NO, 0,
			       "its group keeps a passed container, which others can fill");
		else
			answer(out, LIBIOMMU_ANSWER_YES, 0,
			       "a detached group is in an empty container");
		break;
	case LIBIOMMU_CAP_DIRTY_TRACKING:
	case LIBIOMMU_CAP_PASIDS:
	case LIBIOMMU_CAP_PAGE_REQUESTS:
	case LIBIOMMU_CAP_NESTING:
		lacks(cap, out);
		break;
	case LIBIOMMU_CAP_P2P:
		answer(out, LIBIOMMU_ANSWER_YES, 0, "VFIO_IOMMU_MAP_DMA takes mapped BARs");
		break;
	case LIBIOMMU_CAP_IOMMUFD:
		iommufd(ctx, out);
		break;
	default:
		pthread_mutex_lock(&ctx->lock);
		of_vessel(ctx, device->group->vessel, cap, out);
		pthread_mutex_unlock(&ctx->lock);
		break;
	}
}
