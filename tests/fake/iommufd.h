/* SPDX-License-Identifier: BSD-2-Clause */
/* iommufd as the fake kernel has it. All of these are called with the kernel's lock held. */
#ifndef FAKE_IOMMUFD_H
#define FAKE_IOMMUFD_H

#include "backends/iommufd/uapi_layout.h"
#include "tests/fake/internal.h"

#define OBJECTS 256

enum object_kind { OBJECT_NONE, OBJECT_IOAS, OBJECT_HWPT, OBJECT_DEVICE };

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
	uint32_t ioas;
	bool automatic;
	unsigned int instance; /* of the IOMMU */
	uint32_t make;
	unsigned int devices;
};

struct object {
	enum object_kind kind;
	struct ioas ioas;
	struct hwpt hwpt;
	struct cdev *device;
};

struct iommufd {
	unsigned int references; /* descriptors, and devices that are bound */
	struct object objects[OBJECTS];
};

/* An open node of a device. */
struct cdev {
	unsigned int references;
	struct device *device;
	struct iommufd *iommufd; /* NULL: not bound */
	uint32_t id;
	uint32_t hwpt; /* 0: detached */
};

/* iommufd_objects.c */
struct iommufd *fake_iommufd_new(void);
void fake_iommufd_put(struct fake_kernel *kernel, struct iommufd *iommufd);
/* The object of that kind, or NULL. */
struct object *fake_object(struct iommufd *iommufd, uint32_t id, enum object_kind kind);
/* @return the lowest free id, or a negative errno */
int64_t fake_object_new(struct iommufd *iommufd, enum object_kind kind);
int64_t fake_hwpt_new(struct fake_kernel *kernel, struct iommufd *iommufd, const struct cdev *cdev,
		      uint32_t ioas, bool automatic);
void fake_hwpt_free(struct fake_kernel *kernel, struct iommufd *iommufd, uint32_t id);
int fake_iommufd_ioctl(struct fake_kernel *kernel, struct iommufd *iommufd, unsigned long request,
		       void *argument);

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
