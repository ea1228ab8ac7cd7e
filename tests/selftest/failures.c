/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Every step inside the kernel that can fail is failed in turn, where two page tables are involved:
 * whatever is refused has changed nothing, neither here nor there, and works when it is asked again.
 */
#include "tests/selftest/cases.h"
#include "tests/selftest/nth.h"
#include "tests/selftest/stage.h"

#include <stdio.h>
#include <string.h>

/* More than there are. */
#define MANY 1000u

static struct libiommu_device *inside, *outside, *third;
static struct libiommu_domain *from, *to;
static bool automatic;
static uint32_t table, second, objects;

struct scenario {
	const char *name, *inside, *outside;
	void (*before)(void); /* once, when `inside` is in `from` with a mapping */
	int (*act)(struct libiommu_error **err);
	bool (*untouched)(void); /* beyond what is true for all of them */
	bool (*undo)(void);      /* what a success has done */
};

static int attach(struct libiommu_error **err)
{
	return libiommu_endpoint_attach(libiommu_device_endpoint(outside), from, err);
}

static int replace(struct libiommu_error **err)
{
	return libiommu_endpoint_replace(libiommu_device_endpoint(inside), to, 0, err);
}

static int map(struct libiommu_error **err)
{
	return libiommu_domain_map(from, IOVA + 8 * PAGE, libiommu_source_memory(memory + 8 * PAGE),
				   4 * PAGE, BOTH, err);
}

static bool alone(void)
{
	return !stage_table(outside) && libiommu_device_isolated(outside);
}

static bool outside_leaves(void)
{
	return !libiommu_endpoint_detach(libiommu_device_endpoint(outside), 0, NULL);
}

/* With a device whose page table `inside` cannot share. */
static void to_is_used(void)
{
	to = stage_domain();
	stage_map(to, IOVA, 4, 3);
	stage_attach(outside, to);
	second = stage_table(outside);
}

static bool to_is_left_alone(void)
{
	return stage_table(outside) == second && stage_holds(second, IOVA, 4, 3) &&
	       stage_pinned(4, 3, 1);
}

static bool inside_goes_back(void)
{
	if (libiommu_endpoint_replace(libiommu_device_endpoint(inside), from, 0, NULL))
		return false;
	/* Perhaps another one than before. */
	table = stage_table(inside);
	return true;
}

static void both_are_in(void)
{
	stage_attach(outside, from);
	second = stage_table(outside);
}

static bool neither_has_it(void)
{
	struct libiommu_mapping found = LIBIOMMU_MAPPING_INIT;

	return stage_table(outside) == second && stage_holds(second, IOVA, 0, 3) &&
	       stage_lacks(table, IOVA + 8 * PAGE, 8, 4) &&
	       stage_lacks(second, IOVA + 8 * PAGE, 8, 4) && stage_pinned(8, 4, 0) &&
	       libiommu_domain_find(from, NULL, IOVA + 8 * PAGE, &found) != 0;
}

static bool unmap_it(void)
{
	return !libiommu_domain_unmap(from, IOVA + 8 * PAGE, 4 * PAGE, NULL, NULL);
}

static int detach(struct libiommu_error **err)
{
	return libiommu_endpoint_detach(libiommu_device_endpoint(outside), 0, err);
}

static bool both_stay(void)
{
	return stage_table(outside) == second && stage_holds(second, IOVA, 0, 3) &&
	       libiommu_endpoint_domain(libiommu_device_endpoint(outside)) == from;
}

static bool outside_comes_back(void)
{
	if (libiommu_endpoint_attach(libiommu_device_endpoint(outside), from, NULL))
		return false;
	second = stage_table(outside);
	return true;
}

static int open_third(struct libiommu_error **err)
{
	return libiommu_device_open(ctx, TWIN, &third, err);
}

static bool close_third(void)
{
	return !libiommu_device_close(third, NULL);
}

static int ask(struct libiommu_error **err)
{
	struct libiommu_range ranges[4];
	size_t count = 4;

	return libiommu_device_iova_ranges(outside, ranges, &count, err);
}

/* What the kernel has told is kept until the device is closed. */
static bool forget(void)
{
	return !libiommu_device_close(outside, NULL) &&
	       !libiommu_device_open(ctx, OTHER, &outside, NULL);
}

static bool yes(void)
{
	return true;
}

static void nothing(void)
{
}

static bool untouched(const struct scenario *s)
{
	/* The kernel may have made a new one by itself when the device was put back. */
	if (automatic)
		table = stage_table(inside);
	return stage_table(inside) == table && stage_holds(table, IOVA, 0, 3) &&
	       stage_pinned(0, 3, 1) && stage_objects() == objects && s->untouched();
}

/* @return whether the n-th step was there to be failed */
static bool fail(const struct scenario *s, unsigned int n, unsigned int *refused, bool *right)
{
	struct libiommu_error *err;
	bool fired;
	int ret;

	objects = stage_objects();
	nth_arm(n);
	ret = s->act(&err);
	fired = nth_fired();
	nth_arm(0);
	if (!ret) {
		*right = s->undo();
		return fired;
	}
	++*refused;
	if (!fired || !untouched(s)) {
		*right = false;
		printf("%s: step %u: %s: %s\n", s->name, n,
		       libiommu_reason_name(libiommu_error_reason(err)),
		       libiommu_error_message(err));
	}
	libiommu_error_free(err);
	return fired;
}

static void run(const struct scenario *s, const char *config)
{
	unsigned int n = 1, refused = 0;
	bool right = true;
	char what[96];

	automatic = !strcmp(config, "hwpt=automatic");
	if (!stage_begin(s->name, config))
		return;
	inside = stage_open(s->inside);
	outside = stage_open(s->outside);
	from = stage_domain();
	stage_map(from, IOVA, 0, 3);
	stage_attach(inside, from);
	s->before();
	table = stage_table(inside);
	while (n < MANY && right && fail(s, n, &refused, &right))
		n++;
	printf("# %s: %u steps failed, %u times refused\n", s->name, n - 1, refused);
	snprintf(what, sizeof(what), "%s: steps in the kernel fail", s->name);
	tally(refused > 1 && n < MANY, what);
	snprintf(what, sizeof(what), "%s: what is refused has changed nothing", s->name);
	tally(right, what);
	stage_end();
}

void case_failures(void)
{
	static const struct scenario scenarios[] = {
		{ "failing attach", PLAIN, OTHER, nothing, attach, alone, outside_leaves },
		{ "failing replace", OTHER, PLAIN, to_is_used, replace, to_is_left_alone,
		  inside_goes_back },
		{ "failing detach", PLAIN, OTHER, both_are_in, detach, both_stay,
		  outside_comes_back },
		{ "failing open", PLAIN, OTHER, nothing, open_third, yes, close_third },
		{ "failing question", PLAIN, OTHER, nothing, ask, yes, forget },
		{ "failing map", PLAIN, OTHER, both_are_in, map, neither_has_it, unmap_it },
	};

	if (!tally(nth_init(), "this kernel can be made to fail"))
		return;
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++) {
		run(&scenarios[i], "hwpt=explicit");
		run(&scenarios[i], "hwpt=automatic");
	}
}
