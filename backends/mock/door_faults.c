/* SPDX-License-Identifier: BSD-2-Clause */
/* mock.h: page requests from the device's side. */
#include "backends/mock/door.h"
#include "backends/mock/queue.h"
#include "lib/error.h"

#include <errno.h>

#include <libiommu/pasid.h>

int libiommu_mock_page_request(struct libiommu_endpoint *ep,
			       const struct libiommu_page_request *requests, size_t count,
			       uint32_t number, uint64_t *ticket, struct libiommu_error **err)
{
	struct mock_requester from = { .pasid = libiommu_endpoint_pasid(ep) };
	int error = mock_door_device(ep, requests, &from.dev, err);
	struct mock_queue *queue;

	if (error)
		return error;
	if (!count || !ticket)
		return libiommu_error_set(err, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (mock_device_is_removed(from.dev))
		return libiommu_error_set(err, LIBIOMMU_REASON_DEVICE_IO, from.dev->name,
					  "It was removed.");
	pthread_rwlock_rdlock(&from.dev->iommu->gate);
	queue = mock_queue_of(from, mock_pasid_find(from.dev, from.pasid));
	if (queue && !mock_queue_ask(queue, from, requests, count, number, false, ticket)) {
		*ticket = mock_answers_ticket(&from.dev->machine->answers);
		mock_answers_put(&from.dev->machine->answers, *ticket, LIBIOMMU_FAULT_REFUSED);
	}
	pthread_rwlock_unlock(&from.dev->iommu->gate);
	if (queue)
		return 0;
	return libiommu_error_set(err, LIBIOMMU_REASON_FAULTS_UNSUPPORTED, from.dev->name, NULL);
}

int libiommu_mock_page_answer(struct libiommu_endpoint *ep, uint64_t ticket,
			      enum libiommu_fault_answer *out)
{
	struct mock_device *dev;

	if (!ep || !out)
		return -EINVAL;
	if (mock_door_device(ep, out, &dev, NULL))
		return -EXDEV;
	return mock_answers_take(&dev->machine->answers, ticket, out) ? 0 : -EAGAIN;
}
