/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Classic bugs, to see that the mock finds them. Only the tests' build of the driver has them, one
 * at a time; in the program the condition is a constant.
 */
#ifndef NVME_PLANT_H
#define NVME_PLANT_H

enum nvme_bug {
	NVME_BUG_NONE,
	NVME_BUG_UNMAP_EARLY, /* a buffer goes while the device works on it */
	NVME_BUG_PRP_SHORT,   /* the offset in the first page is forgotten when pages are counted */
	NVME_BUG_QUEUE_FREED, /* a queue's memory goes before the controller has given it up */
	NVME_BUG_NO_PROT_CHECK, /* a read into memory that the device may only read */
	NVME_BUG_STALE_ADDRESS  /* an IOVA that was looked up once is used after its unmap */
};

#ifdef NVME_PLANTED_BUGS
extern enum nvme_bug nvme_planted;
#define NVME_PLANTED(bug) (nvme_planted == (bug))
#else
#define NVME_PLANTED(bug) ((void)(bug), 0)
#endif

#endif
