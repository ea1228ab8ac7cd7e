/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file dma.h
 * Memory for devices: buffers that the library makes and maps, pools of small
 * objects, and memory of the program that is registered. docs/dma.md tells when to
 * take what.
 *
 * What is made here belongs to a domain. libiommu_domain_free() refuses
 * (memory-in-use) while some of it is left; libiommu_ctx_free() frees it after
 * the devices have been detached. Lookups (libiommu_domain_find_source() with
 * the address) find it as they find every mapping. The library's mappings may be
 * removed by libiommu_domain_unmap(); freeing works nevertheless.
 *
 * Threads: as everywhere; an object must not be freed while another call uses
 * it. No lock is held while the kernel gets memory or maps it.
 */
#ifndef LIBIOMMU_DMA_H
#define LIBIOMMU_DMA_H

#include <libiommu/error.h>
#include <libiommu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct libiommu_dma_buffer;
struct libiommu_dma_pool;

/** What kind of pages a buffer has; numbers are permanent. */
enum libiommu_dma_kind {
	LIBIOMMU_DMA_ORDINARY = 1, /**< pages of the CPU: 4 KiB, or what it has instead */
	/**
	 * The same, aligned so that the kernel can put huge pages there, and it was asked to
	 * (MADV_HUGEPAGE). How many it does it does not tell.
	 */
	LIBIOMMU_DMA_TRANSPARENT,
	LIBIOMMU_DMA_HUGETLB /**< reserved huge pages; all of the buffer's page size */
};

/** Flags of a buffer. */
#define LIBIOMMU_DMA_MUST     1u /**< hugetlb pages of page_size bytes, or no-huge-pages */
#define LIBIOMMU_DMA_SHARED   2u /**< a memory file, which other processes can map */
#define LIBIOMMU_DMA_POPULATE 4u /**< every page is there when the call returns */
#define LIBIOMMU_DMA_NO_GUARD 8u /**< other mappings may follow without a gap */

/**
 * Told while a buffer is populated: `done` of `total` bytes are there. Called
 * without locks in the calling thread, once before the first byte and after each
 * piece, and again from 0 when there are not enough huge pages and smaller ones are taken.
 * Return 0 to go on; any other value gives the buffer up (canceled).
 */
typedef int (*libiommu_dma_progress_fn)(void *data, uint64_t done, uint64_t total);

struct libiommu_dma_options {
	size_t size;
	uint32_t prot;  /**< LIBIOMMU_PROT_*; 0: read and write */
	uint32_t flags; /**< LIBIOMMU_DMA_* */
	/**
	 * Bytes, a power of two of at least 4096; 0: the largest that can be had. Smaller
	 * pages are taken when there are none of it, unless LIBIOMMU_DMA_MUST is set. An
	 * ordinary page is the smallest.
	 */
	uint64_t page_size;
	/**
	 * Bytes of IOVA that no other mapping gets before and behind the buffer, rounded up to
	 * pages, so that a device that runs over an end is caught. 0: one page of the domain.
	 */
	uint64_t guard;
	libiommu_dma_progress_fn progress; /**< with LIBIOMMU_DMA_POPULATE; NULL: none */
	void *progress_data;
};
#define LIBIOMMU_DMA_OPTIONS_INIT                                           \
	{                                                                   \
		sizeof(struct libiommu_dma_options), 0, 0, 0, 0, NULL, NULL \
	}

/**
 * Make zeroed memory and map it at an IOVA that the library chooses.
 * Pages, in this order, as long as the kernel has none of a kind: hugetlb pages of the wanted
 * size, to which the length is rounded; smaller hugetlb pages (1 GiB, 2 MiB), when rounding adds
 * no more than an eighth; for buffers of at least 2 MiB that are not shared, transparent huge
 * pages, unless an ordinary page was enough; ordinary pages.
 * Address, IOVA and length are multiples of the larger of the CPU's page and the domain's smallest
 * one, so that a buffer from before the first attach can be mapped where CPU and IOMMU have pages of
 * 16 or 64 KiB. An IOMMU with larger ones than the CPU refuses the attach: mapping-conflict.
 * Children of fork() do not have buffers that are not shared: what a device uses is never
 * copied on write.
 * @param length bytes, rounded up to whole pages
 * @param opts NULL: all defaults
 * @param[out] out written on success; free with libiommu_dma_free()
 * Reasons: null-argument, after-fork, bad-options, unknown-options, unknown-flags,
 * domain-type, empty-range, range-wraps, bad-layout (page_size), no-huge-pages, canceled, no-memory,
 * fd-limit, kernel-refused, and those of libiommu_domain_map_any().
 */
LIBIOMMU_API int libiommu_dma_alloc(struct libiommu_domain *dom, uint64_t length,
				    const struct libiommu_dma_options *opts,
				    struct libiommu_dma_buffer **out, struct libiommu_error **err);

/**
 * Take a buffer from its devices, then free it. NULL is allowed. On failure the memory is
 * still there, and so is the object: the call can be made again. In a child of fork() this
 * does nothing; libiommu_ctx_free() frees there what can be freed.
 * Reasons: those of libiommu_domain_unmap(); kernel-refused (munmap: no device reaches the
 * memory any more).
 */
LIBIOMMU_API int libiommu_dma_free(struct libiommu_dma_buffer *buf, struct libiommu_error **err);

/** @return where it is in this process; a multiple of its page size. NULL for NULL. */
LIBIOMMU_API void *libiommu_dma_address(const struct libiommu_dma_buffer *buf);

/** @return its first IOVA. All of the buffer follows without a gap. */
LIBIOMMU_API uint64_t libiommu_dma_iova(const struct libiommu_dma_buffer *buf);

/** @return its length in bytes, a multiple of its page size; all of it is mapped. */
LIBIOMMU_API uint64_t libiommu_dma_length(const struct libiommu_dma_buffer *buf);

/** @return bytes of its pages: what is certain. For TRANSPARENT that of ordinary pages. */
LIBIOMMU_API uint64_t libiommu_dma_page_size(const struct libiommu_dma_buffer *buf);

/** @return what kind of pages it got; 0 for NULL. */
LIBIOMMU_API enum libiommu_dma_kind libiommu_dma_kind(const struct libiommu_dma_buffer *buf);

/**
 * @return the descriptor of a shared buffer's memory file, -1 for others. Borrowed: dup it to
 *         keep it. The file's size is the buffer's length and is sealed.
 */
LIBIOMMU_API int libiommu_dma_fd(const struct libiommu_dma_buffer *buf);

/** @return its domain. Borrowed. */
LIBIOMMU_API struct libiommu_domain *libiommu_dma_domain(const struct libiommu_dma_buffer *buf);

struct libiommu_dma_pool_options {
	size_t size;
	/**
	 * Bytes, a power of two: what the IOVA of every object is a multiple of, and up to a
	 * page its address; 0: 8.
	 */
	uint64_t alignment;
	/** Bytes, a power of two: no object has a multiple of it inside; 0: none. */
	uint64_t boundary;
	uint64_t grow;  /**< objects that are made at a time, at least; 0: about 64 KiB of them */
	uint64_t limit; /**< objects that there can be; 0: no limit */
	uint64_t ready; /**< objects that are made with the pool, in one mapping */
	/** what the pool's buffers are like; copied. NULL: all defaults */
	const struct libiommu_dma_options *memory;
};
#define LIBIOMMU_DMA_POOL_OPTIONS_INIT                                        \
	{                                                                     \
		sizeof(struct libiommu_dma_pool_options), 0, 0, 0, 0, 0, NULL \
	}

/**
 * Make a pool of objects of one size, for descriptors, lists and queue entries. It grows by
 * buffers and never shrinks.
 * Threads: get, put and next may be called from any thread. They hold a lock for a few
 * instructions; only a get that makes the pool grow takes longer, and those that find nothing
 * meanwhile wait for it.
 * @param object_size bytes, at least 1
 * @param opts NULL: all defaults
 * @param[out] out written on success; free with libiommu_dma_pool_free()
 * Reasons: null-argument, after-fork, bad-options, unknown-options, unknown-flags, domain-type,
 * empty-range, bad-layout, no-memory, and those of libiommu_dma_alloc() when objects are to be ready.
 */
LIBIOMMU_API int libiommu_dma_pool_new(struct libiommu_domain *dom, uint64_t object_size,
				       const struct libiommu_dma_pool_options *opts,
				       struct libiommu_dma_pool **out, struct libiommu_error **err);

/**
 * Free a pool and its memory. NULL is allowed. On failure the pool is still there, and the call can
 * be made again. In a child of fork() this does nothing, as libiommu_dma_free().
 * Reasons: memory-in-use (objects are out; figures: how many, of how many; subject: the IOVAs of
 * the first; libiommu_dma_pool_next() finds all), and those of libiommu_dma_free().
 */
LIBIOMMU_API int libiommu_dma_pool_free(struct libiommu_dma_pool *pool,
					struct libiommu_error **err);

/**
 * Take an object. It holds what its last user left in it; zeros at first. Nothing is mapped or
 * allocated while the pool has a free one.
 * @param[out] address where it is in this process; written on success
 * @param[out] iova where it is for devices; written on success
 * Reasons: null-argument, after-fork, pool-limit, and those of libiommu_dma_alloc().
 */
LIBIOMMU_API int libiommu_dma_pool_get(struct libiommu_dma_pool *pool, void **address,
				       uint64_t *iova, struct libiommu_error **err);

/**
 * Give an object back. NULL as the address is allowed.
 * @param address as libiommu_dma_pool_get() gave it
 * Reasons: null-argument (the pool), after-fork, foreign-object, double-put.
 */
LIBIOMMU_API int libiommu_dma_pool_put(struct libiommu_dma_pool *pool, void *address,
				       struct libiommu_error **err);

/**
 * The object in use with the lowest address at or above `from`. To see all: begin with NULL,
 * continue with the byte behind *address.
 * @param[out] address written on success
 * @param[out] iova written on success; may be NULL
 * @return 0; -ENOENT when there is none; -EINVAL for NULL; -ECHILD after fork
 */
LIBIOMMU_API int libiommu_dma_pool_next(struct libiommu_dma_pool *pool, const void *from,
					void **address, uint64_t *iova);

/** @return number of objects in use. */
LIBIOMMU_API uint64_t libiommu_dma_pool_used(struct libiommu_dma_pool *pool);

/**
 * Map memory of this process for as long as it is registered. The range is rounded outward to
 * whole pages, so devices reach what shares the first and the last page with it. Ranges may be
 * registered again, and may overlap and touch; what is mapped already is not mapped again. Each
 * page is at one IOVA, but a range may come in several mappings (libiommu_dma_lookup()), with a page
 * between them.
 * A mapping keeps its protection. A range that is in one that allows more gets that; in one that
 * allows less it is refused (protection-conflict).
 * The memory must stay valid and where it is, as for every mapping.
 * Threads: registrations of a domain are made and removed one at a time; lookups do not wait.
 * @param length bytes, at least 1
 * @param prot LIBIOMMU_PROT_READ, LIBIOMMU_PROT_WRITE or both
 * Reasons: null-argument, after-fork, domain-type, empty-range, range-wraps, unknown-flags (prot),
 * no-protection, protection-conflict (subject: addresses of the mapping), no-memory, and those of
 * libiommu_domain_map_batch(): after partial, pages that are mapped belong to no registration.
 */
LIBIOMMU_API int libiommu_dma_register(struct libiommu_domain *dom, const void *address,
				       uint64_t length, uint32_t prot, struct libiommu_error **err);

/**
 * The end of a registration: of the same pages, once for each time. Ranges may end in any order.
 * A mapping goes as a whole, with the last registration that holds a page of it. So when
 * a range ends that shares a mapping with another one, pages may stay mapped that nobody has
 * registered any more. The memory of these must stay valid until libiommu_dma_lookup() finds
 * them no more.
 * @param[out] kept bytes of such pages in this range, mostly 0; written on success. NULL: the
 *        caller cannot wait for that, and is refused (memory-shared; figures: bytes that would
 *        stay, bytes of the range; nothing changes).
 * Reasons: null-argument, after-fork, domain-type, empty-range, range-wraps, not-registered,
 * memory-shared, and those of libiommu_domain_unmap(): then the range stays registered, even
 * when a part of it is unmapped already, and the call can be made again.
 */
LIBIOMMU_API int libiommu_dma_unregister(struct libiommu_domain *dom, const void *address,
					 uint64_t length, uint64_t *kept,
					 struct libiommu_error **err);

/**
 * Where a byte of this process is for devices, however it was mapped: the lowest IOVA at which
 * they may do what is asked for.
 * @param reader the calling thread's reader; NULL works and is slower
 * @param prot LIBIOMMU_PROT_READ, LIBIOMMU_PROT_WRITE or both; 0: any mapping will do
 * @param[out] iova written on success
 * @param[out] length bytes from there to the end of the mapping, at least 1; may be NULL
 * @return as libiommu_domain_find_source(); -EACCES when no mapping of it allows that
 */
LIBIOMMU_API int libiommu_dma_lookup(struct libiommu_domain *dom, struct libiommu_reader *reader,
				     const void *address, uint32_t prot, uint64_t *iova,
				     uint64_t *length);

#ifdef __cplusplus
}
#endif

#endif
