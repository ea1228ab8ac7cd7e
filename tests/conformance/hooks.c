// SPDX-License-Identifier: BSD-2-Clause
#include "hooks.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* VFIO_GROUP_GET_DEVICE_FD: the only request whose answer is a new descriptor. */
#define GET_DEVICE_FD 0x3b6aul

/* The argument of VFIO_IOMMU_UNMAP_DMA. */
struct unmap_dma {
	uint32_t argsz;
	uint32_t flags;
	uint64_t iova;
	uint64_t size;
};

/* True when this call is the one to fail. */
static bool fails(struct hooks *hooks, uint32_t class, const char *what)
{
	bool fail = false;

	pthread_mutex_lock(&hooks->lock);
	if (hooks->armed && (hooks->classes & class)) {
		hooks->calls++;
		fail = hooks->calls == hooks->fail_at ||
		       (hooks->fail_on && hooks->calls > hooks->fail_at);
		if (fail && !hooks->fired++)
			snprintf(hooks->what, sizeof(hooks->what), "%s", what);
	}
	pthread_mutex_unlock(&hooks->lock);
	return fail;
}

static void *block_new(void *data, size_t length, size_t alignment)
{
	struct hooks *hooks = data;
	size_t head = alignment < 16 ? 16 : alignment;
	void *block;

	if (fails(hooks, HOOKS_FAIL_ALLOC, "allocation") ||
	    posix_memalign(&block, head, head + length))
		return NULL;
	memset(block, 0, head + length);
	*(size_t *)((char *)block + head - 16) = length;
	*(size_t *)((char *)block + head - 8) = head;
	pthread_mutex_lock(&hooks->lock);
	hooks->live_bytes += length;
	hooks->live_blocks++;
	pthread_mutex_unlock(&hooks->lock);
	return (char *)block + head;
}

static void block_free(void *data, void *memory, size_t length)
{
	struct hooks *hooks = data;
	size_t head;

	if (!memory)
		return;
	head = *(size_t *)((char *)memory - 8);
	if (*(size_t *)((char *)memory - 16) != length) {
		fprintf(stderr, "freed with length %zu instead of %zu\n", length,
			*(size_t *)((char *)memory - 16));
		abort();
	}
	pthread_mutex_lock(&hooks->lock);
	hooks->live_bytes -= length;
	hooks->live_blocks--;
	pthread_mutex_unlock(&hooks->lock);
	free((char *)memory - head);
}

static void fd_add(struct hooks *hooks, int fd)
{
	pthread_mutex_lock(&hooks->lock);
	if (hooks->fd_count < HOOKS_FDS)
		hooks->fds[hooks->fd_count++] = fd;
	pthread_mutex_unlock(&hooks->lock);
}

static void fd_remove(struct hooks *hooks, int fd)
{
	size_t i;

	pthread_mutex_lock(&hooks->lock);
	for (i = 0; i < hooks->fd_count; i++) {
		if (hooks->fds[i] != fd)
			continue;
		hooks->fds[i] = hooks->fds[--hooks->fd_count];
		break;
	}
	pthread_mutex_unlock(&hooks->lock);
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text);
	size_t tail = strlen(end);

	return length >= tail && strcmp(text + length - tail, end) == 0;
}

static const struct hooks_answer *answer_for_path(struct hooks *hooks, const char *path)
{
	size_t i;

	for (i = 0; i < hooks->answer_count; i++) {
		if (hooks->answers[i].path && ends_with(path, hooks->answers[i].path))
			return &hooks->answers[i];
	}
	return NULL;
}

static const struct hooks_answer *answer_for_ioctl(struct hooks *hooks, unsigned long request)
{
	size_t i;

	for (i = 0; i < hooks->answer_count; i++) {
		if (!hooks->answers[i].path && hooks->answers[i].request == request &&
		    hooks->asked++ >= hooks->answers[i].after)
			return &hooks->answers[i];
	}
	return NULL;
}

static int sys_open(void *data, const char *path, int flags)
{
	struct hooks *hooks = data;
	const struct hooks_answer *answer = answer_for_path(hooks, path);
	int fd;

	if (answer)
		return answer->result;
	if (fails(hooks, HOOKS_FAIL_SYS, "open"))
		return -EMFILE;
	fd = hooks->base->open(hooks->base->data, path, flags);
	if (fd >= 0)
		fd_add(hooks, fd);
	return fd;
}

/* A failing close has closed, as Linux does it. */
static int sys_close(void *data, int fd)
{
	struct hooks *hooks = data;
	int ret;

	fd_remove(hooks, fd);
	ret = hooks->base->close(hooks->base->data, fd);
	return fails(hooks, HOOKS_FAIL_SYS, "close") ? -EIO : ret;
}

static int sys_dup(void *data, int fd)
{
	struct hooks *hooks = data;
	int ret;

	if (fails(hooks, HOOKS_FAIL_SYS, "dup"))
		return -EMFILE;
	ret = hooks->base->dup(hooks->base->data, fd);
	if (ret >= 0)
		fd_add(hooks, ret);
	return ret;
}

static int sys_ioctl(void *data, int fd, unsigned long request, void *argument)
{
	struct hooks *hooks = data;
	const struct hooks_answer *answer = answer_for_ioctl(hooks, request);
	char what[32];
	int ret;

	if (answer && !answer->nothing_removed)
		return answer->result;
	snprintf(what, sizeof(what), "ioctl 0x%lx", request);
	if (fails(hooks, HOOKS_FAIL_SYS, what))
		return -ENOMEM;
	ret = hooks->base->ioctl(hooks->base->data, fd, request, argument);
	if (ret >= 0 && request == GET_DEVICE_FD)
		fd_add(hooks, ret);
	if (ret >= 0 && answer)
		((struct unmap_dma *)argument)->size = 0;
	return ret;
}

static int64_t sys_pread(void *data, int fd, void *buffer, size_t length, uint64_t offset)
{
	struct hooks *hooks = data;

	if (fails(hooks, HOOKS_FAIL_SYS, "pread"))
		return -EIO;
	return hooks->base->pread(hooks->base->data, fd, buffer, length, offset);
}

static int64_t sys_pwrite(void *data, int fd, const void *buffer, size_t length, uint64_t offset)
{
	struct hooks *hooks = data;

	if (fails(hooks, HOOKS_FAIL_SYS, "pwrite"))
		return -EIO;
	return hooks->base->pwrite(hooks->base->data, fd, buffer, length, offset);
}

static int64_t sys_getdents(void *data, int fd, void *buffer, size_t length)
{
	struct hooks *hooks = data;

	if (fails(hooks, HOOKS_FAIL_SYS, "getdents"))
		return -EIO;
	return hooks->base->getdents(hooks->base->data, fd, buffer, length);
}

static int64_t sys_readlink(void *data, const char *path, char *buffer, size_t length)
{
	struct hooks *hooks = data;
	const struct hooks_answer *answer = answer_for_path(hooks, path);

	if (answer)
		return answer->result;
	if (fails(hooks, HOOKS_FAIL_SYS, "readlink"))
		return -ENOMEM;
	return hooks->base->readlink(hooks->base->data, path, buffer, length);
}

static int sys_openat(void *data, int directory, const char *path, int flags)
{
	struct hooks *hooks = data;
	const struct hooks_answer *answer = answer_for_path(hooks, path);
	int fd;

	if (answer)
		return answer->result;
	if (fails(hooks, HOOKS_FAIL_SYS, "openat"))
		return -EMFILE;
	fd = hooks->base->openat(hooks->base->data, directory, path, flags);
	if (fd >= 0)
		fd_add(hooks, fd);
	return fd;
}

static int64_t sys_readlinkat(void *data, int directory, const char *path, char *buffer,
			      size_t length)
{
	struct hooks *hooks = data;
	const struct hooks_answer *answer = answer_for_path(hooks, path);

	if (answer)
		return answer->result;
	if (fails(hooks, HOOKS_FAIL_SYS, "readlinkat"))
		return -ENOMEM;
	return hooks->base->readlinkat(hooks->base->data, directory, path, buffer, length);
}

static int sys_fstat(void *data, int fd, struct stat *st)
{
	struct hooks *hooks = data;

	if (fails(hooks, HOOKS_FAIL_SYS, "fstat"))
		return -EIO;
	return hooks->base->fstat(hooks->base->data, fd, st);
}

static int sys_seals(void *data, int fd)
{
	struct hooks *hooks = data;

	if (fails(hooks, HOOKS_FAIL_SYS, "fcntl"))
		return -ENOMEM;
	return hooks->base->seals(hooks->base->data, fd);
}

static int sys_mmap(void *data, void *hint, size_t length, int prot, int flags, int fd,
		    uint64_t offset, void **out)
{
	struct hooks *hooks = data;
	int ret;

	if (fails(hooks, HOOKS_FAIL_SYS, "mmap"))
		return -ENOMEM;
	ret = hooks->base->mmap(hooks->base->data, hint, length, prot, flags, fd, offset, out);
	/* What is mapped over something takes its place. */
	if (ret == 0 && !(flags & MAP_FIXED)) {
		pthread_mutex_lock(&hooks->lock);
		hooks->mapped_bytes += length;
		pthread_mutex_unlock(&hooks->lock);
	}
	return ret;
}

/* Bytes of a range that something is mapped at. */
static uint64_t mapped_within(char *address, size_t length)
{
	uint64_t bytes = 0;

	if (msync(address, length, MS_ASYNC) == 0)
		return length;
	for (size_t at = 0; at < length; at += 4096)
		bytes += msync(address + at, 4096, MS_ASYNC) == 0 ? 4096 : 0;
	return bytes;
}

/* A failing one has unmapped. So there may be another one for the same. */
static int sys_munmap(void *data, void *address, size_t length)
{
	struct hooks *hooks = data;
	uint64_t mapped = mapped_within(address, length);
	int ret = hooks->base->munmap(hooks->base->data, address, length);

	if (ret == 0) {
		pthread_mutex_lock(&hooks->lock);
		hooks->mapped_bytes -= mapped;
		pthread_mutex_unlock(&hooks->lock);
	}
	return fails(hooks, HOOKS_FAIL_SYS, "munmap") ? -ENOMEM : ret;
}

static int sys_madvise(void *data, void *address, size_t length, int advice)
{
	struct hooks *hooks = data;

	if (fails(hooks, HOOKS_FAIL_SYS, "madvise"))
		return -ENOMEM;
	return hooks->base->madvise(hooks->base->data, address, length, advice);
}

static int sys_memlock(void *data, uint64_t *soft)
{
	struct hooks *hooks = data;

	if (fails(hooks, HOOKS_FAIL_SYS, "memlock"))
		return -EPERM;
	return hooks->base->memlock(hooks->base->data, soft);
}

static int sys_memfd_create(void *data, const char *name, unsigned int flags)
{
	struct hooks *hooks = data;
	int fd;

	if (fails(hooks, HOOKS_FAIL_SYS, "memfd_create"))
		return -EMFILE;
	fd = hooks->base->memfd_create(hooks->base->data, name, flags);
	if (fd >= 0)
		fd_add(hooks, fd);
	return fd;
}

static int sys_ftruncate(void *data, int fd, uint64_t length)
{
	struct hooks *hooks = data;

	if (fails(hooks, HOOKS_FAIL_SYS, "ftruncate"))
		return -ENOMEM;
	return hooks->base->ftruncate(hooks->base->data, fd, length);
}

static int sys_add_seals(void *data, int fd, int seals)
{
	struct hooks *hooks = data;

	if (fails(hooks, HOOKS_FAIL_SYS, "fcntl"))
		return -ENOMEM;
	return hooks->base->add_seals(hooks->base->data, fd, seals);
}

static int64_t sys_read(void *data, int fd, void *buffer, size_t length)
{
	struct hooks *hooks = data;

	if (fails(hooks, HOOKS_FAIL_SYS, "read"))
		return -EIO;
	return hooks->base->read(hooks->base->data, fd, buffer, length);
}

static int64_t sys_write(void *data, int fd, const void *buffer, size_t length)
{
	struct hooks *hooks = data;

	if (fails(hooks, HOOKS_FAIL_SYS, "write"))
		return -EIO;
	return hooks->base->write(hooks->base->data, fd, buffer, length);
}

static int sys_poll(void *data, int fd)
{
	struct hooks *hooks = data;

	if (fails(hooks, HOOKS_FAIL_SYS, "ppoll"))
		return -ENOMEM;
	return hooks->base->poll(hooks->base->data, fd);
}

void hooks_init(struct hooks *hooks, const struct libiommu_sys *base)
{
	memset(hooks, 0, sizeof(*hooks));
	pthread_mutex_init(&hooks->lock, NULL);
	hooks->base = base;
	hooks->allocator.size = sizeof(hooks->allocator);
	hooks->allocator.data = hooks;
	hooks->allocator.alloc = block_new;
	hooks->allocator.free = block_free;
	hooks->sys = *base;
	hooks->sys.data = hooks;
	hooks->sys.open = sys_open;
	hooks->sys.close = sys_close;
	hooks->sys.dup = sys_dup;
	hooks->sys.ioctl = sys_ioctl;
	hooks->sys.pread = sys_pread;
	hooks->sys.pwrite = sys_pwrite;
	hooks->sys.getdents = sys_getdents;
	hooks->sys.readlink = sys_readlink;
	hooks->sys.fstat = sys_fstat;
	hooks->sys.seals = sys_seals;
	hooks->sys.mmap = sys_mmap;
	hooks->sys.munmap = sys_munmap;
	hooks->sys.madvise = sys_madvise;
	hooks->sys.memlock = sys_memlock;
	hooks->sys.openat = sys_openat;
	hooks->sys.readlinkat = sys_readlinkat;
	hooks->sys.memfd_create = sys_memfd_create;
	hooks->sys.ftruncate = sys_ftruncate;
	hooks->sys.add_seals = sys_add_seals;
	hooks->sys.read = sys_read;
	hooks->sys.write = sys_write;
	hooks->sys.poll = sys_poll;
}

void hooks_finish(struct hooks *hooks)
{
	pthread_mutex_destroy(&hooks->lock);
}

void hooks_fail(struct hooks *hooks, uint32_t classes, uint64_t n, bool all_after)
{
	pthread_mutex_lock(&hooks->lock);
	hooks->armed = true;
	hooks->classes = classes;
	hooks->fail_at = n;
	hooks->fail_on = all_after;
	hooks->calls = 0;
	hooks->fired = 0;
	hooks->what[0] = '\0';
	pthread_mutex_unlock(&hooks->lock);
}

void hooks_stop_failing(struct hooks *hooks)
{
	pthread_mutex_lock(&hooks->lock);
	hooks->armed = false;
	pthread_mutex_unlock(&hooks->lock);
}

void hooks_answer(struct hooks *hooks, const struct hooks_answer *answers, size_t count)
{
	hooks->answers = answers;
	hooks->answer_count = count;
	hooks->asked = 0;
}

bool hooks_clean(struct hooks *hooks, char *why, size_t room)
{
	bool clean;

	pthread_mutex_lock(&hooks->lock);
	clean = !hooks->live_bytes && !hooks->live_blocks && !hooks->fd_count &&
		!hooks->mapped_bytes;
	snprintf(why, room,
		 "%" PRIu64 " bytes in %" PRIu64 " blocks, %zu descriptors (first %d), %" PRIu64
		 " mapped bytes are left",
		 hooks->live_bytes, hooks->live_blocks, hooks->fd_count,
		 hooks->fd_count ? hooks->fds[0] : -1, hooks->mapped_bytes);
	pthread_mutex_unlock(&hooks->lock);
	return clean;
}
