/* SPDX-License-Identifier: BSD-2-Clause */
/* From the answers of platforms to groups of the machine. */
#include "backends/mock/machine.h"

#include <stdio.h>

struct settling {
	struct mock_machine *machine;
	struct libiommu_failure *failure;
	uint32_t lowest; /* all numbers below are in use */
};

static uint32_t take_lowest(struct settling *settling)
{
	while (mock_machine_group(settling->machine, settling->lowest))
		settling->lowest++;
	return settling->lowest;
}

static struct mock_group *make_group(struct settling *settling, uint32_t id,
				     struct mock_device *first)
{
	const struct mock_function *function = first->function;
	struct mock_group *group = mock_machine_add_group(settling->machine, id, first->iommu);

	if (group && function->platform->dma_windows)
		group->window_count = function->platform->dma_windows(
			function->platform->data, &function->seen, group->windows, MOCK_WINDOWS);
	return group;
}

static int join(struct settling *settling, struct mock_device *dev, int64_t answer)
{
	uint32_t id = answer < 0 ? take_lowest(settling) : (uint32_t)answer;
	struct mock_group *group = mock_machine_group(settling->machine, id);

	if (answer > (int64_t)UINT32_MAX)
		return libiommu_refuse(settling->failure, LIBIOMMU_REASON_CONFIG_SYNTAX, dev->name,
				       "Its platform answered with a number of more than 32 bits.");
	if (!group)
		group = make_group(settling, id, dev);
	if (!group)
		return libiommu_refuse(settling->failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	if (group->iommu != dev->iommu)
		return libiommu_refuse(settling->failure, LIBIOMMU_REASON_CONFIG_SYNTAX, dev->name,
				       "It belongs into group %u, which is behind IOMMU %s.", id,
				       group->iommu->name);
	mock_group_add(group, dev);
	dev->function->seen.group = id;
	return 0;
}

static int settle(void *data, struct mock_function *function)
{
	struct settling *settling = data;
	struct mock_device *dev = function->owner;
	int64_t answer;

	if (!dev->iommu || dev->group)
		return 0;
	answer = function->platform->device_group(function->platform->data, &function->seen);
	return answer == LIBIOMMU_MOCK_GROUP_NONE ? 0 : join(settling, dev, answer);
}

/* What the text says itself is there before anything is computed. */
static void take_written(struct mock_machine *machine)
{
	for (struct mock_function *at = machine->topology.functions; at; at = at->next) {
		const struct mock_device *dev = at->owner;

		if (!at->removed && dev->group)
			at->seen.group = dev->group->id;
	}
}

int mock_machine_arrive(struct mock_machine *machine, struct libiommu_failure *failure)
{
	struct settling settling = { .machine = machine, .failure = failure };

	take_written(machine);
	return mock_topology_arrive(&machine->topology, settle, &settling);
}

int mock_machine_settle(struct mock_machine *machine, struct libiommu_failure *failure)
{
	struct settling settling = { .machine = machine, .failure = failure };
	unsigned int ranks = 1; /* what has no IOMMU comes last */

	for (const struct mock_iommu *at = machine->iommus; at; at = at->next)
		ranks++;
	take_written(machine);
	mock_topology_boot(&machine->topology);
	return mock_topology_settle(&machine->topology, ranks, settle, &settling);
}

void mock_topology_free(struct mock_machine *machine)
{
	struct mock_topology *topology = &machine->topology;

	for (struct mock_function *at = topology->functions, *next; at; at = next) {
		next = at->next;
		mock_free(machine, at, sizeof(*at));
	}
	for (struct mock_bus *at = topology->buses, *next; at; at = next) {
		next = at->next;
		mock_free(machine, at, sizeof(*at));
	}
	for (struct mock_host *at = topology->hosts, *next; at; at = next) {
		next = at->next;
		mock_free(machine, at, sizeof(*at));
	}
	mock_free(machine, topology->platforms,
		  topology->platform_count * sizeof(*topology->platforms));
}
