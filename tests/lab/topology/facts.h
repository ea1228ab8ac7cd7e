/* SPDX-License-Identifier: BSD-2-Clause */
/* What a guest's PCI devices say of themselves: their configuration space, and where sysfs has them. */
#ifndef LAB_TOPOLOGY_FACTS_H
#define LAB_TOPOLOGY_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct facts {
	char name[16];
	char root[16];  /* its root bus: "0000:40" */
	char iommu[64]; /* as sysfs calls it; "": none */
	char driver[64];
	unsigned int segment, bus, devfn;
	unsigned int vendor, device, class_code;
	bool virtual_function;
	bool bridge; /* by its header */
	bool express;
	unsigned int port_type; /* of PCIe */
	bool multifunction;
	unsigned int below; /* a bridge's secondary bus */
	bool has_acs;
	unsigned int acs_cap, acs_on;
	unsigned int vfs[3]; /* how many there can be, offset, stride */
};

/* All PCI devices, bridges before what is below them. @return how many; 0: it cannot be read */
size_t facts_read(struct facts *all, size_t room);

/* The mock's text for them. */
void facts_write(const struct facts *all, size_t count, FILE *out);
/* One device's line of it. */
void facts_write_device(const struct facts *all, size_t i, FILE *out);

#endif
