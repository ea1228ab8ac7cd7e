/* SPDX-License-Identifier: BSD-2-Clause */
/* The privileged half. It asks the kernel itself, with structs of its own, as a launcher would. */
#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#define SET_IOMMU     0x3b66
#define SET_CONTAINER 0x3b68
#define TYPE1_MAP     0x3b71
#define TYPE1_UNMAP   0x3b72
#define BIND_IOMMUFD  0x3b76
#define ATTACH_PT     0x3b77
#define IOAS_ALLOC    0x3b81
#define IOAS_MAP      0x3b85
#define IOAS_UNMAP    0x3b86

struct type1_map {
	uint32_t argsz, flags;
	uint64_t vaddr, iova, size;
};

struct type1_unmap {
	uint32_t argsz, flags;
	uint64_t iova, size;
};

struct bind_iommufd {
	uint32_t argsz, flags;
	int32_t iommufd;
	uint32_t devid;
};

struct ioas_alloc {
	uint32_t size, flags, id;
};

struct ioas_map {
	uint32_t size, flags, id, reserved;
	uint64_t vaddr, length, iova;
};

struct ioas_unmap {
	uint32_t size, id;
	uint64_t iova, length;
};

static int ask(const struct world *w, int fd, unsigned long request, void *argument)
{
	return w->sys->ioctl(w->sys->data, fd, request, argument);
}

static int open_node(const struct world *w, const char *path, const char **what, int *out)
{
	int fd = w->sys->open(w->sys->data, path, O_RDWR);

	if (fd < 0) {
		*what = path;
		return fd;
	}
	*out = fd;
	return 0;
}

static int find_group(struct world *w, const char **what)
{
	char path[128], target[256] = "";
	const char *id;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", w->device);
	*what = "iommu_group";
	if (w->sys->readlink(w->sys->data, path, target, sizeof(target) - 1) < 0)
		return -ENODEV;
	id = strrchr(target, '/');
	if (!id)
		return -ENODEV;
	w->group_id = (uint32_t)strtoul(id + 1, NULL, 10);
	return 0;
}

static int map_foreign(struct world *w, uint64_t iova, uint64_t pages)
{
	if (w->container >= 0) {
		struct type1_map map = { sizeof(map), 3, (uintptr_t)w->foreign, iova,
					 pages * PAGE };

		return ask(w, w->container, TYPE1_MAP, &map);
	}
	struct ioas_map map = { .size = sizeof(map),
				.flags = 7,
				.id = (uint32_t)w->ioas,
				.vaddr = (uintptr_t)w->foreign,
				.length = pages * PAGE,
				.iova = iova };

	return ask(w, w->iommufd, IOAS_MAP, &map);
}

static void unmap_foreign(struct world *w, uint64_t iova, uint64_t pages)
{
	struct type1_unmap unmap = { sizeof(unmap), 0, iova, pages * PAGE };
	struct ioas_unmap other = { sizeof(other), (uint32_t)w->ioas, iova, pages * PAGE };

	if (w->container >= 0)
		ask(w, w->container, TYPE1_UNMAP, &unmap);
	else
		ask(w, w->iommufd, IOAS_UNMAP, &other);
}

static int open_vfio(struct world *w, const char **what)
{
	static char path[32];
	int32_t container;
	int rc = open_node(w, "/dev/vfio/vfio", what, &w->container);

	snprintf(path, sizeof(path), "/dev/vfio/%u", w->group_id);
	if (!rc)
		rc = open_node(w, path, what, &w->group);
	if (rc || w->stage == OPENED)
		return rc;
	container = w->container;
	*what = "VFIO_GROUP_SET_CONTAINER";
	rc = ask(w, w->group, SET_CONTAINER, &container);
	if (rc < 0)
		return rc;
	*what = "VFIO_SET_IOMMU";
	return ask(w, w->container, SET_IOMMU, (void *)3);
}

/* "vfio7" from the only entry of a folder of the device */
static int find_cdev(struct world *w, char *name, size_t size)
{
	_Alignas(8) char records[1024];
	char path[128];
	int64_t length;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vfio-dev", w->device);
	fd = w->sys->open(w->sys->data, path, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return fd;
	length = w->sys->getdents(w->sys->data, fd, records, sizeof(records));
	w->sys->close(w->sys->data, fd);
	for (int64_t at = 0; at + 19 < length;) {
		uint16_t record;

		memcpy(&record, records + at + 16, sizeof(record));
		if (!strncmp(records + at + 19, "vfio", 4)) {
			snprintf(name, size, "%s", records + at + 19);
			return 0;
		}
		at += record ? record : length;
	}
	return -ENODEV;
}

static int open_iommufd(struct world *w, const char **what)
{
	static char path[64];
	struct bind_iommufd bind = { .argsz = sizeof(bind) };
	struct ioas_alloc alloc = { .size = sizeof(alloc) };
	char name[32];
	int rc;

	*what = "vfio-dev";
	rc = find_cdev(w, name, sizeof(name));
	if (!rc)
		rc = open_node(w, "/dev/iommu", what, &w->iommufd);
	if (rc)
		return rc;
	snprintf(path, sizeof(path), "/dev/vfio/devices/%s", name);
	rc = open_node(w, path, what, &w->cdev);
	if (rc || w->stage == OPENED)
		return rc;
	bind.iommufd = w->iommufd;
	*what = "VFIO_DEVICE_BIND_IOMMUFD";
	rc = ask(w, w->cdev, BIND_IOMMUFD, &bind);
	if (rc < 0)
		return rc;
	w->devid = bind.devid;
	*what = "IOMMU_IOAS_ALLOC";
	rc = ask(w, w->iommufd, IOAS_ALLOC, &alloc);
	w->ioas = alloc.id;
	return rc;
}

static int open_memory(struct world *w)
{
	const size_t size = (OUR_PAGES + FOREIGN_PAGES) * PAGE;
	/* Shared, so that both halves see what the device does. */
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return -ENOMEM;
	w->memory = memory;
	w->foreign = memory + OUR_PAGES * PAGE;
	w->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return w->event < 0 ? -errno : 0;
}

int world_open(struct world *w, enum stage stage, const char **what)
{
	int rc;

	w->stage = stage;
	w->container = w->group = w->iommufd = w->cdev = w->sysfs = w->event = -1;
	w->memory = NULL;
	*what = "memory";
	rc = open_memory(w);
	if (!rc)
		rc = find_group(w, what);
	if (!rc)
		rc = strcmp(w->backend, "vfio") ? open_iommufd(w, what) : open_vfio(w, what);
	if (rc < 0)
		return rc;
	w->sysfs = w->sys->open(w->sys->data, "/sys", O_RDONLY | O_DIRECTORY);
	if (stage == OPENED)
		return 0;
	*what = "a mapping";
	rc = map_foreign(w, FOREIGN_IOVA, FOREIGN_PAGES);
	return rc < 0 ? rc : 0;
}

bool world_as_left(struct world *w)
{
	/* A second mapping fits nowhere but where there is none. */
	if (map_foreign(w, FOREIGN_IOVA, FOREIGN_PAGES) != -EEXIST ||
	    map_foreign(w, OUR_IOVA, OUR_PAGES) < 0)
		return false;
	unmap_foreign(w, OUR_IOVA, OUR_PAGES);
	return true;
}

static void drop(const struct world *w, int *fd)
{
	if (*fd >= 0)
		w->sys->close(w->sys->data, *fd);
	*fd = -1;
}

void world_close(struct world *w)
{
	drop(w, &w->cdev);
	drop(w, &w->group);
	drop(w, &w->container);
	drop(w, &w->iommufd);
	drop(w, &w->sysfs);
	drop(w, &w->event);
	if (w->memory)
		munmap(w->memory, (OUR_PAGES + FOREIGN_PAGES) * PAGE);
	w->memory = NULL;
}
