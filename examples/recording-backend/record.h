/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RECORD_H
#define RECORD_H

#include "trace.h"

#include <pthread.h>
#include <stdatomic.h>

/* What lies behind each object of ours; `data` is what the inner backend wants behind its own. */
struct record {
	const struct libiommu_backend_env *env;
	struct libiommu_backend_env inner_env;
	uint32_t inner_flags;
	const struct libiommu_backend *inner;
	void *data;
	int file;
	atomic_bool broken;
	unsigned int number;
	atomic_uint devices, domains, queues; /* numbers given */
	pthread_mutex_t lock;                 /* of what follows */
	struct record_device *open;
};

struct record_device {
	struct record *record;
	unsigned int number;
	void *data;
	struct record_device *next;
	const struct libiommu_device *handle; /* the core's name, when an attach has told it */
};

struct record_domain {
	struct record *record;
	unsigned int number;
	void *data;
};

struct record_queue {
	struct record *record;
	unsigned int number;
	void *data;
};

struct record_claim {
	struct record *record;
	uint32_t group;
	void *data;
};

/* record.c. NULL: refused as no-memory. */
void *record_alloc(const struct record *r, size_t length, struct libiommu_failure *f);
void record_free(const struct record *r, void *block, size_t length);
void record_write(struct record *r, struct trace_text *t);

/* record-device.c */
int record_device_open(void *ctx, void *device, const char *name, uint32_t *group,
		       struct libiommu_failure *f);
void record_device_close(void *device, uint32_t flags);
void record_device_cap(void *device, enum libiommu_cap cap, struct libiommu_cap_answer *out);
int record_device_ranges(void *device, struct libiommu_geometry *geometry,
			 struct libiommu_failure *f);
int record_attach(void *device, void *domain, const struct libiommu_backend_attach *attach,
		  struct libiommu_geometry *geometry, struct libiommu_failure *f);
int record_detach(void *device, void *domain, bool last, uint32_t flags,
		  struct libiommu_geometry *geometry, struct libiommu_failure *f);
int record_replace(void *const *devices, size_t count, void *from, void *to,
		   const struct libiommu_backend_attach *attach,
		   struct libiommu_geometry *from_geometry, struct libiommu_geometry *to_geometry,
		   struct libiommu_failure *f);
/* The core's name of a device, before somebody can ask who it is. */
void record_device_name(struct record_device *dev, const struct libiommu_backend_attach *attach);
/* Whose name it is; 0: it is nobody's. */
unsigned int record_device_number(struct record *r, const struct libiommu_device *handle);
/* A number and the inner backend's memory for a new domain. */
int record_domain_begin(struct record *r, struct record_domain *dom, struct libiommu_failure *f);

/* record-regions.c, record-device.c, record-claims.c, and one file for each of the others */
extern const struct libiommu_backend_regions record_regions;
extern const struct libiommu_backend_handover record_handover;
extern const struct libiommu_backend_claims record_claims;
extern const struct libiommu_backend_pasids record_pasids;
extern const struct libiommu_backend_nesting record_nesting;
extern const struct libiommu_backend_faults record_faults;

#endif
