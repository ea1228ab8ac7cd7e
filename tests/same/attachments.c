/* SPDX-License-Identifier: BSD-2-Clause */
/* Who is in which domain, and what a change of that does to mappings. */
#include "tests/same/same.h"

static struct libiommu_endpoint *plain, *twin;
static struct libiommu_domain *d, *e;

static void attach(struct same *s)
{
	SAME_CALL("map", same_map(s, d, SAME_IOVA, 0, &err));
	SAME_CALL("attach", libiommu_endpoint_attach(plain, d, &err));
	SAME_CALL("attach again", libiommu_endpoint_attach(plain, d, &err));
	SAME_CALL("attach elsewhere", libiommu_endpoint_attach(plain, e, &err));
	SAME_CALL("another device", libiommu_endpoint_attach(twin, d, &err));
	same_truth(s, "it reaches the same", same_reaches(s, twin, SAME_IOVA, 0));
	SAME_HELD("free the domain", libiommu_domain_free(d, &err));
	SAME_HELD("close the device", libiommu_device_close(libiommu_endpoint_device(plain), &err));
}

static void replace(struct same *s)
{
	SAME_CALL("map into another domain", same_map(s, e, SAME_IOVA, 1, &err));
	SAME_CALL("replace", libiommu_endpoint_replace(plain, e, 0, &err));
	same_truth(s, "the new domain is reached", same_reaches(s, plain, SAME_IOVA, 1));
	same_truth(s, "the other device stays", same_reaches(s, twin, SAME_IOVA, 0));
	SAME_CALL("replace by the same", libiommu_endpoint_replace(plain, e, 0, &err));
	SAME_CALL("map below the aperture is refused", same_map(s, e, SAME_PAGE, 2, &err));
	SAME_CALL("replace back", libiommu_endpoint_replace(plain, d, 0, &err));
	SAME_CALL("map below the aperture of nobody", same_map(s, e, SAME_PAGE, 2, &err));
	SAME_CALL("replace by what is out of reach", libiommu_endpoint_replace(plain, e, 0, &err));
	same_truth(s, "the old domain stays", same_reaches(s, plain, SAME_IOVA, 0));
}

static void detach(struct same *s)
{
	SAME_CALL("detach", libiommu_endpoint_detach(plain, 0, &err));
	SAME_CALL("detach again", libiommu_endpoint_detach(plain, 0, &err));
	SAME_CALL("replace of a detached one", libiommu_endpoint_replace(plain, d, 0, &err));
	same_truth(s, "the other one still reaches it", same_reaches(s, twin, SAME_IOVA, 0));
	SAME_CALL("the other one leaves", libiommu_endpoint_detach(twin, 0, &err));
	SAME_CALL("map below the aperture again", same_map(s, d, SAME_PAGE, 3, &err));
	SAME_CALL("and take it away", libiommu_domain_unmap(d, SAME_PAGE, SAME_PAGE, NULL, &err));
	SAME_CALL("attach after all", libiommu_endpoint_attach(twin, d, &err));
	same_truth(s, "mappings survive", same_reaches(s, twin, SAME_IOVA, 0));
	SAME_CALL("the end", libiommu_endpoint_detach(twin, 0, &err));
	SAME_CALL("free", libiommu_domain_free(d, &err));
}

void same_attachments(struct same *s)
{
	plain = libiommu_device_endpoint(same_open(s, SAME_PLAIN));
	twin = libiommu_device_endpoint(same_open(s, SAME_TWIN));
	d = same_domain(s, false, false, NULL);
	e = same_domain(s, false, false, NULL);
	attach(s);
	replace(s);
	detach(s);
}
