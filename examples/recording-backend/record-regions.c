/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers and interrupts. */
#include "record.h"

#include <inttypes.h>

static const struct libiommu_backend_regions *inner(const struct record_device *dev)
{
	return dev->record->inner->regions;
}

static void start(struct trace_text *t, const struct record_device *dev, const char *call)
{
	trace_start(t, dev->record->number, call);
	trace_add(t, " device=%u", dev->number);
}

static int region_open(void *device, unsigned int index, uint64_t *size, struct libiommu_failure *f)
{
	struct record_device *dev = device;
	int code = inner(dev)->open(dev->data, index, size, f);
	struct trace_text t;

	start(&t, dev, "region_open");
	trace_add(&t, " index=%u", index);
	trace_result(&t, code, f);
	if (!code)
		trace_add(&t, " size=0x%" PRIx64, *size);
	record_write(dev->record, &t);
	return code;
}

static int region_read(void *device, unsigned int index, uint64_t offset, unsigned int width,
		       uint64_t *value, struct libiommu_failure *f)
{
	struct record_device *dev = device;
	int code = inner(dev)->read(dev->data, index, offset, width, value, f);
	struct trace_text t;

	start(&t, dev, "region_read");
	trace_add(&t, " index=%u offset=0x%" PRIx64 " width=%u", index, offset, width);
	trace_result(&t, code, f);
	if (!code)
		trace_add(&t, " value=0x%" PRIx64, *value);
	record_write(dev->record, &t);
	return code;
}

static int region_write(void *device, unsigned int index, uint64_t offset, unsigned int width,
			uint64_t value, struct libiommu_failure *f)
{
	struct record_device *dev = device;
	int code = inner(dev)->write(dev->data, index, offset, width, value, f);
	struct trace_text t;

	start(&t, dev, "region_write");
	trace_add(&t, " index=%u offset=0x%" PRIx64 " width=%u value=0x%" PRIx64, index, offset,
		  width, value);
	trace_result(&t, code, f);
	record_write(dev->record, &t);
	return code;
}

static int region_map(void *device, unsigned int index, uint64_t size, void **out,
		      struct libiommu_failure *f)
{
	struct record_device *dev = device;
	int code = inner(dev)->map(dev->data, index, size, out, f);
	struct trace_text t;

	start(&t, dev, "region_map");
	trace_add(&t, " index=%u size=0x%" PRIx64, index, size);
	if (!code)
		trace_add(&t, " address=0x%" PRIxPTR, (uintptr_t)*out);
	trace_result(&t, code, f);
	record_write(dev->record, &t);
	return code;
}

static void region_unmap(void *device, unsigned int index, uint64_t size, void *address)
{
	struct record_device *dev = device;
	struct trace_text t;

	inner(dev)->unmap(dev->data, index, size, address);
	start(&t, dev, "region_unmap");
	trace_add(&t, " index=%u size=0x%" PRIx64 " address=0x%" PRIxPTR, index, size,
		  (uintptr_t)address);
	trace_result(&t, 0, NULL);
	record_write(dev->record, &t);
}

static int interrupt_count(void *device, enum libiommu_interrupt_kind kind, unsigned int *count,
			   struct libiommu_failure *f)
{
	struct record_device *dev = device;
	int code = inner(dev)->interrupt_count(dev->data, kind, count, f);
	struct trace_text t;

	start(&t, dev, "interrupt_count");
	trace_named(&t, "kind", TRACE_KIND, (unsigned int)kind);
	trace_result(&t, code, f);
	if (!code)
		trace_add(&t, " count=%u", *count);
	record_write(dev->record, &t);
	return code;
}

static int interrupt_set(void *device, enum libiommu_interrupt_kind kind, const int *fds,
			 unsigned int count, struct libiommu_failure *f)
{
	struct record_device *dev = device;
	int code = inner(dev)->interrupt_set(dev->data, kind, fds, count, f);
	struct trace_text t;

	start(&t, dev, "interrupt_set");
	trace_named(&t, "kind", TRACE_KIND, (unsigned int)kind);
	trace_add(&t, " count=%u", count);
	trace_result(&t, code, f);
	record_write(dev->record, &t);
	return code;
}

static int interrupt_unmask(void *device, struct libiommu_failure *f)
{
	struct record_device *dev = device;
	int code = inner(dev)->interrupt_unmask(dev->data, f);
	struct trace_text t;

	start(&t, dev, "interrupt_unmask");
	trace_result(&t, code, f);
	record_write(dev->record, &t);
	return code;
}

static int reset(void *device, struct libiommu_failure *f)
{
	struct record_device *dev = device;
	int code = inner(dev)->reset(dev->data, f);
	struct trace_text t;

	start(&t, dev, "reset");
	trace_result(&t, code, f);
	record_write(dev->record, &t);
	return code;
}

const struct libiommu_backend_regions record_regions = {
	.size = sizeof(record_regions),
	.open = region_open,
	.read = region_read,
	.write = region_write,
	.map = region_map,
	.unmap = region_unmap,
	.interrupt_count = interrupt_count,
	.interrupt_set = interrupt_set,
	.interrupt_unmask = interrupt_unmask,
	.reset = reset,
};
