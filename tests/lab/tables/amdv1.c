// SPDX-License-Identifier: BSD-2-Clause
/*
 * Random sequences of maps and unmaps on a test device of the kernel, whose page table is AMD's with
 * pages of 2 KiB. It cannot be dumped, but asked: where addresses lead, and what was written to.
 */
#include "amdv1.h"
#include "../tally.h"
#include "tests/selftest/abi.h"
#include "tests/selftest/devices.h"
#include "tests/selftest/kinds.h"
#include "tests/selftest/ops.h"

#include "backends/iommufd/uapi.h"

#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MIB (UINT64_C(1) << 20)

const struct mapped *mapped_at(const struct run *run, uint64_t iova)
{
	for (size_t i = 0; i < run->count; i++)
		if (iova - run->live[i].iova < run->live[i].length)
			return &run->live[i];
	return NULL;
}

static void stop(struct run *run, const char *what, struct libiommu_error *err)
{
	printf("%s: %s: %s\n", what, libiommu_error_subject(err), libiommu_error_message(err));
	printf("seed %" PRIu64 "\n", run->seed);
	exit(1);
}

static void stop_call(struct run *run, const char *what, int rc)
{
	printf("%s: %s\nseed %" PRIu64 "\n", what, strerror(-rc), run->seed);
	exit(1);
}

static bool fits(const struct run *run, uint64_t iova, uint64_t length)
{
	for (size_t i = 0; i < run->count; i++)
		if (iova < run->live[i].iova + run->live[i].length &&
		    run->live[i].iova < iova + length)
			return false;
	return iova >= MOCK_APERTURE_START && iova + length - 1 <= MOCK_APERTURE_LAST;
}

/* Near the ends of tables and of what can be mapped, or beside something that is mapped. */
static uint64_t choose_iova(struct run *run, uint64_t align)
{
	const uint64_t near[] = { MOCK_APERTURE_START + 4 * MIB, 512 * MIB, 1024 * MIB,
				  MOCK_APERTURE_LAST + 1 - 16 * MIB };

	if (run->count && dice(run, 4) == 0) {
		const struct mapped *m = &run->live[dice(run, run->count)];

		return m->iova + m->length;
	}
	return (near[dice(run, 4)] - 4 * MIB + dice(run, 20 * MIB)) & ~(align - 1);
}

/* The page frames of what is mapped, as pieces; the caller frees them. */
static struct libiommu_pgtable_piece *frames(const struct mapped *m, size_t *count)
{
	const uint64_t head = m->offset % PAGE, end = m->offset + m->length;
	const uint64_t tail = -end % PAGE;
	struct libiommu_pgtable_piece *piece =
		memory_runs(m->memory, m->offset - head, head + m->length + tail, count);

	piece[0].phys += head;
	piece[0].length -= head;
	piece[*count - 1].length -= tail;
	return piece;
}

static void choose_part(struct run *run, struct mapped *m)
{
	struct memory part = *m->memory;

	/* More than 32 MiB at once the kernel maps in batches. */
	if (part.page > 2 * MIB)
		part.page = 2 * MIB;
	memory_part(&run->state, &part, part.page > PAGE && dice(run, 3), &m->offset, &m->length);
	if (dice(run, 4) == 0) {
		m->offset += GRANULE;
		m->length -= GRANULE;
	}
	if (dice(run, 4) == 0 && m->length > GRANULE)
		m->length -= GRANULE;
}

/* The library maps whole pages of the processor; the rest is asked of the kernel itself. */
static bool is_odd(const struct mapped *m)
{
	return (m->iova | m->offset | m->length) % PAGE;
}

static void kernel_map(struct run *run, const struct mapped *m)
{
	uint32_t flags = IOMMU_IOAS_MAP_FIXED_IOVA;
	struct libiommu_error *err;
	int rc;

	if (!is_odd(m)) {
		if (libiommu_domain_map(run->dom, m->iova, memory_source(m->memory, m->offset),
					m->length, m->prot, &err))
			stop(run, "map", err);
		return;
	}
	if (m->prot & LIBIOMMU_PROT_READ)
		flags |= IOMMU_IOAS_MAP_READABLE;
	if (m->prot & LIBIOMMU_PROT_WRITE)
		flags |= IOMMU_IOAS_MAP_WRITEABLE;
	if (m->memory->fd >= 0)
		rc = libiommu_iommufd_ioas_map_file(sys(), run->iommufd, run->ioas, flags,
						    m->memory->fd, m->offset, m->iova, m->length);
	else
		rc = libiommu_iommufd_ioas_map(sys(), run->iommufd, run->ioas, flags,
					       m->memory->address + m->offset, m->iova, m->length);
	if (rc)
		stop_call(run, "IOMMU_IOAS_MAP", rc);
	run->odd++;
}

static void kernel_unmap(struct run *run, const struct mapped *m)
{
	struct libiommu_error *err;
	uint64_t unmapped = 0;
	int rc;

	if (!is_odd(m)) {
		if (libiommu_domain_unmap(run->dom, m->iova, m->length, NULL, &err))
			stop(run, "unmap", err);
		return;
	}
	rc = libiommu_iommufd_ioas_unmap(sys(), run->iommufd, run->ioas, m->iova, m->length,
					 &unmapped);
	if (rc || unmapped != m->length)
		stop_call(run, "IOMMU_IOAS_UNMAP", rc);
}

static void add(struct run *run)
{
	const uint64_t align[] = { GRANULE, PAGE, 64 * 1024, MIB, 2 * MIB, 4 * MIB };
	const uint32_t prot[] = { LIBIOMMU_PROT_READ, LIBIOMMU_PROT_WRITE,
				  LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE };
	struct libiommu_pgtable_gather gather = LIBIOMMU_PGTABLE_GATHER_INIT;
	size_t kind = dice(run, MEMORY_KINDS), count;
	struct mapped m = { .memory = &run->kinds[kind], .prot = prot[dice(run, 3)] };
	struct libiommu_pgtable_piece *piece;
	struct libiommu_error *err;

	if (!m.memory->address)
		return;
	choose_part(run, &m);
	m.iova = choose_iova(run, align[dice(run, 6)]);
	if (dice(run, 2))
		m.iova += m.offset % (64 * 1024);
	if (!fits(run, m.iova, m.length))
		return;
	kernel_map(run, &m);
	piece = frames(&m, &count);
	if (libiommu_pgtable_map_list(run->pt, m.iova, piece, count, m.prot, &gather, &err))
		stop(run, "the engine's map", err);
	free(piece);
	libiommu_pgtable_release(run->pt, &gather);
	run->live[run->count++] = m;
	run->maps++;
	run->used[kind]++;
}

static void take_away(struct run *run, size_t i)
{
	struct libiommu_pgtable_gather gather = LIBIOMMU_PGTABLE_GATHER_INIT;
	struct mapped *gone = &run->live[i];
	struct libiommu_error *err;

	kernel_unmap(run, gone);
	if (libiommu_pgtable_unmap(run->pt, gone->iova, gone->length, NULL, &gather, &err))
		stop(run, "the engine's unmap", err);
	libiommu_pgtable_release(run->pt, &gather);
	run->gone[run->unmaps++ % LIVE_MAX] = *gone;
	*gone = run->live[--run->count];
}

static int ask_kernel(const struct run *run, uint64_t iova, const struct mapped *m, uint64_t at,
		      uint64_t length)
{
	return ops_check_map(sys(), run->iommufd, run->hwpt, iova,
			     m->memory->address + m->offset + at, length);
}

static bool leads_to(const struct run *run, uint64_t iova, uint64_t phys, uint32_t prot)
{
	struct libiommu_pgtable_leaf leaf;

	return libiommu_pgtable_translate(run->pt, iova, &leaf) && iova >= leaf.iova &&
	       iova - leaf.iova < leaf.length && leaf.phys + (iova - leaf.iova) == phys &&
	       leaf.prot == prot;
}

static void check_mapped(struct run *run, const struct mapped *m)
{
	uint64_t iova = m->iova;
	size_t count;
	struct libiommu_pgtable_piece *piece = frames(m, &count);
	bool right = true;

	if (ask_kernel(run, m->iova, m, 0, m->length) && !run->wrong_kernel++)
		printf("the kernel leads elsewhere: 0x%" PRIx64 "\n", m->iova);
	for (size_t i = 0; i < count; i++)
		for (uint64_t at = 0; at < piece[i].length; at += GRANULE, iova += GRANULE)
			right = leads_to(run, iova, piece[i].phys + at, m->prot) && right;
	if (!right && !run->wrong_engine++)
		printf("the engine leads elsewhere: 0x%" PRIx64 "\n", m->iova);
	run->pages += m->length / GRANULE;
	free(piece);
}

/* Addresses that lead nowhere; `m` with `at` is what they could lead to by mistake. */
static void check_empty(struct run *run, uint64_t iova, const struct mapped *m, uint64_t at)
{
	struct libiommu_pgtable_leaf leaf;

	if (mapped_at(run, iova))
		return;
	run->empty++;
	if ((libiommu_pgtable_translate(run->pt, iova, &leaf) ||
	     ask_kernel(run, iova, m, at, GRANULE) != -EINVAL) &&
	    !run->wrong_empty++)
		printf("something is mapped at 0x%" PRIx64 "\n", iova);
}

static void check_holes(struct run *run)
{
	for (size_t i = 0; i < run->count; i++) {
		const struct mapped *m = &run->live[i];

		if (m->offset + m->length < m->memory->length)
			check_empty(run, m->iova + m->length, m, m->length);
		if (m->offset)
			check_empty(run, m->iova - GRANULE, m, -GRANULE);
	}
	for (size_t i = 0; i < LIVE_MAX; i++) {
		const struct mapped *m = &run->gone[i];

		for (unsigned int n = 0; m->length && n < 8; n++) {
			uint64_t at = dice(run, m->length) & ~(GRANULE - 1);

			check_empty(run, m->iova + at, m, at);
		}
	}
}

/* The engine has nothing beside what is mapped. */
static void count_leaves(struct run *run)
{
	uint64_t at = 0, bytes = 0, wanted = 0;
	struct libiommu_pgtable_leaf leaf;

	while (libiommu_pgtable_next_leaf(run->pt, at, UINT64_MAX, &leaf)) {
		bytes += leaf.length;
		at = leaf.iova + leaf.length;
		run->leaves++;
		run->large += leaf.length >= GRANULE << LEVEL_BITS;
		run->joined += leaf.length > GRANULE && leaf.length != GRANULE << LEVEL_BITS;
	}
	for (size_t i = 0; i < run->count; i++)
		wanted += run->live[i].length;
	run->wrong_empty += bytes != wanted;
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
	for (size_t i = 0; i < run->count; i++)
		check_mapped(run, &run->live[i]);
	check_holes(run);
	count_leaves(run);
	dirty_round(run);
	while (run->count)
		take_away(run, run->count - 1);
}

/* In the end there is room everywhere: the kernel refuses to map where a leaf is. */
static bool all_is_free(struct run *run)
{
	const struct memory *m = &run->kinds[MEMORY_TRANSPARENT];
	uint64_t iova = MOCK_APERTURE_START;
	bool free = true;

	if (!m->address)
		return false;
	for (; free && iova + m->length - 1 <= MOCK_APERTURE_LAST; iova += m->length)
		free = !libiommu_domain_map(run->dom, iova, memory_source(m, 0), m->length,
					    LIBIOMMU_PROT_READ, NULL) &&
		       !libiommu_domain_unmap(run->dom, iova, m->length, NULL, NULL);
	return free && iova == MOCK_APERTURE_LAST + UINT64_C(1);
}

static uint32_t ioas; /* of the last page table that was asked for */

/* Page tables with dirty bits are what the test device's driver makes, see kinds.h. */
static int make_dirty(void *data, int fd, unsigned long request, void *argument)
{
	if (request == IOMMU_HWPT_ALLOC) {
		const struct iommu_hwpt_alloc *alloc = argument;

		kinds_apply(argument);
		ioas = alloc->pt_id;
	}
	return sys()->ioctl(data, fd, request, argument);
}

static bool set_up(struct run *run, struct libiommu_ctx *ctx)
{
	struct libiommu_pgtable_options opts = LIBIOMMU_PGTABLE_OPTIONS_INIT;
	struct libiommu_device *dev;
	struct libiommu_error *err;
	int ret;

	ret = libiommu_device_open(ctx, PLAIN, &dev, &err);
	if (!tally_call(ret, err, "open a test device"))
		return false;
	ret = libiommu_domain_new(ctx, NULL, &run->dom, &err);
	if (!tally_call(ret, err, "a domain"))
		return false;
	ret = libiommu_endpoint_attach(libiommu_device_endpoint(dev), run->dom, &err);
	if (!tally_call(ret, err, "attach"))
		return false;
	run->iommufd = devices_iommufd();
	run->hwpt = devices_find(PLAIN)->hwpt;
	run->ioas = ioas;
	if (!tally(!ops_track(sys(), run->iommufd, run->hwpt), "the kernel tracks dirty pages"))
		return false;
	opts.format = LIBIOMMU_PGTABLE_AMDV1_2K;
	ret = libiommu_pgtable_new(&opts, &run->pt, &err);
	return tally_call(ret, err, "a table of the engine");
}

static void report(struct run *run)
{
	printf("%lu sequences: %lu maps (%lu with an odd 2 KiB), %lu unmaps, %lu pages of 2 KiB "
	       "led "
	       "to their memory, %lu nowhere\n",
	       run->sequences, run->maps, run->odd, run->unmaps, run->pages, run->empty);
	for (size_t i = 0; i < MEMORY_KINDS; i++)
		printf("  %lu maps of %s\n", run->used[i], run->kinds[i].name);
	printf("%lu leaves of the engine, %lu of several entries, %lu of 1 MiB and more\n",
	       run->leaves, run->joined, run->large);
	dirty_report(run);
	tally(run->leaves > 10 * run->sequences && run->joined && run->large && run->odd,
	      "there was something to compare");
	tally(run->marks > run->sequences && run->bits > run->marks &&
		      run->cleared > run->sequences,
	      "there was something to read");
	tally(!run->wrong_kernel, "the kernel leads to the memory");
	tally(!run->wrong_engine, "the engine leads to the same");
	tally(!run->wrong_empty, "both lead nowhere where nothing is mapped");
	tally(!run->wrong_marks, "pages can be marked where they are");
	tally(!run->wrong_bits, "bitmaps are the same but for the kernel's rules");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct run *run = state->input;

	switch (key) {
	case 'b':
		break;
	case 'n':
		run->sequences = strtoul(arg, NULL, 10);
		break;
	case 's':
		run->seed = strtoull(arg, NULL, 0);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

static const struct argp_option options[] = {
	{ "backend", 'b', "NAME", 0, "iommufd (the only one)", 0 },
	{ "sequences", 'n', "N", 0, "how many (1000)", 0 },
	{ "seed", 's', "N", 0, "of the random numbers (the time)", 0 },
	{ 0 },
};

int main(int argc, char **argv)
{
	const struct argp argp = { options, parse,
				   NULL,    "Compares the kernel's AMD tables with the engine's.",
				   NULL,    NULL,
				   NULL };
	struct libiommu_iommufd_transport transport = devices_transport;
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_sys calls = *sys();
	struct run run = { .sequences = 1000, .seed = (uint64_t)time(NULL) };
	struct libiommu_error *err;
	struct libiommu_ctx *ctx;
	int ret;

	argp_parse(&argp, argc, argv, 0, NULL, &run);
	run.state = run.seed * 2 + 1;
	printf("seed %" PRIu64 "\n", run.seed);
	calls.ioctl = make_dirty;
	opts.backend = "iommufd";
	opts.config = "hwpt=explicit";
	opts.sys = &calls;
	opts.backend_object = &transport;
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
		report(&run);
		tally(all_is_free(&run), "nothing is left");
	}
	libiommu_pgtable_free(run.pt);
	libiommu_ctx_free(ctx);
	return tally_end();
}
