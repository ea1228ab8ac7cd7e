/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/object.h"

int libiommu_reader_new(struct libiommu_ctx *ctx, struct libiommu_reader **out,
			struct libiommu_error **err)
{
	struct libiommu_reader *reader;
	struct libiommu_failure f;
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (!code && !out)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (code)
		return ctx_raise(ctx, err, code, &f);
	reader = ctx_alloc(ctx, sizeof(*reader));
	if (!reader) {
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
		return ctx_raise(ctx, err, code, &f);
	}
	reader->ctx = ctx;
	reclaim_add_slot(&ctx->reclaim, &reader->slot);
	pthread_mutex_lock(&ctx->lock);
	LIST_ADD(ctx->readers, reader);
	pthread_mutex_unlock(&ctx->lock);
	*out = reader;
	return 0;
}

void libiommu_reader_free(struct libiommu_reader *reader)
{
	struct libiommu_ctx *ctx;

	if (!reader)
		return;
	ctx = reader->ctx;
	if (ctx_forked(ctx))
		return; /* goes with the context; its locks may be held by threads not here */
	reclaim_remove_slot(&ctx->reclaim, &reader->slot);
	pthread_mutex_lock(&ctx->lock);
	LIST_REMOVE(ctx->readers, reader);
	pthread_mutex_unlock(&ctx->lock);
	ctx_release(ctx, reader, sizeof(*reader));
}

/* Nobody else is about; the reclaim scheme goes next. */
void reader_destroy_all(struct libiommu_ctx *ctx)
{
	while (ctx->readers) {
		struct libiommu_reader *reader = ctx->readers;

		LIST_REMOVE(ctx->readers, reader);
		ctx_release(ctx, reader, sizeof(*reader));
	}
}
