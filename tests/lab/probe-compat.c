/* SPDX-License-Identifier: BSD-2-Clause */
/* iommufd as a container: what it does otherwise than type1, beyond the table. */
#include "probe.h"

#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#define P  0x1000ULL
#define B  0x100000ULL
#define RW (PROT_READ | PROT_WRITE)

static void check_compat_calls(void)
{
	struct vfio_ioas get = { .size = sizeof(get) };
	struct dma_unmap u = { .argsz = sizeof(u), .iova = B, .size = P };
	struct option huge = { .size = sizeof(huge), .option_id = 1, .op = 1 };
	struct space s;
	int fd = open_path("/dev/iommu");

	check("compat: no address space yet", -ENODEV, call(fd, IOMMU_VFIO_IOAS, &get));
	check("compat: set iommu without one", -ENODEV, call_number(fd, VFIO_SET_IOMMU, TYPE1_V2));
	check("compat: api version", 0, call(fd, VFIO_GET_API_VERSION, NULL));
	close(fd);

	space_open(&s, COMPAT_V2, machine.alone[0], false);
	for (unsigned long ext = 1; ext <= 10; ext++) {
		char name[48];

		snprintf(name, sizeof(name), "compat: extension %lu", ext);
		if (ext == EXT_DMA_CC || ext == EXT_NOIOMMU)
			continue;
		check(name, ext == TYPE1_V1 || ext == TYPE1_V2 || ext == EXT_UNMAP_ALL,
		      call_number(s.fd, VFIO_CHECK_EXTENSION, ext));
	}
	check("compat: set iommu nesting", -EINVAL,
	      call_number(s.fd, VFIO_SET_IOMMU, TYPE1_NESTING));
	check("compat: set iommu again", 0, call_number(s.fd, VFIO_SET_IOMMU, TYPE1_V2));
	check("compat: no entry limit", UINT32_MAX, dma_avail(s.fd));
	check("compat: vaddr", -EINVAL, map(&s, MAP_VADDR, NULL, B, P));
	map(&s, MAP_R, pages(2, RW), B, 2 * P);
	check("compat: unmap of a part", -ENOENT, call(s.fd, VFIO_IOMMU_UNMAP_DMA, &u));
	check("compat: size is written back on error", 0, (int64_t)u.size);
	huge.object_id = s.ioas;
	call(s.fd, IOMMU_OPTION, &huge);
	check("compat: huge pages in v2", 1, (int64_t)huge.val64);
	call_number(s.fd, VFIO_SET_IOMMU, TYPE1_V1);
	unmap_all(&s);
	check("compat: set iommu to v1", 0, call_number(s.fd, VFIO_SET_IOMMU, TYPE1_V1));
	call(s.fd, IOMMU_OPTION, &huge);
	check("compat: no huge pages in v1", 0, (int64_t)huge.val64);
	space_close(&s);
}

/* Before the first device there is no IOMMU domain: nothing is pinned, or even looked at. */
static void check_compat_lazy(void)
{
	struct space s;
	int device;

	space_open(&s, COMPAT_V2, machine.alone[0], true);
	check("lazy: a bad address is accepted", 0, map(&s, MAP_R, (void *)P, B, P));
	check("lazy: until a device comes", -EFAULT, device_open(s.group, machine.alone[0]));
	check("lazy: the map stays", P, unmap_all(&s));
	if (machine.hole) {
		check("lazy: a map in the MSI window", 0,
		      map(&s, MAP_R, pages(1, RW), machine.hole, P));
		check("lazy: collides with the device", -EADDRINUSE,
		      device_open(s.group, machine.alone[0]));
		check("lazy: that map stays too", P, unmap_all(&s));
	} else {
		skip("lazy: collides with the device", "no reserved range below the end");
	}
	if (machine.last < 1ULL << 60) {
		check("lazy: a map above the end", 0, map(&s, MAP_R, pages(1, RW), 1ULL << 60, P));
		check("lazy: collides with the aperture", -EADDRINUSE,
		      device_open(s.group, machine.alone[0]));
		unmap_all(&s);
	} else {
		skip("lazy: collides with the aperture", "all 64 bits are usable");
	}
	device = (int)device_open(s.group, machine.alone[0]);
	check("lazy: then the device comes", 1, device >= 0);
	check("lazy: set container again", -EINVAL, group_join(s.group, s.fd));
	close(device);
	space_close(&s);

	space_open(&s, COMPAT_V2, machine.alone[0], true);
	check("keep: map", 0, map(&s, MAP_R, pages(1, RW), B, P));
	check("keep: last group leaves", 0, call(s.group, VFIO_GROUP_UNSET_CONTAINER, NULL));
	check("keep: compat does not drop its maps", P, unmap_all(&s));
	space_close(&s);
}

void check_compat(void)
{
	if (!have_iommufd()) {
		skip("compat", "no /dev/iommu");
		return;
	}
	check_compat_calls();
	check_compat_lazy();
	if (machine.half_bound) {
		int fd = open_path("/dev/iommu"), group = (int)group_open(machine.half_bound);

		check("compat: a group that is not viable joins", 0, group_join(group, fd));
		call_number(fd, VFIO_SET_IOMMU, TYPE1_V2);
		check("compat: but its device does not", -EPERM,
		      device_open(group, machine.half_bound));
		close(group);
		close(fd);
	}
}
