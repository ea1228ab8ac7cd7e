/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the measurements share: libiommu's backend "vfio" on the null kernel with a domain full of
 * mappings, a clock, and the rows of the result.
 */
#ifndef BENCH_BENCH_H
#define BENCH_BENCH_H

#include "null_sys.h"

#include <libiommu/libiommu.h>

#include <stdatomic.h>

#define PAGE UINT64_C(4096)
#define RW   (LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE)

/** How much is done; a test of the programs does next to nothing. */
extern bool tiny;
#define REPETITIONS (tiny ? 1 : 7)

struct bench {
	struct null_kernel kernel;
	struct libiommu_allocator allocator;
	_Atomic unsigned long allocations;
	_Atomic unsigned long frees;
	struct libiommu_ctx *ctx;
	struct libiommu_device *dev;
	struct libiommu_domain *dom;
};

/** A domain with the device attached. Ends the program when that fails. */
void bench_open(struct bench *bench);
void bench_close(struct bench *bench);

/** Slot n of the IOVAs: one page, with a page between it and the next slot. */
static inline uint64_t slot_iova(uint64_t n)
{
	return (UINT64_C(1) << 32) + 2 * n * PAGE;
}

/** Addresses only; nobody looks at the memory. Slots follow each other in another order here. */
static inline uint64_t slot_source(uint64_t n)
{
	return (UINT64_C(1) << 40) + (n * UINT64_C(0x9e3779b1) & 0xffffffff) * 2 * PAGE;
}

static inline struct libiommu_source source_at(uint64_t address)
{
	return (struct libiommu_source){ LIBIOMMU_SOURCE_MEMORY, -1, address };
}

/** Map slots 0 to count - 1, in random order. */
void bench_fill(struct bench *bench, size_t count);

/** End the program unless a call has succeeded. */
void must(int code, const char *what);

double now_ns(void);
/** Small, and the same in every run. */
uint64_t random_next(uint64_t *state);
double median(double *values, size_t count);

/** A row of the result. `against` NULL: nothing to compare with, and no ratio. */
void row(const char *name, double value, const char *unit, const char *against, double reference);

/* The measurements. @return false when something is not as it must be */
bool promises(void);
bool times(void);
bool lookups(void);
bool any(void);
/** One operation so and so often in measured_*(), for a tool that counts instructions. */
bool count(const char *operation, size_t live, size_t calls);

#endif
