/* SPDX-License-Identifier: BSD-2-Clause */
/* Registers and interrupts. */
#include "call.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define CONFIG_HEADER 64 /* reached without being opened */

static const struct libiommu_backend_regions *regions(const struct call *c)
{
	return c->ctx->table->regions;
}

const char *call_region_open(struct call *c)
{
	uint64_t index, size = 0;
	int code;

	NUMBER(c, "index", index);
	code = regions(c)->open(c->dev->data, (unsigned int)index, &size, &c->f);
	call_result(c, code);
	if (code)
		return NULL;
	trace_add(c->out, " size=0x%" PRIx64, size);
	if (index < WORLD_REGIONS)
		c->dev->region_size[index] = size;
	return NULL;
}

/* An access that the core would let through. */
static const char *read_access(struct call *c, uint64_t *index, uint64_t *offset, uint64_t *width)
{
	uint64_t size;

	NUMBER(c, "index", *index);
	NUMBER(c, "offset", *offset);
	NUMBER(c, "width", *width);
	if (*index >= WORLD_REGIONS)
		return "there is no such region";
	size = c->dev->region_size[*index];
	if (!size && *index == LIBIOMMU_REGION_CONFIG)
		size = CONFIG_HEADER;
	if ((*width != 1 && *width != 2 && *width != 4 && *width != 8) || *offset % *width ||
	    *offset >= size || size - *offset < *width)
		return "the access is not one to an open region";
	return NULL;
}

const char *call_region_read(struct call *c)
{
	uint64_t index, offset, width, value = 0;
	const char *why = read_access(c, &index, &offset, &width);
	int code;

	if (why)
		return why;
	code = regions(c)->read(c->dev->data, (unsigned int)index, offset, (unsigned int)width,
				&value, &c->f);
	call_result(c, code);
	if (!code)
		trace_add(c->out, " value=0x%" PRIx64, value);
	return NULL;
}

const char *call_region_write(struct call *c)
{
	uint64_t index, offset, width, value;
	const char *why = read_access(c, &index, &offset, &width);

	if (why)
		return why;
	NUMBER(c, "value", value);
	return call_result(c, regions(c)->write(c->dev->data, (unsigned int)index, offset,
						(unsigned int)width, value, &c->f));
}

const char *call_region_map(struct call *c)
{
	uint64_t index, size;
	void *address = NULL;
	int code;

	NUMBER(c, "index", index);
	NUMBER(c, "size", size);
	if (index >= WORLD_REGIONS || !size || c->dev->region_size[index] != size ||
	    c->dev->region_address[index])
		return "the region is not open, or is mapped";
	code = regions(c)->map(c->dev->data, (unsigned int)index, size, &address, &c->f);
	if (!code)
		c->dev->region_address[index] = address;
	return call_result(c, code);
}

const char *call_region_unmap(struct call *c)
{
	uint64_t index, size;

	NUMBER(c, "index", index);
	NUMBER(c, "size", size);
	if (index >= WORLD_REGIONS || !c->dev->region_address[index] ||
	    c->dev->region_size[index] != size)
		return "the region is not mapped";
	regions(c)->unmap(c->dev->data, (unsigned int)index, size, c->dev->region_address[index]);
	c->dev->region_address[index] = NULL;
	return call_result(c, 0);
}

const char *call_interrupt_count(struct call *c)
{
	unsigned int count = 0;
	uint64_t kind;
	int code;

	NAMED(c, "kind", TRACE_KIND, kind);
	code = regions(c)->interrupt_count(c->dev->data, (enum libiommu_interrupt_kind)kind, &count,
					   &c->f);
	call_result(c, code);
	if (!code)
		trace_add(c->out, " count=%u", count);
	return NULL;
}

/* The backend keeps duplicates, as the kernel does. */
static int set_interrupts(struct call *c, uint64_t kind, int *fds, uint64_t count)
{
	uint64_t made = 0;
	int code;

	while (made < count && (fds[made] = eventfd(0, EFD_CLOEXEC)) >= 0)
		made++;
	if (made == count)
		code = regions(c)->interrupt_set(c->dev->data, (enum libiommu_interrupt_kind)kind,
						 fds, (unsigned int)count, &c->f);
	else
		code = libiommu_refuse(&c->f, LIBIOMMU_REASON_FD_LIMIT, NULL, NULL);
	while (made)
		close(fds[--made]);
	return code;
}

const char *call_interrupt_set(struct call *c)
{
	unsigned int most = 0;
	uint64_t kind, count;
	int *fds;

	NAMED(c, "kind", TRACE_KIND, kind);
	NUMBER(c, "count", count);
	if (count && (regions(c)->interrupt_count(c->dev->data, (enum libiommu_interrupt_kind)kind,
						  &most, &c->f) ||
		      count > most))
		return "so many interrupts there are not";
	fds = calloc(count + 1, sizeof(*fds));
	if (!fds)
		return "there is no memory";
	call_result(c, set_interrupts(c, kind, fds, count));
	free(fds);
	return NULL;
}

const char *call_interrupt_unmask(struct call *c)
{
	return call_result(c, regions(c)->interrupt_unmask(c->dev->data, &c->f));
}

const char *call_reset(struct call *c)
{
	return call_result(c, regions(c)->reset(c->dev->data, &c->f));
}
