/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/iommufd/uapi.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

int libiommu_iommufd_fault_alloc(const struct libiommu_sys *sys, int iommufd, uint32_t *id, int *fd)
{
	struct iommu_fault_alloc alloc = { .size = sizeof(alloc) };
	int rc = sys->ioctl(sys->data, iommufd, IOMMU_FAULT_QUEUE_ALLOC, &alloc);

	*id = alloc.out_fault_id;
	*fd = (int)alloc.out_fault_fd;
	return rc;
}

size_t libiommu_iommufd_faults_size(size_t count)
{
	return count * sizeof(struct iommu_hwpt_pgfault);
}

struct libiommu_iommufd_fault libiommu_iommufd_fault(const void *buffer, size_t index)
{
	struct iommu_hwpt_pgfault record;

	memcpy(&record, (const char *)buffer + index * sizeof(record), sizeof(record));
	return (struct libiommu_iommufd_fault){
		.device = record.dev_id,
		.has_pasid = record.flags & IOMMU_PGFAULT_FLAGS_PASID_VALID,
		.last = record.flags & IOMMU_PGFAULT_FLAGS_LAST_PAGE,
		.pasid = record.pasid,
		.group = record.grpid,
		.access = record.perm,
		.address = record.addr,
		.length = record.length,
		.cookie = record.cookie,
	};
}

void libiommu_iommufd_fault_disown(void *buffer, size_t index)
{
	char *record = (char *)buffer + index * sizeof(struct iommu_hwpt_pgfault);

	/* The kernel counts its objects from 1. */
	memset(record + offsetof(struct iommu_hwpt_pgfault, dev_id), 0, sizeof(uint32_t));
}

int64_t libiommu_iommufd_fault_read(const struct libiommu_sys *sys, int fd, void *buffer,
				    size_t room)
{
	const size_t record = sizeof(struct iommu_hwpt_pgfault);
	const int64_t rc = sys->read(sys->data, fd, buffer, room * record);

	if (rc < 0)
		return rc;
	return (size_t)rc % record || (size_t)rc > room * record ? -EPROTO : rc / (int64_t)record;
}

int libiommu_iommufd_fault_answer(const struct libiommu_sys *sys, int fd, uint32_t cookie,
				  bool success)
{
	const struct iommu_hwpt_page_response response = {
		.cookie = cookie,
		.code = success ? IOMMUFD_PAGE_RESP_SUCCESS : IOMMUFD_PAGE_RESP_INVALID,
	};
	const int64_t rc = sys->write(sys->data, fd, &response, sizeof(response));

	if (rc < 0)
		return (int)rc;
	return rc == sizeof(response) ? 0 : -EPROTO;
}
