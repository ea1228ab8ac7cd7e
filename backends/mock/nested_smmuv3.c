/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Commands of an SMMUv3's queue (Arm IHI 0070, 4.3 to 4.5), as a guest wrote them and Linux takes them of a
 * VMM: those for translations and context descriptors. There is no virtual IOMMU that knows the guest's
 * stream and VM numbers, so both are taken for the domain's own.
 */
#include "backends/mock/nested.h"

#include <endian.h>
#include <errno.h>
#include <string.h>

/* As Linux has them in enum iommu_hwpt_invalidate_data_type. */
#define SMMUV3_ENTRIES 1

enum {
	CFGI_CD = 0x05,
	CFGI_CD_ALL = 0x06,
	TLBI_NH_ALL = 0x10,
	TLBI_NH_ASID = 0x11,
	TLBI_NH_VA = 0x12,
	TLBI_NH_VAA = 0x13,
	TLBI_NSNH_ALL = 0x30,
	ATC_INV = 0x40,
};

/* 4.4.1: one page; or, with a granule, so many of them. */
static struct libiommu_range range_of(const uint64_t command[2])
{
	static const unsigned int granules[] = { 12, 12, 14, 16 };
	const unsigned int granule = granules[BITS(command[1], 11, 10)],
			   scale = (unsigned int)BITS(command[0], 24, 20);
	const uint64_t start = ADDRESS(command[1], 63, 12), number = BITS(command[0], 16, 12) + 1;
	uint64_t last;

	if (!BITS(command[1], 11, 10))
		return (struct libiommu_range){ start, start + MOCK_PAGE - 1 };
	/* At most 32 times 2^31 granules of 64 KiB. */
	last = start + (number << scale << granule) - 1;
	return (struct libiommu_range){ start, last < start ? UINT64_MAX : last };
}

static void drop(struct mock_stage1 *stage1, struct libiommu_range range)
{
	mock_iotlb_drop(&stage1->iommu->tlb, stage1->tag, range.start, range.last);
}

static int carry_out(struct mock_stage1 *stage1, const uint64_t command[2])
{
	static const struct libiommu_range everything = { 0, UINT64_MAX };
	const uint16_t asid = (uint16_t)BITS(command[0], 63, 48);

	switch (BITS(command[0], 7, 0)) {
	case CFGI_CD:
		mock_context_forget(stage1, (uint32_t)BITS(command[0], 31, 12));
		return 0;
	case CFGI_CD_ALL:
		mock_contexts_forget(stage1);
		return 0;
	case TLBI_NH_ALL:
	case TLBI_NSNH_ALL:
		drop(stage1, everything);
		return 0;
	case TLBI_NH_ASID:
		mock_contexts_drop(stage1, asid, everything);
		return 0;
	case TLBI_NH_VA:
		mock_contexts_drop(stage1, asid, range_of(command));
		return 0;
	case TLBI_NH_VAA:
		drop(stage1, range_of(command));
		return 0;
	case ATC_INV:
		/* The mock's devices keep nothing themselves. */
		return 0;
	default:
		return -EIO;
	}
}

static int carry_out_entry(struct mock_stage1 *stage1, const unsigned char *entry)
{
	uint64_t command[2];
	int error;

	memcpy(command, entry, sizeof(command));
	command[0] = le64toh(command[0]);
	command[1] = le64toh(command[1]);
	pthread_rwlock_wrlock(&stage1->iommu->gate);
	error = carry_out(stage1, command);
	pthread_rwlock_unlock(&stage1->iommu->gate);
	return error;
}

const struct mock_entries mock_smmuv3_entries = {
	.type = SMMUV3_ENTRIES,
	.bytes = 16,
	.name = "SMMUv3's",
	.carry_out = carry_out_entry,
};
