/* SPDX-License-Identifier: BSD-2-Clause */
/**
 * @file hooks.h
 * The two tables through which libiommu reaches the world: system calls and
 * memory. A context uses the real ones unless its options name others; tests
 * and sandboxes replace them. Nothing in the library goes around them.
 *
 * A replacement starts from a copy of the default table and overrides single
 * slots. Every slot must be set.
 */
#ifndef LIBIOMMU_HOOKS_H
#define LIBIOMMU_HOOKS_H

#include <libiommu/types.h>

#include <sys/stat.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * System calls. Each returns what its Linux namesake returns, or a negative
 * errno. The library always asks for close-on-exec. Slots may be called from
 * every thread that calls the library.
 */
struct libiommu_sys {
	size_t size; /**< sizeof(struct libiommu_sys) */
	void *data;  /**< handed to every slot */
	int (*open)(void *data, const char *path, int flags);
	int (*close)(void *data, int fd);
	int (*dup)(void *data, int fd); /**< F_DUPFD_CLOEXEC */
	int (*ioctl)(void *data, int fd, unsigned long request, void *argument);
	int64_t (*pread)(void *data, int fd, void *buffer, size_t length, uint64_t offset);
	int64_t (*pwrite)(void *data, int fd, const void *buffer, size_t length, uint64_t offset);
	/** getdents64: raw struct linux_dirent64 records */
	int64_t (*getdents)(void *data, int fd, void *buffer, size_t length);
	int64_t (*readlink)(void *data, const char *path, char *buffer, size_t length);
	int (*fstat)(void *data, int fd, struct stat *st);
	/** F_GET_SEALS; -EINVAL for files that are not memory files */
	int (*seals)(void *data, int fd);
	/** @return 0 and the address in *out */
	int (*mmap)(void *data, void *hint, size_t length, int prot, int flags, int fd,
		    uint64_t offset, void **out);
	int (*munmap)(void *data, void *address, size_t length);
	int (*madvise)(void *data, void *address, size_t length, int advice);
	/** RLIMIT_MEMLOCK, bytes; UINT64_MAX when unlimited */
	int (*memlock)(void *data, uint64_t *soft);
	/** Below an open directory; the path is relative, without "..". */
	int (*openat)(void *data, int directory, const char *path, int flags);
	int64_t (*readlinkat)(void *data, int directory, const char *path, char *buffer,
			      size_t length);
	int (*memfd_create)(void *data, const char *name, unsigned int flags);
	int (*ftruncate)(void *data, int fd, uint64_t length);
	int (*add_seals)(void *data, int fd, int seals); /**< F_ADD_SEALS */
	/** Queues of events, which have no offsets. */
	int64_t (*read)(void *data, int fd, void *buffer, size_t length);
	int64_t (*write)(void *data, int fd, const void *buffer, size_t length);
	/** ppoll for something to read, without waiting. @return 1 when there is, else 0 */
	int (*poll)(void *data, int fd);
	/*
	 * For libiommu_mock_write_sysfs() alone: paths below an open directory, as with openat.
	 */
	int (*mkdirat)(void *data, int directory, const char *path);
	int (*symlinkat)(void *data, const char *target, int directory, const char *path);
	/** openat with O_WRONLY | O_CREAT | O_EXCL. @return the descriptor of a new file */
	int (*createat)(void *data, int directory, const char *path);
	/** @param folder AT_REMOVEDIR: it is an empty folder */
	int (*unlinkat)(void *data, int directory, const char *path, bool folder);
	int (*renameat)(void *data, int directory, const char *from, const char *to);
};

/** Memory for the library's own objects. */
struct libiommu_allocator {
	size_t size; /**< sizeof(struct libiommu_allocator) */
	void *data;  /**< handed to both slots */
	/**
	 * @param alignment a power of two, at least sizeof(void *)
	 * @return zeroed memory, or NULL
	 */
	void *(*alloc)(void *data, size_t length, size_t alignment);
	/** @param length as it was asked for */
	void (*free)(void *data, void *memory, size_t length);
};

/** @return the real system calls. Static. */
LIBIOMMU_API const struct libiommu_sys *libiommu_sys_default(void);

/** @return the C library's memory. Static. */
LIBIOMMU_API const struct libiommu_allocator *libiommu_allocator_default(void);

#ifdef __cplusplus
}
#endif

#endif
