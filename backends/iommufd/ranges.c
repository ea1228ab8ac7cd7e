/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/iommufd/iommufd.h"

#include "lib/geometry.h"

#include <errno.h>

#define FIRST_COUNT 32u
#define MAX_COUNT   (1u << 16)
/* There may be more between two questions when a device comes; they do not come for long. */
#define MAX_ASKED 8

static int refuse_garbage(struct libiommu_failure *failure)
{
	return libiommu_refuse_kernel(failure, -EPROTO, "IOMMU_IOAS_IOVA_RANGES", NULL);
}

static int add_ranges(const struct iommufd_ctx *ctx, const void *buffer, uint32_t count,
		      uint64_t alignment, struct libiommu_geometry *geometry,
		      struct libiommu_failure *failure)
{
	for (uint32_t i = 0; i < count; i++) {
		struct libiommu_range range = libiommu_iommufd_range(buffer, i);
		int rc =
			libiommu_geometry_add(ctx->env, geometry, range.start, range.last, failure);

		if (rc)
			return rc;
	}
	if (!libiommu_ranges_valid(geometry->ranges, geometry->count))
		return refuse_garbage(failure);
	/* Before an attach, and of page tables that know better, it is no size of a page. */
	geometry->page_min = alignment && !(alignment & (alignment - 1)) ? alignment : 4096;
	geometry->page_sizes = 0;
	return 0;
}

int libiommu_iommufd_ranges(const struct iommufd_ctx *ctx, uint32_t ioas,
			    struct libiommu_geometry *geometry, struct libiommu_failure *failure)
{
	_Alignas(8) char first[FIRST_COUNT * 16];
	uint32_t room = FIRST_COUNT, count;
	unsigned int asked = 0;
	void *buffer = first;
	uint64_t alignment;
	int rc;

	for (;;) {
		count = room;
		rc = libiommu_iommufd_ioas_ranges(ctx->sys, ctx->fd, ioas, buffer, &count,
						  &alignment);
		if (rc >= 0)
			rc = count > room
				     ? refuse_garbage(failure)
				     : add_ranges(ctx, buffer, count, alignment, geometry, failure);
		else if (rc != -EMSGSIZE)
			rc = libiommu_iommufd_diagnose(failure, rc, "IOMMU_IOAS_IOVA_RANGES", NULL);
		if (buffer != first)
			libiommu_iommufd_free(ctx, buffer, libiommu_iommufd_ranges_size(room));
		if (rc != -EMSGSIZE)
			return rc;
		if (++asked == MAX_ASKED || count <= room || count > MAX_COUNT)
			return refuse_garbage(failure);
		room = count;
		buffer = libiommu_iommufd_alloc(ctx, libiommu_iommufd_ranges_size(room));
		if (!buffer)
			return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	}
}

/* A device, and where it was when somebody looked; it may be gone by now. */
struct asked {
	const char *name;
	uint32_t device, group;
	bool attached;
	uint32_t ioas;
	struct iommufd_aperture aperture;
};

/* The context's lock is held. */
static struct asked look_at(const struct iommufd_device *device)
{
	return (struct asked){
		.name = device->dev.name,
		.device = device->id,
		.group = device->group,
		.attached = device->domain,
		.ioas = device->domain ? libiommu_iommufd_space(device->domain) : 0,
		.aperture = device->aperture,
	};
}

/* Kept with all who are in the group now: they are behind one IOMMU. */
static void remember(struct iommufd_ctx *ctx, const struct asked *asked)
{
	struct iommufd_aperture *held;
	uint32_t id;

	pthread_mutex_lock(&ctx->lock);
	for (struct iommufd_device *device = ctx->devices; device; device = device->next)
		if (device->group == asked->group)
			device->aperture = asked->aperture;
	held = libiommu_iommufd_held(ctx, asked->group, &id);
	if (held)
		*held = asked->aperture;
	pthread_mutex_unlock(&ctx->lock);
}

/* What is left of a geometry without a range. */
struct cut {
	const struct iommufd_ctx *ctx;
	struct libiommu_geometry *geometry;
};

static int cut_range(void *data, const struct libiommu_reserved *reserved,
		     struct libiommu_failure *failure)
{
	const struct libiommu_range out = reserved->range;
	const struct cut *cut = data;
	struct libiommu_geometry left = { .page_min = cut->geometry->page_min };
	int rc = 0;

	/* The kernel gives these up for a device that is lent. */
	if (reserved->type == LIBIOMMU_RESERVED_DIRECT_RELAXABLE)
		return 0;
	for (size_t i = 0; i < cut->geometry->count && !rc; i++) {
		const struct libiommu_range in = cut->geometry->ranges[i];
		const bool apart = in.last < out.start || in.start > out.last;

		if (apart || in.start < out.start)
			rc = libiommu_geometry_add(cut->ctx->env, &left, in.start,
						   apart ? in.last : out.start - 1, failure);
		if (!apart && in.last > out.last && !rc)
			rc = libiommu_geometry_add(cut->ctx->env, &left, out.last + 1, in.last,
						   failure);
	}
	if (rc) {
		libiommu_geometry_clear(cut->ctx->env, &left);
		return rc;
	}
	libiommu_geometry_clear(cut->ctx->env, cut->geometry);
	*cut->geometry = left;
	return 0;
}

/*
 * A page table in an address space of its own tells what the device's IOMMU can do; the device keeps
 * what it is attached to.
 */
static int ask_page_table(struct iommufd_ctx *ctx, struct asked *asked,
			  struct libiommu_geometry *geometry, struct libiommu_failure *failure)
{
	uint32_t ioas, hwpt;
	int rc = libiommu_iommufd_ioas_alloc(ctx->sys, ctx->fd, &ioas);

	if (rc < 0)
		return libiommu_iommufd_diagnose(failure, rc, "IOMMU_IOAS_ALLOC", NULL);
	rc = libiommu_iommufd_hwpt_alloc(ctx->sys, ctx->fd, 0, asked->device, ioas, &hwpt);
	if (rc < 0) {
		rc = libiommu_iommufd_diagnose(failure, rc, "IOMMU_HWPT_ALLOC", NULL);
	} else {
		rc = libiommu_iommufd_ranges(ctx, ioas, geometry, failure);
		libiommu_iommufd_destroy(ctx->sys, ctx->fd, hwpt);
	}
	libiommu_iommufd_destroy(ctx->sys, ctx->fd, ioas);
	/* A page table has one range; a kernel that says otherwise is asked again. */
	if (!rc && geometry->count == 1) {
		asked->aperture =
			(struct iommufd_aperture){ true, geometry->ranges[0], geometry->page_min };
		remember(ctx, asked);
	}
	return rc;
}

/* Once, since somebody may look at a group again and again. */
static int read_aperture(struct iommufd_ctx *ctx, struct asked *asked,
			 struct libiommu_geometry *geometry, struct libiommu_failure *failure)
{
	const struct iommufd_aperture *a = &asked->aperture;

	if (!a->known)
		return ask_page_table(ctx, asked, geometry, failure);
	geometry->page_min = a->page_min;
	return libiommu_geometry_add(ctx->env, geometry, a->range.start, a->range.last, failure);
}

/* What is reserved for the device, only sysfs tells before an attach. */
static int ask(struct iommufd_ctx *ctx, struct asked *asked, struct libiommu_geometry *geometry,
	       struct libiommu_failure *failure)
{
	struct cut cut = { ctx, geometry };
	int rc = read_aperture(ctx, asked, geometry, failure);

	if (!rc)
		rc = libiommu_sysfs_reserved(&ctx->sysfs, asked->group, cut_range, &cut, failure);
	if (!rc || (failure && failure->reason == LIBIOMMU_REASON_NO_MEMORY))
		return rc;
	libiommu_geometry_clear(ctx->env, geometry);
	if (asked->attached)
		return libiommu_iommufd_ranges(ctx, asked->ioas, geometry, failure);
	return libiommu_refuse(failure, LIBIOMMU_REASON_NEEDS_ATTACH, asked->name,
			       "This kernel tells ranges of attached devices only.");
}

int libiommu_iommufd_device_ranges(void *data, struct libiommu_geometry *geometry,
				   struct libiommu_failure *failure)
{
	struct iommufd_device *device = data;
	struct iommufd_ctx *ctx = device->ctx;
	struct asked asked;

	pthread_mutex_lock(&ctx->lock);
	asked = look_at(device);
	pthread_mutex_unlock(&ctx->lock);
	return ask(ctx, &asked, geometry, failure);
}

int libiommu_iommufd_group_facts(struct iommufd_ctx *ctx, uint32_t id,
				 struct libiommu_group_builder *builder,
				 struct libiommu_failure *failure)
{
	struct libiommu_geometry geometry = { .count = 0 };
	struct libiommu_failure why = { .reason = LIBIOMMU_REASON_NONE };
	const struct iommufd_aperture *held = NULL;
	const struct iommufd_device *device;
	struct asked asked = { .group = id };
	int rc;

	pthread_mutex_lock(&ctx->lock);
	device = ctx->devices;
	while (device && device->group != id)
		device = device->next;
	if (device)
		asked = look_at(device);
	else
		held = libiommu_iommufd_held(ctx, id, &asked.device);
	if (held)
		asked.aperture = *held;
	pthread_mutex_unlock(&ctx->lock);
	if (!device && !held)
		return 0;
	/* The device may be closed meanwhile. */
	asked.name = NULL;
	rc = ask(ctx, &asked, &geometry, &why);
	if (!rc)
		rc = libiommu_group_builder_windows(builder, geometry.ranges, geometry.count,
						    failure);
	else if (why.reason == LIBIOMMU_REASON_NO_MEMORY)
		rc = libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	else
		rc = 0;
	libiommu_geometry_clear(ctx->env, &geometry);
	libiommu_vfiodev_msi(&ctx->sysfs, LIBIOMMU_IOMMUFD_UNSAFE,
			     "VFIO_DEVICE_BIND_IOMMUFD, with iommufd.allow_unsafe_interrupts off",
			     builder);
	return rc;
}
