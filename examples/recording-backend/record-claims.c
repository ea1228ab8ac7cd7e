/* SPDX-License-Identifier: BSD-2-Clause */
/* Groups that a context has for itself alone. */
#include "record.h"

#include <inttypes.h>
#include <stddef.h>

/* A library that is older than this plugin knows no claims, and its table ends before them. */
static const struct libiommu_backend_claims *inner_claims(const struct record *r)
{
	size_t needed = offsetof(struct libiommu_backend, claims) + sizeof(r->inner->claims);

	return r->inner->struct_size < needed ? NULL : r->inner->claims;
}

static int begin(struct record *r, struct record_claim *claim, uint32_t group,
		 struct libiommu_failure *f)
{
	const struct libiommu_backend_claims *inner = inner_claims(r);

	claim->record = r;
	claim->group = group;
	if (!inner)
		return libiommu_refuse(f, LIBIOMMU_REASON_BACKEND_CAPABILITY, NULL, NULL);
	if (!inner->claim_size)
		return 0;
	claim->data = record_alloc(r, inner->claim_size, f);
	return claim->data ? 0 : -libiommu_reason_errno(LIBIOMMU_REASON_NO_MEMORY);
}

static int claim_group(void *ctx, void *data, uint32_t group, struct libiommu_claimed *held,
		       struct libiommu_failure *f)
{
	struct record_claim *claim = data;
	struct record *r = ctx;
	struct trace_text t;
	int code = begin(r, claim, group, f);

	if (code)
		return code;
	code = r->inner->claims->claim(r->data, claim->data, group, held, f);
	trace_start(&t, r->number, "claim");
	trace_add(&t, " group=%" PRIu32, group);
	trace_result(&t, code, f);
	if (!code)
		trace_add(&t, " lent=%zu guarded=%zu", held->lent, held->guarded);
	record_write(r, &t);
	if (code)
		record_free(r, claim->data, r->inner->claims->claim_size);
	return code;
}

static void release_group(void *data, uint32_t flags)
{
	struct record_claim *claim = data;
	struct record *r = claim->record;
	struct trace_text t;

	r->inner->claims->release(claim->data, flags);
	record_free(r, claim->data, r->inner->claims->claim_size);
	if (flags & LIBIOMMU_CLOSE_FORKED)
		return;
	trace_start(&t, r->number, "release");
	trace_add(&t, " group=%" PRIu32, claim->group);
	trace_result(&t, 0, NULL);
	record_write(r, &t);
}

const struct libiommu_backend_claims record_claims = {
	.size = sizeof(record_claims),
	.claim_size = sizeof(struct record_claim),
	.claim = claim_group,
	.release = release_group,
};
