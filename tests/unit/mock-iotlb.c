/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/mock-rig.h"

#include <libiommu/mock.h>

static const char text[] = "personality bare\n"
			   "iommu u intel-vtd\n"
			   "iommu noad intel-vtd ad=no\n"
			   "iommu fs intel-vtd-fs\n"
			   "device 0000:00:03.0 iommu=u group=1 driver=vfio-pci\n"
			   "device 0000:00:04.0 iommu=noad group=2 driver=vfio-pci\n"
			   "device 0000:00:05.0 iommu=fs group=3 driver=vfio-pci\n";

static struct rig rig;
static struct mock_claim dev;
static struct mock_domain dom;
static struct libiommu_backend_map map;

static void start(const char *name)
{
	rig_open(&rig, text);
	rig_device(&rig, &dev, name);
	rig_domain(&rig, &dom, LIBIOMMU_DOMAIN_PAGING);
	map = rig_map_of(&rig, 0, 4);
	ck_assert_int_eq(rig_attach(&rig, &dev, &dom, true, &map, 1), 0);
}

static void stop(void)
{
	ck_assert_int_eq(rig_detach(&rig, &dev, &dom, true, 0), 0);
	mock->device_close(&dev, 0);
	ck_assert_uint_eq(rig_pins(&rig), 0);
	ck_assert_uint_eq(mock_frames_used(&rig.ctx.machine->frames), 0);
	rig_close(&rig);
}

/* What was recorded last: a stale access, or nothing (0). */
static void expect_stale(uint64_t iova, uint32_t access)
{
	struct mock_fault_record record;

	ck_assert_int_eq(mock_faults_take(&rig.ctx.machine->faults, &record), access != 0);
	if (!access)
		return;
	ck_assert_int_eq(record.kind, LIBIOMMU_MOCK_FAULT_STALE);
	ck_assert_uint_eq(record.iova, iova);
	ck_assert_uint_eq(record.access, access);
	ck_assert_int_eq(mock_faults_take(&rig.ctx.machine->faults, &record), false);
}

START_TEST(an_unmap_that_forgets_the_cache_shows)
{
	const struct mock_iotlb *tlb;

	start("0000:00:03.0");
	tlb = &dev.dev->iommu->tlb;
	rig.memory[0] = 42;
	ck_assert_int_eq(rig_reads(&dev, map.iova), 0);
	ck_assert_uint_eq(tlb->misses, 1);
	ck_assert_int_eq(rig_reads(&dev, map.iova), 0);
	ck_assert_uint_eq(tlb->hits, 1);
	rig.ctx.machine->skip_invalidation = true;
	ck_assert_int_eq(rig_unmap(&rig, &dom, &map), 0);
	expect_stale(0, 0);
	ck_assert_int_eq(rig_reads(&dev, map.iova), 0);
	expect_stale(map.iova, LIBIOMMU_PROT_READ);
	ck_assert_int_eq(rig_writes(&dev, map.iova, 9), 0);
	expect_stale(map.iova, LIBIOMMU_PROT_WRITE);
	ck_assert_int_eq(rig.memory[0], 9);
	/* Nobody had looked at the next page. */
	ck_assert_int_eq(rig_reads(&dev, map.iova + PAGE), LIBIOMMU_MOCK_FAULT_NOT_MAPPED);
	stop();
}
END_TEST

START_TEST(a_stale_entry_reaches_the_frame_s_next_owner)
{
	struct libiommu_backend_map next;

	start("0000:00:03.0");
	ck_assert_int_eq(rig_reads(&dev, map.iova), 0);
	rig.ctx.machine->skip_invalidation = true;
	ck_assert_int_eq(rig_unmap(&rig, &dom, &map), 0);
	next = rig_map_of(&rig, 32, 4);
	ck_assert_int_eq(mock->map(&dom, &next, &rig.failure), 0);
	ck_assert_int_eq(rig_writes(&dev, map.iova, 7), 0);
	expect_stale(map.iova, LIBIOMMU_PROT_WRITE);
	ck_assert_int_eq(rig.memory[0], 0);
	ck_assert_int_eq(rig.memory[32 * PAGE], 7);
	stop();
}
END_TEST

START_TEST(an_unmap_ends_what_was_cached)
{
	start("0000:00:03.0");
	ck_assert_int_eq(rig_reads(&dev, map.iova), 0);
	ck_assert_int_eq(rig_unmap(&rig, &dom, &map), 0);
	ck_assert_int_eq(rig_reads(&dev, map.iova), LIBIOMMU_MOCK_FAULT_NOT_MAPPED);
	stop();
}
END_TEST

START_TEST(more_than_fits_is_still_right)
{
	const struct mock_iotlb *tlb;

	start("0000:00:03.0");
	tlb = &dev.dev->iommu->tlb;
	ck_assert_int_eq(rig_unmap(&rig, &dom, &map), 0);
	/* One set's worth and more: the pages lie the number of sets apart. */
	for (size_t n = 0; n < 8; n++) {
		struct libiommu_backend_map one = rig_map_of(&rig, 0, 1);

		one.iova = 0x200000 + n * MOCK_IOTLB_SETS * PAGE;
		one.memory = rig.memory + n * PAGE;
		rig.memory[n * PAGE] = (unsigned char)n;
		ck_assert_int_eq(mock->map(&dom, &one, &rig.failure), 0);
	}
	for (size_t n = 0; n < 16; n++) {
		struct mock_fault_record fault;
		unsigned char byte;

		ck_assert_int_eq(mock_dma_transfer(mock_itself(dev.dev),
						   0x200000 + n % 8 * MOCK_IOTLB_SETS * PAGE, &byte,
						   1, LIBIOMMU_PROT_READ, &fault),
				 0);
		ck_assert_uint_eq(byte, n % 8);
	}
	ck_assert_uint_ge(tlb->misses, 12);
	stop();
}
END_TEST

static bool marks(bool *dirty)
{
	struct libiommu_pgtable_leaf leaf;

	ck_assert(libiommu_pgtable_translate(dev.dev->group->reach.table->pt, map.iova, &leaf));
	*dirty = leaf.dirty;
	return leaf.accessed;
}

START_TEST(accessed_and_dirty_are_set_by_the_walker)
{
	bool dirty;

	start("0000:00:03.0");
	ck_assert(!marks(&dirty) && !dirty);
	ck_assert_int_eq(rig_reads(&dev, map.iova), 0);
	ck_assert(marks(&dirty) && !dirty);
	/* A hit that writes must still leave its mark. */
	ck_assert_int_eq(rig_writes(&dev, map.iova, 1), 0);
	ck_assert(marks(&dirty) && dirty);
	stop();
	start("0000:00:04.0");
	ck_assert_int_eq(rig_writes(&dev, map.iova, 1), 0);
	ck_assert(!marks(&dirty) && !dirty);
	stop();
}
END_TEST

START_TEST(permissions_and_windows)
{
	struct libiommu_backend_map read_only;

	start("0000:00:03.0");
	read_only = rig_map_of(&rig, 8, 1);
	read_only.prot = LIBIOMMU_PROT_READ;
	ck_assert_int_eq(mock->map(&dom, &read_only, &rig.failure), 0);
	ck_assert_int_eq(rig_reads(&dev, read_only.iova), 0);
	ck_assert_int_eq(rig_writes(&dev, read_only.iova, 1), LIBIOMMU_MOCK_FAULT_PERMISSION);
	read_only = rig_map_of(&rig, 9, 1);
	read_only.prot = LIBIOMMU_PROT_WRITE;
	ck_assert_int_eq(mock->map(&dom, &read_only, &rig.failure), 0);
	ck_assert_int_eq(rig_reads(&dev, read_only.iova), LIBIOMMU_MOCK_FAULT_PERMISSION);
	ck_assert_int_eq(rig_reads(&dev, 0xfee00000), LIBIOMMU_MOCK_FAULT_RESERVED);
	ck_assert_int_eq(rig_reads(&dev, UINT64_C(1) << 48), LIBIOMMU_MOCK_FAULT_APERTURE);
	ck_assert_int_eq(rig_reads(&dev, UINT64_MAX), LIBIOMMU_MOCK_FAULT_APERTURE);
	stop();
	start("0000:00:05.0");
	ck_assert_int_eq(rig_reads(&dev, UINT64_C(1) << 47), LIBIOMMU_MOCK_FAULT_APERTURE);
	read_only = rig_map_of(&rig, 9, 1);
	read_only.prot = LIBIOMMU_PROT_WRITE;
	ck_assert_int_eq(mock->map(&dom, &read_only, &rig.failure), -EOPNOTSUPP);
	ck_assert_int_eq(rig.failure.reason, LIBIOMMU_REASON_PROT_UNSUPPORTED);
	stop();
}
END_TEST

START_TEST(a_transfer_stops_at_the_page_that_faults)
{
	struct mock_fault_record fault;
	unsigned char buffer[3 * PAGE];

	start("0000:00:03.0");
	memset(rig.memory, 5, 4 * PAGE);
	memset(buffer, 0, sizeof(buffer));
	ck_assert_int_eq(mock_dma_transfer(mock_itself(dev.dev), map.iova + 2 * PAGE + 1, buffer,
					   sizeof(buffer), LIBIOMMU_PROT_READ, &fault),
			 -EFAULT);
	ck_assert_uint_eq(fault.iova, map.iova + 4 * PAGE);
	ck_assert_int_eq(buffer[2 * PAGE - 2], 5);
	ck_assert_int_eq(buffer[2 * PAGE - 1], 0);
	stop();
}
END_TEST

START_TEST(atomics_compare_and_swap)
{
	struct mock_fault_record fault;
	uint64_t found;

	start("0000:00:03.0");
	memset(rig.memory, 0, 16);
	ck_assert_int_eq(mock_dma_swap(mock_itself(dev.dev), map.iova, 8, 0, 77, &found, &fault),
			 0);
	ck_assert_uint_eq(found, 0);
	ck_assert_int_eq(mock_dma_swap(mock_itself(dev.dev), map.iova, 4, 1, 5, &found, &fault), 0);
	ck_assert_uint_eq(found, 77);
	ck_assert_int_eq(rig.memory[0], 77);
	ck_assert_int_eq(mock_dma_swap(mock_itself(dev.dev), 0, 4, 1, 5, &found, &fault), -EFAULT);
	ck_assert_uint_eq(fault.access, RW);
	stop();
}
END_TEST

START_TEST(the_ring_keeps_the_oldest)
{
	struct mock_faults *faults;
	struct mock_fault_record record;
	uint64_t recorded, dropped;

	start("0000:00:03.0");
	faults = &rig.ctx.machine->faults;
	for (uint64_t i = 0; i < MOCK_FAULTS + 10; i++)
		ck_assert_int_ne(rig_reads(&dev, 0x40000000 + i), 0);
	mock_faults_count(faults, &recorded, &dropped);
	ck_assert_uint_eq(recorded, MOCK_FAULTS);
	ck_assert_uint_eq(dropped, 10);
	for (uint64_t i = 0; i < MOCK_FAULTS; i++) {
		ck_assert(mock_faults_take(faults, &record));
		ck_assert_uint_eq(record.iova, 0x40000000 + i);
		ck_assert_str_eq(record.device, "0000:00:03.0");
	}
	ck_assert(!mock_faults_take(faults, &record));
	ck_assert_int_ne(rig_reads(&dev, 0x50000000), 0);
	ck_assert(mock_faults_take(faults, &record));
	ck_assert_uint_eq(record.iova, 0x50000000);
	stop();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		an_unmap_that_forgets_the_cache_shows,
		a_stale_entry_reaches_the_frame_s_next_owner,
		an_unmap_ends_what_was_cached,
		more_than_fits_is_still_right,
		accessed_and_dirty_are_set_by_the_walker,
		permissions_and_windows,
		a_transfer_stops_at_the_page_that_faults,
		atomics_compare_and_swap,
		the_ring_keeps_the_oldest,
	};

	return rig_run("mock-iotlb", tests, sizeof(tests) / sizeof(tests[0]));
}
