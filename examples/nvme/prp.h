/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Physical region pages: how a command says where its memory is. The first page may begin
 * anywhere, all others are whole pages; from the third page on they stand in lists, and the last
 * entry of a list that is full names the next list.
 */
#ifndef NVME_PRP_H
#define NVME_PRP_H

#include "failure.h"

/** A page of memory for a list. */
struct nvme_prp_list {
	uint64_t *entries;
	uint64_t iova;
};

/** What goes into the command. */
struct nvme_prp {
	uint64_t first;
	uint64_t second;
};

/** From an address on: the IOVA, and how many bytes go on without a break. */
struct nvme_place {
	uint64_t iova;
	uint64_t length;
};

/** @return 0; a negative errno with its failure when the device may not use this memory */
typedef int (*nvme_locate_fn)(void *data, const void *address, struct nvme_place *place,
			      struct nvme_failure *failure);

/** @return how many lists the longest transfer of `bytes` needs, wherever it begins */
unsigned int nvme_prp_lists_for(uint64_t bytes, uint32_t page_size);

/** Memory, and the lists that may be used to describe it. */
struct nvme_prp_job {
	const void *address; /**< for the device a multiple of 4 */
	uint64_t length;     /**< greater than 0 */
	uint32_t page_size;  /**< the controller's; a power of two */
	const struct nvme_prp_list *lists;
	unsigned int list_count;
	nvme_locate_fn locate;
	void *data;
};

/**
 * Describe memory. @return 0; -EINVAL for memory that the controller cannot take as it lies
 * (misaligned, or a break within a page: use other memory); -E2BIG when the lists do not suffice;
 * what locate returns
 */
int nvme_prp_build(const struct nvme_prp_job *job, struct nvme_prp *out,
		   struct nvme_failure *failure);

/** The IOVAs that were given to the device, as text: "0x1000-0x2fff 0x8000-0x8fff". */
void nvme_prp_describe(const struct nvme_prp_job *job, const struct nvme_prp *prp, char *text,
		       size_t size);

#endif
