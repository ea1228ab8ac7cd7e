/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * selftest --backend iommufd --device BDF: libiommu on the test devices of a kernel that was built
 * with CONFIG_IOMMUFD_TEST; the device is an edu on vfio-pci, behind another IOMMU.
 */
#include "tests/selftest/cases.h"
#include "tests/selftest/stage.h"

int main(int argc, char **argv)
{
	struct tally t = tally_arguments(argc, argv);

	case_joins();
	case_replace();
	case_ranges();
	case_failures();
	case_stages();
	case_hardware(t.device[0]);
	case_drivers(t.device[0]);
	return tally_end();
}
