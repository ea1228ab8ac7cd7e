/* SPDX-License-Identifier: BSD-2-Clause */
/* PASIDs as endpoints. */
#include "call.h"

#include <inttypes.h>
#include <stdlib.h>

const char *call_pasid_width(struct call *c)
{
	unsigned int bits = 0;
	int code = c->ctx->table->pasids->width(c->dev->data, &bits, &c->f);

	trace_result(c->out, code, &c->f);
	if (!code)
		trace_add(c->out, " bits=%u", bits);
	return NULL;
}

/* The number of a line; the core has asked how wide they are before it was opened. */
static const char *read_pasid(struct call *c, uint32_t *out)
{
	struct libiommu_failure f = { .reason = LIBIOMMU_REASON_NONE };
	unsigned int bits = 0;
	uint64_t number;

	NUMBER(c, "pasid", number);
	if (c->ctx->table->pasids->width(c->dev->data, &bits, &f) || bits > 32 || !number ||
	    number >> bits)
		return "the device has no such PASID";
	*out = (uint32_t)number;
	return NULL;
}

const char *call_pasid_attach(struct call *c)
{
	struct libiommu_geometry geometry = { 0 };
	struct libiommu_backend_attach attach;
	struct world_pasid *made;
	uint32_t pasid;
	const char *why = read_pasid(c, &pasid);
	int code;

	if (why)
		return why;
	if (world_pasid_find(c->dev, pasid))
		return "the PASID is attached";
	if (!world_pair_fits(c->ctx, c->dev, pasid, c->dom))
		return "a domain is not for PASIDs, or the group has this one elsewhere";
	why = call_maps(c, c->dom, false, &attach);
	if (why)
		return why;
	made = calloc(1, sizeof(*made));
	code = !made ? libiommu_refuse(&c->f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL)
		     : c->ctx->table->pasids->attach(c->dev->data, pasid, c->dom->data, &attach,
						     &geometry, &c->f);
	free((void *)(uintptr_t)attach.maps);
	trace_result(c->out, code, &c->f);
	if (code) {
		free(made);
	} else {
		trace_geometry(c->out, "", &geometry);
		*made = (struct world_pasid){ c->dev->pasids, pasid, c->dom };
		c->dev->pasids = made;
		c->dom->attached++;
		world_domain_set(c->ctx, world_domain_book(c->dom), &geometry);
	}
	libiommu_geometry_clear(&c->ctx->env, &geometry);
	return NULL;
}

const char *call_pasid_detach(struct call *c)
{
	struct libiommu_geometry geometry = { 0 };
	struct world_pasid **link = &c->dev->pasids, *gone;
	uint64_t pasid;

	NUMBER(c, "pasid", pasid);
	while (*link && (*link)->number != pasid)
		link = &(*link)->next;
	gone = *link;
	if (!gone || gone->domain != c->dom)
		return "the PASID is not attached there";
	c->ctx->table->pasids->detach(c->dev->data, gone->number, c->dom->data, &geometry);
	trace_result(c->out, 0, NULL);
	trace_geometry(c->out, "", &geometry);
	*link = gone->next;
	free(gone);
	c->dom->attached--;
	world_domain_left(c->ctx, c->dom, &geometry);
	libiommu_geometry_clear(&c->ctx->env, &geometry);
	return NULL;
}

static const char *move(struct call *c, struct world_pasid *pasid, struct world_domain *to)
{
	struct libiommu_geometry from_geometry = { 0 }, to_geometry = { 0 };
	struct world_domain *from = pasid->domain;
	struct libiommu_backend_attach attach;
	const char *why = call_maps(c, to, true, &attach);
	int code;

	if (why)
		return why;
	code = c->ctx->table->pasids->replace(c->dev->data, pasid->number, from->data, to->data,
					      &attach, &from_geometry, &to_geometry, &c->f);
	free((void *)(uintptr_t)attach.maps);
	trace_result(c->out, code, &c->f);
	if (!code) {
		pasid->domain = to;
		from->attached--;
		to->attached++;
		call_moved(c, from, to, &from_geometry, &to_geometry);
	}
	libiommu_geometry_clear(&c->ctx->env, &from_geometry);
	libiommu_geometry_clear(&c->ctx->env, &to_geometry);
	return NULL;
}

const char *call_pasid_replace(struct call *c)
{
	struct world_domain *old, *new;
	struct world_pasid *pasid;
	uint64_t number, from, to;

	NUMBER(c, "pasid", number);
	NUMBER(c, "from", from);
	NUMBER(c, "to", to);
	old = world_domain_find(c->ctx, from);
	new = world_domain_find(c->ctx, to);
	pasid = world_pasid_find(c->dev, number);
	if (!old || !new || old == new)
		return "there are no two such domains";
	if (!pasid || pasid->domain != old)
		return "the PASID is not attached there";
	if (!world_pair_fits(c->ctx, c->dev, number, new))
		return "a domain is not for PASIDs, or the group has this one elsewhere";
	return move(c, pasid, new);
}
