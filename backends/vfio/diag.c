/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/vfio/vfio.h"

#include "lib/geometry.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAP_IPC_LOCK 14

static int guess(struct libiommu_failure *failure, int code)
{
	if (failure)
		failure->guess = true;
	return code;
}

int libiommu_vfio_diagnose(struct libiommu_failure *failure, int error, const char *call,
			   const char *subject)
{
	libiommu_refuse_kernel(failure, error, call, subject);
	switch (error) {
	case -EMFILE:
	case -ENFILE:
		return libiommu_refuse(failure, LIBIOMMU_REASON_FD_LIMIT, subject, NULL);
	case -ENOMEM:
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, subject, NULL);
	default:
		return error;
	}
}

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
		return libiommu_vfio_diagnose(failure, error, "open", path);
	}
}

int libiommu_vfio_diagnose_node(struct vfio_ctx *ctx, uint32_t id, const char *device,
				struct libiommu_failure *failure)
{
	const struct libiommu_sysfs dev = { ctx->sys, "/dev/vfio" };
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

struct blockers {
	struct libiommu_failure *failure; /* NULL: only find out whether there are any */
	const char *device;
	bool found;
};

static int name_blocker(void *data, const struct libiommu_group_member *member,
			struct libiommu_failure *failure)
{
	struct blockers *blockers = data;

	(void)failure;
	if (!member->blocks)
		return 0;
	blockers->found = true;
	libiommu_refuse_blocked(blockers->failure, blockers->device, member->name, member->driver);
	return 0;
}

static bool find_blockers(struct vfio_ctx *ctx, uint32_t id, const char *device,
			  struct libiommu_failure *failure)
{
	struct blockers blockers = { failure, device, false };

	libiommu_sysfs_members(&ctx->sysfs, id, name_blocker, &blockers, NULL);
	return blockers.found;
}

int libiommu_vfio_diagnose_viability(struct vfio_ctx *ctx, uint32_t id, const char *device,
				     struct libiommu_failure *failure)
{
	if (find_blockers(ctx, id, device, failure))
		return -libiommu_reason_errno(LIBIOMMU_REASON_GROUP_NOT_VIABLE);
	return libiommu_refuse(
		failure, LIBIOMMU_REASON_GROUP_NOT_VIABLE, device,
		"The kernel says so of group %" PRIu32 "; sysfs shows nobody who blocks.", id);
}

static int find_direct(void *data, const struct libiommu_reserved *reserved,
		       struct libiommu_failure *failure)
{
	struct libiommu_range *range = data;

	(void)failure;
	if (reserved->type != LIBIOMMU_RESERVED_DIRECT)
		return 0;
	*range = reserved->range;
	return 1;
}

/* Interrupts are what is left when nothing else explains the refusal; a parameter is evidence. */
static int diagnose_interrupts(struct vfio_ctx *ctx, const char *device, int error,
			       struct libiommu_failure *failure)
{
	char value[8];
	int rc = libiommu_sysfs_read(&ctx->sysfs,
				     "module/vfio_iommu_type1/parameters/allow_unsafe_interrupts",
				     value, sizeof(value));

	if (rc > 0 && value[0] == 'Y')
		return error;
	rc = libiommu_refuse(failure, LIBIOMMU_REASON_MSI_NOT_ISOLATED, device, "%s",
			     rc > 0 ? "vfio_iommu_type1.allow_unsafe_interrupts is off, and "
				      "nothing else explains the refusal."
				    : "Nothing else explains the refusal.");
	return guess(failure, rc);
}

static int diagnose_permission(struct vfio_ctx *ctx, const struct vfio_group *group,
			       const char *device, int error, struct libiommu_failure *failure)
{
	uint32_t flags;
	int rc = libiommu_vfio_group_status(ctx->sys, group->fd, &flags);

	if ((rc >= 0 && !(flags & VFIO_GROUP_FLAGS_VIABLE)) ||
	    find_blockers(ctx, group->id, device, NULL))
		return guess(failure,
			     libiommu_vfio_diagnose_viability(ctx, group->id, device, failure));
	return diagnose_interrupts(ctx, device, error, failure);
}

int libiommu_vfio_diagnose_attach(struct vfio_ctx *ctx, const struct vfio_group *group,
				  const char *device, int error, const char *call,
				  struct libiommu_failure *failure)
{
	struct libiommu_range direct;
	int rc = libiommu_vfio_diagnose(failure, error, call, device);

	switch (error) {
	case -EPERM:
	case -EINVAL:
		if (libiommu_sysfs_reserved(&ctx->sysfs, group->id, find_direct, &direct, NULL) ==
		    1) {
			rc = libiommu_refuse(failure, LIBIOMMU_REASON_DIRECT_REGION, device,
					     "It is 0x%" PRIx64 "-0x%" PRIx64 ".", direct.start,
					     direct.last);
			return guess(failure, rc);
		}
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

/* Bytes of locked memory that the process may still have; UINT64_MAX: no limit is in force. */
static uint64_t lockable(struct vfio_ctx *ctx, bool *known)
{
	const struct libiommu_sysfs proc = { ctx->sys, "/proc" };
	uint64_t soft, locked = 0;
	char status[8192];
	const char *line;

	*known = ctx->sys->memlock(ctx->sys->data, &soft) >= 0;
	if (!*known || soft == UINT64_MAX ||
	    libiommu_sysfs_read(&proc, "self/status", status, sizeof(status)) <= 0)
		return *known ? soft : 0;
	line = strstr(status, "\nCapEff:");
	if (line && strtoull(line + strlen("\nCapEff:"), NULL, 16) >> CAP_IPC_LOCK & 1)
		return UINT64_MAX;
	line = strstr(status, "\nVmLck:");
	if (line)
		locked = strtoull(line + strlen("\nVmLck:"), NULL, 10) * 1024;
	return locked < soft ? soft - locked : 0;
}

static int diagnose_memory(struct vfio_ctx *ctx, const struct libiommu_backend_map *map,
			   struct libiommu_failure *failure)
{
	bool known;
	uint64_t left = lockable(ctx, &known);

	if (known && left >= map->length)
		return guess(failure,
			     libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL));
	if (known)
		libiommu_refuse_figures(failure, map->length, left);
	return guess(failure, libiommu_refuse(failure, LIBIOMMU_REASON_LOCKED_MEMORY, NULL, NULL));
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
	return guess(failure, libiommu_refuse(failure, reason, NULL, NULL));
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
