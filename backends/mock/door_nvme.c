/* SPDX-License-Identifier: BSD-2-Clause */
/* mock_nvme.h: the controller from behind. */
#include <libiommu/mock_nvme.h>

#include "backends/mock/door.h"
#include "backends/mock/model_nvme.h"
#include "lib/error.h"

#include <limits.h>
#include <string.h>

/* On success device.lock is held. */
static int enter(const struct libiommu_endpoint *ep, const void *pointer, struct nvme **nvme,
		 struct libiommu_error **err)
{
	struct mock_device *dev;
	int error = mock_door_device(ep, pointer, &dev, err);

	*nvme = NULL;
	if (error)
		return error;
	if (dev->model != &mock_model_nvme)
		return libiommu_error_set(err, LIBIOMMU_REASON_WRONG_MODEL, dev->name,
					  "It is of the model %s.", dev->model->name);
	pthread_mutex_lock(&dev->lock);
	*nvme = nvme_of(dev);
	return 0;
}

static void leave(struct nvme *nvme)
{
	pthread_mutex_unlock(&nvme->dev->lock);
}

static bool is_valid(const struct libiommu_mock_nvme_error *error)
{
	return error->size >= sizeof(*error) && error->effect >= LIBIOMMU_MOCK_NVME_STATUS &&
	       error->effect <= LIBIOMMU_MOCK_NVME_FATAL && error->status < 0x8000 &&
	       (error->status || error->effect != LIBIOMMU_MOCK_NVME_STATUS) &&
	       error->opcode >= -1 && error->opcode <= UINT8_MAX;
}

int libiommu_mock_nvme_inject(struct libiommu_endpoint *ep,
			      const struct libiommu_mock_nvme_error *error,
			      struct libiommu_error **err)
{
	struct nvme *nvme;
	bool added;
	int code = enter(ep, error, &nvme, err);

	if (code)
		return code;
	if (!is_valid(error)) {
		leave(nvme);
		return libiommu_error_set(err, LIBIOMMU_REASON_BAD_OPTIONS, NULL, NULL);
	}
	added = nvme_error_add(nvme, error);
	leave(nvme);
	return added ? 0 : libiommu_error_set(err, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
}

int libiommu_mock_nvme_clear(struct libiommu_endpoint *ep, struct libiommu_error **err)
{
	struct nvme *nvme;
	int code = enter(ep, ep, &nvme, err);

	if (code)
		return code;
	nvme_errors_free(nvme);
	leave(nvme);
	return 0;
}

int libiommu_mock_nvme_fatal(struct libiommu_endpoint *ep, struct libiommu_error **err)
{
	struct nvme *nvme;
	int code = enter(ep, ep, &nvme, err);

	if (code)
		return code;
	nvme_fatal(nvme);
	leave(nvme);
	return 0;
}

int libiommu_mock_nvme_never_ready(struct libiommu_endpoint *ep, bool never,
				   struct libiommu_error **err)
{
	struct nvme *nvme;
	int code = enter(ep, ep, &nvme, err);

	if (code)
		return code;
	nvme->not_ready = never ? UINT_MAX : 0;
	leave(nvme);
	return 0;
}

int libiommu_mock_nvme_delay(struct libiommu_endpoint *ep, uint32_t commands,
			     struct libiommu_error **err)
{
	struct nvme *nvme;
	int code = enter(ep, ep, &nvme, err);

	if (code)
		return code;
	nvme->options.delay = commands;
	leave(nvme);
	return 0;
}

int libiommu_mock_nvme_run(struct libiommu_endpoint *ep, size_t most, size_t *done,
			   struct libiommu_error **err)
{
	struct nvme *nvme;
	size_t ran;
	int code = enter(ep, ep, &nvme, err);

	if (code)
		return code;
	ran = nvme_run(nvme, most);
	nvme_feed(nvme);
	leave(nvme);
	if (done)
		*done = ran;
	return 0;
}

static int refuse_range(struct libiommu_error **err, const struct nvme *nvme, uint32_t nsid)
{
	return libiommu_error_set(err, LIBIOMMU_REASON_REGION_RANGE, nvme->dev->name,
				  "Namespace %u is shorter, or there is none.", nsid);
}

/* Either way; what is only read is not changed. */
static int move(struct nvme *nvme, uint32_t nsid, uint64_t offset, void *buffer, size_t length,
		bool write, struct libiommu_error **err)
{
	struct nvme_namespace *ns = nvme_namespace_find(nvme, nsid);
	uint64_t size = ns ? ns->blocks << ns->shift : 0;
	unsigned char *mine = buffer;

	if (!ns || length > size || offset > size - length)
		return refuse_range(err, nvme, nsid);
	while (length) {
		uint64_t piece;
		unsigned char *bytes = nvme_namespace_at(nvme, ns, offset, write, &piece);

		if (!bytes)
			return libiommu_error_set(err, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
		if (piece > length)
			piece = length;
		memcpy(write ? bytes : mine, write ? mine : bytes, piece);
		mine += piece;
		offset += piece;
		length -= piece;
	}
	return 0;
}

int libiommu_mock_nvme_read(struct libiommu_endpoint *ep, uint32_t nsid, uint64_t offset,
			    void *buffer, size_t length, struct libiommu_error **err)
{
	struct nvme *nvme;
	int code = enter(ep, buffer, &nvme, err);

	if (code)
		return code;
	code = move(nvme, nsid, offset, buffer, length, false, err);
	leave(nvme);
	return code;
}

int libiommu_mock_nvme_write(struct libiommu_endpoint *ep, uint32_t nsid, uint64_t offset,
			     const void *buffer, size_t length, struct libiommu_error **err)
{
	struct nvme *nvme;
	int code = enter(ep, buffer, &nvme, err);

	if (code)
		return code;
	code = move(nvme, nsid, offset, (void *)(uintptr_t)buffer, length, true, err);
	leave(nvme);
	return code;
}
