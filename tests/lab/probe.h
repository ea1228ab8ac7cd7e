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
#define IOMMU_IOAS_ALLOW_IOVAS      NR(0x82)
#define IOMMU_IOAS_COPY             NR(0x83)
#define IOMMU_IOAS_IOVA_RANGES      NR(0x84)
#define IOMMU_IOAS_MAP              NR(0x85)
#define IOMMU_IOAS_UNMAP            NR(0x86)
#define IOMMU_OPTION                NR(0x87)
#define IOMMU_VFIO_IOAS             NR(0x88)
#define IOMMU_HWPT_ALLOC            NR(0x89)
#define IOMMU_GET_HW_INFO           NR(0x8a)
#define IOMMU_HWPT_SET_DIRTY        NR(0x8b)
#define IOMMU_HWPT_GET_DIRTY        NR(0x8c)
#define IOMMU_HWPT_INVALIDATE       NR(0x8d)
#define IOMMU_FAULT_QUEUE_ALLOC     NR(0x8e)
#define IOMMU_IOAS_MAP_FILE         NR(0x8f)
#define IOMMU_VIOMMU_ALLOC          NR(0x90)
#define IOMMU_VDEVICE_ALLOC         NR(0x91)
#define IOMMU_CHANGE_PROCESS        NR(0x92)
#define IOMMU_VEVENTQ_ALLOC         NR(0x93)
#define IOMMU_HW_QUEUE_ALLOC        NR(0x94)

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

#define FIXED     1U /* of iommufd's maps */
#define WRITEABLE 2U
#define READABLE  4U

#define HWPT_NEST_PARENT 1U
#define HWPT_DIRTY       2U
#define HWPT_FAULT       4U
#define HWPT_PASID       8U

#define HW_CAP_DIRTY 1U

#define OPTION_RLIMIT 0
#define OPTION_HUGE   1
#define OPTION_SET    0
#define OPTION_GET    1

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

struct ioas_map_file {
	uint32_t size, flags, ioas_id;
	int32_t fd;
	uint64_t start, length, iova;
};

struct ioas_copy {
	uint32_t size, flags, dst_ioas_id, src_ioas_id;
	uint64_t length, dst_iova, src_iova;
};

struct iova_range {
	uint64_t start, last;
};

struct iova_ranges {
	uint32_t size, ioas_id, num_iovas, reserved;
	uint64_t ranges, alignment;
};

struct allow_iovas {
	uint32_t size, ioas_id, num_iovas, reserved;
	uint64_t ranges;
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

struct hwpt_alloc {
	uint32_t size, flags, dev_id, pt_id, out_hwpt_id, reserved, data_type, data_len;
	uint64_t data_uptr;
	uint32_t fault_id, reserved2;
};

struct hw_info {
	uint32_t size, flags, dev_id, data_len;
	uint64_t data_uptr;
	uint32_t data_type; /* in and out */
	uint8_t max_pasid_log2, reserved[3];
	uint64_t capabilities;
};

struct set_dirty {
	uint32_t size, flags, hwpt_id, reserved;
};

struct get_dirty {
	uint32_t size, hwpt_id, flags, reserved;
	uint64_t iova, length, page_size, data;
};

struct invalidate {
	uint32_t size, hwpt_id;
	uint64_t data_uptr;
	uint32_t data_type, entry_len, entry_num, reserved;
};

struct fault_alloc {
	uint32_t size, flags, id, fd;
};

struct viommu_alloc {
	uint32_t size, flags, type, dev_id, hwpt_id, id, data_len, reserved;
	uint64_t data_uptr;
};

struct vdevice_alloc {
	uint32_t size, viommu_id, dev_id, id;
	uint64_t virt_id;
};

struct change_process {
	uint32_t size, reserved;
};

struct veventq_alloc {
	uint32_t size, flags, viommu_id, type, depth, id, fd, reserved;
};

struct hw_queue_alloc {
	uint32_t size, flags, viommu_id, type, index, id;
	uint64_t parent_iova, length;
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

_Static_assert(sizeof(struct ioas_map_file) == 40, "iommu_ioas_map_file");
_Static_assert(sizeof(struct ioas_copy) == 40, "iommu_ioas_copy");
_Static_assert(offsetof(struct ioas_copy, dst_iova) == 24, "iommu_ioas_copy.dst_iova");
_Static_assert(sizeof(struct iova_ranges) == 32, "iommu_ioas_iova_ranges");
_Static_assert(sizeof(struct allow_iovas) == 24, "iommu_ioas_allow_iovas");
_Static_assert(sizeof(struct hwpt_alloc) == 48, "iommu_hwpt_alloc");
_Static_assert(offsetof(struct hwpt_alloc, fault_id) == 40, "iommu_hwpt_alloc.fault_id");
_Static_assert(sizeof(struct hw_info) == 40, "iommu_hw_info");
_Static_assert(offsetof(struct hw_info, capabilities) == 32, "iommu_hw_info.out_capabilities");
_Static_assert(sizeof(struct set_dirty) == 16, "iommu_hwpt_set_dirty_tracking");
_Static_assert(sizeof(struct get_dirty) == 48, "iommu_hwpt_get_dirty_bitmap");
_Static_assert(sizeof(struct invalidate) == 32, "iommu_hwpt_invalidate");
_Static_assert(sizeof(struct fault_alloc) == 16, "iommu_fault_alloc");
_Static_assert(sizeof(struct viommu_alloc) == 40, "iommu_viommu_alloc");
_Static_assert(sizeof(struct vdevice_alloc) == 24, "iommu_vdevice_alloc");
_Static_assert(sizeof(struct change_process) == 8, "iommu_ioas_change_process");
_Static_assert(sizeof(struct veventq_alloc) == 32, "iommu_veventq_alloc");
_Static_assert(sizeof(struct hw_queue_alloc) == 40, "iommu_hw_queue_alloc");

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

#define MAX_DEVICES 8

struct machine {
	const char *alone[MAX_DEVICES], *member[MAX_DEVICES];
	const char *half_bound, *unbound, *kernel_bound;
	int nr_alone, nr_members;
	uint64_t last, hole; /* of the spaces that were opened so far */
	bool virtio;         /* virtio-iommu: its driver has no page tables of its own */
	bool smmu, vtd, x86;
	bool nest_parent;    /* SMMUv3 makes one wherever it has a second stage */
	unsigned int kernel; /* 601 is Linux 6.1 */
};

extern struct machine machine;
extern const char *const mode_names[MODES];

/* Memory of which tables of constants can speak: 2 MiB, nothing, a page to be read only. */
#define PROBE_VA    0x20000000ULL
#define PROBE_BYTES 0x200000ULL
#define PROBE_BAD   0x20400000ULL
#define PROBE_RO    0x20600000ULL

/* A call on an iommufd, and if width is not 0 a member of its struct afterwards. */
struct ask {
	const char *name;
	unsigned long nr;
	const void *arg;
	size_t bytes;
	int64_t want;
	size_t at, width;
	uint64_t value;
};

#define ASK(what, call_nr, type, result, ...)                                                \
	{                                                                                    \
		what, call_nr, &(struct type){ .size = sizeof(struct type), ##__VA_ARGS__ }, \
			sizeof(struct type), result, 0, 0, 0                                 \
	}
#define GET(what, call_nr, type, member, answer, ...)                                        \
	{                                                                                    \
		what, call_nr, &(struct type){ .size = sizeof(struct type), ##__VA_ARGS__ }, \
			sizeof(struct type), 0, offsetof(struct type, member),               \
			sizeof(((struct type *)0)->member), answer                           \
	}
#define ASK_ALL(fd, what, asks) ask_each(fd, what, asks, sizeof(asks) / sizeof((asks)[0]))

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

bool have_cdev(void);
void ask_each(int fd, const char *what, const struct ask *asks, size_t count);
void probe_memory(void);
int64_t cdev_open(const char *bdf);
int64_t cdev_bind(int device, int iommufd);
int64_t cdev_attach(int device, uint32_t id);
int64_t cdev_detach(int device);

uint32_t ioas_new(int iommufd);
int64_t map_at(int fd, uint32_t ioas, uint64_t va, uint64_t length, uint64_t iova);
void drop_ipc_lock(void);

/* What edu can do: 64 bytes out of memory into its buffer, or back. */
enum direction { READ_MEMORY = 1, WRITE_MEMORY = 3 };
void bus_master(int device);
void edu_dma(int device, enum direction direction, uint64_t iova);
void expect_fault(const char *bdf, uint64_t iova, const char *how);

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
void check_iommufd(void);
void check_ioas(void);
void check_hwpt(void);
void check_msi(void);
void check_dma(void);

#endif
