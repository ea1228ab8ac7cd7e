/* SPDX-License-Identifier: BSD-2-Clause */
/* Groups that a context has for itself alone. */
#include "call.h"

const char *call_claim(struct call *c)
{
	struct libiommu_claimed held = LIBIOMMU_CLAIMED_INIT;
	struct world_claim *claim;
	uint64_t group;
	int code;

	NUMBER(c, "group", group);
	if (group > UINT32_MAX)
		return call_wrong;
	if (world_claim_find(c->ctx, group))
		return "the group is claimed";
	claim = world_claim_new(c->ctx, group);
	if (!claim)
		return "there is no memory";
	code = c->ctx->table->claims->claim(c->ctx->data, claim->data, (uint32_t)group, &held,
					    &c->f);
	if (code)
		world_claim_free(c->ctx, claim);
	call_result(c, code);
	if (!code)
		trace_add(c->out, " lent=%zu guarded=%zu", held.lent, held.guarded);
	return NULL;
}

const char *call_release(struct call *c)
{
	struct world_claim *claim;
	uint64_t group;

	NUMBER(c, "group", group);
	claim = world_claim_find(c->ctx, group);
	if (!claim)
		return "the group is not claimed";
	c->ctx->table->claims->release(claim->data, 0);
	world_claim_free(c->ctx, claim);
	return call_result(c, 0);
}
