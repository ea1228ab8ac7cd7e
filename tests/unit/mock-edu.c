/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/mock-rig.h"

#include <sys/eventfd.h>
#include <unistd.h>

#define BAR0   LIBIOMMU_REGION_BAR0
#define CONFIG LIBIOMMU_REGION_CONFIG

static struct rig rig;
static struct mock_claim dev;
static struct mock_domain dom;
static struct libiommu_backend_map map;

static uint64_t get(unsigned int index, uint64_t offset, unsigned int width)
{
	uint64_t value = 0x5555;

	ck_assert_int_eq(mock->regions->read(&dev, index, offset, width, &value, &rig.failure), 0);
	return value;
}

static void put(unsigned int index, uint64_t offset, unsigned int width, uint64_t value)
{
	ck_assert_int_eq(mock->regions->write(&dev, index, offset, width, value, &rig.failure), 0);
}

static void start(const char *options)
{
	char text[200];

	snprintf(text, sizeof(text),
		 "iommu u intel-vtd\n"
		 "device 0000:00:03.0 iommu=u group=1 driver=vfio-pci model=edu %s\n",
		 options);
	rig_open(&rig, text);
	rig_device(&rig, &dev, "0000:00:03.0");
	rig_domain(&rig, &dom, LIBIOMMU_DOMAIN_PAGING);
	map = rig_map_of(&rig, 0, 4);
	ck_assert_int_eq(rig_attach(&rig, &dev, &dom, true, &map, 1), 0);
}

static void stop(void)
{
	ck_assert_int_eq(rig_detach(&rig, &dev, &dom, true, 0), 0);
	mock->device_close(&dev, 0);
	rig_close(&rig);
}

START_TEST(registers_need_an_attach)
{
	uint64_t size;

	rig_open(&rig, NULL);
	rig_device(&rig, &dev, "0000:00:03.0");
	ck_assert_int_eq(mock->regions->open(&dev, BAR0, &size, &rig.failure), -ENOTCONN);
	mock->device_close(&dev, 0);
	rig_close(&rig);
	start("");
	ck_assert_int_eq(mock->regions->open(&dev, BAR0, &size, &rig.failure), 0);
	ck_assert_uint_eq(size, 1 << 20);
	ck_assert_int_eq(mock->regions->open(&dev, CONFIG, &size, &rig.failure), 0);
	ck_assert_uint_eq(size, 256);
	ck_assert_int_eq(mock->regions->open(&dev, LIBIOMMU_REGION_BAR1, &size, &rig.failure),
			 -EINVAL);
	ck_assert_int_eq(mock->regions->open(&dev, 99, &size, &rig.failure), -EINVAL);
	stop();
}
END_TEST

START_TEST(configuration_space)
{
	start("");
	ck_assert_uint_eq(get(CONFIG, 0, 4), 0x11e81234);
	ck_assert_uint_eq(get(CONFIG, 8, 4), 0x00ff0010);
	ck_assert_uint_eq(get(CONFIG, 4, 2), 2);
	put(CONFIG, 4, 2, 0xffff);
	ck_assert_uint_eq(get(CONFIG, 4, 2), 0x0546);
	put(CONFIG, 0x10, 4, 0xffffffff);
	ck_assert_uint_eq(get(CONFIG, 0x10, 4), 0xfff00000);
	put(CONFIG, 0x14, 4, 0xffffffff);
	ck_assert_uint_eq(get(CONFIG, 0x14, 4), 0);
	put(CONFIG, 0, 8, 0);
	ck_assert_uint_eq(get(CONFIG, 0, 2), 0x1234);
	ck_assert_uint_eq(get(CONFIG, get(CONFIG, 0x34, 1), 1), 5);
	/* Without memory decoding nobody answers. */
	put(CONFIG, 4, 2, 0);
	ck_assert_int_eq(mock->regions->read(&dev, BAR0, 0, 4, &(uint64_t){ 0 }, &rig.failure),
			 -EIO);
	ck_assert_int_eq(rig.failure.reason, LIBIOMMU_REASON_DEVICE_IO);
	stop();
}
END_TEST

START_TEST(simple_registers)
{
	start("");
	ck_assert_uint_eq(get(BAR0, 0, 4), 0x010000ed);
	put(BAR0, 4, 4, 0x12345678);
	ck_assert_uint_eq(get(BAR0, 4, 4), 0xedcba987);
	put(BAR0, 8, 4, 10);
	ck_assert_uint_eq(get(BAR0, 8, 4), 3628800);
	put(BAR0, 8, 4, 0);
	ck_assert_uint_eq(get(BAR0, 8, 4), 1);
	put(BAR0, 8, 4, UINT32_MAX);
	ck_assert_uint_eq(get(BAR0, 8, 4), 0);
	put(BAR0, 0x20, 4, UINT32_MAX);
	ck_assert_uint_eq(get(BAR0, 0x20, 4), 0x80);
	put(BAR0, 8, 4, 3);
	ck_assert_uint_eq(get(BAR0, 0x24, 4), 1);
	put(BAR0, 0x60, 4, 0x30);
	put(BAR0, 0x64, 4, 0x11);
	ck_assert_uint_eq(get(BAR0, 0x24, 4), 0x20);
	/* Widths and places that nobody answers. */
	ck_assert_uint_eq(get(BAR0, 4, 1), 0xff);
	ck_assert_uint_eq(get(BAR0, 4, 2), 0xffff);
	ck_assert_uint_eq(get(BAR0, 0x30, 4), UINT32_MAX);
	ck_assert_uint_eq(get(BAR0, 0, 8), UINT64_C(0xedcba987010000ed));
	ck_assert_int_eq(mock->regions->reset(&dev, &rig.failure), 0);
	ck_assert_uint_eq(get(BAR0, 0x24, 4), 0);
	stop();
	start("reset=no");
	ck_assert_int_eq(mock->regions->reset(&dev, &rig.failure), -EOPNOTSUPP);
	stop();
}
END_TEST

static void transfer(uint64_t source, uint64_t target, uint64_t count, uint64_t command)
{
	put(BAR0, 0x80, 8, source);
	put(BAR0, 0x88, 8, target);
	put(BAR0, 0x90, 8, count);
	put(BAR0, 0x98, 8, command);
	ck_assert_uint_eq(get(BAR0, 0x98, 8) & 1, 0);
}

static int fault(struct mock_fault_record *record)
{
	return mock_faults_take(&rig.ctx.machine->faults, record) ? (int)record->kind : 0;
}

START_TEST(dma_goes_through_the_iommu)
{
	struct mock_fault_record record;

	start("");
	strcpy((char *)rig.memory, "there and back");
	transfer(map.iova, 0x40000, 15, 1);
	ck_assert_int_eq(fault(&record), LIBIOMMU_MOCK_FAULT_BUS_MASTER);
	put(CONFIG, 4, 2, 6);
	transfer(map.iova, 0x40000, 15, 1);
	transfer(0x40000, map.iova + 2 * PAGE - 5, 15, 3);
	ck_assert_str_eq((char *)rig.memory + 2 * PAGE - 5, "there and back");
	ck_assert_int_eq(fault(&record), 0);
	transfer(map.iova + 4 * PAGE, 0x40000, 4, 1);
	ck_assert_int_eq(fault(&record), LIBIOMMU_MOCK_FAULT_NOT_MAPPED);
	ck_assert_uint_eq(record.access, LIBIOMMU_PROT_READ);
	/* Beyond its own memory it moves nothing. */
	transfer(0x40001, map.iova, 4096, 3);
	transfer(0x3ffff, map.iova, 1, 3);
	transfer(0x40000, map.iova, UINT64_MAX, 3);
	ck_assert_str_eq((char *)rig.memory, "there and back");
	/* 28 bits of an address, as QEMU's device by default. */
	transfer(UINT64_C(0xf0000000) + map.iova, 0x40100, 6, 1);
	transfer(0x40100, map.iova + 64, 6, 3);
	ck_assert_int_eq(memcmp(rig.memory + 64, "there ", 6), 0);
	stop();
	start("dma-mask=64");
	put(CONFIG, 4, 2, 6);
	transfer(UINT64_C(0xf0000000) + map.iova, 0x40100, 6, 1);
	ck_assert_int_eq(fault(&record), LIBIOMMU_MOCK_FAULT_NOT_MAPPED);
	ck_assert_uint_eq(record.iova, UINT64_C(0xf0000000) + map.iova);
	stop();
}
END_TEST

static uint64_t events(int fd)
{
	uint64_t count = 0;

	return read(fd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

START_TEST(a_line_is_masked_until_it_is_unmasked)
{
	int fd = eventfd(0, EFD_NONBLOCK);

	start("");
	ck_assert_int_eq(
		mock->regions->interrupt_set(&dev, LIBIOMMU_INTERRUPT_INTX, &fd, 1, &rig.failure),
		0);
	put(BAR0, 0x60, 4, 1);
	put(BAR0, 0x60, 4, 2);
	ck_assert_uint_eq(events(fd), 1);
	ck_assert_int_eq(mock->regions->interrupt_unmask(&dev, &rig.failure), 0);
	ck_assert_uint_eq(events(fd), 1);
	put(BAR0, 0x64, 4, 3);
	ck_assert_int_eq(mock->regions->interrupt_unmask(&dev, &rig.failure), 0);
	ck_assert_uint_eq(events(fd), 0);
	put(BAR0, 0x60, 4, 1);
	ck_assert_uint_eq(events(fd), 1);
	/* One kind at a time, as VFIO has it. */
	ck_assert_int_eq(
		mock->regions->interrupt_set(&dev, LIBIOMMU_INTERRUPT_MSI, &fd, 1, &rig.failure),
		-EINVAL);
	ck_assert_int_eq(
		mock->regions->interrupt_set(&dev, LIBIOMMU_INTERRUPT_INTX, NULL, 0, &rig.failure),
		0);
	stop();
	close(fd);
}
END_TEST

START_TEST(messages_come_one_by_one)
{
	int fd = eventfd(0, EFD_NONBLOCK), bad[] = { 999 };
	unsigned int count;

	start("");
	put(CONFIG, 4, 2, 6);
	ck_assert_int_eq(
		mock->regions->interrupt_count(&dev, LIBIOMMU_INTERRUPT_MSI, &count, &rig.failure),
		0);
	ck_assert_uint_eq(count, 1);
	ck_assert_int_eq(
		mock->regions->interrupt_count(&dev, LIBIOMMU_INTERRUPT_MSIX, &count, &rig.failure),
		0);
	ck_assert_uint_eq(count, 0);
	ck_assert_int_eq(
		mock->regions->interrupt_set(&dev, LIBIOMMU_INTERRUPT_MSI, bad, 1, &rig.failure),
		-EBADF);
	bad[0] = STDERR_FILENO;
	ck_assert_int_eq(
		mock->regions->interrupt_set(&dev, LIBIOMMU_INTERRUPT_MSI, bad, 1, &rig.failure),
		-EBADF);
	ck_assert_int_eq(
		mock->regions->interrupt_set(&dev, LIBIOMMU_INTERRUPT_MSI, &fd, 1, &rig.failure),
		0);
	ck_assert_uint_eq(get(CONFIG, 0x42, 2) & 1, 1);
	put(BAR0, 0x60, 4, 1);
	put(BAR0, 0x60, 4, 1);
	transfer(map.iova, 0x40000, 4, 5);
	ck_assert_uint_eq(events(fd), 3);
	ck_assert_uint_eq(get(BAR0, 0x24, 4), 0x101);
	stop();
	close(fd);
}
END_TEST

START_TEST(giving_a_device_up_resets_it)
{
	int fd = eventfd(0, EFD_NONBLOCK);
	struct mock_claim second;
	uint64_t value;

	rig_open(&rig, NULL);
	rig_device(&rig, &dev, "0000:00:03.0");
	rig_device(&rig, &second, "0000:00:04.0");
	rig_domain(&rig, &dom, LIBIOMMU_DOMAIN_PAGING);
	ck_assert_int_eq(rig_attach(&rig, &dev, &dom, true, NULL, 0), 0);
	ck_assert_int_eq(rig_attach(&rig, &second, &dom, true, NULL, 0), 0);
	put(BAR0, 4, 4, 1);
	ck_assert_int_eq(
		mock->regions->interrupt_set(&dev, LIBIOMMU_INTERRUPT_MSI, &fd, 1, &rig.failure),
		0);
	ck_assert_int_eq(rig_detach(&rig, &dev, &dom, true, LIBIOMMU_DETACH_MAY_REOPEN), 0);
	ck_assert_int_eq(mock->regions->read(&dev, BAR0, 4, 4, &value, &rig.failure), -ENOTCONN);
	ck_assert_int_eq(rig_attach(&rig, &dev, &dom, true, NULL, 0), 0);
	ck_assert_uint_eq(get(BAR0, 4, 4), 0);
	put(BAR0, 0x60, 4, 1);
	ck_assert_uint_eq(events(fd), 0);
	/* Alone, it keeps what it is at. */
	put(BAR0, 4, 4, 1);
	ck_assert_int_eq(rig_detach(&rig, &second, &dom, true, LIBIOMMU_DETACH_MAY_REOPEN), 0);
	ck_assert_int_eq(rig_detach(&rig, &dev, &dom, true, LIBIOMMU_DETACH_MAY_REOPEN), 0);
	ck_assert_uint_eq(get(BAR0, 4, 4), UINT32_MAX - 1);
	mock->device_close(&dev, 0);
	mock->device_close(&second, 0);
	rig_close(&rig);
	close(fd);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		registers_need_an_attach,
		configuration_space,
		simple_registers,
		dma_goes_through_the_iommu,
		a_line_is_masked_until_it_is_unmasked,
		messages_come_one_by_one,
		giving_a_device_up_resets_it,
	};

	return rig_run("mock-edu", tests, sizeof(tests) / sizeof(tests[0]));
}
