/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fake/iommufd.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int fake_file_new(struct fake_kernel *kernel, enum file_kind kind)
{
	for (int i = 0; i < MAX_FDS; i++) {
		if (kernel->files[i].kind == FREE) {
			memset(&kernel->files[i], 0, sizeof(kernel->files[i]));
			kernel->files[i].kind = kind;
			return FAKE_FD + i;
		}
	}
	return -EMFILE;
}

struct file *fake_file(struct fake_kernel *kernel, int fd)
{
	if (fd < FAKE_FD || fd >= FAKE_FD + MAX_FDS || kernel->files[fd - FAKE_FD].kind == FREE)
		return NULL;
	return &kernel->files[fd - FAKE_FD];
}

struct device *fake_device(struct fake_kernel *kernel, const char *name)
{
	for (size_t i = 0; i < DEVICES; i++)
		if (!strcmp(kernel->devices[i].name, name))
			return &kernel->devices[i];
	return NULL;
}

static bool node_exists(struct fake_kernel *kernel, unsigned int group)
{
	for (size_t i = 0; i < DEVICES; i++)
		if (group && kernel->devices[i].group == group &&
		    !strcmp(kernel->devices[i].driver, "vfio-pci"))
			return true;
	return false;
}

/* "/dev/vfio/vfio" is 0, "/dev/vfio/7" is 7; negative: there is none. */
static int find_node(struct fake_kernel *kernel, const char *path, const char *prefix)
{
	size_t length = strlen(prefix);
	unsigned int group;
	int end = 0;

	if (kernel->knobs[FAKE_NO_VFIO] || strncmp(path, prefix, length))
		return -ENOENT;
	if (!strcmp(path + length, "vfio"))
		return 0;
	if (sscanf(path + length, "%u%n", &group, &end) != 1 || path[length + (size_t)end] ||
	    group >= GROUPS || !node_exists(kernel, group))
		return -ENOENT;
	return (int)group;
}

static int open_container(struct fake_kernel *kernel)
{
	int fd;

	if (kernel->knobs[FAKE_NO_MODULE])
		return -ENODEV;
	fd = fake_file_new(kernel, CONTAINER);
	if (fd < 0)
		return fd;
	fake_file(kernel, fd)->container = fake_container_new(kernel);
	if (fake_file(kernel, fd)->container)
		return fd;
	fake_file(kernel, fd)->kind = FREE;
	return -ENOMEM;
}

static bool cdev_bound(const struct fake_kernel *kernel, unsigned int group)
{
	for (size_t i = 0; i < DEVICES; i++)
		if (kernel->devices[i].group == group && kernel->devices[i].cdev)
			return true;
	return false;
}

static int open_node(struct fake_kernel *kernel, const char *path)
{
	int fd, node = find_node(kernel, path, "/dev/vfio/");

	if (node < 0 || (node && kernel->knobs[FAKE_NO_IOMMU]))
		return -ENOENT;
	if (kernel->knobs[FAKE_NO_PERMISSION])
		return -EACCES;
	if (!node)
		return open_container(kernel);
	if (kernel->groups[node].open || kernel->groups[node].devices ||
	    cdev_bound(kernel, (unsigned int)node))
		return -EBUSY;
	fd = fake_file_new(kernel, GROUP);
	if (fd >= 0) {
		fake_file(kernel, fd)->group = (unsigned int)node;
		kernel->groups[node].open++;
	}
	return fd;
}

/* What is opened holds an object, or the descriptor is none. */
static int open_with(struct fake_kernel *kernel, enum file_kind kind, struct iommufd *iommufd,
		     struct cdev *cdev)
{
	int fd = iommufd || cdev ? fake_file_new(kernel, kind) : -ENOMEM;

	if (fd >= 0) {
		fake_file(kernel, fd)->iommufd = iommufd;
		fake_file(kernel, fd)->cdev = cdev;
		return fd;
	}
	if (iommufd)
		fake_iommufd_put(kernel, iommufd);
	if (cdev)
		fake_cdev_put(kernel, cdev);
	return fd;
}

static int open_cdev(struct fake_kernel *kernel, const char *number)
{
	unsigned int index;
	int end = 0;

	if (sscanf(number, "%u%n", &index, &end) != 1 || number[end] || index >= DEVICES ||
	    kernel->knobs[FAKE_NO_CDEV] || kernel->knobs[FAKE_NO_VFIO] ||
	    strcmp(kernel->devices[index].driver, "vfio-pci") != 0)
		return -ENOENT;
	if (kernel->knobs[FAKE_NO_PERMISSION])
		return -EACCES;
	return open_with(kernel, CDEV, NULL, fake_cdev_new(&kernel->devices[index]));
}

static int open_iommufd(struct fake_kernel *kernel)
{
	if (kernel->knobs[FAKE_NO_IOMMUFD])
		return -ENOENT;
	if (kernel->knobs[FAKE_NO_MODULE])
		return -ENODEV;
	if (kernel->knobs[FAKE_NO_PERMISSION])
		return -EACCES;
	return open_with(kernel, IOMMUFD, fake_iommufd_new(), NULL);
}

static int open_device_node(struct fake_kernel *kernel, const char *path)
{
	static const char cdev[] = "/dev/vfio/devices/vfio";

	if (!strcmp(path, "/dev/iommu"))
		return open_iommufd(kernel);
	if (!strncmp(path, cdev, sizeof(cdev) - 1))
		return open_cdev(kernel, path + sizeof(cdev) - 1);
	return open_node(kernel, path);
}

static int open_tree(struct fake_kernel *kernel, const char *path)
{
	char text[4096];
	struct file *file;
	int fd;

	switch (fake_tree_look(kernel, path, text, sizeof(text))) {
	case TREE_FOLDER:
		fd = fake_file_new(kernel, FOLDER);
		if (fd >= 0)
			snprintf(fake_file(kernel, fd)->path, sizeof(file->path), "%s", path);
		return fd;
	case TREE_TEXT:
		fd = fake_file_new(kernel, TEXT);
		if (fd < 0)
			return fd;
		file = fake_file(kernel, fd);
		file->text = strdup(text);
		if (file->text)
			return fd;
		file->kind = FREE;
		return -ENOMEM;
	default:
		return -ENOENT;
	}
}

static bool is_ours(const char *path)
{
	return !strcmp(path, "/sys") || !strncmp(path, "/sys/", 5) ||
	       !strncmp(path, "/dev/vfio", 9) || !strcmp(path, "/dev/iommu") ||
	       !strcmp(path, "/proc/self/status") || !strcmp(path, "/proc/sys/kernel/osrelease");
}

static int sys_open(void *data, const char *path, int flags)
{
	struct fake_kernel *kernel = data;
	int fd;

	if (!is_ours(path))
		return kernel->base->open(kernel->base->data, path, flags);
	pthread_mutex_lock(&kernel->lock);
	fd = strncmp(path, "/dev/", 5) ? open_tree(kernel, path) : open_device_node(kernel, path);
	pthread_mutex_unlock(&kernel->lock);
	return fd;
}

void fake_file_close(struct fake_kernel *kernel, struct file *file)
{
	switch (file->kind) {
	case CONTAINER:
		file->container->open--;
		fake_container_put(kernel, file->container);
		break;
	case GROUP:
		kernel->groups[file->group].open--;
		fake_group_put(kernel, file->group);
		break;
	case DEVICE:
		fake_device_close(kernel, file->device);
		break;
	case IOMMUFD:
		fake_iommufd_put(kernel, file->iommufd);
		break;
	case CDEV:
		fake_cdev_put(kernel, file->cdev);
		break;
	case FAULT:
		fake_fault_put(kernel, file);
		break;
	default:
		free(file->text);
		break;
	}
	file->kind = FREE;
}

static int sys_close(void *data, int fd)
{
	struct fake_kernel *kernel = data;
	struct file *file;

	if (fd < FAKE_FD)
		return kernel->base->close(kernel->base->data, fd);
	pthread_mutex_lock(&kernel->lock);
	file = fake_file(kernel, fd);
	if (file)
		fake_file_close(kernel, file);
	pthread_mutex_unlock(&kernel->lock);
	return file ? 0 : -EBADF;
}

/* Two descriptors share what is open, as far as anybody looks. */
static int copy_file(struct fake_kernel *kernel, const struct file *file)
{
	int fd;

	if (file->kind == TEXT)
		return -EINVAL;
	fd = fake_file_new(kernel, file->kind);
	if (fd < 0)
		return fd;
	*fake_file(kernel, fd) = *file;
	if (file->kind == CONTAINER)
		file->container->open++;
	if (file->kind == GROUP)
		kernel->groups[file->group].open++;
	if (file->kind == DEVICE)
		fake_device_open(kernel, file->device);
	if (file->kind == IOMMUFD || file->kind == FAULT)
		file->iommufd->references++;
	if (file->kind == FAULT)
		file->iommufd->objects[file->queue].fault.descriptors++;
	if (file->kind == CDEV)
		file->cdev->references++;
	return fd;
}

static int sys_dup(void *data, int fd)
{
	struct fake_kernel *kernel = data;
	struct file *file;
	int copy = -EBADF;

	if (fd < FAKE_FD)
		return kernel->base->dup(kernel->base->data, fd);
	pthread_mutex_lock(&kernel->lock);
	file = fake_file(kernel, fd);
	if (file)
		copy = copy_file(kernel, file);
	pthread_mutex_unlock(&kernel->lock);
	return copy;
}

static int sys_ioctl(void *data, int fd, unsigned long request, void *argument)
{
	struct fake_kernel *kernel = data;
	struct file *file;
	int rc;

	if (fd < FAKE_FD)
		return kernel->base->ioctl(kernel->base->data, fd, request, argument);
	pthread_mutex_lock(&kernel->lock);
	file = fake_file(kernel, fd);
	if (!file)
		rc = -EBADF;
	else if (file->kind == CONTAINER)
		rc = fake_container_ioctl(kernel, file->container, request, argument);
	else if (file->kind == GROUP)
		rc = fake_group_ioctl(kernel, file->group, request, argument);
	else if (file->kind == DEVICE)
		rc = fake_device_ioctl(kernel, file->device, request, argument);
	else if (file->kind == IOMMUFD)
		rc = fake_iommufd_ioctl(kernel, file->iommufd, request, argument);
	else if (file->kind == CDEV)
		rc = fake_cdev_ioctl(kernel, file->cdev, request, argument);
	else
		rc = -ENOTTY;
	pthread_mutex_unlock(&kernel->lock);
	return rc;
}

/* The device behind a descriptor, unless its node is not bound yet. */
static struct device *device_of(const struct file *file)
{
	if (file->kind == CDEV)
		return file->cdev->iommufd ? file->cdev->device : NULL;
	return file->kind == DEVICE ? file->device : NULL;
}

static int64_t read_text(const struct file *file, void *buffer, size_t length, uint64_t offset)
{
	size_t size = strlen(file->text);

	if (offset >= size)
		return 0;
	if (length > size - offset)
		length = (size_t)(size - offset);
	memcpy(buffer, file->text + offset, length);
	return (int64_t)length;
}

static int64_t sys_pread(void *data, int fd, void *buffer, size_t length, uint64_t offset)
{
	struct fake_kernel *kernel = data;
	struct file *file;
	int64_t rc;

	if (fd < FAKE_FD)
		return kernel->base->pread(kernel->base->data, fd, buffer, length, offset);
	pthread_mutex_lock(&kernel->lock);
	file = fake_file(kernel, fd);
	if (!file)
		rc = -EBADF;
	else if (file->kind == TEXT)
		rc = read_text(file, buffer, length, offset);
	else if (device_of(file))
		rc = fake_device_read(device_of(file), buffer, length, offset);
	else
		rc = file->kind == FOLDER ? -EISDIR : -EINVAL;
	pthread_mutex_unlock(&kernel->lock);
	return rc;
}

static int64_t sys_pwrite(void *data, int fd, const void *buffer, size_t length, uint64_t offset)
{
	struct fake_kernel *kernel = data;
	struct file *file;
	int64_t rc = -EINVAL;

	if (fd < FAKE_FD)
		return kernel->base->pwrite(kernel->base->data, fd, buffer, length, offset);
	pthread_mutex_lock(&kernel->lock);
	file = fake_file(kernel, fd);
	if (!file)
		rc = -EBADF;
	else if (device_of(file))
		rc = fake_device_write(kernel, device_of(file), buffer, length, offset);
	pthread_mutex_unlock(&kernel->lock);
	return rc;
}

static int64_t sys_getdents(void *data, int fd, void *buffer, size_t length)
{
	struct fake_kernel *kernel = data;
	struct file *file;
	int64_t rc = -ENOTDIR;

	if (fd < FAKE_FD)
		return kernel->base->getdents(kernel->base->data, fd, buffer, length);
	pthread_mutex_lock(&kernel->lock);
	file = fake_file(kernel, fd);
	if (file && file->kind == FOLDER)
		rc = fake_tree_records(kernel, file, buffer, length);
	pthread_mutex_unlock(&kernel->lock);
	return rc;
}

static int64_t read_link(struct fake_kernel *kernel, const char *path, char *buffer, size_t length)
{
	char target[256];
	size_t size;

	/* Nodes are there, but they are no links. */
	if (!strncmp(path, "/dev/", 5)) {
		const char *prefix =
			kernel->knobs[FAKE_NO_IOMMU] && strcmp(path, "/dev/vfio/vfio") != 0
				? "/dev/vfio/noiommu-"
				: "/dev/vfio/";

		return find_node(kernel, path, prefix) < 0 ? -ENOENT : -EINVAL;
	}
	switch (fake_tree_look(kernel, path, target, sizeof(target))) {
	case TREE_NONE:
		return -ENOENT;
	case TREE_LINK:
		size = strlen(target) < length ? strlen(target) : length;
		memcpy(buffer, target, size);
		return (int64_t)size;
	default:
		return -EINVAL;
	}
}

static int64_t sys_readlink(void *data, const char *path, char *buffer, size_t length)
{
	struct fake_kernel *kernel = data;
	int64_t rc;

	if (!is_ours(path))
		return kernel->base->readlink(kernel->base->data, path, buffer, length);
	pthread_mutex_lock(&kernel->lock);
	rc = read_link(kernel, path, buffer, length);
	pthread_mutex_unlock(&kernel->lock);
	return rc;
}

/* What a path below an open folder of ours is in whole. @return false for real descriptors */
static bool whole_path(struct fake_kernel *kernel, int directory, const char *path, char *out,
		       size_t size)
{
	const struct file *file;

	if (directory < FAKE_FD)
		return false;
	pthread_mutex_lock(&kernel->lock);
	file = fake_file(kernel, directory);
	snprintf(out, size, "%s/%s", file && file->kind == FOLDER ? file->path : "/sys/none", path);
	pthread_mutex_unlock(&kernel->lock);
	return true;
}

static int sys_openat(void *data, int directory, const char *path, int flags)
{
	struct fake_kernel *kernel = data;
	char full[512];

	if (!whole_path(kernel, directory, path, full, sizeof(full)))
		return kernel->base->openat(kernel->base->data, directory, path, flags);
	return sys_open(kernel, full, flags);
}

static int64_t sys_readlinkat(void *data, int directory, const char *path, char *buffer,
			      size_t length)
{
	struct fake_kernel *kernel = data;
	char full[512];

	if (!whole_path(kernel, directory, path, full, sizeof(full)))
		return kernel->base->readlinkat(kernel->base->data, directory, path, buffer,
						length);
	return sys_readlink(kernel, full, buffer, length);
}

static int sys_fstat(void *data, int fd, struct stat *st)
{
	struct fake_kernel *kernel = data;
	const struct file *file;

	if (fd < FAKE_FD)
		return kernel->base->fstat(kernel->base->data, fd, st);
	memset(st, 0, sizeof(*st));
	pthread_mutex_lock(&kernel->lock);
	file = fake_file(kernel, fd);
	st->st_mode = file && file->kind == FOLDER ? S_IFDIR : S_IFCHR;
	pthread_mutex_unlock(&kernel->lock);
	return 0;
}

static int sys_seals(void *data, int fd)
{
	struct fake_kernel *kernel = data;

	return fd < FAKE_FD ? kernel->base->seals(kernel->base->data, fd) : -EINVAL;
}

static int sys_mmap(void *data, void *hint, size_t length, int prot, int flags, int fd,
		    uint64_t offset, void **out)
{
	struct fake_kernel *kernel = data;
	struct file *file;
	int rc = -EINVAL;

	if (fd < FAKE_FD)
		return kernel->base->mmap(kernel->base->data, hint, length, prot, flags, fd, offset,
					  out);
	pthread_mutex_lock(&kernel->lock);
	file = fake_file(kernel, fd);
	if (file && device_of(file) && fake_device_mappable(offset, length))
		rc = kernel->base->mmap(kernel->base->data, hint, length, prot, flags,
					device_of(file)->memory, 0, out);
	pthread_mutex_unlock(&kernel->lock);
	return rc;
}

static int sys_munmap(void *data, void *address, size_t length)
{
	struct fake_kernel *kernel = data;

	return kernel->base->munmap(kernel->base->data, address, length);
}

static int sys_madvise(void *data, void *address, size_t length, int advice)
{
	struct fake_kernel *kernel = data;

	return kernel->base->madvise(kernel->base->data, address, length, advice);
}

static int sys_memlock(void *data, uint64_t *soft)
{
	struct fake_kernel *kernel = data;

	pthread_mutex_lock(&kernel->lock);
	*soft = kernel->knobs[FAKE_MEMLOCK];
	pthread_mutex_unlock(&kernel->lock);
	return 0;
}

/* The kernel has no memory files of its own. */
#define BASE(data) (((struct fake_kernel *)(data))->base)

static int sys_memfd_create(void *data, const char *name, unsigned int flags)
{
	return BASE(data)->memfd_create(BASE(data)->data, name, flags);
}

static int sys_ftruncate(void *data, int fd, uint64_t length)
{
	return BASE(data)->ftruncate(BASE(data)->data, fd, length);
}

static int sys_add_seals(void *data, int fd, int seals)
{
	return BASE(data)->add_seals(BASE(data)->data, fd, seals);
}

const struct libiommu_sys fake_sys = {
	.size = sizeof(fake_sys),
	.open = sys_open,
	.close = sys_close,
	.dup = sys_dup,
	.ioctl = sys_ioctl,
	.pread = sys_pread,
	.pwrite = sys_pwrite,
	.getdents = sys_getdents,
	.readlink = sys_readlink,
	.fstat = sys_fstat,
	.seals = sys_seals,
	.mmap = sys_mmap,
	.munmap = sys_munmap,
	.madvise = sys_madvise,
	.memlock = sys_memlock,
	.openat = sys_openat,
	.readlinkat = sys_readlinkat,
	.memfd_create = sys_memfd_create,
	.ftruncate = sys_ftruncate,
	.add_seals = sys_add_seals,
	.read = fake_sys_read,
	.write = fake_sys_write,
	.poll = fake_sys_poll,
};
