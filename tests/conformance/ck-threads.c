// SPDX-License-Identifier: BSD-2-Clause
/* 4.6.2 to 4.6.4: many threads in one context. Threads count what is wrong; the case asserts. */
#include "helpers.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#define WRITERS 4
#define READERS 2
#define STEPS   3000
#define SLOTS   64

struct crew {
	struct libiommu_ctx *ctx;
	struct libiommu_domain *dom;
	struct libiommu_domain *other;
	struct libiommu_endpoint *ep;
	char *mem;
	unsigned int steps;
	atomic_bool stop;
	atomic_uint wrong;
	atomic_uint first_line;
};

struct hand {
	struct crew *crew;
	unsigned int id;
	bool reader;
	bool mapped[SLOTS];
};

#define WRONG_IF(crew, condition)                                            \
	do {                                                                 \
		if ((condition) && atomic_fetch_add(&(crew)->wrong, 1) == 0) \
			atomic_store(&(crew)->first_line, __LINE__);         \
	} while (0)

/* Each writer owns every WRITERS-th block of SLOTS pages. */
static uint64_t slot_iova(unsigned int writer, unsigned int slot)
{
	return IO((writer * SLOTS + slot) * 2);
}

static void *write_slots(void *data)
{
	struct libiommu_mapping mapping = LIBIOMMU_MAPPING_INIT;
	struct hand *hand = data;
	struct crew *crew = hand->crew;
	uint64_t state = hand->id + 1, removed, iova;
	unsigned int i, slot;
	int ret;

	for (i = 0; i < crew->steps; i++) {
		slot = (unsigned int)(random_next(&state) % SLOTS);
		iova = slot_iova(hand->id, slot);
		if (hand->mapped[slot]) {
			removed = 0;
			ret = libiommu_domain_unmap(crew->dom, iova, PAGE, &removed, NULL);
			WRONG_IF(crew, ret || removed != PAGE);
			ret = libiommu_domain_find(crew->dom, NULL, iova, &mapping);
			WRONG_IF(crew, ret != -ENOENT);
		} else {
			ret = libiommu_domain_map(crew->dom, iova, at(crew->mem + slot * PAGE),
						  PAGE, RW, NULL);
			WRONG_IF(crew, ret);
			ret = libiommu_domain_find(crew->dom, NULL, iova, &mapping);
			WRONG_IF(crew, ret || mapping.iova != iova || mapping.length != PAGE);
		}
		hand->mapped[slot] = !hand->mapped[slot];
	}
	return NULL;
}

/* What is found must be one of the mappings that there can be. */
static void *read_slots(void *data)
{
	struct libiommu_mapping mapping = LIBIOMMU_MAPPING_INIT;
	struct libiommu_reader *reader = NULL;
	struct hand *hand = data;
	struct crew *crew = hand->crew;
	uint64_t state = 1000 + hand->id, iova, from;
	unsigned int slot, round;
	int ret;

	if (hand->reader)
		WRONG_IF(crew, libiommu_reader_new(crew->ctx, &reader, NULL));
	for (round = 0; round < 50 || !atomic_load(&crew->stop); round++) {
		slot = (unsigned int)(random_next(&state) % (WRITERS * SLOTS));
		iova = slot_iova(0, slot);
		ret = libiommu_domain_find(crew->dom, reader, iova + 100, &mapping);
		WRONG_IF(crew, ret && ret != -ENOENT);
		WRONG_IF(crew, !ret && (mapping.iova != iova || mapping.length != PAGE ||
					mapping.source.start !=
						(uintptr_t)crew->mem + slot % SLOTS * PAGE));
		ret = libiommu_domain_find_source(
			crew->dom, reader, at(crew->mem + slot % SLOTS * PAGE), 0, &from, &mapping);
		WRONG_IF(crew, ret && ret != -ENOENT);
		WRONG_IF(crew, !ret && mapping.source.start !=
					       (uintptr_t)crew->mem + slot % SLOTS * PAGE);
		ret = libiommu_domain_next(crew->dom, reader, iova, &mapping);
		WRONG_IF(crew, ret && ret != -ENOENT);
		WRONG_IF(crew, !ret && mapping.iova < iova);
	}
	libiommu_reader_free(reader);
	return NULL;
}

static void *move_endpoint(void *data)
{
	struct crew *crew = data;
	unsigned int i;

	for (i = 0; i < crew->steps / 100 + 5; i++) {
		WRONG_IF(crew,
			 libiommu_endpoint_attach(crew->ep, i % 2 ? crew->other : crew->dom, NULL));
		WRONG_IF(crew, libiommu_endpoint_detach(crew->ep, 0, NULL));
	}
	return NULL;
}

static void *synchronize(void *data)
{
	struct crew *crew = data;

	do
		WRONG_IF(crew, libiommu_ctx_synchronize(crew->ctx, NULL));
	while (!atomic_load(&crew->stop));
	return NULL;
}

/* Run writers and readers, and perhaps a thread that moves the endpoint; then compare. */
static void run_crew(struct crew *crew, bool move)
{
	static struct hand writers[WRITERS], readers[READERS];
	pthread_t writer[WRITERS], reader[READERS], mover, syncer;
	unsigned int i, slot, expected = 0;

	for (i = 0; i < READERS; i++) {
		readers[i] = (struct hand){ .crew = crew, .id = i, .reader = i % 2 };
		ck_assert_int_eq(pthread_create(&reader[i], NULL, read_slots, &readers[i]), 0);
	}
	for (i = 0; i < WRITERS; i++) {
		writers[i] = (struct hand){ .crew = crew, .id = i };
		ck_assert_int_eq(pthread_create(&writer[i], NULL, write_slots, &writers[i]), 0);
	}
	ck_assert_int_eq(pthread_create(&syncer, NULL, synchronize, crew), 0);
	if (move)
		ck_assert_int_eq(pthread_create(&mover, NULL, move_endpoint, crew), 0);
	for (i = 0; i < WRITERS; i++)
		pthread_join(writer[i], NULL);
	if (move)
		pthread_join(mover, NULL);
	atomic_store(&crew->stop, true);
	pthread_join(syncer, NULL);
	for (i = 0; i < READERS; i++)
		pthread_join(reader[i], NULL);
	ck_assert_msg(!crew->wrong, "%u wrong answers, the first at %s:%u", crew->wrong, __FILE__,
		      crew->first_line);
	for (i = 0; i < WRITERS; i++) {
		for (slot = 0; slot < SLOTS; slot++) {
			if (writers[i].mapped[slot])
				found(crew->dom, slot_iova(i, slot), crew->mem + slot * PAGE, PAGE);
			else
				not_found(crew->dom, slot_iova(i, slot));
			expected += writers[i].mapped[slot];
		}
	}
	ck_assert_uint_eq(libiommu_domain_mapping_count(crew->dom), expected);
}

static struct crew crew_of(struct rig *rig)
{
	struct crew crew = { .ctx = rig->ctx, .dom = rig->dom, .ep = rig->ep[0], .steps = STEPS };

	crew.mem = memory(SLOTS * PAGE);
	return crew;
}

CASE(threads_without_device, "4.6.2 maps, unmaps and lookups of threads beside each other")
{
	struct rig rig = rig_new(0);
	struct crew crew = crew_of(&rig);

	run_crew(&crew, false);
}

CASE(threads_with_device, "4.6.3 the same while a device is attached; DMA ends as the ledger")
{
	struct crew crew;
	struct rig rig;
	struct edu edu;
	char *mem = memory(PAGE);

	NEEDS(1, 0);
	rig = rig_attached(1);
	crew = crew_of(&rig);
	map(rig.dom, IO(10000), mem, PAGE);
	unmap(rig.dom, IO(10000), PAGE, PAGE);
	run_crew(&crew, false);
	edu = edu_open(rig.dev[0]);
	map(rig.dom, IO(10000), mem, PAGE);
	dma_reaches(&edu, IO(10000), mem);
}

CASE(threads_while_attaching, "4.6.3 one thread attaches and detaches while others map")
{
	struct crew crew;
	struct rig rig;
	struct edu edu;
	char *mem = memory(PAGE);

	NEEDS(1, 0);
	rig = rig_new(1);
	crew = crew_of(&rig);
	crew.other = domain(rig.ctx);
	run_crew(&crew, true);
	map(rig.dom, IO(10000), mem, PAGE);
	attach(rig.ep[0], rig.dom);
	edu = edu_open(rig.dev[0]);
	dma_reaches(&edu, IO(10000), mem);
}

struct race {
	struct libiommu_domain *dom;
	char *mem;
	atomic_uint mapped;
	atomic_uint wrong;
};

static void *race_for_one(void *data)
{
	struct race *race = data;
	int i, ret;

	for (i = 0; i < STEPS; i++) {
		ret = libiommu_domain_map(race->dom, IO(0), at(race->mem), 4 * PAGE, RW, NULL);
		if (ret == 0) {
			/* Only who mapped unmaps. */
			race->wrong += atomic_fetch_add(&race->mapped, 1) != 0;
			atomic_fetch_sub(&race->mapped, 1);
			race->wrong +=
				libiommu_domain_unmap(race->dom, IO(0), 4 * PAGE, NULL, NULL) != 0;
		} else {
			race->wrong += ret != -EEXIST && ret != -EBUSY;
		}
	}
	return NULL;
}

CASE(threads_race_for_a_range, "4.1.4 a range that others have reserved blocks; one of many wins")
{
	struct race race = { .mem = memory(4 * PAGE) };
	pthread_t thread[WRITERS];
	struct rig rig;
	int i;

	rig = target->alone_count ? rig_attached(1) : rig_new(0);
	race.dom = rig.dom;
	for (i = 0; i < WRITERS; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, race_for_one, &race), 0);
	for (i = 0; i < WRITERS; i++)
		pthread_join(thread[i], NULL);
	ck_assert_uint_eq(race.wrong, 0);
	ck_assert_uint_eq(libiommu_domain_mapping_count(rig.dom), 0);
}

static void *choose_iovas(void *data)
{
	struct race *race = data;
	uint64_t iova[16];
	int i, k;

	for (i = 0; i < STEPS / 16; i++) {
		for (k = 0; k < 16; k++)
			race->wrong += libiommu_domain_map_any(race->dom, at(race->mem), PAGE, RW,
							       &iova[k], NULL) != 0;
		for (k = 0; k < 16; k++)
			race->wrong +=
				libiommu_domain_unmap(race->dom, iova[k], PAGE, NULL, NULL) != 0;
	}
	return NULL;
}

CASE(threads_choose_iovas, "4.6.2 IOVAs that are chosen by threads at once never collide")
{
	struct race race = { .mem = memory(PAGE) };
	pthread_t thread[WRITERS];
	struct rig rig = rig_new(0);
	int i;

	race.dom = rig.dom;
	for (i = 0; i < WRITERS; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, choose_iovas, &race), 0);
	for (i = 0; i < WRITERS; i++)
		pthread_join(thread[i], NULL);
	ck_assert_uint_eq(race.wrong, 0);
	ck_assert_uint_eq(libiommu_domain_mapping_count(rig.dom), 0);
}

static void *own_world(void *data)
{
	struct race *race = data;
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_domain *dom;
	struct libiommu_ctx *ctx;
	int i;

	context_options(&opts);
	for (i = 0; i < 20; i++) {
		if (libiommu_ctx_new(&opts, &ctx, NULL)) {
			race->wrong++;
			return NULL;
		}
		race->wrong += libiommu_domain_new(ctx, NULL, &dom, NULL) != 0;
		race->wrong += libiommu_domain_map(dom, IO(0), at(race->mem), PAGE, RW, NULL) != 0;
		libiommu_ctx_free(ctx);
	}
	return NULL;
}

CASE(threads_with_contexts, "4.6.1 contexts of several threads are independent")
{
	struct race race = { .mem = memory(PAGE) };
	pthread_t thread[WRITERS];
	int i;

	for (i = 0; i < WRITERS; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, own_world, &race), 0);
	for (i = 0; i < WRITERS; i++)
		pthread_join(thread[i], NULL);
	ck_assert_uint_eq(race.wrong, 0);
}

void suite_threads(struct registry *registry)
{
	static const struct conformance_case *const cases[] = {
		&threads_without_device,   &threads_with_device,  &threads_while_attaching,
		&threads_race_for_a_range, &threads_choose_iovas, &threads_with_contexts,
	};

	add_cases(registry, "threads", cases, COUNT(cases));
}
