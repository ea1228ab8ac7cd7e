/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file group.h
 * Groups: which devices cannot be isolated from each other.
 *
 * A group object is a snapshot: it shows what was true when it was taken and
 * never changes. It is reference counted; strings and members that it returns
 * live as long as it does.
 */
#ifndef LIBIOMMU_GROUP_H
#define LIBIOMMU_GROUP_H

#include <libiommu/error.h>
#include <libiommu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Why a member keeps its group from being used, or why it does not; numbers are permanent. */
enum libiommu_member_state {
	LIBIOMMU_MEMBER_UNKNOWN = 0,
	LIBIOMMU_MEMBER_FOREIGN_DRIVER, /**< blocks: a kernel driver has it */
	LIBIOMMU_MEMBER_VFIO,           /**< a VFIO driver has it, which lends it */
	LIBIOMMU_MEMBER_NO_DRIVER,      /**< nobody has it */
	LIBIOMMU_MEMBER_BRIDGE,         /**< a bridge that no driver has */
	LIBIOMMU_MEMBER_PORT,           /**< a port of PCI Express (pcieport), which does no DMA */
	LIBIOMMU_MEMBER_NO_DMA,         /**< another driver that does none (pci-stub) */
	LIBIOMMU_MEMBER_PAD_ = 0x7fffffff
};

/** @return a sentence for people; NULL for a number without one. */
LIBIOMMU_API const char *libiommu_member_state_text(enum libiommu_member_state state);

/** A device or bridge of a group. */
struct libiommu_group_member {
	size_t size;
	const char *name;    /**< "0000:3b:00.0" */
	const char *bus;     /**< "pci", "platform"; "" when unknown */
	const char *driver;  /**< bound driver; "" when none */
	uint32_t class_code; /**< PCI class, 24 bits (0x010802); 0 when unknown */
	uint32_t vendor;     /**< PCI vendor; 0 when unknown */
	uint32_t device;     /**< PCI device id; 0 when unknown */
	bool bridge;         /**< a bridge; it blocks only by a driver like any other (lpc_ich) */
	bool blocks;         /**< its driver keeps the group from being used */
	enum libiommu_member_state state; /**< why it blocks, or does not */
};
#define LIBIOMMU_GROUP_MEMBER_INIT                                                             \
	{                                                                                      \
		sizeof(struct libiommu_group_member), NULL, NULL, NULL, 0, 0, 0, false, false, \
			LIBIOMMU_MEMBER_UNKNOWN                                                \
	}

/**
 * Ids of all groups, in ascending order.
 * @param[out] ids array of *count numbers; may be NULL when *count is 0
 * @param[in,out] count in: room; out: how many there are
 * Reasons: null-argument, after-fork, buffer-too-small, backend-undecided,
 * needs-passed-fd (there is none of /sys), fd-limit, sysfs-unreadable, no-memory.
 */
LIBIOMMU_API int libiommu_group_ids(struct libiommu_ctx *ctx, uint32_t *ids, size_t *count,
				    struct libiommu_error **err);

/**
 * Take a snapshot of a group.
 * @param[out] out written on success; give back with libiommu_group_unref()
 * Reasons: null-argument, after-fork, group-unknown, backend-undecided,
 * needs-passed-fd, fd-limit, sysfs-unreadable, no-memory.
 */
LIBIOMMU_API int libiommu_group_get(struct libiommu_ctx *ctx, uint32_t id,
				    struct libiommu_group **out, struct libiommu_error **err);

/**
 * The group of a device, by the device's name; the device need not be open.
 * Reasons: null-argument, after-fork, bad-name, device-unknown, no-iommu-group,
 * backend-undecided, needs-passed-fd, fd-limit, sysfs-unreadable, no-memory.
 */
LIBIOMMU_API int libiommu_group_of(struct libiommu_ctx *ctx, const char *device,
				   struct libiommu_group **out, struct libiommu_error **err);

/**
 * Go through all groups in ascending order of their ids:
 *
 *	struct libiommu_group *group = NULL;
 *
 *	while (!libiommu_group_next(ctx, group, &group, &err) && group)
 *		...
 *
 * Who stops earlier gives the group back with libiommu_group_unref(). A walk shows
 * the groups that were there when it began, less those that have gone since.
 * @param previous NULL: begin; else the group to go on behind. Its reference is given
 *        back, also on failure.
 * @param[out] out the next group; NULL behind the last one, and on failure
 * Reasons: null-argument, after-fork, foreign-context, backend-undecided, needs-passed-fd,
 * fd-limit, sysfs-unreadable, no-memory.
 */
LIBIOMMU_API int libiommu_group_next(struct libiommu_ctx *ctx, struct libiommu_group *previous,
				     struct libiommu_group **out, struct libiommu_error **err);

/**
 * The group of this id that has a member on a bus.
 * @param bus "pci", "platform"
 * @param[out] out written on success; give back with libiommu_group_unref()
 * Reasons: null-argument, after-fork, group-unknown (no such group, or none of its members
 * is on that bus), backend-undecided, needs-passed-fd, fd-limit, sysfs-unreadable, no-memory.
 */
LIBIOMMU_API int libiommu_group_find(struct libiommu_ctx *ctx, const char *bus, uint32_t id,
				     struct libiommu_group **out, struct libiommu_error **err);

/** One more reference. @return group itself */
LIBIOMMU_API struct libiommu_group *libiommu_group_ref(struct libiommu_group *group);

/** Give a reference back; the last one frees. NULL is allowed. */
LIBIOMMU_API void libiommu_group_unref(struct libiommu_group *group);

/** @return the kernel's number of the group. */
LIBIOMMU_API uint32_t libiommu_group_id(const struct libiommu_group *group);

/** @return the name of the group, where the platform gives it one; "" when not. Borrowed. */
LIBIOMMU_API const char *libiommu_group_name(const struct libiommu_group *group);

/**
 * What the group's devices reach in the hands of kernel drivers: "DMA", "DMA-FQ" (what those
 * map), "identity" (everything). Evidence for people; nothing is decided by it.
 * @return the kernel's word; "" when unknown. Borrowed.
 */
LIBIOMMU_API const char *libiommu_group_type(const struct libiommu_group *group);

/** @return number of members. */
LIBIOMMU_API size_t libiommu_group_member_count(const struct libiommu_group *group);

/**
 * One member, in the order of names.
 * @param index below libiommu_group_member_count()
 * @param[out] out filled; its strings are borrowed from the group
 * @return 0; -EINVAL when out is of a wrong size or index too large
 */
LIBIOMMU_API int libiommu_group_member(const struct libiommu_group *group, size_t index,
				       struct libiommu_group_member *out);

/** @return true when no member blocks. */
LIBIOMMU_API bool libiommu_group_viable(const struct libiommu_group *group);

/** A member that blocks, for people. */
struct libiommu_blocker {
	size_t size;
	const char *device; /**< borrowed from the group */
	const char *driver; /**< borrowed from the group */
	char sentence[256]; /**< what is wrong */
	char hint[192];     /**< what helps */
};
#define LIBIOMMU_BLOCKER_INIT                                       \
	{                                                           \
		sizeof(struct libiommu_blocker), NULL, NULL, "", "" \
	}

/**
 * One of those that block, in the order of names.
 * @param index counts the blocking members alone
 * @param[out] out filled
 * @return 0; -EINVAL when out is of a wrong size or there are not so many
 */
LIBIOMMU_API int libiommu_group_blocker(const struct libiommu_group *group, size_t index,
					struct libiommu_blocker *out);

/**
 * Is the group viable, and if not why? One call for all: the message names those that
 * block with their drivers, the hint helps with the first one.
 * Reasons: null-argument, after-fork, group-not-viable (subject: "group 4").
 */
LIBIOMMU_API int libiommu_group_check(const struct libiommu_group *group,
				      struct libiommu_error **err);

/** @return number of reserved ranges. */
LIBIOMMU_API size_t libiommu_group_reserved_count(const struct libiommu_group *group);

/** One reserved range, in ascending order. @return 0; -EINVAL for a wrong index or NULL */
LIBIOMMU_API int libiommu_group_reserved(const struct libiommu_group *group, size_t index,
					 struct libiommu_reserved *out);

/**
 * IOVAs that all devices of the group can use, in ascending order, as they were known when the
 * snapshot was taken. Kernels tell them of a group that is in use by this context: on type1
 * while it is in a container, on iommufd while one of its devices is open or it is claimed.
 * @param[out] windows array of *count; may be NULL when *count is 0
 * @param[in,out] count in: room; out: how many there are
 * Reasons: null-argument, after-fork, buffer-too-small, needs-attach (not known).
 */
LIBIOMMU_API int libiommu_group_windows(const struct libiommu_group *group,
					struct libiommu_range *windows, size_t *count,
					struct libiommu_error **err);

struct libiommu_cap_answer;

/**
 * Can a device of the group send only those message-signalled interrupts that were given to
 * it? Kernels tell by lending the group, unless they were told not to care.
 * @param[out] out its size must be set (LIBIOMMU_CAP_ANSWER_INIT)
 * @return 0; -EINVAL for NULL or a wrong size
 */
LIBIOMMU_API int libiommu_group_msi_isolated(const struct libiommu_group *group,
					     struct libiommu_cap_answer *out);

/** How a group differs from an older snapshot; numbers are permanent. */
enum libiommu_group_change_kind {
	LIBIOMMU_GROUP_JOINED = 1, /**< device is a member now */
	LIBIOMMU_GROUP_LEFT,       /**< device is none any more */
	LIBIOMMU_GROUP_DRIVER, /**< device has another driver, or none, or one for the first time */
	LIBIOMMU_GROUP_NOW_VIABLE, /**< nobody blocks any more */
	LIBIOMMU_GROUP_NOT_VIABLE, /**< somebody blocks now: libiommu_group_blocker() tells who */
	LIBIOMMU_GROUP_GONE,       /**< there is no such group any more */
	LIBIOMMU_GROUP_CHANGE_PAD_ = 0x7fffffff
};

/** A difference. Its strings are borrowed from the snapshots, "" where there is nothing to say. */
struct libiommu_group_change {
	size_t size;
	enum libiommu_group_change_kind kind;
	const char *device;
	const char *before; /**< the driver that device had */
	const char *driver; /**< the driver that it has */
};
#define LIBIOMMU_GROUP_CHANGE_INIT                                                            \
	{                                                                                     \
		sizeof(struct libiommu_group_change), LIBIOMMU_GROUP_JOINED, NULL, NULL, NULL \
	}

/**
 * Is the group still as the snapshot shows it? It reads the group again: a state, not an event;
 * what was undone meanwhile is not seen (monitor.h sees it). Members that are open or claimed can
 * leave when somebody pulls them out; this is where that is found without a monitor.
 * @param[out] changed written on success
 * @param[out] now a snapshot of now, or NULL when the group is gone; give back with
 *        libiommu_group_unref(). NULL: not wanted
 * Reasons: null-argument, after-fork, backend-undecided, needs-passed-fd, fd-limit,
 * sysfs-unreadable, no-memory.
 */
LIBIOMMU_API int libiommu_group_changed(const struct libiommu_group *group, bool *changed,
					struct libiommu_group **now, struct libiommu_error **err);

/**
 * One difference between two snapshots: those of members in the order of names, then the one
 * about the group as a whole, if any.
 * @param before the older one
 * @param now the newer one; NULL: the group is gone
 * @param index counts differences
 * @param[out] out filled; its size must be set
 * @return 0; -EINVAL when there are not so many, for NULL, or a wrong size
 */
LIBIOMMU_API int libiommu_group_change(const struct libiommu_group *before,
				       const struct libiommu_group *now, size_t index,
				       struct libiommu_group_change *out);

/** What a claim holds. */
struct libiommu_claimed {
	size_t size;
	size_t lent;    /**< members that a VFIO driver has: only this context can open them */
	size_t guarded; /**< the others: the kernel lets no driver that does DMA have them */
};
#define LIBIOMMU_CLAIMED_INIT                         \
	{                                             \
		sizeof(struct libiommu_claimed), 0, 0 \
	}

/**
 * Take a group for this context alone, before its devices are opened and between their
 * uses. Nobody else can open a device of it, and no kernel driver that does DMA is given
 * one. The claim is the context's: it stays when the group object is freed, and ends with
 * libiommu_group_release() or with the context. A child of fork has no part in it.
 *
 * Devices of the group are opened as always and take over what the claim holds, without a
 * moment in which nobody holds it; when they are closed they give it back. docs/groups.md
 * tells what that is on each backend.
 * @param[out] out what is held; may be NULL, else its size must be set
 * Reasons: null-argument, after-fork, bad-options, unknown-options, group-in-use (claimed before, or on
 * type1 in one container with others), group-unknown, group-not-viable (the message names
 * each culprit), not-bound (a VFIO driver has none of its members), device-busy (somebody
 * else has it), needs-passed-fd (a context of passed descriptors claims nothing),
 * backend-capability; and what the kernel refuses to lend a group for: msi-not-isolated,
 * direct-region, not-cache-coherent, no-iommu-mode, bad-token, no-uapi, no-permission,
 * fd-limit, no-memory.
 */
LIBIOMMU_API int libiommu_group_claim(struct libiommu_group *group, struct libiommu_claimed *out,
				      struct libiommu_error **err);

/**
 * End a claim. Devices of the group that are open stay open and keep it for this context,
 * as they do without a claim.
 * @param group any snapshot of the group
 * Reasons: null-argument, after-fork, group-not-claimed.
 */
LIBIOMMU_API int libiommu_group_release(struct libiommu_group *group, struct libiommu_error **err);

/** @return true when this context claims the group now. */
LIBIOMMU_API bool libiommu_group_claimed(const struct libiommu_group *group);

#ifdef __cplusplus
}
#endif

#endif
