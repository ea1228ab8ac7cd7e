/* SPDX-License-Identifier: BSD-2-Clause */
/* A context with a backend of the kernel's, "vfio" unless BACKEND says otherwise, on tests/fake. */
#ifndef UNIT_VFIO_FIXTURE_H
#define UNIT_VFIO_FIXTURE_H

#include "tests/fake/vfio_kernel.h"
#include "tests/unit/run.h"

#include <libiommu/libiommu.h>

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#ifndef BACKEND
#define BACKEND "vfio"
#endif

#define PAGE  4096ull
#define A     "0000:00:03.0"
#define B     "0000:00:04.0"
#define M0    "0000:00:05.0"
#define M1    "0000:00:05.1"
#define HALF  "0000:00:1f.2"
#define OWNED "0000:00:02.0"

static struct fake_kernel *kernel;
static struct libiommu_ctx *ctx;
static char *memory; /* 16 pages */

static inline const struct libiommu_sys *sys(void)
{
	return fake_kernel_sys(kernel);
}

static inline struct libiommu_ctx *new_ctx(void)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_ctx *out = NULL;

	opts.backend = BACKEND;
	opts.sys = sys();
	ck_assert_int_eq(libiommu_ctx_new(&opts, &out, NULL), 0);
	return out;
}

static inline void set_up(void)
{
	kernel = fake_kernel_new();
	ck_assert_ptr_nonnull(kernel);
	memory = mmap(NULL, 16 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(memory, MAP_FAILED);
	ctx = new_ctx();
}

static inline void tear_down(void)
{
	libiommu_ctx_free(ctx);
	ck_assert_uint_eq(fake_kernel_open_fds(kernel), 0);
	ck_assert_uint_eq(fake_kernel_locked(kernel), 0);
	fake_kernel_free(kernel);
	munmap(memory, 16 * PAGE);
}

#define OK(call) ck_assert_int_eq(call, 0)

/* A refusal with its reason, and a part of its subject and of its message. */
#define REFUSED(call, why, about, says)                                                         \
	do {                                                                                    \
		struct libiommu_error *err = NULL;                                              \
		int code_ = call;                                                               \
		ck_assert_msg(err != NULL, "no error: %d", code_);                              \
		ck_assert_str_eq(libiommu_reason_name(libiommu_error_reason(err)),              \
				 libiommu_reason_name(LIBIOMMU_REASON_##why));                  \
		if (libiommu_reason_errno(LIBIOMMU_REASON_##why))                               \
			ck_assert_int_eq(code_, -libiommu_reason_errno(LIBIOMMU_REASON_##why)); \
		ck_assert_msg(strstr(libiommu_error_subject(err), about), "subject: %s",        \
			      libiommu_error_subject(err));                                     \
		ck_assert_msg(strstr(libiommu_error_message(err), says), "message: %s",         \
			      libiommu_error_message(err));                                     \
		libiommu_error_free(err);                                                       \
	} while (0)

static inline struct libiommu_device *open_device(const char *name)
{
	struct libiommu_device *device = NULL;

	OK(libiommu_device_open(ctx, name, &device, NULL));
	return device;
}

static inline struct libiommu_domain *new_domain(void)
{
	struct libiommu_domain *domain = NULL;

	OK(libiommu_domain_new(ctx, NULL, &domain, NULL));
	return domain;
}

static inline struct libiommu_endpoint *ep(struct libiommu_device *device)
{
	return libiommu_device_endpoint(device);
}

static inline int map(struct libiommu_domain *domain, uint64_t iova, size_t page, size_t pages)
{
	return libiommu_domain_map(domain, iova, libiommu_source_memory(memory + page * PAGE),
				   pages * PAGE, LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE, NULL);
}

static inline int run(const char *name, const TTest *const *tests, size_t count)
{
	Suite *suite = suite_create(name);
	TCase *tc = tcase_create(name);

	tcase_add_checked_fixture(tc, set_up, tear_down);
	for (size_t i = 0; i < count; i++)
		tcase_add_test(tc, tests[i]);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}

#endif
