/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A kernel with VFIO type1 v2 and iommufd and a small machine behind it, as a table of system calls:
 * the backends "vfio" and "iommufd" run on it as they are. What is not VFIO, sysfs or /proc/self/status goes to the
 * real system calls.
 *
 * The machine, all behind one IOMMU of 39 bits:
 *	group 1  0000:00:03.0  edu, vfio-pci
 *	group 2  0000:00:04.0  edu, vfio-pci
 *	group 3  0000:00:05.0, .1, .2  edu, vfio-pci; its name is "functions"
 *	group 4  0000:00:1f.2  vfio-pci; 0000:00:1f.3  i801_smbus; 0000:00:1f.0  bridge, no driver
 *	group 5  0000:00:02.0  e1000e
 *	         0000:00:06.0  no group
 *
 * edu is QEMU's device for teaching: BAR 0 has its registers and does DMA; here BAR 2 is 64 KiB of
 * memory that can be mapped. Every function may be called from any thread.
 */
#ifndef FAKE_VFIO_KERNEL_H
#define FAKE_VFIO_KERNEL_H

#include <libiommu/hooks.h>

struct fake_kernel;

/* @return NULL when memory is exhausted */
struct fake_kernel *fake_kernel_new(void);
void fake_kernel_free(struct fake_kernel *kernel);

/* The table lives as long as the kernel. */
const struct libiommu_sys *fake_kernel_sys(struct fake_kernel *kernel);

/* Descriptors that this kernel gave out and that are not closed, and eventfds that it holds. */
size_t fake_kernel_open_fds(struct fake_kernel *kernel);

enum fake_knob {
	FAKE_NO_VFIO = 1,   /* /dev/vfio does not exist */
	FAKE_NO_PERMISSION, /* the nodes may not be opened */
	FAKE_NO_MODULE,     /* /dev/vfio/vfio is there, vfio is not */
	FAKE_NO_TYPE1,      /* vfio is there, vfio_iommu_type1 is not */
	FAKE_NO_IOMMU,      /* groups are in no-IOMMU mode */
	FAKE_UNSAFE_MSI,    /* interrupts are not isolated */
	FAKE_ALLOW_UNSAFE,  /* and the administrator does not mind */
	FAKE_PCIE,          /* the devices are on PCIe: they can report errors */
	FAKE_NO_BUS_RESET,  /* the bus of the devices cannot be reset */
	FAKE_BUS_PADDING,   /* how many more devices are on it, of group 0 */
	FAKE_NO_RANGES,     /* GET_INFO does not tell of IOVA ranges */
	FAKE_INFO_PADDING,  /* bytes of unknown capabilities in GET_INFO */
	FAKE_ENTRY_LIMIT,   /* mappings per container; default 65535; for new containers */
	FAKE_MEMLOCK,       /* bytes of locked memory; default: no limit */
	FAKE_ADDRESS_BITS,  /* of the IOMMU; default 39 */
	FAKE_NO_IOMMUFD,    /* /dev/iommu does not exist, as on Linux 6.1 */
	FAKE_NO_CDEV,       /* devices have no nodes of their own, as before Linux 6.6 */
	FAKE_NO_MAP_FILE,   /* IOMMU_IOAS_MAP_FILE is unknown, as before Linux 6.13 */
	FAKE_NO_HW_INFO,    /* IOMMU_GET_HW_INFO is unknown, as before Linux 6.6 */
	FAKE_HW_CAPS,       /* what it tells: IOMMU_HW_CAP_* */
	FAKE_PASID_BITS,    /* the same of PASIDs */
	FAKE_VTD_ECAP,      /* VT-d's register */
	FAKE_NESTING,       /* tables may lie below nested ones, which VT-d's driver then has */
	FAKE_PLAIN_TABLES,  /* the driver has one kind of tables only */
	FAKE_KNOBS
};

void fake_kernel_set(struct fake_kernel *kernel, enum fake_knob knob, uint64_t value);

/* Add a reserved region to a group; type as in sysfs. Before the group is opened. */
void fake_kernel_reserve(struct fake_kernel *kernel, unsigned int group, uint64_t start,
			 uint64_t last, const char *type);

/* Give a device to a driver; "" takes it from its driver. */
void fake_kernel_bind(struct fake_kernel *kernel, const char *device, const char *driver);

/* Ask for a token, as the owner of a PF does of those who open its VFs: a UUID; "": no more. */
void fake_kernel_token(struct fake_kernel *kernel, const char *device, const char *token);

/* Put another IOMMU of the same kind in front of a group. Before the group is opened. */
void fake_kernel_instance(struct fake_kernel *kernel, unsigned int group, unsigned int instance);

/*
 * One of another make, with a driver of its own; as GET_HW_INFO tells it. A device that is moved into
 * the page table of another driver ends the program, as it stops Linux 7.2.
 */
void fake_kernel_make(struct fake_kernel *kernel, unsigned int group, uint32_t make);

/* Ask for a device, as when somebody unbinds it that is in use. */
void fake_kernel_request(struct fake_kernel *kernel, const char *device);

/* How often a device was reset, and how many mappings there are where its group is. */
unsigned int fake_kernel_resets(struct fake_kernel *kernel, const char *device);
size_t fake_kernel_mappings(struct fake_kernel *kernel, const char *device);
/* True when two devices are in one container or address space. */
bool fake_kernel_together(struct fake_kernel *kernel, const char *a, const char *b);

/* Bytes of locked memory. */
uint64_t fake_kernel_locked(struct fake_kernel *kernel);

/* Map and unmap behind the library's back in the container or address space of a device. @return 0 or -errno */
int fake_kernel_map(struct fake_kernel *kernel, const char *device, uint64_t iova, void *memory,
		    uint64_t length);
int fake_kernel_unmap(struct fake_kernel *kernel, const char *device, uint64_t iova,
		      uint64_t length);

/* What a device asks for in one group. */
struct fake_pages {
	uint32_t group, access; /* IOMMU_PGFAULT_PERM_* */
	unsigned int count;     /* 1 to 8, one page after the other */
	uint64_t address;
};
/* @param pasid 0: the device itself @return 0; -ENODEV: nobody listens, and it is denied */
int fake_kernel_ask_pages(struct fake_kernel *kernel, const char *device, uint32_t pasid,
			  const struct fake_pages *pages);
/* How many groups of an open device were answered so. */
unsigned int fake_kernel_answers(struct fake_kernel *kernel, const char *device, bool success);
/* The page table of a device or one of its PASIDs; 0: none. And what was invalidated there. */
uint32_t fake_kernel_table(struct fake_kernel *kernel, const char *device, uint32_t pasid);
unsigned int fake_kernel_invalidations(struct fake_kernel *kernel, const char *device,
				       uint32_t pasid);
/* Objects that an open device's iommufd has. */
unsigned int fake_kernel_objects(struct fake_kernel *kernel, const char *device);

#endif
