/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How a device comes to an iommufd: through VFIO's node (transport_cdev.c) unless the context's
 * options hand in another table as backend_object, as tests do that drive the kernel's own test
 * devices. Every function returns a negative errno when the kernel refuses.
 */
#ifndef BACKENDS_IOMMUFD_TRANSPORT_H
#define BACKENDS_IOMMUFD_TRANSPORT_H

#include <libiommu/hooks.h>

struct libiommu_iommufd_transport {
	size_t size;
	void *data; /* handed to every function */
	const char *bind_call, *attach_call, *detach_call;
	/* In place of sysfs and the device's node; the descriptor is closed with the device. NULL:
	 * those are used. */
	int (*open)(void *data, const struct libiommu_sys *sys, const char *name, uint32_t *group,
		    int *fd);
	/* @param token 16 bytes, or NULL */
	int (*bind)(void *data, const struct libiommu_sys *sys, int fd, int iommufd,
		    const unsigned char *token, uint32_t *id);
	/* @param[in,out] pt id of an address space or a page table; out: of the page table */
	int (*attach)(void *data, const struct libiommu_sys *sys, int fd, uint32_t id,
		      uint32_t *pt);
	/* The same for a device that is attached; on failure it is where it was. */
	int (*replace)(void *data, const struct libiommu_sys *sys, int fd, uint32_t id,
		       uint32_t *pt);
	int (*detach)(void *data, const struct libiommu_sys *sys, int fd, uint32_t id);
};

extern const struct libiommu_iommufd_transport libiommu_iommufd_transport_cdev;

#endif
