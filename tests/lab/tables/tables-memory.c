// SPDX-License-Identifier: BSD-2-Clause
#include "tables.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MIB     (UINT64_C(1) << 20)
#define GIB     (UINT64_C(1) << 30)
#define PRESENT (UINT64_C(1) << 63) /* of a word of pagemap */
#define FRAME   ((UINT64_C(1) << 55) - 1)
#define HUGE_2M (21u << 26) /* MAP_HUGE_*, MFD_HUGE_* */
#define HUGE_1G (30u << 26)

static struct memory kinds[MEMORY_KINDS] = {
	[MEMORY_ORDINARY] = { "ordinary pages", NULL, 16 * MIB, PAGE, -1 },
	[MEMORY_TRANSPARENT] = { "transparent huge pages", NULL, 16 * MIB, 2 * MIB, -1 },
	[MEMORY_HUGE] = { "pages of 2 MiB", NULL, 16 * MIB, 2 * MIB, -1 },
	[MEMORY_FILE] = { "memfd", NULL, 16 * MIB, PAGE, -1 },
	[MEMORY_FILE_HUGE] = { "memfd of 2 MiB pages", NULL, 16 * MIB, 2 * MIB, -1 },
	[MEMORY_GIGANTIC] = { "a page of 1 GiB", NULL, GIB, GIB, -1 },
};

static char *map(struct memory *m, int flags)
{
	char *address =
		mmap(NULL, m->length, PROT_READ | PROT_WRITE,
		     (m->fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED) | flags, m->fd, 0);

	return address == MAP_FAILED ? NULL : address;
}

/* At a multiple of 2 MiB, or there would be no huge pages. */
static char *map_aligned(struct memory *m, int advice)
{
	char *address = mmap(NULL, m->length + 2 * MIB, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (address == MAP_FAILED)
		return NULL;
	address += -(uintptr_t)address & (2 * MIB - 1);
	return madvise(address, m->length, advice) ? NULL : address;
}

static char *map_file(struct memory *m, unsigned int flags)
{
	m->fd = memfd_create("lab-tables", MFD_CLOEXEC | flags);
	if (m->fd < 0 || ftruncate(m->fd, (off_t)m->length))
		return NULL;
	return map(m, 0);
}

/* One for the page of 1 GiB, which takes a third of the guest. */
static void want_gigantic(void)
{
	FILE *file = fopen("/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages", "we");

	if (!file)
		return;
	fputs("1", file);
	fclose(file);
}

const struct memory *memory_kinds(void)
{
	want_gigantic();
	kinds[MEMORY_ORDINARY].address = map_aligned(&kinds[MEMORY_ORDINARY], MADV_NOHUGEPAGE);
	kinds[MEMORY_TRANSPARENT].address = map_aligned(&kinds[MEMORY_TRANSPARENT], MADV_HUGEPAGE);
	kinds[MEMORY_HUGE].address = map(&kinds[MEMORY_HUGE], (int)(MAP_HUGETLB | HUGE_2M));
	kinds[MEMORY_FILE].address = map_file(&kinds[MEMORY_FILE], 0);
	kinds[MEMORY_FILE_HUGE].address = map_file(&kinds[MEMORY_FILE_HUGE], MFD_HUGETLB | HUGE_2M);
	kinds[MEMORY_GIGANTIC].address = map(&kinds[MEMORY_GIGANTIC], (int)(MAP_HUGETLB | HUGE_1G));
	for (size_t i = 0; i < MEMORY_KINDS; i++) {
		struct memory *m = &kinds[i];

		printf("%s: %s\n", m->name, m->address ? "there" : "not there");
		/* Each ordinary page alone and out of order: neighbours shall not be neighbours. */
		for (uint64_t page = 0; m->address && page < m->length / m->page; page++)
			m->address[(page * 1237 % (m->length / m->page)) * m->page] = 1;
	}
	return kinds;
}

/* xorshift64*. */
uint64_t memory_dice(uint64_t *state, uint64_t sides)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (*state * 0x2545f4914f6cdd1du >> 16) % sides;
}

void memory_part(uint64_t *state, const struct memory *m, bool large, uint64_t *offset,
		 uint64_t *length)
{
	uint64_t pages = m->length / PAGE, count = m->length / m->page;
	uint64_t first = memory_dice(state, count);

	if (large) {
		*offset = first * m->page;
		*length = (1 + memory_dice(state, count - first < 3 ? count - first : 3)) * m->page;
		if (*length < m->length - *offset && memory_dice(state, 3) == 0)
			*length += memory_dice(state, 8) * PAGE;
		return;
	}
	*length = (1 + memory_dice(state, memory_dice(state, 2) ? 16 : 128)) * PAGE;
	*offset = memory_dice(state, pages - *length / PAGE + 1) * PAGE;
}

struct libiommu_source memory_source(const struct memory *memory, uint64_t offset)
{
	if (memory->fd >= 0)
		return libiommu_source_file(memory->fd, offset);
	return libiommu_source_memory(memory->address + offset);
}

static uint64_t *read_frames(const char *address, size_t pages)
{
	static int pagemap = -1;
	uint64_t *words = malloc(pages * sizeof(*words));
	size_t bytes = pages * sizeof(*words);

	if (pagemap < 0)
		pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	if (!words || pagemap < 0 ||
	    pread(pagemap, words, bytes, (off_t)((uintptr_t)address / PAGE * sizeof(*words))) !=
		    (ssize_t)bytes) {
		perror("/proc/self/pagemap");
		exit(2);
	}
	for (size_t i = 0; i < pages; i++)
		if (!(words[i] & PRESENT) || !(words[i] & FRAME)) {
			printf("the kernel hides the page frames\n");
			exit(2);
		}
	return words;
}

struct libiommu_pgtable_piece *memory_runs(const struct memory *memory, uint64_t offset,
					   uint64_t length, size_t *count)
{
	size_t pages = length / PAGE, runs = 0;
	uint64_t *words = read_frames(memory->address + offset, pages);
	struct libiommu_pgtable_piece *run = malloc(pages * sizeof(*run));

	if (!run)
		abort();
	for (size_t i = 0; i < pages; i++) {
		uint64_t phys = (words[i] & FRAME) * PAGE;

		if (runs && run[runs - 1].phys + run[runs - 1].length == phys)
			run[runs - 1].length += PAGE;
		else
			run[runs++] = (struct libiommu_pgtable_piece){ phys, PAGE };
	}
	free(words);
	*count = runs;
	return run;
}
