/* SPDX-License-Identifier: BSD-2-Clause */
/* A machine with one device behind one IOMMU of a line's choice. */
#ifndef TESTS_UNIT_MOCK_HARDWARE_H
#define TESTS_UNIT_MOCK_HARDWARE_H

#include "tests/unit/mock-rig.h"

#include "backends/mock/translation.h"

#define BIT(n)       (UINT64_C(1) << (n))
#define LAST(bits)   (UINT64_MAX >> (64 - (bits)))
#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static struct rig rig;
static struct mock_claim dev;
static struct mock_domain dom;

static inline int open_with(const char *personality, const char *ram, const char *iommu)
{
	char text[300];

	snprintf(text, sizeof(text),
		 "personality %s\nram %s\niommu u %s\n"
		 "device 0000:00:03.0 iommu=u group=1 driver=vfio-pci dma-mask=64\n",
		 personality, ram, iommu);
	rig_open(&rig, text);
	rig_domain(&rig, &dom, LIBIOMMU_DOMAIN_PAGING);
	return rig_try_device(&rig, &dev, "0000:00:03.0");
}

static inline void attach_empty(struct libiommu_geometry *geometry)
{
	struct libiommu_backend_attach attach = { .size = sizeof(attach), .first = true };

	memset(geometry, 0, sizeof(*geometry));
	ck_assert_int_eq(mock->attach(&dev, &dom, &attach, geometry, &rig.failure), 0);
}

static inline void stop(void)
{
	ck_assert_int_eq(rig_detach(&rig, &dev, &dom, true, 0), 0);
	mock->device_close(&dev, 0);
	ck_assert_uint_eq(rig_pins(&rig), 0);
	ck_assert_uint_eq(mock_frames_used(&rig.ctx.machine->frames), 0);
	rig_close(&rig);
}

static inline struct mock_table *table(void)
{
	return dev.dev->group->reach.table;
}

#endif
