/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file pasid.h
 * PASIDs: a device's requests that carry a number, each number with a domain of
 * its own. A PASID is an endpoint like the device's: endpoint.h attaches it.
 *
 * Both the domain of a PASID and the one that the device's own requests use must
 * have been made for PASIDs (libiommu_domain_options.pasid), in whichever order
 * they are attached. Detached, a PASID reaches nothing. PASIDs of a device are
 * isolated from each other and from its own requests.
 */
#ifndef LIBIOMMU_PASID_H
#define LIBIOMMU_PASID_H

#include <libiommu/error.h>
#include <libiommu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** libiommu_pasid_open(): the lowest number that is not open. */
#define LIBIOMMU_PASID_ANY UINT32_MAX

/**
 * Take a number of the device. Nothing reaches memory with it before it is attached.
 * @param pasid 1 to 2^width-1 (LIBIOMMU_CAP_PASIDS), or LIBIOMMU_PASID_ANY
 * @param[out] out written on success; give back with libiommu_pasid_close()
 * Reasons: null-argument, after-fork, pasid-unsupported, pasid-not-isolated,
 * pasid-range, pasid-in-use (open already), pasid-exhausted, no-memory.
 */
LIBIOMMU_API int libiommu_pasid_open(struct libiommu_device *dev, uint32_t pasid,
				     struct libiommu_endpoint **out, struct libiommu_error **err);

/**
 * Give a number back. NULL is allowed.
 * Reasons: null-argument (the endpoint is the device's own), pasid-in-use (attached).
 */
LIBIOMMU_API int libiommu_pasid_close(struct libiommu_endpoint *ep, struct libiommu_error **err);

/** @return the number; 0 for a device's own requests, and for NULL. */
LIBIOMMU_API uint32_t libiommu_endpoint_pasid(const struct libiommu_endpoint *ep);

#ifdef __cplusplus
}
#endif

#endif
