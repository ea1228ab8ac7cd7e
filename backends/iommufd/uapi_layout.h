/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Constants and structs of the kernel's iommufd interface, and of VFIO's calls that join a device to
 * it. The names are the kernel's, the layouts are facts of its ABI; tests/unit/iommufd-layout.c
 * checks each against a table. Nothing is taken from the headers of the machine that compiles this.
 */
#ifndef BACKENDS_IOMMUFD_UAPI_LAYOUT_H
#define BACKENDS_IOMMUFD_UAPI_LAYOUT_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#define CALL(name, number, feature, purpose) name = (number),
enum {
#include "backends/iommufd/calls.def"
};
#undef CALL

#define IOMMU_IOAS_MAP_FIXED_IOVA 1u
#define IOMMU_IOAS_MAP_WRITEABLE  2u
#define IOMMU_IOAS_MAP_READABLE   4u

#define IOMMU_HWPT_ALLOC_NEST_PARENT    1u
#define IOMMU_HWPT_ALLOC_DIRTY_TRACKING 2u
#define IOMMU_HWPT_FAULT_ID_VALID       4u
#define IOMMU_HWPT_ALLOC_PASID          8u

#define IOMMU_HWPT_DATA_NONE       0u
#define IOMMU_HWPT_DATA_VTD_S1     1u
#define IOMMU_HWPT_DATA_ARM_SMMUV3 2u
#define IOMMU_HWPT_DATA_AMD_GUEST  3u
/* Of the devices that the kernel makes for tests of itself. */
#define IOMMU_HWPT_DATA_SELFTEST 0xdeadu

#define IOMMU_VTD_S1_SRE  1u
#define IOMMU_VTD_S1_EAFE 2u
#define IOMMU_VTD_S1_WPE  4u

#define IOMMU_HWPT_INVALIDATE_DATA_VTD_S1   0u
#define IOMMU_VTD_INV_FLAGS_LEAF            1u
#define IOMMU_HWPT_INVALIDATE_DATA_SELFTEST 0xdeadbeefu
#define IOMMU_TEST_INVALIDATE_FLAG_ALL      1u

#define IOMMU_HW_INFO_TYPE_INTEL_VTD  1u
#define IOMMU_HW_INFO_TYPE_ARM_SMMUV3 2u
#define IOMMU_HW_INFO_TYPE_AMD        4u
#define IOMMU_HW_INFO_TYPE_SELFTEST   0xfeedbeefu

#define IOMMU_HW_CAP_DIRTY_TRACKING        1u
#define IOMMU_HW_CAP_PCI_ATS_NOT_SUPPORTED 8u

#define IOMMU_PGFAULT_FLAGS_PASID_VALID 1u
#define IOMMU_PGFAULT_FLAGS_LAST_PAGE   2u
#define IOMMU_PGFAULT_PERM_READ         1u
#define IOMMU_PGFAULT_PERM_WRITE        2u
#define IOMMU_PGFAULT_PERM_EXEC         4u
#define IOMMU_PGFAULT_PERM_PRIV         8u
#define IOMMUFD_PAGE_RESP_SUCCESS       0u
#define IOMMUFD_PAGE_RESP_INVALID       1u

#define VFIO_DEVICE_ATTACH_PASID 1u
#define VFIO_DEVICE_DETACH_PASID 1u

#define VFIO_DEVICE_BIND_FLAG_TOKEN 1u

struct iommu_destroy {
	uint32_t size;
	uint32_t id;
};

struct iommu_ioas_alloc {
	uint32_t size;
	uint32_t flags;
	uint32_t out_ioas_id;
};

struct iommu_iova_range {
	uint64_t start;
	uint64_t last;
};

struct iommu_ioas_iova_ranges {
	uint32_t size;
	uint32_t ioas_id;
	uint32_t num_iovas;
	uint32_t reserved;
	uint64_t allowed_iovas;
	uint64_t out_iova_alignment;
};

struct iommu_ioas_map {
	uint32_t size;
	uint32_t flags;
	uint32_t ioas_id;
	uint32_t reserved;
	uint64_t user_va;
	uint64_t length;
	uint64_t iova;
};

struct iommu_ioas_map_file {
	uint32_t size;
	uint32_t flags;
	uint32_t ioas_id;
	int32_t fd;
	uint64_t start;
	uint64_t length;
	uint64_t iova;
};

struct iommu_ioas_unmap {
	uint32_t size;
	uint32_t ioas_id;
	uint64_t iova;
	uint64_t length;
};

struct iommu_hwpt_alloc {
	uint32_t size;
	uint32_t flags;
	uint32_t dev_id;
	uint32_t pt_id;
	uint32_t out_hwpt_id;
	uint32_t reserved;
	uint32_t data_type;
	uint32_t data_len;
	uint64_t data_uptr;
	uint32_t fault_id;
	uint32_t reserved2;
};

struct iommu_hw_info {
	uint32_t size;
	uint32_t flags;
	uint32_t dev_id;
	uint32_t data_len;
	uint64_t data_uptr;
	uint32_t out_data_type;
	uint8_t out_max_pasid_log2;
	uint8_t reserved[3];
	uint64_t out_capabilities;
};

struct iommu_hw_info_vtd {
	uint32_t flags;
	uint32_t reserved;
	uint64_t cap_reg;
	uint64_t ecap_reg;
};

struct iommu_hw_info_arm_smmuv3 {
	uint32_t flags;
	uint32_t reserved;
	uint32_t idr[6];
	uint32_t iidr;
	uint32_t aidr;
};

struct iommu_hw_info_amd {
	uint64_t efr;
	uint64_t efr2;
};

struct iommu_test_hw_info {
	uint32_t flags;
	uint32_t test_reg;
};

struct iommu_hwpt_vtd_s1 {
	uint64_t flags;
	uint64_t pgtbl_addr;
	uint32_t addr_width;
	uint32_t reserved;
};

struct iommu_hwpt_arm_smmuv3 {
	uint64_t ste[2];
};

struct iommu_hwpt_amd_guest {
	uint64_t dte[4];
};

struct iommu_hwpt_selftest {
	uint32_t iotlb;
	uint32_t pagetable_type;
};

struct iommu_hwpt_invalidate {
	uint32_t size;
	uint32_t hwpt_id;
	uint64_t data_uptr;
	uint32_t data_type;
	uint32_t entry_len;
	uint32_t entry_num;
	uint32_t reserved;
};

struct iommu_hwpt_vtd_s1_invalidate {
	uint64_t addr;
	uint64_t npages;
	uint32_t flags;
	uint32_t reserved;
};

struct iommu_hwpt_invalidate_selftest {
	uint32_t flags;
	uint32_t iotlb_id;
};

struct iommu_fault_alloc {
	uint32_t size;
	uint32_t flags;
	uint32_t out_fault_id;
	uint32_t out_fault_fd;
};

struct iommu_hwpt_pgfault {
	uint32_t flags;
	uint32_t dev_id;
	uint32_t pasid;
	uint32_t grpid;
	uint32_t perm;
	uint32_t reserved;
	uint64_t addr;
	uint32_t length;
	uint32_t cookie;
};

struct iommu_hwpt_page_response {
	uint32_t cookie;
	uint32_t code;
};

struct vfio_device_bind_iommufd {
	uint32_t argsz;
	uint32_t flags;
	int32_t iommufd;
	uint32_t out_devid;
	uint64_t token_uuid_ptr;
};

struct vfio_device_attach_iommufd_pt {
	uint32_t argsz;
	uint32_t flags;
	uint32_t pt_id;
	uint32_t pasid;
};

struct vfio_device_detach_iommufd_pt {
	uint32_t argsz;
	uint32_t flags;
	uint32_t pasid;
};

static_assert(sizeof(struct iommu_destroy) == 8, "ABI");
static_assert(sizeof(struct iommu_ioas_alloc) == 12, "ABI");
static_assert(sizeof(struct iommu_iova_range) == 16, "ABI");
static_assert(sizeof(struct iommu_ioas_iova_ranges) == 32, "ABI");
static_assert(sizeof(struct iommu_ioas_map) == 40, "ABI");
static_assert(sizeof(struct iommu_ioas_map_file) == 40, "ABI");
static_assert(sizeof(struct iommu_ioas_unmap) == 24, "ABI");
static_assert(sizeof(struct iommu_hwpt_alloc) == 48, "ABI");
static_assert(sizeof(struct iommu_hw_info) == 40, "ABI");
static_assert(sizeof(struct iommu_hw_info_vtd) == 24, "ABI");
static_assert(sizeof(struct iommu_hw_info_arm_smmuv3) == 40, "ABI");
static_assert(sizeof(struct iommu_hw_info_amd) == 16, "ABI");
static_assert(sizeof(struct iommu_test_hw_info) == 8, "ABI");
static_assert(sizeof(struct iommu_hwpt_vtd_s1) == 24, "ABI");
static_assert(sizeof(struct iommu_hwpt_arm_smmuv3) == 16, "ABI");
static_assert(sizeof(struct iommu_hwpt_amd_guest) == 32, "ABI");
static_assert(sizeof(struct iommu_hwpt_selftest) == 8, "ABI");
static_assert(sizeof(struct iommu_hwpt_invalidate) == 32, "ABI");
static_assert(sizeof(struct iommu_hwpt_vtd_s1_invalidate) == 24, "ABI");
static_assert(sizeof(struct iommu_hwpt_invalidate_selftest) == 8, "ABI");
static_assert(sizeof(struct iommu_fault_alloc) == 16, "ABI");
static_assert(sizeof(struct iommu_hwpt_pgfault) == 40, "ABI");
static_assert(sizeof(struct iommu_hwpt_page_response) == 8, "ABI");
static_assert(sizeof(struct vfio_device_bind_iommufd) == 24, "ABI");
static_assert(sizeof(struct vfio_device_attach_iommufd_pt) == 16, "ABI");
static_assert(sizeof(struct vfio_device_detach_iommufd_pt) == 12, "ABI");
/* What kernels before the token and before PASIDs know. */
static_assert(offsetof(struct vfio_device_bind_iommufd, token_uuid_ptr) == 16, "ABI");
static_assert(offsetof(struct vfio_device_attach_iommufd_pt, pasid) == 12, "ABI");
static_assert(offsetof(struct vfio_device_detach_iommufd_pt, pasid) == 8, "ABI");

#endif
