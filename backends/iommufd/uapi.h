/* SPDX-License-Identifier: BSD-2-Clause */
/* One function per call of iommufd, and of VFIO's that join a device to it. */
#ifndef BACKENDS_IOMMUFD_UAPI_H
#define BACKENDS_IOMMUFD_UAPI_H

#include "backends/iommufd/uapi_layout.h"

#include <libiommu/hooks.h>
#include <libiommu/nesting.h>

/* All of them return a negative errno when the kernel refuses. */

/* @return 0 when the kernel knows the call, which is asked so that it does nothing; -ENOTTY when not */
int libiommu_iommufd_known(const struct libiommu_sys *sys, int iommufd, unsigned long request);

/* Is the descriptor an iommufd's? */
bool libiommu_iommufd_is(const struct libiommu_sys *sys, int fd);
int libiommu_iommufd_destroy(const struct libiommu_sys *sys, int iommufd, uint32_t id);
int libiommu_iommufd_ioas_alloc(const struct libiommu_sys *sys, int iommufd, uint32_t *ioas);
/*
 * @param buffer room for *count ranges; read with libiommu_iommufd_range()
 * @param[in,out] count in: room; out: how many there are, with -EMSGSIZE more than the room
 */
int libiommu_iommufd_ioas_ranges(const struct libiommu_sys *sys, int iommufd, uint32_t ioas,
				 void *buffer, uint32_t *count, uint64_t *alignment);
size_t libiommu_iommufd_ranges_size(uint32_t count);
struct libiommu_range libiommu_iommufd_range(const void *buffer, size_t index);

int libiommu_iommufd_ioas_map(const struct libiommu_sys *sys, int iommufd, uint32_t ioas,
			      uint32_t flags, const void *memory, uint64_t iova, uint64_t length);
int libiommu_iommufd_ioas_map_file(const struct libiommu_sys *sys, int iommufd, uint32_t ioas,
				   uint32_t flags, int fd, uint64_t offset, uint64_t iova,
				   uint64_t length);
int libiommu_iommufd_ioas_unmap(const struct libiommu_sys *sys, int iommufd, uint32_t ioas,
				uint64_t iova, uint64_t length, uint64_t *unmapped);
/* A page table of the driver's own kind. `flags` 0: one as the kernel itself would make it. */
int libiommu_iommufd_hwpt_alloc(const struct libiommu_sys *sys, int iommufd, uint32_t flags,
				uint32_t device, uint32_t ioas, uint32_t *hwpt);

/* What a page table is made of. */
struct libiommu_iommufd_hwpt_ask {
	uint32_t flags; /* IOMMU_HWPT_* */
	uint32_t device;
	uint32_t parent;    /* an address space; or a page table, which the new one is nested on */
	uint32_t fault;     /* a queue, with IOMMU_HWPT_FAULT_ID_VALID */
	uint32_t data_type; /* IOMMU_HWPT_DATA_* */
	uint32_t data_size;
	const void *data;
};
int libiommu_iommufd_hwpt_make(const struct libiommu_sys *sys, int iommufd,
			       const struct libiommu_iommufd_hwpt_ask *ask, uint32_t *hwpt);
/* Makes the kernel's data of public ones, where they differ; in `own`, which has to stay. */
union libiommu_iommufd_stage1 {
	struct iommu_hwpt_selftest selftest;
};
void libiommu_iommufd_stage1(struct libiommu_iommufd_hwpt_ask *ask,
			     union libiommu_iommufd_stage1 *own);

/* A command for each of those that the library has. */
union libiommu_iommufd_command {
	struct iommu_hwpt_vtd_s1_invalidate vtd;
	struct iommu_hwpt_invalidate_selftest selftest;
};
/*
 * @param out room for `count` of the largest; @param[out] length bytes of each
 * @return false: the kernel has none for this kind of stage 1
 */
bool libiommu_iommufd_commands(enum libiommu_stage1_type stage1,
			       const struct libiommu_invalidation *commands, size_t count,
			       void *out, uint32_t *type, uint32_t *length);
/*
 * Tell a nested page table what its owner has changed. The kernel does one command after another.
 * @param entry bytes of each
 * @param[in,out] count in: commands; out: how many are done, on failure too
 */
int libiommu_iommufd_invalidate(const struct libiommu_sys *sys, int iommufd, uint32_t hwpt,
				uint32_t type, const void *commands, uint32_t entry,
				uint32_t *count);

/* What the kernel tells of the IOMMU in front of a device. */
struct libiommu_iommufd_hw {
	uint32_t type;         /* tells drivers apart; 0: it has nothing to tell */
	uint64_t capabilities; /* IOMMU_HW_CAP_* */
	unsigned int pasid_bits;
	bool has_ecap; /* it is VT-d: its register ECAP */
	uint64_t ecap;
};
/* @param[out] hw written when the kernel answers */
int libiommu_iommufd_hw_info(const struct libiommu_sys *sys, int iommufd, uint32_t device,
			     struct libiommu_iommufd_hw *hw);

/*
 * The same as the driver has it.
 * @param[in,out] size in: room; out: what there is, of which the beginning is written
 */
int libiommu_iommufd_hw_data(const struct libiommu_sys *sys, int iommufd, uint32_t device,
			     uint32_t *type, void *data, uint32_t *size);

/* A queue of page requests; both of its names have to be given back. */
int libiommu_iommufd_fault_alloc(const struct libiommu_sys *sys, int iommufd, uint32_t *id,
				 int *fd);

/* One request of a device for a page. */
struct libiommu_iommufd_fault {
	uint32_t device;
	bool has_pasid, last; /* last: of its group */
	uint32_t pasid, group;
	uint32_t access; /* IOMMU_PGFAULT_PERM_* */
	uint64_t address;
	uint32_t length; /* of what else the device says it will want; 0: it says nothing */
	uint32_t cookie; /* of the group, to answer it */
};
/* Of a buffer that libiommu_iommufd_fault_read() fills. */
size_t libiommu_iommufd_faults_size(size_t count);
struct libiommu_iommufd_fault libiommu_iommufd_fault(const void *buffer, size_t index);
/* It is no device's any more. */
void libiommu_iommufd_fault_disown(void *buffer, size_t index);
/*
 * Whole groups, which are not in the queue any more then.
 * @return how many requests; 0: none is there; -EINVAL: the first group does not fit
 */
int64_t libiommu_iommufd_fault_read(const struct libiommu_sys *sys, int fd, void *buffer,
				    size_t room);
/* -EINVAL: nothing waits for an answer of this name. */
int libiommu_iommufd_fault_answer(const struct libiommu_sys *sys, int fd, uint32_t cookie,
				  bool success);

/* @param token 16 bytes, or NULL */
int libiommu_iommufd_device_bind(const struct libiommu_sys *sys, int device, int iommufd,
				 const unsigned char *token, uint32_t *id);
/* @param[in,out] id of an address space or a page table; out: of the page table */
int libiommu_iommufd_device_attach(const struct libiommu_sys *sys, int device, uint32_t *id);
int libiommu_iommufd_device_detach(const struct libiommu_sys *sys, int device);
/* The same of one PASID; only page tables that were made for PASIDs will do. */
int libiommu_iommufd_pasid_attach(const struct libiommu_sys *sys, int device, uint32_t pasid,
				  uint32_t *id);
int libiommu_iommufd_pasid_detach(const struct libiommu_sys *sys, int device, uint32_t pasid);

#endif
