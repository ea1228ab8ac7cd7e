/* SPDX-License-Identifier: BSD-2-Clause */
#include "call.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Objects that a call is about. */
#define DEVICE 1u
#define DOMAIN 2u

const char call_wrong[] = "an argument is missing, or is no number";

const char *call_result(struct call *c, int code)
{
	trace_result(c->out, code, &c->f);
	return NULL;
}

static const char *call_trace(struct call *c)
{
	const char *inner = trace_string(c->line, "inner");
	uint64_t version;

	NUMBER(c, "version", version);
	NUMBER(c, "object", c->ctx->object);
	if (version != TRACE_VERSION)
		return "the trace is of another version";
	return inner ? NULL : call_wrong;
}

static const char *call_config(struct call *c)
{
	const char *text = trace_string(c->line, "text");
	size_t had = c->ctx->config ? strlen(c->ctx->config) : 0;
	char *longer;

	if (!text)
		return call_wrong;
	longer = realloc(c->ctx->config, had + strlen(text) + 2);
	if (!longer)
		return "there is no memory";
	c->ctx->config = longer;
	strcpy(longer + had, text);
	strcat(longer + had, "\n");
	return NULL;
}

static const char *call_open(struct call *c)
{
	return call_result(c, world_ctx_open(c->world, c->ctx, &c->f));
}

static const char *call_close(struct call *c)
{
	if (c->ctx->devices || c->ctx->domains || c->ctx->claims || c->ctx->queues)
		return "something of the context is still there";
	world_ctx_free(c->world, c->ctx);
	return call_result(c, 0);
}

/* Builders are the core's; so groups are asked for through it, on the same machine. */
static const char *ask_groups(struct call *c)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;

	opts.backend = "mock";
	opts.backend_object = c->ctx->env.object;
	return c->ctx->groups || !libiommu_ctx_new(&opts, &c->ctx->groups, NULL)
		       ? NULL
		       : "groups cannot be asked for";
}

static void group_result(struct call *c, int ret, struct libiommu_error *err)
{
	if (ret)
		libiommu_refuse(&c->f, libiommu_error_reason(err), libiommu_error_subject(err),
				NULL);
	libiommu_error_free(err);
	trace_result(c->out, ret, &c->f);
}

static const char *call_group_ids(struct call *c)
{
	static uint32_t ids[65536];
	size_t count = sizeof(ids) / sizeof(ids[0]);
	struct libiommu_error *err = NULL;
	const char *why = ask_groups(c);

	int ret;

	if (why)
		return why;
	ret = libiommu_group_ids(c->ctx->groups, ids, &count, &err);
	group_result(c, ret, err);
	return NULL;
}

static const char *call_group_read(struct call *c)
{
	struct libiommu_group *group = NULL;
	struct libiommu_error *err = NULL;
	const char *why = ask_groups(c);
	uint64_t id;
	int ret;

	NUMBER(c, "group", id);
	if (why)
		return why;
	ret = libiommu_group_get(c->ctx->groups, (uint32_t)id, &group, &err);
	group_result(c, ret, err);
	libiommu_group_unref(group);
	return NULL;
}

static const char *call_group_of(struct call *c)
{
	const char *why = ask_groups(c), *name = trace_string(c->line, "name");
	struct libiommu_group *group = NULL;
	struct libiommu_error *err = NULL;
	int ret;

	if (!name)
		return call_wrong;
	if (why)
		return why;
	ret = libiommu_group_of(c->ctx->groups, name, &group, &err);
	group_result(c, ret, err);
	if (group)
		trace_add(c->out, " group=%" PRIu32, libiommu_group_id(group));
	libiommu_group_unref(group);
	return NULL;
}

static const char *call_descriptors(struct call *c)
{
	(void)c;
	return "it needs descriptors, which no trace brings along";
}

static const struct {
	const char *name;
	const char *(*make)(struct call *c);
	unsigned int needs;
} calls[] = {
	{ "trace", call_trace, 0 },
	{ "config", call_config, 0 },
	{ "open", call_open, 0 },
	{ "close", call_close, 0 },
	{ "group_ids", call_group_ids, 0 },
	{ "group_read", call_group_read, 0 },
	{ "group_of", call_group_of, 0 },
	{ "claim", call_claim, 0 },
	{ "release", call_release, 0 },
	{ "device_open", call_device_open, 0 },
	{ "device_close", call_device_close, DEVICE },
	{ "device_cap", call_device_cap, DEVICE },
	{ "device_ranges", call_device_ranges, DEVICE },
	{ "domain_new", call_domain_new, 0 },
	{ "domain_new_with", call_domain_new_with, 0 },
	{ "nested_new", call_nested_new, DEVICE },
	{ "domain_free", call_domain_free, DOMAIN },
	{ "attach", call_attach, DEVICE | DOMAIN },
	{ "detach", call_detach, DEVICE | DOMAIN },
	{ "replace", call_replace, 0 },
	{ "map", call_map, DOMAIN },
	{ "unmap", call_unmap, DOMAIN },
	{ "region_open", call_region_open, DEVICE },
	{ "region_read", call_region_read, DEVICE },
	{ "region_write", call_region_write, DEVICE },
	{ "region_map", call_region_map, DEVICE },
	{ "region_unmap", call_region_unmap, DEVICE },
	{ "interrupt_count", call_interrupt_count, DEVICE },
	{ "interrupt_set", call_interrupt_set, DEVICE },
	{ "interrupt_unmask", call_interrupt_unmask, DEVICE },
	{ "reset", call_reset, DEVICE },
	{ "domain_native", call_domain_native, DOMAIN },
	{ "kvm_fd", call_kvm_fd, DEVICE },
	{ "hot_reset_fds", call_hot_reset_fds, DEVICE },
	{ "pasid_width", call_pasid_width, DEVICE },
	{ "pasid_attach", call_pasid_attach, DEVICE | DOMAIN },
	{ "pasid_detach", call_pasid_detach, DEVICE | DOMAIN },
	{ "pasid_replace", call_pasid_replace, DEVICE },
	{ "hw_info", call_hw_info, DEVICE },
	{ "invalidate", call_invalidate, DOMAIN },
	{ "invalidate_raw", call_invalidate_raw, DOMAIN },
	{ "queue_new", call_queue_new, 0 },
	{ "queue_free", call_queue_free, 0 },
	{ "queue_next", call_queue_next, 0 },
	{ "queue_respond", call_queue_respond, 0 },
	{ "queue_overflows", call_queue_overflows, 0 },
	{ "device_open_with", call_descriptors, 0 },
	{ "domain_adopt", call_descriptors, 0 },
};

static const char *find_objects(struct call *c, unsigned int needs)
{
	uint64_t number;

	if (needs & DEVICE) {
		NUMBER(c, "device", number);
		c->dev = world_device_find(c->ctx, number);
		if (!c->dev)
			return "there is no such device";
	}
	if (needs & DOMAIN) {
		NUMBER(c, "domain", number);
		c->dom = world_domain_find(c->ctx, number);
		if (!c->dom)
			return "there is no such domain";
	}
	return NULL;
}

/* "trace" begins a context, "config" and "open" are for one that is not open yet. */
static const char *find_context(struct call *c)
{
	const char *call = c->line->call;
	bool early = !strcmp(call, "config") || !strcmp(call, "open");

	c->ctx = world_ctx_find(c->world, c->line->context);
	if (!strcmp(call, "trace")) {
		if (c->ctx && c->ctx->open)
			return "there is such a context";
		if (c->ctx)
			world_ctx_free(c->world, c->ctx);
		c->ctx = world_ctx_new(c->world, c->line->context);
		return c->ctx ? NULL : "there is no memory";
	}
	if (!c->ctx)
		return "there is no such context";
	return c->ctx->open == early ? "the context is not open, or is already" : NULL;
}

const char *calls_replay(struct world *w, const struct trace_line *line, struct trace_text *out)
{
	struct call c = { .world = w, .line = line, .out = out };
	const char *why;

	out->used = 0;
	out->cut = false;
	out->text[0] = '\0';
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		if (strcmp(calls[i].name, line->call))
			continue;
		why = find_context(&c);
		if (!why)
			why = find_objects(&c, calls[i].needs);
		return why ? why : calls[i].make(&c);
	}
	return "there is no such call";
}

/* A device has asked for pages, or was refused them; no trace makes it ask again. */
static bool deed_of_device(const struct trace_line *line)
{
	const char *result = line->result ? line->result : "";

	if (!strcmp(line->call, "queue_respond"))
		return !strcmp(result, "-> ok");
	if (!strcmp(line->call, "queue_next") || !strcmp(line->call, "queue_overflows"))
		return strcmp(result, "-> ok count=0") != 0;
	return false;
}

bool calls_outside(const struct trace_line *line)
{
	static const char *const reasons[] = { "no-memory",      "bad-memory", "bad-fd",
					       "kernel-refused", "fd-limit",   "without-reason" };
	static const char refused[] = "-> refused ";
	const char *reason = line->result;

	if (deed_of_device(line))
		return true;
	if (!reason || strncmp(reason, refused, sizeof(refused) - 1))
		return false;
	reason += sizeof(refused) - 1;
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
		size_t length = strlen(reasons[i]);

		if (!strncmp(reason, reasons[i], length) &&
		    (!reason[length] || reason[length] == ' '))
			return true;
	}
	return false;
}
