// SPDX-License-Identifier: BSD-2-Clause
/* What a case stands on and what is swept away behind it. */
#include "helpers.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define KEEPSAKES 512
#define CONTEXTS  16

struct hooks hooks;

struct keepsake {
	void *address; /* NULL: fd */
	size_t length; /* 0: from malloc */
	int fd;
};

static struct keepsake keepsakes[KEEPSAKES];
static size_t keepsake_count;
static struct libiommu_ctx *contexts[CONTEXTS];
static size_t context_count;
static bool begun;
static size_t fds_before;

static size_t open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	size_t count = 0;

	if (!dir)
		return 0;
	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static const char *begin(const char *limits)
{
	const char *why = target->begin(limits);

	if (why)
		return why;
	hooks_init(&hooks, target->sys());
	begun = true;
	fds_before = open_fds();
	return NULL;
}

void bench_setup(void)
{
	const char *why = begin(NULL);

	ck_assert_msg(!why, "%s", why);
}

static void release_keepsakes(void)
{
	struct keepsake *k;

	while (keepsake_count) {
		k = &keepsakes[--keepsake_count];
		if (!k->address)
			close(k->fd);
		else if (k->length)
			munmap(k->address, k->length);
		else
			free(k->address);
	}
}

void bench_teardown(void)
{
	char why[160] = "";
	bool clean = true;
	size_t fds, below;

	if (!begun)
		return;
	hooks_stop_failing(&hooks);
	hooks_answer(&hooks, NULL, 0);
	libiommu_error_free(*fresh_error() = NULL);
	while (context_count)
		libiommu_ctx_free(contexts[--context_count]);
	release_keepsakes();
	clean = hooks_clean(&hooks, why, sizeof(why));
	fds = open_fds();
	below = target->open_fds ? target->open_fds() : 0;
	target->end();
	hooks_finish(&hooks);
	begun = false;
	ck_assert_msg(clean, "leak: %s", why);
	ck_assert_msg(fds == fds_before, "%zu descriptors before, %zu after", fds_before, fds);
	ck_assert_msg(below == 0, "%zu descriptors are left open in the kernel", below);
}

const char *bench_restart(const char *limits)
{
	const char *why;

	bench_teardown();
	why = begin(limits);
	if (why && !begun)
		bench_setup();
	return why;
}

void context_options(struct libiommu_ctx_options *opts)
{
	opts->sys = &hooks.sys;
	opts->allocator = &hooks.allocator;
	target->options(opts);
}

struct libiommu_ctx *context(void)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_ctx *ctx = NULL;

	ck_assert_uint_lt(context_count, CONTEXTS);
	context_options(&opts);
	OK(libiommu_ctx_new(&opts, &ctx, E));
	ck_assert_ptr_nonnull(ctx);
	contexts[context_count++] = ctx;
	return ctx;
}

void context_free(struct libiommu_ctx *ctx)
{
	size_t i;

	for (i = 0; i < context_count; i++) {
		if (contexts[i] == ctx) {
			contexts[i] = contexts[--context_count];
			break;
		}
	}
	libiommu_ctx_free(ctx);
}

static void *keep_mapping(void *address, size_t length)
{
	ck_assert_ptr_ne(address, MAP_FAILED);
	ck_assert_uint_lt(keepsake_count, KEEPSAKES);
	keepsakes[keepsake_count++] = (struct keepsake){ address, length, -1 };
	return address;
}

void *keep(void *block)
{
	ck_assert_ptr_nonnull(block);
	ck_assert_uint_lt(keepsake_count, KEEPSAKES);
	keepsakes[keepsake_count++] = (struct keepsake){ block, 0, -1 };
	return block;
}

int keep_fd(int fd)
{
	ck_assert_int_ge(fd, 0);
	ck_assert_uint_lt(keepsake_count, KEEPSAKES);
	keepsakes[keepsake_count++] = (struct keepsake){ NULL, 0, fd };
	return fd;
}

/* On a multiple of the page. */
static void *anonymous(size_t bytes, int prot, int flags)
{
	size_t more = (size_t)PAGE - 4096;
	char *block = mmap(NULL, bytes + more, prot, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	keep_mapping(block, bytes + more);
	return block + (-(uintptr_t)block & (PAGE - 1));
}

void *memory(size_t bytes)
{
	void *mem = anonymous(bytes, PROT_READ | PROT_WRITE, 0);

	fill(mem, bytes, 1);
	return mem;
}

void *no_memory(size_t bytes)
{
	return anonymous(bytes, PROT_NONE, MAP_NORESERVE);
}

void *big_memory(size_t bytes)
{
	return anonymous(bytes, PROT_READ | PROT_WRITE, MAP_NORESERVE);
}

void *aligned_memory(size_t bytes, size_t alignment, size_t offset)
{
	uintptr_t start = (uintptr_t)big_memory(bytes + 2 * alignment);

	return (void *)((start + alignment - 1) / alignment * alignment + offset);
}

int memory_file(size_t bytes)
{
	int fd = keep_fd(memfd_create("conformance", MFD_CLOEXEC));

	ck_assert_int_eq(ftruncate(fd, (off_t)bytes), 0);
	return fd;
}

void *file_view(int fd, size_t bytes)
{
	void *place = PAGE > 4096 ? no_memory(bytes) : NULL;
	int flags = place ? MAP_SHARED | MAP_FIXED : MAP_SHARED;
	void *view = mmap(place, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);

	ck_assert_ptr_ne(view, MAP_FAILED);
	return place ? view : keep_mapping(view, bytes);
}
