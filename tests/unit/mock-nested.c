/* SPDX-License-Identifier: BSD-2-Clause */
/* Two stages of the mock: which of them refuses, whom a stage 1 fits, VT-d's own invalidations. */
#include "tests/unit/run.h"

#include <libiommu/libiommu.h>
#include <libiommu/mock.h>
#include <libiommu/nesting.h>

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PAGE UINT64_C(4096)
#define BASE UINT64_C(0x100000)
#define RW   (LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE)

static const char text[] = "personality bare\n"
			   "iommu one intel-vtd\n"
			   "iommu two intel-vtd\n"
			   "iommu amd amd-vi\n"
			   "iommu old arm-smmuv2\n"
			   "iommu narrow arm-smmuv3 phys=40\n"
			   "iommu first intel-vtd-fs\n"
			   "iommu riscv riscv\n"
			   "device 0000:00:01.0 iommu=one group=1 driver=vfio-pci\n"
			   "device 0000:00:02.0 iommu=two group=2 driver=vfio-pci\n"
			   "device 0000:00:03.0 iommu=amd group=3 driver=vfio-pci\n"
			   "device 0000:00:04.0 iommu=old group=4 driver=vfio-pci\n"
			   "device 0000:00:05.0 iommu=narrow group=5 driver=vfio-pci\n"
			   "device 0000:00:07.0 iommu=first group=7 driver=vfio-pci\n"
			   "device 0000:00:08.0 iommu=riscv group=8 driver=vfio-pci\n";

/* Page 0: the root; 1 to 3: tables of the levels below; 4 and on: data. */
static uint64_t pages[8][512] __attribute__((aligned(4096)));
static struct libiommu_ctx *ctx;
#define DEVICES 7
static struct libiommu_device *dev[DEVICES];
static struct libiommu_endpoint *ep;
static struct libiommu_domain *parent;
static struct libiommu_error *err;
static struct libiommu_stage1_vtd data;
static struct libiommu_nested_options opts;

static void refused(int code, enum libiommu_reason reason)
{
	ck_assert_ptr_nonnull(err);
	ck_assert_str_eq(libiommu_reason_name(libiommu_error_reason(err)),
			 libiommu_reason_name(reason));
	ck_assert_int_eq(code, -libiommu_reason_errno(reason));
	libiommu_error_free(err);
	err = NULL;
}

static struct libiommu_domain *new_parent(void)
{
	struct libiommu_domain_options wishes = LIBIOMMU_DOMAIN_OPTIONS_INIT;
	struct libiommu_domain *dom;

	wishes.nest_parent = true;
	ck_assert_int_eq(libiommu_domain_new(ctx, &wishes, &dom, NULL), 0);
	return dom;
}

static void setup(void)
{
	static const char *const names[] = { "0000:00:01.0", "0000:00:02.0", "0000:00:03.0",
					     "0000:00:04.0", "0000:00:05.0", "0000:00:07.0",
					     "0000:00:08.0" };
	struct libiommu_ctx_options with = LIBIOMMU_CTX_OPTIONS_INIT;

	with.backend = "mock";
	with.config = text;
	ck_assert_int_eq(libiommu_ctx_new(&with, &ctx, NULL), 0);
	for (size_t i = 0; i < DEVICES; i++)
		ck_assert_int_eq(libiommu_device_open(ctx, names[i], &dev[i], NULL), 0);
	ep = libiommu_device_endpoint(dev[0]);
	parent = new_parent();
	ck_assert_int_eq(libiommu_domain_map(parent, BASE, libiommu_source_memory(pages),
					     sizeof(pages), RW, NULL),
			 0);
	memset(pages, 0, sizeof(pages));
	/* Address 0: page 4; 0x1000: page 5, not writable; 0x2000: no page of the parent. */
	for (size_t i = 0; i < 3; i++)
		pages[i][0] = (BASE + (i + 1) * PAGE) | 7;
	pages[3][0] = (BASE + 4 * PAGE) | 7;
	pages[3][1] = (BASE + 5 * PAGE) | 5;
	pages[3][2] = (BASE + 9 * PAGE) | 7;
	data = (struct libiommu_stage1_vtd){ .root = BASE, .address_width = 48 };
	opts = (struct libiommu_nested_options)LIBIOMMU_NESTED_OPTIONS_INIT;
	opts.data = &data;
	opts.data_length = sizeof(data);
}

static void teardown(void)
{
	libiommu_ctx_free(ctx);
}

static struct libiommu_domain *attached(void)
{
	struct libiommu_domain *dom;

	ck_assert_int_eq(libiommu_domain_new_nested(dev[0], parent, &opts, &dom, &err), 0);
	ck_assert_int_eq(libiommu_endpoint_attach(ep, dom, &err), 0);
	return dom;
}

static bool reads(uint64_t iova)
{
	unsigned char byte;

	return libiommu_mock_dma_read(ep, iova, &byte, 1, NULL) == 0;
}

/* A write there faults so. */
static void faults(uint64_t iova, enum libiommu_mock_fault_kind kind, unsigned int stage,
		   uint64_t inner)
{
	struct libiommu_mock_fault fault = LIBIOMMU_MOCK_FAULT_INIT;

	refused(libiommu_mock_dma_write(ep, iova, "", 1, &err), LIBIOMMU_REASON_DMA_FAULT);
	ck_assert_int_eq(libiommu_mock_fault_next(ctx, &fault), 0);
	ck_assert_int_eq(fault.kind, kind);
	ck_assert_uint_eq(fault.stage, stage);
	ck_assert_uint_eq(fault.inner, inner);
}

START_TEST(each_stage_refuses_in_its_own_name)
{
	attached();
	ck_assert(reads(0) && reads(PAGE));
	faults(PAGE + 8, LIBIOMMU_MOCK_FAULT_PERMISSION, 1, 0);
	faults(3 * PAGE, LIBIOMMU_MOCK_FAULT_NOT_MAPPED, 1, 0);
	faults(UINT64_C(1) << 50, LIBIOMMU_MOCK_FAULT_APERTURE, 1, 0);
	faults(2 * PAGE + 5, LIBIOMMU_MOCK_FAULT_NOT_MAPPED, 2, BASE + 9 * PAGE + 5);
	/* A table that is not there, and an entry that must not be. */
	pages[2][1] = (BASE + 64 * PAGE) | 7;
	faults(UINT64_C(0x200000), LIBIOMMU_MOCK_FAULT_NOT_MAPPED, 2, 0);
	pages[1][1] = (BASE + 4 * PAGE) | 0x87;
	pages[0][1] = (BASE + 4 * PAGE) | 0x87;
	faults(UINT64_C(1) << 39, LIBIOMMU_MOCK_FAULT_TABLE, 1, 0);
}
END_TEST

START_TEST(the_parents_protection_counts)
{
	ck_assert_int_eq(libiommu_domain_map(parent, BASE + 9 * PAGE,
					     libiommu_source_memory(pages[4]), PAGE,
					     LIBIOMMU_PROT_READ, NULL),
			 0);
	attached();
	ck_assert(reads(2 * PAGE));
	faults(2 * PAGE, LIBIOMMU_MOCK_FAULT_PERMISSION, 2, BASE + 9 * PAGE);
}
END_TEST

/* Bit 9 of an entry of VT-d's second stage. */
static bool is_dirty(uint64_t iova)
{
	struct libiommu_pgtable_walk walk = LIBIOMMU_PGTABLE_WALK_INIT;

	ck_assert_int_eq(libiommu_mock_walk(ep, iova, &walk, NULL, NULL), 0);
	return walk.step[walk.steps - 1].entry >> 9 & 1;
}

START_TEST(the_parent_knows_what_was_written)
{
	struct libiommu_domain *dom;

	/* Leaves of one page each. */
	ck_assert_int_eq(libiommu_domain_unmap_all(parent, NULL, NULL), 0);
	for (size_t i = 0; i < 8; i++)
		ck_assert_int_eq(libiommu_domain_map(parent, BASE + i * PAGE,
						     libiommu_source_memory(pages[i]), PAGE, RW,
						     NULL),
				 0);
	pages[3][1] |= 2;
	dom = attached();
	ck_assert(reads(0) && reads(PAGE));
	ck_assert_int_eq(libiommu_mock_dma_write(ep, PAGE, "", 1, NULL), 0);
	ck_assert_int_eq(libiommu_endpoint_replace(ep, parent, 0, NULL), 0);
	ck_assert(!is_dirty(BASE + 4 * PAGE));
	ck_assert(is_dirty(BASE + 5 * PAGE));
	ck_assert_int_eq(libiommu_domain_free(dom, NULL), 0);
}
END_TEST

START_TEST(a_stage_1_fits_one_iommu)
{
	struct libiommu_domain *dom = attached(), *other;
	struct libiommu_stage1_amd dte = { { 1 | UINT64_C(1) << 55, 1 << 16 } };

	refused(libiommu_endpoint_attach(libiommu_device_endpoint(dev[1]), dom, &err),
		LIBIOMMU_REASON_INCOMPATIBLE_IOMMU);
	/* A second IOMMU of the same kind can have the parent, one of another kind cannot. */
	ck_assert_int_eq(libiommu_domain_new_nested(dev[1], parent, &opts, &other, &err), 0);
	ck_assert_int_eq(libiommu_endpoint_attach(libiommu_device_endpoint(dev[1]), other, &err),
			 0);
	refused(libiommu_domain_new_nested(dev[2], parent, &opts, &other, &err),
		LIBIOMMU_REASON_NESTING_UNSUPPORTED);
	opts.type = LIBIOMMU_STAGE1_AMD;
	opts.data = &dte;
	opts.data_length = sizeof(dte);
	refused(libiommu_domain_new_nested(dev[2], parent, &opts, &other, &err),
		LIBIOMMU_REASON_INCOMPATIBLE_IOMMU);
	refused(libiommu_domain_new_nested(dev[3], new_parent(), &opts, &other, &err),
		LIBIOMMU_REASON_NESTING_UNSUPPORTED);
	refused(libiommu_endpoint_attach(libiommu_device_endpoint(dev[3]), new_parent(), &err),
		LIBIOMMU_REASON_NESTING_UNSUPPORTED);
	ck_assert_int_eq(libiommu_domain_new_nested(dev[2], new_parent(), &opts, &other, &err), 0);
}
END_TEST

/* A second stage is no wider than what it is the first one's memory of. */
START_TEST(a_parent_is_as_wide_as_its_own_table)
{
	struct libiommu_domain *dom = new_parent();
	struct libiommu_cap_answer cap = LIBIOMMU_CAP_ANSWER_INIT;
	struct libiommu_range ranges[4];
	size_t count = 4;

	ck_assert_int_eq(libiommu_endpoint_attach(libiommu_device_endpoint(dev[4]), dom, &err), 0);
	ck_assert_int_eq(libiommu_domain_iova_ranges(dom, ranges, &count, NULL), 0);
	ck_assert_uint_eq(ranges[count - 1].last, (UINT64_C(1) << 40) - 1);
	ck_assert_int_eq(libiommu_domain_map(dom, (UINT64_C(1) << 40) - PAGE,
					     libiommu_source_memory(pages), PAGE, RW, &err),
			 0);
	refused(libiommu_domain_map(dom, UINT64_C(1) << 40, libiommu_source_memory(pages), PAGE, RW,
				    &err),
		LIBIOMMU_REASON_OUTSIDE_APERTURE);
	/* Another one's table does not make this one's wider. */
	ck_assert_int_eq(libiommu_endpoint_attach(ep, dom, &err), 0);
	count = 4;
	ck_assert_int_eq(libiommu_domain_iova_ranges(dom, ranges, &count, NULL), 0);
	ck_assert_uint_eq(ranges[count - 1].last, (UINT64_C(1) << 40) - 1);
	ck_assert_int_eq(libiommu_device_cap(dev[4], LIBIOMMU_CAP_NESTING, &cap, NULL), 0);
	ck_assert_int_eq(cap.answer, LIBIOMMU_ANSWER_YES);
}
END_TEST

/* Of 4 KiB it has none for addresses of 52 bits. Its machine has pages of 64 KiB. */
START_TEST(some_parents_have_no_table)
{
	struct libiommu_ctx_options with = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_cap_answer cap = LIBIOMMU_CAP_ANSWER_INIT;
	struct libiommu_ctx *shared = ctx;
	struct libiommu_device *wide;

	with.backend = "mock";
	with.config = "personality bare\niommu wide arm-smmuv3 width=52 phys=52\n"
		      "device 0000:00:06.0 iommu=wide group=6 driver=vfio-pci\n";
	ck_assert_int_eq(libiommu_ctx_new(&with, &ctx, NULL), 0);
	ck_assert_int_eq(libiommu_device_open(ctx, "0000:00:06.0", &wide, NULL), 0);
	ck_assert_int_eq(libiommu_device_cap(wide, LIBIOMMU_CAP_NESTING, &cap, NULL), 0);
	ck_assert_int_eq(cap.answer, LIBIOMMU_ANSWER_NO);
	refused(libiommu_endpoint_attach(libiommu_device_endpoint(wide), new_parent(), &err),
		LIBIOMMU_REASON_NESTING_UNSUPPORTED);
	libiommu_ctx_free(ctx);
	ctx = shared;
}
END_TEST

/* What the first stage's format cannot express is no matter of the parent's. */
START_TEST(a_parent_allows_what_its_own_table_does)
{
	struct libiommu_domain *dom = new_parent();
	struct libiommu_endpoint *first = libiommu_device_endpoint(dev[5]);
	unsigned char byte = 7;

	ck_assert_int_eq(libiommu_endpoint_attach(first, dom, NULL), 0);
	ck_assert_int_eq(libiommu_domain_map(dom, BASE, libiommu_source_memory(pages), PAGE,
					     LIBIOMMU_PROT_WRITE, &err),
			 0);
	ck_assert_int_eq(libiommu_mock_dma_write(first, BASE, &byte, 1, NULL), 0);
	refused(libiommu_mock_dma_read(first, BASE, &byte, 1, &err), LIBIOMMU_REASON_DMA_FAULT);
}
END_TEST

START_TEST(bad_words_are_refused)
{
	static const struct libiommu_stage1_vtd bad[] = {
		{ .root = BASE + 8, .address_width = 48 },
		{ .root = BASE, .address_width = 39 },
		{ .root = BASE, .address_width = 48, .flags = 8 },
		{ .root = BASE, .address_width = 48, .reserved = 1 },
	};
	struct libiommu_mock_stats stats = LIBIOMMU_MOCK_STATS_INIT;
	struct libiommu_domain *dom;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		opts.data = &bad[i];
		refused(libiommu_domain_new_nested(dev[0], parent, &opts, &dom, &err),
			LIBIOMMU_REASON_BAD_STAGE1);
	}
	opts.type = LIBIOMMU_STAGE1_SELFTEST;
	opts.data_length = sizeof(struct libiommu_stage1_selftest);
	refused(libiommu_domain_new_nested(dev[0], parent, &opts, &dom, &err),
		LIBIOMMU_REASON_NESTING_UNSUPPORTED);
	libiommu_mock_stats(ctx, &stats);
	ck_assert_uint_eq(stats.address_spaces, 0);
}
END_TEST

#define STE  (1 | 5 << 1)
#define DTE  (1 | UINT64_C(1) << 55)
#define ROOT (1 << 16)

/* Each row beside one that is good but for a bit or a field. */
static const struct {
	enum libiommu_stage1_type type;
	size_t device;
	size_t words;
	bool good;
	uint64_t word[4];
} rows[] = {
	{ LIBIOMMU_STAGE1_SMMUV3, 4, 2, true, { STE } },
	{ LIBIOMMU_STAGE1_SMMUV3, 4, 2, true, { STE | 2 << 4 | UINT64_C(0xfffffffffffc0), 0xff } },
	{ LIBIOMMU_STAGE1_SMMUV3, 4, 2, true, { STE, 1 << 27 | 1 << 28 } },
	{ LIBIOMMU_STAGE1_SMMUV3, 4, 2, true, { 1 } },
	{ LIBIOMMU_STAGE1_SMMUV3, 4, 2, true, { 1 | 4 << 1 } },
	{ LIBIOMMU_STAGE1_SMMUV3, 4, 2, true, { UINT64_MAX - 1, UINT64_MAX } },
	{ LIBIOMMU_STAGE1_SMMUV3, 4, 2, false, { STE | UINT64_C(1) << 52 } },
	{ LIBIOMMU_STAGE1_SMMUV3, 4, 2, false, { STE | UINT64_C(1) << 58 } },
	{ LIBIOMMU_STAGE1_SMMUV3, 4, 2, false, { STE, 1 << 8 } },
	{ LIBIOMMU_STAGE1_SMMUV3, 4, 2, false, { STE, 1 << 26 } },
	{ LIBIOMMU_STAGE1_SMMUV3, 4, 2, false, { STE, 2 << 28 } },
	{ LIBIOMMU_STAGE1_SMMUV3, 4, 2, false, { STE, 3 << 28 } },
	{ LIBIOMMU_STAGE1_SMMUV3, 4, 2, false, { STE, UINT64_C(1) << 30 } },
	{ LIBIOMMU_STAGE1_SMMUV3, 4, 2, false, { STE, UINT64_C(1) << 63 } },
	{ LIBIOMMU_STAGE1_SMMUV3, 4, 2, false, { 1 | 1 << 1 } },
	{ LIBIOMMU_STAGE1_SMMUV3, 4, 2, false, { 1 | 6 << 1 } },
	{ LIBIOMMU_STAGE1_SMMUV3, 4, 2, false, { 1 | 7 << 1 } },
	{ LIBIOMMU_STAGE1_AMD, 2, 4, true, { DTE, ROOT } },
	{ LIBIOMMU_STAGE1_AMD, 2, 4, true, { DTE | UINT64_C(2) << 56, ROOT, UINT64_C(1) << 54 } },
	{ LIBIOMMU_STAGE1_AMD, 2, 4, true, { DTE | UINT64_C(1) << 58 } },
	{ LIBIOMMU_STAGE1_AMD, 2, 4, true, { DTE, UINT64_C(1) << 43 } },
	{ LIBIOMMU_STAGE1_AMD, 2, 4, false, { DTE } },
	{ LIBIOMMU_STAGE1_AMD, 2, 4, false, { DTE - 1, ROOT } },
	{ LIBIOMMU_STAGE1_AMD, 2, 4, false, { 1, ROOT } },
	{ LIBIOMMU_STAGE1_AMD, 2, 4, false, { DTE | UINT64_C(3) << 56, ROOT } },
	{ LIBIOMMU_STAGE1_AMD, 2, 4, false, { DTE, ROOT, UINT64_C(2) << 54 } },
	{ LIBIOMMU_STAGE1_AMD, 2, 4, false, { DTE | 1 << 9, ROOT } },
	{ LIBIOMMU_STAGE1_AMD, 2, 4, false, { DTE | 1 << 12, ROOT } },
	{ LIBIOMMU_STAGE1_AMD, 2, 4, false, { DTE | UINT64_C(1) << 51, ROOT } },
	{ LIBIOMMU_STAGE1_RISCV, 6, 2, true, { UINT64_C(8) << 60 | 1 } },
	{ LIBIOMMU_STAGE1_RISCV, 6, 2, true, { UINT64_C(10) << 60 | 1 } },
	{ LIBIOMMU_STAGE1_RISCV, 6, 2, false, { 1 } },
	{ LIBIOMMU_STAGE1_RISCV, 6, 2, false, { UINT64_C(7) << 60 | 1 } },
	{ LIBIOMMU_STAGE1_RISCV, 6, 2, false, { UINT64_C(11) << 60 | 1 } },
	{ LIBIOMMU_STAGE1_RISCV, 6, 2, false, { UINT64_C(8) << 60 | UINT64_C(1) << 44 | 1 } },
	{ LIBIOMMU_STAGE1_RISCV, 6, 2, false, { UINT64_C(8) << 60 | UINT64_C(1) << 59 | 1 } },
	{ LIBIOMMU_STAGE1_RISCV, 6, 2, false, { UINT64_C(8) << 60 | 1, 1 } },
};

START_TEST(words_of_other_architectures)
{
	struct libiommu_domain *dom;
	int ret;

	opts.type = rows[_i].type;
	opts.data = rows[_i].word;
	opts.data_length = rows[_i].words * sizeof(uint64_t);
	ret = libiommu_domain_new_nested(dev[rows[_i].device], new_parent(), &opts, &dom, &err);
	if (rows[_i].good)
		ck_assert_int_eq(ret, 0);
	else
		refused(ret, LIBIOMMU_REASON_BAD_STAGE1);
}
END_TEST

/* Linux has more nest parents than stages 1 for them. */
static const struct {
	const char *profile;
	bool nests;
	enum libiommu_stage1_type type;
	size_t words;
	uint64_t word[4];
} lent[] = {
	{ "intel-vtd", true, LIBIOMMU_STAGE1_VTD, 3, { 0, BASE, 48 } },
	{ "intel-vtd-fs", true, LIBIOMMU_STAGE1_VTD, 3, { 0, BASE, 48 } },
	{ "amd-vi", false, LIBIOMMU_STAGE1_AMD, 4, { DTE, ROOT } },
	{ "arm-smmuv3", false, LIBIOMMU_STAGE1_SMMUV3, 2, { STE } },
};

static void try_lent(const char *personality, size_t i, bool nests)
{
	struct libiommu_nested_options stage1 = LIBIOMMU_NESTED_OPTIONS_INIT;
	struct libiommu_domain_options wishes = LIBIOMMU_DOMAIN_OPTIONS_INIT;
	struct libiommu_cap_answer cap = LIBIOMMU_CAP_ANSWER_INIT;
	struct libiommu_ctx_options with = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_domain *below, *above;
	struct libiommu_device *one;
	struct libiommu_ctx *own;
	char config[160];

	snprintf(config, sizeof(config),
		 "personality %s\niommu i %s\n"
		 "device 0000:00:01.0 iommu=i group=1 driver=vfio-pci\n",
		 personality, lent[i].profile);
	with.backend = "mock";
	with.config = config;
	ck_assert_int_eq(libiommu_ctx_new(&with, &own, NULL), 0);
	ck_assert_int_eq(libiommu_device_open(own, "0000:00:01.0", &one, NULL), 0);
	ck_assert_int_eq(libiommu_device_cap(one, LIBIOMMU_CAP_NESTING, &cap, NULL), 0);
	ck_assert_int_eq(cap.answer, nests ? LIBIOMMU_ANSWER_YES : LIBIOMMU_ANSWER_NO);
	wishes.nest_parent = true;
	ck_assert_int_eq(libiommu_domain_new(own, &wishes, &below, NULL), 0);
	ck_assert_int_eq(libiommu_endpoint_attach(libiommu_device_endpoint(one), below, NULL), 0);
	stage1.type = lent[i].type;
	stage1.data = lent[i].word;
	stage1.data_length = lent[i].words * sizeof(uint64_t);
	if (nests) {
		ck_assert_int_eq(libiommu_domain_new_nested(one, below, &stage1, &above, &err), 0);
	} else {
		int ret = libiommu_domain_new_nested(one, below, &stage1, &above, &err);

		ck_assert_str_eq(libiommu_error_subject(err), "0000:00:01.0");
		refused(ret, LIBIOMMU_REASON_NESTING_UNSUPPORTED);
	}
	libiommu_ctx_free(own);
}

START_TEST(linux_wants_a_virtual_iommu)
{
	try_lent("iommufd", (size_t)_i, lent[_i].nests);
	try_lent("bare", (size_t)_i, true);
}
END_TEST

START_TEST(a_child_keeps_the_parents_tables)
{
	struct libiommu_mock_stats stats = LIBIOMMU_MOCK_STATS_INIT;
	struct libiommu_domain *dom;

	ck_assert_int_eq(libiommu_domain_new_nested(dev[0], parent, &opts, &dom, &err), 0);
	libiommu_mock_stats(ctx, &stats);
	ck_assert_uint_eq(stats.address_spaces, 1);
	ck_assert_uint_eq(stats.pinned_pages, 8);
	ck_assert_int_eq(libiommu_domain_free(dom, &err), 0);
	libiommu_mock_stats(ctx, &stats);
	ck_assert_uint_eq(stats.address_spaces, 0);
	ck_assert_uint_eq(stats.pinned_pages, 0);
}
END_TEST

struct entry {
	uint64_t address;
	uint64_t pages;
	uint32_t flags;
	uint32_t reserved;
};

START_TEST(vtds_own_invalidations)
{
	static const struct entry bad[] = {
		{ 1, 1, 0, 0 }, { PAGE, 0, 0, 0 }, { PAGE, UINT64_MAX, 0, 0 },
		{ 0, 1, 2, 0 }, { 0, 1, 0, 1 },
	};
	struct entry entries[2] = { { PAGE, 1, 1, 0 }, { 0, UINT64_MAX, 0, 0 } };
	struct libiommu_domain *dom = attached();
	size_t count = 1;

	ck_assert(reads(0) && reads(PAGE));
	pages[3][0] = pages[3][1] = 0;
	ck_assert(reads(0) && reads(PAGE));
	ck_assert_int_eq(
		libiommu_domain_invalidate_raw(dom, 0, entries, sizeof(entries[0]), &count, &err),
		0);
	ck_assert(reads(0) && !reads(PAGE));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		entries[1] = bad[i];
		count = 2;
		refused(libiommu_domain_invalidate_raw(dom, 0, entries, sizeof(entries[0]), &count,
						       &err),
			LIBIOMMU_REASON_BAD_INVALIDATION);
		ck_assert_uint_eq(count, 1);
	}
	ck_assert(reads(0));
	entries[0] = (struct entry){ 0, UINT64_MAX, 0, 0 };
	count = 1;
	refused(libiommu_domain_invalidate_raw(dom, 0, entries, 16, &count, &err),
		LIBIOMMU_REASON_BAD_INVALIDATION);
	count = 0;
	ck_assert_int_eq(libiommu_domain_invalidate_raw(dom, 0, NULL, 0, &count, &err), 0);
	refused(libiommu_domain_invalidate_raw(dom, 1, NULL, 0, &count, &err),
		LIBIOMMU_REASON_BACKEND_CAPABILITY);
	count = 1;
	ck_assert_int_eq(
		libiommu_domain_invalidate_raw(dom, 0, entries, sizeof(entries[0]), &count, &err),
		0);
	ck_assert(!reads(0));
}
END_TEST

START_TEST(the_hardware_says_what_it_can)
{
	struct libiommu_hw_info info = LIBIOMMU_HW_INFO_INIT;

	ck_assert_int_eq(libiommu_device_hw_info(dev[0], &info, &err), 0);
	ck_assert_int_eq(info.type, LIBIOMMU_HW_VTD);
	ck_assert_uint_eq(info.length, 24);
	/* Widths of 48 bits, nesting, PASIDs of 20 bits. */
	ck_assert_uint_eq(info.data.vtd.cap >> 8 & 31, 4);
	ck_assert_uint_eq(info.data.vtd.cap >> 16 & 63, 47);
	ck_assert_uint_eq(info.data.vtd.ecap >> 26 & 1, 1);
	ck_assert_uint_eq(info.data.vtd.ecap >> 35 & 31, 19);
	ck_assert_int_eq(libiommu_device_hw_info(dev[2], &info, &err), 0);
	ck_assert_int_eq(info.type, LIBIOMMU_HW_AMD);
	ck_assert_uint_eq(info.data.amd.efr >> 32 & 31, 15);
	ck_assert_int_eq(libiommu_device_hw_info(dev[3], &info, &err), 0);
	ck_assert_int_eq(info.type, LIBIOMMU_HW_NONE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mock-nested");
	TCase *tcase = tcase_create("two stages");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, each_stage_refuses_in_its_own_name);
	tcase_add_test(tcase, the_parents_protection_counts);
	tcase_add_test(tcase, the_parent_knows_what_was_written);
	tcase_add_test(tcase, a_stage_1_fits_one_iommu);
	tcase_add_test(tcase, a_parent_is_as_wide_as_its_own_table);
	tcase_add_test(tcase, a_parent_allows_what_its_own_table_does);
	tcase_add_test(tcase, some_parents_have_no_table);
	tcase_add_test(tcase, bad_words_are_refused);
	tcase_add_loop_test(tcase, words_of_other_architectures, 0,
			    (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_loop_test(tcase, linux_wants_a_virtual_iommu, 0,
			    (int)(sizeof(lent) / sizeof(lent[0])));
	tcase_add_test(tcase, a_child_keeps_the_parents_tables);
	tcase_add_test(tcase, vtds_own_invalidations);
	tcase_add_test(tcase, the_hardware_says_what_it_can);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
