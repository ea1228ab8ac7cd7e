/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file mock_platform.h
 * How a mock machine puts its devices into groups: built-in platforms, and those
 * that a program brings. docs/groups.md has the rules. Not part of the umbrella header.
 */
#ifndef LIBIOMMU_MOCK_PLATFORM_H
#define LIBIOMMU_MOCK_PLATFORM_H

#include <libiommu/mock.h>

#ifdef __cplusplus
extern "C" {
#endif

struct libiommu_monitor_source;

enum libiommu_mock_function_type {
	LIBIOMMU_MOCK_CONVENTIONAL = 1,   /**< PCI or PCI-X */
	LIBIOMMU_MOCK_ENDPOINT,           /**< PCIe */
	LIBIOMMU_MOCK_LEGACY_ENDPOINT,    /**< PCIe */
	LIBIOMMU_MOCK_RC_ENDPOINT,        /**< PCIe, integrated into the root complex */
	LIBIOMMU_MOCK_RC_EVENT_COLLECTOR, /**< PCIe, of a root complex */
	LIBIOMMU_MOCK_ROOT_PORT,
	LIBIOMMU_MOCK_UPSTREAM_PORT,   /**< of a switch */
	LIBIOMMU_MOCK_DOWNSTREAM_PORT, /**< of a switch */
	LIBIOMMU_MOCK_PCIE_PCI_BRIDGE, /**< PCIe above, PCI below */
	LIBIOMMU_MOCK_PCI_PCIE_BRIDGE, /**< PCI above, PCIe below */
	LIBIOMMU_MOCK_PCI_BRIDGE,      /**< PCI on both sides */
	LIBIOMMU_MOCK_VF,              /**< virtual function */
	LIBIOMMU_MOCK_PLATFORM_DEVICE  /**< not on a PCI bus */
};

/** One function of the machine, as a platform sees it. Owned by the machine. */
struct libiommu_mock_function {
	size_t size;
	const char *name;                            /**< "0000:3b:00.0" */
	const char *iommu;                           /**< NULL: none */
	const char *host;                            /**< "0000:00"; NULL: not on a PCI bus */
	const struct libiommu_mock_function *bridge; /**< right above; NULL: none */
	enum libiommu_mock_function_type type;
	int64_t group; /**< its number, or LIBIOMMU_MOCK_GROUP_NONE so far */
};

/** What device_group() can answer beside a number. */
#define LIBIOMMU_MOCK_GROUP_NEW  INT64_C(-1) /**< a group of its own, the lowest free number */
#define LIBIOMMU_MOCK_GROUP_NONE INT64_C(-2) /**< it cannot have one: no-iommu-group */

/**
 * How a platform groups its devices. The functions are called with a lock of the machine
 * held, once it runs: they may call what this header has, and nothing else of libiommu.
 */
struct libiommu_mock_platform {
	size_t size;
	const char *name; /**< for grouping= in the machine's text */
	void *data;       /**< for the functions */
	/**
	 * The group of a function that has an IOMMU and no group yet. Asked once, in the order of
	 * enumeration. A number that no group has makes one of that number.
	 * @return a number of 32 bits, LIBIOMMU_MOCK_GROUP_NEW or LIBIOMMU_MOCK_GROUP_NONE
	 */
	int64_t (*device_group)(void *data, const struct libiommu_mock_function *function);
	/**
	 * What a new group can reach, apart from the limits of its IOMMU. NULL: anything.
	 * @param first its first member
	 * @param[out] windows room for `room` ranges of whole pages, ascending
	 * @return how many; 0: no limit
	 */
	size_t (*dma_windows)(void *data, const struct libiommu_mock_function *first,
			      struct libiommu_range *windows, size_t room);
};

/**
 * A built-in platform, to be used by one that changes it in parts.
 * @param name "pci-acs", "host-bridge", "partitionable-endpoint", "single", "generic", "stream"
 * @return it, static; NULL when there is none of this name
 */
LIBIOMMU_API const struct libiommu_mock_platform *libiommu_mock_platform_find(const char *name);

/**
 * Every function of the machine that is there, one after the other.
 * @param any one of them
 * @param at the one before; NULL: the first is wanted
 * @return the next; NULL: there is none
 */
LIBIOMMU_API const struct libiommu_mock_function *libiommu_mock_function_next(
	const struct libiommu_mock_function *any, const struct libiommu_mock_function *at);

/**
 * Devices appear in a machine that runs, one after the other in the order of the lines. Groups
 * that exist stay as they are; a new one gets the lowest number that is free. A driver that would
 * block a group which a context has (a device of it is open, or it is claimed) does not come with
 * its device, as the kernel refuses to bind it; libiommu_mock_machine_bind() may do it later.
 * @param text lines "device" and "platform" as in the machine's text
 * Reasons: null-argument, config-syntax (subject: the line or the device), model-unknown,
 * no-memory. Nothing has appeared then.
 */
LIBIOMMU_API int libiommu_mock_machine_plug(struct libiommu_mock_machine *machine, const char *text,
					    struct libiommu_error **err);

/**
 * A device disappears, and all that hangs on it: what is below a bridge, VFs of a function, what
 * appears as a VMD. What is open is pulled out as by libiommu_mock_device_remove(), and stays a
 * member of its group until it is closed.
 * Reasons: null-argument, device-unknown.
 */
LIBIOMMU_API int libiommu_mock_machine_unplug(struct libiommu_mock_machine *machine,
					      const char *device, struct libiommu_error **err);

/**
 * Set how many virtual functions a device has, as sriov_numvfs does.
 * @param device a physical function with vfs= in its line
 * @param count 0: all of them disappear, as by libiommu_mock_machine_unplug()
 * @param options what the line of each has besides, such as "driver=vfio-pci"; NULL: nothing;
 * at most 120 characters
 * Reasons: null-argument, device-unknown, bad-options (it has none or fewer), device-busy (it
 * has some already), config-syntax (options, or their places are taken), model-unknown, no-memory.
 */
LIBIOMMU_API int libiommu_mock_machine_set_vfs(struct libiommu_mock_machine *machine,
					       const char *device, unsigned int count,
					       const char *options, struct libiommu_error **err);

/**
 * Give a device another driver, as writes to bind and unbind in sysfs do. What a driver does to the
 * viability of its group, a monitor and the group's snapshots tell.
 * @param driver NULL or "": none
 * Reasons: null-argument, device-unknown, bad-options (a driver is a word of at most 31 characters),
 * device-busy (it is open: its user gets LIBIOMMU_INTERRUPT_REQUEST, and the kernel would wait; or its
 * group is lent and the driver would block it).
 */
LIBIOMMU_API int libiommu_mock_machine_bind(struct libiommu_mock_machine *machine,
					    const char *device, const char *driver,
					    struct libiommu_error **err);

/**
 * The machine as the source of a monitor (libiommu_monitor_options.source): it says what the kernel
 * says when devices appear, disappear and change their driver, in the same text.
 * @param queue bytes of messages that may wait, 0: 1 MiB. When it is full, messages are lost until it
 * has been read to its end, and the monitor is told, as of the kernel's.
 * @param[out] out the monitor that takes it closes it; without one call out->close(out->data). The
 * machine must live longer.
 * Reasons: null-argument, fd-limit, no-memory.
 */
LIBIOMMU_API int libiommu_mock_monitor_source(struct libiommu_mock_machine *machine, size_t queue,
					      struct libiommu_monitor_source *out,
					      struct libiommu_error **err);

/**
 * Make a machine whose text may also name the platforms that are given here.
 * @param platforms `count` of them; they are copied, their names and data must live as long
 * as the machine
 * Reasons: as libiommu_mock_machine_new(); bad-options (a platform without name or
 * device_group(), or of an unknown size).
 */
LIBIOMMU_API int libiommu_mock_machine_new_with(const char *text,
						const struct libiommu_mock_platform *platforms,
						size_t count, struct libiommu_mock_machine **out,
						struct libiommu_error **err);

#ifdef __cplusplus
}
#endif

#endif
