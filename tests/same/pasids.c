/* SPDX-License-Identifier: BSD-2-Clause */
/* PASIDs: their numbers, their domains, and every rule in both orders. */
#include "tests/same/same.h"

#include <inttypes.h>

static struct libiommu_device *dev;
static struct libiommu_endpoint *rid, *one, *two;
static struct libiommu_domain *plain, *d, *e;

static int try_open(struct libiommu_device *of, uint32_t number, struct libiommu_error **err)
{
	struct libiommu_endpoint *ep = NULL;
	int code = libiommu_pasid_open(of, number, &ep, err);

	if (!code)
		libiommu_pasid_close(ep, NULL);
	return code;
}

static void numbers(struct same *s)
{
	struct libiommu_cap_answer bits = LIBIOMMU_CAP_ANSWER_INIT;
	struct libiommu_device *without = same_open(s, SAME_PLAIN);
	struct libiommu_endpoint *any = NULL;

	SAME_CALL("of a device without", try_open(without, 1, &err));
	libiommu_device_cap(dev, LIBIOMMU_CAP_PASIDS, &bits, NULL);
	same_fact(s, "width", "%" PRIu64, bits.value);
	SAME_CALL("number 0", try_open(dev, 0, &err));
	SAME_CALL("the last number", try_open(dev, (1u << 20) - 1, &err));
	SAME_CALL("one behind it", try_open(dev, 1u << 20, &err));
	SAME_MUST("number 1", libiommu_pasid_open(dev, 1, &one, &err));
	SAME_CALL("number 1 again", try_open(dev, 1, &err));
	SAME_MUST("any number", libiommu_pasid_open(dev, LIBIOMMU_PASID_ANY, &any, &err));
	same_fact(s, "which it is", "%" PRIu32, libiommu_endpoint_pasid(any));
	SAME_CALL("give it back", libiommu_pasid_close(any, &err));
	SAME_MUST("number 77", libiommu_pasid_open(dev, 77, &two, &err));
}

/* Both domains have to be for PASIDs, whichever comes first. */
static void orders(struct same *s)
{
	SAME_CALL("into a plain domain", libiommu_endpoint_attach(one, plain, &err));
	SAME_CALL("the device into a plain domain", libiommu_endpoint_attach(rid, plain, &err));
	SAME_CALL("beside it", libiommu_endpoint_attach(one, d, &err));
	SAME_CALL("the device leaves", libiommu_endpoint_detach(rid, 0, &err));
	SAME_MUST("attach", libiommu_endpoint_attach(one, d, &err));
	SAME_CALL("the device afterwards", libiommu_endpoint_attach(rid, plain, &err));
	SAME_CALL("the device into one for PASIDs", libiommu_endpoint_attach(rid, e, &err));
	SAME_CALL("replaced by a plain one", libiommu_endpoint_replace(rid, plain, 0, &err));
	SAME_CALL("a PASID into a plain one", libiommu_endpoint_replace(one, plain, 0, &err));
	SAME_CALL("attach twice", libiommu_endpoint_attach(one, d, &err));
	SAME_CALL("replace of a detached one", libiommu_endpoint_replace(two, d, 0, &err));
}

static void views(struct same *s, const char *when, unsigned int own, unsigned int first,
		  unsigned int second)
{
	same_fact(s, when, "%c%c%c", same_reaches(s, rid, SAME_IOVA, own) ? '+' : '-',
		  same_reaches(s, one, SAME_IOVA, first) ? '+' : '-',
		  same_reaches(s, two, SAME_IOVA, second) ? '+' : '-');
}

static void isolation(struct same *s)
{
	SAME_CALL("map for the one", same_map(s, d, SAME_IOVA, 1, &err));
	SAME_CALL("map for the device", same_map(s, e, SAME_IOVA, 2, &err));
	SAME_CALL("another PASID into the device's domain", libiommu_endpoint_attach(two, e, &err));
	views(s, "each reaches its own", 2, 1, 2);
	views(s, "and nothing of the others", 1, 2, 1);
	SAME_CALL("exchange one", libiommu_endpoint_replace(two, d, 0, &err));
	views(s, "it is in the other domain", 2, 1, 1);
	SAME_CALL("take the mapping away",
		  libiommu_domain_unmap(d, SAME_IOVA, SAME_PAGE, NULL, &err));
	views(s, "for both", 2, 1, 1);
	SAME_CALL("map out of reach", same_map(s, d, SAME_PAGE, 3, &err));
	SAME_CALL("map it again", same_map(s, d, SAME_IOVA, 1, &err));
}

static void conflicts(struct same *s)
{
	struct libiommu_domain *far = same_domain(s, true, false, NULL);

	SAME_CALL("map where nobody is", same_map(s, far, SAME_PAGE, 4, &err));
	SAME_CALL("replace by that", libiommu_endpoint_replace(one, far, 0, &err));
	views(s, "the old one stays", 2, 1, 1);
	SAME_CALL("detach one", libiommu_endpoint_detach(two, 0, &err));
	SAME_CALL("attach it to that", libiommu_endpoint_attach(two, far, &err));
	views(s, "it reaches nothing", 2, 1, 1);
	SAME_HELD("close an attached one", libiommu_pasid_close(one, &err));
	SAME_HELD("close its device", libiommu_device_close(dev, &err));
	SAME_HELD("free its domain", libiommu_domain_free(d, &err));
	SAME_CALL("the device leaves first", libiommu_endpoint_detach(rid, 0, &err));
	views(s, "PASIDs stay", 2, 1, 1);
	SAME_MUST("detach the last", libiommu_endpoint_detach(one, 0, &err));
	SAME_CALL("close it", libiommu_pasid_close(one, &err));
	SAME_CALL("close the other", libiommu_pasid_close(two, &err));
	SAME_CALL("free the domain", libiommu_domain_free(d, &err));
}

void same_pasids(struct same *s)
{
	dev = same_open(s, SAME_NUMBERED);
	rid = libiommu_device_endpoint(dev);
	plain = same_domain(s, false, false, NULL);
	d = same_domain(s, true, false, NULL);
	e = same_domain(s, true, false, NULL);
	numbers(s);
	orders(s);
	isolation(s);
	conflicts(s);
}
