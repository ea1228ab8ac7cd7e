/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/dispatch.h"
#include "lib/object.h"

static struct libiommu_ctx *ctx_of(const struct libiommu_region *region)
{
	return region ? region->device->ctx : NULL;
}

static int open_region(struct libiommu_device *dev, unsigned int index,
		       struct libiommu_region **out, struct libiommu_failure *f)
{
	struct libiommu_ctx *ctx = dev->ctx;
	struct libiommu_region *region = ctx_alloc(ctx, sizeof(*region));
	int code;

	if (!region)
		return libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	region->device = dev;
	region->index = index;
	code = dispatch_region_open(dev, index, &region->size, f);
	if (code) {
		ctx_release(ctx, region, sizeof(*region));
		return code;
	}
	pthread_mutex_lock(&ctx->lock);
	LIST_ADD(dev->regions, region);
	pthread_mutex_unlock(&ctx->lock);
	*out = region;
	return 0;
}

int libiommu_region_open(struct libiommu_device *dev, unsigned int index,
			 struct libiommu_region **out, struct libiommu_error **err)
{
	struct libiommu_ctx *ctx = dev ? dev->ctx : NULL;
	struct libiommu_failure f;
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (!code && !out)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (!code)
		code = open_region(dev, index, out, &f);
	return ctx_raise(ctx, err, code, &f);
}

/* Nobody else is about, or the lock is held. */
void region_destroy(struct libiommu_region *region)
{
	struct libiommu_ctx *ctx = region->device->ctx;

	if (region->mapped)
		dispatch_region_unmap(region);
	LIST_REMOVE(region->device->regions, region);
	ctx_release(ctx, region, sizeof(*region));
}

void libiommu_region_close(struct libiommu_region *region)
{
	struct libiommu_ctx *ctx = ctx_of(region);

	if (!region)
		return;
	if (ctx_forked(ctx)) {
		region_destroy(region);
		return;
	}
	/* The system call first: no lock is held across it. */
	if (region->mapped)
		dispatch_region_unmap(region);
	region->mapped = NULL;
	pthread_mutex_lock(&ctx->lock);
	region_destroy(region);
	pthread_mutex_unlock(&ctx->lock);
}

uint64_t libiommu_region_size(const struct libiommu_region *region)
{
	return region ? region->size : 0;
}

static int check_access(const struct libiommu_region *region, uint64_t offset, unsigned int width,
			struct libiommu_failure *f)
{
	int code = ctx_check(ctx_of(region), f);

	if (code)
		return code;
	if ((width == 1 || width == 2 || width == 4 || width == 8) && offset % width == 0 &&
	    offset < region->size && region->size - offset >= width)
		return 0;
	return libiommu_refuse(f, LIBIOMMU_REASON_REGION_RANGE, region->device->name,
			       "Offset 0x%llx, width %u, size 0x%llx.", (unsigned long long)offset,
			       width, (unsigned long long)region->size);
}

int libiommu_region_read(struct libiommu_region *region, uint64_t offset, unsigned int width,
			 uint64_t *value, struct libiommu_error **err)
{
	struct libiommu_failure f;
	int code;

	libiommu_error_clear(err);
	code = check_access(region, offset, width, &f);
	if (!code && !value)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (!code)
		code = dispatch_region_read(region->device, region->index, offset, width, value,
					    &f);
	return ctx_raise(ctx_of(region), err, code, &f);
}

int libiommu_region_write(struct libiommu_region *region, uint64_t offset, unsigned int width,
			  uint64_t value, struct libiommu_error **err)
{
	struct libiommu_failure f;
	int code;

	libiommu_error_clear(err);
	code = check_access(region, offset, width, &f);
	if (!code)
		code = dispatch_region_write(region->device, region->index, offset, width, value,
					     &f);
	return ctx_raise(ctx_of(region), err, code, &f);
}

static int map_region(struct libiommu_region *region, volatile void **out,
		      struct libiommu_failure *f)
{
	struct libiommu_ctx *ctx = ctx_of(region);
	void *mapped = NULL;
	bool raced;
	int code;

	pthread_mutex_lock(&ctx->lock);
	mapped = region->mapped;
	pthread_mutex_unlock(&ctx->lock);
	if (!mapped) {
		code = dispatch_region_map(region, &mapped, f);
		if (code)
			return code;
		pthread_mutex_lock(&ctx->lock);
		raced = region->mapped != NULL;
		if (!raced)
			region->mapped = mapped;
		pthread_mutex_unlock(&ctx->lock);
		if (raced)
			return libiommu_refuse(f, LIBIOMMU_REASON_DEVICE_BUSY, region->device->name,
					       "Two threads map one region.");
	}
	*out = mapped;
	return 0;
}

int libiommu_region_map(struct libiommu_region *region, volatile void **out,
			struct libiommu_error **err)
{
	struct libiommu_failure f;
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx_of(region), &f);
	if (!code && !out)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (!code)
		code = map_region(region, out, &f);
	return ctx_raise(ctx_of(region), err, code, &f);
}
