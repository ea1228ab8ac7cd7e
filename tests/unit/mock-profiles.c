/* SPDX-License-Identifier: BSD-2-Clause */
/* Each kind of hardware: what its line can say, what it translates, what Linux makes of it. */
#include "tests/unit/mock-hardware.h"

#include <libiommu/mock.h>
#include <libiommu/nesting.h>

#include "backends/mock/grouping.h"

#define RANGES 4

struct row {
	const char *line;
	const char *format;
	uint64_t page_sizes;
	struct libiommu_range ranges[RANGES]; /* that a domain can use */
	bool write_only;
};

#define X86_PAGES (BIT(12) | BIT(21) | BIT(30))
#define SV39      (BIT(12) | BIT(16) | BIT(21) | BIT(30))
#define X86_RANGES(bits)                                                 \
	{                                                                \
		{ 0, 0xfedfffff }, { 0xfef00000, LAST(bits) }, { 0, 0 }, \
		{                                                        \
			0, 0                                             \
		}                                                        \
	}
#define AMD_PAGES ((BIT(52) - BIT(12)) & ~BIT(39))
#define AMD_RANGES(last)                                                                    \
	{                                                                                   \
		{ 0, 0xfedfffff }, { 0xfef00000, 0xfcffffffff }, { 0x10000000000, (last) }, \
		{                                                                           \
			0, 0                                                                \
		}                                                                           \
	}
#define ARM_RANGES(bits)                                               \
	{                                                              \
		{ 0, 0x7ffffff }, { 0x8100000, LAST(bits) }, { 0, 0 }, \
		{                                                      \
			0, 0                                           \
		}                                                      \
	}
#define ALL(bits)                                      \
	{                                              \
		{ 0, LAST(bits) }, { 0, 0 }, { 0, 0 }, \
		{                                      \
			0, 0                           \
		}                                      \
	}

static const struct row rows[] = {
	{ "intel-vtd", "vtd-ss", X86_PAGES, X86_RANGES(48), true },
	{ "intel-vtd width=39", "vtd-ss", X86_PAGES, X86_RANGES(39), true },
	{ "intel-vtd width=57", "vtd-ss", X86_PAGES, X86_RANGES(57), true },
	{ "intel-vtd pages=4K,2M", "vtd-ss", BIT(12) | BIT(21), X86_RANGES(48), true },
	{ "intel-vtd mode=legacy", "vtd-ss", X86_PAGES, X86_RANGES(48), true },
	{ "intel-vtd mode=legacy width=39", "vtd-ss", X86_PAGES, X86_RANGES(39), true },
	{ "intel-vtd width=57 mode=legacy", "vtd-ss", X86_PAGES, X86_RANGES(57), true },
	{ "intel-vtd-fs", "x86-64", X86_PAGES, X86_RANGES(47), false },
	{ "intel-vtd-fs width=56", "x86-64", X86_PAGES, X86_RANGES(56), false },
	{ "amd-vi", "amdv1", AMD_PAGES, AMD_RANGES(UINT64_MAX), true },
	{ "amd-vi width=48", "amdv1", AMD_PAGES, AMD_RANGES(LAST(48)), true },
	{ "amd-vi width=57", "amdv1", AMD_PAGES, AMD_RANGES(LAST(57)), true },
	{ "arm-smmuv3", "arm-s1-4k", X86_PAGES, ARM_RANGES(48), false },
	{ "arm-smmuv3 width=39", "arm-s1-4k", X86_PAGES, ARM_RANGES(39), false },
	{ "arm-smmuv3 stage=2", "arm-s2-4k", X86_PAGES, ARM_RANGES(48), true },
	{ "arm-smmuv3 phys=40 stage=2", "arm-s2-4k", X86_PAGES, ARM_RANGES(40), true },
	{ "arm-smmuv2 granule=4K", "arm-s1-4k", X86_PAGES, ARM_RANGES(48), false },
	{ "arm-smmuv2 stage=2 width=40", "arm-s2-4k", X86_PAGES, ARM_RANGES(40), true },
	{ "arm-smmuv3 granule=16K", "arm-s1-16k", BIT(14) | BIT(25), ARM_RANGES(48), false },
	{ "arm-smmuv3 granule=64K", "arm-s1-64k", BIT(16) | BIT(29), ARM_RANGES(48), false },
	{ "arm-smmuv3 width=52 phys=52", "arm-s1-64k", BIT(16) | BIT(29) | BIT(42), ARM_RANGES(52),
	  false },
	/* Roots of 8 KiB, of 16 tables and of one of eight bytes each. */
	{ "arm-smmuv3 stage=2 width=40", "arm-s2-4k", X86_PAGES, ARM_RANGES(40), true },
	{ "arm-smmuv3 stage=2 granule=16K width=40", "arm-s2-16k", BIT(14) | BIT(25),
	  ARM_RANGES(40), true },
	{ "arm-smmuv2 stage=2 granule=64K width=46", "arm-s2-64k", BIT(16) | BIT(29),
	  ARM_RANGES(46), true },
	{ "arm-smmuv2 stage=2 granule=64K width=33", "arm-s2-64k", BIT(16) | BIT(29),
	  ARM_RANGES(33), true },
	{ "kernel-selftest", "amdv1-2k", BIT(37) - BIT(11), { { 0x1000000, 0x7fffffff } }, true },
	{ "kernel-selftest pages=2K aperture=0x2000000-0x2ffffff",
	  "amdv1-2k",
	  BIT(11),
	  { { 0x2000000, 0x2ffffff } },
	  true },
	{ "virtio-iommu", "hidden", ~UINT64_C(0xfff), ARM_RANGES(64), true },
	{ "virtio-iommu pages=4K,2M aperture=0x2000-0x7fff",
	  "hidden",
	  BIT(12) | BIT(21),
	  { { 0x2000, 0x7fff } },
	  true },
	{ "s390-zpci", "zpci", BIT(12), { { BIT(32), LAST(42) } }, false },
	{ "s390-zpci width=53 aperture=0x1000-0x1fffffffffffff",
	  "zpci",
	  BIT(12),
	  { { 0x1000, LAST(53) } },
	  false },
	{ "s390-zpci width=64 aperture=0x100000-0xffffffffffffffff",
	  "zpci",
	  BIT(12),
	  { { 0x100000, UINT64_MAX } },
	  false },
	{ "powernv-p7ioc",
	  "tce",
	  BIT(12),
	  { { 0, LAST(28) }, { BIT(59), BIT(59) + LAST(30) } },
	  false },
	{ "riscv", "riscv", SV39 | BIT(39) | BIT(48), ALL(56), false },
	{ "riscv width=47", "riscv", SV39 | BIT(39), ALL(47), false },
	{ "riscv width=38", "riscv", SV39, ALL(38), false },
	{ "riscv width=38 aperture=0x4000000-0xbffffff",
	  "riscv",
	  SV39,
	  { { 0x4000000, 0xbffffff } },
	  false },
	{ "riscv stage=2", "riscv-g", SV39 | BIT(39) | BIT(48), ALL(59), false },
	{ "riscv stage=2 width=41", "riscv-g", SV39, ALL(41), false },
};

static void check_ranges(const struct row *row, const struct libiommu_geometry *geometry)
{
	size_t count = 0;

	while (count < RANGES && row->ranges[count].last)
		count++;
	ck_assert_msg(geometry->count == count, "%s: %zu ranges", row->line, geometry->count);
	for (size_t i = 0; i < count; i++) {
		ck_assert_msg(geometry->ranges[i].start == row->ranges[i].start &&
				      geometry->ranges[i].last == row->ranges[i].last,
			      "%s: 0x%llx-0x%llx", row->line,
			      (unsigned long long)geometry->ranges[i].start,
			      (unsigned long long)geometry->ranges[i].last);
	}
}

static uint64_t page_sizes(void)
{
	struct libiommu_cap_answer answer = { .size = sizeof(answer) };

	mock->device_cap(&dev, LIBIOMMU_CAP_PAGE_SIZES, &answer);
	return answer.value;
}

/* Two granules at both ends of each range, and the addresses around them. */
static void check_ends(const struct row *row)
{
	uint64_t unit = mock_hw_granule(&dev.dev->iommu->hw);
	unsigned char *memory = rig.memory + (-(uintptr_t)rig.memory & (unit - 1));

	for (size_t i = 0; i < RANGES && row->ranges[i].last; i++) {
		const struct libiommu_range *range = &row->ranges[i];
		struct libiommu_backend_map maps[2] = {
			{ .iova = range->start, .length = unit, .prot = RW, .memory = memory },
			{ .iova = range->last - unit + 1, .length = unit, .prot = RW },
		};

		maps[1].memory = memory + unit;
		for (size_t n = 0; n < 2; n++) {
			uint64_t last = maps[n].iova + unit - 1;
			unsigned char *byte = (unsigned char *)maps[n].memory + unit - 1;

			ck_assert_int_eq(mock->map(&dom, &maps[n], &rig.failure), 0);
			ck_assert_int_eq(rig_writes(&dev, last, (unsigned char)(i + n + 1)), 0);
			ck_assert_uint_eq(*byte, i + n + 1);
		}
		if (range->start)
			ck_assert_int_ne(rig_reads(&dev, range->start - 1), 0);
		if (range->last != UINT64_MAX)
			ck_assert_int_ne(rig_reads(&dev, range->last + 1), 0);
		for (size_t n = 0; n < 2; n++)
			ck_assert_int_eq(rig_unmap(&rig, &dom, &maps[n]), 0);
		ck_assert_int_eq(rig_reads(&dev, maps[0].iova), LIBIOMMU_MOCK_FAULT_NOT_MAPPED);
		/* This one stays, and goes with the detach. */
		ck_assert_int_eq(mock->map(&dom, &maps[1], &rig.failure), 0);
	}
}

START_TEST(every_form_translates_what_it_says)
{
	const struct row *row = &rows[_i];
	struct libiommu_geometry geometry;

	ck_assert_msg(open_with("bare", "packed", row->line) == 0, "%s", row->line);
	attach_empty(&geometry);
	check_ranges(row, &geometry);
	libiommu_geometry_clear(&rig.env, &geometry);
	ck_assert_str_eq(mock_table_format(table()), row->format);
	ck_assert_msg(page_sizes() == row->page_sizes, "%s: 0x%llx", row->line,
		      (unsigned long long)page_sizes());
	check_ends(row);
	stop();
}
END_TEST

START_TEST(write_without_read_is_a_matter_of_the_format)
{
	const struct row *row = &rows[_i];
	uint64_t unit = 0x10000;
	struct libiommu_backend_map map = { .length = unit, .prot = LIBIOMMU_PROT_WRITE };
	struct libiommu_geometry geometry;

	ck_assert_int_eq(open_with("bare", "packed", row->line), 0);
	attach_empty(&geometry);
	libiommu_geometry_clear(&rig.env, &geometry);
	map.memory = rig.memory + (-(uintptr_t)rig.memory & (unit - 1));
	map.iova = row->ranges[0].start;
	ck_assert_int_eq(mock->map(&dom, &map, &rig.failure), row->write_only ? 0 : -EOPNOTSUPP);
	if (row->write_only) {
		ck_assert_int_eq(rig_reads(&dev, map.iova), LIBIOMMU_MOCK_FAULT_PERMISSION);
		ck_assert_int_eq(rig_writes(&dev, map.iova, 1), 0);
		ck_assert_int_eq(rig_unmap(&rig, &dom, &map), 0);
	} else {
		ck_assert_int_eq(rig.failure.reason, LIBIOMMU_REASON_PROT_UNSUPPORTED);
	}
	stop();
}
END_TEST

/* The smallest page of a domain, whatever the host's. */
START_TEST(the_machine_has_pages_as_large_as_its_hardware)
{
	static const struct {
		const char *personality;
		const char *line;
		uint64_t page;
		enum libiommu_reason half; /* a map of half of it */
	} machines[] = {
		{ "strict", "arm-smmuv3 granule=64K", 0x10000, LIBIOMMU_REASON_MISALIGNED },
		{ "bare", "arm-smmuv3 granule=16K", 0x4000, LIBIOMMU_REASON_MISALIGNED },
		{ "strict", "kernel-selftest", 0x1000, LIBIOMMU_REASON_NONE },
		{ "iommufd", "kernel-selftest", 0x800, LIBIOMMU_REASON_MISALIGNED },
	};
	static const char *const rams[] = { "packed", "identity", "scattered seed=4", "runs" };

	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++) {
		uint64_t page = machines[i].page;

		for (size_t r = 0; r < 4; r++) {
			struct libiommu_backend_map map = { 0x2000000, 3 * page, .prot = RW };
			struct libiommu_backend_map half = { 0x4000000, page / 2, .prot = RW };
			struct libiommu_geometry geometry;
			struct mock_pieces pieces;

			ck_assert_int_eq(
				open_with(machines[i].personality, rams[r], machines[i].line), 0);
			attach_empty(&geometry);
			ck_assert_uint_eq(geometry.page_min, page);
			libiommu_geometry_clear(&rig.env, &geometry);
			half.memory = map.memory =
				rig.memory + (-(uintptr_t)rig.memory & (page - 1));
			ck_assert_int_eq(mock->map(&dom, &map, &rig.failure), 0);
			/* A part of a page of 4 KiB counts as one. */
			ck_assert_uint_eq(rig_pins(&rig), (3 * page + PAGE - 1) / PAGE);
			rig.memory[0] = 0;
			for (uint64_t at = 0; at < map.length; at += page / 2)
				ck_assert_int_eq(rig_writes(&dev, map.iova + at, (unsigned char)at),
						 0);
			/* A page is in one piece. */
			mock_pieces_init(&pieces, rig.env.allocator);
			ck_assert_int_eq(mock_ram_pin(&rig.ctx.machine->ram, (uintptr_t)map.memory,
						      page, &pieces, NULL),
					 0);
			ck_assert_uint_eq(pieces.count, 1);
			ck_assert_uint_eq(pieces.list[0].phys % page, 0);
			mock_ram_unpin(&rig.ctx.machine->ram, (uintptr_t)map.memory, page);
			mock_pieces_fini(&pieces);
			ck_assert_int_eq(mock->map(&dom, &half, &rig.failure),
					 -libiommu_reason_errno(machines[i].half));
			if (!machines[i].half)
				ck_assert_int_eq(rig_unmap(&rig, &dom, &half), 0);
			else
				ck_assert_int_eq(rig.failure.reason, machines[i].half);
			ck_assert_int_eq(rig_unmap(&rig, &dom, &map), 0);
			stop();
		}
	}
}
END_TEST

static const struct {
	const char *line;
	const char *word; /* in the message */
} senseless[] = {
	{ "intel-vtd width=40", "no width of 40" },
	{ "intel-vtd stage=1", "no stage 1" },
	{ "intel-vtd granule=64K", "granule of 65536" },
	{ "intel-vtd stage=3", "from 1 to 2" },
	{ "intel-vtd pages=2M", "pages=2M" },
	{ "intel-vtd pages=4K,3K", "not \"4K,3K\"" },
	{ "intel-vtd pages=4K,,2M", "not a size" },
	{ "intel-vtd pasid=21", "21" },
	{ "intel-vtd aperture=0x1000-0x1000000000fff", "aperture" },
	{ "intel-vtd aperture=0x1000", "0x1000" },
	{ "intel-vtd mode=old", "neither legacy nor scalable" },
	{ "intel-vtd mode=old mode=legacy", "neither legacy nor scalable" },
	{ "intel-vtd mode=", "neither legacy nor scalable" },
	{ "intel-vtd pasid=1 mode=legacy", "1" },
	{ "intel-vtd ad=yes mode=legacy", "ad=yes" },
	{ "intel-vtd-fs mode=legacy", "no modes" },
	{ "amd-vi mode=scalable", "no modes" },
	{ "amd-vi width=39", "no width of 39" },
	{ "arm-smmuv3 width=31", "no width of 31" },
	{ "arm-smmuv3 stage=2 width=48 phys=40", "fit" },
	{ "arm-smmuv3 phys=53", "53" },
	{ "arm-smmuv3 width=52 granule=4K", "fit" },
	{ "arm-smmuv3 granule=8K", "granule of 8192" },
	{ "arm-smmuv3 granule=64K aperture=0x1000-0xffffff", "aperture" },
	{ "kernel-selftest aperture=0x1000-0x1fffffff", "aperture" },
	{ "kernel-selftest pages=4K", "pages=4K" },
	{ "arm-smmuv2 ad=yes", "ad=yes" },
	{ "arm-smmuv2 pasid=1", "1" },
	{ "riscv stage=1 width=41", "fit" },
	{ "riscv width=48", "no width of 48" },
	{ "virtio-iommu pages=8K", "pages=8K" },
	{ "virtio-iommu pasid=1", "1" },
	{ "s390-zpci width=48", "no width of 48" },
	{ "s390-zpci aperture=0x0-0x400000000fff", "aperture" },
	{ "powernv-p7ioc aperture=0x0-0xffff", "aperture" },
	{ "arm", "intel-vtd, intel-vtd-fs, amd-vi, arm-smmuv3" },
};

START_TEST(senseless_options_are_named)
{
	struct libiommu_mock_machine *machine;
	struct libiommu_error *err;
	char text[100];

	snprintf(text, sizeof(text), "\niommu u %s\n", senseless[_i].line);
	ck_assert_int_eq(libiommu_mock_machine_new(text, &machine, &err), -EINVAL);
	ck_assert_int_eq(libiommu_error_reason(err), LIBIOMMU_REASON_CONFIG_SYNTAX);
	ck_assert_str_eq(libiommu_error_subject(err), "line 2");
	ck_assert_msg(strstr(libiommu_error_message(err), senseless[_i].word), "%s: %s",
		      senseless[_i].line, libiommu_error_message(err));
	libiommu_error_free(err);
}
END_TEST

/* What the hardware keeps for itself is never translated; what Linux keeps is an address. */
START_TEST(holes_are_the_hardwares_or_linux_s)
{
	static const struct {
		const char *line;
		uint64_t iova;
		int fault;
	} holes[] = {
		{ "intel-vtd", 0xfee00000, LIBIOMMU_MOCK_FAULT_RESERVED },
		{ "amd-vi", 0xfeefffff, LIBIOMMU_MOCK_FAULT_RESERVED },
		{ "amd-vi", 0xfd00000000, LIBIOMMU_MOCK_FAULT_RESERVED },
		{ "amd-vi", 0xffffffffff, LIBIOMMU_MOCK_FAULT_RESERVED },
		{ "amd-vi", 0x10000000000, LIBIOMMU_MOCK_FAULT_NOT_MAPPED },
		{ "arm-smmuv3", 0x8000000, LIBIOMMU_MOCK_FAULT_NOT_MAPPED },
		{ "arm-smmuv3 width=32", 0x100000000, LIBIOMMU_MOCK_FAULT_APERTURE },
		{ "virtio-iommu", 0x80fffff, LIBIOMMU_MOCK_FAULT_NOT_MAPPED },
		{ "s390-zpci", 0xffffffff, LIBIOMMU_MOCK_FAULT_APERTURE },
		{ "powernv-p7ioc", BIT(58), LIBIOMMU_MOCK_FAULT_APERTURE },
		{ "riscv aperture=0x1000-0x1fff", 0xfff, LIBIOMMU_MOCK_FAULT_APERTURE },
	};
	struct libiommu_geometry geometry;

	for (size_t i = 0; i < sizeof(holes) / sizeof(holes[0]); i++) {
		ck_assert_int_eq(open_with("bare", "packed", holes[i].line), 0);
		attach_empty(&geometry);
		libiommu_geometry_clear(&rig.env, &geometry);
		ck_assert_int_eq(rig_reads(&dev, holes[i].iova), holes[i].fault);
		stop();
	}
}
END_TEST

START_TEST(linux_lends_what_it_lends)
{
	static const struct {
		const char *line;
		enum libiommu_reason reason;
		const char *word;
	} lent[] = {
		{ "intel-vtd", LIBIOMMU_REASON_NONE, "" },
		{ "amd-vi", LIBIOMMU_REASON_NONE, "" },
		{ "arm-smmuv3", LIBIOMMU_REASON_NONE, "" },
		{ "arm-smmuv2", LIBIOMMU_REASON_NONE, "" },
		{ "arm-smmuv3 granule=64K", LIBIOMMU_REASON_NONE, "" },
		{ "kernel-selftest", LIBIOMMU_REASON_NONE, "" },
		{ "arm-smmuv3 coherent=no", LIBIOMMU_REASON_NOT_COHERENT, "does not snoop" },
		{ "arm-smmuv2 msi=unsafe", LIBIOMMU_REASON_MSI_NOT_ISOLATED, "remap" },
		{ "riscv", LIBIOMMU_REASON_NOT_COHERENT, "does not say" },
		{ "virtio-iommu", LIBIOMMU_REASON_NONE, "" },
		{ "s390-zpci", LIBIOMMU_REASON_NONE, "" },
		{ "powernv-p7ioc", LIBIOMMU_REASON_VFIO_API, "no domains" },
	};
	static const char *const personalities[] = { "strict", "type1", "iommufd" };

	for (size_t p = 0; p < 3; p++) {
		for (size_t i = 0; i < sizeof(lent) / sizeof(lent[0]); i++) {
			int error = open_with(personalities[p], "packed", lent[i].line);

			/* type1 opens it, and then refuses the attach. */
			if (!error) {
				error = rig_attach(&rig, &dev, &dom, true, NULL, 0);
				mock->device_close(&dev, 0);
			}
			ck_assert_int_eq(error, -libiommu_reason_errno(lent[i].reason));
			ck_assert(!error || rig.failure.reason == lent[i].reason);
			ck_assert(!error || strstr(rig.failure.detail, lent[i].word));
			rig_close(&rig);
		}
	}
}
END_TEST

static const struct {
	const char *line;
	bool many; /* address spaces of a device, and what comes with them */
} modes[] = {
	{ "intel-vtd", true },
	{ "intel-vtd mode=scalable", true },
	{ "intel-vtd mode=legacy mode=scalable", true },
	{ "intel-vtd mode=legacy", false },
	{ "intel-vtd width=39 mode=legacy", false },
	{ "intel-vtd mode=legacy width=57 pasid=0 ad=no", false },
};

static enum libiommu_answer cap_of(enum libiommu_cap cap)
{
	struct libiommu_cap_answer answer = { .size = sizeof(answer) };

	mock->device_cap(&dev, cap, &answer);
	return answer.answer;
}

/* The device below sends PASIDs and asks for pages, whatever its IOMMU takes. */
START_TEST(legacy_mode_has_one_address_space)
{
	/* Nesting, page requests, PASIDs, scalable mode with second stages, and with first ones. */
	const uint64_t of_scalable = BIT(26) | BIT(29) | BIT(40) | BIT(43) | BIT(46) | BIT(47);
	enum libiommu_answer many = modes[_i].many ? LIBIOMMU_ANSWER_YES : LIBIOMMU_ANSWER_NO;
	struct libiommu_hw_info info = LIBIOMMU_HW_INFO_INIT;
	struct libiommu_geometry geometry;
	const struct mock_hw *hw;
	char text[200];

	snprintf(text, sizeof(text),
		 "personality bare\niommu u %s\n"
		 "device 0000:00:03.0 iommu=u group=1 driver=vfio-pci pasid=20 prq=yes\n",
		 modes[_i].line);
	rig_open(&rig, text);
	rig_domain(&rig, &dom, LIBIOMMU_DOMAIN_PAGING);
	ck_assert_int_eq(rig_try_device(&rig, &dev, "0000:00:03.0"), 0);
	attach_empty(&geometry);
	libiommu_geometry_clear(&rig.env, &geometry);
	hw = &dev.dev->iommu->hw;
	ck_assert_int_eq(cap_of(LIBIOMMU_CAP_PASIDS), many);
	ck_assert_int_eq(cap_of(LIBIOMMU_CAP_PAGE_REQUESTS), many);
	ck_assert_int_eq(cap_of(LIBIOMMU_CAP_NESTING), many);
	ck_assert_int_eq(cap_of(LIBIOMMU_CAP_ENFORCE_CACHE_COHERENCY), LIBIOMMU_ANSWER_YES);
	ck_assert_int_eq(hw->accessed_dirty, modes[_i].many);
	ck_assert_int_eq(hw->stage1_formats != 0, modes[_i].many);
	ck_assert_int_eq(mock->nesting->hw_info(&dev, &info, &rig.failure), 0);
	ck_assert_int_eq(info.type, LIBIOMMU_HW_VTD);
	ck_assert_uint_eq(info.data.vtd.ecap & of_scalable, modes[_i].many ? of_scalable : 0);
	stop();
}
END_TEST

/* Nobody looks at hardware like this twice: what each profile has beside one address space. */
START_TEST(profiles_make_sense)
{
	const struct mock_profile *profile;

	for (size_t i = 0; (profile = mock_profile_at(i)); i++) {
		const struct mock_hw *hw = &profile->hw;
		char evidence[64];

		snprintf(evidence, sizeof(evidence), "mock profile %s", hw->profile);
		ck_assert_str_eq(hw->evidence, evidence);
		ck_assert(hw->name && hw->oddity);
		ck_assert_ptr_nonnull(mock_grouping_find(hw->grouping));
		ck_assert_uint_le(hw->pasid_bits, 20);
		ck_assert(!hw->linux_prq || hw->prq);
		ck_assert(!hw->linux_nests || hw->parent_format);
		ck_assert(!hw->accessed_dirty || hw->can_mark);
		ck_assert(!(hw->stage1_formats || hw->stage1_words) || hw->parent_format);
		ck_assert_uint_ge(hw->phys_most, hw->phys_width);
		for (size_t f = 0; f < MOCK_FORMS && profile->forms[f].width; f++) {
			const struct mock_form *form = &profile->forms[f];
			struct mock_wish wish = {
				.width = form->width,
				.stage = form->stage,
				.granule = form->page_sizes & -form->page_sizes,
			};
			struct mock_hw shaped = *hw;

			if (form->width > hw->phys_width && form->least)
				shaped.phys_width = hw->phys_most;
			ck_assert_int_eq(mock_profile_shape(profile, &wish, &shaped), MOCK_FITS);
			ck_assert_int_eq(shaped.format, form->format);
			ck_assert_uint_eq(shaped.width, form->width);
		}
	}
	ck_assert_ptr_nonnull(mock_profile_find("amd-vi"));
	ck_assert_ptr_null(mock_profile_find("amd"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mock-profiles");
	TCase *tcase = tcase_create("mock-profiles");

	tcase_add_loop_test(tcase, every_form_translates_what_it_says, 0, COUNT(rows));
	tcase_add_loop_test(tcase, write_without_read_is_a_matter_of_the_format, 0, COUNT(rows));
	tcase_add_loop_test(tcase, senseless_options_are_named, 0, COUNT(senseless));
	tcase_add_loop_test(tcase, legacy_mode_has_one_address_space, 0, COUNT(modes));
	tcase_add_test(tcase, the_machine_has_pages_as_large_as_its_hardware);
	tcase_add_test(tcase, holes_are_the_hardwares_or_linux_s);
	tcase_add_test(tcase, linux_lends_what_it_lends);
	tcase_add_test(tcase, profiles_make_sense);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
