/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Scenarios that are run again and again, with the first of their calls failing, then the second, and so
 * on. Include after fault.h; the file has the context in `ctx`.
 */
#ifndef TESTS_UNIT_FAULT_SWEEP_H
#define TESTS_UNIT_FAULT_SWEEP_H

/* A context's options with slots that can fail. They must stay as long as the context. */
struct failing {
	struct libiommu_ctx_options opts;
	struct libiommu_sys sys;
	struct libiommu_allocator allocator;
};

static inline void fail_slots(struct failing *with, const char *name)
{
	*with = (struct failing){ .opts = LIBIOMMU_CTX_OPTIONS_INIT,
				  .sys = *KERNEL,
				  .allocator = *libiommu_allocator_default() };
	with->allocator.alloc = fail_alloc;
	with->allocator.free = count_free;
	with->sys.open = fail_open;
	with->sys.close = fail_close;
	with->sys.dup = fail_dup;
	with->sys.ioctl = fail_ioctl;
	with->sys.fstat = fail_fstat;
	with->sys.pread = fail_pread;
	with->sys.pwrite = fail_pwrite;
	with->sys.getdents = fail_getdents;
	with->sys.openat = fail_openat;
	with->sys.readlinkat = fail_readlinkat;
	with->sys.readlink = fail_readlink;
	with->sys.mmap = fail_mmap;
	with->sys.madvise = fail_madvise;
	with->sys.read = fail_read;
	with->sys.write = fail_write;
	with->sys.poll = fail_poll;
	with->opts.backend = name;
	with->opts.sys = &with->sys;
	with->opts.allocator = &with->allocator;
}

struct sweep {
	const char *backend;
	const char *config;
	void (*scenario)(void);         /* from the new context on; fault.all says of which kind */
	void (*over)(unsigned long at); /* the context is gone; NULL: nobody asks */
	unsigned long least;            /* calls that it must have */
};

/* @return false when the scenario has fewer calls than that */
static inline bool run_failing(const struct sweep *sweep, unsigned long at, bool all)
{
	struct failing with;

	fail_slots(&with, sweep->backend);
	with.opts.config = sweep->config;
	fault.calls = 0;
	fault.at = at;
	fault.all = all;
	STEP(libiommu_ctx_new(&with.opts, &ctx, NULL));
	sweep->scenario();
	libiommu_ctx_free(ctx);
	ctx = NULL;
	fault.at = 0;
	ck_assert_msg(blocks == 0, "call %lu: %ld blocks leak", at, blocks);
	if (sweep->over)
		sweep->over(at);
	return fault.calls >= at;
}

/* Each call in turn, alone or with all that follow. The context of before is gone then. */
static inline void run_sweep(const struct sweep *sweep, bool all)
{
	unsigned long at = 1;

	libiommu_ctx_free(ctx);
	ctx = NULL;
	while (run_failing(sweep, at, all))
		at++;
	ck_assert_uint_gt(at, sweep->least);
}

/*
 * One call of the library, which frees what it has made: with each of its own calls failing it says why
 * or works, and keeps nothing.
 */
static inline void fail_in_turn(int (*once)(struct libiommu_error **err), unsigned long least)
{
	const long before = blocks;
	unsigned long at = 0;

	do {
		struct libiommu_error *err = NULL;
		int code;

		fault.calls = 0;
		fault.at = ++at;
		code = once(&err);
		fault.at = 0;
		ck_assert(!code == !err);
		libiommu_error_free(err);
		ck_assert_int_eq(blocks, before);
	} while (fault.calls >= at);
	ck_assert_uint_gt(at, least);
}

#ifdef UNIT_VFIO_FIXTURE_H
/* Nothing of the context's is left in the kernel of tests/fake. */
static inline void kernel_is_empty(unsigned long at)
{
	ck_assert_msg(fake_kernel_open_fds(kernel) == 0, "call %lu: %zu descriptors leak", at,
		      fake_kernel_open_fds(kernel));
	ck_assert_uint_eq(fake_kernel_locked(kernel), 0);
}
#endif

#endif
