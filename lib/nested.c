/* SPDX-License-Identifier: BSD-2-Clause */
/* Domains whose tables somebody else writes: stage 1 on a nest parent, and shared ones. */
#include "lib/dispatch.h"
#include "lib/object.h"

#include <errno.h>

#include <libiommu/pgtable.h>

static bool has_type(const struct libiommu_nested_options *opts)
{
	size_t length;

	switch (opts->type) {
	case LIBIOMMU_STAGE1_VTD:
		length = sizeof(struct libiommu_stage1_vtd);
		break;
	case LIBIOMMU_STAGE1_SMMUV3:
		length = sizeof(struct libiommu_stage1_smmuv3);
		break;
	case LIBIOMMU_STAGE1_AMD:
		length = sizeof(struct libiommu_stage1_amd);
		break;
	case LIBIOMMU_STAGE1_RISCV:
		length = sizeof(struct libiommu_stage1_riscv);
		break;
	case LIBIOMMU_STAGE1_SELFTEST:
		length = sizeof(struct libiommu_stage1_selftest);
		break;
	default:
		/* The backend may know it. */
		return opts->data_length > 0;
	}
	return opts->data_length == length;
}

static int check_nested(const struct libiommu_device *dev, const struct libiommu_domain *parent,
			const struct libiommu_nested_options *opts, struct libiommu_failure *f)
{
	int code = options_check(opts, sizeof(*opts), f);

	if (code)
		return code;
	if (!opts->data)
		return libiommu_refuse(f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (parent->ctx != dev->ctx)
		return libiommu_refuse(f, LIBIOMMU_REASON_FOREIGN_CONTEXT, NULL, NULL);
	if (parent->type != LIBIOMMU_DOMAIN_PAGING)
		return libiommu_refuse(f, LIBIOMMU_REASON_DOMAIN_TYPE, NULL,
				       "Only PAGING domains are nest parents.");
	if (!parent->nest_parent)
		return libiommu_refuse(f, LIBIOMMU_REASON_NOT_NEST_PARENT, NULL, NULL);
	if (!has_type(opts))
		return libiommu_refuse(f, LIBIOMMU_REASON_BAD_STAGE1, NULL,
				       "Data of type %d do not have %zu bytes.", (int)opts->type,
				       opts->data_length);
	return opts->faults ? queue_check(opts->faults, dev->ctx, f) : 0;
}

static int make_nested(struct libiommu_device *dev, struct libiommu_domain *dom,
		       const struct libiommu_nested_options *opts, struct libiommu_failure *f)
{
	struct libiommu_backend_attach attach = { .size = sizeof(attach), .handle = dev };
	struct libiommu_domain *parent = dom->parent;
	const struct candidate *c = atomic_load(&dom->ctx->backend);
	struct libiommu_backend_map *maps = NULL;
	struct libiommu_geometry geometry = { 0 };
	int code = 0;

	if (c->flags & LIBIOMMU_BACKEND_REPLAY)
		code = snapshot_take(parent, &maps, &attach.map_count, f);
	if (code)
		return code;
	attach.maps = maps;
	code = dispatch_domain_new_nested(dev, dom, opts, &attach, &geometry, f);
	snapshot_release(parent, maps, attach.map_count);
	if (code)
		return code;
	code = domain_check_ledger(parent, &geometry, f);
	if (code) {
		dispatch_domain_free(dom, 0);
		libiommu_geometry_clear(&c->env, &geometry);
		return code;
	}
	domain_set_geometry(parent, &geometry);
	return 0;
}

static int new_nested(struct libiommu_device *dev, struct libiommu_domain *parent,
		      const struct libiommu_nested_options *opts, struct libiommu_domain **out,
		      struct libiommu_failure *f)
{
	struct libiommu_domain *dom = domain_make(dev->ctx, LIBIOMMU_DOMAIN_NESTED, f);
	int code;

	if (!dom)
		return -ENOMEM;
	dom->parent = parent;
	dom->pasid = opts->pasid;
	domain_exclude(parent);
	code = make_nested(dev, dom, opts, f);
	domain_include(parent);
	if (code) {
		domain_discard(dom);
		return code;
	}
	domain_publish(dom, opts->faults);
	*out = dom;
	return 0;
}

int libiommu_domain_new_nested(struct libiommu_device *dev, struct libiommu_domain *parent,
			       const struct libiommu_nested_options *opts,
			       struct libiommu_domain **out, struct libiommu_error **err)
{
	struct libiommu_ctx *ctx = dev ? dev->ctx : NULL;
	struct libiommu_failure f;
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (!code && (!parent || !opts || !out))
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (!code)
		code = check_nested(dev, parent, opts, &f);
	if (!code) {
		ctx_turn_begin(ctx);
		code = new_nested(dev, parent, opts, out, &f);
		ctx_turn_end(ctx);
	}
	return ctx_raise(ctx, err, code, &f);
}

struct libiommu_domain *libiommu_domain_parent(const struct libiommu_domain *dom)
{
	return dom ? dom->parent : NULL;
}

/* Is there such a table? A look at its root tells. */
static int check_shared(const struct libiommu_shared_options *opts, struct libiommu_failure *f)
{
	struct libiommu_error *error = NULL;
	struct libiommu_pgtable *view;
	int code = options_check(opts, sizeof(*opts), f);

	if (code)
		return code;
	if (!opts->table)
		return libiommu_refuse(f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (libiommu_pgtable_view(opts->table, opts->root, &view, &error)) {
		code = libiommu_refuse(f, libiommu_error_reason(error), NULL, NULL);
		libiommu_error_free(error);
		return code;
	}
	libiommu_pgtable_free(view);
	return 0;
}

static int new_shared(struct libiommu_ctx *ctx, const struct libiommu_shared_options *opts,
		      struct libiommu_domain **out, struct libiommu_failure *f)
{
	const struct libiommu_backend_wishes wishes = {
		.size = sizeof(wishes),
		.type = LIBIOMMU_DOMAIN_SHARED,
		.pasid = opts->pasid,
		.shared = opts,
	};
	struct libiommu_domain *dom = domain_make(ctx, LIBIOMMU_DOMAIN_SHARED, f);
	int code;

	if (!dom)
		return -ENOMEM;
	dom->pasid = opts->pasid;
	code = dispatch_domain_new_with(dom, &wishes, f);
	if (code) {
		domain_discard(dom);
		return code;
	}
	domain_publish(dom, NULL);
	*out = dom;
	return 0;
}

int libiommu_domain_new_shared(struct libiommu_ctx *ctx, const struct libiommu_shared_options *opts,
			       struct libiommu_domain **out, struct libiommu_error **err)
{
	struct libiommu_failure f;
	struct candidate *c;
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (!code && (!opts || !out))
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (!code)
		code = check_shared(opts, &f);
	if (!code)
		code = ctx_decided(ctx, &c, &f);
	if (!code) {
		ctx_turn_begin(ctx);
		code = new_shared(ctx, opts, out, &f);
		ctx_turn_end(ctx);
	}
	return ctx_raise(ctx, err, code, &f);
}

/* What begins every invalidation; on success *todo is how many commands there are. */
static int begin(struct libiommu_domain *dom, const void *commands, size_t *count, size_t *todo,
		 struct libiommu_failure *f)
{
	int code = ctx_check(dom ? dom->ctx : NULL, f);

	if (!code && (!count || (*count && !commands)))
		code = libiommu_refuse(f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (code)
		return code;
	*todo = *count;
	*count = 0;
	if (dom->type != LIBIOMMU_DOMAIN_NESTED && dom->type != LIBIOMMU_DOMAIN_SHARED)
		return libiommu_refuse(f, LIBIOMMU_REASON_DOMAIN_TYPE, NULL, NULL);
	return 0;
}

static int check_command(const struct libiommu_invalidation *command, struct libiommu_failure *f)
{
	if (command->flags & ~LIBIOMMU_INVALIDATE_LEAVES)
		return libiommu_refuse(f, LIBIOMMU_REASON_UNKNOWN_FLAGS, NULL, NULL);
	switch (command->kind) {
	case LIBIOMMU_INVALIDATE_ALL:
	case LIBIOMMU_INVALIDATE_PASID:
		return 0;
	case LIBIOMMU_INVALIDATE_RANGE:
		if (command->range.start <= command->range.last)
			return 0;
		break;
	}
	return libiommu_refuse(f, LIBIOMMU_REASON_BAD_INVALIDATION, NULL, NULL);
}

int libiommu_domain_invalidate(struct libiommu_domain *dom,
			       const struct libiommu_invalidation *commands, size_t *count,
			       struct libiommu_error **err)
{
	struct libiommu_ctx *ctx = dom ? dom->ctx : NULL;
	size_t good = 0, todo = 0;
	struct libiommu_failure f;
	int code, refused = 0;

	libiommu_error_clear(err);
	code = begin(dom, commands, count, &todo, &f);
	if (code)
		return ctx_raise(ctx, err, code, &f);
	while (good < todo && !refused) {
		refused = check_command(&commands[good], &f);
		good += !refused;
	}
	/* Those before the bad one are carried out, as if the hardware had found it. */
	if (good) {
		struct libiommu_failure later;

		libiommu_failure_init(&later);
		code = dispatch_invalidate(dom, commands, good, count, &later);
		if (code)
			f = later;
	}
	return ctx_raise(ctx, err, code ? code : refused, &f);
}

int libiommu_domain_invalidate_raw(struct libiommu_domain *dom, uint32_t type, const void *entries,
				   size_t entry_length, size_t *count, struct libiommu_error **err)
{
	struct libiommu_ctx *ctx = dom ? dom->ctx : NULL;
	struct libiommu_failure f;
	size_t todo = 0;
	int code;

	libiommu_error_clear(err);
	code = begin(dom, entries, count, &todo, &f);
	if (!code && todo && !entry_length)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_BAD_INVALIDATION, NULL,
				       "Its entries have no bytes.");
	if (!code)
		code = dispatch_invalidate_raw(dom, type, entries, entry_length, todo, count, &f);
	return ctx_raise(ctx, err, code, &f);
}

int libiommu_device_hw_info(struct libiommu_device *dev, struct libiommu_hw_info *out,
			    struct libiommu_error **err)
{
	struct libiommu_hw_info info = { .size = sizeof(info) };
	struct libiommu_ctx *ctx = dev ? dev->ctx : NULL;
	struct libiommu_failure f;
	size_t size;
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (!code && !out)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (!code)
		code = options_check(out, sizeof(*out), &f);
	if (!code)
		code = dispatch_hw_info(dev, &info, &f);
	if (!code) {
		size = out->size;
		*out = info;
		out->size = size;
	}
	return ctx_raise(ctx, err, code, &f);
}
