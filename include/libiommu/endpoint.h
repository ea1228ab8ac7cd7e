/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file endpoint.h
 * What can be attached to a domain: a device's own requests
 * (libiommu_device_endpoint()), or those with one PASID (libiommu_pasid_open()).
 *
 * Devices of one group share one domain, by PASID. Attach, replace and detach of one
 * context run one after the other; they wait for maps and unmaps of the domains
 * that they touch and hold back new ones meanwhile.
 */
#ifndef LIBIOMMU_ENDPOINT_H
#define LIBIOMMU_ENDPOINT_H

#include <libiommu/error.h>
#include <libiommu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Replace: move every attached endpoint of the group, in one commit. */
#define LIBIOMMU_REPLACE_GROUP 1u

/** Detach: the device may be given up and opened again at the next attach, which resets it. */
#define LIBIOMMU_DETACH_MAY_REOPEN 1u

/**
 * Attach an endpoint to a domain. All mappings of the domain are valid for it
 * when this returns. On failure nothing has changed; a refused attach never
 * resets the device.
 * Reasons: null-argument, after-fork, foreign-context, already-attached,
 * group-attached-elsewhere, mapping-conflict (subject: the mapping),
 * bad-memory, bad-file, locked-memory-limit, entry-limit (subject: the mapping),
 * incompatible-iommu (also: a NESTED domain of another IOMMU), domain-not-pasid,
 * rid-domain-not-pasid, faults-unsupported, group-not-viable, msi-not-isolated, not-cache-coherent,
 * direct-region, no-memory, kernel-refused; type1 only: bad-token, and in a
 * context of passed descriptors needs-passed-fd (the container serves another
 * domain) and device-busy (it must be adopted).
 */
LIBIOMMU_API int libiommu_endpoint_attach(struct libiommu_endpoint *ep, struct libiommu_domain *dom,
					  struct libiommu_error **err);

/**
 * Move an attached endpoint to another domain. Atomic in library and kernel
 * state: on failure the old domain stays. Whether DMA in flight sees a gap
 * tells LIBIOMMU_CAP_REPLACE_HITLESS. To the same domain: nothing happens.
 * @param flags 0 or LIBIOMMU_REPLACE_GROUP
 * Reasons: as attach; not-attached, replace-unsupported, group-shared, unknown-flags.
 */
LIBIOMMU_API int libiommu_endpoint_replace(struct libiommu_endpoint *ep,
					   struct libiommu_domain *dom, uint32_t flags,
					   struct libiommu_error **err);

/**
 * Detach an endpoint; not being attached is fine. Mappings stay in the domain.
 * A member of a group with several keeps the group's access until the last one
 * is detached (libiommu_device_isolated()).
 * @param flags 0 or LIBIOMMU_DETACH_MAY_REOPEN
 * Reasons: null-argument, after-fork, unknown-flags; type1 only: device-fd-in-use.
 */
LIBIOMMU_API int libiommu_endpoint_detach(struct libiommu_endpoint *ep, uint32_t flags,
					  struct libiommu_error **err);

/** @return the domain that the endpoint is attached to, or NULL. Borrowed. */
LIBIOMMU_API struct libiommu_domain *libiommu_endpoint_domain(const struct libiommu_endpoint *ep);

/** @return the endpoint's device. Borrowed. */
LIBIOMMU_API struct libiommu_device *libiommu_endpoint_device(const struct libiommu_endpoint *ep);

#ifdef __cplusplus
}
#endif

#endif
