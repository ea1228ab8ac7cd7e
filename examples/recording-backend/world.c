/* SPDX-License-Identifier: BSD-2-Clause */
#include "world.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct world_ctx *world_ctx_find(struct world *w, unsigned int number)
{
	struct world_ctx *ctx = w->contexts;

	while (ctx && ctx->number != number)
		ctx = ctx->next;
	return ctx;
}

struct world_ctx *world_ctx_new(struct world *w, unsigned int number)
{
	struct world_ctx *ctx = calloc(1, sizeof(*ctx));

	if (!ctx)
		return NULL;
	ctx->number = number;
	ctx->next = w->contexts;
	w->contexts = ctx;
	return ctx;
}

/* Public functions give errors, slots give failures: the same in two forms. */
static int as_failure(struct libiommu_error *err, struct libiommu_failure *f)
{
	int code =
		libiommu_refuse(f, libiommu_error_reason(err), libiommu_error_subject(err), NULL);

	libiommu_error_free(err);
	return code;
}

static int make_machine(struct world *w, struct world_ctx *ctx, struct libiommu_failure *f)
{
	const char *text = w->machine_text ? w->machine_text : ctx->config;
	struct world_machine *m = w->machines;
	struct libiommu_error *err;

	if (!ctx->object) {
		if (libiommu_mock_machine_new(text, &ctx->own, &err))
			return as_failure(err, f);
		ctx->env.object = ctx->own;
		return 0;
	}
	while (m && m->object != ctx->object)
		m = m->next;
	if (!m) {
		m = calloc(1, sizeof(*m));
		if (!m)
			return libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
		if (libiommu_mock_machine_new(w->machine_text, &m->machine, &err)) {
			free(m);
			return as_failure(err, f);
		}
		m->object = ctx->object;
		m->next = w->machines;
		w->machines = m;
	}
	ctx->env.object = m->machine;
	return 0;
}

int world_ctx_open(struct world *w, struct world_ctx *ctx, struct libiommu_failure *f)
{
	int code;

	ctx->env = (struct libiommu_backend_env){
		.size = sizeof(ctx->env),
		.sys = libiommu_sys_default(),
		.allocator = libiommu_allocator_default(),
		.flags = &ctx->flags,
	};
	code = libiommu_backend_complete(&ctx->env, libiommu_backend_builtin("mock"), &ctx->table,
					 f);
	if (!code)
		code = make_machine(w, ctx, f);
	if (code)
		return code;
	ctx->flags = ctx->table->flags;
	ctx->data = calloc(1, ctx->table->ctx_size + 1);
	if (!ctx->data)
		return libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	code = ctx->table->open(ctx->data, &ctx->env, f);
	ctx->open = !code;
	return code;
}

static void end_device(struct world_ctx *ctx, struct world_device *dev)
{
	struct libiommu_geometry geometry = { 0 };
	struct libiommu_failure f = { .reason = LIBIOMMU_REASON_NONE };

	while (dev->pasids) {
		struct world_pasid *pasid = dev->pasids;

		ctx->table->pasids->detach(dev->data, pasid->number, pasid->domain->data,
					   &geometry);
		libiommu_geometry_clear(&ctx->env, &geometry);
		pasid->domain->attached--;
		dev->pasids = pasid->next;
		free(pasid);
	}
	if (dev->domain) {
		bool last = !world_companions(ctx, dev, NULL);

		ctx->table->detach(dev->data, dev->domain->data, last, LIBIOMMU_DETACH_MAY_REOPEN,
				   &geometry, &f);
		libiommu_geometry_clear(&ctx->env, &geometry);
		dev->domain->attached--;
		dev->domain = NULL;
	}
	ctx->table->device_close(dev->data, 0);
	world_device_free(ctx, dev);
}

static void end_domain(struct world_ctx *ctx, struct world_domain *dom)
{
	struct libiommu_failure f = { .reason = LIBIOMMU_REASON_NONE };

	while (dom->maps) {
		size_t done = 0;

		ctx->table->unmap(dom->data, &dom->maps->map, 1, &done, &f);
		world_map_free(dom, dom->maps);
	}
	ctx->table->domain_free(dom->data, 0);
	world_domain_free(ctx, dom);
}

/* When nobody is left on it: another machine may come to be where this one was. */
static void drop_machine(struct world *w, uint64_t object)
{
	struct world_machine **link = &w->machines, *m;

	for (const struct world_ctx *ctx = w->contexts; ctx; ctx = ctx->next) {
		if (ctx->object == object)
			return;
	}
	while (*link && (*link)->object != object)
		link = &(*link)->next;
	m = *link;
	if (!m)
		return;
	*link = m->next;
	libiommu_mock_machine_free(m->machine);
	free(m);
}

void world_ctx_free(struct world *w, struct world_ctx *ctx)
{
	struct world_ctx **link = &w->contexts;

	while (ctx->devices)
		end_device(ctx, ctx->devices);
	while (ctx->domains)
		end_domain(ctx, ctx->domains);
	while (ctx->queues)
		world_queue_free(ctx, ctx->queues);
	while (ctx->claims) {
		ctx->table->claims->release(ctx->claims->data, 0);
		world_claim_free(ctx, ctx->claims);
	}
	libiommu_ctx_free(ctx->groups);
	if (ctx->open)
		ctx->table->close(ctx->data, 0);
	libiommu_backend_complete_free(&ctx->env, ctx->table);
	libiommu_mock_machine_free(ctx->own);
	while (*link != ctx)
		link = &(*link)->next;
	*link = ctx->next;
	drop_machine(w, ctx->object);
	free(ctx->config);
	free(ctx->data);
	free(ctx);
}

void world_free(struct world *w)
{
	while (w->contexts)
		world_ctx_free(w, w->contexts);
}

struct world_device *world_device_find(const struct world_ctx *ctx, uint64_t number)
{
	struct world_device *dev = ctx->devices;

	while (dev && dev->number != number)
		dev = dev->next;
	return dev;
}

struct world_device *world_device_named(const struct world_ctx *ctx, const char *name)
{
	struct world_device *dev = ctx->devices;

	while (dev && strcmp(dev->name, name))
		dev = dev->next;
	return dev;
}

struct world_device *world_device_new(struct world_ctx *ctx, uint64_t number, const char *name)
{
	struct world_device *dev = calloc(1, sizeof(*dev));

	if (!dev)
		return NULL;
	dev->data = calloc(1, ctx->table->device_size + 1);
	dev->name = strdup(name);
	if (!dev->data || !dev->name) {
		free(dev->data);
		free(dev->name);
		free(dev);
		return NULL;
	}
	dev->number = number;
	dev->next = ctx->devices;
	ctx->devices = dev;
	return dev;
}

void world_device_free(struct world_ctx *ctx, struct world_device *dev)
{
	struct world_device **link = &ctx->devices;

	while (*link != dev)
		link = &(*link)->next;
	*link = dev->next;
	free(dev->data);
	free(dev->name);
	free(dev);
}

unsigned int world_companions(const struct world_ctx *ctx, const struct world_device *dev,
			      struct world_domain **domain)
{
	unsigned int count = 0;

	for (const struct world_device *other = ctx->devices; other; other = other->next) {
		if (other == dev || other->group != dev->group || !other->domain)
			continue;
		count++;
		if (domain)
			*domain = other->domain;
	}
	return count;
}

struct world_claim *world_claim_find(const struct world_ctx *ctx, uint64_t group)
{
	struct world_claim *claim = ctx->claims;

	while (claim && claim->group != group)
		claim = claim->next;
	return claim;
}

struct world_claim *world_claim_new(struct world_ctx *ctx, uint64_t group)
{
	struct world_claim *claim = calloc(1, sizeof(*claim));

	if (!claim)
		return NULL;
	claim->data = calloc(1, ctx->table->claims->claim_size + 1);
	if (!claim->data) {
		free(claim);
		return NULL;
	}
	claim->group = group;
	claim->next = ctx->claims;
	ctx->claims = claim;
	return claim;
}

void world_claim_free(struct world_ctx *ctx, struct world_claim *claim)
{
	struct world_claim **link = &ctx->claims;

	while (*link != claim)
		link = &(*link)->next;
	*link = claim->next;
	free(claim->data);
	free(claim);
}

struct world_domain *world_domain_find(const struct world_ctx *ctx, uint64_t number)
{
	struct world_domain *dom = ctx->domains;

	while (dom && dom->number != number)
		dom = dom->next;
	return dom;
}

struct world_domain *world_domain_new(struct world_ctx *ctx, uint64_t number)
{
	struct world_domain *dom = calloc(1, sizeof(*dom));

	if (!dom)
		return NULL;
	dom->data = calloc(1, ctx->table->domain_size + 1);
	if (!dom->data) {
		free(dom);
		return NULL;
	}
	dom->number = number;
	dom->next = ctx->domains;
	ctx->domains = dom;
	return dom;
}

void world_domain_free(struct world_ctx *ctx, struct world_domain *dom)
{
	struct world_domain **link = &ctx->domains;

	while (*link != dom)
		link = &(*link)->next;
	*link = dom->next;
	if (dom->queue)
		dom->queue->domains--;
	if (dom->parent && !--dom->parent->children && !dom->parent->attached)
		libiommu_geometry_clear(&ctx->env, &dom->parent->geometry);
	libiommu_geometry_clear(&ctx->env, &dom->geometry);
	free(dom->data);
	free(dom);
}

void world_domain_set(struct world_ctx *ctx, struct world_domain *dom,
		      struct libiommu_geometry *geometry)
{
	libiommu_geometry_clear(&ctx->env, &dom->geometry);
	dom->geometry = *geometry;
	memset(geometry, 0, sizeof(*geometry));
}
