/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/grouping.h"

#include <string.h>

static const struct mock_function *inner(const struct libiommu_mock_function *function)
{
	return (const void *)function;
}

/* The group of the first function that shares with this one. */
static int64_t join(const struct mock_function *function,
		    bool (*shares)(const struct mock_function *a, const struct mock_function *b))
{
	for (const struct mock_function *at = function->topology->functions; at; at = at->next) {
		if (at != function && at->present && at->seen.group >= 0 && shares(at, function))
			return at->seen.group;
	}
	return LIBIOMMU_MOCK_GROUP_NEW;
}

static bool same_host(const struct mock_function *a, const struct mock_function *b)
{
	return a->host && a->host == b->host;
}

static int64_t by_host(void *data, const struct libiommu_mock_function *function)
{
	(void)data;
	return join(inner(function), same_host);
}

static bool same_iommu(const struct mock_function *a, const struct mock_function *b)
{
	return a->rank == b->rank && a->platform == b->platform;
}

static int64_t by_iommu(void *data, const struct libiommu_mock_function *function)
{
	(void)data;
	return join(inner(function), same_iommu);
}

static bool same_stream(const struct mock_function *a, const struct mock_function *b)
{
	return a->has_stream && b->has_stream && a->stream == b->stream && same_iommu(a, b);
}

/* A function whose stream nobody shares is like any other of its bus. */
static int64_t by_stream(void *data, const struct libiommu_mock_function *function)
{
	int64_t group = join(inner(function), same_stream);

	return group < 0 ? mock_group_by_acs(data, function) : group;
}

static int64_t each_alone(void *data, const struct libiommu_mock_function *function)
{
	(void)data;
	(void)function;
	return LIBIOMMU_MOCK_GROUP_NEW;
}

/* The bus that a function's endpoint is: its own, or the first one below a bridge to PCI. */
static const struct mock_bus *endpoint_bus(const struct mock_function *function)
{
	const struct mock_bus *found = function->bus;

	for (const struct mock_bus *bus = function->bus; bus; bus = bus->parent) {
		if (bus->bridge && (bus->bridge->seen.type == LIBIOMMU_MOCK_PCIE_PCI_BRIDGE ||
				    bus->bridge->seen.type == LIBIOMMU_MOCK_PCI_BRIDGE))
			found = bus;
	}
	return found;
}

static bool same_endpoint(const struct mock_function *a, const struct mock_function *b)
{
	if (a->platform != b->platform)
		return false;
	if (a->has_pe || b->has_pe)
		return a->has_pe && b->has_pe && a->pe == b->pe && a->host == b->host;
	if (a->seen.type == LIBIOMMU_MOCK_VF || b->seen.type == LIBIOMMU_MOCK_VF)
		return false;
	return endpoint_bus(a) == endpoint_bus(b);
}

static int64_t by_endpoint(void *data, const struct libiommu_mock_function *function)
{
	const struct mock_function *self = inner(function);
	bool outside = !self->bus || (!self->has_pe && !endpoint_bus(self)->parent);

	(void)data;
	/* That of a root bus is reserved, and a bridge is no reason for a table. */
	if (outside || mock_function_is_bridge(self) || self->quirks & MOCK_QUIRK_NO_PE)
		return LIBIOMMU_MOCK_GROUP_NONE;
	return join(self, same_endpoint);
}

static size_t host_windows(void *data, const struct libiommu_mock_function *first,
			   struct libiommu_range *windows, size_t room)
{
	const struct mock_host *host = inner(first)->host;
	size_t count = host ? host->window_count : 0;

	(void)data;
	if (count > room)
		count = room;
	if (count)
		memcpy(windows, host->windows, count * sizeof(*windows));
	return count;
}

const struct libiommu_mock_platform *mock_grouping_find(const char *name)
{
	static const struct libiommu_mock_platform known[] = {
		{ sizeof(known[0]), "pci-acs", NULL, mock_group_by_acs, host_windows },
		{ sizeof(known[0]), "host-bridge", NULL, by_host, host_windows },
		{ sizeof(known[0]), "partitionable-endpoint", NULL, by_endpoint, host_windows },
		{ sizeof(known[0]), "single", NULL, by_iommu, host_windows },
		{ sizeof(known[0]), "generic", NULL, each_alone, host_windows },
		{ sizeof(known[0]), "stream", NULL, by_stream, host_windows },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (strcmp(known[i].name, name) == 0)
			return &known[i];
	}
	return NULL;
}
