/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/object.h"

#include <errno.h>
#include <sys/mman.h>

/* A piece of the address space. */
struct room {
	char *start;
	uint64_t length;
};

/* Give back what stands around the view; what is left is the room then, also on failure. */
static int trim(struct libiommu_ctx *ctx, struct room *room, char *view, uint64_t length)
{
	uint64_t before = (uint64_t)(view - room->start);
	int code = 0;

	if (before)
		code = ctx->sys.munmap(ctx->sys.data, room->start, before);
	if (code)
		return code;
	room->start = view;
	room->length -= before;
	if (room->length > length)
		code = ctx->sys.munmap(ctx->sys.data, view + length, room->length - length);
	return code;
}

/* The kernel lays a file on multiples of its own pages only; so there is room first, then the file. */
static int map_aligned(struct libiommu_ctx *ctx, const struct view *view, void **out)
{
	struct room room = { NULL, view->length + (view->unit - ctx->page) };
	void *whole, *address;
	int code;

	if (room.length < view->length)
		return -ENOMEM;
	code = ctx->sys.mmap(ctx->sys.data, NULL, room.length, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0, &whole);
	if (code)
		return code;
	room.start = whole;
	address = room.start + (-(uintptr_t)whole & (view->unit - 1));
	code = ctx->sys.mmap(ctx->sys.data, address, view->length, view->access,
			     MAP_SHARED | MAP_FIXED, view->fd, view->offset, &address);
	if (!code)
		code = trim(ctx, &room, address, view->length);
	if (code)
		ctx->sys.munmap(ctx->sys.data, room.start, room.length);
	else
		*out = address;
	return code;
}

int view_map(struct libiommu_ctx *ctx, const struct view *view, void **out)
{
	if (view->unit > ctx->page)
		return map_aligned(ctx, view, out);
	return ctx->sys.mmap(ctx->sys.data, NULL, view->length, view->access, MAP_SHARED, view->fd,
			     view->offset, out);
}
