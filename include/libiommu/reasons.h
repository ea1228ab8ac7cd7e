/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file reasons.h
 * The registry of reasons: every refusal of libiommu has one, on every backend.
 *
 * A line is X(number, CONSTANT, name, errno, sentence, hint). Number, name and
 * errno never change their meaning once released; new lines go to the end of
 * their block. The errno of kernel-refused is 0 here because it alone passes on
 * what the kernel said. The hint may be "" where nothing general helps.
 */
#ifndef LIBIOMMU_REASONS_H
#define LIBIOMMU_REASONS_H

/* clang-format off */
#define LIBIOMMU_REASONS(X) \
	/* The caller's arguments */ \
	X(1, NULL_ARGUMENT, "null-argument", EINVAL, "An object or pointer is required here.", \
	  "Pass the object that the function's comment names.") \
	X(2, BAD_OPTIONS, "bad-options", EINVAL, "The size of an options struct is impossible.", \
	  "Initialise options with their _INIT macro.") \
	X(3, UNKNOWN_OPTIONS, "unknown-options", E2BIG, \
	  "The options struct is longer than this library knows and its tail is not zero.", \
	  "The program was built for a newer libiommu; leave new options at zero.") \
	X(4, UNKNOWN_FLAGS, "unknown-flags", EOPNOTSUPP, "A flag is unknown here.", \
	  "Use only the flags that the function's comment names.") \
	X(5, FOREIGN_CONTEXT, "foreign-context", EXDEV, "The objects belong to different contexts.", \
	  "Use objects of one context together.") \
	X(6, AFTER_FORK, "after-fork", ECHILD, \
	  "The context was made by the parent of this process; after fork only close is allowed.", \
	  "Create a context of its own in the child.") \
	X(7, BAD_NAME, "bad-name", EINVAL, "The name has not the form that is expected.", \
	  "PCI devices are named like 0000:3b:00.0.") \
	X(8, BUFFER_TOO_SMALL, "buffer-too-small", EMSGSIZE, \
	  "The array is too small; the count now holds what is needed.", \
	  "Call again with an array of the returned count.") \
	X(9, CONFIG_SYNTAX, "config-syntax", EINVAL, "The configuration text cannot be read.", "") \
	/* Backends */ \
	X(20, BACKEND_UNKNOWN, "backend-unknown", ENOENT, "There is no backend of this name.", \
	  "Known names are auto, iommufd, vfio and mock, and those that the program added.") \
	X(21, BACKEND_UNDECIDED, "backend-undecided", EAGAIN, \
	  "The backend is chosen when the first device is opened.", \
	  "Open a device first, or name a backend.") \
	X(22, BACKEND_CAPABILITY, "backend-capability", EOPNOTSUPP, \
	  "This backend cannot do that.", "Ask libiommu_device_cap() first.") \
	X(23, NO_UAPI, "no-uapi", EOPNOTSUPP, \
	  "The kernel offers no interface for this to user space.", "") \
	X(24, NO_IOMMU_MODE, "no-iommu-mode", EOPNOTSUPP, \
	  "The device is in no-IOMMU mode: nothing isolates its DMA.", \
	  "Enable an IOMMU (intel_iommu=on, amd_iommu=on or the platform's equivalent).") \
	X(25, BACKEND_ABI, "backend-abi", EINVAL, \
	  "The backend was built for another plugin ABI or lacks a required slot.", "") \
	X(26, NEEDS_PASSED_FD, "needs-passed-fd", ENOENT, \
	  "This context opens no paths, and the descriptor was not passed.", \
	  "Pass it in the options of libiommu_device_open_with() or of the context.") \
	X(27, WRONG_FD, "wrong-fd", EINVAL, "The descriptor or number is not of the kind that is needed.", \
	  "") \
	X(28, BAD_TOKEN, "bad-token", EACCES, \
	  "A physical function and its virtual ones share a token, and another or none was passed.", \
	  "Pass the token of the physical function's owner in vf_token.") \
	X(29, PLUGIN_MISSING, "plugin-missing", ENOENT, "The plugin cannot be loaded.", "") \
	/* The kernel */ \
	X(30, KERNEL_REFUSED, "kernel-refused", 0, \
	  "The kernel refused, and no more exact reason is known.", "") \
	X(31, NO_MEMORY, "no-memory", ENOMEM, "Memory is exhausted.", "") \
	X(32, VFIO_MISSING, "vfio-missing", ENOENT, "The VFIO device nodes do not exist.", \
	  "Load the modules: modprobe vfio-pci.") \
	X(33, NO_PERMISSION, "no-permission", EACCES, "The device node may not be opened.", \
	  "Give the user access to the node, for instance with a udev rule.") \
	X(34, VFIO_API, "vfio-api", ENOTSUP, \
	  "The VFIO container is of an unknown version or has no type1 v2 IOMMU.", \
	  "Load the module: modprobe vfio_iommu_type1.") \
	X(35, FD_LIMIT, "fd-limit", EMFILE, "The limit of open files is reached.", \
	  "Raise RLIMIT_NOFILE.") \
	X(36, SYSFS, "sysfs-unreadable", EIO, "sysfs could not be read as expected.", "") \
	/* Mapping */ \
	X(40, EMPTY_RANGE, "empty-range", EINVAL, "The length is zero.", "") \
	X(41, RANGE_WRAPS, "range-wraps", EOVERFLOW, \
	  "The range wraps around the end of the 64-bit space.", "") \
	X(42, MISALIGNED, "misaligned", EINVAL, \
	  "IOVA, length and source must be multiples of the domain's smallest page.", \
	  "Ask libiommu_domain_page_size().") \
	X(43, NO_PROTECTION, "no-protection", EINVAL, \
	  "A mapping must allow the device to read, to write, or both.", "") \
	X(44, OUTSIDE_APERTURE, "outside-aperture", EINVAL, \
	  "The range leaves the addresses that the IOMMU can translate.", \
	  "Ask libiommu_domain_iova_ranges().") \
	X(45, RESERVED_REGION, "reserved-region", EINVAL, \
	  "The range touches IOVAs that the platform reserves.", \
	  "Ask libiommu_domain_iova_ranges().") \
	X(46, OUTSIDE_ALLOWED, "outside-allowed", EINVAL, \
	  "The range leaves the IOVAs that were allowed for this domain.", \
	  "See libiommu_domain_set_allowed().") \
	X(47, MAPPING_EXISTS, "mapping-exists", EEXIST, "Another mapping is in the way.", "") \
	X(48, MAPPING_BUSY, "mapping-busy", EBUSY, \
	  "Another thread is mapping or unmapping in this range.", "") \
	X(49, WOULD_SPLIT, "would-split", EINVAL, \
	  "The range would cut a mapping; mappings are removed whole.", \
	  "Unmap the range that was mapped.") \
	X(50, NOT_MAPPED, "not-mapped", ENOENT, "There is no mapping there.", "") \
	X(51, PARTIAL, "partial", EIO, \
	  "The kernel failed in the middle; the ledger shows what is left.", "") \
	X(52, IOVA_EXHAUSTED, "iova-exhausted", ENOSPC, \
	  "No free range of IOVAs is long enough.", "") \
	X(53, ENTRY_LIMIT, "entry-limit", ENOSPC, \
	  "The limit of mappings of this backend is reached.", \
	  "Map larger ranges, or raise vfio_iommu_type1.dma_entry_limit.") \
	X(54, LOCKED_MEMORY, "locked-memory-limit", ENOMEM, \
	  "The limit of locked memory is reached.", "Raise RLIMIT_MEMLOCK (ulimit -l).") \
	X(55, BAD_MEMORY, "bad-memory", EFAULT, \
	  "The source memory is not there or does not allow this access.", "") \
	X(56, BAD_FD, "bad-fd", EBADF, "The file descriptor is not open.", "") \
	X(57, BAD_FILE, "bad-file", EINVAL, \
	  "Only memory files (memfd, shmem, hugetlbfs) can be mapped, within their size.", "") \
	X(58, FOREIGN_MAPPING, "foreign-mapping", EEXIST, \
	  "Somebody else has mapped this range in the same container.", "") \
	X(59, LEDGER_MISMATCH, "ledger-mismatch", EIO, \
	  "The kernel removed less than the ledger held.", \
	  "Something else works on the same container.") \
	X(60, PROT_UNSUPPORTED, "protection-unsupported", EOPNOTSUPP, \
	  "The page-table format cannot express this protection.", "") \
	X(61, ADDRESS_WIDTH, "address-width", ERANGE, \
	  "The physical address does not fit the page-table format.", "") \
	X(62, BAD_SOURCE, "bad-source", EINVAL, "The source is of an unknown kind.", "") \
	X(63, BAD_FORMAT, "bad-format", EINVAL, \
	  "The page-table format does not exist in this form.", "") \
	X(64, BAD_RANGES, "bad-ranges", EINVAL, \
	  "A list of ranges must be in order, without overlap, each start at most its last.", "") \
	X(65, FIXED_GUARD, "fixed-guard", EINVAL, \
	  "Only a mapping whose IOVA the library chooses can have a guard.", \
	  "Set any_iova, or leave guard at 0.") \
	X(66, READ_ONLY_TABLE, "read-only-table", EPERM, \
	  "The page table is somebody else's and is only read here.", "") \
	X(67, TABLE_UNREACHABLE, "table-unreachable", EFAULT, \
	  "The page table's root is not in the memory that was given.", "") \
	X(68, NO_MARKS, "no-marks", EOPNOTSUPP, \
	  "Leaves of this page-table format have no accessed and dirty bits.", "") \
	/* Attach */ \
	X(70, ALREADY_ATTACHED, "already-attached", EBUSY, "The endpoint is attached already.", \
	  "Use libiommu_endpoint_replace(), or detach first.") \
	X(71, NOT_ATTACHED, "not-attached", EINVAL, "The endpoint is not attached.", \
	  "Use libiommu_endpoint_attach().") \
	X(72, GROUP_ATTACHED_ELSEWHERE, "group-attached-elsewhere", EBUSY, \
	  "Another device of the same group is attached to another domain.", \
	  "Devices that cannot be isolated from each other share one domain.") \
	X(73, GROUP_SHARED, "group-shared", EBUSY, \
	  "Other devices of the group are attached and would have to move too.", \
	  "Pass LIBIOMMU_REPLACE_GROUP to move them all.") \
	X(74, GROUP_NOT_VIABLE, "group-not-viable", EPERM, \
	  "A device of the group is in the hands of a kernel driver.", \
	  "Unbind it, or bind it to vfio-pci: driverctl set-override BDF vfio-pci.") \
	X(75, DEVICE_FD_IN_USE, "device-fd-in-use", EBUSY, \
	  "The group shares its container with others; it can leave only by giving up the device.", \
	  "Pass LIBIOMMU_DETACH_MAY_REOPEN to allow that (it resets the device).") \
	X(76, DOMAIN_IN_USE, "domain-in-use", EBUSY, \
	  "Endpoints are attached to the domain, or NESTED domains stand on it.", \
	  "Detach them, or free them, first.") \
	X(77, DEVICE_IN_USE, "device-in-use", EBUSY, \
	  "The device is attached or has open regions or PASIDs.", \
	  "Detach it and close its regions and PASIDs first.") \
	X(78, REPLACE_UNSUPPORTED, "replace-unsupported", EOPNOTSUPP, \
	  "This backend cannot exchange a domain in one step.", "Detach, then attach.") \
	X(79, MAPPING_CONFLICT, "mapping-conflict", EADDRINUSE, \
	  "A mapping of the domain lies where this device cannot translate.", \
	  "Map only within the IOVA ranges of every device that is to be attached.") \
	X(80, INCOMPATIBLE_IOMMU, "incompatible-iommu", EINVAL, \
	  "The device's IOMMU cannot share this domain.", "") \
	X(81, MSI_NOT_ISOLATED, "msi-not-isolated", EPERM, \
	  "The platform cannot isolate message-signalled interrupts.", \
	  "Enable interrupt remapping; the escape is vfio_iommu_type1.allow_unsafe_interrupts=1.") \
	X(82, NOT_COHERENT, "not-cache-coherent", EINVAL, \
	  "The device's DMA is not cache coherent; the kernel does not lend such devices.", "") \
	X(83, DIRECT_REGION, "direct-region", EINVAL, \
	  "Firmware demands a 1:1 mapping for this device (RMRR or unity map).", \
	  "Look for a firmware option that drops it.") \
	X(84, DOMAIN_TYPE, "domain-type", EOPNOTSUPP, \
	  "A domain of this type has no such operation.", "") \
	X(85, PASID_UNSUPPORTED, "pasid-unsupported", EOPNOTSUPP, \
	  "The device, its IOMMU or the backend has no PASIDs.", "Ask for LIBIOMMU_CAP_PASIDS first.") \
	X(86, PASID_NOT_ISOLATED, "pasid-not-isolated", EPERM, \
	  "Requests with a PASID could go astray on the device's way to the IOMMU.", \
	  "Put the device where every switch and bridge above it has ACS.") \
	X(87, PASID_RANGE, "pasid-range", EINVAL, "The device has no PASID of this number.", \
	  "Numbers are 1 to 2^width-1; LIBIOMMU_CAP_PASIDS tells the width.") \
	X(88, PASID_IN_USE, "pasid-in-use", EBUSY, "The PASID is open already, or it is attached.", \
	  "Detach it before it is closed; close it before it is opened anew.") \
	X(89, PASID_EXHAUSTED, "pasid-exhausted", ENOSPC, "Every PASID of the device is open.", "") \
	X(90, RID_DOMAIN_NOT_PASID, "rid-domain-not-pasid", EINVAL, \
	  "The domain of the device's own requests was not made for use beside PASIDs.", \
	  "Set libiommu_domain_options.pasid for that domain, too.") \
	X(91, DOMAIN_NOT_PASID, "domain-not-pasid", EINVAL, "The domain was not made for PASIDs.", \
	  "Set libiommu_domain_options.pasid.") \
	X(92, NESTING_UNSUPPORTED, "nesting-unsupported", EOPNOTSUPP, \
	  "The IOMMU has no second stage, or no first stage of this kind.", \
	  "Ask for LIBIOMMU_CAP_NESTING and libiommu_device_hw_info() first.") \
	X(93, NOT_NEST_PARENT, "not-nest-parent", EINVAL, "The domain was not made as a nest parent.", \
	  "Set libiommu_domain_options.nest_parent.") \
	X(94, NEST_PARENT_FAULTS, "nest-parent-faults", EOPNOTSUPP, \
	  "A nest parent cannot have a fault queue.", "Give the queue to the NESTED domain.") \
	X(95, BAD_STAGE1, "bad-stage1", EINVAL, "The data of the stage 1 are not what hardware takes.", "") \
	X(96, BAD_INVALIDATION, "bad-invalidation", EINVAL, \
	  "An invalidation command is not one that hardware takes.", \
	  "The count tells how many were carried out.") \
	X(97, FAULTS_UNSUPPORTED, "faults-unsupported", EOPNOTSUPP, \
	  "The device makes no page requests.", "Ask for LIBIOMMU_CAP_PAGE_REQUESTS first.") \
	X(98, FAULT_UNKNOWN, "fault-unknown", ENOENT, \
	  "No group of page requests with this cookie waits for an answer.", \
	  "Detach and replace answer what is open.") \
	X(99, QUEUE_IN_USE, "queue-in-use", EBUSY, "Domains use the fault queue.", \
	  "Free them first.") \
	/* Devices, regions, interrupts */ \
	X(100, DEVICE_UNKNOWN, "device-unknown", ENODEV, "There is no such device.", "") \
	X(101, GROUP_UNKNOWN, "group-unknown", ENOENT, "There is no such group.", "") \
	X(102, NO_GROUP, "no-iommu-group", ENODEV, "The device has no IOMMU group.", \
	  "Is the IOMMU on? intel_iommu=on, amd_iommu=on, or the firmware's setup.") \
	X(103, NOT_BOUND, "not-bound", ENODEV, "The device is not bound to a VFIO driver.", \
	  "Bind it: driverctl set-override BDF vfio-pci.") \
	X(104, DEVICE_BUSY, "device-busy", EBUSY, \
	  "The device or its group is in the hands of another user.", "") \
	X(105, NEEDS_ATTACH, "needs-attach", ENOTCONN, \
	  "On this backend the device's registers can be reached only while it is attached.", \
	  "Attach the device to a domain first.") \
	X(106, NO_REGION, "no-such-region", EINVAL, "The device has no such region.", "") \
	X(107, REGION_RANGE, "region-range", EINVAL, \
	  "The access is misaligned, of a strange width, or leaves the region.", "") \
	X(108, NO_INTERRUPT, "no-such-interrupt", EINVAL, \
	  "The device has no such interrupt.", "") \
	X(109, RESET_UNSUPPORTED, "reset-unsupported", EOPNOTSUPP, \
	  "The device cannot be reset alone.", "") \
	X(110, REGION_NOT_MAPPABLE, "region-not-mappable", EOPNOTSUPP, \
	  "The region cannot be mapped into the process.", "Use reads and writes.") \
	X(111, DEVICE_IO, "device-io", EIO, "The device did not answer.", "") \
	X(112, DMA_FAULT, "dma-fault", EFAULT, "The IOMMU refused the device's access.", "") \
	X(113, MODEL_UNKNOWN, "model-unknown", ENOENT, "There is no device model of this name.", "") \
	X(114, WRONG_MODEL, "wrong-model", EINVAL, \
	  "The mock's device is of another model than this is for.", "") \
	/* DMA memory */ \
	X(130, MEMORY_IN_USE, "memory-in-use", EBUSY, "DMA memory is still in use.", \
	  "Put objects back into pools; free pools and buffers, and end registrations, before their domain.") \
	X(131, NO_HUGE_PAGES, "no-huge-pages", ENOMEM, "Pages of the wanted size cannot be had.", \
	  "Reserve them (sysctl vm.nr_hugepages), or do without LIBIOMMU_DMA_MUST.") \
	X(132, CANCELED, "canceled", ECANCELED, "The caller's own callback ended the call.", "") \
	X(133, BAD_LAYOUT, "bad-layout", EINVAL, \
	  "Sizes, alignments and borders must be powers of two that go together.", "") \
	X(134, POOL_LIMIT, "pool-limit", ENOSPC, "All objects that the pool may have are in use.", \
	  "Put objects back, or raise the limit.") \
	X(135, FOREIGN_OBJECT, "foreign-object", EINVAL, \
	  "The address is not that of an object of this pool.", \
	  "Put what libiommu_dma_pool_get() gave.") \
	X(136, DOUBLE_PUT, "double-put", EINVAL, "The object is not in use: it was put back before.", "") \
	X(137, NOT_REGISTERED, "not-registered", ENOENT, "These pages are not registered as one range.", \
	  "Unregister what was registered, once for each time.") \
	X(138, PROT_CONFLICT, "protection-conflict", EBUSY, \
	  "The memory is registered with a protection that allows less.", \
	  "Register with all that will be needed first, or end the other registrations.") \
	X(139, MEMORY_SHARED, "memory-shared", EBUSY, \
	  "Another registration holds a part of the same mapping, which goes as a whole.", \
	  "End that one first, or pass kept and let the memory live until it is unmapped.") \
	/* Groups */ \
	X(150, GROUP_IN_USE, "group-in-use", EBUSY, "The group is in use already.", \
	  "One claim serves all devices of a group; claim before they are attached.") \
	X(151, GROUP_NOT_CLAIMED, "group-not-claimed", EINVAL, "The group is not claimed.", "")
/* clang-format on */

#endif
