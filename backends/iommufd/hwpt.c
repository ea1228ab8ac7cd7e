/* SPDX-License-Identifier: BSD-2-Clause */
/* The page tables of a domain: which of them a device is given, and when they go. */
#include "backends/iommufd/iommufd.h"

#include <errno.h>

int libiommu_iommufd_move(const struct iommufd_way *way, uint32_t pt)
{
	const struct libiommu_iommufd_transport *t = way->device->ctx->transport;
	const struct libiommu_iommufd_bound bound = libiommu_iommufd_bound(way->device);
	const struct libiommu_sys *sys = way->device->ctx->sys;

	if (way->pasid)
		return (way->replaces ? t->pasid_replace : t->pasid_attach)(t->data, sys, &bound,
									    way->pasid, &pt);
	return (way->replaces ? t->replace : t->attach)(t->data, sys, &bound, &pt);
}

/*
 * IOMMUs of different makes: a page table of the one is nothing for the other's driver. Who attaches is
 * refused by the kernel; but when a device is moved, Linux 7.2 hands such a page table to the wrong
 * driver, and stops.
 */
static bool foreign(const struct iommufd_device *device, const struct iommufd_hw *hw)
{
	return device->hw.known && hw->known && device->hw.info.type != hw->info.type;
}

/* Is a page table that the kernel has made for the domain one for other drivers? */
static bool foreign_automatic(const struct iommufd_device *device,
			      const struct iommufd_domain *domain)
{
	const struct iommufd_device *other = device->ctx->devices;

	while (other && (other->domain != domain || other->hwpt || !foreign(device, &other->hw)))
		other = other->next;
	return other;
}

/*
 * Not every driver has tables for PASIDs; a group whose open devices have none of them needs no such
 * table. All of a group are in one.
 */
static uint32_t wanted(const struct iommufd_device *device, const struct iommufd_domain *domain)
{
	const struct iommufd_device *one = device->ctx->devices;

	while (one && (one->group != device->group || !one->hw.known || !one->hw.info.pasid_bits))
		one = one->next;
	return one ? domain->flags : domain->flags & ~IOMMU_HWPT_ALLOC_PASID;
}

/* Another one of the group that is in the domain, and with which the kernel keeps the device. */
static const struct iommufd_device *companion(const struct iommufd_way *way)
{
	const struct iommufd_device *other = way->device->ctx->devices;

	while (other && (other == way->device || other->group != way->device->group ||
			 other->domain != way->domain))
		other = other->next;
	return way->pasid ? NULL : other;
}

/* Into one that the domain has; -EINVAL: the device can share none of them. */
static int share_hwpt(struct iommufd_way *way)
{
	const uint32_t flags = wanted(way->device, way->domain);
	struct iommufd_hwpt *hwpt;
	int rc = -EINVAL;

	for (hwpt = way->domain->hwpts; hwpt && rc == -EINVAL; hwpt = hwpt->next) {
		if (foreign(way->device, &hwpt->hw) || flags & ~hwpt->flags)
			continue;
		way->hwpt = hwpt;
		rc = libiommu_iommufd_move(way, hwpt->id);
	}
	return rc;
}

/* At the end of the list, so that the one that others share comes first. */
static void link_hwpt(struct iommufd_domain *domain, struct iommufd_hwpt *hwpt)
{
	struct iommufd_hwpt **link = &domain->hwpts;

	while (*link)
		link = &(*link)->next;
	*link = hwpt;
}

int libiommu_iommufd_hwpt_new(struct iommufd_device *device, struct iommufd_domain *domain,
			      const struct libiommu_backend_attach *attach,
			      struct iommufd_hwpt **out, struct libiommu_failure *failure)
{
	const struct iommufd_ctx *ctx = device->ctx;
	const struct libiommu_iommufd_hwpt_ask ask = {
		.flags = wanted(device, domain),
		.device = device->id,
		.parent = domain->id,
		.fault = domain->faults ? libiommu_iommufd_queue_id(domain->faults) : 0,
		.data_type = IOMMU_HWPT_DATA_NONE,
	};
	struct iommufd_hwpt *hwpt = libiommu_iommufd_alloc(ctx, sizeof(*hwpt));
	int rc;

	if (!hwpt)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	rc = libiommu_iommufd_hwpt_make(ctx->sys, ctx->fd, &ask, &hwpt->id);
	if (rc < 0) {
		libiommu_iommufd_free(ctx, hwpt, sizeof(*hwpt));
		return libiommu_iommufd_diagnose_table(device, ask.flags, attach, rc, failure);
	}
	hwpt->hw = device->hw;
	hwpt->flags = ask.flags;
	hwpt->group = device->group;
	link_hwpt(domain, hwpt);
	*out = hwpt;
	return 0;
}

static int refuse(const struct iommufd_way *way, int error, struct libiommu_failure *failure)
{
	const struct libiommu_iommufd_transport *t = way->device->ctx->transport;

	return libiommu_iommufd_diagnose_entry(
		way, error, way->pasid ? t->pasid_attach_call : t->attach_call, failure);
}

static int make_hwpt(struct iommufd_way *way, struct libiommu_failure *failure)
{
	int rc = libiommu_iommufd_hwpt_new(way->device, way->domain, way->attach, &way->hwpt,
					   failure);

	if (rc)
		return rc;
	rc = libiommu_iommufd_move(way, way->hwpt->id);
	return rc < 0 ? refuse(way, rc, failure) : 0;
}

static int follow(struct iommufd_way *way, struct iommufd_hwpt *hwpt,
		  struct libiommu_failure *failure)
{
	int rc;

	way->hwpt = hwpt;
	rc = libiommu_iommufd_move(way, hwpt ? hwpt->id : way->domain->id);
	return rc < 0 ? refuse(way, rc, failure) : 0;
}

/* The one table that there is of a nested domain. */
static int enter_nested(struct iommufd_way *way, struct libiommu_failure *failure)
{
	if (foreign(way->device, &way->domain->hw))
		return libiommu_refuse(failure, LIBIOMMU_REASON_INCOMPATIBLE_IOMMU,
				       way->device->dev.name, NULL);
	return follow(way, NULL, failure);
}

int libiommu_iommufd_enter(struct iommufd_way *way, struct libiommu_failure *failure)
{
	const struct iommufd_ctx *ctx = way->device->ctx;
	const struct iommufd_device *other = companion(way);
	int rc;

	if (way->domain->parent)
		return enter_nested(way, failure);
	if (other)
		return follow(way, other->hwpt, failure);
	rc = share_hwpt(way);
	if (rc == -EINVAL && (ctx->explicit_hwpt || wanted(way->device, way->domain) ||
			      foreign_automatic(way->device, way->domain)))
		return make_hwpt(way, failure);
	if (rc == -EINVAL)
		return follow(way, NULL, failure);
	return rc < 0 ? refuse(way, rc, failure) : 0;
}

/* Page tables without a user would pin the domain's memory and narrow its ranges. */
void libiommu_iommufd_drop_unused(struct iommufd_domain *domain, uint32_t flags)
{
	const struct iommufd_ctx *ctx = domain->ctx;
	struct iommufd_hwpt **link = &domain->hwpts;

	while (*link) {
		struct iommufd_hwpt *hwpt = *link;

		if (hwpt->users) {
			link = &hwpt->next;
			continue;
		}
		*link = hwpt->next;
		if (!(flags & LIBIOMMU_CLOSE_FORKED))
			libiommu_iommufd_destroy(ctx->sys, ctx->fd, hwpt->id);
		libiommu_iommufd_free(ctx, hwpt, sizeof(*hwpt));
	}
}

void libiommu_iommufd_leave(struct iommufd_domain *domain, struct iommufd_hwpt *hwpt,
			    uint32_t flags)
{
	domain->users--;
	if (hwpt && !--hwpt->users)
		libiommu_iommufd_drop_unused(domain, flags);
}

void libiommu_iommufd_join(struct iommufd_domain *domain, struct iommufd_hwpt *hwpt)
{
	domain->users++;
	if (hwpt)
		hwpt->users++;
}
