/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Address spaces of iommufd. Without a device everything that an address space itself decides;
 * then what the first device brings: pages, an aperture, reserved ranges.
 */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define P       0x1000ULL
#define B       0x100000ULL
#define M       0x200000ULL
#define RO      (READABLE | FIXED)
#define RW      (READABLE | WRITEABLE | FIXED)
#define NOWHERE 99U

/* The first object of a fresh iommufd is 1, the next one 2. */
#define MAP(what, result, map_flags, va, bytes, at)                                   \
	ASK(what, IOMMU_IOAS_MAP, ioas_map, result, .flags = map_flags, .ioas_id = 1, \
	    .user_va = va, .length = bytes, .iova = at)
#define AUTO(what, va, bytes, found)                                                      \
	GET(what, IOMMU_IOAS_MAP, ioas_map, iova, found, .flags = READABLE, .ioas_id = 1, \
	    .user_va = va, .length = bytes)
#define UNMAP(what, id, at, bytes, removed)                                                 \
	GET(what, IOMMU_IOAS_UNMAP, ioas_unmap, length, removed, .ioas_id = id, .iova = at, \
	    .length = bytes)
#define NO_UNMAP(what, result, id, at, bytes) \
	ASK(what, IOMMU_IOAS_UNMAP, ioas_unmap, result, .ioas_id = id, .iova = at, .length = bytes)
#define COPY(what, result, copy_flags, from, to, bytes)                                      \
	ASK(what, IOMMU_IOAS_COPY, ioas_copy, result, .flags = copy_flags, .src_ioas_id = 1, \
	    .dst_ioas_id = 2, .src_iova = from, .dst_iova = to, .length = bytes)
#define ALLOW(what, result, list, count)                                                         \
	ASK(what, IOMMU_IOAS_ALLOW_IOVAS, allow_iovas, result, .ioas_id = 1, .num_iovas = count, \
	    .ranges = (uintptr_t)(list))

/* clang-format off */

/* Two things wrong at once tell in which order they are looked at. */
static const struct ask maps[] = {
	GET("an address space", IOMMU_IOAS_ALLOC, ioas_alloc, id, 1),
	MAP("unknown flag before a wrap", -EOPNOTSUPP, 8, PROBE_VA, UINT64_MAX, 0),
	MAP("iova of all bits before no access", -EOVERFLOW, FIXED, PROBE_VA, P, UINT64_MAX),
	MAP("length of all bits before no access", -EOVERFLOW, FIXED, PROBE_VA, UINT64_MAX, 0),
	ASK("no access before an unknown id", IOMMU_IOAS_MAP, ioas_map, -EINVAL, .flags = FIXED,
	    .ioas_id = NOWHERE, .user_va = PROBE_VA, .length = P),
	ASK("an unknown id before memory that wraps", IOMMU_IOAS_MAP, ioas_map, -ENOENT,
	    .flags = RO, .ioas_id = NOWHERE, .user_va = UINT64_MAX - P, .length = 2 * P),
	MAP("memory wraps before the iova does", -EOVERFLOW, RO, UINT64_MAX - P, 2 * P,
	    UINT64_MAX - P),
	MAP("no bytes before the iova wraps", -EINVAL, RO, PROBE_VA, 0, UINT64_MAX - 1),
	MAP("no bytes anywhere", -EINVAL, READABLE, PROBE_VA, 0, 0),
	MAP("iova wraps", -EOVERFLOW, RO, PROBE_VA, 2 * P, UINT64_MAX - P),
	MAP("one byte at an odd iova", 0, RO, PROBE_VA + 3, 1, 0x1235),
	MAP("the same byte again", -EEXIST, RO, PROBE_VA + 3, 1, 0x1235),
	MAP("the byte behind it", 0, RO, PROBE_VA + 4, 1, 0x1236),
	MAP("iova 0", 0, RO, PROBE_VA, P, 0),
	MAP("the last page but one of 64 bits", 0, RO, PROBE_VA, P, UINT64_MAX - 2 * P + 1),
	MAP("memory that is not there", 0, RW, PROBE_BAD, P, 0x10000),
	MAP("read-only memory for write", 0, RW, PROBE_RO, P, 0x11000),
	MAP("write without read", 0, WRITEABLE | FIXED, PROBE_VA, P, 0x12000),
	UNMAP("all of it", 1, 0, UINT64_MAX, 5 * P + 2),
};

/* First fit from below, never page 0; the alignment is that of length and memory. */
static const struct ask autos[] = {
	GET("an address space", IOMMU_IOAS_ALLOC, ioas_alloc, id, 1),
	AUTO("a page", PROBE_VA, P, 0x1000),
	AUTO("another page", PROBE_VA, P, 0x2000),
	AUTO("three pages", PROBE_VA, 3 * P, 0x4000),
	AUTO("eight pages", PROBE_VA, 8 * P, 0x8000),
	AUTO("eight pages at an odd one", PROBE_VA + P, 8 * P, 0x10000),
	AUTO("two pages at an even one", PROBE_VA + 2 * P, 2 * P, 0x18000),
	AUTO("one byte", PROBE_VA + 1, 1, 0x3001),
	AUTO("a page at an odd address", PROBE_VA + 0x64, P, 0x1a064),
	AUTO("64 pages", PROBE_VA, 64 * P, 0x40000),
	AUTO("the hole that is left", PROBE_VA + P, P, 0x7000),
	MAP("half of everything", -EOVERFLOW, READABLE, PROBE_VA, UINT64_MAX / 2, 0),
	UNMAP("one map of several", 1, 0x8000, 8 * P, 8 * P),
	AUTO("a hole is used again", PROBE_VA, P, 0x8000),
};

static const struct iova_range allowed[] = { { B, B + 2 * P - 1 }, { M, M + P - 1 } };
static const struct iova_range crossed[] = { { B, B + P }, { B + P, M } };
static const struct iova_range empty[] = { { B, B } };
static const struct iova_range backwards[] = { { B, B - 1 } };
static struct iova_range found[4];

static const struct ask allows[] = {
	GET("an address space", IOMMU_IOAS_ALLOC, ioas_alloc, id, 1),
	ALLOW("ranges that overlap", -EINVAL, crossed, 2),
	ALLOW("a range of one byte", -EINVAL, empty, 1),
	ALLOW("a range that ends before it starts", -EINVAL, backwards, 1),
	ALLOW("no pointer", -EFAULT, NULL, 1),
	ASK("of nothing", IOMMU_IOAS_ALLOW_IOVAS, allow_iovas, -ENOENT, .ioas_id = NOWHERE),
	ALLOW("two ranges", 0, allowed, 2),
	AUTO("a page goes into the first", PROBE_VA, P, B),
	AUTO("two pages into none but the next", PROBE_VA, P, B + P),
	AUTO("then the second range", PROBE_VA, P, M),
	MAP("then nothing is left", -ENOSPC, READABLE, PROBE_VA, P, 0),
	MAP("a fixed map may lie outside", 0, RO, PROBE_VA, P, 0x10000),
	GET("the usable ranges are not limited by it", IOMMU_IOAS_IOVA_RANGES, iova_ranges,
	    num_iovas, 1, .ioas_id = 1, .num_iovas = 4, .ranges = (uintptr_t)found),
	ALLOW("everything again", 0, NULL, 0),
	AUTO("low addresses again", PROBE_VA, P, 0x1000),
};

static const struct ask ranges[] = {
	GET("an address space", IOMMU_IOAS_ALLOC, ioas_alloc, id, 1),
	ASK("no room", IOMMU_IOAS_IOVA_RANGES, iova_ranges, -EMSGSIZE, .ioas_id = 1),
	GET("alignment", IOMMU_IOAS_IOVA_RANGES, iova_ranges, alignment, 1, .ioas_id = 1,
	    .num_iovas = 1, .ranges = (uintptr_t)found),
	ASK("no pointer", IOMMU_IOAS_IOVA_RANGES, iova_ranges, -EFAULT, .ioas_id = 1,
	    .num_iovas = 1),
	MAP("a map", 0, RO, PROBE_VA, P, B),
	GET("is not taken out of the ranges", IOMMU_IOAS_IOVA_RANGES, iova_ranges, num_iovas, 1,
	    .ioas_id = 1, .num_iovas = 4, .ranges = (uintptr_t)found),
};

static const struct ask unmaps[] = {
	GET("an address space", IOMMU_IOAS_ALLOC, ioas_alloc, id, 1),
	UNMAP("all of nothing", 1, 0, UINT64_MAX, 0),
	NO_UNMAP("nothing there", -ENOENT, 1, B, P),
	NO_UNMAP("no bytes", -EINVAL, 1, B, 0),
	NO_UNMAP("wraps", -EOVERFLOW, 1, UINT64_MAX - P, 2 * P),
	NO_UNMAP("length of all bits elsewhere", -EOVERFLOW, 1, B, UINT64_MAX),
	NO_UNMAP("iova of all bits", -EOVERFLOW, 1, UINT64_MAX, P),
	NO_UNMAP("of nothing", -ENOENT, NOWHERE, B, P),
	MAP("one", 0, RO, PROBE_VA, 2 * P, B),
	MAP("one that touches it", 0, RO, PROBE_VA, 2 * P, B + 2 * P),
	NO_UNMAP("the head of the first", -ENOENT, 1, B, P),
	UNMAP("both, and what is around them", 1, B - P, 6 * P, 4 * P),
	MAP("one again", 0, RO, PROBE_VA, 2 * P, B),
	MAP("another again", 0, RO, PROBE_VA, 2 * P, B + 2 * P),
	NO_UNMAP("one and a part of the next", -ENOENT, 1, B, 3 * P),
	NO_UNMAP("the first is gone by then", -ENOENT, 1, B, 2 * P),
	UNMAP("the second is whole", 1, B + 2 * P, 2 * P, 2 * P),
};

static const struct ask copies[] = {
	GET("an address space", IOMMU_IOAS_ALLOC, ioas_alloc, id, 1),
	GET("another one", IOMMU_IOAS_ALLOC, ioas_alloc, id, 2),
	MAP("two pages", 0, RW, PROBE_VA, 2 * P, B),
	MAP("two that touch them", 0, RW, PROBE_VA + 4 * P, 2 * P, B + 2 * P),
	MAP("one to be read only", 0, RO, PROBE_VA, P, M),
	COPY("unknown flag", -EOPNOTSUPP, 8, B, B, P),
	COPY("no bytes", -EINVAL, RW, B, B, 0),
	COPY("over a hole", -ENOENT, RW, B, B, 5 * P),
	COPY("of nothing", -ENOENT, RW, 0x10000, B, P),
	COPY("write where only reading was given", -EPERM, RW, M, M, P),
	COPY("read where only reading was given", 0, RO, M, M, P),
	COPY("to where it is", -EEXIST, RO, M, M, P),
	COPY("a few bytes", 0, RW, B + 5, 0x10, 7),
	COPY("over the border of two maps", 0, RW, B + P, 0x10000, 2 * P),
	NO_UNMAP("neither is whole", -ENOENT, 2, 0x10000 + P / 2, P),
	UNMAP("each half can be unmapped", 2, 0x10000, P, P),
	UNMAP("the other half too", 2, 0x10000 + P, P, P),
	ASK("the source may go", IOMMU_DESTROY, destroy, 0, .id = 1),
	UNMAP("the copy stays", 2, M, P, P),
	UNMAP("and the bytes", 2, 0x10, 7, 7),
};

/* clang-format on */

/* The golden rule of short buffers: what fits is filled, and the count tells what is needed. */
static void check_short(int fd, uint32_t ioas, uint32_t total)
{
	struct iova_ranges r = {
		.size = sizeof(r), .ioas_id = ioas, .num_iovas = 1, .ranges = (uintptr_t)found
	};

	memset(found, 0xff, sizeof(found));
	check("ranges: room for one", total > 1 ? -EMSGSIZE : 0,
	      call(fd, IOMMU_IOAS_IOVA_RANGES, &r));
	check("ranges: how many there are", total, r.num_iovas);
	check("ranges: the first one is filled", 0, (int64_t)found[0].start);
	check("ranges: the next one is not", -1, (int64_t)found[1].start);
}

static void check_lazy(void)
{
	static const struct table {
		const char *name;
		const struct ask *asks;
		size_t count;
	} tables[] = {
#define TABLE(name, asks) { name, asks, sizeof(asks) / sizeof((asks)[0]) }
		TABLE("map", maps),      TABLE("auto", autos),   TABLE("allow", allows),
		TABLE("ranges", ranges), TABLE("unmap", unmaps), TABLE("copy", copies),
	};
	int fd;

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		fd = open_path("/dev/iommu");
		ask_each(fd, tables[i].name, tables[i].asks, tables[i].count);
		if (tables[i].asks == ranges) {
			check_short(fd, 1, 1);
			check("ranges: all 64 bits", -1, (int64_t)found[0].last);
		}
		close(fd);
	}
}

static int64_t map_file(int fd, uint32_t ioas, int file, uint64_t length, uint64_t iova)
{
	struct ioas_map_file m = { .size = sizeof(m),
				   .flags = RW,
				   .ioas_id = ioas,
				   .fd = file,
				   .length = length,
				   .iova = iova };

	return call(fd, IOMMU_IOAS_MAP_FILE, &m);
}

int64_t map_at(int fd, uint32_t ioas, uint64_t va, uint64_t length, uint64_t iova)
{
	struct ioas_map m = { .size = sizeof(m),
			      .flags = RW,
			      .ioas_id = ioas,
			      .user_va = va,
			      .length = length,
			      .iova = iova };

	return call(fd, IOMMU_IOAS_MAP, &m);
}

static int64_t unmap_at(int fd, uint32_t ioas, uint64_t iova, uint64_t length)
{
	struct ioas_unmap u = {
		.size = sizeof(u), .ioas_id = ioas, .iova = iova, .length = length
	};
	int64_t rc = call(fd, IOMMU_IOAS_UNMAP, &u);

	return rc ? rc : (int64_t)u.length;
}

static int64_t huge_pages(int fd, uint32_t ioas, uint64_t value)
{
	struct option o = { .size = sizeof(o),
			    .option_id = OPTION_HUGE,
			    .op = OPTION_SET,
			    .object_id = ioas,
			    .val64 = value };

	return call(fd, IOMMU_OPTION, &o);
}

static void check_change_process(void)
{
	struct change_process c = { .size = sizeof(c) };
	int fd = open_path("/dev/iommu"), memory = memfd_create("probe", MFD_CLOEXEC);

	if (ftruncate(memory, 2 * P))
		fail("ftruncate");
	ASK_ALL(fd, "process",
		((const struct ask[]){
			GET("an address space", IOMMU_IOAS_ALLOC, ioas_alloc, id, 1),
			ASK("nothing to move", IOMMU_CHANGE_PROCESS, change_process, 0),
		}));
	check("process: map a file", 0, map_file(fd, 1, memory, P, B));
	check("process: files can move", 0, call(fd, IOMMU_CHANGE_PROCESS, &c));
	check("process: map memory", 0, map_at(fd, 1, PROBE_VA, P, M));
	check("process: memory cannot", -EINVAL, call(fd, IOMMU_CHANGE_PROCESS, &c));
	close(memory);
	close(fd);
}

/* What stands in the way of a first device. The map, or the list of allowed ranges, stays. */
static void check_collisions(int fd, int device)
{
	static const struct iova_range high[] = { { 1ULL << 62, (1ULL << 62) + P - 1 } };
	struct allow_iovas a = { .size = sizeof(a), .ioas_id = 2, .num_iovas = 1 };
	struct iova_range msi = { machine.hole, machine.hole + P - 1 };
	const struct collision {
		const char *name;
		uint64_t va, length, iova;
		int64_t want;
		bool skipped;
	} collisions[] = {
		{ "memory that is not there", PROBE_BAD, P, B, -EFAULT, false },
		{ "read-only memory for write", PROBE_RO, P, B, -EFAULT, false },
		{ "a map of one byte", PROBE_VA, 1, B, -EADDRINUSE, false },
		{ "a map at an odd iova", PROBE_VA + 8, P, B + 8, -EADDRINUSE, false },
		{ "a map of odd memory", PROBE_VA + 8, P, B, -EADDRINUSE, false },
		{ "a map in the MSI window", PROBE_VA, P, machine.hole, -EADDRINUSE,
		  !machine.hole },
		{ "a map above the end", PROBE_VA, P, 1ULL << 62, -EADDRINUSE,
		  machine.last == UINT64_MAX },
	};
	char name[96];

	for (size_t i = 0; i < sizeof(collisions) / sizeof(collisions[0]); i++) {
		const struct collision *c = &collisions[i];

		snprintf(name, sizeof(name), "attach against %s", c->name);
		if (c->skipped) {
			skip(name, "there is no such iova");
			continue;
		}
		if (map_at(fd, 2, c->va, c->length, c->iova))
			fail("a map without a device");
		check(name, c->want, cdev_attach(device, 2));
		snprintf(name, sizeof(name), "attach against %s, it stays", c->name);
		check(name, (int64_t)c->length, unmap_at(fd, 2, 0, UINT64_MAX));
	}
	if (machine.hole) {
		a.ranges = (uintptr_t)&msi;
		check("allow: the MSI window, before a device", 0,
		      call(fd, IOMMU_IOAS_ALLOW_IOVAS, &a));
		check("attach against it", -EADDRINUSE, cdev_attach(device, 2));
	}
	if (machine.last != UINT64_MAX) {
		a.ranges = (uintptr_t)high;
		check("allow: above the end, before a device", 0,
		      call(fd, IOMMU_IOAS_ALLOW_IOVAS, &a));
		check("attach against that", -EADDRINUSE, cdev_attach(device, 2));
	}
	a.num_iovas = 0;
	call(fd, IOMMU_IOAS_ALLOW_IOVAS, &a);
}

/* Files are looked at when their pages are needed. */
static void check_files(int fd, int device)
{
	int memory = memfd_create("probe", MFD_CLOEXEC);
	int plain = open("/tmp/lab-probe-file", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int null = open_path("/dev/null");

	if (memory < 0 || plain < 0 || ftruncate(memory, 2 * P) || ftruncate(plain, 2 * P))
		fail("files");
	check("file: no such descriptor", -EBADF, map_file(fd, 2, 999, P, B));
	check("file: no bytes", -EINVAL, map_file(fd, 2, memory, 0, B));
	check("file: unknown address space", -ENOENT, map_file(fd, NOWHERE, memory, P, B));
	check("file: /dev/null is taken", 0, map_file(fd, 2, null, P, B));
	check("file: until a device comes", -EINVAL, cdev_attach(device, 2));
	unmap_at(fd, 2, 0, UINT64_MAX);
	check("file: more than it has is taken", 0, map_file(fd, 2, memory, 3 * P, B));
	check("file: until a device comes here too", -EINVAL, cdev_attach(device, 2));
	unmap_at(fd, 2, 0, UINT64_MAX);
	check("file: of memory", 0, map_file(fd, 2, memory, 2 * P, B));
	check("file: a device may come", 1, cdev_attach(device, 2) > 0);
	check("file: now more than it has is refused", -EINVAL, map_file(fd, 2, memory, 3 * P, M));
	check("file: and what is no memory", -EINVAL, map_file(fd, 2, null, P, M));
	check("file: shorter afterwards, the map stays", 0, ftruncate(memory, P));
	check("file: unmap", 2 * P, unmap_at(fd, 2, B, 2 * P));
	cdev_detach(device);
	unlink("/tmp/lab-probe-file");
	close(plain);
	close(memory);
	close(null);
}

/* The ranges of an address space with a device are those that type1 gave for it. */
static void check_attached(int fd, int device)
{
	const uint32_t total = machine.hole ? 2 : 1;
	struct iova_ranges r = { .size = sizeof(r), .ioas_id = 2, .ranges = (uintptr_t)found };
	struct iova_range msi = { machine.hole, machine.hole + P - 1 };
	struct allow_iovas a = {
		.size = sizeof(a), .ioas_id = 2, .num_iovas = 1, .ranges = (uintptr_t)&msi
	};
	struct ioas_map m = { .size = sizeof(m),
			      .flags = READABLE,
			      .ioas_id = 2,
			      .user_va = PROBE_VA + 1,
			      .length = 1 };

	check("attached: attach", 1, cdev_attach(device, 2) > 0);
	r.num_iovas = 4;
	check("attached: ranges", 0, call(fd, IOMMU_IOAS_IOVA_RANGES, &r));
	check("attached: as many as type1 has", total, r.num_iovas);
	check("attached: pages", P, (int64_t)r.alignment);
	check("attached: the same end", (int64_t)machine.last, (int64_t)found[total - 1].last);
	if (machine.hole) {
		check("attached: the same end of the first", 1, found[0].last < machine.hole);
		check("allow: the MSI window", -EADDRINUSE, call(fd, IOMMU_IOAS_ALLOW_IOVAS, &a));
	}
	check_short(fd, 2, total);
	check("auto: a byte is no page", -EINVAL, call(fd, IOMMU_IOAS_MAP, &m));
	m.user_va = PROBE_VA;
	m.length = P;
	check("auto: a page", 0, call(fd, IOMMU_IOAS_MAP, &m));
	check("auto: the first page", P, (int64_t)m.iova);
	check("huge pages: off while a device is there", -EINVAL, huge_pages(fd, 2, 0));
	unmap_at(fd, 2, 0, UINT64_MAX);
	check("huge pages: off without maps", 0, huge_pages(fd, 2, 0));
	check("huge pages: on", 0, huge_pages(fd, 2, 1));
	check("attached: detach", 0, cdev_detach(device));
	r.num_iovas = 4;
	check("detached: ranges", 0, call(fd, IOMMU_IOAS_IOVA_RANGES, &r));
	check("detached: everything is usable again", -1, (int64_t)found[0].last);
	check("detached: down to bytes", 1, (int64_t)r.alignment);
}

/* type1 has room for 65535 maps. */
static void check_many(int fd, int device)
{
	int64_t rc = 0, n = 0;

	check("many: attach", 1, cdev_attach(device, 2) > 0);
	while (n < 65540 && !rc) {
		rc = map_at(fd, 2, PROBE_VA, P, 0x100000000ULL + (uint64_t)n * 2 * P);
		n += !rc;
	}
	check("many: there is no limit", 65540, n);
	check("many: unmap all", 65540 * (int64_t)P, unmap_at(fd, 2, 0, UINT64_MAX));
	cdev_detach(device);
}

/* A child has the fd, but maps memory of its own; when it is gone, so is what was not pinned. */
static void check_fork(int fd, int device)
{
	static char other[4096] __attribute__((aligned(4096)));
	int status = -1;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (!child) {
		memset(other, 1, sizeof(other));
		_exit(map_at(fd, 2, (uintptr_t)other, P, B) != 0);
	}
	waitpid(child, &status, 0);
	check("fork: a child maps", 0, status);
	check("fork: its memory went with it", -EFAULT, cdev_attach(device, 2));
	check("fork: the map did not", P, unmap_at(fd, 2, B, P));
}

/* Pinned memory is what the device sees, whatever happens to the addresses. */
static void check_pinned(int fd, int device)
{
	char *mem = pages(2, PROT_READ | PROT_WRITE);

	if (cdev_attach(device, 2) < 0 || map_at(fd, 2, (uintptr_t)mem, 2 * P, B))
		fail("attach and map");
	bus_master(device);
	memset(mem, 0xa7, P);
	if (mmap(mem, P, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) !=
	    mem)
		fail("mmap over it");
	memset(mem, 0x11, P);
	edu_dma(device, READ_MEMORY, B);
	edu_dma(device, WRITE_MEMORY, B + P);
	check("pinned: the device sees the old page", 0xa7, (unsigned char)mem[P]);
	unmap_at(fd, 2, 0, UINT64_MAX);
	cdev_detach(device);
}

/* In a child that may lock two pages. @return 0 when it got `want` of them, and ENOMEM for more */
static int lock_in_child(int fd, uint64_t iova, int64_t want, bool capable)
{
	struct rlimit two = { 2 * P, 2 * P };
	char *mem = pages(4, PROT_READ | PROT_WRITE);
	int64_t got = 0, rc = 0;

	setrlimit(RLIMIT_MEMLOCK, &two);
	if (!capable)
		drop_ipc_lock();
	for (; got < 4 && !rc; got += !rc)
		rc = map_at(fd, 2, (uintptr_t)mem + (uint64_t)got * P, P, iova + (uint64_t)got * P);
	return got != want || (rc && rc != -ENOMEM);
}

static void check_locked(const char *name, int fd, uint64_t iova, int64_t want, bool capable)
{
	int status = -1;
	pid_t child;

	fflush(stdout);
	child = fork();
	if (!child)
		_exit(lock_in_child(fd, iova, want, capable));
	waitpid(child, &status, 0);
	check(name, 0, status);
}

/* Who is charged: the user over all processes, or each process. Root's capability is not. */
static void check_accounting(bool per_process)
{
	struct option mode = { .size = sizeof(mode),
			       .option_id = OPTION_RLIMIT,
			       .op = OPTION_SET,
			       .val64 = per_process };
	int fd = open_path("/dev/iommu"), device = (int)cdev_open(machine.alone[0]);

	if (call(fd, IOMMU_OPTION, &mode) || cdev_bind(device, fd) || ioas_new(fd) != 2 ||
	    cdev_attach(device, 2) < 0)
		fail("a device with limits");
	if (per_process) {
		check_locked("locked per process: two pages", fd, B, 2, false);
		check_locked("locked per process: two for the next one", fd, M, 2, false);
	} else {
		check_locked("locked per user: CAP_IPC_LOCK passes", fd, 2 * M, 4, true);
		check_locked("locked per user: and is not charged", fd, B, 2, false);
		check_locked("locked per user: none for the next one", fd, M, 0, false);
		unmap_at(fd, 2, B, 2 * P);
		check_locked("locked per user: but after an unmap", fd, B, 2, false);
	}
	close(device);
	close(fd);
}

void check_ioas(void)
{
	int fd, device;

	if (!have_iommufd()) {
		skip("ioas", "no /dev/iommu");
		return;
	}
	check_lazy();
	check_change_process();
	if (!have_cdev()) {
		skip("ioas with a device", "no device nodes");
		return;
	}
	fd = open_path("/dev/iommu");
	device = (int)cdev_open(machine.alone[0]);
	check("ioas: bind", 0, cdev_bind(device, fd));
	ASK_ALL(fd, "ioas",
		((const struct ask[]){
			GET("an address space", IOMMU_IOAS_ALLOC, ioas_alloc, id, 2) }));
	check_collisions(fd, device);
	check_files(fd, device);
	check_attached(fd, device);
	check_fork(fd, device);
	check_pinned(fd, device);
	check_many(fd, device);
	close(device);
	close(fd);
	check_accounting(false);
	check_accounting(true);
}
