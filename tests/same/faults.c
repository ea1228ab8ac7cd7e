/* SPDX-License-Identifier: BSD-2-Clause */
/* Page requests: groups, answers, and what becomes of both when somebody leaves. */
#include "tests/same/same.h"

#include <inttypes.h>
#include <poll.h>

static struct libiommu_fault_queue *queue;
static struct libiommu_device *dev;
static struct libiommu_endpoint *rid, *one;
static struct libiommu_domain *d, *e;
static struct libiommu_fault_group group = LIBIOMMU_FAULT_GROUP_INIT;

static void readable(struct same *s, const char *step)
{
	struct pollfd fd = { .fd = libiommu_fault_queue_fd(queue), .events = POLLIN };

	same_truth(s, step, poll(&fd, 1, 0) == 1 && fd.revents & POLLIN);
}

static void next(struct same *s, const char *step)
{
	struct libiommu_page_request request;
	struct libiommu_error *err;
	size_t count = 1;
	int code = libiommu_fault_queue_next(queue, &group, &request, &count, &err);

	if (code)
		same_call(s, step, code, err);
	else
		same_fact(s, step, "%zu: %s %" PRIu32 ", group %" PRIu32 ", %#" PRIx64 " %" PRIu32,
			  count, group.has_pasid ? "PASID" : "device", group.pasid, group.number,
			  request.address, request.access);
}

static int answer(uint64_t cookie, bool yes, struct libiommu_error **err)
{
	return libiommu_fault_queue_respond(
		queue, cookie, yes ? LIBIOMMU_FAULT_RESOLVED : LIBIOMMU_FAULT_REFUSED, err);
}

static void ask(struct same *s, const char *step, struct libiommu_endpoint *ep, uint32_t number,
		uint64_t iova)
{
	same_truth(s, step, s->world->ask(ep, number, LIBIOMMU_PROT_READ, iova));
}

static void groups(struct same *s)
{
	uint64_t first;

	readable(s, "readable before anybody asks");
	next(s, "next before anybody asks");
	SAME_CALL("attach", libiommu_endpoint_attach(rid, d, &err));
	SAME_CALL("attach a PASID", libiommu_endpoint_attach(one, d, &err));
	ask(s, "the device asks", rid, 7, SAME_IOVA);
	readable(s, "readable then");
	next(s, "its request");
	first = group.cookie;
	readable(s, "readable when it is taken");
	ask(s, "the PASID asks", one, 8, SAME_IOVA + SAME_PAGE);
	ask(s, "the device asks again", rid, 9, SAME_IOVA + 2 * SAME_PAGE);
	next(s, "the second request");
	readable(s, "readable for the third");
	SAME_CALL("answer the second", answer(group.cookie, true, &err));
	SAME_CALL("answer it again", answer(group.cookie, true, &err));
	SAME_CALL("answer the first", answer(first, false, &err));
	next(s, "the third request");
	SAME_CALL("answer what was never asked", answer(group.cookie + 1000, true, &err));
	SAME_CALL("answer the third", answer(group.cookie, true, &err));
	next(s, "next when there is none");
}

static void leaving(struct same *s)
{
	uint64_t late;

	ask(s, "ask before a detach", rid, 1, SAME_IOVA);
	ask(s, "and once more", rid, 2, SAME_IOVA + SAME_PAGE);
	next(s, "one of them");
	late = group.cookie;
	SAME_CALL("detach", libiommu_endpoint_detach(rid, 0, &err));
	readable(s, "readable after the detach");
	next(s, "the other one is gone");
	SAME_CALL("a late answer", answer(late, true, &err));
	SAME_CALL("attach again", libiommu_endpoint_attach(rid, d, &err));
	ask(s, "ask anew", rid, 3, SAME_IOVA);
	next(s, "the new one");
	SAME_CALL("the late answer again", answer(late, true, &err));
	SAME_CALL("replace", libiommu_endpoint_replace(rid, e, 0, &err));
	SAME_CALL("an answer after a replace", answer(group.cookie, true, &err));
	ask(s, "ask the new domain", rid, 4, SAME_IOVA);
	next(s, "its request in the same queue");
	SAME_CALL("answer that", answer(group.cookie, true, &err));
	SAME_CALL("the device leaves", libiommu_endpoint_detach(rid, 0, &err));
	ask(s, "the PASID asks alone", one, 5, SAME_IOVA);
	next(s, "that");
	SAME_CALL("the PASID leaves", libiommu_endpoint_detach(one, 0, &err));
	SAME_CALL("an answer after that", answer(group.cookie, true, &err));
}

/* A nest parent's page requests would be nobody's, and the kernel's queues have no bound. */
static void wishes(struct same *s)
{
	struct libiommu_fault_queue_options opts = LIBIOMMU_FAULT_QUEUE_OPTIONS_INIT;
	struct libiommu_fault_queue *bound = NULL;

	opts.depth = 2;
	SAME_CALL("a queue with a depth", libiommu_fault_queue_new(s->ctx, &opts, &bound, &err));
	same_fact(s, "requests without an answer", "%" PRIu64,
		  libiommu_fault_queue_overflows(queue));
}

static void ends(struct same *s)
{
	SAME_HELD("free the queue", libiommu_fault_queue_free(queue, &err));
	SAME_CALL("free one domain", libiommu_domain_free(d, &err));
	SAME_CALL("and the other", libiommu_domain_free(e, &err));
	SAME_CALL("free the queue then", libiommu_fault_queue_free(queue, &err));
}

void same_faults(struct same *s)
{
	SAME_MUST("a queue", libiommu_fault_queue_new(s->ctx, NULL, &queue, &err));
	dev = same_open(s, SAME_NUMBERED);
	rid = libiommu_device_endpoint(dev);
	d = same_domain(s, true, false, queue);
	e = same_domain(s, true, false, queue);
	SAME_MUST("a PASID", libiommu_pasid_open(dev, 6, &one, &err));
	groups(s);
	leaving(s);
	wishes(s);
	ends(s);
}
