/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The groups and members that a monitor has told of. The state changes only by one step at a time, and
 * each step is an event: so nothing has to be queued, however different the machine has become.
 */
#ifndef LIB_MONITOR_STATE_H
#define LIB_MONITOR_STATE_H

#include <libiommu/group.h>
#include <libiommu/hooks.h>
#include <libiommu/monitor.h>

struct libiommu_monitor_member {
	char name[64];
	char bus[32];
	char driver[64];
	bool blocks;
};

struct libiommu_monitor_known {
	uint32_t id;
	bool viable;  /* as told */
	bool emptied; /* the last member has left: it goes, also when there is one again */
	struct libiommu_monitor_member *members;
	size_t count, room;
};

struct libiommu_monitor_state {
	const struct libiommu_allocator *allocator;
	struct libiommu_monitor_known *groups; /* ascending */
	size_t count, room;
};

void libiommu_monitor_state_clear(struct libiommu_monitor_state *state);

/* NULL when it is not known. */
struct libiommu_monitor_known *libiommu_monitor_state_find(
	const struct libiommu_monitor_state *state, uint32_t id);

/* The group that has told of a device; NULL: none */
struct libiommu_monitor_known *libiommu_monitor_state_of(const struct libiommu_monitor_state *state,
							 const char *device);

/*
 * A device has left its group, also when there is one of its name in the group again.
 * @return the number of the group and the event is set; LIBIOMMU_MONITOR_NO_GROUP when none knows it
 */
uint32_t libiommu_monitor_state_depart(struct libiommu_monitor_state *state, const char *device,
				       struct libiommu_monitor_event *event);

/*
 * One step of group `id` towards `target` (NULL: there is none any more).
 * @param[out] event on a step: kind, device, subsystem and driver are set
 * @param[out] blocks for a member that joined or changed: it blocks
 * @return 1 for a step; 0 when there is no difference left; -ENOMEM, and nothing has changed
 */
int libiommu_monitor_state_step(struct libiommu_monitor_state *state, uint32_t id,
				const struct libiommu_group *target,
				struct libiommu_monitor_event *event, bool *blocks);

/* A growing array: room for one more of `width` bytes. @return 0 or -ENOMEM */
int libiommu_monitor_grow(const struct libiommu_allocator *allocator, void **items, size_t count,
			  size_t *room, size_t width);

#endif
