/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_OBJECT_H
#define LIB_OBJECT_H

#include "lib/error.h"
#include "lib/ledger.h"
#include "lib/plugin.h"
#include "lib/reclaim.h"

#include <libiommu/backend.h>
#include <libiommu/libiommu.h>

#include <pthread.h>
#include <stdatomic.h>

/* The objects of the library, and which lock guards what. */

/* A backend that a context may use or uses. */
struct candidate {
	struct libiommu_backend table; /* adapted: every slot is set */
	struct libiommu_backend_regions regions;
	struct libiommu_backend_handover handover;
	struct libiommu_backend_pasids pasids;
	struct libiommu_backend_nesting nesting;
	struct libiommu_backend_faults faults;
	struct libiommu_backend_claims claims;
	struct libiommu_backend_env env;
	uint32_t flags; /* LIBIOMMU_BACKEND_* that this instance has */
	uint64_t page;  /* of its machine's CPU, in bytes */
	void *priv;
	bool open;
	struct libiommu_error *rejection; /* why it was not taken */
};

struct libiommu_ctx {
	struct libiommu_sys sys;
	struct libiommu_allocator allocator;
	libiommu_log_fn log;
	void *log_data;
	enum libiommu_log_level log_level;
	char *config;                  /* copy */
	struct libiommu_passed passed; /* size 0: none */
	struct plugin plugin;
	uint64_t page;                            /* of this process, in bytes */
	volatile const unsigned char *fork_guard; /* a page that a child finds zeroed */
	struct candidate *candidates;
	size_t candidate_count;
	_Atomic(struct candidate *) backend; /* NULL: undecided */
	struct reclaim reclaim;

	pthread_mutex_t lock;
	pthread_cond_t turn;
	bool busy;                       /* somebody has the turn */
	struct libiommu_group *groups;   /* under the lock */
	struct libiommu_reader *readers; /* under the lock */
	struct claim *claims;            /* changes under the lock and with the turn */
	/* With the turn: */
	uint64_t next_domain_id;
	struct libiommu_device *devices;
	struct libiommu_domain *domains;
	struct libiommu_fault_queue *queues;
	struct share *shares;
};

/* A group of which devices are open. Changes only with the context's turn. */
struct share {
	struct share *next;
	uint32_t id;
	unsigned int open;              /* open devices */
	_Atomic unsigned int attached;  /* attached endpoints of devices' own requests */
	_Atomic unsigned int pasids;    /* attached PASIDs */
	struct libiommu_domain *domain; /* what the devices' own requests are attached to */
};

struct libiommu_endpoint {
	struct libiommu_device *device;
	uint32_t pasid;                           /* 0: the device's own requests */
	struct libiommu_endpoint *next, *prev;    /* of the device's PASIDs; with the turn */
	_Atomic(struct libiommu_domain *) domain; /* NULL: detached; changes with the turn */
};

struct libiommu_device {
	struct libiommu_ctx *ctx;
	struct libiommu_device *next, *prev;
	struct share *share;
	struct libiommu_endpoint endpoint;
	struct libiommu_endpoint *pasids; /* open ones, ascending; with the turn */
	struct libiommu_region *regions;  /* open ones; ctx->lock */
	char *name;
	void *priv;
};

struct libiommu_region {
	struct libiommu_device *device;
	struct libiommu_region *next, *prev;
	unsigned int index;
	uint64_t size;
	void *mapped;
};

/* A file that mappings come from; ids are never used again within a domain. */
struct file {
	struct file *next; /* immutable once published */
	uint64_t device, inode;
	uint32_t space;
};

/* What the user restricts IOVAs to. */
struct allowed {
	struct libiommu_range *ranges;
	size_t count; /* 0: everything */
	size_t room;  /* of the array */
};

struct libiommu_domain {
	struct libiommu_ctx *ctx;
	struct libiommu_domain *next, *prev;
	enum libiommu_domain_type type;
	bool pasid;       /* PASIDs can be attached */
	bool nest_parent; /* NESTED domains can be made on it */
	uint64_t id;      /* unique in the context, so that cursors never mistake it */
	void *priv;
	struct libiommu_domain *parent;      /* of a NESTED one */
	struct libiommu_fault_queue *faults; /* NULL: none */
	struct libiommu_dma_buffer *buffers; /* under the lock */
	struct libiommu_dma_pool *pools;     /* under the lock */
	struct dma_registry *registry;       /* set once, under the lock */
	_Atomic(struct file *) files;

	pthread_mutex_t lock;        /* what is above */
	struct lock gate;            /* everything below; readers walk the ledger without it */
	_Atomic unsigned int inside; /* maps and unmaps at work; grows with the gate's lock only */
	_Atomic bool exclusive;      /* an attachment changes */
	unsigned int endpoints;      /* attached ones; with the turn, as the next */
	unsigned int children;       /* NESTED domains on it */
	struct ledger ledger;
	struct libiommu_geometry geometry; /* count 0: no endpoint, everything */
	struct libiommu_range usable; /* that all can use, of the last mapping; last 0: unknown */
	struct allowed allowed;
	_Atomic uint64_t page_min;
};

struct libiommu_fault_queue {
	struct libiommu_ctx *ctx;
	struct libiommu_fault_queue *next, *prev; /* with the turn, as the next */
	unsigned int domains;                     /* that use it */
	int fd;                                   /* the backend's */
	void *priv;
};

struct libiommu_reader {
	struct libiommu_ctx *ctx;
	struct libiommu_reader *next, *prev;
	struct reclaim_slot slot;
	uint64_t domain; /* id of the domain of the last hit */
	uint64_t removals;
	struct ledger_node *node;
};

#define PAGE_MIN UINT64_C(4096)

/* context.c */
void *ctx_alloc(struct libiommu_ctx *ctx, size_t length);
void ctx_release(struct libiommu_ctx *ctx, void *memory, size_t length);
char *ctx_strdup(struct libiommu_ctx *ctx, const char *text);
void ctx_strfree(struct libiommu_ctx *ctx, char *text);
bool ctx_forked(const struct libiommu_ctx *ctx);
/* Take the context's turn to change devices, domains or attachments. */
void ctx_turn_begin(struct libiommu_ctx *ctx);
void ctx_turn_end(struct libiommu_ctx *ctx);

/* Refuse NULL, and calls of a forked child; begins every public call (f is initialised here). */
int ctx_check(const struct libiommu_ctx *ctx, struct libiommu_failure *f);
int ctx_raise_failure(struct libiommu_ctx *ctx, struct libiommu_error **err, int code,
		      const struct libiommu_failure *f);
/* The end of every public call: 0 stays 0, else the failure becomes *err. ctx may be NULL. */
static inline int ctx_raise(struct libiommu_ctx *ctx, struct libiommu_error **err, int code,
			    const struct libiommu_failure *f)
{
	return code ? ctx_raise_failure(ctx, err, code, f) : 0;
}
/* The backend, or reason backend-undecided. */
int ctx_decided(struct libiommu_ctx *ctx, struct candidate **out, struct libiommu_failure *f);
/* Bytes of the CPU's pages; the backend is decided. */
static inline uint64_t ctx_page(struct libiommu_ctx *ctx)
{
	return atomic_load(&ctx->backend)->page;
}
/* "auto": the first backend for which `try` succeeds is the one from now on. With the turn. */
int ctx_decide(struct libiommu_ctx *ctx,
	       int (*try)(struct libiommu_ctx *ctx, struct candidate *c, void *data,
			  struct libiommu_failure *f),
	       void *data, struct libiommu_failure *f);
/* The size of an options struct: as we know it, or longer with a zero tail. */
int options_check(const void *options, size_t known, struct libiommu_failure *f);

/* registry.c */
int registry_adapt(const struct libiommu_backend *from, struct candidate *to,
		   struct libiommu_failure *f);
/* How much of a table of another size is ours: whole slots. */
size_t registry_common_size(size_t theirs, size_t ours);
/* registry_extras.c: the sub-tables and the slot that came after the first ones */
void registry_adapt_extras(struct candidate *to);

/* domain.c */
int domain_check_slowly(struct libiommu_domain *dom, struct libiommu_failure *f);
/* Begins the calls that map and unmap, as ctx_check() does. */
static inline int domain_check(struct libiommu_domain *dom, struct libiommu_failure *f)
{
	if (!dom || !dom->ctx->fork_guard[0] || dom->type != LIBIOMMU_DOMAIN_PAGING)
		return domain_check_slowly(dom, f);
	libiommu_failure_init(f);
	return 0;
}
void domain_let_in(struct libiommu_domain *dom);  /* the last one has left; no lock held */
void domain_exclude(struct libiommu_domain *dom); /* no lock held */
void domain_include(struct libiommu_domain *dom);

/* Gate held: wait for a change to end. */
static inline void domain_enter(struct libiommu_domain *dom)
{
	while (dom->exclusive)
		lock_wait(&dom->gate);
	dom->inside++;
}

/* Gate held. */
static inline void domain_leave(struct libiommu_domain *dom)
{
	if (--dom->inside == 0 && dom->exclusive)
		lock_wake(&dom->gate);
}

/*
 * The same without the gate. Who excludes says so first and looks who is inside then; here it is
 * the other way round. So one of the two sees the other, and the gate's lock keeps the call from
 * coming before the wait.
 */
static inline void domain_quit(struct libiommu_domain *dom)
{
	if (--dom->inside == 0 && dom->exclusive)
		domain_let_in(dom);
}

/* The one whose mappings count: a NESTED domain has its parent's. */
static inline struct libiommu_domain *domain_book(struct libiommu_domain *dom)
{
	return dom->parent ? dom->parent : dom;
}

/* Backends check that too, before they commit; what they cannot foresee is caught here. */
int domain_check_ledger(struct libiommu_domain *dom, const struct libiommu_geometry *g,
			struct libiommu_failure *f);
void domain_set_geometry(struct libiommu_domain *dom, struct libiommu_geometry *geometry);
/* A domain that no list has yet, with a backend's private data; and away with it. */
struct libiommu_domain *domain_make(struct libiommu_ctx *ctx, enum libiommu_domain_type type,
				    struct libiommu_failure *f);
void domain_discard(struct libiommu_domain *dom);
/* From now on it is one of the context's; with the turn. */
void domain_publish(struct libiommu_domain *dom, struct libiommu_fault_queue *faults);
void domain_destroy(struct libiommu_domain *dom, uint32_t flags);
/* Gate held: the first range that all endpoints can use and that is allowed, at or above from. */
bool domain_next_usable(const struct libiommu_domain *dom, uint64_t from,
			struct libiommu_range *out);

/* iova.c: sets the request's IOVA to the lowest free place for it; gate held */
int iova_choose(struct libiommu_domain *dom, struct libiommu_map_request *request,
		struct ledger_place *place, struct libiommu_failure *f);

/* snapshot.c: live mappings as an array for a backend; NULL and 0 for none */
int snapshot_take(struct libiommu_domain *dom, struct libiommu_backend_map **maps, size_t *count,
		  struct libiommu_failure *f);
void snapshot_release(struct libiommu_domain *dom, struct libiommu_backend_map *maps, size_t count);

/* view.c: a file, in this process at a multiple of `unit`; unmapped as it is, length and all */
struct view {
	int fd, access; /* PROT_* */
	uint64_t offset, length, unit;
};
/* 0, or what the kernel says of one of the calls; then there is nothing. */
int view_map(struct libiommu_ctx *ctx, const struct view *view, void **out);

/* source.c */
/* Fills in the node's source, space and memory: what was mapped of the file, or the address. */
int source_place_file(struct libiommu_domain *dom, const struct libiommu_map_request *request,
		      struct ledger_node *node, struct libiommu_failure *f);
int source_wraps(struct libiommu_source source, struct libiommu_failure *f);
static inline int source_place_memory(const struct libiommu_map_request *request,
				      struct ledger_node *node, struct libiommu_failure *f)
{
	uint64_t start = request->source.start;

	if (start + request->length - 1 < start)
		return source_wraps(request->source, f);
	node->source = start;
	node->space = LEDGER_SPACE_MEMORY;
	node->memory = (void *)(uintptr_t)start;
	return 0;
}
/* Unmap the window of a file source; nothing for memory. */
void source_unplace(struct libiommu_domain *dom, uint32_t space, void *memory, uint64_t length);
int source_space(struct libiommu_domain *dom, struct libiommu_source source, uint32_t *space);
void source_free_files(struct libiommu_domain *dom);

/* mapping.c */
static inline struct libiommu_backend_map node_as_map(const struct ledger_node *node)
{
	return (struct libiommu_backend_map){
		.iova = node->iova,
		.length = node->last - node->iova + 1,
		.prot = node->prot,
		.fd = -1,
		.memory = node->memory,
	};
}
void node_free(void *ctx, struct reclaim_item *item);
/* unmapping.c: for domain_destroy(); without asking the backend when flags say forked */
void unmap_everything(struct libiommu_domain *dom, uint32_t flags);

/* dma.c: memory that belongs to a domain; what is left of it, without asking the backend */
bool dma_in_use(struct libiommu_domain *dom);
void dma_destroy(struct libiommu_domain *dom, uint32_t flags);

/* pasid.c */
/* May this endpoint use this domain, beside what else is attached? With the turn. */
int pasid_check_pair(const struct libiommu_endpoint *ep, const struct libiommu_domain *dom,
		     struct libiommu_failure *f);
void pasid_destroy(struct libiommu_endpoint *ep, uint32_t flags);
/* fault_queue.c */
int queue_check(const struct libiommu_fault_queue *queue, const struct libiommu_ctx *ctx,
		struct libiommu_failure *f);
void queue_destroy(struct libiommu_fault_queue *queue, uint32_t flags);

/* device.c, group.c, claim.c, region.c */
void device_destroy(struct libiommu_device *dev, uint32_t flags);
void region_destroy(struct libiommu_region *region);
void group_destroy_all(struct libiommu_ctx *ctx);
void claim_destroy_all(struct libiommu_ctx *ctx, uint32_t flags);
void reader_destroy_all(struct libiommu_ctx *ctx);

/* Doubly linked lists of objects. */
#define LIST_ADD(head, object)                   \
	do {                                     \
		(object)->prev = NULL;           \
		(object)->next = (head);         \
		if (head)                        \
			(head)->prev = (object); \
		(head) = (object);               \
	} while (0)
#define LIST_REMOVE(head, object)                              \
	do {                                                   \
		if ((object)->prev)                            \
			(object)->prev->next = (object)->next; \
		else                                           \
			(head) = (object)->next;               \
		if ((object)->next)                            \
			(object)->next->prev = (object)->prev; \
	} while (0)

#endif
