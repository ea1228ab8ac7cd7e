/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/front.h"

#include "lib/sysfs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

bool mock_device_blocks(const struct mock_device *dev)
{
	return libiommu_sysfs_driver_blocks(dev->driver);
}

static int list_ids(struct mock_machine *machine, struct libiommu_id_builder *ids,
		    struct libiommu_failure *failure)
{
	int error = 0;

	for (const struct mock_group *group = machine->groups; group && !error;
	     group = group->next) {
		if (mock_group_is_alive(group))
			error = libiommu_id_builder_add(ids, group->id, failure);
	}
	return error;
}

int mock_group_ids(struct mock_machine *machine, struct libiommu_id_builder *ids,
		   struct libiommu_failure *failure)
{
	int error;

	pthread_mutex_lock(&machine->lock);
	error = list_ids(machine, ids, failure);
	pthread_mutex_unlock(&machine->lock);
	return error;
}

static int read_member(const struct mock_device *dev, struct libiommu_group_builder *builder,
		       struct libiommu_failure *failure)
{
	struct libiommu_group_member member = LIBIOMMU_GROUP_MEMBER_INIT;

	member.name = dev->name;
	member.bus = mock_is_bdf(dev->name) ? "pci" : "platform";
	member.driver = dev->driver;
	member.class_code = dev->class_code;
	member.vendor = dev->vendor;
	member.device = dev->device;
	member.bridge = dev->bridge;
	member.blocks = mock_device_blocks(dev);
	return libiommu_group_builder_member(builder, &member, failure);
}

int mock_group_reserved(const struct mock_group *group, mock_reserved_fn visit, void *data)
{
	const struct mock_iommu *iommu = group->iommu;
	int rc = 0;

	for (size_t i = 0; i < iommu->hw.hole_count && !rc; i++)
		rc = visit(data, &iommu->hw.holes[i].what);
	for (const struct mock_reserved *at = iommu->reserved; at && !rc; at = at->next)
		rc = visit(data, &at->what);
	for (const struct mock_device *dev = group->devices; dev && !rc; dev = dev->in_group) {
		if (mock_device_is_gone(dev))
			continue;
		for (const struct mock_reserved *at = dev->reserved; at && !rc; at = at->next)
			rc = visit(data, &at->what);
	}
	return rc;
}

void mock_group_name(const struct mock_group *group, char name[MOCK_GROUP_NAME])
{
	const struct mock_device *first = group->devices;
	const struct mock_function *function;

	while (first && mock_device_is_gone(first))
		first = first->in_group;
	function = first ? first->function : NULL;
	name[0] = '\0';
	if (function && function->has_pe && function->bus)
		snprintf(name, MOCK_GROUP_NAME, "domain%" PRIu32 "-pe%" PRIx64,
			 function->bus->segment, function->pe);
}

struct reading {
	struct libiommu_group_builder *builder;
	struct libiommu_failure *failure;
};

static int read_reserved(void *data, const struct libiommu_reserved *reserved)
{
	const struct reading *reading = data;

	return libiommu_group_builder_reserved(reading->builder, reserved, reading->failure);
}

static int read_windows(struct mock_ctx *ctx, const struct mock_group *group,
			struct libiommu_group_builder *builder, struct libiommu_failure *failure)
{
	struct libiommu_geometry geometry = { .count = 0 };
	int error = mock_geometry(ctx->env, NULL, group, &geometry, failure);

	if (!error)
		error = libiommu_group_builder_windows(builder, geometry.ranges, geometry.count,
						       failure);
	libiommu_geometry_clear(ctx->env, &geometry);
	return error;
}

/* A kernel tells more of a group once it has lent it. */
static int read_facts(struct mock_ctx *ctx, const struct mock_group *group,
		      struct libiommu_group_builder *builder, struct libiommu_failure *failure)
{
	const struct mock_personality *who = ctx->machine->personality;
	const bool ours = group->owner == ctx;
	const bool vetted = ours && (group->space || who->vetting == MOCK_VETS_AT_OPEN);

	if (vetted || who->vetting == MOCK_VETS_NEVER)
		libiommu_group_builder_msi(builder, group->iommu->hw.msi_isolated,
					   group->iommu->hw.evidence);
	if (who->ranges_before_attach || (ours && group->space))
		return read_windows(ctx, group, builder, failure);
	return 0;
}

static int read_group(struct mock_ctx *ctx, uint32_t id, struct libiommu_group_builder *builder,
		      struct libiommu_failure *failure)
{
	const struct mock_group *group = mock_machine_group(ctx->machine, id);
	struct reading reading = { builder, failure };
	char name[MOCK_GROUP_NAME];
	int error;

	if (!group) {
		char subject[24];

		snprintf(subject, sizeof(subject), "group %u", id);
		return libiommu_refuse(failure, LIBIOMMU_REASON_GROUP_UNKNOWN, subject, NULL);
	}
	error = libiommu_group_builder_type(builder, MOCK_GROUP_TYPE, failure);
	mock_group_name(group, name);
	if (!error)
		error = libiommu_group_builder_name(builder, name, failure);
	if (!error)
		error = mock_group_reserved(group, read_reserved, &reading);
	for (const struct mock_device *dev = group->devices; dev && !error; dev = dev->in_group) {
		if (!mock_device_is_gone(dev))
			error = read_member(dev, builder, failure);
	}
	return error ? error : read_facts(ctx, group, builder, failure);
}

int mock_group_read(struct mock_ctx *ctx, uint32_t id, struct libiommu_group_builder *builder,
		    struct libiommu_failure *failure)
{
	int error;

	pthread_mutex_lock(&ctx->machine->lock);
	error = read_group(ctx, id, builder, failure);
	pthread_mutex_unlock(&ctx->machine->lock);
	return error;
}

int mock_device_look_up(struct mock_machine *machine, const char *device, struct mock_device **out,
			struct libiommu_failure *failure)
{
	struct mock_device *dev;

	pthread_mutex_lock(&machine->lock);
	dev = mock_machine_device(machine, device);
	pthread_mutex_unlock(&machine->lock);
	/* Platform devices have names of any form, but only the machine's text gives them. */
	if (!dev && !mock_is_bdf(device))
		return libiommu_refuse(failure, LIBIOMMU_REASON_BAD_NAME, device, NULL);
	if (!dev)
		return libiommu_refuse(failure, LIBIOMMU_REASON_DEVICE_UNKNOWN, device, NULL);
	if (!dev->group)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_GROUP, device, NULL);
	*out = dev;
	return 0;
}

int mock_group_find(struct mock_machine *machine, const char *device, uint32_t *id,
		    struct libiommu_failure *failure)
{
	struct mock_device *dev = NULL;
	int error = mock_device_look_up(machine, device, &dev, failure);

	if (!error)
		*id = dev->group->id;
	return error;
}
