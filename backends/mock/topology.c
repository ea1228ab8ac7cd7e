/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/topology.h"

#include "backends/mock/grouping.h"

#include <string.h>

static bool is_there(const struct mock_bus *bus)
{
	for (; bus; bus = bus->parent) {
		if (bus->bridge && bus->bridge->removed)
			return false;
		if (bus->host->real_dma && bus->host->real_dma->removed)
			return false;
	}
	return true;
}

struct mock_bus *mock_topology_bus(const struct mock_topology *topology, uint32_t segment,
				   unsigned int number)
{
	struct mock_bus *bus = topology->buses;

	while (bus && (bus->segment != segment || bus->number != number || !is_there(bus)))
		bus = bus->next;
	return bus;
}

const struct libiommu_mock_platform *mock_topology_platform(const struct mock_topology *topology,
							    const char *name)
{
	for (size_t i = 0; i < topology->platform_count; i++) {
		if (strcmp(topology->platforms[i].name, name) == 0)
			return &topology->platforms[i];
	}
	return mock_grouping_find(name);
}

bool mock_function_is_bridge(const struct mock_function *function)
{
	switch (function->seen.type) {
	case LIBIOMMU_MOCK_ROOT_PORT:
	case LIBIOMMU_MOCK_UPSTREAM_PORT:
	case LIBIOMMU_MOCK_DOWNSTREAM_PORT:
	case LIBIOMMU_MOCK_PCIE_PCI_BRIDGE:
	case LIBIOMMU_MOCK_PCI_PCIE_BRIDGE:
	case LIBIOMMU_MOCK_PCI_BRIDGE:
		return true;
	default:
		return false;
	}
}

bool mock_function_is_aliased(const struct mock_function *function, unsigned int devfn)
{
	return function->aliases[devfn / 64] >> devfn % 64 & 1;
}

void mock_topology_place(struct mock_function *function, bool last)
{
	struct mock_function **link;

	function->present = true;
	if (!function->bus)
		return;
	link = &function->bus->functions;
	while (*link && (last || (*link)->devfn < function->devfn))
		link = &(*link)->on_bus;
	function->on_bus = *link;
	*link = function;
}

void mock_topology_remove(struct mock_function *function)
{
	struct mock_function **link;

	function->removed = true;
	function->present = false;
	function->seen.group = LIBIOMMU_MOCK_GROUP_NONE;
	if (!function->bus)
		return;
	link = &function->bus->functions;
	while (*link && *link != function)
		link = &(*link)->on_bus;
	if (*link)
		*link = function->on_bus;
}

bool mock_function_hangs_on(const struct mock_function *function, const struct mock_function *other)
{
	if (function->pf == other || (function->host && function->host->real_dma == other))
		return true;
	for (const struct mock_bus *bus = function->bus; bus; bus = bus->parent) {
		if (bus->bridge == other)
			return true;
	}
	return false;
}

void mock_topology_boot(struct mock_topology *topology)
{
	for (struct mock_function *at = topology->functions; at; at = at->next) {
		if (at->present || at->seen.type == LIBIOMMU_MOCK_VF)
			continue;
		/* Whatever its header says: function 0 has led to it. */
		at->multifunction |= at->bus && at->devfn % 8;
		mock_topology_place(at, false);
	}
}

/* A walk, so that its parts need not hand everything on. */
struct settling {
	unsigned int rank;
	int (*visit)(void *data, struct mock_function *function);
	void *data;
};

static int settle_one(const struct settling *settling, struct mock_function *function)
{
	if (function->settled || function->rank != settling->rank)
		return 0;
	if (!function->present)
		mock_topology_place(function, true);
	function->settled = true;
	return settling->visit(settling->data, function);
}

/* All that sits on a bus is found before a bridge of it is looked behind. */
static int settle_bus(const struct settling *settling, const struct mock_bus *bus)
{
	int rc = 0;

	for (struct mock_function *at = bus->functions; at && !rc; at = at->on_bus)
		rc = settle_one(settling, at);
	for (struct mock_function *at = bus->functions; at && !rc; at = at->on_bus) {
		if (at->below)
			rc = settle_bus(settling, at->below);
	}
	return rc;
}

static int settle_rank(const struct settling *settling, const struct mock_topology *topology)
{
	int rc = 0;

	for (struct mock_function *at = topology->functions; at && !rc; at = at->next) {
		if (!at->bus)
			rc = settle_one(settling, at);
	}
	for (const struct mock_bus *bus = topology->buses; bus && !rc; bus = bus->next) {
		if (!bus->parent)
			rc = settle_bus(settling, bus);
	}
	for (struct mock_function *at = topology->functions; at && !rc; at = at->next)
		rc = settle_one(settling, at);
	return rc;
}

int mock_topology_settle(struct mock_topology *topology, unsigned int ranks,
			 int (*visit)(void *data, struct mock_function *function), void *data)
{
	struct settling settling = { .visit = visit, .data = data };
	int rc = 0;

	for (; settling.rank < ranks && !rc; settling.rank++)
		rc = settle_rank(&settling, topology);
	return rc;
}

int mock_topology_arrive(struct mock_topology *topology,
			 int (*visit)(void *data, struct mock_function *function), void *data)
{
	int rc = 0;

	for (struct mock_function *at = topology->functions; at && !rc; at = at->next) {
		const struct settling settling = { at->rank, visit, data };

		if (!at->removed)
			rc = settle_one(&settling, at);
	}
	return rc;
}

const struct libiommu_mock_platform *libiommu_mock_platform_find(const char *name)
{
	return name ? mock_grouping_find(name) : NULL;
}

const struct libiommu_mock_function *libiommu_mock_function_next(
	const struct libiommu_mock_function *any, const struct libiommu_mock_function *at)
{
	const struct mock_function *from = (const void *)(at ? at : any);

	if (!from)
		return NULL;
	from = at ? from->next : from->topology->functions;
	while (from && !from->present)
		from = from->next;
	return from ? &from->seen : NULL;
}
