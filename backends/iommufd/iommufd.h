/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The iommufd backend's objects. A domain is an address space of the kernel (IOAS), which keeps its
 * mappings whoever is attached. Devices reach it through page tables (hwpt): the kernel makes them by
 * itself for devices that want nothing special; those that the library makes are in the domain's
 * list. One page table serves the devices behind IOMMUs that are alike.
 *
 * Opening, closing, attaching and detaching run one at a time; what is read beside them is guarded by
 * the context's lock.
 */
#ifndef BACKENDS_IOMMUFD_IOMMUFD_H
#define BACKENDS_IOMMUFD_IOMMUFD_H

#include "backends/iommufd/transport.h"
#include "backends/iommufd/uapi.h"
#include "backends/vfiodev/vfiodev.h"

#define LIBIOMMU_IOMMUFD_UNSAFE "module/iommufd/parameters/allow_unsafe_interrupts"

struct iommufd_ctx {
	const struct libiommu_backend_env *env;
	const struct libiommu_sys *sys;
	struct libiommu_sysfs sysfs;
	const struct libiommu_iommufd_transport *transport;
	int fd;
	bool passed;        /* no path may be opened */
	bool explicit_hwpt; /* never let the kernel make page tables by itself */
	struct iommufd_device *devices;
	struct iommufd_domain *domains;
	pthread_mutex_t lock; /* the list of devices, and what they are attached to */
};

/* What the kernel tells of an IOMMU, where it does. */
struct iommufd_hw {
	bool known;
	struct libiommu_iommufd_hw info;
};

/* A page table that the library has made; it is freed with its last device. */
struct iommufd_hwpt {
	struct iommufd_hwpt *next;
	uint32_t id;
	unsigned int devices;
	struct iommufd_hw hw; /* of the device that it was made for */
};

struct iommufd_domain {
	struct iommufd_ctx *ctx;
	struct iommufd_domain *next;
	uint32_t id;
	bool adopted; /* somebody else frees it */
	unsigned int devices;
	struct iommufd_hwpt *hwpts;
};

struct iommufd_device {
	struct libiommu_vfiodev dev;
	struct iommufd_ctx *ctx;
	struct iommufd_device *next;
	uint32_t id; /* of the bind */
	uint32_t group;
	struct iommufd_hw hw;
	struct iommufd_domain *domain;
	struct iommufd_hwpt *hwpt; /* NULL: the kernel's own */
	pthread_rwlock_t lock;     /* the descriptor and what is known through it */
};

static_assert(offsetof(struct iommufd_device, dev) == 0, "the register slots take it as that");

void *libiommu_iommufd_alloc(const struct iommufd_ctx *ctx, size_t length);
void libiommu_iommufd_free(const struct iommufd_ctx *ctx, void *memory, size_t length);

/* open.c */
int libiommu_iommufd_open(void *ctx, const struct libiommu_backend_env *env,
			  struct libiommu_failure *failure);
void libiommu_iommufd_close(void *ctx, uint32_t flags);

/* device.c */
int libiommu_iommufd_device_open(void *ctx, void *device, const char *name, uint32_t *group,
				 struct libiommu_failure *failure);
int libiommu_iommufd_device_open_with(void *ctx, void *device, const char *name,
				      const struct libiommu_device_options *opts, uint32_t *group,
				      struct libiommu_failure *failure);
void libiommu_iommufd_device_close(void *device, uint32_t flags);
/* What a transport is told of a device. */
struct libiommu_iommufd_bound libiommu_iommufd_bound(const struct iommufd_device *device);

/* cap.c */
void libiommu_iommufd_device_cap(void *device, enum libiommu_cap cap,
				 struct libiommu_cap_answer *out);

/* ranges.c; geometries are cleared by whoever gave them when these fail */
int libiommu_iommufd_ranges(const struct iommufd_ctx *ctx, uint32_t ioas,
			    struct libiommu_geometry *geometry, struct libiommu_failure *failure);
/* Where a device can translate, whatever it is attached to. */
int libiommu_iommufd_device_ranges(void *device, struct libiommu_geometry *geometry,
				   struct libiommu_failure *failure);

/* What is known of a group of which a device is open. */
int libiommu_iommufd_group_facts(struct iommufd_ctx *ctx, uint32_t id,
				 struct libiommu_group_builder *builder,
				 struct libiommu_failure *failure);

/* domain.c */
int libiommu_iommufd_domain_new(void *ctx, void *domain, enum libiommu_domain_type type,
				struct libiommu_failure *failure);
int libiommu_iommufd_domain_adopt(void *ctx, void *domain, uint64_t native,
				  struct libiommu_failure *failure);
int libiommu_iommufd_domain_native(void *domain, uint64_t *native,
				   struct libiommu_failure *failure);
void libiommu_iommufd_domain_free(void *domain, uint32_t flags);

/* attach.c */
int libiommu_iommufd_attach(void *device, void *domain,
			    const struct libiommu_backend_attach *attach,
			    struct libiommu_geometry *geometry, struct libiommu_failure *failure);
int libiommu_iommufd_detach(void *device, void *domain, bool last, uint32_t flags,
			    struct libiommu_geometry *geometry, struct libiommu_failure *failure);
int libiommu_iommufd_replace(void *const *devices, size_t count, void *from, void *to,
			     const struct libiommu_backend_attach *attach,
			     struct libiommu_geometry *from_geometry,
			     struct libiommu_geometry *to_geometry,
			     struct libiommu_failure *failure);
/* The device is in no address space any more, without the kernel being told. */
void libiommu_iommufd_forget(struct iommufd_device *device, uint32_t flags);

/* map.c */
int libiommu_iommufd_map(void *domain, const struct libiommu_backend_map *map,
			 struct libiommu_failure *failure);
int libiommu_iommufd_unmap(void *domain, const struct libiommu_backend_map *maps, size_t count,
			   size_t *done, struct libiommu_failure *failure);

/* diag.c: after a refusal only */

/* What an errno means whatever the call was; a call that the kernel has not is no-uapi. */
int libiommu_iommufd_diagnose(struct libiommu_failure *failure, int error, const char *call,
			      const char *subject);
int libiommu_iommufd_diagnose_open(struct iommufd_ctx *ctx, struct libiommu_failure *failure,
				   int error);
int libiommu_iommufd_diagnose_bind(struct iommufd_ctx *ctx, uint32_t group, const char *device,
				   const struct libiommu_device_options *opts, int error,
				   struct libiommu_failure *failure);
int libiommu_iommufd_diagnose_attach(struct iommufd_device *device,
				     const struct libiommu_backend_attach *attach, int error,
				     const char *call, struct libiommu_failure *failure);
int libiommu_iommufd_diagnose_map(struct iommufd_domain *domain,
				  const struct libiommu_backend_map *map, int error,
				  const char *call, struct libiommu_failure *failure);

#endif
