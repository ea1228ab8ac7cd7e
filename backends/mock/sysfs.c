/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/sysfs.h"

#include "backends/mock/front.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GROUPS   "kernel/iommu_groups"
#define IOMMUS   "devices/virtual/iommu"
#define CDEV     511u /* major number of VFIO's nodes, which no machine fixes */
#define NAME_MAX 64

/* Names come from the machine's text and become parts of paths. */
static bool is_component(const char *name)
{
	return *name && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && !strchr(name, '/');
}

static const char *bus_of(const struct mock_device *dev)
{
	return mock_is_bdf(dev->name) ? "pci" : "platform";
}

static void add_skeleton(struct mock_image *image)
{
	static const char *const folders[] = {
		"bus",
		"bus/pci",
		"bus/pci/devices",
		"bus/pci/drivers",
		"bus/platform",
		"bus/platform/devices",
		"bus/platform/drivers",
		"class",
		"class/iommu",
		"devices",
		"devices/platform",
		"devices/virtual",
		IOMMUS,
		"kernel",
		GROUPS,
	};

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		mock_image_folder(image, folders[i], "");
}

static void add_iommu(const struct mock_iommu *iommu, struct mock_image *image)
{
	char folder[NAME_MAX];

	snprintf(folder, sizeof(folder), IOMMUS "/%s", iommu->name);
	mock_image_folder(image, folder, "");
	mock_image_folder(image, folder, "devices");
	mock_image_link(image, folder, "subsystem", "class/iommu");
	mock_image_link(image, "class/iommu", iommu->name, folder);
}

static void add_driver(const struct mock_device *dev, const char *folder, struct mock_image *image)
{
	char driver[NAME_MAX];

	if (!dev->driver[0])
		return;
	snprintf(driver, sizeof(driver), "bus/%s/drivers/%s", bus_of(dev), dev->driver);
	mock_image_folder(image, driver, "");
	mock_image_link(image, driver, dev->name, folder);
	mock_image_link(image, folder, "driver", driver);
}

static void add_group_links(const struct mock_device *dev, const char *folder,
			    struct mock_image *image)
{
	char text[NAME_MAX];

	if (!dev->group)
		return;
	snprintf(text, sizeof(text), GROUPS "/%" PRIu32, dev->group->id);
	mock_image_link(image, folder, "iommu_group", text);
	snprintf(text, sizeof(text), IOMMUS "/%s", dev->group->iommu->name);
	mock_image_link(image, folder, "iommu", text);
	strncat(text, "/devices", sizeof(text) - strlen(text) - 1);
	mock_image_link(image, text, dev->name, folder);
}

/* Numbers are places in the machine's list, so that they stay when others come and go. */
static void add_vfio(const struct mock_device *dev, unsigned int number, const char *folder,
		     struct mock_image *image)
{
	char name[NAME_MAX];

	if (strcmp(dev->driver, "vfio-pci") != 0)
		return;
	mock_image_folder(image, folder, "vfio-dev");
	snprintf(name, sizeof(name), "vfio-dev/vfio%u", number);
	mock_image_folder(image, folder, name);
	strncat(name, "/dev", sizeof(name) - strlen(name) - 1);
	/* Where there are containers alone, devices have no nodes of their own. */
	if (!dev->machine->personality->vessels)
		mock_image_text(image, folder, name, "%u:%u\n", CDEV, number);
}

static int add_device(const struct mock_device *dev, unsigned int number, struct mock_image *image)
{
	char folder[MOCK_PATH], text[NAME_MAX];

	if (!mock_sysfs_path(dev, folder))
		return -ENAMETOOLONG;
	*strrchr(folder, '/') = '\0';
	mock_image_folder(image, folder, "");
	folder[strlen(folder)] = '/';
	mock_image_folder(image, folder, "");
	snprintf(text, sizeof(text), "bus/%s", bus_of(dev));
	mock_image_link(image, folder, "subsystem", text);
	strncat(text, "/devices", sizeof(text) - strlen(text) - 1);
	mock_image_link(image, text, dev->name, folder);
	add_driver(dev, folder, image);
	add_group_links(dev, folder, image);
	add_vfio(dev, number, folder, image);
	mock_image_text(image, folder, "numa_node", "-1\n");
	if (mock_is_bdf(dev->name))
		mock_sysfs_pci(dev, folder, image);
	return 0;
}

static const char *reserved_name(enum libiommu_reserved_type type)
{
	switch (type) {
	case LIBIOMMU_RESERVED_DIRECT:
		return "direct";
	case LIBIOMMU_RESERVED_DIRECT_RELAXABLE:
		return "direct-relaxable";
	case LIBIOMMU_RESERVED_MSI:
		return "msi";
	default:
		return "reserved";
	}
}

/* At first nothing is kept, only counted. */
struct ranges {
	struct libiommu_reserved *at;
	size_t count;
};

static int keep(void *data, const struct libiommu_reserved *reserved)
{
	struct ranges *ranges = data;

	if (ranges->at)
		ranges->at[ranges->count] = *reserved;
	ranges->count++;
	return 0;
}

static int by_start(const void *a, const void *b)
{
	const struct libiommu_reserved *x = a, *y = b;

	if (x->range.start != y->range.start)
		return x->range.start < y->range.start ? -1 : 1;
	return (x->range.last > y->range.last) - (x->range.last < y->range.last);
}

static int add_reserved(const struct mock_group *group, const char *folder,
			struct mock_image *image)
{
	struct ranges ranges = { NULL, 0 };
	size_t bytes;

	mock_image_bytes(image, folder, "reserved_regions", NULL, 0);
	mock_group_reserved(group, keep, &ranges);
	if (!ranges.count)
		return 0;
	bytes = ranges.count * sizeof(*ranges.at);
	ranges.at = image->mem->alloc(image->mem->data, bytes, sizeof(uint64_t));
	if (!ranges.at)
		return -ENOMEM;
	ranges.count = 0;
	mock_group_reserved(group, keep, &ranges);
	qsort(ranges.at, ranges.count, sizeof(*ranges.at), by_start);
	for (size_t i = 0; i < ranges.count; i++)
		mock_image_more(image, "0x%016" PRIx64 " 0x%016" PRIx64 " %s\n",
				ranges.at[i].range.start, ranges.at[i].range.last,
				reserved_name(ranges.at[i].type));
	image->mem->free(image->mem->data, ranges.at, bytes);
	return 0;
}

static int add_group(const struct mock_group *group, struct mock_image *image)
{
	char folder[NAME_MAX], members[NAME_MAX + 16], path[MOCK_PATH], name[MOCK_GROUP_NAME];

	snprintf(folder, sizeof(folder), GROUPS "/%" PRIu32, group->id);
	snprintf(members, sizeof(members), "%s/devices", folder);
	mock_image_folder(image, folder, "");
	mock_image_folder(image, members, "");
	for (const struct mock_device *dev = group->devices; dev; dev = dev->in_group) {
		if (mock_device_is_gone(dev))
			continue;
		if (!mock_sysfs_path(dev, path))
			return -ENAMETOOLONG;
		mock_image_link(image, members, dev->name, path);
	}
	mock_image_text(image, folder, "type", MOCK_GROUP_TYPE "\n");
	mock_group_name(group, name);
	if (name[0])
		mock_image_text(image, folder, "name", "%s\n", name);
	return add_reserved(group, folder, image);
}

/* @return a name that cannot be one in a folder; NULL: there is none */
static const char *find_bad_name(const struct mock_machine *machine)
{
	for (const struct mock_iommu *at = machine->iommus; at; at = at->next) {
		if (!is_component(at->name))
			return at->name;
	}
	for (const struct mock_device *at = machine->devices; at; at = at->next) {
		if (at->driver[0] && !is_component(at->driver))
			return at->driver;
	}
	return NULL;
}

int mock_sysfs_describe(const struct mock_machine *machine, struct mock_image *image,
			struct libiommu_failure *failure)
{
	const char *bad = find_bad_name(machine);
	unsigned int number = 0;
	int rc = 0;

	if (bad)
		return libiommu_refuse(failure, LIBIOMMU_REASON_BAD_NAME, bad,
				       "It cannot be the name of a folder.");
	add_skeleton(image);
	for (const struct mock_iommu *at = machine->iommus; at; at = at->next)
		add_iommu(at, image);
	for (const struct mock_device *at = machine->devices; at && !rc; at = at->next, number++) {
		if (!mock_device_is_gone(at))
			rc = add_device(at, number, image);
	}
	for (const struct mock_group *at = machine->groups; at && !rc; at = at->next) {
		if (mock_group_is_alive(at))
			rc = add_group(at, image);
	}
	rc = rc ? rc : image->error;
	if (rc == -ENOMEM)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	return rc ? libiommu_refuse_kernel(failure, rc, "mkdirat", NULL) : 0;
}
