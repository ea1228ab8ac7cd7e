// SPDX-License-Identifier: BSD-2-Clause
/*
 * The proof by DMA: sizes, offsets and permissions on one device. Before an access that must be
 * refused it says so ("fault-expected: BDF 0xIOVA read|write"), for witnesses outside.
 */
#include "helpers.h"
#include "runner.h"

#include <stdio.h>
#include <string.h>

static const size_t sizes[] = { 1, 4, 8, 13, 64, 511, 512, 1000, 1024, EDU_CHUNK };

/* The fault as the mock recorded it; elsewhere the witnesses outside have it. */
static void check_fault(struct rig *rig, uint64_t iova, uint32_t access)
{
	struct told_fault fault = { 0 };

	printf("the memory is untouched\n");
	if (!target->fault)
		return;
	ck_assert(target->fault(rig->ctx, &fault));
	ck_assert_str_eq(fault.device, target->alone[0]);
	ck_assert_uint_eq(fault.iova, iova);
	ck_assert_uint_eq(fault.access, access);
	ck_assert(!target->fault(rig->ctx, &fault));
}

static void write_must_fault(struct rig *rig, struct edu *edu, uint64_t iova, void *mem)
{
	dma_misses(edu, iova, mem);
	check_fault(rig, iova, LIBIOMMU_PROT_WRITE);
}

/* Read a secret that the device must not get: `open` is a page that it may use. */
static void read_must_fault(struct rig *rig, struct edu *edu, uint64_t iova, const void *secret,
			    uint64_t open_iova, void *open)
{
	fill(open, PAGE, 99);
	edu_load(edu, open_iova, EDU_CHUNK);
	fault_expected(edu, iova, "read");
	edu_load(edu, iova, EDU_CHUNK);
	memset(open, 0, PAGE);
	edu_store(edu, open_iova, EDU_CHUNK);
	ck_assert_mem_ne(open, secret, 64);
	check_fault(rig, iova, LIBIOMMU_PROT_READ);
}

CASE(copies, "4.1.5 memory is copied in many sizes and offsets, and nothing beside it")
{
	const size_t offsets[] = { 0, 1, 8, 60, 1024, (size_t)PAGE - EDU_CHUNK };
	unsigned char *from = memory(PAGE), *to = memory(PAGE);
	struct rig rig;
	struct edu edu;
	size_t s, o;

	NEEDS(1, 0);
	rig = rig_attached(1);
	map_prot(rig.dom, IO(0), from, PAGE, LIBIOMMU_PROT_READ);
	map(rig.dom, IO(7), to, PAGE);
	edu = edu_open(rig.dev[0]);
	for (s = 0; s < COUNT(sizes); s++) {
		o = s % COUNT(offsets);
		fill(from, PAGE, 10 + (unsigned int)s);
		memset(to, 0xee, PAGE);
		edu_load(&edu, IO(0) + offsets[o], sizes[s]);
		edu_store(&edu, IO(7) + offsets[o], sizes[s]);
		ck_assert_mem_eq(to + offsets[o], from + offsets[o], sizes[s]);
		if (offsets[o])
			ck_assert_uint_eq(to[offsets[o] - 1], 0xee);
		if (offsets[o] + sizes[s] < PAGE)
			ck_assert_uint_eq(to[offsets[o] + sizes[s]], 0xee);
	}
}

CASE(pages_apart, "4.1.5 pages that lie anywhere in memory are one range for the device")
{
	unsigned char *mem[4];
	struct rig rig;
	struct edu edu;
	unsigned int i;

	NEEDS(1, 0);
	rig = rig_attached(1);
	for (i = 0; i < 4; i++) {
		mem[i] = memory((1 + i) * PAGE);
		map(rig.dom, IO(i), mem[i] + i * PAGE, PAGE);
	}
	edu = edu_open(rig.dev[0]);
	for (i = 0; i + 1 < 4; i++) {
		fill(mem[i] + i * PAGE, PAGE, 20 + i);
		fill(mem[i + 1] + (i + 1) * PAGE, PAGE, 30 + i);
		edu_load(&edu, IO(i + 1) - 512, 1024);
		memset(mem[i] + (i + 1) * PAGE - 512, 0, 512);
		edu_store(&edu, IO(i + 1) - 512, 1024);
		ck_assert(filled(mem[i] + i * PAGE, PAGE, 20 + i));
		ck_assert(filled(mem[i + 1] + (i + 1) * PAGE, PAGE, 30 + i));
	}
}

CASE(never_mapped, "4.1.2 an IOVA that was never mapped is not reached")
{
	void *mem = memory(PAGE), *open = memory(PAGE);
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_attached(1);
	map(rig.dom, IO(0), open, PAGE);
	edu = edu_open(rig.dev[0]);
	write_must_fault(&rig, &edu, IO(1), mem);
	read_must_fault(&rig, &edu, IO(2), mem, IO(0), open);
	dma_reaches(&edu, IO(0), open);
}

CASE(no_more_mapped, "4.1.2 an IOVA that was unmapped is not reached any more")
{
	void *mem = memory(PAGE), *open = memory(PAGE);
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_attached(1);
	map(rig.dom, IO(0), open, PAGE);
	map(rig.dom, IO(3), mem, PAGE);
	edu = edu_open(rig.dev[0]);
	dma_reaches(&edu, IO(3), mem);
	unmap(rig.dom, IO(3), PAGE, PAGE);
	write_must_fault(&rig, &edu, IO(3), mem);
	read_must_fault(&rig, &edu, IO(3), mem, IO(0), open);
	map(rig.dom, IO(3), mem, PAGE);
	dma_reaches(&edu, IO(3), mem);
}

CASE(read_only, "4.1.9 a read-only mapping is read but not written")
{
	void *mem = memory(PAGE), *open = memory(PAGE);
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_attached(1);
	if (cannot(rig.dev[0], LIBIOMMU_CAP_READ_ONLY))
		SKIP("read-only is not enforced here");
	map(rig.dom, IO(0), open, PAGE);
	map_prot(rig.dom, IO(4), mem, PAGE, LIBIOMMU_PROT_READ);
	edu = edu_open(rig.dev[0]);
	/* Before any read: what an IOTLB holds may refuse a write without telling anybody. */
	write_must_fault(&rig, &edu, IO(4), mem);
	fill(mem, PAGE, 40);
	edu_load(&edu, IO(4), EDU_CHUNK);
	edu_store(&edu, IO(0), EDU_CHUNK);
	ck_assert(filled(open, EDU_CHUNK, 40));
}

CASE(detached, "4.2.5 a device that was detached reaches nothing, attached again everything")
{
	void *mem = memory(PAGE);
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_attached(1);
	map(rig.dom, IO(6), mem, PAGE);
	edu = edu_open(rig.dev[0]);
	dma_reaches(&edu, IO(6), mem);
	detach(rig.ep[0]);
	OK(libiommu_device_set_bus_master(rig.dev[0], true, E));
	write_must_fault(&rig, &edu, IO(6), mem);
	attach(rig.ep[0], rig.dom);
	OK(libiommu_device_set_bus_master(rig.dev[0], true, E));
	dma_reaches(&edu, IO(6), mem);
}

static void suite_proof(struct registry *registry)
{
	static const struct conformance_case *const cases[] = {
		&copies, &pages_apart, &never_mapped, &no_more_mapped, &read_only, &detached,
	};

	add_cases(registry, "dma", cases, COUNT(cases));
}

int main(int argc, char **argv)
{
	static const suite_fn suites[] = { suite_proof };

	always_tell = true;
	return run_program(argc, argv, suites, COUNT(suites));
}
