/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/config.h"
#include "backends/mock/model.h"
#include "backends/mock/sysfs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define REVISION    0x08
#define HEADER_TYPE 0x0e
#define BAR0        0x10
#define PRIMARY_BUS 0x18
#define SUBSYSTEM   0x2c
#define LINES       13 /* of "resource": BARs, ROM, those of SR-IOV */
#define MEMORY_BAR  UINT64_C(0x40200)
#define WIDE_BAR    UINT64_C(0x140204)

/* How it looks after power-on. Its own registers are under a lock that is taken before the machine's. */
static void power_on(struct mock_device *scratch, const struct mock_device *dev)
{
	*scratch = (struct mock_device){
		.vendor = dev->vendor,
		.device = dev->device,
		.class_code = dev->class_code,
		.model = dev->model,
	};
	memcpy(scratch->interrupts.there, dev->interrupts.there, sizeof(dev->interrupts.there));
	mock_config_reset(scratch);
}

static unsigned int last_bus(const struct mock_function *bridge)
{
	unsigned int last = bridge->below->number;

	for (const struct mock_bus *bus = bridge->topology->buses; bus; bus = bus->next) {
		for (const struct mock_bus *at = bus; at; at = at->parent) {
			if (at == bridge->below && bus->number > last)
				last = bus->number;
		}
	}
	return last;
}

/* A header of type 1 has no subsystem in this place, and tells the buses. */
static void make_bridge(struct mock_device *scratch, const struct mock_function *function)
{
	unsigned char *config = scratch->config;

	memset(config + BAR0, 0, 0x34 - BAR0);
	config[HEADER_TYPE] = 1;
	config[PRIMARY_BUS] = (unsigned char)function->bus->number;
	config[PRIMARY_BUS + 1] = (unsigned char)function->below->number;
	config[PRIMARY_BUS + 2] = (unsigned char)last_bus(function);
}

static void add_resources(struct mock_device *scratch, const char *folder, struct mock_image *image)
{
	bool upper = false;

	mock_image_bytes(image, folder, "resource", NULL, 0);
	for (unsigned int i = 0; i < LINES; i++) {
		uint64_t size = i < 6 ? scratch->model->bar_size[i] : 0, start = 0, flags = 0;
		bool wide = i < 6 && scratch->model->wide_bars >> i & 1;

		if (size && !upper) {
			start = mock_config_read(scratch, BAR0 + 4 * i, wide ? 8 : 4) &
				~UINT64_C(0xf);
			flags = wide ? WIDE_BAR : MEMORY_BAR;
		}
		upper = wide && !upper;
		mock_image_more(image, "0x%016" PRIx64 " 0x%016" PRIx64 " 0x%016" PRIx64 "\n",
				start, flags ? start + size - 1 : 0, flags);
	}
}

static void add_uevent(const struct mock_device *dev, const struct mock_device *scratch,
		       const char *folder, struct mock_image *image)
{
	const unsigned int sub_vendor = (unsigned int)mock_config_read(scratch, SUBSYSTEM, 2);
	const unsigned int sub_device = (unsigned int)mock_config_read(scratch, SUBSYSTEM + 2, 2);
	char alias[96];

	snprintf(alias, sizeof(alias),
		 "pci:v%08" PRIX32 "d%08" PRIX32 "sv%08Xsd%08Xbc%02" PRIX32 "sc%02" PRIX32
		 "i%02" PRIX32 "\n",
		 dev->vendor, dev->device, sub_vendor, sub_device, dev->class_code >> 16 & 0xff,
		 dev->class_code >> 8 & 0xff, dev->class_code & 0xff);
	mock_image_text(image, folder, "subsystem_vendor", "0x%04x\n", sub_vendor);
	mock_image_text(image, folder, "subsystem_device", "0x%04x\n", sub_device);
	mock_image_text(image, folder, "modalias", "%s", alias);
	mock_image_bytes(image, folder, "uevent", NULL, 0);
	if (dev->driver[0])
		mock_image_more(image, "DRIVER=%s\n", dev->driver);
	mock_image_more(image, "PCI_CLASS=%04" PRIX32 "\nPCI_ID=%04" PRIX32 ":%04" PRIX32 "\n",
			dev->class_code, dev->vendor, dev->device);
	mock_image_more(image, "PCI_SUBSYS_ID=%04X:%04X\nPCI_SLOT_NAME=%s\nMODALIAS=%s", sub_vendor,
			sub_device, dev->name, alias);
}

static unsigned int count_vfs(const struct mock_function *pf)
{
	unsigned int count = 0;

	for (const struct mock_function *at = pf->topology->functions; at; at = at->next)
		count += at->pf == pf && !mock_device_is_gone(at->owner);
	return count;
}

static unsigned int number_of(const struct mock_function *function)
{
	return function->bus->number << 8 | function->devfn;
}

/* Both links between a VF and the function that it is of. */
static void add_virtual(const struct mock_function *vf, const char *folder,
			struct mock_image *image)
{
	const struct mock_function *pf = vf->pf;
	char path[MOCK_PATH], name[32];

	if (mock_device_is_gone(pf->owner) || !mock_sysfs_path(pf->owner, path))
		return;
	snprintf(name, sizeof(name), "virtfn%u",
		 (number_of(vf) - number_of(pf) - pf->vf_offset) / pf->vf_stride);
	mock_image_link(image, folder, "physfn", path);
	mock_image_link(image, path, name, folder);
}

static void add_function(const struct mock_function *function, const char *folder,
			 struct mock_image *image)
{
	if (function->vf_total) {
		mock_image_text(image, folder, "sriov_totalvfs", "%u\n", function->vf_total);
		mock_image_text(image, folder, "sriov_numvfs", "%u\n", count_vfs(function));
	}
	if (function->pf)
		add_virtual(function, folder, image);
}

void mock_sysfs_pci(const struct mock_device *dev, const char *folder, struct mock_image *image)
{
	const struct mock_function *function = dev->function;
	struct mock_device scratch;

	power_on(&scratch, dev);
	if (function && function->below)
		make_bridge(&scratch, function);
	if (function && function->multifunction)
		scratch.config[HEADER_TYPE] |= 0x80;
	mock_image_bytes(image, folder, "config", scratch.config, sizeof(scratch.config));
	mock_image_text(image, folder, "class", "0x%06" PRIx32 "\n", dev->class_code);
	mock_image_text(image, folder, "vendor", "0x%04" PRIx32 "\n", dev->vendor);
	mock_image_text(image, folder, "device", "0x%04" PRIx32 "\n", dev->device);
	mock_image_text(image, folder, "revision", "0x%02x\n", scratch.config[REVISION]);
	mock_image_text(image, folder, "irq", "0\n");
	add_uevent(dev, &scratch, folder, image);
	add_resources(&scratch, folder, image);
	if (function && function->bus)
		add_function(function, folder, image);
}
