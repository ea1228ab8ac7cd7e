/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/object.h"

#include <errno.h>
#include <sys/mman.h>

struct libiommu_source libiommu_source_memory(const void *address)
{
	return (struct libiommu_source){ LIBIOMMU_SOURCE_MEMORY, -1, (uintptr_t)address };
}

struct libiommu_source libiommu_source_file(int fd, uint64_t offset)
{
	return (struct libiommu_source){ LIBIOMMU_SOURCE_FILE, fd, offset };
}

static struct file *find_file(struct file *file, const struct stat *st)
{
	for (; file; file = file->next)
		if (file->device == st->st_dev && file->inode == st->st_ino)
			return file;
	return NULL;
}

/* The number under which a domain knows a file; files are few, so a list will do. */
static int file_space(struct libiommu_domain *dom, const struct stat *st, uint32_t *space,
		      struct libiommu_failure *f)
{
	struct file *file, *made = ctx_alloc(dom->ctx, sizeof(*made));

	if (!made)
		return libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	pthread_mutex_lock(&dom->lock);
	file = find_file(atomic_load(&dom->files), st);
	if (!file) {
		file = made;
		made = NULL;
		file->next = atomic_load(&dom->files);
		file->device = st->st_dev;
		file->inode = st->st_ino;
		file->space = file->next ? file->next->space + 1 : LEDGER_SPACE_MEMORY + 1;
		atomic_store_explicit(&dom->files, file, memory_order_release);
	}
	*space = file->space;
	pthread_mutex_unlock(&dom->lock);
	ctx_release(dom->ctx, made, sizeof(*made));
	return 0;
}

static int check_file(struct libiommu_ctx *ctx, struct libiommu_source source, uint64_t length,
		      struct stat *st, struct libiommu_failure *f)
{
	int code = ctx->sys.fstat(ctx->sys.data, source.fd, st);

	if (code == -EBADF)
		return libiommu_refuse(f, LIBIOMMU_REASON_BAD_FD, NULL, NULL);
	if (code)
		return libiommu_refuse_kernel(f, code, "fstat", NULL);
	if (!S_ISREG(st->st_mode) || ctx->sys.seals(ctx->sys.data, source.fd) < 0)
		return libiommu_refuse(f, LIBIOMMU_REASON_BAD_FILE, NULL,
				       "It is not a memory file.");
	if (source.start + length > (uint64_t)st->st_size) {
		libiommu_refuse_figures(f, source.start + length, (uint64_t)st->st_size);
		return libiommu_refuse(f, LIBIOMMU_REASON_BAD_FILE, NULL,
				       "The range ends beyond the file.");
	}
	if (source.start % PAGE_MIN)
		return libiommu_refuse(f, LIBIOMMU_REASON_MISALIGNED, NULL, NULL);
	return 0;
}

int source_wraps(struct libiommu_source source, struct libiommu_failure *f)
{
	libiommu_refuse_subject_range(f, source.start, UINT64_MAX);
	return libiommu_refuse(f, LIBIOMMU_REASON_RANGE_WRAPS, NULL, "This is the source's range.");
}

int source_place_file(struct libiommu_domain *dom, const struct libiommu_map_request *request,
		      struct ledger_node *node, struct libiommu_failure *f)
{
	struct view view = {
		.fd = request->source.fd,
		.access = PROT_READ | (request->prot & LIBIOMMU_PROT_WRITE ? PROT_WRITE : 0),
		.offset = request->source.start,
		.length = request->length,
	};
	struct libiommu_ctx *ctx = dom->ctx;
	struct stat st;
	int code;

	if (request->source.start + request->length - 1 < request->source.start)
		return source_wraps(request->source, f);
	if (request->source.kind != LIBIOMMU_SOURCE_FILE)
		return libiommu_refuse(f, LIBIOMMU_REASON_BAD_SOURCE, NULL, NULL);
	code = check_file(ctx, request->source, request->length, &st, f);
	if (code)
		return code;
	node->source = request->source.start;
	node->memory = NULL;
	code = file_space(dom, &st, &node->space, f);
	if (code || atomic_load(&ctx->backend)->flags & LIBIOMMU_BACKEND_FILES)
		return code;
	/* An endpoint that comes later may map larger pages than those that are there now. */
	view.unit = atomic_load(&dom->page_min);
	if (view.unit < ctx_page(ctx))
		view.unit = ctx_page(ctx);
	code = view_map(ctx, &view, &node->memory);
	if (code == -EACCES || code == -EPERM)
		return libiommu_refuse(f, LIBIOMMU_REASON_BAD_MEMORY, NULL,
				       "The file is not open for this access.");
	if (code == -ENOMEM)
		return libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	return code ? libiommu_refuse_kernel(f, code, "mmap", NULL) : 0;
}

void source_unplace(struct libiommu_domain *dom, uint32_t space, void *memory, uint64_t length)
{
	struct libiommu_ctx *ctx = dom->ctx;

	if (space != LEDGER_SPACE_MEMORY && memory)
		ctx->sys.munmap(ctx->sys.data, memory, length);
}

/* For lookups: never makes a number, never waits. */
int source_space(struct libiommu_domain *dom, struct libiommu_source source, uint32_t *space)
{
	struct libiommu_ctx *ctx = dom->ctx;
	struct file *file;
	struct stat st;
	int code;

	if (source.kind == LIBIOMMU_SOURCE_MEMORY) {
		*space = LEDGER_SPACE_MEMORY;
		return 0;
	}
	if (source.kind != LIBIOMMU_SOURCE_FILE)
		return -EINVAL;
	code = ctx->sys.fstat(ctx->sys.data, source.fd, &st);
	if (code)
		return code;
	file = find_file(atomic_load_explicit(&dom->files, memory_order_acquire), &st);
	if (!file)
		return -ENOENT;
	*space = file->space;
	return 0;
}

void source_free_files(struct libiommu_domain *dom)
{
	struct file *file = atomic_load(&dom->files);

	while (file) {
		struct file *next = file->next;

		ctx_release(dom->ctx, file, sizeof(*file));
		file = next;
	}
}
