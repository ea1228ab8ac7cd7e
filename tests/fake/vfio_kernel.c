/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/fake/internal.h"

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

static int open_node(struct fake_kernel *kernel, const char *path)
{
	int fd, node = find_node(kernel, path, "/dev/vfio/");

	if (node < 0 || (node && kernel->knobs[FAKE_NO_IOMMU]))
		return -ENOENT;
	if (kernel->knobs[FAKE_NO_PERMISSION])
		return -EACCES;
	if (!node)
		return open_container(kernel);
	if (kernel->groups[node].open || kernel->groups[node].devices)
		return -EBUSY;
	fd = fake_file_new(kernel, GROUP);
	if (fd >= 0) {
		fake_file(kernel, fd)->group = (unsigned int)node;
		kernel->groups[node].open++;
	}
	return fd;
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
	       !strcmp(path, "/proc/self/status");
}

static int sys_open(void *data, const char *path, int flags)
{
	struct fake_kernel *kernel = data;
	int fd;

	if (!is_ours(path))
		return kernel->base->open(kernel->base->data, path, flags);
	pthread_mutex_lock(&kernel->lock);
	fd = strncmp(path, "/dev/", 5) ? open_tree(kernel, path) : open_node(kernel, path);
	pthread_mutex_unlock(&kernel->lock);
	return fd;
}

static void close_file(struct fake_kernel *kernel, struct file *file)
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
		close_file(kernel, file);
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
	if (file->kind == DEVICE) {
		file->device->open++;
		kernel->groups[file->device->group].devices++;
	}
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
	else
		rc = -ENOTTY;
	pthread_mutex_unlock(&kernel->lock);
	return rc;
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
	else if (file->kind == DEVICE)
		rc = fake_device_read(file->device, buffer, length, offset);
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
	else if (file->kind == DEVICE)
		rc = fake_device_write(kernel, file->device, buffer, length, offset);
	pthread_mutex_unlock(&kernel->lock);
	return rc;
}

/* Records of the kind that the kernel writes, one after another. */
static int64_t fill_records(struct fake_kernel *kernel, struct file *file, char *buffer,
			    size_t room)
{
	size_t length = 0;
	char name[64];

	while (fake_tree_entry(kernel, file->path, file->position, name, sizeof(name))) {
		uint16_t size = (uint16_t)((19 + strlen(name) + 1 + 7) / 8 * 8);

		if (size > room - length)
			break;
		memset(buffer + length, 0, size);
		memcpy(buffer + length + 16, &size, sizeof(size));
		strcpy(buffer + length + 19, name);
		length += size;
		file->position++;
	}
	return (int64_t)length;
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
		rc = fill_records(kernel, file, buffer, length);
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
	if (file && file->kind == DEVICE && fake_device_mappable(offset, length))
		rc = kernel->base->mmap(kernel->base->data, hint, length, prot, flags,
					file->device->memory, 0, out);
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

static const struct libiommu_sys fake_sys = {
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
};

static const struct {
	const char *name;
	unsigned int group;
	uint16_t vendor, id;
	uint32_t class_code;
	const char *driver;
} machine[DEVICES] = {
	{ "0000:00:03.0", 1, 0x1234, 0x11e8, 0x00ff00, "vfio-pci" },
	{ "0000:00:04.0", 2, 0x1234, 0x11e8, 0x00ff00, "vfio-pci" },
	{ "0000:00:05.0", 3, 0x1234, 0x11e8, 0x00ff00, "vfio-pci" },
	{ "0000:00:05.1", 3, 0x1234, 0x11e8, 0x00ff00, "vfio-pci" },
	{ "0000:00:05.2", 3, 0x1234, 0x11e8, 0x00ff00, "vfio-pci" },
	{ "0000:00:1f.0", 4, 0x8086, 0x2918, 0x060100, "" },
	{ "0000:00:1f.2", 4, 0x8086, 0x2922, 0x010601, "vfio-pci" },
	{ "0000:00:1f.3", 4, 0x8086, 0x2930, 0x0c0500, "i801_smbus" },
	{ "0000:00:02.0", 5, 0x8086, 0x10d3, 0x020000, "e1000e" },
	{ "0000:00:06.0", 0, 0x1af4, 0x1000, 0x020000, "" },
};

static void make_device(struct fake_kernel *kernel, size_t i)
{
	struct device *device = &kernel->devices[i];

	device->name = machine[i].name;
	device->group = machine[i].group;
	device->vendor = machine[i].vendor;
	device->id = machine[i].id;
	device->class_code = machine[i].class_code;
	strcpy(device->driver, machine[i].driver);
	device->memory = -1;
	for (unsigned int kind = 0; kind < 3; kind++)
		device->events[kind] = -1;
	kernel->groups[device->group].used = device->group != 0;
}

/* Memory is looked at by madvise, where it can do that. */
static bool can_populate(const struct libiommu_sys *base)
{
	void *page;
	int rc;

	if (base->mmap(base->data, NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0, &page) < 0)
		return false;
	rc = base->madvise(base->data, page, PAGE, MADV_POPULATE_WRITE);
	base->munmap(base->data, page, PAGE);
	return rc == 0;
}

struct fake_kernel *fake_kernel_new(void)
{
	struct fake_kernel *kernel = calloc(1, sizeof(*kernel));

	if (!kernel || pthread_mutex_init(&kernel->lock, NULL)) {
		free(kernel);
		return NULL;
	}
	kernel->base = libiommu_sys_default();
	kernel->populates = can_populate(kernel->base);
	kernel->sys = fake_sys;
	kernel->sys.data = kernel;
	kernel->knobs[FAKE_ENTRY_LIMIT] = 65535;
	kernel->knobs[FAKE_MEMLOCK] = UINT64_MAX;
	kernel->knobs[FAKE_ADDRESS_BITS] = 39;
	for (size_t i = 0; i < DEVICES; i++) {
		make_device(kernel, i);
		kernel->devices[i].memory = memfd_create("bar", MFD_CLOEXEC);
		if (kernel->devices[i].memory < 0 ||
		    ftruncate(kernel->devices[i].memory, (off_t)EDU_MEMORY_SIZE)) {
			fake_kernel_free(kernel);
			return NULL;
		}
	}
	for (unsigned int group = 1; group < GROUPS; group++)
		fake_kernel_reserve(kernel, group, 0xfee00000, 0xfeefffff, "msi");
	return kernel;
}

void fake_kernel_free(struct fake_kernel *kernel)
{
	if (!kernel)
		return;
	for (size_t i = 0; i < MAX_FDS; i++)
		if (kernel->files[i].kind != FREE)
			close_file(kernel, &kernel->files[i]);
	for (size_t i = 0; i < DEVICES; i++)
		if (kernel->devices[i].name && kernel->devices[i].memory >= 0)
			close(kernel->devices[i].memory);
	pthread_mutex_destroy(&kernel->lock);
	free(kernel);
}

const struct libiommu_sys *fake_kernel_sys(struct fake_kernel *kernel)
{
	return &kernel->sys;
}
