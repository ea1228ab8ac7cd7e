/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file domain.h
 * One I/O address space. What is in it: mapping.h. Who uses it: endpoint.h.
 */
#ifndef LIBIOMMU_DOMAIN_H
#define LIBIOMMU_DOMAIN_H

#include <libiommu/error.h>
#include <libiommu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Types of domains; numbers are permanent. */
enum libiommu_domain_type {
	LIBIOMMU_DOMAIN_PAGING = 1, /**< what libiommu_domain_map() puts into it */
	LIBIOMMU_DOMAIN_BLOCKED,    /**< nothing passes; maps are refused (domain-type) */
	LIBIOMMU_DOMAIN_IDENTITY,   /**< everything passes untranslated; kernel backends: no-uapi */
	/**
	 * The address space of this process: devices use its pointers, with the rights that the
	 * memory has. Pages come as they are asked for. Kernel backends: no-uapi.
	 */
	LIBIOMMU_DOMAIN_SVA,
	LIBIOMMU_DOMAIN_NESTED, /**< a stage 1 of the user: libiommu_domain_new_nested() */
	LIBIOMMU_DOMAIN_SHARED  /**< tables of another agent: libiommu_domain_new_shared() */
};

/** What is wanted of a domain; what is left at zero does not matter. */
struct libiommu_domain_options {
	size_t size;
	enum libiommu_domain_type type; /**< 0: PAGING */
	/**
	 * It can be attached to PASIDs, and to a device of which PASIDs are attached
	 * (pasid.h). An SVA domain always can.
	 */
	bool pasid;
	/** PAGING: NESTED domains can be made on it (nesting.h). */
	bool nest_parent;
	/**
	 * PAGING: page requests come to this queue (fault_queue.h), and only devices
	 * attach that make them (LIBIOMMU_CAP_PAGE_REQUESTS). Not together with
	 * nest_parent. The queue must stay until the domain is freed.
	 */
	struct libiommu_fault_queue *faults;
};
#define LIBIOMMU_DOMAIN_OPTIONS_INIT                                                               \
	{                                                                                          \
		sizeof(struct libiommu_domain_options), LIBIOMMU_DOMAIN_PAGING, false, false, NULL \
	}

/**
 * Make a domain.
 * @param opts NULL: an ordinary PAGING domain
 * @param[out] out written on success; free with libiommu_domain_free()
 * Reasons: null-argument, after-fork, bad-options, unknown-options,
 * backend-undecided, no-uapi, domain-type (also: a wish that the type has not),
 * foreign-context (the queue), nest-parent-faults, backend-capability (a wish that
 * the backend has not), no-memory.
 */
LIBIOMMU_API int libiommu_domain_new(struct libiommu_ctx *ctx,
				     const struct libiommu_domain_options *opts,
				     struct libiommu_domain **out, struct libiommu_error **err);

/**
 * A domain on an address space that somebody else made and may have filled: an
 * IOAS, or the container that was passed to the context. What is mapped there
 * already is unknown to the ledger; a clash with it is foreign-mapping. Freeing
 * the domain removes what came through it and leaves the rest.
 * @param native backend iommufd: id of an IOAS; vfio: 0. A container that nobody has
 *        set up needs no adoption: libiommu_domain_new() is enough.
 * @param[out] out written on success; free with libiommu_domain_free()
 * Reasons: null-argument, after-fork, backend-undecided, backend-capability,
 * wrong-fd (no such IOAS; no container was passed), domain-in-use (adopted
 * already), no-memory.
 */
LIBIOMMU_API int libiommu_domain_adopt(struct libiommu_ctx *ctx, uint64_t native,
				       struct libiommu_domain **out, struct libiommu_error **err);

/**
 * The backend's own number of a domain, for calls that libiommu does not make:
 * the IOAS id on iommufd.
 * Reasons: null-argument, after-fork, backend-capability.
 */
LIBIOMMU_API int libiommu_domain_native(struct libiommu_domain *dom, uint64_t *native,
					struct libiommu_error **err);

/**
 * Free a domain and its mappings. NULL is allowed. Reasons: domain-in-use (attached, or
 * the parent of others), memory-in-use (dma.h).
 */
LIBIOMMU_API int libiommu_domain_free(struct libiommu_domain *dom, struct libiommu_error **err);

/** @return its type. */
LIBIOMMU_API enum libiommu_domain_type libiommu_domain_type(const struct libiommu_domain *dom);

/** @return its context. Borrowed. */
LIBIOMMU_API struct libiommu_ctx *libiommu_domain_ctx(const struct libiommu_domain *dom);

/**
 * @return the smallest page in bytes: what IOVAs, lengths and sources must be
 *         multiples of. Until an endpoint is attached, the CPU's page size.
 */
LIBIOMMU_API uint64_t libiommu_domain_page_size(const struct libiommu_domain *dom);

/**
 * IOVAs that every attached endpoint can use and that are allowed, in ascending
 * order. Without endpoints: the whole 64-bit space, cut by what is allowed. None in
 * domains that have no maps, except IDENTITY.
 * @param[out] ranges array of *count; may be NULL when *count is 0
 * @param[in,out] count in: room; out: how many there are
 * Reasons: null-argument, after-fork, buffer-too-small.
 */
LIBIOMMU_API int libiommu_domain_iova_ranges(struct libiommu_domain *dom,
					     struct libiommu_range *ranges, size_t *count,
					     struct libiommu_error **err);

/**
 * Restrict the IOVAs of every later map, chosen by the caller or by the
 * library. Replaces what was set.
 * @param ranges ascending, without overlap; copied. Those that touch count as one.
 * @param count 0: everything is allowed again
 * Reasons: null-argument, after-fork, bad-ranges, domain-type, outside-allowed
 * (a mapping lies outside; subject: the mapping), no-memory.
 */
LIBIOMMU_API int libiommu_domain_set_allowed(struct libiommu_domain *dom,
					     const struct libiommu_range *ranges, size_t count,
					     struct libiommu_error **err);

#ifdef __cplusplus
}
#endif

#endif
