/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/vfio/vfio.h"

#include <errno.h>
#include <fcntl.h>

void *libiommu_vfio_alloc(const struct vfio_ctx *ctx, size_t length)
{
	const struct libiommu_allocator *a = ctx->env->allocator;

	return a->alloc(a->data, length, _Alignof(max_align_t));
}

void libiommu_vfio_free(const struct vfio_ctx *ctx, void *memory, size_t length)
{
	const struct libiommu_allocator *a = ctx->env->allocator;

	if (memory)
		a->free(a->data, memory, length);
}

void libiommu_vfio_close(const struct vfio_ctx *ctx, int *fd)
{
	if (*fd >= 0)
		ctx->sys->close(ctx->sys->data, *fd);
	*fd = -1;
}

static int check_extension(const struct libiommu_sys *sys, int fd, unsigned int number,
			   const char *sentence, struct libiommu_failure *failure)
{
	int rc = libiommu_vfio_extension(sys, fd, number);

	if (rc > 0)
		return 0;
	if (rc < 0)
		libiommu_refuse_kernel(failure, rc, "VFIO_CHECK_EXTENSION", NULL);
	return libiommu_refuse(failure, LIBIOMMU_REASON_VFIO_API, "/dev/vfio/vfio", "%s", sentence);
}

int libiommu_vfio_check_container(const struct libiommu_sys *sys, int fd,
				  struct libiommu_failure *failure)
{
	int rc = libiommu_vfio_api_version(sys, fd);

	if (rc < 0)
		libiommu_refuse_kernel(failure, rc, "VFIO_GET_API_VERSION", NULL);
	if (rc != VFIO_API_VERSION)
		return libiommu_refuse(failure, LIBIOMMU_REASON_VFIO_API, "/dev/vfio/vfio",
				       "The version is not 0.");
	rc = check_extension(sys, fd, VFIO_TYPE1v2_IOMMU, "It offers no type1 v2 IOMMU.", failure);
	if (rc)
		return rc;
	/* Emptying a kept vessel must be one step. */
	return check_extension(sys, fd, VFIO_UNMAP_ALL,
			       "It cannot unmap everything at once (Linux 5.12 and later can).",
			       failure);
}

static int try_container(const struct libiommu_sys *sys, struct libiommu_failure *failure)
{
	int rc, fd = sys->open(sys->data, "/dev/vfio/vfio", O_RDWR);

	if (fd < 0)
		return libiommu_vfio_diagnose_open(failure, fd, "/dev/vfio/vfio");
	rc = libiommu_vfio_check_container(sys, fd, failure);
	sys->close(sys->data, fd);
	return rc;
}

static int vfio_open(void *data, const struct libiommu_backend_env *env,
		     struct libiommu_failure *failure)
{
	struct vfio_ctx *ctx = data;
	int rc;

	ctx->env = env;
	ctx->sys = env->sys;
	ctx->sysfs = (struct libiommu_sysfs){ env->sys, env->passed ? NULL : "/sys", -1 };
	rc = env->passed ? libiommu_vfio_open_passed(ctx, env->passed, failure)
			 : try_container(env->sys, failure);
	if (rc)
		return rc;
	if (!pthread_mutex_init(&ctx->lock, NULL))
		return 0;
	libiommu_vfio_close_passed(ctx);
	return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
}

static void vfio_close(void *data, uint32_t flags)
{
	struct vfio_ctx *ctx = data;

	libiommu_vfio_close_passed(ctx);
	/* In a forked child another thread of the parent may hold it for ever. */
	if (!(flags & LIBIOMMU_CLOSE_FORKED))
		pthread_mutex_destroy(&ctx->lock);
}

static int group_ids(void *data, struct libiommu_id_builder *ids, struct libiommu_failure *failure)
{
	struct vfio_ctx *ctx = data;

	return libiommu_vfiodev_group_ids(&ctx->sysfs, ids, failure);
}

static int group_read(void *data, uint32_t id, struct libiommu_group_builder *group,
		      struct libiommu_failure *failure)
{
	struct vfio_ctx *ctx = data;
	int rc = libiommu_vfiodev_group_read(&ctx->sysfs, id, group, failure);

	return rc ? rc : libiommu_vfio_group_facts(ctx, id, group, failure);
}

static int group_of(void *data, const char *device, uint32_t *id, struct libiommu_failure *failure)
{
	struct vfio_ctx *ctx = data;

	return libiommu_sysfs_group_of(&ctx->sysfs, device, id, failure);
}

static int domain_new(void *ctx, void *data, enum libiommu_domain_type type,
		      struct libiommu_failure *failure)
{
	struct vfio_domain *domain = data;

	switch (type) {
	case LIBIOMMU_DOMAIN_PAGING:
	case LIBIOMMU_DOMAIN_BLOCKED:
		domain->ctx = ctx;
		return 0;
	case LIBIOMMU_DOMAIN_IDENTITY:
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_UAPI, "identity", NULL);
	default:
		return libiommu_refuse(failure, LIBIOMMU_REASON_DOMAIN_TYPE, NULL, NULL);
	}
}

static void domain_free(void *data, uint32_t flags)
{
	struct vfio_domain *domain = data;

	/* One that was adopted; and in a forked child devices may be attached, and own theirs. */
	while (domain->vessels)
		libiommu_vfio_vessel_unlink(domain->vessels);
	libiommu_vfio_disown(domain, flags);
}

const struct libiommu_backend libiommu_backend_vfio = {
	.struct_size = sizeof(struct libiommu_backend),
	.abi = LIBIOMMU_BACKEND_ABI,
	.flags = LIBIOMMU_BACKEND_AUTO | LIBIOMMU_BACKEND_REPLAY,
	.name = "vfio",
	.ctx_size = sizeof(struct vfio_ctx),
	.device_size = sizeof(struct vfio_device),
	.domain_size = sizeof(struct vfio_domain),
	.open = vfio_open,
	.close = vfio_close,
	.group_ids = group_ids,
	.group_read = group_read,
	.group_of = group_of,
	.device_open = libiommu_vfio_device_open,
	.device_close = libiommu_vfio_device_close,
	.device_cap = libiommu_vfio_device_cap,
	.device_ranges = libiommu_vfio_device_ranges,
	.domain_new = domain_new,
	.domain_free = domain_free,
	.attach = libiommu_vfio_attach,
	.detach = libiommu_vfio_detach,
	.replace = libiommu_vfio_replace,
	.map = libiommu_vfio_map,
	.unmap = libiommu_vfio_unmap,
	.regions = &libiommu_vfiodev_regions,
	.handover = &libiommu_vfio_handover,
	.claims = &libiommu_vfio_claims,
};
