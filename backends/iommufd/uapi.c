/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/iommufd/uapi.h"

#include <errno.h>
#include <string.h>

/* No call has flags, and no object an id, like these. */
#define IMPOSSIBLE UINT32_MAX

int libiommu_iommufd_known(const struct libiommu_sys *sys, int iommufd, unsigned long request)
{
	/* The longest of the structs, all of which begin with their size; the kernel allows a tail
	 * of zeros. The second word is flags or an id in each of them. */
	union {
		struct iommu_destroy head;
		struct iommu_hwpt_alloc longest;
	} argument = { .longest = { .size = sizeof(argument) } };

	argument.head.id = IMPOSSIBLE;
	return sys->ioctl(sys->data, iommufd, request, &argument) == -ENOTTY ? -ENOTTY : 0;
}

bool libiommu_iommufd_is(const struct libiommu_sys *sys, int fd)
{
	/* A container that nobody has set up answers EINVAL to every call. */
	return libiommu_iommufd_destroy(sys, fd, IMPOSSIBLE) == -ENOENT;
}

int libiommu_iommufd_destroy(const struct libiommu_sys *sys, int iommufd, uint32_t id)
{
	struct iommu_destroy destroy = { .size = sizeof(destroy), .id = id };

	return sys->ioctl(sys->data, iommufd, IOMMU_DESTROY, &destroy);
}

int libiommu_iommufd_ioas_alloc(const struct libiommu_sys *sys, int iommufd, uint32_t *ioas)
{
	struct iommu_ioas_alloc alloc = { .size = sizeof(alloc) };
	int rc = sys->ioctl(sys->data, iommufd, IOMMU_IOAS_ALLOC, &alloc);

	*ioas = alloc.out_ioas_id;
	return rc;
}

int libiommu_iommufd_ioas_ranges(const struct libiommu_sys *sys, int iommufd, uint32_t ioas,
				 void *buffer, uint32_t *count, uint64_t *alignment)
{
	struct iommu_ioas_iova_ranges ranges = {
		.size = sizeof(ranges),
		.ioas_id = ioas,
		.num_iovas = *count,
		.allowed_iovas = (uintptr_t)buffer,
	};
	int rc = sys->ioctl(sys->data, iommufd, IOMMU_IOAS_IOVA_RANGES, &ranges);

	*count = ranges.num_iovas;
	*alignment = ranges.out_iova_alignment;
	return rc;
}

size_t libiommu_iommufd_ranges_size(uint32_t count)
{
	return (size_t)count * sizeof(struct iommu_iova_range);
}

struct libiommu_range libiommu_iommufd_range(const void *buffer, size_t index)
{
	struct iommu_iova_range range;

	memcpy(&range, (const char *)buffer + index * sizeof(range), sizeof(range));
	return (struct libiommu_range){ range.start, range.last };
}

int libiommu_iommufd_ioas_map(const struct libiommu_sys *sys, int iommufd, uint32_t ioas,
			      uint32_t flags, const void *memory, uint64_t iova, uint64_t length)
{
	struct iommu_ioas_map map = {
		.size = sizeof(map),
		.flags = flags | IOMMU_IOAS_MAP_FIXED_IOVA,
		.ioas_id = ioas,
		.user_va = (uintptr_t)memory,
		.length = length,
		.iova = iova,
	};

	return sys->ioctl(sys->data, iommufd, IOMMU_IOAS_MAP, &map);
}

int libiommu_iommufd_ioas_map_file(const struct libiommu_sys *sys, int iommufd, uint32_t ioas,
				   uint32_t flags, int fd, uint64_t offset, uint64_t iova,
				   uint64_t length)
{
	struct iommu_ioas_map_file map = {
		.size = sizeof(map),
		.flags = flags | IOMMU_IOAS_MAP_FIXED_IOVA,
		.ioas_id = ioas,
		.fd = fd,
		.start = offset,
		.length = length,
		.iova = iova,
	};

	return sys->ioctl(sys->data, iommufd, IOMMU_IOAS_MAP_FILE, &map);
}

int libiommu_iommufd_ioas_unmap(const struct libiommu_sys *sys, int iommufd, uint32_t ioas,
				uint64_t iova, uint64_t length, uint64_t *unmapped)
{
	struct iommu_ioas_unmap unmap = {
		.size = sizeof(unmap),
		.ioas_id = ioas,
		.iova = iova,
		.length = length,
	};
	int rc = sys->ioctl(sys->data, iommufd, IOMMU_IOAS_UNMAP, &unmap);

	/* With an error the kernel leaves the length as it was, whatever it has removed. */
	*unmapped = rc < 0 ? 0 : unmap.length;
	return rc;
}

int libiommu_iommufd_hwpt_alloc(const struct libiommu_sys *sys, int iommufd, uint32_t flags,
				uint32_t device, uint32_t ioas, uint32_t *hwpt)
{
	const struct libiommu_iommufd_hwpt_ask ask = {
		.flags = flags,
		.device = device,
		.parent = ioas,
		.data_type = IOMMU_HWPT_DATA_NONE,
	};

	return libiommu_iommufd_hwpt_make(sys, iommufd, &ask, hwpt);
}

int libiommu_iommufd_hw_info(const struct libiommu_sys *sys, int iommufd, uint32_t device,
			     struct libiommu_iommufd_hw *hw)
{
	/* Others are longer; the kernel then writes their beginning. */
	struct iommu_hw_info_vtd vtd = { 0 };
	struct iommu_hw_info info = {
		.size = sizeof(info),
		.dev_id = device,
		.data_len = sizeof(vtd),
		.data_uptr = (uintptr_t)&vtd,
	};
	int rc = sys->ioctl(sys->data, iommufd, IOMMU_GET_HW_INFO, &info);

	if (rc < 0)
		return rc;
	*hw = (struct libiommu_iommufd_hw){
		.type = info.out_data_type,
		.capabilities = info.out_capabilities,
		.pasid_bits = info.out_max_pasid_log2,
		.has_ecap = info.out_data_type == IOMMU_HW_INFO_TYPE_INTEL_VTD &&
			    info.data_len >= sizeof(vtd),
		.ecap = vtd.ecap_reg,
	};
	return 0;
}

int libiommu_iommufd_device_bind(const struct libiommu_sys *sys, int device, int iommufd,
				 const unsigned char *token, uint32_t *id)
{
	struct vfio_device_bind_iommufd bind = {
		.argsz = token ? sizeof(bind)
			       : offsetof(struct vfio_device_bind_iommufd, token_uuid_ptr),
		.flags = token ? VFIO_DEVICE_BIND_FLAG_TOKEN : 0,
		.iommufd = iommufd,
		.token_uuid_ptr = (uintptr_t)token,
	};
	int rc = sys->ioctl(sys->data, device, VFIO_DEVICE_BIND_IOMMUFD, &bind);

	*id = bind.out_devid;
	return rc;
}

int libiommu_iommufd_device_attach(const struct libiommu_sys *sys, int device, uint32_t *id)
{
	struct vfio_device_attach_iommufd_pt attach = {
		.argsz = offsetof(struct vfio_device_attach_iommufd_pt, pasid),
		.pt_id = *id,
	};
	int rc = sys->ioctl(sys->data, device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach);

	if (rc >= 0)
		*id = attach.pt_id;
	return rc;
}

int libiommu_iommufd_pasid_attach(const struct libiommu_sys *sys, int device, uint32_t pasid,
				  uint32_t *id)
{
	struct vfio_device_attach_iommufd_pt attach = {
		.argsz = sizeof(attach),
		.flags = VFIO_DEVICE_ATTACH_PASID,
		.pt_id = *id,
		.pasid = pasid,
	};
	int rc = sys->ioctl(sys->data, device, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach);

	if (rc >= 0)
		*id = attach.pt_id;
	return rc;
}

int libiommu_iommufd_pasid_detach(const struct libiommu_sys *sys, int device, uint32_t pasid)
{
	struct vfio_device_detach_iommufd_pt detach = {
		.argsz = sizeof(detach),
		.flags = VFIO_DEVICE_DETACH_PASID,
		.pasid = pasid,
	};

	return sys->ioctl(sys->data, device, VFIO_DEVICE_DETACH_IOMMUFD_PT, &detach);
}

int libiommu_iommufd_device_detach(const struct libiommu_sys *sys, int device)
{
	struct vfio_device_detach_iommufd_pt detach = {
		.argsz = offsetof(struct vfio_device_detach_iommufd_pt, pasid),
	};

	return sys->ioctl(sys->data, device, VFIO_DEVICE_DETACH_IOMMUFD_PT, &detach);
}
