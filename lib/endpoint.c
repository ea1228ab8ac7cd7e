/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/dispatch.h"
#include "lib/geometry.h"
#include "lib/object.h"

#include <errno.h>
#include <string.h>

/*
 * The only writer of attachments. Every change runs with the context's turn and
 * with the domains excluded, asks the backend, and commits only after success.
 */

static struct libiommu_domain *domain_of(const struct libiommu_endpoint *ep)
{
	return atomic_load(&((struct libiommu_endpoint *)(uintptr_t)ep)->domain);
}

static int check(struct libiommu_endpoint *ep, struct libiommu_domain *dom,
		 struct libiommu_failure *f)
{
	struct libiommu_ctx *ctx = ep && dom ? ep->device->ctx : NULL;
	int code = ctx_check(ctx, f);

	if (!code && dom->ctx != ctx)
		code = libiommu_refuse(f, LIBIOMMU_REASON_FOREIGN_CONTEXT, NULL, NULL);
	return code;
}

static bool wants_maps(const struct libiommu_domain *dom)
{
	return atomic_load(&dom->ctx->backend)->flags & LIBIOMMU_BACKEND_REPLAY;
}

/* Backends check that too, before they commit; what they cannot foresee is caught here. */
static int check_ledger(struct libiommu_domain *dom, const struct libiommu_geometry *g,
			struct libiommu_failure *f)
{
	struct ledger_node *node = ledger_at_or_above(&dom->ledger, 0);
	int code = 0;

	for (; g->count && node && !code; node = ledger_next(node)) {
		struct libiommu_backend_map map = node_as_map(node);

		code = libiommu_geometry_check(g, &map, 1, f);
	}
	return code;
}

/* An endpoint of the group joins or leaves what the group is attached to. */
static void commit_attach(struct libiommu_endpoint *ep, struct libiommu_domain *dom)
{
	struct share *share = ep->device->share;

	share->domain = dom;
	atomic_fetch_add(&share->attached, 1);
	dom->endpoints++;
	atomic_store(&ep->domain, dom);
}

static void commit_detach(struct libiommu_endpoint *ep, struct libiommu_domain *dom,
			  struct libiommu_geometry *g)
{
	struct share *share = ep->device->share;

	atomic_store(&ep->domain, NULL);
	if (atomic_fetch_sub(&share->attached, 1) == 1)
		share->domain = NULL;
	if (--dom->endpoints == 0)
		libiommu_geometry_clear(&atomic_load(&dom->ctx->backend)->env, g);
	if (!dom->endpoints || g->count)
		domain_set_geometry(dom, g);
}

static int attach_excluded(struct libiommu_endpoint *ep, struct libiommu_domain *dom,
			   struct libiommu_failure *f)
{
	struct share *share = ep->device->share;
	struct libiommu_backend_attach attach = { .size = sizeof(attach) };
	struct libiommu_backend_map *maps = NULL;
	struct libiommu_geometry g = { 0 }, unused = { 0 };
	int code = 0;

	attach.first = !atomic_load(&share->attached);
	if (attach.first && wants_maps(dom))
		code = snapshot_take(dom, &maps, &attach.map_count, f);
	if (code)
		return code;
	attach.maps = maps;
	code = dispatch_attach(ep->device, dom, &attach, &g, f);
	snapshot_release(dom, maps, attach.map_count);
	if (code)
		return code;
	code = check_ledger(dom, &g, f);
	if (code) {
		struct libiommu_failure ignored;

		libiommu_failure_init(&ignored);
		dispatch_detach(ep->device, dom, attach.first, LIBIOMMU_DETACH_MAY_REOPEN, &unused,
				&ignored);
		libiommu_geometry_clear(&atomic_load(&dom->ctx->backend)->env, &unused);
		libiommu_geometry_clear(&atomic_load(&dom->ctx->backend)->env, &g);
		return code;
	}
	commit_attach(ep, dom);
	domain_set_geometry(dom, &g);
	return 0;
}

static int attach_in_turn(struct libiommu_endpoint *ep, struct libiommu_domain *dom,
			  struct libiommu_failure *f)
{
	struct share *share = ep->device->share;
	int code;

	if (domain_of(ep))
		return libiommu_refuse(f, LIBIOMMU_REASON_ALREADY_ATTACHED, ep->device->name, NULL);
	if (share->domain && share->domain != dom)
		return libiommu_refuse(f, LIBIOMMU_REASON_GROUP_ATTACHED_ELSEWHERE,
				       ep->device->name, "It is group %u.", share->id);
	domain_exclude(dom);
	code = attach_excluded(ep, dom, f);
	domain_include(dom);
	return code;
}

int libiommu_endpoint_attach(struct libiommu_endpoint *ep, struct libiommu_domain *dom,
			     struct libiommu_error **err)
{
	struct libiommu_failure f;
	struct libiommu_ctx *ctx;
	int code;

	libiommu_error_clear(err);
	code = check(ep, dom, &f);
	ctx = ep ? ep->device->ctx : NULL;
	if (!code) {
		ctx_turn_begin(ctx);
		code = attach_in_turn(ep, dom, &f);
		ctx_turn_end(ctx);
	}
	return ctx_raise(ctx, err, code, &f);
}

static int detach_in_turn(struct libiommu_endpoint *ep, uint32_t flags, struct libiommu_failure *f)
{
	struct libiommu_domain *dom = domain_of(ep);
	struct libiommu_geometry g = { 0 };
	bool last;
	int code;

	if (!dom)
		return 0;
	last = atomic_load(&ep->device->share->attached) == 1;
	domain_exclude(dom);
	code = dispatch_detach(ep->device, dom, last, flags, &g, f);
	if (!code)
		commit_detach(ep, dom, &g);
	domain_include(dom);
	return code;
}

int libiommu_endpoint_detach(struct libiommu_endpoint *ep, uint32_t flags,
			     struct libiommu_error **err)
{
	struct libiommu_ctx *ctx = ep ? ep->device->ctx : NULL;
	struct libiommu_failure f;
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (!code && flags & ~LIBIOMMU_DETACH_MAY_REOPEN)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_UNKNOWN_FLAGS, NULL, NULL);
	if (!code) {
		ctx_turn_begin(ctx);
		code = detach_in_turn(ep, flags, &f);
		ctx_turn_end(ctx);
	}
	return ctx_raise(ctx, err, code, &f);
}

/* The attached devices of a share, for a replace that moves them all. */
static size_t members(const struct share *share, const struct libiommu_ctx *ctx,
		      struct libiommu_device **devices, void **privs)
{
	size_t count = 0;

	for (struct libiommu_device *dev = ctx->devices; dev; dev = dev->next) {
		if (dev->share != share || !domain_of(&dev->endpoint))
			continue;
		devices[count] = dev;
		privs[count++] = dev->priv;
	}
	return count;
}

static int move(struct libiommu_device **devices, void *const *privs, size_t count,
		struct libiommu_domain *from, struct libiommu_domain *to,
		struct libiommu_failure *f)
{
	struct libiommu_backend_attach attach = { .size = sizeof(attach), .first = true };
	struct libiommu_geometry from_g = { 0 }, to_g = { 0 };
	struct libiommu_backend_map *maps = NULL;
	int code = 0;

	if (wants_maps(to))
		code = snapshot_take(to, &maps, &attach.map_count, f);
	if (code)
		return code;
	attach.maps = maps;
	code = dispatch_replace(to->ctx, privs, count, from, to, &attach, &from_g, &to_g, f);
	snapshot_release(to, maps, attach.map_count);
	if (code)
		return code;
	for (size_t i = 0; i < count; i++) {
		atomic_store(&devices[i]->endpoint.domain, to);
		devices[i]->share->domain = to;
	}
	to->endpoints += (unsigned int)count;
	from->endpoints -= (unsigned int)count;
	domain_set_geometry(to, &to_g);
	if (!from->endpoints)
		libiommu_geometry_clear(&atomic_load(&from->ctx->backend)->env, &from_g);
	if (!from->endpoints || from_g.count)
		domain_set_geometry(from, &from_g);
	return 0;
}

static int move_group(struct libiommu_endpoint *ep, struct libiommu_domain *from,
		      struct libiommu_domain *to, struct libiommu_failure *f)
{
	struct libiommu_ctx *ctx = to->ctx;
	size_t count = atomic_load(&ep->device->share->attached);
	struct libiommu_device **devices = ctx_alloc(ctx, count * sizeof(*devices));
	void **privs = ctx_alloc(ctx, count * sizeof(*privs));
	int code;

	if (devices && privs) {
		members(ep->device->share, ctx, devices, privs);
		domain_exclude(from);
		domain_exclude(to);
		code = move(devices, privs, count, from, to, f);
		domain_include(to);
		domain_include(from);
	} else {
		code = libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	}
	ctx_release(ctx, devices, count * sizeof(*devices));
	ctx_release(ctx, privs, count * sizeof(*privs));
	return code;
}

static int replace_in_turn(struct libiommu_endpoint *ep, struct libiommu_domain *dom,
			   uint32_t flags, struct libiommu_failure *f)
{
	struct libiommu_cap_answer answer = LIBIOMMU_CAP_ANSWER_INIT;
	struct libiommu_domain *from = domain_of(ep);
	const struct share *share = ep->device->share;

	if (!from)
		return libiommu_refuse(f, LIBIOMMU_REASON_NOT_ATTACHED, ep->device->name, NULL);
	dispatch_device_cap(ep->device, LIBIOMMU_CAP_REPLACE, &answer);
	if (answer.answer == LIBIOMMU_ANSWER_NO)
		return libiommu_refuse(f, LIBIOMMU_REASON_REPLACE_UNSUPPORTED, ep->device->name,
				       NULL);
	if (from == dom)
		return 0;
	if (atomic_load(&((struct share *)(uintptr_t)share)->attached) > 1 &&
	    !(flags & LIBIOMMU_REPLACE_GROUP))
		return libiommu_refuse(f, LIBIOMMU_REASON_GROUP_SHARED, ep->device->name,
				       "It is group %u.", share->id);
	return move_group(ep, from, dom, f);
}

int libiommu_endpoint_replace(struct libiommu_endpoint *ep, struct libiommu_domain *dom,
			      uint32_t flags, struct libiommu_error **err)
{
	struct libiommu_failure f;
	struct libiommu_ctx *ctx;
	int code;

	libiommu_error_clear(err);
	code = check(ep, dom, &f);
	ctx = ep ? ep->device->ctx : NULL;
	if (!code && flags & ~LIBIOMMU_REPLACE_GROUP)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_UNKNOWN_FLAGS, NULL, NULL);
	if (!code) {
		ctx_turn_begin(ctx);
		code = replace_in_turn(ep, dom, flags, &f);
		ctx_turn_end(ctx);
	}
	return ctx_raise(ctx, err, code, &f);
}

struct libiommu_domain *libiommu_endpoint_domain(const struct libiommu_endpoint *ep)
{
	return ep ? domain_of(ep) : NULL;
}

struct libiommu_device *libiommu_endpoint_device(const struct libiommu_endpoint *ep)
{
	return ep ? ep->device : NULL;
}

void *libiommu_backend_endpoint(const struct libiommu_endpoint *ep, const char *backend)
{
	if (!ep || !libiommu_backend_ctx(ep->device->ctx, backend))
		return NULL;
	return ep->device->priv;
}
