/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a backend needs around the suite: machines, devices, and the few side doors that the
 * public interface of libiommu cannot have. Cases look at capabilities, never at the target.
 */
#ifndef CONFORMANCE_TARGET_H
#define CONFORMANCE_TARGET_H

#include <libiommu/libiommu.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TARGET_ALONE   4
#define TARGET_MEMBERS 8

/** What the command line says. */
struct settings {
	const char *backend;
	const char *config;
	const char *personality;
	const char *profile;
	const char *width;
	const char *ram;
	const char *devices[TARGET_ALONE + TARGET_MEMBERS];
	size_t device_count;
	const char *half_bound;
	const char *kernel_bound;
	const char *plugin; /**< a path; NULL: none */
	const char *plugin_config;
};

/** What a backend asks the kernel; the library's headers do not tell. */
struct kernel_calls {
	const char *node;             /**< without it nothing works ... */
	enum libiommu_reason missing; /**< ... and this is the reason */
	unsigned long map, unmap, attach;
	const char *map_name, *unmap_name;
	const char *unsafe; /**< parameter: lend groups whose interrupts are not isolated */
	bool containers;    /**< VFIO type1's, into which an attach maps what the domain has */
};
extern const struct kernel_calls calls_of_type1, calls_of_iommufd;

struct told_fault {
	char device[32];
	uint64_t iova;
	uint32_t access;
	unsigned int stage; /**< of a nested translation: the one that refused; else 0 */
	uint64_t inner;     /**< stage 2: the address that the first stage led to */
};

struct target {
	const char *name;
	const char *backend; /**< of libiommu */
	uint64_t page;       /**< smallest page of its domains; open() may find it larger */

	/** Once. @return false after having said why */
	bool (*open)(const struct settings *settings);
	void (*close)(void);

	/** A fresh machine; contexts made until end() share it. `limits`: a line of text, or NULL.
	 * @return NULL, or why this target cannot do that */
	const char *(*begin)(const char *limits);
	void (*end)(void);
	/** Fill config, object; only between begin() and end(). */
	void (*options)(struct libiommu_ctx_options *opts);
	/** The table below the hooks; valid between begin() and end(). */
	const struct libiommu_sys *(*sys)(void);

	/** The kernel's paths and ioctls go through the table; NULL: there is none below. */
	const struct kernel_calls *kernel;
	/** A plugin stands in front. */
	bool plugin;
	/** Somebody outside watches the IOMMU, and wants to know what must be refused. */
	bool witnesses;
	/** Pages that are pinned now; false: nobody tells. */
	bool (*pinned)(struct libiommu_ctx *ctx, uint64_t *pages);
	/** Take the oldest DMA fault; false: there is none. NULL: nobody tells. */
	bool (*fault)(struct libiommu_ctx *ctx, struct told_fault *fault);
	/** An endpoint's device reads or writes memory. @return false: the IOMMU refused it. NULL:
	 * nobody can make it; then cases use edu's registers. */
	bool (*dma)(struct libiommu_endpoint *ep, uint64_t iova, void *buffer, size_t length,
		    bool write);
	/** The device asks for pages, and what it was answered (false: not yet). Come together. */
	bool (*ask)(struct libiommu_endpoint *ep, const struct libiommu_page_request *requests,
		    size_t count, uint64_t *ticket);
	bool (*answered)(struct libiommu_endpoint *ep, uint64_t ticket,
			 enum libiommu_fault_answer *answer);
	/** Descriptors that the kernel below still holds open; NULL: nobody tells. */
	size_t (*open_fds)(void);

	/** Devices, filled by open(). */
	const char *alone[TARGET_ALONE]; /**< each the only one of its group */
	size_t alone_count;
	const char *member[TARGET_MEMBERS]; /**< all of one group */
	size_t member_count;
	const char *half_bound;   /**< bound to vfio-pci, another one of the group is not */
	const char *kernel_bound; /**< in the hands of a kernel driver */
};

extern struct target target_mock;
extern struct target target_vfio;
extern struct target target_iommufd;
extern struct target target_fake; /**< these where they were built */
extern struct target target_fake_iommufd;

/** Sort the devices of the command line into the target; the target's own ones stay else. */
void target_devices(struct target *target, const struct settings *settings);

/**
 * Put the command line's plugin in front of the target; its backend has the file's name. Once,
 * when the target is opened, and then for the options of each context.
 */
void target_plugin(struct target *target, const struct settings *settings);
void target_plugin_options(const struct settings *settings, struct libiommu_ctx_options *opts);

/** @return the target of a name, or NULL */
struct target *target_find(const char *name);

/** Options that every program here has. @return the number of arguments taken, 0: unknown */
int settings_option(struct settings *settings, int argc, char **argv);
extern const char settings_help[];

/**
 * Compare with a line "ROW run=N skipped=N" or "ROW as OTHER skipping=N" of a file, where N cases
 * are left out that OTHER runs. @return false after having said why
 */
bool counts_expected(const char *path, const char *row, unsigned int run, unsigned int skipped);

/** The target in use. */
extern struct target *target;

#endif
