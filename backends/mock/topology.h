/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Buses, bridges and functions of a machine. Nothing here knows of page tables or of contexts,
 * so that the rules of grouping can be judged by the topology alone.
 *
 * Everything is added, nothing is freed before the end. A function that is not there, or not yet,
 * is not `present`.
 */
#ifndef BACKENDS_MOCK_TOPOLOGY_H
#define BACKENDS_MOCK_TOPOLOGY_H

#include <libiommu/backend.h>
#include <libiommu/mock_platform.h>

/* Bits of the ACS registers. */
#define MOCK_ACS_SV UINT32_C(0x01)
#define MOCK_ACS_TB UINT32_C(0x02)
#define MOCK_ACS_RR UINT32_C(0x04)
#define MOCK_ACS_CR UINT32_C(0x08)
#define MOCK_ACS_UF UINT32_C(0x10)
#define MOCK_ACS_EC UINT32_C(0x20)
#define MOCK_ACS_DT UINT32_C(0x40)

#define MOCK_WINDOWS 8

enum mock_quirk {
	MOCK_QUIRK_ISOLATED = 1 << 0,         /* known to be, whatever its ACS says */
	MOCK_QUIRK_NOT_ISOLATED = 1 << 1,     /* known not to be */
	MOCK_QUIRK_NO_ALIAS = 1 << 2,         /* a PCIe-to-PCI bridge that keeps requester ids */
	MOCK_QUIRK_TRANSLATION_ROOT = 1 << 4, /* requests are translated at this bridge */
	MOCK_QUIRK_NO_PE = 1 << 5             /* the firmware gave it no partitionable endpoint */
};

struct mock_bus;
struct mock_topology;

struct mock_host {
	struct mock_host *next;
	char name[12];
	const char *iommu; /* for what says nothing else; NULL: none */
	unsigned int rank; /* of that IOMMU */
	const struct libiommu_mock_platform *platform;
	const struct mock_function *real_dma; /* what its devices appear as; NULL: themselves */
	struct libiommu_range windows[MOCK_WINDOWS];
	size_t window_count;
};

struct mock_function {
	struct libiommu_mock_function seen; /* what a platform sees; first */
	struct mock_topology *topology;
	struct mock_function *next;   /* in the order of the text */
	struct mock_function *on_bus; /* next one of its bus */
	struct mock_host *host;       /* NULL: not on a PCI bus */
	struct mock_bus *bus;         /* that it sits on; NULL: not on a PCI bus */
	struct mock_bus *below;       /* of a bridge */
	const struct libiommu_mock_platform *platform;
	void *owner;                    /* the device, for whom the topology is */
	const struct mock_function *pf; /* whose VF it is; NULL: none, or not told */
	unsigned int vf_total;          /* 0: it can have none */
	unsigned int vf_offset;
	unsigned int vf_stride;
	unsigned int rank; /* of its IOMMU among all */
	unsigned int devfn;
	bool present;
	bool removed; /* it was, and will not be again */
	bool settled; /* its group has been asked for */
	bool multifunction;
	bool has_acs;
	uint32_t acs_cap;
	uint32_t acs_on;
	uint32_t quirks;     /* enum mock_quirk */
	uint64_t aliases[4]; /* devfns that its requests may carry as well */
	bool has_pe;
	uint64_t pe;
	bool has_stream;
	uint64_t stream;
};

struct mock_bus {
	struct mock_bus *next;
	struct mock_host *host;
	struct mock_bus *parent;      /* NULL: a root bus */
	struct mock_function *bridge; /* NULL: a root bus, or a bus of VFs alone */
	struct mock_function *functions;
	uint32_t segment;
	unsigned int number;
};

struct mock_topology {
	struct mock_host *hosts;
	struct mock_bus *buses;
	struct mock_function *functions;
	struct libiommu_mock_platform *platforms; /* that the program brought */
	size_t platform_count;
	const struct mock_function *pf; /* that is about to get VFs; NULL: none */
};

/* A bus whose bridge was removed is none any more. */
struct mock_bus *mock_topology_bus(const struct mock_topology *topology, uint32_t segment,
				   unsigned int number);
const struct libiommu_mock_platform *mock_topology_platform(const struct mock_topology *topology,
							    const char *name);

bool mock_function_is_bridge(const struct mock_function *function);
bool mock_function_is_aliased(const struct mock_function *function, unsigned int devfn);

/* Put it on its bus: behind all that came before it, or at its place among them. */
void mock_topology_place(struct mock_function *function, bool last);

/* Take it from its bus. Buses and numbers below a bridge go with it. */
void mock_topology_remove(struct mock_function *function);
/* Is it below this bridge, a VF of this function, or behind this device (VMD)? */
bool mock_function_hangs_on(const struct mock_function *function,
			    const struct mock_function *other);

/* All that came with the machine are there at once; VFs come when they are visited. */
void mock_topology_boot(struct mock_topology *topology);

/*
 * Visit each function that was not settled in the order in which Linux meets them: by IOMMU,
 * platform devices first, the functions of a bus before what is below its bridges, VFs last.
 * A visitor's answer that is not 0 ends it and is returned.
 */
int mock_topology_settle(struct mock_topology *topology, unsigned int ranks,
			 int (*visit)(void *data, struct mock_function *function), void *data);
/* The same for functions that appear later, in the order of the text. */
int mock_topology_arrive(struct mock_topology *topology,
			 int (*visit)(void *data, struct mock_function *function), void *data);

#endif
