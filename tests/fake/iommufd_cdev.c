/* SPDX-License-Identifier: BSD-2-Clause */
/* A device's own node: bound to an iommufd, attached to its address spaces. */
#include "tests/fake/iommufd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cdev *fake_cdev_new(struct device *device)
{
	struct cdev *cdev = calloc(1, sizeof(*cdev));

	if (!cdev)
		return NULL;
	cdev->references = 1;
	cdev->device = device;
	return cdev;
}

void fake_hwpt_leave(struct fake_kernel *kernel, struct iommufd *iommufd, uint32_t id)
{
	struct hwpt *hwpt = &iommufd->objects[id].hwpt;

	if (!--hwpt->devices && hwpt->automatic)
		fake_hwpt_free(kernel, iommufd, id);
}

static void detach(struct fake_kernel *kernel, struct cdev *cdev)
{
	uint32_t old = cdev->hwpt;

	cdev->hwpt = 0;
	if (old) {
		fake_fault_leave(cdev, 0, old);
		fake_hwpt_leave(kernel, cdev->iommufd, old);
	}
}

void fake_cdev_put(struct fake_kernel *kernel, struct cdev *cdev)
{
	if (--cdev->references)
		return;
	if (cdev->iommufd) {
		fake_pasid_clear(kernel, cdev);
		detach(kernel, cdev);
		cdev->iommufd->objects[cdev->id].kind = OBJECT_NONE;
		cdev->device->cdev = NULL;
		fake_device_close(kernel, cdev->device);
		fake_iommufd_put(kernel, cdev->iommufd);
	}
	free(cdev);
}

/* The text of a UUID, as the owner of a PF writes it. */
static bool token_fits(const struct device *device, const unsigned char *bytes)
{
	char text[40] = "";
	size_t length = 0;

	for (int i = 0; i < 16; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%02x",
					   i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
					   bytes[i]);
	return !strcmp(text, device->token);
}

static int check_token(const struct device *device, const struct vfio_device_bind_iommufd *bind)
{
	if (!(bind->flags & VFIO_DEVICE_BIND_FLAG_TOKEN))
		return device->token[0] ? -EACCES : 0;
	if (!device->token[0])
		return -EINVAL;
	return token_fits(device, (const void *)(uintptr_t)bind->token_uuid_ptr) ? 0 : -EACCES;
}

/* iommufd's own checks. */
static int claim(struct fake_kernel *kernel, const struct device *device,
		 const struct iommufd *iommufd)
{
	const struct group *group = &kernel->groups[device->group];

	if (kernel->knobs[FAKE_UNSAFE_MSI] && !kernel->knobs[FAKE_ALLOW_UNSAFE])
		return -EPERM;
	if (!fake_group_viable(kernel, device->group))
		return -EPERM;
	for (size_t i = 0; i < DEVICES; i++)
		if (kernel->devices[i].group == device->group && kernel->devices[i].cdev &&
		    kernel->devices[i].cdev->iommufd != iommufd)
			return -EPERM;
	for (size_t i = 0; i < group->reserved_count; i++)
		if (!strcmp(group->reserved[i].type, "direct"))
			return -EINVAL;
	return 0;
}

static int bind(struct fake_kernel *kernel, struct cdev *cdev,
		struct vfio_device_bind_iommufd *bind)
{
	struct device *device = cdev->device;
	const struct file *file;
	int64_t id;
	int rc;

	if (bind->argsz < 16)
		return -EINVAL;
	if (bind->flags & ~VFIO_DEVICE_BIND_FLAG_TOKEN || bind->iommufd < 0)
		return -EINVAL;
	if (kernel->groups[device->group].open)
		return -EBUSY;
	if (cdev->iommufd)
		return -EINVAL;
	file = fake_file(kernel, bind->iommufd);
	if (!file)
		return fcntl(bind->iommufd, F_GETFD) < 0 ? -EBADF : -EBADFD;
	if (file->kind != IOMMUFD)
		return -EBADFD;
	rc = check_token(device, bind);
	if (!rc && device->cdev)
		rc = -EINVAL;
	if (!rc)
		rc = claim(kernel, device, file->iommufd);
	id = rc ? rc : fake_object_new(file->iommufd, OBJECT_DEVICE);
	if (id < 0)
		return (int)id;
	cdev->iommufd = file->iommufd;
	cdev->iommufd->references++;
	cdev->iommufd->objects[id].device = cdev;
	cdev->id = (uint32_t)id;
	device->cdev = cdev;
	fake_device_open(kernel, device);
	bind->out_devid = cdev->id;
	return 0;
}

/* The page table that the attached devices of the group have; 0: none is attached. */
static uint32_t group_hwpt(const struct fake_kernel *kernel, const struct device *device)
{
	for (size_t i = 0; i < DEVICES; i++)
		if (kernel->devices[i].group == device->group && kernel->devices[i].cdev &&
		    kernel->devices[i].cdev->hwpt)
			return kernel->devices[i].cdev->hwpt;
	return 0;
}

/* What a device keeps free must be free in the page table's address space. */
static int fits(const struct fake_kernel *kernel, struct cdev *cdev, uint32_t id)
{
	const struct hwpt *hwpt = &cdev->iommufd->objects[id].hwpt;
	const struct ioas *ioas = &cdev->iommufd->objects[hwpt->ioas].ioas;
	const struct group *group = &kernel->groups[cdev->device->group];

	if (hwpt->make != fake_make(kernel, cdev->device->group)) {
		/* Who is moved is not asked: the wrong driver gets it, and the kernel stops. */
		if (cdev->hwpt)
			abort();
		return -EINVAL;
	}
	for (size_t i = 0; i < group->reserved_count; i++)
		if (fake_reserves(&group->reserved[i]) &&
		    fake_ioas_free_of(ioas, group->reserved[i].start, group->reserved[i].last))
			return -EADDRINUSE;
	return hwpt->instance == group->instance ? 0 : -EINVAL;
}

/* Every device of the group that is attached goes along. */
static void replace(struct fake_kernel *kernel, struct cdev *cdev, uint32_t id)
{
	struct iommufd *iommufd = cdev->iommufd;
	const uint32_t old = cdev->hwpt;

	for (size_t i = 0; i < DEVICES; i++) {
		struct cdev *other = kernel->devices[i].cdev;

		if (!other || kernel->devices[i].group != cdev->device->group || !other->hwpt)
			continue;
		other->hwpt = id;
		iommufd->objects[id].hwpt.devices++;
		fake_fault_leave(other, 0, old);
		fake_hwpt_leave(kernel, iommufd, old);
	}
}

static int enter(struct fake_kernel *kernel, struct cdev *cdev, uint32_t id)
{
	const uint32_t group = group_hwpt(kernel, cdev->device);
	int rc;

	if (cdev->hwpt == id)
		return 0;
	if (!cdev->hwpt && group && group != id)
		return -EINVAL;
	if (fake_pasid_any(cdev) &&
	    !(cdev->iommufd->objects[id].hwpt.flags & IOMMU_HWPT_ALLOC_PASID))
		return -EINVAL;
	rc = fits(kernel, cdev, id);
	if (rc)
		return rc;
	if (cdev->hwpt) {
		replace(kernel, cdev, id);
	} else {
		cdev->hwpt = id;
		cdev->iommufd->objects[id].hwpt.devices++;
	}
	return 0;
}

/* Into one of those that the kernel has made for the address space, or into a new one. */
static int enter_ioas(struct fake_kernel *kernel, struct cdev *cdev, uint32_t ioas)
{
	struct iommufd *iommufd = cdev->iommufd;
	int64_t made;
	int rc;

	for (uint32_t id = 1; id < OBJECTS; id++) {
		const struct object *object = fake_object(iommufd, id, OBJECT_HWPT);

		if (!object || !object->hwpt.automatic || object->hwpt.ioas != ioas)
			continue;
		rc = enter(kernel, cdev, id);
		if (rc != -EINVAL)
			return rc;
	}
	made = fake_hwpt_new(kernel, iommufd, cdev, ioas, true);
	if (made < 0)
		return (int)made;
	rc = enter(kernel, cdev, (uint32_t)made);
	if (rc)
		fake_hwpt_free(kernel, iommufd, (uint32_t)made);
	return rc;
}

static int attach(struct fake_kernel *kernel, struct cdev *cdev,
		  struct vfio_device_attach_iommufd_pt *attach)
{
	int rc;

	if (attach->argsz < 12 || attach->flags & ~VFIO_DEVICE_ATTACH_PASID)
		return -EINVAL;
	if (attach->flags)
		return fake_pasid_attach(kernel, cdev, attach);
	if (fake_object(cdev->iommufd, attach->pt_id, OBJECT_HWPT))
		rc = enter(kernel, cdev, attach->pt_id);
	else if (fake_object(cdev->iommufd, attach->pt_id, OBJECT_IOAS))
		rc = enter_ioas(kernel, cdev, attach->pt_id);
	else
		return -ENOENT;
	if (!rc)
		attach->pt_id = cdev->hwpt;
	return rc;
}

int fake_cdev_ioctl(struct fake_kernel *kernel, struct cdev *cdev, unsigned long request,
		    void *argument)
{
	const struct vfio_device_detach_iommufd_pt *leaving = argument;

	if (request == VFIO_DEVICE_BIND_IOMMUFD)
		return bind(kernel, cdev, argument);
	if (!cdev->iommufd)
		return -EINVAL;
	switch (request) {
	case VFIO_DEVICE_ATTACH_IOMMUFD_PT:
		return attach(kernel, cdev, argument);
	case VFIO_DEVICE_DETACH_IOMMUFD_PT:
		if (leaving->argsz < 8 || leaving->flags & ~VFIO_DEVICE_DETACH_PASID)
			return -EINVAL;
		if (leaving->flags)
			return fake_pasid_detach(kernel, cdev, leaving);
		detach(kernel, cdev);
		return 0;
	default:
		return fake_device_ioctl(kernel, cdev->device, request, argument);
	}
}

uint32_t fake_cdev_ioas_id(struct cdev *cdev)
{
	return cdev->hwpt ? cdev->iommufd->objects[cdev->hwpt].hwpt.ioas : 0;
}

struct ioas *fake_cdev_ioas(struct cdev *cdev)
{
	const uint32_t id = fake_cdev_ioas_id(cdev);

	return id ? &cdev->iommufd->objects[id].ioas : NULL;
}

/* A detached member of a group has the address space of those that are attached. */
void *fake_cdev_translate(const struct fake_kernel *kernel, struct cdev *cdev, uint64_t iova,
			  bool write, size_t *length)
{
	const uint32_t id = group_hwpt(kernel, cdev->device);
	const struct area *area;
	uint64_t at;

	/* What a nested table makes of an address, nobody here knows. */
	if (!id || cdev->iommufd->objects[id].hwpt.parent)
		return NULL;
	area = fake_ioas_find(&cdev->iommufd->objects[cdev->iommufd->objects[id].hwpt.ioas].ioas,
			      iova);
	if (!area || !(area->flags & (write ? IOMMU_IOAS_MAP_WRITEABLE : IOMMU_IOAS_MAP_READABLE)))
		return NULL;
	at = iova - area->iova;
	if (*length > area->length - at)
		*length = (size_t)(area->length - at);
	return area->memory + at;
}
