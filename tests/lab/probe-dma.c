/* SPDX-License-Identifier: BSD-2-Clause */
/* Real DMA by QEMU's edu device: what is mapped is reached, what is not is not, and faults. */
#include "probe.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define P  0x1000ULL
#define RW (PROT_READ | PROT_WRITE)

#define EDU_SOURCE  0x80
#define EDU_TARGET  0x88
#define EDU_COUNT   0x90
#define EDU_COMMAND 0x98
#define EDU_BUFFER  0x40000ULL
#define EDU_BYTES   64

#define PCI_CONFIG     7
#define PCI_COMMAND    4
#define PCI_BUS_MASTER 4

static uint64_t region_offset(int device, uint32_t index)
{
	struct region_info region = { .argsz = sizeof(region), .index = index };

	if (call(device, VFIO_DEVICE_GET_REGION_INFO, &region))
		fail("GET_REGION_INFO");
	return region.offset;
}

void bus_master(int device)
{
	off_t at = (off_t)region_offset(device, PCI_CONFIG) + PCI_COMMAND;
	uint16_t command;

	if (pread(device, &command, 2, at) != 2)
		fail("read config space");
	command |= PCI_BUS_MASTER;
	if (pwrite(device, &command, 2, at) != 2)
		fail("write config space");
}

static void edu_write(int device, uint64_t reg, uint64_t value)
{
	if (pwrite(device, &value, 8, (off_t)(region_offset(device, 0) + reg)) != 8)
		fail("write a register");
}

/* The device waits 100 ms before it starts. */
void edu_dma(int device, enum direction direction, uint64_t iova)
{
	const struct timespec pause = { 0, 10 * 1000 * 1000 };
	off_t at = (off_t)region_offset(device, 0) + EDU_COMMAND;
	uint64_t command = 1;

	edu_write(device, EDU_SOURCE, direction == READ_MEMORY ? iova : EDU_BUFFER);
	edu_write(device, EDU_TARGET, direction == READ_MEMORY ? EDU_BUFFER : iova);
	edu_write(device, EDU_COUNT, EDU_BYTES);
	edu_write(device, EDU_COMMAND, direction);
	for (int tries = 0; tries < 500 && command & 1; tries++) {
		nanosleep(&pause, NULL);
		if (pread(device, &command, 8, at) != 8)
			fail("read a register");
	}
	if (command & 1)
		fail("DMA does not end");
}

void expect_fault(const char *bdf, uint64_t iova, const char *how)
{
	printf("fault-expected: %s %#llx %s\n", bdf, (unsigned long long)iova, how);
	fflush(stdout);
}

static void dma_in(enum mode mode, uint64_t base)
{
	const char *bdf = machine.alone[0];
	char *mem = pages(2, RW), name[64];
	struct space s;

	space_open(&s, mode, bdf, false);
	bus_master(s.device);
	memset(mem, 0xa1, P);
	memset(mem + P, 0xb2, P);
	if (map(&s, MAP_R, mem, base, P) || map(&s, MAP_R | MAP_W, mem + P, base + P, P))
		fail("map");
	/*
	 * Before anything reads this page: QEMU blocks the write to a page whose translation it
	 * has cached as well, but then reports no fault.
	 */
	edu_dma(s.device, WRITE_MEMORY, base);
	expect_fault(bdf, base, "write");
	snprintf(name, sizeof(name), "dma %s: a read-only page is not written", mode_names[mode]);
	check(name, 0xa1, (unsigned char)mem[0]);

	edu_dma(s.device, READ_MEMORY, base);
	edu_dma(s.device, WRITE_MEMORY, base + P);
	snprintf(name, sizeof(name), "dma %s: one page reaches the other", mode_names[mode]);
	check(name, 0, memcmp(mem, mem + P, EDU_BYTES));

	unmap_all(&s);
	memset(mem + P, 0xd4, P);
	edu_dma(s.device, WRITE_MEMORY, base + P);
	expect_fault(bdf, base + P, "write");
	snprintf(name, sizeof(name), "dma %s: not written after unmap", mode_names[mode]);
	check(name, 0xd4, (unsigned char)mem[P]);

	if (map(&s, MAP_R | MAP_W, mem, base + 2 * P, P))
		fail("map");
	edu_dma(s.device, READ_MEMORY, base + P);
	expect_fault(bdf, base + P, "read");
	edu_dma(s.device, WRITE_MEMORY, base + 2 * P);
	snprintf(name, sizeof(name), "dma %s: not read after unmap", mode_names[mode]);
	check(name, 1, (unsigned char)mem[0] != 0xd4);
	unmap_all(&s);
	space_close(&s);
}

void check_dma(void)
{
	dma_in(V2, 0x200000);
	if (have_iommufd())
		dma_in(COMPAT_V2, 0x300000);
	else
		skip("dma compat-v2", "no /dev/iommu");
}
