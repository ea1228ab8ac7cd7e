/* SPDX-License-Identifier: BSD-2-Clause */
/* From a device's name to its group and its node. */
#include "lib/sysfs_tree.h"

#include <errno.h>
#include <string.h>

/* PCI names tell their bus, others are looked for. */
static const char *bus_at(const char *name, size_t index)
{
	static const char *const buses[] = { "platform", "amba", "fsl-mc", "cdx" };

	if (sysfs_is_pci_name(name))
		return index ? NULL : "pci";
	return index < sizeof(buses) / sizeof(buses[0]) ? buses[index] : NULL;
}

/* @return 1: the device has a folder, 0: there is none, or what was refused */
static int look_for(const struct libiommu_sysfs *fs, const char *path,
		    struct libiommu_failure *failure)
{
	char scratch[SYSFS_PATH];
	int rc = libiommu_sysfs_link(fs, path, scratch, sizeof(scratch));

	/* A folder that is no link is there as well. */
	if (rc >= 0 || rc == -EINVAL)
		return 1;
	if (rc == -ENOENT || rc == -ENOTDIR)
		return 0;
	return sysfs_refuse(failure, rc, "readlink", path);
}

static int find_device(const struct libiommu_sysfs *fs, const char *name, char path[SYSFS_PATH],
		       struct libiommu_failure *failure)
{
	const char *bus;

	if (!libiommu_sysfs_name_valid(name))
		return libiommu_refuse(failure, LIBIOMMU_REASON_BAD_NAME, name, NULL);
	for (size_t i = 0; (bus = bus_at(name, i)); i++) {
		int rc;

		sysfs_print(path, "bus/%s/devices/%s", bus, name);
		rc = look_for(fs, path, failure);
		if (rc)
			return rc < 0 ? rc : 0;
	}
	return libiommu_refuse(failure, LIBIOMMU_REASON_DEVICE_UNKNOWN, name, NULL);
}

int libiommu_sysfs_group_of(const struct libiommu_sysfs *fs, const char *device, uint32_t *id,
			    struct libiommu_failure *failure)
{
	char path[SYSFS_PATH], link[SYSFS_PATH], number[LIBIOMMU_SYSFS_NAME];
	int rc = -ENOENT;

	/* Of a PCI device the link alone tells everything. */
	if (sysfs_is_pci_name(device)) {
		sysfs_print(link, "bus/pci/devices/%s/iommu_group", device);
		rc = libiommu_sysfs_link(fs, link, number, sizeof(number));
	}
	if (rc == -ENOENT) {
		rc = find_device(fs, device, path, failure);
		if (rc)
			return rc;
		sysfs_print(link, "%.400s/iommu_group", path);
		rc = libiommu_sysfs_link(fs, link, number, sizeof(number));
	}
	if (rc == -ENOENT)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_GROUP, device, NULL);
	if (rc < 0)
		return sysfs_refuse(failure, rc, "readlink", link);
	if (!sysfs_parse_u32(number, id))
		return sysfs_refuse_content(failure, link, "no number of a group");
	return 0;
}

static int take_node(void *data, const char *name)
{
	uint32_t number;

	if (strncmp(name, "vfio", 4) || !sysfs_parse_u32(name + 4, &number))
		return 0;
	strcpy(data, name);
	return 1;
}

int libiommu_sysfs_vfio_node(const struct libiommu_sysfs *fs, const char *device,
			     char node[LIBIOMMU_SYSFS_NAME], struct libiommu_failure *failure)
{
	char path[SYSFS_PATH], entry[SYSFS_PATH], number[32];
	int rc = find_device(fs, device, path, failure), fd;

	node[0] = '\0';
	if (rc)
		return rc;
	sysfs_print(entry, "%.400s/vfio-dev", path);
	fd = sysfs_open(fs, entry, SYSFS_FOLDER);
	if (fd == -ENOENT)
		return 0;
	if (fd < 0)
		return sysfs_refuse(failure, fd, "open", entry);
	rc = libiommu_sysfs_list(fs->sys, fd, take_node, node);
	if (rc > 0) {
		/* The entry alone is older than the nodes. */
		sysfs_print(entry, "%s/dev", node);
		rc = sysfs_read_in(fs->sys, fd, entry, number, sizeof(number));
		if (rc < 0)
			node[0] = '\0';
	}
	fs->sys->close(fs->sys->data, fd);
	return rc < 0 && rc != -ENOENT ? sysfs_refuse(failure, rc, "read", entry) : 0;
}
