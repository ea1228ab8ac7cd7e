/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef FAKE_INTERNAL_H
#define FAKE_INTERNAL_H

#include "backends/vfio/uapi.h"
#include "tests/fake/vfio_kernel.h"

#include <pthread.h>
#include <sys/mman.h>

/* Far above every real descriptor. */
#define FAKE_FD   (1 << 24)
#define MAX_FDS   1024
#define DEVICES   10
#define IRQ_KINDS 5 /* INTx, MSI, MSI-X, error, request */
#define GROUPS    6 /* 0 is unused, and stands for no group */
#define RESERVED  4
#define PAGE      4096ull

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ  22
#define MADV_POPULATE_WRITE 23
#endif

#define EDU_BAR_SIZE    0x100000ull
#define EDU_MEMORY_SIZE 0x10000ull
#define EDU_BUFFER      0x40000ull
#define EDU_BUFFER_SIZE 4096u

enum file_kind { FREE, FOLDER, TEXT, CONTAINER, GROUP, DEVICE, IOMMUFD, CDEV, FAULT };

struct fake_map {
	uint64_t iova;
	uint64_t size;
	uint64_t vaddr;
	uint32_t flags;
};

struct container {
	unsigned int open; /* descriptors */
	unsigned int groups;
	bool ready;            /* SET_IOMMU was done */
	struct fake_map *maps; /* ascending */
	size_t count, room, limit;
};

struct reserved {
	uint64_t start, last;
	char type[20];
};

struct group {
	bool used;
	unsigned int instance; /* of the IOMMU in front of it */
	uint32_t make;         /* of that, as GET_HW_INFO has it; 0: VT-d */
	unsigned int open;     /* descriptors */
	unsigned int devices;  /* descriptors of its devices */
	struct container *container;
	struct reserved reserved[RESERVED];
	size_t reserved_count;
};

struct edu {
	uint8_t config[256];
	uint8_t buffer[EDU_BUFFER_SIZE];
	uint64_t source, target, bytes;
	uint32_t inverted, factorial, irq_status;
};

struct device {
	const char *name;
	unsigned int group;
	uint16_t vendor, id;
	uint32_t class_code;
	char driver[64];
	char token[40]; /* "": none is asked for */
	unsigned int open, resets;
	int memory;            /* of BAR 2 */
	int events[IRQ_KINDS]; /* eventfds by kind; -1: none */
	bool masked, pending;  /* INTx */
	struct cdev *cdev;     /* the one that is bound; NULL: none */
	struct edu edu;
};

struct file {
	enum file_kind kind;
	struct container *container;
	unsigned int group;
	struct device *device;
	struct iommufd *iommufd;
	uint32_t queue; /* FAULT: its id */
	struct cdev *cdev;
	char path[256];  /* FOLDER */
	size_t position; /* FOLDER: the next entry */
	char *text;      /* TEXT */
};

struct fake_kernel {
	pthread_mutex_t lock;
	struct libiommu_sys sys;
	const struct libiommu_sys *base;
	uint64_t knobs[FAKE_KNOBS];
	struct group groups[GROUPS];
	struct device devices[DEVICES];
	struct file files[MAX_FDS];
	uint64_t locked;
	bool populates; /* the real kernel knows MADV_POPULATE_READ and _WRITE */
};

/* All of these are called with the lock held and answer as the kernel does. */

/* vfio_kernel.c */
int fake_file_new(struct fake_kernel *kernel, enum file_kind kind);
struct file *fake_file(struct fake_kernel *kernel, int fd);
struct device *fake_device(struct fake_kernel *kernel, const char *name);
void fake_file_close(struct fake_kernel *kernel, struct file *file);
extern const struct libiommu_sys fake_sys;

/* tree.c */
enum tree_kind { TREE_NONE, TREE_FOLDER, TREE_TEXT, TREE_LINK };
/* What is at a path; out: the text or the link's target */
enum tree_kind fake_tree_look(struct fake_kernel *kernel, const char *path, char *out, size_t size);
/* @return false behind the last entry */
bool fake_tree_entry(struct fake_kernel *kernel, const char *folder, size_t index, char *name,
		     size_t size);
/* Records of the kind that the kernel writes, one after another, from where the folder's reader is. */
int64_t fake_tree_records(struct fake_kernel *kernel, struct file *file, char *buffer, size_t room);

/* container.c */
struct container *fake_container_new(struct fake_kernel *kernel);
/* Frees it when nobody has it any more. */
void fake_container_put(struct fake_kernel *kernel, struct container *container);
void fake_container_drop(struct fake_kernel *kernel, struct container *container);
int fake_container_ioctl(struct fake_kernel *kernel, struct container *container,
			 unsigned long request, void *argument);
/* The kernel's checks when a group comes into a container that has its IOMMU. */
int fake_container_accepts(struct fake_kernel *kernel, const struct container *container,
			   unsigned int group);
int fake_container_map(struct fake_kernel *kernel, struct container *container,
		       const struct vfio_iommu_type1_dma_map *map);
int fake_container_unmap(struct fake_kernel *kernel, struct container *container,
			 struct vfio_iommu_type1_dma_unmap *unmap);
/* Where a device's access ends up; *length is cut to what is there. NULL: a fault */
void *fake_container_translate(const struct container *container, uint64_t iova, uint32_t flag,
			       size_t *length);

/* group.c */
bool fake_group_viable(struct fake_kernel *kernel, unsigned int group);
int fake_group_ioctl(struct fake_kernel *kernel, unsigned int group, unsigned long request,
		     void *argument);
/* Leaves the container when no descriptor of the group is open. */
void fake_group_put(struct fake_kernel *kernel, unsigned int group);

/* device.c */
void fake_device_reset(struct device *device);
void fake_device_open(struct fake_kernel *kernel, struct device *device);
void fake_device_close(struct fake_kernel *kernel, struct device *device);
int fake_device_ioctl(struct fake_kernel *kernel, struct device *device, unsigned long request,
		      void *argument);
int64_t fake_device_read(struct device *device, void *buffer, size_t length, uint64_t offset);
int64_t fake_device_write(struct fake_kernel *kernel, struct device *device, const void *buffer,
			  size_t length, uint64_t offset);
/* @return whether it is BAR 2 */
bool fake_device_mappable(uint64_t offset, size_t length);

#endif
