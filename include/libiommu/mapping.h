/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file mapping.h
 * Mappings: what a domain's ledger holds. docs/contract.md is the whole of the
 * rules; the short of it:
 *
 * - A mapping never overlaps another. It is removed whole or not at all.
 * - Maps may be made before any endpoint is attached and survive the last
 *   detach. Without an attached endpoint nothing is pinned or checked in
 *   memory, so bad-memory and locked-memory-limit may come from the attach.
 * - The memory must stay valid and where it is while it is in the ledger.
 * - The ledger is what this library mapped, nothing else.
 */
#ifndef LIBIOMMU_MAPPING_H
#define LIBIOMMU_MAPPING_H

#include <libiommu/error.h>
#include <libiommu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum libiommu_source_kind {
	LIBIOMMU_SOURCE_MEMORY = 1, /**< memory of this process */
	LIBIOMMU_SOURCE_FILE        /**< a memory file (memfd, shmem, hugetlbfs) */
};

/** Where a mapping's memory is; a value. Make it with the functions below. */
struct libiommu_source {
	enum libiommu_source_kind kind;
	int fd;         /**< FILE: the descriptor; used during the call only */
	uint64_t start; /**< MEMORY: the address; FILE: the offset in bytes */
};

/** Memory of this process from `address` on. */
LIBIOMMU_API struct libiommu_source libiommu_source_memory(const void *address);

/** A memory file from `offset` on. Two descriptors of one file are the same source. */
LIBIOMMU_API struct libiommu_source libiommu_source_file(int fd, uint64_t offset);

/** One mapping, as lookups report it. */
struct libiommu_mapping {
	size_t size;
	uint64_t iova;   /**< first IOVA */
	uint64_t length; /**< bytes */
	uint32_t prot;   /**< LIBIOMMU_PROT_* */
	/** source of the first byte; for files fd is -1, since the caller's may be closed */
	struct libiommu_source source;
};
#define LIBIOMMU_MAPPING_INIT                             \
	{                                                 \
		sizeof(struct libiommu_mapping), 0, 0, 0, \
		{                                         \
			LIBIOMMU_SOURCE_MEMORY, -1, 0     \
		}                                         \
	}

/**
 * Map memory at an IOVA of the caller's choice.
 * @param iova,length multiples of libiommu_domain_page_size(), as the source
 * @param prot LIBIOMMU_PROT_READ, LIBIOMMU_PROT_WRITE or both
 * Reasons: null-argument, after-fork, empty-range, range-wraps, no-protection,
 * unknown-flags (prot), misaligned, bad-source, outside-aperture,
 * reserved-region, outside-allowed, mapping-exists (subject: the one in the
 * way, also when only its guard is), mapping-busy (it is being unmapped),
 * foreign-mapping, domain-type, bad-fd, bad-file, bad-memory, locked-memory-limit,
 * entry-limit, protection-unsupported, address-width, no-memory, kernel-refused.
 * Memory of a file stays mapped in the process for as long as the backend
 * needs it.
 */
LIBIOMMU_API int libiommu_domain_map(struct libiommu_domain *dom, uint64_t iova,
				     struct libiommu_source source, uint64_t length, uint32_t prot,
				     struct libiommu_error **err);

/**
 * Map memory at an IOVA that the library chooses: the lowest free one in the
 * usable ranges, never 0, and at the same offset within a large page as the
 * source, so that large pages can be used.
 * @param[out] iova written on success
 * Reasons: as libiommu_domain_map(); iova-exhausted.
 */
LIBIOMMU_API int libiommu_domain_map_any(struct libiommu_domain *dom, struct libiommu_source source,
					 uint64_t length, uint32_t prot, uint64_t *iova,
					 struct libiommu_error **err);

/** One map of a batch. */
struct libiommu_map_request {
	size_t size;   /**< exactly sizeof(struct libiommu_map_request): it is the array's stride */
	uint64_t iova; /**< the IOVA; with any_iova written on success */
	uint64_t length;
	uint32_t prot;
	bool any_iova; /**< the library chooses */
	struct libiommu_source source;
	/**
	 * Bytes before and after the mapping that stay free of others for as long as it lives, so
	 * that a device that runs over its end is caught; a multiple of libiommu_domain_page_size(),
	 * with any_iova only, 0: none. Guards of neighbours may share their bytes.
	 */
	uint64_t guard;
};
#define LIBIOMMU_MAP_REQUEST_INIT                                    \
	{                                                            \
		sizeof(struct libiommu_map_request), 0, 0, 0, false, \
			{ LIBIOMMU_SOURCE_MEMORY, -1, 0 }, 0         \
	}

/**
 * Map all or none. Devices may see the transient when a later one fails.
 * @param[out] failed index of the refused request; may be NULL; written on failure only
 * Reasons: as libiommu_domain_map_any(); bad-options; fixed-guard; partial when taking a
 * batch back failed in the kernel (the ledger shows what is left).
 */
LIBIOMMU_API int libiommu_domain_map_batch(struct libiommu_domain *dom,
					   struct libiommu_map_request *requests, size_t count,
					   size_t *failed, struct libiommu_error **err);

/**
 * Remove every mapping that lies wholly inside the range. Holes are fine.
 * When this returns no device reaches the memory any more.
 * @param[out] removed bytes removed, also on failure; may be NULL
 * Reasons: null-argument, after-fork, empty-range, range-wraps, domain-type,
 * would-split (subject: the mapping that would be cut; nothing removed),
 * not-mapped, mapping-busy; partial, ledger-mismatch when the kernel fails in
 * the middle: the ledger then shows what is left.
 */
LIBIOMMU_API int libiommu_domain_unmap(struct libiommu_domain *dom, uint64_t iova, uint64_t length,
				       uint64_t *removed, struct libiommu_error **err);

/** Remove every mapping; none is fine. As libiommu_domain_unmap(). */
LIBIOMMU_API int libiommu_domain_unmap_all(struct libiommu_domain *dom, uint64_t *removed,
					   struct libiommu_error **err);

/**
 * The mapping that holds an IOVA.
 * @param reader the calling thread's reader; NULL works and is slower
 * @param[out] out written on success
 * @return 0; -ENOENT when there is none; -EINVAL for NULL or a wrong size;
 *         -EXDEV for a reader of another context; -ECHILD after fork
 */
LIBIOMMU_API int libiommu_domain_find(struct libiommu_domain *dom, struct libiommu_reader *reader,
				      uint64_t iova, struct libiommu_mapping *out);

/**
 * The mapping that holds a byte of a source, with the lowest IOVA for it at or
 * above `from`. To see all: begin with from = 0, continue with *iova + 1 until
 * -ENOENT (stop when that wraps to 0).
 * @param[out] iova where the byte is; may be NULL
 * @param[out] out the mapping; may be NULL
 * @return as libiommu_domain_find(); -EBADF for a FILE source whose fd is not open
 */
LIBIOMMU_API int libiommu_domain_find_source(struct libiommu_domain *dom,
					     struct libiommu_reader *reader,
					     struct libiommu_source source, uint64_t from,
					     uint64_t *iova, struct libiommu_mapping *out);

/**
 * The mapping that ends at or after `from`, the lowest of them. To see all in
 * order: begin with 0, continue with out->iova + out->length (stop when that
 * wraps to 0).
 * @return as libiommu_domain_find()
 */
LIBIOMMU_API int libiommu_domain_next(struct libiommu_domain *dom, struct libiommu_reader *reader,
				      uint64_t from, struct libiommu_mapping *out);

/** @return number of live mappings. */
LIBIOMMU_API size_t libiommu_domain_mapping_count(const struct libiommu_domain *dom);

/**
 * Write the ledger as text: a line per mapping,
 * "0x0000000000001000-0x0000000000001fff rw memory 0x00007f0012345000".
 * The lines are the state at some moment each, not one snapshot.
 * @param line called for each; its non-zero return ends the dump and is returned
 * Reasons: null-argument, after-fork.
 */
LIBIOMMU_API int libiommu_domain_dump(struct libiommu_domain *dom, libiommu_line_fn line,
				      void *data, struct libiommu_error **err);

#ifdef __cplusplus
}
#endif

#endif
