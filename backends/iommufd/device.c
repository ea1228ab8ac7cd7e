/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/iommufd/iommufd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

static int refuse_node(struct libiommu_failure *failure, int error, const char *path)
{
	libiommu_refuse_kernel(failure, error, "open", path);
	switch (error) {
	case -ENOENT:
	case -ENOTDIR:
	case -ENODEV:
	case -ENXIO:
		return libiommu_refuse(failure, LIBIOMMU_REASON_VFIO_MISSING, path,
				       "The kernel has the device's node, this system does not.");
	case -EACCES:
	case -EPERM:
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_PERMISSION, path, NULL);
	case -EBUSY:
		return libiommu_refuse(failure, LIBIOMMU_REASON_DEVICE_BUSY, path, NULL);
	default:
		return libiommu_iommufd_diagnose(failure, error, "open", path);
	}
}

static int open_node(struct iommufd_ctx *ctx, const char *name, int *fd,
		     struct libiommu_failure *failure)
{
	char node[LIBIOMMU_SYSFS_NAME], path[LIBIOMMU_SYSFS_NAME + 32];
	int rc = libiommu_sysfs_vfio_node(&ctx->sysfs, name, node, failure);

	if (rc)
		return rc;
	if (!node[0])
		return libiommu_refuse(
			failure, LIBIOMMU_REASON_NO_UAPI, name,
			"This kernel makes no nodes for single devices (Linux 6.6 and "
			"later can, with CONFIG_VFIO_DEVICE_CDEV).");
	snprintf(path, sizeof(path), "/dev/vfio/devices/%s", node);
	rc = ctx->sys->open(ctx->sys->data, path, O_RDWR);
	if (rc < 0)
		return refuse_node(failure, rc, path);
	*fd = rc;
	return 0;
}

/* What a device is opened with. */
struct way_in {
	int fd;      /* of the library's own */
	bool bound;  /* it was a claim's, and is in the iommufd */
	uint32_t id; /* with bound */
};

/* The group, and a descriptor. */
static int find(struct iommufd_ctx *ctx, const char *name,
		const struct libiommu_device_options *opts, uint32_t *group, struct way_in *in,
		struct libiommu_failure *failure)
{
	const struct libiommu_iommufd_transport *t = ctx->transport;
	const bool handed = opts && opts->cdev >= 0;
	const bool sysfs = ctx->sysfs.root || ctx->sysfs.directory >= 0;
	int rc = 0;

	if (t->open) {
		rc = t->open(t->data, ctx->sys, ctx->fd, name, group, &in->fd);
		return rc < 0 ? libiommu_iommufd_diagnose(failure, rc, "open", name) : 0;
	}
	if (ctx->passed && !handed)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NEEDS_PASSED_FD, name, NULL);
	if (!libiommu_sysfs_name_valid(name))
		return libiommu_refuse(failure, LIBIOMMU_REASON_BAD_NAME, name, NULL);
	if (sysfs) {
		rc = libiommu_sysfs_group_of(&ctx->sysfs, name, group, failure);
		if (!rc)
			rc = libiommu_vfiodev_check_group(&ctx->sysfs, *group, name, failure);
	} else {
		*group = opts->group_id;
	}
	if (rc)
		return rc;
	if (handed)
		return libiommu_vfiodev_take(ctx->sys, opts->cdev, name, &in->fd, failure);
	in->bound = libiommu_iommufd_hand_over(ctx, *group, name, &in->fd, &in->id);
	return in->bound ? 0 : open_node(ctx, name, &in->fd, failure);
}

/* It answers, and its id is one of a device in this iommufd. */
static int check_bound(struct iommufd_ctx *ctx, const char *name, int fd, uint32_t id,
		       struct libiommu_failure *failure)
{
	uint32_t flags, hwpt;
	int rc = libiommu_vfio_device_info(ctx->sys, fd, &flags);

	if (rc < 0) {
		libiommu_refuse_kernel(failure, rc, "VFIO_DEVICE_GET_INFO", name);
		return libiommu_refuse(failure, LIBIOMMU_REASON_WRONG_FD, name,
				       rc == -EINVAL ? "It is not bound."
						     : "It is no node of a VFIO device.");
	}
	/* No page table can be made for the impossible, but the device is looked up first. */
	rc = libiommu_iommufd_hwpt_alloc(ctx->sys, ctx->fd, 0, id, UINT32_MAX, &hwpt);
	if (rc != -ENOENT)
		return 0;
	libiommu_refuse_kernel(failure, rc, "IOMMU_HWPT_ALLOC", name);
	return libiommu_refuse(failure, LIBIOMMU_REASON_WRONG_FD, name,
			       "Its id is not one of a device of this iommufd.");
}

static int bind(struct iommufd_ctx *ctx, struct iommufd_device *device, const char *name,
		const struct libiommu_device_options *opts, const struct way_in *in,
		struct libiommu_failure *failure)
{
	const struct libiommu_iommufd_transport *t = ctx->transport;
	const int fd = in->fd;
	int rc;

	if (in->bound) {
		device->id = in->id;
		return 0;
	}
	if (opts && opts->cdev >= 0 && opts->bound) {
		device->id = opts->bound_id;
		return check_bound(ctx, name, fd, device->id, failure);
	}
	rc = t->bind(t->data, ctx->sys, fd, ctx->fd, opts ? opts->vf_token : NULL, &device->id);
	return rc < 0 ? libiommu_iommufd_diagnose_bind(ctx, device->group, name, opts, rc, failure)
		      : 0;
}

struct libiommu_iommufd_bound libiommu_iommufd_bound(const struct iommufd_device *device)
{
	return (struct libiommu_iommufd_bound){ device->ctx->fd, device->dev.fd, device->id };
}

int libiommu_iommufd_take(struct iommufd_ctx *ctx, const char *name, uint32_t group, int *fd,
			  uint32_t *id, struct libiommu_failure *failure)
{
	const struct libiommu_iommufd_transport *t = ctx->transport;
	int node, rc = open_node(ctx, name, &node, failure);

	if (rc)
		return rc;
	rc = t->bind(t->data, ctx->sys, node, ctx->fd, NULL, id);
	if (rc < 0) {
		rc = libiommu_iommufd_diagnose_bind(ctx, group, name, NULL, rc, failure);
		ctx->sys->close(ctx->sys->data, node);
		return rc;
	}
	*fd = node;
	return 0;
}

/* The end of the descriptor takes it out of the iommufd where nothing else is said. */
void libiommu_iommufd_untake(const struct iommufd_ctx *ctx, int fd, uint32_t id, uint32_t flags)
{
	const struct libiommu_iommufd_bound bound = { ctx->fd, fd, id };

	if (ctx->transport->unbind && !(flags & LIBIOMMU_CLOSE_FORKED))
		ctx->transport->unbind(ctx->transport->data, ctx->sys, &bound);
	ctx->sys->close(ctx->sys->data, fd);
}

int libiommu_iommufd_device_open_with(void *ctx_data, void *device_data, const char *name,
				      const struct libiommu_device_options *opts, uint32_t *group,
				      struct libiommu_failure *failure)
{
	struct iommufd_device *device = device_data;
	struct iommufd_ctx *ctx = ctx_data;
	struct way_in in = { .fd = -1 };
	int rc;

	/* First, since nothing may fail once a claim has handed over. */
	if (pthread_rwlock_init(&device->lock, NULL))
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	rc = find(ctx, name, opts, group, &in, failure);
	if (!rc) {
		device->ctx = ctx;
		device->group = *group;
		device->dev.fd = in.fd;
		rc = bind(ctx, device, name, opts, &in, failure);
		if (rc)
			ctx->sys->close(ctx->sys->data, in.fd);
	}
	if (rc) {
		pthread_rwlock_destroy(&device->lock);
		return rc;
	}
	/* Kernels before 6.6 do not know the question; nothing depends on an answer. */
	device->hw.known =
		libiommu_iommufd_hw_info(ctx->sys, ctx->fd, device->id, &device->hw.info) >= 0;
	device->dev.sys = ctx->sys;
	device->dev.allocator = ctx->env->allocator;
	device->dev.sysfs = &ctx->sysfs;
	device->dev.lock = &device->lock;
	/* A transport of its own may have longer names; they serve messages alone. */
	snprintf(device->dev.name, sizeof(device->dev.name), "%s", name);
	pthread_mutex_lock(&ctx->lock);
	device->next = ctx->devices;
	ctx->devices = device;
	pthread_mutex_unlock(&ctx->lock);
	return 0;
}

int libiommu_iommufd_device_open(void *ctx, void *device, const char *name, uint32_t *group,
				 struct libiommu_failure *failure)
{
	return libiommu_iommufd_device_open_with(ctx, device, name, NULL, group, failure);
}

void libiommu_iommufd_device_close(void *data, uint32_t flags)
{
	struct iommufd_device *device = data;
	struct iommufd_ctx *ctx = device->ctx;
	struct iommufd_device **link = &ctx->devices;
	const bool locks = !(flags & LIBIOMMU_CLOSE_FORKED);

	if (locks)
		pthread_mutex_lock(&ctx->lock);
	while (*link != device)
		link = &(*link)->next;
	*link = device->next;
	if (locks)
		pthread_mutex_unlock(&ctx->lock);
	if (!locks || !libiommu_iommufd_give_back(device)) {
		/* Which detaches what a refused detach has left attached. */
		libiommu_iommufd_untake(ctx, device->dev.fd, device->id, flags);
		libiommu_iommufd_pasids_forget(device, NULL, flags);
		libiommu_iommufd_forget(device, flags);
		if (locks)
			libiommu_iommufd_take_again(ctx, device->group, device->dev.name);
	}
	/* In a forked child another thread of the parent may hold it for ever. */
	if (locks)
		pthread_rwlock_destroy(&device->lock);
}
