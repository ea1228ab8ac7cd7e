/* SPDX-License-Identifier: BSD-2-Clause */
/* What the owner of tables tells the hardware to forget: by kind, or in an interface's own form. */
#include "backends/mock/foreign.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static int refuse_command(struct libiommu_failure *failure, size_t number, const char *why)
{
	return libiommu_refuse(failure, LIBIOMMU_REASON_BAD_INVALIDATION, NULL, "Number %zu: %s",
			       number, why);
}

static void carry_out(struct mock_stage1 *stage1, const struct libiommu_invalidation *command)
{
	struct mock_iotlb *tlb = &stage1->iommu->tlb;

	pthread_rwlock_wrlock(&stage1->iommu->gate);
	switch (command->kind) {
	case LIBIOMMU_INVALIDATE_ALL:
		mock_stage1_drop(stage1);
		break;
	case LIBIOMMU_INVALIDATE_RANGE:
		mock_iotlb_drop(tlb, stage1->tag, command->range.start, command->range.last);
		break;
	case LIBIOMMU_INVALIDATE_PASID:
		mock_iotlb_drop_pasid(tlb, stage1->tag, command->pasid);
		mock_context_forget(stage1, stage1->context_bits ? command->pasid : 0);
		break;
	}
	mock_selftest_forget(stage1);
	pthread_rwlock_unlock(&stage1->iommu->gate);
}

/* Whole pages, where what is cached has addresses. */
static bool is_whole(const struct mock_domain *dom, const struct libiommu_invalidation *command)
{
	if (command->kind != LIBIOMMU_INVALIDATE_RANGE ||
	    (dom->stage1 && dom->stage1->type == LIBIOMMU_STAGE1_SELFTEST))
		return true;
	return command->range.start % MOCK_PAGE == 0 && (command->range.last + 1) % MOCK_PAGE == 0;
}

int mock_nested_invalidate(void *domain, const struct libiommu_invalidation *commands, size_t count,
			   size_t *done, struct libiommu_failure *failure)
{
	struct mock_domain *dom = domain;
	int error = 0;

	for (*done = 0; *done < count && !error; *done += !error) {
		const struct libiommu_invalidation *command = &commands[*done];

		if (!is_whole(dom, command))
			error = refuse_command(failure, *done, "it is not of whole pages.");
		else if (dom->shared)
			mock_shared_invalidate(dom, command);
		else
			carry_out(dom->stage1, command);
	}
	return error;
}

/* VT-d's own form: an address, pages and flags; all pages of the address 0 are everything. */
#define VTD_LEAVES 1u

static int read_vtd(const unsigned char *entry, struct libiommu_invalidation *out)
{
	uint64_t address, pages;
	uint32_t flags[2];

	memcpy(&address, entry, 8);
	memcpy(&pages, entry + 8, 8);
	memcpy(flags, entry + 16, 8);
	if (flags[0] & ~VTD_LEAVES || flags[1] || address % MOCK_PAGE)
		return -EINVAL;
	*out = (struct libiommu_invalidation){ .kind = LIBIOMMU_INVALIDATE_ALL };
	if (!address && pages == UINT64_MAX)
		return 0;
	if (!pages || pages > (UINT64_MAX - address) / MOCK_PAGE)
		return -EINVAL;
	out->kind = LIBIOMMU_INVALIDATE_RANGE;
	out->range = (struct libiommu_range){ address, address + pages * MOCK_PAGE - 1 };
	return 0;
}

static int carry_out_vtd(struct mock_stage1 *stage1, const unsigned char *entry)
{
	struct libiommu_invalidation command;
	int error = read_vtd(entry, &command);

	if (!error)
		carry_out(stage1, &command);
	return error;
}

static const struct mock_entries vtd_entries = {
	.type = 0,
	.bytes = 24,
	.name = "VT-d's",
	.carry_out = carry_out_vtd,
};

static const struct mock_entries *entries_of(const struct mock_domain *dom)
{
	if (!dom->stage1)
		return NULL;
	switch (dom->stage1->type) {
	case LIBIOMMU_STAGE1_VTD:
		return &vtd_entries;
	case LIBIOMMU_STAGE1_SMMUV3:
		return &mock_smmuv3_entries;
	case LIBIOMMU_STAGE1_SELFTEST:
		return &mock_selftest_entries;
	default:
		return NULL;
	}
}

int mock_nested_invalidate_raw(void *domain, uint32_t type, const void *entries, size_t length,
			       size_t count, size_t *done, struct libiommu_failure *failure)
{
	struct mock_domain *dom = domain;
	const struct mock_entries *known = entries_of(dom);
	const unsigned char *entry = entries;
	char why[40];
	int error = 0;

	*done = 0;
	/* Without entries the question is whether the type is known. */
	if (!known || (type != known->type && !count))
		return libiommu_refuse(failure, LIBIOMMU_REASON_BACKEND_CAPABILITY, NULL,
				       "Entries of type %u are not for this IOMMU.", type);
	if (type != known->type)
		return refuse_command(failure, 0, "its type is another's.");
	/* Linux takes no longer ones either, whatever is in them. */
	if (count && length != known->bytes)
		return refuse_command(failure, 0, "its entry is too short, or too long.");
	for (; *done < count && !error; *done += !error, entry += length)
		error = known->carry_out(dom->stage1, entry);
	snprintf(why, sizeof(why), "it is none of %s.", known->name);
	return error ? refuse_command(failure, *done, why) : 0;
}
