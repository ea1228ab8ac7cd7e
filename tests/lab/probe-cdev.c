/* SPDX-License-Identifier: BSD-2-Clause */
/* A device without its group: bound to an iommufd, attached, and never both ways at once. */
#include "probe.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
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

uint32_t ioas_new(int iommufd)
{
	struct ioas_alloc a = { .size = sizeof(a) };

	if (call(iommufd, IOMMU_IOAS_ALLOC, &a))
		fail("IOAS_ALLOC");
	return a.id;
}

#define IOMMUFD UINT32_MAX /* stands for the descriptor of the iommufd */

struct longer {
	uint32_t argsz, flags, third, fourth;
	uint64_t fifth, tail;
};

/* Sizes and flags of VFIO: short is EINVAL, and so is what nobody knows. */
static const struct argument {
	const char *name;
	unsigned long nr;
	struct longer arg;
	bool bound;
	int64_t want;
} arguments[] = {
	{ "bind, too short", VFIO_DEVICE_BIND_IOMMUFD, { .argsz = 15 }, false, -EINVAL },
	{ "bind, something behind the end",
	  VFIO_DEVICE_BIND_IOMMUFD,
	  { .argsz = 32, .third = IOMMUFD, .tail = 1 },
	  false,
	  -E2BIG },
	{ "bind, unknown flag",
	  VFIO_DEVICE_BIND_IOMMUFD,
	  { .argsz = 16, .flags = 2, .third = IOMMUFD },
	  false,
	  -EINVAL },
	{ "bind, a token that is nowhere",
	  VFIO_DEVICE_BIND_IOMMUFD,
	  { .argsz = 24, .flags = 1, .third = IOMMUFD },
	  false,
	  -EFAULT },
	{ "attach, too short", VFIO_DEVICE_ATTACH_PT, { .argsz = 11 }, true, -EINVAL },
	{ "attach, unknown flag",
	  VFIO_DEVICE_ATTACH_PT,
	  { .argsz = 12, .flags = 2 },
	  true,
	  -EINVAL },
	{ "attach a PASID, too short",
	  VFIO_DEVICE_ATTACH_PT,
	  { .argsz = 12, .flags = 1 },
	  true,
	  -EINVAL },
	{ "detach, too short", VFIO_DEVICE_DETACH_PT, { .argsz = 7 }, true, -EINVAL },
	{ "detach, unknown flag",
	  VFIO_DEVICE_DETACH_PT,
	  { .argsz = 8, .flags = 2 },
	  true,
	  -EINVAL },
	{ "detach a PASID, too short",
	  VFIO_DEVICE_DETACH_PT,
	  { .argsz = 8, .flags = 1 },
	  true,
	  -EINVAL },
	{ "detach a PASID that was not attached",
	  VFIO_DEVICE_DETACH_PT,
	  { .argsz = 12, .flags = 1, .third = 5 },
	  true,
	  0 },
};

static void check_arguments(int device, int iommufd, bool bound)
{
	char name[96];

	for (size_t i = 0; i < sizeof(arguments) / sizeof(arguments[0]); i++) {
		struct longer copy = arguments[i].arg;

		if (arguments[i].bound != bound)
			continue;
		if (copy.third == IOMMUFD)
			copy.third = (uint32_t)iommufd;
		snprintf(name, sizeof(name), "cdev: %s", arguments[i].name);
		check(name, arguments[i].want, call(device, arguments[i].nr, &copy));
	}
}

static void check_bind(int device, int iommufd, const char *bdf)
{
	struct region_info region = { .argsz = sizeof(region) };
	int group, null = open_path("/dev/null");

	check("cdev: an ioctl before bind", -EINVAL,
	      call(device, VFIO_DEVICE_GET_REGION_INFO, &region));
	check("cdev: attach before bind", -EINVAL, cdev_attach(device, 1));
	check("cdev: detach before bind", -EINVAL, cdev_detach(device));
	check("cdev: read before bind", -EINVAL, pread(device, &region, 4, 0) < 0 ? -errno : 0);
	check("cdev: mmap before bind", 1,
	      mmap(NULL, 4096, PROT_READ, MAP_SHARED, device, 0) == MAP_FAILED && errno == EINVAL);
	check_arguments(device, iommufd, false);
	check("cdev: bind to no fd", -EBADF, cdev_bind(device, 999));
	check("cdev: bind to a negative fd", -EINVAL, cdev_bind(device, -1));
	check("cdev: bind to /dev/null", -EBADFD, cdev_bind(device, null));
	group = (int)group_open(bdf);
	check("cdev: the group opens while nothing is bound", 1, group >= 0);
	check("cdev: bind while the group is open", -EBUSY, cdev_bind(device, iommufd));
	close(group);
	check("cdev: bind", 0, cdev_bind(device, iommufd));
	check_arguments(device, iommufd, true);
	check("cdev: bind twice", -EINVAL, cdev_bind(device, iommufd));
	check("cdev: the group while bound", -EBUSY, group_open(bdf));
	close(null);
}

/* A PASID needs a table that was made for it, which an address space by its id never gives. */
static void check_pasid(int device, int iommufd)
{
	struct {
		uint32_t argsz, flags, pt_id, pasid;
	} a = { 16, 1, ioas_new(iommufd), 1 };

	check("cdev: a PASID of an address space", -EINVAL,
	      call(device, VFIO_DEVICE_ATTACH_PT, &a));
	a.pt_id = 999;
	check("cdev: a PASID of nothing", -ENOENT, call(device, VFIO_DEVICE_ATTACH_PT, &a));
}

/* The same device twice, and a device that came through its group. */
static void check_openers(const char *bdf)
{
	int second = (int)cdev_open(bdf), other = open_path("/dev/iommu");
	struct space s;

	check("cdev: opens a second time", 1, second >= 0);
	check("cdev: but is bound once", -EINVAL, cdev_bind(second, other));
	close(second);
	close(other);
	space_open(&s, V2, machine.alone[1], false);
	other = open_path("/dev/iommu");
	check("cdev: bind what came through a group", -EINVAL, cdev_bind(s.device, other));
	second = (int)cdev_open(machine.alone[1]);
	check("cdev: or whose group is open", -EBUSY, cdev_bind(second, other));
	space_close(&s);
	check("cdev: bind after that", 0, cdev_bind(second, other));
	close(second);
	close(other);
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
	check_pasid(device, iommufd);
	check_openers(bdf);
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
