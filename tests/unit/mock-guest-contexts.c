/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's own tables for its PASIDs: SMMUv3's context descriptors and AMD's tables of GCR3s. */
#include "tests/unit/mock-guest.h"

static const struct libiommu_sys *sys(void)
{
	return libiommu_sys_default();
}

#include "tests/unit/fault.h"

/* One of the guest's contexts: a descriptor of 64 bytes. */
static void describe(uint64_t place, const struct libiommu_pgtable *pt, uint16_t asid)
{
	struct libiommu_pgtable_hardware hw = LIBIOMMU_PGTABLE_HARDWARE_INIT;

	ck_assert_int_eq(libiommu_pgtable_hardware(pt, &hw, NULL), 0);
	/* No upper half, valid, AArch64. */
	at(place)[0] = hw.control | UINT64_C(1) << 30 | UINT64_C(1) << 31 | UINT64_C(1) << 41 |
		       (uint64_t)asid << 48;
	at(place)[1] = hw.pointer;
}

static void context(uint64_t place, size_t page, uint16_t asid)
{
	describe(place, tables_to(LIBIOMMU_PGTABLE_ARM_S1_4K, page), asid);
}

/* A stream table entry: valid, stage 1; its format, how many contexts, and who has none. */
static int smmuv3(uint64_t table, unsigned int format, unsigned int bits, unsigned int rest,
		  bool pasid, struct libiommu_domain **out)
{
	const struct libiommu_stage1_smmuv3 data = {
		{ 1 | 5 << 1 | (uint64_t)format << 4 | table | (uint64_t)bits << 59, rest }
	};
	struct libiommu_nested_options opts = LIBIOMMU_NESTED_OPTIONS_INIT;

	opts.type = LIBIOMMU_STAGE1_SMMUV3;
	opts.data = &data;
	opts.data_length = sizeof(data);
	opts.pasid = pasid;
	return new_stage1(&opts, out);
}

static struct libiommu_domain *on_smmuv3(uint64_t table, unsigned int format, unsigned int bits,
					 unsigned int rest)
{
	struct libiommu_domain *dom;

	ck_assert_int_eq(smmuv3(table, format, bits, rest, false, &dom), 0);
	ck_assert_int_eq(libiommu_endpoint_attach(itself, dom, &err), 0);
	return dom;
}

START_TEST(linear_table)
{
	struct libiommu_endpoint *one, *two, *three, *last, *beyond;
	uint64_t table;

	begin_on("arm-smmuv3");
	table = take(1);
	context(table + 64, 1, 1);
	context(table + 2 * 64, 2, 2);
	context(table + 31 * 64, 3, 3);
	one = with_pasid(1);
	two = with_pasid(2);
	three = with_pasid(3);
	last = with_pasid(31);
	beyond = with_pasid(32);
	faults(one, AT, LIBIOMMU_MOCK_FAULT_BLOCKED, 0, 0);
	/* Bits below the table's size are none of its address. */
	on_smmuv3(table + 64, 0, 5, 0);
	ck_assert_int_eq(reads(one, AT), 1);
	ck_assert_int_eq(reads(two, AT), 2);
	ck_assert_int_eq(reads(last, AT), 3);
	faults(one, AT + PAGE, LIBIOMMU_MOCK_FAULT_NOT_MAPPED, 1, 0);
	NO_CONTEXT(three);
	NO_CONTEXT(beyond);
	NO_CONTEXT(itself);
	/* One that is there and wrong: AA32, then a table that is misplaced. */
	at(table + 3 * 64)[0] = UINT64_C(1) << 31;
	NO_CONTEXT(three);
	describe(table + 3 * 64, tables[0], 1);
	at(table + 3 * 64)[1] += 16;
	NO_CONTEXT(three);
	at(table + 3 * 64)[1] = BASE + sizeof(mem);
	faults(three, AT, LIBIOMMU_MOCK_FAULT_NOT_MAPPED, 2, BASE + sizeof(mem));
	ck_assert_int_eq(libiommu_endpoint_detach(itself, 0, &err), 0);
	faults(one, AT, LIBIOMMU_MOCK_FAULT_BLOCKED, 0, 0);
	end();
}
END_TEST

static const struct {
	const char *name;
	unsigned int rest;
} rests[] = { { "terminate", 0 }, { "bypass", 1 }, { "substream 0", 2 }, { "reserved", 3 } };

START_TEST(requests_without_a_pasid)
{
	struct libiommu_endpoint *one;
	uint64_t table;

	begin_on("arm-smmuv3");
	table = take(1);
	context(table, 4, 0);
	context(table + 64, 1, 1);
	one = with_pasid(1);
	on_smmuv3(table, 0, 1, rests[_i].rest);
	ck_assert_int_eq(reads(one, AT), 1);
	switch (rests[_i].rest) {
	case 1:
		ck_assert_int_eq(reads(itself, BASE + 3 * PAGE), 3);
		faults(itself, AT, LIBIOMMU_MOCK_FAULT_NOT_MAPPED, 2, AT);
		/* What the parent unmaps is gone for those, too. */
		ck_assert_int_eq(libiommu_domain_unmap(parent, BASE, sizeof(mem), NULL, &err), 0);
		faults(itself, BASE + 3 * PAGE, LIBIOMMU_MOCK_FAULT_NOT_MAPPED, 2, BASE + 3 * PAGE);
		break;
	case 2:
		ck_assert_int_eq(reads(itself, AT), 4);
		break;
	default:
		NO_CONTEXT(itself);
	}
	end();
}
END_TEST

/* The guest's entry stops its device, or lets it by; then its words about contexts say nothing. */
START_TEST(entries_without_a_stage_1)
{
	const uint64_t contexts = UINT64_C(4) << 59;
	struct libiommu_stage1_smmuv3 data;
	struct libiommu_nested_options opts = LIBIOMMU_NESTED_OPTIONS_INIT;
	struct libiommu_endpoint *one;
	struct libiommu_domain *dom[3];
	const uint64_t ste[3] = { 1 | contexts, UINT64_MAX - 1, 1 | 4 << 1 | contexts };

	begin_on("arm-smmuv3");
	one = with_pasid(1);
	opts.type = LIBIOMMU_STAGE1_SMMUV3;
	opts.data = &data;
	opts.data_length = sizeof(data);
	for (size_t i = 0; i < 3; i++) {
		data = (struct libiommu_stage1_smmuv3){ { ste[i], 0 } };
		ck_assert_int_eq(new_stage1(&opts, &dom[i]), 0);
	}
	ck_assert_int_eq(libiommu_endpoint_attach(itself, dom[0], &err), 0);
	for (size_t i = 0; i < 2; i++) {
		ck_assert_int_eq(libiommu_endpoint_replace(itself, dom[i], 0, &err), 0);
		NO_CONTEXT(itself);
		faults(one, AT, LIBIOMMU_MOCK_FAULT_BLOCKED, 0, 0);
	}
	ck_assert_int_eq(libiommu_endpoint_replace(itself, dom[2], 0, &err), 0);
	ck_assert_int_eq(reads(itself, BASE + 3 * PAGE), 3);
	faults(itself, AT, LIBIOMMU_MOCK_FAULT_NOT_MAPPED, 2, AT);
	faults(one, BASE, LIBIOMMU_MOCK_FAULT_BLOCKED, 0, 0);
	ck_assert_int_eq(libiommu_domain_unmap(parent, BASE, sizeof(mem), NULL, &err), 0);
	faults(itself, BASE + 3 * PAGE, LIBIOMMU_MOCK_FAULT_NOT_MAPPED, 2, BASE + 3 * PAGE);
	end();
}
END_TEST

static const struct {
	unsigned int format, bits, leaf;
} levels[] = { { 1, 8, 6 }, { 2, 12, 10 }, { 1, 4, 6 }, { 2, 20, 10 } };

START_TEST(two_levels)
{
	const unsigned int leaf = levels[_i].leaf, bits = levels[_i].bits;
	const uint32_t last = (1u << bits) - 1;
	const size_t size = (size_t)64 << leaf;
	uint64_t top, second, first;
	struct libiommu_endpoint *one, *far, *hole;

	begin_on("arm-smmuv3");
	top = take(bits == 20 ? 2 : 1);
	first = take(size / PAGE);
	second = take(size / PAGE);
	at(top)[0] = first | 1;
	context(first + 64, 1, 1);
	one = with_pasid(1);
	far = with_pasid(last);
	on_smmuv3(top, levels[_i].format, bits, 0);
	ck_assert_int_eq(reads(one, AT), 1);
	NO_CONTEXT(far);
	if (bits > leaf)
		at(top)[last >> leaf] = second | 1;
	else
		second = first;
	context(second + (last & ((1u << leaf) - 1)) * 64, 2, 2);
	ck_assert_int_eq(reads(far, AT), 2);
	if (bits > leaf) {
		hole = with_pasid(1u << leaf);
		at(top)[1] = (BASE + sizeof(mem)) | 1;
		faults(hole, AT, LIBIOMMU_MOCK_FAULT_NOT_MAPPED, 2, BASE + sizeof(mem));
	}
	end();
}
END_TEST

/* What is kept of one PASID goes alone; tables and contexts that change are seen after it. */
START_TEST(invalidation_of_one_pasid)
{
	struct libiommu_invalidation command = { .kind = LIBIOMMU_INVALIDATE_PASID, .pasid = 1 };
	struct libiommu_endpoint *one, *two;
	struct libiommu_domain *dom;
	uint64_t table;
	size_t count = 1;

	begin_on("arm-smmuv3");
	table = take(1);
	context(table + 64, 1, 1);
	context(table + 2 * 64, 2, 2);
	one = with_pasid(1);
	two = with_pasid(2);
	dom = on_smmuv3(table, 0, 2, 0);
	ck_assert(reads(one, AT) == 1 && reads(two, AT) == 2);
	edit(tables[0], AT, 3);
	edit(tables[1], AT, 4);
	ck_assert(reads(one, AT) == 1 && reads(two, AT) == 2);
	ck_assert_int_eq(libiommu_domain_invalidate(dom, &command, &count, &err), 0);
	ck_assert(reads(one, AT) == 3 && reads(two, AT) == 2);
	/* A context is kept, too. */
	context(table + 64, 5, 1);
	edit(tables[2], AT + PAGE, 7);
	ck_assert(reads(one, AT) == 3 && reads(one, AT + PAGE) == -1);
	ck_assert_int_eq(libiommu_domain_invalidate(dom, &command, &count, &err), 0);
	ck_assert(reads(one, AT) == 5 && reads(one, AT + PAGE) == 7);
	command.kind = LIBIOMMU_INVALIDATE_ALL;
	ck_assert_int_eq(libiommu_domain_invalidate(dom, &command, &count, &err), 0);
	ck_assert(reads(one, AT) == 5 && reads(two, AT) == 4);
	/* And all goes with the attachment. */
	edit(tables[1], AT, 6);
	ck_assert_int_eq(libiommu_endpoint_detach(itself, 0, &err), 0);
	ck_assert_int_eq(libiommu_endpoint_attach(itself, dom, &err), 0);
	ck_assert_int_eq(reads(two, AT), 6);
	end();
}
END_TEST

/* The hardware has one table of contexts for a device: the guest's, or the host's. */
START_TEST(either_the_guests_or_the_hosts)
{
	struct libiommu_domain_options wishes = LIBIOMMU_DOMAIN_OPTIONS_INIT;
	struct libiommu_domain *dom, *plain;
	struct libiommu_endpoint *one;
	uint64_t table;

	begin_on("arm-smmuv3");
	table = take(1);
	context(table + 64, 1, 1);
	one = with_pasid(1);
	refused(smmuv3(table, 0, 2, 0, true, &dom), LIBIOMMU_REASON_BAD_STAGE1);
	refused(smmuv3(table, 0, 21, 0, false, &dom), LIBIOMMU_REASON_BAD_STAGE1);
	ck_assert_int_eq(smmuv3(table, 0, 2, 0, false, &dom), 0);
	wishes.pasid = true;
	ck_assert_int_eq(libiommu_domain_new(ctx, &wishes, &plain, NULL), 0);
	refused(libiommu_endpoint_attach(one, dom, &err), LIBIOMMU_REASON_DOMAIN_NOT_PASID);
	ck_assert_int_eq(libiommu_endpoint_attach(one, plain, &err), 0);
	refused(libiommu_endpoint_attach(itself, dom, &err), LIBIOMMU_REASON_RID_DOMAIN_NOT_PASID);
	ck_assert_int_eq(libiommu_endpoint_attach(itself, plain, &err), 0);
	refused(libiommu_endpoint_replace(itself, dom, 0, &err),
		LIBIOMMU_REASON_RID_DOMAIN_NOT_PASID);
	ck_assert_int_eq(libiommu_endpoint_detach(one, 0, &err), 0);
	ck_assert_int_eq(libiommu_endpoint_replace(itself, dom, 0, &err), 0);
	refused(libiommu_endpoint_attach(one, plain, &err), LIBIOMMU_REASON_RID_DOMAIN_NOT_PASID);
	ck_assert_int_eq(reads(one, AT), 1);
	ck_assert_int_eq(libiommu_endpoint_replace(itself, plain, 0, &err), 0);
	faults(one, AT, LIBIOMMU_MOCK_FAULT_BLOCKED, 0, 0);
	end();
}
END_TEST

/* A request for a page that a guest's PASID lacks comes in the device's name, with the PASID. */
START_TEST(page_requests_of_a_guests_pasid)
{
	const struct libiommu_page_request request = { .address = AT + PAGE };
	struct libiommu_fault_group group = LIBIOMMU_FAULT_GROUP_INIT;
	struct libiommu_nested_options opts = LIBIOMMU_NESTED_OPTIONS_INIT;
	struct libiommu_stage1_smmuv3 data;
	struct libiommu_page_request asked;
	enum libiommu_fault_answer answer;
	struct libiommu_fault_queue *queue;
	struct libiommu_endpoint *one;
	struct libiommu_domain *dom;
	uint64_t first, second, table;
	size_t count = 1;

	begin_on("arm-smmuv3");
	table = take(1);
	data = (struct libiommu_stage1_smmuv3){ { 1 | 5 << 1 | table | UINT64_C(2) << 59 } };
	context(table + 64, 1, 1);
	ck_assert_int_eq(libiommu_fault_queue_new(ctx, NULL, &queue, &err), 0);
	opts.type = LIBIOMMU_STAGE1_SMMUV3;
	opts.data = &data;
	opts.data_length = sizeof(data);
	opts.faults = queue;
	ck_assert_int_eq(new_stage1(&opts, &dom), 0);
	ck_assert_int_eq(libiommu_endpoint_attach(itself, dom, &err), 0);
	one = with_pasid(1);
	ck_assert_int_eq(libiommu_mock_page_request(one, &request, 1, 7, &first, &err), 0);
	ck_assert_int_eq(libiommu_mock_page_request(one, &request, 1, 8, &second, &err), 0);
	ck_assert_int_eq(libiommu_fault_queue_next(queue, &group, &asked, &count, &err), 0);
	ck_assert(group.has_pasid && group.device == dev);
	ck_assert_uint_eq(group.pasid, 1);
	ck_assert_uint_eq(group.number, 7);
	ck_assert_int_eq(
		libiommu_fault_queue_respond(queue, group.cookie, LIBIOMMU_FAULT_RESOLVED, &err),
		0);
	ck_assert_int_eq(libiommu_mock_page_answer(one, first, &answer), 0);
	ck_assert_int_eq(answer, LIBIOMMU_FAULT_RESOLVED);
	/* A context that is missing is nothing that a page could mend. */
	NO_CONTEXT(with_pasid(2));
	ck_assert_int_eq(libiommu_endpoint_detach(itself, 0, &err), 0);
	ck_assert_int_eq(libiommu_mock_page_answer(one, second, &answer), 0);
	ck_assert_int_eq(answer, LIBIOMMU_FAULT_REFUSED);
	end();
}
END_TEST

/* A device table entry: valid, with guest translation, and the table's address in three pieces. */
static int amd(uint64_t table, unsigned int level, bool giov, bool pasid,
	       struct libiommu_domain **out)
{
	const struct libiommu_stage1_amd data = {
		{ 1 | UINT64_C(1) << 55 | (uint64_t)giov << 54 | (uint64_t)level << 56 |
			  (table >> 12 & 7) << 58,
		  (table >> 15 & 0xffff) << 16 | table >> 31 << 43 }
	};
	struct libiommu_nested_options opts = LIBIOMMU_NESTED_OPTIONS_INIT;

	opts.type = LIBIOMMU_STAGE1_AMD;
	opts.data = &data;
	opts.data_length = sizeof(data);
	opts.pasid = pasid;
	return new_stage1(&opts, out);
}

static void gcr3(uint64_t place, size_t page)
{
	*at(place) = libiommu_pgtable_root(tables_to(LIBIOMMU_PGTABLE_X86_64, page)) | 1;
}

/* The place of an entry, below tables that are made as they are needed. */
static uint64_t entry_of(uint64_t table, unsigned int level, uint32_t pasid)
{
	for (; level; level--) {
		uint64_t *entry = at(table + (pasid >> 9 * level & 511) * 8);

		if (!*entry)
			*entry = take(1) | 1;
		table = *entry & ~UINT64_C(1);
	}
	return table + (pasid & 511) * 8;
}

START_TEST(levels_of_gcr3)
{
	static const uint32_t farthest[] = { 511, 0xffff, 0xffff };
	const unsigned int level = (unsigned int)_i;
	const uint32_t last = farthest[level];
	struct libiommu_endpoint *one, *far, *beyond;
	struct libiommu_domain *dom;
	uint64_t table;

	begin_on("amd-vi");
	table = take(1);
	one = with_pasid(1);
	far = with_pasid(last);
	ck_assert_int_eq(amd(table, level, true, false, &dom), 0);
	ck_assert_int_eq(libiommu_endpoint_attach(itself, dom, &err), 0);
	NO_CONTEXT(one);
	gcr3(entry_of(table, level, 0), 4);
	gcr3(entry_of(table, level, 1), 1);
	NO_CONTEXT(far);
	gcr3(entry_of(table, level, last), 2);
	ck_assert_int_eq(reads(itself, AT), 4);
	ck_assert_int_eq(reads(one, AT), 1);
	ck_assert_int_eq(reads(far, AT), 2);
	if (!level) {
		beyond = with_pasid(512);
		NO_CONTEXT(beyond);
	} else {
		beyond = with_pasid(0x3000);
		*at(table + (0x3000 >> 9 * level & 511) * 8) = (BASE + sizeof(mem)) | 1;
		/* In the highest of three levels all PASIDs that there are have one entry. */
		faults(beyond, AT, LIBIOMMU_MOCK_FAULT_NOT_MAPPED, 2,
		       BASE + sizeof(mem) + (level == 2 ? 0x3000 >> 9 : 0) * 8);
	}
	end();
}
END_TEST

START_TEST(gcr3_for_pasids_alone)
{
	struct libiommu_domain *dom;
	struct libiommu_endpoint *one;
	uint64_t table;

	begin_on("amd-vi");
	table = take(1);
	gcr3(table, 4);
	gcr3(table + 8, 1);
	one = with_pasid(1);
	refused(amd(table, 3, true, false, &dom), LIBIOMMU_REASON_BAD_STAGE1);
	refused(amd(table, 1, true, true, &dom), LIBIOMMU_REASON_BAD_STAGE1);
	/* Without GIOV, what has no PASID passes by. */
	ck_assert_int_eq(amd(table, 0, false, false, &dom), 0);
	ck_assert_int_eq(libiommu_endpoint_attach(itself, dom, &err), 0);
	ck_assert_int_eq(reads(itself, BASE + 5 * PAGE), 5);
	ck_assert_int_eq(reads(one, AT), 1);
	ck_assert_int_eq(libiommu_endpoint_detach(itself, 0, &err), 0);
	/* A domain for PASIDs of the host has the first context, whoever uses it. */
	ck_assert_int_eq(amd(table, 0, false, true, &dom), 0);
	ck_assert_int_eq(libiommu_endpoint_attach(one, dom, &err), 0);
	ck_assert_int_eq(reads(one, AT), 4);
	end();
}
END_TEST

START_TEST(the_hardware_says_so)
{
	struct libiommu_hw_info info = LIBIOMMU_HW_INFO_INIT;

	begin_on("arm-smmuv3");
	ck_assert_int_eq(libiommu_device_hw_info(dev, &info, &err), 0);
	/* Tables of two levels, and for how many. */
	ck_assert_uint_eq(info.data.smmuv3.idr[0] >> 19 & 1, 1);
	ck_assert_uint_eq(info.data.smmuv3.idr[1] >> 6 & 31, 20);
	end();
	begin_on("amd-vi");
	ck_assert_int_eq(libiommu_device_hw_info(dev, &info, &err), 0);
	/* Three levels, and GIOV. */
	ck_assert_uint_eq(info.data.amd.efr >> 14 & 3, 2);
	ck_assert_uint_eq(info.data.amd.efr >> 48 & 1, 1);
	end();
}
END_TEST

/* A context that cannot be kept is a fault, and is found the next time. */
START_TEST(no_memory_for_a_context)
{
	struct libiommu_allocator allocator = *libiommu_allocator_default();
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_endpoint *one;
	uint64_t table;

	allocator.alloc = fail_alloc;
	allocator.free = count_free;
	opts.allocator = &allocator;
	begin(&opts, "arm-smmuv3");
	table = take(1);
	context(table + 64, 1, 1);
	one = with_pasid(1);
	on_smmuv3(table, 0, 2, 0);
	fault.calls = 0;
	fault.at = 1;
	fault.all = true;
	faults(one, AT, LIBIOMMU_MOCK_FAULT_NOT_MAPPED, 2, 0);
	ck_assert_uint_ge(fault.calls, 1);
	fault.at = 0;
	ck_assert_int_eq(reads(one, AT), 1);
	end();
	ck_assert_int_eq(blocks, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mock-guest-contexts");
	TCase *tcase = tcase_create("contexts");

	tcase_add_test(tcase, linear_table);
	tcase_add_loop_test(tcase, requests_without_a_pasid, 0, 4);
	tcase_add_test(tcase, entries_without_a_stage_1);
	tcase_add_loop_test(tcase, two_levels, 0, 4);
	tcase_add_test(tcase, invalidation_of_one_pasid);
	tcase_add_test(tcase, either_the_guests_or_the_hosts);
	tcase_add_test(tcase, page_requests_of_a_guests_pasid);
	tcase_add_loop_test(tcase, levels_of_gcr3, 0, 3);
	tcase_add_test(tcase, gcr3_for_pasids_alone);
	tcase_add_test(tcase, the_hardware_says_so);
	tcase_add_test(tcase, no_memory_for_a_context);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
