/* SPDX-License-Identifier: BSD-2-Clause */
/* Descriptors that come from somebody else, a container that somebody else has filled, and what is
 * handed on. */
#include "backends/vfio/vfio.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Dependent devices for which there is room at once. */
#define FIRST_ROOM 32

static int take_container(struct vfio_ctx *ctx, int fd, struct libiommu_failure *failure)
{
	struct vfio_vessel *vessel = libiommu_vfio_alloc(ctx, sizeof(*vessel));
	int rc;

	if (!vessel)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	ctx->passed = vessel;
	vessel->fd = -1;
	rc = libiommu_vfiodev_take(ctx->sys, fd, "/dev/vfio/vfio", &vessel->fd, failure);
	if (rc)
		return rc;
	rc = libiommu_vfio_api_version(ctx->sys, vessel->fd);
	if (rc == -ENOTTY || rc == -EINVAL) {
		libiommu_refuse_kernel(failure, rc, "VFIO_GET_API_VERSION", "/dev/vfio/vfio");
		return libiommu_refuse(failure, LIBIOMMU_REASON_WRONG_FD, "/dev/vfio/vfio",
				       "It is no container.");
	}
	return libiommu_vfio_check_container(ctx->sys, vessel->fd, failure);
}

int libiommu_vfio_open_passed(struct vfio_ctx *ctx, const struct libiommu_passed *passed,
			      struct libiommu_failure *failure)
{
	int rc = 0;

	if (passed->container < 0 && passed->sysfs < 0)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NEEDS_PASSED_FD, "/dev/vfio/vfio",
				       NULL);
	if (passed->sysfs >= 0)
		rc = libiommu_vfiodev_take_sysfs(&ctx->sysfs, passed->sysfs, failure);
	if (!rc && passed->container >= 0)
		rc = take_container(ctx, passed->container, failure);
	if (rc)
		libiommu_vfio_close_passed(ctx);
	return rc;
}

void libiommu_vfio_close_passed(struct vfio_ctx *ctx)
{
	libiommu_vfio_close(ctx, &ctx->sysfs.directory);
	if (!ctx->passed)
		return;
	libiommu_vfio_close(ctx, &ctx->passed->fd);
	libiommu_vfio_info_clear(ctx, &ctx->passed->info);
	libiommu_vfio_mine_clear(ctx, ctx->passed);
	libiommu_vfio_free(ctx, ctx->passed, sizeof(*ctx->passed));
	ctx->passed = NULL;
}

/* Only for kernels that have a tree to be read. */
static int check_with_sysfs(struct vfio_ctx *ctx, const char *name, uint32_t told,
			    struct libiommu_failure *failure)
{
	uint32_t id;
	int rc;

	if (!libiommu_sysfs_name_valid(name))
		return libiommu_refuse(failure, LIBIOMMU_REASON_BAD_NAME, name, NULL);
	if (libiommu_vfio_sealed(ctx) && ctx->sysfs.directory < 0)
		return 0;
	rc = libiommu_sysfs_group_of(&ctx->sysfs, name, &id, failure);
	if (!rc && id != told)
		rc = libiommu_refuse(failure, LIBIOMMU_REASON_WRONG_FD, name,
				     "It is in group %u, not in %u.", id, told);
	return rc ? rc : libiommu_vfiodev_check_group(&ctx->sysfs, id, name, failure);
}

static int open_in_group(struct vfio_ctx *ctx, struct vfio_device *device, const char *name,
			 const struct libiommu_device_options *opts,
			 struct libiommu_failure *failure)
{
	struct vfio_group *group;
	int rc;

	if (!ctx->passed && (opts->in_container || libiommu_vfio_sealed(ctx)))
		return libiommu_refuse(failure, LIBIOMMU_REASON_NEEDS_PASSED_FD, "/dev/vfio/vfio",
				       NULL);
	rc = check_with_sysfs(ctx, name, opts->group_id, failure);
	if (!rc)
		rc = libiommu_vfio_group_take(ctx, opts->group_id, name, opts->group,
					      opts->in_container, &group, failure);
	if (!rc)
		libiommu_vfio_device_start(device, ctx, group, name);
	return rc;
}

static void write_token(char out[37], const unsigned char *token)
{
	for (unsigned int i = 0; i < 16; i++)
		out += sprintf(out, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
			       token[i]);
}

static int device_open(void *ctx_data, void *device_data, const char *name,
		       const struct libiommu_device_options *opts, uint32_t *id,
		       struct libiommu_failure *failure)
{
	struct vfio_device *device = device_data;
	struct vfio_ctx *ctx = ctx_data;
	int rc;

	if (opts->cdev >= 0 || opts->bound)
		return libiommu_refuse(failure, LIBIOMMU_REASON_WRONG_FD, name,
				       "The backend vfio takes the descriptor of a group.");
	if (opts->group >= 0) {
		*id = opts->group_id;
		rc = open_in_group(ctx, device, name, opts, failure);
	} else if (libiommu_vfio_sealed(ctx) || opts->in_container) {
		rc = libiommu_refuse(failure, LIBIOMMU_REASON_NEEDS_PASSED_FD, name,
				     "It is the one of its group.");
	} else {
		rc = libiommu_vfio_device_open(ctx, device, name, id, failure);
	}
	if (!rc && opts->vf_token)
		write_token(device->token, opts->vf_token);
	return rc;
}

/* Groups may have been put into it and nothing more. */
static int make_usable(struct vfio_ctx *ctx, const struct vfio_vessel *vessel,
		       struct vfio_info *info, struct libiommu_failure *failure)
{
	int rc = libiommu_vfio_info_read(ctx, vessel->fd, info, failure);

	if (rc != -EINVAL)
		return rc;
	rc = libiommu_vfio_set_iommu(ctx->sys, vessel->fd, VFIO_TYPE1v2_IOMMU);
	if (rc >= 0)
		return libiommu_vfio_info_read(ctx, vessel->fd, info, failure);
	if (rc != -EINVAL)
		return libiommu_vfiodev_diagnose(failure, rc, "VFIO_SET_IOMMU", "/dev/vfio/vfio");
	libiommu_refuse_kernel(failure, rc, "VFIO_SET_IOMMU", NULL);
	return libiommu_refuse(failure, LIBIOMMU_REASON_WRONG_FD, "/dev/vfio/vfio",
			       "No group is in it yet; libiommu_domain_new() is enough.");
}

static int domain_adopt(void *ctx_data, void *data, uint64_t native,
			struct libiommu_failure *failure)
{
	struct vfio_domain *domain = data;
	struct vfio_ctx *ctx = ctx_data;
	struct vfio_vessel *vessel = ctx->passed;
	struct vfio_info info;
	int rc;

	if (native)
		return libiommu_refuse(failure, LIBIOMMU_REASON_WRONG_FD, NULL,
				       "The passed container is number 0.");
	if (!vessel)
		return libiommu_refuse(failure, LIBIOMMU_REASON_WRONG_FD, "/dev/vfio/vfio",
				       "No container was passed.");
	if (vessel->adopter || libiommu_vfio_vessel_kept(ctx, vessel))
		return libiommu_refuse(failure, LIBIOMMU_REASON_DOMAIN_IN_USE, "/dev/vfio/vfio",
				       vessel->adopter ? "It is adopted already."
						       : "A group of this context is in it.");
	rc = make_usable(ctx, vessel, &info, failure);
	if (rc)
		return rc;
	domain->ctx = ctx;
	pthread_mutex_lock(&ctx->lock);
	vessel->info = info;
	vessel->coherent = libiommu_vfio_extension(ctx->sys, vessel->fd, VFIO_DMA_CC_IOMMU);
	pthread_mutex_unlock(&ctx->lock);
	vessel->adopter = domain;
	libiommu_vfio_vessel_link(vessel, domain);
	return 0;
}

void libiommu_vfio_disown(const struct vfio_domain *domain, uint32_t flags)
{
	struct vfio_ctx *ctx = domain->ctx;
	struct vfio_info old;

	if (!ctx->passed || ctx->passed->adopter != domain)
		return;
	ctx->passed->adopter = NULL;
	if (!(flags & LIBIOMMU_CLOSE_FORKED))
		pthread_mutex_lock(&ctx->lock);
	old = ctx->passed->info;
	memset(&ctx->passed->info, 0, sizeof(ctx->passed->info));
	if (!(flags & LIBIOMMU_CLOSE_FORKED))
		pthread_mutex_unlock(&ctx->lock);
	libiommu_vfio_info_clear(ctx, &old);
}

static int kvm_fd(void *data, int *fd, struct libiommu_failure *failure)
{
	const struct vfio_device *device = data;

	pthread_rwlock_rdlock(device->dev.lock);
	*fd = device->group->fd;
	pthread_rwlock_unlock(device->dev.lock);
	if (*fd >= 0)
		return 0;
	return libiommu_refuse(failure, LIBIOMMU_REASON_NEEDS_ATTACH, device->dev.name,
			       "Its group was given up.");
}

static int ask_affected(const struct vfio_device *device, void *buffer, uint32_t room,
			uint32_t *count, struct libiommu_failure *failure)
{
	const char *name = device->dev.name;
	int rc = -EBADF;

	pthread_rwlock_rdlock(device->dev.lock);
	if (device->dev.fd >= 0)
		rc = libiommu_vfio_hot_reset_info(device->dev.sys, device->dev.fd, buffer, room,
						  count);
	pthread_rwlock_unlock(device->dev.lock);
	if (rc == -EBADF)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NEEDS_ATTACH, name, NULL);
	if (rc >= 0 || rc == -ENOSPC)
		return rc;
	libiommu_vfiodev_diagnose(failure, rc, "VFIO_DEVICE_GET_PCI_HOT_RESET_INFO", name);
	return rc == -ENODEV ? libiommu_refuse(failure, LIBIOMMU_REASON_RESET_UNSUPPORTED, name,
					       "Its bus cannot be reset.")
			     : rc;
}

/* The groups of this context among those that are affected. */
static size_t list_groups(struct vfio_ctx *ctx, const void *affected, uint32_t count, int *fds,
			  size_t room)
{
	size_t listed = 0;

	pthread_mutex_lock(&ctx->lock);
	for (const struct vfio_group *group = ctx->groups; group; group = group->next) {
		uint32_t i = 0;

		while (i < count && libiommu_vfio_hot_reset_group(affected, i) != group->id)
			i++;
		if (i == count || group->fd < 0)
			continue;
		if (listed < room)
			fds[listed] = group->fd;
		listed++;
	}
	pthread_mutex_unlock(&ctx->lock);
	return listed;
}

static int hot_reset_fds(void *data, int *fds, size_t room, size_t *count,
			 struct libiommu_failure *failure)
{
	struct vfio_device *device = data;
	struct vfio_ctx *ctx = device->ctx;
	uint32_t fits = 0, affected = FIRST_ROOM;
	int rc = -ENOSPC;

	/* There may be more of them now. */
	while (rc == -ENOSPC && affected > fits) {
		const size_t size = libiommu_vfio_hot_reset_size(affected);
		void *buffer = libiommu_vfio_alloc(ctx, size);

		if (!buffer)
			return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
		fits = affected;
		rc = ask_affected(device, buffer, fits, &affected, failure);
		if (rc >= 0)
			*count = list_groups(ctx, buffer, affected < fits ? affected : fits, fds,
					     room);
		libiommu_vfio_free(ctx, buffer, size);
	}
	if (rc == -ENOSPC)
		return libiommu_refuse_kernel(failure, rc, "VFIO_DEVICE_GET_PCI_HOT_RESET_INFO",
					      device->dev.name);
	return rc < 0 ? rc : 0;
}

const struct libiommu_backend_handover libiommu_vfio_handover = {
	.size = sizeof(struct libiommu_backend_handover),
	.device_open = device_open,
	.domain_adopt = domain_adopt,
	.kvm_fd = kvm_fd,
	.hot_reset_fds = hot_reset_fds,
};
