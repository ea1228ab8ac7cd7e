/* SPDX-License-Identifier: BSD-2-Clause */
/* The IOVAs that the library chooses, beside an array of pages that is searched from end to end. */
#include "tests/unit/run.h"

#include <libiommu/libiommu.h>

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define PAGE      UINT64_C(4096)
#define PAGES     400
#define ROUNDS    60000
#define GUARD_MAX 12

static struct libiommu_ctx *ctx;
static struct libiommu_domain *dom;
static bool usable[PAGES];
static unsigned int owner[PAGES]; /* first page of its mapping and 1; 0: free */
static unsigned int guard[PAGES]; /* of the mapping that begins here */

static void start(void)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;

	opts.backend = "mock";
	ck_assert_int_eq(libiommu_ctx_new(&opts, &ctx, NULL), 0);
	ck_assert_int_eq(libiommu_domain_new(ctx, NULL, &dom, NULL), 0);
	memset(owner, 0, sizeof(owner));
}

/* All but page 0, with a gap of some pages that moves. Mappings must stay inside. */
static void allow(unsigned int gap, unsigned int pages)
{
	const struct libiommu_range ranges[] = {
		{ 0, gap * PAGE - 1 },
		{ (gap + pages) * PAGE, PAGES * PAGE - 1 },
	};
	bool fits = true;

	for (unsigned int i = gap; i < gap + pages; i++)
		fits = fits && !owner[i];
	ck_assert_int_eq(!libiommu_domain_set_allowed(dom, ranges, 2, NULL), fits);
	for (unsigned int i = 0; fits && i < PAGES; i++)
		usable[i] = i && (i < gap || i >= gap + pages);
}

/* No mapping within `apart` pages of any of these, and these in nobody's guard. */
static bool undisturbed(unsigned int first, unsigned int pages, unsigned int apart)
{
	unsigned int from = first > GUARD_MAX ? first - GUARD_MAX : 0;

	for (unsigned int i = from; i < PAGES && i < first + pages + GUARD_MAX; i++) {
		unsigned int needed = owner[i] ? guard[owner[i] - 1] : 0;

		if (needed < apart)
			needed = apart;
		if (owner[i] && i + needed >= first && i < first + pages + needed)
			return false;
	}
	return true;
}

static unsigned int lowest(unsigned int pages, unsigned int apart)
{
	unsigned int run = 0;

	for (unsigned int i = 0; i < PAGES; i++) {
		unsigned int first = i - pages + 1;

		run = usable[i] ? run + 1 : 0;
		if (run >= pages && first >= apart && undisturbed(first, pages, apart))
			return first;
	}
	return PAGES;
}

static void put(unsigned int first, unsigned int pages, unsigned int apart)
{
	guard[first] = apart;
	for (unsigned int i = first; i < first + pages; i++)
		owner[i] = first + 1;
}

static void choose(unsigned int pages, unsigned int apart)
{
	struct libiommu_map_request request = LIBIOMMU_MAP_REQUEST_INIT;
	unsigned int expected = lowest(pages, apart);
	int code;

	request.any_iova = true;
	request.length = pages * PAGE;
	request.prot = LIBIOMMU_PROT_READ;
	request.source = libiommu_source_memory((void *)(uintptr_t)PAGE);
	request.guard = apart * PAGE;
	code = libiommu_domain_map_batch(dom, &request, 1, NULL, NULL);
	if (expected == PAGES) {
		ck_assert_int_eq(code, -libiommu_reason_errno(LIBIOMMU_REASON_IOVA_EXHAUSTED));
		return;
	}
	ck_assert_int_eq(code, 0);
	ck_assert_uint_eq(request.iova, expected * PAGE);
	put(expected, pages, apart);
}

/* Where the caller says, page 0 too. */
static void insist(unsigned int first, unsigned int pages)
{
	bool allowed = first + pages <= PAGES, free_there;
	int code;

	for (unsigned int i = first; allowed && i < first + pages; i++)
		allowed = usable[i] || !i;
	if (!allowed)
		return;
	free_there = undisturbed(first, pages, 0);
	code = libiommu_domain_map(dom, first * PAGE,
				   libiommu_source_memory((void *)(uintptr_t)PAGE), pages * PAGE,
				   LIBIOMMU_PROT_READ, NULL);
	ck_assert_int_eq(code,
			 free_there ? 0 : -libiommu_reason_errno(LIBIOMMU_REASON_MAPPING_EXISTS));
	if (free_there)
		put(first, pages, 0);
}

static void give_back(unsigned int page)
{
	unsigned int id = owner[page], first = id - 1, end = first;

	if (!id)
		return;
	while (end < PAGES && owner[end] == id)
		owner[end++] = 0;
	ck_assert_int_eq(libiommu_domain_unmap(dom, first * PAGE, (end - first) * PAGE, NULL, NULL),
			 0);
}

/* One choice in four wants a guard when there are guards. */
static void mix(unsigned int seed, unsigned int frees, bool guards)
{
	start();
	srand(seed);
	memset(usable, 0, sizeof(usable));
	allow(200, 3);
	for (unsigned int round = 0; round < (guards ? ROUNDS / 4 : ROUNDS); round++) {
		unsigned int dice = (unsigned int)rand() % 100, at = (unsigned int)rand() % PAGES;

		if (dice < frees)
			give_back(at);
		else if (dice < frees + 5)
			insist(at, 1 + at % 4);
		else if (dice < frees + 6)
			allow(1 + at % (PAGES - 10), 1 + at % 5);
		else
			choose(1 + (unsigned int)rand() % (at % 20 ? 3 : 20),
			       guards && at % 4 == 0
				       ? 1 + (unsigned int)rand() % (at % 5 ? 3 : GUARD_MAX)
				       : 0);
	}
	libiommu_ctx_free(ctx);
}

START_TEST(chosen_is_the_lowest_place)
{
	mix(1, 70, false);
	mix(2, 55, false);
	mix(3, 85, false);
}
END_TEST

START_TEST(guards_keep_neighbours_apart)
{
	mix(4, 70, true);
	mix(5, 55, true);
	mix(6, 40, true);
}
END_TEST

START_TEST(more_holes_than_are_remembered)
{
	start();
	memset(usable, 0, sizeof(usable));
	allow(390, 1);
	for (unsigned int round = 0; round < 20; round++) {
		while (lowest(1, 0) < PAGES)
			choose(1, 0);
		for (unsigned int i = PAGES - 1; i > 1; i -= 2)
			give_back(i - round % 2);
		choose(2, 0);
	}
	libiommu_ctx_free(ctx);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("iova");
	TCase *tcase = tcase_create("iova");

	tcase_set_timeout(tcase, 100);
	tcase_add_test(tcase, chosen_is_the_lowest_place);
	tcase_add_test(tcase, guards_keep_neighbours_apart);
	tcase_add_test(tcase, more_holes_than_are_remembered);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
