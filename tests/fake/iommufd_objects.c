/* SPDX-License-Identifier: BSD-2-Clause */
/* iommufd: its objects, and the way of a call into them. */
#include "tests/fake/iommufd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct iommufd *fake_iommufd_new(void)
{
	struct iommufd *iommufd = calloc(1, sizeof(*iommufd));

	if (iommufd)
		iommufd->references = 1;
	return iommufd;
}

void fake_iommufd_put(struct fake_kernel *kernel, struct iommufd *iommufd)
{
	if (--iommufd->references)
		return;
	/* Nested ones before their parents, wherever they are. */
	for (unsigned int round = 0; round < 2; round++)
		for (uint32_t id = 1; id < OBJECTS; id++)
			if (iommufd->objects[id].kind == OBJECT_HWPT &&
			    !iommufd->objects[id].hwpt.children)
				fake_hwpt_free(kernel, iommufd, id);
	for (uint32_t id = 1; id < OBJECTS; id++)
		fake_ioas_clear(kernel, &iommufd->objects[id].ioas);
	free(iommufd);
}

struct object *fake_object(struct iommufd *iommufd, uint32_t id, enum object_kind kind)
{
	if (!id || id >= OBJECTS || iommufd->objects[id].kind != kind)
		return NULL;
	return &iommufd->objects[id];
}

int64_t fake_object_new(struct iommufd *iommufd, enum object_kind kind)
{
	for (uint32_t id = 1; id < OBJECTS; id++) {
		if (iommufd->objects[id].kind != OBJECT_NONE)
			continue;
		iommufd->objects[id] = (struct object){ .kind = kind };
		return id;
	}
	return -ENOSPC;
}

static int destroy(struct fake_kernel *kernel, struct iommufd *iommufd,
		   const struct iommu_destroy *destroy)
{
	struct object *object =
		destroy->id && destroy->id < OBJECTS ? &iommufd->objects[destroy->id] : NULL;

	if (!object || object->kind == OBJECT_NONE)
		return -ENOENT;
	if (object->kind == OBJECT_DEVICE || object->ioas.hwpts || object->hwpt.devices ||
	    object->hwpt.children || object->fault.hwpts || object->fault.descriptors)
		return -EBUSY;
	if (object->kind == OBJECT_HWPT)
		fake_hwpt_free(kernel, iommufd, destroy->id);
	fake_ioas_clear(kernel, &object->ioas);
	object->kind = OBJECT_NONE;
	return 0;
}

static int ioas_alloc(struct iommufd *iommufd, struct iommu_ioas_alloc *alloc)
{
	int64_t id;

	if (alloc->flags)
		return -EOPNOTSUPP;
	id = fake_object_new(iommufd, OBJECT_IOAS);
	if (id < 0)
		return (int)id;
	alloc->out_ioas_id = (uint32_t)id;
	return 0;
}

uint32_t fake_make(const struct fake_kernel *kernel, unsigned int group)
{
	const uint32_t make = kernel->groups[group].make;

	return make ? make : IOMMU_HW_INFO_TYPE_INTEL_VTD;
}

static int hw_info(struct fake_kernel *kernel, struct iommufd *iommufd, struct iommu_hw_info *info)
{
	const struct object *device = fake_object(iommufd, info->dev_id, OBJECT_DEVICE);
	const struct iommu_hw_info_vtd vtd = { .ecap_reg = kernel->knobs[FAKE_VTD_ECAP] };
	const uint32_t room = info->data_len;
	char all[40] = { 0 };

	if (info->flags || info->reserved[0] || info->reserved[1] || info->reserved[2])
		return -EOPNOTSUPP;
	if (!device)
		return -ENOENT;
	info->out_data_type = fake_make(kernel, device->device->device->group);
	info->data_len = sizeof(all);
	if (info->out_data_type == IOMMU_HW_INFO_TYPE_INTEL_VTD) {
		info->data_len = sizeof(vtd);
		memcpy(all, &vtd, sizeof(vtd));
	}
	if (room && !info->data_uptr)
		return -EFAULT;
	if (room)
		memset((void *)(uintptr_t)info->data_uptr, 0, room);
	if (room)
		memcpy((void *)(uintptr_t)info->data_uptr, all,
		       room < info->data_len ? room : info->data_len);
	info->out_max_pasid_log2 = (uint8_t)kernel->knobs[FAKE_PASID_BITS];
	info->out_capabilities = kernel->knobs[FAKE_HW_CAPS];
	return 0;
}

/* The kernel's order: the size, then the handler with a copy of its own struct, then the answer. */
static const struct {
	unsigned long request;
	uint32_t least, size;
} calls[] = {
	{ IOMMU_DESTROY, 8, sizeof(struct iommu_destroy) },
	{ IOMMU_IOAS_ALLOC, 12, sizeof(struct iommu_ioas_alloc) },
	{ IOMMU_IOAS_IOVA_RANGES, 32, sizeof(struct iommu_ioas_iova_ranges) },
	{ IOMMU_IOAS_MAP, 40, sizeof(struct iommu_ioas_map) },
	{ IOMMU_IOAS_UNMAP, 24, sizeof(struct iommu_ioas_unmap) },
	{ IOMMU_HWPT_ALLOC, 24, sizeof(struct iommu_hwpt_alloc) },
	{ IOMMU_GET_HW_INFO, 32, sizeof(struct iommu_hw_info) },
	{ IOMMU_IOAS_MAP_FILE, 40, sizeof(struct iommu_ioas_map_file) },
	{ IOMMU_HWPT_INVALIDATE, 32, sizeof(struct iommu_hwpt_invalidate) },
	{ IOMMU_FAULT_QUEUE_ALLOC, 16, sizeof(struct iommu_fault_alloc) },
};

static int handle(struct fake_kernel *kernel, struct iommufd *iommufd, unsigned long request,
		  void *copy)
{
	switch (request) {
	case IOMMU_DESTROY:
		return destroy(kernel, iommufd, copy);
	case IOMMU_IOAS_ALLOC:
		return ioas_alloc(iommufd, copy);
	case IOMMU_IOAS_IOVA_RANGES:
		return fake_ioas_ranges(kernel, iommufd, copy);
	case IOMMU_IOAS_MAP:
		return fake_ioas_map(kernel, iommufd, copy);
	case IOMMU_IOAS_UNMAP:
		return fake_ioas_unmap(kernel, iommufd, copy);
	case IOMMU_HWPT_ALLOC:
		return fake_hwpt_alloc(kernel, iommufd, copy);
	case IOMMU_HWPT_INVALIDATE:
		return fake_hwpt_invalidate(iommufd, copy);
	case IOMMU_FAULT_QUEUE_ALLOC:
		return fake_fault_alloc(kernel, iommufd, copy);
	case IOMMU_GET_HW_INFO:
		return hw_info(kernel, iommufd, copy);
	default:
		return fake_ioas_map_file(kernel, iommufd, copy);
	}
}

int fake_iommufd_ioctl(struct fake_kernel *kernel, struct iommufd *iommufd, unsigned long request,
		       void *argument)
{
	_Alignas(8) char copy[64] = { 0 };
	size_t i = 0, count = sizeof(calls) / sizeof(calls[0]);
	uint32_t size;
	int rc;

	if (!argument)
		return -EFAULT;
	memcpy(&size, argument, sizeof(size));
	while (i < count && calls[i].request != request)
		i++;
	if (i == count || (request == IOMMU_IOAS_MAP_FILE && kernel->knobs[FAKE_NO_MAP_FILE]) ||
	    (request == IOMMU_GET_HW_INFO && kernel->knobs[FAKE_NO_HW_INFO]))
		return -ENOTTY;
	if (size < calls[i].least)
		return -EINVAL;
	for (uint32_t at = calls[i].size; at < size; at++)
		if (((const char *)argument)[at])
			return -E2BIG;
	if (size > calls[i].size)
		size = calls[i].size;
	memcpy(copy, argument, size);
	rc = handle(kernel, iommufd, request, copy);
	/* Only these answer with an error, too. */
	if (rc >= 0 || request == IOMMU_IOAS_IOVA_RANGES || request == IOMMU_HWPT_INVALIDATE)
		memcpy((char *)argument + 4, copy + 4, size - 4);
	return rc;
}
