/* SPDX-License-Identifier: BSD-2-Clause */
/* PASIDs as endpoints. */
#include "record.h"

#include <inttypes.h>

static const struct libiommu_backend_pasids *inner(const struct record_device *dev)
{
	return dev->record->inner->pasids;
}

static int width(void *device, unsigned int *bits, struct libiommu_failure *f)
{
	struct record_device *dev = device;
	int code = inner(dev)->width(dev->data, bits, f);
	struct trace_text t;

	trace_start(&t, dev->record->number, "pasid_width");
	trace_add(&t, " device=%u", dev->number);
	trace_result(&t, code, f);
	if (!code)
		trace_add(&t, " bits=%u", *bits);
	record_write(dev->record, &t);
	return code;
}

static int attach_pasid(void *device, uint32_t pasid, void *domain,
			const struct libiommu_backend_attach *attach,
			struct libiommu_geometry *geometry, struct libiommu_failure *f)
{
	struct record_device *dev = device;
	struct record_domain *dom = domain;
	struct trace_text t;
	int code;

	record_device_name(dev, attach);
	code = inner(dev)->attach(dev->data, pasid, dom->data, attach, geometry, f);
	trace_start(&t, dev->record->number, "pasid_attach");
	trace_add(&t, " device=%u pasid=%" PRIu32 " domain=%u maps=%zu", dev->number, pasid,
		  dom->number, attach->map_count);
	trace_result(&t, code, f);
	if (!code)
		trace_geometry(&t, "", geometry);
	record_write(dev->record, &t);
	return code;
}

static void detach_pasid(void *device, uint32_t pasid, void *domain,
			 struct libiommu_geometry *geometry)
{
	struct record_device *dev = device;
	struct record_domain *dom = domain;
	struct trace_text t;

	inner(dev)->detach(dev->data, pasid, dom->data, geometry);
	trace_start(&t, dev->record->number, "pasid_detach");
	trace_add(&t, " device=%u pasid=%" PRIu32 " domain=%u", dev->number, pasid, dom->number);
	trace_result(&t, 0, NULL);
	trace_geometry(&t, "", geometry);
	record_write(dev->record, &t);
}

static int replace_pasid(void *device, uint32_t pasid, void *from, void *to,
			 const struct libiommu_backend_attach *attach,
			 struct libiommu_geometry *from_geometry,
			 struct libiommu_geometry *to_geometry, struct libiommu_failure *f)
{
	struct record_domain *old = from, *new = to;
	struct record_device *dev = device;
	int code = inner(dev)->replace(dev->data, pasid, old->data, new->data, attach,
				       from_geometry, to_geometry, f);
	struct trace_text t;

	trace_start(&t, dev->record->number, "pasid_replace");
	trace_add(&t, " device=%u pasid=%" PRIu32 " from=%u to=%u maps=%zu", dev->number, pasid,
		  old->number, new->number, attach->map_count);
	trace_result(&t, code, f);
	if (!code) {
		trace_geometry(&t, "from-", from_geometry);
		trace_geometry(&t, "to-", to_geometry);
	}
	record_write(dev->record, &t);
	return code;
}

const struct libiommu_backend_pasids record_pasids = {
	.size = sizeof(record_pasids),
	.width = width,
	.attach = attach_pasid,
	.detach = detach_pasid,
	.replace = replace_pasid,
};
