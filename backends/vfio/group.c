/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/vfio/vfio.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

static int open_node(struct vfio_ctx *ctx, uint32_t id, const char *device, int *out,
		     struct libiommu_failure *failure)
{
	char path[32];
	uint32_t flags;
	int rc, fd;

	snprintf(path, sizeof(path), "/dev/vfio/%" PRIu32, id);
	fd = ctx->sys->open(ctx->sys->data, path, O_RDWR);
	if (fd == -ENOENT) {
		libiommu_refuse_kernel(failure, fd, "open", path);
		return libiommu_vfio_diagnose_node(ctx, id, device, failure);
	}
	if (fd < 0)
		return libiommu_vfio_diagnose_open(failure, fd, path);
	rc = libiommu_vfio_group_status(ctx->sys, fd, &flags);
	if (rc < 0)
		rc = libiommu_vfiodev_diagnose(failure, rc, "VFIO_GROUP_GET_STATUS", path);
	else if (!(flags & VFIO_GROUP_FLAGS_VIABLE))
		rc = libiommu_vfiodev_refuse_viability(&ctx->sysfs, id, device, failure);
	if (rc < 0) {
		libiommu_vfio_close(ctx, &fd);
		return rc;
	}
	*out = fd;
	return 0;
}

int libiommu_vfio_group_ready(struct vfio_ctx *ctx, struct vfio_group *group,
			      struct libiommu_failure *failure)
{
	const char *device = group->devices ? group->devices->dev.name : "";

	return group->fd >= 0 ? 0 : open_node(ctx, group->id, device, &group->fd, failure);
}

int libiommu_vfio_group_get(struct vfio_ctx *ctx, uint32_t id, const char *device,
			    struct vfio_group **out, struct libiommu_failure *failure)
{
	struct vfio_group *group;
	int rc;

	for (group = ctx->groups; group; group = group->next) {
		if (group->id == id) {
			*out = group;
			return libiommu_vfio_group_ready(ctx, group, failure);
		}
	}
	group = libiommu_vfio_alloc(ctx, sizeof(*group));
	if (!group || pthread_rwlock_init(&group->lock, NULL)) {
		libiommu_vfio_free(ctx, group, sizeof(*group));
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	}
	group->id = id;
	rc = open_node(ctx, id, device, &group->fd, failure);
	if (rc) {
		pthread_rwlock_destroy(&group->lock);
		libiommu_vfio_free(ctx, group, sizeof(*group));
		return rc;
	}
	group->next = ctx->groups;
	ctx->groups = group;
	*out = group;
	return 0;
}

void libiommu_vfio_group_put(struct vfio_ctx *ctx, struct vfio_group *group, uint32_t flags)
{
	struct vfio_group **link = &ctx->groups;
	struct vfio_vessel *vessel = group->vessel;

	if (group->devices)
		return;
	while (*link != group)
		link = &(*link)->next;
	*link = group->next;
	/* Closing the node lets the group leave its vessel. */
	libiommu_vfio_close(ctx, &group->fd);
	if (vessel && --vessel->groups == 0) {
		libiommu_vfio_vessel_unlink(vessel);
		libiommu_vfio_vessel_free(ctx, vessel);
	}
	/* In a forked child another thread of the parent may hold it for ever. */
	if (!(flags & LIBIOMMU_CLOSE_FORKED))
		pthread_rwlock_destroy(&group->lock);
	libiommu_vfio_free(ctx, group, sizeof(*group));
}

static void drop_descriptors(struct vfio_ctx *ctx, struct vfio_group *group)
{
	for (struct vfio_device *device = group->devices; device; device = device->next) {
		libiommu_vfio_close(ctx, &device->dev.fd);
		device->dev.enabled = 0;
	}
}

static int restore_descriptors(struct vfio_ctx *ctx, struct vfio_group *group,
			       struct vfio_device *const *had, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int fd = libiommu_vfio_device_fd(ctx->sys, group->fd, had[i]->dev.name);

		if (fd < 0)
			return fd;
		had[i]->dev.fd = fd;
	}
	return 0;
}

static int leave_or_restore(struct vfio_ctx *ctx, struct vfio_group *group,
			    struct vfio_device **had, size_t count,
			    struct libiommu_failure *failure)
{
	int rc;

	drop_descriptors(ctx, group);
	rc = libiommu_vfio_unset_container(ctx->sys, group->fd);
	if (rc >= 0)
		return 0;
	if (!restore_descriptors(ctx, group, had, count))
		return libiommu_vfiodev_diagnose(failure, rc, "VFIO_GROUP_UNSET_CONTAINER", NULL);
	/* Neither out nor back: without any descriptor of the group the kernel lets it go. */
	drop_descriptors(ctx, group);
	libiommu_vfio_close(ctx, &group->fd);
	return 0;
}

int libiommu_vfio_group_give_up(struct vfio_ctx *ctx, struct vfio_group *group,
				struct libiommu_failure *failure)
{
	struct vfio_device **had, *device;
	size_t room = 0, count = 0;
	int rc = 0;

	for (device = group->devices; device; device = device->next)
		room++;
	had = libiommu_vfio_alloc(ctx, room * sizeof(struct vfio_device *));
	if (!had)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	pthread_rwlock_wrlock(&group->lock);
	for (device = group->devices; device && !rc; device = device->next) {
		/* The mapping would keep the device, and with it the group, in the vessel. */
		if (device->dev.mapped)
			rc = libiommu_refuse(failure, LIBIOMMU_REASON_DEVICE_FD_IN_USE,
					     device->dev.name,
					     "A region is mapped into the process.");
		else if (device->dev.fd >= 0)
			had[count++] = device;
	}
	if (!rc)
		rc = leave_or_restore(ctx, group, had, count, failure);
	pthread_rwlock_unlock(&group->lock);
	libiommu_vfio_free(ctx, had, room * sizeof(struct vfio_device *));
	return rc;
}
