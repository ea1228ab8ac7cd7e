/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file reader.h
 * A thread's handle for fast lookups (libiommu_domain_find() and its kin). It
 * remembers the last hit, and it tells writers that the thread may be reading,
 * which costs the thread two plain stores instead of shared atomics.
 */
#ifndef LIBIOMMU_READER_H
#define LIBIOMMU_READER_H

#include <libiommu/error.h>
#include <libiommu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Make a reader. It belongs to one thread at a time and serves all domains of
 * the context.
 * @param[out] out written on success; free with libiommu_reader_free()
 * Reasons: null-argument, after-fork, no-memory.
 */
LIBIOMMU_API int libiommu_reader_new(struct libiommu_ctx *ctx, struct libiommu_reader **out,
				     struct libiommu_error **err);

/** Free a reader. NULL is allowed. */
LIBIOMMU_API void libiommu_reader_free(struct libiommu_reader *reader);

#ifdef __cplusplus
}
#endif

#endif
