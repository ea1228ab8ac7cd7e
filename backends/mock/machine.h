/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The objects of a machine. What is written here once, when the text is read,
 * needs no lock; the rest says which one it needs.
 *
 * Locks, outermost first: device.lock, machine.lock, iommu.gate, then the small
 * ones of fault queues and views, and at last those of RAM, IOTLB, frames, faults and answers,
 * which are never held together.
 */
#ifndef BACKENDS_MOCK_MACHINE_H
#define BACKENDS_MOCK_MACHINE_H

#include "backends/mock/answers.h"
#include "backends/mock/fault.h"
#include "backends/mock/frames.h"
#include "backends/mock/iotlb.h"
#include "backends/mock/personality.h"
#include "backends/mock/profile.h"
#include "backends/mock/ram.h"
#include "backends/mock/topology.h"

#include <libiommu/backend.h>

#include <pthread.h>
#include <sys/types.h>

struct mock_listener;
struct mock_model;
struct mock_space;
struct mock_table;
struct mock_domain;

struct mock_reserved {
	struct mock_reserved *next;
	struct libiommu_reserved what;
};

struct mock_iommu {
	struct mock_iommu *next;
	char name[32];
	struct mock_hw hw;
	struct mock_reserved *reserved; /* without hw.msi */
	/* Held for reading while a device's access is under way, so that who has had it for
	 * writing knows that no access of before goes on. */
	pthread_rwlock_t gate;
	struct mock_iotlb tlb;
};

/* What requests lead to. */
struct mock_reach {
	struct mock_space *space; /* NULL: nothing */
	struct mock_table *table; /* of the space, behind the requests' IOMMU */
	uint64_t tag;             /* what it is called in the IOTLB */
	struct mock_domain *dom;  /* what is attached, for what a space is not enough */
};

/* An entry of a device's PASID table. */
struct mock_pasid {
	struct mock_pasid *next;     /* of the device; under machine.lock and iommu.gate */
	struct mock_pasid *in_space; /* next of the same space; under machine.lock */
	struct mock_device *dev;
	uint32_t number;
	struct mock_reach reach; /* under iommu.gate */
};

struct mock_group {
	struct mock_group *next;
	uint32_t id;
	struct mock_iommu *iommu;
	struct mock_device *devices; /* by in_group */
	struct libiommu_range windows[MOCK_WINDOWS];
	size_t window_count; /* 0: no limit but the IOMMU's */
	/* under machine.lock */
	const void *owner; /* the context that has claimed it or has devices of it open */
	bool claimed;      /* it keeps the group without open devices, too */
	unsigned int open_devices;
	struct mock_space *space;    /* that it is in, attached or kept */
	struct mock_group *in_space; /* next of the same space */
	struct mock_reach reach;     /* under iommu.gate: where requests without a PASID lead */
};

#define MOCK_CONFIG_BYTES 256

#define MOCK_INTERRUPT_KINDS 5

/* Own duplicates of eventfds. */
struct mock_events {
	int *fd;
	unsigned int count; /* 0: the kind is off */
};

struct mock_interrupts {
	struct mock_events events[MOCK_INTERRUPT_KINDS]; /* by kind */
	unsigned int there[3];                           /* how many INTx, MSI and MSI-X */
	bool line;                                       /* INTx is asserted */
	bool masked;                                     /* INTx has fired and was not unmasked */
};

struct mock_device {
	struct mock_device *next;
	struct mock_device *in_group;
	struct mock_machine *machine;
	struct mock_group *group;       /* NULL: none */
	struct mock_function *function; /* NULL: no part of the topology */
	struct mock_iommu *iommu;       /* NULL: none */
	struct mock_reserved *reserved;
	char name[16];
	char driver[32];
	uint32_t class_code;
	uint32_t vendor;
	uint32_t device;
	bool bridge;
	bool can_reset;
	uint64_t dma_mask;
	unsigned int pasid_bits;        /* 0: it sends none */
	bool prq;                       /* it asks for missing pages */
	struct libiommu_device *handle; /* the core's name of it, since it was attached; atomic */
	bool attached;                  /* itself, not as a PASID; under iommu.gate */
	const struct mock_model *model;
	/* atomic, set once */
	bool removed; /* pulled out */
	bool gone;    /* and nobody has it open any more */
	/* under machine.lock */
	bool open;
	struct mock_pasid *pasids; /* to change it needs iommu.gate, too */
	/* under lock */
	pthread_mutex_t lock;
	bool fd;                        /* registers can be reached */
	const struct libiommu_sys *sys; /* of who opened it */
	struct mock_interrupts interrupts;
	unsigned char config[MOCK_CONFIG_BYTES];
	void *state; /* of the model */
};

struct mock_machine {
	const struct libiommu_allocator *mem;
	pid_t pid; /* that made it */
	const struct mock_personality *personality;
	struct mock_ram_options ram_options;
	uint64_t page;         /* of the CPU: 4 KiB, or the largest granule of an IOMMU */
	uint64_t entry_limit;  /* of one space; 0: none */
	uint64_t locked_limit; /* bytes over all spaces; UINT64_MAX: none */
	struct mock_iommu *iommus;
	struct mock_group *groups;
	struct mock_device *devices;
	struct mock_topology topology;
	struct mock_ram ram;
	struct mock_frames frames;
	struct mock_faults faults;
	struct mock_answers answers;
	bool skip_invalidation; /* atomic */
	uint64_t locked;        /* atomic; bytes charged */

	pthread_mutex_t lock; /* for all below, and for what groups and devices say */
	struct mock_space *spaces;
	uint64_t space_count;
	uint64_t last_space; /* number given last */
	struct mock_listener *listeners;
	uint64_t uevents; /* said so far */
};

/*
 * Make a machine from its text. The failure's subject is the line ("line 3").
 * Reasons: config-syntax, model-unknown, no-memory.
 */
int mock_machine_make(const struct libiommu_allocator *mem, const char *text,
		      struct mock_machine **out, struct libiommu_failure *failure);
/* The same with platforms that the text may name. */
int mock_machine_make_with(const struct libiommu_allocator *mem, const char *text,
			   const struct libiommu_mock_platform *platforms, size_t count,
			   struct mock_machine **out, struct libiommu_failure *failure);
/* Frees everything, spaces too; also in a forked child, whatever its parent's threads held. */
void mock_machine_destroy(struct mock_machine *machine);

/* For the parser: what a line adds. All return NULL when memory is exhausted. */
struct mock_iommu *mock_machine_add_iommu(struct mock_machine *machine, const char *name);
struct mock_group *mock_machine_add_group(struct mock_machine *machine, uint32_t id,
					  struct mock_iommu *iommu);
struct mock_device *mock_machine_add_device(struct mock_machine *machine, const char *name,
					    const struct mock_model *model);
struct mock_reserved *mock_machine_add_reserved(struct mock_machine *machine,
						struct mock_reserved **list);
void mock_device_free(struct mock_device *dev);

void mock_group_add(struct mock_group *group, struct mock_device *dev);

/* machine_groups.c: give a group to each function that has not been asked for one. */
int mock_machine_settle(struct mock_machine *machine, struct libiommu_failure *failure);
/* The same while it runs: they come one after the other. */
int mock_machine_arrive(struct mock_machine *machine, struct libiommu_failure *failure);
void mock_topology_free(struct mock_machine *machine);

/* The machine does not know it any more. */
bool mock_device_is_gone(const struct mock_device *dev);
/* A group without members is none, unless somebody has claimed it. */
bool mock_group_is_alive(const struct mock_group *group);

/* What there is of this name or number. */
struct mock_iommu *mock_machine_iommu(const struct mock_machine *machine, const char *name);
struct mock_group *mock_machine_group(const struct mock_machine *machine, uint32_t id);
struct mock_device *mock_machine_device(const struct mock_machine *machine, const char *name);

void *mock_alloc(const struct mock_machine *machine, size_t bytes);
void mock_free(const struct mock_machine *machine, void *memory, size_t bytes);

/* "0000:3b:00.0", lower case as in sysfs; domains of VMD have five digits */
bool mock_is_bdf(const char *name);

#endif
