/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What others see of a mapping while the backend is at it. The log is told of a call into the
 * backend when it has returned and before its outcome is in the ledger, without locks held: there
 * another call can meet the range, as another thread would.
 */
#include <libiommu/libiommu.h>

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE UINT64_C(4096)
#define IOVA UINT64_C(0x10000)

static char memory[4 * 4096] __attribute__((aligned(4096)));

static struct libiommu_ctx *ctx;
static struct libiommu_domain *dom;

/* What came of a call from within: its errno, reason and subject. */
struct outcome {
	int code;
	enum libiommu_reason reason;
	char subject[64];
};

static struct {
	const char *call; /* the call of the backend to interrupt; NULL: none */
	struct outcome map, unmap, unmap_wider;
	int find;
	bool windows_watched; /* the next munmap of a file's window makes a call, too */
	int windows;          /* 1: it came; 2: its call went well */
} seen;

static void note(struct outcome *out, int code, struct libiommu_error *err)
{
	out->code = code;
	out->reason = libiommu_error_reason(err);
	strncpy(out->subject, libiommu_error_subject(err), sizeof(out->subject) - 1);
	libiommu_error_free(err);
}

static void interrupt(void *data, enum libiommu_log_level level, const char *line)
{
	struct libiommu_mapping found = LIBIOMMU_MAPPING_INIT;
	struct libiommu_error *err;
	int code;

	(void)data;
	(void)level;
	if (!seen.call || !strstr(line, seen.call))
		return;
	seen.call = NULL;
	code = libiommu_domain_map(dom, IOVA, libiommu_source_memory(memory), PAGE,
				   LIBIOMMU_PROT_READ, &err);
	note(&seen.map, code, err);
	code = libiommu_domain_unmap(dom, IOVA, PAGE, NULL, &err);
	note(&seen.unmap, code, err);
	code = libiommu_domain_unmap(dom, 0, 16 * IOVA, NULL, &err);
	note(&seen.unmap_wider, code, err);
	seen.find = libiommu_domain_find(dom, NULL, IOVA, &found);
}

/* A lock that is held here is one that the call from within waits for without end. */
static int unmap_window(void *data, void *address, size_t length)
{
	if (seen.windows_watched) {
		seen.windows_watched = false;
		seen.windows++;
		if (!libiommu_domain_map(dom, 2 * IOVA, libiommu_source_memory(memory), PAGE,
					 LIBIOMMU_PROT_READ, NULL))
			seen.windows++;
	}
	return libiommu_sys_default()->munmap(data, address, length);
}

static void setup(void)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	static struct libiommu_sys sys;

	memset(&seen, 0, sizeof(seen));
	sys = *libiommu_sys_default();
	sys.munmap = unmap_window;
	opts.sys = &sys;
	opts.backend = "mock";
	opts.log = interrupt;
	opts.log_level = LIBIOMMU_LOG_DEBUG;
	ck_assert_int_eq(libiommu_ctx_new(&opts, &ctx, NULL), 0);
	ck_assert_int_eq(libiommu_domain_new(ctx, NULL, &dom, NULL), 0);
}

static void teardown(void)
{
	libiommu_ctx_free(ctx);
}

static void expect(const struct outcome *out, int code, enum libiommu_reason reason)
{
	ck_assert_str_eq(libiommu_reason_name(out->reason), libiommu_reason_name(reason));
	ck_assert_int_eq(out->code, code);
	ck_assert_str_eq(out->subject, "0x10000-0x10fff");
}

static int map(void)
{
	return libiommu_domain_map(dom, IOVA, libiommu_source_memory(memory), PAGE,
				   LIBIOMMU_PROT_READ, NULL);
}

START_TEST(a_mapping_in_the_making_blocks_and_is_not_found)
{
	seen.call = ": map ";
	ck_assert_int_eq(map(), 0);
	expect(&seen.map, -EEXIST, LIBIOMMU_REASON_MAPPING_EXISTS);
	expect(&seen.unmap, -EBUSY, LIBIOMMU_REASON_MAPPING_BUSY);
	expect(&seen.unmap_wider, -EBUSY, LIBIOMMU_REASON_MAPPING_BUSY);
	ck_assert_int_eq(seen.find, -ENOENT);
	ck_assert_uint_eq(libiommu_domain_mapping_count(dom), 1);
}
END_TEST

START_TEST(a_mapping_on_its_way_out_blocks_and_is_not_found)
{
	uint64_t removed;

	ck_assert_int_eq(map(), 0);
	seen.call = ": unmap ";
	ck_assert_int_eq(libiommu_domain_unmap(dom, IOVA, PAGE, &removed, NULL), 0);
	ck_assert_uint_eq(removed, PAGE);
	expect(&seen.map, -EBUSY, LIBIOMMU_REASON_MAPPING_BUSY);
	expect(&seen.unmap, -EBUSY, LIBIOMMU_REASON_MAPPING_BUSY);
	expect(&seen.unmap_wider, -EBUSY, LIBIOMMU_REASON_MAPPING_BUSY);
	ck_assert_int_eq(seen.find, -ENOENT);
	ck_assert_uint_eq(libiommu_domain_mapping_count(dom), 0);
	ck_assert_int_eq(map(), 0);
}
END_TEST

/* A batch of a file and of what is refused: the file's window goes again. */
START_TEST(a_window_goes_without_a_lock)
{
	struct libiommu_map_request requests[2] = { LIBIOMMU_MAP_REQUEST_INIT,
						    LIBIOMMU_MAP_REQUEST_INIT };
	int fd = memfd_create("busy", MFD_CLOEXEC);
	struct libiommu_error *err;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, PAGE), 0);
	ck_assert_int_eq(map(), 0);
	requests[0].iova = 4 * IOVA;
	requests[0].length = PAGE;
	requests[0].prot = LIBIOMMU_PROT_READ;
	requests[0].source = libiommu_source_file(fd, 0);
	requests[1] = requests[0];
	requests[1].iova = IOVA;
	seen.windows_watched = true;
	ck_assert_int_eq(libiommu_domain_map_batch(dom, requests, 2, NULL, &err), -EEXIST);
	libiommu_error_free(err);
	close(fd);
	ck_assert_int_eq(seen.windows, 2);
	ck_assert_uint_eq(libiommu_domain_mapping_count(dom), 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("busy");
	TCase *tcase = tcase_create("busy");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_mapping_in_the_making_blocks_and_is_not_found);
	tcase_add_test(tcase, a_mapping_on_its_way_out_blocks_and_is_not_found);
	tcase_add_test(tcase, a_window_goes_without_a_lock);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
