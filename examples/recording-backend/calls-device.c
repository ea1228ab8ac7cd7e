/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices, and what they are attached to. */
#include "call.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define DEVICES 64 /* that one replace moves */

const char *call_device_open(struct call *c)
{
	const char *name = trace_string(c->line, "name");
	struct world_device *dev;
	uint64_t number;
	int code;

	NUMBER(c, "device", number);
	if (!name)
		return call_wrong;
	if (world_device_find(c->ctx, number) || world_device_named(c->ctx, name))
		return "the device is open";
	dev = world_device_new(c->ctx, number, name);
	if (!dev)
		return "there is no memory";
	code = c->ctx->table->device_open(c->ctx->data, dev->data, name, &dev->group, &c->f);
	trace_result(c->out, code, &c->f);
	if (code)
		world_device_free(c->ctx, dev);
	else
		trace_add(c->out, " group=%" PRIu32, dev->group);
	return NULL;
}

const char *call_device_close(struct call *c)
{
	if (c->dev->domain || c->dev->pasids)
		return "the device is attached";
	c->ctx->table->device_close(c->dev->data, 0);
	world_device_free(c->ctx, c->dev);
	return call_result(c, 0);
}

const char *call_device_cap(struct call *c)
{
	struct libiommu_cap_answer answer = LIBIOMMU_CAP_ANSWER_INIT;
	const char *wanted = trace_string(c->line, "cap"), *name;
	unsigned int cap = 1;

	while ((name = libiommu_cap_name((enum libiommu_cap)cap)) && wanted && strcmp(name, wanted))
		cap++;
	if (!name || !wanted)
		return "there is no such capability";
	c->ctx->table->device_cap(c->dev->data, (enum libiommu_cap)cap, &answer);
	trace_answer(c->out, &answer);
	return NULL;
}

const char *call_device_ranges(struct call *c)
{
	struct libiommu_geometry geometry = { 0 };
	int code = c->ctx->table->device_ranges(c->dev->data, &geometry, &c->f);

	trace_result(c->out, code, &c->f);
	if (!code)
		trace_geometry(c->out, "", &geometry);
	libiommu_geometry_clear(&c->ctx->env, &geometry);
	return NULL;
}

const char *call_maps(struct call *c, struct world_domain *dom, bool first,
		      struct libiommu_backend_attach *out)
{
	struct world_domain *book = world_domain_book(dom);
	uint64_t maps;

	NUMBER(c, "maps", maps);
	if (maps && maps != book->map_count)
		return "so many mappings there are not";
	*out = (struct libiommu_backend_attach){ .size = sizeof(*out), .first = first };
	if (!maps)
		return NULL;
	out->maps = world_maps(book, NULL, book->map_count);
	out->map_count = book->map_count;
	return out->maps ? NULL : "there is no memory";
}

static const char *read_attach(struct call *c, struct world_domain *dom, bool first,
			       struct libiommu_backend_attach *out)
{
	uint64_t said_first;

	NUMBER(c, "first", said_first);
	if (said_first != first)
		return "it is not said truly whether it is the first";
	return call_maps(c, dom, first, out);
}

const char *call_attach(struct call *c)
{
	struct world_domain *group_has = c->dom;
	bool first = !world_companions(c->ctx, c->dev, &group_has);
	struct libiommu_geometry geometry = { 0 };
	struct libiommu_backend_attach attach;
	const char *why;
	int code;

	if (c->dev->domain || group_has != c->dom)
		return "the device or its group is attached";
	if (!world_pair_fits(c->ctx, c->dev, 0, c->dom))
		return "PASIDs of the group are attached, and the domain is for none";
	why = read_attach(c, c->dom, first, &attach);
	if (why)
		return why;
	code = c->ctx->table->attach(c->dev->data, c->dom->data, &attach, &geometry, &c->f);
	free((void *)(uintptr_t)attach.maps);
	trace_result(c->out, code, &c->f);
	if (!code) {
		trace_geometry(c->out, "", &geometry);
		c->dev->domain = c->dom;
		c->dom->attached++;
		world_domain_set(c->ctx, world_domain_book(c->dom), &geometry);
	}
	libiommu_geometry_clear(&c->ctx->env, &geometry);
	return NULL;
}

const char *call_detach(struct call *c)
{
	struct libiommu_geometry geometry = { 0 };
	bool last = !world_companions(c->ctx, c->dev, NULL);
	uint64_t said_last, flags;
	int code;

	NUMBER(c, "last", said_last);
	NUMBER(c, "flags", flags);
	if (c->dev->domain != c->dom || said_last != last)
		return "the device is not attached there, or not as the last one";
	code = c->ctx->table->detach(c->dev->data, c->dom->data, last, (uint32_t)flags, &geometry,
				     &c->f);
	trace_result(c->out, code, &c->f);
	if (!code) {
		trace_geometry(c->out, "", &geometry);
		c->dev->domain = NULL;
		c->dom->attached--;
		world_domain_left(c->ctx, c->dom, &geometry);
	}
	libiommu_geometry_clear(&c->ctx->env, &geometry);
	return NULL;
}

/* "1,2": all attached devices of one group. */
static const char *read_devices(struct call *c, struct world_domain *from,
				struct world_device **out, size_t *count)
{
	const char *at = trace_string(c->line, "devices");
	char *end;

	for (*count = 0; at && *at; at = *end == ',' ? end + 1 : end) {
		struct world_device *dev = world_device_find(c->ctx, strtoull(at, &end, 10));

		if (end == at || (*end && *end != ',') || *count == DEVICES)
			return call_wrong;
		if (!dev || dev->domain != from || (*count && dev->group != out[0]->group))
			return "a device is not of this group and domain";
		for (size_t i = 0; i < *count; i++) {
			if (out[i] == dev)
				return "a device is there twice";
		}
		out[(*count)++] = dev;
	}
	if (!*count || world_companions(c->ctx, out[0], NULL) != *count - 1)
		return "these are not all devices of the group";
	return NULL;
}

void call_moved(struct call *c, struct world_domain *from, struct world_domain *to,
		struct libiommu_geometry *from_geometry, struct libiommu_geometry *to_geometry)
{
	trace_geometry(c->out, "from-", from_geometry);
	trace_geometry(c->out, "to-", to_geometry);
	world_domain_set(c->ctx, world_domain_book(to), to_geometry);
	if (world_domain_book(from) != world_domain_book(to))
		world_domain_left(c->ctx, from, from_geometry);
}

static const char *do_replace(struct call *c, struct world_domain *from, struct world_domain *to,
			      struct world_device **devs, size_t count)
{
	struct libiommu_geometry from_geometry = { 0 }, to_geometry = { 0 };
	struct libiommu_backend_attach attach;
	const char *why = read_attach(c, to, true, &attach);
	void *data[DEVICES];
	int code;

	if (why)
		return why;
	for (size_t i = 0; i < count; i++)
		data[i] = devs[i]->data;
	code = c->ctx->table->replace(data, count, from->data, to->data, &attach, &from_geometry,
				      &to_geometry, &c->f);
	free((void *)(uintptr_t)attach.maps);
	trace_result(c->out, code, &c->f);
	if (!code) {
		for (size_t i = 0; i < count; i++)
			devs[i]->domain = to;
		from->attached -= (unsigned int)count;
		to->attached += (unsigned int)count;
		call_moved(c, from, to, &from_geometry, &to_geometry);
	}
	libiommu_geometry_clear(&c->ctx->env, &from_geometry);
	libiommu_geometry_clear(&c->ctx->env, &to_geometry);
	return NULL;
}

const char *call_replace(struct call *c)
{
	struct world_device *devs[DEVICES];
	struct world_domain *old, *new;
	uint64_t from, to;
	const char *why;
	size_t count;

	NUMBER(c, "from", from);
	NUMBER(c, "to", to);
	old = world_domain_find(c->ctx, from);
	new = world_domain_find(c->ctx, to);
	if (!old || !new || old == new)
		return "there are no two such domains";
	why = read_devices(c, old, devs, &count);
	if (!why && !world_pair_fits(c->ctx, devs[0], 0, new))
		why = "PASIDs of the group are attached, and the domain is for none";
	return why ? why : do_replace(c, old, new, devs, count);
}

const char *call_kvm_fd(struct call *c)
{
	int fd = -1;

	return call_result(c, c->ctx->table->handover->kvm_fd(c->dev->data, &fd, &c->f));
}

const char *call_hot_reset_fds(struct call *c)
{
	size_t count = 0;
	uint64_t room;
	int *fds, code;

	NUMBER(c, "room", room);
	if (room > 65536)
		return "so much room there is not";
	fds = calloc(room + 1, sizeof(*fds));
	if (!fds)
		return "there is no memory";
	code = c->ctx->table->handover->hot_reset_fds(c->dev->data, fds, room, &count, &c->f);
	free(fds);
	trace_result(c->out, code, &c->f);
	if (!code)
		trace_add(c->out, " count=%zu", count);
	return NULL;
}
