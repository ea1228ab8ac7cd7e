// SPDX-License-Identifier: BSD-2-Clause
/*
 * Random sequences of maps and unmaps through iommufd. After each sequence the table that the
 * kernel dumps is compared, entry by entry, with the one that the engine made for the same page
 * frames; those are asked from the kernel's pagemap, never taken from the dump.
 */
#include "../tally.h"
#include "tables.h"

#include <argp.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MIB      (UINT64_C(1) << 20)
#define LIVE_MAX 16

struct mapped {
	uint64_t iova, length;
};

struct run {
	const char *device;
	const struct format *format;
	unsigned int levels;
	uint64_t seed, state;
	unsigned long sequences;

	const struct memory *kinds;
	struct libiommu_domain *dom;
	struct libiommu_pgtable *pt;
	struct libiommu_range usable[8];
	size_t usable_count;
	struct mapped live[LIVE_MAX];
	size_t count;
	struct rows kernel, engine;
	unsigned long leaves, large, maps, unmaps, verdicts[DIFFERENT + 1];
	unsigned long used[MEMORY_KINDS];
};

static uint64_t dice(struct run *run, uint64_t sides)
{
	return memory_dice(&run->state, sides);
}

static void stop(struct run *run, const char *what, struct libiommu_error *err)
{
	printf("%s: %s: %s\n", what, libiommu_error_subject(err), libiommu_error_message(err));
	printf("seed %" PRIu64 "\n", run->seed);
	exit(1);
}

/* Near what is odd: the start, the ends of tables of each level, the end of the space. */
static uint64_t choose_iova(struct run *run, uint64_t length, uint64_t align)
{
	uint64_t last = run->usable[run->usable_count - 1].last;
	const uint64_t near[] = { 4 * MIB,           UINT64_C(1) << 30, UINT64_C(1) << 32,
				  UINT64_C(3) << 31, UINT64_C(1) << 38, UINT64_C(1) << 39,
				  last - 64 * MIB };
	uint64_t centre, iova;

	do
		centre = near[dice(run, sizeof(near) / sizeof(near[0]))];
	while (centre > last);
	iova = centre - 4 * MIB + dice(run, 48 * MIB);
	if (length > 64 * MIB)
		iova = dice(run, 64) << 30;
	return iova & ~(align - 1);
}

static bool fits(const struct run *run, uint64_t iova, uint64_t length)
{
	bool inside = false;

	for (size_t i = 0; i < run->usable_count; i++)
		inside |= iova >= run->usable[i].start && iova <= run->usable[i].last &&
			  length - 1 <= run->usable[i].last - iova;
	for (size_t i = 0; i < run->count; i++)
		if (iova < run->live[i].iova + run->live[i].length &&
		    run->live[i].iova < iova + length)
			return false;
	return inside;
}

static uint32_t choose_prot(struct run *run)
{
	switch (dice(run, run->format->write_only ? 4 : 3)) {
	case 0:
		return LIBIOMMU_PROT_READ;
	case 3:
		return LIBIOMMU_PROT_WRITE;
	}
	return LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE;
}

static void add(struct run *run)
{
	unsigned int kind = (unsigned int)dice(run, MEMORY_KINDS);
	const struct memory *m = &run->kinds[kind];
	struct libiommu_pgtable_gather gather = LIBIOMMU_PGTABLE_GATHER_INIT;
	struct libiommu_pgtable_piece *pieces;
	struct libiommu_error *err;
	uint64_t iova, offset, length, align = PAGE;
	bool large;
	uint32_t prot = choose_prot(run);
	size_t count;

	/* A page of 1 GiB takes the guest a while. */
	if (!m->address || (kind == MEMORY_GIGANTIC && dice(run, 40)))
		return;
	large = m->page > PAGE && dice(run, 3);
	memory_part(&run->state, m, large, &offset, &length);
	/* Large pages at odd places become many leaves, and the dump takes its time for each. */
	if (large && (kind == MEMORY_GIGANTIC || dice(run, 16)))
		align = m->page;
	iova = choose_iova(run, length, align);
	/* A table of large leaves rather than one. */
	if (kind == MEMORY_GIGANTIC && large && dice(run, 2))
		iova += dice(run, 512) * 2 * MIB;
	if (!large && dice(run, 2))
		iova += offset & (m->page - 1);
	if (!fits(run, iova, length))
		return;
	if (libiommu_domain_map(run->dom, iova, memory_source(m, offset), length, prot, &err))
		stop(run, "map", err);
	pieces = memory_runs(m, offset, length, &count);
	if (libiommu_pgtable_map_list(run->pt, iova, pieces, count, prot, &gather, &err))
		stop(run, "the engine's map", err);
	free(pieces);
	libiommu_pgtable_release(run->pt, &gather);
	run->live[run->count++] = (struct mapped){ iova, length };
	run->maps++;
	run->used[kind]++;
}

static void take_away(struct run *run, size_t i)
{
	struct libiommu_pgtable_gather gather = LIBIOMMU_PGTABLE_GATHER_INIT;
	struct mapped *gone = &run->live[i];
	struct libiommu_error *err;

	if (libiommu_domain_unmap(run->dom, gone->iova, gone->length, NULL, &err))
		stop(run, "unmap", err);
	if (libiommu_pgtable_unmap(run->pt, gone->iova, gone->length, NULL, &gather, &err))
		stop(run, "the engine's unmap", err);
	libiommu_pgtable_release(run->pt, &gather);
	*gone = run->live[--run->count];
	run->unmaps++;
}

static void compare(struct run *run)
{
	enum verdict verdict;

	dump_kernel(run->device, &run->kernel);
	dump_engine(run->pt, &run->engine);
	verdict = dump_compare(run->format, &run->kernel, &run->engine);
	run->verdicts[verdict]++;
	run->leaves += run->kernel.count;
	for (size_t i = 0; i < run->kernel.count; i++)
		run->large += !run->kernel.row[i].entry[1];
}

static void sequence(struct run *run)
{
	uint64_t steps = 4 + dice(run, 12);

	while (steps--) {
		if (run->count == LIVE_MAX || (run->count && dice(run, 4) == 0))
			take_away(run, dice(run, run->count));
		else
			add(run);
	}
	compare(run);
	while (run->count)
		take_away(run, run->count - 1);
}

static bool set_up(struct run *run, struct libiommu_ctx *ctx)
{
	struct libiommu_pgtable_options opts = LIBIOMMU_PGTABLE_OPTIONS_INIT;
	struct libiommu_device *dev;
	struct libiommu_error *err;
	int ret;

	run->usable_count = sizeof(run->usable) / sizeof(run->usable[0]);
	ret = libiommu_device_open(ctx, run->device, &dev, &err);
	if (!tally_call(ret, err, "open the device"))
		return false;
	ret = libiommu_domain_new(ctx, NULL, &run->dom, &err);
	if (!tally_call(ret, err, "a domain"))
		return false;
	ret = libiommu_endpoint_attach(libiommu_device_endpoint(dev), run->dom, &err);
	if (!tally_call(ret, err, "attach"))
		return false;
	ret = libiommu_domain_iova_ranges(run->dom, run->usable, &run->usable_count, &err);
	if (!tally_call(ret, err, "ranges"))
		return false;
	opts.format = run->format->engine;
	opts.levels = run->levels;
	ret = libiommu_pgtable_new(&opts, &run->pt, &err);
	return tally_call(ret, err, "a table of the engine");
}

static void report(struct run *run)
{
	printf("%lu maps, %lu unmaps, %lu leaves compared, %lu of them larger than 4 KiB\n",
	       run->maps, run->unmaps, run->leaves, run->large);
	for (size_t i = 0; i < MEMORY_KINDS; i++)
		printf("  %lu maps of %s\n", run->used[i], run->kinds[i].name);
	printf("%lu sequences: %lu the same, %lu the same in smaller leaves (the kernel maps in "
	       "batches, and a batch ended within a large page), %lu different\n",
	       run->sequences, run->verdicts[SAME], run->verdicts[SAME_IN_SMALLER_LEAVES],
	       run->verdicts[DIFFERENT]);
	tally(run->leaves > 10 * run->sequences, "there was something to compare");
	tally(run->large > 0, "large leaves were among it");
	tally(run->verdicts[SAME] > run->sequences / 2, "most tables are the same");
	tally(!run->verdicts[DIFFERENT], "no table is different");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct run *run = state->input;

	switch (key) {
	case 'd':
		run->device = arg;
		break;
	case 'b':
		break;
	case 'f':
		run->format = format_find(arg);
		if (!run->format)
			argp_error(state, "no such format: %s", arg);
		break;
	case 'l':
		run->levels = (unsigned int)strtoul(arg, NULL, 10);
		break;
	case 'n':
		run->sequences = strtoul(arg, NULL, 10);
		break;
	case 's':
		run->seed = strtoull(arg, NULL, 0);
		break;
	case ARGP_KEY_END:
		if (!run->device || !run->format)
			argp_error(state, "--device and --format are needed");
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_option options[] = {
	{ "device", 'd', "BDF", 0, "a device that VFIO has", 0 },
	{ "backend", 'b', "NAME", 0, "iommufd (the only one)", 0 },
	{ "format", 'f', "NAME", 0, "what the kernel uses: vtd-ss or x86-64", 0 },
	{ "levels", 'l', "N", 0, "of the kernel's tables (4)", 0 },
	{ "sequences", 'n', "N", 0, "how many (1000)", 0 },
	{ "seed", 's', "N", 0, "of the random numbers (the time)", 0 },
	{ 0 },
};

int main(int argc, char **argv)
{
	const struct argp argp = { options, parse,
				   NULL,    "Compares the kernel's page tables with the engine's.",
				   NULL,    NULL,
				   NULL };
	struct run run = { .levels = 4, .sequences = 1000, .seed = (uint64_t)time(NULL) };
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_error *err;
	struct libiommu_ctx *ctx;
	int ret;

	argp_parse(&argp, argc, argv, 0, NULL, &run);
	run.state = run.seed * 2 + 1;
	printf("seed %" PRIu64 "\n", run.seed);
	opts.backend = "iommufd";
	ret = libiommu_ctx_new(&opts, &ctx, &err);
	if (!tally_call(ret, err, "a context"))
		return tally_end();
	run.kinds = memory_kinds();
	if (set_up(&run, ctx)) {
		for (unsigned long i = 0; i < run.sequences; i++) {
			sequence(&run);
			if (i % 100 == 99)
				printf("%lu of %lu\n", i + 1, run.sequences);
		}
		compare(&run);
		tally(!run.kernel.count, "nothing is left");
		run.verdicts[SAME] -= !run.kernel.count;
		report(&run);
	}
	libiommu_pgtable_free(run.pt);
	libiommu_ctx_free(ctx);
	free(run.kernel.row);
	free(run.engine.row);
	return tally_end();
}
