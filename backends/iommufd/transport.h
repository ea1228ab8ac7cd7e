/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a device comes to an iommufd: through VFIO's node (transport_cdev.c) unless the context's
 * options hand in another table as backend_object, as tests do that drive the kernel's own test
 * devices. Every function returns a negative errno when the kernel refuses.
 */
#ifndef BACKENDS_IOMMUFD_TRANSPORT_H
#define BACKENDS_IOMMUFD_TRANSPORT_H

#include <libiommu/hooks.h>

/* A device that is open and bound. */
struct libiommu_iommufd_bound {
	int iommufd, fd;
	uint32_t id; /* in the iommufd */
};

struct libiommu_iommufd_transport {
	size_t size;
	void *data; /* handed to every function */
	const char *bind_call, *attach_call, *detach_call;
	/* In place of sysfs and the device's node; the descriptor is closed with the device. NULL:
	 * those are used. */
	int (*open)(void *data, const struct libiommu_sys *sys, int iommufd, const char *name,
		    uint32_t *group, int *fd);
	/* @param token 16 bytes, or NULL */
	int (*bind)(void *data, const struct libiommu_sys *sys, int fd, int iommufd,
		    const unsigned char *token, uint32_t *id);
	/* Before the descriptor is closed, but not in a forked child. NULL: closing it is enough. */
	void (*unbind)(void *data, const struct libiommu_sys *sys,
		       const struct libiommu_iommufd_bound *bound);
	/* @param[in,out] pt id of an address space or a page table; out: of the page table */
	int (*attach)(void *data, const struct libiommu_sys *sys,
		      const struct libiommu_iommufd_bound *bound, uint32_t *pt);
	/* The same for a device that is attached; on failure it is where it was. */
	int (*replace)(void *data, const struct libiommu_sys *sys,
		       const struct libiommu_iommufd_bound *bound, uint32_t *pt);
	int (*detach)(void *data, const struct libiommu_sys *sys,
		      const struct libiommu_iommufd_bound *bound);
	/* The same of one PASID. NULL: the devices have none. */
	const char *pasid_attach_call, *pasid_detach_call;
	int (*pasid_attach)(void *data, const struct libiommu_sys *sys,
			    const struct libiommu_iommufd_bound *bound, uint32_t pasid,
			    uint32_t *pt);
	int (*pasid_replace)(void *data, const struct libiommu_sys *sys,
			     const struct libiommu_iommufd_bound *bound, uint32_t pasid,
			     uint32_t *pt);
	int (*pasid_detach)(void *data, const struct libiommu_sys *sys,
			    const struct libiommu_iommufd_bound *bound, uint32_t pasid);
};

extern const struct libiommu_iommufd_transport libiommu_iommufd_transport_cdev;

#endif
