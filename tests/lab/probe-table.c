/* SPDX-License-Identifier: BSD-2-Clause */
/* Maps and unmaps: the same act in every kind of address space, and what is left afterwards. */
#include "probe.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define P          0x1000ULL
#define B          0x100000ULL
#define LAST_BYTES (UINT64_MAX - P + 1)

/* Before the act: A is [B, B + 4P), C is [B + 8P, B + 12P). */
enum { NONE = 0, A = 1, C = 2 };

enum what { MAP, UNMAP };

/* Addresses that depend on the machine; the others are numbers. */
enum where { HERE, TOP, ACROSS_TOP, ABOVE, HOLE, WRAP };

enum memory { RW, RW_ODD, RO, UNMAPPED, HALF_UNMAPPED, VA_WRAP };

/* The answers of type1 v2 and v1, compat v2 and v1, and iommufd; what unmapping all then frees. */
struct row {
	const char *name;
	unsigned int before;
	enum what what;
	uint32_t flags;
	enum where where;
	uint64_t iova, size;
	enum memory memory;
	int64_t want[MODES], left[MODES];
};

#define ALIKE(x)              \
	{                     \
		x, x, x, x, x \
	}
#define NA NOT_ASKED

/* clang-format off */
static const struct row rows[] = {
	{ "unmap nothing", NONE, UNMAP, 0, HERE, B, P, RW, { 0, 0, 0, 0, -ENOENT }, ALIKE(0) },
	{ "unmap all of nothing", NONE, UNMAP, UNMAP_EVERY, HERE, 0, 0, RW, ALIKE(0), ALIKE(0) },
	{ "unmap exactly", A, UNMAP, 0, HERE, B, 4 * P, RW, ALIKE(4 * P), ALIKE(0) },
	{ "unmap the head", A, UNMAP, 0, HERE, B, 2 * P, RW,
	  { -EINVAL, 4 * P, -ENOENT, 2 * P, -ENOENT }, { 4 * P, 0, 4 * P, 2 * P, 4 * P } },
	{ "unmap the tail", A, UNMAP, 0, HERE, B + 2 * P, 2 * P, RW,
	  { -EINVAL, 0, -ENOENT, 2 * P, -ENOENT }, { 4 * P, 4 * P, 4 * P, 2 * P, 4 * P } },
	{ "unmap the middle", A, UNMAP, 0, HERE, B + P, 2 * P, RW,
	  { -EINVAL, 0, -ENOENT, 2 * P, -ENOENT }, { 4 * P, 4 * P, 4 * P, 2 * P, 4 * P } },
	{ "unmap more than is mapped", A, UNMAP, 0, HERE, B - 4 * P, 16 * P, RW, ALIKE(4 * P),
	  ALIKE(0) },
	{ "unmap over a hole", A | C, UNMAP, 0, HERE, B, 12 * P, RW, ALIKE(8 * P), ALIKE(0) },
	{ "unmap one and cut the next", A | C, UNMAP, 0, HERE, B, 10 * P, RW,
	  { -EINVAL, 8 * P, -ENOENT, 6 * P, -ENOENT }, { 8 * P, 0, 4 * P, 2 * P, 4 * P } },
	{ "unmap from inside one to the end of the next", A | C, UNMAP, 0, HERE, B + P, 11 * P, RW,
	  { -EINVAL, 0, -ENOENT, 7 * P, -ENOENT }, { 8 * P, 8 * P, 8 * P, P, 8 * P } },
	{ "unmap all", A | C, UNMAP, UNMAP_EVERY, HERE, 0, 0, RW, ALIKE(8 * P), ALIKE(0) },
	{ "unmap all with a range", A, UNMAP, UNMAP_EVERY, HERE, B, 4 * P, RW,
	  { -EINVAL, -EINVAL, -EINVAL, -EINVAL, NA }, ALIKE(4 * P) },
	{ "unmap no bytes", A, UNMAP, 0, HERE, B, 0, RW, ALIKE(-EINVAL), ALIKE(4 * P) },
	{ "unmap odd iova", A, UNMAP, 0, HERE, B + 1, P, RW,
	  { -EINVAL, -EINVAL, -ENOENT, -EINVAL, -ENOENT }, ALIKE(4 * P) },
	{ "unmap odd size", A, UNMAP, 0, HERE, B, P + 1, RW,
	  { -EINVAL, -EINVAL, -ENOENT, -EINVAL, -ENOENT }, ALIKE(4 * P) },
	{ "unmap wraps", A, UNMAP, 0, WRAP, 0, 2 * P, RW, ALIKE(-EOVERFLOW), ALIKE(4 * P) },
	{ "unmap unknown flag", A, UNMAP, 0x80, HERE, B, 4 * P, RW,
	  { -EINVAL, -EINVAL, -EINVAL, -EINVAL, NA }, ALIKE(4 * P) },
	{ "unmap with bitmap, not tracking", A, UNMAP, UNMAP_GET_DIRTY, HERE, B, 4 * P, RW,
	  { -EINVAL, -EINVAL, -EINVAL, -EINVAL, NA }, ALIKE(4 * P) },

	{ "map", NONE, MAP, MAP_R | MAP_W, HERE, B, 4 * P, RW, ALIKE(0), ALIKE(4 * P) },
	{ "map the same again", A, MAP, MAP_R | MAP_W, HERE, B, 4 * P, RW, ALIKE(-EEXIST),
	  ALIKE(4 * P) },
	{ "map inside another", A, MAP, MAP_R | MAP_W, HERE, B + P, P, RW, ALIKE(-EEXIST),
	  ALIKE(4 * P) },
	{ "map over a head", A, MAP, MAP_R | MAP_W, HERE, B - P, 2 * P, RW, ALIKE(-EEXIST),
	  ALIKE(4 * P) },
	{ "map over a tail", A, MAP, MAP_R | MAP_W, HERE, B + 3 * P, 2 * P, RW, ALIKE(-EEXIST),
	  ALIKE(4 * P) },
	{ "map around another", A, MAP, MAP_R | MAP_W, HERE, B - P, 8 * P, RW, ALIKE(-EEXIST),
	  ALIKE(4 * P) },
	{ "map between two", A | C, MAP, MAP_R | MAP_W, HERE, B + 4 * P, 4 * P, RW, ALIKE(0),
	  ALIKE(12 * P) },
	{ "map neither read nor write", NONE, MAP, 0, HERE, B, P, RW, ALIKE(-EINVAL), ALIKE(0) },
	{ "map read only", NONE, MAP, MAP_R, HERE, B, P, RW, ALIKE(0), ALIKE(P) },
	{ "map write only", NONE, MAP, MAP_W, HERE, B, P, RW, ALIKE(0), ALIKE(P) },
	{ "map unknown flag", NONE, MAP, MAP_R | 0x80, HERE, B, P, RW,
	  { -EINVAL, -EINVAL, -EINVAL, -EINVAL, NA }, ALIKE(0) },
	{ "map no bytes", NONE, MAP, MAP_R, HERE, B, 0, RW, ALIKE(-EINVAL), ALIKE(0) },
	{ "map odd iova", NONE, MAP, MAP_R, HERE, B + 1, P, RW, ALIKE(-EINVAL), ALIKE(0) },
	{ "map odd size", NONE, MAP, MAP_R, HERE, B, P + 1, RW, ALIKE(-EINVAL), ALIKE(0) },
	{ "map odd memory", NONE, MAP, MAP_R, HERE, B, P, RW_ODD, ALIKE(-EINVAL), ALIKE(0) },
	{ "map iova wraps", NONE, MAP, MAP_R, WRAP, 0, 2 * P, RW, ALIKE(-EOVERFLOW), ALIKE(0) },
	{ "map memory wraps", NONE, MAP, MAP_R, HERE, B, 2 * P, VA_WRAP, ALIKE(-EOVERFLOW),
	  ALIKE(0) },
	{ "map at iova 0", NONE, MAP, MAP_R, HERE, 0, P, RW, ALIKE(0), ALIKE(P) },
	{ "map the last usable page", NONE, MAP, MAP_R, TOP, 0, P, RW, ALIKE(0), ALIKE(P) },
	{ "map across the end", NONE, MAP, MAP_R, ACROSS_TOP, 0, 2 * P, RW, ALIKE(-EINVAL),
	  ALIKE(0) },
	{ "map above the end", NONE, MAP, MAP_R, ABOVE, 0, P, RW, ALIKE(-EINVAL), ALIKE(0) },
	{ "map the last page of 64 bits", NONE, MAP, MAP_R, HERE, LAST_BYTES, P, RW,
	  ALIKE(-EINVAL), ALIKE(0) },
	{ "map in the MSI window", NONE, MAP, MAP_R, HOLE, 0, P, RW, ALIKE(-EINVAL), ALIKE(0) },
	{ "map memory that is not there", NONE, MAP, MAP_R, HERE, B, P, UNMAPPED, ALIKE(-EFAULT),
	  ALIKE(0) },
	{ "map memory half there", NONE, MAP, MAP_R, HERE, B, 2 * P, HALF_UNMAPPED, ALIKE(-EFAULT),
	  ALIKE(0) },
	{ "map read-only memory for write", NONE, MAP, MAP_R | MAP_W, HERE, B, P, RO,
	  ALIKE(-EFAULT), ALIKE(0) },
	{ "map read-only memory for read", NONE, MAP, MAP_R, HERE, B, P, RO, ALIKE(0), ALIKE(P) },
};
/* clang-format on */

/* What type1 answered before the kernel that the table above was written for. */
static const struct older {
	const char *name;
	unsigned int until;
	int64_t want;
} older[] = {
	{ "unmap wraps", 618, -EINVAL },
	{ "map iova wraps", 618, -EINVAL },
	{ "map memory wraps", 618, -EINVAL },
};

static char *rw, *ro, *torn;

static const void *memory(enum memory kind)
{
	switch (kind) {
	case RW_ODD:
		return rw + 1;
	case RO:
		return ro;
	case UNMAPPED:
		return torn + P;
	case HALF_UNMAPPED:
		return torn;
	case VA_WRAP:
		return (const void *)(uintptr_t)LAST_BYTES;
	default:
		return rw;
	}
}

static uint64_t place(const struct space *s, const struct row *r)
{
	switch (r->where) {
	case TOP:
	case ACROSS_TOP:
		return s->last - P + 1;
	case ABOVE:
		return s->last + 1;
	case HOLE:
		return s->hole;
	case WRAP:
		return LAST_BYTES;
	default:
		return r->iova;
	}
}

static bool above_the_end(const struct row *r)
{
	return r->where == ABOVE || r->where == ACROSS_TOP ||
	       (r->what == MAP && r->iova == LAST_BYTES);
}

static void ask(const struct space *s, const struct row *r)
{
	int64_t want = r->want[s->mode], got;
	uint64_t iova = place(s, r);
	char name[160];

	snprintf(name, sizeof(name), "%s: %s", mode_names[s->mode], r->name);
	if (want == NOT_ASKED) {
		skip(name, "no such argument here");
		return;
	}
	if (r->where == HOLE && !s->hole) {
		skip(name, "no reserved range below the end");
		return;
	}
	if (s->last == UINT64_MAX && above_the_end(r)) {
		skip(name, "all 64 bits are usable");
		return;
	}
	/* Drivers with page tables refuse such a leaf; this one passes it on to the hardware. */
	if (machine.virtio && s->mode >= COMPAT_V2 && r->what == MAP && r->size && !r->flags) {
		skip(name, "virtio-iommu's driver accepts it");
		return;
	}
	for (size_t i = 0; i < sizeof(older) / sizeof(older[0]); i++)
		if (s->mode <= V1 && machine.kernel < older[i].until &&
		    !strcmp(older[i].name, r->name))
			want = older[i].want;
	if (r->before & A && map(s, MAP_R | MAP_W, rw, B, 4 * P))
		fail("a map that must work");
	if (r->before & C && map(s, MAP_R | MAP_W, rw + 8 * P, B + 8 * P, 4 * P))
		fail("a map that must work");
	if (r->what == MAP)
		got = map(s, r->flags, memory(r->memory), iova, r->size);
	else
		got = unmap(s, r->flags, iova, r->size);
	check(name, want, got);
	snprintf(name, sizeof(name), "%s: %s, bytes left", mode_names[s->mode], r->name);
	check(name, r->left[s->mode], unmap_all(s));
}

void check_table(enum mode mode)
{
	struct space s;

	if (mode >= COMPAT_V2 && !have_iommufd()) {
		skip(mode_names[mode], "no /dev/iommu");
		return;
	}
	if (!rw) {
		rw = pages(16, PROT_READ | PROT_WRITE);
		ro = pages(1, PROT_READ);
		torn = pages(2, PROT_READ | PROT_WRITE);
		munmap(torn + P, P);
	}
	space_open(&s, mode, machine.alone[0], false);
	note("%s: reserved from %#llx, usable to %#llx", mode_names[mode],
	     (unsigned long long)s.hole, (unsigned long long)s.last);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ask(&s, &rows[i]);
	space_close(&s);
}
