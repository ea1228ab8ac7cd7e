/* SPDX-License-Identifier: BSD-2-Clause */
/* Address spaces of every kind behind one map and one unmap, so that one table can ask them all. */
#include "probe.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int64_t map(const struct space *s, uint32_t flags, const void *va, uint64_t iova, uint64_t size)
{
	struct dma_map m = {
		.argsz = sizeof(m),
		.flags = flags,
		.vaddr = (uintptr_t)va,
		.iova = iova,
		.size = size,
	};
	struct ioas_map n = {
		.size = sizeof(n),
		.flags = 1U | (flags & MAP_R ? 4U : 0) | (flags & MAP_W ? 2U : 0),
		.ioas_id = s->ioas,
		.user_va = (uintptr_t)va,
		.length = size,
		.iova = iova,
	};

	if (s->mode == NATIVE)
		return call(s->fd, IOMMU_IOAS_MAP, &n);
	return call(s->fd, VFIO_IOMMU_MAP_DMA, &m);
}

int64_t unmap(const struct space *s, uint32_t flags, uint64_t iova, uint64_t size)
{
	struct dma_unmap u = { .argsz = sizeof(u), .flags = flags, .iova = iova, .size = size };
	struct ioas_unmap n = {
		.size = sizeof(n),
		.ioas_id = s->ioas,
		.iova = iova,
		.length = flags & UNMAP_EVERY ? UINT64_MAX : size,
	};
	int64_t rc;

	if (s->mode == NATIVE) {
		rc = call(s->fd, IOMMU_IOAS_UNMAP, &n);
		return rc ? rc : (int64_t)n.length;
	}
	rc = call(s->fd, VFIO_IOMMU_UNMAP_DMA, &u);
	return rc ? rc : (int64_t)u.size;
}

int64_t unmap_all(const struct space *s)
{
	return unmap(s, UNMAP_EVERY, 0, 0);
}

static const void *capability(const void *info, uint16_t id)
{
	const struct type1_info *head = info;
	const struct cap_header *cap;

	for (uint32_t at = head->cap_offset; at; at = cap->next) {
		cap = (const void *)((const char *)info + at);
		if (cap->id == id)
			return cap;
	}
	return NULL;
}

int64_t dma_avail(int container)
{
	uint64_t buf[512] = { 0 };
	struct type1_info *info = (void *)buf;
	const uint32_t *cap;
	int64_t rc;

	info->argsz = sizeof(buf);
	rc = call(container, VFIO_IOMMU_GET_INFO, info);
	if (rc)
		return rc;
	cap = capability(buf, CAP_DMA_AVAIL);
	return cap ? (int64_t)cap[2] : -ENOENT;
}

static void space_ranges(struct space *s)
{
	uint64_t buf[512] = { 0 };
	struct type1_info *info = (void *)buf;
	const uint32_t *cap;
	const uint64_t *range;

	info->argsz = sizeof(buf);
	if (call(s->fd, VFIO_IOMMU_GET_INFO, info))
		fail("GET_INFO");
	s->pgsizes = info->pgsizes;
	cap = capability(buf, CAP_IOVA_RANGE);
	if (!cap)
		return;
	range = (const void *)(cap + 4);
	for (uint32_t i = 0; i < cap[2]; i++) {
		if (i)
			s->hole = range[2 * i - 1] + 1;
		s->last = range[2 * i + 1];
	}
}

void space_open(struct space *s, enum mode mode, const char *bdf, bool lazy)
{
	unsigned long type = mode == V1 || mode == COMPAT_V1 ? TYPE1_V1 : TYPE1_V2;
	struct vfio_ioas ioas = { .size = sizeof(ioas) };
	int64_t rc;

	memset(s, 0, sizeof(*s));
	s->mode = mode;
	s->device = -1;
	s->fd = open_path(mode >= COMPAT_V2 ? "/dev/iommu" : "/dev/vfio/vfio");
	s->group = (int)group_open(bdf);
	if (s->fd < 0 || s->group < 0)
		fail("open");
	rc = group_join(s->group, s->fd);
	if (!rc)
		rc = call_number(s->fd, VFIO_SET_IOMMU, type);
	if (!rc && mode >= COMPAT_V2) {
		rc = call(s->fd, IOMMU_VFIO_IOAS, &ioas);
		s->ioas = ioas.ioas_id;
	}
	if (!rc && !lazy) {
		s->device = (int)device_open(s->group, bdf);
		rc = s->device < 0 ? s->device : 0;
	}
	if (rc) {
		errno = (int)-rc;
		fail("an address space");
	}
	if (!lazy) {
		space_ranges(s);
		machine.last = s->last;
		machine.hole = s->hole;
	}
}

void space_close(struct space *s)
{
	if (s->device >= 0)
		close(s->device);
	close(s->group);
	close(s->fd);
}
