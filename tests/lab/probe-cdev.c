/* SPDX-License-Identifier: BSD-2-Clause */
/* A device without its group: bound to an iommufd, attached, and never both ways at once. */
#include "probe.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int64_t cdev_open(const char *bdf)
{
	char path[300];
	struct dirent *entry;
	int64_t fd = -ENOENT;
	DIR *dir;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/vfio-dev", bdf);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (strncmp(entry->d_name, "vfio", 4))
			continue;
		snprintf(path, sizeof(path), "/dev/vfio/devices/%s", entry->d_name);
		fd = open_path(path);
	}
	if (dir)
		closedir(dir);
	return fd;
}

int64_t cdev_bind(int device, int iommufd)
{
	struct bind b = { .argsz = sizeof(b), .iommufd = iommufd };

	return call(device, VFIO_DEVICE_BIND_IOMMUFD, &b);
}

int64_t cdev_attach(int device, uint32_t id)
{
	struct attach a = { .argsz = sizeof(a), .pt_id = id };
	int64_t rc = call(device, VFIO_DEVICE_ATTACH_PT, &a);

	return rc ? rc : a.pt_id;
}

int64_t cdev_detach(int device)
{
	struct detach d = { .argsz = sizeof(d) };

	return call(device, VFIO_DEVICE_DETACH_PT, &d);
}

static uint32_t ioas_new(int iommufd)
{
	struct ioas_alloc a = { .size = sizeof(a) };

	if (call(iommufd, IOMMU_IOAS_ALLOC, &a))
		fail("IOAS_ALLOC");
	return a.id;
}

static void check_bind(int device, int iommufd, const char *bdf)
{
	struct region_info region = { .argsz = sizeof(region) };
	int group, null = open_path("/dev/null");

	check("cdev: an ioctl before bind", -EINVAL,
	      call(device, VFIO_DEVICE_GET_REGION_INFO, &region));
	check("cdev: attach before bind", -EINVAL, cdev_attach(device, 1));
	check("cdev: bind to no fd", -EBADF, cdev_bind(device, 999));
	check("cdev: bind to a negative fd", -EINVAL, cdev_bind(device, -1));
	check("cdev: bind to /dev/null", -EBADFD, cdev_bind(device, null));
	group = (int)group_open(bdf);
	check("cdev: the group opens while nothing is bound", 1, group >= 0);
	check("cdev: bind while the group is open", -EBUSY, cdev_bind(device, iommufd));
	close(group);
	check("cdev: bind", 0, cdev_bind(device, iommufd));
	check("cdev: bind twice", -EINVAL, cdev_bind(device, iommufd));
	check("cdev: the group while bound", -EBUSY, group_open(bdf));
	close(null);
}

static void check_attach(int device, int iommufd)
{
	uint32_t first = ioas_new(iommufd), second = ioas_new(iommufd);
	struct destroy d = { .size = sizeof(d), .id = first };
	int64_t one, two;

	check("cdev: detach before attach", 0, cdev_detach(device));
	check("cdev: attach to an unknown id", -ENOENT, cdev_attach(device, 999));
	one = cdev_attach(device, first);
	check("cdev: attach answers with another id", 1, one > 0 && one != first);
	check("cdev: an attached address space stays", -EBUSY, call(iommufd, IOMMU_DESTROY, &d));
	two = cdev_attach(device, second);
	check("cdev: attach again replaces", 1, two > 0 && two != second && two != one);
	check("cdev: the first one is free again", 0, call(iommufd, IOMMU_DESTROY, &d));
	check("cdev: detach", 0, cdev_detach(device));
	check("cdev: detach twice", 0, cdev_detach(device));
}

void check_cdev(void)
{
	const char *bdf = machine.alone[0];
	int iommufd = open_path("/dev/iommu"), device = (int)cdev_open(bdf), other;

	if (iommufd < 0 || device < 0) {
		skip("cdev", "no /dev/iommu or no device nodes");
		return;
	}
	check_bind(device, iommufd, bdf);
	check_attach(device, iommufd);
	if (machine.half_bound) {
		other = (int)cdev_open(machine.half_bound);
		check("cdev: bind where a member has a kernel driver", -EPERM,
		      cdev_bind(other, iommufd));
		close(other);
	}
	close(device);
	check("cdev: the group opens after close", 1, (other = (int)group_open(bdf)) >= 0);
	close(other);
	close(iommufd);
}
