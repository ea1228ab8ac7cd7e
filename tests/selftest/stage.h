/* SPDX-License-Identifier: BSD-2-Clause */
/* What the cases have in common: a context on the kernel's test devices, memory, and questions. */
#ifndef SELFTEST_STAGE_H
#define SELFTEST_STAGE_H

#include "tests/lab/tally.h"
#include "tests/selftest/devices.h"

#define PAGE  4096u
#define PAGES 16u
/* Where every device of these tests can be mapped. */
#define IOVA UINT64_C(0x10000000)
#define BOTH (LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE)

extern struct libiommu_ctx *ctx;
extern char *memory; /* PAGES pages */

/* Begin a case with a new context. @param config of the backend iommufd @return success */
bool stage_begin(const char *what, const char *config);
void stage_end(void);

/* These tally, and end the program when nothing can follow. */
struct libiommu_device *stage_open(const char *name);
struct libiommu_domain *stage_domain(void);
/* Map pages of the memory, from page `first` on. */
void stage_map(struct libiommu_domain *dom, uint64_t iova, unsigned int first, unsigned int pages);
void stage_attach(struct libiommu_device *dev, struct libiommu_domain *dom);
void stage_detach(struct libiommu_device *dev);
void stage_unmap(struct libiommu_domain *dom, uint64_t iova, unsigned int pages);

/* A call that must be refused; takes the error. @param subject "": any */
bool stage_refused(int ret, struct libiommu_error *err, enum libiommu_reason reason,
		   const char *subject, const char *what);

/* The page table that a device is attached to; 0: none. */
uint32_t stage_table(struct libiommu_device *dev);
/* Does a page table lead to the pages of the memory from `first` on? */
bool stage_holds(uint32_t table, uint64_t iova, unsigned int first, unsigned int pages);
/* Is none of these pages in the page table, which is there? */
bool stage_lacks(uint32_t table, uint64_t iova, unsigned int first, unsigned int pages);
bool stage_gone(uint32_t table);
bool stage_pinned(unsigned int first, unsigned int pages, unsigned int times);
/* How many objects the iommufd has. */
uint32_t stage_objects(void);

#endif
