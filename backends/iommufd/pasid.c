/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/iommufd/iommufd.h"

static struct iommufd_pasid *find(const struct iommufd_device *device, uint32_t number)
{
	struct iommufd_pasid *pasid = device->pasids;

	while (pasid && pasid->number != number)
		pasid = pasid->next;
	return pasid;
}

static int width(void *data, unsigned int *bits, struct libiommu_failure *failure)
{
	const struct iommufd_device *device = data;

	if (!device->hw.known)
		return libiommu_refuse(failure, LIBIOMMU_REASON_PASID_UNSUPPORTED, device->dev.name,
				       "This kernel does not tell whether it has any.");
	if (!device->hw.info.pasid_bits || !device->ctx->transport->pasid_attach)
		return libiommu_refuse(failure, LIBIOMMU_REASON_PASID_UNSUPPORTED, device->dev.name,
				       NULL);
	*bits = device->hw.info.pasid_bits;
	return 0;
}

static void forget(struct iommufd_device *device, struct iommufd_pasid *pasid, uint32_t flags)
{
	struct iommufd_pasid **link = &device->pasids;

	while (*link != pasid)
		link = &(*link)->next;
	*link = pasid->next;
	if (!(flags & LIBIOMMU_CLOSE_FORKED) && pasid->domain->faults)
		libiommu_iommufd_queue_forget(pasid->domain->faults, device->id, pasid->number,
					      false);
	libiommu_iommufd_leave(pasid->domain, pasid->hwpt, flags);
	libiommu_iommufd_free(device->ctx, pasid, sizeof(*pasid));
}

void libiommu_iommufd_pasids_forget(struct iommufd_device *device,
				    const struct iommufd_domain *domain, uint32_t flags)
{
	struct iommufd_pasid *pasid = device->pasids;

	while (pasid) {
		struct iommufd_pasid *next = pasid->next;

		if (!domain || pasid->domain == domain)
			forget(device, pasid, flags);
		pasid = next;
	}
}

static int leave_kernel(struct iommufd_device *device, struct iommufd_pasid *pasid,
			struct libiommu_failure *failure)
{
	const struct libiommu_iommufd_bound bound = libiommu_iommufd_bound(device);
	const struct libiommu_iommufd_transport *t = device->ctx->transport;
	int rc = t->pasid_detach(t->data, device->ctx->sys, &bound, pasid->number);

	if (rc < 0)
		return libiommu_iommufd_diagnose(failure, rc, t->pasid_detach_call,
						 device->dev.name);
	forget(device, pasid, 0);
	return 0;
}

static int enter(struct iommufd_way *way, struct iommufd_pasid *pasid,
		 struct libiommu_failure *failure)
{
	int rc = libiommu_iommufd_enter(way, failure);

	if (rc) {
		libiommu_iommufd_drop_unused(way->domain, 0);
		return rc;
	}
	pasid->domain = way->domain;
	pasid->hwpt = way->hwpt;
	libiommu_iommufd_join(way->domain, way->hwpt);
	return 0;
}

static int attach(void *device_data, uint32_t number, void *domain_data,
		  const struct libiommu_backend_attach *attach, struct libiommu_geometry *geometry,
		  struct libiommu_failure *failure)
{
	struct iommufd_device *device = device_data;
	struct iommufd_way way = {
		.device = device, .domain = domain_data, .attach = attach, .pasid = number
	};
	struct iommufd_pasid *pasid = find(device, number);
	/* What a refused detach has left. */
	int rc = pasid ? leave_kernel(device, pasid, failure) : 0;

	if (rc)
		return rc;
	pasid = libiommu_iommufd_alloc(device->ctx, sizeof(*pasid));
	if (!pasid)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	pasid->number = number;
	libiommu_iommufd_know(device, attach);
	rc = enter(&way, pasid, failure);
	if (rc) {
		libiommu_iommufd_free(device->ctx, pasid, sizeof(*pasid));
		return rc;
	}
	pasid->next = device->pasids;
	device->pasids = pasid;
	rc = libiommu_iommufd_geometry(way.domain, geometry, failure);
	if (rc)
		leave_kernel(device, pasid, NULL);
	return rc;
}

/* The kernel never refuses; where a filter of system calls does, the PASID is left for later. */
static void detach(void *device_data, uint32_t number, void *domain_data,
		   struct libiommu_geometry *geometry)
{
	struct iommufd_device *device = device_data;
	struct iommufd_pasid *pasid = find(device, number);

	if (pasid && !leave_kernel(device, pasid, NULL))
		libiommu_iommufd_narrow(domain_data, geometry);
}

static int put_back(const struct iommufd_way *way, const struct iommufd_pasid *old, int rc,
		    struct libiommu_failure *failure)
{
	if (libiommu_iommufd_move(way, old->hwpt ? old->hwpt->id : old->domain->id) >= 0)
		return rc;
	return libiommu_refuse(failure, LIBIOMMU_REASON_PARTIAL, way->device->dev.name,
			       "PASID %u is in the new domain and cannot be put back.", way->pasid);
}

static int replace(void *device_data, uint32_t number, void *from_data, void *to_data,
		   const struct libiommu_backend_attach *attach,
		   struct libiommu_geometry *from_geometry, struct libiommu_geometry *to_geometry,
		   struct libiommu_failure *failure)
{
	struct iommufd_device *device = device_data;
	struct iommufd_way way = { .device = device,
				   .domain = to_data,
				   .attach = attach,
				   .pasid = number,
				   .replaces = true };
	struct iommufd_pasid *pasid = find(device, number);
	const struct iommufd_pasid old = *pasid;
	int rc;

	if (old.domain->faults)
		libiommu_iommufd_queue_age(old.domain->faults, device->id, number);
	rc = enter(&way, pasid, failure);
	if (rc)
		return rc;
	rc = libiommu_iommufd_geometry(way.domain, to_geometry, failure);
	if (rc) {
		rc = put_back(&way, &old, rc, failure);
		libiommu_iommufd_leave(way.domain, way.hwpt, 0);
		pasid->domain = old.domain;
		pasid->hwpt = old.hwpt;
		return rc;
	}
	if (old.domain->faults)
		libiommu_iommufd_queue_forget(old.domain->faults, device->id, number,
					      old.domain->faults == way.domain->faults);
	libiommu_iommufd_leave(old.domain, old.hwpt, 0);
	libiommu_iommufd_narrow(from_data, from_geometry);
	return 0;
}

const struct libiommu_backend_pasids libiommu_iommufd_pasids = {
	.size = sizeof(libiommu_iommufd_pasids),
	.width = width,
	.attach = attach,
	.detach = detach,
	.replace = replace,
};
