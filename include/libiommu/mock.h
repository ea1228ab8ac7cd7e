/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file mock.h
 * The mock from the device's side: DMA, faults, page-table walks and figures,
 * for tests of code that drives devices. Not part of the umbrella header.
 *
 * A mock machine has three independent axes: its hardware (IOMMUs with a
 * profile), the kernel interface that stands before it (the personality), and
 * its RAM (how pages get physical addresses). docs/mock.md describes the text
 * that makes one.
 *
 * Threads: every function may be called from any thread. A DMA that runs when
 * memory is unmapped has ended when the unmap returns, as on hardware.
 */
#ifndef LIBIOMMU_MOCK_H
#define LIBIOMMU_MOCK_H

#include <libiommu/context.h>
#include <libiommu/error.h>
#include <libiommu/fault_queue.h>
#include <libiommu/hooks.h>
#include <libiommu/pgtable.h>
#include <libiommu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct libiommu_mock_machine;

/**
 * Make a machine that several contexts can share: hand it over as
 * libiommu_ctx_options.backend_object. A context without one makes a private
 * machine from its config text.
 * @param text the description; NULL: the machine of libiommu_mock_default_machine()
 * @param[out] out free with libiommu_mock_machine_free() after the contexts
 * Reasons: null-argument, config-syntax (subject: the line), model-unknown, no-memory.
 */
LIBIOMMU_API int libiommu_mock_machine_new(const char *text, struct libiommu_mock_machine **out,
					   struct libiommu_error **err);

/** Free a machine. NULL is allowed. No context may use it any more. */
LIBIOMMU_API void libiommu_mock_machine_free(struct libiommu_mock_machine *machine);

/** @return the machine of a context, which keeps it; NULL: the context is not of the mock. */
LIBIOMMU_API struct libiommu_mock_machine *libiommu_mock_machine_of(struct libiommu_ctx *ctx);

/**
 * Write what Linux shows of such a machine in /sys into a folder: groups, devices, drivers,
 * IOMMUs. What an earlier call has written there is replaced: on failure it is still there, and
 * an empty folder is empty again. docs/mock.md lists the files.
 * @param sys system calls; NULL: the real ones
 * @param directory a folder, empty or written to by this function alone; stays the caller's.
 * One call at a time may write to a folder
 * Reasons: null-argument, bad-options (sys is too short), bad-name (an IOMMU or a driver has one
 * that no folder can have), wrong-fd (no folder, or one with something else in it), fd-limit,
 * no-memory, kernel-refused (what else the file system says).
 */
LIBIOMMU_API int libiommu_mock_write_sysfs(struct libiommu_mock_machine *machine,
					   const struct libiommu_sys *sys, int directory,
					   struct libiommu_error **err);

/** @return the text of the default machine. Static. */
LIBIOMMU_API const char *libiommu_mock_default_machine(void);

/**
 * The device reads memory by IOVA.
 * @param ep an endpoint of a mock context
 * @param[out] buffer length bytes; on failure what was read before the fault is in it
 * Reasons: null-argument, foreign-context (not a mock), dma-fault (subject: the
 * IOVA of the fault; the fault is recorded, too), device-io (it was removed).
 */
LIBIOMMU_API int libiommu_mock_dma_read(struct libiommu_endpoint *ep, uint64_t iova, void *buffer,
					size_t length, struct libiommu_error **err);

/** The device writes memory by IOVA. As libiommu_mock_dma_read(). */
LIBIOMMU_API int libiommu_mock_dma_write(struct libiommu_endpoint *ep, uint64_t iova,
					 const void *buffer, size_t length,
					 struct libiommu_error **err);

/**
 * The device compares and swaps, atomically towards CPUs (PCIe AtomicOp CAS).
 * Needs read and write permission.
 * @param iova a multiple of width
 * @param width 4 or 8 bytes
 * @param[in,out] expected in: compared; out: what was found
 * @param desired stored when equal
 * Reasons: as libiommu_mock_dma_read(); misaligned.
 */
LIBIOMMU_API int libiommu_mock_dma_cas(struct libiommu_endpoint *ep, uint64_t iova,
				       unsigned int width, uint64_t *expected, uint64_t desired,
				       struct libiommu_error **err);

enum libiommu_mock_fault_kind {
	LIBIOMMU_MOCK_FAULT_BLOCKED =
		1, /**< the device or its PASID has no domain, or a blocked one */
	LIBIOMMU_MOCK_FAULT_NOT_MAPPED, /**< no translation */
	LIBIOMMU_MOCK_FAULT_PERMISSION, /**< the translation forbids this access */
	LIBIOMMU_MOCK_FAULT_APERTURE,   /**< the IOVA is wider than the IOMMU translates */
	LIBIOMMU_MOCK_FAULT_RESERVED,   /**< a reserved window, such as that of MSIs */
	LIBIOMMU_MOCK_FAULT_BUS_MASTER, /**< the device may not start requests */
	/**
	 * No refusal: the access went where the IOTLB led, and the tables no longer do. Hardware
	 * does not tell; see libiommu_mock_skip_invalidation().
	 */
	LIBIOMMU_MOCK_FAULT_STALE,
	LIBIOMMU_MOCK_FAULT_TABLE, /**< an entry of a user's table has bits that must be zero */
	/** a user's stage 1 has no tables for such requests: no context, or one that is not valid */
	LIBIOMMU_MOCK_FAULT_CONTEXT
};

/** A refused access, or a stale one, as the IOMMU recorded it. */
struct libiommu_mock_fault {
	size_t size;
	char device[32]; /**< "0000:00:04.0" */
	uint64_t iova;
	uint32_t access; /**< LIBIOMMU_PROT_READ, _WRITE or both (CAS) */
	enum libiommu_mock_fault_kind kind;
	uint32_t pasid;     /**< that the request carried; 0: none */
	unsigned int stage; /**< NESTED domain: 1 or 2, where it ended; else 0 */
	uint64_t inner;     /**< with stage 2: the parent's IOVA */
};
#define LIBIOMMU_MOCK_FAULT_INIT                                                                   \
	{                                                                                          \
		sizeof(struct libiommu_mock_fault), "", 0, 0, LIBIOMMU_MOCK_FAULT_BLOCKED, 0, 0, 0 \
	}

/**
 * Take the oldest recorded fault of the context's machine. 256 are kept; when
 * more come the newest are dropped and counted.
 * @return 0; -EAGAIN when there is none; -EINVAL, -EXDEV (not a mock)
 */
LIBIOMMU_API int libiommu_mock_fault_next(struct libiommu_ctx *ctx,
					  struct libiommu_mock_fault *out);

/**
 * Every level of the walk of one IOVA through the endpoint's page table; no
 * step, and format "identity", "blocked", "sva", "nested" or "shared", where the domain has no
 * table of the library's, or "hidden", where the hardware shows none. Formats "tce" and "zpci" are
 * not of pgtable.h.
 * @param[out] format name of the page-table format, static; may be NULL
 * Reasons: null-argument, foreign-context, bad-options, not-attached, outside-aperture.
 */
LIBIOMMU_API int libiommu_mock_walk(struct libiommu_endpoint *ep, uint64_t iova,
				    struct libiommu_pgtable_walk *out, const char **format,
				    struct libiommu_error **err);

/**
 * The device asks for pages, as one group, and goes on. A DMA to a page that is missing
 * in a domain with a fault queue asks by itself, and waits inside the call until the
 * group is answered: another thread must do that.
 * @param number the device's own number of the group
 * @param[out] ticket for libiommu_mock_page_answer()
 * Reasons: null-argument, foreign-context, faults-unsupported (the endpoint is not attached,
 * or no queue takes its requests), device-io (it was removed).
 */
LIBIOMMU_API int libiommu_mock_page_request(struct libiommu_endpoint *ep,
					    const struct libiommu_page_request *requests,
					    size_t count, uint32_t number, uint64_t *ticket,
					    struct libiommu_error **err);

/**
 * What a group was answered; once. The machine keeps the last 256 answers.
 * @return 0; -EAGAIN when it was not answered yet, or answered long ago; -EINVAL, -EXDEV
 */
LIBIOMMU_API int libiommu_mock_page_answer(struct libiommu_endpoint *ep, uint64_t ticket,
					   enum libiommu_fault_answer *out);

/**
 * One of the four words that the test device of Linux (profile kernel-selftest) caches of the
 * stage 1 in which an endpoint is: what libiommu_stage1_selftest.iotlb was, until an invalidation
 * makes it 0.
 * @param number of the word, 0 to 3
 * @param[out] out written on success
 * Reasons: null-argument, foreign-context, bad-options (number), not-attached, domain-type (no
 * stage 1 of this type).
 */
LIBIOMMU_API int libiommu_mock_stage1_cached(struct libiommu_endpoint *ep, unsigned int number,
					     uint32_t *out, struct libiommu_error **err);

/**
 * The owner of the machine wants the device back: LIBIOMMU_INTERRUPT_REQUEST. Nobody
 * need listen. Nothing else happens: the mock's owner waits for ever.
 * Reasons: null-argument, foreign-context.
 */
LIBIOMMU_API int libiommu_mock_device_request(struct libiommu_endpoint *ep,
					      struct libiommu_error **err);

/**
 * Pull the device out while it is open. From now on its registers read all ones,
 * what is written to them is lost, and it does nothing more, above all no DMA;
 * LIBIOMMU_INTERRUPT_REQUEST is signalled. Everything else goes on until the device
 * is closed; then the machine does not know it any more. docs/mock.md has the
 * answer of every call.
 * Reasons: null-argument, foreign-context.
 */
LIBIOMMU_API int libiommu_mock_device_remove(struct libiommu_endpoint *ep,
					     struct libiommu_error **err);

/**
 * The device reports an error that is not its driver's: LIBIOMMU_INTERRUPT_ERROR.
 * As libiommu_mock_device_request().
 */
LIBIOMMU_API int libiommu_mock_device_error(struct libiommu_endpoint *ep,
					    struct libiommu_error **err);

struct libiommu_mock_stats {
	size_t size;
	uint64_t pinned_pages;   /**< pins in force; a page pinned twice counts twice */
	uint64_t locked_bytes;   /**< charged against the limit */
	uint64_t table_pages;    /**< page-table pages in use */
	uint64_t address_spaces; /**< containers or IOASes that exist */
	uint64_t iotlb_hits;
	uint64_t iotlb_misses;
	uint64_t invalidations;  /**< IOTLB invalidations carried out */
	uint64_t faults;         /**< faults recorded */
	uint64_t faults_dropped; /**< faults that found the queue full */
	uint64_t page_requests;  /**< groups of page requests, those that SVA has answered too */
};
#define LIBIOMMU_MOCK_STATS_INIT                                                 \
	{                                                                        \
		sizeof(struct libiommu_mock_stats), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 \
	}

/** Figures of the context's machine. @return 0; -EINVAL, -EXDEV (not a mock) */
LIBIOMMU_API int libiommu_mock_stats(struct libiommu_ctx *ctx, struct libiommu_mock_stats *out);

/**
 * Plant the classic kernel bug: unmaps leave the IOTLB alone from now on, so
 * that stale entries stay visible to devices; off invalidates everything. While
 * it is on, each access through a stale entry is recorded (LIBIOMMU_MOCK_FAULT_STALE).
 * For tests of tests. @return 0; -EINVAL, -EXDEV (not a mock)
 */
LIBIOMMU_API int libiommu_mock_skip_invalidation(struct libiommu_ctx *ctx, bool skip);

#ifdef __cplusplus
}
#endif

#endif
