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
	LIBIOMMU_INTERRUPT_MSIX,
	/**
	 * The device reported an error that it does not get over by itself (PCIe: AER).
	 * What it did since the last good answer is lost; a reset may bring it back.
	 */
	LIBIOMMU_INTERRUPT_ERROR,
	/**
	 * The owner of the machine wants the device back: somebody unbinds it or pulls
	 * it out, and waits until it is closed. Stop the device, detach and close it. The
	 * kernel asks again from time to time.
	 */
	LIBIOMMU_INTERRUPT_REQUEST
};

/**
 * How many interrupts of a kind the device has; 0 is an answer. Of ERROR and
 * REQUEST there is one or none: REQUEST every PCI device has, ERROR those on PCIe.
 * Reasons: null-argument, after-fork, no-such-interrupt (kind), needs-attach, kernel-refused.
 */
LIBIOMMU_API int libiommu_interrupt_count(struct libiommu_device *dev,
					  enum libiommu_interrupt_kind kind, unsigned int *count,
					  struct libiommu_error **err);

/**
 * Signal eventfds when interrupts 0 to count-1 of a kind arrive. Replaces what
 * was set for the kind. The kernel holds the eventfds; the caller keeps and
 * closes its descriptors. Of INTX, MSI and MSIX one kind can be enabled at a
 * time; ERROR and REQUEST stand beside them.
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
