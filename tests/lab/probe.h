/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab-probe: what the running kernel really answers, asked with raw ioctls.
 *
 * The layouts are written out here on purpose: the probe must say the same wherever it was
 * compiled, so it may not depend on the kernel headers of the build machine.
 */
#ifndef LAB_PROBE_H
#define LAB_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NR(n) (0x3b00 + (n))

#define VFIO_GET_API_VERSION        NR(0x64)
#define VFIO_CHECK_EXTENSION        NR(0x65)
#define VFIO_SET_IOMMU              NR(0x66)
#define VFIO_GROUP_GET_STATUS       NR(0x67)
#define VFIO_GROUP_SET_CONTAINER    NR(0x68)
#define VFIO_GROUP_UNSET_CONTAINER  NR(0x69)
#define VFIO_GROUP_GET_DEVICE_FD    NR(0x6a)
#define VFIO_DEVICE_GET_REGION_INFO NR(0x6c)
#define VFIO_IOMMU_GET_INFO         NR(0x70)
#define VFIO_IOMMU_MAP_DMA          NR(0x71)
#define VFIO_IOMMU_UNMAP_DMA        NR(0x72)
#define VFIO_IOMMU_ENABLE           NR(0x73)
#define VFIO_IOMMU_DIRTY_PAGES      NR(0x75)
#define VFIO_DEVICE_BIND_IOMMUFD    NR(0x76)
#define VFIO_DEVICE_ATTACH_PT       NR(0x77)
#define VFIO_DEVICE_DETACH_PT       NR(0x78)
#define IOMMU_DESTROY               NR(0x80)
#define IOMMU_IOAS_ALLOC            NR(0x81)
#define IOMMU_IOAS_MAP              NR(0x85)
#define IOMMU_IOAS_UNMAP            NR(0x86)
#define IOMMU_OPTION                NR(0x87)
#define IOMMU_VFIO_IOAS             NR(0x88)

#define TYPE1_V1         1
#define TYPE1_V2         3
#define TYPE1_NESTING    6
#define EXT_SPAPR        2
#define EXT_DMA_CC       4
#define EXT_SPAPR_V2     7
#define EXT_NOIOMMU      8
#define EXT_UNMAP_ALL    9
#define EXT_UPDATE_VADDR 10

#define GROUP_VIABLE        1U
#define GROUP_CONTAINER_SET 2U

#define MAP_R           1U
#define MAP_W           2U
#define MAP_VADDR       4U
#define UNMAP_GET_DIRTY 1U
#define UNMAP_EVERY     2U
#define UNMAP_VADDR     4U

#define INFO_CAPS      2U
#define CAP_IOVA_RANGE 1
#define CAP_MIGRATION  2
#define CAP_DMA_AVAIL  3

#define DIRTY_START 1U
#define DIRTY_STOP  2U
#define DIRTY_GET   4U

struct group_status {
	uint32_t argsz, flags;
};

struct cap_header {
	uint16_t id, version;
	uint32_t next;
};

struct type1_info {
	uint32_t argsz, flags;
	uint64_t pgsizes;
	uint32_t cap_offset, pad;
};

struct dma_map {
	uint32_t argsz, flags;
	uint64_t vaddr, iova, size;
};

struct dma_unmap {
	uint32_t argsz, flags;
	uint64_t iova, size;
};

struct dma_bitmap {
	uint64_t pgsize, size, data;
};

struct dirty {
	uint32_t argsz, flags;
	uint64_t iova, size;
	struct dma_bitmap bitmap;
};

struct region_info {
	uint32_t argsz, flags, index, cap_offset;
	uint64_t size, offset;
};

struct bind {
	uint32_t argsz, flags;
	int32_t iommufd;
	uint32_t devid;
};

struct attach {
	uint32_t argsz, flags, pt_id;
};

struct detach {
	uint32_t argsz, flags;
};

struct ioas_alloc {
	uint32_t size, flags, id;
};

struct destroy {
	uint32_t size, id;
};

struct ioas_map {
	uint32_t size, flags, ioas_id, reserved;
	uint64_t user_va, length, iova;
};

struct ioas_unmap {
	uint32_t size, ioas_id;
	uint64_t iova, length;
};

struct option {
	uint32_t size, option_id;
	uint16_t op, reserved;
	uint32_t object_id;
	uint64_t val64;
};

struct vfio_ioas {
	uint32_t size, ioas_id;
	uint16_t op, reserved;
};

_Static_assert(sizeof(struct group_status) == 8, "vfio_group_status");
_Static_assert(sizeof(struct cap_header) == 8, "vfio_info_cap_header");
_Static_assert(sizeof(struct type1_info) == 24, "vfio_iommu_type1_info");
_Static_assert(offsetof(struct type1_info, cap_offset) == 16, "vfio_iommu_type1_info.cap_offset");
_Static_assert(sizeof(struct dma_map) == 32, "vfio_iommu_type1_dma_map");
_Static_assert(offsetof(struct dma_map, size) == 24, "vfio_iommu_type1_dma_map.size");
_Static_assert(sizeof(struct dma_unmap) == 24, "vfio_iommu_type1_dma_unmap");
_Static_assert(sizeof(struct dma_bitmap) == 24, "vfio_bitmap");
_Static_assert(sizeof(struct dirty) == 8 + 40, "vfio_iommu_type1_dirty_bitmap and _get");
_Static_assert(sizeof(struct region_info) == 32, "vfio_region_info");
_Static_assert(offsetof(struct region_info, offset) == 24, "vfio_region_info.offset");
/* These three without the members that came later. */
_Static_assert(sizeof(struct bind) == 16, "vfio_device_bind_iommufd");
_Static_assert(sizeof(struct attach) == 12, "vfio_device_attach_iommufd_pt");
_Static_assert(sizeof(struct detach) == 8, "vfio_device_detach_iommufd_pt");
_Static_assert(sizeof(struct ioas_alloc) == 12, "iommu_ioas_alloc");
_Static_assert(sizeof(struct destroy) == 8, "iommu_destroy");
_Static_assert(sizeof(struct ioas_map) == 40, "iommu_ioas_map");
_Static_assert(offsetof(struct ioas_map, user_va) == 16, "iommu_ioas_map.user_va");
_Static_assert(sizeof(struct ioas_unmap) == 24, "iommu_ioas_unmap");
_Static_assert(sizeof(struct option) == 24, "iommu_option");
_Static_assert(offsetof(struct option, object_id) == 12, "iommu_option.object_id");
_Static_assert(sizeof(struct vfio_ioas) == 12, "iommu_vfio_ioas");

/* One kind of address space; the columns of the table of checks. */
enum mode { V2, V1, COMPAT_V2, COMPAT_V1, NATIVE, MODES };

/* An address space with one group, and unless it is lazy its device, in it. */
struct space {
	enum mode mode;
	int fd, group, device;
	uint32_t ioas;
	uint64_t last; /* end of the last usable range */
	uint64_t hole; /* a reserved page between two usable ranges, 0 if none */
	uint64_t pgsizes;
};

struct machine {
	const char *alone[4], *member[4];
	const char *half_bound, *unbound, *kernel_bound;
	int nr_alone, nr_members;
	uint64_t last, hole; /* of the spaces that were opened so far */
	bool virtio;         /* virtio-iommu: its driver has no page tables of its own */
	unsigned int kernel; /* 601 is Linux 6.1 */
};

extern struct machine machine;
extern const char *const mode_names[MODES];

/* A result is 0 or a count, or a negative errno. */
#define NOT_ASKED INT64_MIN
void check(const char *name, int64_t want, int64_t got);
void skip(const char *name, const char *why);
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
__attribute__((noreturn)) void fail(const char *what);

int64_t call(int fd, unsigned long nr, void *arg);
int64_t call_number(int fd, unsigned long nr, unsigned long arg);
int open_path(const char *path);
int group_number(const char *bdf);
int64_t group_open(const char *bdf);
int64_t group_join(int group, int container);
int64_t group_flags(int group);
int64_t device_open(int group, const char *bdf);
void *pages(size_t count, int prot);

int64_t map(const struct space *s, uint32_t flags, const void *va, uint64_t iova, uint64_t size);
int64_t unmap(const struct space *s, uint32_t flags, uint64_t iova, uint64_t size);
int64_t unmap_all(const struct space *s);
int64_t dma_avail(int container);
void space_open(struct space *s, enum mode mode, const char *bdf, bool lazy);
void space_close(struct space *s);
bool have_iommufd(void);

void check_container(void);
void check_info(void);
void check_group(void);
void check_group_members(void);
void check_sharing(void);
void check_table(enum mode mode);
void check_limits(void);
void check_dirty(enum mode mode);
void check_vaddr(void);
void check_bar(enum mode mode);
void check_compat(void);
void check_cdev(void);
void check_dma(void);

#endif
