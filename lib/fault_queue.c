/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/dispatch.h"
#include "lib/object.h"

#include <errno.h>

int queue_check(const struct libiommu_fault_queue *queue, const struct libiommu_ctx *ctx,
		struct libiommu_failure *f)
{
	if (queue->ctx == ctx)
		return 0;
	return libiommu_refuse(f, LIBIOMMU_REASON_FOREIGN_CONTEXT, NULL, NULL);
}

static size_t priv_size(const struct libiommu_ctx *ctx)
{
	return atomic_load(&((struct libiommu_ctx *)(uintptr_t)ctx)->backend)->faults.queue_size;
}

static void free_queue(struct libiommu_fault_queue *queue)
{
	struct libiommu_ctx *ctx = queue->ctx;

	ctx_release(ctx, queue->priv, priv_size(ctx));
	ctx_release(ctx, queue, sizeof(*queue));
}

static int new_queue(struct libiommu_ctx *ctx, const struct libiommu_fault_queue_options *opts,
		     struct libiommu_fault_queue **out, struct libiommu_failure *f)
{
	struct libiommu_fault_queue *queue = ctx_alloc(ctx, sizeof(*queue));
	int code;

	if (!queue)
		return libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	queue->ctx = ctx;
	queue->fd = -1;
	if (priv_size(ctx)) {
		queue->priv = ctx_alloc(ctx, priv_size(ctx));
		if (!queue->priv) {
			free_queue(queue);
			return libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
		}
	}
	code = dispatch_queue_new(queue, opts, f);
	if (code) {
		free_queue(queue);
		return code;
	}
	LIST_ADD(ctx->queues, queue);
	*out = queue;
	return 0;
}

int libiommu_fault_queue_new(struct libiommu_ctx *ctx,
			     const struct libiommu_fault_queue_options *opts,
			     struct libiommu_fault_queue **out, struct libiommu_error **err)
{
	const struct libiommu_fault_queue_options defaults = LIBIOMMU_FAULT_QUEUE_OPTIONS_INIT;
	struct libiommu_failure f;
	struct candidate *c;
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (!code && !out)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (!code && opts)
		code = options_check(opts, sizeof(*opts), &f);
	if (!code)
		code = ctx_decided(ctx, &c, &f);
	if (!code) {
		ctx_turn_begin(ctx);
		code = new_queue(ctx, opts ? opts : &defaults, out, &f);
		ctx_turn_end(ctx);
	}
	return ctx_raise(ctx, err, code, &f);
}

/* No domain uses it; with the turn, or nobody else is about. */
void queue_destroy(struct libiommu_fault_queue *queue, uint32_t flags)
{
	dispatch_queue_free(queue, flags);
	LIST_REMOVE(queue->ctx->queues, queue);
	free_queue(queue);
}

int libiommu_fault_queue_free(struct libiommu_fault_queue *queue, struct libiommu_error **err)
{
	struct libiommu_failure f;
	struct libiommu_ctx *ctx;
	int code = 0;

	libiommu_error_clear(err);
	if (!queue)
		return 0;
	ctx = queue->ctx;
	/* In a child the memory goes with the context: a domain may still point here. */
	if (ctx_forked(ctx))
		return 0;
	libiommu_failure_init(&f);
	ctx_turn_begin(ctx);
	if (queue->domains)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_QUEUE_IN_USE, NULL, "There are %u.",
				       queue->domains);
	else
		queue_destroy(queue, 0);
	ctx_turn_end(ctx);
	return ctx_raise(ctx, err, code, &f);
}

int libiommu_fault_queue_fd(const struct libiommu_fault_queue *queue)
{
	return queue ? queue->fd : -1;
}

int libiommu_fault_queue_next(struct libiommu_fault_queue *queue, struct libiommu_fault_group *out,
			      struct libiommu_page_request *requests, size_t *count,
			      struct libiommu_error **err)
{
	struct libiommu_ctx *ctx = queue ? queue->ctx : NULL;
	struct libiommu_fault_group group = LIBIOMMU_FAULT_GROUP_INIT;
	struct libiommu_failure f;
	size_t room, size;
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (!code && (!out || !count || (*count && !requests)))
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (!code)
		code = options_check(out, sizeof(*out), &f);
	if (code)
		return ctx_raise(ctx, err, code, &f);
	room = *count;
	*count = 0;
	code = dispatch_queue_next(queue, &group, requests, room, count, &f);
	if (code)
		return ctx_raise(ctx, err, code, &f);
	if (!*count)
		return -EAGAIN;
	size = out->size;
	*out = group;
	out->size = size;
	return 0;
}

int libiommu_fault_queue_respond(struct libiommu_fault_queue *queue, uint64_t cookie,
				 enum libiommu_fault_answer answer, struct libiommu_error **err)
{
	struct libiommu_ctx *ctx = queue ? queue->ctx : NULL;
	struct libiommu_failure f;
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (!code && answer != LIBIOMMU_FAULT_RESOLVED && answer != LIBIOMMU_FAULT_REFUSED)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_UNKNOWN_FLAGS, NULL,
				       "There is no answer %d.", (int)answer);
	if (!code)
		code = dispatch_queue_respond(queue, cookie, answer, &f);
	return ctx_raise(ctx, err, code, &f);
}

uint64_t libiommu_fault_queue_overflows(struct libiommu_fault_queue *queue)
{
	return queue && !ctx_forked(queue->ctx) ? dispatch_queue_overflows(queue) : 0;
}
