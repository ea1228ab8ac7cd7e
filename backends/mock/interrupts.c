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

/* This is the device's side, where on hardware the kernel signals: no call of the library's. */
static void signal_event(int fd)
{
	uint64_t one = 1;
	ssize_t written;

	if (fd < 0)
		return;
	/* A full counter is as good as one more. */
	written = write(fd, &one, sizeof(one));
	(void)written;
}

bool mock_interrupt_is_message(const struct mock_device *dev)
{
	return dev->interrupts.fd[MSI] >= 0;
}

void mock_interrupt_message(struct mock_device *dev)
{
	signal_event(dev->interrupts.fd[MSI]);
}

/* Level-triggered: it fires while the line is up, and is masked by firing. */
static void fire_line(struct mock_device *dev)
{
	struct mock_interrupts *irq = &dev->interrupts;

	if (!irq->line || irq->masked || irq->fd[INTX] < 0 ||
	    (mock_config_command(dev) & MOCK_COMMAND_NO_INTX))
		return;
	irq->masked = true;
	signal_event(irq->fd[INTX]);
}

void mock_interrupt_line(struct mock_device *dev, bool asserted)
{
	dev->interrupts.line = asserted;
	fire_line(dev);
}

static void disable(struct mock_device *dev, unsigned int kind)
{
	int *fd = &dev->interrupts.fd[kind];

	if (*fd >= 0)
		dev->sys->close(dev->sys->data, *fd);
	*fd = -1;
	if (kind == MSI)
		mock_config_messages(dev, false);
	else
		dev->interrupts.masked = false;
}

void mock_device_silence(struct mock_device *dev)
{
	disable(dev, INTX);
	disable(dev, MSI);
}

static unsigned int count_of(const struct mock_device *dev, enum libiommu_interrupt_kind kind)
{
	return kind == INTX || kind == MSI ? dev->model->interrupts[kind] : 0;
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

static int enable(struct mock_device *dev, unsigned int kind, int fd,
		  struct libiommu_failure *failure)
{
	const struct libiommu_sys *sys = dev->sys;
	int own;

	if (dev->interrupts.fd[kind == MSI ? INTX : MSI] >= 0) {
		return libiommu_refuse_kernel(failure, -EINVAL, "VFIO_DEVICE_SET_IRQS", dev->name);
	}
	own = sys->dup(sys->data, fd);
	if (own < 0)
		return refuse_fd(failure, own);
	if (!is_eventfd(sys, own)) {
		sys->close(sys->data, own);
		return refuse_fd(failure, -EINVAL);
	}
	disable(dev, kind);
	dev->interrupts.fd[kind] = own;
	if (kind == MSI)
		mock_config_messages(dev, true);
	else
		fire_line(dev);
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
		error = enable(dev, kind, fds[0], failure);
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
	} else if (dev->interrupts.fd[INTX] < 0) {
		error = libiommu_refuse_kernel(failure, -EINVAL, "VFIO_DEVICE_SET_IRQS", dev->name);
	} else {
		dev->interrupts.masked = false;
		fire_line(dev);
	}
	pthread_mutex_unlock(&dev->lock);
	return error;
}
