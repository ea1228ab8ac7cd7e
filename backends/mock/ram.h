/* SPDX-License-Identifier: BSD-2-Clause */
/* Which physical address a pinned page of the process has, and who holds it. */
#ifndef BACKENDS_MOCK_RAM_H
#define BACKENDS_MOCK_RAM_H

#include <libiommu/backend.h>
#include <libiommu/pgtable.h>

#include <pthread.h>

#define MOCK_PAGE_SHIFT 12
#define MOCK_PAGE       (UINT64_C(1) << MOCK_PAGE_SHIFT)

enum mock_ram_policy {
	MOCK_RAM_PACKED = 0, /* the lowest free frame */
	MOCK_RAM_IDENTITY,   /* physical equal to virtual */
	MOCK_RAM_SCATTERED,  /* neighbours are far from each other */
	MOCK_RAM_RUNS        /* aligned 2 MiB of the process are aligned 2 MiB of RAM */
};

struct mock_ram_options {
	enum mock_ram_policy policy;
	unsigned int width; /* bits of a physical address; 0: the policy's usual */
	uint64_t seed;
	uint64_t least; /* what can be pinned, a power of two; 0: MOCK_PAGE */
	uint64_t page;  /* the CPU's, which is in one piece whatever the policy; 0: MOCK_PAGE */
};

/* A frame of 2^order units; keeps its block when it becomes free, as real RAM keeps its bytes. */
struct mock_slot {
	uint64_t block; /* virtual address >> (shift + order) */
	uint64_t pins;  /* over all its units */
};

struct mock_ram {
	const struct libiommu_allocator *mem;
	enum mock_ram_policy policy;
	unsigned int width;
	unsigned int shift; /* log2 of a unit, of which pins are counted */
	unsigned int order;
	uint64_t slot_limit;
	uint64_t multiplier[2]; /* of the permutation of "scattered" */
	uint64_t inverse[2];

	pthread_mutex_t lock; /* for all below */
	size_t room;          /* slots that the arrays hold, a power of two */
	size_t lowest_word;   /* no word of `busy` below it has a free bit */
	struct mock_slot *slots;
	uint32_t *pins; /* per unit: slot << order | unit in slot */
	uint64_t *busy; /* bit per slot */
	uint32_t *hash; /* block -> slot + 1; 2 * room entries */
	size_t used;
	uint64_t pinned; /* pins in force */
};

/* Physically contiguous pieces in the order of the virtual addresses. */
struct mock_pieces {
	const struct libiommu_allocator *mem;
	struct libiommu_pgtable_piece *list;
	size_t count;
	size_t room;
	struct libiommu_pgtable_piece few[8];
};

int mock_ram_init(struct mock_ram *ram, const struct libiommu_allocator *mem,
		  const struct mock_ram_options *opts);
void mock_ram_fini(struct mock_ram *ram);

/* Width that a policy has when none is asked for. */
unsigned int mock_ram_usual_width(enum mock_ram_policy policy);

void mock_pieces_init(struct mock_pieces *pieces, const struct libiommu_allocator *mem);
void mock_pieces_fini(struct mock_pieces *pieces);

/* Pin whole units and append where they are. All or nothing; -ENOMEM with reason no-memory. */
int mock_ram_pin(struct mock_ram *ram, uint64_t va, uint64_t length, struct mock_pieces *pieces,
		 struct libiommu_failure *failure);
void mock_ram_unpin(struct mock_ram *ram, uint64_t va, uint64_t length);
void mock_ram_unpin_phys(struct mock_ram *ram, uint64_t phys, uint64_t length);

/*
 * Where the process sees a physical address. With `pinned` only while its page
 * is pinned; without also afterwards, until the frame gets another page.
 */
bool mock_ram_host(struct mock_ram *ram, uint64_t phys, bool pinned, unsigned char **host);

/* Pins in force, in pages of 4 KiB; a part of one counts as one. */
uint64_t mock_ram_pinned(struct mock_ram *ram);

static inline uint64_t mock_ram_unit(const struct mock_ram *ram)
{
	return UINT64_C(1) << ram->shift;
}

#endif
