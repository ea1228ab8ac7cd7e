/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/dma.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>

#define MEGABYTES_2 (UINT64_C(2) << 20)
#define GIGABYTE    (UINT64_C(1) << 30)
#define PIECE       (UINT64_C(64) << 20) /* populated at a time */

/* Where the build machine's headers are too old to have them. */
#ifndef MAP_HUGE_SHIFT
#define MAP_HUGE_SHIFT 26
#endif
#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u
#endif
#ifndef MFD_HUGETLB
#define MFD_HUGETLB 4u
#endif
#ifndef F_SEAL_SEAL
#define F_SEAL_SEAL   1
#define F_SEAL_SHRINK 2
#define F_SEAL_GROW   4
#endif

static uint64_t round_up(uint64_t length, uint64_t unit)
{
	return (length + (unit - 1)) & ~(unit - 1);
}

/* MAP_HUGETLB and MFD_HUGETLB have the same place for the logarithm of the size. */
static unsigned int huge_flag(uint64_t page_size)
{
	return (unsigned int)__builtin_ctzll(page_size) << MAP_HUGE_SHIFT;
}

static int refuse(int code, const char *call, struct libiommu_failure *f)
{
	libiommu_refuse_kernel(f, code, call, NULL);
	if (code == -ENOMEM)
		return libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	if (code == -EMFILE)
		return libiommu_refuse(f, LIBIOMMU_REASON_FD_LIMIT, NULL, NULL);
	return code;
}

/* A file of m->length bytes that keeps this size. */
static int make_file(struct libiommu_ctx *ctx, struct dma_memory *m, struct libiommu_failure *f)
{
	unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	const struct libiommu_sys *sys = &ctx->sys;
	int code;

	if (m->kind == LIBIOMMU_DMA_HUGETLB)
		flags |= MFD_HUGETLB | huge_flag(m->page_size);
	m->fd = sys->memfd_create(sys->data, "libiommu", flags | MFD_NOEXEC_SEAL);
	if (m->fd == -EINVAL) /* a kernel before 6.3 */
		m->fd = sys->memfd_create(sys->data, "libiommu", flags);
	if (m->fd < 0) {
		code = m->fd;
		m->fd = -1;
		return refuse(code, "memfd_create", f);
	}
	code = sys->ftruncate(sys->data, m->fd, m->length);
	if (code)
		return refuse(code, "ftruncate", f);
	code = sys->add_seals(sys->data, m->fd, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
	return code ? refuse(code, "fcntl(F_ADD_SEALS)", f) : 0;
}

static int map_file(struct libiommu_ctx *ctx, struct dma_memory *m, uint64_t unit)
{
	const struct view view = { m->fd, PROT_READ | PROT_WRITE, 0, m->length, unit };

	m->whole_length = m->length;
	return view_map(ctx, &view, &m->whole);
}

static int map_anonymous(struct libiommu_ctx *ctx, struct dma_memory *m, uint64_t unit)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS;

	if (m->kind == LIBIOMMU_DMA_HUGETLB)
		flags |= MAP_HUGETLB | (int)huge_flag(m->page_size);
	m->whole_length = m->length + (unit - ctx->page);
	return ctx->sys.mmap(ctx->sys.data, NULL, m->whole_length, PROT_READ | PROT_WRITE, flags,
			     -1, 0, &m->whole);
}

static int map_whole(struct libiommu_ctx *ctx, struct dma_memory *m, uint64_t unit,
		     struct libiommu_failure *f)
{
	int code = m->fd >= 0 ? map_file(ctx, m, unit) : map_anonymous(ctx, m, unit);

	if (code) {
		m->whole = NULL;
		return refuse(code, "mmap", f);
	}
	m->address = m->whole;
	return 0;
}

/* Give back what stands before and behind; what the kernel does not take stays part of it. */
static void align(struct libiommu_ctx *ctx, struct dma_memory *m, uint64_t unit)
{
	uint64_t start = round_up((uintptr_t)m->whole, unit);
	uint64_t before = start - (uintptr_t)m->whole;
	uint64_t behind = m->whole_length - before - m->length;

	m->address = (char *)m->whole + before;
	if (behind && !ctx->sys.munmap(ctx->sys.data, (char *)m->address + m->length, behind))
		m->whole_length -= behind;
	if (before && !ctx->sys.munmap(ctx->sys.data, m->whole, before)) {
		m->whole = m->address;
		m->whole_length -= before;
	}
}

static int advise(struct libiommu_ctx *ctx, struct dma_memory *m, struct libiommu_failure *f)
{
	const struct libiommu_sys *sys = &ctx->sys;
	int code;

	if (m->kind == LIBIOMMU_DMA_TRANSPARENT) {
		code = sys->madvise(sys->data, m->address, m->length, MADV_HUGEPAGE);
		if (code == -EINVAL) /* a kernel without them */
			m->kind = LIBIOMMU_DMA_ORDINARY;
		else if (code)
			return refuse(code, "madvise(MADV_HUGEPAGE)", f);
	}
	if (m->fd >= 0) /* nothing of it is copied on write */
		return 0;
	code = sys->madvise(sys->data, m->address, m->length, MADV_DONTFORK);
	return code ? refuse(code, "madvise(MADV_DONTFORK)", f) : 0;
}

static int tell(const struct libiommu_dma_options *opts, uint64_t done, uint64_t total,
		struct libiommu_failure *f)
{
	if (!opts->progress || !opts->progress(opts->progress_data, done, total))
		return 0;
	libiommu_refuse_figures(f, total, done);
	return libiommu_refuse(f, LIBIOMMU_REASON_CANCELED, NULL, "%llu of %llu bytes were there.",
			       (unsigned long long)done, (unsigned long long)total);
}

static int populate(struct libiommu_ctx *ctx, const struct dma_memory *m,
		    const struct libiommu_dma_options *opts, struct libiommu_failure *f)
{
	uint64_t done = 0, piece = m->page_size > PIECE ? m->page_size : PIECE;
	int code = tell(opts, 0, m->length, f);

	while (!code && done < m->length) {
		if (piece > m->length - done)
			piece = m->length - done;
		code = ctx->sys.madvise(ctx->sys.data, (char *)m->address + done, piece,
					MADV_POPULATE_WRITE);
		if (code)
			return refuse(code, "madvise(MADV_POPULATE_WRITE)", f);
		done += piece;
		code = tell(opts, done, m->length, f);
	}
	return code;
}

/* Whatever there is of it. A munmap that fails leaves addresses behind that nobody knows. */
static void drop_rest(struct libiommu_ctx *ctx, const struct dma_memory *m)
{
	if (m->whole)
		ctx->sys.munmap(ctx->sys.data, m->whole, m->whole_length);
	if (m->fd >= 0)
		ctx->sys.close(ctx->sys.data, m->fd);
}

/* Memory of one kind, at a multiple of unit. */
static int make(struct libiommu_ctx *ctx, const struct libiommu_dma_options *opts, uint64_t unit,
		struct dma_memory *m, struct libiommu_failure *f)
{
	int code = 0;

	m->whole = NULL;
	m->fd = -1;
	if (opts->flags & LIBIOMMU_DMA_SHARED)
		code = make_file(ctx, m, f);
	if (!code)
		code = map_whole(ctx, m, unit, f);
	if (!code && m->whole_length > m->length)
		align(ctx, m, unit);
	if (!code)
		code = advise(ctx, m, f);
	if (!code && opts->flags & LIBIOMMU_DMA_POPULATE)
		code = populate(ctx, m, opts, f);
	if (code)
		drop_rest(ctx, m);
	return code;
}

static int make_huge(struct libiommu_ctx *ctx, uint64_t length, uint64_t page_size,
		     const struct libiommu_dma_options *opts, struct dma_memory *out,
		     struct libiommu_failure *f)
{
	out->kind = LIBIOMMU_DMA_HUGETLB;
	out->page_size = page_size;
	out->length = round_up(length, page_size);
	/* The kernel aligns them itself. */
	return make(ctx, opts, ctx->page, out, f);
}

static bool fits(uint64_t length, uint64_t page_size)
{
	return length >= page_size && round_up(length, page_size) - length <= length / 8;
}

/* Huge pages; 0: they were had. Only a cancel is worth telling, else other pages are tried. */
static int try_huge(struct libiommu_ctx *ctx, uint64_t length,
		    const struct libiommu_dma_options *opts, struct dma_memory *out,
		    struct libiommu_failure *f)
{
	static const uint64_t sizes[] = { GIGABYTE, MEGABYTES_2 };
	uint64_t wanted = opts->page_size;
	int code = -ENOMEM;

	if (wanted)
		code = make_huge(ctx, length, wanted, opts, out, f);
	if (code && opts->flags & LIBIOMMU_DMA_MUST)
		return code;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		if (code && code != -ECANCELED && (!wanted || sizes[i] < wanted) &&
		    fits(length, sizes[i]))
			code = make_huge(ctx, length, sizes[i], opts, out, f);
	return code;
}

int dma_memory_make(struct libiommu_ctx *ctx, uint64_t length, uint64_t page,
		    const struct libiommu_dma_options *opts, struct dma_memory *out,
		    struct libiommu_failure *f)
{
	bool must = opts->page_size && opts->flags & LIBIOMMU_DMA_MUST, huge;
	int code;

	/* Not only what is attached now: what comes later may have larger pages. */
	if (page < ctx_page(ctx))
		page = ctx_page(ctx);
	huge = !opts->page_size || opts->page_size > page;
	code = huge ? try_huge(ctx, length, opts, out, f) : -ENOMEM;
	if (!code || code == -ECANCELED)
		return code;
	if (must && opts->page_size != page)
		return libiommu_refuse(f, LIBIOMMU_REASON_NO_HUGE_PAGES, NULL,
				       "0x%llx bytes are wanted.",
				       (unsigned long long)opts->page_size);
	libiommu_failure_init(f);
	out->kind = LIBIOMMU_DMA_ORDINARY;
	out->page_size = page;
	out->length = round_up(length, page);
	if (huge && length >= MEGABYTES_2 && !(opts->flags & LIBIOMMU_DMA_SHARED)) {
		out->kind = LIBIOMMU_DMA_TRANSPARENT;
		page = page > MEGABYTES_2 ? page : MEGABYTES_2;
	}
	return make(ctx, opts, page, out, f);
}

int dma_memory_drop(struct libiommu_ctx *ctx, const struct dma_memory *memory)
{
	int code = ctx->sys.munmap(ctx->sys.data, memory->whole, memory->whole_length);

	if (!code && memory->fd >= 0)
		ctx->sys.close(ctx->sys.data, memory->fd);
	return code;
}

void dma_memory_forget(struct libiommu_ctx *ctx, const struct dma_memory *memory)
{
	/* What is not shared is not here, and its addresses may be somebody else's by now. */
	if (memory->fd >= 0)
		dma_memory_drop(ctx, memory);
}
