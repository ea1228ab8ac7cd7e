/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The type1 backend's objects. The kernel's container is called a vessel here: a domain is a list
 * of vessels that hold the same mappings, a group is in one vessel at most and keeps it, emptied,
 * while it is detached and alone there, because leaving would cost its device descriptors.
 *
 * A context of passed descriptors opens no path, so the container that was passed is its only
 * vessel. Others may map into it as well: emptying it takes away what came through the library. When
 * somebody else has set it up it must be adopted: it then belongs to one domain until that is freed,
 * is never emptied, and the groups that were in it before ("at home") never leave.
 *
 * Opening, closing, attaching and detaching run one at a time; what else may run beside them is
 * guarded by two locks. Vessels' lists are also read by maps and unmaps, which the core never runs
 * beside a change of the same domain.
 */
#ifndef BACKENDS_VFIO_VFIO_H
#define BACKENDS_VFIO_VFIO_H

#include "backends/vfio/uapi.h"
#include "backends/vfiodev/vfiodev.h"

#include <libiommu/backend.h>

#include <pthread.h>

#define LIBIOMMU_VFIO_UNSAFE "module/vfio_iommu_type1/parameters/allow_unsafe_interrupts"

struct vfio_ctx {
	const struct libiommu_backend_env *env;
	const struct libiommu_sys *sys;
	struct libiommu_sysfs sysfs; /* without a path when none may be opened */
	struct vfio_vessel *passed;  /* of the container that was passed; NULL: none was */
	struct vfio_group *groups;
	pthread_mutex_t lock; /* the groups, their vessels and what is known of them */
};

/* What a vessel tells of itself. */
struct vfio_info {
	struct libiommu_geometry geometry;
	bool has_ranges;
	bool has_available;
	uint32_t available; /* mappings that still fit */
};

/* What came through the library into a vessel that others may fill as well, ascending. */
struct vfio_mine {
	struct libiommu_range *ranges;
	size_t count, room;
};

struct vfio_vessel {
	struct vfio_vessel *next;   /* of the domain */
	struct vfio_domain *domain; /* NULL: kept by its only group */
	/* What is in it is not ours alone; this domain has it until it is freed. */
	struct vfio_domain *adopter;
	int fd;
	unsigned int groups;
	struct vfio_mine mine; /* of the passed one, unless it is adopted */
	bool stale;            /* emptying it failed, and must be done before it is used */
	int coherent;          /* no-snoop is ignored: 1, 0; negative: unknown */
	struct vfio_info info;
	bool has_limit;
	uint32_t limit; /* mappings that fit into the empty vessel */
};

struct vfio_domain {
	struct vfio_ctx *ctx;
	struct vfio_vessel *vessels;
};

struct vfio_group {
	struct vfio_group *next;
	uint32_t id;
	int fd; /* -1: lost when the vessel could not be left otherwise; opened again at need */
	bool passed;  /* somebody else has it open as well: closing it ends nothing */
	bool home;    /* in the passed container from before */
	bool claimed; /* kept without open devices; changes one at a time with opens and closes */
	bool stray;   /* passed: where it should be no more, because leaving failed */
	struct vfio_vessel *vessel;
	struct vfio_device *devices; /* open ones */
	pthread_rwlock_t lock;       /* the devices' descriptors and what is known through them */
};

struct vfio_device {
	struct libiommu_vfiodev
		dev; /* no descriptor until the first attach, and after it was given up */
	struct vfio_ctx *ctx;
	struct vfio_group *group;
	struct vfio_device *next; /* of the group */
	char token[37];           /* of the PF's owner; "": none */
};

static inline bool libiommu_vfio_sealed(const struct vfio_ctx *ctx)
{
	return !ctx->sysfs.root;
}

void *libiommu_vfio_alloc(const struct vfio_ctx *ctx, size_t length);
void libiommu_vfio_free(const struct vfio_ctx *ctx, void *memory, size_t length);
void libiommu_vfio_close(const struct vfio_ctx *ctx, int *fd);
/* It offers what this backend needs. */
int libiommu_vfio_check_container(const struct libiommu_sys *sys, int fd,
				  struct libiommu_failure *failure);

/* info.c */
int libiommu_vfio_info_read(struct vfio_ctx *ctx, int container, struct vfio_info *info,
			    struct libiommu_failure *failure);
void libiommu_vfio_info_clear(struct vfio_ctx *ctx, struct vfio_info *info);
/* The domain as it would be: without the vessel `except` (NULL: with all), and with `extra`. */
int libiommu_vfio_domain_geometry(const struct vfio_domain *domain,
				  const struct vfio_vessel *except, const struct vfio_info *extra,
				  struct libiommu_geometry *out, struct libiommu_failure *failure);

/* group.c */
int libiommu_vfio_group_get(struct vfio_ctx *ctx, uint32_t id, const char *device,
			    struct vfio_group **out, struct libiommu_failure *failure);
/* The same with a descriptor that was passed. */
int libiommu_vfio_group_take(struct vfio_ctx *ctx, uint32_t id, const char *device, int fd,
			     bool home, struct vfio_group **out, struct libiommu_failure *failure);
void libiommu_vfio_group_put(struct vfio_ctx *ctx, struct vfio_group *group, uint32_t flags);
/* The kernel does not let it out of its vessel: what makes it leave at last. */
void libiommu_vfio_group_lose(struct vfio_ctx *ctx, struct vfio_group *group);
/* Open its node again when it was lost, or make it leave where it should not be. */
int libiommu_vfio_group_ready(struct vfio_ctx *ctx, struct vfio_group *group,
			      struct libiommu_failure *failure);
/* Every device gives its descriptor up and the group leaves its vessel, or nothing changes. */
int libiommu_vfio_group_give_up(struct vfio_ctx *ctx, struct vfio_group *group,
				struct libiommu_failure *failure);

/* What the container tells of a group that is in one. */
int libiommu_vfio_group_facts(struct vfio_ctx *ctx, uint32_t id,
			      struct libiommu_group_builder *builder,
			      struct libiommu_failure *failure);

/* vessel.c; a vessel that was made or joined is the group's only after a commit */
int libiommu_vfio_vessel_new(struct vfio_ctx *ctx, const struct vfio_domain *domain,
			     struct vfio_group *group, const char *device, struct vfio_vessel **out,
			     struct libiommu_failure *failure);
/* One of a domain that other groups may join; NULL: there is none. */
struct vfio_vessel *libiommu_vfio_vessel_open(const struct vfio_ctx *ctx,
					      const struct vfio_domain *domain);
/* A group of ours is in it that was not there before. */
bool libiommu_vfio_vessel_kept(const struct vfio_ctx *ctx, const struct vfio_vessel *vessel);
/* What it tells; NULL: that is not known yet. With the context's lock, or without threads. */
const struct vfio_info *libiommu_vfio_vessel_info(const struct vfio_vessel *vessel);
void libiommu_vfio_vessel_free(struct vfio_ctx *ctx, struct vfio_vessel *vessel);
/* Cannot fail: when the kernel does not let the group go, its node is closed. */
void libiommu_vfio_vessel_leave(struct vfio_ctx *ctx, struct vfio_group *group);
int libiommu_vfio_vessel_empty(struct vfio_ctx *ctx, struct vfio_vessel *vessel,
			       struct libiommu_failure *failure);
int libiommu_vfio_vessel_replay(struct vfio_ctx *ctx, struct vfio_vessel *vessel,
				const struct libiommu_backend_map *maps, size_t count,
				struct libiommu_failure *failure);
void libiommu_vfio_vessel_link(struct vfio_vessel *vessel, struct vfio_domain *domain);
void libiommu_vfio_vessel_unlink(struct vfio_vessel *vessel);

/* device.c */
int libiommu_vfio_device_open(void *ctx, void *device, const char *name, uint32_t *group,
			      struct libiommu_failure *failure);
/* Its group is there. */
void libiommu_vfio_device_start(struct vfio_device *device, struct vfio_ctx *ctx,
				struct vfio_group *group, const char *name);
/* @return a descriptor, or a negative errno */
int libiommu_vfio_device_lend(const struct vfio_device *device);
void libiommu_vfio_device_close(void *device, uint32_t flags);
int libiommu_vfio_device_ranges(void *device, struct libiommu_geometry *geometry,
				struct libiommu_failure *failure);
/* Get the descriptor, which resets the device, unless it has one. */
int libiommu_vfio_device_take(struct vfio_device *device, struct libiommu_failure *failure);

/* cap.c */
void libiommu_vfio_device_cap(void *device, enum libiommu_cap cap, struct libiommu_cap_answer *out);

/* claim.c */
extern const struct libiommu_backend_claims libiommu_vfio_claims;

/* attach.c */
int libiommu_vfio_attach(void *device, void *domain, const struct libiommu_backend_attach *attach,
			 struct libiommu_geometry *geometry, struct libiommu_failure *failure);
int libiommu_vfio_detach(void *device, void *domain, bool last, uint32_t flags,
			 struct libiommu_geometry *geometry, struct libiommu_failure *failure);
int libiommu_vfio_replace(void *const *devices, size_t count, void *from, void *to,
			  const struct libiommu_backend_attach *attach,
			  struct libiommu_geometry *from_geometry,
			  struct libiommu_geometry *to_geometry, struct libiommu_failure *failure);

/* handover.c */
extern const struct libiommu_backend_handover libiommu_vfio_handover;
int libiommu_vfio_open_passed(struct vfio_ctx *ctx, const struct libiommu_passed *passed,
			      struct libiommu_failure *failure);
void libiommu_vfio_close_passed(struct vfio_ctx *ctx);
/* The domain's claim to the passed container ends. */
void libiommu_vfio_disown(const struct vfio_domain *domain, uint32_t flags);

/* map.c */
int libiommu_vfio_map(void *domain, const struct libiommu_backend_map *map,
		      struct libiommu_failure *failure);
int libiommu_vfio_unmap(void *domain, const struct libiommu_backend_map *maps, size_t count,
			size_t *done, struct libiommu_failure *failure);
/* One mapping into one vessel; refuses with what the kernel means. */
int libiommu_vfio_map_one(struct vfio_ctx *ctx, struct vfio_vessel *vessel,
			  const struct libiommu_backend_map *map, struct libiommu_failure *failure);

/* mine.c */

/* False: it is the library's alone, or adopted, and nothing is noted. */
static inline bool libiommu_vfio_mine_counts(const struct vfio_ctx *ctx,
					     const struct vfio_vessel *vessel)
{
	return vessel == ctx->passed && !vessel->adopter;
}
/* Before the kernel is asked to map. */
int libiommu_vfio_mine_add(struct vfio_ctx *ctx, struct vfio_vessel *vessel,
			   const struct libiommu_backend_map *map,
			   struct libiommu_failure *failure);
/* When the kernel has not mapped, or has unmapped. */
void libiommu_vfio_mine_remove(struct vfio_ctx *ctx, struct vfio_vessel *vessel, uint64_t start,
			       uint64_t last);
/* Unmap all of it, as far as the kernel goes. @return 0 or a negative errno */
int libiommu_vfio_mine_unmap(struct vfio_ctx *ctx, struct vfio_vessel *vessel);
void libiommu_vfio_mine_clear(struct vfio_ctx *ctx, struct vfio_vessel *vessel);

/* diag.c: after a refusal only; these read facts and change nothing */
int libiommu_vfio_diagnose_open(struct libiommu_failure *failure, int error, const char *path);
/* The node that lends the group exists not; may it be in no-IOMMU mode? */
int libiommu_vfio_diagnose_node(struct vfio_ctx *ctx, uint32_t id, const char *device,
				struct libiommu_failure *failure);
/* The device is in a container that somebody else has set up, and no domain has adopted it. */
int libiommu_vfio_refuse_unadopted(const char *device, struct libiommu_failure *failure);
/* SET_CONTAINER, SET_IOMMU and GET_DEVICE_FD. */
int libiommu_vfio_diagnose_attach(struct vfio_ctx *ctx, const struct vfio_group *group,
				  const char *device, int error, const char *call,
				  struct libiommu_failure *failure);
int libiommu_vfio_diagnose_map(struct vfio_ctx *ctx, int container,
			       const struct libiommu_backend_map *map, int error,
			       struct libiommu_failure *failure);

#endif
