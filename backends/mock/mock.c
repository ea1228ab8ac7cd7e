/* SPDX-License-Identifier: BSD-2-Clause */
/* The mock as a backend: a thin front door; what it leads to is in the other files. */
#include "backends/mock/foreign.h"
#include "backends/mock/queue.h"
#include "backends/mock/parse.h"

#include <stddef.h>
#include <string.h>

extern const struct libiommu_backend libiommu_backend_mock;

static int probe_memory(struct mock_ctx *ctx, struct libiommu_failure *failure)
{
	const struct libiommu_allocator *mem = ctx->env->allocator;
	void *page = mem->alloc(mem->data, MOCK_PAGE, MOCK_PAGE);

	if (!page)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	ctx->populate = mock_memory_can_populate(ctx->env->sys, page);
	mem->free(mem->data, page, MOCK_PAGE);
	return 0;
}

/* The process may have smaller pages than the machine. Who stands between may be older than this. */
static void tell_page(const struct libiommu_backend_env *env, const struct mock_machine *machine)
{
	if (env->size >= offsetof(struct libiommu_backend_env, page) + sizeof(env->page) &&
	    env->page && *env->page < machine->page)
		*env->page = machine->page;
}

static int mock_open(void *data, const struct libiommu_backend_env *env,
		     struct libiommu_failure *failure)
{
	struct mock_ctx *ctx = data;
	int error;

	ctx->env = env;
	error = probe_memory(ctx, failure);
	ctx->own = !env->object;
	ctx->machine = env->object;
	if (!error && ctx->own)
		error = mock_machine_make(env->allocator,
					  env->config ? env->config : mock_default_text,
					  &ctx->machine, failure);
	if (!error)
		tell_page(env, ctx->machine);
	return error;
}

static void mock_close(void *data, uint32_t flags)
{
	struct mock_ctx *ctx = data;

	(void)flags;
	if (ctx->own)
		mock_machine_destroy(ctx->machine);
}

static int slot_group_ids(void *data, struct libiommu_id_builder *ids,
			  struct libiommu_failure *failure)
{
	struct mock_ctx *ctx = data;

	return mock_group_ids(ctx->machine, ids, failure);
}

static int slot_group_read(void *data, uint32_t id, struct libiommu_group_builder *group,
			   struct libiommu_failure *failure)
{
	struct mock_ctx *ctx = data;

	return mock_group_read(ctx, id, group, failure);
}

static int slot_group_of(void *data, const char *device, uint32_t *id,
			 struct libiommu_failure *failure)
{
	struct mock_ctx *ctx = data;

	return mock_group_find(ctx->machine, device, id, failure);
}

static int slot_device_open(void *data, void *device, const char *name, uint32_t *group,
			    struct libiommu_failure *failure)
{
	struct mock_claim *claim = device;

	claim->ctx = data;
	return mock_claim_open(claim, name, group, failure);
}

static void slot_device_close(void *device, uint32_t flags)
{
	struct mock_claim *claim = device;

	/* In a child the duplicates of eventfds are all that is private to it. */
	if (flags & LIBIOMMU_CLOSE_FORKED)
		mock_device_silence(claim->dev);
	else
		mock_claim_close(claim);
}

static void slot_device_cap(void *device, enum libiommu_cap cap, struct libiommu_cap_answer *out)
{
	mock_cap(device, cap, out);
}

static int slot_device_ranges(void *device, struct libiommu_geometry *geometry,
			      struct libiommu_failure *failure)
{
	struct mock_claim *claim = device;
	struct mock_machine *machine = claim->ctx->machine;
	int error;

	if (!mock_claim_told(claim))
		return libiommu_refuse(failure, LIBIOMMU_REASON_NEEDS_ATTACH, claim->dev->name,
				       NULL);
	pthread_mutex_lock(&machine->lock);
	error = mock_geometry(claim->ctx->env, NULL, claim->dev->group, geometry, failure);
	pthread_mutex_unlock(&machine->lock);
	return error;
}

static int slot_domain_new(void *data, void *domain, enum libiommu_domain_type type,
			   struct libiommu_failure *failure)
{
	struct mock_ctx *ctx = data;
	struct mock_domain *dom = domain;

	if (type == LIBIOMMU_DOMAIN_IDENTITY && !ctx->machine->personality->identity)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_UAPI, NULL, NULL);
	if (type != LIBIOMMU_DOMAIN_PAGING && type != LIBIOMMU_DOMAIN_BLOCKED &&
	    type != LIBIOMMU_DOMAIN_IDENTITY)
		return libiommu_refuse(failure, LIBIOMMU_REASON_DOMAIN_TYPE, NULL, NULL);
	dom->ctx = ctx;
	dom->type = type;
	return 0;
}

static int slot_domain_new_with(void *data, void *domain,
				const struct libiommu_backend_wishes *wishes,
				struct libiommu_failure *failure)
{
	return mock_domain_new_with(data, domain, wishes, failure);
}

/* Spaces go with the last detach, or with the groups that keep them. */
static void slot_domain_free(void *domain, uint32_t flags)
{
	struct mock_domain *dom = domain;

	if (flags & LIBIOMMU_CLOSE_FORKED)
		return;
	if (dom->stage1)
		mock_nested_free(dom);
	if (dom->shared)
		mock_shared_free(dom);
}

static int slot_attach(void *device, void *domain, const struct libiommu_backend_attach *attach,
		       struct libiommu_geometry *geometry, struct libiommu_failure *failure)
{
	return mock_attach(device, domain, attach, geometry, failure);
}

static int slot_detach(void *device, void *domain, bool last, uint32_t flags,
		       struct libiommu_geometry *geometry, struct libiommu_failure *failure)
{
	return mock_detach(device, domain, last, flags, geometry, failure);
}

/* All devices are of one group, and the group is what moves. */
static int slot_replace(void *const *devices, size_t count, void *from, void *to,
			const struct libiommu_backend_attach *attach,
			struct libiommu_geometry *from_geometry,
			struct libiommu_geometry *to_geometry, struct libiommu_failure *failure)
{
	return mock_replace(devices, count, from, to, attach, from_geometry, to_geometry, failure);
}

static int slot_map(void *domain, const struct libiommu_backend_map *map,
		    struct libiommu_failure *failure)
{
	struct mock_domain *dom = domain;
	struct mock_space *space, *undo;
	int error;

	/* While nothing is attached the core alone remembers; an attach brings it. */
	if (!dom->spaces)
		return 0;
	error = mock_memory_check(dom->ctx->env->sys, dom->ctx->populate, map, failure);
	if (error)
		return error;
	for (space = dom->spaces; space; space = space->in_domain) {
		error = mock_space_map(space, map, failure);
		if (!error)
			continue;
		for (undo = dom->spaces; undo != space; undo = undo->in_domain)
			mock_space_unmap(undo, map, 1, NULL);
		return error;
	}
	return 0;
}

static int slot_unmap(void *domain, const struct libiommu_backend_map *maps, size_t count,
		      size_t *done, struct libiommu_failure *failure)
{
	struct mock_domain *dom = domain;

	for (*done = 0; *done < count;) {
		size_t batch = count - *done;

		if (batch > MOCK_UNMAP_BATCH)
			batch = MOCK_UNMAP_BATCH;
		for (struct mock_space *space = dom->spaces; space; space = space->in_domain) {
			int error = mock_space_unmap(space, maps + *done, batch, failure);

			if (error)
				return error;
		}
		*done += batch;
	}
	return 0;
}

const struct libiommu_backend libiommu_backend_mock = {
	.struct_size = sizeof(struct libiommu_backend),
	.abi = LIBIOMMU_BACKEND_ABI,
	.flags = LIBIOMMU_BACKEND_REPLAY,
	.name = "mock",
	.ctx_size = sizeof(struct mock_ctx),
	.device_size = sizeof(struct mock_claim),
	.domain_size = sizeof(struct mock_domain),
	.open = mock_open,
	.close = mock_close,
	.group_ids = slot_group_ids,
	.group_read = slot_group_read,
	.group_of = slot_group_of,
	.device_open = slot_device_open,
	.device_close = slot_device_close,
	.device_cap = slot_device_cap,
	.device_ranges = slot_device_ranges,
	.domain_new = slot_domain_new,
	.domain_free = slot_domain_free,
	.attach = slot_attach,
	.detach = slot_detach,
	.replace = slot_replace,
	.map = slot_map,
	.unmap = slot_unmap,
	.regions = &mock_regions,
	.domain_new_with = slot_domain_new_with,
	.pasids = &mock_pasids,
	.claims = &mock_claims,
	.nesting = &mock_nesting,
	.faults = &mock_faults_table,
};
