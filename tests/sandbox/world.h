/* SPDX-License-Identifier: BSD-2-Clause */
/* What the privileged half of the test has opened, and how it looks at it afterwards. */
#ifndef SANDBOX_WORLD_H
#define SANDBOX_WORLD_H

#include <libiommu/libiommu.h>

#define PAGE 4096ull
/* Where somebody else has mapped, in what is adopted; where the library maps. */
#define FOREIGN_IOVA  0x40000000ull
#define FOREIGN_PAGES 4
#define OUR_IOVA      0x10000000ull
#define OUR_PAGES     4

/* How far the privileged half goes before it hands over. */
enum stage {
	OPENED, /* descriptors, nothing more */
	FILLED  /* an address space with the device and a mapping in it */
};

struct world {
	const char *backend; /* vfio, iommufd */
	const char *device;
	const struct libiommu_sys *sys;
	enum stage stage;
	int container, group, iommufd, cdev, sysfs, event;
	uint32_t group_id, devid;
	uint64_t ioas;
	char *memory;  /* OUR_PAGES */
	char *foreign; /* FOREIGN_PAGES */
	/* The device asks for a page; 0: a queue has it. NULL: this device cannot be told to. */
	int (*ask)(void);
};

/* @return 0, or a negative errno with *what it was that failed */
int world_open(struct world *world, enum stage stage, const char **what);
/* FILLED: is the foreign mapping still there, and ours gone? */
bool world_as_left(struct world *world);
void world_close(struct world *world);

#endif
