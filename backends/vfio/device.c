/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/vfio/vfio.h"

#include "lib/geometry.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int libiommu_vfio_device_open(void *ctx_data, void *device_data, const char *name, uint32_t *id,
			      struct libiommu_failure *failure)
{
	struct vfio_device *device = device_data;
	struct vfio_ctx *ctx = ctx_data;
	struct vfio_group *group;
	int rc = libiommu_sysfs_group_of(&ctx->sysfs, name, id, failure);

	if (!rc)
		rc = libiommu_vfiodev_check_group(&ctx->sysfs, *id, name, failure);
	if (!rc)
		rc = libiommu_vfio_group_get(ctx, *id, name, &group, failure);
	if (rc)
		return rc;
	libiommu_vfio_device_start(device, ctx, group, name);
	return 0;
}

void libiommu_vfio_device_start(struct vfio_device *device, struct vfio_ctx *ctx,
				struct vfio_group *group, const char *name)
{
	device->ctx = ctx;
	device->group = group;
	device->dev.sys = ctx->sys;
	device->dev.allocator = ctx->env->allocator;
	device->dev.sysfs = &ctx->sysfs;
	device->dev.lock = &group->lock;
	device->dev.fd = -1;
	strcpy(device->dev.name, name);
	pthread_rwlock_wrlock(&group->lock);
	device->next = group->devices;
	group->devices = device;
	pthread_rwlock_unlock(&group->lock);
}

void libiommu_vfio_device_close(void *data, uint32_t flags)
{
	struct vfio_device *device = data;
	struct vfio_device **link = &device->group->devices;
	const bool locks = !(flags & LIBIOMMU_CLOSE_FORKED);

	if (locks)
		pthread_rwlock_wrlock(&device->group->lock);
	while (*link != device)
		link = &(*link)->next;
	*link = device->next;
	libiommu_vfio_close(device->ctx, &device->dev.fd);
	if (locks)
		pthread_rwlock_unlock(&device->group->lock);
	libiommu_vfio_group_put(device->ctx, device->group, flags);
}

int libiommu_vfio_device_ranges(void *data, struct libiommu_geometry *geometry,
				struct libiommu_failure *failure)
{
	struct vfio_device *device = data;
	struct vfio_ctx *ctx = device->ctx;
	const struct vfio_info *info;
	int rc = 0;

	pthread_mutex_lock(&ctx->lock);
	info = libiommu_vfio_vessel_info(device->group->vessel);
	if (info) {
		const struct libiommu_geometry *from = &info->geometry;

		for (size_t i = 0; i < from->count && !rc; i++)
			rc = libiommu_geometry_add(ctx->env, geometry, from->ranges[i].start,
						   from->ranges[i].last, failure);
		geometry->page_sizes = from->page_sizes;
		geometry->page_min = from->page_min;
	} else {
		rc = libiommu_refuse(failure, LIBIOMMU_REASON_NEEDS_ATTACH, device->dev.name,
				     "The kernel tells ranges of attached devices only.");
	}
	pthread_mutex_unlock(&ctx->lock);
	return rc;
}

int libiommu_vfio_device_lend(const struct vfio_device *device)
{
	char text[sizeof(device->dev.name) + sizeof(device->token) + sizeof(" vf_token=")];

	if (!device->token[0])
		return libiommu_vfio_device_fd(device->dev.sys, device->group->fd,
					       device->dev.name);
	snprintf(text, sizeof(text), "%s vf_token=%s", device->dev.name, device->token);
	return libiommu_vfio_device_fd(device->dev.sys, device->group->fd, text);
}

static int refuse_lend(const struct vfio_device *device, int error,
		       struct libiommu_failure *failure)
{
	const char *name = device->dev.name;
	int rc = libiommu_vfio_diagnose_attach(device->ctx, device->group, name, error,
					       "VFIO_GROUP_GET_DEVICE_FD", failure);

	if (error == -EACCES)
		return libiommu_refuse(failure, LIBIOMMU_REASON_BAD_TOKEN, name,
				       device->token[0] ? NULL : "None was passed.");
	if (error == -EINVAL && device->token[0])
		return libiommu_refuse(failure, LIBIOMMU_REASON_BAD_TOKEN, name,
				       "It takes none: it is neither a VF nor its PF.");
	return rc;
}

int libiommu_vfio_device_take(struct vfio_device *device, struct libiommu_failure *failure)
{
	int fd;

	if (device->dev.fd >= 0)
		return 0;
	fd = libiommu_vfio_device_lend(device);
	if (fd < 0)
		return refuse_lend(device, fd, failure);
	pthread_rwlock_wrlock(&device->group->lock);
	device->dev.fd = fd;
	pthread_rwlock_unlock(&device->group->lock);
	return 0;
}
