/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PASIDs, nested domains and queues, with every step inside the kernel failing in turn: whatever is
 * refused has changed nothing, neither here nor there, and works when it is asked again.
 */
#include "tests/selftest/cases.h"
#include "tests/selftest/nth.h"
#include "tests/selftest/stage.h"

#include <libiommu/nesting.h>

#include <stdio.h>

/* More than there are. */
#define MANY 1000u

#define NUMBER 5u

static struct libiommu_device *dev;
static struct libiommu_domain *own, *other, *parent, *nested, *asking;
static struct libiommu_endpoint *pasid;
static struct libiommu_fault_queue *queue;
static uint32_t objects, rid_table, pasid_table;

static struct libiommu_domain *domain(bool nest_parent)
{
	struct libiommu_domain_options opts = LIBIOMMU_DOMAIN_OPTIONS_INIT;
	struct libiommu_domain *out = NULL;
	struct libiommu_error *err;
	int ret;

	opts.pasid = true;
	opts.nest_parent = nest_parent;
	ret = libiommu_domain_new(ctx, &opts, &out, &err);
	tally_call(ret, err, "a domain for PASIDs");
	return out;
}

static int attach(struct libiommu_error **err)
{
	return libiommu_endpoint_attach(pasid, other, err);
}

static bool attached(void)
{
	return stage_holds(devices_pasid(devices_find(NUMBERED), NUMBER), IOVA, 4, 2) &&
	       !libiommu_endpoint_detach(pasid, 0, NULL);
}

static void is_attached(void)
{
	int ret = libiommu_endpoint_attach(pasid, own, NULL);

	tally(!ret, "the PASID is attached");
}

static int replace(struct libiommu_error **err)
{
	return libiommu_endpoint_replace(pasid, other, 0, err);
}

static bool replaced(void)
{
	return stage_holds(devices_pasid(devices_find(NUMBERED), NUMBER), IOVA, 4, 2) &&
	       !libiommu_endpoint_replace(pasid, own, 0, NULL);
}

static int nest(struct libiommu_error **err)
{
	const struct libiommu_stage1_selftest stage1 = { .iotlb = 1 };
	struct libiommu_nested_options opts = LIBIOMMU_NESTED_OPTIONS_INIT;

	opts.type = LIBIOMMU_STAGE1_SELFTEST;
	opts.data = &stage1;
	opts.data_length = sizeof(stage1);
	opts.pasid = true;
	return libiommu_domain_new_nested(dev, parent, &opts, &nested, err);
}

static bool nests(void)
{
	return stage_pinned(8, 2, 1) && !libiommu_domain_free(nested, NULL) &&
	       stage_pinned(8, 2, 0);
}

static int make_queue(struct libiommu_error **err)
{
	return libiommu_fault_queue_new(ctx, NULL, &queue, err);
}

static bool has_queue(void)
{
	return !libiommu_fault_queue_free(queue, NULL);
}

static void has_asking_domain(void)
{
	struct libiommu_domain_options opts = LIBIOMMU_DOMAIN_OPTIONS_INIT;

	opts.pasid = true;
	tally(!make_queue(NULL), "a queue");
	opts.faults = queue;
	tally(!libiommu_domain_new(ctx, &opts, &asking, NULL), "a domain with a queue");
}

static int ask(struct libiommu_error **err)
{
	return libiommu_endpoint_attach(pasid, asking, err);
}

static bool asks(void)
{
	return !libiommu_endpoint_detach(pasid, 0, NULL);
}

static void nothing(void)
{
}

struct scenario {
	const char *name;
	void (*before)(void);
	int (*act)(struct libiommu_error **err);
	bool (*undo)(void); /* what a success has done, which it looks at first */
};

static bool untouched(void)
{
	return stage_objects() == objects && stage_table(dev) == rid_table &&
	       devices_pasid(devices_find(NUMBERED), NUMBER) == pasid_table &&
	       stage_holds(rid_table, IOVA, 0, 2);
}

/* @return whether the n-th step was there to be failed */
static bool fail(const struct scenario *s, unsigned int n, unsigned int *refused, bool *right)
{
	struct libiommu_error *err;
	bool fired;
	int ret;

	objects = stage_objects();
	pasid_table = devices_pasid(devices_find(NUMBERED), NUMBER);
	nth_arm(n);
	ret = s->act(&err);
	fired = nth_fired();
	nth_arm(0);
	if (!ret) {
		*right = s->undo();
		return fired;
	}
	++*refused;
	*right = fired && untouched();
	if (!*right)
		printf("%s: step %u: %s: %s\n", s->name, n,
		       libiommu_reason_name(libiommu_error_reason(err)),
		       libiommu_error_message(err));
	libiommu_error_free(err);
	return fired;
}

static void run(const struct scenario *s)
{
	unsigned int n = 1, refused = 0;
	bool right = true;
	char what[96];
	int ret;

	if (!stage_begin(s->name, "hwpt=automatic"))
		return;
	dev = stage_open(NUMBERED);
	own = domain(false);
	other = domain(false);
	parent = domain(true);
	stage_map(own, IOVA, 0, 2);
	stage_map(other, IOVA, 4, 2);
	stage_map(parent, IOVA, 8, 2);
	stage_attach(dev, own);
	rid_table = stage_table(dev);
	ret = libiommu_pasid_open(dev, NUMBER, &pasid, NULL);
	tally(!ret, "a PASID");
	s->before();
	while (n < MANY && right && fail(s, n, &refused, &right))
		n++;
	printf("# %s: %u steps failed, %u times refused\n", s->name, n - 1, refused);
	snprintf(what, sizeof(what), "%s: steps in the kernel fail", s->name);
	tally(refused > 1 && n < MANY, what);
	snprintf(what, sizeof(what), "%s: what is refused has changed nothing", s->name);
	tally(right, what);
	stage_end();
}

void case_stages(void)
{
	static const struct scenario scenarios[] = {
		{ "failing attach of a PASID", nothing, attach, attached },
		{ "failing replace of a PASID", is_attached, replace, replaced },
		{ "failing stage 1", nothing, nest, nests },
		{ "failing queue", nothing, make_queue, has_queue },
		{ "failing attach with a queue", has_asking_domain, ask, asks },
	};

	if (!tally(nth_init(), "this kernel can be made to fail here"))
		return;
	for (size_t i = 0; i < sizeof(scenarios) / sizeof(scenarios[0]); i++)
		run(&scenarios[i]);
}
