/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/dispatch.h"
#include "lib/geometry.h"
#include "lib/object.h"

#include <errno.h>
#include <string.h>

void domain_let_in(struct libiommu_domain *dom)
{
	lock_take(&dom->gate);
	lock_wake(&dom->gate);
	lock_release(&dom->gate);
}

int domain_check_slowly(struct libiommu_domain *dom, struct libiommu_failure *f)
{
	int code = ctx_check(dom ? dom->ctx : NULL, f);

	if (!code && dom->type != LIBIOMMU_DOMAIN_PAGING)
		code = libiommu_refuse(f, LIBIOMMU_REASON_DOMAIN_TYPE, NULL, NULL);
	return code;
}

/* Only one at a time comes here: it has the context's turn. */
void domain_exclude(struct libiommu_domain *dom)
{
	lock_take(&dom->gate);
	dom->exclusive = true;
	while (dom->inside)
		lock_wait(&dom->gate);
	lock_release(&dom->gate);
}

void domain_include(struct libiommu_domain *dom)
{
	lock_take(&dom->gate);
	dom->exclusive = false;
	lock_wake(&dom->gate);
	lock_release(&dom->gate);
}

/* What has been found about IOVAs may be so no more. Gate held. */
static void forget_found(struct libiommu_domain *dom)
{
	dom->usable.last = 0;
	holes_reset(&dom->ledger.holes);
}

/* Takes the ranges over; the domain is excluded. An empty geometry means everything. */
void domain_set_geometry(struct libiommu_domain *dom, struct libiommu_geometry *geometry)
{
	lock_take(&dom->gate);
	libiommu_geometry_clear(&atomic_load(&dom->ctx->backend)->env, &dom->geometry);
	dom->geometry = *geometry;
	memset(geometry, 0, sizeof(*geometry));
	atomic_store(&dom->page_min,
		     dom->geometry.page_min ? dom->geometry.page_min : ctx_page(dom->ctx));
	forget_found(dom);
	lock_release(&dom->gate);
}

static int check_type(enum libiommu_domain_type type, struct libiommu_failure *f)
{
	switch (type) {
	case LIBIOMMU_DOMAIN_PAGING:
	case LIBIOMMU_DOMAIN_BLOCKED:
	case LIBIOMMU_DOMAIN_IDENTITY:
	case LIBIOMMU_DOMAIN_SVA:
		return 0;
	case LIBIOMMU_DOMAIN_NESTED:
		return libiommu_refuse(f, LIBIOMMU_REASON_DOMAIN_TYPE, NULL,
				       "libiommu_domain_new_nested() makes it.");
	case LIBIOMMU_DOMAIN_SHARED:
		return libiommu_refuse(f, LIBIOMMU_REASON_DOMAIN_TYPE, NULL,
				       "libiommu_domain_new_shared() makes it.");
	}
	return libiommu_refuse(f, LIBIOMMU_REASON_DOMAIN_TYPE, NULL, "There is no type %d.",
			       (int)type);
}

static int check_options(const struct libiommu_ctx *ctx, const struct libiommu_domain_options *opts,
			 struct libiommu_failure *f)
{
	int code = options_check(opts, sizeof(*opts), f);

	if (!code && opts->type)
		code = check_type(opts->type, f);
	if (code)
		return code;
	if ((opts->nest_parent || opts->faults) && opts->type &&
	    opts->type != LIBIOMMU_DOMAIN_PAGING)
		return libiommu_refuse(f, LIBIOMMU_REASON_DOMAIN_TYPE, NULL,
				       "Only PAGING domains can be nest parents or have a queue.");
	if (opts->nest_parent && opts->faults)
		return libiommu_refuse(f, LIBIOMMU_REASON_NEST_PARENT_FAULTS, NULL, NULL);
	return opts->faults ? queue_check(opts->faults, ctx, f) : 0;
}

static size_t priv_size(const struct libiommu_ctx *ctx)
{
	return atomic_load(&((struct libiommu_ctx *)(uintptr_t)ctx)->backend)->table.domain_size;
}

static void free_domain(struct libiommu_domain *dom)
{
	struct libiommu_ctx *ctx = dom->ctx;

	ctx_release(ctx, dom->priv, priv_size(ctx));
	ctx_release(ctx, dom, sizeof(*dom));
}

static struct libiommu_domain *allocate(struct libiommu_ctx *ctx)
{
	struct libiommu_domain *dom = ctx_alloc(ctx, sizeof(*dom));

	if (!dom)
		return NULL;
	dom->ctx = ctx;
	ledger_init(&dom->ledger);
	atomic_init(&dom->page_min, ctx_page(ctx));
	if (priv_size(ctx)) {
		dom->priv = ctx_alloc(ctx, priv_size(ctx));
		if (!dom->priv)
			goto no_memory;
	}
	if (pthread_mutex_init(&dom->lock, NULL))
		goto no_memory;
	if (!lock_init(&dom->gate))
		return dom;
	pthread_mutex_destroy(&dom->lock);
no_memory:
	free_domain(dom);
	return NULL;
}

struct libiommu_domain *domain_make(struct libiommu_ctx *ctx, enum libiommu_domain_type type,
				    struct libiommu_failure *f)
{
	struct libiommu_domain *dom = allocate(ctx);

	if (!dom) {
		libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
		return NULL;
	}
	dom->type = type;
	dom->id = ++ctx->next_domain_id;
	return dom;
}

void domain_discard(struct libiommu_domain *dom)
{
	lock_destroy(&dom->gate);
	pthread_mutex_destroy(&dom->lock);
	free_domain(dom);
}

void domain_publish(struct libiommu_domain *dom, struct libiommu_fault_queue *faults)
{
	LIST_ADD(dom->ctx->domains, dom);
	dom->faults = faults;
	if (faults)
		faults->domains++;
	if (dom->parent)
		dom->parent->children++;
}

static int new_domain(struct libiommu_ctx *ctx, const struct libiommu_domain_options *opts,
		      struct libiommu_domain **out, struct libiommu_failure *f)
{
	struct libiommu_backend_wishes wishes = {
		.size = sizeof(wishes),
		.type = opts->type ? opts->type : LIBIOMMU_DOMAIN_PAGING,
		.pasid = opts->pasid,
		.nest_parent = opts->nest_parent,
		.faults = opts->faults ? opts->faults->priv : NULL,
	};
	struct libiommu_domain *dom = domain_make(ctx, wishes.type, f);
	int code;

	if (!dom)
		return -ENOMEM;
	dom->pasid = opts->pasid || wishes.type == LIBIOMMU_DOMAIN_SVA;
	dom->nest_parent = opts->nest_parent;
	if (opts->pasid || opts->nest_parent || opts->faults || wishes.type == LIBIOMMU_DOMAIN_SVA)
		code = dispatch_domain_new_with(dom, &wishes, f);
	else
		code = dispatch_domain_new(dom, f);
	if (code) {
		domain_discard(dom);
		return code;
	}
	domain_publish(dom, opts->faults);
	*out = dom;
	return 0;
}

int libiommu_domain_new(struct libiommu_ctx *ctx, const struct libiommu_domain_options *opts,
			struct libiommu_domain **out, struct libiommu_error **err)
{
	const struct libiommu_domain_options defaults = LIBIOMMU_DOMAIN_OPTIONS_INIT;
	struct libiommu_failure f;
	struct candidate *c;
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (!code && !out)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (!code && opts)
		code = check_options(ctx, opts, &f);
	if (!code)
		code = ctx_decided(ctx, &c, &f);
	if (!code) {
		ctx_turn_begin(ctx);
		code = new_domain(ctx, opts ? opts : &defaults, out, &f);
		ctx_turn_end(ctx);
	}
	return ctx_raise(ctx, err, code, &f);
}

static int adopt(struct libiommu_ctx *ctx, uint64_t native, struct libiommu_domain **out,
		 struct libiommu_failure *f)
{
	struct libiommu_domain *dom = domain_make(ctx, LIBIOMMU_DOMAIN_PAGING, f);
	int code;

	if (!dom)
		return -ENOMEM;
	code = dispatch_domain_adopt(dom, native, f);
	if (code) {
		domain_discard(dom);
		return code;
	}
	domain_publish(dom, NULL);
	*out = dom;
	return 0;
}

int libiommu_domain_adopt(struct libiommu_ctx *ctx, uint64_t native, struct libiommu_domain **out,
			  struct libiommu_error **err)
{
	struct libiommu_failure f;
	struct candidate *c;
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (!code && !out)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (!code)
		code = ctx_decided(ctx, &c, &f);
	if (!code) {
		ctx_turn_begin(ctx);
		code = adopt(ctx, native, out, &f);
		ctx_turn_end(ctx);
	}
	return ctx_raise(ctx, err, code, &f);
}

int libiommu_domain_native(struct libiommu_domain *dom, uint64_t *native,
			   struct libiommu_error **err)
{
	struct libiommu_ctx *ctx = dom ? dom->ctx : NULL;
	struct libiommu_failure f;
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (!code && !native)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (!code)
		code = dispatch_domain_native(dom, native, &f);
	return ctx_raise(ctx, err, code, &f);
}

static void drop_allowed(struct libiommu_ctx *ctx, const struct allowed *allowed)
{
	ctx_release(ctx, allowed->ranges, allowed->room * sizeof(*allowed->ranges));
}

/* A NESTED domain goes, and with it a user of what the parent maps. */
static void leave_parent(struct libiommu_domain *dom, uint32_t flags)
{
	struct libiommu_domain *parent = dom->parent;
	struct libiommu_geometry everything = { 0 };

	if (flags & LIBIOMMU_CLOSE_FORKED) {
		dispatch_domain_free(dom, flags);
		return;
	}
	domain_exclude(parent);
	dispatch_domain_free(dom, flags);
	if (!--parent->children && !parent->endpoints)
		domain_set_geometry(parent, &everything);
	domain_include(parent);
}

/* Nothing is attached; with the turn, or nobody else is about. */
void domain_destroy(struct libiommu_domain *dom, uint32_t flags)
{
	struct libiommu_ctx *ctx = dom->ctx;
	const struct candidate *c = atomic_load(&ctx->backend);

	unmap_everything(dom, flags);
	if (dom->parent)
		leave_parent(dom, flags);
	else
		dispatch_domain_free(dom, flags);
	if (dom->faults)
		dom->faults->domains--;
	dma_destroy(dom, flags);
	LIST_REMOVE(ctx->domains, dom);
	source_free_files(dom);
	libiommu_geometry_clear(&c->env, &dom->geometry);
	drop_allowed(ctx, &dom->allowed);
	/* In a forked child this would wait for threads that are not here. */
	if (!(flags & LIBIOMMU_CLOSE_FORKED)) {
		lock_destroy(&dom->gate);
		pthread_mutex_destroy(&dom->lock);
	}
	free_domain(dom);
}

int libiommu_domain_free(struct libiommu_domain *dom, struct libiommu_error **err)
{
	struct libiommu_failure f;
	struct libiommu_ctx *ctx;
	int code = 0;

	libiommu_error_clear(err);
	if (!dom)
		return 0;
	ctx = dom->ctx;
	if (ctx_forked(ctx)) {
		/* The memory goes with the context: an endpoint may still point here. */
		return 0;
	}
	libiommu_failure_init(&f);
	ctx_turn_begin(ctx);
	if (dom->endpoints || dom->children)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_DOMAIN_IN_USE, NULL,
				       "There are %u, and %u of these.", dom->endpoints,
				       dom->children);
	else if (dma_in_use(dom))
		code = libiommu_refuse(&f, LIBIOMMU_REASON_MEMORY_IN_USE, NULL, NULL);
	else
		domain_destroy(dom, 0);
	ctx_turn_end(ctx);
	return ctx_raise(ctx, err, code, &f);
}

enum libiommu_domain_type libiommu_domain_type(const struct libiommu_domain *dom)
{
	return dom ? dom->type : (enum libiommu_domain_type)0;
}

struct libiommu_ctx *libiommu_domain_ctx(const struct libiommu_domain *dom)
{
	return dom ? dom->ctx : NULL;
}

uint64_t libiommu_domain_page_size(const struct libiommu_domain *dom)
{
	return dom ? atomic_load(&((struct libiommu_domain *)(uintptr_t)dom)->page_min) : 0;
}

/* Gate held. */
static void list_ranges(const struct libiommu_domain *dom, struct libiommu_range *ranges,
			size_t room, size_t *count)
{
	struct libiommu_range common;
	uint64_t from = 0;

	*count = 0;
	if (dom->type != LIBIOMMU_DOMAIN_PAGING && dom->type != LIBIOMMU_DOMAIN_IDENTITY)
		return;
	while (domain_next_usable(dom, from, &common)) {
		if (*count < room)
			ranges[*count] = common;
		(*count)++;
		if (common.last == UINT64_MAX)
			break;
		from = common.last + 1;
	}
}

int libiommu_domain_iova_ranges(struct libiommu_domain *dom, struct libiommu_range *ranges,
				size_t *count, struct libiommu_error **err)
{
	struct libiommu_ctx *ctx = dom ? dom->ctx : NULL;
	struct libiommu_failure f;
	size_t room;
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (!code && (!count || (*count && !ranges)))
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (code)
		return ctx_raise(ctx, err, code, &f);
	room = *count;
	lock_take(&dom->gate);
	list_ranges(dom, ranges, room, count);
	lock_release(&dom->gate);
	if (*count > room)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_BUFFER_TOO_SMALL, NULL, NULL);
	return ctx_raise(ctx, err, code, &f);
}

static const struct libiommu_range all_iovas = { 0, UINT64_MAX };

bool domain_next_usable(const struct libiommu_domain *dom, uint64_t from,
			struct libiommu_range *out)
{
	const struct libiommu_geometry *g = &dom->geometry;

	if (g->count && !dom->allowed.count) {
		size_t i = libiommu_ranges_find(g->ranges, g->count, from);

		if (i < g->count)
			*out = g->ranges[i];
		return i < g->count;
	}
	return libiommu_ranges_next_common(g->count ? g->ranges : &all_iovas,
					   g->count ? g->count : 1,
					   dom->allowed.count ? dom->allowed.ranges : &all_iovas,
					   dom->allowed.count ? dom->allowed.count : 1, from, out);
}

/* Gate held. */
static int check_mappings_inside(struct libiommu_domain *dom, const struct libiommu_range *ranges,
				 size_t count, struct libiommu_failure *f)
{
	struct ledger_node *node = count ? ledger_at_or_above(&dom->ledger, 0) : NULL;

	for (; node; node = ledger_next(node)) {
		if (libiommu_ranges_hold(ranges, count, node->iova, node->last))
			continue;
		libiommu_refuse_subject_range(f, node->iova, node->last);
		return libiommu_refuse(f, LIBIOMMU_REASON_OUTSIDE_ALLOWED, NULL,
				       "This mapping would lie outside.");
	}
	return 0;
}

/* Ranges that touch become one: a mapping may lie across them. Returns how many are left. */
static size_t merge(struct libiommu_range *to, const struct libiommu_range *from, size_t count)
{
	size_t merged = 0;

	for (size_t i = 0; i < count; i++) {
		if (merged && to[merged - 1].last + 1 == from[i].start)
			to[merged - 1].last = from[i].last;
		else
			to[merged++] = from[i];
	}
	return merged;
}

static int set_allowed(struct libiommu_domain *dom, const struct libiommu_range *ranges,
		       size_t count, struct libiommu_failure *f)
{
	struct allowed next = { NULL, 0, count }, old = { NULL, 0, 0 };
	int code;

	if (count) {
		if (count <= SIZE_MAX / sizeof(*ranges))
			next.ranges = ctx_alloc(dom->ctx, count * sizeof(*ranges));
		if (!next.ranges)
			return libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
		next.count = merge(next.ranges, ranges, count);
	}
	lock_take(&dom->gate);
	code = check_mappings_inside(dom, next.ranges, next.count, f);
	if (!code) {
		old = dom->allowed;
		dom->allowed = next;
		next = (struct allowed){ NULL, 0, 0 };
		forget_found(dom);
	}
	lock_release(&dom->gate);
	drop_allowed(dom->ctx, &next);
	drop_allowed(dom->ctx, &old);
	return code;
}

int libiommu_domain_set_allowed(struct libiommu_domain *dom, const struct libiommu_range *ranges,
				size_t count, struct libiommu_error **err)
{
	struct libiommu_ctx *ctx = dom ? dom->ctx : NULL;
	struct libiommu_failure f;
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (!code && count && !ranges)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (!code && dom->type != LIBIOMMU_DOMAIN_PAGING)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_DOMAIN_TYPE, NULL, NULL);
	if (!code && !libiommu_ranges_valid(ranges, count))
		code = libiommu_refuse(&f, LIBIOMMU_REASON_BAD_RANGES, NULL, NULL);
	if (!code)
		code = set_allowed(dom, ranges, count, &f);
	return ctx_raise(ctx, err, code, &f);
}
