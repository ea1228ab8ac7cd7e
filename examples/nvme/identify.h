/* SPDX-License-Identifier: BSD-2-Clause */
/* What the controller and its namespaces tell of themselves. */
#ifndef NVME_IDENTIFY_H
#define NVME_IDENTIFY_H

#include "failure.h"

struct nvme;

struct nvme_identity {
	uint16_t vendor;
	char serial[21];
	char model[41];
	char firmware[9];
	uint32_t namespaces;        /**< ids are at most this */
	uint32_t max_transfer_log2; /**< in pages of the smallest size; 0: no limit */
	bool volatile_cache;
	uint32_t shutdown_us; /**< time that a shutdown may take; 0: not told */
};

struct nvme_namespace {
	uint32_t id;
	uint64_t blocks;
	uint32_t block_size;    /**< bytes */
	uint32_t metadata_size; /**< bytes per block; the driver moves none */
};

/** Fill nvme->identity. */
int nvme_identify_controller(struct nvme *nvme, struct nvme_failure *failure);

/**
 * Ids of active namespaces above `after`, ascending, ending in 0.
 * @param[out] ids room for 1024
 */
int nvme_identify_active(struct nvme *nvme, uint32_t after, uint32_t *ids,
			 struct nvme_failure *failure);

/** @return 0 and blocks == 0 for a namespace that is not there */
int nvme_identify_namespace(struct nvme *nvme, uint32_t id, struct nvme_namespace *out,
			    struct nvme_failure *failure);

#endif
