/* SPDX-License-Identifier: BSD-2-Clause */
/* Stages 1, invalidations, and what the hardware says about itself. */
#include "record.h"

#include <inttypes.h>

static int hw_info(void *device, struct libiommu_hw_info *out, struct libiommu_failure *f)
{
	struct record_device *dev = device;
	int code = dev->record->inner->nesting->hw_info(dev->data, out, f);
	size_t length = out->length < sizeof(out->data) ? out->length : sizeof(out->data);
	struct trace_text t;

	trace_start(&t, dev->record->number, "hw_info");
	trace_add(&t, " device=%u", dev->number);
	trace_result(&t, code, f);
	if (!code) {
		trace_add(&t, " type=%u length=%zu", (unsigned int)out->type, out->length);
		trace_bytes(&t, "data", &out->data, length);
	}
	record_write(dev->record, &t);
	return code;
}

static int nested_new(void *device, void *parent, void *domain,
		      const struct libiommu_nested_options *opts, void *faults,
		      const struct libiommu_backend_attach *attach,
		      struct libiommu_geometry *geometry, struct libiommu_failure *f)
{
	struct record_domain *dom = domain, *base = parent;
	const struct record_queue *queue = faults;
	struct record_device *dev = device;
	struct record *r = dev->record;
	struct trace_text t;
	int code = record_domain_begin(r, dom, f);

	if (code)
		return code;
	record_device_name(dev, attach);
	code = r->inner->nesting->domain_new(dev->data, base->data, dom->data, opts,
					     queue ? queue->data : NULL, attach, geometry, f);
	trace_start(&t, r->number, "nested_new");
	trace_add(&t, " device=%u parent=%u domain=%u type=%u", dev->number, base->number,
		  dom->number, (unsigned int)opts->type);
	trace_bytes(&t, "data", opts->data, opts->data_length);
	trace_add(&t, " pasid=%d queue=%u maps=%zu", opts->pasid, queue ? queue->number : 0,
		  attach->map_count);
	trace_result(&t, code, f);
	if (!code)
		trace_geometry(&t, "", geometry);
	record_write(r, &t);
	if (code)
		record_free(r, dom->data, r->inner->domain_size);
	return code;
}

/* "all", "pasid:7" or "0x1000-0x1fff", with "/leaves" behind it where that is said. */
static void add_command(struct trace_text *t, const struct libiommu_invalidation *command)
{
	if (command->kind == LIBIOMMU_INVALIDATE_ALL)
		trace_add(t, "all");
	else if (command->kind == LIBIOMMU_INVALIDATE_PASID)
		trace_add(t, "pasid:%" PRIu32, command->pasid);
	else
		trace_add(t, "0x%" PRIx64 "-0x%" PRIx64, command->range.start, command->range.last);
	if (command->flags & LIBIOMMU_INVALIDATE_LEAVES)
		trace_add(t, "/leaves");
}

static int invalidate(void *domain, const struct libiommu_invalidation *commands, size_t count,
		      size_t *done, struct libiommu_failure *f)
{
	struct record_domain *dom = domain;
	struct record *r = dom->record;
	int code = r->inner->nesting->invalidate(dom->data, commands, count, done, f);
	struct trace_text t;

	trace_start(&t, r->number, "invalidate");
	trace_add(&t, " domain=%u commands=", dom->number);
	for (size_t i = 0; i < count; i++) {
		trace_add(&t, "%s", i ? "," : "");
		add_command(&t, &commands[i]);
	}
	trace_result(&t, code, f);
	trace_add(&t, " done=%zu", code ? *done : count);
	record_write(r, &t);
	return code;
}

static int invalidate_raw(void *domain, uint32_t type, const void *entries, size_t entry_length,
			  size_t count, size_t *done, struct libiommu_failure *f)
{
	struct record_domain *dom = domain;
	struct record *r = dom->record;
	int code = r->inner->nesting->invalidate_raw(dom->data, type, entries, entry_length, count,
						     done, f);
	struct trace_text t;

	trace_start(&t, r->number, "invalidate_raw");
	trace_add(&t, " domain=%u type=%" PRIu32 " width=%zu count=%zu", dom->number, type,
		  entry_length, count);
	trace_bytes(&t, "entries", entries, entry_length * count);
	trace_result(&t, code, f);
	trace_add(&t, " done=%zu", code ? *done : count);
	record_write(r, &t);
	return code;
}

const struct libiommu_backend_nesting record_nesting = {
	.size = sizeof(record_nesting),
	.hw_info = hw_info,
	.domain_new = nested_new,
	.invalidate = invalidate,
	.invalidate_raw = invalidate_raw,
};
