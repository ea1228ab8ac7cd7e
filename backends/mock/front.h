/* SPDX-License-Identifier: BSD-2-Clause */
/* The private data of the backend table, and the functions that its slots lead to. */
#ifndef BACKENDS_MOCK_FRONT_H
#define BACKENDS_MOCK_FRONT_H

#include "backends/mock/machine.h"
#include "backends/mock/space.h"

struct mock_stage1;
struct mock_queue;
struct mock_shared;

struct mock_ctx {
	const struct libiommu_backend_env *env;
	struct mock_machine *machine;
	bool own;      /* the machine is this context's alone */
	bool populate; /* the kernel can look at memory's permissions */
};

/* A device that a context has open. */
struct mock_claim {
	struct mock_ctx *ctx;
	struct mock_device *dev;
	bool lent; /* has been attached; under machine.lock */
};

struct mock_domain {
	struct mock_ctx *ctx;
	enum libiommu_domain_type type;
	bool nest_parent;
	struct mock_space *spaces;  /* by in_domain; more than one with vessels only */
	struct mock_domain *parent; /* of a nested one; it has the spaces */
	struct mock_stage1 *stage1; /* of a nested one */
	struct mock_queue *queue;   /* of page requests; NULL: none */
	struct mock_shared *shared; /* of a shared one */
};

/* groups.c */
int mock_group_ids(struct mock_machine *machine, struct libiommu_id_builder *ids,
		   struct libiommu_failure *failure);
int mock_group_read(struct mock_ctx *ctx, uint32_t id, struct libiommu_group_builder *group,
		    struct libiommu_failure *failure);
int mock_group_find(struct mock_machine *machine, const char *device, uint32_t *id,
		    struct libiommu_failure *failure);
/* A device that has a group. */
int mock_device_look_up(struct mock_machine *machine, const char *device, struct mock_device **out,
			struct libiommu_failure *failure);
/* Does its driver keep its group from user space? */
bool mock_device_blocks(const struct mock_device *dev);
#define MOCK_GROUP_TYPE "DMA"
#define MOCK_GROUP_NAME 40
/* "" where Linux gives none: PowerNV alone names groups, by the endpoint. */
void mock_group_name(const struct mock_group *group, char name[MOCK_GROUP_NAME]);
/* All that is reserved for a group, in no order. What is not 0 ends it and is returned. */
typedef int (*mock_reserved_fn)(void *data, const struct libiommu_reserved *reserved);
int mock_group_reserved(const struct mock_group *group, mock_reserved_fn visit, void *data);

/* claim.c */
int mock_claim_open(struct mock_claim *claim, const char *name, uint32_t *group,
		    struct libiommu_failure *failure);
void mock_claim_close(struct mock_claim *claim);
/* What Linux refuses for the hardware's sake. */
int mock_device_vet(const struct mock_device *dev, struct libiommu_failure *failure);
/* Does the kernel tell by now what the IOMMU translates? */
bool mock_claim_told(struct mock_claim *claim);

/* claim_group.c */
extern const struct libiommu_backend_claims mock_claims;

/* ranges.c */
/* What all groups of a domain (NULL: none) and `plus` (NULL: none) can translate. */
int mock_geometry(const struct libiommu_backend_env *env, const struct mock_domain *dom,
		  const struct mock_group *plus, struct libiommu_geometry *geometry,
		  struct libiommu_failure *failure);

/* vessel.c */
int mock_attach(struct mock_claim *claim, struct mock_domain *dom,
		const struct libiommu_backend_attach *attach, struct libiommu_geometry *geometry,
		struct libiommu_failure *failure);
int mock_detach(struct mock_claim *claim, struct mock_domain *dom, bool last, uint32_t flags,
		struct libiommu_geometry *geometry, struct libiommu_failure *failure);
/* `devices`: claims of one group. */
int mock_replace(void *const *devices, size_t count, struct mock_domain *from,
		 struct mock_domain *to, const struct libiommu_backend_attach *attach,
		 struct libiommu_geometry *from_geometry, struct libiommu_geometry *to_geometry,
		 struct libiommu_failure *failure);
/* A space of its own for a group that has none, in no domain; machine.lock is held. */
int mock_group_settle(struct mock_group *group, struct mock_machine *machine,
		      struct libiommu_failure *failure);
/* The group gives its space up; machine.lock is held. */
void mock_group_abandon(struct mock_group *group);

/* pasid.c */
extern const struct libiommu_backend_pasids mock_pasids;
/* 0 and the width of its PASIDs, or why it has none. */
int mock_pasid_width(struct mock_device *dev, unsigned int *bits, struct libiommu_failure *failure);
/* join.c: can its page requests reach the program? */
bool mock_device_asks(const struct mock_device *dev);
/* Can the device have a user's stage 1? Linux wants a virtual IOMMU for some. */
bool mock_device_nests(const struct mock_device *dev);
/* Where a request leads; iommu.gate is held. */
const struct mock_reach *mock_pasid_find(const struct mock_device *dev, uint32_t pasid);
int mock_domain_new_with(struct mock_ctx *ctx, struct mock_domain *dom,
			 const struct libiommu_backend_wishes *wishes,
			 struct libiommu_failure *failure);

/* caps.c */
void mock_cap(struct mock_claim *claim, enum libiommu_cap cap, struct libiommu_cap_answer *out);

/* removal.c */
/* Pull it out, whoever uses it. No lock is held. */
void mock_device_remove(struct mock_device *dev);
/* Its registers are not there any more, and it does nothing. */
bool mock_device_is_removed(const struct mock_device *dev);
/* The machine forgets it; machine.lock is held. */
void mock_device_forget(struct mock_device *dev);

/* hotplug.c */
/* Devices of a text appear, or none does. `pf`: whose VFs they are, or NULL. */
int mock_machine_plug(struct mock_machine *machine, const char *text,
		      const struct mock_function *pf, struct libiommu_failure *failure);
/* The device and all that hangs on it; what is open goes when it is closed. */
void mock_machine_unplug(struct mock_machine *machine, struct mock_device *dev);
/* Another driver, or "" for none. Reasons: device-unknown, device-busy. */
int mock_machine_bind(struct mock_machine *machine, struct mock_device *dev, const char *driver,
		      struct libiommu_failure *failure);
/* The VFs of a physical function. */
void mock_machine_unplug_vfs(struct mock_machine *machine, const struct mock_function *pf);

/* regions.c */
extern const struct libiommu_backend_regions mock_regions;
/* Registers as after power-on, interrupts off. device.lock is held. */
void mock_device_power_on(struct mock_device *dev);

/* interrupts.c */
int mock_interrupt_count(void *device, enum libiommu_interrupt_kind kind, unsigned int *count,
			 struct libiommu_failure *failure);
int mock_interrupt_set(void *device, enum libiommu_interrupt_kind kind, const int *fds,
		       unsigned int count, struct libiommu_failure *failure);
int mock_interrupt_unmask(void *device, struct libiommu_failure *failure);
/* Close its eventfds; no lock is taken. */
void mock_device_silence(struct mock_device *dev);

#endif
