/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/iommufd/iommufd.h"

#include <errno.h>

static void join(struct iommufd_device *device, struct iommufd_domain *domain,
		 struct iommufd_hwpt *hwpt)
{
	pthread_mutex_lock(&device->ctx->lock);
	device->domain = domain;
	device->hwpt = hwpt;
	pthread_mutex_unlock(&device->ctx->lock);
	libiommu_iommufd_join(domain, hwpt);
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
	if (locks && domain->faults)
		libiommu_iommufd_queue_forget(domain->faults, device->id, 0, false);
	libiommu_iommufd_leave(domain, device->hwpt, flags);
	device->hwpt = NULL;
}

static int detach_device(struct iommufd_device *device)
{
	const struct libiommu_iommufd_bound bound = libiommu_iommufd_bound(device);
	const struct iommufd_ctx *ctx = device->ctx;

	return ctx->transport->detach(ctx->transport->data, ctx->sys, &bound);
}

void libiommu_iommufd_know(struct iommufd_device *device,
			   const struct libiommu_backend_attach *attach)
{
	pthread_mutex_lock(&device->ctx->lock);
	device->handle = attach->handle;
	pthread_mutex_unlock(&device->ctx->lock);
}

int libiommu_iommufd_geometry(const struct iommufd_domain *domain,
			      struct libiommu_geometry *geometry, struct libiommu_failure *failure)
{
	int rc = libiommu_iommufd_ranges(domain->ctx, libiommu_iommufd_space(domain), geometry,
					 failure);

	if (!rc && !geometry->count)
		rc = libiommu_refuse(failure, LIBIOMMU_REASON_INCOMPATIBLE_IOMMU, NULL,
				     "No IOVA is left that every device can use.");
	return rc;
}

void libiommu_iommufd_narrow(const struct iommufd_domain *domain,
			     struct libiommu_geometry *geometry)
{
	if ((domain->users || domain->parent) && libiommu_iommufd_geometry(domain, geometry, NULL))
		libiommu_geometry_clear(domain->ctx->env, geometry);
}

/* Out of what it is in, which before an attach is what a refused detach has left. */
int libiommu_iommufd_quit(struct iommufd_device *device, struct libiommu_failure *failure)
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
	struct iommufd_way way = {
		.device = device,
		.domain = domain_data,
		.attach = attach,
	};
	int rc = libiommu_iommufd_quit(device, failure);

	if (rc)
		return rc;
	libiommu_iommufd_know(device, attach);
	rc = libiommu_iommufd_enter(&way, failure);
	if (rc) {
		libiommu_iommufd_drop_unused(way.domain, 0);
		return rc;
	}
	join(device, way.domain, way.hwpt);
	rc = libiommu_iommufd_geometry(way.domain, geometry, failure);
	if (rc)
		libiommu_iommufd_quit(device, NULL);
	return rc;
}

int libiommu_iommufd_detach(void *device_data, void *domain_data, bool last, uint32_t flags,
			    struct libiommu_geometry *geometry, struct libiommu_failure *failure)
{
	struct iommufd_device *device = device_data;
	struct iommufd_domain *domain = domain_data;
	/* The kernel never refuses; filters of system calls might. */
	int rc = libiommu_iommufd_quit(device, failure);

	(void)last;
	(void)flags;
	if (rc)
		return rc;
	libiommu_iommufd_narrow(domain, geometry);
	return 0;
}

/* Back to where they were, which the kernel has no reason to refuse. */
static int put_back(void *const *devices, size_t count)
{
	int rc = 0;

	for (size_t i = 0; i < count; i++) {
		struct iommufd_device *device = devices[i];
		const struct iommufd_way back = { .device = device, .replaces = true };

		if (libiommu_iommufd_move(&back,
					  device->hwpt ? device->hwpt->id : device->domain->id) < 0)
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

static void age_all(struct iommufd_queue *queue, void *const *devices, size_t count)
{
	for (size_t i = 0; queue && i < count; i++) {
		const struct iommufd_device *device = devices[i];

		libiommu_iommufd_queue_age(queue, device->id, 0);
	}
}

/* The first takes the group with it; the others are told where they are. */
static int move_all(struct iommufd_way *way, void *const *devices, size_t count,
		    struct libiommu_failure *failure)
{
	int rc;

	for (size_t i = 0; i < count; i++) {
		way->device = devices[i];
		rc = libiommu_iommufd_enter(way, failure);
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
	struct iommufd_domain *from = from_data;
	struct iommufd_way way = {
		.domain = to_data,
		.attach = attach,
		.replaces = true,
	};
	int rc;

	age_all(from->faults, devices, count);
	rc = move_all(&way, devices, count, failure);
	if (!rc) {
		rc = libiommu_iommufd_geometry(way.domain, to_geometry, failure);
		if (rc)
			rc = refuse_move(devices, count, rc, failure);
	}
	if (rc) {
		libiommu_iommufd_drop_unused(way.domain, 0);
		return rc;
	}
	for (size_t i = 0; i < count; i++) {
		struct iommufd_device *device = devices[i];
		struct iommufd_hwpt *old = device->hwpt;

		join(device, way.domain, way.hwpt);
		if (from->faults)
			libiommu_iommufd_queue_forget(from->faults, device->id, 0,
						      from->faults == way.domain->faults);
		libiommu_iommufd_leave(from, old, 0);
	}
	libiommu_iommufd_narrow(from, from_geometry);
	return 0;
}
