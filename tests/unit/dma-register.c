/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/dma-fixture.h"

#define PAGES  64
#define RANGES 40
#define ROUNDS 3000

static unsigned char *memory; /* PAGES of them */

static void begin(const char *device)
{
	world_open(device);
	memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		      0);
	ck_assert_ptr_ne(memory, MAP_FAILED);
}

static void end(void)
{
	world_close();
	munmap(memory, PAGES * PAGE);
}

static unsigned char *page(size_t n)
{
	return memory + n * PAGE;
}

static uint64_t iova_of(const void *address)
{
	uint64_t iova;

	ck_assert_int_eq(libiommu_dma_lookup(w.dom, NULL, address, 0, &iova, NULL), 0);
	return iova;
}

static bool is_mapped(size_t n)
{
	uint64_t iova;
	int code = libiommu_dma_lookup(w.dom, NULL, page(n), 0, &iova, NULL);

	ck_assert(!code || code == -ENOENT);
	return !code;
}

/* "11122.." : how a row of pages is mapped, by a number for each mapping in order, "." for none. */
static void mapped_as(const char *pattern)
{
	uint64_t iova, last = 0;
	char seen[PAGES + 1], name = '0';

	for (size_t i = 0; i < strlen(pattern); i++) {
		seen[i + 1] = '\0';
		if (libiommu_dma_lookup(w.dom, NULL, page(i), 0, &iova, NULL)) {
			seen[i] = '.';
			last = 0;
			continue;
		}
		if (!last || iova != last + PAGE)
			name++;
		seen[i] = name;
		last = iova;
	}
	ck_assert_str_eq(seen, pattern);
}

#define REGISTER(first, count, prot) \
	libiommu_dma_register(w.dom, page(first), (count)*PAGE, prot, E)
#define UNREGISTER(first, count, kept) \
	libiommu_dma_unregister(w.dom, page(first), (count)*PAGE, kept, E)

START_TEST(registered_memory_is_rounded_outward)
{
	uint64_t iova, length;

	begin(DEVICE);
	OK(libiommu_dma_register(w.dom, page(1) + 4000, 200, RW, E));
	mapped_as(".11.");
	ck_assert_int_eq(libiommu_dma_lookup(w.dom, NULL, page(1) + 4000, RW, &iova, &length), 0);
	ck_assert_uint_eq(length, 2 * PAGE - 4000);
	ck_assert_int_eq(device_writes(iova + 100, 3), 0);
	ck_assert_uint_eq(page(2)[4], 3);
	ck_assert_int_eq(device_writes(iova - 4000, 4), 0);
	ck_assert_uint_eq(page(1)[0], 4);
	ck_assert_int_eq(device_writes(iova - 4001, 4), LIBIOMMU_MOCK_FAULT_NOT_MAPPED);
	OK(libiommu_dma_unregister(w.dom, page(1) + 4000, 200, NULL, E));
	ck_assert_int_eq(device_writes(iova, 4), LIBIOMMU_MOCK_FAULT_NOT_MAPPED);
	ck_assert_uint_eq(libiommu_domain_mapping_count(w.dom), 0);
	end();
}
END_TEST

START_TEST(a_range_is_mapped_once_however_often_it_is_registered)
{
	uint64_t iova, kept = 1;

	begin(DEVICE);
	for (size_t i = 0; i < 3; i++)
		OK(REGISTER(0, 2, RW));
	/* Other bytes, the same pages. */
	OK(libiommu_dma_register(w.dom, page(0) + 5, PAGE, RW, E));
	iova = iova_of(page(0));
	ck_assert_uint_eq(libiommu_domain_mapping_count(w.dom), 1);
	for (size_t i = 0; i < 4; i++) {
		ck_assert_int_eq(device_writes(iova, 1), 0);
		OK(UNREGISTER(0, 2, &kept));
		ck_assert_uint_eq(kept, 0);
	}
	ck_assert_int_eq(device_writes(iova, 1), LIBIOMMU_MOCK_FAULT_NOT_MAPPED);
	REFUSED(UNREGISTER(0, 2, &kept), NOT_REGISTERED);
	end();
}
END_TEST

START_TEST(only_what_is_missing_is_mapped)
{
	uint64_t first;

	begin(DEVICE);
	OK(REGISTER(2, 2, RW));
	OK(REGISTER(6, 1, RW));
	first = iova_of(page(2));
	OK(REGISTER(0, 8, RW));
	ck_assert_uint_eq(libiommu_domain_mapping_count(w.dom), 5);
	mapped_as("11223345.");
	ck_assert_uint_eq(iova_of(page(2)), first);
	OK(UNREGISTER(2, 2, NULL));
	OK(UNREGISTER(6, 1, NULL));
	mapped_as("11223345.");
	OK(UNREGISTER(0, 8, NULL));
	ck_assert_uint_eq(libiommu_domain_mapping_count(w.dom), 0);
	end();
}
END_TEST

START_TEST(a_mapping_stays_whole_while_a_part_of_it_is_registered)
{
	uint64_t kept, needed, available;

	begin(DEVICE);
	OK(REGISTER(0, 4, RW));
	OK(REGISTER(2, 4, RW));
	mapped_as("111122.");
	REFUSED(UNREGISTER(0, 4, NULL), MEMORY_SHARED);
	ck_assert(libiommu_error_figures(w.err, &needed, &available));
	ck_assert_uint_eq(needed, 2 * PAGE);
	ck_assert_uint_eq(available, 4 * PAGE);
	OK(UNREGISTER(0, 4, &kept));
	ck_assert_uint_eq(kept, 2 * PAGE);
	mapped_as("111122.");
	REFUSED(UNREGISTER(0, 4, &kept), NOT_REGISTERED);
	/* What lingers can be had again, and is no new mapping. */
	OK(REGISTER(0, 1, RW));
	mapped_as("111122.");
	OK(UNREGISTER(2, 4, &kept));
	ck_assert_uint_eq(kept, 2 * PAGE);
	mapped_as("1111..");
	OK(UNREGISTER(0, 1, NULL));
	mapped_as("......");
	end();
}
END_TEST

START_TEST(neighbours_come_and_go_alone)
{
	begin(DEVICE);
	OK(REGISTER(0, 2, RW));
	OK(REGISTER(2, 2, RW));
	mapped_as("1122.");
	/* A device that runs over the end of one does not get to the other. */
	ck_assert_int_eq(device_writes(iova_of(page(1)) + PAGE, 1), LIBIOMMU_MOCK_FAULT_NOT_MAPPED);
	OK(UNREGISTER(0, 2, NULL));
	mapped_as("..11.");
	OK(UNREGISTER(2, 2, NULL));
	end();
}
END_TEST

START_TEST(protection_is_that_of_the_first)
{
	begin(DEVICE);
	OK(REGISTER(0, 2, LIBIOMMU_PROT_READ));
	ck_assert_int_eq(device_writes(iova_of(page(0)), 1), LIBIOMMU_MOCK_FAULT_PERMISSION);
	REFUSED(REGISTER(1, 2, RW), PROT_CONFLICT);
	mapped_as("11..");
	REFUSED(REGISTER(0, 2, RW), PROT_CONFLICT);
	OK(UNREGISTER(0, 2, NULL));
	OK(REGISTER(0, 2, RW));
	OK(REGISTER(1, 2, LIBIOMMU_PROT_READ));
	ck_assert_int_eq(device_writes(iova_of(page(1)), 1), 0);
	ck_assert_int_eq(device_writes(iova_of(page(2)), 1), LIBIOMMU_MOCK_FAULT_PERMISSION);
	OK(UNREGISTER(0, 2, &(uint64_t){ 0 }));
	OK(UNREGISTER(1, 2, NULL));
	mapped_as("...");
	end();
}
END_TEST

START_TEST(a_lookup_finds_what_allows_the_access)
{
	uint64_t iova, length, high = UINT64_C(1) << 32;

	begin(DEVICE);
	OK(REGISTER(0, 4, LIBIOMMU_PROT_READ));
	ck_assert_int_eq(libiommu_dma_lookup(w.dom, NULL, page(2), LIBIOMMU_PROT_READ, &iova, NULL),
			 0);
	ck_assert_int_eq(libiommu_dma_lookup(w.dom, NULL, page(2), RW, &iova, NULL), -EACCES);
	OK(libiommu_domain_map(w.dom, high, libiommu_source_memory(page(1)), 2 * PAGE, RW, E));
	ck_assert_int_eq(libiommu_dma_lookup(w.dom, NULL, page(2), RW, &iova, &length), 0);
	ck_assert_uint_eq(iova, high + PAGE);
	ck_assert_uint_eq(length, PAGE);
	ck_assert_int_eq(libiommu_dma_lookup(w.dom, NULL, page(2), 0, &iova, &length), 0);
	ck_assert_uint_lt(iova, high);
	ck_assert_uint_eq(length, 2 * PAGE);
	end();
}
END_TEST

START_TEST(what_was_unmapped_by_hand_is_mapped_again)
{
	begin(DEVICE);
	OK(REGISTER(0, 2, RW));
	OK(REGISTER(4, 2, RW));
	OK(libiommu_domain_unmap_all(w.dom, NULL, E));
	OK(UNREGISTER(4, 2, NULL));
	OK(REGISTER(0, 2, RW));
	mapped_as("11....");
	OK(libiommu_domain_unmap_all(w.dom, NULL, E));
	OK(REGISTER(1, 2, RW));
	mapped_as("112...");
	ck_assert_int_eq(device_writes(iova_of(page(0)), 8), 0);
	OK(UNREGISTER(1, 2, NULL));
	OK(UNREGISTER(0, 2, NULL));
	OK(UNREGISTER(0, 2, NULL));
	mapped_as("......");
	end();
}
END_TEST

START_TEST(memory_that_stays_mapped_stays_registered)
{
	begin(DEVICE);
	OK(REGISTER(0, 1, RW));
	OK(REGISTER(0, 3, RW));
	OK(REGISTER(4, 1, RW));
	w.unmap_fails = true;
	ck_assert_int_eq(UNREGISTER(0, 3, NULL), -EIO);
	mapped_as("122.3");
	w.unmap_fails = false;
	OK(UNREGISTER(0, 3, NULL));
	mapped_as("1...2");
	OK(UNREGISTER(0, 1, NULL));
	OK(libiommu_endpoint_detach(w.ep, 0, E));
	REFUSED(libiommu_domain_free(w.dom, E), MEMORY_IN_USE);
	OK(UNREGISTER(4, 1, NULL));
	OK(libiommu_domain_free(w.dom, E));
	end();
}
END_TEST

START_TEST(a_range_is_registered_whole_or_not_at_all)
{
	begin(DEVICE);
	OK(REGISTER(2, 2, RW));
	OK(REGISTER(6, 1, RW));
	for (long n = 1; n <= 3; n++) {
		w.map_fails = w.maps + n;
		ck_assert_int_eq(REGISTER(1, 8, RW), -EIO);
		mapped_as("..11..2...");
		REFUSED(UNREGISTER(1, 8, NULL), NOT_REGISTERED);
	}
	OK(REGISTER(1, 8, RW));
	mapped_as(".12233455.");
	end();
}
END_TEST

/* A map is refused, and those before it cannot be undone: nobody has them, but the ledger. */
START_TEST(what_cannot_be_undone_is_told)
{
	begin(DEVICE);
	OK(REGISTER(2, 2, RW));
	w.map_fails = w.maps + 2;
	w.unmap_fails = true;
	REFUSED(REGISTER(0, 6, RW), PARTIAL);
	w.unmap_fails = false;
	ck_assert_uint_eq(libiommu_domain_mapping_count(w.dom), 2);
	REFUSED(UNREGISTER(0, 6, NULL), NOT_REGISTERED);
	OK(UNREGISTER(2, 2, NULL));
	OK(libiommu_domain_unmap_all(w.dom, NULL, E));
	OK(REGISTER(0, 6, RW));
	mapped_as("111111.");
	end();
}
END_TEST

START_TEST(what_makes_no_sense_is_refused)
{
	struct libiommu_domain_options blocked = LIBIOMMU_DOMAIN_OPTIONS_INIT;
	struct libiommu_domain *dom;
	uint64_t iova;

	begin(NULL);
	REFUSED(libiommu_dma_register(NULL, memory, PAGE, RW, E), NULL_ARGUMENT);
	REFUSED(REGISTER(0, 0, RW), EMPTY_RANGE);
	REFUSED(REGISTER(0, 1, 0), NO_PROTECTION);
	REFUSED(REGISTER(0, 1, 4), UNKNOWN_FLAGS);
	REFUSED(libiommu_dma_register(w.dom, memory, UINT64_MAX, RW, E), RANGE_WRAPS);
	REFUSED(libiommu_dma_register(w.dom, (void *)(UINTPTR_MAX - 5), 3, RW, E), RANGE_WRAPS);
	REFUSED(UNREGISTER(0, 1, NULL), NOT_REGISTERED);
	REFUSED(UNREGISTER(0, 0, NULL), EMPTY_RANGE);
	OK(REGISTER(0, 4, RW));
	REFUSED(UNREGISTER(0, 3, NULL), NOT_REGISTERED);
	REFUSED(UNREGISTER(1, 3, NULL), NOT_REGISTERED);
	blocked.type = LIBIOMMU_DOMAIN_BLOCKED;
	OK(libiommu_domain_new(w.ctx, &blocked, &dom, E));
	REFUSED(libiommu_dma_register(dom, memory, PAGE, RW, E), DOMAIN_TYPE);
	ck_assert_int_eq(libiommu_dma_lookup(w.dom, NULL, page(9), 0, &iova, NULL), -ENOENT);
	ck_assert_int_eq(libiommu_dma_lookup(w.dom, NULL, page(0), 0, NULL, NULL), -EINVAL);
	ck_assert_int_eq(libiommu_dma_lookup(NULL, NULL, page(0), 0, &iova, NULL), -EINVAL);
	end();
}
END_TEST

/* The model: counts of pages, and which mapping each is in. */
static struct {
	unsigned int count[PAGES];
	unsigned int mapping[PAGES]; /* 0: none */
	uint64_t iova[PAGES];        /* as it was when the mapping came */
	unsigned int mappings;
} model;

struct span {
	size_t first, count;
};

static void model_add(struct span r)
{
	bool fresh = true;

	for (size_t i = r.first; i < r.first + r.count; i++) {
		model.count[i]++;
		if (model.mapping[i]) {
			fresh = true;
			continue;
		}
		model.mappings += fresh;
		fresh = false;
		model.mapping[i] = model.mappings;
		model.iova[i] = 0;
	}
}

/* Returns the pages that linger. */
static uint64_t model_remove(struct span r)
{
	uint64_t lingering = 0;

	for (size_t i = r.first; i < r.first + r.count; i++)
		model.count[i]--;
	for (size_t i = 0; i < PAGES; i++) {
		bool needed = false;

		if (!model.mapping[i] || model.count[i])
			continue;
		for (size_t j = 0; j < PAGES; j++)
			needed |= model.mapping[j] == model.mapping[i] && model.count[j];
		if (needed)
			lingering += i >= r.first && i < r.first + r.count;
	}
	for (size_t i = 0; i < PAGES; i++) {
		unsigned int mapping = model.mapping[i];
		bool needed = false;

		for (size_t j = 0; j < PAGES; j++)
			needed |= model.mapping[j] == mapping && model.count[j];
		for (size_t j = 0; !needed && j < PAGES; j++)
			if (model.mapping[j] == mapping)
				model.mapping[j] = 0;
	}
	return lingering;
}

/* NULL, or what is wrong. Pages of one mapping are in a row; a mapping never moves. */
static const char *agrees(void)
{
	for (size_t i = 0; i < PAGES; i++) {
		uint64_t iova, length, rest = PAGE;
		int code = libiommu_dma_lookup(w.dom, NULL, page(i), RW, &iova, &length);

		if (!code != !!model.mapping[i])
			return "another page is mapped";
		if (code)
			continue;
		for (size_t j = i + 1; j < PAGES && model.mapping[j] == model.mapping[i]; j++)
			rest += PAGE;
		if (length != rest)
			return "a mapping has another length";
		if (model.iova[i] && model.iova[i] != iova)
			return "a mapping has moved";
		model.iova[i] = iova;
		page(i)[7] = 0;
		if (libiommu_mock_dma_write(w.ep, iova + 7, "x", 1, NULL) || page(i)[7] != 'x')
			return "the device does not reach a page";
	}
	return NULL;
}

START_TEST(random_registrations_agree_with_a_model)
{
	struct span live[RANGES];
	uint64_t seed = 3, kept;
	size_t count = 0;

	begin(DEVICE);
	memset(&model, 0, sizeof(model));
	for (int round = 0; round < ROUNDS; round++) {
		const char *wrong;
		size_t i;

		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
		i = (seed >> 40) % RANGES;
		if (i < count) {
			uint64_t lingering = model_remove(live[i]);

			OK(UNREGISTER(live[i].first, live[i].count, &kept));
			ck_assert_uint_eq(kept, lingering * PAGE);
			live[i] = live[--count];
		} else {
			live[count].first = (seed >> 20) % PAGES;
			live[count].count = 1 + (seed >> 30) % (PAGES - live[count].first);
			if (seed >> 50 & 1 && live[count].count > 6)
				live[count].count = 6;
			OK(REGISTER(live[count].first, live[count].count, RW));
			model_add(live[count++]);
		}
		wrong = agrees();
		ck_assert_msg(!wrong, "round %d: %s", round, wrong);
	}
	while (count--) {
		model_remove(live[count]);
		OK(UNREGISTER(live[count].first, live[count].count, &kept));
		ck_assert_ptr_null(agrees());
	}
	ck_assert_uint_eq(libiommu_domain_mapping_count(w.dom), 0);
	OK(libiommu_endpoint_detach(w.ep, 0, E));
	OK(libiommu_domain_free(w.dom, E));
	end();
}
END_TEST

#define THREADS 4

/* Each has pages of its own, and one that all have; what it has registered is always there. */
static void *churn(void *data)
{
	size_t mine = (size_t)data * 8;

	for (int round = 0; round < 400; round++) {
		uint64_t iova, kept;

		if (libiommu_dma_register(w.dom, page(mine), 3 * PAGE, RW, NULL) ||
		    libiommu_dma_register(w.dom, page(60), PAGE, RW, NULL) ||
		    libiommu_dma_register(w.dom, page(mine + 1), 3 * PAGE, RW, NULL))
			return "register";
		if (libiommu_dma_lookup(w.dom, NULL, page(mine + 3), RW, &iova, NULL) ||
		    libiommu_mock_dma_write(w.ep, iova, "x", 1, NULL) ||
		    libiommu_dma_lookup(w.dom, NULL, page(60), RW, &iova, NULL))
			return "lookup";
		if (libiommu_dma_unregister(w.dom, page(mine), 3 * PAGE, &kept, NULL) ||
		    kept != PAGE || libiommu_dma_unregister(w.dom, page(60), PAGE, &kept, NULL) ||
		    libiommu_dma_unregister(w.dom, page(mine + 1), 3 * PAGE, NULL, NULL))
			return "unregister";
	}
	return NULL;
}

START_TEST(threads_register_beside_each_other)
{
	pthread_t thread[THREADS];

	begin(DEVICE);
	for (size_t i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, churn, (void *)i), 0);
	for (size_t i = 0; i < THREADS; i++) {
		void *wrong;

		ck_assert_int_eq(pthread_join(thread[i], &wrong), 0);
		ck_assert_msg(!wrong, "%s", (char *)wrong);
	}
	ck_assert_uint_eq(libiommu_domain_mapping_count(w.dom), 0);
	end();
}
END_TEST

/* Some registrations; the n-th call fails. What is not registered then changes nothing. */
static bool come_and_go(long nth)
{
	static const struct span spans[] = { { 2, 4 }, { 8, 1 }, { 0, 10 }, { 3, 4 }, { 2, 4 } };
	uint64_t kept;
	bool met;

	begin(NULL);
	w.calls = 0;
	w.failing = nth;
	for (size_t i = 0; i < 5; i++) {
		size_t before = libiommu_domain_mapping_count(w.dom);
		int code = REGISTER(spans[i].first, spans[i].count, RW);

		if (!code)
			continue;
		ck_assert_int_eq(libiommu_error_reason(w.err), LIBIOMMU_REASON_NO_MEMORY);
		ck_assert_uint_eq(libiommu_domain_mapping_count(w.dom), before);
		REFUSED(UNREGISTER(9, 3, NULL), NOT_REGISTERED);
		OK(REGISTER(spans[i].first, spans[i].count, RW));
	}
	mapped_as("1122223345.");
	for (size_t i = 0; i < 5; i++) {
		int code = UNREGISTER(spans[i].first, spans[i].count, &kept);

		if (code)
			OK(UNREGISTER(spans[i].first, spans[i].count, &kept));
	}
	met = w.calls >= nth;
	ck_assert_uint_eq(libiommu_domain_mapping_count(w.dom), 0);
	OK(libiommu_domain_free(w.dom, E));
	end();
	return met;
}

START_TEST(every_call_that_fails_changes_nothing)
{
	long nth;

	for (nth = 1; come_and_go(nth); nth++)
		ck_assert_int_lt(nth, 300);
	ck_assert_int_gt(nth, 20);
}
END_TEST

START_TEST(the_context_takes_what_is_left)
{
	begin(DEVICE);
	OK(REGISTER(0, 4, RW));
	OK(REGISTER(2, 4, RW));
	OK(REGISTER(2, 1, RW));
	ck_assert(is_mapped(5));
	end();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		registered_memory_is_rounded_outward,
		a_range_is_mapped_once_however_often_it_is_registered,
		only_what_is_missing_is_mapped,
		a_mapping_stays_whole_while_a_part_of_it_is_registered,
		neighbours_come_and_go_alone,
		protection_is_that_of_the_first,
		a_lookup_finds_what_allows_the_access,
		what_was_unmapped_by_hand_is_mapped_again,
		memory_that_stays_mapped_stays_registered,
		a_range_is_registered_whole_or_not_at_all,
		what_cannot_be_undone_is_told,
		what_makes_no_sense_is_refused,
		random_registrations_agree_with_a_model,
		threads_register_beside_each_other,
		every_call_that_fails_changes_nothing,
		the_context_takes_what_is_left,
	};

	return dma_run("dma-register", tests, sizeof(tests) / sizeof(tests[0]));
}
