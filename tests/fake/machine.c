/* SPDX-License-Identifier: BSD-2-Clause */
/* The machine of the fake kernel, from its beginning to its end. */
#include "tests/fake/internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *name;
	unsigned int group;
	uint16_t vendor, id;
	uint32_t class_code;
	const char *driver;
} machine[DEVICES] = {
	{ "0000:00:03.0", 1, 0x1234, 0x11e8, 0x00ff00, "vfio-pci" },
	{ "0000:00:04.0", 2, 0x1234, 0x11e8, 0x00ff00, "vfio-pci" },
	{ "0000:00:05.0", 3, 0x1234, 0x11e8, 0x00ff00, "vfio-pci" },
	{ "0000:00:05.1", 3, 0x1234, 0x11e8, 0x00ff00, "vfio-pci" },
	{ "0000:00:05.2", 3, 0x1234, 0x11e8, 0x00ff00, "vfio-pci" },
	{ "0000:00:1f.0", 4, 0x8086, 0x2918, 0x060100, "" },
	{ "0000:00:1f.2", 4, 0x8086, 0x2922, 0x010601, "vfio-pci" },
	{ "0000:00:1f.3", 4, 0x8086, 0x2930, 0x0c0500, "i801_smbus" },
	{ "0000:00:02.0", 5, 0x8086, 0x10d3, 0x020000, "e1000e" },
	{ "0000:00:06.0", 0, 0x1af4, 0x1000, 0x020000, "" },
};

static void make_device(struct fake_kernel *kernel, size_t i)
{
	struct device *device = &kernel->devices[i];

	device->name = machine[i].name;
	device->group = machine[i].group;
	device->vendor = machine[i].vendor;
	device->id = machine[i].id;
	device->class_code = machine[i].class_code;
	strcpy(device->driver, machine[i].driver);
	device->memory = -1;
	for (unsigned int kind = 0; kind < IRQ_KINDS; kind++)
		device->events[kind] = -1;
	kernel->groups[device->group].used = device->group != 0;
}

/* Memory is looked at by madvise, where it can do that. */
static bool can_populate(const struct libiommu_sys *base)
{
	void *page;
	int rc;

	if (base->mmap(base->data, NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
		       -1, 0, &page) < 0)
		return false;
	rc = base->madvise(base->data, page, PAGE, MADV_POPULATE_WRITE);
	base->munmap(base->data, page, PAGE);
	return rc == 0;
}

struct fake_kernel *fake_kernel_new(void)
{
	struct fake_kernel *kernel = calloc(1, sizeof(*kernel));

	if (!kernel || pthread_mutex_init(&kernel->lock, NULL)) {
		free(kernel);
		return NULL;
	}
	kernel->base = libiommu_sys_default();
	kernel->populates = can_populate(kernel->base);
	kernel->sys = fake_sys;
	kernel->sys.data = kernel;
	/* Nobody writes into this kernel's tree; the real ones do not look at data. */
	kernel->sys.mkdirat = kernel->base->mkdirat;
	kernel->sys.symlinkat = kernel->base->symlinkat;
	kernel->sys.createat = kernel->base->createat;
	kernel->sys.unlinkat = kernel->base->unlinkat;
	kernel->sys.renameat = kernel->base->renameat;
	kernel->knobs[FAKE_ENTRY_LIMIT] = 65535;
	kernel->knobs[FAKE_MEMLOCK] = UINT64_MAX;
	kernel->knobs[FAKE_ADDRESS_BITS] = 39;
	for (size_t i = 0; i < DEVICES; i++) {
		make_device(kernel, i);
		kernel->devices[i].memory = memfd_create("bar", MFD_CLOEXEC);
		if (kernel->devices[i].memory < 0 ||
		    ftruncate(kernel->devices[i].memory, (off_t)EDU_MEMORY_SIZE)) {
			fake_kernel_free(kernel);
			return NULL;
		}
	}
	for (unsigned int group = 1; group < GROUPS; group++)
		fake_kernel_reserve(kernel, group, 0xfee00000, 0xfeefffff, "msi");
	return kernel;
}

void fake_kernel_free(struct fake_kernel *kernel)
{
	if (!kernel)
		return;
	for (size_t i = 0; i < MAX_FDS; i++)
		if (kernel->files[i].kind != FREE)
			fake_file_close(kernel, &kernel->files[i]);
	for (size_t i = 0; i < DEVICES; i++)
		if (kernel->devices[i].name && kernel->devices[i].memory >= 0)
			close(kernel->devices[i].memory);
	pthread_mutex_destroy(&kernel->lock);
	free(kernel);
}

const struct libiommu_sys *fake_kernel_sys(struct fake_kernel *kernel)
{
	return &kernel->sys;
}
