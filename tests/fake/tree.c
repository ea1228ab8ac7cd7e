/* SPDX-License-Identifier: BSD-2-Clause */
/* sysfs and the nodes below /dev/vfio, as far as anybody looks at them. */
#include "tests/fake/internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define GROUPS_FOLDER  "/sys/kernel/iommu_groups"
#define DEVICES_FOLDER "/sys/bus/pci/devices/"

static enum tree_kind device_entry(const struct device *device, const char *name, char *out,
				   size_t size)
{
	const struct {
		const char *name;
		uint32_t value;
		int digits;
	} numbers[] = {
		{ "class", device->class_code, 6 },
		{ "vendor", device->vendor, 4 },
		{ "device", device->id, 4 },
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		if (!strcmp(name, numbers[i].name)) {
			snprintf(out, size, "0x%0*" PRIx32 "\n", numbers[i].digits,
				 numbers[i].value);
			return TREE_TEXT;
		}
	}
	if (!strcmp(name, "subsystem")) {
		snprintf(out, size, "../../../bus/pci");
		return TREE_LINK;
	}
	if (!strcmp(name, "driver") && device->driver[0]) {
		snprintf(out, size, "../../../bus/pci/drivers/%s", device->driver);
		return TREE_LINK;
	}
	if (!strcmp(name, "iommu_group") && device->group) {
		snprintf(out, size, "../../../kernel/iommu_groups/%u", device->group);
		return TREE_LINK;
	}
	return TREE_NONE;
}

/* Nodes of single devices are numbered by their place in the machine. */
static enum tree_kind vfio_dev(const struct fake_kernel *kernel, const struct device *device,
			       const char *rest, char *out, size_t size)
{
	const unsigned int index = (unsigned int)(device - kernel->devices);
	char name[32];

	if (strcmp(device->driver, "vfio-pci") != 0)
		return TREE_NONE;
	if (!*rest)
		return TREE_FOLDER;
	snprintf(name, sizeof(name), "/vfio%u", index);
	if (!strcmp(rest, name))
		return TREE_FOLDER;
	strcat(name, "/dev");
	if (strcmp(rest, name) != 0 || kernel->knobs[FAKE_NO_CDEV])
		return TREE_NONE;
	snprintf(out, size, "511:%u\n", index);
	return TREE_TEXT;
}

/* What is left of a path below a device's folder. */
static enum tree_kind device_path(struct fake_kernel *kernel, const char *rest, unsigned int group,
				  char *out, size_t size)
{
	for (size_t i = 0; i < DEVICES; i++) {
		const struct device *device = &kernel->devices[i];
		size_t length = strlen(device->name);

		if ((group && device->group != group) || strncmp(rest, device->name, length))
			continue;
		if (!strncmp(rest + length, "/vfio-dev", 9))
			return vfio_dev(kernel, device, rest + length + 9, out, size);
		if (rest[length] == '/')
			return device_entry(device, rest + length + 1, out, size);
		if (!rest[length]) {
			snprintf(out, size, "../../../devices/pci0000:00/%s", device->name);
			return TREE_LINK;
		}
	}
	return TREE_NONE;
}

static enum tree_kind reserved_text(const struct group *group, char *out, size_t size)
{
	size_t length = 0;

	out[0] = '\0';
	for (size_t i = 0; i < group->reserved_count; i++)
		length += (size_t)snprintf(
			out + length, size - length, "0x%016" PRIx64 " 0x%016" PRIx64 " %s\n",
			group->reserved[i].start, group->reserved[i].last, group->reserved[i].type);
	return TREE_TEXT;
}

static enum tree_kind group_path(struct fake_kernel *kernel, const char *rest, char *out,
				 size_t size)
{
	unsigned int id;
	int length = 0;

	if (sscanf(rest, "%u%n", &id, &length) != 1 || id >= GROUPS || !kernel->groups[id].used)
		return TREE_NONE;
	rest += length;
	if (!*rest || !strcmp(rest, "/devices"))
		return TREE_FOLDER;
	if (!strcmp(rest, "/type")) {
		snprintf(out, size, "DMA\n");
		return TREE_TEXT;
	}
	/* Platforms name some of theirs; this one the group of the three functions. */
	if (!strcmp(rest, "/name") && id == 3) {
		snprintf(out, size, "functions\n");
		return TREE_TEXT;
	}
	if (!strcmp(rest, "/reserved_regions"))
		return reserved_text(&kernel->groups[id], out, size);
	if (!strncmp(rest, "/devices/", 9))
		return device_path(kernel, rest + 9, id, out, size);
	return TREE_NONE;
}

static enum tree_kind parameter(struct fake_kernel *kernel, const char *name, char *out,
				size_t size)
{
	if (!strcmp(name, "dma_entry_limit"))
		snprintf(out, size, "%" PRIu64 "\n", kernel->knobs[FAKE_ENTRY_LIMIT]);
	else if (!strcmp(name, "allow_unsafe_interrupts"))
		snprintf(out, size, "%s\n", kernel->knobs[FAKE_ALLOW_UNSAFE] ? "Y" : "N");
	else
		return TREE_NONE;
	return TREE_TEXT;
}

enum tree_kind fake_tree_look(struct fake_kernel *kernel, const char *path, char *out, size_t size)
{
	static const char parameters[] = "/sys/module/vfio_iommu_type1/parameters/";
	static const char iommufd[] = "/sys/module/iommufd/parameters/allow_unsafe_interrupts";

	out[0] = '\0';
	if (!strcmp(path, "/sys") || !strcmp(path, GROUPS_FOLDER))
		return TREE_FOLDER;
	if (!strncmp(path, GROUPS_FOLDER "/", sizeof(GROUPS_FOLDER)))
		return group_path(kernel, path + sizeof(GROUPS_FOLDER), out, size);
	if (!strncmp(path, DEVICES_FOLDER, sizeof(DEVICES_FOLDER) - 1))
		return device_path(kernel, path + sizeof(DEVICES_FOLDER) - 1, 0, out, size);
	if (!strncmp(path, parameters, sizeof(parameters) - 1))
		return parameter(kernel, path + sizeof(parameters) - 1, out, size);
	if (!strcmp(path, iommufd))
		return parameter(kernel, "allow_unsafe_interrupts", out, size);
	if (!strcmp(path, "/proc/sys/kernel/osrelease")) {
		snprintf(out, size, "6.1.0-fake\n");
		return TREE_TEXT;
	}
	if (!strcmp(path, "/proc/self/status")) {
		snprintf(out, size,
			 "Name:\tfake\nVmLck:\t%8" PRIu64 " kB\nVmPin:\t%8" PRIu64
			 " kB\nCapEff:\t%016x\n",
			 kernel->locked / 1024, kernel->locked / 1024, 0);
		return TREE_TEXT;
	}
	return TREE_NONE;
}

/* The list of groups, and the lists of their members. */
bool fake_tree_entry(struct fake_kernel *kernel, const char *folder, size_t index, char *name,
		     size_t size)
{
	unsigned int id;
	char path[64];

	if (!strcmp(folder, GROUPS_FOLDER)) {
		for (id = 0; id < GROUPS; id++) {
			if (kernel->groups[id].used && !index--) {
				snprintf(name, size, "%u", id);
				return true;
			}
		}
		return false;
	}
	for (id = 0; id < DEVICES; id++) {
		snprintf(path, sizeof(path), DEVICES_FOLDER "%s/vfio-dev",
			 kernel->devices[id].name);
		if (!strcmp(folder, path)) {
			snprintf(name, size, "vfio%u", id);
			return !index;
		}
	}
	if (sscanf(folder, GROUPS_FOLDER "/%u/devices", &id) != 1)
		return false;
	for (size_t i = 0; i < DEVICES; i++) {
		if (kernel->devices[i].group == id && !index--) {
			snprintf(name, size, "%s", kernel->devices[i].name);
			return true;
		}
	}
	return false;
}

int64_t fake_tree_records(struct fake_kernel *kernel, struct file *file, char *buffer, size_t room)
{
	size_t length = 0;
	char name[64];

	while (fake_tree_entry(kernel, file->path, file->position, name, sizeof(name))) {
		uint16_t size = (uint16_t)((19 + strlen(name) + 1 + 7) / 8 * 8);

		if (size > room - length)
			break;
		memset(buffer + length, 0, size);
		memcpy(buffer + length + 16, &size, sizeof(size));
		strcpy(buffer + length + 19, name);
		length += size;
		file->position++;
	}
	return (int64_t)length;
}
