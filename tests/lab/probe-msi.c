/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Interrupts that cannot be isolated: whoever hands such a device out has to say so, with a
 * parameter of each module. The last check, because it turns them off and on.
 */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static const char *const parameters[] = {
	"/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts",
	"/sys/module/iommufd/parameters/allow_unsafe_interrupts",
};

static char read_parameter(size_t i)
{
	int fd = open(parameters[i], O_RDONLY | O_CLOEXEC);
	char value = '?';

	if (fd >= 0 && read(fd, &value, 1) != 1)
		value = '?';
	if (fd >= 0)
		close(fd);
	return value;
}

static void write_parameter(size_t i, char value)
{
	int fd = open(parameters[i], O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, &value, 1) != 1)
		fail(parameters[i]);
	close(fd);
}

static int64_t join_type1(void)
{
	int container = open_path("/dev/vfio/vfio"), group = (int)group_open(machine.alone[0]);
	int64_t rc = group_join(group, container);

	if (!rc)
		rc = call_number(container, VFIO_SET_IOMMU, TYPE1_V2);
	close(group);
	close(container);
	return rc;
}

static int64_t bind_iommufd(void)
{
	int fd = open_path("/dev/iommu"), device = (int)cdev_open(machine.alone[0]);
	int64_t rc = cdev_bind(device, fd);

	close(device);
	close(fd);
	return rc;
}

void check_msi(void)
{
	const int64_t refused = machine.virtio && machine.x86 ? -EPERM : 0;
	char before = read_parameter(0);

	write_parameter(0, 'N');
	check("msi: type1 without unsafe interrupts", refused, join_type1());
	write_parameter(0, 'Y');
	check("msi: type1 with them", 0, join_type1());
	write_parameter(0, before);
	if (!have_iommufd() || !have_cdev()) {
		skip("msi: iommufd", "no /dev/iommu or no device nodes");
		return;
	}
	before = read_parameter(1);
	write_parameter(1, 'N');
	check("msi: iommufd without unsafe interrupts", refused, bind_iommufd());
	write_parameter(1, 'Y');
	check("msi: iommufd with them", 0, bind_iommufd());
	write_parameter(1, before);
}
