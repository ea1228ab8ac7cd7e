/* SPDX-License-Identifier: BSD-2-Clause */
/* iommufd: page tables, the kernel's and nested ones of VT-d, with the kernel's order of checks. */
#include "tests/fake/iommufd.h"

#include <errno.h>
#include <string.h>

#define PAGING_FLAGS                                                                               \
	(IOMMU_HWPT_ALLOC_NEST_PARENT | IOMMU_HWPT_ALLOC_DIRTY_TRACKING | IOMMU_HWPT_ALLOC_PASID | \
	 IOMMU_HWPT_FAULT_ID_VALID)
#define NESTED_FLAGS (IOMMU_HWPT_ALLOC_PASID | IOMMU_HWPT_FAULT_ID_VALID)

int64_t fake_hwpt_new(struct fake_kernel *kernel, struct iommufd *iommufd, const struct cdev *cdev,
		      uint32_t ioas_id, bool automatic)
{
	struct ioas *ioas = &iommufd->objects[ioas_id].ioas;
	const uint64_t last = fake_aperture(kernel);
	int64_t id;
	int rc;

	for (size_t i = 0; i < ioas->count; i++)
		if ((ioas->areas[i].iova | ioas->areas[i].length) & (PAGE - 1) ||
		    ioas->areas[i].iova + (ioas->areas[i].length - 1) > last)
			return -EADDRINUSE;
	id = fake_object_new(iommufd, OBJECT_HWPT);
	if (id < 0)
		return id;
	rc = ioas->hwpts ? 0 : fake_ioas_pin(kernel, ioas);
	if (rc) {
		iommufd->objects[id].kind = OBJECT_NONE;
		return rc;
	}
	ioas->hwpts++;
	iommufd->objects[id].hwpt = (struct hwpt){
		.ioas = ioas_id,
		.automatic = automatic,
		.instance = kernel->groups[cdev->device->group].instance,
		.make = fake_make(kernel, cdev->device->group),
	};
	return id;
}

void fake_hwpt_free(struct fake_kernel *kernel, struct iommufd *iommufd, uint32_t id)
{
	struct object *object = &iommufd->objects[id];
	struct ioas *ioas = &iommufd->objects[object->hwpt.ioas].ioas;

	object->kind = OBJECT_NONE;
	if (object->hwpt.fault)
		iommufd->objects[object->hwpt.fault].fault.hwpts--;
	if (object->hwpt.parent)
		iommufd->objects[object->hwpt.parent].hwpt.children--;
	else if (!--ioas->hwpts)
		fake_ioas_unpin(kernel, ioas);
}

static int64_t alloc_paging(struct fake_kernel *kernel, struct iommufd *iommufd,
			    const struct cdev *cdev, const struct iommu_hwpt_alloc *alloc)
{
	const bool nesting = kernel->knobs[FAKE_NESTING];
	int64_t id;

	if (alloc->flags & ~PAGING_FLAGS)
		return -EOPNOTSUPP;
	if ((alloc->flags || alloc->data_type) && kernel->knobs[FAKE_PLAIN_TABLES])
		return -EOPNOTSUPP;
	if (alloc->flags & IOMMU_HWPT_ALLOC_DIRTY_TRACKING &&
	    !(kernel->knobs[FAKE_HW_CAPS] & IOMMU_HW_CAP_DIRTY_TRACKING))
		return -EOPNOTSUPP;
	if (alloc->flags & IOMMU_HWPT_ALLOC_NEST_PARENT &&
	    (alloc->flags & IOMMU_HWPT_FAULT_ID_VALID || !nesting))
		return -EOPNOTSUPP;
	/* VT-d's driver wants no data here. */
	if (alloc->data_type)
		return -EOPNOTSUPP;
	id = fake_hwpt_new(kernel, iommufd, cdev, alloc->pt_id, false);
	if (id > 0)
		iommufd->objects[id].hwpt.flags = alloc->flags;
	return id;
}

/* As the kernel copies a driver's struct of 24 bytes, all of which are needed. */
static int copy_vtd(const struct iommu_hwpt_alloc *alloc, struct iommu_hwpt_vtd_s1 *out)
{
	const char *data = (const void *)(uintptr_t)alloc->data_uptr;

	if (alloc->data_type != IOMMU_HWPT_DATA_VTD_S1)
		return -EOPNOTSUPP;
	if (alloc->data_len < sizeof(*out))
		return -EINVAL;
	if (!data)
		return -EFAULT;
	for (uint32_t at = sizeof(*out); at < alloc->data_len; at++)
		if (data[at])
			return -E2BIG;
	memcpy(out, data, sizeof(*out));
	return 0;
}

static int64_t alloc_nested(struct fake_kernel *kernel, struct iommufd *iommufd,
			    const struct cdev *cdev, const struct iommu_hwpt_alloc *alloc)
{
	struct hwpt *parent = &iommufd->objects[alloc->pt_id].hwpt;
	const uint32_t make = fake_make(kernel, cdev->device->group);
	struct iommu_hwpt_vtd_s1 data;
	int64_t id;
	int rc;

	if (alloc->flags & ~NESTED_FLAGS || !alloc->data_len || !kernel->knobs[FAKE_NESTING] ||
	    make != IOMMU_HW_INFO_TYPE_INTEL_VTD)
		return -EOPNOTSUPP;
	if (parent->automatic || !(parent->flags & IOMMU_HWPT_ALLOC_NEST_PARENT) ||
	    parent->make != make)
		return -EINVAL;
	rc = copy_vtd(alloc, &data);
	if (rc)
		return rc;
	id = fake_object_new(iommufd, OBJECT_HWPT);
	if (id < 0)
		return id;
	parent->children++;
	iommufd->objects[id].hwpt = (struct hwpt){
		.ioas = parent->ioas,
		.parent = alloc->pt_id,
		.flags = alloc->flags,
		.instance = kernel->groups[cdev->device->group].instance,
		.make = make,
		.root = data.pgtbl_addr,
	};
	return id;
}

/* The queue is looked up when the table is there. */
static int join_queue(struct fake_kernel *kernel, struct iommufd *iommufd, uint32_t id,
		      uint32_t fault)
{
	struct object *queue = fake_object(iommufd, fault, OBJECT_FAULT);

	if (!queue) {
		fake_hwpt_free(kernel, iommufd, id);
		return -ENOENT;
	}
	queue->fault.hwpts++;
	iommufd->objects[id].hwpt.fault = fault;
	return 0;
}

int fake_hwpt_alloc(struct fake_kernel *kernel, struct iommufd *iommufd,
		    struct iommu_hwpt_alloc *alloc)
{
	const struct object *device;
	const struct object *parent;
	int64_t id;
	int rc = 0;

	if (alloc->reserved)
		return -EOPNOTSUPP;
	if (!alloc->data_type != !alloc->data_len)
		return -EINVAL;
	device = fake_object(iommufd, alloc->dev_id, OBJECT_DEVICE);
	if (!device)
		return -ENOENT;
	parent = fake_object(iommufd, alloc->pt_id, OBJECT_HWPT);
	if (fake_object(iommufd, alloc->pt_id, OBJECT_IOAS))
		id = alloc_paging(kernel, iommufd, device->device, alloc);
	else if (parent && !parent->hwpt.parent)
		id = alloc_nested(kernel, iommufd, device->device, alloc);
	else
		return -EINVAL;
	if (id > 0 && alloc->flags & IOMMU_HWPT_FAULT_ID_VALID)
		rc = join_queue(kernel, iommufd, (uint32_t)id, alloc->fault_id);
	if (id < 0 || rc)
		return rc ? rc : (int)id;
	alloc->out_hwpt_id = (uint32_t)id;
	return 0;
}

static int flush(struct hwpt *hwpt, const struct iommu_hwpt_vtd_s1_invalidate *command)
{
	if (command->flags & ~IOMMU_VTD_INV_FLAGS_LEAF || command->reserved)
		return -EOPNOTSUPP;
	if (command->addr & (PAGE - 1) || (command->npages == UINT64_MAX && command->addr))
		return -EINVAL;
	hwpt->invalidations++;
	return 0;
}

static int run_commands(struct hwpt *hwpt, const struct iommu_hwpt_invalidate *invalidate,
			uint32_t *done)
{
	const char *commands = (const void *)(uintptr_t)invalidate->data_uptr;
	struct iommu_hwpt_vtd_s1_invalidate command;
	int rc = 0;

	if (invalidate->data_type != IOMMU_HWPT_INVALIDATE_DATA_VTD_S1)
		return -EINVAL;
	while (*done < invalidate->entry_num && !rc) {
		if (invalidate->entry_len < sizeof(command))
			return -EINVAL;
		memcpy(&command, commands + (size_t)*done * invalidate->entry_len, sizeof(command));
		rc = flush(hwpt, &command);
		*done += !rc;
	}
	return rc;
}

int fake_hwpt_invalidate(struct iommufd *iommufd, struct iommu_hwpt_invalidate *invalidate)
{
	struct object *object = fake_object(iommufd, invalidate->hwpt_id, OBJECT_HWPT);
	uint32_t done = 0;
	int rc;

	if (invalidate->reserved)
		rc = -EOPNOTSUPP;
	else if (invalidate->entry_num &&
		 (!invalidate->data_uptr || !invalidate->entry_len ||
		  invalidate->entry_len > PAGE || invalidate->entry_num > 1u << 19))
		rc = -EINVAL;
	else if (!object)
		rc = -ENOENT;
	else if (!object->hwpt.parent)
		rc = -EINVAL;
	else
		rc = run_commands(&object->hwpt, invalidate, &done);
	invalidate->entry_num = done;
	return rc;
}
