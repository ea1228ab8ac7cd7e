/* SPDX-License-Identifier: BSD-2-Clause */
/* Every allocation and system call of a scenario fails in turn; nothing is left behind. */
#include "tests/unit/mock-rig.h"

static struct libiommu_allocator allocator;
static struct libiommu_sys sys;
static long calls, failing, live;
static const char *hardware[2] = { "intel-vtd", "intel-vtd-fs" };
static unsigned int spread = 30; /* log2 of how far mappings are from each other */

static bool fails(void)
{
	return ++calls == failing;
}

static void *counted_alloc(void *data, size_t length, size_t alignment)
{
	const struct libiommu_allocator *real = libiommu_allocator_default();
	void *memory;

	(void)data;
	if (fails())
		return NULL;
	memory = real->alloc(real->data, length, alignment);
	live += memory ? (long)length : 0;
	return memory;
}

static void counted_free(void *data, void *memory, size_t length)
{
	const struct libiommu_allocator *real = libiommu_allocator_default();

	(void)data;
	live -= (long)length;
	real->free(real->data, memory, length);
}

static int counted_madvise(void *data, void *address, size_t length, int advice)
{
	const struct libiommu_sys *real = libiommu_sys_default();

	(void)data;
	return fails() ? -ENOMEM : real->madvise(real->data, address, length, advice);
}

static const char text[] = "personality %s\n"
			   "iommu u %s\n"
			   "iommu fs %s\n"
			   "reserved u 0x1000-0x1fff reserved\n"
			   "device 0000:00:03.0 iommu=u group=1 driver=vfio-pci model=edu\n"
			   "device 0000:00:04.0 iommu=fs group=2 driver=vfio-pci model=edu\n";

struct scenario {
	struct rig rig;
	struct mock_claim a, b;
	struct mock_domain dom, other;
	struct libiommu_backend_map maps[3];
};

/* Pages far from each other give many pieces, the tables many pages. */
static int maps(struct scenario *s)
{
	size_t done = 0;

	for (size_t i = 0; i < 3; i++) {
		s->maps[i] = rig_map_of(&s->rig, 0, 24);
		s->maps[i].iova = (uint64_t)(i + 1) << spread;
	}
	if (mock->map(&s->dom, &s->maps[2], &s->rig.failure))
		return -1;
	return mock->unmap(&s->dom, &s->maps[2], 1, &done, &s->rig.failure);
}

static int attaches(struct scenario *s)
{
	int error = rig_attach(&s->rig, &s->a, &s->dom, true, s->maps, 2);

	if (error)
		return error;
	error = rig_attach(&s->rig, &s->b, &s->dom, true, s->maps, 2);
	if (!error) {
		error = maps(s);
		rig_detach(&s->rig, &s->b, &s->dom, true, LIBIOMMU_DETACH_MAY_REOPEN);
	}
	rig_detach(&s->rig, &s->a, &s->dom, true, 0);
	if (!error) {
		error = rig_attach(&s->rig, &s->a, &s->other, true, s->maps, 1);
		if (!error)
			rig_detach(&s->rig, &s->a, &s->other, true, 0);
	}
	return error;
}

static int replaces(struct scenario *s)
{
	struct libiommu_backend_attach attach = { sizeof(attach), true, s->maps, 2, NULL };
	struct libiommu_geometry from = { .count = 0 }, to = { .count = 0 };
	void *devices[] = { &s->a };
	int error = rig_attach(&s->rig, &s->a, &s->dom, true, s->maps, 1);

	if (error)
		return error;
	error = mock->replace(devices, 1, &s->dom, &s->other, &attach, &from, &to, &s->rig.failure);
	/* The old domain, whole, or the new one. */
	ck_assert_int_eq(rig_reads(&s->a, s->maps[0].iova), 0);
	ck_assert_int_eq(rig_reads(&s->a, s->maps[1].iova),
			 error ? LIBIOMMU_MOCK_FAULT_NOT_MAPPED : 0);
	libiommu_geometry_clear(&s->rig.env, &from);
	libiommu_geometry_clear(&s->rig.env, &to);
	rig_detach(&s->rig, &s->a, error ? &s->dom : &s->other, true, 0);
	return error;
}

static int run(const char *personality, int (*work)(struct scenario *s))
{
	char machine[600];
	struct scenario s;
	int error;

	memset(&s, 0, sizeof(s));
	for (size_t i = 0; i < 3; i++)
		s.maps[i] = (struct libiommu_backend_map){ .length = 24 * PAGE,
							   .prot = RW,
							   .fd = -1,
							   .iova = (uint64_t)(i + 1) << spread };
	snprintf(machine, sizeof(machine), text, personality, hardware[0], hardware[1]);
	libiommu_failure_init(&s.rig.failure);
	s.rig.env = (struct libiommu_backend_env){
		.size = sizeof(s.rig.env), .sys = &sys, .allocator = &allocator, .config = machine
	};
	s.rig.bytes = 64 * PAGE;
	s.rig.memory =
		mmap(NULL, s.rig.bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (size_t i = 0; i < 3; i++)
		s.maps[i].memory = s.rig.memory;
	error = mock->open(&s.rig.ctx, &s.rig.env, &s.rig.failure);
	if (!error) {
		rig_device(&s.rig, &s.a, "0000:00:03.0");
		rig_device(&s.rig, &s.b, "0000:00:04.0");
		rig_domain(&s.rig, &s.dom, LIBIOMMU_DOMAIN_PAGING);
		rig_domain(&s.rig, &s.other, LIBIOMMU_DOMAIN_PAGING);
		error = work(&s);
		ck_assert_uint_eq(rig_pins(&s.rig), 0);
		ck_assert_uint_eq(s.rig.ctx.machine->locked, 0);
		mock->device_close(&s.a, 0);
		mock->device_close(&s.b, 0);
		ck_assert_uint_eq(mock_frames_used(&s.rig.ctx.machine->frames), 0);
		ck_assert_uint_eq(s.rig.ctx.machine->space_count, 0);
		mock->close(&s.rig.ctx, 0);
	}
	if (error)
		ck_assert_int_ne(s.rig.failure.reason, LIBIOMMU_REASON_NONE);
	munmap(s.rig.memory, s.rig.bytes);
	return error;
}

static void sweep(const char *personality, int (*work)(struct scenario *s))
{
	long most = 0;

	sys = *libiommu_sys_default();
	sys.madvise = counted_madvise;
	allocator = *libiommu_allocator_default();
	allocator.alloc = counted_alloc;
	allocator.free = counted_free;
	for (failing = 0; failing <= most; failing++) {
		int error;

		calls = live = 0;
		error = run(personality, work);
		ck_assert_int_eq(live, 0);
		if (!failing) {
			ck_assert_int_eq(error, 0);
			most = calls;
		}
	}
	ck_assert_int_gt(most, 15);
}

START_TEST(strict_leaves_nothing_behind)
{
	sweep("strict", attaches);
}
END_TEST

START_TEST(bare_leaves_nothing_behind)
{
	sweep("bare", attaches);
}
END_TEST

START_TEST(a_replace_that_fails_changes_nothing)
{
	sweep("bare", replaces);
}
END_TEST

static void sweep_hardware(const char *first, const char *second, unsigned int shift)
{
	hardware[0] = first;
	hardware[1] = second;
	spread = shift;
	sweep("bare", attaches);
	sweep("bare", replaces);
	hardware[0] = "intel-vtd";
	hardware[1] = "intel-vtd-fs";
	spread = 30;
}

START_TEST(tables_of_other_kinds_leave_nothing_behind)
{
	sweep_hardware("s390-zpci aperture=0x100000-0x3ffffffffff", "virtio-iommu", 30);
	sweep_hardware("powernv-p7ioc", "s390-zpci width=64 aperture=0x100000-0x3fffffff", 24);
	sweep_hardware("amd-vi", "arm-smmuv3 stage=2 width=43", 30);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		strict_leaves_nothing_behind,
		bare_leaves_nothing_behind,
		a_replace_that_fails_changes_nothing,
		tables_of_other_kinds_leave_nothing_behind,
	};

	return rig_run("mock-failures", tests, sizeof(tests) / sizeof(tests[0]));
}
