/* SPDX-License-Identifier: BSD-2-Clause */
/* Page pointers, read back as a controller reads them. */
#include "tests/unit/run.h"

#include "prp.h"

#include <check.h>
#include <endian.h>
#include <errno.h>
#include <string.h>

#define PAGE  4096u
#define PAGES 2600u /* more than four lists hold */
#define LISTS 6u

/* Virtual pages from BASE on, each at an IOVA of its own; neighbours where same[] says so. */
#define BASE UINT64_C(0x7f0000000000)
static uint64_t iova_of[PAGES];
static uint64_t entries[LISTS][PAGE / 8];
static struct nvme_prp_list lists[LISTS];

static int locate(void *data, const void *address, struct nvme_place *place,
		  struct nvme_failure *failure)
{
	uint64_t offset = (uintptr_t)address - BASE;
	uint64_t page = offset / PAGE;

	(void)data;
	if (page >= PAGES)
		return nvme_fail(failure, -EFAULT, "outside");
	place->iova = iova_of[page] + offset % PAGE;
	place->length = PAGE - offset % PAGE;
	while (++page < PAGES && iova_of[page] == iova_of[page - 1] + PAGE)
		place->length += PAGE;
	return 0;
}

/* @param run so many pages are neighbours */
static void scatter(unsigned int run)
{
	for (unsigned int i = 0; i < PAGES; i++)
		iova_of[i] = (uint64_t)(PAGES - i / run * run + i % run) * 2 * PAGE -
			     (uint64_t)(i % run) * PAGE;
	for (unsigned int i = 0; i < LISTS; i++) {
		lists[i].entries = entries[i];
		lists[i].iova = UINT64_C(0x800000000) + (LISTS - i) * 3 * PAGE;
		memset(entries[i], 0xee, PAGE);
	}
}

static const uint64_t *list_at(uint64_t iova)
{
	for (unsigned int i = 0; i < LISTS; i++) {
		if (lists[i].iova == iova)
			return entries[i];
	}
	ck_abort_msg("no list at %#llx", (unsigned long long)iova);
	return NULL;
}

/* The device's side: the IOVA of each page in turn. */
static void check_as_device(const struct nvme_prp *prp, uint64_t offset, uint64_t length)
{
	uint64_t first = PAGE - offset % PAGE, done, rest, left;
	const uint64_t *list = NULL;
	unsigned int entry = 0;

	ck_assert_uint_eq(prp->first, iova_of[offset / PAGE] + offset % PAGE);
	if (length <= first) {
		ck_assert_uint_eq(prp->second, 0);
		return;
	}
	rest = length - first;
	if (rest > PAGE)
		list = list_at(prp->second);
	for (done = 0; done < rest; done += PAGE) {
		uint64_t got = prp->second;

		if (list) {
			left = (rest - done + PAGE - 1) / PAGE;
			if (entry == PAGE / 8 - 1 && left > 1) {
				list = list_at(le64toh(list[entry]));
				entry = 0;
			}
			got = le64toh(list[entry++]);
		}
		ck_assert_uint_eq(got, iova_of[(offset + first + done) / PAGE]);
	}
}

static int build(uint64_t offset, uint64_t length, unsigned int list_count, struct nvme_prp *prp,
		 struct nvme_failure *failure)
{
	const struct nvme_prp_job job = {
		.address = (const void *)(uintptr_t)(BASE + offset),
		.length = length,
		.page_size = PAGE,
		.lists = lists,
		.list_count = list_count,
		.locate = locate,
	};

	return nvme_prp_build(&job, prp, failure);
}

START_TEST(every_offset)
{
	static const uint64_t lengths[] = { 4,        512,        PAGE - 4,   PAGE,
					    PAGE + 4, 2 * PAGE,   3 * PAGE,   64 * 1024,
					    131072,   511 * PAGE, 512 * PAGE, 513 * PAGE };
	struct nvme_failure failure;
	struct nvme_prp prp;

	for (unsigned int run = 1; run <= 7; run += 3) {
		scatter(run);
		for (uint64_t offset = 0; offset < PAGE; offset += 4) {
			/* The long ones are walked at some offsets only. */
			size_t count =
				sizeof(lengths) / sizeof(lengths[0]) - (offset % 256 ? 5 : 0);

			for (size_t i = 0; i < count; i++) {
				ck_assert_int_eq(build(offset, lengths[i], LISTS, &prp, &failure),
						 0);
				check_as_device(&prp, offset, lengths[i]);
			}
		}
	}
}
END_TEST

/* Around the borders where a list is full and where another one begins. */
START_TEST(chains)
{
	struct nvme_failure failure;
	struct nvme_prp prp;

	scatter(1);
	for (unsigned int list = 1; list <= 5; list++) {
		for (int delta = -3; delta <= 3; delta++) {
			uint64_t length = (uint64_t)((int)(list * 511) + delta) * PAGE;
			unsigned int needed = nvme_prp_lists_for(length, PAGE);

			for (uint64_t offset = 0; offset < PAGE; offset += 1364) {
				ck_assert_int_eq(build(offset, length, needed, &prp, &failure), 0);
				check_as_device(&prp, offset, length);
			}
			/* One that begins within a page needs all of them. */
			ck_assert_int_eq(build(4, length, needed - 1, &prp, &failure), -E2BIG);
		}
	}
}
END_TEST

START_TEST(lists_needed)
{
	ck_assert_uint_eq(nvme_prp_lists_for(512, PAGE), 0);
	ck_assert_uint_eq(nvme_prp_lists_for(PAGE, PAGE), 0);
	ck_assert_uint_eq(nvme_prp_lists_for(2 * PAGE, PAGE), 1);
	ck_assert_uint_eq(nvme_prp_lists_for(512 * PAGE, PAGE), 1);
	ck_assert_uint_eq(nvme_prp_lists_for(513 * PAGE, PAGE), 2);
	ck_assert_uint_eq(nvme_prp_lists_for((511 + 512) * PAGE, PAGE), 2);
	ck_assert_uint_eq(nvme_prp_lists_for((511 + 513) * PAGE, PAGE), 3);
}
END_TEST

START_TEST(refused)
{
	struct nvme_failure failure;
	struct nvme_prp prp;

	scatter(1);
	ck_assert_int_eq(build(2, PAGE, LISTS, &prp, &failure), -EINVAL);
	ck_assert_ptr_nonnull(strstr(failure.text, "middle of a word"));
	ck_assert_int_eq(build((PAGES - 1) * PAGE, PAGE + 4, LISTS, &prp, &failure), -EFAULT);
	ck_assert_int_eq(build(0, 3 * PAGE, 0, &prp, &failure), -E2BIG);
	/* A page that begins where no page of the controller begins. */
	iova_of[1] += 512;
	ck_assert_int_eq(build(0, 2 * PAGE, LISTS, &prp, &failure), -EINVAL);
	ck_assert_ptr_nonnull(strstr(failure.text, "middle of a page"));
}
END_TEST

/* The controller's pages are larger than what the memory is made of. */
START_TEST(larger_pages)
{
	struct nvme_prp_job job = {
		.address = (const void *)(uintptr_t)BASE,
		.length = 4 * PAGE,
		.page_size = 2 * PAGE,
		.lists = lists,
		.list_count = 1,
		.locate = locate,
	};
	struct nvme_failure failure;
	struct nvme_prp prp;

	scatter(1);
	ck_assert_int_eq(nvme_prp_build(&job, &prp, &failure), -EINVAL);
	ck_assert_ptr_nonnull(strstr(failure.text, "breaks within a page"));
	for (unsigned int i = 0; i < 4; i++)
		iova_of[i] = 0x100000 + i * PAGE;
	iova_of[2] = 0x200000;
	iova_of[3] = 0x201000;
	ck_assert_int_eq(nvme_prp_build(&job, &prp, &failure), 0);
	ck_assert_uint_eq(prp.first, 0x100000);
	ck_assert_uint_eq(prp.second, 0x200000);
}
END_TEST

START_TEST(description)
{
	struct nvme_prp_job job = {
		.address = (const void *)(uintptr_t)(BASE + 512),
		.length = 4 * PAGE,
		.page_size = PAGE,
		.lists = lists,
		.list_count = LISTS,
		.locate = locate,
	};
	struct nvme_failure failure;
	struct nvme_prp prp;
	char text[128];

	scatter(1);
	for (unsigned int i = 0; i < 3; i++)
		iova_of[i] = 0x10000 + i * PAGE;
	iova_of[3] = 0x80000;
	iova_of[4] = 0x81000;
	ck_assert_int_eq(nvme_prp_build(&job, &prp, &failure), 0);
	nvme_prp_describe(&job, &prp, text, sizeof(text));
	ck_assert_str_eq(text, "0x10200-0x12fff 0x80000-0x811ff");
	/* Through all lists, and more ranges than there is room for. */
	scatter(1);
	job.length = 2500 * PAGE;
	ck_assert_int_eq(nvme_prp_build(&job, &prp, &failure), 0);
	nvme_prp_describe(&job, &prp, text, sizeof(text));
	ck_assert_ptr_nonnull(strstr(text, " ..."));
	for (unsigned int i = 0; i < PAGES; i++)
		iova_of[i] = 0x1000000 + i * PAGE;
	ck_assert_int_eq(nvme_prp_build(&job, &prp, &failure), 0);
	nvme_prp_describe(&job, &prp, text, sizeof(text));
	ck_assert_str_eq(text, "0x1000200-0x19c41ff");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("nvme-prp");
	TCase *tcase = tcase_create("prp");

	tcase_add_test(tcase, every_offset);
	tcase_add_test(tcase, chains);
	tcase_add_test(tcase, lists_needed);
	tcase_add_test(tcase, refused);
	tcase_add_test(tcase, larger_pages);
	tcase_add_test(tcase, description);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
