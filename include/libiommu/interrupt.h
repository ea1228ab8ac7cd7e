/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file interrupt.h
 * A device's interrupts, delivered as eventfds.
 */
#ifndef LIBIOMMU_INTERRUPT_H
#define LIBIOMMU_INTERRUPT_H

#include <libiommu/error.h>
#include <libiommu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum libiommu_interrupt_kind {
	LIBIOMMU_INTERRUPT_INTX = 0, /**< one level-triggered line; masked after each event */
	LIBIOMMU_INTERRUPT_MSI,
	LIBIOMMU_INTERRUPT_MSIX
};

/**
 * How many interrupts of a kind the device has; 0 is an answer.
 * Reasons: null-argument, after-fork, no-such-interrupt (kind), needs-attach, kernel-refused.
 */
LIBIOMMU_API int libiommu_interrupt_count(struct libiommu_device *dev,
					  enum libiommu_interrupt_kind kind, unsigned int *count,
					  struct libiommu_error **err);

/**
 * Signal eventfds when interrupts 0 to count-1 of a kind arrive. Replaces what
 * was set for the kind. The kernel holds the eventfds; the caller keeps and
 * closes its descriptors.
 * @param fds count descriptors of eventfds
 * Reasons: null-argument, after-fork, no-such-interrupt, bad-fd, needs-attach, kernel-refused.
 */
LIBIOMMU_API int libiommu_interrupt_enable(struct libiommu_device *dev,
					   enum libiommu_interrupt_kind kind, const int *fds,
					   unsigned int count, struct libiommu_error **err);

/**
 * Stop the interrupts of a kind; nothing enabled is fine.
 * Reasons: null-argument, after-fork, no-such-interrupt, needs-attach, kernel-refused.
 */
LIBIOMMU_API int libiommu_interrupt_disable(struct libiommu_device *dev,
					    enum libiommu_interrupt_kind kind,
					    struct libiommu_error **err);

/**
 * Let INTx fire again after an event was handled.
 * Reasons: null-argument, after-fork, no-such-interrupt, needs-attach, kernel-refused.
 */
LIBIOMMU_API int libiommu_interrupt_unmask(struct libiommu_device *dev,
					   struct libiommu_error **err);

#ifdef __cplusplus
}
#endif

#endif
