/* SPDX-License-Identifier: BSD-2-Clause */
/* mock.h: what a device caches of a stage 1 without a table. */
#include <libiommu/pasid.h>

#include "backends/mock/door.h"
#include "backends/mock/nested.h"
#include "lib/error.h"

/* The gate is held. */
static int read_word(const struct mock_reach *reach, unsigned int number, uint32_t *out,
		     struct libiommu_error **err)
{
	const struct mock_stage1 *stage1;

	if (!reach || !reach->space)
		return libiommu_error_set(err, LIBIOMMU_REASON_NOT_ATTACHED, NULL, NULL);
	stage1 = reach->dom->stage1;
	if (!stage1 || stage1->type != LIBIOMMU_STAGE1_SELFTEST)
		return libiommu_error_set(err, LIBIOMMU_REASON_DOMAIN_TYPE, NULL,
					  "It is no stage 1 of the test device's.");
	*out = stage1->cached[number];
	return 0;
}

int libiommu_mock_stage1_cached(struct libiommu_endpoint *ep, unsigned int number, uint32_t *out,
				struct libiommu_error **err)
{
	struct mock_device *dev;
	int error = mock_door_device(ep, out, &dev, err);

	if (error)
		return error;
	if (number >= MOCK_STAGE1_WORDS)
		return libiommu_error_set(err, LIBIOMMU_REASON_BAD_OPTIONS, NULL,
					  "There are %d words.", MOCK_STAGE1_WORDS);
	pthread_rwlock_rdlock(&dev->iommu->gate);
	error = read_word(mock_pasid_find(dev, libiommu_endpoint_pasid(ep)), number, out, err);
	pthread_rwlock_unlock(&dev->iommu->gate);
	return error;
}
