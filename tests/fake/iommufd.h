/* SPDX-License-Identifier: BSD-2-Clause */
/* iommufd as the fake kernel has it. All of these are called with the kernel's lock held. */
#ifndef FAKE_IOMMUFD_H
#define FAKE_IOMMUFD_H

#include "backends/iommufd/uapi_layout.h"
#include "tests/fake/internal.h"

#define OBJECTS 256

enum object_kind { OBJECT_NONE, OBJECT_IOAS, OBJECT_HWPT, OBJECT_DEVICE, OBJECT_FAULT };

struct area {
	uint64_t iova, length;
	uint32_t flags; /* IOMMU_IOAS_MAP_* */
	char *memory;   /* in this process; of a file only while it is pinned */
	int fd;         /* of a file, and -1 of memory */
	uint64_t start; /* in the file */
};

struct ioas {
	struct area *areas; /* ascending */
	size_t count, room;
	unsigned int hwpts;
};

struct hwpt {
	uint32_t ioas;   /* of a nested one its parent's */
	uint32_t parent; /* 0: it is not nested */
	uint32_t flags;  /* IOMMU_HWPT_* */
	uint32_t fault;  /* 0: none */
	bool automatic;
	unsigned int instance; /* of the IOMMU */
	uint32_t make;
	unsigned int devices, children;
	unsigned int invalidations; /* commands that were carried out */
	uint64_t root;
};

#define GROUP_PAGES  8
#define GROUPS_ASKED 8

/* A device asks for pages, and waits for one answer. */
struct page_group {
	struct cdev *cdev; /* NULL: this place is free */
	uint32_t pasid, hwpt;
	uint32_t cookie; /* 0: nobody has read it */
	unsigned int order, count;
	struct iommu_hwpt_pgfault pages[GROUP_PAGES];
};

struct fault_queue {
	unsigned int descriptors, hwpts;
	unsigned int arrived;
	struct page_group groups[GROUPS_ASKED];
};

struct object {
	enum object_kind kind;
	struct ioas ioas;
	struct hwpt hwpt;
	struct fault_queue fault;
	struct cdev *device;
};

struct iommufd {
	unsigned int references; /* descriptors, and devices that are bound */
	struct object objects[OBJECTS];
};

#define PASIDS 8

struct pasid {
	uint32_t number; /* 0: this place is free */
	uint32_t hwpt;
};

/* An open node of a device. */
struct cdev {
	unsigned int references;
	struct device *device;
	struct iommufd *iommufd; /* NULL: not bound */
	uint32_t id;
	uint32_t hwpt; /* 0: detached */
	struct pasid pasids[PASIDS];
	unsigned int granted, denied; /* requests for pages that were answered so */
};

/* iommufd_objects.c */
struct iommufd *fake_iommufd_new(void);
void fake_iommufd_put(struct fake_kernel *kernel, struct iommufd *iommufd);
/* The object of that kind, or NULL. */
struct object *fake_object(struct iommufd *iommufd, uint32_t id, enum object_kind kind);
/* @return the lowest free id, or a negative errno */
int64_t fake_object_new(struct iommufd *iommufd, enum object_kind kind);
int fake_iommufd_ioctl(struct fake_kernel *kernel, struct iommufd *iommufd, unsigned long request,
		       void *argument);

/* iommufd_hwpt.c */
int64_t fake_hwpt_new(struct fake_kernel *kernel, struct iommufd *iommufd, const struct cdev *cdev,
		      uint32_t ioas, bool automatic);
void fake_hwpt_free(struct fake_kernel *kernel, struct iommufd *iommufd, uint32_t id);
int fake_hwpt_alloc(struct fake_kernel *kernel, struct iommufd *iommufd,
		    struct iommu_hwpt_alloc *alloc);
int fake_hwpt_invalidate(struct iommufd *iommufd, struct iommu_hwpt_invalidate *invalidate);

/* iommufd_fault.c */
int fake_fault_alloc(struct fake_kernel *kernel, struct iommufd *iommufd,
		     struct iommu_fault_alloc *alloc);
void fake_fault_put(struct fake_kernel *kernel, struct file *file);
/* A device (pasid 0) or one of its PASIDs leaves a page table: what it waits for there is denied. */
void fake_fault_leave(struct cdev *cdev, uint32_t pasid, uint32_t hwpt);
int64_t fake_sys_read(void *data, int fd, void *buffer, size_t length);
int64_t fake_sys_write(void *data, int fd, const void *buffer, size_t length);
int fake_sys_poll(void *data, int fd);

/* iommufd_pasid.c */
int fake_pasid_attach(struct fake_kernel *kernel, struct cdev *cdev,
		      struct vfio_device_attach_iommufd_pt *attach);
int fake_pasid_detach(struct fake_kernel *kernel, struct cdev *cdev,
		      const struct vfio_device_detach_iommufd_pt *detach);
/* The page table of the device (pasid 0) or of one of its PASIDs; 0: it has none. */
uint32_t fake_cdev_table(const struct cdev *cdev, uint32_t pasid);
/* All of them, at the end of the device. */
void fake_pasid_clear(struct fake_kernel *kernel, struct cdev *cdev);
/* Has the device one that is attached? */
bool fake_pasid_any(const struct cdev *cdev);

/* iommufd_ioas.c */
void fake_ioas_clear(struct fake_kernel *kernel, struct ioas *ioas);
/* The first page table pins everything; the last one lets go. */
int fake_ioas_pin(struct fake_kernel *kernel, struct ioas *ioas);
void fake_ioas_unpin(struct fake_kernel *kernel, struct ioas *ioas);
/* -EADDRINUSE when an area touches [start, last] */
int fake_ioas_free_of(const struct ioas *ioas, uint64_t start, uint64_t last);
int fake_ioas_ranges(struct fake_kernel *kernel, struct iommufd *iommufd, void *argument);
int fake_ioas_map(struct fake_kernel *kernel, struct iommufd *iommufd,
		  const struct iommu_ioas_map *map);
int fake_ioas_map_file(struct fake_kernel *kernel, struct iommufd *iommufd,
		       const struct iommu_ioas_map_file *map);
int fake_ioas_unmap(struct fake_kernel *kernel, struct iommufd *iommufd,
		    struct iommu_ioas_unmap *unmap);
const struct area *fake_ioas_find(const struct ioas *ioas, uint64_t iova);
/* The last address that page tables can translate. */
uint64_t fake_aperture(const struct fake_kernel *kernel);
/* Whether a device in an address space keeps this region of its group free. */
bool fake_reserves(const struct reserved *reserved);

/* IOMMU_HW_INFO_TYPE_* of the IOMMU in front of a group. */
uint32_t fake_make(const struct fake_kernel *kernel, unsigned int group);

/* iommufd_cdev.c */
/* One device or PASID less in a page table. */
void fake_hwpt_leave(struct fake_kernel *kernel, struct iommufd *iommufd, uint32_t id);
struct cdev *fake_cdev_new(struct device *device);
void fake_cdev_put(struct fake_kernel *kernel, struct cdev *cdev);
int fake_cdev_ioctl(struct fake_kernel *kernel, struct cdev *cdev, unsigned long request,
		    void *argument);
/* The address space that a device is attached to, or 0 and NULL. */
uint32_t fake_cdev_ioas_id(struct cdev *cdev);
struct ioas *fake_cdev_ioas(struct cdev *cdev);
/* As fake_container_translate() */
void *fake_cdev_translate(const struct fake_kernel *kernel, struct cdev *cdev, uint64_t iova,
			  bool write, size_t *length);

#endif
