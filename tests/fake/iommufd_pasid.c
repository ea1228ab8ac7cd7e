/* SPDX-License-Identifier: BSD-2-Clause */
/* PASIDs of a bound device, with the kernel's order of checks. */
#include "tests/fake/iommufd.h"

#include <errno.h>

static struct pasid *find(struct cdev *cdev, uint32_t number)
{
	for (size_t i = 0; i < PASIDS; i++)
		if (cdev->pasids[i].number == number)
			return &cdev->pasids[i];
	return NULL;
}

bool fake_pasid_any(const struct cdev *cdev)
{
	for (size_t i = 0; i < PASIDS; i++)
		if (cdev->pasids[i].number)
			return true;
	return false;
}

uint32_t fake_cdev_table(const struct cdev *cdev, uint32_t pasid)
{
	if (!pasid)
		return cdev->hwpt;
	for (size_t i = 0; i < PASIDS; i++)
		if (cdev->pasids[i].number == pasid)
			return cdev->pasids[i].hwpt;
	return 0;
}

/* What the core of iommufd asks for, and then the driver. */
static int fits(const struct fake_kernel *kernel, const struct cdev *cdev, uint32_t pasid,
		const struct hwpt *hwpt)
{
	const struct group *group = &kernel->groups[cdev->device->group];
	const struct object *objects = cdev->iommufd->objects;

	if (!(hwpt->flags & IOMMU_HWPT_ALLOC_PASID))
		return -EINVAL;
	if (cdev->hwpt && !(objects[cdev->hwpt].hwpt.flags & IOMMU_HWPT_ALLOC_PASID))
		return -EINVAL;
	if (!pasid || hwpt->make != fake_make(kernel, cdev->device->group))
		return -EINVAL;
	if (kernel->knobs[FAKE_PASID_BITS] && pasid >> kernel->knobs[FAKE_PASID_BITS])
		return -EINVAL;
	return hwpt->instance == group->instance ? 0 : -EINVAL;
}

static void leave(struct fake_kernel *kernel, struct cdev *cdev, struct pasid *pasid)
{
	const struct pasid old = *pasid;

	*pasid = (struct pasid){ 0 };
	fake_fault_leave(cdev, old.number, old.hwpt);
	fake_hwpt_leave(kernel, cdev->iommufd, old.hwpt);
}

int fake_pasid_attach(struct fake_kernel *kernel, struct cdev *cdev,
		      struct vfio_device_attach_iommufd_pt *attach)
{
	struct object *objects = cdev->iommufd->objects;
	struct pasid *pasid = attach->pasid ? find(cdev, attach->pasid) : NULL;
	int rc;

	if (attach->argsz < sizeof(*attach))
		return -EINVAL;
	if (!fake_object(cdev->iommufd, attach->pt_id, OBJECT_HWPT))
		/* One that the kernel would make is none for PASIDs. */
		return fake_object(cdev->iommufd, attach->pt_id, OBJECT_IOAS) ? -EINVAL : -ENOENT;
	rc = fits(kernel, cdev, attach->pasid, &objects[attach->pt_id].hwpt);
	if (rc || (pasid && pasid->hwpt == attach->pt_id))
		return rc;
	if (pasid)
		leave(kernel, cdev, pasid);
	else
		pasid = find(cdev, 0);
	if (!pasid)
		return -ENOSPC;
	*pasid = (struct pasid){ attach->pasid, attach->pt_id };
	objects[attach->pt_id].hwpt.devices++;
	return 0;
}

int fake_pasid_detach(struct fake_kernel *kernel, struct cdev *cdev,
		      const struct vfio_device_detach_iommufd_pt *detach)
{
	struct pasid *pasid = detach->pasid ? find(cdev, detach->pasid) : NULL;

	if (detach->argsz < sizeof(*detach))
		return -EINVAL;
	if (pasid)
		leave(kernel, cdev, pasid);
	return 0;
}

void fake_pasid_clear(struct fake_kernel *kernel, struct cdev *cdev)
{
	for (size_t i = 0; i < PASIDS; i++)
		if (cdev->pasids[i].number)
			leave(kernel, cdev, &cdev->pasids[i]);
}
