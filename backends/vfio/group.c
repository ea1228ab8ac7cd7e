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

	if (group->stray) {
		int rc = libiommu_vfio_unset_container(ctx->sys, group->fd);

		/* It may be out by now. */
		if (rc < 0 && rc != -EINVAL)
			return libiommu_vfiodev_diagnose(failure, rc, "VFIO_GROUP_UNSET_CONTAINER",
							 device);
		group->stray = false;
	}
	return group->fd >= 0 ? 0 : open_node(ctx, group->id, device, &group->fd, failure);
}

void libiommu_vfio_group_lose(struct vfio_ctx *ctx, struct vfio_group *group)
{
	if (group->passed)
		group->stray = true;
	else
		libiommu_vfio_close(ctx, &group->fd);
}

static struct vfio_group *find(struct vfio_ctx *ctx, uint32_t id)
{
	struct vfio_group *group = ctx->groups;

	while (group && group->id != id)
		group = group->next;
	return group;
}

int libiommu_vfio_group_facts(struct vfio_ctx *ctx, uint32_t id,
			      struct libiommu_group_builder *builder,
			      struct libiommu_failure *failure)
{
	const struct vfio_info *info = NULL;
	const struct vfio_group *group;
	bool lent = false;
	int rc = 0;

	pthread_mutex_lock(&ctx->lock);
	group = find(ctx, id);
	if (group && group->vessel) {
		info = libiommu_vfio_vessel_info(group->vessel);
		/* Who has set it up before us may have had other parameters. */
		lent = info && !group->home;
	}
	if (info && info->has_ranges)
		rc = libiommu_group_builder_windows(builder, info->geometry.ranges,
						    info->geometry.count, failure);
	pthread_mutex_unlock(&ctx->lock);
	if (lent)
		libiommu_vfiodev_msi(
			&ctx->sysfs, LIBIOMMU_VFIO_UNSAFE,
			"VFIO_SET_IOMMU, with vfio_iommu_type1.allow_unsafe_interrupts off",
			builder);
	return rc;
}

static struct vfio_group *make(struct vfio_ctx *ctx, uint32_t id, struct libiommu_failure *failure)
{
	struct vfio_group *group = libiommu_vfio_alloc(ctx, sizeof(*group));

	if (!group || pthread_rwlock_init(&group->lock, NULL)) {
		libiommu_vfio_free(ctx, group, sizeof(*group));
		libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
		return NULL;
	}
	group->id = id;
	group->fd = -1;
	return group;
}

static void unmake(struct vfio_ctx *ctx, struct vfio_group *group)
{
	libiommu_vfio_close(ctx, &group->fd);
	pthread_rwlock_destroy(&group->lock);
	libiommu_vfio_free(ctx, group, sizeof(*group));
}

static void link_group(struct vfio_ctx *ctx, struct vfio_group *group)
{
	pthread_mutex_lock(&ctx->lock);
	group->next = ctx->groups;
	ctx->groups = group;
	if (group->home) {
		group->vessel = ctx->passed;
		group->vessel->groups++;
	}
	pthread_mutex_unlock(&ctx->lock);
}

int libiommu_vfio_group_get(struct vfio_ctx *ctx, uint32_t id, const char *device,
			    struct vfio_group **out, struct libiommu_failure *failure)
{
	struct vfio_group *group;
	int rc;

	group = find(ctx, id);
	if (group) {
		*out = group;
		return libiommu_vfio_group_ready(ctx, group, failure);
	}
	group = make(ctx, id, failure);
	if (!group)
		return -ENOMEM;
	rc = open_node(ctx, id, device, &group->fd, failure);
	if (rc) {
		unmake(ctx, group);
		return rc;
	}
	link_group(ctx, group);
	*out = group;
	return 0;
}

/* What the descriptor must be, and what is said of it. */
static int check_passed(struct vfio_ctx *ctx, const struct vfio_group *group, int fd,
			const char *device, struct libiommu_failure *failure)
{
	uint32_t flags;
	int rc = libiommu_vfio_group_status(ctx->sys, fd, &flags);

	if (rc < 0) {
		libiommu_vfiodev_diagnose(failure, rc, "VFIO_GROUP_GET_STATUS", device);
		if (rc == -EBADF)
			return libiommu_refuse(failure, LIBIOMMU_REASON_BAD_FD, device, NULL);
		if (rc == -ENOTTY || rc == -EINVAL)
			return libiommu_refuse(failure, LIBIOMMU_REASON_WRONG_FD, device,
					       "It is no group's.");
		return rc;
	}
	if (!(flags & VFIO_GROUP_FLAGS_VIABLE))
		return libiommu_vfiodev_refuse_viability(&ctx->sysfs, group->id, device, failure);
	/* A group that is open here may have been moved by ourselves. */
	if (group->fd != fd || group->home == !!(flags & VFIO_GROUP_FLAGS_CONTAINER_SET))
		return 0;
	return libiommu_refuse(failure, LIBIOMMU_REASON_WRONG_FD, device,
			       "Group %" PRIu32 " is %s.", group->id,
			       group->home ? "in no container" : "in a container already");
}

int libiommu_vfio_group_take(struct vfio_ctx *ctx, uint32_t id, const char *device, int fd,
			     bool home, struct vfio_group **out, struct libiommu_failure *failure)
{
	struct vfio_group *group = find(ctx, id);
	int rc;

	if (group) {
		*out = group;
		rc = check_passed(ctx, group, fd, device, failure);
		return rc ? rc : libiommu_vfio_group_ready(ctx, group, failure);
	}
	group = make(ctx, id, failure);
	if (!group)
		return -ENOMEM;
	group->passed = true;
	group->home = home;
	group->fd = ctx->sys->dup(ctx->sys->data, fd);
	if (group->fd < 0) {
		rc = libiommu_vfiodev_diagnose(failure, group->fd, "fcntl", device);
		if (group->fd == -EBADF)
			rc = libiommu_refuse(failure, LIBIOMMU_REASON_BAD_FD, device, NULL);
	} else {
		rc = check_passed(ctx, group, group->fd, device, failure);
	}
	if (rc) {
		unmake(ctx, group);
		return rc;
	}
	link_group(ctx, group);
	*out = group;
	return 0;
}

void libiommu_vfio_group_put(struct vfio_ctx *ctx, struct vfio_group *group, uint32_t flags)
{
	const bool forked = flags & LIBIOMMU_CLOSE_FORKED;
	struct vfio_group **link = &ctx->groups;
	struct vfio_vessel *vessel = group->vessel;

	if (group->devices || group->claimed)
		return;
	/* In a forked child another thread of the parent may hold the locks for ever. */
	if (!forked)
		pthread_mutex_lock(&ctx->lock);
	while (*link != group)
		link = &(*link)->next;
	*link = group->next;
	if (!forked)
		pthread_mutex_unlock(&ctx->lock);
	/* Closing the node lets the group leave its vessel, unless somebody else has it open. */
	if (group->passed && !group->home && !forked && (vessel || group->stray))
		libiommu_vfio_unset_container(ctx->sys, group->fd);
	libiommu_vfio_close(ctx, &group->fd);
	if (vessel && --vessel->groups == 0 && !vessel->adopter) {
		libiommu_vfio_vessel_unlink(vessel);
		libiommu_vfio_vessel_free(ctx, vessel);
	}
	if (!forked)
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

static int restore_descriptors(struct vfio_device *const *had, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int fd = libiommu_vfio_device_lend(had[i]);

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
	if (!restore_descriptors(had, count))
		return libiommu_vfiodev_diagnose(failure, rc, "VFIO_GROUP_UNSET_CONTAINER", NULL);
	/* Neither out nor back: without any descriptor of the group the kernel lets it go. */
	drop_descriptors(ctx, group);
	libiommu_vfio_group_lose(ctx, group);
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
