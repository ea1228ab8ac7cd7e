/* SPDX-License-Identifier: BSD-2-Clause */
/* mock_platform.h: devices that come and go. */
#include <libiommu/mock_platform.h>

#include "backends/mock/front.h"
#include "backends/mock/uevents.h"
#include "lib/error.h"

#include <stdio.h>
#include <string.h>

#define VF_LINE 192

static int tell(struct libiommu_error **err, int error, const struct libiommu_failure *failure)
{
	return error ? libiommu_error_raise(err, libiommu_allocator_default(), error, failure) : 0;
}

int libiommu_mock_machine_plug(struct libiommu_mock_machine *machine, const char *text,
			       struct libiommu_error **err)
{
	struct libiommu_failure failure;

	libiommu_error_clear(err);
	libiommu_failure_init(&failure);
	if (!machine || !text)
		return libiommu_error_set(err, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	return tell(err, mock_machine_plug((struct mock_machine *)machine, text, NULL, &failure),
		    &failure);
}

static struct mock_device *find(struct mock_machine *machine, const char *name)
{
	struct mock_device *dev;

	pthread_mutex_lock(&machine->lock);
	dev = mock_machine_device(machine, name);
	pthread_mutex_unlock(&machine->lock);
	return dev;
}

int libiommu_mock_machine_unplug(struct libiommu_mock_machine *machine, const char *device,
				 struct libiommu_error **err)
{
	struct mock_machine *inner = (struct mock_machine *)machine;
	struct mock_device *dev;

	libiommu_error_clear(err);
	if (!machine || !device)
		return libiommu_error_set(err, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	dev = find(inner, device);
	if (!dev)
		return libiommu_error_set(err, LIBIOMMU_REASON_DEVICE_UNKNOWN, device, NULL);
	mock_machine_unplug(inner, dev);
	return 0;
}

static bool has_vfs(struct mock_machine *machine, const struct mock_function *pf)
{
	const struct mock_device *dev;

	pthread_mutex_lock(&machine->lock);
	dev = machine->devices;
	while (dev && (mock_device_is_gone(dev) || !dev->function || dev->function->pf != pf))
		dev = dev->next;
	pthread_mutex_unlock(&machine->lock);
	return dev;
}

static void print_vf(char line[VF_LINE], const struct mock_function *pf, unsigned int index,
		     const char *options)
{
	unsigned int id =
		(pf->bus->number << 8 | pf->devfn) + pf->vf_offset + index * pf->vf_stride;

	snprintf(line, VF_LINE, "device %04x:%02x:%02x.%u type=vf %.120s\n", pf->bus->segment,
		 id >> 8, id >> 3 & 31, id & 7, options);
}

static int plug_vfs(struct mock_machine *machine, const struct mock_function *pf,
		    unsigned int count, const char *options, struct libiommu_failure *failure)
{
	const struct libiommu_allocator *mem = libiommu_allocator_default();
	size_t size = (size_t)count * VF_LINE + 1, used = 0;
	char *text = mem->alloc(mem->data, size, sizeof(uint64_t));
	int error;

	if (!text)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	for (unsigned int i = 0; i < count; i++) {
		print_vf(text + used, pf, i, options);
		used += strlen(text + used);
	}
	error = mock_machine_plug(machine, text, pf, failure);
	mem->free(mem->data, text, size);
	return error;
}

static int check_count(const struct mock_device *dev, unsigned int count, const char *options,
		       struct libiommu_error **err)
{
	const struct mock_function *pf = dev->function;
	uint64_t last;

	if (!pf || !pf->vf_total)
		return libiommu_error_set(err, LIBIOMMU_REASON_BAD_OPTIONS, dev->name,
					  "It has no virtual functions.");
	last = (pf->bus->number << 8 | pf->devfn) + pf->vf_offset +
	       (uint64_t)(count ? count - 1 : 0) * pf->vf_stride;
	if (count > pf->vf_total || last > UINT16_MAX)
		return libiommu_error_set(err, LIBIOMMU_REASON_BAD_OPTIONS, dev->name,
					  "It can have %u virtual functions.", pf->vf_total);
	if (strlen(options) > 120 || strchr(options, '\n'))
		return libiommu_error_set(err, LIBIOMMU_REASON_BAD_OPTIONS, dev->name,
					  "Options are a part of one line.");
	return 0;
}

int libiommu_mock_machine_set_vfs(struct libiommu_mock_machine *machine, const char *device,
				  unsigned int count, const char *options,
				  struct libiommu_error **err)
{
	struct mock_machine *inner = (struct mock_machine *)machine;
	struct libiommu_failure failure;
	struct mock_device *dev;
	int error;

	libiommu_error_clear(err);
	libiommu_failure_init(&failure);
	if (!machine || !device)
		return libiommu_error_set(err, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	dev = find(inner, device);
	if (!dev)
		return libiommu_error_set(err, LIBIOMMU_REASON_DEVICE_UNKNOWN, device, NULL);
	error = check_count(dev, count, options ? options : "", err);
	if (error)
		return error;
	if (!count) {
		mock_machine_unplug_vfs(inner, dev->function);
		return 0;
	}
	if (has_vfs(inner, dev->function))
		return libiommu_error_set(err, LIBIOMMU_REASON_DEVICE_BUSY, device,
					  "It has virtual functions; take them away first.");
	error = plug_vfs(inner, dev->function, count, options ? options : "", &failure);
	return tell(err, error, &failure);
}

int libiommu_mock_machine_bind(struct libiommu_mock_machine *machine, const char *device,
			       const char *driver, struct libiommu_error **err)
{
	struct mock_machine *inner = (struct mock_machine *)machine;
	struct libiommu_failure failure;
	struct mock_device *dev;

	libiommu_error_clear(err);
	libiommu_failure_init(&failure);
	if (!machine || !device)
		return libiommu_error_set(err, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (!driver)
		driver = "";
	if (strlen(driver) >= sizeof(dev->driver) || strpbrk(driver, " \t\n"))
		return libiommu_error_set(err, LIBIOMMU_REASON_BAD_OPTIONS, device,
					  "A driver is a word of at most %zu characters.",
					  sizeof(dev->driver) - 1);
	dev = find(inner, device);
	if (!dev)
		return libiommu_error_set(err, LIBIOMMU_REASON_DEVICE_UNKNOWN, device, NULL);
	return tell(err, mock_machine_bind(inner, dev, driver, &failure), &failure);
}

#define QUEUE_BYTES ((size_t)1 << 20)

int libiommu_mock_monitor_source(struct libiommu_mock_machine *machine, size_t queue,
				 struct libiommu_monitor_source *out, struct libiommu_error **err)
{
	struct libiommu_failure failure;

	libiommu_error_clear(err);
	libiommu_failure_init(&failure);
	if (!machine || !out)
		return libiommu_error_set(err, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	return tell(err,
		    mock_uevent_listen((struct mock_machine *)machine, queue ? queue : QUEUE_BYTES,
				       out, &failure),
		    &failure);
}
