/* SPDX-License-Identifier: BSD-2-Clause */
/* Groups: who may use them, and the way into a container. */
#include "tests/fake/internal.h"

#include <errno.h>
#include <string.h>

/* The kernel's rule, which does not go by names; these are the drivers of this machine. */
static bool does_dma(const char *driver)
{
	return driver[0] && strcmp(driver, "vfio-pci") && strcmp(driver, "pci-stub") &&
	       strcmp(driver, "pcieport");
}

bool fake_group_viable(struct fake_kernel *kernel, unsigned int group)
{
	for (size_t i = 0; i < DEVICES; i++)
		if (kernel->devices[i].group == group && does_dma(kernel->devices[i].driver))
			return false;
	return true;
}

static int claim(struct fake_kernel *kernel, unsigned int group)
{
	const struct group *g = &kernel->groups[group];

	if (!fake_group_viable(kernel, group))
		return -EPERM;
	for (size_t i = 0; i < g->reserved_count; i++)
		if (!strcmp(g->reserved[i].type, "direct"))
			return -EINVAL;
	return 0;
}

static int set_container(struct fake_kernel *kernel, unsigned int group, const int32_t *fd)
{
	const struct file *file = fake_file(kernel, *fd);
	struct group *g = &kernel->groups[group];
	int rc;

	if (!file)
		return -EBADF;
	if (g->container)
		return -EINVAL;
	if (file->kind != CONTAINER)
		return -EBADFD;
	rc = claim(kernel, group);
	if (!rc && file->container->ready)
		rc = fake_container_accepts(kernel, file->container, group);
	if (rc)
		return rc;
	g->container = file->container;
	g->container->groups++;
	return 0;
}

static void leave(struct fake_kernel *kernel, struct group *group)
{
	struct container *container = group->container;

	if (!container)
		return;
	group->container = NULL;
	container->groups--;
	fake_container_put(kernel, container);
}

void fake_group_put(struct fake_kernel *kernel, unsigned int group)
{
	struct group *g = &kernel->groups[group];

	if (!g->open && !g->devices)
		leave(kernel, g);
}

static int unset_container(struct fake_kernel *kernel, struct group *group)
{
	if (!group->container)
		return -EINVAL;
	if (group->devices)
		return -EBUSY;
	leave(kernel, group);
	return 0;
}

static int get_status(struct fake_kernel *kernel, unsigned int group,
		      struct vfio_group_status *status)
{
	if (status->argsz < sizeof(*status))
		return -EINVAL;
	status->flags = 0;
	if (kernel->groups[group].container)
		status->flags = VFIO_GROUP_FLAGS_VIABLE | VFIO_GROUP_FLAGS_CONTAINER_SET;
	else if (fake_group_viable(kernel, group))
		status->flags = VFIO_GROUP_FLAGS_VIABLE;
	return 0;
}

/* "BDF", or "BDF vf_token=UUID" */
static int match(struct fake_kernel *kernel, const char *text, struct device **device)
{
	static const char option[] = "vf_token=";
	const char *token = strchr(text, ' ');
	char name[32] = "";

	if (!token)
		token = text + strlen(text);
	if ((size_t)(token - text) < sizeof(name))
		memcpy(name, text, (size_t)(token - text));
	*device = fake_device(kernel, name);
	if (!*device)
		return -ENODEV;
	token += *token == ' ';
	if (!*token)
		return (*device)->token[0] ? -EACCES : 0;
	if (strncmp(token, option, sizeof(option) - 1) != 0 || !(*device)->token[0])
		return -EINVAL;
	return strcmp(token + sizeof(option) - 1, (*device)->token) ? -EACCES : 0;
}

static int get_device_fd(struct fake_kernel *kernel, unsigned int group, const char *name)
{
	struct group *g = &kernel->groups[group];
	struct device *device;
	int fd;

	if (!g->container || !g->container->ready)
		return -EINVAL;
	fd = match(kernel, name, &device);
	if (fd)
		return fd;
	if (device->group != group || strcmp(device->driver, "vfio-pci"))
		return -ENODEV;
	fd = fake_file_new(kernel, DEVICE);
	if (fd < 0)
		return fd;
	fake_file(kernel, fd)->device = device;
	fake_device_open(kernel, device);
	return fd;
}

int fake_group_ioctl(struct fake_kernel *kernel, unsigned int group, unsigned long request,
		     void *argument)
{
	switch (request) {
	case VFIO_GROUP_GET_STATUS:
		return get_status(kernel, group, argument);
	case VFIO_GROUP_SET_CONTAINER:
		return argument ? set_container(kernel, group, argument) : -EFAULT;
	case VFIO_GROUP_UNSET_CONTAINER:
		return unset_container(kernel, &kernel->groups[group]);
	case VFIO_GROUP_GET_DEVICE_FD:
		return get_device_fd(kernel, group, argument);
	default:
		return -ENOTTY;
	}
}
