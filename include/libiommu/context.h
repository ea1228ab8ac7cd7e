/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file context.h
 * A context owns everything that one user of IOMMUs makes; there are no
 * globals, and two contexts of one process do not know of each other.
 *
 * Threads: objects of different contexts are independent. Within a context
 * every function may be called from any thread at any time, except that a
 * reader belongs to one thread and that an object must not be freed or closed
 * while another call uses it. Changes of attachments, and opening and closing
 * devices, run one at a time per context; maps and unmaps run beside each
 * other; lookups wait for nobody.
 *
 * Fork: the child may only close and free; every other call there fails with
 * reason after-fork, and closing there leaves the parent's DMA alone. File
 * descriptors of the library are close-on-exec.
 */
#ifndef LIBIOMMU_CONTEXT_H
#define LIBIOMMU_CONTEXT_H

#include <libiommu/error.h>
#include <libiommu/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct libiommu_sys;
struct libiommu_allocator;
struct libiommu_backend;

enum libiommu_log_level {
	LIBIOMMU_LOG_NONE = 0, /**< nothing */
	LIBIOMMU_LOG_ERROR,    /**< every refusal */
	LIBIOMMU_LOG_INFO,     /**< devices, domains and attachments come and go */
	LIBIOMMU_LOG_DEBUG     /**< every call into a backend, maps included */
};

/**
 * Receives one line; called from the thread at work, without locks held. It must
 * not call the library: an attach that logs waits for nobody else to attach.
 */
typedef void (*libiommu_log_fn)(void *data, enum libiommu_log_level level, const char *line);

/**
 * Descriptors that somebody else has opened, for programs without the right to
 * open paths. Such a context opens none: devices come by
 * libiommu_device_open_with(), and sysfs is read through a directory descriptor
 * or not at all. The library duplicates descriptors (close on exec) and never
 * closes the caller's. -1 means none.
 */
struct libiommu_passed {
	size_t size;
	int iommufd;   /**< an open /dev/iommu; backend iommufd */
	int container; /**< an open /dev/vfio/vfio, with or without groups; backend vfio */
	int sysfs;     /**< an open directory: /sys */
};
#define LIBIOMMU_PASSED_INIT                               \
	{                                                  \
		sizeof(struct libiommu_passed), -1, -1, -1 \
	}

struct libiommu_ctx_options {
	size_t size;
	/**
	 * "iommufd", "vfio", "mock", "auto", or the name of `own_backend` or of the plugin's
	 * backend, which come before built-in ones of the same name. "auto" means
	 * the kernel's interfaces, best first, never the mock; it is decided when
	 * the first device is opened. NULL: the plugin's backend, or "auto" when
	 * there is no plugin. When none of those for "auto" starts at all, the
	 * context is refused with the reason of the last.
	 */
	const char *backend;
	/** text for the backend; the mock reads its machine from it (mock.h); NULL: default */
	const char *config;
	/** an object for the backend; the mock takes a machine that contexts share (mock.h) */
	void *backend_object;
	/** a backend of the application (backend.h), or NULL */
	const struct libiommu_backend *own_backend;
	const struct libiommu_sys *sys;             /**< NULL: the real system calls */
	const struct libiommu_allocator *allocator; /**< NULL: malloc and free */
	libiommu_log_fn log;                        /**< NULL: no log */
	void *log_data;
	enum libiommu_log_level log_level;    /**< lines above it are not even formatted */
	const struct libiommu_passed *passed; /**< NULL: paths are opened */
	/**
	 * Path of a shared object with a backend in it (backend.h), loaded for this
	 * context and unloaded behind it; must have a slash. NULL: none.
	 */
	const char *plugin;
};
#define LIBIOMMU_CTX_OPTIONS_INIT                                                              \
	{                                                                                      \
		sizeof(struct libiommu_ctx_options), NULL, NULL, NULL, NULL, NULL, NULL, NULL, \
			NULL, LIBIOMMU_LOG_NONE, NULL, NULL                                    \
	}

/**
 * Make a context.
 * @param opts NULL: all defaults. Strings and tables are copied or used during
 *        the call only; the objects behind data pointers must outlive the context.
 * @param[out] out written on success only; free with libiommu_ctx_free()
 * Reasons: null-argument, bad-options, unknown-options, backend-unknown,
 * backend-abi, plugin-missing, config-syntax, no-memory, backend-capability (a
 * plugin, where the library was built without them), and what the backend's start gives
 * (vfio: vfio-missing, no-permission, vfio-api).
 */
LIBIOMMU_API int libiommu_ctx_new(const struct libiommu_ctx_options *opts,
				  struct libiommu_ctx **out, struct libiommu_error **err);

/**
 * Detach, unmap, close and free everything of the context, in the only legal
 * order. Cannot fail. Every object that came from the context is gone after
 * it. NULL is allowed.
 */
LIBIOMMU_API void libiommu_ctx_free(struct libiommu_ctx *ctx);

/** @return the backend in use; NULL while "auto" is undecided. Borrowed. */
LIBIOMMU_API const char *libiommu_ctx_backend(const struct libiommu_ctx *ctx);

/**
 * Why "auto" did not take a backend.
 * @param index 0 upward
 * @param[out] backend its name, borrowed; may be NULL
 * @return the reason's error, borrowed; NULL when there are no more
 */
LIBIOMMU_API const struct libiommu_error *libiommu_ctx_rejection(const struct libiommu_ctx *ctx,
								 size_t index,
								 const char **backend);

/**
 * Wait until every lookup that runs now has ended, and free what they may have
 * seen. Never needed for correctness: writers do the same little by little.
 * Must not be called from a lookup's callback. Reasons: null-argument, after-fork.
 */
LIBIOMMU_API int libiommu_ctx_synchronize(struct libiommu_ctx *ctx, struct libiommu_error **err);

#ifdef __cplusplus
}
#endif

#endif
