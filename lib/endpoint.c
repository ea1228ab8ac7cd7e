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

int domain_check_ledger(struct libiommu_domain *dom, const struct libiommu_geometry *g,
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

	if (ep->pasid) {
		atomic_fetch_add(&share->pasids, 1);
	} else {
		share->domain = dom;
		atomic_fetch_add(&share->attached, 1);
	}
	dom->endpoints++;
	atomic_store(&ep->domain, dom);
}

/* The mappings of `dom` bind as many endpoints less; without any they bind nothing. */
static void set_narrower(struct libiommu_domain *dom, struct libiommu_geometry *g)
{
	struct libiommu_domain *book = domain_book(dom);

	if (!book->endpoints && !book->children)
		libiommu_geometry_clear(&atomic_load(&dom->ctx->backend)->env, g);
	else if (!g->count)
		return;
	domain_set_geometry(book, g);
}

static void commit_detach(struct libiommu_endpoint *ep, struct libiommu_domain *dom,
			  struct libiommu_geometry *g)
{
	struct share *share = ep->device->share;

	atomic_store(&ep->domain, NULL);
	if (ep->pasid)
		atomic_fetch_sub(&share->pasids, 1);
	else if (atomic_fetch_sub(&share->attached, 1) == 1)
		share->domain = NULL;
	dom->endpoints--;
	set_narrower(dom, g);
}

static int ask_attach(struct libiommu_endpoint *ep, struct libiommu_domain *dom,
		      const struct libiommu_backend_attach *attach, struct libiommu_geometry *g,
		      struct libiommu_failure *f)
{
	return ep->pasid ? dispatch_pasid_attach(ep, dom, attach, g, f)
			 : dispatch_attach(ep->device, dom, attach, g, f);
}

static int ask_detach(struct libiommu_endpoint *ep, struct libiommu_domain *dom, bool last,
		      uint32_t flags, struct libiommu_geometry *g, struct libiommu_failure *f)
{
	if (!ep->pasid)
		return dispatch_detach(ep->device, dom, last, flags, g, f);
	dispatch_pasid_detach(ep, dom, g);
	return 0;
}

static int attach_excluded(struct libiommu_endpoint *ep, struct libiommu_domain *dom,
			   struct libiommu_failure *f)
{
	struct libiommu_backend_attach attach = { .size = sizeof(attach), .handle = ep->device };
	struct libiommu_domain *book = domain_book(dom);
	struct libiommu_backend_map *maps = NULL;
	struct libiommu_geometry g = { 0 }, unused = { 0 };
	int code = 0;

	attach.first = !ep->pasid && !atomic_load(&ep->device->share->attached);
	if ((attach.first || ep->pasid) && wants_maps(dom))
		code = snapshot_take(book, &maps, &attach.map_count, f);
	if (code)
		return code;
	attach.maps = maps;
	code = ask_attach(ep, dom, &attach, &g, f);
	snapshot_release(book, maps, attach.map_count);
	if (code)
		return code;
	code = domain_check_ledger(book, &g, f);
	if (code) {
		struct libiommu_failure ignored;

		libiommu_failure_init(&ignored);
		ask_detach(ep, dom, attach.first, LIBIOMMU_DETACH_MAY_REOPEN, &unused, &ignored);
		libiommu_geometry_clear(&atomic_load(&dom->ctx->backend)->env, &unused);
		libiommu_geometry_clear(&atomic_load(&dom->ctx->backend)->env, &g);
		return code;
	}
	commit_attach(ep, dom);
	domain_set_geometry(book, &g);
	return 0;
}

static int attach_in_turn(struct libiommu_endpoint *ep, struct libiommu_domain *dom,
			  struct libiommu_failure *f)
{
	struct share *share = ep->device->share;
	int code;

	if (domain_of(ep))
		return libiommu_refuse(f, LIBIOMMU_REASON_ALREADY_ATTACHED, ep->device->name, NULL);
	if (!ep->pasid && share->domain && share->domain != dom)
		return libiommu_refuse(f, LIBIOMMU_REASON_GROUP_ATTACHED_ELSEWHERE,
				       ep->device->name, "It is group %u.", share->id);
	code = pasid_check_pair(ep, dom, f);
	if (code)
		return code;
	domain_exclude(domain_book(dom));
	code = attach_excluded(ep, dom, f);
	domain_include(domain_book(dom));
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
	last = !ep->pasid && atomic_load(&ep->device->share->attached) == 1;
	domain_exclude(domain_book(dom));
	code = ask_detach(ep, dom, last, flags, &g, f);
	if (!code)
		commit_detach(ep, dom, &g);
	domain_include(domain_book(dom));
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

/* What is on its way from one domain to another: a group's devices, or one PASID. */
struct trip {
	struct libiommu_domain *from, *to;
	struct libiommu_endpoint *pasid; /* NULL: the devices */
	struct libiommu_device **devices;
	void *const *privs;
	size_t count;
};

static int ask_replace(const struct trip *t, const struct libiommu_backend_attach *attach,
		       struct libiommu_geometry *from_g, struct libiommu_geometry *to_g,
		       struct libiommu_failure *f)
{
	if (t->pasid)
		return dispatch_pasid_replace(t->pasid, t->from, t->to, attach, from_g, to_g, f);
	return dispatch_replace(t->to->ctx, t->privs, t->count, t->from, t->to, attach, from_g,
				to_g, f);
}

static void commit_move(const struct trip *t)
{
	size_t count = t->pasid ? 1 : t->count;

	if (t->pasid)
		atomic_store(&t->pasid->domain, t->to);
	for (size_t i = 0; i < t->count; i++) {
		atomic_store(&t->devices[i]->endpoint.domain, t->to);
		t->devices[i]->share->domain = t->to;
	}
	t->to->endpoints += (unsigned int)count;
	t->from->endpoints -= (unsigned int)count;
}

static int move(const struct trip *t, struct libiommu_failure *f)
{
	struct libiommu_backend_attach attach = { .size = sizeof(attach), .first = true };
	struct libiommu_domain *book = domain_book(t->to);
	struct libiommu_geometry from_g = { 0 }, to_g = { 0 };
	struct libiommu_backend_map *maps = NULL;
	int code = 0;

	attach.handle = t->pasid ? t->pasid->device : t->devices[0];
	if (wants_maps(t->to))
		code = snapshot_take(book, &maps, &attach.map_count, f);
	if (code)
		return code;
	attach.maps = maps;
	code = ask_replace(t, &attach, &from_g, &to_g, f);
	snapshot_release(book, maps, attach.map_count);
	if (code)
		return code;
	commit_move(t);
	domain_set_geometry(book, &to_g);
	if (domain_book(t->from) == book)
		libiommu_geometry_clear(&atomic_load(&t->to->ctx->backend)->env, &from_g);
	else
		set_narrower(t->from, &from_g);
	return 0;
}

static int move_excluded(const struct trip *t, struct libiommu_failure *f)
{
	int code;

	domain_exclude(domain_book(t->from));
	domain_exclude(domain_book(t->to));
	code = move(t, f);
	domain_include(domain_book(t->to));
	domain_include(domain_book(t->from));
	return code;
}

static int move_group(struct libiommu_endpoint *ep, struct libiommu_domain *from,
		      struct libiommu_domain *to, struct libiommu_failure *f)
{
	struct libiommu_ctx *ctx = to->ctx;
	size_t count = atomic_load(&ep->device->share->attached);
	struct libiommu_device **devices = ctx_alloc(ctx, count * sizeof(*devices));
	void **privs = ctx_alloc(ctx, count * sizeof(*privs));
	const struct trip trip = {
		.from = from, .to = to, .devices = devices, .privs = privs, .count = count
	};
	int code;

	if (devices && privs) {
		members(ep->device->share, ctx, devices, privs);
		code = move_excluded(&trip, f);
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
	const struct trip trip = { .from = domain_of(ep), .to = dom, .pasid = ep };
	struct share *share = ep->device->share;
	int code;

	if (!trip.from)
		return libiommu_refuse(f, LIBIOMMU_REASON_NOT_ATTACHED, ep->device->name, NULL);
	dispatch_device_cap(ep->device, LIBIOMMU_CAP_REPLACE, &answer);
	if (answer.answer == LIBIOMMU_ANSWER_NO)
		return libiommu_refuse(f, LIBIOMMU_REASON_REPLACE_UNSUPPORTED, ep->device->name,
				       NULL);
	if (trip.from == dom)
		return 0;
	if (!ep->pasid && atomic_load(&share->attached) > 1 && !(flags & LIBIOMMU_REPLACE_GROUP))
		return libiommu_refuse(f, LIBIOMMU_REASON_GROUP_SHARED, ep->device->name,
				       "It is group %u.", share->id);
	code = pasid_check_pair(ep, dom, f);
	if (code)
		return code;
	return ep->pasid ? move_excluded(&trip, f) : move_group(ep, trip.from, dom, f);
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
