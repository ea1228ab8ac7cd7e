/* SPDX-License-Identifier: BSD-2-Clause */
/* What capabilities the kernel's answers make of devices that differ in them. */
#include "tests/selftest/abi.h"
#include "tests/selftest/cases.h"
#include "tests/selftest/stage.h"

#include <stdio.h>
#include <string.h>

static void check(const char *name, enum libiommu_cap cap, enum libiommu_answer wanted,
		  uint64_t value)
{
	struct libiommu_cap_answer got = LIBIOMMU_CAP_ANSWER_INIT;
	struct libiommu_device *dev = stage_open(name);
	char what[96];

	snprintf(what, sizeof(what), "%s: %s", name, libiommu_cap_name(cap));
	tally(!libiommu_device_cap(dev, cap, &got, NULL) && got.answer == wanted &&
		      got.value == value &&
		      (wanted == LIBIOMMU_ANSWER_UNKNOWN || strstr(got.evidence, "GET_HW_INFO")),
	      what);
	libiommu_device_close(dev, NULL);
}

/* What the kernel says through type1, which asks the driver itself. */
static enum libiommu_answer of_type1(const char *name, enum libiommu_cap cap)
{
	struct libiommu_cap_answer got = LIBIOMMU_CAP_ANSWER_INIT;
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_ctx *type1 = NULL;
	struct libiommu_device *dev;
	struct libiommu_domain *dom;

	opts.backend = "vfio";
	if (!libiommu_ctx_new(&opts, &type1, NULL) &&
	    !libiommu_device_open(type1, name, &dev, NULL) &&
	    !libiommu_domain_new(type1, NULL, &dom, NULL) &&
	    !libiommu_endpoint_attach(libiommu_device_endpoint(dev), dom, NULL))
		libiommu_device_cap(dev, cap, &got, NULL);
	libiommu_ctx_free(type1);
	return got.answer;
}

void case_hardware(const char *edu)
{
	enum libiommu_answer snooped;
	const enum libiommu_answer yes = LIBIOMMU_ANSWER_YES, no = LIBIOMMU_ANSWER_NO;

	if (!stage_begin("what devices can do", "hwpt=automatic"))
		return;
	check(PLAIN, LIBIOMMU_CAP_DIRTY_TRACKING, yes, 0);
	check(OTHER, LIBIOMMU_CAP_DIRTY_TRACKING, no, 0);
	check(PLAIN, LIBIOMMU_CAP_PASIDS, no, 0);
	check(NUMBERED, LIBIOMMU_CAP_PASIDS, yes, MOCK_PASID_WIDTH);
	check(PLAIN, LIBIOMMU_CAP_ATS, no, 0);
	/* Its registers are no VT-d's. */
	check(PLAIN, LIBIOMMU_CAP_ENFORCE_CACHE_COHERENCY, LIBIOMMU_ANSWER_UNKNOWN, 0);
	snooped = of_type1(edu, LIBIOMMU_CAP_ENFORCE_CACHE_COHERENCY);
	tally(snooped != LIBIOMMU_ANSWER_UNKNOWN, "type1 knows what the driver enforces");
	check(edu, LIBIOMMU_CAP_ENFORCE_CACHE_COHERENCY, snooped, 0);
	check(edu, LIBIOMMU_CAP_DIRTY_TRACKING, no, 0);
	check(edu, LIBIOMMU_CAP_PASIDS, no, 0);
	stage_end();
}
