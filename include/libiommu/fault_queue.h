/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file fault_queue.h
 * Page requests: a device asks for pages that its domain has not, waits, and
 * tries again or gives up as it is told. Domains that were made with a fault
 * queue (libiommu_domain_options.faults) bring them here. Only requests that can be
 * answered come; a DMA that simply fails does not.
 *
 * A queue is a descriptor for poll() and a function that gives the next group.
 * It never waits, and no thread stands behind it. The descriptor tells of groups that
 * nobody has looked at: when it is readable, take groups until there is none. One that did not
 * fit (buffer-too-small) comes with the next call, but does not wake anybody any more.
 *
 * Detaching an endpoint, or replacing its domain, answers everything that it has
 * asked with REFUSED: what was not read yet does not come any more, and a response
 * to what was read is fault-unknown.
 *
 * Threads: next and respond may be called from every thread, also beside attach,
 * detach and replace.
 */
#ifndef LIBIOMMU_FAULT_QUEUE_H
#define LIBIOMMU_FAULT_QUEUE_H

#include <libiommu/error.h>
#include <libiommu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct libiommu_fault_queue_options {
	size_t size;
	/**
	 * Groups that may wait for an answer, read or not; one more is answered with
	 * REFUSED at once and counted. 0: as many as the backend has room for.
	 * iommufd: the kernel sets no bound but the devices' own.
	 */
	size_t depth;
};
#define LIBIOMMU_FAULT_QUEUE_OPTIONS_INIT                       \
	{                                                       \
		sizeof(struct libiommu_fault_queue_options), 0, \
	}

/**
 * Make a queue.
 * @param opts NULL: depth 0
 * @param[out] out written on success; free with libiommu_fault_queue_free()
 * Reasons: null-argument, after-fork, bad-options, unknown-options, backend-undecided,
 * backend-capability (also: a depth that the backend cannot hold), fd-limit, no-memory,
 * kernel-refused.
 */
LIBIOMMU_API int libiommu_fault_queue_new(struct libiommu_ctx *ctx,
					  const struct libiommu_fault_queue_options *opts,
					  struct libiommu_fault_queue **out,
					  struct libiommu_error **err);

/** Free a queue. NULL is allowed. Reasons: queue-in-use (a domain uses it). */
LIBIOMMU_API int libiommu_fault_queue_free(struct libiommu_fault_queue *queue,
					   struct libiommu_error **err);

/**
 * @return a descriptor that is readable while libiommu_fault_queue_next() has a group that it has
 *         not found too large for somebody's array.
 *         Borrowed: only wait for it. -1 for NULL.
 */
LIBIOMMU_API int libiommu_fault_queue_fd(const struct libiommu_fault_queue *queue);

#define LIBIOMMU_REQUEST_EXECUTE    1u /**< instructions are fetched */
#define LIBIOMMU_REQUEST_PRIVILEGED 2u /**< on behalf of a supervisor */

/** One page that is asked for. */
struct libiommu_page_request {
	uint64_t address; /**< as the device used it */
	uint32_t length;  /**< bytes that it expects to touch; 0: not told */
	uint32_t access;  /**< LIBIOMMU_PROT_* that is wanted */
	uint32_t flags;   /**< LIBIOMMU_REQUEST_* */
	uint32_t reserved;
};

/** Requests that are answered together. */
struct libiommu_fault_group {
	size_t size;
	struct libiommu_device *device; /**< who asks; borrowed, valid until it is detached */
	bool has_pasid;                 /**< with a PASID ... */
	uint32_t pasid;                 /**< ... which is this one; else 0 */
	uint32_t number;                /**< the device's own number of the group */
	uint64_t cookie;                /**< for the response; unique in the queue */
};
#define LIBIOMMU_FAULT_GROUP_INIT                                          \
	{                                                                  \
		sizeof(struct libiommu_fault_group), NULL, false, 0, 0, 0, \
	}

/**
 * Take the next whole group; never waits. Several threads get different groups.
 * @param[out] requests array of *count
 * @param[in,out] count in: room; out: how many requests the group has
 * @return 0; -EAGAIN without an error when there is none
 * Reasons: null-argument, after-fork, bad-options, unknown-options, buffer-too-small (the
 * group stays: call again with as much room before you wait for the descriptor), kernel-refused.
 */
LIBIOMMU_API int libiommu_fault_queue_next(struct libiommu_fault_queue *queue,
					   struct libiommu_fault_group *out,
					   struct libiommu_page_request *requests, size_t *count,
					   struct libiommu_error **err);

enum libiommu_fault_answer {
	LIBIOMMU_FAULT_RESOLVED = 1, /**< the pages are there: the device tries again */
	LIBIOMMU_FAULT_REFUSED       /**< they will not come: the device gives up */
};

/**
 * Answer a group; in any order.
 * @param cookie of the group
 * Reasons: null-argument, after-fork, unknown-flags (no such answer), fault-unknown (it was
 * answered, or its endpoint is not attached any more), kernel-refused.
 */
LIBIOMMU_API int libiommu_fault_queue_respond(struct libiommu_fault_queue *queue, uint64_t cookie,
					      enum libiommu_fault_answer answer,
					      struct libiommu_error **err);

/** @return groups that found the queue full and were refused; 0 for NULL. */
LIBIOMMU_API uint64_t libiommu_fault_queue_overflows(struct libiommu_fault_queue *queue);

#ifdef __cplusplus
}
#endif

#endif
