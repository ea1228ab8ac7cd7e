/* SPDX-License-Identifier: BSD-2-Clause */
/* A device that is pulled out while it is used. Its user keeps what the kernel holds for it. */
#include "backends/mock/front.h"
#include "backends/mock/model.h"
#include "backends/mock/uevents.h"

void mock_device_remove(struct mock_device *dev)
{
	/* Whoever waits for the lock finds it removed; no model is in the middle of a DMA. */
	pthread_mutex_lock(&dev->lock);
	__atomic_store_n(&dev->removed, true, __ATOMIC_RELEASE);
	mock_interrupt_line(dev, false);
	/* The kernel cannot let go of it before its user does, and says so. */
	mock_interrupt_owner(dev, LIBIOMMU_INTERRUPT_REQUEST);
	pthread_mutex_unlock(&dev->lock);
}

bool mock_device_is_removed(const struct mock_device *dev)
{
	return __atomic_load_n(&dev->removed, __ATOMIC_ACQUIRE);
}

void mock_device_forget(struct mock_device *dev)
{
	if (dev->driver[0])
		mock_uevent_say(dev, MOCK_UEVENT_UNBIND);
	mock_uevent_say(dev, MOCK_UEVENT_REMOVE);
	__atomic_store_n(&dev->gone, true, __ATOMIC_RELEASE);
	if (dev->function)
		mock_topology_remove(dev->function);
}
