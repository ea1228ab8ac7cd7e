/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/dispatch.h"
#include "lib/log.h"
#include "lib/object.h"
#include "lib/registry.h"

#include <libiommu/version.h>

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define STRING_(x) #x
#define STRING(x)  STRING_(x)

const char *libiommu_version(void)
{
	return STRING(LIBIOMMU_VERSION_MAJOR) "." STRING(LIBIOMMU_VERSION_MINOR) "." STRING(
		LIBIOMMU_VERSION_PATCH);
}

void *ctx_alloc(struct libiommu_ctx *ctx, size_t length)
{
	return ctx->allocator.alloc(ctx->allocator.data, length, _Alignof(max_align_t));
}

void ctx_release(struct libiommu_ctx *ctx, void *memory, size_t length)
{
	if (memory)
		ctx->allocator.free(ctx->allocator.data, memory, length);
}

char *ctx_strdup(struct libiommu_ctx *ctx, const char *text)
{
	size_t length = strlen(text) + 1;
	char *copy = ctx_alloc(ctx, length);

	return copy ? memcpy(copy, text, length) : NULL;
}

void ctx_strfree(struct libiommu_ctx *ctx, char *text)
{
	if (text)
		ctx_release(ctx, text, strlen(text) + 1);
}

bool ctx_forked(const struct libiommu_ctx *ctx)
{
	return ctx->fork_guard[0] == 0;
}

int ctx_check(const struct libiommu_ctx *ctx, struct libiommu_failure *f)
{
	libiommu_failure_init(f);
	if (!ctx)
		return libiommu_refuse(f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (ctx_forked(ctx))
		return libiommu_refuse(f, LIBIOMMU_REASON_AFTER_FORK, NULL, NULL);
	return 0;
}

int ctx_raise_failure(struct libiommu_ctx *ctx, struct libiommu_error **err, int code,
		      const struct libiommu_failure *f)
{
	if (ctx)
		log_at(ctx, LIBIOMMU_LOG_ERROR, "refused: %s: %s %s",
		       libiommu_reason_name(f->reason), f->subject, f->detail);
	return libiommu_error_raise(err, ctx ? &ctx->allocator : libiommu_allocator_default(), code,
				    f);
}

int ctx_decided(struct libiommu_ctx *ctx, struct candidate **out, struct libiommu_failure *f)
{
	*out = atomic_load_explicit(&ctx->backend, memory_order_acquire);
	if (!*out)
		return libiommu_refuse(f, LIBIOMMU_REASON_BACKEND_UNDECIDED, NULL, NULL);
	return 0;
}

int ctx_decide(struct libiommu_ctx *ctx,
	       int (*try)(struct libiommu_ctx *ctx, struct candidate *c, void *data,
			  struct libiommu_failure *f),
	       void *data, struct libiommu_failure *f)
{
	int code = -ENODEV;

	for (size_t i = 0; i < ctx->candidate_count; i++) {
		struct candidate *c = &ctx->candidates[i];

		if (!c->open)
			continue;
		libiommu_failure_init(f);
		code = try(ctx, c, data, f);
		if (!code) {
			atomic_store_explicit(&ctx->backend, c, memory_order_release);
			return 0;
		}
		libiommu_error_free(c->rejection);
		c->rejection = NULL;
		libiommu_error_raise(&c->rejection, &ctx->allocator, code, f);
	}
	return code;
}

int options_check(const void *options, size_t known, struct libiommu_failure *f)
{
	size_t size;

	memcpy(&size, options, sizeof(size));
	if (size < known)
		return libiommu_refuse(f, LIBIOMMU_REASON_BAD_OPTIONS, NULL,
				       "It is %zu, at least %zu is needed.", size, known);
	for (size_t i = known; i < size; i++)
		if (((const unsigned char *)options)[i])
			return libiommu_refuse(f, LIBIOMMU_REASON_UNKNOWN_OPTIONS, NULL, NULL);
	return 0;
}

void ctx_turn_begin(struct libiommu_ctx *ctx)
{
	pthread_mutex_lock(&ctx->lock);
	while (ctx->busy)
		pthread_cond_wait(&ctx->turn, &ctx->lock);
	ctx->busy = true;
	pthread_mutex_unlock(&ctx->lock);
}

void ctx_turn_end(struct libiommu_ctx *ctx)
{
	pthread_mutex_lock(&ctx->lock);
	ctx->busy = false;
	pthread_cond_signal(&ctx->turn);
	pthread_mutex_unlock(&ctx->lock);
}

/* A page that the kernel zeroes in forked children: knowing one's parent costs no system call. */
static int make_fork_guard(struct libiommu_ctx *ctx, struct libiommu_failure *f)
{
	void *page;
	int code = ctx->sys.mmap(ctx->sys.data, NULL, PAGE_MIN, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0, &page);

	if (code)
		return code == -ENOMEM ? libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL)
				       : libiommu_refuse_kernel(f, code, "mmap", NULL);
	code = ctx->sys.madvise(ctx->sys.data, page, PAGE_MIN, MADV_WIPEONFORK);
	if (code) {
		ctx->sys.munmap(ctx->sys.data, page, PAGE_MIN);
		return libiommu_refuse_kernel(f, code, "madvise(MADV_WIPEONFORK)", NULL);
	}
	*(unsigned char *)page = 1;
	ctx->fork_guard = page;
	return 0;
}

static void drop_fork_guard(struct libiommu_ctx *ctx)
{
	if (ctx->fork_guard)
		ctx->sys.munmap(ctx->sys.data, (void *)(uintptr_t)ctx->fork_guard, PAGE_MIN);
}

static bool wanted(const struct libiommu_backend *table, const char *name)
{
	if (!strcmp(name, "auto"))
		return table->flags & LIBIOMMU_BACKEND_AUTO;
	return table->name && !strcmp(table->name, name);
}

/* The tables to try, one by one: the application's, the plugin's, the built-in ones; then NULL. */
static const struct libiommu_backend *next_wanted(const struct libiommu_ctx *ctx,
						  const struct libiommu_ctx_options *opts,
						  const char *name, size_t *index)
{
	const struct libiommu_backend *added[] = { opts->own_backend, ctx->plugin.table };

	while (*index < 2 || libiommu_builtin_backends[*index - 2]) {
		const struct libiommu_backend *table =
			*index < 2 ? added[*index] : libiommu_builtin_backends[*index - 2];

		(*index)++;
		if (table && wanted(table, name))
			return table;
	}
	return NULL;
}

/* Of a name there is one, the first, so that a program can put its own in front. */
static size_t count_wanted(const struct libiommu_ctx *ctx, const struct libiommu_ctx_options *opts,
			   const char *name)
{
	size_t count = 0, index = 0;

	while (next_wanted(ctx, opts, name, &index))
		count++;
	return count && strcmp(name, "auto") ? 1 : count;
}

static int adapt_wanted(struct libiommu_ctx *ctx, const struct libiommu_ctx_options *opts,
			const char *name, struct libiommu_failure *f)
{
	size_t index = 0;
	int code = 0;

	for (size_t i = 0; i < ctx->candidate_count && !code; i++)
		code = registry_adapt(next_wanted(ctx, opts, name, &index), &ctx->candidates[i], f);
	return code;
}

static int open_candidate(struct libiommu_ctx *ctx, const struct libiommu_ctx_options *opts,
			  struct candidate *c, struct libiommu_failure *f)
{
	int code;

	c->env = (struct libiommu_backend_env){
		.size = sizeof(c->env),
		.sys = &ctx->sys,
		.allocator = &ctx->allocator,
		.config = ctx->config,
		.object = opts->backend_object,
		.passed = ctx->passed.size ? &ctx->passed : NULL,
		.flags = &c->flags,
		.page = &c->page,
	};
	c->flags = c->table.flags;
	c->page = ctx->page;
	if (c->table.ctx_size) {
		c->priv = ctx_alloc(ctx, c->table.ctx_size);
		if (!c->priv)
			return libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	}
	code = dispatch_open(ctx, c, f);
	c->open = !code;
	if (c->page < ctx->page || c->page & (c->page - 1))
		c->page = ctx->page;
	return code;
}

/* A named backend must open; of those for "auto" one is enough. */
static int open_candidates(struct libiommu_ctx *ctx, const struct libiommu_ctx_options *opts,
			   bool automatic, struct libiommu_failure *f)
{
	size_t opened = 0;
	int code = 0;

	for (size_t i = 0; i < ctx->candidate_count; i++) {
		struct candidate *c = &ctx->candidates[i];

		libiommu_failure_init(f);
		code = open_candidate(ctx, opts, c, f);
		if (code)
			libiommu_error_raise(&c->rejection, &ctx->allocator, code, f);
		opened += c->open;
	}
	if (!opened)
		return code;
	if (!automatic)
		atomic_store(&ctx->backend, &ctx->candidates[0]);
	return 0;
}

static int choose_backends(struct libiommu_ctx *ctx, const struct libiommu_ctx_options *opts,
			   struct libiommu_failure *f)
{
	const char *name = opts->backend ? opts->backend : "auto";
	int code;

	if (!opts->backend && ctx->plugin.table)
		name = ctx->plugin.table->name;
	ctx->candidate_count = count_wanted(ctx, opts, name);
	if (!ctx->candidate_count)
		return libiommu_refuse(f, LIBIOMMU_REASON_BACKEND_UNKNOWN, name, NULL);
	ctx->candidates = ctx_alloc(ctx, ctx->candidate_count * sizeof(*ctx->candidates));
	if (!ctx->candidates) {
		ctx->candidate_count = 0;
		return libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	}
	code = adapt_wanted(ctx, opts, name, f);
	return code ? code : open_candidates(ctx, opts, !strcmp(name, "auto"), f);
}

static void close_candidates(struct libiommu_ctx *ctx, uint32_t flags)
{
	for (size_t i = 0; i < ctx->candidate_count; i++) {
		struct candidate *c = &ctx->candidates[i];

		if (c->open)
			dispatch_close(ctx, c, flags);
		ctx_release(ctx, c->priv, c->table.ctx_size);
		libiommu_error_free(c->rejection);
	}
	ctx_release(ctx, ctx->candidates, ctx->candidate_count * sizeof(*ctx->candidates));
}

static int make_locks(struct libiommu_ctx *ctx, struct libiommu_failure *f)
{
	if (pthread_mutex_init(&ctx->lock, NULL))
		return libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	if (pthread_cond_init(&ctx->turn, NULL)) {
		pthread_mutex_destroy(&ctx->lock);
		return libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	}
	if (reclaim_init(&ctx->reclaim, node_free, ctx)) {
		pthread_cond_destroy(&ctx->turn);
		pthread_mutex_destroy(&ctx->lock);
		return libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	}
	return 0;
}

static void drop_locks(struct libiommu_ctx *ctx)
{
	reclaim_destroy(&ctx->reclaim);
	pthread_cond_destroy(&ctx->turn);
	pthread_mutex_destroy(&ctx->lock);
}

static void take_options(struct libiommu_ctx *ctx, const struct libiommu_ctx_options *opts)
{
	ctx->sys = opts->sys ? *opts->sys : *libiommu_sys_default();
	ctx->page = (uint64_t)sysconf(_SC_PAGESIZE);
	ctx->log = opts->log;
	ctx->log_data = opts->log_data;
	ctx->log_level = opts->log_level;
	if (opts->passed) {
		ctx->passed = *opts->passed;
		ctx->passed.size = sizeof(ctx->passed);
	}
}

static int start(struct libiommu_ctx *ctx, const struct libiommu_ctx_options *opts,
		 struct libiommu_failure *f)
{
	int code;

	if (opts->config) {
		ctx->config = ctx_strdup(ctx, opts->config);
		if (!ctx->config)
			return libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	}
	code = make_fork_guard(ctx, f);
	if (!code)
		code = choose_backends(ctx, opts, f);
	if (code) {
		close_candidates(ctx, 0);
		drop_fork_guard(ctx);
		ctx_strfree(ctx, ctx->config);
	}
	return code;
}

static int new_ctx(const struct libiommu_ctx_options *opts, const struct plugin *plugin,
		   struct libiommu_ctx **out, struct libiommu_failure *f)
{
	const struct libiommu_allocator *allocator =
		opts->allocator ? opts->allocator : libiommu_allocator_default();
	struct libiommu_ctx *ctx;
	int code;

	if ((opts->sys && opts->sys->size < sizeof(*opts->sys)) ||
	    allocator->size < sizeof(*allocator))
		return libiommu_refuse(f, LIBIOMMU_REASON_BAD_OPTIONS, NULL,
				       "A table of hooks is too short.");
	ctx = allocator->alloc(allocator->data, sizeof(*ctx), _Alignof(max_align_t));
	if (!ctx)
		return libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	ctx->allocator = *allocator;
	ctx->plugin = *plugin;
	take_options(ctx, opts);
	code = make_locks(ctx, f);
	if (!code) {
		code = start(ctx, opts, f);
		if (code)
			drop_locks(ctx);
	}
	if (code) {
		allocator->free(allocator->data, ctx, sizeof(*ctx));
		return code;
	}
	*out = ctx;
	return 0;
}

int libiommu_ctx_new(const struct libiommu_ctx_options *opts, struct libiommu_ctx **out,
		     struct libiommu_error **err)
{
	static const struct libiommu_ctx_options defaults = LIBIOMMU_CTX_OPTIONS_INIT;
	struct plugin plugin = { NULL, NULL };
	struct libiommu_failure f;
	int code = 0;

	libiommu_error_clear(err);
	libiommu_failure_init(&f);
	if (!out)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	else if (opts)
		code = options_check(opts, sizeof(*opts), &f);
	if (!code && opts && opts->passed)
		code = options_check(opts->passed, sizeof(*opts->passed), &f);
	if (!code && opts && opts->plugin)
		code = plugin_load(opts->plugin, &plugin, &f);
	if (!code)
		code = new_ctx(opts ? opts : &defaults, &plugin, out, &f);
	ctx_raise(NULL, err, code, &f);
	/* Last, since the failure may point into it. */
	if (code)
		plugin_unload(&plugin);
	return code;
}

/* Devices first: nothing may run DMA while its memory is taken away. */
void libiommu_ctx_free(struct libiommu_ctx *ctx)
{
	struct libiommu_allocator allocator;
	struct plugin plugin;
	uint32_t flags;

	if (!ctx)
		return;
	flags = ctx_forked(ctx) ? LIBIOMMU_CLOSE_FORKED : 0;
	while (ctx->devices)
		device_destroy(ctx->devices, flags);
	while (ctx->domains)
		domain_destroy(ctx->domains, flags);
	while (ctx->queues)
		queue_destroy(ctx->queues, flags);
	claim_destroy_all(ctx, flags);
	reader_destroy_all(ctx);
	group_destroy_all(ctx);
	close_candidates(ctx, flags);
	if (flags & LIBIOMMU_CLOSE_FORKED)
		reclaim_abandon(&ctx->reclaim);
	else
		drop_locks(ctx);
	drop_fork_guard(ctx);
	ctx_strfree(ctx, ctx->config);
	allocator = ctx->allocator;
	plugin = ctx->plugin;
	allocator.free(allocator.data, ctx, sizeof(*ctx));
	/* What its file does at its end is the parent's to see, not a child's. */
	if (!(flags & LIBIOMMU_CLOSE_FORKED))
		plugin_unload(&plugin);
}

const char *libiommu_ctx_backend(const struct libiommu_ctx *ctx)
{
	const struct candidate *c;

	if (!ctx)
		return NULL;
	c = atomic_load(&((struct libiommu_ctx *)(uintptr_t)ctx)->backend);
	return c ? c->table.name : NULL;
}

const struct libiommu_error *libiommu_ctx_rejection(const struct libiommu_ctx *ctx, size_t index,
						    const char **backend)
{
	if (!ctx)
		return NULL;
	for (size_t i = 0; i < ctx->candidate_count; i++) {
		if (!ctx->candidates[i].rejection || index--)
			continue;
		if (backend)
			*backend = ctx->candidates[i].table.name;
		return ctx->candidates[i].rejection;
	}
	return NULL;
}

int libiommu_ctx_synchronize(struct libiommu_ctx *ctx, struct libiommu_error **err)
{
	struct libiommu_failure f;
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (!code)
		reclaim_synchronize(&ctx->reclaim);
	return ctx_raise(ctx, err, code, &f);
}

void *libiommu_backend_ctx(const struct libiommu_ctx *ctx, const char *backend)
{
	const struct candidate *c;

	if (!ctx || !backend || ctx_forked(ctx))
		return NULL;
	c = atomic_load(&((struct libiommu_ctx *)(uintptr_t)ctx)->backend);
	return c && !strcmp(c->table.name, backend) ? c->priv : NULL;
}
