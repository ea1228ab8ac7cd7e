/* SPDX-License-Identifier: BSD-2-Clause */
/* The backend "vfio": containers that come, are shared, kept and left; what it tells of them. */
#include "tests/unit/vfio-fixture.h"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void put(struct libiommu_region *bar, uint64_t offset, uint64_t value)
{
	OK(libiommu_region_write(bar, offset, 4, value, NULL));
}

/* @return whether a byte of the device's buffer arrives at the IOVA, which is at `target` */
static bool reaches(struct libiommu_device *device, uint64_t iova, volatile char *target)
{
	static char round;
	struct libiommu_region *bar = NULL;

	OK(libiommu_device_set_bus_master(device, true, NULL));
	OK(libiommu_region_open(device, LIBIOMMU_REGION_BAR0, &bar, NULL));
	*target = ++round;
	put(bar, 0x80, iova);
	put(bar, 0x88, 0x40000);
	put(bar, 0x90, 1);
	put(bar, 0x98, 1);
	*target = 0;
	put(bar, 0x80, 0x40000);
	put(bar, 0x88, iova);
	put(bar, 0x98, 3);
	libiommu_region_close(bar);
	return *target == round;
}

START_TEST(one_container)
{
	struct libiommu_domain *d = new_domain();
	struct libiommu_device *a = open_device(A), *b = open_device(B);
	uint64_t removed = 0;

	OK(map(d, 0x100000, 0, 2));
	ck_assert_uint_eq(fake_kernel_locked(kernel), 0);
	OK(libiommu_endpoint_attach(ep(a), d, NULL));
	OK(libiommu_endpoint_attach(ep(b), d, NULL));
	ck_assert(fake_kernel_together(kernel, A, B));
	OK(map(d, 0x200000, 2, 1));
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 2);
	ck_assert_uint_eq(fake_kernel_locked(kernel), 3 * PAGE);
	ck_assert(reaches(a, 0x101000, memory + PAGE));
	ck_assert(reaches(b, 0x200000, memory + 2 * PAGE));
	OK(libiommu_domain_unmap(d, 0, 0x80000000, &removed, NULL));
	ck_assert_uint_eq(removed, 3 * PAGE);
	ck_assert(!reaches(a, 0x101000, memory + PAGE));
}
END_TEST

static unsigned int populated;

static int see_advice(void *data, void *address, size_t length, int advice)
{
	if (advice == 23 && address == memory + PAGE && length == 2 * PAGE)
		populated++;
	return libiommu_sys_default()->madvise(data, address, length, advice);
}

/* Else a kernel might lend the page of zeros for ever. */
START_TEST(pages_are_given)
{
	struct libiommu_sys table = *sys();
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_source source = libiommu_source_memory(memory + PAGE);
	struct libiommu_domain *d;
	struct libiommu_device *a;

	libiommu_ctx_free(ctx);
	table.madvise = see_advice;
	opts.backend = "vfio";
	opts.sys = &table;
	OK(libiommu_ctx_new(&opts, &ctx, NULL));
	d = new_domain();
	a = open_device(A);
	OK(libiommu_domain_map(d, 0x100000, source, 2 * PAGE, LIBIOMMU_PROT_READ, NULL));
	ck_assert_uint_eq(populated, 0);
	OK(libiommu_endpoint_attach(ep(a), d, NULL));
	ck_assert_uint_eq(populated, 1);
	OK(libiommu_domain_map(d, 0x200000, source, 2 * PAGE, LIBIOMMU_PROT_WRITE, NULL));
	ck_assert_uint_eq(populated, 1);
	OK(libiommu_domain_map(d, 0x300000, source, 2 * PAGE, LIBIOMMU_PROT_READ, NULL));
	ck_assert_uint_eq(populated, 2);
}
END_TEST

START_TEST(kept_container)
{
	struct libiommu_domain *d = new_domain(), *e = new_domain();
	struct libiommu_region *bar = NULL;
	struct libiommu_device *a = open_device(A);
	uint64_t value = 0;

	OK(map(d, 0x100000, 0, 1));
	OK(map(e, 0x300000, 1, 1));
	OK(libiommu_endpoint_attach(ep(a), d, NULL));
	OK(libiommu_region_open(a, LIBIOMMU_REGION_BAR0, &bar, NULL));
	put(bar, 4, 5);
	OK(libiommu_endpoint_detach(ep(a), 0, NULL));
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 0);
	ck_assert(!reaches(a, 0x100000, memory));
	OK(libiommu_endpoint_attach(ep(a), e, NULL));
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 1);
	ck_assert(reaches(a, 0x300000, memory + PAGE));
	ck_assert(!reaches(a, 0x100000, memory));
	OK(libiommu_region_read(bar, 4, 4, &value, NULL));
	ck_assert_uint_eq(value, 0xfffffffa);
	ck_assert_uint_eq(fake_kernel_resets(kernel, A), 1);
	libiommu_region_close(bar);
}
END_TEST

START_TEST(shared_container_is_left)
{
	struct libiommu_domain *d = new_domain();
	struct libiommu_device *a = open_device(A), *b = open_device(B);
	struct libiommu_region *bar = NULL, *ram = NULL;
	volatile void *mapped = NULL;
	uint64_t value;

	OK(libiommu_endpoint_attach(ep(a), d, NULL));
	OK(libiommu_endpoint_attach(ep(b), d, NULL));
	OK(map(d, 0x100000, 0, 1));
	REFUSED(libiommu_endpoint_detach(ep(a), 0, &err), DEVICE_FD_IN_USE, A, "");
	ck_assert(reaches(a, 0x100000, memory));
	OK(libiommu_region_open(a, LIBIOMMU_REGION_BAR0, &bar, NULL));
	OK(libiommu_region_open(a, LIBIOMMU_REGION_BAR2, &ram, NULL));
	OK(libiommu_region_map(ram, &mapped, NULL));
	((volatile char *)mapped)[7] = 42;
	OK(libiommu_region_read(ram, 7, 1, &value, NULL));
	ck_assert_uint_eq(value, 42);
	REFUSED(libiommu_endpoint_detach(ep(a), LIBIOMMU_DETACH_MAY_REOPEN, &err), DEVICE_FD_IN_USE,
		A, "mapped");
	libiommu_region_close(ram);
	OK(libiommu_endpoint_detach(ep(a), LIBIOMMU_DETACH_MAY_REOPEN, NULL));
	ck_assert(!fake_kernel_together(kernel, A, B));
	REFUSED(libiommu_region_read(bar, 0, 4, &value, &err), NEEDS_ATTACH, A, "");
	OK(libiommu_endpoint_attach(ep(a), d, NULL));
	ck_assert(fake_kernel_together(kernel, A, B));
	ck_assert_uint_eq(fake_kernel_resets(kernel, A), 2);
	OK(libiommu_region_read(bar, 0, 4, &value, NULL));
	ck_assert_uint_eq(value, 0x010000ed);
	libiommu_region_close(bar);
}
END_TEST

/* A group that kept its container brings it along: one domain, two containers. */
static struct libiommu_domain *two_containers(struct libiommu_device **a,
					      struct libiommu_device **b)
{
	struct libiommu_domain *d = new_domain(), *e = new_domain();

	*a = open_device(A);
	*b = open_device(B);
	OK(libiommu_endpoint_attach(ep(*b), e, NULL));
	OK(libiommu_endpoint_detach(ep(*b), 0, NULL));
	OK(libiommu_endpoint_attach(ep(*a), d, NULL));
	OK(map(d, 0x100000, 0, 1));
	OK(libiommu_endpoint_attach(ep(*b), d, NULL));
	ck_assert(!fake_kernel_together(kernel, A, B));
	return d;
}

START_TEST(several_containers)
{
	struct libiommu_device *a, *b;
	struct libiommu_domain *d = two_containers(&a, &b);

	ck_assert_uint_eq(fake_kernel_mappings(kernel, B), 1);
	OK(map(d, 0x200000, 1, 1));
	ck_assert_uint_eq(fake_kernel_locked(kernel), 4 * PAGE);
	ck_assert(reaches(a, 0x200000, memory + PAGE));
	ck_assert(reaches(b, 0x200000, memory + PAGE));
	OK(libiommu_domain_unmap_all(d, NULL, NULL));
	ck_assert_uint_eq(fake_kernel_locked(kernel), 0);
	OK(libiommu_endpoint_detach(ep(a), 0, NULL));
	OK(map(d, 0x300000, 1, 1));
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 0);
	ck_assert_uint_eq(fake_kernel_mappings(kernel, B), 1);
}
END_TEST

START_TEST(all_containers_or_none)
{
	struct libiommu_device *a, *b;
	struct libiommu_domain *d = two_containers(&a, &b);

	OK(fake_kernel_map(kernel, B, 0x400000, memory, PAGE));
	REFUSED(libiommu_domain_map(d, 0x400000, libiommu_source_memory(memory), PAGE,
				    LIBIOMMU_PROT_READ, &err),
		FOREIGN_MAPPING, "0x400000-0x400fff", "");
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 1);
	OK(fake_kernel_unmap(kernel, B, 0x400000, PAGE));
	OK(map(d, 0x400000, 0, 1));
	OK(fake_kernel_unmap(kernel, B, 0x400000, PAGE));
	REFUSED(libiommu_domain_unmap(d, 0x400000, PAGE, NULL, &err), LEDGER_MISMATCH, "0x400000",
		"");
	ck_assert_uint_eq(libiommu_domain_mapping_count(d), 1);
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 1);
}
END_TEST

/* Calls of one kind that fail: the first that do not, then all. */
static struct {
	unsigned long request;
	unsigned int pass;
} refusing[2];

static int refuse_some(void *data, int fd, unsigned long request, void *argument)
{
	for (size_t i = 0; i < 2; i++)
		if (refusing[i].request == request && !refusing[i].pass--) {
			refusing[i].pass = 0;
			return -EIO;
		}
	return sys()->ioctl(data, fd, request, argument);
}

static struct libiommu_sys refusing_sys;

static void use_refusing(void)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;

	libiommu_ctx_free(ctx);
	refusing_sys = *sys();
	refusing_sys.ioctl = refuse_some;
	memset(refusing, 0, sizeof(refusing));
	opts.backend = "vfio";
	opts.sys = &refusing_sys;
	OK(libiommu_ctx_new(&opts, &ctx, NULL));
}

#define MAP_DMA   0x3b71
#define UNMAP_DMA 0x3b72

START_TEST(what_cannot_be_taken_back)
{
	struct libiommu_device *a, *b;
	struct libiommu_domain *d;

	use_refusing();
	d = two_containers(&a, &b);
	refusing[0].request = MAP_DMA;
	refusing[0].pass = 1;
	refusing[1].request = UNMAP_DMA;
	REFUSED(libiommu_domain_map(d, 0x200000, libiommu_source_memory(memory), PAGE,
				    LIBIOMMU_PROT_READ, &err),
		PARTIAL, "0x200000", "still holds");
	memset(refusing, 0, sizeof(refusing));
	ck_assert_uint_eq(libiommu_domain_mapping_count(d), 1);
	OK(map(d, 0x300000, 0, 1));
	refusing[0].request = UNMAP_DMA;
	refusing[0].pass = 1;
	REFUSED(libiommu_domain_unmap(d, 0x300000, PAGE, NULL, &err), KERNEL_REFUSED, "0x300000",
		"");
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 3);
	refusing[0].pass = 1;
	refusing[1].request = MAP_DMA;
	REFUSED(libiommu_domain_unmap(d, 0x300000, PAGE, NULL, &err), PARTIAL, "0x300000", "lost");
	ck_assert_uint_eq(libiommu_domain_mapping_count(d), 2);
	memset(refusing, 0, sizeof(refusing));
}
END_TEST

/* What an attach left in a kept container is gone before the next one. */
START_TEST(leftovers_are_removed)
{
	struct libiommu_domain *d, *e;
	struct libiommu_device *a;

	use_refusing();
	d = new_domain();
	e = new_domain();
	a = open_device(A);
	OK(libiommu_endpoint_attach(ep(a), e, NULL));
	OK(libiommu_endpoint_detach(ep(a), 0, NULL));
	OK(map(d, 0x100000, 0, 1));
	OK(map(d, 0x200000, 1, 1));
	refusing[0].request = MAP_DMA;
	refusing[0].pass = 1;
	refusing[1].request = UNMAP_DMA;
	REFUSED(libiommu_endpoint_attach(ep(a), d, &err), KERNEL_REFUSED, "0x200000", "");
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 1);
	memset(refusing, 0, sizeof(refusing));
	OK(libiommu_endpoint_attach(ep(a), e, NULL));
	ck_assert_uint_eq(fake_kernel_mappings(kernel, A), 0);
	ck_assert_uint_eq(fake_kernel_resets(kernel, A), 1);
}
END_TEST

START_TEST(members_of_a_group)
{
	struct libiommu_domain *d = new_domain(), *e = new_domain();
	struct libiommu_device *m0 = open_device(M0), *m1 = open_device(M1);

	OK(map(d, 0x100000, 0, 1));
	OK(libiommu_endpoint_attach(ep(m0), d, NULL));
	REFUSED(libiommu_endpoint_attach(ep(m1), e, &err), GROUP_ATTACHED_ELSEWHERE, M1, "");
	OK(libiommu_endpoint_attach(ep(m1), d, NULL));
	ck_assert(reaches(m1, 0x100000, memory));
	OK(libiommu_endpoint_detach(ep(m0), 0, NULL));
	ck_assert(reaches(m0, 0x100000, memory));
	OK(libiommu_endpoint_detach(ep(m1), 0, NULL));
	ck_assert(!reaches(m0, 0x100000, memory));
	OK(libiommu_device_close(m0, NULL));
	OK(libiommu_endpoint_attach(ep(m1), e, NULL));
	ck_assert_uint_eq(fake_kernel_resets(kernel, M1), 1);
	REFUSED(libiommu_endpoint_replace(ep(m1), d, 0, &err), REPLACE_UNSUPPORTED, M1, "");
}
END_TEST

START_TEST(groups_are_shown)
{
	struct libiommu_group_member member = LIBIOMMU_GROUP_MEMBER_INIT;
	struct libiommu_group *group = NULL;
	struct libiommu_reserved reserved;
	uint32_t ids[8];
	size_t count = 8;

	OK(libiommu_group_ids(ctx, ids, &count, NULL));
	ck_assert_uint_eq(count, 5);
	ck_assert_uint_eq(ids[4], 5);
	OK(libiommu_group_of(ctx, HALF, &group, NULL));
	ck_assert_uint_eq(libiommu_group_id(group), 4);
	ck_assert_str_eq(libiommu_group_type(group), "DMA");
	ck_assert(!libiommu_group_viable(group));
	ck_assert_uint_eq(libiommu_group_member_count(group), 3);
	for (size_t i = 0; i < 3; i++) {
		OK(libiommu_group_member(group, i, &member));
		ck_assert_str_eq(member.bus, "pci");
		ck_assert_uint_eq(member.vendor, 0x8086);
		ck_assert_int_eq(member.blocks, !strcmp(member.driver, "i801_smbus"));
		ck_assert_int_eq(member.bridge, member.class_code == 0x060100);
	}
	ck_assert_uint_eq(libiommu_group_reserved_count(group), 1);
	OK(libiommu_group_reserved(group, 0, &reserved));
	ck_assert_uint_eq(reserved.range.start, 0xfee00000);
	ck_assert_int_eq(reserved.type, LIBIOMMU_RESERVED_MSI);
	libiommu_group_unref(group);
	REFUSED(libiommu_group_get(ctx, 77, &group, &err), GROUP_UNKNOWN, "77", "");
}
END_TEST

START_TEST(geometry_is_told)
{
	struct libiommu_cap_answer answer = LIBIOMMU_CAP_ANSWER_INIT;
	struct libiommu_device *a = open_device(A), *b = open_device(B);
	struct libiommu_domain *d = new_domain();
	struct libiommu_range ranges[8];
	size_t count = 8;

	/* Larger than what the backend asks with at first. */
	fake_kernel_set(kernel, FAKE_INFO_PADDING, 5000);
	fake_kernel_reserve(kernel, 2, 0, 0xffff, "reserved");
	REFUSED(libiommu_device_iova_ranges(a, ranges, &count, &err), NEEDS_ATTACH, A, "");
	OK(libiommu_endpoint_attach(ep(a), d, NULL));
	count = 8;
	OK(libiommu_device_iova_ranges(a, ranges, &count, NULL));
	ck_assert_uint_eq(count, 2);
	ck_assert_uint_eq(ranges[0].last, 0xfedfffff);
	ck_assert_uint_eq(ranges[1].last, (1ull << 39) - 1);
	OK(libiommu_endpoint_attach(ep(b), d, NULL));
	count = 8;
	OK(libiommu_domain_iova_ranges(d, ranges, &count, NULL));
	ck_assert_uint_eq(count, 2);
	ck_assert_uint_eq(ranges[0].start, 0x10000);
	OK(libiommu_endpoint_detach(ep(b), LIBIOMMU_DETACH_MAY_REOPEN, NULL));
	count = 8;
	OK(libiommu_domain_iova_ranges(d, ranges, &count, NULL));
	ck_assert_uint_eq(ranges[0].start, 0);
	OK(libiommu_device_cap(a, LIBIOMMU_CAP_ADDRESS_BITS, &answer, NULL));
	ck_assert_uint_eq(answer.value, 39);
	OK(libiommu_device_cap(a, LIBIOMMU_CAP_PAGE_SIZES, &answer, NULL));
	ck_assert_uint_eq(answer.value, 0x40201000);
	OK(libiommu_device_cap(a, LIBIOMMU_CAP_IOMMUFD, &answer, NULL));
	ck_assert_int_eq(answer.answer, LIBIOMMU_ANSWER_NO);
	OK(libiommu_device_cap(a, LIBIOMMU_CAP_READ_ONLY, &answer, NULL));
	ck_assert_int_eq(answer.answer, LIBIOMMU_ANSWER_UNKNOWN);
	for (int cap = LIBIOMMU_CAP_PAGE_SIZES; libiommu_cap_name((enum libiommu_cap)cap); cap++) {
		OK(libiommu_device_cap(a, (enum libiommu_cap)cap, &answer, NULL));
		ck_assert_int_eq(answer.answer == LIBIOMMU_ANSWER_UNKNOWN, !answer.evidence[0]);
	}
}
END_TEST

START_TEST(no_ranges_told)
{
	struct libiommu_device *a = open_device(A);
	struct libiommu_domain *d = new_domain();
	struct libiommu_range ranges[4];
	size_t count = 4;

	fake_kernel_set(kernel, FAKE_NO_RANGES, 1);
	OK(libiommu_endpoint_attach(ep(a), d, NULL));
	OK(libiommu_domain_iova_ranges(d, ranges, &count, NULL));
	ck_assert_uint_eq(count, 1);
	ck_assert_uint_eq(ranges[0].last, UINT64_MAX);
}
END_TEST

static bool fired(int fd)
{
	uint64_t count;

	return read(fd, &count, sizeof(count)) == sizeof(count);
}

START_TEST(interrupts)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
	    null = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct libiommu_device *a = open_device(A);
	struct libiommu_domain *d = new_domain();
	struct libiommu_region *bar = NULL;
	unsigned int count = 7;

	REFUSED(libiommu_interrupt_count(a, LIBIOMMU_INTERRUPT_MSI, &count, &err), NEEDS_ATTACH, A,
		"");
	OK(libiommu_endpoint_attach(ep(a), d, NULL));
	OK(libiommu_region_open(a, LIBIOMMU_REGION_BAR0, &bar, NULL));
	OK(libiommu_interrupt_count(a, LIBIOMMU_INTERRUPT_MSIX, &count, NULL));
	ck_assert_uint_eq(count, 0);
	OK(libiommu_interrupt_count(a, LIBIOMMU_INTERRUPT_MSI, &count, NULL));
	ck_assert_uint_eq(count, 1);
	OK(libiommu_interrupt_disable(a, LIBIOMMU_INTERRUPT_MSI, NULL));
	REFUSED(libiommu_interrupt_enable(a, LIBIOMMU_INTERRUPT_MSI, &null, 1, &err), BAD_FD, A,
		"eventfd");
	OK(libiommu_interrupt_enable(a, LIBIOMMU_INTERRUPT_MSI, &fd, 1, NULL));
	OK(libiommu_interrupt_enable(a, LIBIOMMU_INTERRUPT_MSI, &fd, 1, NULL));
	put(bar, 0x60, 1);
	ck_assert(fired(fd));
	OK(libiommu_interrupt_disable(a, LIBIOMMU_INTERRUPT_MSI, NULL));
	put(bar, 0x60, 1);
	ck_assert(!fired(fd));
	OK(libiommu_interrupt_enable(a, LIBIOMMU_INTERRUPT_INTX, &fd, 1, NULL));
	put(bar, 0x60, 1);
	ck_assert(fired(fd));
	put(bar, 0x60, 1);
	ck_assert(!fired(fd));
	OK(libiommu_interrupt_unmask(a, NULL));
	ck_assert(fired(fd));
	OK(libiommu_device_reset(a, NULL));
	ck_assert_uint_eq(fake_kernel_resets(kernel, A), 2);
	libiommu_region_close(bar);
	close(null);
	close(fd);
}
END_TEST

START_TEST(the_owner_wants_the_device)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	struct libiommu_device *a = open_device(A);
	struct libiommu_domain *d = new_domain();
	unsigned int count = 7;

	OK(libiommu_endpoint_attach(ep(a), d, NULL));
	OK(libiommu_interrupt_count(a, LIBIOMMU_INTERRUPT_REQUEST, &count, NULL));
	ck_assert_uint_eq(count, 1);
	OK(libiommu_interrupt_enable(a, LIBIOMMU_INTERRUPT_REQUEST, &fd, 1, NULL));
	fake_kernel_request(kernel, B);
	ck_assert(!fired(fd));
	fake_kernel_request(kernel, A);
	ck_assert(fired(fd));
	OK(libiommu_interrupt_disable(a, LIBIOMMU_INTERRUPT_REQUEST, NULL));
	fake_kernel_request(kernel, A);
	ck_assert(!fired(fd));
	/* Conventional PCI reports no errors. */
	OK(libiommu_interrupt_count(a, LIBIOMMU_INTERRUPT_ERROR, &count, NULL));
	ck_assert_uint_eq(count, 0);
	REFUSED(libiommu_interrupt_enable(a, LIBIOMMU_INTERRUPT_ERROR, &fd, 1, &err), NO_INTERRUPT,
		A, "0 of this kind");
	fake_kernel_set(kernel, FAKE_PCIE, 1);
	OK(libiommu_interrupt_count(a, LIBIOMMU_INTERRUPT_ERROR, &count, NULL));
	ck_assert_uint_eq(count, 1);
	OK(libiommu_interrupt_enable(a, LIBIOMMU_INTERRUPT_ERROR, &fd, 1, NULL));
	/* What stays enabled goes with the device. */
	OK(libiommu_interrupt_enable(a, LIBIOMMU_INTERRUPT_REQUEST, &fd, 1, NULL));
	close(fd);
}
END_TEST

START_TEST(regions)
{
	struct libiommu_device *a = open_device(A);
	struct libiommu_domain *d = new_domain();
	struct libiommu_region *region = NULL;
	volatile void *mapped = NULL;
	uint64_t value = 0;

	REFUSED(libiommu_region_open(a, LIBIOMMU_REGION_BAR0, &region, &err), NEEDS_ATTACH, A, "");
	OK(libiommu_endpoint_attach(ep(a), d, NULL));
	REFUSED(libiommu_region_open(a, LIBIOMMU_REGION_BAR1, &region, &err), NO_REGION, A, "1");
	REFUSED(libiommu_region_open(a, 8, &region, &err), NO_REGION, A, "8");
	REFUSED(libiommu_region_open(a, 99, &region, &err), NO_REGION, A, "99");
	OK(libiommu_region_open(a, LIBIOMMU_REGION_CONFIG, &region, NULL));
	ck_assert_uint_eq(libiommu_region_size(region), 256);
	OK(libiommu_region_read(region, 0, 4, &value, NULL));
	ck_assert_uint_eq(value, 0x11e81234);
	REFUSED(libiommu_region_map(region, &mapped, &err), REGION_NOT_MAPPABLE, A, "");
	libiommu_region_close(region);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		one_container,
		pages_are_given,
		kept_container,
		shared_container_is_left,
		several_containers,
		all_containers_or_none,
		what_cannot_be_taken_back,
		leftovers_are_removed,
		members_of_a_group,
		groups_are_shown,
		geometry_is_told,
		no_ranges_told,
		interrupts,
		the_owner_wants_the_device,
		regions,
	};

	return run("vfio-backend", tests, sizeof(tests) / sizeof(tests[0]));
}
