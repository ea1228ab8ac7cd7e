/* SPDX-License-Identifier: BSD-2-Clause */
/* Stages 1, invalidations, and what the hardware says about itself. */
#include "call.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define COMMANDS 512 /* more than a line has room for */

const char *call_hw_info(struct call *c)
{
	struct libiommu_hw_info info = LIBIOMMU_HW_INFO_INIT;
	int code = c->ctx->table->nesting->hw_info(c->dev->data, &info, &c->f);

	trace_result(c->out, code, &c->f);
	if (!code) {
		trace_add(c->out, " type=%u length=%zu", (unsigned int)info.type, info.length);
		trace_bytes(c->out, "data", &info.data,
			    info.length < sizeof(info.data) ? info.length : sizeof(info.data));
	}
	return NULL;
}

/* Backends rely on the length of the types that are in the header. */
static bool length_fits(uint64_t type, size_t length)
{
	switch (type) {
	case LIBIOMMU_STAGE1_VTD:
		return length == sizeof(struct libiommu_stage1_vtd);
	case LIBIOMMU_STAGE1_SMMUV3:
		return length == sizeof(struct libiommu_stage1_smmuv3);
	case LIBIOMMU_STAGE1_AMD:
		return length == sizeof(struct libiommu_stage1_amd);
	case LIBIOMMU_STAGE1_RISCV:
		return length == sizeof(struct libiommu_stage1_riscv);
	case LIBIOMMU_STAGE1_SELFTEST:
		return length == sizeof(struct libiommu_stage1_selftest);
	default:
		return length > 0;
	}
}

static const char *make(struct call *c, uint64_t number, struct world_domain *parent,
			const struct libiommu_nested_options *opts, struct world_queue *queue)
{
	struct libiommu_geometry geometry = { 0 };
	struct libiommu_backend_attach attach;
	const char *why = call_maps(c, parent, false, &attach);
	struct world_domain *dom;
	int code;

	if (why)
		return why;
	dom = world_domain_new(c->ctx, number);
	if (!dom) {
		free((void *)(uintptr_t)attach.maps);
		return "there is no memory";
	}
	dom->type = LIBIOMMU_DOMAIN_NESTED;
	dom->pasid = opts->pasid;
	code = c->ctx->table->nesting->domain_new(c->dev->data, parent->data, dom->data, opts,
						  queue ? queue->data : NULL, &attach, &geometry,
						  &c->f);
	free((void *)(uintptr_t)attach.maps);
	trace_result(c->out, code, &c->f);
	if (code) {
		world_domain_free(c->ctx, dom);
	} else {
		trace_geometry(c->out, "", &geometry);
		world_domain_join(dom, parent, queue);
		world_domain_set(c->ctx, parent, &geometry);
	}
	libiommu_geometry_clear(&c->ctx->env, &geometry);
	return NULL;
}

const char *call_nested_new(struct call *c)
{
	struct libiommu_nested_options opts = LIBIOMMU_NESTED_OPTIONS_INIT;
	_Alignas(max_align_t) unsigned char data[TRACE_LINE];
	uint64_t number, base, type, pasid;
	struct world_domain *parent;
	struct world_queue *queue;
	const char *why;

	NUMBER(c, "domain", number);
	NUMBER(c, "parent", base);
	NUMBER(c, "type", type);
	NUMBER(c, "pasid", pasid);
	if (!trace_take_bytes(c->line, "data", data, sizeof(data), &opts.data_length))
		return call_wrong;
	why = call_queue(c, &queue);
	if (why)
		return why;
	parent = world_domain_find(c->ctx, base);
	if (!parent || !parent->nest_parent)
		return "there is no such nest parent";
	if (!length_fits(type, opts.data_length))
		return "data of this type have another length";
	if (world_domain_find(c->ctx, number))
		return "there is such a domain";
	opts.type = (enum libiommu_stage1_type)type;
	opts.data = data;
	opts.pasid = pasid;
	return make(c, number, parent, &opts, queue);
}

/* "all", "pasid:7" or "0x1000-0x1fff", each perhaps with "/leaves". */
static bool read_command(const char *at, struct libiommu_invalidation *out, const char **end)
{
	char *stop = (char *)(uintptr_t)at;

	*out = (struct libiommu_invalidation){ .kind = LIBIOMMU_INVALIDATE_ALL };
	if (!strncmp(at, "all", 3)) {
		stop += 3;
	} else if (!strncmp(at, "pasid:", 6)) {
		out->kind = LIBIOMMU_INVALIDATE_PASID;
		out->pasid = (uint32_t)strtoul(at + 6, &stop, 10);
	} else {
		out->kind = LIBIOMMU_INVALIDATE_RANGE;
		out->range.start = strtoull(at, &stop, 0);
		if (*stop != '-')
			return false;
		out->range.last = strtoull(stop + 1, &stop, 0);
		if (out->range.last < out->range.start)
			return false;
	}
	if (!strncmp(stop, "/leaves", 7)) {
		out->flags = LIBIOMMU_INVALIDATE_LEAVES;
		stop += 7;
	}
	*end = *stop == ',' ? stop + 1 : stop;
	return stop != at && (!*stop || *stop == ',');
}

static bool has_invalidations(const struct world_domain *dom)
{
	return dom->type == LIBIOMMU_DOMAIN_NESTED || dom->type == LIBIOMMU_DOMAIN_SHARED;
}

const char *call_invalidate(struct call *c)
{
	struct libiommu_invalidation commands[COMMANDS];
	const char *at = trace_string(c->line, "commands");
	size_t count = 0, done = 0;
	int code;

	if (!has_invalidations(c->dom))
		return "nothing can be invalidated in such a domain";
	while (at && *at) {
		if (count == COMMANDS || !read_command(at, &commands[count++], &at))
			return call_wrong;
	}
	if (!count)
		return call_wrong;
	code = c->ctx->table->nesting->invalidate(c->dom->data, commands, count, &done, &c->f);
	trace_result(c->out, code, &c->f);
	trace_add(c->out, " done=%zu", code ? done : count);
	return NULL;
}

const char *call_invalidate_raw(struct call *c)
{
	_Alignas(max_align_t) unsigned char entries[TRACE_LINE];
	uint64_t type, width, count;
	size_t length, done = 0;
	int code;

	NUMBER(c, "type", type);
	NUMBER(c, "width", width);
	NUMBER(c, "count", count);
	if (!trace_take_bytes(c->line, "entries", entries, sizeof(entries), &length) ||
	    type > UINT32_MAX || width > TRACE_LINE || count > TRACE_LINE || (count && !width) ||
	    width * count != length)
		return call_wrong;
	if (!has_invalidations(c->dom))
		return "nothing can be invalidated in such a domain";
	code = c->ctx->table->nesting->invalidate_raw(
		c->dom->data, (uint32_t)type, count ? entries : NULL, width, count, &done, &c->f);
	trace_result(c->out, code, &c->f);
	trace_add(c->out, " done=%zu", code ? done : (size_t)count);
	return NULL;
}
