/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/iommufd/iommufd.h"

#include <errno.h>
#include <inttypes.h>

void libiommu_iommufd_domain_link(struct iommufd_ctx *ctx, struct iommufd_domain *domain)
{
	domain->ctx = ctx;
	domain->next = ctx->domains;
	ctx->domains = domain;
}

uint32_t libiommu_iommufd_space(const struct iommufd_domain *domain)
{
	return domain->parent ? domain->parent->id : domain->id;
}

int libiommu_iommufd_domain_new_with(void *ctx_data, void *domain_data,
				     const struct libiommu_backend_wishes *wishes,
				     struct libiommu_failure *failure)
{
	struct iommufd_domain *domain = domain_data;
	struct iommufd_ctx *ctx = ctx_data;
	int rc;

	switch (wishes->type) {
	case LIBIOMMU_DOMAIN_PAGING:
	case LIBIOMMU_DOMAIN_BLOCKED: /* an address space that nobody maps into */
		break;
	case LIBIOMMU_DOMAIN_IDENTITY:
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_UAPI, "identity", NULL);
	case LIBIOMMU_DOMAIN_SVA:
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_UAPI, "SVA", NULL);
	case LIBIOMMU_DOMAIN_SHARED:
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_UAPI, "shared", NULL);
	default:
		return libiommu_refuse(failure, LIBIOMMU_REASON_DOMAIN_TYPE, NULL, NULL);
	}
	rc = libiommu_iommufd_ioas_alloc(ctx->sys, ctx->fd, &domain->id);
	if (rc < 0)
		return libiommu_iommufd_diagnose(failure, rc, "IOMMU_IOAS_ALLOC", NULL);
	/* Whether a device has such page tables is seen when it comes. */
	domain->flags = (wishes->pasid ? IOMMU_HWPT_ALLOC_PASID : 0) |
			(wishes->nest_parent ? IOMMU_HWPT_ALLOC_NEST_PARENT : 0) |
			(wishes->faults ? IOMMU_HWPT_FAULT_ID_VALID : 0);
	domain->faults = wishes->faults;
	libiommu_iommufd_domain_link(ctx, domain);
	return 0;
}

int libiommu_iommufd_domain_new(void *ctx, void *domain, enum libiommu_domain_type type,
				struct libiommu_failure *failure)
{
	const struct libiommu_backend_wishes wishes = { .size = sizeof(wishes), .type = type };

	return libiommu_iommufd_domain_new_with(ctx, domain, &wishes, failure);
}

int libiommu_iommufd_domain_adopt(void *ctx_data, void *domain_data, uint64_t native,
				  struct libiommu_failure *failure)
{
	struct iommufd_domain *domain = domain_data;
	struct iommufd_ctx *ctx = ctx_data;
	uint64_t alignment;
	uint32_t none = 0;
	int rc = -ENOENT;

	for (const struct iommufd_domain *d = ctx->domains; d; d = d->next)
		if (d->id == native)
			return libiommu_refuse(failure, LIBIOMMU_REASON_DOMAIN_IN_USE, NULL,
					       "Address space %" PRIu64 " is a domain already.",
					       native);
	/* The first question that only an address space answers, without room for the answer. */
	if (native <= UINT32_MAX)
		rc = libiommu_iommufd_ioas_ranges(ctx->sys, ctx->fd, (uint32_t)native, NULL, &none,
						  &alignment);
	if (rc == -ENOENT) {
		libiommu_refuse_kernel(failure, rc, "IOMMU_IOAS_IOVA_RANGES", NULL);
		return libiommu_refuse(failure, LIBIOMMU_REASON_WRONG_FD, NULL,
				       "There is no address space %" PRIu64 ".", native);
	}
	if (rc < 0 && rc != -EMSGSIZE)
		return libiommu_iommufd_diagnose(failure, rc, "IOMMU_IOAS_IOVA_RANGES", NULL);
	domain->id = (uint32_t)native;
	domain->adopted = true;
	libiommu_iommufd_domain_link(ctx, domain);
	return 0;
}

int libiommu_iommufd_domain_native(void *data, uint64_t *native, struct libiommu_failure *failure)
{
	const struct iommufd_domain *domain = data;

	(void)failure;
	*native = domain->id;
	return 0;
}

void libiommu_iommufd_domain_free(void *data, uint32_t flags)
{
	struct iommufd_domain *domain = data;
	struct iommufd_ctx *ctx = domain->ctx;
	struct iommufd_domain **link = &ctx->domains;

	while (*link != domain)
		link = &(*link)->next;
	*link = domain->next;
	/* What a refused detach has left; the kernel then keeps the space until all is closed. */
	for (struct iommufd_device *device = ctx->devices; device; device = device->next) {
		if (device->domain == domain)
			libiommu_iommufd_forget(device, flags);
		libiommu_iommufd_pasids_forget(device, domain, flags);
	}
	/* In a forked child they are the parent's; its iommufd frees them. */
	if (!(flags & LIBIOMMU_CLOSE_FORKED) && !domain->adopted)
		libiommu_iommufd_destroy(ctx->sys, ctx->fd, domain->id);
	if (domain->parent)
		libiommu_iommufd_leave(domain->parent, domain->below, flags);
}
