// SPDX-License-Identifier: BSD-2-Clause
/* What a device really reaches, in both directions, by its own DMA engine. */
#include "helpers.h"

#include <string.h>

/* Known bytes in the device's buffer, through a page that is mapped for it. */
static void preload(struct edu *edu, uint64_t iova, char *mem, unsigned int seed)
{
	fill(mem, EDU_CHUNK, seed);
	edu_load(edu, iova, EDU_CHUNK);
	memset(mem, 0, EDU_CHUNK);
}

/* True when the device's buffer holds what preload() put there. */
static bool holds(struct edu *edu, uint64_t iova, char *mem, unsigned int seed)
{
	memset(mem, 0, EDU_CHUNK);
	edu_store(edu, iova, EDU_CHUNK);
	return filled(mem, EDU_CHUNK, seed);
}

CASE(dma_copies, "4.1.5 a device copies memory through two mappings, byte by byte")
{
	static const size_t sizes[] = { 8, 64, 512, EDU_CHUNK };
	char *from = memory(PAGE), *to = memory(PAGE);
	struct rig rig;
	struct edu edu;
	size_t i;

	NEEDS(1, 0);
	rig = rig_attached(1);
	map_prot(rig.dom, IO(0), from, PAGE, LIBIOMMU_PROT_READ);
	map(rig.dom, IO(9), to, PAGE);
	edu = edu_open(rig.dev[0]);
	for (i = 0; i < COUNT(sizes); i++) {
		fill(from, PAGE, 100 + (unsigned int)i);
		memset(to, 0, PAGE);
		edu_load(&edu, IO(0) + sizes[i], sizes[i]);
		edu_store(&edu, IO(9) + 8, sizes[i]);
		ck_assert_mem_eq(to + 8, from + sizes[i], sizes[i]);
		ck_assert_uint_eq(*(uint64_t *)(void *)to, 0);
		ck_assert_uint_eq(*(uint64_t *)(void *)(to + 8 + sizes[i]), 0);
	}
}

CASE(dma_over_pages, "4.1.5 DMA crosses pages of a mapping, and mappings that touch")
{
	char *mem = memory(4 * PAGE), *other = memory(PAGE);
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_attached(1);
	map(rig.dom, IO(0), mem, 2 * PAGE);
	map(rig.dom, IO(2), other, PAGE);
	edu = edu_open(rig.dev[0]);
	fill(mem, 2 * PAGE, 50);
	edu_load(&edu, IO(1) - 1024, EDU_CHUNK);
	edu_store(&edu, IO(2) - 1024, EDU_CHUNK);
	ck_assert_mem_eq(mem + 2 * PAGE - 1024, mem + PAGE - 1024, 1024);
	ck_assert_mem_eq(other, mem + PAGE, 1024);
}

CASE(dma_unmapped_write, "4.1.2 a write to an IOVA that was never mapped arrives nowhere")
{
	const uint64_t nowhere[] = { IO(1), IO(100), PAGE };
	char *mem = memory(4 * PAGE);
	struct rig rig;
	struct edu edu;
	size_t i;

	NEEDS(1, 0);
	rig = rig_attached(1);
	map(rig.dom, IO(0), mem, PAGE);
	map(rig.dom, IO(2), mem + 2 * PAGE, PAGE);
	edu = edu_open(rig.dev[0]);
	preload(&edu, IO(0), mem, 60);
	fill(mem, 4 * PAGE, 61);
	for (i = 0; i < COUNT(nowhere); i++) {
		fault_expected(&edu, nowhere[i], "write");
		edu_store(&edu, nowhere[i], EDU_CHUNK);
	}
	ck_assert(filled(mem, 4 * PAGE, 61));
	ck_assert(holds(&edu, IO(2), mem + 2 * PAGE, 60));
}

CASE(dma_unmapped_read, "4.1.2 a read of an IOVA that is not mapped gives none of the memory")
{
	char *mem = memory(PAGE), *secret = memory(PAGE);
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_attached(1);
	map(rig.dom, IO(0), mem, PAGE);
	map(rig.dom, IO(1), secret, PAGE);
	edu = edu_open(rig.dev[0]);
	fill(secret, PAGE, 71);
	unmap(rig.dom, IO(1), PAGE, PAGE);
	preload(&edu, IO(0), mem, 70);
	fault_expected(&edu, IO(1), "read");
	edu_load(&edu, IO(1), EDU_CHUNK);
	memset(mem, 0, EDU_CHUNK);
	edu_store(&edu, IO(0), EDU_CHUNK);
	ck_assert_mem_ne(mem, secret, 64);
}

CASE(dma_read_only, "4.1.9 a device cannot write through a mapping that is read-only")
{
	char *mem = memory(PAGE), *other = memory(PAGE);
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_attached(1);
	if (cannot(rig.dev[0], LIBIOMMU_CAP_READ_ONLY))
		SKIP("read-only is not enforced here");
	map_prot(rig.dom, IO(0), mem, PAGE, LIBIOMMU_PROT_READ);
	map(rig.dom, IO(1), other, PAGE);
	edu = edu_open(rig.dev[0]);
	preload(&edu, IO(1), other, 80);
	dma_misses(&edu, IO(0), mem);
	ck_assert(holds(&edu, IO(1), other, 80));
	fill(mem, PAGE, 81);
	edu_load(&edu, IO(0), EDU_CHUNK);
	ck_assert(holds(&edu, IO(1), other, 81));
}

CASE(dma_fresh_memory, "4.1.5 memory that is written after its map is what the device reads")
{
	char *early = big_memory(PAGE), *late = big_memory(PAGE), *to = memory(PAGE);
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_new(1);
	/* Nobody has touched these pages; a kernel may lend its page of zeros for them. */
	map_prot(rig.dom, IO(0), early, PAGE, LIBIOMMU_PROT_READ);
	attach(rig.ep[0], rig.dom);
	map_prot(rig.dom, IO(1), late, PAGE, LIBIOMMU_PROT_READ);
	map(rig.dom, IO(2), to, PAGE);
	edu = edu_open(rig.dev[0]);
	fill(early, PAGE, 90);
	fill(late, PAGE, 91);
	edu_load(&edu, IO(0), EDU_CHUNK);
	edu_store(&edu, IO(2), EDU_CHUNK);
	ck_assert_mem_eq(to, early, EDU_CHUNK);
	edu_load(&edu, IO(1), EDU_CHUNK);
	edu_store(&edu, IO(2), EDU_CHUNK);
	ck_assert_mem_eq(to, late, EDU_CHUNK);
}

CASE(dma_write_only, "4.1.9 a device cannot read through a mapping that is write-only")
{
	char *mem = memory(PAGE), *other = memory(PAGE);
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_attached(1);
	NEEDS_CAP(rig.dev[0], LIBIOMMU_CAP_WRITE_ONLY);
	map_prot(rig.dom, IO(0), mem, PAGE, LIBIOMMU_PROT_WRITE);
	map(rig.dom, IO(1), other, PAGE);
	edu = edu_open(rig.dev[0]);
	preload(&edu, IO(1), other, 90);
	edu_store(&edu, IO(0), EDU_CHUNK);
	ck_assert(filled(mem, EDU_CHUNK, 90));
	fill(mem, PAGE, 91);
	fault_expected(&edu, IO(0), "read");
	edu_load(&edu, IO(0), EDU_CHUNK);
	ck_assert(!holds(&edu, IO(1), other, 91));
}

CASE(write_only_is_answered,
     "4.4.1 write-only maps work or are refused by reason, as the format can")
{
	char *mem = memory(PAGE);
	struct rig rig;
	struct edu edu;
	int ret;

	NEEDS(1, 0);
	rig = rig_attached(1);
	ret = libiommu_domain_map(rig.dom, IO(0), at(mem), PAGE, LIBIOMMU_PROT_WRITE, NULL);
	if (ret) {
		REFUSED_KEEPS(
			rig.dom,
			libiommu_domain_map(rig.dom, IO(0), at(mem), PAGE, LIBIOMMU_PROT_WRITE, E),
			PROT_UNSUPPORTED, NULL);
		return;
	}
	map(rig.dom, IO(1), (char *)memory(PAGE), PAGE);
	edu = edu_open(rig.dev[0]);
	edu_store(&edu, IO(0), EDU_CHUNK);
	edu_load(&edu, IO(1), EDU_CHUNK);
	edu_store(&edu, IO(0), EDU_CHUNK);
	ck_assert(filled(mem, EDU_CHUNK, 1));
}

CASE(dma_is_recorded, "4.1.2 who watches sees the device and the IOVA of a refused access")
{
	struct told_fault fault = { 0 };
	char *mem = memory(PAGE);
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	if (!target->fault)
		SKIP("faults are not told to this process");
	rig = rig_attached(1);
	map(rig.dom, IO(0), mem, PAGE);
	edu = edu_open(rig.dev[0]);
	dma_reaches(&edu, IO(0), mem);
	ck_assert(!target->fault(rig.ctx, &fault));
	edu_store(&edu, IO(1), 64);
	ck_assert(target->fault(rig.ctx, &fault));
	ck_assert_str_eq(fault.device, target->alone[0]);
	ck_assert_uint_eq(fault.iova, IO(1));
	ck_assert_uint_eq(fault.access, LIBIOMMU_PROT_WRITE);
	edu_load(&edu, IO(5), 64);
	ck_assert(target->fault(rig.ctx, &fault));
	ck_assert_uint_eq(fault.iova, IO(5));
	ck_assert_uint_eq(fault.access, LIBIOMMU_PROT_READ);
}

CASE(two_devices_two_domains, "4.2.2 devices of two groups in two domains do not see each other's")
{
	char *mem = memory(2 * PAGE);
	struct libiommu_domain *other;
	struct edu one, two;
	struct rig rig;

	NEEDS(2, 0);
	rig = rig_new(2);
	other = domain(rig.ctx);
	attach(rig.ep[0], rig.dom);
	attach(rig.ep[1], other);
	map(rig.dom, IO(0), mem, PAGE);
	map(other, IO(0), mem + PAGE, PAGE);
	map(other, IO(1), mem + PAGE, PAGE);
	one = edu_open(rig.dev[0]);
	two = edu_open(rig.dev[1]);
	dma_reaches(&one, IO(0), mem);
	dma_reaches(&two, IO(0), mem + PAGE);
	dma_misses(&one, IO(1), mem + PAGE);
	dma_spares(&two, IO(0), mem);
	unmap(other, IO(0), PAGE, PAGE);
	dma_reaches(&one, IO(0), mem);
	dma_misses(&two, IO(0), mem + PAGE);
}

CASE(detached_device_reaches_nothing, "4.2.5 a detached device that is isolated reaches nothing")
{
	char *mem = memory(PAGE);
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_attached(1);
	map(rig.dom, IO(0), mem, PAGE);
	edu = edu_open(rig.dev[0]);
	dma_reaches(&edu, IO(0), mem);
	detach(rig.ep[0]);
	if (!can(rig.dev[0], LIBIOMMU_CAP_BLOCKS_WHEN_DETACHED))
		SKIP("nobody promises that a detached device is blocked");
	OK(libiommu_device_set_bus_master(rig.dev[0], true, E));
	dma_misses(&edu, IO(0), mem);
}

CASE(dma_large_mapping, "4.1.5 DMA works at both ends and in the middle of a large mapping")
{
	char *mem = aligned_memory(64 * MIB, 2 * MIB, 0);
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_attached(1);
	map(rig.dom, IO(0), mem, 64 * MIB);
	edu = edu_open(rig.dev[0]);
	dma_reaches(&edu, IO(0), mem);
	dma_reaches(&edu, IO(0) + 33 * MIB, mem + 33 * MIB);
	dma_reaches(&edu, IO(0) + 64 * MIB - PAGE, mem + 64 * MIB - PAGE);
	unmap(rig.dom, IO(0), 64 * MIB, 64 * MIB);
	dma_misses(&edu, IO(0) + 33 * MIB, mem + 33 * MIB);
}

CASE(dma_to_a_file, "mapping.h: DMA arrives in the memory of a mapped file")
{
	struct libiommu_source source;
	int fd = memory_file(4 * PAGE);
	char *mem = memory(PAGE), *view;
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_attached(1);
	source = libiommu_source_file(fd, 2 * PAGE);
	OK(libiommu_domain_map(rig.dom, IO(4), source, PAGE, RW, E));
	map(rig.dom, IO(0), mem, PAGE);
	edu = edu_open(rig.dev[0]);
	preload(&edu, IO(0), mem, 120);
	edu_store(&edu, IO(4) + 1024, EDU_CHUNK);
	view = file_view(fd, 4 * PAGE);
	ck_assert(filled(view + 2 * PAGE + 1024, EDU_CHUNK, 120));
	dma_reaches(&edu, IO(4), view + 2 * PAGE);
}

void suite_dma(struct registry *registry)
{
	static const struct conformance_case *const cases[] = {
		&dma_copies,
		&dma_over_pages,
		&dma_unmapped_write,
		&dma_unmapped_read,
		&dma_read_only,
		&dma_fresh_memory,
		&dma_write_only,
		&write_only_is_answered,
		&dma_is_recorded,
		&two_devices_two_domains,
		&detached_device_reaches_nothing,
		&dma_large_mapping,
		&dma_to_a_file,
	};

	add_cases(registry, "dma", cases, COUNT(cases));
}
