/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/front.h"

static void answer(struct libiommu_cap_answer *out, bool yes, uint64_t value, const char *evidence)
{
	out->answer = yes ? LIBIOMMU_ANSWER_YES : LIBIOMMU_ANSWER_NO;
	out->value = yes ? value : 0;
	out->evidence = evidence;
}

static void personality_cap(const struct mock_machine *machine, enum libiommu_cap cap,
			    struct libiommu_cap_answer *out)
{
	const struct mock_personality *who = machine->personality;
	bool yes;

	switch (cap) {
	case LIBIOMMU_CAP_ENTRY_LIMIT:
		answer(out, machine->entry_limit != 0, machine->entry_limit, who->evidence);
		return;
	case LIBIOMMU_CAP_REPLACE:
		yes = who->replace;
		break;
	case LIBIOMMU_CAP_REPLACE_HITLESS:
		/* What works and is not promised is unknown. */
		if (who->replace && !who->replace_hitless)
			return;
		yes = who->replace_hitless;
		break;
	case LIBIOMMU_CAP_STATE_SURVIVES_DETACH:
	case LIBIOMMU_CAP_SHARES_PINS:
		yes = !who->vessels;
		break;
	case LIBIOMMU_CAP_FD_BEFORE_ATTACH:
		yes = who->fd_before_attach;
		break;
	case LIBIOMMU_CAP_BLOCKS_WHEN_DETACHED:
		yes = true;
		break;
	default: /* reprotect, file mappings, P2P, dirty tracking, ATS: none has them */
		yes = false;
		break;
	}
	answer(out, yes, 0, who->evidence);
}

/* What the kernel tells of the IOMMU only, or not before it has lent the device. */
static bool withheld(struct mock_claim *claim, enum libiommu_cap cap)
{
	const struct mock_personality *who = claim->ctx->machine->personality;

	switch (cap) {
	case LIBIOMMU_CAP_PAGE_SIZES:
		return !who->tells_page_sizes || !mock_claim_told(claim);
	case LIBIOMMU_CAP_ADDRESS_BITS:
		return !mock_claim_told(claim);
	case LIBIOMMU_CAP_CACHE_COHERENCY:
		return !who->fd_before_attach && !mock_claim_told(claim);
	case LIBIOMMU_CAP_ENFORCE_CACHE_COHERENCY:
		return !who->tells_snoop_control || !mock_claim_told(claim);
	default:
		return false;
	}
}

/* Would Linux lend it? */
static bool is_lendable(const struct mock_claim *claim)
{
	struct mock_machine *machine = claim->ctx->machine;
	bool lendable;

	pthread_mutex_lock(&machine->lock);
	lendable = !mock_device_vet(claim->dev, NULL);
	pthread_mutex_unlock(&machine->lock);
	return lendable;
}

static void pasids(const struct mock_claim *claim, struct libiommu_cap_answer *out)
{
	unsigned int bits = 0;

	if (mock_pasid_width(claim->dev, &bits, NULL))
		answer(out, false, 0, claim->ctx->machine->personality->evidence);
	else
		answer(out, true, bits, claim->dev->iommu->hw.evidence);
}

void mock_cap(struct mock_claim *claim, enum libiommu_cap cap, struct libiommu_cap_answer *out)
{
	const struct mock_hw *hw = &claim->dev->iommu->hw;

	if (withheld(claim, cap))
		return;
	switch (cap) {
	case LIBIOMMU_CAP_PAGE_SIZES:
		answer(out, true, hw->page_sizes, hw->evidence);
		return;
	case LIBIOMMU_CAP_ADDRESS_BITS:
		answer(out, true, hw->width, hw->evidence);
		return;
	case LIBIOMMU_CAP_ISOLATES_OUTSIDE_APERTURE:
	case LIBIOMMU_CAP_READ_ONLY:
		answer(out, true, 0, hw->evidence);
		return;
	case LIBIOMMU_CAP_CACHE_COHERENCY:
		answer(out, hw->coherent, 0, hw->evidence);
		return;
	case LIBIOMMU_CAP_ENFORCE_CACHE_COHERENCY:
		answer(out, hw->snoop_control, 0, hw->evidence);
		return;
	case LIBIOMMU_CAP_WRITE_ONLY:
		answer(out, hw->write_only, 0, hw->evidence);
		return;
	case LIBIOMMU_CAP_PASIDS:
		pasids(claim, out);
		return;
	case LIBIOMMU_CAP_PAGE_REQUESTS:
		answer(out, mock_device_asks(claim->dev), 0, hw->evidence);
		return;
	case LIBIOMMU_CAP_NESTING:
		answer(out, mock_device_nests(claim->dev), 0, hw->evidence);
		return;
	case LIBIOMMU_CAP_IOMMUFD:
		answer(out, is_lendable(claim), 0, hw->evidence);
		return;
	case LIBIOMMU_CAP_PAD_:
		return;
	default:
		personality_cap(claim->ctx->machine, cap, out);
	}
}
