/* SPDX-License-Identifier: BSD-2-Clause */
/* Groups that a context has for itself alone. */
#include "lib/dispatch.h"
#include "lib/group.h"

#include <stdio.h>

/* Changes with the context's turn and under its lock; so either is enough to look. */
struct claim {
	struct claim *next;
	uint32_t id;
	size_t priv_size;
	void *priv;
};

static struct claim **find(struct libiommu_ctx *ctx, uint32_t id)
{
	struct claim **link = &ctx->claims;

	while (*link && (*link)->id != id)
		link = &(*link)->next;
	return link;
}

static void free_claim(struct libiommu_ctx *ctx, struct claim *claim)
{
	ctx_release(ctx, claim->priv, claim->priv_size);
	ctx_release(ctx, claim, sizeof(*claim));
}

struct wish {
	uint32_t id;
	struct libiommu_claimed *held;
};

static int claim_with(struct libiommu_ctx *ctx, struct candidate *c, void *data,
		      struct libiommu_failure *f)
{
	struct claim *claim = ctx_alloc(ctx, sizeof(*claim));
	struct wish *wish = data;
	int code;

	if (!claim)
		return libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	claim->id = wish->id;
	claim->priv_size = c->claims.claim_size;
	if (claim->priv_size)
		claim->priv = ctx_alloc(ctx, claim->priv_size);
	if (claim->priv_size && !claim->priv)
		code = libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	else
		code = dispatch_claim(ctx, c, claim->priv, wish->id, wish->held, f);
	if (code) {
		free_claim(ctx, claim);
		return code;
	}
	pthread_mutex_lock(&ctx->lock);
	claim->next = ctx->claims;
	ctx->claims = claim;
	pthread_mutex_unlock(&ctx->lock);
	return 0;
}

static int refuse(struct libiommu_failure *f, enum libiommu_reason reason, uint32_t id)
{
	char subject[24];

	snprintf(subject, sizeof(subject), "group %u", id);
	return libiommu_refuse(f, reason, subject, NULL);
}

static int claim_group(struct libiommu_ctx *ctx, struct wish *wish, struct libiommu_failure *f)
{
	struct candidate *c = atomic_load(&ctx->backend);

	if (*find(ctx, wish->id))
		return refuse(f, LIBIOMMU_REASON_GROUP_IN_USE, wish->id);
	return c ? claim_with(ctx, c, wish, f) : ctx_decide(ctx, claim_with, wish, f);
}

int libiommu_group_claim(struct libiommu_group *group, struct libiommu_claimed *out,
			 struct libiommu_error **err)
{
	struct libiommu_ctx *ctx = group ? group->ctx : NULL;
	struct libiommu_claimed held = LIBIOMMU_CLAIMED_INIT;
	struct libiommu_failure f;
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (!code && out)
		code = options_check(out, sizeof(*out), &f);
	if (!code) {
		struct wish wish = { group->id, &held };

		ctx_turn_begin(ctx);
		code = claim_group(ctx, &wish, &f);
		ctx_turn_end(ctx);
	}
	if (!code && out) {
		held.size = out->size;
		*out = held;
	}
	return ctx_raise(ctx, err, code, &f);
}

/* In a forked child another thread of the parent may hold the lock. */
static void give_back(struct libiommu_ctx *ctx, struct claim **link, uint32_t flags)
{
	const bool locks = !(flags & LIBIOMMU_CLOSE_FORKED);
	struct claim *claim = *link;

	if (locks)
		pthread_mutex_lock(&ctx->lock);
	*link = claim->next;
	if (locks)
		pthread_mutex_unlock(&ctx->lock);
	dispatch_release(ctx, claim->priv, claim->id, flags);
	free_claim(ctx, claim);
}

int libiommu_group_release(struct libiommu_group *group, struct libiommu_error **err)
{
	struct libiommu_ctx *ctx = group ? group->ctx : NULL;
	struct libiommu_failure f;
	struct claim **link;
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (code)
		return ctx_raise(ctx, err, code, &f);
	ctx_turn_begin(ctx);
	link = find(ctx, group->id);
	if (*link)
		give_back(ctx, link, 0);
	else
		code = refuse(&f, LIBIOMMU_REASON_GROUP_NOT_CLAIMED, group->id);
	ctx_turn_end(ctx);
	return ctx_raise(ctx, err, code, &f);
}

bool libiommu_group_claimed(const struct libiommu_group *group)
{
	bool claimed;

	if (!group || ctx_forked(group->ctx))
		return false;
	pthread_mutex_lock(&group->ctx->lock);
	claimed = *find(group->ctx, group->id);
	pthread_mutex_unlock(&group->ctx->lock);
	return claimed;
}

/* For ctx_free, where nobody else is about. */
void claim_destroy_all(struct libiommu_ctx *ctx, uint32_t flags)
{
	while (ctx->claims)
		give_back(ctx, &ctx->claims, flags);
}
