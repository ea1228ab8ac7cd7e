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
 * what it is attached to. What is reserved for the device, only sysfs tells before an attach.
 */
static int ask_page_table(const struct iommufd_device *device, struct libiommu_geometry *geometry,
			  struct libiommu_failure *failure)
{
	const struct iommufd_ctx *ctx = device->ctx;
	struct cut cut = { ctx, geometry };
	uint32_t ioas, hwpt;
	int rc = libiommu_iommufd_ioas_alloc(ctx->sys, ctx->fd, &ioas);

	if (rc < 0)
		return libiommu_iommufd_diagnose(failure, rc, "IOMMU_IOAS_ALLOC", NULL);
	rc = libiommu_iommufd_hwpt_alloc(ctx->sys, ctx->fd, 0, device->id, ioas, &hwpt);
	if (rc < 0) {
		rc = libiommu_iommufd_diagnose(failure, rc, "IOMMU_HWPT_ALLOC", NULL);
	} else {
		rc = libiommu_iommufd_ranges(ctx, ioas, geometry, failure);
		libiommu_iommufd_destroy(ctx->sys, ctx->fd, hwpt);
	}
	libiommu_iommufd_destroy(ctx->sys, ctx->fd, ioas);
	return rc ? rc
		  : libiommu_sysfs_reserved(&ctx->sysfs, device->group, cut_range, &cut, failure);
}

int libiommu_iommufd_device_ranges(void *data, struct libiommu_geometry *geometry,
				   struct libiommu_failure *failure)
{
	struct iommufd_device *device = data;
	struct iommufd_ctx *ctx = device->ctx;
	const struct iommufd_domain *domain;
	uint32_t ioas = 0;
	int rc = ask_page_table(device, geometry, failure);

	if (!rc || (failure && failure->reason == LIBIOMMU_REASON_NO_MEMORY))
		return rc;
	libiommu_geometry_clear(ctx->env, geometry);
	pthread_mutex_lock(&ctx->lock);
	domain = device->domain;
	if (domain)
		ioas = domain->id;
	pthread_mutex_unlock(&ctx->lock);
	if (domain)
		return libiommu_iommufd_ranges(ctx, ioas, geometry, failure);
	return libiommu_refuse(failure, LIBIOMMU_REASON_NEEDS_ATTACH, device->dev.name,
			       "This kernel tells ranges of attached devices only.");
}
