// SPDX-License-Identifier: BSD-2-Clause
/* Section 3: a device's registers, interrupts and reset. */
#include "helpers.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define EDU_ID       0x00
#define EDU_LIVENESS 0x04
#define EDU_IRQ      0x24
#define EDU_RAISE    0x60
#define EDU_ACK      0x64
/* Only for an interrupt that does not come. */
#define IRQ_BOUND_MS 20000

CASE(id_register, "region.h: registers are read: the device says who it is")
{
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_attached(1);
	edu = edu_open(rig.dev[0]);
	ck_assert_uint_eq(edu_get(&edu, EDU_ID) & 0xffff, 0x00ed);
	ck_assert_uint_ge(libiommu_region_size(edu.bar), 0x1000);
}

CASE(register_write, "region.h: registers are written: the liveness register inverts")
{
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_attached(1);
	edu = edu_open(rig.dev[0]);
	edu_put(&edu, EDU_LIVENESS, 0);
	ck_assert_uint_eq(edu_get(&edu, EDU_LIVENESS), 0xffffffff);
	edu_put(&edu, EDU_LIVENESS, 0xa5a51234);
	ck_assert_uint_eq(edu_get(&edu, EDU_LIVENESS), 0x5a5aedcb);
}

CASE(region_ranges, "region.h: misaligned, strange or outside accesses are refused")
{
	static const struct {
		uint64_t offset; /* from the end, when past is set */
		unsigned int width;
		bool past;
	} bad[] = {
		{ 1, 4, false }, { 2, 4, false }, { 4, 8, false }, { 1, 2, false },
		{ 0, 0, false }, { 0, 3, false }, { 0, 5, false }, { 0, 16, false },
		{ 0, 4, true },  { 0, 1, true },  { 8, 8, true },  { 4096, 4, true },
	};
	uint64_t value, offset;
	struct rig rig;
	struct edu edu;
	size_t i;

	NEEDS(1, 0);
	rig = rig_attached(1);
	edu = edu_open(rig.dev[0]);
	for (i = 0; i < COUNT(bad); i++) {
		offset = bad[i].offset + (bad[i].past ? libiommu_region_size(edu.bar) : 0);
		value = 42;
		REFUSED(libiommu_region_read(edu.bar, offset, bad[i].width, &value, E),
			REGION_RANGE, NULL);
		ck_assert_uint_eq(value, 42);
		REFUSED(libiommu_region_write(edu.bar, offset, bad[i].width, 0, E), REGION_RANGE,
			NULL);
	}
	REFUSED(libiommu_region_read(edu.bar, UINT64_MAX - 3, 4, &value, E), REGION_RANGE, NULL);
	REFUSED(libiommu_region_read(edu.bar, 0 - UINT64_C(8), 8, &value, E), REGION_RANGE, NULL);
}

CASE(config_space, "region.h: configuration space is a region, read in any width")
{
	struct libiommu_region *config;
	uint64_t value = 0;
	struct rig rig;

	NEEDS(1, 0);
	rig = rig_attached(1);
	OK(libiommu_region_open(rig.dev[0], LIBIOMMU_REGION_CONFIG, &config, E));
	ck_assert_uint_ge(libiommu_region_size(config), 256);
	OK(libiommu_region_read(config, 0, 2, &value, E));
	ck_assert_uint_eq(value, 0x1234);
	OK(libiommu_region_read(config, 2, 2, &value, E));
	ck_assert_uint_eq(value, 0x11e8);
	OK(libiommu_region_read(config, 0, 4, &value, E));
	ck_assert_uint_eq(value, 0x11e81234);
	OK(libiommu_region_read(config, 1, 1, &value, E));
	ck_assert_uint_eq(value, 0x12);
	libiommu_region_close(config);
}

CASE(bus_master, "region.h: a device that may not start requests reaches nothing")
{
	struct libiommu_region *config;
	uint64_t command;
	char *mem = memory(PAGE);
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_attached(1);
	map(rig.dom, IO(0), mem, PAGE);
	edu = edu_open(rig.dev[0]);
	OK(libiommu_region_open(rig.dev[0], LIBIOMMU_REGION_CONFIG, &config, E));
	OK(libiommu_region_read(config, 4, 2, &command, E));
	ck_assert_uint_ne(command & 4, 0);
	dma_reaches(&edu, IO(0), mem);
	OK(libiommu_device_set_bus_master(rig.dev[0], false, E));
	OK(libiommu_region_read(config, 4, 2, &command, E));
	ck_assert_uint_eq(command & 4, 0);
	dma_spares(&edu, IO(0), mem);
	OK(libiommu_device_set_bus_master(rig.dev[0], true, E));
	dma_reaches(&edu, IO(0), mem);
	libiommu_region_close(config);
}

CASE(missing_regions, "region.h: regions that the device has not are refused")
{
	struct libiommu_region *region = NULL;
	struct rig rig;

	NEEDS(1, 0);
	rig = rig_attached(1);
	REFUSED(libiommu_region_open(rig.dev[0], LIBIOMMU_REGION_BAR3, &region, E), NO_REGION,
		NULL);
	REFUSED(libiommu_region_open(rig.dev[0], 8, &region, E), NO_REGION, NULL);
	REFUSED(libiommu_region_open(rig.dev[0], 1000000, &region, E), NO_REGION, NULL);
	ck_assert_ptr_null(region);
}

CASE(region_before_attach, "region.h: before an attach registers work, or answer needs-attach")
{
	struct libiommu_region *region = NULL;
	uint64_t value = 0;
	unsigned int count;
	struct rig rig;
	int fd = keep_fd(eventfd(0, EFD_CLOEXEC));

	NEEDS(1, 0);
	rig = rig_new(1);
	if (can(rig.dev[0], LIBIOMMU_CAP_FD_BEFORE_ATTACH)) {
		OK(libiommu_region_open(rig.dev[0], LIBIOMMU_REGION_BAR0, &region, E));
		OK(libiommu_region_read(region, EDU_ID, 4, &value, E));
		ck_assert_uint_eq(value & 0xffff, 0x00ed);
		OK(libiommu_device_set_bus_master(rig.dev[0], true, E));
		return;
	}
	REFUSED(libiommu_region_open(rig.dev[0], LIBIOMMU_REGION_BAR0, &region, E), NEEDS_ATTACH,
		target->alone[0]);
	ck_assert_ptr_null(region);
	REFUSED(libiommu_device_set_bus_master(rig.dev[0], true, E), NEEDS_ATTACH,
		target->alone[0]);
	REFUSED(libiommu_device_reset(rig.dev[0], E), NEEDS_ATTACH, target->alone[0]);
	REFUSED(libiommu_interrupt_count(rig.dev[0], LIBIOMMU_INTERRUPT_INTX, &count, E),
		NEEDS_ATTACH, target->alone[0]);
	REFUSED(libiommu_interrupt_enable(rig.dev[0], LIBIOMMU_INTERRUPT_MSI, &fd, 1, E),
		NEEDS_ATTACH, target->alone[0]);
}

CASE(region_over_detach, "region.h: a region stays usable over a detach that keeps the device")
{
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_attached(1);
	edu = edu_open(rig.dev[0]);
	detach(rig.ep[0]);
	ck_assert_uint_eq(edu_get(&edu, EDU_ID) & 0xffff, 0x00ed);
	edu_put(&edu, EDU_LIVENESS, 1);
	ck_assert_uint_eq(edu_get(&edu, EDU_LIVENESS), 0xfffffffe);
}

CASE(region_map, "region.h: a region is mapped, or refused as region-not-mappable")
{
	volatile void *address = NULL;
	volatile uint32_t *registers;
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_attached(1);
	edu = edu_open(rig.dev[0]);
	if (libiommu_region_map(edu.bar, &address, NULL)) {
		ck_assert_ptr_null((const void *)(uintptr_t)address);
		REFUSED(libiommu_region_map(edu.bar, &address, E), REGION_NOT_MAPPABLE, NULL);
		return;
	}
	registers = address;
	ck_assert_uint_eq(registers[0] & 0xffff, 0x00ed);
	edu_close(&edu);
}

CASE(interrupt_counts, "interrupt.h: numbers of interrupts; an unknown kind is refused")
{
	unsigned int intx = 99, msi = 99, msix = 99;
	struct rig rig;

	NEEDS(1, 0);
	rig = rig_attached(1);
	OK(libiommu_interrupt_count(rig.dev[0], LIBIOMMU_INTERRUPT_INTX, &intx, E));
	OK(libiommu_interrupt_count(rig.dev[0], LIBIOMMU_INTERRUPT_MSI, &msi, E));
	OK(libiommu_interrupt_count(rig.dev[0], LIBIOMMU_INTERRUPT_MSIX, &msix, E));
	ck_assert_uint_le(intx, 1);
	ck_assert_uint_ge(intx + msi, 1);
	ck_assert_uint_eq(msix, 0);
	REFUSED(libiommu_interrupt_count(rig.dev[0], (enum libiommu_interrupt_kind)7, &msi, E),
		NO_INTERRUPT, NULL);
}

static uint64_t wait_event(int fd)
{
	struct pollfd p = { fd, POLLIN, 0 };
	uint64_t events = 0;

	ck_assert_msg(poll(&p, 1, IRQ_BOUND_MS) == 1, "the interrupt does not come");
	ck_assert_int_eq(read(fd, &events, sizeof(events)), sizeof(events));
	return events;
}

CASE(msi, "interrupt.h: an MSI signals its eventfd until it is disabled")
{
	unsigned int count = 0;
	struct rig rig;
	struct edu edu;
	uint64_t events;
	int fd = keep_fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));

	NEEDS(1, 0);
	rig = rig_attached(1);
	OK(libiommu_interrupt_count(rig.dev[0], LIBIOMMU_INTERRUPT_MSI, &count, E));
	if (!count)
		SKIP("the device has no MSI");
	edu = edu_open(rig.dev[0]);
	OK(libiommu_interrupt_enable(rig.dev[0], LIBIOMMU_INTERRUPT_MSI, &fd, 1, E));
	ck_assert_int_eq(read(fd, &events, sizeof(events)), -1);
	edu_put(&edu, EDU_RAISE, 5);
	ck_assert_uint_ge(wait_event(fd), 1);
	ck_assert_uint_eq(edu_get(&edu, EDU_IRQ), 5);
	edu_put(&edu, EDU_ACK, 5);
	ck_assert_uint_eq(edu_get(&edu, EDU_IRQ), 0);
	edu_put(&edu, EDU_RAISE, 2);
	wait_event(fd);
	edu_put(&edu, EDU_ACK, 2);
	OK(libiommu_interrupt_disable(rig.dev[0], LIBIOMMU_INTERRUPT_MSI, E));
	OK(libiommu_interrupt_disable(rig.dev[0], LIBIOMMU_INTERRUPT_MSI, E));
	edu_put(&edu, EDU_RAISE, 1);
	ck_assert_uint_eq(edu_get(&edu, EDU_IRQ), 1);
	edu_put(&edu, EDU_ACK, 1);
	ck_assert_int_eq(read(fd, &events, sizeof(events)), -1);
}

CASE(intx, "interrupt.h: INTx signals, is masked by the event, and fires again when unmasked")
{
	unsigned int count = 0;
	struct rig rig;
	struct edu edu;
	int fd = keep_fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));

	NEEDS(1, 0);
	rig = rig_attached(1);
	OK(libiommu_interrupt_count(rig.dev[0], LIBIOMMU_INTERRUPT_INTX, &count, E));
	if (!count)
		SKIP("the device has no INTx");
	edu = edu_open(rig.dev[0]);
	OK(libiommu_interrupt_enable(rig.dev[0], LIBIOMMU_INTERRUPT_INTX, &fd, 1, E));
	edu_put(&edu, EDU_RAISE, 1);
	ck_assert_uint_ge(wait_event(fd), 1);
	edu_put(&edu, EDU_ACK, 1);
	OK(libiommu_interrupt_unmask(rig.dev[0], E));
	edu_put(&edu, EDU_RAISE, 1);
	ck_assert_uint_ge(wait_event(fd), 1);
	edu_put(&edu, EDU_ACK, 1);
	OK(libiommu_interrupt_disable(rig.dev[0], LIBIOMMU_INTERRUPT_INTX, E));
}

CASE(dma_with_interrupt, "region.h: a transfer's end is told by an interrupt")
{
	unsigned int count = 0;
	char *mem = memory(PAGE);
	struct rig rig;
	struct edu edu;
	int fd = keep_fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));

	NEEDS(1, 0);
	rig = rig_attached(1);
	OK(libiommu_interrupt_count(rig.dev[0], LIBIOMMU_INTERRUPT_MSI, &count, E));
	if (!count)
		SKIP("the device has no MSI");
	map(rig.dom, IO(0), mem, PAGE);
	edu = edu_open(rig.dev[0]);
	OK(libiommu_interrupt_enable(rig.dev[0], LIBIOMMU_INTERRUPT_MSI, &fd, 1, E));
	edu_put(&edu, EDU_SRC, IO(0));
	edu_put(&edu, EDU_DST, EDU_BUFFER);
	edu_put(&edu, EDU_COUNT, 64);
	edu_put(&edu, EDU_COMMAND, EDU_RUN | 4);
	ck_assert_uint_ge(wait_event(fd), 1);
	ck_assert_uint_eq(edu_get(&edu, EDU_IRQ), 0x100);
	edu_put(&edu, EDU_ACK, 0x100);
}

CASE(request_interrupt, "interrupt.h: that the owner wants the device back is told beside the rest")
{
	int fd = keep_fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
	int other = keep_fd(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), two[2];
	unsigned int requests = 99, errors = 99;
	struct rig rig;
	struct edu edu;
	uint64_t events;

	two[0] = two[1] = fd;
	NEEDS(1, 0);
	rig = rig_attached(1);
	OK(libiommu_interrupt_count(rig.dev[0], LIBIOMMU_INTERRUPT_REQUEST, &requests, E));
	OK(libiommu_interrupt_count(rig.dev[0], LIBIOMMU_INTERRUPT_ERROR, &errors, E));
	ck_assert_uint_eq(requests, 1);
	ck_assert_uint_le(errors, 1);
	REFUSED(libiommu_interrupt_enable(rig.dev[0], LIBIOMMU_INTERRUPT_REQUEST, two, 2, E),
		NO_INTERRUPT, NULL);
	OK(libiommu_interrupt_enable(rig.dev[0], LIBIOMMU_INTERRUPT_REQUEST, &fd, 1, E));
	/* It takes nothing away from the interrupts of the device. */
	edu = edu_open(rig.dev[0]);
	OK(libiommu_interrupt_enable(rig.dev[0], LIBIOMMU_INTERRUPT_MSI, &other, 1, E));
	if (errors)
		OK(libiommu_interrupt_enable(rig.dev[0], LIBIOMMU_INTERRUPT_ERROR, &other, 1, E));
	else
		REFUSED(libiommu_interrupt_enable(rig.dev[0], LIBIOMMU_INTERRUPT_ERROR, &other, 1,
						  E),
			NO_INTERRUPT, NULL);
	edu_put(&edu, EDU_RAISE, 1);
	ck_assert_uint_ge(wait_event(other), 1);
	edu_put(&edu, EDU_ACK, 1);
	OK(libiommu_interrupt_enable(rig.dev[0], LIBIOMMU_INTERRUPT_REQUEST, &other, 1, E));
	ck_assert_int_eq(read(fd, &events, sizeof(events)), -1);
	OK(libiommu_interrupt_disable(rig.dev[0], LIBIOMMU_INTERRUPT_REQUEST, E));
	OK(libiommu_interrupt_disable(rig.dev[0], LIBIOMMU_INTERRUPT_REQUEST, E));
	OK(libiommu_interrupt_disable(rig.dev[0], LIBIOMMU_INTERRUPT_ERROR, E));
	edu_put(&edu, EDU_RAISE, 1);
	ck_assert_uint_ge(wait_event(other), 1);
}

CASE(interrupt_arguments, "interrupt.h: bad descriptors, numbers and kinds are refused")
{
	int none = -1, closed = 1 << 19, fds[64], fd = keep_fd(eventfd(0, EFD_CLOEXEC));
	unsigned int count = 0;
	struct rig rig;
	size_t i;

	for (i = 0; i < COUNT(fds); i++)
		fds[i] = fd;
	NEEDS(1, 0);
	rig = rig_attached(1);
	OK(libiommu_interrupt_count(rig.dev[0], LIBIOMMU_INTERRUPT_MSI, &count, E));
	if (!count)
		SKIP("the device has no MSI");
	REFUSED(libiommu_interrupt_enable(rig.dev[0], LIBIOMMU_INTERRUPT_MSI, &none, 1, E), BAD_FD,
		NULL);
	REFUSED(libiommu_interrupt_enable(rig.dev[0], LIBIOMMU_INTERRUPT_MSI, &closed, 1, E),
		BAD_FD, NULL);
	REFUSED(libiommu_interrupt_enable(rig.dev[0], LIBIOMMU_INTERRUPT_MSI, fds, 64, E),
		NO_INTERRUPT, NULL);
	REFUSED(libiommu_interrupt_enable(rig.dev[0], LIBIOMMU_INTERRUPT_MSIX, fds, 1, E),
		NO_INTERRUPT, NULL);
	REFUSED(libiommu_interrupt_enable(rig.dev[0], (enum libiommu_interrupt_kind)9, fds, 1, E),
		NO_INTERRUPT, NULL);
	REFUSED(libiommu_interrupt_disable(rig.dev[0], (enum libiommu_interrupt_kind)9, E),
		NO_INTERRUPT, NULL);
	REFUSED(libiommu_interrupt_enable(rig.dev[0], LIBIOMMU_INTERRUPT_MSI, NULL, 1, E),
		NULL_ARGUMENT, NULL);
	OK(libiommu_interrupt_enable(rig.dev[0], LIBIOMMU_INTERRUPT_MSI, &fd, 1, E));
	OK(libiommu_interrupt_disable(rig.dev[0], LIBIOMMU_INTERRUPT_MSI, E));
}

CASE(reset, "device.h: a reset keeps mappings and attachment, or is refused as unsupported")
{
	char *mem = memory(PAGE);
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_attached(1);
	map(rig.dom, IO(0), mem, PAGE);
	edu = edu_open(rig.dev[0]);
	dma_reaches(&edu, IO(0), mem);
	if (libiommu_device_reset(rig.dev[0], NULL))
		REFUSED(libiommu_device_reset(rig.dev[0], E), RESET_UNSUPPORTED, target->alone[0]);
	ck_assert_ptr_eq(libiommu_endpoint_domain(rig.ep[0]), rig.dom);
	found(rig.dom, IO(0), mem, PAGE);
	OK(libiommu_device_set_bus_master(rig.dev[0], true, E));
	ck_assert_uint_eq(edu_get(&edu, EDU_ID) & 0xffff, 0x00ed);
	dma_reaches(&edu, IO(0), mem);
}

CASE(two_handles_of_a_region, "region.h: a region may be opened twice; each is closed")
{
	struct rig rig;
	struct edu one, two;

	NEEDS(1, 0);
	rig = rig_attached(1);
	one = edu_open(rig.dev[0]);
	two = edu_open(rig.dev[0]);
	edu_put(&one, EDU_LIVENESS, 7);
	ck_assert_uint_eq(edu_get(&two, EDU_LIVENESS), 0xfffffff8);
	edu_close(&one);
	ck_assert_uint_eq(edu_get(&two, EDU_LIVENESS), 0xfffffff8);
	edu_close(&two);
	detach(rig.ep[0]);
	OK(libiommu_device_close(rig.dev[0], E));
}

void suite_regions(struct registry *registry)
{
	static const struct conformance_case *const cases[] = {
		&id_register,
		&register_write,
		&region_ranges,
		&config_space,
		&bus_master,
		&missing_regions,
		&region_before_attach,
		&region_over_detach,
		&region_map,
		&interrupt_counts,
		&msi,
		&intx,
		&dma_with_interrupt,
		&request_interrupt,
		&interrupt_arguments,
		&reset,
		&two_handles_of_a_region,
	};

	add_cases(registry, "regions", cases, COUNT(cases));
}
