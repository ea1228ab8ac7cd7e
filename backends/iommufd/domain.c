/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/iommufd/iommufd.h"

#include <errno.h>
#include <inttypes.h>

static void link_domain(struct iommufd_ctx *ctx, struct iommufd_domain *domain)
{
	domain->ctx = ctx;
	domain->next = ctx->domains;
	ctx->domains = domain;
}

int libiommu_iommufd_domain_new(void *ctx_data, void *domain_data, enum libiommu_domain_type type,
				struct libiommu_failure *failure)
{
	struct iommufd_domain *domain = domain_data;
	struct iommufd_ctx *ctx = ctx_data;
	int rc;

	switch (type) {
	case LIBIOMMU_DOMAIN_PAGING:
	case LIBIOMMU_DOMAIN_BLOCKED: /* an address space that nobody maps into */
		break;
	case LIBIOMMU_DOMAIN_IDENTITY:
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_UAPI, "identity", NULL);
	default:
		return libiommu_refuse(failure, LIBIOMMU_REASON_DOMAIN_TYPE, NULL, NULL);
	}
	rc = libiommu_iommufd_ioas_alloc(ctx->sys, ctx->fd, &domain->id);
	if (rc < 0)
		return libiommu_iommufd_diagnose(failure, rc, "IOMMU_IOAS_ALLOC", NULL);
	link_domain(ctx, domain);
	return 0;
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
	link_domain(ctx, domain);
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
	for (struct iommufd_device *device = ctx->devices; device; device = device->next)
		if (device->domain == domain)
			libiommu_iommufd_forget(device, flags);
	/* In a forked child they are the parent's; its iommufd frees them. */
	if (!(flags & LIBIOMMU_CLOSE_FORKED) && !domain->adopted)
		libiommu_iommufd_destroy(ctx->sys, ctx->fd, domain->id);
}
