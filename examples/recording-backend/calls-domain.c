/* SPDX-License-Identifier: BSD-2-Clause */
/* Domains, and what is mapped in them. */
#include "call.h"

#include <inttypes.h>
#include <stdlib.h>

const char *call_domain_new(struct call *c)
{
	struct world_domain *dom;
	uint64_t number, type;
	int code;

	NUMBER(c, "domain", number);
	NAMED(c, "type", TRACE_TYPE, type);
	if (world_domain_find(c->ctx, number))
		return "there is such a domain";
	dom = world_domain_new(c->ctx, number);
	if (!dom)
		return "there is no memory";
	code = c->ctx->table->domain_new(c->ctx->data, dom->data, (enum libiommu_domain_type)type,
					 &c->f);
	dom->type = type;
	if (code)
		world_domain_free(c->ctx, dom);
	return call_result(c, code);
}

const char *call_queue(struct call *c, struct world_queue **out)
{
	uint64_t number;

	NUMBER(c, "queue", number);
	*out = world_queue_find(c->ctx, number);
	return *out || !number ? NULL : "there is no such queue";
}

/* What the core refuses itself. */
static const char *check_wishes(const struct libiommu_backend_wishes *wishes)
{
	bool paging = wishes->type == LIBIOMMU_DOMAIN_PAGING;

	if (wishes->type == LIBIOMMU_DOMAIN_SHARED)
		return "it needs another agent's table, which no trace brings along";
	if (wishes->type == LIBIOMMU_DOMAIN_NESTED ||
	    (!paging && (wishes->nest_parent || wishes->faults)) ||
	    (wishes->nest_parent && wishes->faults))
		return "there is no such domain that could be made";
	return NULL;
}

static const char *make_with(struct call *c, uint64_t number, struct world_queue *queue,
			     struct libiommu_backend_wishes *wishes)
{
	struct world_domain *dom = world_domain_new(c->ctx, number);
	int code;

	if (!dom)
		return "there is no memory";
	dom->type = wishes->type;
	dom->pasid = wishes->pasid || wishes->type == LIBIOMMU_DOMAIN_SVA;
	dom->nest_parent = wishes->nest_parent;
	code = c->ctx->table->domain_new_with(c->ctx->data, dom->data, wishes, &c->f);
	if (code)
		world_domain_free(c->ctx, dom);
	else
		world_domain_join(dom, NULL, queue);
	return call_result(c, code);
}

const char *call_domain_new_with(struct call *c)
{
	struct libiommu_backend_wishes wishes = { .size = sizeof(wishes) };
	uint64_t number, type, pasid, parent;
	struct world_queue *queue;
	const char *why;

	NUMBER(c, "domain", number);
	NAMED(c, "type", TRACE_TYPE, type);
	NUMBER(c, "pasid", pasid);
	NUMBER(c, "parent", parent);
	why = call_queue(c, &queue);
	if (why)
		return why;
	wishes.type = (enum libiommu_domain_type)type;
	wishes.pasid = pasid;
	wishes.nest_parent = parent;
	wishes.faults = queue ? queue->data : NULL;
	why = check_wishes(&wishes);
	if (!why && world_domain_find(c->ctx, number))
		why = "there is such a domain";
	return why ? why : make_with(c, number, queue, &wishes);
}

const char *call_domain_free(struct call *c)
{
	if (c->dom->attached || c->dom->maps || c->dom->children)
		return "the domain is attached, or has mappings or children";
	c->ctx->table->domain_free(c->dom->data, 0);
	world_domain_free(c->ctx, c->dom);
	return call_result(c, 0);
}

const char *call_map(struct call *c)
{
	uint64_t iova, length, prot;
	struct world_map *map;
	const char *why;
	int code;

	NUMBER(c, "iova", iova);
	NUMBER(c, "length", length);
	NAMED(c, "prot", TRACE_PROT, prot);
	if (c->dom->type != LIBIOMMU_DOMAIN_PAGING)
		return "nothing can be mapped in such a domain";
	why = world_map_new(c->dom, iova, length, (uint32_t)prot, &map);
	if (why)
		return why;
	if (c->dom->geometry.count &&
	    libiommu_geometry_check(&c->dom->geometry, &map->map, 1, &c->f)) {
		world_map_free(c->dom, map);
		return "the range is not in the domain's geometry";
	}
	code = c->ctx->table->map(c->dom->data, &map->map, &c->f);
	if (code)
		world_map_free(c->dom, map);
	return call_result(c, code);
}

const char *call_unmap(struct call *c)
{
	struct libiommu_backend_map *array;
	struct world_map *first, *map;
	uint64_t iova, count;
	size_t done = 0, i;
	int code;

	NUMBER(c, "iova", iova);
	NUMBER(c, "count", count);
	first = map = world_map_find(c->dom, iova);
	for (i = 1; map && map->next && i < count; i++) {
		if (map->map.iova + map->map.length != map->next->map.iova)
			break;
		map = map->next;
	}
	if (!map || i != count)
		return "there are no such mappings";
	array = world_maps(c->dom, first, i);
	if (!array)
		return "there is no memory";
	code = c->ctx->table->unmap(c->dom->data, array, i, &done, &c->f);
	free(array);
	trace_result(c->out, code, &c->f);
	trace_add(c->out, " done=%zu", done);
	for (; done; done--) {
		map = first->next;
		world_map_free(c->dom, first);
		first = map;
	}
	return NULL;
}

const char *call_domain_native(struct call *c)
{
	uint64_t native = 0;
	int code = c->ctx->table->handover->domain_native(c->dom->data, &native, &c->f);

	trace_result(c->out, code, &c->f);
	if (!code)
		trace_add(c->out, " native=%" PRIu64, native);
	return NULL;
}
