/* SPDX-License-Identifier: BSD-2-Clause */
/* What tests/selftest says of the kernel's test call, against the facts in uapi-selftest.tsv. */
#include "tests/selftest/abi.h"
#include "tests/unit/layout.h"

static struct fact known[] = {
	STRUCT(iommu_test_cmd),
	FIELD(iommu_test_cmd, size),
	FIELD(iommu_test_cmd, op),
	FIELD(iommu_test_cmd, id),
	NAMED(iommu_test_cmd, reserved, "__reserved"),
	FIELD(iommu_test_cmd, add_reserved.start),
	FIELD(iommu_test_cmd, add_reserved.length),
	FIELD(iommu_test_cmd, mock_domain_flags.out_stdev_id),
	FIELD(iommu_test_cmd, mock_domain_flags.out_hwpt_id),
	FIELD(iommu_test_cmd, mock_domain_flags.out_idev_id),
	FIELD(iommu_test_cmd, mock_domain_flags.dev_flags),
	FIELD(iommu_test_cmd, mock_domain_replace.pt_id),
	FIELD(iommu_test_cmd, check_map.iova),
	FIELD(iommu_test_cmd, check_map.length),
	FIELD(iommu_test_cmd, check_map.uptr),
	FIELD(iommu_test_cmd, check_refs.length),
	FIELD(iommu_test_cmd, check_refs.uptr),
	FIELD(iommu_test_cmd, check_refs.refs),
	FIELD(iommu_test_cmd, last),
	STRUCT(iommu_hwpt_selftest),
	FIELD(iommu_hwpt_selftest, iotlb),
	FIELD(iommu_hwpt_selftest, pagetable_type),
	CONSTANT(IOMMU_TEST_CMD),
	CONSTANT(IOMMU_TEST_OP_ADD_RESERVED),
	CONSTANT(IOMMU_TEST_OP_MD_CHECK_MAP),
	CONSTANT(IOMMU_TEST_OP_MD_CHECK_REFS),
	CONSTANT(IOMMU_TEST_OP_MOCK_DOMAIN_REPLACE),
	CONSTANT(IOMMU_TEST_OP_MOCK_DOMAIN_FLAGS),
	CONSTANT(IOMMU_HWPT_DATA_SELFTEST),
	CONSTANT(MOCK_APERTURE_START),
	CONSTANT(MOCK_APERTURE_LAST),
	CONSTANT(MOCK_PAGE_SIZE),
	CONSTANT(MOCK_PASID_WIDTH),
	CONSTANT(MOCK_FLAGS_DEVICE_NO_DIRTY),
	CONSTANT(MOCK_FLAGS_DEVICE_PASID),
	CONSTANT(MOCK_IOMMUPT_DEFAULT),
	CONSTANT(MOCK_IOMMUPT_HUGE),
};

int main(int argc, char **argv)
{
	return check_tables(known, sizeof(known) / sizeof(known[0]), argc, argv);
}
