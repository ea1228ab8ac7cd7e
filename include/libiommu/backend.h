/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file backend.h
 * The interface between libiommu and what it drives. Not part of the umbrella
 * header; its ABI is promised from libiommu 1.0 on, not before.
 *
 * A backend is a table of functions with private data behind each object. The
 * core checks arguments, keeps the ledger and the state of attachments and
 * knows the group rules; a backend may rely on that and keeps no copy of it.
 * Slots get pointers to their private data, zeroed when the object is made.
 *
 *   open -> [group_ids, group_read, group_of]*
 *        -> device_open -> attach -> (map | unmap)* -> detach -> device_close
 *        -> domain_new  -> (map | unmap)*                      -> domain_free
 *        -> close
 *
 * Every fallible slot returns 0, or calls libiommu_refuse() or
 * libiommu_refuse_kernel() and returns what that returns. A slot that fails
 * leaves everything as it was before the call, unless its comment says more.
 *
 * Concurrency that the core guarantees ("gates", no lock is held while a slot
 * runs): open, close, device_open, device_close, whatever makes a domain,
 * domain_free, attach, detach, replace, also of PASIDs, claim, release, queue_new
 * and queue_free of one context run one at a time. map and unmap of a
 * domain run beside each other for disjoint ranges and beside everything of
 * other domains, but never beside attach, detach, replace or free of the same
 * domain. Group slots, device_cap, device_ranges, hw_info and the register slots
 * may run beside everything, except close of their object.
 */
#ifndef LIBIOMMU_BACKEND_H
#define LIBIOMMU_BACKEND_H

#include <libiommu/context.h>
#include <libiommu/device.h>
#include <libiommu/domain.h>
#include <libiommu/fault_queue.h>
#include <libiommu/group.h>
#include <libiommu/hooks.h>
#include <libiommu/interrupt.h>
#include <libiommu/mapping.h>
#include <libiommu/nesting.h>
#include <libiommu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define LIBIOMMU_BACKEND_ABI 1u

#if defined(__GNUC__)
#define LIBIOMMU_PRINTF_(string, first) __attribute__((format(printf, string, first)))
#else
#define LIBIOMMU_PRINTF_(string, first)
#endif

/** Why a slot refused; lives on the core's stack, so a refusal allocates nothing. */
struct libiommu_failure {
	enum libiommu_reason reason;
	int kernel_errno;        /**< positive; 0: the kernel was not asked */
	const char *kernel_call; /**< static, "VFIO_IOMMU_MAP_DMA"; NULL: none */
	bool guess;              /**< the reason was inferred after the refusal */
	bool has_figures;
	uint64_t needed;
	uint64_t available;
	char subject[64];
	char culprit[32]; /**< the device to act upon, when it is not the subject; for the hint */
	char detail[256]; /**< added to the reason's sentence; may be empty */
};

/**
 * Fill a failure. NULL `failure` is allowed.
 * @param subject what it is about; NULL leaves the subject as it is
 * @param detail printf format of one sentence more; NULL for none
 * @return the reason's negative errno (-EIO for kernel-refused)
 */
LIBIOMMU_API int libiommu_refuse(struct libiommu_failure *failure, enum libiommu_reason reason,
				 const char *subject, const char *detail, ...)
	LIBIOMMU_PRINTF_(4, 5);

/**
 * The kernel's refusal with nothing more exact to say (kernel-refused). A
 * diagnosis afterwards may call libiommu_refuse() on top; kernel_errno and
 * kernel_call stay.
 * @param error the negative errno of the call
 * @param call static name of the call
 * @return error
 */
LIBIOMMU_API int libiommu_refuse_kernel(struct libiommu_failure *failure, int error,
					const char *call, const char *subject);

/** Name a range as the subject ("0x1000-0x1fff"). NULL `failure` is allowed. */
LIBIOMMU_API void libiommu_refuse_subject_range(struct libiommu_failure *failure, uint64_t start,
						uint64_t last);

/**
 * group-not-viable because of one device; called once for each, it names as many
 * as fit. NULL `failure` is allowed.
 * @param subject the device that was asked for
 * @param blocker the device that stands in the way; the first becomes the culprit
 * @return the reason's negative errno
 */
LIBIOMMU_API int libiommu_refuse_blocked(struct libiommu_failure *failure, const char *subject,
					 const char *blocker, const char *driver);

/** Add figures. NULL `failure` is allowed. */
LIBIOMMU_API void libiommu_refuse_figures(struct libiommu_failure *failure, uint64_t needed,
					  uint64_t available);

/**
 * Hand a failure to a caller as an error: for libraries that stand beside this one and
 * refuse as it does.
 * @param code 0: *err becomes NULL; else what libiommu_refuse() returned
 * @param allocator for the error, which outlives the call; NULL: malloc and free
 * @param[out] err as everywhere; NULL: no error is made
 * @return code
 */
LIBIOMMU_API int libiommu_failure_raise(const struct libiommu_failure *failure, int code,
					const struct libiommu_allocator *allocator,
					struct libiommu_error **err);

/** What a backend gets from its context; lives as long as the backend's context data. */
struct libiommu_backend_env {
	size_t size;
	const struct libiommu_sys *sys;
	const struct libiommu_allocator *allocator;
	const char *config; /**< libiommu_ctx_options.config; NULL: none */
	void *object;       /**< libiommu_ctx_options.backend_object */
	/** libiommu_ctx_options.passed, of the size that this library knows; NULL: none.
	 * The descriptors are the caller's: duplicate what outlives open. */
	const struct libiommu_passed *passed;
	/** LIBIOMMU_BACKEND_* of this instance, from the table; open may clear bits */
	uint32_t *flags;
	/** Bytes of the CPU's pages: what maps are multiples of while nothing is attached. A
	 * backend that stands for another machine makes it larger in open; a power of two. */
	uint64_t *page;
};

/** One mapping for a backend. */
struct libiommu_backend_map {
	uint64_t iova;
	uint64_t length;
	uint32_t prot;
	int fd; /**< with LIBIOMMU_BACKEND_FILES and a file source; else -1 */
	/** where the memory is in this process, for map and unmap; NULL when fd is used */
	void *memory;
	uint64_t offset; /**< of fd */
};

/** Where a device or domain can translate; made by the slot, owned by the core after it. */
struct libiommu_geometry {
	uint64_t page_sizes;           /**< bit n: leaves of 2^n bytes; 0: unknown */
	uint64_t page_min;             /**< smallest alignment in bytes, a power of two */
	size_t count;                  /**< ranges in ascending order, without overlap */
	struct libiommu_range *ranges; /**< from the env's allocator; see libiommu_geometry_add() */
};

/**
 * Append a range. @return 0 or -ENOMEM (reason no-memory)
 */
LIBIOMMU_API int libiommu_geometry_add(const struct libiommu_backend_env *env,
				       struct libiommu_geometry *geometry, uint64_t start,
				       uint64_t last, struct libiommu_failure *failure);

/**
 * Check that every mapping lies in the geometry.
 * @return 0; -EADDRINUSE (mapping-conflict, subject: the first one that does not)
 */
LIBIOMMU_API int libiommu_geometry_check(const struct libiommu_geometry *geometry,
					 const struct libiommu_backend_map *maps, size_t count,
					 struct libiommu_failure *failure);

/** Free the ranges and zero the struct. */
LIBIOMMU_API void libiommu_geometry_clear(const struct libiommu_backend_env *env,
					  struct libiommu_geometry *geometry);

/** Collects group ids; order does not matter. */
struct libiommu_id_builder;

/** @return 0 or -ENOMEM (reason no-memory) */
LIBIOMMU_API int libiommu_id_builder_add(struct libiommu_id_builder *builder, uint32_t id,
					 struct libiommu_failure *failure);

/** Collects what a group snapshot holds; strings are copied. */
struct libiommu_group_builder;

/** Set the type ("DMA"). @return 0 or -ENOMEM (reason no-memory) */
LIBIOMMU_API int libiommu_group_builder_type(struct libiommu_group_builder *builder,
					     const char *type, struct libiommu_failure *failure);

/** Set the name ("isolated-fw"). @return 0 or -ENOMEM (reason no-memory) */
LIBIOMMU_API int libiommu_group_builder_name(struct libiommu_group_builder *builder,
					     const char *name, struct libiommu_failure *failure);

/**
 * Add a member.
 * @param member its size must be set; NULL strings are taken as ""; state is the core's to set
 * @return 0 or -ENOMEM (reason no-memory)
 */
LIBIOMMU_API int libiommu_group_builder_member(struct libiommu_group_builder *builder,
					       const struct libiommu_group_member *member,
					       struct libiommu_failure *failure);

/** Add a reserved range. @return 0 or -ENOMEM (reason no-memory) */
LIBIOMMU_API int libiommu_group_builder_reserved(struct libiommu_group_builder *builder,
						 const struct libiommu_reserved *reserved,
						 struct libiommu_failure *failure);

/**
 * What the group's devices can reach, when that is known.
 * @param windows count ranges, ascending and without overlap
 * @return 0 or -ENOMEM (reason no-memory)
 */
LIBIOMMU_API int libiommu_group_builder_windows(struct libiommu_group_builder *builder,
						const struct libiommu_range *windows, size_t count,
						struct libiommu_failure *failure);

/**
 * Whether interrupts of the group are isolated, when that is known.
 * @param evidence static: the call, file or rule that tells
 */
LIBIOMMU_API void libiommu_group_builder_msi(struct libiommu_group_builder *builder, bool isolated,
					     const char *evidence);

/** close, device_close, domain_free: the process is a forked child; only give back what is
 * private to it (close descriptors, free memory), issue no call that the parent would feel. */
#define LIBIOMMU_CLOSE_FORKED 1u

/** What the core tells with an attach or a replace. */
struct libiommu_backend_attach {
	size_t size;
	/** no other endpoint of the device's group is attached now */
	bool first;
	/** with LIBIOMMU_BACKEND_REPLAY: every live mapping of the new domain, ascending */
	const struct libiommu_backend_map *maps;
	size_t map_count;
	/** the core's name of the device, for libiommu_fault_group.device; of the first of
	 * several in a replace, where each one's was told with its attach */
	struct libiommu_device *handle;
};

/** What is wanted of a domain beyond its type. */
struct libiommu_backend_wishes {
	size_t size;
	enum libiommu_domain_type type; /**< PAGING, BLOCKED, IDENTITY, SVA or SHARED */
	bool pasid;
	bool nest_parent; /**< PAGING, and without faults */
	void *faults;     /**< PAGING: private data of the queue; NULL: none */
	/** SHARED: of the size that this library knows; the core has seen that the root is there.
	 * Of all this only the memory's hooks and what they lead to outlive the call. Else NULL. */
	const struct libiommu_shared_options *shared;
};

/**
 * PASIDs as endpoints. With it comes domain_new_with. Attach, detach and replace
 * have the gates and the rules of the device's own, but that one endpoint moves at a
 * time. The core checks that the number is within the width, that both domains were
 * made for PASIDs, and the group rules.
 */
struct libiommu_backend_pasids {
	size_t size;
	/**
	 * May PASIDs of the device be opened? Called for each.
	 * @param[out] bits their width
	 * pasid-unsupported, pasid-not-isolated.
	 */
	int (*width)(void *device, unsigned int *bits, struct libiommu_failure *failure);
	/** attach->first says nothing. With REPLAY the maps come always. */
	int (*attach)(void *device, uint32_t pasid, void *domain,
		      const struct libiommu_backend_attach *attach,
		      struct libiommu_geometry *geometry, struct libiommu_failure *failure);
	/**
	 * Cannot fail: Linux never refuses it. Where it is refused nevertheless (a filter of
	 * system calls), the backend keeps the entry, and tries again before it attaches this
	 * PASID once more. The geometry is as with detach.
	 */
	void (*detach)(void *device, uint32_t pasid, void *domain,
		       struct libiommu_geometry *geometry);
	int (*replace)(void *device, uint32_t pasid, void *from, void *to,
		       const struct libiommu_backend_attach *attach,
		       struct libiommu_geometry *from_geometry,
		       struct libiommu_geometry *to_geometry, struct libiommu_failure *failure);
};

/**
 * NESTED domains, and invalidations. A NESTED domain comes to attach, detach, replace
 * and domain_free as others do; the geometries are then those of its parent, and so
 * are the maps.
 */
struct libiommu_backend_nesting {
	size_t size;
	/** out is zeroed but for its size; data beyond the union are cut, length tells all. */
	int (*hw_info)(void *device, struct libiommu_hw_info *out,
		       struct libiommu_failure *failure);
	/**
	 * @param parent made as a nest parent; it outlives the domain
	 * @param attach the parent's maps, with REPLAY, to be made valid behind the device's
	 *        IOMMU; the handle of the device
	 * @param faults private data of the queue; NULL: none
	 * @param[out] geometry of the parent with this device
	 * Types of data that the backend knows have the length of their struct.
	 */
	int (*domain_new)(void *device, void *parent, void *domain,
			  const struct libiommu_nested_options *opts, void *faults,
			  const struct libiommu_backend_attach *attach,
			  struct libiommu_geometry *geometry, struct libiommu_failure *failure);
	/**
	 * Of a NESTED or SHARED domain; beside everything but free of it. Ranges are ordered,
	 * kinds and flags known.
	 * @param[out] done how many, from the first on, were carried out; on failure too
	 */
	int (*invalidate)(void *domain, const struct libiommu_invalidation *commands, size_t count,
			  size_t *done, struct libiommu_failure *failure);
	int (*invalidate_raw)(void *domain, uint32_t type, const void *entries, size_t entry_length,
			      size_t count, size_t *done, struct libiommu_failure *failure);
};

/** Fault queues. Slots of one queue run beside everything but its free. */
struct libiommu_backend_faults {
	size_t size;
	size_t queue_size; /**< bytes of private data; may be 0 */
	/** @param[out] fd readable while next has a group that was not too large; the queue's own */
	int (*queue_new)(void *ctx, void *queue, const struct libiommu_fault_queue_options *opts,
			 int *fd, struct libiommu_failure *failure);
	/** No domain uses it. */
	void (*queue_free)(void *queue, uint32_t flags);
	/**
	 * @param[out] count how many the group has, also when they are more than room:
	 *        buffer-too-small, and the group stays. 0 without a failure: there is none.
	 * The group's size is set already.
	 */
	int (*next)(void *queue, struct libiommu_fault_group *group,
		    struct libiommu_page_request *requests, size_t room, size_t *count,
		    struct libiommu_failure *failure);
	/** fault-unknown. */
	int (*respond)(void *queue, uint64_t cookie, enum libiommu_fault_answer answer,
		       struct libiommu_failure *failure);
	uint64_t (*overflows)(void *queue);
};

/** Registers and interrupts of a device. Missing slots refuse with backend-capability. */
struct libiommu_backend_regions {
	size_t size;
	/** @param[out] size bytes, greater than 0. no-such-region, needs-attach. */
	int (*open)(void *device, unsigned int index, uint64_t *size,
		    struct libiommu_failure *failure);
	/**
	 * The access is aligned and inside the region. The configuration space is
	 * reached without open, too (bus mastering).
	 */
	int (*read)(void *device, unsigned int index, uint64_t offset, unsigned int width,
		    uint64_t *value, struct libiommu_failure *failure);
	int (*write)(void *device, unsigned int index, uint64_t offset, unsigned int width,
		     uint64_t value, struct libiommu_failure *failure);
	/** With map comes unmap. region-not-mappable. */
	int (*map)(void *device, unsigned int index, uint64_t size, void **out,
		   struct libiommu_failure *failure);
	void (*unmap)(void *device, unsigned int index, uint64_t size, void *address);
	int (*interrupt_count)(void *device, enum libiommu_interrupt_kind kind, unsigned int *count,
			       struct libiommu_failure *failure);
	/** count 0: disable. The number is not above interrupt_count's. */
	int (*interrupt_set)(void *device, enum libiommu_interrupt_kind kind, const int *fds,
			     unsigned int count, struct libiommu_failure *failure);
	int (*interrupt_unmask)(void *device, struct libiommu_failure *failure);
	int (*reset)(void *device, struct libiommu_failure *failure);
};

/** Descriptors that come and go. Missing slots refuse with backend-capability. */
struct libiommu_backend_handover {
	size_t size;
	/** In place of device_open, when there are options. They are of the size that this
	 * library knows; descriptors are the caller's. */
	int (*device_open)(void *ctx, void *device, const char *name,
			   const struct libiommu_device_options *opts, uint32_t *group,
			   struct libiommu_failure *failure);
	/** In place of domain_new. domain_free removes what came through the domain only. */
	int (*domain_adopt)(void *ctx, void *domain, uint64_t native,
			    struct libiommu_failure *failure);
	int (*domain_native)(void *domain, uint64_t *native, struct libiommu_failure *failure);
	int (*kvm_fd)(void *device, int *fd, struct libiommu_failure *failure);
	/** Writes min(room, count) descriptors; *count is what there are. */
	int (*hot_reset_fds)(void *device, int *fds, size_t room, size_t *count,
			     struct libiommu_failure *failure);
};

/** Groups that a context has for itself alone. Without both slots they refuse with
 * backend-capability. */
struct libiommu_backend_claims {
	size_t size;
	size_t claim_size; /**< bytes of private data behind each claim; may be 0 */
	/**
	 * Take the group for this context; it has not claimed it yet, but may have devices of
	 * it open. What the claim holds device_open takes from it and device_close gives back.
	 * One at a time with device_open and the like.
	 * @param[out] held counts, to be filled in
	 * group-unknown, group-not-viable, not-bound (no member is), device-busy,
	 * group-in-use (as it is used now, it cannot be claimed), and those of device_open and attach.
	 */
	int (*claim)(void *ctx, void *claim, uint32_t group, struct libiommu_claimed *held,
		     struct libiommu_failure *failure);
	/** Open devices of the group keep what they have. @param flags LIBIOMMU_CLOSE_FORKED */
	void (*release)(void *claim, uint32_t flags);
};

/** The context's choice "auto" may take this backend. */
#define LIBIOMMU_BACKEND_AUTO 1u
/** attach and replace want the domain's mappings. */
#define LIBIOMMU_BACKEND_REPLAY 2u
/** map takes memory files by descriptor; else the core maps them into the process. */
#define LIBIOMMU_BACKEND_FILES 4u

struct libiommu_backend {
	size_t struct_size; /**< sizeof(struct libiommu_backend) */
	uint32_t abi;       /**< LIBIOMMU_BACKEND_ABI */
	uint32_t flags;     /**< LIBIOMMU_BACKEND_* */
	const char *name;
	size_t ctx_size; /**< bytes of private data behind each object; may be 0 */
	size_t device_size;
	size_t domain_size;

	/** Start. env lives until close. On failure close is not called. */
	int (*open)(void *ctx, const struct libiommu_backend_env *env,
		    struct libiommu_failure *failure);
	/** End; all devices are closed and all domains freed before. */
	void (*close)(void *ctx, uint32_t flags);

	int (*group_ids)(void *ctx, struct libiommu_id_builder *ids,
			 struct libiommu_failure *failure);
	/** group-unknown, sysfs-unreadable. */
	int (*group_read)(void *ctx, uint32_t id, struct libiommu_group_builder *group,
			  struct libiommu_failure *failure);
	/** bad-name, device-unknown, no-iommu-group. */
	int (*group_of)(void *ctx, const char *device, uint32_t *id,
			struct libiommu_failure *failure);

	/**
	 * Claim a device; it is not open in this context.
	 * @param[out] group id of its group
	 * See libiommu_device_open() for the reasons.
	 */
	int (*device_open)(void *ctx, void *device, const char *name, uint32_t *group,
			   struct libiommu_failure *failure);
	/** The device is detached and has no open region. */
	void (*device_close)(void *device, uint32_t flags);
	/** out is zeroed (unknown). Cannot fail: what is not known is unknown. */
	void (*device_cap)(void *device, enum libiommu_cap cap, struct libiommu_cap_answer *out);
	/** needs-attach. On failure the core clears the geometry. */
	int (*device_ranges)(void *device, struct libiommu_geometry *geometry,
			     struct libiommu_failure *failure);

	/** no-uapi or domain-type for types that the backend has not. */
	int (*domain_new)(void *ctx, void *domain, enum libiommu_domain_type type,
			  struct libiommu_failure *failure);
	/** Nothing is attached; mappings have been unmapped, except with LIBIOMMU_CLOSE_FORKED. */
	void (*domain_free)(void *domain, uint32_t flags);

	/**
	 * Give the device's group access to the domain (attach->first), or add a
	 * device to a group that has it. Group rules have been checked.
	 * @param[out] geometry of the domain with this device; filled before
	 *        anything is committed; on failure the core clears it
	 * A refusal because of one mapping names it as the subject.
	 */
	int (*attach)(void *device, void *domain, const struct libiommu_backend_attach *attach,
		      struct libiommu_geometry *geometry, struct libiommu_failure *failure);
	/**
	 * @param last no other endpoint of the group is attached
	 * @param flags LIBIOMMU_DETACH_MAY_REOPEN
	 * @param[out] geometry of the domain without it, which the core drops when
	 *        nothing stays attached to the domain; a backend that cannot fill it for
	 *        want of memory leaves it empty (the core keeps the old, narrower one) and
	 *        detaches nevertheless
	 */
	int (*detach)(void *device, void *domain, bool last, uint32_t flags,
		      struct libiommu_geometry *geometry, struct libiommu_failure *failure);
	/**
	 * Move every attached endpoint of one group in one step.
	 * @param devices count private pointers
	 * @param[out] from_geometry,to_geometry as for detach and attach; on failure
	 *        the core clears both
	 */
	int (*replace)(void *const *devices, size_t count, void *from, void *to,
		       const struct libiommu_backend_attach *attach,
		       struct libiommu_geometry *from_geometry,
		       struct libiommu_geometry *to_geometry, struct libiommu_failure *failure);

	/**
	 * Add a mapping; called also while nothing is attached. It overlaps
	 * nothing of this library and lies in the domain's geometry.
	 * All or nothing over everything behind the domain.
	 * mapping-exists must not be returned: a clash is foreign-mapping.
	 */
	int (*map)(void *domain, const struct libiommu_backend_map *map,
		   struct libiommu_failure *failure);
	/**
	 * Remove mappings that follow each other without a hole. No device
	 * reaches them any more when it returns.
	 * @param count at least 1
	 * @param[out] done how many, from the first on, are gone; on failure too.
	 *        Those behind are as they were.
	 */
	int (*unmap)(void *domain, const struct libiommu_backend_map *maps, size_t count,
		     size_t *done, struct libiommu_failure *failure);

	const struct libiommu_backend_regions *regions;   /**< NULL: none */
	const struct libiommu_backend_handover *handover; /**< NULL: none */

	/* ABI 1 ends here; new slots go below. */

	/**
	 * In place of domain_new, when there is a wish, or the type is SVA or SHARED.
	 * no-uapi, backend-capability, nesting-unsupported and so on.
	 */
	int (*domain_new_with)(void *ctx, void *domain,
			       const struct libiommu_backend_wishes *wishes,
			       struct libiommu_failure *failure);
	const struct libiommu_backend_pasids *pasids;   /**< NULL: none */
	const struct libiommu_backend_nesting *nesting; /**< NULL: none */
	const struct libiommu_backend_faults *faults;   /**< NULL: none */
	const struct libiommu_backend_claims *claims;   /**< NULL: none */
};

/**
 * What a plugin exports (libiommu_ctx_options.plugin): a function without
 * arguments that returns its table. The number is LIBIOMMU_BACKEND_ABI, so that
 * a plugin of another ABI is not even asked.
 */
#define LIBIOMMU_BACKEND_ENTRY libiommu_backend_entry_1
#ifdef __cplusplus
#define LIBIOMMU_BACKEND_EXPORT_ extern "C" LIBIOMMU_API
#else
#define LIBIOMMU_BACKEND_EXPORT_ LIBIOMMU_API
#endif
#define LIBIOMMU_BACKEND_PLUGIN(table)                                                        \
	LIBIOMMU_BACKEND_EXPORT_ const struct libiommu_backend *LIBIOMMU_BACKEND_ENTRY(void); \
	const struct libiommu_backend *LIBIOMMU_BACKEND_ENTRY(void)                           \
	{                                                                                     \
		return &(table);                                                              \
	}

/**
 * A built-in backend's table, for a filter: a backend that forwards to another
 * one and keeps that one's private data behind its own. The table may have
 * holes; see libiommu_backend_complete().
 * @return NULL when this library has none of the name. Static.
 */
LIBIOMMU_API const struct libiommu_backend *libiommu_backend_builtin(const char *name);

/**
 * Make a copy of a table without holes: where `table` has none, a slot refuses as
 * the core would, and the sub-tables are set. So a filter forwards without
 * asking for NULL. The copy is as long as its struct_size says, which is short of
 * the header's when the library is older than the header.
 * @param env of the filter; its memory is used
 * @param table any backend's; NULL is refused (backend-unknown)
 * @param[out] out free with libiommu_backend_complete_free()
 * Reasons: backend-unknown, backend-abi, no-memory.
 */
LIBIOMMU_API int libiommu_backend_complete(const struct libiommu_backend_env *env,
					   const struct libiommu_backend *table,
					   const struct libiommu_backend **out,
					   struct libiommu_failure *failure);

/** Free a copy. NULL is allowed. */
LIBIOMMU_API void libiommu_backend_complete_free(const struct libiommu_backend_env *env,
						 const struct libiommu_backend *table);

/**
 * The backend's private data of an endpoint's device, for side doors such as mock.h.
 * @return NULL when the endpoint's context runs on another backend, or in a forked child
 */
LIBIOMMU_API void *libiommu_backend_endpoint(const struct libiommu_endpoint *ep,
					     const char *backend);

/** The same of a context. */
LIBIOMMU_API void *libiommu_backend_ctx(const struct libiommu_ctx *ctx, const char *backend);

#ifdef __cplusplus
}
#endif

#endif
