/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/monitor/state.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int libiommu_monitor_grow(const struct libiommu_allocator *allocator, void **items, size_t count,
			  size_t *room, size_t width)
{
	size_t more = *room ? *room * 2 : 4;
	void *grown;

	if (count < *room)
		return 0;
	grown = allocator->alloc(allocator->data, more * width, sizeof(void *));
	if (!grown)
		return -ENOMEM;
	if (count)
		memcpy(grown, *items, count * width);
	if (*items)
		allocator->free(allocator->data, *items, *room * width);
	*items = grown;
	*room = more;
	return 0;
}

static void release(const struct libiommu_allocator *allocator, void *items, size_t length)
{
	if (items)
		allocator->free(allocator->data, items, length);
}

void libiommu_monitor_state_clear(struct libiommu_monitor_state *state)
{
	for (size_t i = 0; i < state->count; i++)
		release(state->allocator, state->groups[i].members,
			state->groups[i].room * sizeof(*state->groups[i].members));
	release(state->allocator, state->groups, state->room * sizeof(*state->groups));
	state->groups = NULL;
	state->count = state->room = 0;
}

/* Where the group is, or would be. */
static size_t place_of(const struct libiommu_monitor_state *state, uint32_t id)
{
	size_t low = 0, high = state->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (state->groups[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct libiommu_monitor_known *libiommu_monitor_state_find(
	const struct libiommu_monitor_state *state, uint32_t id)
{
	size_t place = place_of(state, id);

	return place < state->count && state->groups[place].id == id ? &state->groups[place] : NULL;
}

static struct libiommu_monitor_member *member_of(const struct libiommu_monitor_known *known,
						 const char *name)
{
	for (size_t i = 0; i < known->count; i++)
		if (!strcmp(known->members[i].name, name))
			return &known->members[i];
	return NULL;
}

struct libiommu_monitor_known *libiommu_monitor_state_of(const struct libiommu_monitor_state *state,
							 const char *device)
{
	for (size_t i = 0; i < state->count; i++)
		if (member_of(&state->groups[i], device))
			return &state->groups[i];
	return NULL;
}

static int add_group(struct libiommu_monitor_state *state, uint32_t id)
{
	size_t place = place_of(state, id);
	void *groups = state->groups;
	int rc = libiommu_monitor_grow(state->allocator, &groups, state->count, &state->room,
				       sizeof(*state->groups));

	if (rc)
		return rc;
	state->groups = groups;
	memmove(&state->groups[place + 1], &state->groups[place],
		(state->count - place) * sizeof(*state->groups));
	state->groups[place] = (struct libiommu_monitor_known){ .id = id, .viable = true };
	state->count++;
	return 0;
}

static void remove_group(struct libiommu_monitor_state *state, struct libiommu_monitor_known *known)
{
	size_t place = (size_t)(known - state->groups);

	release(state->allocator, known->members, known->room * sizeof(*known->members));
	state->count--;
	memmove(known, known + 1, (state->count - place) * sizeof(*known));
}

static void tell(struct libiommu_monitor_event *event, enum libiommu_monitor_kind kind,
		 const struct libiommu_monitor_member *member)
{
	event->kind = kind;
	if (!member)
		return;
	memcpy(event->device, member->name, sizeof(event->device));
	memcpy(event->subsystem, member->bus, sizeof(event->subsystem));
	memcpy(event->driver, member->driver, sizeof(event->driver));
}

static bool is_in(const struct libiommu_group *target, const char *name)
{
	struct libiommu_group_member member = LIBIOMMU_GROUP_MEMBER_INIT;

	for (size_t i = 0; i < libiommu_group_member_count(target); i++)
		if (!libiommu_group_member(target, i, &member) && !strcmp(member.name, name))
			return true;
	return false;
}

static void take_out(struct libiommu_monitor_known *known, struct libiommu_monitor_member *member,
		     struct libiommu_monitor_event *event)
{
	size_t place = (size_t)(member - known->members);

	tell(event, LIBIOMMU_MONITOR_MEMBER_LEFT, member);
	known->count--;
	memmove(member, member + 1, (known->count - place) * sizeof(*member));
	known->emptied = !known->count;
}

uint32_t libiommu_monitor_state_depart(struct libiommu_monitor_state *state, const char *device,
				       struct libiommu_monitor_event *event)
{
	struct libiommu_monitor_known *known = libiommu_monitor_state_of(state, device);

	if (!known)
		return LIBIOMMU_MONITOR_NO_GROUP;
	take_out(known, member_of(known, device), event);
	return known->id;
}

static bool drop_member(struct libiommu_monitor_known *known, const struct libiommu_group *target,
			struct libiommu_monitor_event *event)
{
	for (size_t i = 0; i < known->count; i++) {
		if (is_in(target, known->members[i].name))
			continue;
		take_out(known, &known->members[i], event);
		return true;
	}
	return false;
}

static void copy_member(struct libiommu_monitor_member *to,
			const struct libiommu_group_member *from)
{
	snprintf(to->name, sizeof(to->name), "%s", from->name);
	snprintf(to->bus, sizeof(to->bus), "%s", from->bus);
	snprintf(to->driver, sizeof(to->driver), "%s", from->driver);
	to->blocks = from->blocks;
}

/* A member that is new, or has another driver. */
static int take_member(const struct libiommu_monitor_state *state,
		       struct libiommu_monitor_known *known, const struct libiommu_group *target,
		       struct libiommu_monitor_event *event, bool *blocks)
{
	struct libiommu_group_member now = LIBIOMMU_GROUP_MEMBER_INIT;

	for (size_t i = 0; i < libiommu_group_member_count(target); i++) {
		struct libiommu_monitor_member *member;
		void *members = known->members;

		if (libiommu_group_member(target, i, &now))
			continue;
		/* No name that the kernel gives is longer; it could never be found again. */
		if (strlen(now.name) >= sizeof(member->name))
			continue;
		member = member_of(known, now.name);
		if (member && !strncmp(member->driver, now.driver, sizeof(member->driver) - 1) &&
		    member->blocks == now.blocks)
			continue;
		if (!member) {
			if (libiommu_monitor_grow(state->allocator, &members, known->count,
						  &known->room, sizeof(*member)))
				return -ENOMEM;
			known->members = members;
			copy_member(&known->members[known->count], &now);
			tell(event, LIBIOMMU_MONITOR_MEMBER_JOINED,
			     &known->members[known->count++]);
		} else {
			copy_member(member, &now);
			tell(event, LIBIOMMU_MONITOR_MEMBER_CHANGED, member);
		}
		*blocks = now.blocks;
		return 1;
	}
	return 0;
}

static bool judge(struct libiommu_monitor_known *known, struct libiommu_monitor_event *event)
{
	const struct libiommu_monitor_member *blocker = NULL;

	for (size_t i = 0; i < known->count && !blocker; i++)
		if (known->members[i].blocks)
			blocker = &known->members[i];
	if (known->viable == !blocker)
		return false;
	known->viable = !blocker;
	tell(event, blocker ? LIBIOMMU_MONITOR_GROUP_NOT_VIABLE : LIBIOMMU_MONITOR_GROUP_VIABLE,
	     blocker);
	return true;
}

int libiommu_monitor_state_step(struct libiommu_monitor_state *state, uint32_t id,
				const struct libiommu_group *target,
				struct libiommu_monitor_event *event, bool *blocks)
{
	struct libiommu_monitor_known *known = libiommu_monitor_state_find(state, id);
	int rc;

	*blocks = false;
	/* The kernel keeps one without members while somebody has its node open. */
	if (target && !libiommu_group_member_count(target))
		target = NULL;
	if (!known) {
		if (!target)
			return 0;
		rc = add_group(state, id);
		tell(event, LIBIOMMU_MONITOR_GROUP_ADDED, NULL);
		return rc ? rc : 1;
	}
	if (drop_member(known, target, event))
		return 1;
	if (!target || known->emptied) {
		remove_group(state, known);
		tell(event, LIBIOMMU_MONITOR_GROUP_REMOVED, NULL);
		return 1;
	}
	rc = take_member(state, known, target, event, blocks);
	if (rc)
		return rc;
	return judge(known, event);
}
