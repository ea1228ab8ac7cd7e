// SPDX-License-Identifier: BSD-2-Clause
#include "stage1.h"

#include <string.h>

static void *guest_alloc(void *data, size_t bytes)
{
	struct guest *guest = data;
	size_t at = GUEST_PAGES / 2 + guest->used;

	/* The library's own object has no place in the guest's memory, but it does no harm. */
	ck_assert_uint_le(bytes, PAGE);
	ck_assert_uint_lt(at, GUEST_PAGES);
	guest->used++;
	return memset(guest->mem + at * PAGE, 0, PAGE);
}

static void guest_free(void *data, void *virt, size_t bytes)
{
	(void)data;
	(void)virt;
	(void)bytes;
}

static uint64_t guest_phys(void *data, const void *virt)
{
	const struct guest *guest = data;

	return guest->base + (uint64_t)((const char *)virt - guest->mem);
}

static void *guest_virt(void *data, uint64_t phys, size_t bytes)
{
	const struct guest *guest = data;

	(void)bytes;
	return guest->mem + (phys - guest->base);
}

static enum libiommu_pgtable_format format_of(enum libiommu_hw_type type)
{
	switch (type) {
	case LIBIOMMU_HW_VTD:
	case LIBIOMMU_HW_AMD:
		return LIBIOMMU_PGTABLE_X86_64;
	case LIBIOMMU_HW_SMMUV3:
		return LIBIOMMU_PGTABLE_ARM_S1_4K;
	case LIBIOMMU_HW_RISCV:
		return LIBIOMMU_PGTABLE_RISCV;
	default:
		return LIBIOMMU_PGTABLE_NO_FORMAT;
	}
}

bool guest_exists(const struct rig *rig, struct libiommu_hw_info *info)
{
	*info = (struct libiommu_hw_info)LIBIOMMU_HW_INFO_INIT;
	if (!can(rig->dev[0], LIBIOMMU_CAP_NESTING) ||
	    libiommu_device_hw_info(rig->dev[0], info, NULL)) {
		note_skip("no nesting");
		return false;
	}
	if (format_of(info->type) || info->type == LIBIOMMU_HW_SELFTEST)
		return true;
	note_skip("hardware for which nobody here writes a stage 1");
	return false;
}

bool guest_possible(const struct rig *rig)
{
	struct libiommu_hw_info info;

	if (!guest_exists(rig, &info))
		return false;
	if (!format_of(info.type)) {
		note_skip("a stage 1 without tables");
		return false;
	}
	if (!target->dma)
		note_skip("no device that goes where it is told");
	return target->dma != NULL;
}

/* A page in which the guest says more about its tables, and where it is. */
static uint64_t say(struct guest *guest, uint64_t first, uint64_t second)
{
	uint64_t *words = guest_alloc(guest, PAGE);

	words[0] = first;
	words[1] = second;
	return guest_phys(guest, words);
}

static void describe_amd(struct guest *guest)
{
	uint64_t gcr3 = say(guest, libiommu_pgtable_root(guest->pt) | 1, 0);
	uint64_t *dte = guest->data.amd.dte;

	/* V, GIOV, GV and the address of the table of GCR3, which is in three pieces. */
	dte[0] = 1 | UINT64_C(3) << 54 | (gcr3 >> 12 & 7) << 58;
	dte[1] = (gcr3 >> 15 & 0xffff) << 16 | gcr3 >> 31 << 43;
}

static void describe_smmuv3(struct guest *guest, const struct libiommu_pgtable_hardware *hw)
{
	/* A context descriptor: no upper half, V, AA64. The stream table's entry: V, stage 1. */
	uint64_t word = hw->control | UINT64_C(1) << 30 | UINT64_C(1) << 31 | UINT64_C(1) << 41;

	guest->data.smmuv3.ste[0] = 1 | 5 << 1 | say(guest, word, hw->pointer);
}

static void describe(struct guest *guest)
{
	struct libiommu_pgtable_hardware hw = LIBIOMMU_PGTABLE_HARDWARE_INIT;
	struct libiommu_nested_options opts = LIBIOMMU_NESTED_OPTIONS_INIT;

	if (guest->pt)
		OK(libiommu_pgtable_hardware(guest->pt, &hw, E));
	memset(&guest->data, 0, sizeof(guest->data));
	opts.data = &guest->data;
	switch (guest->info.type) {
	case LIBIOMMU_HW_VTD:
		opts.type = LIBIOMMU_STAGE1_VTD;
		opts.data_length = sizeof(guest->data.vtd);
		guest->data.vtd.root = hw.root;
		guest->data.vtd.address_width = 48;
		break;
	case LIBIOMMU_HW_AMD:
		opts.type = LIBIOMMU_STAGE1_AMD;
		opts.data_length = sizeof(guest->data.amd);
		describe_amd(guest);
		break;
	case LIBIOMMU_HW_SMMUV3:
		opts.type = LIBIOMMU_STAGE1_SMMUV3;
		opts.data_length = sizeof(guest->data.smmuv3);
		describe_smmuv3(guest, &hw);
		break;
	case LIBIOMMU_HW_SELFTEST:
		opts.type = LIBIOMMU_STAGE1_SELFTEST;
		opts.data_length = sizeof(guest->data.selftest);
		break;
	default:
		opts.type = LIBIOMMU_STAGE1_RISCV;
		opts.data_length = sizeof(guest->data.riscv);
		guest->data.riscv.fsc = hw.pointer;
		break;
	}
	guest->opts = opts;
}

void guest_begin(struct guest *guest, struct rig *rig)
{
	struct libiommu_domain_options wishes = LIBIOMMU_DOMAIN_OPTIONS_INIT;
	struct libiommu_pgtable_options opts = LIBIOMMU_PGTABLE_OPTIONS_INIT;
	const struct libiommu_pgtable_memory mem = { sizeof(mem), guest,      guest_alloc,
						     guest_free,  guest_phys, guest_virt };

	memset(guest, 0, sizeof(*guest));
	guest->info.size = sizeof(guest->info);
	OK(libiommu_device_hw_info(rig->dev[0], &guest->info, E));
	guest->mem = memory(GUEST_PAGES * PAGE);
	guest->base = IO(0);
	wishes.nest_parent = true;
	wishes.pasid = can(rig->dev[0], LIBIOMMU_CAP_PASIDS);
	OK(libiommu_domain_new(rig->ctx, &wishes, &guest->parent, E));
	map(guest->parent, guest->base, guest->mem, GUEST_PAGES * PAGE);
	opts.format = format_of(guest->info.type);
	opts.memory = &mem;
	opts.iova_bits = opts.format == LIBIOMMU_PGTABLE_RISCV ? 47 : 0;
	if (opts.format)
		OK(libiommu_pgtable_new(&opts, &guest->pt, E));
	describe(guest);
	guest->opts.pasid = wishes.pasid;
}

void guest_end(struct guest *guest)
{
	libiommu_pgtable_free(guest->pt);
}

struct libiommu_domain *guest_domain(struct guest *guest, struct rig *rig)
{
	struct libiommu_domain *dom;

	OK(libiommu_domain_new_nested(rig->dev[0], guest->parent, &guest->opts, &dom, E));
	ck_assert_int_eq(libiommu_domain_type(dom), LIBIOMMU_DOMAIN_NESTED);
	ck_assert_ptr_eq(libiommu_domain_parent(dom), guest->parent);
	return dom;
}

static void edit(struct guest *guest, uint64_t iova, uint64_t inner, uint32_t prot)
{
	struct libiommu_pgtable_gather gather = LIBIOMMU_PGTABLE_GATHER_INIT;

	if (prot)
		OK(libiommu_pgtable_map(guest->pt, iova, inner, PAGE, prot, &gather, E));
	else
		OK(libiommu_pgtable_unmap(guest->pt, iova, PAGE, NULL, &gather, E));
	libiommu_pgtable_release(guest->pt, &gather);
}

void guest_map(struct guest *guest, uint64_t iova, size_t page, uint32_t prot)
{
	edit(guest, iova, guest->base + page * PAGE, prot);
}

void guest_map_to(struct guest *guest, uint64_t iova, uint64_t inner)
{
	edit(guest, iova, inner, RW);
}

void guest_unmap(struct guest *guest, uint64_t iova)
{
	edit(guest, iova, 0, 0);
}
