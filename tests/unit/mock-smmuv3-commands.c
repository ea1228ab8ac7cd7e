/* SPDX-License-Identifier: BSD-2-Clause */
/* Commands of an SMMUv3's queue on the mock: what each makes the hardware forget, and where an array ends. */
#include "tests/unit/mock-guest.h"

#define TYPE 1u /* as Linux numbers them */

/* By number: of an ASID; of a page; of a context. */
enum {
	CFGI_STE = 0x03,
	CFGI_CD = 0x05,
	CFGI_CD_ALL = 0x06,
	NH_ALL = 0x10,
	NH_ASID = 0x11,
	NH_VA = 0x12,
	NH_VAA = 0x13,
	NSNH_ALL = 0x30,
	ATC_INV = 0x40,
	SYNC = 0x46,
};

struct command {
	uint64_t word[2];
};

static struct libiommu_endpoint *one, *two;
static struct libiommu_domain *dom;
static uint64_t contexts;

static void context(uint32_t pasid, const struct libiommu_pgtable *pt, uint16_t asid)
{
	struct libiommu_pgtable_hardware hw = LIBIOMMU_PGTABLE_HARDWARE_INIT;
	uint64_t *words = at(contexts + (uint64_t)pasid * 64);

	ck_assert_int_eq(libiommu_pgtable_hardware(pt, &hw, NULL), 0);
	words[0] = hw.control | UINT64_C(1) << 30 | UINT64_C(1) << 31 | UINT64_C(1) << 41 |
		   (uint64_t)asid << 48;
	words[1] = hw.pointer;
}

static void setup(void)
{
	struct libiommu_nested_options opts = LIBIOMMU_NESTED_OPTIONS_INIT;
	struct libiommu_stage1_smmuv3 data;

	begin_on("arm-smmuv3");
	contexts = take(1);
	data = (struct libiommu_stage1_smmuv3){ { 1 | 5 << 1 | contexts | UINT64_C(4) << 59, 2 } };
	for (uint32_t pasid = 0; pasid < 3; pasid++) {
		struct libiommu_pgtable *pt = tables_to(LIBIOMMU_PGTABLE_ARM_S1_4K, 1);

		edit(pt, AT + PAGE, 2);
		context(pasid, pt, (uint16_t)(100 + pasid));
	}
	opts.type = LIBIOMMU_STAGE1_SMMUV3;
	opts.data = &data;
	opts.data_length = sizeof(data);
	ck_assert_int_eq(new_stage1(&opts, &dom), 0);
	ck_assert_int_eq(libiommu_endpoint_attach(itself, dom, &err), 0);
	one = with_pasid(1);
	two = with_pasid(2);
}

/* Two pages of three spaces are cached, and no table has them any more. */
static void warm(void)
{
	struct libiommu_endpoint *eps[] = { itself, one, two };

	for (size_t i = 0; i < 3; i++) {
		edit(tables[i], AT, 1);
		edit(tables[i], AT + PAGE, 2);
		ck_assert_int_eq(reads(eps[i], AT), 1);
		ck_assert_int_eq(reads(eps[i], AT + PAGE), 2);
		edit(tables[i], AT, 0);
		edit(tables[i], AT + PAGE, 0);
	}
}

static int send(const struct command *commands, size_t *count)
{
	return libiommu_domain_invalidate_raw(dom, TYPE, commands, sizeof(*commands), count, &err);
}

/* Which are still found: of each space the page at AT (1) and the next (2), two bits a space. */
static unsigned int left(void)
{
	struct libiommu_endpoint *eps[] = { itself, one, two };
	unsigned int found = 0;

	for (unsigned int i = 0; i < 3; i++) {
		found |= (reads(eps[i], AT) == 1) << 2 * i;
		found |= (reads(eps[i], AT + PAGE) == 2) << (2 * i + 1);
	}
	return found;
}

#define ASID(n) ((uint64_t)(n) << 48)
/* Everything; without the space with PASID 1; without its first page; without any first page. */
#define ALL 077u

static const struct {
	const char *name;
	struct command command;
	unsigned int left;
} rows[] = {
	{ "all", { { NH_ALL, 0 } }, 0 },
	{ "all of a VM", { { NSNH_ALL, 0 } }, 0 },
	{ "an ASID", { { NH_ASID | ASID(101), 0 } }, ALL & ~014u },
	{ "nobody's ASID", { { NH_ASID | ASID(1), 0 } }, ALL },
	{ "a page of an ASID", { { NH_VA | ASID(101), AT } }, ALL & ~004u },
	{ "its leaf", { { NH_VA | ASID(101), AT | 1 } }, ALL & ~004u },
	{ "another page", { { NH_VA | ASID(101), AT + 2 * PAGE } }, ALL },
	{ "a page of all", { { NH_VAA, AT } }, ALL & ~025u },
	/* Ranges: two granules of 4 KiB; 2^1 of one granule; one of 64 KiB. */
	{ "two pages", { { NH_VA | ASID(102) | 1 << 12, AT | 1 << 10 } }, ALL & ~060u },
	{ "a scaled one", { { NH_VAA | 1 << 20, AT | 1 << 10 } }, 0 },
	{ "a large one", { { NH_VAA, 3 << 10 } }, 0 },
	{ "up to the end", { { NH_VAA | 31 << 12 | 31 << 20, AT | 3 << 10 } }, 0 },
	/* What is cached of translations is none of these. */
	{ "a context", { { CFGI_CD | 1 << 12, 1 } }, ALL },
	{ "contexts", { { CFGI_CD_ALL, 0 } }, ALL },
	{ "of the device's cache", { { ATC_INV, 0 } }, ALL },
};

START_TEST(what_each_forgets)
{
	size_t count = 1;

	warm();
	ck_assert_uint_eq(left(), ALL);
	ck_assert_int_eq(send(&rows[_i].command, &count), 0);
	ck_assert_uint_eq(count, 1);
	ck_assert_msg(left() == rows[_i].left, "%s: %o", rows[_i].name, left());
}
END_TEST

/* A context is read again, and what was cached under its old ASID is found no more. */
START_TEST(contexts_are_read_again)
{
	static const struct command first = { { CFGI_CD | 1 << 12, 1 } },
				    all = { { CFGI_CD_ALL, 0 } };
	size_t count = 1;

	edit(tables[2], AT, 5);
	ck_assert_int_eq(reads(one, AT), 1);
	context(1, tables[2], 101);
	ck_assert_int_eq(send(&first, &count), 0);
	/* The same ASID: the guest has to drop what is cached itself. */
	ck_assert(reads(one, AT) == 1 && reads(one, AT + PAGE) == 2);
	context(1, tables[2], 200);
	edit(tables[2], AT + 2 * PAGE, 6);
	count = 1;
	ck_assert_int_eq(send(&all, &count), 0);
	ck_assert_int_eq(reads(one, AT + 2 * PAGE), 6);
	ck_assert_int_eq(reads(one, AT), 5);
}
END_TEST

/* One leaf of the guest's over many pages of the parent's is dropped by any of its addresses. */
START_TEST(a_block_goes_whole)
{
	static const struct command page = { { NH_VAA, UINT64_C(0x40000000) } };
	struct libiommu_pgtable_gather gather = LIBIOMMU_PGTABLE_GATHER_INIT;
	size_t count = 1;

	/* The parent has pages of 4 KiB there. */
	ck_assert_int_eq(libiommu_domain_unmap_all(parent, NULL, &err), 0);
	for (size_t i = 0; i < GUEST_PAGES; i++)
		ck_assert_int_eq(libiommu_domain_map(parent, BASE + i * PAGE,
						     libiommu_source_memory(mem + i * PAGE), PAGE,
						     RW, NULL),
				 0);
	ck_assert_int_eq(
		libiommu_pgtable_map(tables[1], 0x40000000, BASE, 0x200000, RW, &gather, NULL), 0);
	ck_assert(reads(one, 0x40000000) == 0 && reads(one, 0x40000000 + 3 * PAGE) == 3);
	ck_assert_int_eq(
		libiommu_pgtable_unmap(tables[1], 0x40000000, 0x200000, NULL, &gather, NULL), 0);
	libiommu_pgtable_release(tables[1], &gather);
	ck_assert_int_eq(reads(one, 0x40000000 + 3 * PAGE), 3);
	ck_assert_int_eq(send(&page, &count), 0);
	ck_assert_int_eq(reads(one, 0x40000000 + 3 * PAGE), -1);
}
END_TEST

START_TEST(an_array_ends_at_what_is_unknown)
{
	static const uint64_t unknown[] = { CFGI_STE, SYNC, 0, 0xff };

	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		const struct command commands[] = {
			{ { NH_ASID | ASID(101), 0 } },
			{ { unknown[i], 0 } },
			{ { NH_ALL, 0 } },
		};
		size_t count = 3;

		warm();
		refused(send(commands, &count), LIBIOMMU_REASON_BAD_INVALIDATION);
		ck_assert_uint_eq(count, 1);
		ck_assert_uint_eq(left(), ALL & ~014u);
	}
}
END_TEST

START_TEST(forms)
{
	const uint64_t entries[3] = { NH_ALL, 0, 0 };
	size_t count = 0;

	ck_assert_int_eq(libiommu_domain_invalidate_raw(dom, TYPE, NULL, 0, &count, &err), 0);
	refused(libiommu_domain_invalidate_raw(dom, 0, NULL, 0, &count, &err),
		LIBIOMMU_REASON_BACKEND_CAPABILITY);
	count = 1;
	refused(libiommu_domain_invalidate_raw(dom, TYPE, entries, 8, &count, &err),
		LIBIOMMU_REASON_BAD_INVALIDATION);
	ck_assert_uint_eq(count, 0);
	count = 1;
	refused(libiommu_domain_invalidate_raw(dom, TYPE, entries, 24, &count, &err),
		LIBIOMMU_REASON_BAD_INVALIDATION);
}
END_TEST

/* A stage 1 with one context: its ASID is that of all who use it. */
START_TEST(one_context)
{
	static const struct command asid = { { NH_ASID | ASID(101), 0 } };
	struct libiommu_nested_options opts = LIBIOMMU_NESTED_OPTIONS_INIT;
	const struct libiommu_stage1_smmuv3 data = { { 1 | 5 << 1 | (contexts + 64) } };
	struct libiommu_endpoint *other;
	size_t count = 1;

	opts.type = LIBIOMMU_STAGE1_SMMUV3;
	opts.data = &data;
	opts.data_length = sizeof(data);
	opts.pasid = true;
	ck_assert_int_eq(libiommu_endpoint_detach(itself, 0, &err), 0);
	ck_assert_int_eq(new_stage1(&opts, &dom), 0);
	ck_assert_int_eq(libiommu_endpoint_attach(itself, dom, &err), 0);
	other = with_pasid(7);
	ck_assert_int_eq(libiommu_endpoint_attach(other, dom, &err), 0);
	ck_assert(reads(itself, AT) == 1 && reads(other, AT) == 1);
	edit(tables[1], AT, 0);
	ck_assert(reads(itself, AT) == 1 && reads(other, AT) == 1);
	ck_assert_int_eq(send(&asid, &count), 0);
	ck_assert(reads(itself, AT) == -1 && reads(other, AT) == -1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mock-smmuv3-commands");
	TCase *tcase = tcase_create("commands");

	tcase_add_checked_fixture(tcase, setup, end);
	tcase_add_loop_test(tcase, what_each_forgets, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(tcase, contexts_are_read_again);
	tcase_add_test(tcase, a_block_goes_whole);
	tcase_add_test(tcase, an_array_ends_at_what_is_unknown);
	tcase_add_test(tcase, forms);
	tcase_add_test(tcase, one_context);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
