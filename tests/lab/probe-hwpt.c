/* SPDX-License-Identifier: BSD-2-Clause */
/* Page tables that user space makes: for whom, on what, and who may share one. */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define P       0x1000ULL
#define B       0x100000ULL
#define NOWHERE 99U

/* In this file: the device is 1, the first address space 2, the second 3. */
enum { DEVICE = 1, IOAS = 2, SECOND = 3 };

#define HWPT(what, result, ...) ASK(what, IOMMU_HWPT_ALLOC, hwpt_alloc, result, __VA_ARGS__)

static char junk[256];

/* clang-format off */

static const struct ask allocs[] = {
	HWPT("no such device", -ENOENT, .dev_id = NOWHERE, .pt_id = IOAS),
	HWPT("an address space is no device", -ENOENT, .dev_id = IOAS, .pt_id = IOAS),
	HWPT("no such address space", -EINVAL, .dev_id = DEVICE, .pt_id = NOWHERE),
	HWPT("a device is no address space", -EINVAL, .dev_id = DEVICE, .pt_id = DEVICE),
	HWPT("reserved", -EOPNOTSUPP, .dev_id = DEVICE, .pt_id = IOAS, .reserved = 1),
	HWPT("data of no type", -EINVAL, .dev_id = DEVICE, .pt_id = IOAS, .data_len = 8,
	     .data_uptr = (uintptr_t)junk),
	HWPT("a type without data", -EINVAL, .dev_id = DEVICE, .pt_id = IOAS, .data_type = 1),
	HWPT("unknown flag", -EOPNOTSUPP, .dev_id = DEVICE, .pt_id = IOAS, .flags = 0x80),
	HWPT("nest parent with a fault queue", -EOPNOTSUPP, .dev_id = DEVICE, .pt_id = IOAS,
	     .flags = HWPT_FAULT | HWPT_NEST_PARENT, .fault_id = NOWHERE),
};

static const struct ask on_plain_one[] = {
	HWPT("its reserved tail is not looked at", 0, .dev_id = DEVICE, .pt_id = IOAS,
	     .reserved2 = 1),
	ASK("it can go", IOMMU_DESTROY, destroy, 0, .id = 5),
	HWPT("nested without data", -EOPNOTSUPP, .dev_id = DEVICE, .pt_id = 4),
	ASK("no dirty bits", IOMMU_HWPT_SET_DIRTY, set_dirty, -EOPNOTSUPP, .hwpt_id = 4,
	    .flags = 1),
	ASK("nor to read", IOMMU_HWPT_GET_DIRTY, get_dirty, -EOPNOTSUPP, .hwpt_id = 4,
	    .length = P, .page_size = P, .data = (uintptr_t)junk),
	ASK("dirty bits of an address space", IOMMU_HWPT_SET_DIRTY, set_dirty, -ENOENT,
	    .hwpt_id = IOAS),
	ASK("nothing to invalidate", IOMMU_HWPT_INVALIDATE, invalidate, -EINVAL, .hwpt_id = 4),
	ASK("invalidate without data", IOMMU_HWPT_INVALIDATE, invalidate, -EINVAL, .hwpt_id = 4,
	    .entry_num = 1),
	/* A driver that has none refuses before the table is looked at. */
	ASK("a vIOMMU on it", IOMMU_VIOMMU_ALLOC, viommu_alloc, -EOPNOTSUPP, .type = 1,
	    .dev_id = DEVICE, .hwpt_id = 4),
	ASK("a vIOMMU on nothing", IOMMU_VIOMMU_ALLOC, viommu_alloc, -EOPNOTSUPP, .type = 1,
	    .dev_id = DEVICE, .hwpt_id = NOWHERE),
	ASK("a vdevice without a vIOMMU", IOMMU_VDEVICE_ALLOC, vdevice_alloc, -ENOENT,
	    .viommu_id = 4, .dev_id = DEVICE),
	ASK("the address space stays", IOMMU_DESTROY, destroy, -EBUSY, .id = IOAS),
	ASK("the device is the kernel's", IOMMU_DESTROY, destroy, -EBUSY, .id = DEVICE),
};

static const struct ask infos[] = {
	ASK("no such device", IOMMU_GET_HW_INFO, hw_info, -ENOENT, .dev_id = NOWHERE),
	ASK("of an address space", IOMMU_GET_HW_INFO, hw_info, -ENOENT, .dev_id = IOAS),
	ASK("unknown flag", IOMMU_GET_HW_INFO, hw_info, -EOPNOTSUPP, .dev_id = DEVICE,
	    .flags = 2),
	ASK("no room is enough", IOMMU_GET_HW_INFO, hw_info, 0, .dev_id = DEVICE),
	ASK("room without a pointer", IOMMU_GET_HW_INFO, hw_info, -EFAULT, .dev_id = DEVICE,
	    .data_len = 8),
};

/* clang-format on */

static int64_t hwpt_new(int fd, uint32_t device, uint32_t ioas, uint32_t flags)
{
	struct hwpt_alloc h = {
		.size = sizeof(h), .flags = flags, .dev_id = device, .pt_id = ioas
	};
	int64_t rc = call(fd, IOMMU_HWPT_ALLOC, &h);

	return rc ? rc : h.out_hwpt_id;
}

static int64_t destroy(int fd, uint32_t id)
{
	struct destroy d = { .size = sizeof(d), .id = id };

	return call(fd, IOMMU_DESTROY, &d);
}

static void unmap_everything(int fd, uint32_t ioas)
{
	struct ioas_unmap u = { .size = sizeof(u), .ioas_id = ioas, .length = UINT64_MAX };

	call(fd, IOMMU_IOAS_UNMAP, &u);
}

static uint64_t check_hw_info(int fd)
{
	static const struct {
		uint32_t type, bytes;
	} none = { 0, 0 }, vtd = { 1, 24 }, smmu = { 2, 40 };
	const uint32_t type = machine.vtd ? vtd.type : machine.smmu ? smmu.type : none.type;
	const uint32_t bytes = machine.vtd ? vtd.bytes : machine.smmu ? smmu.bytes : none.bytes;
	struct hw_info h = {
		.size = sizeof(h), .dev_id = DEVICE, .data_len = 64, .data_uptr = (uintptr_t)junk
	};
	uint8_t first[64];

	ASK_ALL(fd, "hw info", infos);
	memset(junk, 0xee, sizeof(junk));
	check("hw info: ask", 0, call(fd, IOMMU_GET_HW_INFO, &h));
	check("hw info: the driver's type", type, h.data_type);
	check("hw info: the driver's length", bytes, h.data_len);
	check("hw info: zeroes behind it", 0, junk[63]);
	check("hw info: and nothing behind the room", (char)0xee, junk[64]);
	check("hw info: this device has no PASIDs", 0, h.max_pasid_log2);
	memcpy(first, junk, sizeof(first));
	memset(junk, 0xee, sizeof(junk));
	h.data_len = 4;
	h.data_type = 0;
	check("hw info: less room", 0, call(fd, IOMMU_GET_HW_INFO, &h));
	check("hw info: the whole length all the same", bytes, h.data_len);
	check("hw info: what fits", 0, bytes ? memcmp(first, junk, 4) : 0);
	check("hw info: and no more", (char)0xee, junk[4]);
	note("capabilities %#llx", (unsigned long long)h.capabilities);
	return h.capabilities;
}

/* What the hardware decides: the same answer each time, and a reason to know it. */
static void check_flags(int fd, uint64_t capabilities)
{
	static const struct wish {
		const char *name;
		uint32_t flags;
	} wishes[] = {
		{ "nest parent", HWPT_NEST_PARENT },
		{ "dirty tracking", HWPT_DIRTY },
		{ "PASIDs", HWPT_PASID },
	};
	char name[96];
	int64_t id;

	for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++) {
		id = hwpt_new(fd, DEVICE, IOAS, wishes[i].flags);
		snprintf(name, sizeof(name), "hwpt: %s: granted, or EOPNOTSUPP", wishes[i].name);
		check(name, 1, id > 0 || id == -EOPNOTSUPP);
		note("%s: %s", wishes[i].name, id > 0 ? "granted" : "refused");
		if (wishes[i].flags == HWPT_NEST_PARENT)
			check("hwpt: a nest parent where there can be one", machine.nest_parent,
			      id > 0);
		if (wishes[i].flags == HWPT_DIRTY)
			check("hwpt: dirty tracking as the capability says",
			      capabilities & HW_CAP_DIRTY, id > 0);
		if (id > 0)
			check("hwpt: it can go", 0, destroy(fd, (uint32_t)id));
	}
}

/* What is in an address space when a table is made on it. */
static void check_contents(int fd)
{
	const struct content {
		const char *name;
		uint64_t va, length, iova;
		int64_t want;
		bool skipped;
	} contents[] = {
		{ "memory that is not there", PROBE_BAD, P, B, -EFAULT, false },
		{ "a map of one byte", PROBE_VA, 1, B, -EADDRINUSE, false },
		{ "a map above the end", PROBE_VA, P, 1ULL << 62, -EADDRINUSE,
		  machine.last == UINT64_MAX },
	};
	char name[96];

	for (size_t i = 0; i < sizeof(contents) / sizeof(contents[0]); i++) {
		const struct content *c = &contents[i];

		snprintf(name, sizeof(name), "hwpt on %s", c->name);
		if (c->skipped) {
			skip(name, "there is no such iova");
			continue;
		}
		if (map_at(fd, SECOND, c->va, c->length, c->iova))
			fail("a map without a table");
		check(name, c->want, hwpt_new(fd, DEVICE, SECOND, 0));
		unmap_everything(fd, SECOND);
	}
}

/* Reserved ranges are the device's: the table may be made, attaching it may not. */
static void check_reserved(int fd, int device)
{
	int64_t id;

	if (!machine.hole) {
		skip("hwpt on a map in the MSI window", "there is no such iova");
		return;
	}
	if (map_at(fd, SECOND, PROBE_VA, P, machine.hole))
		fail("a map without a table");
	id = hwpt_new(fd, DEVICE, SECOND, 0);
	check("hwpt on a map in the MSI window", 1, id > 0);
	check("hwpt: but the device does not come", -EADDRINUSE, cdev_attach(device, (uint32_t)id));
	unmap_everything(fd, SECOND);
	check("hwpt: then it does", id, cdev_attach(device, (uint32_t)id));
	check("hwpt: now the window is closed", -EINVAL,
	      map_at(fd, SECOND, PROBE_VA, P, machine.hole));
	check("hwpt: detach", 0, cdev_detach(device));
	check("hwpt: it stays open afterwards", 0, destroy(fd, (uint32_t)id));
}

/* Tables that were made and tables that the kernel makes by itself. */
static void check_attach(int fd, int device)
{
	int64_t made = hwpt_new(fd, DEVICE, IOAS, 0), found, again;

	check("hwpt: attach answers with its own id", made, cdev_attach(device, (uint32_t)made));
	check("hwpt: attached, it stays", -EBUSY, destroy(fd, (uint32_t)made));
	found = cdev_attach(device, IOAS);
	check("hwpt: the kernel makes another for the address space", 1,
	      found > 0 && found != made);
	check("hwpt: the first can go", 0, destroy(fd, (uint32_t)made));
	check("hwpt: the kernel's own one cannot", -EBUSY, destroy(fd, (uint32_t)found));
	check("hwpt: nor be built on", -EOPNOTSUPP, hwpt_new(fd, DEVICE, (uint32_t)found, 0));
	again = cdev_attach(device, (uint32_t)found);
	check("hwpt: but be named", found, again);
	check("hwpt: a failed replace", -ENOENT, cdev_attach(device, NOWHERE));
	check("hwpt: leaves the old one", -EBUSY, destroy(fd, (uint32_t)found));
	check("hwpt: detach", 0, cdev_detach(device));
	check("hwpt: with its last device it is gone", -ENOENT, destroy(fd, (uint32_t)found));
}

/* What a driver answers depends on what it has at all. */
static void check_drivers(int fd, uint32_t plain)
{
	struct hwpt_alloc faults = { .size = sizeof(faults),
				     .flags = HWPT_FAULT,
				     .dev_id = DEVICE,
				     .pt_id = IOAS,
				     .fault_id = NOWHERE };
	struct hwpt_alloc nested = { .size = sizeof(nested),
				     .dev_id = DEVICE,
				     .pt_id = plain,
				     .data_type = 1,
				     .data_len = 8,
				     .data_uptr = (uintptr_t)junk };
	struct hw_info info = {
		.size = sizeof(info), .flags = 1, .dev_id = DEVICE, .data_type = 77
	};

	check("hwpt: a fault queue that is none", machine.virtio ? -EOPNOTSUPP : -ENOENT,
	      call(fd, IOMMU_HWPT_ALLOC, &faults));
	check("hwpt: nested on one that is no parent", machine.vtd ? -EINVAL : -EOPNOTSUPP,
	      call(fd, IOMMU_HWPT_ALLOC, &nested));
	/* Without anything to tell, the type is not even looked at. */
	check("hw info: a type that it has not", machine.virtio ? 0 : -EOPNOTSUPP,
	      call(fd, IOMMU_GET_HW_INFO, &info));
}

static void check_plain(int fd)
{
	int64_t id = hwpt_new(fd, DEVICE, IOAS, 0);

	check("hwpt: the lowest free id", 4, id);
	ASK_ALL(fd, "hwpt", on_plain_one);
	check_drivers(fd, (uint32_t)id);
	check("hwpt: it can go", 0, destroy(fd, (uint32_t)id));
}

/* Page requests come from here; there is no device that makes any. */
static void check_faults(int fd)
{
	struct fault_alloc f = { .size = sizeof(f) };
	struct pollfd p = { .events = POLLIN | POLLOUT };
	char buf[80] = { 0 };

	check("fault queue: alloc", 0, call(fd, IOMMU_FAULT_QUEUE_ALLOC, &f));
	check("fault queue: close on exec", FD_CLOEXEC, fcntl((int)f.fd, F_GETFD));
	check("fault queue: empty is no bytes", 0, read((int)f.fd, buf, 40));
	check("fault queue: half a record", -1, read((int)f.fd, buf, 39));
	check("fault queue: half a record, errno", ESPIPE, errno);
	check("fault queue: half an answer", -1, write((int)f.fd, buf, 7));
	check("fault queue: half an answer, errno", ESPIPE, errno);
	check("fault queue: an answer to nothing", -1, write((int)f.fd, buf, 8));
	check("fault queue: an answer to nothing, errno", EINVAL, errno);
	p.fd = (int)f.fd;
	poll(&p, 1, 0);
	check("fault queue: ready for answers alone", POLLOUT, p.revents);
	check("fault queue: an open descriptor keeps it", -EBUSY, destroy(fd, f.id));
	close((int)f.fd);
	check("fault queue: then it can go", 0, destroy(fd, f.id));
}

/* Devices that cannot be told apart have one table, and move together. */
static void check_members(void)
{
	int fd = open_path("/dev/iommu"), other = open_path("/dev/iommu");
	int a = (int)cdev_open(machine.member[0]), b = (int)cdev_open(machine.member[1]);
	uint32_t one, two;
	int64_t first, second;

	check("members: bind", 0, cdev_bind(a, fd));
	check("members: another iommufd for the other", -EPERM, cdev_bind(b, other));
	check("members: bind the other", 0, cdev_bind(b, fd));
	one = ioas_new(fd);
	two = ioas_new(fd);
	first = cdev_attach(a, one);
	check("members: attach", 1, first > 0);
	check("members: the other to another address space", -EINVAL, cdev_attach(b, two));
	second = hwpt_new(fd, 2, one, 0);
	check("members: a table for the other", 1, second > 0);
	check("members: cannot be attached", -EINVAL, cdev_attach(b, (uint32_t)second));
	check("members: the same address space", first, cdev_attach(b, one));
	first = cdev_attach(a, two);
	check("members: replace", 1, first > 0);
	check("members: so the first address space is free", 0,
	      destroy(fd, (uint32_t)second) ? -1 : destroy(fd, one));
	check("members: detach one", 0, cdev_detach(a));
	check("members: the table stays", -EBUSY, destroy(fd, (uint32_t)first));
	check("members: detach the other", 0, cdev_detach(b));
	check("members: then it is gone", -ENOENT, destroy(fd, (uint32_t)first));
	close(a);
	close(b);
	close(fd);
	close(other);
}

/* Two devices of two groups share what the kernel makes for them. */
static void check_shared(int fd, int device)
{
	int second = (int)cdev_open(machine.alone[1]);
	int64_t id;

	check("shared: bind a second device", 0, cdev_bind(second, fd));
	id = cdev_attach(device, IOAS);
	check("shared: attach the first", 1, id > 0);
	check("shared: the second gets the same table", id, cdev_attach(second, IOAS));
	check("shared: detach the first", 0, cdev_detach(device));
	check("shared: the table stays", -EBUSY, destroy(fd, (uint32_t)id));
	close(second);
	check("shared: closing is detaching", -ENOENT, destroy(fd, (uint32_t)id));
}

/* The device keeps its iommufd alive: DMA ends when the device's descriptor is closed. */
static void check_last_descriptor(void)
{
	int fd = open_path("/dev/iommu"), device = (int)cdev_open(machine.alone[0]);
	char *mem = pages(2, 3);
	uint32_t ioas;

	if (cdev_bind(device, fd))
		fail("bind");
	ioas = ioas_new(fd);
	if (cdev_attach(device, ioas) < 0 || map_at(fd, ioas, (uintptr_t)mem, 2 * P, B))
		fail("attach and map");
	bus_master(device);
	memset(mem, 0x77, P);
	close(fd);
	edu_dma(device, READ_MEMORY, B);
	edu_dma(device, WRITE_MEMORY, B + P);
	check("last descriptor: DMA works without the iommufd", 0x77, mem[P]);
	close(device);
}

void check_hwpt(void)
{
	int fd, device;

	if (!have_iommufd() || !have_cdev()) {
		skip("hwpt", "no /dev/iommu or no device nodes");
		return;
	}
	fd = open_path("/dev/iommu");
	device = (int)cdev_open(machine.alone[0]);
	if (cdev_bind(device, fd))
		fail("bind");
	if (ioas_new(fd) != IOAS || ioas_new(fd) != SECOND)
		fail("ids");
	ASK_ALL(fd, "hwpt", allocs);
	check_plain(fd);
	check_flags(fd, check_hw_info(fd));
	check_contents(fd);
	check_reserved(fd, device);
	check_attach(fd, device);
	check_faults(fd);
	check_shared(fd, device);
	close(device);
	close(fd);
	check_members();
	check_last_descriptor();
}
