/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/iommufd/transport.h"

#include "backends/iommufd/uapi.h"

static int cdev_bind(void *data, const struct libiommu_sys *sys, int fd, int iommufd,
		     const unsigned char *token, uint32_t *id)
{
	(void)data;
	return libiommu_iommufd_device_bind(sys, fd, iommufd, token, id);
}

/* Attaching what is attached is a replace. */
static int cdev_attach(void *data, const struct libiommu_sys *sys,
		       const struct libiommu_iommufd_bound *bound, uint32_t *pt)
{
	(void)data;
	return libiommu_iommufd_device_attach(sys, bound->fd, pt);
}

static int cdev_detach(void *data, const struct libiommu_sys *sys,
		       const struct libiommu_iommufd_bound *bound)
{
	(void)data;
	return libiommu_iommufd_device_detach(sys, bound->fd);
}

static int cdev_pasid_attach(void *data, const struct libiommu_sys *sys,
			     const struct libiommu_iommufd_bound *bound, uint32_t pasid,
			     uint32_t *pt)
{
	(void)data;
	return libiommu_iommufd_pasid_attach(sys, bound->fd, pasid, pt);
}

static int cdev_pasid_detach(void *data, const struct libiommu_sys *sys,
			     const struct libiommu_iommufd_bound *bound, uint32_t pasid)
{
	(void)data;
	return libiommu_iommufd_pasid_detach(sys, bound->fd, pasid);
}

const struct libiommu_iommufd_transport libiommu_iommufd_transport_cdev = {
	.size = sizeof(struct libiommu_iommufd_transport),
	.bind_call = "VFIO_DEVICE_BIND_IOMMUFD",
	.attach_call = "VFIO_DEVICE_ATTACH_IOMMUFD_PT",
	.detach_call = "VFIO_DEVICE_DETACH_IOMMUFD_PT",
	.bind = cdev_bind,
	.attach = cdev_attach,
	.replace = cdev_attach,
	.detach = cdev_detach,
	.pasid_attach_call = "VFIO_DEVICE_ATTACH_IOMMUFD_PT",
	.pasid_detach_call = "VFIO_DEVICE_DETACH_IOMMUFD_PT",
	.pasid_attach = cdev_pasid_attach,
	.pasid_replace = cdev_pasid_attach,
	.pasid_detach = cdev_pasid_detach,
};
