/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The iommufd backend's objects. A domain is an address space of the kernel (IOAS), which keeps its
 * mappings whoever is attached. Devices reach it through page tables (hwpt): the kernel makes them by
 * itself for devices that want nothing special; those that the library makes are in the domain's
 * list. One page table serves the devices behind IOMMUs that are alike.
 *
 * Opening, closing, attaching and detaching run one at a time; what is read beside them is guarded by
 * the context's lock.
 */
#ifndef BACKENDS_IOMMUFD_IOMMUFD_H
#define BACKENDS_IOMMUFD_IOMMUFD_H

#include "backends/iommufd/transport.h"
#include "backends/iommufd/uapi.h"
#include "backends/vfiodev/vfiodev.h"

#define LIBIOMMU_IOMMUFD_UNSAFE "module/iommufd/parameters/allow_unsafe_interrupts"

struct iommufd_queue;

struct iommufd_ctx {
	const struct libiommu_backend_env *env;
	const struct libiommu_sys *sys;
	struct libiommu_sysfs sysfs;
	const struct libiommu_iommufd_transport *transport;
	int fd;
	bool passed;        /* no path may be opened */
	bool explicit_hwpt; /* never let the kernel make page tables by itself */
	struct iommufd_device *devices;
	struct iommufd_claim *claims;
	struct iommufd_domain *domains;
	/* Lists of devices and claims, what devices are attached to, and what is known of their tables. */
	pthread_mutex_t lock;
};

/* What the kernel tells of an IOMMU, where it does. */
struct iommufd_hw {
	bool known;
	struct libiommu_iommufd_hw info;
};

/* Where page tables for a device can translate, once that was asked: its IOMMU does not change. */
struct iommufd_aperture {
	bool known;
	struct libiommu_range range;
	uint64_t page_min;
};

/* A page table that the library has made; it is freed with its last user. */
struct iommufd_hwpt {
	struct iommufd_hwpt *next;
	uint32_t id;
	uint32_t flags;       /* IOMMU_HWPT_* */
	unsigned int users;   /* devices, PASIDs, and nested domains on it */
	uint32_t group;       /* of the device that it was made for */
	struct iommufd_hw hw; /* of that */
};

struct iommufd_domain {
	struct iommufd_ctx *ctx;
	struct iommufd_domain *next;
	uint32_t id;    /* of an address space; of a nested domain, of its page table */
	uint32_t flags; /* what its page tables must have: IOMMU_HWPT_* */
	bool adopted;   /* somebody else frees it */
	unsigned int users;
	struct iommufd_hwpt *hwpts;
	struct iommufd_queue *faults; /* NULL: none */
	/* Of a nested one. */
	struct iommufd_domain *parent; /* NULL: it is none */
	struct iommufd_hwpt *below;    /* the parent's page table that it stands on */
	struct iommufd_hw hw;          /* of the device that it was made for */
	enum libiommu_stage1_type stage1;
};

/* A PASID that is attached. */
struct iommufd_pasid {
	struct iommufd_pasid *next;
	uint32_t number;
	struct iommufd_domain *domain;
	struct iommufd_hwpt *hwpt;
};

struct iommufd_device {
	struct libiommu_vfiodev dev;
	struct iommufd_ctx *ctx;
	struct iommufd_device *next;
	uint32_t id; /* of the bind */
	uint32_t group;
	struct iommufd_hw hw;
	struct iommufd_aperture aperture;
	struct iommufd_domain *domain;
	struct iommufd_hwpt *hwpt; /* NULL: the kernel's own, or the domain is nested */
	struct iommufd_pasid *pasids;
	struct libiommu_device *handle; /* the core's name of it */
	pthread_rwlock_t lock;          /* the descriptor and what is known through it */
};

/* A device or a PASID on its way into a domain. */
struct iommufd_way {
	struct iommufd_device *device;
	struct iommufd_domain *domain;
	const struct libiommu_backend_attach *attach;
	uint32_t pasid;            /* 0: the device's own requests */
	bool replaces;             /* it is attached, and moved */
	struct iommufd_hwpt *hwpt; /* NULL: the kernel's own */
};

static_assert(offsetof(struct iommufd_device, dev) == 0, "the register slots take it as that");

void *libiommu_iommufd_alloc(const struct iommufd_ctx *ctx, size_t length);
void libiommu_iommufd_free(const struct iommufd_ctx *ctx, void *memory, size_t length);

/* open.c */
int libiommu_iommufd_open(void *ctx, const struct libiommu_backend_env *env,
			  struct libiommu_failure *failure);
void libiommu_iommufd_close(void *ctx, uint32_t flags);

/* device.c */
int libiommu_iommufd_device_open(void *ctx, void *device, const char *name, uint32_t *group,
				 struct libiommu_failure *failure);
int libiommu_iommufd_device_open_with(void *ctx, void *device, const char *name,
				      const struct libiommu_device_options *opts, uint32_t *group,
				      struct libiommu_failure *failure);
void libiommu_iommufd_device_close(void *device, uint32_t flags);
/* What a transport is told of a device. */
struct libiommu_iommufd_bound libiommu_iommufd_bound(const struct iommufd_device *device);

/* The device's own node, bound. */
int libiommu_iommufd_take(struct iommufd_ctx *ctx, const char *name, uint32_t group, int *fd,
			  uint32_t *id, struct libiommu_failure *failure);
/* Out of the iommufd, and closed. */
void libiommu_iommufd_untake(const struct iommufd_ctx *ctx, int fd, uint32_t id, uint32_t flags);

/* claim.c */
extern const struct libiommu_backend_claims libiommu_iommufd_claims;
/* A member that a claim has bound; false: none has. */
bool libiommu_iommufd_hand_over(struct iommufd_ctx *ctx, uint32_t group, const char *name, int *fd,
				uint32_t *id);
/* False: there is no claim, or the device cannot be brought to rest; it is to be closed. */
bool libiommu_iommufd_give_back(struct iommufd_device *device);
/* It was closed nevertheless: as good as can be, the claim has it again. */
void libiommu_iommufd_take_again(struct iommufd_ctx *ctx, uint32_t group, const char *name);
/* What is known of one that a claim has bound of this group; NULL: none is. The context's lock is held. */
struct iommufd_aperture *libiommu_iommufd_held(const struct iommufd_ctx *ctx, uint32_t group,
					       uint32_t *id);

/* cap.c */
void libiommu_iommufd_device_cap(void *device, enum libiommu_cap cap,
				 struct libiommu_cap_answer *out);

/* ranges.c; geometries are cleared by whoever gave them when these fail */
int libiommu_iommufd_ranges(const struct iommufd_ctx *ctx, uint32_t ioas,
			    struct libiommu_geometry *geometry, struct libiommu_failure *failure);
/* Where a device can translate, whatever it is attached to. */
int libiommu_iommufd_device_ranges(void *device, struct libiommu_geometry *geometry,
				   struct libiommu_failure *failure);

/* What is known of a group of which a device is open. */
int libiommu_iommufd_group_facts(struct iommufd_ctx *ctx, uint32_t id,
				 struct libiommu_group_builder *builder,
				 struct libiommu_failure *failure);

/* domain.c */
int libiommu_iommufd_domain_new(void *ctx, void *domain, enum libiommu_domain_type type,
				struct libiommu_failure *failure);
int libiommu_iommufd_domain_adopt(void *ctx, void *domain, uint64_t native,
				  struct libiommu_failure *failure);
int libiommu_iommufd_domain_native(void *domain, uint64_t *native,
				   struct libiommu_failure *failure);
int libiommu_iommufd_domain_new_with(void *ctx, void *domain,
				     const struct libiommu_backend_wishes *wishes,
				     struct libiommu_failure *failure);
void libiommu_iommufd_domain_free(void *domain, uint32_t flags);
void libiommu_iommufd_domain_link(struct iommufd_ctx *ctx, struct iommufd_domain *domain);
/* The id of the address space behind a domain. */
uint32_t libiommu_iommufd_space(const struct iommufd_domain *domain);

/* hwpt.c */

/* Into a page table or an address space. @return 0 or a negative errno of the kernel */
int libiommu_iommufd_move(const struct iommufd_way *way, uint32_t pt);
/* Into a page table of the domain; one that is new and has no user is still in its list on failure. */
int libiommu_iommufd_enter(struct iommufd_way *way, struct libiommu_failure *failure);
int libiommu_iommufd_hwpt_new(struct iommufd_device *device, struct iommufd_domain *domain,
			      const struct libiommu_backend_attach *attach,
			      struct iommufd_hwpt **out, struct libiommu_failure *failure);
void libiommu_iommufd_drop_unused(struct iommufd_domain *domain, uint32_t flags);
/* One user more, and one less: a page table is freed with the last one. */
void libiommu_iommufd_join(struct iommufd_domain *domain, struct iommufd_hwpt *hwpt);
void libiommu_iommufd_leave(struct iommufd_domain *domain, struct iommufd_hwpt *hwpt,
			    uint32_t flags);

/* attach.c */

/* Where a domain can translate, with whoever is in it now. */
int libiommu_iommufd_geometry(const struct iommufd_domain *domain,
			      struct libiommu_geometry *geometry, struct libiommu_failure *failure);
/* The same after somebody has left. Without memory it stays empty: the core keeps the narrower one. */
void libiommu_iommufd_narrow(const struct iommufd_domain *domain,
			     struct libiommu_geometry *geometry);
/* How the core calls a device. */
void libiommu_iommufd_know(struct iommufd_device *device,
			   const struct libiommu_backend_attach *attach);
int libiommu_iommufd_attach(void *device, void *domain,
			    const struct libiommu_backend_attach *attach,
			    struct libiommu_geometry *geometry, struct libiommu_failure *failure);
int libiommu_iommufd_detach(void *device, void *domain, bool last, uint32_t flags,
			    struct libiommu_geometry *geometry, struct libiommu_failure *failure);
int libiommu_iommufd_replace(void *const *devices, size_t count, void *from, void *to,
			     const struct libiommu_backend_attach *attach,
			     struct libiommu_geometry *from_geometry,
			     struct libiommu_geometry *to_geometry,
			     struct libiommu_failure *failure);
/* Out of what it is attached to, if anything. */
int libiommu_iommufd_quit(struct iommufd_device *device, struct libiommu_failure *failure);
/* The device is in no address space any more, without the kernel being told. */
void libiommu_iommufd_forget(struct iommufd_device *device, uint32_t flags);

/* pasid.c */
extern const struct libiommu_backend_pasids libiommu_iommufd_pasids;
/* One that the kernel would not detach, or all of a device that is closed. */
void libiommu_iommufd_pasids_forget(struct iommufd_device *device,
				    const struct iommufd_domain *domain, uint32_t flags);

/* nested.c */
extern const struct libiommu_backend_nesting libiommu_iommufd_nesting;

/* faults.c */
extern const struct libiommu_backend_faults libiommu_iommufd_faults;
uint32_t libiommu_iommufd_queue_id(const struct iommufd_queue *queue);
/*
 * Somebody has left its domain; the kernel has answered what it has asked for. `aged`: it is in another one
 * with this queue, where it may have asked already; what it asked before libiommu_iommufd_queue_age() goes.
 */
void libiommu_iommufd_queue_forget(struct iommufd_queue *queue, uint32_t device, uint32_t pasid,
				   bool aged);
/* It is about to get another domain. */
void libiommu_iommufd_queue_age(struct iommufd_queue *queue, uint32_t device, uint32_t pasid);

/* map.c */
int libiommu_iommufd_map(void *domain, const struct libiommu_backend_map *map,
			 struct libiommu_failure *failure);
int libiommu_iommufd_unmap(void *domain, const struct libiommu_backend_map *maps, size_t count,
			   size_t *done, struct libiommu_failure *failure);

/* diag.c: after a refusal only */

/* What an errno means whatever the call was; a call that the kernel has not is no-uapi. */
int libiommu_iommufd_diagnose(struct libiommu_failure *failure, int error, const char *call,
			      const char *subject);
int libiommu_iommufd_diagnose_open(struct iommufd_ctx *ctx, struct libiommu_failure *failure,
				   int error);
int libiommu_iommufd_diagnose_bind(struct iommufd_ctx *ctx, uint32_t group, const char *device,
				   const struct libiommu_device_options *opts, int error,
				   struct libiommu_failure *failure);
int libiommu_iommufd_diagnose_attach(struct iommufd_device *device,
				     const struct libiommu_backend_attach *attach, int error,
				     const char *call, struct libiommu_failure *failure);
/* No page table with these flags for a device. */
int libiommu_iommufd_diagnose_table(struct iommufd_device *device, uint32_t flags,
				    const struct libiommu_backend_attach *attach, int error,
				    struct libiommu_failure *failure);
/* It is there, but does not let in who comes. */
int libiommu_iommufd_diagnose_entry(const struct iommufd_way *way, int error, const char *call,
				    struct libiommu_failure *failure);
/* No page table on the parent's. */
int libiommu_iommufd_diagnose_nested(struct iommufd_device *device, int error,
				     struct libiommu_failure *failure);
int libiommu_iommufd_diagnose_map(struct iommufd_domain *domain,
				  const struct libiommu_backend_map *map, int error,
				  const char *call, struct libiommu_failure *failure);

#endif
