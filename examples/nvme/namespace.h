/* SPDX-License-Identifier: BSD-2-Clause */
/* The namespaces of a controller. */
#ifndef NVME_NAMESPACE_H
#define NVME_NAMESPACE_H

#include "identify.h"

/** Find the active ones and fill nvme->namespaces. */
int nvme_namespaces_find(struct nvme *nvme, struct nvme_failure *failure);
void nvme_namespaces_forget(struct nvme *nvme);

/** @return the namespace with this id; NULL with a failure when there is none */
const struct nvme_namespace *nvme_namespace_get(const struct nvme *nvme, uint32_t id,
						struct nvme_failure *failure);

#endif
