/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices that this program has open: whose group must not change silently. */
#include "lib/monitor/internal.h"

#include <libiommu/device.h>
#include <libiommu/interrupt.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

static struct libiommu_monitor_watch *watch_of(const struct libiommu_monitor *m,
					       const struct libiommu_device *dev)
{
	struct libiommu_monitor_watch *watch = m->watches;

	while (watch && watch->dev != dev)
		watch = watch->next;
	return watch;
}

bool libiommu_monitor_in_use(const struct libiommu_monitor *m, uint32_t group)
{
	for (const struct libiommu_monitor_watch *watch = m->watches; watch; watch = watch->next)
		if (watch->group == group)
			return true;
	return false;
}

void libiommu_monitor_note(struct libiommu_monitor *m, const struct libiommu_monitor_event *event,
			   bool blocks)
{
	for (struct libiommu_monitor_watch *watch = m->watches; watch; watch = watch->next) {
		bool own = !strcmp(libiommu_device_name(watch->dev), event->device);

		if (watch->group != event->group)
			continue;
		if (event->kind == LIBIOMMU_MONITOR_MEMBER_LEFT)
			watch->changes |=
				own ? LIBIOMMU_MONITOR_LOST_DEVICE : LIBIOMMU_MONITOR_LOST_MEMBER;
		else if (event->kind == LIBIOMMU_MONITOR_MEMBER_JOINED)
			watch->changes |= LIBIOMMU_MONITOR_NEW_MEMBER;
		if (blocks)
			watch->changes |= LIBIOMMU_MONITOR_FOREIGN_DRIVER;
	}
}

void libiommu_monitor_note_lost(struct libiommu_monitor *m)
{
	for (struct libiommu_monitor_watch *watch = m->watches; watch; watch = watch->next)
		watch->changes |= LIBIOMMU_MONITOR_UNCERTAIN;
}

bool libiommu_monitor_requested(struct libiommu_monitor *m, struct libiommu_monitor_event *event)
{
	for (struct libiommu_monitor_watch *watch = m->watches; watch; watch = watch->next) {
		uint64_t times;

		if (read(watch->fd, &times, sizeof(times)) != sizeof(times))
			continue;
		watch->changes |= LIBIOMMU_MONITOR_WANTED_BACK;
		event->kind = LIBIOMMU_MONITOR_RELEASE_REQUESTED;
		event->group = watch->group;
		snprintf(event->device, sizeof(event->device), "%s",
			 libiommu_device_name(watch->dev));
		return true;
	}
	return false;
}

static int enable(struct libiommu_monitor_watch *watch, struct libiommu_error **err)
{
	return libiommu_interrupt_enable(watch->dev, LIBIOMMU_INTERRUPT_REQUEST, &watch->fd, 1,
					 err);
}

static void close_fd(int fd)
{
	const struct libiommu_sys *sys = libiommu_sys_default();

	sys->close(sys->data, fd);
}

static int add(struct libiommu_monitor *m, struct libiommu_device *dev, struct libiommu_error **err)
{
	struct libiommu_failure failure = { .reason = LIBIOMMU_REASON_NONE };
	struct libiommu_monitor_watch *watch =
		m->allocator.alloc(m->allocator.data, sizeof(*watch), sizeof(void *));
	int rc;

	if (!watch) {
		rc = libiommu_refuse(&failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
		return libiommu_monitor_raise(m, rc, &failure, err);
	}
	watch->dev = dev;
	watch->group = libiommu_device_group_id(dev);
	watch->fd = rc = libiommu_monitor_add_eventfd(m, &failure);
	if (rc < 0) {
		libiommu_monitor_raise(m, rc, &failure, err);
	} else {
		rc = enable(watch, err);
		if (rc)
			close_fd(watch->fd);
	}
	if (rc) {
		m->allocator.free(m->allocator.data, watch, sizeof(*watch));
		return rc;
	}
	watch->next = m->watches;
	m->watches = watch;
	return 0;
}

int libiommu_monitor_watch_device(struct libiommu_monitor *m, struct libiommu_device *dev,
				  struct libiommu_error **err)
{
	struct libiommu_failure failure = { .reason = LIBIOMMU_REASON_NONE };
	struct libiommu_monitor_watch *watch;
	int rc = 0;

	if (!m || !dev)
		rc = libiommu_refuse(&failure, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	else if (libiommu_device_ctx(dev) != m->ctx)
		rc = libiommu_refuse(&failure, LIBIOMMU_REASON_FOREIGN_CONTEXT,
				     libiommu_device_name(dev), NULL);
	else if (m->pid != getpid())
		rc = libiommu_refuse(&failure, LIBIOMMU_REASON_AFTER_FORK, NULL, NULL);
	libiommu_monitor_raise(m, rc, &failure, err);
	if (rc)
		return rc;
	watch = watch_of(m, dev);
	return watch ? enable(watch, err) : add(m, dev, err);
}

static void drop(struct libiommu_monitor *m, struct libiommu_monitor_watch *watch)
{
	/*
	 * It fails where the device cannot be reached (type1, detached), and then there is no
	 * interrupt. A child of fork only closes its descriptor.
	 */
	if (m->pid == getpid()) {
		(void)libiommu_interrupt_disable(watch->dev, LIBIOMMU_INTERRUPT_REQUEST, NULL);
		/* A backend may have a duplicate, and then closing alone would leave it there. */
		(void)epoll_ctl(m->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
	}
	close_fd(watch->fd);
	m->allocator.free(m->allocator.data, watch, sizeof(*watch));
}

void libiommu_monitor_unwatch_device(struct libiommu_monitor *m, struct libiommu_device *dev)
{
	struct libiommu_monitor_watch **at, *watch;

	if (!m)
		return;
	for (at = &m->watches; *at && (*at)->dev != dev;)
		at = &(*at)->next;
	watch = *at;
	if (!watch)
		return;
	*at = watch->next;
	drop(m, watch);
}

void libiommu_monitor_unwatch_all(struct libiommu_monitor *m)
{
	while (m->watches) {
		struct libiommu_monitor_watch *watch = m->watches;

		m->watches = watch->next;
		drop(m, watch);
	}
}

int libiommu_monitor_device_changes(const struct libiommu_monitor *m,
				    const struct libiommu_device *dev, uint32_t *changes,
				    struct libiommu_error **err)
{
	struct libiommu_failure failure = { .reason = LIBIOMMU_REASON_NONE };
	const struct libiommu_monitor_watch *watch = m && dev ? watch_of(m, dev) : NULL;
	int rc = 0;

	if (!m || !dev || !changes)
		rc = libiommu_refuse(&failure, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	else if (!watch)
		rc = libiommu_refuse(&failure, LIBIOMMU_REASON_DEVICE_UNKNOWN,
				     libiommu_device_name(dev), "It is not watched.");
	else
		*changes = watch->changes;
	return libiommu_monitor_raise(m, rc, &failure, err);
}
