/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/registry.h"

#include <stdio.h>
#include <string.h>

/*
 * A backend's table may be shorter or longer than ours. The adapted copy is
 * complete: holes are stubs that refuse, so no caller tests a slot for NULL.
 */

static int refuse_missing(struct libiommu_failure *f)
{
	return libiommu_refuse(f, LIBIOMMU_REASON_BACKEND_CAPABILITY, NULL, NULL);
}

static int no_group_ids(void *ctx, struct libiommu_id_builder *ids, struct libiommu_failure *f)
{
	(void)ctx;
	(void)ids;
	return refuse_missing(f);
}

static int no_group_read(void *ctx, uint32_t id, struct libiommu_group_builder *group,
			 struct libiommu_failure *f)
{
	(void)ctx;
	(void)id;
	(void)group;
	return refuse_missing(f);
}

static int no_group_of(void *ctx, const char *device, uint32_t *id, struct libiommu_failure *f)
{
	(void)ctx;
	(void)device;
	(void)id;
	return refuse_missing(f);
}

static void no_device_cap(void *device, enum libiommu_cap cap, struct libiommu_cap_answer *out)
{
	(void)device;
	(void)cap;
	(void)out;
}

static int no_device_ranges(void *device, struct libiommu_geometry *geometry,
			    struct libiommu_failure *f)
{
	(void)device;
	(void)geometry;
	return refuse_missing(f);
}

static int no_replace(void *const *devices, size_t count, void *from, void *to,
		      const struct libiommu_backend_attach *attach,
		      struct libiommu_geometry *from_geometry,
		      struct libiommu_geometry *to_geometry, struct libiommu_failure *f)
{
	(void)devices;
	(void)count;
	(void)from;
	(void)to;
	(void)attach;
	(void)from_geometry;
	(void)to_geometry;
	return libiommu_refuse(f, LIBIOMMU_REASON_REPLACE_UNSUPPORTED, NULL, NULL);
}

static int no_open(void *device, unsigned int index, uint64_t *size, struct libiommu_failure *f)
{
	(void)device;
	(void)index;
	(void)size;
	return refuse_missing(f);
}

static int no_read(void *device, unsigned int index, uint64_t offset, unsigned int width,
		   uint64_t *value, struct libiommu_failure *f)
{
	(void)device;
	(void)index;
	(void)offset;
	(void)width;
	(void)value;
	return refuse_missing(f);
}

static int no_write(void *device, unsigned int index, uint64_t offset, unsigned int width,
		    uint64_t value, struct libiommu_failure *f)
{
	(void)device;
	(void)index;
	(void)offset;
	(void)width;
	(void)value;
	return refuse_missing(f);
}

static int no_map(void *device, unsigned int index, uint64_t size, void **out,
		  struct libiommu_failure *f)
{
	(void)device;
	(void)index;
	(void)size;
	(void)out;
	return libiommu_refuse(f, LIBIOMMU_REASON_REGION_NOT_MAPPABLE, NULL, NULL);
}

static void no_unmap(void *device, unsigned int index, uint64_t size, void *address)
{
	(void)device;
	(void)index;
	(void)size;
	(void)address;
}

static int no_interrupt_count(void *device, enum libiommu_interrupt_kind kind, unsigned int *count,
			      struct libiommu_failure *f)
{
	(void)device;
	(void)kind;
	(void)count;
	return refuse_missing(f);
}

static int no_interrupt_set(void *device, enum libiommu_interrupt_kind kind, const int *fds,
			    unsigned int count, struct libiommu_failure *f)
{
	(void)device;
	(void)kind;
	(void)fds;
	(void)count;
	return refuse_missing(f);
}

static int no_interrupt_unmask(void *device, struct libiommu_failure *f)
{
	(void)device;
	return refuse_missing(f);
}

static int no_reset(void *device, struct libiommu_failure *f)
{
	(void)device;
	return libiommu_refuse(f, LIBIOMMU_REASON_RESET_UNSUPPORTED, NULL, NULL);
}

static int no_handover_open(void *ctx, void *device, const char *name,
			    const struct libiommu_device_options *opts, uint32_t *group,
			    struct libiommu_failure *f)
{
	(void)ctx;
	(void)device;
	(void)name;
	(void)opts;
	(void)group;
	return refuse_missing(f);
}

static int no_domain_adopt(void *ctx, void *domain, uint64_t native, struct libiommu_failure *f)
{
	(void)ctx;
	(void)domain;
	(void)native;
	return refuse_missing(f);
}

static int no_domain_native(void *domain, uint64_t *native, struct libiommu_failure *f)
{
	(void)domain;
	(void)native;
	return refuse_missing(f);
}

static int no_kvm_fd(void *device, int *fd, struct libiommu_failure *f)
{
	(void)device;
	(void)fd;
	return refuse_missing(f);
}

static int no_hot_reset_fds(void *device, int *fds, size_t room, size_t *count,
			    struct libiommu_failure *f)
{
	(void)device;
	(void)fds;
	(void)room;
	(void)count;
	return refuse_missing(f);
}

#define FILL(table, slot, stub)                 \
	do {                                    \
		if (!(table)->slot)             \
			(table)->slot = (stub); \
	} while (0)

size_t registry_common_size(size_t theirs, size_t ours)
{
	return theirs < ours ? theirs - theirs % sizeof(void *) : ours;
}

static void adapt_regions(const struct libiommu_backend_regions *from,
			  struct libiommu_backend_regions *to)
{
	memset(to, 0, sizeof(*to));
	if (from)
		memcpy(to, from, registry_common_size(from->size, sizeof(*to)));
	to->size = sizeof(*to);
	FILL(to, open, no_open);
	FILL(to, read, no_read);
	FILL(to, write, no_write);
	FILL(to, map, no_map);
	FILL(to, unmap, no_unmap);
	FILL(to, interrupt_count, no_interrupt_count);
	FILL(to, interrupt_set, no_interrupt_set);
	FILL(to, interrupt_unmask, no_interrupt_unmask);
	FILL(to, reset, no_reset);
}

static void adapt_handover(const struct libiommu_backend_handover *from,
			   struct libiommu_backend_handover *to)
{
	memset(to, 0, sizeof(*to));
	if (from)
		memcpy(to, from, registry_common_size(from->size, sizeof(*to)));
	to->size = sizeof(*to);
	FILL(to, device_open, no_handover_open);
	FILL(to, domain_adopt, no_domain_adopt);
	FILL(to, domain_native, no_domain_native);
	FILL(to, kvm_fd, no_kvm_fd);
	FILL(to, hot_reset_fds, no_hot_reset_fds);
}

static const char *missing_slot(const struct libiommu_backend *table)
{
#define NEED(slot)                    \
	do {                          \
		if (!table->slot)     \
			return #slot; \
	} while (0)
	NEED(name);
	NEED(open);
	NEED(close);
	NEED(device_open);
	NEED(device_close);
	NEED(domain_new);
	NEED(domain_free);
	NEED(attach);
	NEED(detach);
	NEED(map);
	NEED(unmap);
#undef NEED
	return NULL;
}

int registry_adapt(const struct libiommu_backend *from, struct candidate *to,
		   struct libiommu_failure *f)
{
	struct libiommu_backend *table = &to->table;
	const char *missing;

	if (from->struct_size < offsetof(struct libiommu_backend, name) ||
	    from->abi != LIBIOMMU_BACKEND_ABI)
		return libiommu_refuse(f, LIBIOMMU_REASON_BACKEND_ABI, NULL, "Its ABI is not %u.",
				       LIBIOMMU_BACKEND_ABI);
	memset(table, 0, sizeof(*table));
	memcpy(table, from, registry_common_size(from->struct_size, sizeof(*table)));
	table->struct_size = sizeof(*table);
	missing = missing_slot(table);
	if (missing)
		return libiommu_refuse(f, LIBIOMMU_REASON_BACKEND_ABI, table->name,
				       "The slot %s is empty.", missing);
	FILL(table, group_ids, no_group_ids);
	FILL(table, group_read, no_group_read);
	FILL(table, group_of, no_group_of);
	FILL(table, device_cap, no_device_cap);
	FILL(table, device_ranges, no_device_ranges);
	FILL(table, replace, no_replace);
	adapt_regions(table->regions, &to->regions);
	adapt_handover(table->handover, &to->handover);
	registry_adapt_extras(to);
	table->handover = NULL;
	table->regions = NULL; /* the adapted copy is in the candidate, which may move */
	return 0;
}
