/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/object.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Lookups take no lock and allocate nothing. */

static int begin(struct libiommu_domain *dom, struct libiommu_reader *reader,
		 const struct libiommu_mapping *out, bool out_needed, struct reclaim_guard *guard)
{
	if (!dom || (out_needed && !out) || (out && out->size < sizeof(*out)))
		return -EINVAL;
	if (ctx_forked(dom->ctx))
		return -ECHILD;
	if (reader && reader->ctx != dom->ctx)
		return -EXDEV;
	*guard = reclaim_enter(&dom->ctx->reclaim, reader ? &reader->slot : NULL);
	return 0;
}

/* All fields but the state are fixed once a node can be seen. */
static void report(const struct ledger_node *node, struct libiommu_mapping *out)
{
	out->iova = node->iova;
	out->length = node->last - node->iova + 1;
	out->prot = node->prot;
	out->source.kind =
		node->space == LEDGER_SPACE_MEMORY ? LIBIOMMU_SOURCE_MEMORY : LIBIOMMU_SOURCE_FILE;
	out->source.fd = -1;
	out->source.start = node->source;
}

/* The node of the last hit, when nothing has been removed from the domain since. */
static struct ledger_node *cached(const struct libiommu_domain *dom,
				  const struct libiommu_reader *reader, uint64_t iova)
{
	if (!reader || reader->domain != dom->id ||
	    reader->removals !=
		    atomic_load(&((struct libiommu_domain *)(uintptr_t)dom)->ledger.removals))
		return NULL;
	if (iova < reader->node->iova || iova > reader->node->last)
		return NULL;
	return reader->node;
}

static void remember(struct libiommu_domain *dom, struct libiommu_reader *reader, uint64_t removals,
		     struct ledger_node *node)
{
	if (!reader)
		return;
	reader->domain = dom->id;
	reader->removals = removals;
	reader->node = node;
}

int libiommu_domain_find(struct libiommu_domain *dom, struct libiommu_reader *reader, uint64_t iova,
			 struct libiommu_mapping *out)
{
	struct reclaim_guard guard;
	struct ledger_node *node;
	int code = begin(dom, reader, out, true, &guard);

	if (code)
		return code;
	node = cached(dom, reader, iova);
	if (!node) {
		uint64_t removals = atomic_load(&dom->ledger.removals);

		node = ledger_at_or_above(&dom->ledger, iova);
		if (node && node->iova <= iova)
			remember(dom, reader, removals, node);
	}
	if (node && node->iova <= iova && ledger_state(node) == LEDGER_LIVE)
		report(node, out);
	else
		code = -ENOENT;
	reclaim_leave(guard);
	return code;
}

int libiommu_domain_next(struct libiommu_domain *dom, struct libiommu_reader *reader, uint64_t from,
			 struct libiommu_mapping *out)
{
	struct reclaim_guard guard;
	struct ledger_node *node;
	int code = begin(dom, reader, out, true, &guard);

	if (code)
		return code;
	node = ledger_at_or_above(&dom->ledger, from);
	while (node && ledger_state(node) != LEDGER_LIVE)
		node = ledger_next(node);
	if (node)
		report(node, out);
	else
		code = -ENOENT;
	reclaim_leave(guard);
	return code;
}

int libiommu_domain_find_source(struct libiommu_domain *dom, struct libiommu_reader *reader,
				struct libiommu_source source, uint64_t from, uint64_t *iova,
				struct libiommu_mapping *out)
{
	struct reclaim_guard guard;
	struct ledger_node *node;
	uint64_t found = 0;
	uint32_t space;
	int code;

	code = begin(dom, reader, out, false, &guard);
	if (code)
		return code;
	code = source_space(dom, source, &space);
	node = code ? NULL
		    : ledger_source_find(&dom->ledger.sources, space, source.start, from, &found);
	if (!code && !node)
		code = -ENOENT;
	if (!code && iova)
		*iova = found;
	if (!code && out)
		report(node, out);
	reclaim_leave(guard);
	return code;
}

size_t libiommu_domain_mapping_count(const struct libiommu_domain *dom)
{
	return dom ? atomic_load(&((struct libiommu_domain *)(uintptr_t)dom)->ledger.live) : 0;
}

static void format(const struct libiommu_mapping *m, char *line, size_t size)
{
	const char *kind = m->source.kind == LIBIOMMU_SOURCE_MEMORY ? "memory" : "file";

	snprintf(line, size, "0x%016" PRIx64 "-0x%016" PRIx64 " %c%c %s 0x%016" PRIx64, m->iova,
		 m->iova + m->length - 1, m->prot & LIBIOMMU_PROT_READ ? 'r' : '-',
		 m->prot & LIBIOMMU_PROT_WRITE ? 'w' : '-', kind, m->source.start);
}

int libiommu_domain_dump(struct libiommu_domain *dom, libiommu_line_fn line, void *data,
			 struct libiommu_error **err)
{
	struct libiommu_mapping m = LIBIOMMU_MAPPING_INIT;
	struct libiommu_ctx *ctx = dom ? dom->ctx : NULL;
	struct libiommu_failure f;
	uint64_t from = 0;
	char text[96];
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (!code && !line)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (code)
		return ctx_raise(ctx, err, code, &f);
	while (!libiommu_domain_next(dom, NULL, from, &m)) {
		format(&m, text, sizeof(text));
		code = line(data, text);
		from = m.iova + m.length;
		if (code || !from)
			break;
	}
	return code;
}
