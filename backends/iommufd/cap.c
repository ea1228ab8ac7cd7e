/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/iommufd/iommufd.h"

#include <errno.h>

static void answer(struct libiommu_cap_answer *out, bool yes, uint64_t value, const char *evidence)
{
	out->answer = yes ? LIBIOMMU_ANSWER_YES : LIBIOMMU_ANSWER_NO;
	out->value = value;
	out->evidence = evidence;
}

static void address_bits(struct iommufd_device *device, struct libiommu_cap_answer *out)
{
	struct libiommu_geometry g = { 0 };
	uint64_t last;

	if (!libiommu_iommufd_device_ranges(device, &g, NULL) && g.count) {
		last = g.ranges[g.count - 1].last;
		answer(out, true, last ? 64 - (unsigned int)__builtin_clzll(last) : 1,
		       "IOMMU_IOAS_IOVA_RANGES: last of the ranges that the device can use");
	}
	libiommu_geometry_clear(device->ctx->env, &g);
}

static void file_mappings(const struct iommufd_ctx *ctx, struct libiommu_cap_answer *out)
{
	if (*ctx->env->flags & LIBIOMMU_BACKEND_FILES)
		answer(out, true, 0, "IOMMU_IOAS_MAP_FILE is known");
	else
		answer(out, false, 0, "IOMMU_IOAS_MAP_FILE: ENOTTY");
}

/* ECAP.SC: the driver can make no-snoop requests coherent, and iommufd has it do so where it can. */
#define VTD_ECAP_SC (UINT64_C(1) << 7)

static void snooping(const struct iommufd_hw *hw, struct libiommu_cap_answer *out)
{
	if (hw->known && hw->info.has_ecap)
		answer(out, hw->info.ecap & VTD_ECAP_SC, 0, "IOMMU_GET_HW_INFO: ECAP.SC of VT-d");
}

static void dirty_tracking(const struct iommufd_hw *hw, struct libiommu_cap_answer *out)
{
	if (hw->known)
		answer(out, hw->info.capabilities & IOMMU_HW_CAP_DIRTY_TRACKING, 0,
		       "IOMMU_GET_HW_INFO: IOMMU_HW_CAP_DIRTY_TRACKING");
}

static void pasids(const struct iommufd_hw *hw, struct libiommu_cap_answer *out)
{
	if (hw->known)
		answer(out, hw->info.pasid_bits, hw->info.pasid_bits,
		       "IOMMU_GET_HW_INFO: out_max_pasid_log2");
}

/* Kernels that do not know the bit do not set it: that is no yes. */
static void ats(const struct iommufd_hw *hw, struct libiommu_cap_answer *out)
{
	if (hw->known && hw->info.capabilities & IOMMU_HW_CAP_PCI_ATS_NOT_SUPPORTED)
		answer(out, false, 0, "IOMMU_GET_HW_INFO: IOMMU_HW_CAP_PCI_ATS_NOT_SUPPORTED");
}

/* A queue can be had; whether the device asks, only an attach tells. */
static void page_requests(const struct iommufd_ctx *ctx, struct libiommu_cap_answer *out)
{
	if (libiommu_iommufd_known(ctx->sys, ctx->fd, IOMMU_FAULT_QUEUE_ALLOC))
		answer(out, false, 0, "IOMMU_FAULT_QUEUE_ALLOC: ENOTTY");
}

/* Of an address space that goes again. @return 0 or the kernel's answer */
static int try_second_stage(const struct iommufd_device *device)
{
	const struct iommufd_ctx *ctx = device->ctx;
	uint32_t ioas, hwpt;
	int rc = libiommu_iommufd_ioas_alloc(ctx->sys, ctx->fd, &ioas);

	if (rc < 0)
		return rc;
	rc = libiommu_iommufd_hwpt_alloc(ctx->sys, ctx->fd, IOMMU_HWPT_ALLOC_NEST_PARENT,
					 device->id, ioas, &hwpt);
	if (rc >= 0)
		libiommu_iommufd_destroy(ctx->sys, ctx->fd, hwpt);
	libiommu_iommufd_destroy(ctx->sys, ctx->fd, ioas);
	return rc;
}

/* First stages of other makes are the business of virtual IOMMUs. */
static void nesting(const struct iommufd_device *device, struct libiommu_cap_answer *out)
{
	const uint32_t type = device->hw.info.type;
	int rc;

	if (!device->hw.known)
		return;
	rc = try_second_stage(device);
	if (rc == -EOPNOTSUPP)
		answer(out, false, 0, "IOMMU_HWPT_ALLOC: no IOMMU_HWPT_ALLOC_NEST_PARENT");
	else if (rc < 0)
		return;
	else if (type == IOMMU_HW_INFO_TYPE_INTEL_VTD || type == IOMMU_HW_INFO_TYPE_SELFTEST)
		answer(out, true, 0, "IOMMU_HWPT_ALLOC: IOMMU_HWPT_ALLOC_NEST_PARENT");
	else
		answer(out, false, 0, "IOMMU_GET_HW_INFO: a driver that needs a virtual IOMMU");
}

/* What holds for every device. */
static void of_the_interface(enum libiommu_cap cap, struct libiommu_cap_answer *out)
{
	switch (cap) {
	case LIBIOMMU_CAP_ENTRY_LIMIT:
		answer(out, false, 0, "IOMMU_IOAS_MAP does not count mappings");
		break;
	case LIBIOMMU_CAP_REPLACE:
		answer(out, true, 0, "VFIO_DEVICE_ATTACH_IOMMUFD_PT replaces what is attached");
		break;
	case LIBIOMMU_CAP_STATE_SURVIVES_DETACH:
		answer(out, true, 0, "VFIO_DEVICE_DETACH_IOMMUFD_PT does not reset");
		break;
	case LIBIOMMU_CAP_SHARES_PINS:
		answer(out, true, 0, "an address space pins memory once for all its page tables");
		break;
	case LIBIOMMU_CAP_REPROTECT:
		answer(out, false, 0, "IOMMU_IOAS_MAP fixes the protection");
		break;
	case LIBIOMMU_CAP_FD_BEFORE_ATTACH:
		answer(out, true, 0, "VFIO_DEVICE_BIND_IOMMUFD opens the device");
		break;
	case LIBIOMMU_CAP_BLOCKS_WHEN_DETACHED:
		answer(out, true, 0, "the DMA of a device that is bound and detached is blocked");
		break;
	case LIBIOMMU_CAP_CACHE_COHERENCY:
		answer(out, true, 0, "VFIO_DEVICE_BIND_IOMMUFD takes cache-coherent devices only");
		break;
	case LIBIOMMU_CAP_P2P:
		answer(out, false, 0, "IOMMU_IOAS_MAP refuses mapped BARs");
		break;
	case LIBIOMMU_CAP_IOMMUFD:
		answer(out, true, 0, "VFIO_DEVICE_BIND_IOMMUFD has succeeded");
		break;
	default:
		break;
	}
}

void libiommu_iommufd_device_cap(void *data, enum libiommu_cap cap, struct libiommu_cap_answer *out)
{
	struct iommufd_device *device = data;

	switch (cap) {
	case LIBIOMMU_CAP_ADDRESS_BITS:
		address_bits(device, out);
		break;
	case LIBIOMMU_CAP_FILE_MAPPINGS:
		file_mappings(device->ctx, out);
		break;
	case LIBIOMMU_CAP_ENFORCE_CACHE_COHERENCY:
		snooping(&device->hw, out);
		break;
	case LIBIOMMU_CAP_DIRTY_TRACKING:
		dirty_tracking(&device->hw, out);
		break;
	case LIBIOMMU_CAP_PASIDS:
		pasids(&device->hw, out);
		break;
	case LIBIOMMU_CAP_PAGE_REQUESTS:
		page_requests(device->ctx, out);
		break;
	case LIBIOMMU_CAP_NESTING:
		nesting(device, out);
		break;
	case LIBIOMMU_CAP_ATS:
		ats(&device->hw, out);
		break;
	default:
		of_the_interface(cap, out);
		break;
	}
}
