/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/mock-rig.h"

static struct mock_ram ram;

static void start(enum mock_ram_policy policy, unsigned int width, uint64_t seed)
{
	struct mock_ram_options opts = { .policy = policy, .width = width, .seed = seed };

	ck_assert_int_eq(mock_ram_init(&ram, libiommu_allocator_default(), &opts), 0);
}

static uint64_t pin(uint64_t va, uint64_t pages)
{
	struct mock_pieces pieces;
	uint64_t phys;

	mock_pieces_init(&pieces, libiommu_allocator_default());
	ck_assert_int_eq(mock_ram_pin(&ram, va, pages * PAGE, &pieces, NULL), 0);
	phys = pieces.list[0].phys;
	mock_pieces_fini(&pieces);
	return phys;
}

START_TEST(packed_takes_the_lowest_free_frame)
{
	uint64_t a, b, c;

	start(MOCK_RAM_PACKED, 0, 0);
	a = pin(0x10000000, 1);
	b = pin(0x50000000, 1);
	c = pin(0x20000000, 2);
	ck_assert_uint_eq(b, a + PAGE);
	ck_assert_uint_eq(c, a + 2 * PAGE);
	ck_assert_uint_eq(pin(0x10000000, 1), a);
	mock_ram_unpin(&ram, 0x10000000, PAGE);
	ck_assert_uint_eq(pin(0x60000000, 1), a + 4 * PAGE);
	mock_ram_unpin(&ram, 0x10000000, PAGE);
	ck_assert_uint_eq(pin(0x70000000, 1), a);
	ck_assert_uint_eq(mock_ram_pinned(&ram), 5);
	mock_ram_fini(&ram);
}
END_TEST

START_TEST(identity_is_the_virtual_address)
{
	start(MOCK_RAM_IDENTITY, 0, 0);
	ck_assert_uint_eq(pin(0x7f1234567000, 3), 0x7f1234567000);
	mock_ram_fini(&ram);
	start(MOCK_RAM_IDENTITY, 32, 0);
	ck_assert_uint_eq(pin(0xfffff000, 1), 0xfffff000);
	ck_assert_int_eq(mock_ram_pin(&ram, 0x100000000, PAGE, &(struct mock_pieces){ 0 }, NULL),
			 -ENOMEM);
	mock_ram_fini(&ram);
}
END_TEST

START_TEST(scattered_is_a_permutation_that_a_seed_repeats)
{
	uint64_t first[512], neighbours = 0;

	for (int round = 0; round < 2; round++) {
		start(MOCK_RAM_SCATTERED, 26, 7);
		for (size_t i = 0; i < 512; i++) {
			uint64_t phys = pin(0x10000000 + i * PAGE, 1);
			unsigned char *host;

			ck_assert_uint_lt(phys, UINT64_C(1) << 26);
			ck_assert(mock_ram_host(&ram, phys + 5, true, &host));
			ck_assert_uint_eq((uintptr_t)host, 0x10000000 + i * PAGE + 5);
			if (round)
				ck_assert_uint_eq(phys, first[i]);
			first[i] = phys;
			neighbours += i && phys == first[i - 1] + PAGE;
		}
		mock_ram_fini(&ram);
	}
	ck_assert_uint_lt(neighbours, 20);
	start(MOCK_RAM_SCATTERED, 26, 8);
	ck_assert_uint_ne(pin(0x10000000, 1), first[0]);
	mock_ram_fini(&ram);
}
END_TEST

/* Width 26 has 16384 frames, 4096 of which are below RAM. */
static void exhaust(enum mock_ram_policy policy)
{
	struct mock_pieces pieces;
	uint64_t pages = 16384 - 4096;

	start(policy, 26, 3);
	pin(0x40000000, pages);
	mock_pieces_init(&pieces, libiommu_allocator_default());
	ck_assert_int_eq(mock_ram_pin(&ram, 0x3ffff000, 2 * PAGE, &pieces, NULL), -ENOMEM);
	mock_pieces_fini(&pieces);
	ck_assert_uint_eq(mock_ram_pinned(&ram), pages);
	mock_ram_unpin(&ram, 0x40000000, pages * PAGE);
	ck_assert_uint_eq(mock_ram_pinned(&ram), 0);
	pin(0x80000000, pages);
	mock_ram_fini(&ram);
}

START_TEST(exhaustion_leaves_nothing_pinned)
{
	exhaust(MOCK_RAM_PACKED);
	exhaust(MOCK_RAM_SCATTERED);
	exhaust(MOCK_RAM_RUNS);
}
END_TEST

START_TEST(runs_keep_two_megabytes_together)
{
	uint64_t huge = UINT64_C(1) << 21, a, b;

	start(MOCK_RAM_RUNS, 0, 0);
	a = pin(0x40000000 + huge - PAGE, 1);
	b = pin(0x40000000, 512);
	ck_assert_uint_eq(b % huge, 0);
	ck_assert_uint_eq(a, b + huge - PAGE);
	ck_assert_uint_eq(pin(0x40000000 + 3 * PAGE, 1), b + 3 * PAGE);
	mock_ram_unpin_phys(&ram, b, huge);
	ck_assert_uint_eq(mock_ram_pinned(&ram), 2);
	mock_ram_fini(&ram);
}
END_TEST

START_TEST(a_free_frame_remembers_its_page)
{
	unsigned char *host;
	uint64_t phys;

	start(MOCK_RAM_PACKED, 0, 0);
	phys = pin(0x10000000, 1);
	mock_ram_unpin(&ram, 0x10000000, PAGE);
	ck_assert(!mock_ram_host(&ram, phys, true, &host));
	ck_assert(mock_ram_host(&ram, phys, false, &host));
	ck_assert_uint_eq((uintptr_t)host, 0x10000000);
	pin(0x20000000, 1);
	ck_assert(mock_ram_host(&ram, phys, true, &host));
	ck_assert_uint_eq((uintptr_t)host, 0x20000000);
	ck_assert(!mock_ram_host(&ram, 0, false, &host));
	ck_assert(!mock_ram_host(&ram, phys + (UINT64_C(1) << 30), false, &host));
	mock_ram_fini(&ram);
}
END_TEST

/* Beside a flat array of counts; virtual pages that share hash homes come and go. */
static void against_a_model(enum mock_ram_policy policy)
{
	static unsigned int count[4096];
	uint64_t seed = 1, total = 0;

	memset(count, 0, sizeof(count));
	start(policy, 0, 5);
	for (int step = 0; step < 40000; step++) {
		uint64_t page, va;
		unsigned char *host;

		seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
		page = seed >> 52;
		va = (0x12345000 + page * 0x3000);
		if (count[page] && seed & 0x100000) {
			mock_ram_unpin(&ram, va, PAGE);
			count[page]--;
			total--;
			continue;
		}
		ck_assert(mock_ram_host(&ram, pin(va, 1), true, &host));
		ck_assert_uint_eq((uintptr_t)host, va);
		count[page]++;
		total++;
	}
	ck_assert_uint_eq(mock_ram_pinned(&ram), total);
	for (uint64_t page = 0; page < 4096; page++) {
		for (; count[page]; count[page]--)
			mock_ram_unpin(&ram, 0x12345000 + page * 0x3000, PAGE);
	}
	ck_assert_uint_eq(mock_ram_pinned(&ram), 0);
	ck_assert_uint_eq(ram.used, 0);
	mock_ram_fini(&ram);
}

START_TEST(random_pins_agree_with_a_model)
{
	against_a_model(MOCK_RAM_PACKED);
	against_a_model(MOCK_RAM_IDENTITY);
	against_a_model(MOCK_RAM_SCATTERED);
	against_a_model(MOCK_RAM_RUNS);
}
END_TEST

static void check_frame(const struct libiommu_pgtable_memory *memory, unsigned char *frame,
			size_t bytes)
{
	uint64_t phys = memory->phys(memory->data, frame);

	ck_assert_uint_ge(phys, UINT64_C(1) << 36);
	ck_assert_uint_eq(phys % bytes, 0);
	ck_assert_uint_eq((uintptr_t)frame % bytes, 0);
	ck_assert(frame[0] == 0 && frame[bytes - 1] == 0);
	frame[0] = frame[bytes - 1] = 1;
	ck_assert_ptr_eq(memory->virt(memory->data, phys, bytes), frame);
	ck_assert_ptr_null(memory->virt(memory->data, phys, bytes / 2));
	ck_assert_ptr_null(memory->virt(memory->data, phys, bytes * 2));
	ck_assert_ptr_null(memory->virt(memory->data, phys + bytes / 2, bytes));
}

START_TEST(a_frame_is_found_by_its_own_address)
{
	static unsigned char *at[MOCK_FRAME_CLASSES][3];
	struct libiommu_pgtable_memory memory;
	struct mock_frames frames;

	ck_assert_int_eq(mock_frames_init(&frames, libiommu_allocator_default(), UINT64_C(1) << 36),
			 0);
	memory = mock_frames_memory(&frames);
	for (unsigned int i = 0; i < 3 * MOCK_FRAME_CLASSES; i++) {
		unsigned int class = i % MOCK_FRAME_CLASSES;
		size_t bytes = (size_t)1 << (MOCK_FRAME_LEAST + class);

		at[class][i / MOCK_FRAME_CLASSES] = memory.alloc(memory.data, bytes);
		ck_assert_ptr_nonnull(at[class][i / MOCK_FRAME_CLASSES]);
		check_frame(&memory, at[class][i / MOCK_FRAME_CLASSES], bytes);
	}
	/* Where the first slab has its header, below all of them, and above. */
	ck_assert_ptr_null(memory.virt(memory.data, UINT64_C(1) << 36, 1u << MOCK_FRAME_LEAST));
	ck_assert_ptr_null(memory.virt(memory.data, (UINT64_C(1) << 36) - PAGE, PAGE));
	ck_assert_ptr_null(memory.virt(memory.data, UINT64_C(1) << 50, PAGE));
	ck_assert_ptr_null(memory.alloc(memory.data, 16));
	ck_assert_ptr_null(memory.alloc(memory.data, 3 * PAGE));
	ck_assert_ptr_null(memory.alloc(memory.data, (size_t)2 << MOCK_FRAME_MOST));
	ck_assert_uint_eq(mock_frames_used(&frames), 3 * MOCK_FRAME_CLASSES);
	for (unsigned int i = 0; i < 3 * MOCK_FRAME_CLASSES; i++)
		memory.free(memory.data, at[i / 3][i % 3], (size_t)1 << (MOCK_FRAME_LEAST + i / 3));
	ck_assert_uint_eq(mock_frames_used(&frames), 0);
	mock_frames_fini(&frames);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		packed_takes_the_lowest_free_frame,
		identity_is_the_virtual_address,
		scattered_is_a_permutation_that_a_seed_repeats,
		exhaustion_leaves_nothing_pinned,
		runs_keep_two_megabytes_together,
		a_free_frame_remembers_its_page,
		random_pins_agree_with_a_model,
		a_frame_is_found_by_its_own_address,
	};

	return rig_run("mock-ram", tests, sizeof(tests) / sizeof(tests[0]));
}
