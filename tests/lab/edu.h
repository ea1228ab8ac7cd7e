/* SPDX-License-Identifier: BSD-2-Clause */
/* DMA by the device edu, between memory and a buffer of its own. */
#ifndef LAB_EDU_H
#define LAB_EDU_H

#include <libiommu/libiommu.h>

/* From memory into the buffer. @param bar its first region */
void edu_read(struct libiommu_region *bar, uint64_t iova, uint32_t bytes);
/* From the buffer into memory. */
void edu_write(struct libiommu_region *bar, uint64_t iova, uint32_t bytes);

#endif
