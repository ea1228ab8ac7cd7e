// SPDX-License-Identifier: BSD-2-Clause
#include "null_sys.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

enum { CONTAINER = 1000, GROUP, DEVICE, FOLDER };

/* Of the kernel's VFIO, the part that has an answer here. */
enum {
	CHECK_EXTENSION = 0x3b65,
	GROUP_GET_STATUS = 0x3b67,
	GROUP_GET_DEVICE_FD = 0x3b6a,
	IOMMU_GET_INFO = 0x3b70
};

struct info {
	uint32_t argsz;
	uint32_t flags; /* 1: page sizes, 2: capabilities */
	uint64_t page_sizes;
	uint32_t first_capability;
	uint32_t pad;
	uint16_t id; /* 1: ranges */
	uint16_t version;
	uint32_t next;
	uint32_t range_count;
	uint32_t reserved;
	uint64_t ranges[2][2];
};

static bool ends_in(const char *path, const char *end)
{
	size_t length = strlen(path), tail = strlen(end);

	return length >= tail && !strcmp(path + length - tail, end);
}

static int null_open(void *data, const char *path, int flags)
{
	struct null_kernel *kernel = data;

	(void)flags;
	kernel->others++;
	if (!strcmp(path, "/dev/vfio/vfio"))
		return CONTAINER;
	if (!strcmp(path, "/dev/vfio/1"))
		return GROUP;
	return ends_in(path, "/iommu_groups/1") ? FOLDER : -ENOENT;
}

static int null_openat(void *data, int directory, const char *path, int flags)
{
	struct null_kernel *kernel = data;

	(void)directory;
	(void)flags;
	kernel->others++;
	kernel->folder = !strcmp(path, "devices");
	return kernel->folder ? FOLDER : -ENOENT;
}

static int null_close(void *data, int fd)
{
	struct null_kernel *kernel = data;

	(void)fd;
	kernel->others++;
	return 0;
}

static int64_t null_readlink(void *data, const char *path, char *buffer, size_t length)
{
	static const struct {
		const char *path;
		const char *target;
	} links[] = {
		{ "/" NULL_DEVICE, "../" NULL_DEVICE },
		{ "/" NULL_DEVICE "/iommu_group", "../1" },
		{ "/" NULL_DEVICE "/driver", "../vfio-pci" },
		{ "/" NULL_DEVICE "/subsystem", "../pci" },
	};
	struct null_kernel *kernel = data;

	kernel->others++;
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		size_t size = strlen(links[i].target);

		if (!ends_in(path, links[i].path) || size > length)
			continue;
		memcpy(buffer, links[i].target, size);
		return (int64_t)size;
	}
	return -ENOENT;
}

static int64_t null_readlinkat(void *data, int directory, const char *path, char *buffer,
			       size_t length)
{
	char whole[64] = "/";

	(void)directory;
	strncat(whole, path, sizeof(whole) - 2);
	return null_readlink(data, whole, buffer, length);
}

/* struct linux_dirent64: inode 8, offset 8, length 2, type 1, name. */
static int64_t null_getdents(void *data, int fd, void *buffer, size_t length)
{
	const uint16_t size = (19 + sizeof(NULL_DEVICE) + 7) / 8 * 8;
	struct null_kernel *kernel = data;
	char *record = buffer;

	(void)fd;
	kernel->others++;
	if (!kernel->folder || length < size)
		return 0;
	kernel->folder = 0;
	memset(record, 0, size);
	memcpy(record + 16, &size, sizeof(size));
	memcpy(record + 19, NULL_DEVICE, sizeof(NULL_DEVICE));
	return size;
}

static int null_madvise(void *data, void *address, size_t length, int advice)
{
	const struct libiommu_sys *real = libiommu_sys_default();
	struct null_kernel *kernel = data;

	kernel->others++;
	return real->madvise(real->data, address, length, advice);
}

static void tell_info(struct info *out)
{
	const struct info info = {
		.argsz = sizeof(info),
		.flags = 3,
		.page_sizes = 4096 | UINT64_C(2) << 20 | UINT64_C(1) << 30,
		.first_capability = offsetof(struct info, id),
		.id = 1,
		.version = 1,
		.range_count = 2,
		.ranges = { { 0, 0xfedfffff }, { 0xfef00000, (UINT64_C(1) << 48) - 1 } },
	};

	if (out->argsz >= sizeof(info))
		*out = info;
	else
		out->argsz = sizeof(info);
}

static int other_ioctl(struct null_kernel *kernel, unsigned long request, void *argument)
{
	kernel->others++;
	switch (request) {
	case CHECK_EXTENSION:
		return 1;
	case GROUP_GET_STATUS:
		((uint32_t *)argument)[1] = 1; /* viable */
		return 0;
	case GROUP_GET_DEVICE_FD:
		return DEVICE;
	case IOMMU_GET_INFO:
		tell_info(argument);
		return 0;
	default:
		return 0;
	}
}

static int null_ioctl(void *data, int fd, unsigned long request, void *argument)
{
	struct null_kernel *kernel = data;
	bool map = request == NULL_MAP_DMA;

	(void)fd;
	if (!map && request != NULL_UNMAP_DMA)
		return other_ioctl(kernel, request, argument);
	atomic_fetch_add_explicit(map ? &kernel->maps : &kernel->unmaps, 1, memory_order_relaxed);
	if (kernel->meanwhile)
		kernel->meanwhile(kernel->data);
	return 0;
}

void null_kernel_init(struct null_kernel *kernel)
{
	memset(kernel, 0, sizeof(*kernel));
	kernel->sys = *libiommu_sys_default();
	kernel->sys.data = kernel;
	kernel->sys.open = null_open;
	kernel->sys.close = null_close;
	kernel->sys.ioctl = null_ioctl;
	kernel->sys.readlink = null_readlink;
	kernel->sys.openat = null_openat;
	kernel->sys.readlinkat = null_readlinkat;
	kernel->sys.getdents = null_getdents;
	kernel->sys.madvise = null_madvise;
}
