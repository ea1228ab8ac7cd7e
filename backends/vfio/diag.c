/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/vfio/vfio.h"

#include "lib/geometry.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int libiommu_vfio_diagnose_open(struct libiommu_failure *failure, int error, const char *path)
{
	libiommu_refuse_kernel(failure, error, "open", path);
	switch (error) {
	case -ENOENT:
	case -ENOTDIR:
		return libiommu_refuse(failure, LIBIOMMU_REASON_VFIO_MISSING, path, NULL);
	case -ENODEV:
	case -ENXIO:
		return libiommu_refuse(failure, LIBIOMMU_REASON_VFIO_MISSING, path,
				       "The node is there, the module behind it is not.");
	case -EACCES:
	case -EPERM:
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_PERMISSION, path, NULL);
	case -EBUSY:
		return libiommu_refuse(failure, LIBIOMMU_REASON_DEVICE_BUSY, path, NULL);
	default:
		return libiommu_vfiodev_diagnose(failure, error, "open", path);
	}
}

int libiommu_vfio_diagnose_node(struct vfio_ctx *ctx, uint32_t id, const char *device,
				struct libiommu_failure *failure)
{
	const struct libiommu_sysfs dev = libiommu_sysfs_beside(&ctx->sysfs, "/dev/vfio");
	char name[32], scratch[256];
	int rc;

	snprintf(name, sizeof(name), "noiommu-%" PRIu32, id);
	rc = libiommu_sysfs_link(&dev, name, scratch, sizeof(scratch));
	/* It is there when reading it as a link fails because it is none. */
	if (rc >= 0 || rc == -EINVAL)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_IOMMU_MODE, device, NULL);
	return libiommu_refuse(failure, LIBIOMMU_REASON_VFIO_MISSING, device,
			       "There is no /dev/vfio/%" PRIu32 ".", id);
}

static int diagnose_permission(struct vfio_ctx *ctx, const struct vfio_group *group,
			       const char *device, int error, struct libiommu_failure *failure)
{
	uint32_t flags;
	int rc = libiommu_vfio_group_status(ctx->sys, group->fd, &flags);

	if ((rc >= 0 && !(flags & VFIO_GROUP_FLAGS_VIABLE)) ||
	    libiommu_vfiodev_blocked(&ctx->sysfs, group->id))
		return libiommu_vfiodev_guess(
			failure,
			libiommu_vfiodev_refuse_viability(&ctx->sysfs, group->id, device, failure));
	return libiommu_vfiodev_refuse_interrupts(&ctx->sysfs, LIBIOMMU_VFIO_UNSAFE, device, error,
						  failure);
}

int libiommu_vfio_refuse_unadopted(const char *device, struct libiommu_failure *failure)
{
	return libiommu_refuse(failure, LIBIOMMU_REASON_DEVICE_BUSY, device,
			       "Somebody else has set its container up; libiommu_domain_adopt() "
			       "makes a domain of it.");
}

int libiommu_vfio_diagnose_attach(struct vfio_ctx *ctx, const struct vfio_group *group,
				  const char *device, int error, const char *call,
				  struct libiommu_failure *failure)
{
	int direct, rc = libiommu_vfiodev_diagnose(failure, error, call, device);

	switch (error) {
	case -EPERM:
	case -EINVAL:
		direct = libiommu_vfiodev_refuse_direct(&ctx->sysfs, group->id, device, failure);
		if (direct)
			return direct;
		if (error == -EPERM)
			return diagnose_permission(ctx, group, device, error, failure);
		return rc;
	case -EBUSY:
		return libiommu_refuse(failure, LIBIOMMU_REASON_DEVICE_BUSY, device, NULL);
	case -EACCES:
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_PERMISSION, device, NULL);
	case -ENODEV:
		/* SET_IOMMU: nobody accepts the type; else the device or its group is gone. */
		return libiommu_refuse(failure,
				       !strcmp(call, "VFIO_SET_IOMMU") ? LIBIOMMU_REASON_VFIO_API
								       : LIBIOMMU_REASON_NOT_BOUND,
				       device, NULL);
	default:
		return rc;
	}
}

static int diagnose_memory(struct vfio_ctx *ctx, const struct libiommu_backend_map *map,
			   struct libiommu_failure *failure)
{
	uint64_t left = 0;
	bool known = libiommu_vfiodev_lockable(&ctx->sysfs, "VmLck", &left);

	if (known && left >= map->length)
		return libiommu_vfiodev_guess(
			failure, libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL));
	if (known)
		libiommu_refuse_figures(failure, map->length, left);
	return libiommu_vfiodev_guess(
		failure, libiommu_refuse(failure, LIBIOMMU_REASON_LOCKED_MEMORY, NULL, NULL));
}

/* The vessel's ranges as they are now: they narrow when a device joins. */
static int diagnose_place(struct vfio_ctx *ctx, int container,
			  const struct libiommu_backend_map *map, int error,
			  struct libiommu_failure *failure)
{
	uint64_t start = map->iova, last = start + map->length - 1;
	enum libiommu_reason reason = LIBIOMMU_REASON_NONE;
	const struct libiommu_geometry *g;
	struct vfio_info info;

	if (libiommu_vfio_info_read(ctx, container, &info, NULL))
		return error;
	g = &info.geometry;
	if (!libiommu_ranges_hold(g->ranges, g->count, start, last))
		reason = start < g->ranges[0].start || last > g->ranges[g->count - 1].last
				 ? LIBIOMMU_REASON_OUTSIDE_APERTURE
				 : LIBIOMMU_REASON_RESERVED_REGION;
	libiommu_vfio_info_clear(ctx, &info);
	if (reason == LIBIOMMU_REASON_NONE)
		return error;
	return libiommu_vfiodev_guess(failure, libiommu_refuse(failure, reason, NULL, NULL));
}

int libiommu_vfio_diagnose_map(struct vfio_ctx *ctx, int container,
			       const struct libiommu_backend_map *map, int error,
			       struct libiommu_failure *failure)
{
	libiommu_refuse_subject_range(failure, map->iova, map->iova + map->length - 1);
	libiommu_refuse_kernel(failure, error, "VFIO_IOMMU_MAP_DMA", NULL);
	switch (error) {
	case -EFAULT:
		return libiommu_refuse(failure, LIBIOMMU_REASON_BAD_MEMORY, NULL, NULL);
	case -ENOMEM:
		return diagnose_memory(ctx, map, failure);
	case -ENOSPC:
		libiommu_refuse_figures(failure, 1, 0);
		return libiommu_refuse(failure, LIBIOMMU_REASON_ENTRY_LIMIT, NULL, NULL);
	case -EEXIST:
		return libiommu_refuse(failure, LIBIOMMU_REASON_FOREIGN_MAPPING, NULL, NULL);
	case -EINVAL:
		return diagnose_place(ctx, container, map, error, failure);
	default:
		return error;
	}
}
