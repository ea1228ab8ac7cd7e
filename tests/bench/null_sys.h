/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A kernel that says yes and does nothing, as a table of system calls: one device, 0000:00:01.0,
 * alone in group 1 behind an IOMMU of 48 bits with the interrupt window of x86. What is measured on
 * it is what the library adds to the kernel's own work.
 */
#ifndef BENCH_NULL_SYS_H
#define BENCH_NULL_SYS_H

#include <libiommu/hooks.h>

#include <stdatomic.h>

#define NULL_DEVICE "0000:00:01.0"

/* The two calls that are measured: VFIO_IOMMU_MAP_DMA and VFIO_IOMMU_UNMAP_DMA. */
enum { NULL_MAP_DMA = 0x3b71, NULL_UNMAP_DMA = 0x3b72 };

struct null_kernel {
	struct libiommu_sys sys;
	/* Called in every map and unmap, before the answer; NULL: nobody asks. */
	void (*meanwhile)(void *data);
	void *data;
	int folder; /* entries of the open folder that are left */
	_Atomic unsigned long maps;
	_Atomic unsigned long unmaps;
	_Atomic unsigned long others; /* every other call, of any slot */
};

void null_kernel_init(struct null_kernel *kernel);

#endif
