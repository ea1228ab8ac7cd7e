/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file types.h
 * Plain values that every other header of libiommu uses.
 */
#ifndef LIBIOMMU_TYPES_H
#define LIBIOMMU_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define LIBIOMMU_API __attribute__((visibility("default")))
#else
#define LIBIOMMU_API
#endif

#ifdef __cplusplus
extern "C" {
#endif

/** What a device may do through a mapping; a combination of these bits. */
#define LIBIOMMU_PROT_READ  1u /**< the device may read memory */
#define LIBIOMMU_PROT_WRITE 2u /**< the device may write memory */

/**
 * A range of addresses. Both ends belong to it, so that the end of a 64-bit
 * space can be named.
 */
struct libiommu_range {
	uint64_t start; /**< first address, bytes */
	uint64_t last;  /**< last address, bytes; never below start */
};

/** Why the platform keeps a range of IOVAs for itself (Linux: enum iommu_resv_type). */
enum libiommu_reserved_type {
	LIBIOMMU_RESERVED_DIRECT = 1,       /**< firmware wants it mapped 1:1 (RMRR, unity map) */
	LIBIOMMU_RESERVED_DIRECT_RELAXABLE, /**< as DIRECT, but given up for assigned devices */
	LIBIOMMU_RESERVED_RESERVED,         /**< never usable */
	LIBIOMMU_RESERVED_MSI,              /**< interrupt window */
	LIBIOMMU_RESERVED_UNKNOWN           /**< a type that this library does not know */
};

/** A reserved range with its reason. */
struct libiommu_reserved {
	struct libiommu_range range;
	enum libiommu_reserved_type type;
};

struct libiommu_ctx;
struct libiommu_group;
struct libiommu_device;
struct libiommu_region;
struct libiommu_endpoint;
struct libiommu_domain;
struct libiommu_reader;
struct libiommu_fault_queue;
struct libiommu_error;

/**
 * Receives one line of text without its newline. Return 0 to go on; any other
 * value stops the sender, which hands it to its own caller.
 */
typedef int (*libiommu_line_fn)(void *data, const char *line);

#ifdef __cplusplus
}
#endif

#endif
