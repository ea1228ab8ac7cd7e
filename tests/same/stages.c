/* SPDX-License-Identifier: BSD-2-Clause */
/* Nest parents and the domains on them. The kernel's test devices cache four words of a stage 1. */
#include "tests/same/same.h"

#include <string.h>

#define CACHED 0x12345678u

static struct libiommu_device *dev;
static struct libiommu_endpoint *rid, *one, *twin;
static struct libiommu_domain *plain, *parent, *n, *m;
static struct libiommu_fault_queue *queue;

static int nest_asking(struct libiommu_domain *on, bool pasid, struct libiommu_fault_queue *faults,
		       struct libiommu_domain **out, struct libiommu_error **err)
{
	const struct libiommu_stage1_selftest stage1 = { .iotlb = CACHED };
	struct libiommu_nested_options opts = LIBIOMMU_NESTED_OPTIONS_INIT;

	opts.type = LIBIOMMU_STAGE1_SELFTEST;
	opts.data = &stage1;
	opts.data_length = sizeof(stage1);
	opts.pasid = pasid;
	opts.faults = faults;
	return libiommu_domain_new_nested(dev, on, &opts, out, err);
}

static int nest(struct libiommu_domain *on, bool pasid, struct libiommu_domain **out,
		struct libiommu_error **err)
{
	return nest_asking(on, pasid, NULL, out, err);
}

/* What other hardware would take. */
static int nest_wrongly(enum libiommu_stage1_type type, struct libiommu_error **err)
{
	static const union {
		struct libiommu_stage1_vtd vtd;
		struct libiommu_stage1_smmuv3 smmuv3;
		struct libiommu_stage1_amd amd;
		struct libiommu_stage1_riscv riscv;
	} data = { .vtd = { .root = 0x1000, .address_width = 48 } };
	struct libiommu_nested_options opts = LIBIOMMU_NESTED_OPTIONS_INIT;
	struct libiommu_domain *out = NULL;

	opts.type = type;
	opts.data = &data;
	opts.data_length = type == LIBIOMMU_STAGE1_VTD      ? sizeof(data.vtd)
			   : type == LIBIOMMU_STAGE1_SMMUV3 ? sizeof(data.smmuv3)
			   : type == LIBIOMMU_STAGE1_AMD    ? sizeof(data.amd)
							    : sizeof(data.riscv);
	return libiommu_domain_new_nested(dev, parent, &opts, &out, err);
}

static void hardware(struct same *s)
{
	struct libiommu_cap_answer nesting = LIBIOMMU_CAP_ANSWER_INIT;
	struct libiommu_hw_info info = LIBIOMMU_HW_INFO_INIT;

	SAME_CALL("what the hardware is", libiommu_device_hw_info(dev, &info, &err));
	same_fact(s, "its type", "%#x", (unsigned int)info.type);
	same_fact(s, "its register", "%zu bytes, %#x", info.length, info.data.selftest.reg);
	libiommu_device_cap(dev, LIBIOMMU_CAP_NESTING, &nesting, NULL);
	same_truth(s, "it can nest", nesting.answer == LIBIOMMU_ANSWER_YES);
}

static void parents(struct same *s)
{
	struct libiommu_domain_options opts = LIBIOMMU_DOMAIN_OPTIONS_INIT;
	struct libiommu_domain *out = NULL;

	SAME_MUST("a queue", libiommu_fault_queue_new(s->ctx, NULL, &queue, &err));
	opts.nest_parent = true;
	opts.faults = queue;
	SAME_CALL("a parent with a queue", libiommu_domain_new(s->ctx, &opts, &out, &err));
	SAME_CALL("on a domain that is no parent", nest(plain, true, &out, &err));
	SAME_CALL("map into the parent", same_map(s, parent, SAME_PAGE, 0, &err));
	SAME_CALL("on a parent that the device cannot reach", nest(parent, true, &out, &err));
	SAME_CALL("take that away",
		  libiommu_domain_unmap(parent, SAME_PAGE, SAME_PAGE, NULL, &err));
	SAME_CALL("a stage 1 of another hardware", nest_wrongly(LIBIOMMU_STAGE1_VTD, &err));
	SAME_CALL("one of SMMUv3's", nest_wrongly(LIBIOMMU_STAGE1_SMMUV3, &err));
	SAME_CALL("one of AMD's", nest_wrongly(LIBIOMMU_STAGE1_AMD, &err));
	SAME_CALL("one that no kernel has", nest_wrongly(LIBIOMMU_STAGE1_RISCV, &err));
	SAME_MUST("a stage 1", nest(parent, true, &n, &err));
	SAME_CALL("on a stage 1", nest(n, true, &out, &err));
	SAME_CALL("map into the stage 1", same_map(s, n, SAME_IOVA, 0, &err));
	SAME_CALL("map into the parent below it", same_map(s, parent, SAME_IOVA, 0, &err));
	SAME_CALL("and out of reach", same_map(s, parent, SAME_PAGE, 1, &err));
	SAME_HELD("free the parent", libiommu_domain_free(parent, &err));
}

static void cache(struct same *s, struct libiommu_endpoint *ep, const char *step, uint32_t value)
{
	unsigned int count = 0;

	for (uint32_t i = 0; i < 4; i++)
		count += s->world->cached(ep, i, value);
	same_fact(s, step, "%u of 4", count);
}

static void attached(struct same *s)
{
	SAME_CALL("attach to the parent", libiommu_endpoint_attach(rid, parent, &err));
	same_truth(s, "the parent's mappings are reached", same_reaches(s, rid, SAME_IOVA, 0));
	SAME_CALL("replace by the stage 1", libiommu_endpoint_replace(rid, n, 0, &err));
	cache(s, rid, "what it caches", CACHED);
	SAME_MUST("one that is not for PASIDs", nest(parent, false, &m, &err));
	SAME_MUST("a PASID", libiommu_pasid_open(dev, 5, &one, &err));
	SAME_CALL("into that", libiommu_endpoint_attach(one, m, &err));
	SAME_MUST("into the stage 1", libiommu_endpoint_attach(one, n, &err));
	SAME_CALL("the device into that", libiommu_endpoint_replace(rid, m, 0, &err));
	SAME_CALL("free the one", libiommu_domain_free(m, &err));
	SAME_CALL("another device into the stage 1", libiommu_endpoint_attach(twin, n, &err));
	cache(s, twin, "what that one caches", CACHED);
	SAME_CALL("it leaves", libiommu_endpoint_detach(twin, 0, &err));
	SAME_HELD("free the other", libiommu_domain_free(n, &err));
}

static void invalidate(struct same *s)
{
	const struct libiommu_invalidation all = { .kind = LIBIOMMU_INVALIDATE_ALL };
	uint32_t raw[4][2] = { { 0, 1 }, { 0, 2 }, { 0, 9 }, { 0, 3 } };
	size_t count = 4;

	SAME_CALL("a bad command among good ones",
		  libiommu_domain_invalidate_raw(n, 0xdeadbeef, raw, sizeof(raw[0]), &count, &err));
	same_fact(s, "of them were done", "%zu", count);
	cache(s, rid, "and dropped", 0);
	count = 0;
	SAME_CALL("is the type known",
		  libiommu_domain_invalidate_raw(n, 0xdeadbeef, NULL, 8, &count, &err));
	SAME_CALL("is another one known",
		  libiommu_domain_invalidate_raw(n, 0xdadbeef, NULL, 8, &count, &err));
	count = 1;
	SAME_CALL("entries of no length",
		  libiommu_domain_invalidate_raw(n, 0xdeadbeef, raw, 0, &count, &err));
	count = 1;
	SAME_CALL("entries that are too long",
		  libiommu_domain_invalidate_raw(n, 0xdeadbeef, raw, 5000, &count, &err));
	count = 1;
	SAME_CALL("everything", libiommu_domain_invalidate(n, &all, &count, &err));
	same_fact(s, "was done", "%zu", count);
	cache(s, rid, "and everything dropped", 0);
	count = 1;
	SAME_CALL("of a domain without a stage 1",
		  libiommu_domain_invalidate(parent, &all, &count, &err));
}

/* One entry, in the interface's own form. */
static void entry(struct same *s, const char *step, uint32_t type, const void *words, size_t length)
{
	size_t count = 1;

	SAME_CALL(step, libiommu_domain_invalidate_raw(m, type, words, length, &count, &err));
}

/* More than the library passes on at once. */
static void many_entries(struct same *s)
{
	struct libiommu_invalidation all[100];
	uint32_t words[100][2] = { { 0 } };
	size_t count = 100;

	for (size_t i = 0; i < count; i++)
		all[i] = (struct libiommu_invalidation){ .kind = LIBIOMMU_INVALIDATE_ALL };
	words[70][1] = 4;
	SAME_CALL("one of many is bad",
		  libiommu_domain_invalidate_raw(n, 0xdeadbeef, words, 8, &count, &err));
	same_fact(s, "so many were done", "%zu", count);
	all[70].flags = 2;
	count = 100;
	SAME_CALL("one of many has a bad flag", libiommu_domain_invalidate(n, all, &count, &err));
	same_fact(s, "so many were done of these", "%zu", count);
	all[70].flags = LIBIOMMU_INVALIDATE_LEAVES;
	count = 100;
	SAME_CALL("all of many are good", libiommu_domain_invalidate(n, all, &count, &err));
	same_fact(s, "these were done", "%zu", count);
}

static void odd_entries(struct same *s)
{
	const struct libiommu_invalidation range = {
		.kind = LIBIOMMU_INVALIDATE_RANGE,
		.range = { SAME_IOVA + 1, SAME_IOVA + 1 },
	};
	const uint32_t words[4] = { 0 }, flag[2] = { 2, 0 }, all[2] = { 1, 9 },
		       more[4] = { 0, 3, 1, 0 };
	size_t count = 1;

	SAME_MUST("a stage 1 for odd entries", nest(parent, true, &m, &err));
	SAME_MUST("the device into it", libiommu_endpoint_replace(rid, m, 0, &err));
	entry(s, "an unknown flag", 0xdeadbeef, flag, 8);
	entry(s, "an entry of another type", 0xdadbeef, words, 8);
	entry(s, "an entry that is too short", 0xdeadbeef, words, 4);
	entry(s, "an entry with more in it", 0xdeadbeef, more, 16);
	entry(s, "everything, and a number that there is not", 0xdeadbeef, all, 8);
	cache(s, rid, "it caches what it did", CACHED);
	entry(s, "an entry with nothing more in it", 0xdeadbeef, words, 16);
	cache(s, rid, "that was one", CACHED);
	SAME_CALL("take the parent's mapping away",
		  libiommu_domain_unmap(parent, SAME_IOVA, SAME_PAGE, NULL, &err));
	cache(s, rid, "it caches no addresses", CACHED);
	SAME_CALL("half a page", libiommu_domain_invalidate(m, &range, &count, &err));
	cache(s, rid, "that was everything", 0);
	SAME_CALL("the PASID into it", libiommu_endpoint_replace(one, m, 0, &err));
	cache(s, one, "what the PASID caches", 0);
	SAME_HELD("free it with a PASID in it", libiommu_domain_free(m, &err));
	SAME_CALL("the PASID into the parent", libiommu_endpoint_replace(one, parent, 0, &err));
	SAME_CALL("map that anew", same_map(s, parent, SAME_IOVA, 2, &err));
	same_truth(s, "the PASID reaches that", same_reaches(s, one, SAME_IOVA, 2));
	SAME_MUST("the PASID goes back", libiommu_endpoint_replace(one, n, 0, &err));
	SAME_MUST("back to the other stage 1", libiommu_endpoint_replace(rid, n, 0, &err));
	SAME_CALL("free it", libiommu_domain_free(m, &err));
}

/* What a stage 1 lacks it asks for in a queue of its own. */
static void asking(struct same *s)
{
	struct libiommu_fault_group group = LIBIOMMU_FAULT_GROUP_INIT;
	struct libiommu_page_request request = { 0 };
	size_t count = 1;

	SAME_MUST("a stage 1 with a queue", nest_asking(parent, true, queue, &m, &err));
	SAME_MUST("the device asks there", libiommu_endpoint_replace(rid, m, 0, &err));
	same_truth(s, "ask", s->world->ask(rid, 2, LIBIOMMU_PROT_WRITE, SAME_IOVA));
	SAME_CALL("its request", libiommu_fault_queue_next(queue, &group, &request, &count, &err));
	same_fact(s, "what it asks for", "%zu: group %u, %#llx %u", count, group.number,
		  (unsigned long long)request.address, request.access);
	SAME_HELD("free its queue", libiommu_fault_queue_free(queue, &err));
	SAME_MUST("the device goes back", libiommu_endpoint_replace(rid, n, 0, &err));
	SAME_CALL("answer it",
		  libiommu_fault_queue_respond(queue, group.cookie, LIBIOMMU_FAULT_RESOLVED, &err));
	SAME_CALL("free the stage 1 with a queue", libiommu_domain_free(m, &err));
	SAME_CALL("free its queue then", libiommu_fault_queue_free(queue, &err));
}

static void leave(struct same *s)
{
	SAME_CALL("the PASID leaves", libiommu_endpoint_detach(one, 0, &err));
	SAME_CALL("close it", libiommu_pasid_close(one, &err));
	SAME_CALL("the device leaves", libiommu_endpoint_detach(rid, 0, &err));
	SAME_CALL("free the stage 1", libiommu_domain_free(n, &err));
	SAME_CALL("map out of reach again", same_map(s, parent, SAME_PAGE, 1, &err));
	SAME_CALL("free the parent at last", libiommu_domain_free(parent, &err));
}

void same_stages(struct same *s)
{
	dev = same_open(s, SAME_NUMBERED);
	rid = libiommu_device_endpoint(dev);
	twin = libiommu_device_endpoint(same_open(s, SAME_TWIN));
	plain = same_domain(s, true, false, NULL);
	parent = same_domain(s, true, true, NULL);
	hardware(s);
	parents(s);
	attached(s);
	invalidate(s);
	many_entries(s);
	odd_entries(s);
	asking(s);
	leave(s);
}
