/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file mock_nvme.h
 * The NVMe controller of the mock from behind: errors on demand, commands that
 * take their time, the bytes of its namespaces. For tests of drivers. Not part
 * of the umbrella header.
 *
 * Every function takes an endpoint of a mock context whose device was made with
 * model=nvme (docs/mock.md). What was asked for stays in force over resets and
 * over closing the device, until the machine ends.
 *
 * Threads: every function may be called from any thread; each happens between
 * two register accesses.
 */
#ifndef LIBIOMMU_MOCK_NVME_H
#define LIBIOMMU_MOCK_NVME_H

#include <libiommu/error.h>
#include <libiommu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

enum libiommu_mock_nvme_effect {
	/** The command ends with `status` and does nothing. */
	LIBIOMMU_MOCK_NVME_STATUS = 1,
	/** Reads end with Unrecovered Read Error, what writes with Write Fault. */
	LIBIOMMU_MOCK_NVME_MEDIA,
	/** The command never ends. No abort brings it back; a reset or deleting its queue does. */
	LIBIOMMU_MOCK_NVME_HANG,
	/** The controller stops: CSTS.CFS. */
	LIBIOMMU_MOCK_NVME_FATAL
};

/** Which commands go wrong, and how. */
struct libiommu_mock_nvme_error {
	size_t size;
	enum libiommu_mock_nvme_effect effect;
	uint32_t status; /**< type << 8 | code, and 0x4000 for "do not retry"; not 0 */
	uint32_t skip;   /**< so many of these commands go well before */
	uint32_t count;  /**< so many go wrong; 0: all */
	uint32_t nsid;   /**< 0: any */
	int32_t opcode;  /**< -1: any */
	bool admin;      /**< commands of the administrator's queue; else those of the others */
	uint64_t block;  /**< first of the blocks that a command must touch */
	uint64_t blocks; /**< how many; 0: the command may touch any, or none */
};
#define LIBIOMMU_MOCK_NVME_ERROR_INIT                                                             \
	{                                                                                         \
		sizeof(struct libiommu_mock_nvme_error), LIBIOMMU_MOCK_NVME_STATUS, 0x6, 0, 1, 0, \
			-1, false, 0, 0                                                           \
	}

/**
 * Let commands go wrong from now on. Several may be asked for; the first one that
 * fits a command is the one that counts.
 * Reasons: null-argument, foreign-context, wrong-model, bad-options, no-memory.
 */
LIBIOMMU_API int libiommu_mock_nvme_inject(struct libiommu_endpoint *ep,
					   const struct libiommu_mock_nvme_error *error,
					   struct libiommu_error **err);

/**
 * Let everything go well again; what hangs stays where it is.
 * Reasons: null-argument, foreign-context, wrong-model.
 */
LIBIOMMU_API int libiommu_mock_nvme_clear(struct libiommu_endpoint *ep,
					  struct libiommu_error **err);

/**
 * The controller stops by itself, as after an error within it: CSTS.CFS until it is reset.
 * Reasons: null-argument, foreign-context, wrong-model.
 */
LIBIOMMU_API int libiommu_mock_nvme_fatal(struct libiommu_endpoint *ep,
					  struct libiommu_error **err);

/**
 * The controller does not get ready any more when it is enabled; false: it does again.
 * Reasons: null-argument, foreign-context, wrong-model.
 */
LIBIOMMU_API int libiommu_mock_nvme_never_ready(struct libiommu_endpoint *ep, bool never,
						struct libiommu_error **err);

/**
 * Carry I/O commands out only after `commands` more were fetched, or when a
 * register below 0x1000 is read, or by libiommu_mock_nvme_run(). As delay= in the text.
 * @param commands 0: at once; UINT32_MAX: not for the sake of later commands
 * Reasons: null-argument, foreign-context, wrong-model.
 */
LIBIOMMU_API int libiommu_mock_nvme_delay(struct libiommu_endpoint *ep, uint32_t commands,
					  struct libiommu_error **err);

/**
 * Carry delayed commands out, oldest first.
 * @param most at most so many
 * @param[out] done how many; may be NULL
 * Reasons: null-argument, foreign-context, wrong-model.
 */
LIBIOMMU_API int libiommu_mock_nvme_run(struct libiommu_endpoint *ep, size_t most, size_t *done,
					struct libiommu_error **err);

/**
 * Read bytes of a namespace; no command is involved, and no error on demand.
 * @param offset in bytes
 * Reasons: null-argument, foreign-context, wrong-model, region-range (no such namespace, or
 * beyond its end).
 */
LIBIOMMU_API int libiommu_mock_nvme_read(struct libiommu_endpoint *ep, uint32_t nsid,
					 uint64_t offset, void *buffer, size_t length,
					 struct libiommu_error **err);

/** Write bytes of a namespace. As libiommu_mock_nvme_read(); no-memory. */
LIBIOMMU_API int libiommu_mock_nvme_write(struct libiommu_endpoint *ep, uint32_t nsid,
					  uint64_t offset, const void *buffer, size_t length,
					  struct libiommu_error **err);

#ifdef __cplusplus
}
#endif

#endif
