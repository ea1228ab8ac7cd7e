/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A backend that stands in front of a built-in one, hands every call on, and writes it down.
 * Its config is "record trace=FILE inner=NAME; TEXT", where TEXT is the inner backend's.
 */
#include "record.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

/* Numbers of contexts, so that those of one process can share a file. */
static _Atomic unsigned int contexts;

void *record_alloc(const struct record *r, size_t length, struct libiommu_failure *f)
{
	const struct libiommu_allocator *memory = r->env->allocator;
	void *made = memory->alloc(memory->data, length, _Alignof(max_align_t));

	if (!made)
		libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	return made;
}

void record_free(const struct record *r, void *block, size_t length)
{
	if (block)
		r->env->allocator->free(r->env->allocator->data, block, length);
}

/* A trace with a hole in it is of no use, so the first failure to write is the end of it. */
void record_write(struct record *r, struct trace_text *t)
{
	if (!r->broken && !trace_write(t, r->file))
		r->broken = true;
}

struct names {
	char file[256];
	char inner[32];
	const char *rest; /* NULL: none */
};

static int refuse_config(struct libiommu_failure *f, const char *why)
{
	return libiommu_refuse(f, LIBIOMMU_REASON_CONFIG_SYNTAX, "record",
			       "%s Wanted: record trace=FILE inner=NAME; TEXT", why);
}

/* The value of a word "key=value" of some length, when it is one and has room. */
static bool take(const char *word, size_t length, const char *key, char *out, size_t room)
{
	size_t skip = strlen(key);

	if (length <= skip || strncmp(word, key, skip) || length - skip >= room || *out)
		return false;
	memcpy(out, word + skip, length - skip);
	out[length - skip] = '\0';
	return true;
}

static int read_config(const char *config, struct names *out, struct libiommu_failure *f)
{
	static const char blank[] = " \t\n";
	const char *at = config ? config : "";
	bool first = true;

	memset(out, 0, sizeof(*out));
	for (at += strspn(at, blank); *at && *at != ';'; at += strspn(at, blank)) {
		size_t length = strcspn(at, " \t\n;");
		bool known =
			first ? length == 6 && !strncmp(at, "record", 6)
			      : take(at, length, "trace=", out->file, sizeof(out->file)) ||
					take(at, length, "inner=", out->inner, sizeof(out->inner));

		if (!known)
			return refuse_config(f, "There is a word that is not expected.");
		first = false;
		at += length;
	}
	if (!out->file[0] || !out->inner[0])
		return refuse_config(f, "Something is missing.");
	out->rest = *at && at[1] ? at + 1 : NULL;
	return 0;
}

/* What a replay has to know first. */
static void write_head(struct record *r, const struct names *names)
{
	const char *at = names->rest;
	struct trace_text t;

	trace_start(&t, r->number, "trace");
	trace_add(&t, " version=%u", TRACE_VERSION);
	trace_quote(&t, "inner", names->inner);
	trace_add(&t, " object=0x%" PRIxPTR, (uintptr_t)r->env->object);
	record_write(r, &t);
	while (at) {
		char line[1024];
		size_t length = strcspn(at, "\n");
		bool whole = length < sizeof(line);

		memcpy(line, at, whole ? length : sizeof(line) - 1);
		line[whole ? length : sizeof(line) - 1] = '\0';
		trace_start(&t, r->number, "config");
		trace_quote(&t, "text", line);
		t.cut |= !whole;
		record_write(r, &t);
		at = at[length] ? at + length + 1 : NULL;
	}
}

static int open_inner(struct record *r, const struct names *names, struct libiommu_failure *f)
{
	size_t known = r->env->size < sizeof(r->inner_env) ? r->env->size : sizeof(r->inner_env);
	bool has_flags = known >= offsetof(struct libiommu_backend_env, flags) + sizeof(uint32_t *);
	struct trace_text t;
	int code;

	memcpy(&r->inner_env, r->env, known);
	r->inner_env.size = known;
	r->inner_env.config = names->rest;
	r->inner_flags = r->inner->flags;
	r->inner_env.flags = &r->inner_flags;
	if (r->inner->ctx_size) {
		r->data = record_alloc(r, r->inner->ctx_size, f);
		if (!r->data)
			return libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	}
	write_head(r, names);
	code = r->inner->open(r->data, &r->inner_env, f);
	if (!code && has_flags && r->env->flags)
		*r->env->flags &= r->inner_flags;
	trace_start(&t, r->number, "open");
	trace_result(&t, code, f);
	record_write(r, &t);
	return code;
}

static int start(struct record *r, const struct names *names, struct libiommu_failure *f)
{
	const struct libiommu_backend *table = libiommu_backend_builtin(names->inner);
	int code;

	if (!table)
		return libiommu_refuse(f, LIBIOMMU_REASON_BACKEND_UNKNOWN, names->inner, NULL);
	code = libiommu_backend_complete(r->env, table, &r->inner, f);
	if (code)
		return code;
	/* What the trace needs of the system is not the program's to replace: no env->sys. */
	r->file = open(names->file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
	if (r->file < 0)
		return libiommu_refuse_kernel(f, -errno, "open", names->file);
	code = open_inner(r, names, f);
	if (code)
		close(r->file);
	return code;
}

static int record_open(void *ctx, const struct libiommu_backend_env *env,
		       struct libiommu_failure *f)
{
	struct record *r = ctx;
	struct names names;
	int code;

	r->env = env;
	code = read_config(env->config, &names, f);
	if (code)
		return code;
	r->number = ++contexts;
	pthread_mutex_init(&r->lock, NULL);
	code = start(r, &names, f);
	if (code) {
		pthread_mutex_destroy(&r->lock);
		if (r->inner)
			record_free(r, r->data, r->inner->ctx_size);
		libiommu_backend_complete_free(env, r->inner);
	}
	return code;
}

/* A child has the parent's file, and writes nothing into it. */
static void record_close(void *ctx, uint32_t flags)
{
	struct record *r = ctx;
	struct trace_text t;

	r->inner->close(r->data, flags);
	if (!(flags & LIBIOMMU_CLOSE_FORKED)) {
		trace_start(&t, r->number, "close");
		trace_result(&t, 0, NULL);
		record_write(r, &t);
		pthread_mutex_destroy(&r->lock);
	}
	close(r->file);
	record_free(r, r->data, r->inner->ctx_size);
	libiommu_backend_complete_free(r->env, r->inner);
}

static int record_group_ids(void *ctx, struct libiommu_id_builder *ids, struct libiommu_failure *f)
{
	struct record *r = ctx;
	int code = r->inner->group_ids(r->data, ids, f);
	struct trace_text t;

	trace_start(&t, r->number, "group_ids");
	trace_result(&t, code, f);
	record_write(r, &t);
	return code;
}

static int record_group_read(void *ctx, uint32_t id, struct libiommu_group_builder *group,
			     struct libiommu_failure *f)
{
	struct record *r = ctx;
	int code = r->inner->group_read(r->data, id, group, f);
	struct trace_text t;

	trace_start(&t, r->number, "group_read");
	trace_add(&t, " group=%" PRIu32, id);
	trace_result(&t, code, f);
	record_write(r, &t);
	return code;
}

static int record_group_of(void *ctx, const char *device, uint32_t *id, struct libiommu_failure *f)
{
	struct record *r = ctx;
	int code = r->inner->group_of(r->data, device, id, f);
	struct trace_text t;

	trace_start(&t, r->number, "group_of");
	trace_quote(&t, "name", device);
	trace_result(&t, code, f);
	if (!code)
		trace_add(&t, " group=%" PRIu32, *id);
	record_write(r, &t);
	return code;
}

static int record_domain_new(void *ctx, void *domain, enum libiommu_domain_type type,
			     struct libiommu_failure *f)
{
	struct record_domain *dom = domain;
	struct trace_text t;
	int code = record_domain_begin(ctx, dom, f);

	if (code)
		return code;
	code = dom->record->inner->domain_new(dom->record->data, dom->data, type, f);
	trace_start(&t, dom->record->number, "domain_new");
	trace_add(&t, " domain=%u", dom->number);
	trace_named(&t, "type", TRACE_TYPE, (unsigned int)type);
	trace_result(&t, code, f);
	record_write(dom->record, &t);
	if (code)
		record_free(dom->record, dom->data, dom->record->inner->domain_size);
	return code;
}

/* A SHARED domain's table is another agent's, and no part of the trace. */
static int record_domain_new_with(void *ctx, void *domain,
				  const struct libiommu_backend_wishes *wishes,
				  struct libiommu_failure *f)
{
	const struct record_queue *queue = wishes->faults;
	struct libiommu_backend_wishes inner = *wishes;
	struct record_domain *dom = domain;
	struct record *r = ctx;
	struct trace_text t;
	int code = record_domain_begin(r, dom, f);

	if (code)
		return code;
	inner.faults = queue ? queue->data : NULL;
	code = r->inner->domain_new_with(r->data, dom->data, &inner, f);
	trace_start(&t, r->number, "domain_new_with");
	trace_add(&t, " domain=%u", dom->number);
	trace_named(&t, "type", TRACE_TYPE, (unsigned int)wishes->type);
	trace_add(&t, " pasid=%d parent=%d queue=%u", wishes->pasid, wishes->nest_parent,
		  queue ? queue->number : 0);
	trace_result(&t, code, f);
	record_write(r, &t);
	if (code)
		record_free(r, dom->data, r->inner->domain_size);
	return code;
}

static void record_domain_free(void *domain, uint32_t flags)
{
	struct record_domain *dom = domain;
	struct record *r = dom->record;
	struct trace_text t;

	r->inner->domain_free(dom->data, flags);
	record_free(r, dom->data, r->inner->domain_size);
	if (flags & LIBIOMMU_CLOSE_FORKED)
		return;
	trace_start(&t, r->number, "domain_free");
	trace_add(&t, " domain=%u", dom->number);
	trace_result(&t, 0, NULL);
	record_write(r, &t);
}

static int record_map(void *domain, const struct libiommu_backend_map *map,
		      struct libiommu_failure *f)
{
	struct record_domain *dom = domain;
	int code = dom->record->inner->map(dom->data, map, f);
	struct trace_text t;

	trace_start(&t, dom->record->number, "map");
	trace_add(&t, " domain=%u iova=0x%" PRIx64 " length=0x%" PRIx64, dom->number, map->iova,
		  map->length);
	trace_named(&t, "prot", TRACE_PROT, map->prot);
	if (map->fd < 0)
		trace_add(&t, " memory=0x%" PRIxPTR, (uintptr_t)map->memory);
	else
		trace_add(&t, " file=%d offset=0x%" PRIx64, map->fd, map->offset);
	trace_result(&t, code, f);
	record_write(dom->record, &t);
	return code;
}

static int record_unmap(void *domain, const struct libiommu_backend_map *maps, size_t count,
			size_t *done, struct libiommu_failure *f)
{
	struct record_domain *dom = domain;
	int code = dom->record->inner->unmap(dom->data, maps, count, done, f);
	struct trace_text t;

	trace_start(&t, dom->record->number, "unmap");
	trace_add(&t, " domain=%u iova=0x%" PRIx64 " count=%zu", dom->number, maps->iova, count);
	trace_result(&t, code, f);
	trace_add(&t, " done=%zu", *done);
	record_write(dom->record, &t);
	return code;
}

static const struct libiommu_backend record_backend = {
	.struct_size = sizeof(record_backend),
	.abi = LIBIOMMU_BACKEND_ABI,
	/* What the inner backend has not is taken away in open. */
	.flags = LIBIOMMU_BACKEND_REPLAY | LIBIOMMU_BACKEND_FILES,
	.name = "record",
	.ctx_size = sizeof(struct record),
	.device_size = sizeof(struct record_device),
	.domain_size = sizeof(struct record_domain),
	.open = record_open,
	.close = record_close,
	.group_ids = record_group_ids,
	.group_read = record_group_read,
	.group_of = record_group_of,
	.device_open = record_device_open,
	.device_close = record_device_close,
	.device_cap = record_device_cap,
	.device_ranges = record_device_ranges,
	.domain_new = record_domain_new,
	.domain_free = record_domain_free,
	.attach = record_attach,
	.detach = record_detach,
	.replace = record_replace,
	.map = record_map,
	.unmap = record_unmap,
	.regions = &record_regions,
	.handover = &record_handover,
	.domain_new_with = record_domain_new_with,
	.pasids = &record_pasids,
	.nesting = &record_nesting,
	.faults = &record_faults,
	.claims = &record_claims,
};

LIBIOMMU_BACKEND_PLUGIN(record_backend)
