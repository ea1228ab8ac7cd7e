/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file device.h
 * Devices: claimed by opening them.
 */
#ifndef LIBIOMMU_DEVICE_H
#define LIBIOMMU_DEVICE_H

#include <libiommu/error.h>
#include <libiommu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Open a device and claim its group, so that what keeps it from being used is
 * reported here: on type1 this opens the group's node. A device that is open
 * in the same context is refused (device-busy).
 * @param name "0000:3b:00.0"
 * @param[out] out written on success; close with libiommu_device_close()
 * Reasons: null-argument, after-fork, bad-name, device-unknown, no-iommu-group,
 * not-bound, group-not-viable (subject: the device; the message names each
 * culprit with its driver), device-busy, no-iommu-mode, no-permission,
 * fd-limit, no-memory.
 */
LIBIOMMU_API int libiommu_device_open(struct libiommu_ctx *ctx, const char *name,
				      struct libiommu_device **out, struct libiommu_error **err);

/**
 * What libiommu_device_open_with() is told beyond the name: descriptors that
 * somebody else has opened, and a token. The library duplicates descriptors
 * (close on exec) and never closes the caller's. -1 means none.
 */
struct libiommu_device_options {
	size_t size;
	/**
	 * 16 bytes (a UUID): for a VF the token that its PF was opened with; for a PF the one
	 * that its VFs shall want; NULL: none
	 */
	const unsigned char *vf_token;
	int cdev;          /**< iommufd: the device's open node /dev/vfio/devices/vfioN */
	bool bound;        /**< cdev is bound to the context's iommufd already ... */
	uint32_t bound_id; /**< ... and this is the id that the bind gave */
	int group;         /**< vfio: the open node /dev/vfio/N of the device's group */
	uint32_t group_id; /**< N, which the descriptor does not tell; with group or cdev */
	bool in_container; /**< the group is in the container that was passed to the context */
};
#define LIBIOMMU_DEVICE_OPTIONS_INIT                                                     \
	{                                                                                \
		sizeof(struct libiommu_device_options), NULL, -1, false, 0, -1, 0, false \
	}

/**
 * As libiommu_device_open(), with options. A context of passed descriptors
 * (libiommu_ctx_options.passed) opens no path: the device's descriptor must be
 * among the options (needs-passed-fd).
 * @param opts NULL: as libiommu_device_open()
 * Reasons: as libiommu_device_open(); bad-options, unknown-options, bad-fd,
 * needs-passed-fd, wrong-fd, bad-token (type1 tells it at attach), no-uapi.
 */
LIBIOMMU_API int libiommu_device_open_with(struct libiommu_ctx *ctx, const char *name,
					   const struct libiommu_device_options *opts,
					   struct libiommu_device **out,
					   struct libiommu_error **err);

/**
 * The descriptor that KVM's VFIO device wants (KVM_DEV_VFIO_FILE_ADD): the
 * group's on type1, the device's on iommufd.
 * @param[out] fd borrowed: valid until the device is closed; dup it to keep it
 * Reasons: null-argument, after-fork, backend-capability, needs-attach (type1, after
 * a detach that gave the group up).
 */
LIBIOMMU_API int libiommu_device_kvm_fd(struct libiommu_device *dev, int *fd,
					struct libiommu_error **err);

/**
 * The descriptors that prove ownership for a PCI hot reset of the device's bus
 * (VFIO_DEVICE_PCI_HOT_RESET): one per group in this context on type1; none on
 * iommufd, where an empty list means the devices of this iommufd.
 * @param[out] fds array of *count, borrowed; may be NULL when *count is 0
 * @param[in,out] count in: room; out: how many there are
 * Reasons: null-argument, after-fork, backend-capability, buffer-too-small; type1:
 * needs-attach, reset-unsupported.
 */
LIBIOMMU_API int libiommu_device_hot_reset_fds(struct libiommu_device *dev, int *fds, size_t *count,
					       struct libiommu_error **err);

/**
 * Close a device and give its group back with the last open device of it.
 * NULL is allowed.
 * Reasons: device-in-use (attached, or with open regions or PASIDs).
 */
LIBIOMMU_API int libiommu_device_close(struct libiommu_device *dev, struct libiommu_error **err);

/** @return its name. Borrowed. */
LIBIOMMU_API const char *libiommu_device_name(const struct libiommu_device *dev);

/** @return id of its group. */
LIBIOMMU_API uint32_t libiommu_device_group_id(const struct libiommu_device *dev);

/** @return its context. Borrowed. */
LIBIOMMU_API struct libiommu_ctx *libiommu_device_ctx(const struct libiommu_device *dev);

/** @return the endpoint of the device's own requests. Borrowed, lives as long as the device. */
LIBIOMMU_API struct libiommu_endpoint *libiommu_device_endpoint(struct libiommu_device *dev);

/**
 * @return true when the device can reach no memory: neither it nor a PASID of its group
 *         is attached, no other device of the group keeps the group's access open, and it
 *         is not left in an adopted container (LIBIOMMU_CAP_BLOCKS_WHEN_DETACHED).
 */
LIBIOMMU_API bool libiommu_device_isolated(const struct libiommu_device *dev);

/** What can be asked of a device; numbers are permanent. */
enum libiommu_cap {
	LIBIOMMU_CAP_PAGE_SIZES = 1,  /**< value: bit n = pages of 2^n bytes */
	LIBIOMMU_CAP_ADDRESS_BITS,    /**< value: width of an IOVA */
	LIBIOMMU_CAP_ENTRY_LIMIT,     /**< value: mappings that a domain can hold */
	LIBIOMMU_CAP_REPLACE,         /**< libiommu_endpoint_replace() works */
	LIBIOMMU_CAP_REPLACE_HITLESS, /**< replace leaves no gap for DMA in flight */
	/** no detach resets the device, LIBIOMMU_DETACH_MAY_REOPEN or not; never without it */
	LIBIOMMU_CAP_STATE_SURVIVES_DETACH,
	LIBIOMMU_CAP_SHARES_PINS,          /**< memory is pinned once for all groups of a domain */
	LIBIOMMU_CAP_REPROTECT,            /**< protection can change without a gap for DMA */
	LIBIOMMU_CAP_FILE_MAPPINGS,        /**< memory files are mapped by the backend itself */
	LIBIOMMU_CAP_FD_BEFORE_ATTACH,     /**< registers can be reached before the first attach */
	LIBIOMMU_CAP_BLOCKS_WHEN_DETACHED, /**< a detached device reaches nothing */
	LIBIOMMU_CAP_ISOLATES_OUTSIDE_APERTURE, /**< addresses beyond the aperture reach nothing */
	LIBIOMMU_CAP_CACHE_COHERENCY,           /**< DMA is coherent with CPU caches */
	LIBIOMMU_CAP_ENFORCE_CACHE_COHERENCY,   /**< no-snoop requests are snooped nevertheless */
	LIBIOMMU_CAP_WRITE_ONLY,                /**< write without read is enforced */
	LIBIOMMU_CAP_READ_ONLY,                 /**< read without write is enforced */
	LIBIOMMU_CAP_P2P,                       /**< another device's BAR can be mapped */
	LIBIOMMU_CAP_IOMMUFD,                   /**< the kernel lends this device through iommufd */
	LIBIOMMU_CAP_DIRTY_TRACKING, /**< the kernel tells which pages a device has written */
	LIBIOMMU_CAP_PASIDS, /**< it lends PASIDs of the device; value: their width in bits */
	LIBIOMMU_CAP_ATS,    /**< the device may keep translations of its own (PCI ATS) */
	LIBIOMMU_CAP_PAGE_REQUESTS, /**< a missing page can be asked for: fault_queue.h */
	LIBIOMMU_CAP_NESTING,       /**< NESTED domains can be made for the device: nesting.h */
	LIBIOMMU_CAP_PAD_ = 0x7fffffff
};

enum libiommu_answer {
	LIBIOMMU_ANSWER_UNKNOWN = 0, /**< nothing tells */
	LIBIOMMU_ANSWER_NO,
	LIBIOMMU_ANSWER_YES
};

struct libiommu_cap_answer {
	size_t size;
	enum libiommu_answer answer;
	uint64_t value;       /**< where the capability has one and the answer is yes; else 0 */
	const char *evidence; /**< the call, file or rule that tells; "" when unknown. Static */
};
#define LIBIOMMU_CAP_ANSWER_INIT                                                     \
	{                                                                            \
		sizeof(struct libiommu_cap_answer), LIBIOMMU_ANSWER_UNKNOWN, 0, NULL \
	}

/**
 * Ask for a capability. Answers may become better known once the device has
 * been attached (type1 tells page sizes and ranges only then).
 * Reasons: null-argument, after-fork, bad-options, bad-name (no such capability).
 */
LIBIOMMU_API int libiommu_device_cap(struct libiommu_device *dev, enum libiommu_cap cap,
				     struct libiommu_cap_answer *out, struct libiommu_error **err);

/** @return the stable name of a capability ("replace-hitless"); NULL for a number without one. */
LIBIOMMU_API const char *libiommu_cap_name(enum libiommu_cap cap);

/**
 * IOVAs that the device can use, in ascending order.
 * @param[out] ranges array of *count; may be NULL when *count is 0
 * @param[in,out] count in: room; out: how many there are
 * Reasons: null-argument, after-fork, buffer-too-small; needs-attach where only
 * an attach tells (type1).
 */
LIBIOMMU_API int libiommu_device_iova_ranges(struct libiommu_device *dev,
					     struct libiommu_range *ranges, size_t *count,
					     struct libiommu_error **err);

/**
 * Reset the device. Mappings and attachment stay.
 * Reasons: null-argument, after-fork, needs-attach, reset-unsupported, kernel-refused.
 */
LIBIOMMU_API int libiommu_device_reset(struct libiommu_device *dev, struct libiommu_error **err);

/**
 * Let the device start requests of its own, or stop it (PCI: bus master enable).
 * Reasons: null-argument, after-fork, needs-attach, no-such-region, device-io.
 */
LIBIOMMU_API int libiommu_device_set_bus_master(struct libiommu_device *dev, bool on,
						struct libiommu_error **err);

#ifdef __cplusplus
}
#endif

#endif
