/* SPDX-License-Identifier: BSD-2-Clause */
/* Tables of the user's own on those of a domain. */
#include "backends/iommufd/iommufd.h"

#include <errno.h>
#include <string.h>

static enum libiommu_hw_type hw_type(uint32_t type)
{
	return type == IOMMU_HW_INFO_TYPE_SELFTEST ? LIBIOMMU_HW_SELFTEST
						   : (enum libiommu_hw_type)type;
}

/* The kernel's structs are the public ones'. */
static int hw_info(void *data, struct libiommu_hw_info *out, struct libiommu_failure *failure)
{
	const struct iommufd_device *device = data;
	uint32_t type = 0, size = sizeof(out->data);
	int rc = libiommu_iommufd_hw_data(device->ctx->sys, device->ctx->fd, device->id, &type,
					  &out->data, &size);

	if (rc < 0)
		return libiommu_iommufd_diagnose(failure, rc, "IOMMU_GET_HW_INFO",
						 device->dev.name);
	out->type = hw_type(type);
	out->length = size;
	return 0;
}

/* A page table of the parent that is known to be one for the device. */
static struct iommufd_hwpt *below(const struct iommufd_device *device,
				  const struct iommufd_domain *parent)
{
	struct iommufd_hwpt *hwpt = parent->hwpts;

	if (device->domain == parent)
		return device->hwpt;
	while (hwpt && hwpt->group != device->group)
		hwpt = hwpt->next;
	return hwpt;
}

static int make(struct iommufd_device *device, struct iommufd_domain *domain,
		const struct libiommu_nested_options *opts, struct libiommu_failure *failure)
{
	const struct iommufd_ctx *ctx = device->ctx;
	union libiommu_iommufd_stage1 own;
	struct libiommu_iommufd_hwpt_ask ask = {
		.flags = domain->flags,
		.device = device->id,
		.parent = domain->below->id,
		.fault = domain->faults ? libiommu_iommufd_queue_id(domain->faults) : 0,
		.data_type = (uint32_t)opts->type,
		.data_size = (uint32_t)opts->data_length,
		.data = opts->data,
	};
	int rc;

	libiommu_iommufd_stage1(&ask, &own);
	rc = libiommu_iommufd_hwpt_make(ctx->sys, ctx->fd, &ask, &domain->id);
	return rc < 0 ? libiommu_iommufd_diagnose_nested(device, rc, failure) : 0;
}

static int domain_new(void *device_data, void *parent_data, void *domain_data,
		      const struct libiommu_nested_options *opts, void *faults,
		      const struct libiommu_backend_attach *attach,
		      struct libiommu_geometry *geometry, struct libiommu_failure *failure)
{
	struct iommufd_device *device = device_data;
	struct iommufd_domain *parent = parent_data, *domain = domain_data;
	int rc = 0;

	if (opts->type == LIBIOMMU_STAGE1_RISCV || opts->data_length > UINT32_MAX)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NESTING_UNSUPPORTED,
				       device->dev.name, "No kernel has this kind.");
	domain->flags = (opts->pasid ? IOMMU_HWPT_ALLOC_PASID : 0) |
			(faults ? IOMMU_HWPT_FAULT_ID_VALID : 0);
	domain->faults = faults;
	domain->stage1 = opts->type;
	domain->hw = device->hw;
	domain->below = below(device, parent);
	if (!domain->below)
		rc = libiommu_iommufd_hwpt_new(device, parent, attach, &domain->below, failure);
	if (rc)
		return rc;
	libiommu_iommufd_join(parent, domain->below);
	rc = make(device, domain, opts, failure);
	if (!rc) {
		rc = libiommu_iommufd_geometry(parent, geometry, failure);
		if (rc)
			libiommu_iommufd_destroy(device->ctx->sys, device->ctx->fd, domain->id);
	}
	if (rc) {
		libiommu_iommufd_leave(parent, domain->below, 0);
		return rc;
	}
	domain->parent = parent;
	libiommu_iommufd_domain_link(device->ctx, domain);
	return 0;
}

/* In pieces that the kernel takes; @return as the kernel, and how many it has done */
static int send(struct iommufd_domain *domain, uint32_t type, const char *entries, size_t length,
		size_t count, size_t *done)
{
	const size_t most = 1u << 16;
	const struct iommufd_ctx *ctx = domain->ctx;
	int rc = 0;

	if (length > UINT32_MAX)
		return -EINVAL;
	do {
		uint32_t now = (uint32_t)(count - *done < most ? count - *done : most);

		rc = libiommu_iommufd_invalidate(ctx->sys, ctx->fd, domain->id, type,
						 count ? entries + *done * length : NULL,
						 (uint32_t)length, &now);
		*done += now;
		if (rc >= 0 && !now)
			return count ? -EPROTO : 0;
	} while (rc >= 0 && *done < count);
	return rc;
}

static int refuse(int error, struct libiommu_failure *failure)
{
	int rc = libiommu_iommufd_diagnose(failure, error, "IOMMU_HWPT_INVALIDATE", NULL);

	switch (error) {
	case -EINVAL:
	case -EOPNOTSUPP:
	case -E2BIG:
		return libiommu_refuse(failure, LIBIOMMU_REASON_BAD_INVALIDATION, NULL, NULL);
	case -EFAULT:
		return libiommu_refuse(failure, LIBIOMMU_REASON_BAD_INVALIDATION, NULL,
				       "Its entries cannot be read.");
	default:
		return rc;
	}
}

static int refuse_kind(const struct iommufd_domain *domain, struct libiommu_failure *failure)
{
	return libiommu_refuse(failure, LIBIOMMU_REASON_BACKEND_CAPABILITY, NULL,
			       "The kernel takes none for a stage 1 of type %d.",
			       (int)domain->stage1);
}

#define PIECE 32

static int invalidate(void *data, const struct libiommu_invalidation *commands, size_t count,
		      size_t *done, struct libiommu_failure *failure)
{
	struct iommufd_domain *domain = data;
	union libiommu_iommufd_command piece[PIECE];
	int rc = 0;

	while (*done < count && rc >= 0) {
		const size_t now = count - *done < PIECE ? count - *done : PIECE;
		uint32_t type, length;
		size_t carried = 0;

		if (!libiommu_iommufd_commands(domain->stage1, &commands[*done], now, piece, &type,
					       &length))
			return refuse_kind(domain, failure);
		rc = send(domain, type, (const char *)piece, length, now, &carried);
		*done += carried;
	}
	return rc < 0 ? refuse(rc, failure) : 0;
}

static int invalidate_raw(void *data, uint32_t type, const void *entries, size_t entry_length,
			  size_t count, size_t *done, struct libiommu_failure *failure)
{
	int rc = send(data, type, entries, entry_length, count, done);

	if (!count && (rc == -EINVAL || rc == -EOPNOTSUPP)) {
		libiommu_refuse_kernel(failure, rc, "IOMMU_HWPT_INVALIDATE", NULL);
		return libiommu_refuse(failure, LIBIOMMU_REASON_BACKEND_CAPABILITY, NULL,
				       "The kernel has no commands of type %u here.", type);
	}
	return rc < 0 ? refuse(rc, failure) : 0;
}

const struct libiommu_backend_nesting libiommu_iommufd_nesting = {
	.size = sizeof(libiommu_iommufd_nesting),
	.hw_info = hw_info,
	.domain_new = domain_new,
	.invalidate = invalidate,
	.invalidate_raw = invalidate_raw,
};
