/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/selftest/devices.h"

#include "backends/iommufd/uapi.h"
#include "tests/selftest/abi.h"
#include "tests/selftest/ops.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TEST_BUS  "/sys/bus/iommufd_mock/devices"
#define DIRTY_BIT 2u /* IOMMU_HWPT_ALLOC_DIRTY_TRACKING */

static struct device devices[8] = {
	{ .name = PLAIN, .table_flags = DIRTY_BIT },
	{ .name = TWIN, .table_flags = DIRTY_BIT },
	{ .name = OTHER, .flags = MOCK_FLAGS_DEVICE_NO_DIRTY, .table_type = MOCK_IOMMUPT_HUGE },
	{ .name = OTHER_TWIN,
	  .flags = MOCK_FLAGS_DEVICE_NO_DIRTY,
	  .table_type = MOCK_IOMMUPT_HUGE },
	{ .name = WIDE, .table_flags = DIRTY_BIT, .table_type = MOCK_IOMMUPT_HUGE },
	{ .name = NARROW, .flags = MOCK_FLAGS_DEVICE_NO_DIRTY },
	{ .name = NUMBERED, .flags = MOCK_FLAGS_DEVICE_PASID, .table_flags = DIRTY_BIT },
};

#define COUNT (sizeof(devices) / sizeof(devices[0]))

static int last_iommufd = -1;
static struct device *opened; /* what is bound next */

int devices_iommufd(void)
{
	return last_iommufd;
}

struct device *devices_find(const char *name)
{
	size_t i = 0;

	while (i < COUNT && devices[i].name[0] && strcmp(devices[i].name, name) != 0)
		i++;
	if (i < COUNT && !devices[i].name[0] && strchr(name, ':')) {
		snprintf(devices[i].name, sizeof(devices[i].name), "%s", name);
		devices[i].pci = true;
	}
	return i < COUNT && devices[i].name[0] ? &devices[i] : NULL;
}

static struct device *open_one(uint32_t id)
{
	for (size_t i = 0; i < COUNT; i++)
		if (devices[i].id == id && id)
			return &devices[i];
	return NULL;
}

const struct device *devices_of_id(uint32_t id)
{
	return open_one(id);
}

static int group_of(const char *device, uint32_t *group)
{
	char path[128], link[256];
	const char *number;
	ssize_t length;

	if ((size_t)snprintf(path, sizeof(path), "%s/iommu_group", device) >= sizeof(path))
		return -ENAMETOOLONG;
	length = readlink(path, link, sizeof(link) - 1);
	if (length < 0)
		return -errno;
	link[length] = 0;
	number = strrchr(link, '/');
	*group = (uint32_t)strtoul(number ? number + 1 : link, NULL, 10);
	return 0;
}

/* Bit n: the n-th test device of the system is there. */
static uint64_t present(void)
{
	DIR *bus = opendir(TEST_BUS);
	const struct dirent *entry;
	uint64_t bits = 0;
	unsigned int n;

	while (bus && (entry = readdir(bus)))
		if (sscanf(entry->d_name, "iommufd_mock%u", &n) == 1 && n < 64)
			bits |= UINT64_C(1) << n;
	if (bus)
		closedir(bus);
	return bits;
}

/*
 * A device with PASIDs that are attached may not be in a page table that is not for PASIDs, and what the
 * kernel makes by itself is none: it waits in another one.
 */
static int park(struct device *device, const struct libiommu_sys *sys, int iommufd)
{
	uint32_t table;
	int rc;

	device->parked = device->parking;
	if (!(device->flags & MOCK_FLAGS_DEVICE_PASID))
		return 0;
	rc = libiommu_iommufd_hwpt_alloc(sys, iommufd, IOMMU_HWPT_ALLOC_PASID, device->id,
					 device->parking, &table);
	if (rc < 0)
		return rc;
	device->parked = table;
	rc = ops_move(sys, iommufd, device->stdev, &table);
	if (rc < 0)
		libiommu_iommufd_destroy(sys, iommufd, device->parked);
	return rc;
}

/* The test device goes, and then what it was parked in. */
static void unmake(struct device *device, const struct libiommu_sys *sys, int iommufd)
{
	libiommu_iommufd_destroy(sys, iommufd, device->stdev);
	if (device->parked != device->parking)
		libiommu_iommufd_destroy(sys, iommufd, device->parked);
	libiommu_iommufd_destroy(sys, iommufd, device->parking);
}

static int make(struct device *device, const struct libiommu_sys *sys, int iommufd, uint32_t *group)
{
	const uint64_t before = present();
	struct ops_made made;
	char path[128];
	uint64_t added;
	int rc = libiommu_iommufd_ioas_alloc(sys, iommufd, &device->parking);

	if (rc < 0)
		return rc;
	rc = ops_make(sys, iommufd, device->parking, device->flags, &made);
	if (rc >= 0) {
		added = present() & ~before;
		snprintf(path, sizeof(path), TEST_BUS "/iommufd_mock%d",
			 added ? __builtin_ctzll(added) : -1);
		rc = group_of(path, group);
		if (rc < 0)
			libiommu_iommufd_destroy(sys, iommufd, made.stdev);
	}
	if (rc < 0) {
		libiommu_iommufd_destroy(sys, iommufd, device->parking);
		return rc;
	}
	device->stdev = made.stdev;
	device->id = made.id;
	rc = park(device, sys, iommufd);
	if (rc < 0) {
		device->parked = device->parking;
		unmake(device, sys, iommufd);
		device->id = 0;
	}
	return rc < 0 ? rc : 0;
}

/* The node of a device on the PCI bus. */
static int open_node(const char *name, const struct libiommu_sys *sys, uint32_t *group)
{
	char path[300], device[96];
	const struct dirent *entry;
	int rc = -ENODEV;
	DIR *nodes;

	snprintf(device, sizeof(device), "/sys/bus/pci/devices/%s", name);
	snprintf(path, sizeof(path), "%s/vfio-dev", device);
	nodes = opendir(path);
	while (nodes && rc == -ENODEV && (entry = readdir(nodes))) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/dev/vfio/devices/%s", entry->d_name);
		rc = group_of(device, group);
		if (!rc)
			rc = sys->open(sys->data, path, O_RDWR);
	}
	if (nodes)
		closedir(nodes);
	return rc;
}

static int transport_open(void *data, const struct libiommu_sys *sys, int iommufd, const char *name,
			  uint32_t *group, int *fd)
{
	struct device *device = devices_find(name);
	int rc;

	(void)data;
	if (!device)
		return -ENODEV;
	last_iommufd = iommufd;
	if (device->pci) {
		rc = open_node(name, sys, group);
	} else {
		/* Nothing is asked of its descriptor. */
		rc = make(device, sys, iommufd, group);
		if (!rc)
			rc = sys->open(sys->data, "/dev/null", O_RDWR);
	}
	if (rc < 0)
		return rc;
	opened = device;
	*fd = rc;
	return 0;
}

static int transport_bind(void *data, const struct libiommu_sys *sys, int fd, int iommufd,
			  const unsigned char *token, uint32_t *id)
{
	const struct libiommu_iommufd_transport *cdev = &libiommu_iommufd_transport_cdev;
	struct device *device = opened;
	int rc;

	(void)data;
	if (device->pci) {
		rc = cdev->bind(cdev->data, sys, fd, iommufd, token, &device->id);
		if (rc < 0)
			return rc;
	}
	*id = device->id;
	return 0;
}

static void transport_unbind(void *data, const struct libiommu_sys *sys,
			     const struct libiommu_iommufd_bound *bound)
{
	struct device *device = open_one(bound->id);

	(void)data;
	if (!device->pci)
		unmake(device, sys, bound->iommufd);
	device->id = device->hwpt = 0;
}

/* Attaching is leaving the space where it is parked. */
static int transport_move(void *data, const struct libiommu_sys *sys,
			  const struct libiommu_iommufd_bound *bound, uint32_t *pt)
{
	const struct libiommu_iommufd_transport *cdev = &libiommu_iommufd_transport_cdev;
	struct device *device = open_one(bound->id);
	int rc;

	(void)data;
	rc = device->pci ? cdev->replace(cdev->data, sys, bound, pt)
			 : ops_move(sys, bound->iommufd, device->stdev, pt);
	if (rc >= 0)
		device->hwpt = *pt;
	return rc;
}

static int transport_detach(void *data, const struct libiommu_sys *sys,
			    const struct libiommu_iommufd_bound *bound)
{
	const struct libiommu_iommufd_transport *cdev = &libiommu_iommufd_transport_cdev;
	struct device *device = open_one(bound->id);
	uint32_t pt = device->parked;
	int rc;

	(void)data;
	rc = device->pci ? cdev->detach(cdev->data, sys, bound)
			 : ops_move(sys, bound->iommufd, device->stdev, &pt);
	if (rc >= 0)
		device->hwpt = 0;
	return rc;
}

#define PASIDS (sizeof(devices[0].pasids) / sizeof(devices[0].pasids[0]))

uint32_t devices_pasid(const struct device *device, uint32_t pasid)
{
	for (size_t i = 0; i < PASIDS; i++)
		if (device->pasids[i].pasid == pasid)
			return device->pasids[i].hwpt;
	return 0;
}

/* @param hwpt 0: it has none any more */
static void remember(struct device *device, uint32_t pasid, uint32_t hwpt)
{
	size_t i = 0;

	while (i < PASIDS && device->pasids[i].pasid != pasid)
		i++;
	for (size_t free = 0; i == PASIDS; free++)
		if (!device->pasids[free].pasid)
			i = free;
	device->pasids[i].pasid = hwpt ? pasid : 0;
	device->pasids[i].hwpt = hwpt;
}

static int pasid_move(const struct libiommu_sys *sys, const struct libiommu_iommufd_bound *bound,
		      uint32_t pasid, uint32_t *pt, bool replaces)
{
	const struct libiommu_iommufd_transport *cdev = &libiommu_iommufd_transport_cdev;
	struct device *device = open_one(bound->id);
	int rc;

	rc = device->pci
		     ? cdev->pasid_attach(cdev->data, sys, bound, pasid, pt)
		     : ops_pasid_attach(sys, bound->iommufd, device->stdev, pasid, *pt, replaces);
	if (rc >= 0)
		remember(device, pasid, *pt);
	return rc;
}

static int transport_pasid_attach(void *data, const struct libiommu_sys *sys,
				  const struct libiommu_iommufd_bound *bound, uint32_t pasid,
				  uint32_t *pt)
{
	(void)data;
	return pasid_move(sys, bound, pasid, pt, false);
}

static int transport_pasid_replace(void *data, const struct libiommu_sys *sys,
				   const struct libiommu_iommufd_bound *bound, uint32_t pasid,
				   uint32_t *pt)
{
	(void)data;
	return pasid_move(sys, bound, pasid, pt, true);
}

static int transport_pasid_detach(void *data, const struct libiommu_sys *sys,
				  const struct libiommu_iommufd_bound *bound, uint32_t pasid)
{
	const struct libiommu_iommufd_transport *cdev = &libiommu_iommufd_transport_cdev;
	struct device *device = open_one(bound->id);
	int rc;

	(void)data;
	rc = device->pci ? cdev->pasid_detach(cdev->data, sys, bound, pasid)
			 : ops_pasid_detach(sys, bound->iommufd, device->stdev, pasid);
	if (rc >= 0)
		remember(device, pasid, 0);
	return rc;
}

const struct libiommu_iommufd_transport devices_transport = {
	.size = sizeof(struct libiommu_iommufd_transport),
	.bind_call = "the bind of a test device",
	.attach_call = "IOMMU_TEST_OP_MOCK_DOMAIN_REPLACE",
	.detach_call = "IOMMU_TEST_OP_MOCK_DOMAIN_REPLACE",
	.open = transport_open,
	.bind = transport_bind,
	.unbind = transport_unbind,
	.attach = transport_move,
	.replace = transport_move,
	.detach = transport_detach,
	.pasid_attach_call = "IOMMU_TEST_OP_PASID_ATTACH",
	.pasid_detach_call = "IOMMU_TEST_OP_PASID_DETACH",
	.pasid_attach = transport_pasid_attach,
	.pasid_replace = transport_pasid_replace,
	.pasid_detach = transport_pasid_detach,
};
