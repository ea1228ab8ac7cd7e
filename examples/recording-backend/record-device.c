/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices, what they are attached to, and descriptors that come from elsewhere. */
#include "record.h"

#include <inttypes.h>

static int begin_device(struct record *r, struct record_device *dev, struct libiommu_failure *f)
{
	dev->record = r;
	dev->number = ++r->devices;
	if (!r->inner->device_size)
		return 0;
	dev->data = record_alloc(r, r->inner->device_size, f);
	return dev->data ? 0 : -libiommu_reason_errno(LIBIOMMU_REASON_NO_MEMORY);
}

int record_domain_begin(struct record *r, struct record_domain *dom, struct libiommu_failure *f)
{
	dom->record = r;
	dom->number = ++r->domains;
	if (!r->inner->domain_size)
		return 0;
	dom->data = record_alloc(r, r->inner->domain_size, f);
	return dom->data ? 0 : -libiommu_reason_errno(LIBIOMMU_REASON_NO_MEMORY);
}

static void link_device(struct record_device *dev)
{
	struct record *r = dev->record;

	pthread_mutex_lock(&r->lock);
	dev->next = r->open;
	r->open = dev;
	pthread_mutex_unlock(&r->lock);
}

static void unlink_device(struct record_device *dev)
{
	struct record_device **link = &dev->record->open;

	pthread_mutex_lock(&dev->record->lock);
	while (*link != dev)
		link = &(*link)->next;
	*link = dev->next;
	pthread_mutex_unlock(&dev->record->lock);
}

void record_device_name(struct record_device *dev, const struct libiommu_backend_attach *attach)
{
	pthread_mutex_lock(&dev->record->lock);
	dev->handle = attach->handle;
	pthread_mutex_unlock(&dev->record->lock);
}

unsigned int record_device_number(struct record *r, const struct libiommu_device *handle)
{
	const struct record_device *dev;
	unsigned int number;

	pthread_mutex_lock(&r->lock);
	dev = r->open;
	while (dev && dev->handle != handle)
		dev = dev->next;
	number = dev ? dev->number : 0;
	pthread_mutex_unlock(&r->lock);
	return number;
}

static int end_device(struct record_device *dev, const char *call, const char *name,
		      const uint32_t *group, int code, const struct libiommu_failure *f)
{
	struct trace_text t;

	trace_start(&t, dev->record->number, call);
	trace_add(&t, " device=%u", dev->number);
	trace_quote(&t, "name", name);
	trace_result(&t, code, f);
	if (!code)
		trace_add(&t, " group=%" PRIu32, *group);
	record_write(dev->record, &t);
	if (code)
		record_free(dev->record, dev->data, dev->record->inner->device_size);
	else
		link_device(dev);
	return code;
}

int record_device_open(void *ctx, void *device, const char *name, uint32_t *group,
		       struct libiommu_failure *f)
{
	struct record *r = ctx;
	int code = begin_device(r, device, f);

	if (code)
		return code;
	code = r->inner->device_open(r->data, ((struct record_device *)device)->data, name, group,
				     f);
	return end_device(device, "device_open", name, group, code, f);
}

static int open_with(void *ctx, void *device, const char *name,
		     const struct libiommu_device_options *opts, uint32_t *group,
		     struct libiommu_failure *f)
{
	struct record *r = ctx;
	int code = begin_device(r, device, f);

	if (code)
		return code;
	code = r->inner->handover->device_open(r->data, ((struct record_device *)device)->data,
					       name, opts, group, f);
	return end_device(device, "device_open_with", name, group, code, f);
}

void record_device_close(void *device, uint32_t flags)
{
	struct record_device *dev = device;
	struct record *r = dev->record;
	struct trace_text t;

	if (!(flags & LIBIOMMU_CLOSE_FORKED))
		unlink_device(dev);
	r->inner->device_close(dev->data, flags);
	record_free(r, dev->data, r->inner->device_size);
	if (flags & LIBIOMMU_CLOSE_FORKED)
		return;
	trace_start(&t, r->number, "device_close");
	trace_add(&t, " device=%u", dev->number);
	trace_result(&t, 0, NULL);
	record_write(r, &t);
}

void record_device_cap(void *device, enum libiommu_cap cap, struct libiommu_cap_answer *out)
{
	struct record_device *dev = device;
	struct trace_text t;

	dev->record->inner->device_cap(dev->data, cap, out);
	trace_start(&t, dev->record->number, "device_cap");
	trace_add(&t, " device=%u", dev->number);
	trace_quote(&t, "cap", libiommu_cap_name(cap));
	trace_answer(&t, out);
	record_write(dev->record, &t);
}

int record_device_ranges(void *device, struct libiommu_geometry *geometry,
			 struct libiommu_failure *f)
{
	struct record_device *dev = device;
	int code = dev->record->inner->device_ranges(dev->data, geometry, f);
	struct trace_text t;

	trace_start(&t, dev->record->number, "device_ranges");
	trace_add(&t, " device=%u", dev->number);
	trace_result(&t, code, f);
	if (!code)
		trace_geometry(&t, "", geometry);
	record_write(dev->record, &t);
	return code;
}

int record_attach(void *device, void *domain, const struct libiommu_backend_attach *attach,
		  struct libiommu_geometry *geometry, struct libiommu_failure *f)
{
	struct record_device *dev = device;
	struct record_domain *dom = domain;
	struct trace_text t;
	int code;

	record_device_name(dev, attach);
	code = dev->record->inner->attach(dev->data, dom->data, attach, geometry, f);
	trace_start(&t, dev->record->number, "attach");
	trace_add(&t, " device=%u domain=%u first=%d maps=%zu", dev->number, dom->number,
		  attach->first, attach->map_count);
	trace_result(&t, code, f);
	if (!code)
		trace_geometry(&t, "", geometry);
	record_write(dev->record, &t);
	return code;
}

int record_detach(void *device, void *domain, bool last, uint32_t flags,
		  struct libiommu_geometry *geometry, struct libiommu_failure *f)
{
	struct record_device *dev = device;
	struct record_domain *dom = domain;
	int code = dev->record->inner->detach(dev->data, dom->data, last, flags, geometry, f);
	struct trace_text t;

	trace_start(&t, dev->record->number, "detach");
	trace_add(&t, " device=%u domain=%u last=%d flags=0x%" PRIx32, dev->number, dom->number,
		  last, flags);
	trace_result(&t, code, f);
	if (!code)
		trace_geometry(&t, "", geometry);
	record_write(dev->record, &t);
	return code;
}

int record_replace(void *const *devices, size_t count, void *from, void *to,
		   const struct libiommu_backend_attach *attach,
		   struct libiommu_geometry *from_geometry, struct libiommu_geometry *to_geometry,
		   struct libiommu_failure *f)
{
	struct record_domain *old = from, *new = to;
	struct record *r = old->record;
	void **data = record_alloc(r, count * sizeof(*data), f);
	struct trace_text t;
	int code;

	if (!data)
		return -libiommu_reason_errno(LIBIOMMU_REASON_NO_MEMORY);
	trace_start(&t, r->number, "replace");
	trace_add(&t, " from=%u to=%u first=%d maps=%zu devices=", old->number, new->number,
		  attach->first, attach->map_count);
	for (size_t i = 0; i < count; i++) {
		const struct record_device *dev = devices[i];

		data[i] = dev->data;
		trace_add(&t, "%s%u", i ? "," : "", dev->number);
	}
	code = r->inner->replace(data, count, old->data, new->data, attach, from_geometry,
				 to_geometry, f);
	trace_result(&t, code, f);
	if (!code) {
		trace_geometry(&t, "from-", from_geometry);
		trace_geometry(&t, "to-", to_geometry);
	}
	record_write(r, &t);
	record_free(r, data, count * sizeof(*data));
	return code;
}

static int domain_adopt(void *ctx, void *domain, uint64_t native, struct libiommu_failure *f)
{
	struct record_domain *dom = domain;
	struct record *r = ctx;
	struct trace_text t;
	int code = record_domain_begin(r, dom, f);

	if (code)
		return code;
	code = r->inner->handover->domain_adopt(r->data, dom->data, native, f);
	trace_start(&t, r->number, "domain_adopt");
	trace_add(&t, " domain=%u native=%" PRIu64, dom->number, native);
	trace_result(&t, code, f);
	record_write(r, &t);
	if (code)
		record_free(r, dom->data, r->inner->domain_size);
	return code;
}

static int domain_native(void *domain, uint64_t *native, struct libiommu_failure *f)
{
	struct record_domain *dom = domain;
	int code = dom->record->inner->handover->domain_native(dom->data, native, f);
	struct trace_text t;

	trace_start(&t, dom->record->number, "domain_native");
	trace_add(&t, " domain=%u", dom->number);
	trace_result(&t, code, f);
	if (!code)
		trace_add(&t, " native=%" PRIu64, *native);
	record_write(dom->record, &t);
	return code;
}

static int kvm_fd(void *device, int *fd, struct libiommu_failure *f)
{
	struct record_device *dev = device;
	int code = dev->record->inner->handover->kvm_fd(dev->data, fd, f);
	struct trace_text t;

	trace_start(&t, dev->record->number, "kvm_fd");
	trace_add(&t, " device=%u", dev->number);
	trace_result(&t, code, f);
	record_write(dev->record, &t);
	return code;
}

static int hot_reset_fds(void *device, int *fds, size_t room, size_t *count,
			 struct libiommu_failure *f)
{
	struct record_device *dev = device;
	int code = dev->record->inner->handover->hot_reset_fds(dev->data, fds, room, count, f);
	struct trace_text t;

	trace_start(&t, dev->record->number, "hot_reset_fds");
	trace_add(&t, " device=%u room=%zu", dev->number, room);
	trace_result(&t, code, f);
	if (!code)
		trace_add(&t, " count=%zu", *count);
	record_write(dev->record, &t);
	return code;
}

const struct libiommu_backend_handover record_handover = {
	.size = sizeof(record_handover),
	.device_open = open_with,
	.domain_adopt = domain_adopt,
	.domain_native = domain_native,
	.kvm_fd = kvm_fd,
	.hot_reset_fds = hot_reset_fds,
};
