/* SPDX-License-Identifier: BSD-2-Clause */
/* Limits and accounting, software dirty bits, exchanged memory, other devices' registers. */
#include "probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define P            0x1000ULL
#define B            0x100000ULL
#define RW           (PROT_READ | PROT_WRITE)
#define CAP_IPC_LOCK 14
#define WIDE         0x100000000ULL /* above every reserved range, for many maps */

/* The number behind a word that starts a line. */
static int64_t file_number(const char *path, const char *word)
{
	FILE *f = fopen(path, "re");
	int64_t found = -ENOENT;
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, word, strlen(word)))
			found = (int64_t)strtoull(line + strlen(word), NULL, 10);
	if (f)
		fclose(f);
	return found;
}

static int64_t locked_kib(void)
{
	return file_number("/proc/self/status", "VmLck:");
}

static void check_entries(void)
{
	int64_t limit = file_number("/sys/module/vfio_iommu_type1/parameters/dma_entry_limit", "");
	void *mem = pages(1, RW);
	struct space s;
	int64_t n = 0, rc = 0;

	check("entries: the limit", 65535, limit);
	space_open(&s, V2, machine.alone[0], false);
	check("entries: all available", limit, dma_avail(s.fd));
	while (n < limit && !rc) {
		rc = map(&s, MAP_R, mem, WIDE + (uint64_t)n * 2 * P, P);
		n += !rc;
	}
	check("entries: as many maps as the limit", limit, n);
	check("entries: none available", 0, dma_avail(s.fd));
	check("entries: one more", -ENOSPC, map(&s, MAP_R, mem, WIDE + (uint64_t)n * 2 * P, P));
	check("entries: an overlap is told first", -EEXIST, map(&s, MAP_R, mem, WIDE, P));
	check("entries: unmap one", P, unmap(&s, 0, WIDE, P));
	check("entries: one available", 1, dma_avail(s.fd));
	check("entries: then one more", 0, map(&s, MAP_R, mem, WIDE + (uint64_t)n * 2 * P, P));
	check("entries: unmap all", limit * (int64_t)P, unmap_all(&s));
	check("entries: all available again", limit, dma_avail(s.fd));
	space_close(&s);
}

void drop_ipc_lock(void)
{
	struct {
		uint32_t version;
		int pid;
	} head = { 0x20080522, 0 };
	struct {
		uint32_t effective, permitted, inheritable;
	} caps[2];

	if (syscall(SYS_capget, &head, caps))
		fail("capget");
	caps[0].effective &= ~(1U << CAP_IPC_LOCK);
	if (syscall(SYS_capset, &head, caps))
		fail("capset");
}

/* In a child: accounting is per memory map, and the limit and the capability are its own. */
static int locked_in_child(const struct space *s, bool capable)
{
	struct rlimit two = { 2 * P, 2 * P };
	char *mem = pages(4, RW);
	int64_t rc[3];

	setrlimit(RLIMIT_MEMLOCK, &two);
	if (!capable)
		drop_ipc_lock();
	rc[0] = map(s, MAP_R, mem, B, 2 * P);
	rc[1] = map(s, MAP_R, mem + 2 * P, B + 2 * P, P);
	rc[2] = map(s, MAP_R, mem, B + 4 * P, P);
	if (capable)
		return rc[0] || rc[1] || rc[2];
	return rc[0] || rc[1] != -ENOMEM || rc[2] != -ENOMEM;
}

static void check_memlock(enum mode mode, bool capable)
{
	char name[96];
	struct space s;
	int status = -1;
	pid_t child;

	snprintf(name, sizeof(name), "memlock %s: %s", mode_names[mode],
		 capable ? "CAP_IPC_LOCK passes the limit"
			 : "two pages pass, one more and the same page again are ENOMEM");
	if (mode >= COMPAT_V2 && !have_iommufd()) {
		skip(name, "no /dev/iommu");
		return;
	}
	space_open(&s, mode, machine.alone[0], false);
	fflush(stdout);
	child = fork();
	if (!child)
		_exit(locked_in_child(&s, capable));
	waitpid(child, &status, 0);
	check(name, 0, status);
	space_close(&s);
}

static void check_accounting(void)
{
	int64_t before = locked_kib();
	void *mem = pages(4, RW);
	struct space s, t;

	space_open(&s, V2, machine.alone[0], false);
	space_open(&t, V2, machine.alone[1], false);
	map(&s, MAP_R, mem, B, 4 * P);
	check("accounting: counted with CAP_IPC_LOCK too", 16, locked_kib() - before);
	map(&s, MAP_R, mem, B + 4 * P, 4 * P);
	check("accounting: the same pages count again", 32, locked_kib() - before);
	map(&t, MAP_R, mem, B, 4 * P);
	check("accounting: and again in another container", 48, locked_kib() - before);
	map(&t, MAP_R, pages(1, PROT_READ), B + 4 * P, P);
	/* Since 6.2 a long-term pin replaces the zero page by one of the process' own. */
	check("accounting: a page that nobody wrote", machine.kernel < 602 ? 0 : 4,
	      locked_kib() - before - 48);
	unmap_all(&s);
	unmap_all(&t);
	check("accounting: nothing left", 0, locked_kib() - before);
	space_close(&s);
	space_close(&t);
}

void check_limits(void)
{
	check_accounting();
	check_memlock(V2, false);
	check_memlock(V2, true);
	check_memlock(COMPAT_V2, false);
	check_memlock(COMPAT_V2, true);
	check_entries();
}

static int64_t dirty_call(const struct space *s, uint32_t flags, uint64_t *bits, uint64_t size)
{
	struct dirty d = { .argsz = sizeof(d),
			   .flags = flags,
			   .iova = B,
			   .size = size,
			   .bitmap = { P, 8, (uintptr_t)bits } };

	if (bits)
		*bits = 0;
	return call(s->fd, VFIO_IOMMU_DIRTY_PAGES, &d);
}

static void check_dirty_v2(const struct space *s)
{
	uint64_t bits;

	check("dirty: read before start", -EINVAL, dirty_call(s, DIRTY_GET, &bits, 4 * P));
	check("dirty: start", 0, dirty_call(s, DIRTY_START, NULL, 0));
	check("dirty: start again", 0, dirty_call(s, DIRTY_START, NULL, 0));
	check("dirty: start and stop", -EINVAL, dirty_call(s, DIRTY_START | DIRTY_STOP, NULL, 0));
	check("dirty: read", 0, dirty_call(s, DIRTY_GET, &bits, 4 * P));
	check("dirty: everything mapped is dirty", 0xf, (int64_t)bits);
	check("dirty: read again", 0, dirty_call(s, DIRTY_GET, &bits, 4 * P));
	check("dirty: and stays so", 0xf, (int64_t)bits);
	check("dirty: a cut mapping", -EINVAL, dirty_call(s, DIRTY_GET, &bits, 2 * P));
	check("dirty: no bytes", -EINVAL, dirty_call(s, DIRTY_GET, &bits, 0));
	check("dirty: stop", 0, dirty_call(s, DIRTY_STOP, NULL, 0));
	check("dirty: stop again", 0, dirty_call(s, DIRTY_STOP, NULL, 0));
}

void check_dirty(enum mode mode)
{
	static const int64_t want[MODES] = { 0, -EACCES, -ENOTTY, -ENOTTY, -ENOTTY };
	char name[64];
	struct space s;

	snprintf(name, sizeof(name), "dirty %s: start", mode_names[mode]);
	if (mode >= COMPAT_V2 && !have_iommufd()) {
		skip(name, "no /dev/iommu");
		return;
	}
	space_open(&s, mode, machine.alone[0], false);
	if (map(&s, MAP_R | MAP_W, pages(4, RW), B, 4 * P))
		fail("map");
	if (mode == V2)
		check_dirty_v2(&s);
	else
		check(name, want[mode], dirty_call(&s, DIRTY_START, NULL, 0));
	unmap_all(&s);
	space_close(&s);
}

/* The memory behind a mapping exchanged while the device keeps using it. */
void check_vaddr(void)
{
	int second = (int)group_open(machine.alone[1]);
	void *mem = pages(4, RW);
	struct space s;

	space_open(&s, V2, machine.alone[0], false);
	if (!call_number(s.fd, VFIO_CHECK_EXTENSION, EXT_UPDATE_VADDR)) {
		skip("vaddr", "the kernel does not offer it");
		goto out;
	}
	check("vaddr: of nothing", -ENOENT, map(&s, MAP_VADDR, mem, B, 4 * P));
	check("vaddr: with read", -EINVAL, map(&s, MAP_VADDR | MAP_R, mem, B, 4 * P));
	check("vaddr: map", 0, map(&s, MAP_R, mem, B, 4 * P));
	check("vaddr: not given up before", -EINVAL, map(&s, MAP_VADDR, mem, B, 4 * P));
	check("vaddr: give up", 4 * P, unmap(&s, UNMAP_VADDR, B, 4 * P));
	check("vaddr: give up twice", -EINVAL, unmap(&s, UNMAP_VADDR, B, 4 * P));
	check("vaddr: no group may join now", -EBUSY, group_join(second, s.fd));
	check("vaddr: of a part", -EINVAL, map(&s, MAP_VADDR, mem, B, P));
	check("vaddr: renew", 0, map(&s, MAP_VADDR, mem, B, 4 * P));
	check("vaddr: and a group may join", 0, group_join(second, s.fd));
	check("vaddr: unmap", 4 * P, unmap_all(&s));
out:
	close(second);
	space_close(&s);
}

/* Another device's registers as memory: peer to peer. */
void check_bar(enum mode mode)
{
	static const int64_t want[MODES] = { 0, 0, -EFAULT, -EFAULT, -EFAULT };
	struct region_info region = { .argsz = sizeof(region) };
	char name[64];
	struct space s;
	void *bar;

	snprintf(name, sizeof(name), "%s: map a BAR", mode_names[mode]);
	if (mode >= COMPAT_V2 && !have_iommufd()) {
		skip(name, "no /dev/iommu");
		return;
	}
	space_open(&s, mode, machine.alone[0], false);
	if (call(s.device, VFIO_DEVICE_GET_REGION_INFO, &region))
		fail("GET_REGION_INFO");
	bar = mmap(NULL, region.size, RW, MAP_SHARED, s.device, (off_t)region.offset);
	if (bar == MAP_FAILED)
		fail("mmap of a BAR");
	check(name, want[mode], map(&s, MAP_R | MAP_W, bar, B, region.size));
	unmap_all(&s);
	munmap(bar, region.size);
	space_close(&s);
}
