/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The core over a backend that does as it is told: what happens when a kernel
 * fails in the middle, lies, or is missing half of its slots.
 */
#include "lib/error.h"
#include "tests/unit/run.h"

#include <libiommu/backend.h>
#include <libiommu/libiommu.h>

#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE UINT64_C(4096)

/* What the backend shall do, and what it saw. */
static struct {
	int map_calls, unmap_calls, attach_calls, detach_calls, open_calls, close_calls;
	int fail_map_at, fail_unmap_at, fail_attach, fail_open;
	enum libiommu_reason reason; /* 0: fail without one */
	size_t unmap_done;
	bool first, last;
	size_t replayed;
	uint64_t aperture;
	uint64_t page; /* of its machine; 0: nothing is said */
	_Atomic bool block_attach, blocked;
} told;

static char memory[64 * 4096] __attribute__((aligned(4096)));

static int refuse(struct libiommu_failure *f)
{
	if (told.reason == LIBIOMMU_REASON_KERNEL_REFUSED)
		return libiommu_refuse_kernel(f, -ENXIO, "FAKE_CALL", NULL);
	if (told.reason)
		return libiommu_refuse(f, told.reason, NULL, "As told.");
	return -EIO;
}

static int fake_open(void *ctx, const struct libiommu_backend_env *env, struct libiommu_failure *f)
{
	*(const struct libiommu_backend_env **)ctx = env;
	told.open_calls++;
	if (told.page)
		*env->page = told.page;
	return told.fail_open ? refuse(f) : 0;
}

static void fake_close(void *ctx, uint32_t flags)
{
	(void)ctx;
	(void)flags;
	told.close_calls++;
}

struct fake_device {
	const struct libiommu_backend_env *env;
};

static int fake_device_open(void *ctx, void *device, const char *name, uint32_t *group,
			    struct libiommu_failure *f)
{
	if (name[0] == 'x')
		return libiommu_refuse(f, LIBIOMMU_REASON_DEVICE_UNKNOWN, NULL, NULL);
	((struct fake_device *)device)->env = *(const struct libiommu_backend_env **)ctx;
	*group = (uint32_t)(name[0] - 'a');
	return 0;
}

static void fake_device_close(void *device, uint32_t flags)
{
	(void)device;
	(void)flags;
}

static int fake_domain_new(void *ctx, void *domain, enum libiommu_domain_type type,
			   struct libiommu_failure *f)
{
	(void)ctx;
	(void)domain;
	return type == LIBIOMMU_DOMAIN_IDENTITY
		       ? libiommu_refuse(f, LIBIOMMU_REASON_NO_UAPI, NULL, NULL)
		       : 0;
}

static void fake_domain_free(void *domain, uint32_t flags)
{
	(void)domain;
	(void)flags;
}

static int fake_attach(void *device, void *domain, const struct libiommu_backend_attach *attach,
		       struct libiommu_geometry *geometry, struct libiommu_failure *f)
{
	const struct fake_device *dev = device;

	(void)domain;
	told.attach_calls++;
	told.blocked = told.block_attach;
	while (told.block_attach)
		sched_yield();
	told.first = attach->first;
	told.replayed = attach->map_count;
	if (told.fail_attach)
		return refuse(f);
	geometry->page_min = PAGE;
	return libiommu_geometry_add(dev->env, geometry, 0, told.aperture, f);
}

static int fake_detach(void *device, void *domain, bool last, uint32_t flags,
		       struct libiommu_geometry *geometry, struct libiommu_failure *f)
{
	(void)device;
	(void)domain;
	(void)flags;
	(void)geometry;
	(void)f;
	told.detach_calls++;
	told.last = last;
	return 0;
}

static int fake_map(void *domain, const struct libiommu_backend_map *map,
		    struct libiommu_failure *f)
{
	(void)domain;
	(void)map;
	return ++told.map_calls == told.fail_map_at ? refuse(f) : 0;
}

static int fake_unmap(void *domain, const struct libiommu_backend_map *maps, size_t count,
		      size_t *done, struct libiommu_failure *f)
{
	(void)domain;
	(void)maps;
	if (++told.unmap_calls != told.fail_unmap_at) {
		*done = count;
		return 0;
	}
	*done = told.unmap_done;
	return refuse(f);
}

static const struct libiommu_backend fake = {
	.struct_size = sizeof(fake),
	.abi = LIBIOMMU_BACKEND_ABI,
	.flags = LIBIOMMU_BACKEND_REPLAY | LIBIOMMU_BACKEND_AUTO,
	.name = "fake",
	.ctx_size = sizeof(void *),
	.device_size = sizeof(struct fake_device),
	.open = fake_open,
	.close = fake_close,
	.device_open = fake_device_open,
	.device_close = fake_device_close,
	.domain_new = fake_domain_new,
	.domain_free = fake_domain_free,
	.attach = fake_attach,
	.detach = fake_detach,
	.map = fake_map,
	.unmap = fake_unmap,
};

static struct libiommu_ctx *ctx;
static struct libiommu_domain *dom;
static struct libiommu_device *dev;
static struct libiommu_error *err;

static int new_ctx(const struct libiommu_backend *table, const char *name)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;

	opts.backend = name;
	opts.own_backend = table;
	return libiommu_ctx_new(&opts, &ctx, &err);
}

static void setup(void)
{
	memset(&told, 0, sizeof(told));
	told.aperture = UINT64_C(0xffffffff);
	ck_assert_int_eq(new_ctx(&fake, "fake"), 0);
	ck_assert_int_eq(libiommu_device_open(ctx, "a", &dev, &err), 0);
	ck_assert_int_eq(libiommu_domain_new(ctx, NULL, &dom, &err), 0);
}

static void teardown(void)
{
	libiommu_ctx_free(ctx);
	ck_assert_int_eq(told.open_calls, told.close_calls);
}

static void expect(int code, enum libiommu_reason reason)
{
	ck_assert_ptr_nonnull(err);
	ck_assert_str_eq(libiommu_reason_name(libiommu_error_reason(err)),
			 libiommu_reason_name(reason));
	ck_assert_int_eq(libiommu_error_code(err), code);
	libiommu_error_free(err);
	err = NULL;
}

static void map_pages(int count)
{
	for (int i = 0; i < count; i++)
		ck_assert_int_eq(libiommu_domain_map(dom, (uint64_t)(i + 1) * PAGE,
						     libiommu_source_memory(memory + i * 4096),
						     PAGE, LIBIOMMU_PROT_READ, &err),
				 0);
}

START_TEST(adjacent_mappings_go_in_one_unmap)
{
	uint64_t removed;

	map_pages(10);
	ck_assert_int_eq(libiommu_domain_unmap(dom, 0, 20 * PAGE, &removed, &err), 0);
	ck_assert_uint_eq(removed, 10 * PAGE);
	ck_assert_int_eq(told.unmap_calls, 1);
}
END_TEST

START_TEST(a_failure_in_the_middle_of_an_unmap_is_partial)
{
	struct libiommu_mapping m = LIBIOMMU_MAPPING_INIT;
	uint64_t removed;

	map_pages(10);
	told.fail_unmap_at = 1;
	told.unmap_done = 4;
	told.reason = LIBIOMMU_REASON_KERNEL_REFUSED;
	ck_assert_int_eq(libiommu_domain_unmap_all(dom, &removed, &err), -EIO);
	ck_assert_int_eq(libiommu_error_kernel_errno(err), ENXIO);
	ck_assert_str_eq(libiommu_error_kernel_call(err), "FAKE_CALL");
	expect(-EIO, LIBIOMMU_REASON_PARTIAL);
	ck_assert_uint_eq(removed, 4 * PAGE);
	ck_assert_uint_eq(libiommu_domain_mapping_count(dom), 6);
	ck_assert_int_eq(libiommu_domain_find(dom, NULL, 4 * PAGE, &m), -ENOENT);
	ck_assert_int_eq(libiommu_domain_find(dom, NULL, 5 * PAGE, &m), 0);
	ck_assert_int_eq(libiommu_domain_unmap_all(dom, &removed, &err), 0);
	ck_assert_uint_eq(removed, 6 * PAGE);
}
END_TEST

START_TEST(an_unmap_that_fails_at_once_leaves_everything)
{
	uint64_t removed = 1;

	map_pages(3);
	told.fail_unmap_at = 1;
	told.reason = LIBIOMMU_REASON_KERNEL_REFUSED;
	ck_assert_int_eq(libiommu_domain_unmap_all(dom, &removed, &err), -ENXIO);
	expect(-ENXIO, LIBIOMMU_REASON_KERNEL_REFUSED);
	ck_assert_uint_eq(removed, 0);
	ck_assert_uint_eq(libiommu_domain_mapping_count(dom), 3);
}
END_TEST

START_TEST(what_the_kernel_lost_leaves_the_ledger)
{
	uint64_t removed;

	map_pages(3);
	told.fail_unmap_at = 1;
	told.unmap_done = 3;
	told.reason = LIBIOMMU_REASON_LEDGER_MISMATCH;
	ck_assert_int_eq(libiommu_domain_unmap_all(dom, &removed, &err), -EIO);
	expect(-EIO, LIBIOMMU_REASON_LEDGER_MISMATCH);
	ck_assert_uint_eq(libiommu_domain_mapping_count(dom), 0);
}
END_TEST

static void make_requests(struct libiommu_map_request *requests, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		requests[i] = (struct libiommu_map_request)LIBIOMMU_MAP_REQUEST_INIT;
		requests[i].iova = (i + 1) * 2 * PAGE;
		requests[i].length = PAGE;
		requests[i].prot = LIBIOMMU_PROT_READ;
		requests[i].source = libiommu_source_memory(memory);
	}
}

START_TEST(a_batch_is_taken_back_when_one_fails)
{
	struct libiommu_map_request requests[5];
	size_t failed = 99;

	make_requests(requests, 5);
	told.fail_map_at = _i + 1;
	told.reason = LIBIOMMU_REASON_FOREIGN_MAPPING;
	ck_assert_int_eq(libiommu_domain_map_batch(dom, requests, 5, &failed, &err), -EEXIST);
	expect(-EEXIST, LIBIOMMU_REASON_FOREIGN_MAPPING);
	ck_assert_uint_eq(failed, (size_t)_i);
	ck_assert_uint_eq(libiommu_domain_mapping_count(dom), 0);
	ck_assert_int_eq(told.unmap_calls, _i);
	ck_assert_int_eq(libiommu_domain_map_batch(dom, requests, 5, &failed, &err), 0);
}
END_TEST

START_TEST(what_cannot_be_taken_back_stays_in_the_ledger)
{
	struct libiommu_map_request requests[3];
	struct libiommu_mapping m = LIBIOMMU_MAPPING_INIT;
	size_t failed;

	make_requests(requests, 3);
	told.fail_map_at = 3;
	told.fail_unmap_at = 2;
	told.reason = LIBIOMMU_REASON_KERNEL_REFUSED;
	ck_assert_int_eq(libiommu_domain_map_batch(dom, requests, 3, &failed, &err), -EIO);
	expect(-EIO, LIBIOMMU_REASON_PARTIAL);
	ck_assert_uint_eq(libiommu_domain_mapping_count(dom), 1);
	ck_assert_int_eq(libiommu_domain_find(dom, NULL, 4 * PAGE, &m), 0);
}
END_TEST

START_TEST(a_failure_without_a_reason_gets_one)
{
	told.fail_map_at = 1;
	ck_assert_int_eq(libiommu_domain_map(dom, PAGE, libiommu_source_memory(memory), PAGE,
					     LIBIOMMU_PROT_READ, &err),
			 -EIO);
	ck_assert_str_eq(libiommu_error_subject(err), "0x1000-0x1fff");
	expect(-EIO, LIBIOMMU_REASON_KERNEL_REFUSED);
}
END_TEST

START_TEST(an_attach_against_the_ledger_is_undone)
{
	struct libiommu_endpoint *ep = libiommu_device_endpoint(dev);

	ck_assert_int_eq(libiommu_domain_map(dom, UINT64_C(0x100000000),
					     libiommu_source_memory(memory), PAGE,
					     LIBIOMMU_PROT_READ, &err),
			 0);
	ck_assert_int_eq(libiommu_endpoint_attach(ep, dom, &err), -EADDRINUSE);
	ck_assert_str_eq(libiommu_error_subject(err), "0x100000000-0x100000fff");
	expect(-EADDRINUSE, LIBIOMMU_REASON_MAPPING_CONFLICT);
	ck_assert_ptr_null(libiommu_endpoint_domain(ep));
	ck_assert_int_eq(told.detach_calls, 1);
	ck_assert(libiommu_device_isolated(dev));
	ck_assert_int_eq(libiommu_domain_unmap_all(dom, NULL, &err), 0);
	ck_assert_int_eq(libiommu_endpoint_attach(ep, dom, &err), 0);
}
END_TEST

START_TEST(only_the_first_attach_of_a_group_replays)
{
	struct libiommu_device *second;

	map_pages(7);
	ck_assert_int_eq(libiommu_endpoint_attach(libiommu_device_endpoint(dev), dom, &err), 0);
	ck_assert(told.first);
	ck_assert_uint_eq(told.replayed, 7);
	ck_assert_int_eq(libiommu_device_open(ctx, "a2", &second, &err), 0);
	ck_assert_int_eq(libiommu_endpoint_attach(libiommu_device_endpoint(second), dom, &err), 0);
	ck_assert(!told.first);
	ck_assert_uint_eq(told.replayed, 0);
	ck_assert_int_eq(libiommu_endpoint_detach(libiommu_device_endpoint(dev), 0, &err), 0);
	ck_assert(!told.last);
	ck_assert(!libiommu_device_isolated(dev));
	ck_assert_int_eq(libiommu_endpoint_detach(libiommu_device_endpoint(second), 0, &err), 0);
	ck_assert(told.last);
	ck_assert(libiommu_device_isolated(dev));
}
END_TEST

static void *attach_thread(void *endpoint)
{
	libiommu_endpoint_attach(endpoint, dom, NULL);
	return NULL;
}

static void *open_thread(void *name)
{
	struct libiommu_device *other;

	libiommu_device_open(ctx, name, &other, NULL);
	return NULL;
}

/* Threads of the parent wait in the context when it forks; the child must not wait for them. */
START_TEST(a_forked_child_frees_what_its_parent_waits_in)
{
	pthread_t threads[2];
	int status;
	pid_t child;

	told.block_attach = true;
	ck_assert_int_eq(
		pthread_create(&threads[0], NULL, attach_thread, libiommu_device_endpoint(dev)), 0);
	while (!told.blocked)
		sched_yield();
	ck_assert_int_eq(pthread_create(&threads[1], NULL, open_thread, "b"), 0);
	for (int i = 0; i < 1000; i++)
		sched_yield();
	child = fork();
	ck_assert_int_ge(child, 0);
	if (!child) {
		alarm(20);
		libiommu_ctx_free(ctx);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	told.block_attach = false;
	for (size_t i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

START_TEST(messages_name_the_subject_and_hints_the_culprit)
{
	struct libiommu_failure f = { 0 };

	libiommu_refuse_blocked(&f, "0000:00:02.0", "0000:00:02.1", "e1000e");
	libiommu_refuse_blocked(&f, "0000:00:02.0", "0000:00:02.2", "nvme");
	ck_assert_int_eq(libiommu_error_raise(&err, libiommu_allocator_default(), -EPERM, &f),
			 -EPERM);
	ck_assert_ptr_eq(strstr(libiommu_error_message(err), "0000:00:02.0: "),
			 libiommu_error_message(err));
	ck_assert_ptr_nonnull(
		strstr(libiommu_error_message(err), "0000:00:02.1 (e1000e), 0000:00:02.2 (nvme)."));
	ck_assert_ptr_nonnull(strstr(libiommu_error_hint(err), "set-override 0000:00:02.1 "));
	expect(-EPERM, LIBIOMMU_REASON_GROUP_NOT_VIABLE);
	ck_assert_int_eq(libiommu_error_set(&err, LIBIOMMU_REASON_NOT_BOUND, "0000:00:03.0", NULL),
			 -ENODEV);
	ck_assert_ptr_nonnull(strstr(libiommu_error_hint(err), "set-override 0000:00:03.0 "));
	expect(-ENODEV, LIBIOMMU_REASON_NOT_BOUND);
}
END_TEST

START_TEST(holes_in_the_table_refuse)
{
	struct libiommu_cap_answer answer = LIBIOMMU_CAP_ANSWER_INIT;
	struct libiommu_region *region;
	unsigned int interrupts;
	size_t count = 0;

	ck_assert_int_eq(libiommu_group_ids(ctx, NULL, &count, &err), -EOPNOTSUPP);
	expect(-EOPNOTSUPP, LIBIOMMU_REASON_BACKEND_CAPABILITY);
	ck_assert_int_eq(libiommu_device_iova_ranges(dev, NULL, &count, &err), -EOPNOTSUPP);
	expect(-EOPNOTSUPP, LIBIOMMU_REASON_BACKEND_CAPABILITY);
	ck_assert_int_eq(libiommu_region_open(dev, 0, &region, &err), -EOPNOTSUPP);
	expect(-EOPNOTSUPP, LIBIOMMU_REASON_BACKEND_CAPABILITY);
	ck_assert_int_eq(libiommu_interrupt_count(dev, LIBIOMMU_INTERRUPT_MSI, &interrupts, &err),
			 -EOPNOTSUPP);
	expect(-EOPNOTSUPP, LIBIOMMU_REASON_BACKEND_CAPABILITY);
	ck_assert_int_eq(libiommu_device_reset(dev, &err), -EOPNOTSUPP);
	expect(-EOPNOTSUPP, LIBIOMMU_REASON_RESET_UNSUPPORTED);
	ck_assert_int_eq(libiommu_device_cap(dev, LIBIOMMU_CAP_REPLACE, &answer, &err), 0);
	ck_assert_int_eq(answer.answer, LIBIOMMU_ANSWER_UNKNOWN);
	ck_assert_str_eq(answer.evidence, "");
}
END_TEST

START_TEST(a_table_of_another_abi_is_refused)
{
	struct libiommu_backend other = fake;

	other.abi++;
	ck_assert_int_eq(new_ctx(&other, "fake"), -EINVAL);
	expect(-EINVAL, LIBIOMMU_REASON_BACKEND_ABI);
	other = fake;
	other.attach = NULL;
	ck_assert_int_eq(new_ctx(&other, "fake"), -EINVAL);
	ck_assert_ptr_nonnull(strstr(libiommu_error_message(err), "attach"));
	expect(-EINVAL, LIBIOMMU_REASON_BACKEND_ABI);
	other = fake;
	other.struct_size = 4;
	ck_assert_int_eq(new_ctx(&other, "fake"), -EINVAL);
	expect(-EINVAL, LIBIOMMU_REASON_BACKEND_ABI);
	ck_assert_int_eq(new_ctx(&fake, "fakes"), -ENOENT);
	ck_assert_str_eq(libiommu_error_subject(err), "fakes");
	expect(-ENOENT, LIBIOMMU_REASON_BACKEND_UNKNOWN);
}
END_TEST

START_TEST(a_longer_table_is_cut)
{
	struct {
		struct libiommu_backend table;
		void *newer;
	} longer = { fake, &longer };

	longer.table.struct_size = sizeof(longer);
	ck_assert_int_eq(new_ctx(&longer.table, "fake"), 0);
	libiommu_ctx_free(ctx);
}
END_TEST

START_TEST(auto_decides_by_the_first_device)
{
	struct libiommu_domain *early;
	const char *name;

	told.aperture = UINT64_MAX;
	ck_assert_int_eq(new_ctx(&fake, NULL), 0);
	ck_assert_ptr_null(libiommu_ctx_backend(ctx));
	ck_assert_int_eq(libiommu_domain_new(ctx, NULL, &early, &err), -EAGAIN);
	expect(-EAGAIN, LIBIOMMU_REASON_BACKEND_UNDECIDED);
	ck_assert_int_lt(libiommu_device_open(ctx, "xyz", &dev, &err), 0);
	libiommu_error_free(err);
	ck_assert_ptr_nonnull(libiommu_ctx_rejection(ctx, 0, &name));
	ck_assert_str_eq(name, "fake");
	ck_assert_int_eq(libiommu_device_open(ctx, "a", &dev, &err), 0);
	ck_assert_str_eq(libiommu_ctx_backend(ctx), "fake");
	ck_assert_int_eq(libiommu_domain_new(ctx, NULL, &early, &err), 0);
	libiommu_ctx_free(ctx);
	ck_assert_int_eq(told.open_calls, told.close_calls);
}
END_TEST

START_TEST(a_backend_that_does_not_start_is_told)
{
	memset(&told, 0, sizeof(told));
	told.fail_open = 1;
	told.reason = LIBIOMMU_REASON_VFIO_MISSING;
	ck_assert_int_eq(new_ctx(&fake, "fake"), -ENOENT);
	expect(-ENOENT, LIBIOMMU_REASON_VFIO_MISSING);
	ck_assert_int_eq(told.close_calls, 0);
}
END_TEST

/* A power of two, and no less than this CPU has. */
START_TEST(a_backend_may_stand_for_larger_pages)
{
	static const uint64_t said[] = { 0, 2048, 3 * 65536, 65536 };
	uint64_t iova = 0, page = PAGE;

	for (size_t i = 0; i < 4; i++) {
		memset(&told, 0, sizeof(told));
		told.aperture = UINT64_C(0xffffffff);
		told.page = said[i];
		ck_assert_int_eq(new_ctx(&fake, "fake"), 0);
		ck_assert_int_eq(libiommu_domain_new(ctx, NULL, &dom, &err), 0);
		page = libiommu_domain_page_size(dom);
		ck_assert_uint_eq(page, i < 3 ? PAGE : 65536);
		if (i < 3)
			libiommu_ctx_free(ctx);
	}
	ck_assert_int_ne(libiommu_domain_map(dom, PAGE, libiommu_source_memory(NULL), page,
					     LIBIOMMU_PROT_READ, &err),
			 0);
	expect(-EINVAL, LIBIOMMU_REASON_MISALIGNED);
	ck_assert_int_eq(libiommu_domain_map_any(dom, libiommu_source_memory(NULL), page,
						 LIBIOMMU_PROT_READ, &iova, &err),
			 0);
	ck_assert_uint_eq(iova, page);
	/* An endpoint has its own. */
	ck_assert_int_eq(libiommu_device_open(ctx, "a", &dev, &err), 0);
	ck_assert_int_eq(libiommu_endpoint_attach(libiommu_device_endpoint(dev), dom, &err), 0);
	ck_assert_uint_eq(libiommu_domain_page_size(dom), PAGE);
	ck_assert_int_eq(libiommu_endpoint_detach(libiommu_device_endpoint(dev), 0, &err), 0);
	ck_assert_uint_eq(libiommu_domain_page_size(dom), page);
	libiommu_ctx_free(ctx);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("backend");
	TCase *with = tcase_create("with a context"), *without = tcase_create("without");

	tcase_add_checked_fixture(with, setup, teardown);
	tcase_add_test(with, adjacent_mappings_go_in_one_unmap);
	tcase_add_test(with, a_failure_in_the_middle_of_an_unmap_is_partial);
	tcase_add_test(with, an_unmap_that_fails_at_once_leaves_everything);
	tcase_add_test(with, what_the_kernel_lost_leaves_the_ledger);
	tcase_add_loop_test(with, a_batch_is_taken_back_when_one_fails, 0, 5);
	tcase_add_test(with, what_cannot_be_taken_back_stays_in_the_ledger);
	tcase_add_test(with, a_failure_without_a_reason_gets_one);
	tcase_add_test(with, an_attach_against_the_ledger_is_undone);
	tcase_add_test(with, only_the_first_attach_of_a_group_replays);
	tcase_add_test(with, a_forked_child_frees_what_its_parent_waits_in);
	tcase_add_test(with, holes_in_the_table_refuse);
	tcase_add_test(without, messages_name_the_subject_and_hints_the_culprit);
	tcase_add_test(without, a_table_of_another_abi_is_refused);
	tcase_add_test(without, a_longer_table_is_cut);
	tcase_add_test(without, auto_decides_by_the_first_device);
	tcase_add_test(without, a_backend_that_does_not_start_is_told);
	tcase_add_test(without, a_backend_may_stand_for_larger_pages);
	suite_add_tcase(suite, with);
	suite_add_tcase(suite, without);
	return run_suite(suite);
}
