/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_UNIT_FAULT_H
#define TESTS_UNIT_FAULT_H

/*
 * Slots that fail the n-th call of a scenario, alone or with all that follow. Include after a
 * fixture: its sys() is what they pass on to.
 */
static struct {
	unsigned long calls, at; /* 0: never */
	bool all;
} fault;

static inline bool fails(void)
{
	unsigned long call = ++fault.calls;

	return fault.at && (fault.all ? call >= fault.at : call == fault.at);
}

#define KERNEL (sys())

static inline int fail_open(void *data, const char *path, int flags)
{
	(void)data;
	return fails() ? -EMFILE : KERNEL->open(KERNEL->data, path, flags);
}

static inline int fail_close(void *data, int fd)
{
	int rc = KERNEL->close(KERNEL->data, fd);

	(void)data;
	/* As on Linux the descriptor is gone nevertheless. */
	return fails() ? -EIO : rc;
}

static inline int fail_dup(void *data, int fd)
{
	(void)data;
	return fails() ? -EMFILE : KERNEL->dup(KERNEL->data, fd);
}

static inline int fail_ioctl(void *data, int fd, unsigned long request, void *argument)
{
	(void)data;
	return fails() ? -EIO : KERNEL->ioctl(KERNEL->data, fd, request, argument);
}

static inline int fail_fstat(void *data, int fd, struct stat *st)
{
	(void)data;
	return fails() ? -EIO : KERNEL->fstat(KERNEL->data, fd, st);
}

static inline int64_t fail_pread(void *data, int fd, void *buffer, size_t length, uint64_t offset)
{
	(void)data;
	return fails() ? -EIO : KERNEL->pread(KERNEL->data, fd, buffer, length, offset);
}

static inline int64_t fail_pwrite(void *data, int fd, const void *buffer, size_t length,
				  uint64_t offset)
{
	(void)data;
	return fails() ? -EIO : KERNEL->pwrite(KERNEL->data, fd, buffer, length, offset);
}

static inline int64_t fail_getdents(void *data, int fd, void *buffer, size_t length)
{
	(void)data;
	return fails() ? -EIO : KERNEL->getdents(KERNEL->data, fd, buffer, length);
}

static inline int fail_openat(void *data, int directory, const char *path, int flags)
{
	(void)data;
	return fails() ? -EMFILE : KERNEL->openat(KERNEL->data, directory, path, flags);
}

static inline int64_t fail_readlinkat(void *data, int directory, const char *path, char *buffer,
				      size_t length)
{
	(void)data;
	return fails() ? -EACCES
		       : KERNEL->readlinkat(KERNEL->data, directory, path, buffer, length);
}

static inline int64_t fail_readlink(void *data, const char *path, char *buffer, size_t length)
{
	(void)data;
	return fails() ? -EACCES : KERNEL->readlink(KERNEL->data, path, buffer, length);
}

static inline int fail_mmap(void *data, void *hint, size_t length, int prot, int flags, int fd,
			    uint64_t offset, void **out)
{
	(void)data;
	return fails() ? -ENOMEM
		       : KERNEL->mmap(KERNEL->data, hint, length, prot, flags, fd, offset, out);
}

static inline int fail_madvise(void *data, void *address, size_t length, int advice)
{
	(void)data;
	return fails() ? -ENOMEM : KERNEL->madvise(KERNEL->data, address, length, advice);
}

static inline int64_t fail_read(void *data, int fd, void *buffer, size_t length)
{
	(void)data;
	return fails() ? -EIO : KERNEL->read(KERNEL->data, fd, buffer, length);
}

static inline int64_t fail_write(void *data, int fd, const void *buffer, size_t length)
{
	(void)data;
	return fails() ? -EIO : KERNEL->write(KERNEL->data, fd, buffer, length);
}

static inline int fail_poll(void *data, int fd)
{
	(void)data;
	return fails() ? -ENOMEM : KERNEL->poll(KERNEL->data, fd);
}

static long blocks;

static inline void *fail_alloc(void *data, size_t length, size_t alignment)
{
	void *out;

	(void)data;
	if (fails())
		return NULL;
	out = libiommu_allocator_default()->alloc(NULL, length, alignment);
	blocks += out != NULL;
	return out;
}

static inline void count_free(void *data, void *block, size_t length)
{
	(void)data;
	blocks -= block != NULL;
	libiommu_allocator_default()->free(NULL, block, length);
}

/* Make the call; when it fails, let nothing fail any more and make it again. */
#define STEP(call)                                                                                 \
	do {                                                                                       \
		int code_ = call;                                                                  \
		if (code_) {                                                                       \
			ck_assert_msg(fault.at &&fault.calls >= fault.at, "%s: %d", #call, code_); \
			fault.at = 0;                                                              \
			code_ = call;                                                              \
			ck_assert_msg(!code_, "%s: still %d", #call, code_);                       \
		}                                                                                  \
	} while (0)

#endif
