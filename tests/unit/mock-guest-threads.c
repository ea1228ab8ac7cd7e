/* SPDX-License-Identifier: BSD-2-Clause */
/* A guest's PASIDs at work while their contexts are forgotten, and while the device comes and goes. */
#include "tests/unit/mock-guest.h"

#include <pthread.h>
#include <stdatomic.h>

#define ROUNDS   2000
#define ACCESSES 500 /* that each must have had meanwhile */

static atomic_bool over;

struct worker {
	struct libiommu_endpoint *ep;
	int page; /* that its context leads to; no access may see another one */
	atomic_ulong good;
	unsigned long wrong;
};

static void *work(void *data)
{
	struct worker *worker = data;

	while (!atomic_load(&over)) {
		int byte = reads(worker->ep, AT);

		if (byte == worker->page)
			atomic_fetch_add(&worker->good, 1);
		worker->wrong += byte >= 0 && byte != worker->page;
	}
	return NULL;
}

static void context(uint64_t place, size_t page, uint16_t asid)
{
	struct libiommu_pgtable_hardware hw = LIBIOMMU_PGTABLE_HARDWARE_INIT;
	const struct libiommu_pgtable *pt = tables_to(LIBIOMMU_PGTABLE_ARM_S1_4K, page);

	ck_assert_int_eq(libiommu_pgtable_hardware(pt, &hw, NULL), 0);
	at(place)[0] = hw.control | UINT64_C(1) << 30 | UINT64_C(1) << 31 | UINT64_C(1) << 41 |
		       (uint64_t)asid << 48;
	at(place)[1] = hw.pointer;
}

static struct libiommu_domain *new_domain(uint64_t table)
{
	/* Four contexts; requests without a PASID have the first. */
	const struct libiommu_stage1_smmuv3 data = { { 1 | 5 << 1 | table | UINT64_C(2) << 59,
						       2 } };
	struct libiommu_nested_options opts = LIBIOMMU_NESTED_OPTIONS_INIT;
	struct libiommu_domain *dom;

	opts.type = LIBIOMMU_STAGE1_SMMUV3;
	opts.data = &data;
	opts.data_length = sizeof(data);
	ck_assert_int_eq(new_stage1(&opts, &dom), 0);
	return dom;
}

/* One context or all, by kind and as the hardware's commands; and now and then without the device. */
static void disturb(struct libiommu_domain *dom, unsigned int round)
{
	const struct libiommu_invalidation one = { .kind = LIBIOMMU_INVALIDATE_PASID,
						   .pasid = round % 3 },
					   all = { .kind = LIBIOMMU_INVALIDATE_ALL };
	const uint64_t commands[2][2] = { { 0x06, 0 }, { 0x11 | UINT64_C(1) << 48, 0 } };
	size_t count = 1, both = 2;

	ck_assert_int_eq(libiommu_domain_invalidate(dom, round % 4 ? &one : &all, &count, NULL), 0);
	ck_assert_int_eq(
		libiommu_domain_invalidate_raw(dom, 1, commands, sizeof(commands[0]), &both, NULL),
		0);
	if (round % 8)
		return;
	ck_assert_int_eq(libiommu_endpoint_detach(itself, 0, NULL), 0);
	ck_assert_int_eq(libiommu_endpoint_attach(itself, dom, NULL), 0);
}

static bool have_worked(struct worker *workers)
{
	for (size_t i = 0; i < 3; i++) {
		if (atomic_load(&workers[i].good) < ACCESSES)
			return false;
	}
	return true;
}

START_TEST(nobody_gets_what_is_anothers)
{
	struct worker workers[3] = { { .page = 3 }, { .page = 1 }, { .page = 2 } };
	struct libiommu_domain *dom;
	pthread_t threads[3];
	uint64_t table;

	begin_on("arm-smmuv3");
	table = take(1);
	for (size_t i = 0; i < 3; i++) {
		context(table + i * 64, (size_t)workers[i].page, (uint16_t)i);
		workers[i].ep = i ? with_pasid((uint32_t)i) : itself;
	}
	dom = new_domain(table);
	ck_assert_int_eq(libiommu_endpoint_attach(itself, dom, NULL), 0);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(reads(workers[i].ep, AT), workers[i].page);
		ck_assert_int_eq(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
	}
	for (unsigned int round = 0; round < ROUNDS || !have_worked(workers); round++)
		disturb(dom, round);
	atomic_store(&over, true);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
		ck_assert_uint_eq(workers[i].wrong, 0);
		ck_assert_int_eq(reads(workers[i].ep, AT), workers[i].page);
	}
	end();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mock-guest-threads");
	TCase *tcase = tcase_create("threads");

	tcase_add_test(tcase, nobody_gets_what_is_anothers);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
