/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/mock-rig.h"

#include <libiommu/mock.h>

#define MACHINE                                                           \
	"iommu u intel-vtd\n"                                             \
	"iommu fs intel-vtd-fs\n"                                         \
	"device 0000:00:03.0 iommu=u group=1 driver=vfio-pci model=edu\n" \
	"device 0000:00:04.0 iommu=u group=2 driver=vfio-pci model=edu\n" \
	"device 0000:00:05.0 iommu=u group=3 driver=vfio-pci model=edu\n" \
	"device 0000:00:05.1 iommu=u group=3 driver=vfio-pci model=edu\n" \
	"device 0000:00:06.0 iommu=fs group=4 driver=vfio-pci model=edu\n"

static struct rig rig;
static struct mock_claim a, b, c, c1, f;
static struct mock_domain dom, other;
static struct libiommu_backend_map map;

static void start(const char *text)
{
	rig_open(&rig, text);
	rig_device(&rig, &a, "0000:00:03.0");
	rig_device(&rig, &b, "0000:00:04.0");
	rig_device(&rig, &c, "0000:00:05.0");
	rig_device(&rig, &c1, "0000:00:05.1");
	rig_device(&rig, &f, "0000:00:06.0");
	rig_domain(&rig, &dom, LIBIOMMU_DOMAIN_PAGING);
	rig_domain(&rig, &other, LIBIOMMU_DOMAIN_PAGING);
	map = rig_map_of(&rig, 0, 2);
}

static void stop(void)
{
	mock->device_close(&a, 0);
	mock->device_close(&b, 0);
	mock->device_close(&c, 0);
	mock->device_close(&c1, 0);
	mock->device_close(&f, 0);
	mock->domain_free(&dom, 0);
	mock->domain_free(&other, 0);
	ck_assert_uint_eq(rig_pins(&rig), 0);
	ck_assert_uint_eq(rig.ctx.machine->locked, 0);
	ck_assert_uint_eq(rig.ctx.machine->space_count, 0);
	ck_assert_uint_eq(mock_frames_used(&rig.ctx.machine->frames), 0);
	rig_close(&rig);
}

static uint64_t spaces(void)
{
	return rig.ctx.machine->space_count;
}

START_TEST(a_group_alone_keeps_its_emptied_space)
{
	const struct mock_space *space;

	start(MACHINE);
	ck_assert_int_eq(rig_attach(&rig, &a, &dom, true, &map, 1), 0);
	ck_assert_uint_eq(rig_pins(&rig), 2);
	space = a.dev->group->space;
	ck_assert_int_eq(rig_reads(&a, map.iova), 0);
	ck_assert_int_eq(rig_detach(&rig, &a, &dom, true, 0), 0);
	ck_assert_int_eq(rig_reads(&a, map.iova), LIBIOMMU_MOCK_FAULT_BLOCKED);
	ck_assert_uint_eq(rig_pins(&rig), 0);
	ck_assert_uint_eq(spaces(), 1);
	ck_assert_ptr_eq(a.dev->group->space, space);
	ck_assert(a.dev->fd);
	ck_assert_ptr_null(dom.spaces);
	/* And comes with it: a space of its own beside the one of b. */
	ck_assert_int_eq(rig_attach(&rig, &b, &dom, true, &map, 1), 0);
	ck_assert_int_eq(rig_attach(&rig, &a, &dom, true, &map, 1), 0);
	ck_assert_uint_eq(spaces(), 2);
	ck_assert_uint_eq(rig_pins(&rig), 4);
	ck_assert_uint_eq(rig.ctx.machine->locked, 4 * PAGE);
	ck_assert_int_eq(rig_unmap(&rig, &dom, &map), 0);
	ck_assert_uint_eq(rig_pins(&rig), 0);
	ck_assert_int_eq(mock->map(&dom, &map, &rig.failure), 0);
	ck_assert_int_eq(rig_reads(&a, map.iova), 0);
	ck_assert_int_eq(rig_reads(&b, map.iova), 0);
	ck_assert_int_eq(rig_detach(&rig, &b, &dom, true, 0), 0);
	ck_assert_int_eq(rig_detach(&rig, &a, &dom, true, 0), 0);
	stop();
}
END_TEST

START_TEST(a_shared_space_is_left_without_the_device_only)
{
	start(MACHINE);
	ck_assert_int_eq(rig_attach(&rig, &a, &dom, true, &map, 1), 0);
	ck_assert_int_eq(rig_attach(&rig, &b, &dom, true, &map, 1), 0);
	ck_assert_uint_eq(spaces(), 1);
	ck_assert_uint_eq(rig_pins(&rig), 2);
	ck_assert_int_eq(rig_detach(&rig, &a, &dom, true, 0), -EBUSY);
	ck_assert_int_eq(rig.failure.reason, LIBIOMMU_REASON_DEVICE_FD_IN_USE);
	ck_assert_int_eq(rig_reads(&a, map.iova), 0);
	ck_assert_int_eq(rig_detach(&rig, &a, &dom, true, LIBIOMMU_DETACH_MAY_REOPEN), 0);
	ck_assert(!a.dev->fd);
	ck_assert_ptr_null(a.dev->group->space);
	ck_assert_int_eq(rig_reads(&a, map.iova), LIBIOMMU_MOCK_FAULT_BLOCKED);
	ck_assert_int_eq(rig_reads(&b, map.iova), 0);
	ck_assert_int_eq(rig_attach(&rig, &a, &other, true, NULL, 0), 0);
	ck_assert(a.dev->fd);
	ck_assert_int_eq(rig_reads(&a, map.iova), LIBIOMMU_MOCK_FAULT_NOT_MAPPED);
	ck_assert_int_eq(rig_detach(&rig, &a, &other, true, 0), 0);
	ck_assert_int_eq(rig_detach(&rig, &b, &dom, true, 0), 0);
	stop();
}
END_TEST

START_TEST(members_share_the_group_s_access)
{
	start(MACHINE);
	ck_assert_int_eq(rig_attach(&rig, &c, &dom, true, &map, 1), 0);
	ck_assert_int_eq(rig_reads(&c1, map.iova), 0);
	ck_assert(!c1.dev->fd);
	ck_assert_int_eq(rig_attach(&rig, &c1, &dom, false, &map, 1), 0);
	ck_assert(c1.dev->fd);
	ck_assert_uint_eq(rig_pins(&rig), 2);
	ck_assert_int_eq(rig_detach(&rig, &c, &dom, false, 0), 0);
	ck_assert_int_eq(rig_reads(&c, map.iova), 0);
	mock->device_close(&c, 0);
	ck_assert_int_eq(rig_reads(&c1, map.iova), 0);
	ck_assert_int_eq(rig_detach(&rig, &c1, &dom, true, 0), 0);
	ck_assert_int_eq(rig_reads(&c1, map.iova), LIBIOMMU_MOCK_FAULT_BLOCKED);
	rig_device(&rig, &c, "0000:00:05.0");
	stop();
}
END_TEST

START_TEST(a_second_format_is_filled_and_pins_nothing_more)
{
	const struct mock_space *space;

	start(MACHINE);
	ck_assert_int_eq(rig_attach(&rig, &a, &dom, true, &map, 1), 0);
	ck_assert_int_eq(rig_attach(&rig, &f, &dom, true, &map, 1), 0);
	space = dom.spaces;
	ck_assert_ptr_null(space->in_domain);
	ck_assert_ptr_nonnull(space->tables->next);
	ck_assert_uint_eq(rig_pins(&rig), 2);
	ck_assert_int_eq(rig_reads(&f, map.iova + PAGE), 0);
	ck_assert_int_eq(rig_unmap(&rig, &dom, &map), 0);
	ck_assert_int_eq(rig_reads(&f, map.iova), LIBIOMMU_MOCK_FAULT_NOT_MAPPED);
	ck_assert_int_eq(rig_reads(&a, map.iova), LIBIOMMU_MOCK_FAULT_NOT_MAPPED);
	/* Write-only: Linux grants reading where the format cannot do without. */
	map.prot = LIBIOMMU_PROT_WRITE;
	ck_assert_int_eq(mock->map(&dom, &map, &rig.failure), 0);
	ck_assert_int_eq(rig_reads(&f, map.iova), 0);
	ck_assert_int_eq(rig_reads(&a, map.iova), LIBIOMMU_MOCK_FAULT_PERMISSION);
	/* With its last group the table goes, the mappings stay for the others. */
	ck_assert_int_eq(rig_detach(&rig, &f, &dom, true, LIBIOMMU_DETACH_MAY_REOPEN), 0);
	ck_assert_ptr_null(space->tables->next);
	ck_assert_int_eq(rig_writes(&a, map.iova, 1), 0);
	ck_assert_int_eq(rig_detach(&rig, &a, &dom, true, 0), 0);
	stop();
}
END_TEST

START_TEST(a_mapping_beyond_the_newcomer_s_width_is_a_conflict)
{
	start(MACHINE);
	map.iova = UINT64_C(1) << 47;
	ck_assert_int_eq(rig_attach(&rig, &a, &dom, true, &map, 1), 0);
	ck_assert_int_eq(rig_attach(&rig, &f, &dom, true, &map, 1), -EADDRINUSE);
	ck_assert_int_eq(rig.failure.reason, LIBIOMMU_REASON_MAPPING_CONFLICT);
	ck_assert_str_eq(rig.failure.subject, "0x800000000000-0x800000001fff");
	ck_assert_ptr_null(f.dev->group->space);
	ck_assert(!f.dev->fd);
	ck_assert_int_eq(rig_detach(&rig, &a, &dom, true, 0), 0);
	stop();
}
END_TEST

START_TEST(a_failing_replay_leaves_nothing)
{
	struct libiommu_backend_map maps[2];

	start(MACHINE "limit locked=12K\n");
	maps[0] = rig_map_of(&rig, 0, 2);
	maps[1] = rig_map_of(&rig, 2, 2);
	ck_assert_int_eq(rig_attach(&rig, &a, &dom, true, maps, 2), -ENOMEM);
	ck_assert_int_eq(rig.failure.reason, LIBIOMMU_REASON_LOCKED_MEMORY);
	ck_assert_str_eq(rig.failure.subject, "0x102000-0x103fff");
	ck_assert(rig.failure.has_figures);
	ck_assert_uint_eq(rig.failure.needed, 8192);
	ck_assert_uint_eq(rig.failure.available, 4096);
	ck_assert_uint_eq(rig_pins(&rig), 0);
	ck_assert_uint_eq(spaces(), 0);
	/* The same with a space that was kept. */
	ck_assert_int_eq(rig_attach(&rig, &a, &dom, true, maps, 1), 0);
	ck_assert_int_eq(rig_detach(&rig, &a, &dom, true, 0), 0);
	ck_assert_int_eq(rig_attach(&rig, &a, &dom, true, maps, 2), -ENOMEM);
	ck_assert_uint_eq(spaces(), 1);
	ck_assert_uint_eq(rig_pins(&rig), 0);
	maps[1].memory = NULL;
	maps[1].length = PAGE;
	ck_assert_int_eq(rig_attach(&rig, &a, &dom, true, maps, 2), -EFAULT);
	ck_assert_int_eq(rig.failure.reason, LIBIOMMU_REASON_BAD_MEMORY);
	ck_assert_str_eq(rig.failure.subject, "0x102000-0x102fff");
	stop();
}
END_TEST

START_TEST(entries_are_limited_per_space)
{
	struct libiommu_backend_map maps[3];

	start(MACHINE "limit entries=2\n");
	for (size_t i = 0; i < 3; i++)
		maps[i] = rig_map_of(&rig, i, 1);
	ck_assert_int_eq(rig_attach(&rig, &a, &dom, true, maps, 2), 0);
	ck_assert_int_eq(mock->map(&dom, &maps[2], &rig.failure), -ENOSPC);
	ck_assert_int_eq(rig.failure.reason, LIBIOMMU_REASON_ENTRY_LIMIT);
	ck_assert_uint_eq(rig.failure.available, 0);
	ck_assert_int_eq(rig_unmap(&rig, &dom, &maps[0]), 0);
	ck_assert_int_eq(mock->map(&dom, &maps[2], &rig.failure), 0);
	ck_assert_int_eq(rig_detach(&rig, &a, &dom, true, 0), 0);
	stop();
}
END_TEST

START_TEST(two_spaces_map_both_or_none)
{
	struct libiommu_backend_map maps[60];
	size_t done = 0;

	/* a brings a space of its own beside the one of b. */
	start(MACHINE "limit locked=484K\n");
	ck_assert_int_eq(rig_attach(&rig, &a, &dom, true, NULL, 0), 0);
	ck_assert_int_eq(rig_detach(&rig, &a, &dom, true, 0), 0);
	ck_assert_int_eq(rig_attach(&rig, &b, &dom, true, NULL, 0), 0);
	ck_assert_int_eq(rig_attach(&rig, &a, &dom, true, NULL, 0), 0);
	ck_assert_uint_eq(spaces(), 2);
	for (size_t i = 0; i < 60; i++) {
		maps[i] = rig_map_of(&rig, i, 1);
		ck_assert_int_eq(mock->map(&dom, &maps[i], &rig.failure), 0);
	}
	/* One page is left of the limit: enough for the first space only. */
	map = rig_map_of(&rig, 60, 1);
	ck_assert_int_eq(mock->map(&dom, &map, &rig.failure), -ENOMEM);
	ck_assert_uint_eq(rig_pins(&rig), 120);
	ck_assert_int_ne(rig_reads(&b, map.iova), 0);
	ck_assert_int_eq(mock->unmap(&dom, maps, 60, &done, &rig.failure), 0);
	ck_assert_uint_eq(done, 60);
	ck_assert_uint_eq(rig_pins(&rig), 0);
	/* What is not there is said, not passed over. */
	ck_assert_int_eq(mock->unmap(&dom, maps, 60, &done, &rig.failure), -EIO);
	ck_assert_int_eq(rig.failure.reason, LIBIOMMU_REASON_LEDGER_MISMATCH);
	ck_assert_uint_eq(done, 0);
	ck_assert_int_eq(rig_detach(&rig, &a, &dom, true, 0), 0);
	ck_assert_int_eq(rig_detach(&rig, &b, &dom, true, 0), 0);
	stop();
}
END_TEST

START_TEST(an_unmap_of_many_goes_in_batches)
{
	struct libiommu_backend_map maps[4 * MOCK_UNMAP_BATCH + 3];
	size_t done = 0, count = sizeof(maps) / sizeof(maps[0]);

	start(MACHINE);
	ck_assert_int_eq(rig_attach(&rig, &a, &dom, true, NULL, 0), 0);
	for (size_t i = 0; i < count; i++) {
		maps[i] = rig_map_of(&rig, i, 1);
		maps[i].memory = rig.memory + i * 7 % 64 * PAGE;
		ck_assert_int_eq(mock->map(&dom, &maps[i], &rig.failure), 0);
	}
	ck_assert_uint_eq(rig_pins(&rig), count);
	ck_assert_int_eq(mock->unmap(&dom, maps, count, &done, &rig.failure), 0);
	ck_assert_uint_eq(done, count);
	ck_assert_uint_eq(rig_pins(&rig), 0);
	ck_assert_uint_eq(rig.ctx.machine->locked, 0);
	ck_assert_int_eq(rig_detach(&rig, &a, &dom, true, 0), 0);
	stop();
}
END_TEST

START_TEST(memory_must_allow_what_the_device_may)
{
	start(MACHINE);
	ck_assert_int_eq(rig_attach(&rig, &a, &dom, true, NULL, 0), 0);
	ck_assert_int_eq(mprotect(rig.memory, PAGE, PROT_READ), 0);
	ck_assert_int_eq(mock->map(&dom, &map, &rig.failure), -EFAULT);
	ck_assert_uint_eq(rig_pins(&rig), 0);
	map.prot = LIBIOMMU_PROT_READ;
	ck_assert_int_eq(mock->map(&dom, &map, &rig.failure), 0);
	ck_assert_int_eq(rig_detach(&rig, &a, &dom, true, 0), 0);
	stop();
}
END_TEST

static struct libiommu_backend_attach with(const struct libiommu_backend_map *maps, size_t count)
{
	return (struct libiommu_backend_attach){ sizeof(struct libiommu_backend_attach), true, maps,
						 count, NULL };
}

START_TEST(a_table_that_refuses_takes_the_others_back)
{
	start("personality bare\n" MACHINE);
	ck_assert_int_eq(rig_attach(&rig, &f, &dom, true, NULL, 0), 0);
	ck_assert_int_eq(rig_attach(&rig, &a, &dom, true, NULL, 0), 0);
	ck_assert_ptr_eq(dom.spaces->tables->iommu, a.dev->iommu);
	map.prot = LIBIOMMU_PROT_WRITE;
	ck_assert_int_eq(mock->map(&dom, &map, &rig.failure), -EOPNOTSUPP);
	ck_assert_uint_eq(rig_pins(&rig), 0);
	ck_assert_uint_eq(rig.ctx.machine->locked, 0);
	ck_assert_int_eq(rig_writes(&a, map.iova, 1), LIBIOMMU_MOCK_FAULT_NOT_MAPPED);
	map.prot = RW;
	ck_assert_int_eq(mock->map(&dom, &map, &rig.failure), 0);
	ck_assert_int_eq(rig_detach(&rig, &a, &dom, true, 0), 0);
	ck_assert_int_eq(rig_detach(&rig, &f, &dom, true, 0), 0);
	stop();
}
END_TEST

START_TEST(replace_is_for_bare_only)
{
	struct libiommu_backend_attach attach = with(&map, 1);
	struct libiommu_geometry from = { .count = 0 }, to = { .count = 0 };
	void *devices[] = { &a };

	start(MACHINE);
	ck_assert_int_eq(rig_attach(&rig, &a, &dom, true, &map, 1), 0);
	ck_assert_int_eq(mock->replace(devices, 1, &dom, &other, &attach, &from, &to, &rig.failure),
			 -EOPNOTSUPP);
	ck_assert_int_eq(rig.failure.reason, LIBIOMMU_REASON_REPLACE_UNSUPPORTED);
	ck_assert_int_eq(rig_detach(&rig, &a, &dom, true, 0), 0);
	stop();
}
END_TEST

START_TEST(bare_replaces_and_never_refuses_a_detach)
{
	struct libiommu_geometry from = { .count = 0 }, to = { .count = 0 };
	struct libiommu_backend_map there = { .length = PAGE, .fd = -1 }, wrong;
	struct libiommu_backend_attach attach;
	void *devices[] = { &a };

	start("personality bare\n" MACHINE);
	ck_assert(a.dev->fd);
	ck_assert_int_eq(rig_attach(&rig, &a, &dom, true, &map, 1), 0);
	ck_assert_int_eq(rig_attach(&rig, &b, &dom, true, &map, 1), 0);
	ck_assert_int_eq(rig_reads(&a, map.iova), 0);
	there = rig_map_of(&rig, 8, 1);
	wrong = rig_map_of(&rig, 9, 1);
	wrong.memory = NULL;
	attach = with(&wrong, 1);
	ck_assert_int_eq(mock->replace(devices, 1, &dom, &other, &attach, &from, &to, &rig.failure),
			 -EFAULT);
	libiommu_geometry_clear(&rig.env, &to);
	ck_assert_int_eq(rig_reads(&a, map.iova), 0);
	attach = with(&there, 1);
	ck_assert_int_eq(mock->replace(devices, 1, &dom, &other, &attach, &from, &to, &rig.failure),
			 0);
	ck_assert_uint_gt(from.count, 0);
	ck_assert_uint_gt(to.count, 0);
	libiommu_geometry_clear(&rig.env, &from);
	libiommu_geometry_clear(&rig.env, &to);
	ck_assert_int_eq(rig_reads(&a, there.iova), 0);
	ck_assert_int_eq(rig_reads(&a, map.iova), LIBIOMMU_MOCK_FAULT_NOT_MAPPED);
	ck_assert_int_eq(rig_reads(&b, map.iova), 0);
	ck_assert_uint_eq(rig_pins(&rig), 3);
	ck_assert_int_eq(rig_detach(&rig, &b, &dom, true, 0), 0);
	ck_assert_int_eq(rig_detach(&rig, &a, &other, true, 0), 0);
	ck_assert_uint_eq(spaces(), 0);
	stop();
}
END_TEST

START_TEST(identity_reaches_pinned_memory_only)
{
	struct libiommu_pgtable_leaf leaf;
	struct mock_domain identity;

	start("personality bare\n" MACHINE);
	rig_domain(&rig, &identity, LIBIOMMU_DOMAIN_IDENTITY);
	ck_assert_int_eq(rig_attach(&rig, &b, &identity, true, NULL, 0), 0);
	ck_assert_int_eq(rig_attach(&rig, &a, &dom, true, &map, 1), 0);
	ck_assert(libiommu_pgtable_translate(dom.spaces->tables->pt, map.iova, &leaf));
	ck_assert_int_eq(rig_writes(&b, leaf.phys + 3, 99), 0);
	ck_assert_int_eq(rig.memory[3], 99);
	ck_assert_int_eq(rig_detach(&rig, &a, &dom, true, 0), 0);
	ck_assert_int_eq(rig_reads(&b, leaf.phys), LIBIOMMU_MOCK_FAULT_NOT_MAPPED);
	ck_assert_int_eq(rig_detach(&rig, &b, &identity, true, 0), 0);
	stop();
	start(MACHINE);
	memset(&identity, 0, sizeof(identity));
	ck_assert_int_eq(
		mock->domain_new(&rig.ctx, &identity, LIBIOMMU_DOMAIN_IDENTITY, &rig.failure),
		-EOPNOTSUPP);
	ck_assert_int_eq(rig.failure.reason, LIBIOMMU_REASON_NO_UAPI);
	stop();
}
END_TEST

START_TEST(a_blocked_domain_blocks)
{
	struct mock_domain blocked;

	start(MACHINE);
	rig_domain(&rig, &blocked, LIBIOMMU_DOMAIN_BLOCKED);
	ck_assert_int_eq(rig_attach(&rig, &a, &blocked, true, NULL, 0), 0);
	ck_assert_int_eq(rig_reads(&a, map.iova), LIBIOMMU_MOCK_FAULT_BLOCKED);
	ck_assert_int_eq(rig_detach(&rig, &a, &blocked, true, 0), 0);
	/* The kept space becomes what the next domain is. */
	ck_assert_int_eq(rig_attach(&rig, &a, &dom, true, &map, 1), 0);
	ck_assert_int_eq(rig_reads(&a, map.iova), 0);
	ck_assert_int_eq(rig_detach(&rig, &a, &dom, true, 0), 0);
	stop();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_group_alone_keeps_its_emptied_space,
		a_shared_space_is_left_without_the_device_only,
		members_share_the_group_s_access,
		a_second_format_is_filled_and_pins_nothing_more,
		a_mapping_beyond_the_newcomer_s_width_is_a_conflict,
		a_failing_replay_leaves_nothing,
		entries_are_limited_per_space,
		two_spaces_map_both_or_none,
		an_unmap_of_many_goes_in_batches,
		memory_must_allow_what_the_device_may,
		a_table_that_refuses_takes_the_others_back,
		replace_is_for_bare_only,
		bare_replaces_and_never_refuses_a_detach,
		identity_reaches_pinned_memory_only,
		a_blocked_domain_blocks,
	};

	return rig_run("mock-vessels", tests, sizeof(tests) / sizeof(tests[0]));
}
