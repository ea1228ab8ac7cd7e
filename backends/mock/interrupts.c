/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/config.h"
#include "backends/mock/front.h"
#include "backends/mock/model.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define INTX LIBIOMMU_INTERRUPT_INTX
#define MSI  LIBIOMMU_INTERRUPT_MSI
#define MSIX LIBIOMMU_INTERRUPT_MSIX

/* This is the device's side, where on hardware the kernel signals: no call of the library's. */
static void signal_event(const struct mock_events *events, unsigned int number)
{
	uint64_t one = 1;
	ssize_t written;

	if (number >= events->count)
		return;
	/* A full counter is as good as one more. */
	written = write(events->fd[number], &one, sizeof(one));
	(void)written;
}

bool mock_interrupt_is_message(const struct mock_device *dev)
{
	const struct mock_events *events = dev->interrupts.events;

	return events[MSI].count || events[MSIX].count;
}

void mock_interrupt_message(struct mock_device *dev, unsigned int vector)
{
	signal_event(&dev->interrupts.events[MSI], vector);
	signal_event(&dev->interrupts.events[MSIX], vector);
}

void mock_interrupt_owner(struct mock_device *dev, enum libiommu_interrupt_kind kind)
{
	signal_event(&dev->interrupts.events[kind], 0);
}

/* Level-triggered: it fires while the line is up, and is masked by firing. */
static void fire_line(struct mock_device *dev)
{
	struct mock_interrupts *irq = &dev->interrupts;

	if (!irq->line || irq->masked || !irq->events[INTX].count ||
	    (mock_config_command(dev) & MOCK_COMMAND_NO_INTX))
		return;
	irq->masked = true;
	signal_event(&irq->events[INTX], 0);
}

void mock_interrupt_line(struct mock_device *dev, bool asserted)
{
	dev->interrupts.line = asserted;
	fire_line(dev);
}

static void drop_events(struct mock_device *dev, struct mock_events *events)
{
	for (unsigned int i = 0; i < events->count; i++)
		dev->sys->close(dev->sys->data, events->fd[i]);
	mock_free(dev->machine, events->fd, events->count * sizeof(*events->fd));
	*events = (struct mock_events){ 0 };
}

static void disable(struct mock_device *dev, unsigned int kind)
{
	drop_events(dev, &dev->interrupts.events[kind]);
	if (kind == INTX)
		dev->interrupts.masked = false;
	else if (kind <= MSIX)
		mock_config_messages(dev, kind, false);
}

void mock_device_silence(struct mock_device *dev)
{
	for (unsigned int kind = 0; kind < MOCK_INTERRUPT_KINDS; kind++)
		disable(dev, kind);
}

static unsigned int count_of(const struct mock_device *dev, enum libiommu_interrupt_kind kind)
{
	if (kind == LIBIOMMU_INTERRUPT_ERROR || kind == LIBIOMMU_INTERRUPT_REQUEST)
		return 1;
	return (unsigned int)kind <= MSIX ? dev->interrupts.there[kind] : 0;
}

int mock_interrupt_count(void *device, enum libiommu_interrupt_kind kind, unsigned int *count,
			 struct libiommu_failure *failure)
{
	struct mock_device *dev = ((struct mock_claim *)device)->dev;
	bool reachable;

	pthread_mutex_lock(&dev->lock);
	reachable = dev->fd;
	pthread_mutex_unlock(&dev->lock);
	if (!reachable)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NEEDS_ATTACH, dev->name, NULL);
	*count = count_of(dev, kind);
	return 0;
}

/* The kernel takes eventfds only. Where there is no /proc to ask, it goes unchecked. */
static bool is_eventfd(const struct libiommu_sys *sys, int fd)
{
	char path[40], target[64];
	int64_t length;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	length = sys->readlink(sys->data, path, target, sizeof(target) - 1);
	if (length < 0)
		return true;
	target[length] = 0;
	return strstr(target, "[eventfd]") != NULL;
}

static int refuse_fd(struct libiommu_failure *failure, int error)
{
	switch (error) {
	case -EBADF:
		return libiommu_refuse(failure, LIBIOMMU_REASON_BAD_FD, NULL, NULL);
	case -EMFILE:
		return libiommu_refuse(failure, LIBIOMMU_REASON_FD_LIMIT, NULL, NULL);
	case -EINVAL:
		return libiommu_refuse(failure, LIBIOMMU_REASON_BAD_FD, NULL,
				       "It is not an eventfd.");
	default:
		return libiommu_refuse_kernel(failure, error, "dup", NULL);
	}
}

static int take_fd(const struct libiommu_sys *sys, int fd, int *out,
		   struct libiommu_failure *failure)
{
	int own = sys->dup(sys->data, fd);

	if (own < 0)
		return refuse_fd(failure, own);
	if (!is_eventfd(sys, own)) {
		sys->close(sys->data, own);
		return refuse_fd(failure, -EINVAL);
	}
	*out = own;
	return 0;
}

/* All of them or none. */
static int take_events(struct mock_device *dev, const int *fds, unsigned int count,
		       struct mock_events *events, struct libiommu_failure *failure)
{
	const size_t bytes = count * sizeof(*events->fd);
	int error = 0;

	events->fd = mock_alloc(dev->machine, bytes);
	if (!events->fd)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	for (events->count = 0; events->count < count; events->count++) {
		error = take_fd(dev->sys, fds[events->count], &events->fd[events->count], failure);
		if (error)
			break;
	}
	if (!error)
		return 0;
	for (unsigned int i = 0; i < events->count; i++)
		dev->sys->close(dev->sys->data, events->fd[i]);
	mock_free(dev->machine, events->fd, bytes);
	return error;
}

static int enable(struct mock_device *dev, unsigned int kind, const int *fds, unsigned int count,
		  struct libiommu_failure *failure)
{
	struct mock_events taken = { 0 };
	int error;

	for (unsigned int other = INTX; kind <= MSIX && other <= MSIX; other++) {
		if (other != kind && dev->interrupts.events[other].count)
			return libiommu_refuse_kernel(failure, -EINVAL, "VFIO_DEVICE_SET_IRQS",
						      dev->name);
	}
	error = take_events(dev, fds, count, &taken, failure);
	if (error)
		return error;
	disable(dev, kind);
	dev->interrupts.events[kind] = taken;
	if (kind == INTX)
		fire_line(dev);
	else if (kind <= MSIX)
		mock_config_messages(dev, kind, true);
	return 0;
}

int mock_interrupt_set(void *device, enum libiommu_interrupt_kind kind, const int *fds,
		       unsigned int count, struct libiommu_failure *failure)
{
	struct mock_device *dev = ((struct mock_claim *)device)->dev;
	int error = 0;

	pthread_mutex_lock(&dev->lock);
	if (!dev->fd)
		error = libiommu_refuse(failure, LIBIOMMU_REASON_NEEDS_ATTACH, dev->name, NULL);
	else if (count > count_of(dev, kind))
		error = libiommu_refuse(failure, LIBIOMMU_REASON_NO_INTERRUPT, dev->name, NULL);
	else if (count)
		error = enable(dev, kind, fds, count, failure);
	else if (count_of(dev, kind))
		disable(dev, kind);
	pthread_mutex_unlock(&dev->lock);
	return error;
}

int mock_interrupt_unmask(void *device, struct libiommu_failure *failure)
{
	struct mock_device *dev = ((struct mock_claim *)device)->dev;
	int error = 0;

	pthread_mutex_lock(&dev->lock);
	if (!dev->fd) {
		error = libiommu_refuse(failure, LIBIOMMU_REASON_NEEDS_ATTACH, dev->name, NULL);
	} else if (!count_of(dev, INTX)) {
		error = libiommu_refuse(failure, LIBIOMMU_REASON_NO_INTERRUPT, dev->name, NULL);
	} else if (!dev->interrupts.events[INTX].count) {
		error = libiommu_refuse_kernel(failure, -EINVAL, "VFIO_DEVICE_SET_IRQS", dev->name);
	} else {
		dev->interrupts.masked = false;
		fire_line(dev);
	}
	pthread_mutex_unlock(&dev->lock);
	return error;
}
