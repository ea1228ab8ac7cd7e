/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/vfio/vfio.h"

#include "lib/geometry.h"

#include <errno.h>
#include <string.h>

#define FIRST_SIZE 1024
#define MAX_SIZE   (1u << 20)
/* The reply may grow between two questions when a group leaves; it does not grow for long. */
#define MAX_ASKED 8

static int refuse_garbage(struct libiommu_failure *failure)
{
	return libiommu_refuse(failure, LIBIOMMU_REASON_VFIO_API, NULL,
			       "The answer to VFIO_IOMMU_GET_INFO makes no sense.");
}

static int add_ranges(struct vfio_ctx *ctx, const void *reply, size_t at, size_t count,
		      struct vfio_info *info, struct libiommu_failure *failure)
{
	int rc;

	for (size_t i = 0; i < count; i++) {
		struct libiommu_range range = libiommu_vfio_info_range(reply, at, i);

		rc = libiommu_geometry_add(ctx->env, &info->geometry, range.start, range.last,
					   failure);
		if (rc)
			return rc;
	}
	if (!libiommu_ranges_valid(info->geometry.ranges, info->geometry.count))
		return refuse_garbage(failure);
	info->has_ranges = true;
	return 0;
}

static int parse(struct vfio_ctx *ctx, const void *reply, size_t size, struct vfio_info *info,
		 struct libiommu_failure *failure)
{
	const uint64_t pages = libiommu_vfio_info_pages(reply);
	int64_t count;
	size_t at;

	if (!pages)
		return refuse_garbage(failure);
	info->geometry.page_sizes = pages;
	info->geometry.page_min = pages & -pages;
	if (info->geometry.page_min < 4096)
		info->geometry.page_min = 4096;
	info->has_available = libiommu_vfio_info_available(reply, size, &info->available);
	count = libiommu_vfio_info_ranges(reply, size, &at);
	if (count < 0)
		return refuse_garbage(failure);
	if (count)
		return add_ranges(ctx, reply, at, (size_t)count, info, failure);
	/* Nothing is said of ranges: the kernel then checks none. */
	return libiommu_geometry_add(ctx->env, &info->geometry, 0, UINT64_MAX, failure);
}

/* Ask with `size` bytes; *needed is larger than that when the answer did not fit. */
static int ask(struct vfio_ctx *ctx, int container, void *buffer, size_t size, size_t *needed,
	       struct vfio_info *info, struct libiommu_failure *failure)
{
	int rc = libiommu_vfio_iommu_info(ctx->sys, container, buffer, size, needed);

	if (rc < 0)
		return libiommu_vfiodev_diagnose(failure, rc, "VFIO_IOMMU_GET_INFO", NULL);
	if (*needed > MAX_SIZE)
		return refuse_garbage(failure);
	return *needed > size ? 0 : parse(ctx, buffer, size, info, failure);
}

int libiommu_vfio_info_read(struct vfio_ctx *ctx, int container, struct vfio_info *info,
			    struct libiommu_failure *failure)
{
	_Alignas(8) char first[FIRST_SIZE];
	size_t size = sizeof(first), needed = size;
	unsigned int asked = 0;
	void *buffer = first;
	int rc;

	memset(info, 0, sizeof(*info));
	for (;;) {
		rc = ask(ctx, container, buffer, size, &needed, info, failure);
		if (buffer != first)
			libiommu_vfio_free(ctx, buffer, size);
		if (rc || needed <= size)
			break;
		if (++asked == MAX_ASKED) {
			rc = refuse_garbage(failure);
			break;
		}
		size = needed;
		buffer = libiommu_vfio_alloc(ctx, size);
		if (!buffer) {
			rc = libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
			break;
		}
	}
	if (rc)
		libiommu_vfio_info_clear(ctx, info);
	return rc;
}

void libiommu_vfio_info_clear(struct vfio_ctx *ctx, struct vfio_info *info)
{
	libiommu_geometry_clear(ctx->env, &info->geometry);
	memset(info, 0, sizeof(*info));
}

/* *to becomes what both have in common. On failure it stays as it is. */
static int narrow(const struct libiommu_backend_env *env, struct libiommu_geometry *to,
		  const struct libiommu_geometry *by, struct libiommu_failure *failure)
{
	struct libiommu_geometry common = {
		.page_sizes = to->page_sizes & by->page_sizes,
		.page_min = to->page_min > by->page_min ? to->page_min : by->page_min,
	};
	struct libiommu_range range;
	uint64_t from = 0;

	while (libiommu_ranges_next_common(to->ranges, to->count, by->ranges, by->count, from,
					   &range)) {
		int rc = libiommu_geometry_add(env, &common, range.start, range.last, failure);

		if (rc) {
			libiommu_geometry_clear(env, &common);
			return rc;
		}
		if (range.last == UINT64_MAX)
			break;
		from = range.last + 1;
	}
	libiommu_geometry_clear(env, to);
	*to = common;
	return 0;
}

int libiommu_vfio_domain_geometry(const struct vfio_domain *domain,
				  const struct vfio_vessel *except, const struct vfio_info *extra,
				  struct libiommu_geometry *out, struct libiommu_failure *failure)
{
	const struct libiommu_backend_env *env = domain->ctx->env;
	int rc;

	memset(out, 0, sizeof(*out));
	out->page_sizes = UINT64_MAX;
	out->page_min = 4096;
	rc = libiommu_geometry_add(env, out, 0, UINT64_MAX, failure);
	for (const struct vfio_vessel *v = domain->vessels; v && !rc; v = v->next)
		if (v != except)
			rc = narrow(env, out, &v->info.geometry, failure);
	if (extra && !rc)
		rc = narrow(env, out, &extra->geometry, failure);
	if (!domain->vessels && !extra)
		out->page_sizes = 0;
	if (!rc && !out->count)
		rc = libiommu_refuse(failure, LIBIOMMU_REASON_INCOMPATIBLE_IOMMU, NULL,
				     "No IOVA is left that every device can use.");
	if (rc)
		libiommu_geometry_clear(env, out);
	return rc;
}
