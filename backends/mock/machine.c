/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/machine.h"

#include "backends/mock/model.h"
#include "backends/mock/parse.h"
#include "backends/mock/space.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

void *mock_alloc(const struct mock_machine *machine, size_t bytes)
{
	return machine->mem->alloc(machine->mem->data, bytes, sizeof(uint64_t));
}

void mock_free(const struct mock_machine *machine, void *memory, size_t bytes)
{
	if (memory)
		machine->mem->free(machine->mem->data, memory, bytes);
}

#define HEX "0123456789abcdef"

bool mock_is_bdf(const char *name)
{
	static const char shape[] = "xxxx:xx:xx.7";

	if (strlen(name) == sizeof(shape) && name[0] != '0' && strchr(HEX, name[0]))
		name++;
	for (size_t i = 0; i < sizeof(shape); i++) {
		bool fits;

		if (shape[i] == 'x')
			fits = name[i] && strchr(HEX, name[i]);
		else if (shape[i] == '7')
			fits = name[i] >= '0' && name[i] <= '7';
		else
			fits = name[i] == shape[i];
		if (!fits)
			return false;
	}
	return true;
}

struct mock_iommu *mock_machine_iommu(const struct mock_machine *machine, const char *name)
{
	struct mock_iommu *iommu = machine->iommus;

	while (iommu && strcmp(iommu->name, name) != 0)
		iommu = iommu->next;
	return iommu;
}

bool mock_device_is_gone(const struct mock_device *dev)
{
	return __atomic_load_n(&dev->gone, __ATOMIC_ACQUIRE);
}

bool mock_group_is_alive(const struct mock_group *group)
{
	const struct mock_device *dev = group->devices;

	while (dev && mock_device_is_gone(dev))
		dev = dev->in_group;
	return dev || group->claimed;
}

struct mock_group *mock_machine_group(const struct mock_machine *machine, uint32_t id)
{
	struct mock_group *group = machine->groups;

	while (group && (group->id != id || !mock_group_is_alive(group)))
		group = group->next;
	return group;
}

struct mock_device *mock_machine_device(const struct mock_machine *machine, const char *name)
{
	struct mock_device *dev = machine->devices;

	while (dev && (strcmp(dev->name, name) != 0 || mock_device_is_gone(dev)))
		dev = dev->next;
	return dev;
}

/* Writers first: else devices that never rest would hold up every unmap. */
static int gate_init(pthread_rwlock_t *gate)
{
	pthread_rwlockattr_t attr;
	int error = pthread_rwlockattr_init(&attr);

	if (error)
		return error;
#ifdef __GLIBC__
	pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
#endif
	error = pthread_rwlock_init(gate, &attr);
	pthread_rwlockattr_destroy(&attr);
	return error;
}

struct mock_iommu *mock_machine_add_iommu(struct mock_machine *machine, const char *name)
{
	struct mock_iommu *iommu = mock_alloc(machine, sizeof(*iommu)), **end = &machine->iommus;

	if (!iommu)
		return NULL;
	if (gate_init(&iommu->gate) || mock_iotlb_init(&iommu->tlb)) {
		mock_free(machine, iommu, sizeof(*iommu));
		return NULL;
	}
	snprintf(iommu->name, sizeof(iommu->name), "%s", name);
	while (*end)
		end = &(*end)->next;
	*end = iommu;
	return iommu;
}

struct mock_group *mock_machine_add_group(struct mock_machine *machine, uint32_t id,
					  struct mock_iommu *iommu)
{
	struct mock_group *group = mock_alloc(machine, sizeof(*group)), **end = &machine->groups;

	if (!group)
		return NULL;
	group->id = id;
	group->iommu = iommu;
	while (*end)
		end = &(*end)->next;
	*end = group;
	return group;
}

void mock_group_add(struct mock_group *group, struct mock_device *dev)
{
	struct mock_device **end = &group->devices;

	dev->group = group;
	while (*end)
		end = &(*end)->in_group;
	*end = dev;
}

struct mock_device *mock_machine_add_device(struct mock_machine *machine, const char *name,
					    const struct mock_model *model)
{
	struct mock_device *dev = mock_alloc(machine, sizeof(*dev)), **end = &machine->devices;

	if (!dev)
		return NULL;
	if (model->state_size)
		dev->state = mock_alloc(machine, model->state_size);
	if ((model->state_size && !dev->state) || pthread_mutex_init(&dev->lock, NULL)) {
		mock_free(machine, dev->state, model->state_size);
		mock_free(machine, dev, sizeof(*dev));
		return NULL;
	}
	dev->machine = machine;
	dev->model = model;
	memcpy(dev->interrupts.there, model->interrupts, sizeof(dev->interrupts.there));
	snprintf(dev->name, sizeof(dev->name), "%s", name);
	while (*end)
		end = &(*end)->next;
	*end = dev;
	return dev;
}

struct mock_reserved *mock_machine_add_reserved(struct mock_machine *machine,
						struct mock_reserved **list)
{
	struct mock_reserved *reserved = mock_alloc(machine, sizeof(*reserved));

	if (!reserved)
		return NULL;
	while (*list)
		list = &(*list)->next;
	*list = reserved;
	return reserved;
}

static int check_widths(const struct mock_machine *machine, struct libiommu_failure *failure)
{
	for (const struct mock_iommu *iommu = machine->iommus; iommu; iommu = iommu->next) {
		/* One bit more, for the table pages above RAM. */
		if (iommu->hw.phys_width <= machine->ram.width)
			return libiommu_refuse(failure, LIBIOMMU_REASON_CONFIG_SYNTAX, iommu->name,
					       "RAM of %u bits is more than IOMMU %s can address.",
					       machine->ram.width, iommu->name);
	}
	return 0;
}

/*
 * Linux lends only what has no larger pages than the CPU, so this is what the CPU has here. What
 * an IOMMU can map alone can be pinned alone.
 */
static void choose_pages(struct mock_machine *machine)
{
	struct mock_ram_options *opts = &machine->ram_options;

	opts->least = opts->page = MOCK_PAGE;
	for (const struct mock_iommu *iommu = machine->iommus; iommu; iommu = iommu->next) {
		uint64_t granule = mock_hw_granule(&iommu->hw);

		if (granule < opts->least)
			opts->least = granule;
		if (granule > opts->page)
			opts->page = granule;
	}
	machine->page = opts->page;
}

static int copy_platforms(struct mock_machine *machine,
			  const struct libiommu_mock_platform *platforms, size_t count)
{
	struct mock_topology *topology = &machine->topology;

	if (!count)
		return 0;
	topology->platforms = mock_alloc(machine, count * sizeof(*platforms));
	if (!topology->platforms)
		return -1;
	memcpy(topology->platforms, platforms, count * sizeof(*platforms));
	topology->platform_count = count;
	return 0;
}

int mock_machine_make(const struct libiommu_allocator *mem, const char *text,
		      struct mock_machine **out, struct libiommu_failure *failure)
{
	return mock_machine_make_with(mem, text, NULL, 0, out, failure);
}

int mock_machine_make_with(const struct libiommu_allocator *mem, const char *text,
			   const struct libiommu_mock_platform *platforms, size_t count,
			   struct mock_machine **out, struct libiommu_failure *failure)
{
	struct mock_machine *machine = mem->alloc(mem->data, sizeof(*machine), sizeof(uint64_t));
	int error;

	if (!machine)
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	machine->mem = mem;
	machine->pid = getpid();
	machine->locked_limit = UINT64_MAX;
	if (pthread_mutex_init(&machine->lock, NULL) || mock_faults_init(&machine->faults) ||
	    mock_answers_init(&machine->answers)) {
		mock_free(machine, machine, sizeof(*machine));
		return libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	}
	if (copy_platforms(machine, platforms, count))
		error = libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	else
		error = mock_parse(machine, text, failure);
	if (!error)
		error = mock_machine_settle(machine, failure);
	choose_pages(machine);
	if (mock_ram_init(&machine->ram, mem, &machine->ram_options) ||
	    mock_frames_init(&machine->frames, mem, UINT64_C(1) << machine->ram.width))
		error = libiommu_refuse(failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	if (!error)
		error = check_widths(machine, failure);
	if (error) {
		mock_machine_destroy(machine);
		return error;
	}
	*out = machine;
	return 0;
}

static void free_reserved(struct mock_machine *machine, struct mock_reserved *list)
{
	while (list) {
		struct mock_reserved *next = list->next;

		mock_free(machine, list, sizeof(*list));
		list = next;
	}
}

void mock_device_free(struct mock_device *dev)
{
	struct mock_machine *machine = dev->machine;

	free_reserved(machine, dev->reserved);
	for (struct mock_pasid *pasid = dev->pasids, *next; pasid; pasid = next) {
		next = pasid->next;
		mock_free(machine, pasid, sizeof(*pasid));
	}
	pthread_mutex_destroy(&dev->lock);
	if (dev->model->release)
		dev->model->release(dev);
	mock_free(machine, dev->state, dev->model->state_size);
	mock_free(machine, dev, sizeof(*dev));
}

static void free_devices(struct mock_machine *machine)
{
	for (struct mock_device *dev = machine->devices, *next; dev; dev = next) {
		next = dev->next;
		mock_device_free(dev);
	}
	for (struct mock_group *group = machine->groups, *next; group; group = next) {
		next = group->next;
		mock_free(machine, group, sizeof(*group));
	}
}

void mock_machine_destroy(struct mock_machine *machine)
{
	if (!machine)
		return;
	/* Another thread of the parent may have held it at the moment of the fork. */
	if (getpid() != machine->pid)
		pthread_mutex_init(&machine->frames.lock, NULL);
	while (machine->spaces)
		mock_space_free(machine->spaces);
	free_devices(machine);
	mock_topology_free(machine);
	for (struct mock_iommu *iommu = machine->iommus, *next; iommu; iommu = next) {
		next = iommu->next;
		free_reserved(machine, iommu->reserved);
		mock_iotlb_fini(&iommu->tlb);
		pthread_rwlock_destroy(&iommu->gate);
		mock_free(machine, iommu, sizeof(*iommu));
	}
	mock_frames_fini(&machine->frames);
	mock_ram_fini(&machine->ram);
	mock_answers_fini(&machine->answers);
	mock_faults_fini(&machine->faults);
	pthread_mutex_destroy(&machine->lock);
	mock_free(machine, machine, sizeof(*machine));
}
