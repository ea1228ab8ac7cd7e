/* SPDX-License-Identifier: BSD-2-Clause */
/* What the side doors share: from an endpoint to the mock's device. */
#ifndef BACKENDS_MOCK_DOOR_H
#define BACKENDS_MOCK_DOOR_H

#include <libiommu/mock.h>

#include "backends/mock/front.h"

/* @param pointer of the caller, not NULL. Reasons: null-argument, foreign-context. */
int mock_door_device(const struct libiommu_endpoint *ep, const void *pointer,
		     struct mock_device **dev, struct libiommu_error **err);

#endif
