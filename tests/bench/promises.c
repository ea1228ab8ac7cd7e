// SPDX-License-Identifier: BSD-2-Clause
/* One call to the kernel, one allocation, and no lock while the kernel is at work. */
#include "bench.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>

#define LIVE 1000

static const uint64_t here = (UINT64_C(1) << 31), there = (UINT64_C(1) << 30);
static const uint64_t memory = (UINT64_C(1) << 41);

struct visit {
	struct bench *bench;
	pthread_mutex_t lock;
	pthread_cond_t turn;
	bool asked;    /* the kernel is at work, and waits for the visitor */
	bool finished; /* the visitor is through */
	bool over;
	unsigned int late;   /* it was not through in time */
	unsigned int failed; /* what it was refused */
};

/* What another thread does while the kernel is at work: a lookup, and a map elsewhere. */
static unsigned int visit_domain(struct bench *bench)
{
	struct libiommu_mapping found = LIBIOMMU_MAPPING_INIT;
	unsigned int failed = 0;

	failed += libiommu_domain_find(bench->dom, NULL, slot_iova(1), &found) != 0;
	failed += libiommu_domain_map(bench->dom, there, source_at(memory), PAGE, RW, NULL) != 0;
	failed += libiommu_domain_unmap(bench->dom, there, PAGE, NULL, NULL) != 0;
	return failed;
}

static void *visitor(void *data)
{
	struct visit *visit = data;

	pthread_mutex_lock(&visit->lock);
	while (!visit->over) {
		if (!visit->asked) {
			pthread_cond_wait(&visit->turn, &visit->lock);
			continue;
		}
		visit->asked = false;
		pthread_mutex_unlock(&visit->lock);
		visit->failed += visit_domain(visit->bench);
		pthread_mutex_lock(&visit->lock);
		visit->finished = true;
		pthread_cond_broadcast(&visit->turn);
	}
	pthread_mutex_unlock(&visit->lock);
	return NULL;
}

/* Stands in the kernel's place. The visitor's own calls come here, too, and pass. */
static void wait_for_visitor(void *data)
{
	struct visit *visit = data;
	struct timespec until;

	visit->bench->kernel.meanwhile = NULL;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 10;
	pthread_mutex_lock(&visit->lock);
	visit->asked = true;
	visit->finished = false;
	pthread_cond_broadcast(&visit->turn);
	while (!visit->finished)
		if (pthread_cond_timedwait(&visit->turn, &visit->lock, &until))
			break;
	visit->late += !visit->finished;
	pthread_mutex_unlock(&visit->lock);
}

static bool check_locks(struct bench *bench)
{
	struct visit visit = { .bench = bench };
	pthread_t thread;

	pthread_mutex_init(&visit.lock, NULL);
	pthread_cond_init(&visit.turn, NULL);
	must(pthread_create(&thread, NULL, visitor, &visit), "a thread");
	bench->kernel.data = &visit;
	bench->kernel.meanwhile = wait_for_visitor;
	must(libiommu_domain_map(bench->dom, here, source_at(memory), PAGE, RW, NULL), "a map");
	bench->kernel.meanwhile = wait_for_visitor;
	must(libiommu_domain_unmap(bench->dom, here, PAGE, NULL, NULL), "an unmap");
	pthread_mutex_lock(&visit.lock);
	visit.over = true;
	pthread_cond_broadcast(&visit.turn);
	pthread_mutex_unlock(&visit.lock);
	pthread_join(thread, NULL);
	pthread_cond_destroy(&visit.turn);
	pthread_mutex_destroy(&visit.lock);
	row("others that waited for a lock in map and unmap", visit.late, "threads", NULL, 0);
	return !visit.late && !visit.failed;
}

struct figures {
	unsigned long maps, unmaps, others, allocations, frees;
};

static struct figures figures_of(const struct bench *bench)
{
	return (struct figures){ bench->kernel.maps, bench->kernel.unmaps, bench->kernel.others,
				 bench->allocations, bench->frees };
}

static struct figures since(const struct bench *bench, struct figures before)
{
	struct figures now = figures_of(bench);

	return (struct figures){ now.maps - before.maps, now.unmaps - before.unmaps,
				 now.others - before.others, now.allocations - before.allocations,
				 now.frees - before.frees };
}

/* Nodes are used again when no lookup can see them any more, so many pairs are looked at. */
static bool check_figures(struct bench *bench)
{
	const unsigned long pairs = 1024;
	struct figures map, unmap, all = figures_of(bench), before;
	bool good = true;

	for (unsigned long i = 0; i < pairs; i++) {
		before = figures_of(bench);
		must(libiommu_domain_map(bench->dom, here, source_at(memory), PAGE, RW, NULL),
		     "a map");
		map = since(bench, before);
		before = figures_of(bench);
		must(libiommu_domain_unmap(bench->dom, here, PAGE, NULL, NULL), "an unmap");
		unmap = since(bench, before);
		good = good && map.maps == 1 && !map.unmaps && !map.others &&
		       map.allocations <= 1 && !map.frees && unmap.unmaps == 1 && !unmap.maps &&
		       !unmap.others && !unmap.allocations;
	}
	all = since(bench, all);
	row("system calls of a map", (double)(all.maps + all.others) / (double)pairs, "calls",
	    "the one that is needed", 1);
	row("system calls of an unmap", (double)all.unmaps / (double)pairs, "calls",
	    "the one that is needed", 1);
	row("allocations of a map", (double)all.allocations / (double)pairs, "allocations",
	    "the ledger's node", 1);
	row("frees of an unmap", (double)all.frees / (double)pairs, "frees", "the ledger's node",
	    1);
	return good;
}

bool promises(void)
{
	struct bench bench = { .allocations = 0 };
	bool good;

	bench_open(&bench);
	bench_fill(&bench, tiny ? 10 : LIVE);
	good = check_figures(&bench);
	good = check_locks(&bench) && good;
	bench_close(&bench);
	return good;
}
