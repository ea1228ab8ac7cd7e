// SPDX-License-Identifier: BSD-2-Clause
/* Random calls against a model that is too simple to be wrong: an array of pages. */
#include "helpers.h"

#include <errno.h>

#define PAGES  512
#define MEMORY 64
#define BATCH  4

struct entry {
	unsigned int first;
	unsigned int pages; /* 0: not in use */
	unsigned int source;
	unsigned int guard; /* pages */
	uint32_t prot;
};

struct world {
	struct rig rig;
	struct libiommu_reader *reader;
	char *mem;
	uint64_t state;
	unsigned long step;
	const char *operation;
	struct entry entries[PAGES + 1];
	unsigned short at[PAGES]; /* which entry holds a page; 0: none */
	bool allowed[PAGES];
};

#define CHECK(w, condition)                                                                     \
	ck_assert_msg(condition, "--seed %lu --rounds %lu: %s: %s", random_seed, (w)->step + 1, \
		      (w)->operation, #condition)

static unsigned int pick(struct world *w, unsigned int below)
{
	return (unsigned int)(random_next(&w->state) % below);
}

/* Below 2 MiB: what is longer the library lays on large pages, which the model knows nothing of. */
static unsigned int pick_length(struct world *w)
{
	unsigned int most = (unsigned int)(2 * MIB / PAGE) - 1;

	return 1 + pick(w, pick(w, 4) ? 6 : most < 40 ? most : 40);
}

static struct entry pick_entry(struct world *w)
{
	struct entry e = { .pages = pick_length(w), .prot = 1 + pick(w, 3) };

	e.first = pick(w, PAGES - e.pages + 1);
	e.source = pick(w, MEMORY - e.pages + 1);
	/* Formats that cannot express write-only refuse it; that is another case's matter. */
	if (e.prot == LIBIOMMU_PROT_WRITE)
		e.prot = RW;
	return e;
}

static bool model_free(const struct world *w, const struct entry *e)
{
	unsigned int i;

	for (i = 0; i < PAGES; i++) {
		unsigned int apart = w->at[i] ? w->entries[w->at[i]].guard : 0;

		if (apart < e->guard)
			apart = e->guard;
		if (w->at[i] && i + apart >= e->first && i < e->first + e->pages + apart)
			return false;
	}
	return true;
}

static bool model_allowed(const struct world *w, const struct entry *e)
{
	unsigned int i;

	for (i = 0; i < e->pages; i++) {
		if (!w->allowed[e->first + i])
			return false;
	}
	return true;
}

static void model_add(struct world *w, const struct entry *e)
{
	unsigned int i, id = 1;

	while (w->entries[id].pages)
		id++;
	w->entries[id] = *e;
	for (i = 0; i < e->pages; i++)
		w->at[e->first + i] = (unsigned short)id;
}

static void model_remove(struct world *w, unsigned int id)
{
	struct entry *e = &w->entries[id];
	unsigned int i;

	for (i = 0; i < e->pages; i++)
		w->at[e->first + i] = 0;
	e->pages = 0;
}

static bool model_has_room(const struct world *w, struct entry e)
{
	for (e.first = 0; e.first + e.pages <= PAGES; e.first++) {
		if (model_allowed(w, &e) && model_free(w, &e))
			return true;
	}
	return false;
}

/* Reasons that a fixed map may be refused for now; none: NONE. */
static bool map_agrees(const struct world *w, const struct entry *e, int ret)
{
	if (!model_free(w, e) && ret == -EEXIST)
		return true;
	if (!model_allowed(w, e) && ret == -EINVAL)
		return true;
	return model_free(w, e) && model_allowed(w, e) && ret == 0;
}

static void random_map(struct world *w)
{
	struct entry e = pick_entry(w);
	int ret;

	w->operation = "map";
	ret = libiommu_domain_map(w->rig.dom, IO(e.first), at(w->mem + e.source * PAGE),
				  e.pages * PAGE, e.prot, NULL);
	CHECK(w, map_agrees(w, &e, ret));
	if (!ret)
		model_add(w, &e);
}

static void random_map_any(struct world *w)
{
	struct libiommu_map_request request = LIBIOMMU_MAP_REQUEST_INIT;
	struct entry e = pick_entry(w);
	uint64_t iova = 0;
	int ret;

	w->operation = "map_any";
	e.guard = pick(w, 3) ? 0 : pick(w, 8);
	request.any_iova = true;
	request.length = e.pages * PAGE;
	request.prot = e.prot;
	request.source = at(w->mem + e.source * PAGE);
	request.guard = e.guard * PAGE;
	if (e.guard)
		ret = libiommu_domain_map_batch(w->rig.dom, &request, 1, NULL, NULL);
	else
		ret = libiommu_domain_map_any(w->rig.dom, request.source, request.length, e.prot,
					      &iova, NULL);
	if (ret) {
		CHECK(w, ret == -ENOSPC);
		CHECK(w, !model_has_room(w, e));
		return;
	}
	if (e.guard)
		iova = request.iova;
	CHECK(w, iova >= IO(0) && iova % PAGE == 0);
	e.first = (unsigned int)((iova - IO(0)) / PAGE);
	CHECK(w, e.first + e.pages <= PAGES);
	CHECK(w, model_free(w, &e) && model_allowed(w, &e));
	model_add(w, &e);
}

static void random_batch(struct world *w)
{
	struct libiommu_map_request requests[BATCH];
	struct entry e[BATCH];
	size_t failed = BATCH;
	unsigned int i, id;
	int ret;

	w->operation = "map_batch";
	for (i = 0; i < BATCH; i++) {
		e[i] = pick_entry(w);
		requests[i] = (struct libiommu_map_request)LIBIOMMU_MAP_REQUEST_INIT;
		requests[i].iova = IO(e[i].first);
		requests[i].length = e[i].pages * PAGE;
		requests[i].prot = e[i].prot;
		requests[i].source = at(w->mem + e[i].source * PAGE);
	}
	ret = libiommu_domain_map_batch(w->rig.dom, requests, BATCH, &failed, NULL);
	for (i = 0; i < BATCH; i++) {
		if (!model_free(w, &e[i]) || !model_allowed(w, &e[i]))
			break;
		model_add(w, &e[i]);
	}
	if (i == BATCH) {
		CHECK(w, ret == 0);
		return;
	}
	CHECK(w, failed == i);
	CHECK(w, map_agrees(w, &e[i], ret));
	while (i--) {
		id = w->at[e[i].first];
		model_remove(w, id);
	}
}

static void random_unmap(struct world *w)
{
	unsigned int pages = pick_length(w) * (pick(w, 8) ? 1 : 4);
	unsigned int first, i, last = 0;
	uint64_t expected = 0, removed = 1;
	bool cut = false;
	int ret;

	w->operation = "unmap";
	if (pages > PAGES)
		pages = PAGES;
	first = pick(w, PAGES - pages + 1);
	for (i = first; i < first + pages; i++) {
		const struct entry *e = &w->entries[w->at[i]];

		if (!w->at[i] || w->at[i] == last)
			continue;
		last = w->at[i];
		cut |= e->first < first || e->first + e->pages > first + pages;
		expected += e->pages * PAGE;
	}
	ret = libiommu_domain_unmap(w->rig.dom, IO(first), pages * PAGE, &removed, NULL);
	if (cut) {
		CHECK(w, ret == -EINVAL && removed == 0);
	} else if (!expected) {
		CHECK(w, ret == -ENOENT && removed == 0);
	} else {
		CHECK(w, ret == 0);
		CHECK(w, removed == expected);
		for (i = first; i < first + pages; i++) {
			if (w->at[i])
				model_remove(w, w->at[i]);
		}
	}
}

/* Two windows, or everything. */
static void random_allowed(struct world *w)
{
	struct libiommu_range ranges[2];
	bool allowed[PAGES];
	unsigned int a = pick(w, 100), b = 200 + pick(w, 50), c = b + pick(w, 3);
	unsigned int d = 400 + pick(w, PAGES - 400), i;
	bool fits = true;
	int ret;

	w->operation = "set_allowed";
	if (pick(w, 3) == 0) {
		a = 0;
		b = c = 256;
		d = PAGES;
	}
	ranges[0] = (struct libiommu_range){ IO(a), IO(b) - 1 };
	ranges[1] = (struct libiommu_range){ IO(c), IO(d) - 1 };
	for (i = 0; i < PAGES; i++) {
		allowed[i] = (i >= a && i < b) || (i >= c && i < d);
		fits &= allowed[i] || !w->at[i];
	}
	ret = libiommu_domain_set_allowed(w->rig.dom, ranges, 2, NULL);
	CHECK(w, ret == (fits ? 0 : -EINVAL));
	for (i = 0; fits && i < PAGES; i++)
		w->allowed[i] = allowed[i];
}

static void random_attachment(struct world *w)
{
	w->operation = "attach or detach";
	if (!w->rig.count)
		return;
	if (libiommu_endpoint_domain(w->rig.ep[0]))
		CHECK(w, libiommu_endpoint_detach(w->rig.ep[0], 0, NULL) == 0);
	else
		CHECK(w, libiommu_endpoint_attach(w->rig.ep[0], w->rig.dom, NULL) == 0);
}

static void compare_page(struct world *w, unsigned int page, struct libiommu_reader *reader)
{
	struct libiommu_mapping m = LIBIOMMU_MAPPING_INIT;
	const struct entry *e = &w->entries[w->at[page]];
	int ret = libiommu_domain_find(w->rig.dom, reader, IO(page) + page * 7, &m);

	CHECK(w, ret == (w->at[page] ? 0 : -ENOENT));
	if (ret)
		return;
	CHECK(w, m.iova == IO(e->first) && m.length == e->pages * PAGE && m.prot == e->prot);
	CHECK(w, m.source.start == (uintptr_t)w->mem + e->source * PAGE);
}

/* The lowest IOVA of a page of the source. */
static void compare_source(struct world *w, unsigned int source)
{
	unsigned int i, id, best = PAGES;
	uint64_t iova = 0;
	int ret;

	for (i = 0; i < PAGES && best == PAGES; i++) {
		id = w->at[i];
		if (id && w->entries[id].source + (i - w->entries[id].first) == source)
			best = i;
	}
	ret = libiommu_domain_find_source(w->rig.dom, w->reader, at(w->mem + source * PAGE), 0,
					  &iova, NULL);
	CHECK(w, ret == (best < PAGES ? 0 : -ENOENT));
	CHECK(w, ret || iova == IO(best));
}

static void compare_all(struct world *w)
{
	struct libiommu_mapping m = LIBIOMMU_MAPPING_INIT;
	unsigned int i, count = 0;
	uint64_t from = 0;

	for (i = 0; i < PAGES; i++) {
		compare_page(w, i, i % 2 ? w->reader : NULL);
		if (!w->at[i] || (i && w->at[i] == w->at[i - 1]))
			continue;
		count++;
		CHECK(w, libiommu_domain_next(w->rig.dom, NULL, from, &m) == 0);
		CHECK(w, m.iova == IO(i));
		from = m.iova + m.length;
	}
	CHECK(w, libiommu_domain_next(w->rig.dom, NULL, from, &m) == -ENOENT);
	CHECK(w, libiommu_domain_mapping_count(w->rig.dom) == count);
	for (i = 0; i < MEMORY; i++)
		compare_source(w, i);
}

static void step(struct world *w)
{
	unsigned int what = pick(w, 100);

	if (what < 35)
		random_map(w);
	else if (what < 45)
		random_map_any(w);
	else if (what < 55)
		random_batch(w);
	else if (what < 92)
		random_unmap(w);
	else if (what < 97)
		random_allowed(w);
	else
		random_attachment(w);
	w->operation = "lookup";
	compare_page(w, pick(w, PAGES), w->reader);
	compare_source(w, pick(w, MEMORY));
	if (w->step % 97 == 0)
		compare_all(w);
}

static void random_walk(struct rig rig)
{
	static struct world w;
	struct libiommu_range window = { IO(0), IO(PAGES) - 1 };
	unsigned int i;

	w = (struct world){ .rig = rig, .state = random_seed, .mem = memory(MEMORY * PAGE) };
	OK(libiommu_reader_new(rig.ctx, &w.reader, E));
	OK(libiommu_domain_set_allowed(rig.dom, &window, 1, E));
	for (i = 0; i < PAGES; i++)
		w.allowed[i] = true;
	for (w.step = 0; w.step < random_rounds; w.step++)
		step(&w);
	compare_all(&w);
	libiommu_reader_free(w.reader);
}

CASE(random_without_device, "4.1.1 random calls agree with an array of pages")
{
	random_walk(rig_new(0));
}

CASE(random_with_device, "4.1.5 the same while a device is attached and detached")
{
	NEEDS(1, 0);
	random_walk(rig_attached(1));
}

CASE(random_dma, "4.1.5 after random calls a device reaches exactly what the model has")
{
	struct rig rig;
	struct edu edu;
	char *mem = memory(16 * PAGE);
	uint64_t state = random_seed;
	unsigned int i, page;
	bool mapped[16] = { false };

	NEEDS(1, 0);
	rig = rig_attached(1);
	edu = edu_open(rig.dev[0]);
	for (i = 0; i < 300; i++) {
		page = (unsigned int)(random_next(&state) % 16);
		if (mapped[page])
			unmap(rig.dom, IO(page), PAGE, PAGE);
		else
			map(rig.dom, IO(page), mem + page * PAGE, PAGE);
		mapped[page] = !mapped[page];
	}
	for (page = 0; page < 16; page++) {
		if (mapped[page])
			dma_reaches(&edu, IO(page), mem + page * PAGE);
		else
			dma_misses(&edu, IO(page), mem + page * PAGE);
	}
}

void suite_random(struct registry *registry)
{
	static const struct conformance_case *const cases[] = {
		&random_without_device,
		&random_with_device,
		&random_dma,
	};

	add_cases(registry, "random", cases, COUNT(cases));
}
