/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Groups of PCI functions as Linux 7.2 makes them. It asks once for each function, and looks for
 * a group that is there already; so the order of the questions is a part of the answer.
 */
#include "backends/mock/grouping.h"

#include <stddef.h>

/* What must be on, or not be there to be turned on, so that nobody reaches a neighbour. */
#define REQUIRED (MOCK_ACS_SV | MOCK_ACS_RR | MOCK_ACS_CR | MOCK_ACS_UF)

#define NOTHING LIBIOMMU_MOCK_GROUP_NONE

/* Functions of one bus that have been looked at. */
struct seen {
	uint64_t devfns[4];
};

static bool acs_on(const struct mock_function *function, uint32_t required)
{
	return function->has_acs && !(required & function->acs_cap & ~function->acs_on);
}

static bool isolated_by(const struct mock_function *function, uint32_t required)
{
	if (function->quirks & MOCK_QUIRK_ISOLATED)
		return true;
	if (function->quirks & MOCK_QUIRK_NOT_ISOLATED)
		return false;
	switch (function->seen.type) {
	case LIBIOMMU_MOCK_ROOT_PORT:
	case LIBIOMMU_MOCK_DOWNSTREAM_PORT:
		return acs_on(function, required);
	case LIBIOMMU_MOCK_ENDPOINT:
	case LIBIOMMU_MOCK_LEGACY_ENDPOINT:
	case LIBIOMMU_MOCK_RC_ENDPOINT:
	case LIBIOMMU_MOCK_UPSTREAM_PORT:
		return !function->multifunction || acs_on(function, required);
	case LIBIOMMU_MOCK_VF:
		return true;
	default:
		return false;
	}
}

static bool isolated(const struct mock_function *function)
{
	return isolated_by(function, REQUIRED);
}

static bool path_isolated(const struct mock_function *bridge)
{
	while (bridge && isolated(bridge))
		bridge = bridge->bus->bridge;
	return !bridge;
}

static const struct mock_function *real_dma(const struct mock_function *function)
{
	return function->host->real_dma ? function->host->real_dma : function;
}

/* Do requests from below come out of this bridge as if they were its own? */
static bool takes_over(const struct mock_function *bridge)
{
	switch (bridge->seen.type) {
	case LIBIOMMU_MOCK_PCIE_PCI_BRIDGE:
		return !(bridge->quirks & MOCK_QUIRK_NO_ALIAS);
	case LIBIOMMU_MOCK_PCI_PCIE_BRIDGE:
	case LIBIOMMU_MOCK_PCI_BRIDGE:
		return true;
	default:
		return false;
	}
}

/* The last one whose requester id the IOMMU may see, or an earlier one that has a group. */
static const struct mock_function *walk_aliases(const struct mock_function *function)
{
	const struct mock_function *last = real_dma(function);

	for (const struct mock_bus *bus = last->bus; bus && last->seen.group < 0;
	     bus = bus->parent) {
		const struct mock_function *bridge = bus->bridge;

		if (!bridge)
			continue;
		if (bridge->quirks & MOCK_QUIRK_TRANSLATION_ROOT)
			break;
		if (takes_over(bridge))
			last = bridge;
	}
	return last;
}

/* The topmost one that cannot be told apart for want of ACS, or an earlier one that has a group. */
static const struct mock_function *climb(const struct mock_function *function)
{
	for (const struct mock_bus *bus = function->bus; bus; bus = bus->parent) {
		if (!bus->bridge)
			continue;
		if (path_isolated(bus->bridge))
			break;
		function = bus->bridge;
		if (function->seen.group >= 0)
			break;
	}
	return function;
}

static bool are_aliases(const struct mock_function *a, const struct mock_function *b)
{
	return mock_function_is_aliased(a, b->devfn) || mock_function_is_aliased(b, a->devfn) ||
	       real_dma(a) == b || real_dma(b) == a;
}

static int64_t function_group(const struct mock_function *function, struct seen *seen);

static int64_t alias_group(const struct mock_function *function, struct seen *seen)
{
	uint64_t *word = &seen->devfns[function->devfn / 64];
	uint64_t bit = UINT64_C(1) << function->devfn % 64;
	int64_t group = NOTHING;

	if (*word & bit)
		return NOTHING;
	*word |= bit;
	if (function->seen.group >= 0)
		return function->seen.group;
	for (const struct mock_function *at = function->bus->functions; at && group < 0;
	     at = at->on_bus) {
		if (at == function || !are_aliases(function, at))
			continue;
		group = alias_group(at, seen);
		if (group < 0)
			group = function_group(at, seen);
	}
	return group;
}

static int64_t function_group(const struct mock_function *function, struct seen *seen)
{
	int64_t group = NOTHING;

	if (!function->multifunction || isolated(function))
		return NOTHING;
	for (const struct mock_function *at = function->bus->functions; at && group < 0;
	     at = at->on_bus) {
		if (at != function && at->devfn / 8 == function->devfn / 8 && !isolated(at))
			group = alias_group(at, seen);
	}
	return group;
}

int64_t mock_group_by_acs(void *data, const struct libiommu_mock_function *function)
{
	const struct mock_function *at = (const void *)function;
	struct seen seen = { { 0 } };
	int64_t group;

	(void)data;
	if (!at->bus)
		return LIBIOMMU_MOCK_GROUP_NEW;
	at = walk_aliases(at);
	if (at->seen.group < 0)
		at = climb(at);
	group = alias_group(at, &seen);
	if (group < 0)
		group = function_group(at, &seen);
	return group < 0 ? LIBIOMMU_MOCK_GROUP_NEW : group;
}

/* A request with a PASID is routed by its address alone: nothing on the way may look at that. */
bool mock_function_isolates_pasids(const struct mock_function *function)
{
	while (function && function->bus && isolated_by(function, MOCK_ACS_RR | MOCK_ACS_UF)) {
		const struct mock_bus *bus = function->bus;

		/* No bridge leads to some buses of virtual functions. */
		while (bus && !bus->bridge)
			bus = bus->parent;
		function = bus ? bus->bridge : NULL;
	}
	return !function || !function->bus;
}
