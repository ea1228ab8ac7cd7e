/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/dispatch.h"
#include "lib/geometry.h"
#include "lib/object.h"

#include <errno.h>
#include <string.h>

static const struct {
	enum libiommu_cap cap;
	const char *name;
} cap_names[] = {
	{ LIBIOMMU_CAP_PAGE_SIZES, "page-sizes" },
	{ LIBIOMMU_CAP_ADDRESS_BITS, "address-bits" },
	{ LIBIOMMU_CAP_ENTRY_LIMIT, "entry-limit" },
	{ LIBIOMMU_CAP_REPLACE, "replace" },
	{ LIBIOMMU_CAP_REPLACE_HITLESS, "replace-hitless" },
	{ LIBIOMMU_CAP_STATE_SURVIVES_DETACH, "state-survives-detach" },
	{ LIBIOMMU_CAP_SHARES_PINS, "shares-pins" },
	{ LIBIOMMU_CAP_REPROTECT, "reprotect" },
	{ LIBIOMMU_CAP_FILE_MAPPINGS, "file-mappings" },
	{ LIBIOMMU_CAP_FD_BEFORE_ATTACH, "fd-before-attach" },
	{ LIBIOMMU_CAP_BLOCKS_WHEN_DETACHED, "blocks-when-detached" },
	{ LIBIOMMU_CAP_ISOLATES_OUTSIDE_APERTURE, "isolates-outside-aperture" },
	{ LIBIOMMU_CAP_CACHE_COHERENCY, "cache-coherency" },
	{ LIBIOMMU_CAP_ENFORCE_CACHE_COHERENCY, "enforce-cache-coherency" },
	{ LIBIOMMU_CAP_WRITE_ONLY, "write-only" },
	{ LIBIOMMU_CAP_READ_ONLY, "read-only" },
	{ LIBIOMMU_CAP_P2P, "p2p" },
	{ LIBIOMMU_CAP_IOMMUFD, "iommufd" },
	{ LIBIOMMU_CAP_DIRTY_TRACKING, "dirty-tracking" },
	{ LIBIOMMU_CAP_PASIDS, "pasids" },
	{ LIBIOMMU_CAP_ATS, "ats" },
	{ LIBIOMMU_CAP_PAGE_REQUESTS, "page-requests" },
	{ LIBIOMMU_CAP_NESTING, "nesting" },
};

const char *libiommu_cap_name(enum libiommu_cap cap)
{
	for (size_t i = 0; i < sizeof(cap_names) / sizeof(cap_names[0]); i++)
		if (cap_names[i].cap == cap)
			return cap_names[i].name;
	return NULL;
}

/* The share of a group, made when it is the first; with the turn. */
static struct share *share_get(struct libiommu_ctx *ctx, uint32_t id)
{
	struct share *share;

	for (share = ctx->shares; share; share = share->next)
		if (share->id == id)
			break;
	if (!share) {
		share = ctx_alloc(ctx, sizeof(*share));
		if (!share)
			return NULL;
		share->id = id;
		share->next = ctx->shares;
		ctx->shares = share;
	}
	share->open++;
	return share;
}

static void share_put(struct libiommu_ctx *ctx, struct share *share)
{
	struct share **link = &ctx->shares;

	if (--share->open)
		return;
	while (*link != share)
		link = &(*link)->next;
	*link = share->next;
	ctx_release(ctx, share, sizeof(*share));
}

static void free_device(struct libiommu_device *dev, size_t priv_size)
{
	struct libiommu_ctx *ctx = dev->ctx;

	ctx_release(ctx, dev->priv, priv_size);
	ctx_strfree(ctx, dev->name);
	ctx_release(ctx, dev, sizeof(*dev));
}

static struct libiommu_device *make_device(struct libiommu_ctx *ctx, const char *name,
					   size_t priv_size)
{
	struct libiommu_device *dev = ctx_alloc(ctx, sizeof(*dev));

	if (!dev)
		return NULL;
	dev->ctx = ctx;
	dev->endpoint.device = dev;
	dev->name = ctx_strdup(ctx, name);
	if (priv_size)
		dev->priv = ctx_alloc(ctx, priv_size);
	if (!dev->name || (priv_size && !dev->priv)) {
		free_device(dev, priv_size);
		return NULL;
	}
	return dev;
}

/* What is to be opened, and what comes of it. */
struct wish {
	const char *name;
	const struct libiommu_device_options *opts;
	struct libiommu_device *dev;
};

static int open_with(struct libiommu_ctx *ctx, struct candidate *c, void *data,
		     struct libiommu_failure *f)
{
	struct wish *wish = data;
	struct libiommu_device *dev = make_device(ctx, wish->name, c->table.device_size);
	uint32_t group = 0;
	int code;

	if (!dev)
		return libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	code = dispatch_device_open(c, dev, wish->opts, &group, f);
	if (code) {
		free_device(dev, c->table.device_size);
		return code;
	}
	dev->share = share_get(ctx, group);
	if (!dev->share) {
		c->table.device_close(dev->priv, 0);
		free_device(dev, c->table.device_size);
		return libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	}
	wish->dev = dev;
	return 0;
}

static bool is_open(struct libiommu_ctx *ctx, const char *name)
{
	for (struct libiommu_device *dev = ctx->devices; dev; dev = dev->next)
		if (!strcmp(dev->name, name))
			return true;
	return false;
}

static int open_device(struct libiommu_ctx *ctx, const char *name,
		       const struct libiommu_device_options *opts, struct libiommu_device **out,
		       struct libiommu_failure *f)
{
	struct candidate *c = atomic_load(&ctx->backend);
	struct wish wish = { name, opts, NULL };
	int code;

	if (is_open(ctx, name))
		return libiommu_refuse(f, LIBIOMMU_REASON_DEVICE_BUSY, name,
				       "It is open in this context.");
	code = c ? open_with(ctx, c, &wish, f) : ctx_decide(ctx, open_with, &wish, f);
	if (code)
		return code;
	LIST_ADD(ctx->devices, wish.dev);
	*out = wish.dev;
	return 0;
}

int libiommu_device_open_with(struct libiommu_ctx *ctx, const char *name,
			      const struct libiommu_device_options *opts,
			      struct libiommu_device **out, struct libiommu_error **err)
{
	struct libiommu_failure f;
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (!code && (!name || !out))
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (!code && opts)
		code = options_check(opts, sizeof(*opts), &f);
	if (!code && !opts && ctx->passed.size)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NEEDS_PASSED_FD, name, NULL);
	if (!code) {
		ctx_turn_begin(ctx);
		code = open_device(ctx, name, opts, out, &f);
		ctx_turn_end(ctx);
	}
	return ctx_raise(ctx, err, code, &f);
}

int libiommu_device_open(struct libiommu_ctx *ctx, const char *name, struct libiommu_device **out,
			 struct libiommu_error **err)
{
	return libiommu_device_open_with(ctx, name, NULL, out, err);
}

int libiommu_device_kvm_fd(struct libiommu_device *dev, int *fd, struct libiommu_error **err)
{
	struct libiommu_ctx *ctx = dev ? dev->ctx : NULL;
	struct libiommu_failure f;
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (!code && !fd)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (!code)
		code = dispatch_kvm_fd(dev, fd, &f);
	return ctx_raise(ctx, err, code, &f);
}

int libiommu_device_hot_reset_fds(struct libiommu_device *dev, int *fds, size_t *count,
				  struct libiommu_error **err)
{
	struct libiommu_ctx *ctx = dev ? dev->ctx : NULL;
	struct libiommu_failure f;
	size_t room;
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (!code && (!count || (*count && !fds)))
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (code)
		return ctx_raise(ctx, err, code, &f);
	room = *count;
	code = dispatch_hot_reset_fds(dev, fds, room, count, &f);
	if (!code && *count > room)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_BUFFER_TOO_SMALL, dev->name, NULL);
	return ctx_raise(ctx, err, code, &f);
}

static void close_device(struct libiommu_device *dev, uint32_t flags)
{
	struct libiommu_ctx *ctx = dev->ctx;
	size_t priv_size = atomic_load(&ctx->backend)->table.device_size;

	dispatch_device_close(dev, flags);
	share_put(ctx, dev->share);
	LIST_REMOVE(ctx->devices, dev);
	free_device(dev, priv_size);
}

int libiommu_device_close(struct libiommu_device *dev, struct libiommu_error **err)
{
	struct libiommu_failure f;
	struct libiommu_ctx *ctx;
	bool in_use;

	libiommu_error_clear(err);
	if (!dev)
		return 0;
	ctx = dev->ctx;
	if (ctx_forked(ctx)) {
		device_destroy(dev, LIBIOMMU_CLOSE_FORKED);
		return 0;
	}
	libiommu_failure_init(&f);
	ctx_turn_begin(ctx);
	pthread_mutex_lock(&ctx->lock);
	in_use = dev->regions || dev->pasids || atomic_load(&dev->endpoint.domain);
	pthread_mutex_unlock(&ctx->lock);
	if (in_use)
		libiommu_refuse(&f, LIBIOMMU_REASON_DEVICE_IN_USE, dev->name, NULL);
	else
		close_device(dev, 0);
	ctx_turn_end(ctx);
	return ctx_raise(ctx, err, in_use ? -EBUSY : 0, &f);
}

/* For ctx_free, where nobody else is about, and for a forked child. */
void device_destroy(struct libiommu_device *dev, uint32_t flags)
{
	while (dev->regions)
		region_destroy(dev->regions);
	while (dev->pasids)
		pasid_destroy(dev->pasids, flags);
	if (!(flags & LIBIOMMU_CLOSE_FORKED))
		libiommu_endpoint_detach(&dev->endpoint, LIBIOMMU_DETACH_MAY_REOPEN, NULL);
	close_device(dev, flags);
}

const char *libiommu_device_name(const struct libiommu_device *dev)
{
	return dev ? dev->name : NULL;
}

uint32_t libiommu_device_group_id(const struct libiommu_device *dev)
{
	return dev ? dev->share->id : UINT32_MAX;
}

struct libiommu_ctx *libiommu_device_ctx(const struct libiommu_device *dev)
{
	return dev ? dev->ctx : NULL;
}

struct libiommu_endpoint *libiommu_device_endpoint(struct libiommu_device *dev)
{
	return dev ? &dev->endpoint : NULL;
}

bool libiommu_device_isolated(const struct libiommu_device *dev)
{
	struct libiommu_cap_answer answer = LIBIOMMU_CAP_ANSWER_INIT;

	if (!dev || atomic_load(&dev->share->attached) || atomic_load(&dev->share->pasids))
		return false;
	/* A group in an adopted container reaches what others have put there. */
	dispatch_device_cap((struct libiommu_device *)(uintptr_t)dev,
			    LIBIOMMU_CAP_BLOCKS_WHEN_DETACHED, &answer);
	return answer.answer != LIBIOMMU_ANSWER_NO;
}

int libiommu_device_cap(struct libiommu_device *dev, enum libiommu_cap cap,
			struct libiommu_cap_answer *out, struct libiommu_error **err)
{
	struct libiommu_ctx *ctx = dev ? dev->ctx : NULL;
	struct libiommu_failure f;
	size_t size;
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (!code && !out)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (!code)
		code = options_check(out, sizeof(*out), &f);
	if (!code && !libiommu_cap_name(cap))
		code = libiommu_refuse(&f, LIBIOMMU_REASON_BAD_NAME, NULL,
				       "There is no capability %d.", (int)cap);
	if (code)
		return ctx_raise(ctx, err, code, &f);
	size = out->size;
	*out = (struct libiommu_cap_answer){ .size = size };
	dispatch_device_cap(dev, cap, out);
	out->size = size;
	if (!out->evidence)
		out->evidence = "";
	return 0;
}

int libiommu_device_iova_ranges(struct libiommu_device *dev, struct libiommu_range *ranges,
				size_t *count, struct libiommu_error **err)
{
	struct libiommu_ctx *ctx = dev ? dev->ctx : NULL;
	struct libiommu_geometry geometry = { 0 };
	struct libiommu_failure f;
	size_t room;
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (!code && (!count || (*count && !ranges)))
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (!code)
		code = dispatch_device_ranges(dev, &geometry, &f);
	if (code)
		return ctx_raise(ctx, err, code, &f);
	room = *count;
	*count = geometry.count;
	if (room < geometry.count)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_BUFFER_TOO_SMALL, dev->name, NULL);
	else if (geometry.count)
		memcpy(ranges, geometry.ranges, geometry.count * sizeof(*ranges));
	libiommu_geometry_clear(&atomic_load(&ctx->backend)->env, &geometry);
	return ctx_raise(ctx, err, code, &f);
}

int libiommu_device_reset(struct libiommu_device *dev, struct libiommu_error **err)
{
	struct libiommu_ctx *ctx = dev ? dev->ctx : NULL;
	struct libiommu_failure f;
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (!code)
		code = dispatch_reset(dev, &f);
	return ctx_raise(ctx, err, code, &f);
}

#define PCI_COMMAND            4
#define PCI_COMMAND_BUS_MASTER 4u

int libiommu_device_set_bus_master(struct libiommu_device *dev, bool on,
				   struct libiommu_error **err)
{
	struct libiommu_ctx *ctx = dev ? dev->ctx : NULL;
	struct libiommu_failure f;
	uint64_t command = 0;
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (!code)
		code = dispatch_region_read(dev, LIBIOMMU_REGION_CONFIG, PCI_COMMAND, 2, &command,
					    &f);
	if (!code) {
		command &= ~(uint64_t)PCI_COMMAND_BUS_MASTER;
		if (on)
			command |= PCI_COMMAND_BUS_MASTER;
		code = dispatch_region_write(dev, LIBIOMMU_REGION_CONFIG, PCI_COMMAND, 2, command,
					     &f);
	}
	return ctx_raise(ctx, err, code, &f);
}
