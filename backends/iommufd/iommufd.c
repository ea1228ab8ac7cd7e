/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/iommufd/iommufd.h"

void *libiommu_iommufd_alloc(const struct iommufd_ctx *ctx, size_t length)
{
	const struct libiommu_allocator *a = ctx->env->allocator;

	return a->alloc(a->data, length, _Alignof(max_align_t));
}

void libiommu_iommufd_free(const struct iommufd_ctx *ctx, void *memory, size_t length)
{
	const struct libiommu_allocator *a = ctx->env->allocator;

	if (memory)
		a->free(a->data, memory, length);
}

static int group_ids(void *data, struct libiommu_id_builder *ids, struct libiommu_failure *failure)
{
	struct iommufd_ctx *ctx = data;

	return libiommu_vfiodev_group_ids(&ctx->sysfs, ids, failure);
}

static int group_read(void *data, uint32_t id, struct libiommu_group_builder *group,
		      struct libiommu_failure *failure)
{
	struct iommufd_ctx *ctx = data;
	int rc = libiommu_vfiodev_group_read(&ctx->sysfs, id, group, failure);

	return rc ? rc : libiommu_iommufd_group_facts(ctx, id, group, failure);
}

static int group_of(void *data, const char *device, uint32_t *id, struct libiommu_failure *failure)
{
	struct iommufd_ctx *ctx = data;

	return libiommu_sysfs_group_of(&ctx->sysfs, device, id, failure);
}

static int kvm_fd(void *data, int *fd, struct libiommu_failure *failure)
{
	struct iommufd_device *device = data;

	(void)failure;
	*fd = device->dev.fd;
	return 0;
}

/* The kernel takes an empty list for the devices of the iommufd. */
static int hot_reset_fds(void *data, int *fds, size_t room, size_t *count,
			 struct libiommu_failure *failure)
{
	(void)data;
	(void)fds;
	(void)room;
	(void)failure;
	*count = 0;
	return 0;
}

static const struct libiommu_backend_handover handover = {
	.size = sizeof(handover),
	.device_open = libiommu_iommufd_device_open_with,
	.domain_adopt = libiommu_iommufd_domain_adopt,
	.domain_native = libiommu_iommufd_domain_native,
	.kvm_fd = kvm_fd,
	.hot_reset_fds = hot_reset_fds,
};

/* The mappings at an attach are not replayed; they tell which of them a refusal is about. */
const struct libiommu_backend libiommu_backend_iommufd = {
	.struct_size = sizeof(struct libiommu_backend),
	.abi = LIBIOMMU_BACKEND_ABI,
	.flags = LIBIOMMU_BACKEND_AUTO | LIBIOMMU_BACKEND_FILES | LIBIOMMU_BACKEND_REPLAY,
	.name = "iommufd",
	.ctx_size = sizeof(struct iommufd_ctx),
	.device_size = sizeof(struct iommufd_device),
	.domain_size = sizeof(struct iommufd_domain),
	.open = libiommu_iommufd_open,
	.close = libiommu_iommufd_close,
	.group_ids = group_ids,
	.group_read = group_read,
	.group_of = group_of,
	.device_open = libiommu_iommufd_device_open,
	.device_close = libiommu_iommufd_device_close,
	.device_cap = libiommu_iommufd_device_cap,
	.device_ranges = libiommu_iommufd_device_ranges,
	.domain_new = libiommu_iommufd_domain_new,
	.domain_free = libiommu_iommufd_domain_free,
	.attach = libiommu_iommufd_attach,
	.detach = libiommu_iommufd_detach,
	.replace = libiommu_iommufd_replace,
	.map = libiommu_iommufd_map,
	.unmap = libiommu_iommufd_unmap,
	.regions = &libiommu_vfiodev_regions,
	.handover = &handover,
	.domain_new_with = libiommu_iommufd_domain_new_with,
	.pasids = &libiommu_iommufd_pasids,
	.nesting = &libiommu_iommufd_nesting,
	.faults = &libiommu_iommufd_faults,
	.claims = &libiommu_iommufd_claims,
};
