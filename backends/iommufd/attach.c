/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/iommufd/iommufd.h"

#include <errno.h>

typedef int (*move_fn)(void *data, const struct libiommu_sys *sys,
		       const struct libiommu_iommufd_bound *bound, uint32_t *pt);

/* A device on its way into a domain; `move` attaches it or replaces what it has. */
struct way {
	struct iommufd_device *device;
	struct iommufd_domain *domain;
	const struct libiommu_backend_attach *attach;
	move_fn move;
	struct iommufd_hwpt *hwpt; /* NULL: the kernel's own */
};

static int move_to(const struct way *way, uint32_t pt)
{
	const struct libiommu_iommufd_bound bound = libiommu_iommufd_bound(way->device);
	const struct iommufd_ctx *ctx = way->device->ctx;

	return way->move(ctx->transport->data, ctx->sys, &bound, &pt);
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

/* Into one that the domain has; -EINVAL: the device can share none of them. */
static int share_hwpt(struct way *way)
{
	struct iommufd_hwpt *hwpt;
	int rc = -EINVAL;

	for (hwpt = way->domain->hwpts; hwpt && rc == -EINVAL; hwpt = hwpt->next) {
		if (foreign(way->device, &hwpt->hw))
			continue;
		way->hwpt = hwpt;
		rc = move_to(way, hwpt->id);
	}
	return rc;
}

static int refuse(const struct way *way, int error, const char *call,
		  struct libiommu_failure *failure)
{
	return libiommu_iommufd_diagnose_attach(way->device, way->attach, error, call, failure);
}

/* At the end of the list, so that the one that others share comes first. */
static void link_hwpt(struct iommufd_domain *domain, struct iommufd_hwpt *hwpt)
{
	struct iommufd_hwpt **link = &domain->hwpts;

	while (*link)
		link = &(*link)->next;
	*link = hwpt;
}

static int make_hwpt(struct way *way, struct libiommu_failure *failure)
{
	const struct iommufd_ctx *ctx = way->device->ctx;
	struct iommufd_hwpt *hwpt = libiommu_iommufd_alloc(ctx, sizeof(*hwpt));
	int rc;

	if (!hwpt)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	rc = libiommu_iommufd_hwpt_alloc(ctx->sys, ctx->fd, 0, way->device->id, way->domain->id,
					 &hwpt->id);
	if (rc < 0) {
		libiommu_iommufd_free(ctx, hwpt, sizeof(*hwpt));
		return refuse(way, rc, "IOMMU_HWPT_ALLOC", failure);
	}
	hwpt->hw = way->device->hw;
	link_hwpt(way->domain, hwpt);
	way->hwpt = hwpt;
	rc = move_to(way, hwpt->id);
	return rc < 0 ? refuse(way, rc, ctx->transport->attach_call, failure) : 0;
}

static int enter(struct way *way, struct libiommu_failure *failure)
{
	const struct iommufd_ctx *ctx = way->device->ctx;
	int rc = share_hwpt(way);

	if (rc == -EINVAL && (ctx->explicit_hwpt || foreign_automatic(way->device, way->domain)))
		return make_hwpt(way, failure);
	if (rc == -EINVAL) {
		way->hwpt = NULL;
		rc = move_to(way, way->domain->id);
	}
	return rc < 0 ? refuse(way, rc, ctx->transport->attach_call, failure) : 0;
}

/* Page tables without a device would pin the domain's memory and narrow its ranges. */
static void drop_unused(struct iommufd_domain *domain, uint32_t flags)
{
	const struct iommufd_ctx *ctx = domain->ctx;
	struct iommufd_hwpt **link = &domain->hwpts;

	while (*link) {
		struct iommufd_hwpt *hwpt = *link;

		if (hwpt->devices) {
			link = &hwpt->next;
			continue;
		}
		*link = hwpt->next;
		if (!(flags & LIBIOMMU_CLOSE_FORKED))
			libiommu_iommufd_destroy(ctx->sys, ctx->fd, hwpt->id);
		libiommu_iommufd_free(ctx, hwpt, sizeof(*hwpt));
	}
}

/* One device less in the domain; its page table is freed with the last one. */
static void leave(struct iommufd_domain *domain, struct iommufd_hwpt *hwpt, uint32_t flags)
{
	domain->devices--;
	if (hwpt && !--hwpt->devices)
		drop_unused(domain, flags);
}

static void join(struct iommufd_device *device, struct iommufd_domain *domain,
		 struct iommufd_hwpt *hwpt)
{
	pthread_mutex_lock(&device->ctx->lock);
	device->domain = domain;
	device->hwpt = hwpt;
	pthread_mutex_unlock(&device->ctx->lock);
	domain->devices++;
	if (hwpt)
		hwpt->devices++;
}

void libiommu_iommufd_forget(struct iommufd_device *device, uint32_t flags)
{
	struct iommufd_domain *domain = device->domain;
	const bool locks = !(flags & LIBIOMMU_CLOSE_FORKED);

	if (!domain)
		return;
	if (locks)
		pthread_mutex_lock(&device->ctx->lock);
	device->domain = NULL;
	if (locks)
		pthread_mutex_unlock(&device->ctx->lock);
	leave(domain, device->hwpt, flags);
	device->hwpt = NULL;
}

static int detach_device(struct iommufd_device *device)
{
	const struct libiommu_iommufd_bound bound = libiommu_iommufd_bound(device);
	const struct iommufd_ctx *ctx = device->ctx;

	return ctx->transport->detach(ctx->transport->data, ctx->sys, &bound);
}

static int read_geometry(const struct iommufd_domain *domain, struct libiommu_geometry *geometry,
			 struct libiommu_failure *failure)
{
	int rc = libiommu_iommufd_ranges(domain->ctx, domain->id, geometry, failure);

	if (!rc && !geometry->count)
		rc = libiommu_refuse(failure, LIBIOMMU_REASON_INCOMPATIBLE_IOMMU, NULL,
				     "No IOVA is left that every device can use.");
	return rc;
}

/* Out of what it is in, which before an attach is what a refused detach has left. */
static int leave_kernel(struct iommufd_device *device, struct libiommu_failure *failure)
{
	int rc;

	if (!device->domain)
		return 0;
	rc = detach_device(device);
	if (rc < 0)
		return libiommu_iommufd_diagnose(failure, rc, device->ctx->transport->detach_call,
						 device->dev.name);
	libiommu_iommufd_forget(device, 0);
	return 0;
}

int libiommu_iommufd_attach(void *device_data, void *domain_data,
			    const struct libiommu_backend_attach *attach,
			    struct libiommu_geometry *geometry, struct libiommu_failure *failure)
{
	struct iommufd_device *device = device_data;
	struct way way = {
		.device = device,
		.domain = domain_data,
		.attach = attach,
		.move = device->ctx->transport->attach,
	};
	int rc = leave_kernel(device, failure);

	if (rc)
		return rc;
	rc = enter(&way, failure);
	if (rc) {
		drop_unused(way.domain, 0);
		return rc;
	}
	join(device, way.domain, way.hwpt);
	rc = read_geometry(way.domain, geometry, failure);
	if (rc)
		leave_kernel(device, NULL);
	return rc;
}

int libiommu_iommufd_detach(void *device_data, void *domain_data, bool last, uint32_t flags,
			    struct libiommu_geometry *geometry, struct libiommu_failure *failure)
{
	struct iommufd_device *device = device_data;
	struct iommufd_domain *domain = domain_data;
	/* The kernel never refuses; filters of system calls might. */
	int rc = leave_kernel(device, failure);

	(void)last;
	(void)flags;
	if (rc)
		return rc;
	/* Without memory it stays empty; the core then keeps the narrower one. */
	if (domain->devices && read_geometry(domain, geometry, NULL))
		libiommu_geometry_clear(device->ctx->env, geometry);
	return 0;
}

/* Back to where they were, which the kernel has no reason to refuse. */
static int put_back(void *const *devices, size_t count)
{
	int rc = 0;

	for (size_t i = 0; i < count; i++) {
		struct iommufd_device *device = devices[i];
		const struct way back = {
			.device = device,
			.move = device->ctx->transport->replace,
		};

		if (move_to(&back, device->hwpt ? device->hwpt->id : device->domain->id) < 0)
			rc = -EIO;
	}
	return rc;
}

static int refuse_move(void *const *devices, size_t moved, int rc, struct libiommu_failure *failure)
{
	if (!moved || !put_back(devices, moved))
		return rc;
	return libiommu_refuse(
		failure, LIBIOMMU_REASON_PARTIAL, NULL,
		"Devices of the group are in the new domain and cannot be put back.");
}

/* The first takes the group with it; the others are told where they are. */
static int move_all(struct way *way, void *const *devices, size_t count,
		    struct libiommu_failure *failure)
{
	int rc;

	for (size_t i = 0; i < count; i++) {
		way->device = devices[i];
		rc = enter(way, failure);
		if (rc)
			return refuse_move(devices, i, rc, failure);
	}
	return 0;
}

int libiommu_iommufd_replace(void *const *devices, size_t count, void *from_data, void *to_data,
			     const struct libiommu_backend_attach *attach,
			     struct libiommu_geometry *from_geometry,
			     struct libiommu_geometry *to_geometry,
			     struct libiommu_failure *failure)
{
	struct iommufd_device *first = devices[0];
	struct iommufd_domain *from = from_data;
	struct way way = {
		.domain = to_data,
		.attach = attach,
		.move = first->ctx->transport->replace,
	};
	int rc = move_all(&way, devices, count, failure);

	if (!rc) {
		rc = read_geometry(way.domain, to_geometry, failure);
		if (rc)
			rc = refuse_move(devices, count, rc, failure);
	}
	if (rc) {
		drop_unused(way.domain, 0);
		return rc;
	}
	for (size_t i = 0; i < count; i++) {
		struct iommufd_device *device = devices[i];
		struct iommufd_hwpt *old = device->hwpt;

		join(device, way.domain, way.hwpt);
		leave(from, old, 0);
	}
	if (from->devices && read_geometry(from, from_geometry, NULL))
		libiommu_geometry_clear(first->ctx->env, from_geometry);
	return 0;
}
