/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The objects of a replay, and as much of what libiommu's core knows about them as is needed to
 * make no call that the core would not make: a backend relies on that, a trace may say anything.
 */
#ifndef WORLD_H
#define WORLD_H

#include <libiommu/backend.h>
#include <libiommu/libiommu.h>
#include <libiommu/mock.h>

#include <pthread.h>

#define WORLD_REGIONS 16

struct world_map {
	struct world_map *next; /* in order of IOVA */
	struct libiommu_backend_map map;
};

struct world_domain {
	struct world_domain *next;
	uint64_t number;
	void *data;
	struct world_map *maps;
	size_t map_count;
	uint64_t type;
	bool pasid, nest_parent;
	struct world_domain *parent; /* NESTED; else NULL */
	struct world_queue *queue;   /* NULL: none */
	unsigned int attached;       /* devices and PASIDs */
	unsigned int children;
	struct libiommu_geometry geometry;
};

struct world_queue {
	struct world_queue *next;
	uint64_t number;
	void *data;
	unsigned int domains;
	const struct libiommu_backend *table;
	int fd, stop; /* the backend's, and an eventfd that ends the thread */
	pthread_t thread;
	bool served;
};

struct world_pasid {
	struct world_pasid *next;
	uint32_t number;
	struct world_domain *domain;
};

struct world_device {
	struct world_device *next;
	uint64_t number;
	void *data;
	char *name;
	uint32_t group;
	struct world_domain *domain;         /* NULL: detached */
	struct world_pasid *pasids;          /* those that are attached */
	uint64_t region_size[WORLD_REGIONS]; /* 0: not open */
	void *region_address[WORLD_REGIONS];
};

struct world_claim {
	struct world_claim *next;
	uint64_t group;
	void *data;
};

/* A machine that contexts shared; known by where it was. */
struct world_machine {
	struct world_machine *next;
	uint64_t object;
	struct libiommu_mock_machine *machine;
};

struct world_ctx {
	struct world_ctx *next;
	unsigned int number;
	bool open;
	uint64_t object; /* 0: a machine of its own */
	char *config;    /* NULL: none */
	uint32_t flags;
	struct libiommu_backend_env env;
	const struct libiommu_backend *table;
	void *data;
	struct world_device *devices;
	struct world_domain *domains;
	struct world_claim *claims;
	struct world_queue *queues;
	struct libiommu_mock_machine *own;
	struct libiommu_ctx *groups; /* asked about groups; NULL: not yet */
};

struct world {
	const char *machine_text; /* instead of what the trace says; NULL: the trace's */
	struct world_ctx *contexts;
	struct world_machine *machines;
};

struct world_ctx *world_ctx_find(struct world *w, unsigned int number);
struct world_ctx *world_ctx_new(struct world *w, unsigned int number);
/* Make its machine and open the backend. */
int world_ctx_open(struct world *w, struct world_ctx *ctx, struct libiommu_failure *f);
/* End everything of it, in the order of the core. */
void world_ctx_free(struct world *w, struct world_ctx *ctx);
void world_free(struct world *w);

struct world_device *world_device_find(const struct world_ctx *ctx, uint64_t number);
struct world_device *world_device_named(const struct world_ctx *ctx, const char *name);
struct world_device *world_device_new(struct world_ctx *ctx, uint64_t number, const char *name);
void world_device_free(struct world_ctx *ctx, struct world_device *dev);
/* Attached devices of the device's group, without itself. */
unsigned int world_companions(const struct world_ctx *ctx, const struct world_device *dev,
			      struct world_domain **domain);

struct world_claim *world_claim_find(const struct world_ctx *ctx, uint64_t group);
struct world_claim *world_claim_new(struct world_ctx *ctx, uint64_t group);
void world_claim_free(struct world_ctx *ctx, struct world_claim *claim);

struct world_domain *world_domain_find(const struct world_ctx *ctx, uint64_t number);
struct world_domain *world_domain_new(struct world_ctx *ctx, uint64_t number);
void world_domain_free(struct world_ctx *ctx, struct world_domain *dom);
/* Where the mappings are that count for a domain: a NESTED one has its parent's. */
struct world_domain *world_domain_book(struct world_domain *dom);
/* The domain's geometry is this one from now on; it is taken over. */
void world_domain_set(struct world_ctx *ctx, struct world_domain *dom,
		      struct libiommu_geometry *geometry);
/* The same when something of the domain has gone. */
void world_domain_left(struct world_ctx *ctx, struct world_domain *dom,
		       struct libiommu_geometry *geometry);
/* A domain that has the data it was made from: it belongs to these. */
void world_domain_join(struct world_domain *dom, struct world_domain *parent,
		       struct world_queue *queue);

struct world_pasid *world_pasid_find(const struct world_device *dev, uint64_t number);
/* May the device (pasid 0), or its PASID, be attached there, by the rules of groups? */
bool world_pair_fits(const struct world_ctx *ctx, const struct world_device *dev, uint64_t pasid,
		     const struct world_domain *dom);

struct world_queue *world_queue_find(const struct world_ctx *ctx, uint64_t number);
struct world_queue *world_queue_new(struct world_ctx *ctx, uint64_t number);
/*
 * From now on whatever a device asks for is refused: no trace tells who would bring the pages, and
 * an access that asks waits for its answer. What was brought in the trace is mapped by then.
 */
bool world_queue_serve(struct world_queue *queue, int fd);
/* Also what the backend has of it, when it is served. */
void world_queue_free(struct world_ctx *ctx, struct world_queue *queue);

/* Memory for a mapping that fits between the others. NULL, or why not. */
const char *world_map_new(struct world_domain *dom, uint64_t iova, uint64_t length, uint32_t prot,
			  struct world_map **out);
struct world_map *world_map_find(struct world_domain *dom, uint64_t iova);
void world_map_free(struct world_domain *dom, struct world_map *map);
/* So many mappings from this one on (NULL: all) as an array of calloc(). */
struct libiommu_backend_map *world_maps(const struct world_domain *dom,
					const struct world_map *first, size_t count);

#endif
