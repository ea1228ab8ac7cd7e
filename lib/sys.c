/* SPDX-License-Identifier: BSD-2-Clause */
#include <libiommu/hooks.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef F_GET_SEALS
#define F_GET_SEALS 1034
#define F_ADD_SEALS 1033
#endif

/* Every wrapper is one system call; interrupted ones are made again. */
#define RETRY(call)                                    \
	({                                             \
		long result_;                          \
		do                                     \
			result_ = (long)(call);        \
		while (result_ < 0 && errno == EINTR); \
		result_ < 0 ? -errno : result_;        \
	})

static int real_open(void *data, const char *path, int flags)
{
	(void)data;
	return (int)RETRY(open(path, flags | O_CLOEXEC));
}

static int real_close(void *data, int fd)
{
	(void)data;
	/* Linux has closed the descriptor even when it says EINTR. */
	return close(fd) && errno != EINTR ? -errno : 0;
}

static int real_dup(void *data, int fd)
{
	(void)data;
	return (int)RETRY(fcntl(fd, F_DUPFD_CLOEXEC, 0));
}

static int real_ioctl(void *data, int fd, unsigned long request, void *argument)
{
	(void)data;
	return (int)RETRY(ioctl(fd, request, argument));
}

static int64_t real_pread(void *data, int fd, void *buffer, size_t length, uint64_t offset)
{
	(void)data;
	return RETRY(pread(fd, buffer, length, (off_t)offset));
}

static int64_t real_pwrite(void *data, int fd, const void *buffer, size_t length, uint64_t offset)
{
	(void)data;
	return RETRY(pwrite(fd, buffer, length, (off_t)offset));
}

static int64_t real_getdents(void *data, int fd, void *buffer, size_t length)
{
	(void)data;
	return RETRY(syscall(SYS_getdents64, fd, buffer, length));
}

static int64_t real_readlink(void *data, const char *path, char *buffer, size_t length)
{
	(void)data;
	return RETRY(readlink(path, buffer, length));
}

static int real_fstat(void *data, int fd, struct stat *st)
{
	(void)data;
	return fstat(fd, st) ? -errno : 0;
}

static int real_seals(void *data, int fd)
{
	(void)data;
	return (int)RETRY(fcntl(fd, F_GET_SEALS));
}

static int real_mmap(void *data, void *hint, size_t length, int prot, int flags, int fd,
		     uint64_t offset, void **out)
{
	void *address = mmap(hint, length, prot, flags, fd, (off_t)offset);

	(void)data;
	if (address == MAP_FAILED)
		return -errno;
	*out = address;
	return 0;
}

static int real_munmap(void *data, void *address, size_t length)
{
	(void)data;
	return munmap(address, length) ? -errno : 0;
}

static int real_madvise(void *data, void *address, size_t length, int advice)
{
	(void)data;
	return (int)RETRY(madvise(address, length, advice));
}

static int real_memlock(void *data, uint64_t *soft)
{
	struct rlimit limit;

	(void)data;
	if (getrlimit(RLIMIT_MEMLOCK, &limit))
		return -errno;
	*soft = limit.rlim_cur == RLIM_INFINITY ? UINT64_MAX : limit.rlim_cur;
	return 0;
}

static int real_openat(void *data, int directory, const char *path, int flags)
{
	(void)data;
	return (int)RETRY(openat(directory, path, flags | O_CLOEXEC));
}

static int64_t real_readlinkat(void *data, int directory, const char *path, char *buffer,
			       size_t length)
{
	(void)data;
	return RETRY(readlinkat(directory, path, buffer, length));
}

static int real_memfd_create(void *data, const char *name, unsigned int flags)
{
	(void)data;
	return (int)RETRY(memfd_create(name, flags | MFD_CLOEXEC));
}

static int real_ftruncate(void *data, int fd, uint64_t length)
{
	(void)data;
	return (int)RETRY(ftruncate(fd, (off_t)length));
}

static int real_add_seals(void *data, int fd, int seals)
{
	(void)data;
	return (int)RETRY(fcntl(fd, F_ADD_SEALS, seals));
}

static int64_t real_read(void *data, int fd, void *buffer, size_t length)
{
	(void)data;
	return RETRY(read(fd, buffer, length));
}

static int64_t real_write(void *data, int fd, const void *buffer, size_t length)
{
	(void)data;
	return RETRY(write(fd, buffer, length));
}

static int real_poll(void *data, int fd)
{
	const struct timespec at_once = { 0, 0 };
	struct pollfd one = { .fd = fd, .events = POLLIN };

	(void)data;
	return (int)RETRY(ppoll(&one, 1, &at_once, NULL));
}

static int real_mkdirat(void *data, int directory, const char *path)
{
	(void)data;
	return (int)RETRY(mkdirat(directory, path, 0777));
}

static int real_symlinkat(void *data, const char *target, int directory, const char *path)
{
	(void)data;
	return (int)RETRY(symlinkat(target, directory, path));
}

static int real_createat(void *data, int directory, const char *path)
{
	(void)data;
	return (int)RETRY(openat(directory, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
}

static int real_unlinkat(void *data, int directory, const char *path, bool folder)
{
	(void)data;
	return (int)RETRY(unlinkat(directory, path, folder ? AT_REMOVEDIR : 0));
}

static int real_renameat(void *data, int directory, const char *from, const char *to)
{
	(void)data;
	return (int)RETRY(renameat(directory, from, directory, to));
}

static const struct libiommu_sys default_sys = {
	.size = sizeof(default_sys),
#define SLOT(slot, call, when) .slot = real_##slot,
#define ALSO(slot, call, when)
#define LIBC(call, purpose)
#include "lib/sys.def"
#undef SLOT
#undef ALSO
#undef LIBC
};

#define SLOT(slot, call, when) LISTED_##slot,
#define ALSO(slot, call, when)
#define LIBC(call, purpose)
enum {
#include "lib/sys.def"
	LISTED
};
#undef SLOT
#undef ALSO
#undef LIBC

static_assert(offsetof(struct libiommu_sys, open) + LISTED * sizeof(default_sys.open) ==
		      sizeof(struct libiommu_sys),
	      "sys.def lacks a slot");

const struct libiommu_sys *libiommu_sys_default(void)
{
	return &default_sys;
}
