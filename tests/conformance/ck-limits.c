// SPDX-License-Identifier: BSD-2-Clause
/* 4.1.6: limits of locked memory and of mappings, and sizes at the edge. */
#include "helpers.h"

#include <linux/capability.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

CASE(entry_limit, "4.1.6 the limit of mappings is entry-limit with its figures")
{
	struct libiommu_cap_answer answer = LIBIOMMU_CAP_ANSWER_INIT;
	uint64_t limit, base, i, needed = 0, available = 1;
	char *mem = memory(PAGE);
	struct rig rig;

	NEEDS(1, 0);
	rig = rig_attached(1);
	OK(libiommu_device_cap(rig.dev[0], LIBIOMMU_CAP_ENTRY_LIMIT, &answer, E));
	if (answer.answer != LIBIOMMU_ANSWER_YES)
		SKIP("mappings are not limited");
	limit = answer.value;
	ck_assert_uint_ge(limit, 1);
	base = room_for(rig.dom, (2 * limit + 1) * PAGE, PAGE);
	for (i = 0; i < limit; i++)
		ck_assert_int_eq(
			libiommu_domain_map(rig.dom, base + 2 * i * PAGE, at(mem), PAGE, RW, NULL),
			0);
	REFUSED(libiommu_domain_map(rig.dom, base + 2 * limit * PAGE, at(mem), PAGE, RW, E),
		ENTRY_LIMIT, NULL);
	ck_assert_uint_eq(libiommu_domain_mapping_count(rig.dom), limit);
	ck_assert(libiommu_error_figures(last_error(), &needed, &available));
	ck_assert_uint_gt(needed, available);
	unmap(rig.dom, base, PAGE, PAGE);
	map(rig.dom, base + 2 * limit * PAGE, mem, PAGE);
	REFUSED(libiommu_domain_map(rig.dom, base, at(mem), PAGE, RW, E), ENTRY_LIMIT, NULL);
	OK(libiommu_domain_unmap_all(rig.dom, NULL, E));
	map(rig.dom, base, mem, PAGE);
}

CASE(entry_limit_at_attach, "4.1.5 too many mappings are refused by the map or by the attach")
{
	struct libiommu_cap_answer answer = LIBIOMMU_CAP_ANSWER_INIT;
	char *mem = memory(PAGE);
	uint64_t limit, base, i;
	struct rig rig;
	int ret = 0;

	NEEDS(1, 0);
	rig = rig_attached(1);
	OK(libiommu_device_cap(rig.dev[0], LIBIOMMU_CAP_ENTRY_LIMIT, &answer, E));
	if (answer.answer != LIBIOMMU_ANSWER_YES)
		SKIP("mappings are not limited");
	limit = answer.value;
	base = room_for(rig.dom, (2 * limit + 1) * PAGE, PAGE);
	detach(rig.ep[0]);
	for (i = 0; i <= limit && !ret; i++)
		ret = libiommu_domain_map(rig.dom, base + 2 * i * PAGE, at(mem), PAGE, RW, NULL);
	if (ret) {
		ck_assert_int_eq(ret, -libiommu_reason_errno(LIBIOMMU_REASON_ENTRY_LIMIT));
		ck_assert_uint_eq(i, limit + 1);
		attach(rig.ep[0], rig.dom);
		return;
	}
	REFUSED(libiommu_endpoint_attach(rig.ep[0], rig.dom, E), ENTRY_LIMIT, NULL);
	ck_assert_ptr_null(libiommu_endpoint_domain(rig.ep[0]));
	ck_assert_uint_eq(libiommu_domain_mapping_count(rig.dom), limit + 1);
	unmap(rig.dom, base + 6 * PAGE, PAGE, PAGE);
	attach(rig.ep[0], rig.dom);
}

CASE(no_entry_limit, "4.1.6 without a limit of mappings hundreds of thousands are fine")
{
	struct libiommu_cap_answer answer = LIBIOMMU_CAP_ANSWER_INIT;
	char *mem = memory(PAGE);
	struct rig rig;
	uint64_t base, i, removed = 0;

	NEEDS(1, 0);
	rig = rig_attached(1);
	OK(libiommu_device_cap(rig.dev[0], LIBIOMMU_CAP_ENTRY_LIMIT, &answer, E));
	if (answer.answer == LIBIOMMU_ANSWER_YES)
		SKIP("mappings are limited to %" PRIu64, answer.value);
	base = room_for(rig.dom, many_mappings * PAGE, PAGE);
	for (i = 0; i < many_mappings; i++)
		ck_assert_int_eq(
			libiommu_domain_map(rig.dom, base + i * PAGE, at(mem), PAGE, RW, NULL), 0);
	ck_assert_uint_eq(libiommu_domain_mapping_count(rig.dom), many_mappings);
	found(rig.dom, base + many_mappings / 2 * PAGE, mem, PAGE);
	OK(libiommu_domain_unmap_all(rig.dom, &removed, E));
	ck_assert_uint_eq(removed, many_mappings * PAGE);
}

static bool drop_lock_capability(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		return false;
	data[CAP_TO_INDEX(CAP_IPC_LOCK)].effective &= ~CAP_TO_MASK(CAP_IPC_LOCK);
	data[CAP_TO_INDEX(CAP_IPC_LOCK)].permitted &= ~CAP_TO_MASK(CAP_IPC_LOCK);
	return syscall(SYS_capset, &header, data) == 0;
}

/* In the limit of 16 pages: map 8, then 16 more are too many, then 8. */
static int with_limit(void *data)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_error *err = NULL;
	struct libiommu_device *dev;
	struct libiommu_domain *dom;
	struct libiommu_ctx *ctx;
	uint64_t needed = 0, available = 0;
	char *mem = data;
	int ret;

	context_options(&opts);
	CHILD_CHECK(libiommu_ctx_new(&opts, &ctx, NULL) == 0);
	CHILD_CHECK(libiommu_device_open(ctx, target->alone[0], &dev, NULL) == 0);
	CHILD_CHECK(libiommu_domain_new(ctx, NULL, &dom, NULL) == 0);
	CHILD_CHECK(libiommu_endpoint_attach(libiommu_device_endpoint(dev), dom, NULL) == 0);
	CHILD_CHECK(libiommu_domain_map(dom, IO(0), at(mem), 8 * PAGE, RW, NULL) == 0);
	ret = libiommu_domain_map(dom, IO(32), at(mem + 8 * PAGE), 16 * PAGE, RW, &err);
	CHILD_CHECK(ret == -libiommu_reason_errno(LIBIOMMU_REASON_LOCKED_MEMORY));
	CHILD_CHECK(libiommu_error_reason(err) == LIBIOMMU_REASON_LOCKED_MEMORY);
	if (libiommu_error_figures(err, &needed, &available))
		CHILD_CHECK(needed > available && needed >= 16 * PAGE);
	libiommu_error_free(err);
	CHILD_CHECK(libiommu_domain_mapping_count(dom) == 1);
	CHILD_CHECK(libiommu_domain_map(dom, IO(32), at(mem + 8 * PAGE), 8 * PAGE, RW, NULL) == 0);
	/* A refused attach names the mapping. */
	CHILD_CHECK(libiommu_endpoint_detach(libiommu_device_endpoint(dev), 0, NULL) == 0);
	CHILD_CHECK(libiommu_domain_map(dom, IO(64), at(mem + 16 * PAGE), 8 * PAGE, RW, NULL) == 0);
	ret = libiommu_endpoint_attach(libiommu_device_endpoint(dev), dom, &err);
	CHILD_CHECK(ret == -libiommu_reason_errno(LIBIOMMU_REASON_LOCKED_MEMORY));
	CHILD_CHECK(libiommu_error_reason(err) == LIBIOMMU_REASON_LOCKED_MEMORY);
	libiommu_error_free(err);
	CHILD_CHECK(libiommu_domain_mapping_count(dom) == 3);
	CHILD_CHECK(libiommu_domain_unmap(dom, IO(64), 8 * PAGE, NULL, NULL) == 0);
	CHILD_CHECK(libiommu_endpoint_attach(libiommu_device_endpoint(dev), dom, NULL) == 0);
	libiommu_ctx_free(ctx);
	return 0;
}

static int with_process_limit(void *data)
{
	struct rlimit limit = { 16 * PAGE, 16 * PAGE };

	CHILD_CHECK(setrlimit(RLIMIT_MEMLOCK, &limit) == 0);
	CHILD_CHECK(drop_lock_capability());
	return with_limit(data);
}

CASE(locked_memory, "4.1.6 the limit of locked memory is -ENOMEM with its figures")
{
	char limit[40], *mem;
	const char *why;
	int line;

	snprintf(limit, sizeof(limit), "limit locked=%" PRIu64 "K", 16 * PAGE / 1024);
	why = bench_restart(limit);
	mem = memory(64 * PAGE);
	NEEDS(1, 0);
	line = why ? in_child(with_process_limit, mem) : with_limit(mem);
	ck_assert_msg(!line, "%s:%d", __FILE__, line);
}

CASE(one_gibibyte, "4.1.6 a mapping of 1 GiB is one mapping")
{
	char *mem = big_memory(GIB);
	uint64_t base;
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_attached(1);
	base = room_for(rig.dom, GIB, GIB);
	map(rig.dom, base, mem, GIB);
	ck_assert_uint_eq(libiommu_domain_mapping_count(rig.dom), 1);
	map(rig.dom, IO(0), mem + 700 * MIB, PAGE);
	edu = edu_open(rig.dev[0]);
	dma_reaches(&edu, IO(0), mem + 700 * MIB);
	REFUSED_KEEPS(rig.dom, libiommu_domain_unmap(rig.dom, base, GIB / 2, NULL, E), WOULD_SPLIT,
		      range_name(base, GIB));
	unmap(rig.dom, base, GIB, GIB);
	dma_reaches(&edu, IO(0), mem + 700 * MIB);
}

void suite_limits(struct registry *registry)
{
	static const struct conformance_case *const cases[] = {
		&entry_limit,   &entry_limit_at_attach, &no_entry_limit,
		&locked_memory, &one_gibibyte,
	};

	add_cases(registry, "limits", cases, COUNT(cases));
}
