/* SPDX-License-Identifier: BSD-2-Clause */
/* Containers, groups and devices: in which order they may be joined, and who refuses what. */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define RW (PROT_READ | PROT_WRITE)

static const struct number_row {
	const char *name;
	unsigned long arg;
	int64_t want;
	unsigned int since; /* older kernels answer was */
	int64_t was;
} extensions[] = {
	{ "extension type1 v1", TYPE1_V1, 1, 0, 0 },
	{ "extension type1 v2", TYPE1_V2, 1, 0, 0 },
	{ "extension unmap all", EXT_UNMAP_ALL, 1, 0, 0 },
	{ "extension nesting", TYPE1_NESTING, 0, 613, 1 },
	{ "extension spapr", EXT_SPAPR, 0, 0, 0 },
	{ "extension spapr v2", EXT_SPAPR_V2, 0, 0, 0 },
	{ "extension update vaddr, no driver yet", EXT_UPDATE_VADDR, 0, 0, 0 },
	{ "extension dma cc, no driver yet", EXT_DMA_CC, 0, 0, 0 },
	{ "extension that nobody knows", 99, 0, 0, 0 },
};

void check_container(void)
{
	struct dma_unmap u = { .argsz = sizeof(u), .flags = UNMAP_EVERY };
	struct space s = { .mode = V2, .fd = open_path("/dev/vfio/vfio") };

	if (s.fd < 0)
		fail("/dev/vfio/vfio");
	check("container: api version", 0, call(s.fd, VFIO_GET_API_VERSION, NULL));
	for (size_t i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++) {
		const struct number_row *r = &extensions[i];

		check(r->name, machine.kernel < r->since ? r->was : r->want,
		      call_number(s.fd, VFIO_CHECK_EXTENSION, r->arg));
	}
	check("container: set iommu without a group", -EINVAL,
	      call_number(s.fd, VFIO_SET_IOMMU, TYPE1_V2));
	check("container: map before set iommu", -EINVAL,
	      map(&s, MAP_R, pages(1, RW), 0x1000, 0x1000));
	check("container: unmap before set iommu", -EINVAL, call(s.fd, VFIO_IOMMU_UNMAP_DMA, &u));
	check("container: info before set iommu", -EINVAL, dma_avail(s.fd));
	check("container: unknown ioctl before set iommu", -EINVAL, call(s.fd, NR(0x99), NULL));
	close(s.fd);
}

static void check_info_sizes(const struct space *s)
{
	uint64_t buf[512] = { 0 };
	struct type1_info *info = (void *)buf;
	uint32_t at, ids = 0;

	info->argsz = 15;
	check("info: short argsz", -EINVAL, call(s->fd, VFIO_IOMMU_GET_INFO, info));
	info->argsz = 16;
	check("info: argsz without capabilities", 0, call(s->fd, VFIO_IOMMU_GET_INFO, info));
	check("info: 4 KiB pages", 0x1000, (int64_t)(info->pgsizes & 0x1000));
	info->argsz = sizeof(*info);
	check("info: room for the struct alone", 0, call(s->fd, VFIO_IOMMU_GET_INFO, info));
	check("info: then no capability offset", 0, info->cap_offset);
	check("info: and argsz tells what is needed", 1, info->argsz > sizeof(*info));
	check("info: flags tell of capabilities", INFO_CAPS, info->flags & INFO_CAPS);
	at = info->argsz;
	info->argsz = at - 1;
	check("info: one byte too short", 0, call(s->fd, VFIO_IOMMU_GET_INFO, info));
	check("info: one byte too short, no offset", 0, info->cap_offset);
	info->argsz = at;
	check("info: enough", 0, call(s->fd, VFIO_IOMMU_GET_INFO, info));
	for (at = info->cap_offset; at; at = ((const struct cap_header *)((char *)buf + at))->next)
		ids = ids * 16 + ((const struct cap_header *)((char *)buf + at))->id;
	check("info: order migration, avail, ranges", 0x231, ids);
	note("page sizes %#llx", (unsigned long long)info->pgsizes);
}

void check_info(void)
{
	struct dma_map m = { .argsz = 31 };
	struct dma_unmap u = { .argsz = 23 };
	struct space s;

	space_open(&s, V2, machine.alone[0], false);
	check_info_sizes(&s);
	check("map: short argsz", -EINVAL, call(s.fd, VFIO_IOMMU_MAP_DMA, &m));
	check("unmap: short argsz", -EINVAL, call(s.fd, VFIO_IOMMU_UNMAP_DMA, &u));
	u = (struct dma_unmap){ .argsz = 4096, .iova = 0x100000, .size = 0x1000 };
	check("unmap: long argsz", 0, call(s.fd, VFIO_IOMMU_UNMAP_DMA, &u));
	check("unmap: size of nothing", 0, (int64_t)u.size);
	check("map of two pages", 0, map(&s, MAP_R, pages(2, RW), 0x100000, 0x2000));
	u = (struct dma_unmap){ .argsz = sizeof(u), .iova = 0x100000, .size = 0x1000 };
	check("unmap of one of them", -EINVAL, call(s.fd, VFIO_IOMMU_UNMAP_DMA, &u));
	check("unmap: size stays on error", 0x1000, (int64_t)u.size);
	check("container: set iommu again", -EINVAL, call_number(s.fd, VFIO_SET_IOMMU, TYPE1_V2));
	check("container: spapr enable", -ENOTTY, call(s.fd, VFIO_IOMMU_ENABLE, NULL));
	check("container: unknown ioctl", -ENOTTY, call(s.fd, NR(0x99), NULL));
	note("coherency is enforced: %lld",
	     (long long)call_number(s.fd, VFIO_CHECK_EXTENSION, EXT_DMA_CC));
	space_close(&s);
}

/* A group before, in and after its container. */
static void check_group_order(int group, int container, const char *bdf)
{
	int32_t fd = -1;

	check("group: flags alone", GROUP_VIABLE, group_flags(group));
	check("group: unset without a container", -EINVAL,
	      call(group, VFIO_GROUP_UNSET_CONTAINER, NULL));
	check("group: device before a container", -EINVAL, device_open(group, bdf));
	check("group: container is no fd", -EBADF, call(group, VFIO_GROUP_SET_CONTAINER, &fd));
	check("group: no pointer", -EFAULT, call(group, VFIO_GROUP_SET_CONTAINER, NULL));
	fd = open_path("/dev/null");
	check("group: container is /dev/null", machine.kernel < 602 ? -EINVAL : -EBADFD,
	      call(group, VFIO_GROUP_SET_CONTAINER, &fd));
	close(fd);
	check("group: join", 0, group_join(group, container));
	check("group: join twice", -EINVAL, group_join(group, container));
	check("group: flags in a container", GROUP_VIABLE | GROUP_CONTAINER_SET,
	      group_flags(group));
	check("group: device before set iommu", -EINVAL, device_open(group, bdf));
	check("container: set iommu spapr", -ENODEV,
	      call_number(container, VFIO_SET_IOMMU, EXT_SPAPR));
	check("container: set iommu unknown", -ENODEV, call_number(container, VFIO_SET_IOMMU, 99));
}

static void check_device_order(int group, int container, const char *bdf)
{
	int device, second;
	int64_t rc;

	check("container: set iommu", 0, call_number(container, VFIO_SET_IOMMU, TYPE1_V2));
	check("group: unknown device", -ENODEV, device_open(group, "0000:ff:1f.7"));
	check("group: device of another group", -ENODEV, device_open(group, machine.alone[1]));
	device = (int)device_open(group, bdf);
	check("group: device", 1, device >= 0);
	check("device fd is close-on-exec", FD_CLOEXEC, fcntl(device, F_GETFD));
	rc = device_open(group, bdf);
	second = (int)rc;
	check("group: the same device again is granted", 1, rc >= 0);
	check("group: unset with a device open", -EBUSY,
	      call(group, VFIO_GROUP_UNSET_CONTAINER, NULL));
	close(second);
	check("group: unset with the first fd still open", -EBUSY,
	      call(group, VFIO_GROUP_UNSET_CONTAINER, NULL));
	close(device);
	check("group: unset", 0, call(group, VFIO_GROUP_UNSET_CONTAINER, NULL));
	check("group: flags after unset", GROUP_VIABLE, group_flags(group));
	check("container: has lost its driver", -EINVAL, dma_avail(container));
}

static void check_nesting(int group)
{
	int container = open_path("/dev/vfio/vfio");

	if (group_join(group, container))
		fail("SET_CONTAINER");
	/* Before 6.13 the type existed, but VT-d's driver could not do it. */
	check("container: set iommu nesting", machine.kernel < 613 ? -EINVAL : -ENODEV,
	      call_number(container, VFIO_SET_IOMMU, TYPE1_NESTING));
	call(group, VFIO_GROUP_UNSET_CONTAINER, NULL);
	close(container);
}

void check_group(void)
{
	struct group_status status = { .argsz = 7 };
	const char *bdf = machine.alone[0];
	int container = open_path("/dev/vfio/vfio"), group = (int)group_open(bdf), device;

	if (container < 0 || group < 0)
		fail("open a group");
	check("group: short argsz", -EINVAL, call(group, VFIO_GROUP_GET_STATUS, &status));
	check("group: opened a second time", -EBUSY, group_open(bdf));
	check_group_order(group, container, bdf);
	check_device_order(group, container, bdf);
	check_nesting(group);

	/* A device fd keeps its group alive when the group and the container are closed. */
	if (group_join(group, container) || call_number(container, VFIO_SET_IOMMU, TYPE1_V2))
		fail("join again");
	device = (int)device_open(group, bdf);
	close(group);
	close(container);
	check("group: opened while its device fd lives", -EBUSY, group_open(bdf));
	close(device);
	group = (int)group_open(bdf);
	check("group: opened after the last fd", 1, group >= 0);
	close(group);
	if (machine.kernel_bound)
		check("group of a kernel driver has no node", -ENOENT,
		      group_open(machine.kernel_bound));
	else
		skip("group of a kernel driver", "no device was named");
}

static void check_viability(const char *name, const char *bdf, uint32_t flags, int64_t join)
{
	int group, container;
	int64_t rc;

	if (!bdf) {
		skip(name, "no device was named");
		return;
	}
	container = open_path("/dev/vfio/vfio");
	group = (int)group_open(bdf);
	check(name, flags, group_flags(group));
	rc = group_join(group, container);
	check(name, join, rc);
	close(group);
	close(container);
}

void check_group_members(void)
{
	int container = open_path("/dev/vfio/vfio"), other = open_path("/dev/vfio/vfio");
	int group = (int)group_open(machine.member[0]), a, b;

	check_viability("viable: one member has a kernel driver", machine.half_bound, 0, -EPERM);
	check_viability("viable: members without a driver", machine.unbound, GROUP_VIABLE, 0);
	check("members: the same group", group_number(machine.member[0]),
	      group_number(machine.member[1]));
	check("members: one fd per group", -EBUSY, group_open(machine.member[1]));
	check("members: join", 0, group_join(group, container));
	check("members: join another container", -EINVAL, group_join(group, other));
	check("members: set iommu", 0, call_number(container, VFIO_SET_IOMMU, TYPE1_V2));
	a = (int)device_open(group, machine.member[0]);
	b = (int)device_open(group, machine.member[1]);
	check("members: first device", 1, a >= 0);
	check("members: second device", 1, b >= 0);
	close(a);
	check("members: unset with one device left", -EBUSY,
	      call(group, VFIO_GROUP_UNSET_CONTAINER, NULL));
	close(b);
	close(group);
	close(container);
	close(other);
}

/* Maps need no device fd, only a group: type1 pins at once. */
static void check_without_device(void)
{
	struct space s;

	space_open(&s, V2, machine.alone[0], true);
	check("no device fd: map", 0, map(&s, MAP_R, pages(1, RW), 0x100000, 0x1000));
	check("no device fd: a bad address is refused now", -EFAULT,
	      map(&s, MAP_R, (void *)0x1000, 0x200000, 0x1000));
	check("no device fd: unmap all", 0x1000, unmap_all(&s));
	space_close(&s);
}

/* What sysfs says of a group is what the container keeps free. */
static void check_reserved(void)
{
	unsigned long long start, last;
	char path[96], kind[32];
	int64_t found = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%d/reserved_regions",
		 group_number(machine.alone[0]));
	f = fopen(path, "re");
	while (f && fscanf(f, "%llx %llx %31s", &start, &last, kind) == 3)
		if (!strcmp(kind, "msi"))
			found = (int64_t)start;
	if (f)
		fclose(f);
	check("reserved: the MSI window of sysfs is the hole of the container",
	      (int64_t)machine.hole, found);
}

/* Two groups in one container: the maps belong to the container and die with its last group. */
void check_sharing(void)
{
	int second = (int)group_open(machine.alone[1]);
	void *mem = pages(4, RW);
	struct space s;

	check_without_device();
	check_reserved();
	space_open(&s, V2, machine.alone[0], false);
	check("sharing: map", 0, map(&s, MAP_R | MAP_W, mem, 0x100000, 0x4000));
	check("sharing: second group joins a container with maps", 0, group_join(second, s.fd));
	check("sharing: the map is still there", -EEXIST, map(&s, MAP_R, mem, 0x100000, 0x1000));
	check("sharing: a group with a device open cannot leave", -EBUSY,
	      call(s.group, VFIO_GROUP_UNSET_CONTAINER, NULL));
	close(s.device);
	s.device = -1;
	check("sharing: first group leaves", 0, call(s.group, VFIO_GROUP_UNSET_CONTAINER, NULL));
	check("sharing: the map survives it", -EEXIST, map(&s, MAP_R, mem, 0x100000, 0x1000));
	check("sharing: last group leaves", 0, call(second, VFIO_GROUP_UNSET_CONTAINER, NULL));
	check("sharing: no driver any more", -EINVAL, map(&s, MAP_R, mem, 0x100000, 0x1000));
	check("sharing: a group comes back", 0, group_join(second, s.fd));
	check("sharing: set iommu", 0, call_number(s.fd, VFIO_SET_IOMMU, TYPE1_V2));
	check("sharing: the maps were dropped", 0, unmap_all(&s));
	check("sharing: the range is free", 0, map(&s, MAP_R, mem, 0x100000, 0x1000));
	close(second);
	space_close(&s);
}
