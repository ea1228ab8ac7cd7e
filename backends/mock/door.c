/* SPDX-License-Identifier: BSD-2-Clause */
/* mock.h: the machine from the device's side. */
#include <libiommu/mock_platform.h>
#include <libiommu/pasid.h>

#include "backends/mock/dma.h"
#include "backends/mock/door.h"
#include "backends/mock/model.h"
#include "backends/mock/parse.h"
#include "backends/mock/translation.h"
#include "lib/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int libiommu_mock_machine_new(const char *text, struct libiommu_mock_machine **out,
			      struct libiommu_error **err)
{
	return libiommu_mock_machine_new_with(text, NULL, 0, out, err);
}

static bool platforms_are_whole(const struct libiommu_mock_platform *platforms, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (platforms[i].size != sizeof(platforms[i]) || !platforms[i].name ||
		    !platforms[i].device_group)
			return false;
	}
	return true;
}

int libiommu_mock_machine_new_with(const char *text, const struct libiommu_mock_platform *platforms,
				   size_t count, struct libiommu_mock_machine **out,
				   struct libiommu_error **err)
{
	struct libiommu_failure failure;
	struct mock_machine *machine;
	int error;

	libiommu_error_clear(err);
	libiommu_failure_init(&failure);
	if (!out || (count && !platforms))
		return libiommu_error_set(err, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (!platforms_are_whole(platforms, count))
		return libiommu_error_set(err, LIBIOMMU_REASON_BAD_OPTIONS, NULL,
					  "A platform has a size, a name and device_group().");
	error = mock_machine_make_with(libiommu_allocator_default(),
				       text ? text : mock_default_text, platforms, count, &machine,
				       &failure);
	if (error)
		return libiommu_error_raise(err, libiommu_allocator_default(), error, &failure);
	*out = (struct libiommu_mock_machine *)machine;
	return 0;
}

void libiommu_mock_machine_free(struct libiommu_mock_machine *machine)
{
	mock_machine_destroy((struct mock_machine *)machine);
}

const char *libiommu_mock_default_machine(void)
{
	return mock_default_text;
}

int mock_door_device(const struct libiommu_endpoint *ep, const void *pointer,
		     struct mock_device **dev, struct libiommu_error **err)
{
	struct mock_claim *claim;

	libiommu_error_clear(err);
	*dev = NULL;
	if (!ep || !pointer)
		return libiommu_error_set(err, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	claim = libiommu_backend_endpoint(ep, "mock");
	if (!claim)
		return libiommu_error_set(err, LIBIOMMU_REASON_FOREIGN_CONTEXT, NULL,
					  "It is not of the mock.");
	*dev = claim->dev;
	return 0;
}

static struct mock_machine *door_machine(const struct libiommu_ctx *ctx, int *error)
{
	struct mock_ctx *data = ctx ? libiommu_backend_ctx(ctx, "mock") : NULL;

	*error = ctx ? -EXDEV : -EINVAL;
	return data ? data->machine : NULL;
}

static int refuse_fault(struct libiommu_error **err, const struct mock_fault_record *fault)
{
	char subject[24];

	snprintf(subject, sizeof(subject), "0x%llx", (unsigned long long)fault->iova);
	if (fault->stage)
		return libiommu_error_set(err, LIBIOMMU_REASON_DMA_FAULT, subject,
					  "Device %s: %s in stage %u.", fault->device,
					  mock_fault_text(fault->kind), fault->stage);
	return libiommu_error_set(err, LIBIOMMU_REASON_DMA_FAULT, subject, "Device %s: %s.",
				  fault->device, mock_fault_text(fault->kind));
}

static int refuse_removed(struct libiommu_error **err, const struct mock_device *dev)
{
	return libiommu_error_set(err, LIBIOMMU_REASON_DEVICE_IO, dev->name, "It was removed.");
}

static int door_requester(const struct libiommu_endpoint *ep, const void *pointer,
			  struct mock_requester *from, struct libiommu_error **err)
{
	from->pasid = libiommu_endpoint_pasid(ep);
	return mock_door_device(ep, pointer, &from->dev, err);
}

int libiommu_mock_dma_read(struct libiommu_endpoint *ep, uint64_t iova, void *buffer, size_t length,
			   struct libiommu_error **err)
{
	struct mock_fault_record fault;
	struct mock_requester from;
	int error = door_requester(ep, buffer, &from, err);

	if (error)
		return error;
	if (mock_device_is_removed(from.dev))
		return refuse_removed(err, from.dev);
	if (mock_dma_transfer(from, iova, buffer, length, LIBIOMMU_PROT_READ, &fault))
		return refuse_fault(err, &fault);
	return 0;
}

int libiommu_mock_dma_write(struct libiommu_endpoint *ep, uint64_t iova, const void *buffer,
			    size_t length, struct libiommu_error **err)
{
	struct mock_fault_record fault;
	struct mock_requester from;
	int error = door_requester(ep, buffer, &from, err);

	if (error)
		return error;
	if (mock_device_is_removed(from.dev))
		return refuse_removed(err, from.dev);
	if (mock_dma_transfer(from, iova, (void *)(uintptr_t)buffer, length, LIBIOMMU_PROT_WRITE,
			      &fault))
		return refuse_fault(err, &fault);
	return 0;
}

int libiommu_mock_dma_cas(struct libiommu_endpoint *ep, uint64_t iova, unsigned int width,
			  uint64_t *expected, uint64_t desired, struct libiommu_error **err)
{
	struct mock_fault_record fault;
	struct mock_requester from;
	int error = door_requester(ep, expected, &from, err);

	if (error)
		return error;
	if ((width != 4 && width != 8) || iova % width)
		return libiommu_error_set(err, LIBIOMMU_REASON_MISALIGNED, NULL,
					  "An atomic access has 4 or 8 aligned bytes.");
	if (mock_device_is_removed(from.dev))
		return refuse_removed(err, from.dev);
	if (mock_dma_swap(from, iova, width, *expected, desired, expected, &fault))
		return refuse_fault(err, &fault);
	return 0;
}

int libiommu_mock_fault_next(struct libiommu_ctx *ctx, struct libiommu_mock_fault *out)
{
	struct mock_fault_record record;
	int error;
	struct mock_machine *machine = door_machine(ctx, &error);

	if (!out || out->size < sizeof(*out))
		return -EINVAL;
	if (!machine)
		return error;
	if (!mock_faults_take(&machine->faults, &record))
		return -EAGAIN;
	snprintf(out->device, sizeof(out->device), "%s", record.device);
	out->iova = record.iova;
	out->access = record.access;
	out->kind = record.kind;
	out->pasid = record.pasid;
	out->stage = record.stage;
	out->inner = record.inner;
	return 0;
}

static const char *name_of(enum libiommu_domain_type type)
{
	switch (type) {
	case LIBIOMMU_DOMAIN_IDENTITY:
		return "identity";
	case LIBIOMMU_DOMAIN_SVA:
		return "sva";
	case LIBIOMMU_DOMAIN_NESTED:
		return "nested";
	case LIBIOMMU_DOMAIN_SHARED:
		return "shared";
	default:
		return "blocked";
	}
}

int libiommu_mock_walk(struct libiommu_endpoint *ep, uint64_t iova,
		       struct libiommu_pgtable_walk *out, const char **format,
		       struct libiommu_error **err)
{
	const struct mock_reach *reach;
	struct mock_requester from;
	int error = door_requester(ep, out, &from, err);
	bool attached;

	if (error)
		return error;
	if (out->size < sizeof(*out))
		return libiommu_error_set(err, LIBIOMMU_REASON_BAD_OPTIONS, NULL, NULL);
	pthread_rwlock_rdlock(&from.dev->iommu->gate);
	reach = mock_pasid_find(from.dev, from.pasid);
	attached = reach && reach->space;
	if (attached && reach->dom->type == LIBIOMMU_DOMAIN_PAGING) {
		error = mock_table_walk(reach->table, iova, out, err);
		if (format)
			*format = mock_table_format(reach->table);
	} else if (attached) {
		out->steps = 0;
		if (format)
			*format = name_of(reach->dom->type);
	}
	pthread_rwlock_unlock(&from.dev->iommu->gate);
	if (!attached)
		return libiommu_error_set(err, LIBIOMMU_REASON_NOT_ATTACHED, from.dev->name, NULL);
	return error;
}

static int signal_owner(struct libiommu_endpoint *ep, enum libiommu_interrupt_kind kind,
			struct libiommu_error **err)
{
	struct mock_device *dev;
	int error = mock_door_device(ep, ep, &dev, err);

	if (error)
		return error;
	pthread_mutex_lock(&dev->lock);
	mock_interrupt_owner(dev, kind);
	pthread_mutex_unlock(&dev->lock);
	return 0;
}

int libiommu_mock_device_request(struct libiommu_endpoint *ep, struct libiommu_error **err)
{
	return signal_owner(ep, LIBIOMMU_INTERRUPT_REQUEST, err);
}

int libiommu_mock_device_remove(struct libiommu_endpoint *ep, struct libiommu_error **err)
{
	struct mock_device *dev;
	int error = mock_door_device(ep, ep, &dev, err);

	if (!error)
		mock_device_remove(dev);
	return error;
}

int libiommu_mock_device_error(struct libiommu_endpoint *ep, struct libiommu_error **err)
{
	return signal_owner(ep, LIBIOMMU_INTERRUPT_ERROR, err);
}

int libiommu_mock_stats(struct libiommu_ctx *ctx, struct libiommu_mock_stats *out)
{
	int error;
	struct mock_machine *machine = door_machine(ctx, &error);

	if (!out || out->size < sizeof(*out))
		return -EINVAL;
	if (!machine)
		return error;
	out->pinned_pages = mock_ram_pinned(&machine->ram);
	out->locked_bytes = __atomic_load_n(&machine->locked, __ATOMIC_RELAXED);
	mock_faults_count(&machine->faults, &out->faults, &out->faults_dropped);
	pthread_mutex_lock(&machine->lock);
	out->address_spaces = machine->space_count;
	out->table_pages = 0;
	for (const struct mock_space *space = machine->spaces; space; space = space->next) {
		for (const struct mock_table *table = space->tables; table; table = table->next)
			out->table_pages += mock_table_kind(table)->pages(table);
	}
	pthread_mutex_unlock(&machine->lock);
	out->page_requests = mock_answers_tickets(&machine->answers);
	out->iotlb_hits = out->iotlb_misses = out->invalidations = 0;
	for (struct mock_iommu *iommu = machine->iommus; iommu; iommu = iommu->next) {
		pthread_mutex_lock(&iommu->tlb.lock);
		out->iotlb_hits += iommu->tlb.hits;
		out->iotlb_misses += iommu->tlb.misses;
		out->invalidations += iommu->tlb.invalidations;
		pthread_mutex_unlock(&iommu->tlb.lock);
	}
	return 0;
}

int libiommu_mock_skip_invalidation(struct libiommu_ctx *ctx, bool skip)
{
	int error;
	struct mock_machine *machine = door_machine(ctx, &error);

	if (!machine)
		return error;
	__atomic_store_n(&machine->skip_invalidation, skip, __ATOMIC_RELAXED);
	for (struct mock_iommu *iommu = machine->iommus; iommu && !skip; iommu = iommu->next) {
		pthread_rwlock_wrlock(&iommu->gate);
		mock_iotlb_drop_all(&iommu->tlb);
		pthread_rwlock_unlock(&iommu->gate);
	}
	return 0;
}
