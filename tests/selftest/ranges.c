/* SPDX-License-Identifier: BSD-2-Clause */
/* What a domain can translate follows its devices, and mappings in the way keep devices out. */
#include "tests/selftest/abi.h"
#include "tests/selftest/cases.h"
#include "tests/selftest/ops.h"
#include "tests/selftest/stage.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#define HOLE   UINT64_C(0x20000000)
#define HOLE_1 UINT64_C(0x2000ffff)

static int attach(struct libiommu_device *dev, struct libiommu_domain *dom,
		  struct libiommu_error **err)
{
	return libiommu_endpoint_attach(libiommu_device_endpoint(dev), dom, err);
}

static int map(struct libiommu_domain *dom, uint64_t iova, uint64_t length,
	       struct libiommu_error **err)
{
	return libiommu_domain_map(dom, iova, libiommu_source_memory(memory), length, BOTH, err);
}

/* Are these, and no others, a domain's ranges? */
static bool reach(struct libiommu_domain *dom, const struct libiommu_range *want, size_t wanted)
{
	struct libiommu_range got[8];
	size_t count = 8;
	bool same;

	if (libiommu_domain_iova_ranges(dom, got, &count, NULL))
		return false;
	same = count == wanted;
	for (size_t i = 0; i < count && same; i++)
		same = got[i].start == want[i].start && got[i].last == want[i].last;
	for (size_t i = 0; i < count && !same; i++)
		printf("range %#" PRIx64 " %#" PRIx64 "\n", got[i].start, got[i].last);
	return same;
}

static bool reaches(struct libiommu_domain *dom, uint64_t start, uint64_t last)
{
	const struct libiommu_range want = { start, last };

	return reach(dom, &want, 1);
}

static void widths(void)
{
	struct libiommu_device *wide = stage_open(WIDE), *narrow = stage_open(NARROW);
	struct libiommu_domain *dom = stage_domain();
	struct libiommu_range far;
	size_t count = 1;

	tally(reaches(dom, 0, UINT64_MAX), "without a device there is no bound");
	stage_attach(wide, dom);
	tally(!libiommu_domain_iova_ranges(dom, &far, &count, NULL) && count == 1 &&
		      far.start < MOCK_APERTURE_START && far.last > MOCK_APERTURE_LAST,
	      "the first device reaches far");
	stage_attach(narrow, dom);
	tally(stage_table(wide) != stage_table(narrow), "the second one has another page table");
	tally(reaches(dom, MOCK_APERTURE_START, MOCK_APERTURE_LAST), "which reaches less far");
	stage_detach(narrow);
	tally(reaches(dom, far.start, far.last), "when it has gone the domain is wide again");
}

static void page_sizes(void)
{
	struct libiommu_device *plain = stage_open(PLAIN), *other = stage_open(OTHER);
	struct libiommu_domain *dom = stage_domain();
	struct libiommu_error *err;
	int ret;

	stage_attach(plain, dom);
	tally(libiommu_domain_page_size(dom) == MOCK_PAGE_SIZE, "the first one has small pages");
	stage_map(dom, IOVA, 0, 1);
	ret = map(dom, HOLE + MOCK_PAGE_SIZE, MOCK_PAGE_SIZE, &err);
	tally_call(ret, err, "map half a page");
	ret = attach(other, dom, &err);
	stage_refused(ret, err, LIBIOMMU_REASON_MAPPING_CONFLICT, "",
		      "which is in the way of one with larger pages");
	tally(stage_holds(stage_table(plain), IOVA, 0, 1), "the device that is there stays there");
	ret = libiommu_domain_unmap(dom, HOLE + MOCK_PAGE_SIZE, MOCK_PAGE_SIZE, NULL, &err);
	tally_call(ret, err, "unmap half a page");
	stage_attach(other, dom);
	tally(libiommu_domain_page_size(dom) == 4096, "the larger page counts for both");
	ret = map(dom, HOLE, MOCK_PAGE_SIZE, &err);
	stage_refused(ret, err, LIBIOMMU_REASON_MISALIGNED, "", "half a page is no page now");
	stage_detach(other);
	tally(libiommu_domain_page_size(dom) == MOCK_PAGE_SIZE, "until the other one has left");
}

/* The first device's page table does not suffer from the second one's refusal. */
static void in_the_way(void)
{
	struct libiommu_device *wide = stage_open(WIDE), *narrow = stage_open(NARROW);
	struct libiommu_domain *dom = stage_domain();
	struct libiommu_error *err;
	uint32_t hwpt, objects;
	int ret;

	stage_attach(wide, dom);
	hwpt = stage_table(wide);
	stage_map(dom, IOVA, 0, 1);
	stage_map(dom, PAGE, 1, 1);
	objects = stage_objects();
	ret = attach(narrow, dom, &err);
	stage_refused(ret, err, LIBIOMMU_REASON_MAPPING_CONFLICT, "0x1000-0x1fff",
		      "a mapping in the way is named");
	tally(libiommu_device_isolated(narrow) && stage_objects() == objects, "nobody has joined");
	tally(stage_holds(hwpt, IOVA, 0, 1) && stage_holds(hwpt, PAGE, 1, 1),
	      "and who was there has its mappings");
	stage_unmap(dom, PAGE, 1);
	stage_attach(narrow, dom);
	tally(stage_table(narrow) != hwpt && stage_holds(stage_table(narrow), IOVA, 0, 1),
	      "without it there is room");
	ret = map(dom, PAGE, PAGE, &err);
	stage_refused(ret, err, LIBIOMMU_REASON_OUTSIDE_APERTURE, "0x1000",
		      "and it cannot come back");
}

static void reserved(void)
{
	struct libiommu_device *plain = stage_open(PLAIN), *other = stage_open(OTHER);
	const struct libiommu_range around[] = { { MOCK_APERTURE_START, HOLE - 1 },
						 { HOLE_1 + 1, MOCK_APERTURE_LAST } };
	struct libiommu_domain *dom = stage_domain();
	const struct libiommu_sys *sys = libiommu_sys_default();
	struct libiommu_error *err;
	uint64_t native = 0;
	int ret = libiommu_domain_native(dom, &native, &err);

	tally_call(ret, err, "the number of the address space");
	stage_attach(plain, dom);
	stage_map(dom, IOVA, 0, 1);
	tally(ops_reserve(sys, devices_iommufd(), (uint32_t)native, IOVA, PAGE) == -EADDRINUSE,
	      "the kernel reserves nothing that is mapped");
	tally(!ops_reserve(sys, devices_iommufd(), (uint32_t)native, HOLE, HOLE_1 - HOLE + 1),
	      "a range is reserved behind the library's back");
	ret = map(dom, HOLE, PAGE, &err);
	stage_refused(ret, err, LIBIOMMU_REASON_RESERVED_REGION, "0x20000000",
		      "the kernel's refusal is understood");
	stage_attach(other, dom);
	tally(reach(dom, around, 2), "the next attach tells of the hole");
	ret = map(dom, HOLE_1 + 1 - PAGE, PAGE, &err);
	tally(ret && !libiommu_error_kernel_errno(err), "so the kernel is not asked any more");
	stage_refused(ret, err, LIBIOMMU_REASON_RESERVED_REGION, "0x2000f000",
		      "and the reason is the same");
}

static void allowed(void)
{
	struct libiommu_device *plain = stage_open(PLAIN), *other = stage_open(OTHER);
	const struct libiommu_range part = { IOVA, IOVA + 8 * PAGE - 1 };
	struct libiommu_domain *dom = stage_domain();
	struct libiommu_error *err;
	uint64_t iova = 0;
	int ret = libiommu_domain_set_allowed(dom, &part, 1, &err);

	tally_call(ret, err, "allow a part");
	stage_attach(plain, dom);
	stage_attach(other, dom);
	tally(reaches(dom, part.start, part.last), "the domain is what is allowed");
	ret = libiommu_domain_map_any(dom, libiommu_source_memory(memory), 2 * PAGE, BOTH, &iova,
				      &err);
	tally_call(ret, err, "map somewhere");
	tally(iova >= part.start && iova + 2 * PAGE - 1 <= part.last, "which is inside of it");
	tally(stage_holds(stage_table(plain), iova, 0, 2) &&
		      stage_holds(stage_table(other), iova, 0, 2),
	      "in both page tables");
	ret = map(dom, part.last + 1, PAGE, &err);
	stage_refused(ret, err, LIBIOMMU_REASON_OUTSIDE_ALLOWED, "0x10008000",
		      "outside nothing is mapped");
}

void case_ranges(void)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} parts[] = {
		{ "how far a domain reaches", widths }, { "pages of a domain", page_sizes },
		{ "mappings in the way", in_the_way },  { "reserved ranges", reserved },
		{ "allowed ranges", allowed },
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (!stage_begin(parts[i].name, "hwpt=explicit"))
			return;
		parts[i].run();
		stage_end();
	}
}
