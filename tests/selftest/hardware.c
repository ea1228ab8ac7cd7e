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

void case_hardware(const char *edu)
{
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
	/* QEMU's has snoop control only when it is asked for. */
	check(edu, LIBIOMMU_CAP_ENFORCE_CACHE_COHERENCY, no, 0);
	check(edu, LIBIOMMU_CAP_DIRTY_TRACKING, no, 0);
	check(edu, LIBIOMMU_CAP_PASIDS, no, 0);
	stage_end();
}
