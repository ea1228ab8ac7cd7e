/* SPDX-License-Identifier: BSD-2-Clause */
/* Refusals of page tables that are wanted for more than maps. */
#include "backends/iommufd/iommufd.h"

#include <errno.h>

/* The kernel does not tell which of several wishes its driver has not. */
int libiommu_iommufd_diagnose_table(struct iommufd_device *device, uint32_t flags,
				    const struct libiommu_backend_attach *attach, int error,
				    struct libiommu_failure *failure)
{
	const uint32_t several = IOMMU_HWPT_ALLOC_NEST_PARENT | IOMMU_HWPT_ALLOC_PASID;
	const char *name = device->dev.name;
	int rc = libiommu_iommufd_diagnose_attach(device, attach, error, "IOMMU_HWPT_ALLOC",
						  failure);

	if (!flags || (error != -EOPNOTSUPP && error != -EINVAL && error != -ENODEV))
		return rc;
	if (flags & IOMMU_HWPT_ALLOC_NEST_PARENT)
		rc = libiommu_refuse(failure, LIBIOMMU_REASON_NESTING_UNSUPPORTED, name, NULL);
	else if (flags & IOMMU_HWPT_ALLOC_PASID)
		rc = libiommu_refuse(failure, LIBIOMMU_REASON_PASID_UNSUPPORTED, name,
				     "Its driver has no page tables for PASIDs.");
	else
		rc = libiommu_refuse(failure, LIBIOMMU_REASON_FAULTS_UNSUPPORTED, name, NULL);
	return (flags & several) == several || error != -EOPNOTSUPP
		       ? libiommu_vfiodev_guess(failure, rc)
		       : rc;
}

/* A stage 1 is looked at when a device comes, and so is whether the device is one for it. */
static int diagnose_stage1(const struct iommufd_way *way, struct libiommu_failure *failure)
{
	const char *name = way->device->dev.name;

	if (way->domain->below->group == way->device->group)
		return libiommu_refuse(failure, LIBIOMMU_REASON_BAD_STAGE1, name, NULL);
	return libiommu_refuse(failure, LIBIOMMU_REASON_INCOMPATIBLE_IOMMU, name, NULL);
}

int libiommu_iommufd_diagnose_entry(const struct iommufd_way *way, int error, const char *call,
				    struct libiommu_failure *failure)
{
	const struct iommufd_domain *domain = way->domain;
	const char *name = way->device->dev.name;
	int rc = libiommu_iommufd_diagnose_attach(way->device, way->attach, error, call, failure);

	if (error != -EINVAL && error != -ENODEV && error != -EOPNOTSUPP)
		return rc;
	if (way->pasid && error == -EOPNOTSUPP)
		return libiommu_refuse(failure, LIBIOMMU_REASON_PASID_UNSUPPORTED, name, NULL);
	if (domain->faults)
		rc = libiommu_refuse(failure, LIBIOMMU_REASON_FAULTS_UNSUPPORTED, name, NULL);
	else if (domain->parent)
		rc = diagnose_stage1(way, failure);
	else
		return rc;
	return libiommu_vfiodev_guess(failure, rc);
}

int libiommu_iommufd_diagnose_nested(struct iommufd_device *device, int error,
				     struct libiommu_failure *failure)
{
	const char *name = device->dev.name;
	int rc = libiommu_iommufd_diagnose(failure, error, "IOMMU_HWPT_ALLOC", name);

	switch (error) {
	case -EOPNOTSUPP:
		return libiommu_refuse(failure, LIBIOMMU_REASON_NESTING_UNSUPPORTED, name, NULL);
	case -EINVAL:
		/* Of the parent's page table it is known that it is one for the device. */
		return libiommu_vfiodev_guess(
			failure, libiommu_refuse(failure, LIBIOMMU_REASON_BAD_STAGE1, name, NULL));
	case -E2BIG:
	case -EFAULT:
		return libiommu_refuse(failure, LIBIOMMU_REASON_BAD_STAGE1, name, NULL);
	default:
		return rc;
	}
}
