// SPDX-License-Identifier: BSD-2-Clause
/* 4.5: why something was refused. */
#include "helpers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What was released: a number, its name and its errno keep their meaning for ever. */
static const struct {
	int number;
	const char *name;
	int code;
} released[] = {
	{ 1, "null-argument", EINVAL },
	{ 2, "bad-options", EINVAL },
	{ 3, "unknown-options", E2BIG },
	{ 4, "unknown-flags", EOPNOTSUPP },
	{ 5, "foreign-context", EXDEV },
	{ 6, "after-fork", ECHILD },
	{ 7, "bad-name", EINVAL },
	{ 8, "buffer-too-small", EMSGSIZE },
	{ 9, "config-syntax", EINVAL },
	{ 20, "backend-unknown", ENOENT },
	{ 21, "backend-undecided", EAGAIN },
	{ 22, "backend-capability", EOPNOTSUPP },
	{ 23, "no-uapi", EOPNOTSUPP },
	{ 24, "no-iommu-mode", EOPNOTSUPP },
	{ 25, "backend-abi", EINVAL },
	{ 30, "kernel-refused", 0 },
	{ 31, "no-memory", ENOMEM },
	{ 32, "vfio-missing", ENOENT },
	{ 33, "no-permission", EACCES },
	{ 34, "vfio-api", ENOTSUP },
	{ 35, "fd-limit", EMFILE },
	{ 36, "sysfs-unreadable", EIO },
	{ 40, "empty-range", EINVAL },
	{ 41, "range-wraps", EOVERFLOW },
	{ 42, "misaligned", EINVAL },
	{ 43, "no-protection", EINVAL },
	{ 44, "outside-aperture", EINVAL },
	{ 45, "reserved-region", EINVAL },
	{ 46, "outside-allowed", EINVAL },
	{ 47, "mapping-exists", EEXIST },
	{ 48, "mapping-busy", EBUSY },
	{ 49, "would-split", EINVAL },
	{ 50, "not-mapped", ENOENT },
	{ 51, "partial", EIO },
	{ 52, "iova-exhausted", ENOSPC },
	{ 53, "entry-limit", ENOSPC },
	{ 54, "locked-memory-limit", ENOMEM },
	{ 55, "bad-memory", EFAULT },
	{ 56, "bad-fd", EBADF },
	{ 57, "bad-file", EINVAL },
	{ 58, "foreign-mapping", EEXIST },
	{ 59, "ledger-mismatch", EIO },
	{ 60, "protection-unsupported", EOPNOTSUPP },
	{ 61, "address-width", ERANGE },
	{ 62, "bad-source", EINVAL },
	{ 63, "bad-format", EINVAL },
	{ 64, "bad-ranges", EINVAL },
	{ 70, "already-attached", EBUSY },
	{ 71, "not-attached", EINVAL },
	{ 72, "group-attached-elsewhere", EBUSY },
	{ 73, "group-shared", EBUSY },
	{ 74, "group-not-viable", EPERM },
	{ 75, "device-fd-in-use", EBUSY },
	{ 76, "domain-in-use", EBUSY },
	{ 77, "device-in-use", EBUSY },
	{ 78, "replace-unsupported", EOPNOTSUPP },
	{ 79, "mapping-conflict", EADDRINUSE },
	{ 80, "incompatible-iommu", EINVAL },
	{ 81, "msi-not-isolated", EPERM },
	{ 82, "not-cache-coherent", EINVAL },
	{ 83, "direct-region", EINVAL },
	{ 84, "domain-type", EOPNOTSUPP },
	{ 100, "device-unknown", ENODEV },
	{ 101, "group-unknown", ENOENT },
	{ 102, "no-iommu-group", ENODEV },
	{ 103, "not-bound", ENODEV },
	{ 104, "device-busy", EBUSY },
	{ 105, "needs-attach", ENOTCONN },
	{ 106, "no-such-region", EINVAL },
	{ 107, "region-range", EINVAL },
	{ 108, "no-such-interrupt", EINVAL },
	{ 109, "reset-unsupported", EOPNOTSUPP },
	{ 110, "region-not-mappable", EOPNOTSUPP },
	{ 111, "device-io", EIO },
	{ 112, "dma-fault", EFAULT },
	{ 113, "model-unknown", ENOENT },
};

CASE(reasons_keep_their_meaning, "4.5.2 each reason has a stable number and name, and one errno")
{
	size_t i;

	for (i = 0; i < COUNT(released); i++) {
		enum libiommu_reason reason = (enum libiommu_reason)released[i].number;

		ck_assert_ptr_nonnull(libiommu_reason_name(reason));
		ck_assert_str_eq(libiommu_reason_name(reason), released[i].name);
		ck_assert_int_eq(libiommu_reason_errno(reason), released[i].code);
	}
}

CASE(reasons_are_walked, "4.5.2 reasons can be listed; names are unique and sentences not empty")
{
	enum libiommu_reason reason, other;
	size_t count = 0;

	for (reason = libiommu_reason_next(LIBIOMMU_REASON_NONE); reason != LIBIOMMU_REASON_NONE;
	     reason = libiommu_reason_next(reason)) {
		ck_assert_uint_lt(count++, 1000);
		ck_assert_int_gt(strlen(libiommu_reason_name(reason)), 0);
		ck_assert_int_gt(strlen(libiommu_reason_text(reason)), 0);
		ck_assert_ptr_nonnull(libiommu_reason_hint(reason));
		if (reason != LIBIOMMU_REASON_KERNEL_REFUSED)
			ck_assert_int_gt(libiommu_reason_errno(reason), 0);
		for (other = libiommu_reason_next(LIBIOMMU_REASON_NONE); other != reason;
		     other = libiommu_reason_next(other))
			ck_assert_str_ne(libiommu_reason_name(reason), libiommu_reason_name(other));
	}
	ck_assert_uint_ge(count, COUNT(released));
}

CASE(unknown_reasons, "4.5.2 a number without a reason has no name")
{
	static const int numbers[] = { 0, 19, 9999, -1, 0x7fffffff };
	size_t i;

	for (i = 0; i < COUNT(numbers); i++) {
		enum libiommu_reason reason = (enum libiommu_reason)numbers[i];

		ck_assert_ptr_null(libiommu_reason_name(reason));
		ck_assert_ptr_null(libiommu_reason_text(reason));
		ck_assert_ptr_null(libiommu_reason_hint(reason));
		ck_assert_int_eq(libiommu_reason_errno(reason), 0);
	}
	ck_assert_int_eq(libiommu_reason_errno(LIBIOMMU_REASON_KERNEL_REFUSED), 0);
}

CASE(no_error_object, "4.5.1 NULL is an error without a reason")
{
	ck_assert_int_eq(libiommu_error_code(NULL), 0);
	ck_assert_int_eq(libiommu_error_reason(NULL), LIBIOMMU_REASON_NONE);
	libiommu_error_free(NULL);
}

CASE(err_may_be_null, "4.5.1 NULL for err means that no diagnosis is wanted; the errno is the same")
{
	struct rig rig = rig_new(0);
	void *mem = memory(PAGE);
	struct libiommu_device *dev;

	ck_assert_int_eq(libiommu_domain_map(rig.dom, IO(0), at(mem), 0, RW, NULL), -EINVAL);
	ck_assert_int_eq(libiommu_domain_map(rig.dom, IO(0), at(mem), PAGE, RW, NULL), 0);
	ck_assert_int_eq(libiommu_domain_map(rig.dom, IO(0), at(mem), PAGE, RW, NULL), -EEXIST);
	ck_assert_int_eq(libiommu_domain_unmap(rig.dom, IO(0), PAGE, NULL, NULL), 0);
	ck_assert_int_eq(libiommu_domain_unmap(rig.dom, IO(0), PAGE, NULL, NULL), -ENOENT);
	ck_assert_int_eq(libiommu_device_open(rig.ctx, "../x", &dev, NULL), -EINVAL);
	ck_assert_int_eq(libiommu_domain_map(NULL, IO(0), at(mem), PAGE, RW, NULL), -EINVAL);
}

CASE(err_is_cleared_on_success, "4.5.1 *err is NULL after success, whatever it held before")
{
	struct rig rig = rig_new(0);
	struct libiommu_error *err = (struct libiommu_error *)(uintptr_t)24;

	ck_assert_int_eq(libiommu_domain_unmap_all(rig.dom, NULL, &err), 0);
	ck_assert_ptr_null(err);
}

CASE(error_is_self_contained, "4.5.1 an error is the caller's and outlives the call's arguments")
{
	struct rig rig = rig_new(0);
	void *mem = memory(PAGE);
	struct libiommu_error *err;

	map(rig.dom, IO(0), mem, PAGE);
	REFUSED(libiommu_domain_map(rig.dom, IO(0), at(mem), PAGE, RW, E), MAPPING_EXISTS,
		range_name(IO(0), PAGE));
	err = take_error();
	OK(libiommu_domain_free(rig.dom, E));
	ck_assert_str_eq(libiommu_error_subject(err), range_name(IO(0), PAGE));
	ck_assert_int_eq(libiommu_error_code(err), -EEXIST);
	ck_assert_int_eq(libiommu_error_kernel_errno(err), 0);
	ck_assert_str_eq(libiommu_error_kernel_call(err), "");
	ck_assert(!libiommu_error_is_guess(err));
	ck_assert(!libiommu_error_figures(err, NULL, NULL));
	libiommu_error_free(err);
}

CASE(error_without_memory, "4.5.1 when not even the error can be allocated there is a static one")
{
	struct rig rig = rig_new(0);
	struct libiommu_error *err = NULL;
	void *mem = memory(PAGE);
	int ret;

	map(rig.dom, IO(0), mem, PAGE);
	hooks_fail(&hooks, HOOKS_FAIL_ALLOC, 1, true);
	ret = libiommu_domain_map(rig.dom, IO(0), at(mem), PAGE, RW, &err);
	hooks_stop_failing(&hooks);
	ck_assert(ret == -EEXIST || ret == -ENOMEM);
	ck_assert_ptr_nonnull(err);
	ck_assert_int_eq(libiommu_error_code(err), ret);
	ck_assert_int_ne(libiommu_error_reason(err), LIBIOMMU_REASON_NONE);
	ck_assert_int_gt(strlen(libiommu_error_message(err)), 0);
	ck_assert_ptr_nonnull(libiommu_error_subject(err));
	ck_assert_ptr_nonnull(libiommu_error_hint(err));
	libiommu_error_free(err);
	libiommu_error_free(err);
}

CASE(no_memory_is_said, "4.5.2 exhausted memory is reason no-memory and changes nothing")
{
	struct rig rig = rig_new(0);
	struct libiommu_domain *dom = rig.dom;
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_ctx *ctx = (struct libiommu_ctx *)(uintptr_t)8;

	hooks_fail(&hooks, HOOKS_FAIL_ALLOC, 1, true);
	REFUSED(libiommu_domain_new(rig.ctx, NULL, &dom, E), NO_MEMORY, NULL);
	ck_assert_ptr_eq(dom, rig.dom);
	context_options(&opts);
	REFUSED(libiommu_ctx_new(&opts, &ctx, E), NO_MEMORY, NULL);
	ck_assert_ptr_eq(ctx, (struct libiommu_ctx *)(uintptr_t)8);
	hooks_stop_failing(&hooks);
}

CASE(capabilities_have_names, "4.4.1 each capability has a stable name and gives evidence")
{
	struct libiommu_cap_answer answer = LIBIOMMU_CAP_ANSWER_INIT;
	struct rig rig;
	int cap, other;

	for (cap = LIBIOMMU_CAP_PAGE_SIZES; cap <= LIBIOMMU_CAP_ATS; cap++) {
		ck_assert_ptr_nonnull(libiommu_cap_name((enum libiommu_cap)cap));
		for (other = LIBIOMMU_CAP_PAGE_SIZES; other < cap; other++)
			ck_assert_str_ne(libiommu_cap_name((enum libiommu_cap)cap),
					 libiommu_cap_name((enum libiommu_cap)other));
	}
	ck_assert_ptr_null(libiommu_cap_name((enum libiommu_cap)0));
	ck_assert_ptr_null(libiommu_cap_name((enum libiommu_cap)9999));
	ck_assert_str_eq(libiommu_cap_name(LIBIOMMU_CAP_REPLACE_HITLESS), "replace-hitless");
	NEEDS(1, 0);
	rig = rig_attached(1);
	for (cap = LIBIOMMU_CAP_PAGE_SIZES; cap <= LIBIOMMU_CAP_ATS; cap++) {
		answer.evidence = NULL;
		OK(libiommu_device_cap(rig.dev[0], (enum libiommu_cap)cap, &answer, E));
		ck_assert_ptr_nonnull(answer.evidence);
		if (answer.answer == LIBIOMMU_ANSWER_UNKNOWN)
			ck_assert_str_eq(answer.evidence, "");
		else
			ck_assert_str_ne(answer.evidence, "");
		if (answer.answer != LIBIOMMU_ANSWER_YES)
			ck_assert_uint_eq(answer.value, 0);
	}
}

struct log {
	struct libiommu_domain *dom;
	unsigned int lines;
	enum libiommu_log_level highest;
};

/* Calls back into the library: no lock may be held here. */
static void count_line(void *data, enum libiommu_log_level level, const char *line)
{
	struct libiommu_mapping mapping = LIBIOMMU_MAPPING_INIT;
	struct log *log = data;

	if (log->dom)
		libiommu_domain_find(log->dom, NULL, IO(0), &mapping);
	log->lines += line[0] != '\0';
	if (level > log->highest)
		log->highest = level;
}

static struct libiommu_ctx *logging_context(struct log *log, enum libiommu_log_level level)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_ctx *ctx;

	context_options(&opts);
	opts.log = count_line;
	opts.log_data = log;
	opts.log_level = level;
	OK(libiommu_ctx_new(&opts, &ctx, E));
	return ctx;
}

CASE(log_levels, "context.h: refusals are logged at level error; lines above the level are not")
{
	void *mem = memory(PAGE);
	struct log log = { 0 };
	struct libiommu_ctx *ctx;
	enum libiommu_log_level level;

	for (level = LIBIOMMU_LOG_NONE; level <= LIBIOMMU_LOG_DEBUG; level++) {
		log = (struct log){ 0 };
		ctx = logging_context(&log, level);
		log.dom = domain(ctx);
		map(log.dom, IO(0), mem, PAGE);
		REFUSED(libiommu_domain_map(log.dom, IO(0), at(mem), PAGE, RW, E), MAPPING_EXISTS,
			NULL);
		OK(libiommu_domain_unmap_all(log.dom, NULL, E));
		if (level == LIBIOMMU_LOG_NONE)
			ck_assert_uint_eq(log.lines, 0);
		else
			ck_assert_uint_ge(log.lines, 1);
		ck_assert_int_le(log.highest, level);
		if (level == LIBIOMMU_LOG_DEBUG)
			ck_assert_int_eq(log.highest, LIBIOMMU_LOG_DEBUG);
		log.dom = NULL;
		libiommu_ctx_free(ctx);
	}
}

void suite_errors(struct registry *registry)
{
	static const struct conformance_case *const cases[] = {
		&reasons_keep_their_meaning,
		&reasons_are_walked,
		&unknown_reasons,
		&no_error_object,
		&err_may_be_null,
		&err_is_cleared_on_success,
		&error_is_self_contained,
		&error_without_memory,
		&no_memory_is_said,
		&capabilities_have_names,
		&log_levels,
	};

	add_cases(registry, "errors", cases, COUNT(cases));
}
