/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * How events come about. Work is done in the order: what is begun (groups that are to be compared),
 * requests for watched devices, then one message more. A message is taken only when everything before
 * it has been told, so the queue is the kernel's, and it is bounded there.
 */
#include "lib/monitor/internal.h"
#include "lib/monitor/uevent.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Messages about other things that one call skips at most: anybody may send us some. */
#define MAX_SKIPPED 256
/* Groups may come while their number is asked for. */
#define MAX_TRIES 8

static int no_memory(struct libiommu_monitor *m, struct libiommu_error **err)
{
	struct libiommu_failure failure = { .reason = LIBIOMMU_REASON_NONE };
	int rc = libiommu_refuse(&failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);

	return libiommu_monitor_raise(m, rc, &failure, err);
}

static int reserve(struct libiommu_monitor *m, size_t wanted, struct libiommu_error **err)
{
	uint32_t *ids;

	if (wanted <= m->room)
		return 0;
	ids = m->allocator.alloc(m->allocator.data, wanted * sizeof(*ids), sizeof(void *));
	if (!ids)
		return no_memory(m, err);
	if (m->ids)
		m->allocator.free(m->allocator.data, m->ids, m->room * sizeof(*ids));
	m->ids = ids;
	m->room = wanted;
	return 0;
}

static bool listed(const uint32_t *ids, size_t count, uint32_t id)
{
	size_t low = 0;

	while (low < count) {
		size_t middle = low + (count - low) / 2;

		if (ids[middle] == id)
			return true;
		if (ids[middle] < id)
			low = middle + 1;
		else
			count = middle;
	}
	return false;
}

/* Those that have gone first: their members may be in new groups. */
int libiommu_monitor_collect(struct libiommu_monitor *m, struct libiommu_error **err)
{
	size_t known = m->state.count, there = 0, gone = 0;
	int rc;

	libiommu_group_unref(m->target);
	m->target = NULL;
	m->taken = false;
	m->count = m->at = 0;
	m->collect = true;
	rc = reserve(m, known + 4, err);
	for (unsigned int i = 0; !rc && i < MAX_TRIES; i++) {
		there = m->room - known;
		rc = libiommu_group_ids(m->ctx, m->ids + known, &there, err);
		if (rc != -EMSGSIZE || i == MAX_TRIES - 1)
			break;
		if (err)
			libiommu_error_free(*err);
		rc = reserve(m, known + there + 4, err);
	}
	if (rc)
		return rc;
	for (size_t i = 0; i < known; i++)
		if (!listed(m->ids + known, there, m->state.groups[i].id))
			m->ids[gone++] = m->state.groups[i].id;
	memmove(m->ids + gone, m->ids + known, there * sizeof(*m->ids));
	m->count = gone + there;
	m->collect = false;
	return 0;
}

/* @return whether the same call may succeed later, so that what it was for must not be forgotten */
static bool passes(int code)
{
	return code == -ENOMEM || code == -EMFILE || code == -ECHILD;
}

static int take_target(struct libiommu_monitor *m, struct libiommu_error **err)
{
	int rc = libiommu_group_get(m->ctx, m->ids[m->at], &m->target, err);

	if (rc == -ENOENT) {
		if (err) {
			libiommu_error_free(*err);
			*err = NULL;
		}
		m->target = NULL;
		rc = 0;
	}
	if (rc && !passes(rc)) {
		m->reread = true;
		m->at++;
	}
	m->taken = !rc;
	return rc;
}

static void end_target(struct libiommu_monitor *m)
{
	libiommu_group_unref(m->target);
	m->target = NULL;
	m->taken = false;
	m->at++;
}

/* @return 1: an event; 0: no difference is left; negative */
static int compare(struct libiommu_monitor *m, struct libiommu_monitor_event *event,
		   struct libiommu_error **err)
{
	bool blocks;
	int rc;

	while (m->at < m->count) {
		if (!m->taken) {
			rc = take_target(m, err);
			if (rc)
				return rc;
		}
		rc = libiommu_monitor_state_step(&m->state, m->ids[m->at], m->target, event,
						 &blocks);
		if (rc < 0)
			return no_memory(m, err);
		if (rc) {
			event->group = m->ids[m->at];
			libiommu_monitor_note(m, event, blocks);
			return 1;
		}
		end_target(m);
	}
	return 0;
}

int libiommu_monitor_settle(struct libiommu_monitor *m, struct libiommu_error **err)
{
	struct libiommu_monitor_event event = LIBIOMMU_MONITOR_EVENT_INIT;
	int rc;

	do
		rc = compare(m, &event, err);
	while (rc > 0);
	return rc;
}

/* @return the bit of those whose events it is among; 0: not one that can have a group */
static uint32_t subsystem_of(const char *name)
{
	static const char *const platform[] = { "platform", "amba", "fsl-mc", "cdx" };

	if (!strcmp(name, "pci"))
		return LIBIOMMU_MONITOR_PCI;
	if (!strcmp(name, "vfio-dev"))
		return LIBIOMMU_MONITOR_VFIO_DEV;
	for (size_t i = 0; i < sizeof(platform) / sizeof(platform[0]); i++)
		if (!strcmp(name, platform[i]))
			return LIBIOMMU_MONITOR_PLATFORM;
	return 0;
}

static bool kind_of(enum libiommu_uevent_action action, enum libiommu_monitor_kind *kind)
{
	switch (action) {
	case LIBIOMMU_UEVENT_ADD:
		*kind = LIBIOMMU_MONITOR_DEVICE_ADDED;
		return true;
	case LIBIOMMU_UEVENT_REMOVE:
		*kind = LIBIOMMU_MONITOR_DEVICE_REMOVED;
		return true;
	case LIBIOMMU_UEVENT_BIND:
		*kind = LIBIOMMU_MONITOR_DEVICE_BOUND;
		return true;
	case LIBIOMMU_UEVENT_UNBIND:
		*kind = LIBIOMMU_MONITOR_DEVICE_UNBOUND;
		return true;
	case LIBIOMMU_UEVENT_CHANGE:
		*kind = LIBIOMMU_MONITOR_DEVICE_CHANGED;
		return true;
	case LIBIOMMU_UEVENT_OTHER:
		break;
	}
	return false;
}

static bool copy(char *to, size_t size, const char *from)
{
	int length = snprintf(to, size, "%s", from);

	return length >= 0 && (size_t)length < size;
}

/* @return whether the message is about something of ours; then it is held */
static bool hold(struct libiommu_monitor *m, const struct libiommu_uevent *uevent)
{
	struct libiommu_monitor_event event = LIBIOMMU_MONITOR_EVENT_INIT;
	uint32_t subsystem = subsystem_of(uevent->subsystem);
	bool fits;

	if (!subsystem || !kind_of(uevent->action, &event.kind))
		return false;
	/* A node is the grandchild of its device: DEVICE/vfio-dev/vfio0. */
	if (subsystem == LIBIOMMU_MONITOR_VFIO_DEV)
		fits = copy(event.node, sizeof(event.node), uevent->name) &&
		       libiommu_uevent_parent(uevent, 2, event.device, sizeof(event.device));
	else
		fits = copy(event.device, sizeof(event.device), uevent->name);
	if (!fits || !copy(event.subsystem, sizeof(event.subsystem), uevent->subsystem) ||
	    !copy(event.driver, sizeof(event.driver), uevent->driver))
		return false;
	event.sequence = uevent->sequence;
	m->event = event;
	m->held = true;
	return true;
}

/* The kernel's form from the kernel; udev's from a process of root. */
static bool believed(const struct libiommu_uevent *uevent,
		     const struct libiommu_monitor_sender *sender)
{
	if (!uevent->udev)
		return !sender->port;
	return sender->port && sender->has_credentials && !sender->uid;
}

/*
 * Once its queue was full the kernel takes no message for us until we have emptied it, and is silent about
 * those. So what was lost is announced behind what is queued.
 * @return 1: a message is held; 0: there is none now; negative: the source is broken
 */
static int receive(struct libiommu_monitor *m)
{
	for (unsigned int i = 0; i < MAX_SKIPPED; i++) {
		struct libiommu_monitor_sender sender = { .port = UINT32_MAX };
		struct libiommu_uevent uevent;
		int64_t length =
			m->source.receive(m->source.data, m->buffer, sizeof(m->buffer), &sender);

		if (length == -ENOBUFS || length == -EMSGSIZE)
			m->stats.overruns++;
		if (length == -ENOBUFS) {
			m->lost = true;
			continue;
		}
		if (length == 0 || length == -EAGAIN || length == -EMSGSIZE) {
			m->announce = m->lost || length == -EMSGSIZE;
			m->lost = m->lost && length == -EMSGSIZE;
			return 0;
		}
		if (length < 0)
			return (int)length;
		if ((uint64_t)length > sizeof(m->buffer) ||
		    libiommu_uevent_parse(m->buffer, (size_t)length, &uevent)) {
			m->stats.unreadable++;
		} else if (!believed(&uevent, &sender)) {
			m->stats.distrusted++;
		} else {
			m->stats.messages++;
			if (hold(m, &uevent))
				return 1;
		}
	}
	return 0;
}

/* Which groups the held message is about: where the device is, and where it was. */
static int locate(struct libiommu_monitor *m, struct libiommu_error **err)
{
	const struct libiommu_monitor_known *old =
		libiommu_monitor_state_of(&m->state, m->event.device);
	struct libiommu_group *group = NULL;
	struct libiommu_error *why = NULL;
	int rc = libiommu_group_of(m->ctx, m->event.device, &group, &why);

	if (rc && passes(rc)) {
		if (err)
			*err = why;
		else
			libiommu_error_free(why);
		return rc;
	}
	/* Not there any more, in no group, or just going: the old one tells. */
	libiommu_error_free(why);
	m->count = m->at = 0;
	if (old)
		m->ids[m->count++] = m->event.group = old->id;
	if (!rc) {
		m->event.group = libiommu_group_id(group);
		if (!old || old->id != m->event.group)
			m->ids[m->count++] = m->event.group;
		libiommu_group_unref(group);
	}
	if (old && m->event.kind == LIBIOMMU_MONITOR_DEVICE_UNBOUND && !m->event.driver[0])
		for (size_t i = 0; i < old->count; i++)
			if (!strcmp(old->members[i].name, m->event.device))
				memcpy(m->event.driver, old->members[i].driver,
				       sizeof(m->event.driver));
	/* Not so the node of one that stays. */
	m->departed = old && m->event.kind == LIBIOMMU_MONITOR_DEVICE_REMOVED && !m->event.node[0];
	m->collect |= m->reread;
	m->reread = false;
	m->held = false;
	return 0;
}

/* When the kernel says it the device has left its group; another one may be in its place by now. */
static void depart(struct libiommu_monitor *m, struct libiommu_monitor_event *event)
{
	event->group = libiommu_monitor_state_depart(&m->state, m->event.device, event);
	m->departed = false;
	libiommu_monitor_note(m, event, false);
}

static int advance(struct libiommu_monitor *m, struct libiommu_monitor_event *event,
		   struct libiommu_error **err)
{
	struct libiommu_failure failure = { .reason = LIBIOMMU_REASON_NONE };
	int rc;

	for (unsigned int i = 0; i < MAX_SKIPPED; i++) {
		if (m->announce) {
			event->kind = LIBIOMMU_MONITOR_RESYNC;
			m->announce = false;
			m->collect = true;
			libiommu_monitor_note_lost(m);
			return 0;
		}
		if (m->departed) {
			depart(m, event);
			return 0;
		}
		rc = m->collect ? libiommu_monitor_collect(m, err) : 0;
		if (!rc)
			rc = compare(m, event, err);
		if (rc)
			return rc > 0 ? 0 : rc;
		if (!m->held && libiommu_monitor_requested(m, event))
			return 0;
		if (!m->held) {
			rc = receive(m);
			if (rc < 0) {
				rc = libiommu_monitor_refuse_system(&failure, rc, "receive");
				return libiommu_monitor_raise(m, rc, &failure, err);
			}
			if (!rc && !m->announce)
				return -EAGAIN;
			if (!rc)
				continue;
		}
		rc = locate(m, err);
		if (rc)
			return rc;
		if (subsystem_of(m->event.subsystem) & m->subsystems) {
			*event = m->event;
			return 0;
		}
	}
	return -EAGAIN;
}

static int check(const struct libiommu_monitor *m, const struct libiommu_monitor_event *event,
		 struct libiommu_failure *failure)
{
	if (!m || !event)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (event->size < sizeof(*event))
		return libiommu_refuse(failure, LIBIOMMU_REASON_BAD_OPTIONS, NULL, NULL);
	if (m->pid != getpid())
		return libiommu_refuse(failure, LIBIOMMU_REASON_AFTER_FORK, NULL, NULL);
	return 0;
}

int libiommu_monitor_next(struct libiommu_monitor *m, struct libiommu_monitor_event *out,
			  struct libiommu_error **err)
{
	struct libiommu_monitor_event event = LIBIOMMU_MONITOR_EVENT_INIT;
	struct libiommu_failure failure = { .reason = LIBIOMMU_REASON_NONE };
	int rc = check(m, out, &failure);

	libiommu_monitor_raise(m, rc, &failure, err);
	if (rc)
		return rc;
	rc = advance(m, &event, err);
	libiommu_monitor_signal(m);
	if (rc)
		return rc;
	event.size = out->size;
	event.in_use =
		event.group != LIBIOMMU_MONITOR_NO_GROUP && libiommu_monitor_in_use(m, event.group);
	*out = event;
	return 0;
}
