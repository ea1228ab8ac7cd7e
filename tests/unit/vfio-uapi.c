/* SPDX-License-Identifier: BSD-2-Clause */
/* One function per ioctl: the bytes that go out, and what becomes of the reply. */
#include "backends/vfio/uapi.h"
#include "tests/unit/run.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FD 17

/* One exchange: what must be asked, and what is answered. */
struct exchange {
	unsigned long request;
	int result;
	size_t size; /* of the struct; 0: the argument is a number or text */
	const void *asked;
	const void *reply; /* NULL: nothing is written back */
	unsigned long number;
};

static const struct exchange *expected;
static unsigned int exchanges;

static int scripted(void *data, int fd, unsigned long request, void *argument)
{
	const struct exchange *e = expected;

	ck_assert_ptr_null(data);
	ck_assert_int_eq(fd, FD);
	ck_assert_ptr_nonnull(e);
	ck_assert_uint_eq(request, e->request);
	if (e->size) {
		ck_assert_mem_eq(argument, e->asked, e->size);
		if (e->reply)
			memcpy(argument, e->reply, e->size);
	} else if (e->asked) {
		ck_assert_str_eq(argument, e->asked);
	} else {
		ck_assert_uint_eq((uintptr_t)argument, e->number);
	}
	exchanges++;
	expected = NULL;
	return e->result;
}

static struct libiommu_sys sys;

static void set_up(void)
{
	sys = *libiommu_sys_default();
	sys.data = NULL;
	sys.ioctl = scripted;
	exchanges = 0;
}

/* Make the call with one exchange, which must take place. */
#define EXCHANGE(want, call, ...)                           \
	do {                                                \
		const struct exchange e_ = { __VA_ARGS__ }; \
		unsigned int before_ = exchanges;           \
		expected = &e_;                             \
		ck_assert_int_eq(call, want);               \
		ck_assert_uint_eq(exchanges, before_ + 1);  \
	} while (0)

START_TEST(numbers)
{
	EXCHANGE(0, libiommu_vfio_api_version(&sys, FD), 0x3b64, 0, 0, NULL, NULL, 0);
	EXCHANGE(1, libiommu_vfio_extension(&sys, FD, 9), 0x3b65, 1, 0, NULL, NULL, 9);
	EXCHANGE(-ENODEV, libiommu_vfio_set_iommu(&sys, FD, 3), 0x3b66, -ENODEV, 0, NULL, NULL, 3);
	EXCHANGE(-EBUSY, libiommu_vfio_unset_container(&sys, FD), 0x3b69, -EBUSY, 0, NULL, NULL, 0);
	EXCHANGE(0, libiommu_vfio_device_reset(&sys, FD), 0x3b6f, 0, 0, NULL, NULL, 0);
	EXCHANGE(5, libiommu_vfio_device_fd(&sys, FD, "0000:00:03.0"), 0x3b6a, 5, 0, "0000:00:03.0",
		 NULL, 0);
}
END_TEST

START_TEST(containers)
{
	static const uint32_t map[] = { 32, 3, 0x56781000, 0x1234, 0x100000, 0, 0x3000, 0 };
	static const uint32_t unmap[] = { 24, 0, 0x100000, 0, 0x3000, 0 };
	static const uint32_t unmapped[] = { 24, 0, 0x100000, 0, 0x2000, 0 };
	static const uint32_t all[] = { 24, 2, 0, 0, 0, 0 };
	static const uint32_t info[] = { 32, 0, 0, 0, 0, 0, 0, 0 };
	static const uint32_t told[] = { 32, 1, 0x1000, 0, 0, 0, 0, 0 };
	static const uint32_t more[] = { 200, 2, 0x1000, 0, 0, 0, 0, 0 };
	uint64_t got[4], size = 1;
	size_t needed;

	EXCHANGE(0,
		 libiommu_vfio_map_dma(&sys, FD, 3, (void *)(uintptr_t)0x123456781000, 0x100000,
				       0x3000),
		 0x3b71, 0, sizeof(map), map, NULL, 0);
	EXCHANGE(-EEXIST,
		 libiommu_vfio_map_dma(&sys, FD, 3, (void *)(uintptr_t)0x123456781000, 0x100000,
				       0x3000),
		 0x3b71, -EEXIST, sizeof(map), map, NULL, 0);
	EXCHANGE(0, libiommu_vfio_unmap_dma(&sys, FD, 0x100000, 0x3000, &size), 0x3b72, 0,
		 sizeof(unmap), unmap, unmapped, 0);
	ck_assert_uint_eq(size, 0x2000);
	EXCHANGE(-EINVAL, libiommu_vfio_unmap_dma(&sys, FD, 0x100000, 0x3000, &size), 0x3b72,
		 -EINVAL, sizeof(unmap), unmap, NULL, 0);
	ck_assert_uint_eq(size, 0);
	EXCHANGE(0, libiommu_vfio_unmap_all(&sys, FD), 0x3b72, 0, sizeof(all), all, NULL, 0);
	memset(got, 0xff, sizeof(got));
	EXCHANGE(0, libiommu_vfio_iommu_info(&sys, FD, got, 32, &needed), 0x3b70, 0, sizeof(info),
		 info, told, 0);
	ck_assert_uint_eq(needed, 32);
	ck_assert_uint_eq(libiommu_vfio_info_pages(got), 4096);
	EXCHANGE(0, libiommu_vfio_iommu_info(&sys, FD, got, 32, &needed), 0x3b70, 0, sizeof(info),
		 info, more, 0);
	ck_assert_uint_eq(needed, 200);
	ck_assert_uint_eq(libiommu_vfio_info_pages(got), 0);
}
END_TEST

START_TEST(groups)
{
	static const uint32_t status[] = { 8, 0 }, told[] = { 8, 3 };
	static const int32_t container[] = { 99 };
	uint32_t flags = 7;

	EXCHANGE(0, libiommu_vfio_group_status(&sys, FD, &flags), 0x3b67, 0, sizeof(status), status,
		 told, 0);
	ck_assert_uint_eq(flags, 3);
	EXCHANGE(-EPERM, libiommu_vfio_set_container(&sys, FD, 99), 0x3b68, -EPERM,
		 sizeof(container), container, NULL, 0);
}
END_TEST

START_TEST(hot_resets)
{
	static const uint32_t asked[] = { 28, 0, 0 }, told[] = { 28, 0, 2, 7, 0x18000000, 9, 1 };
	static const uint32_t more[] = { 28, 0, 3 };
	uint32_t buffer[7], count = 0;

	ck_assert_uint_eq(libiommu_vfio_hot_reset_size(2), sizeof(buffer));
	memset(buffer, 0, sizeof(buffer));
	EXCHANGE(0, libiommu_vfio_hot_reset_info(&sys, FD, buffer, 2, &count), 0x3b70, 0,
		 sizeof(asked), asked, told, 0);
	ck_assert_uint_eq(count, 2);
	EXCHANGE(-ENOSPC, libiommu_vfio_hot_reset_info(&sys, FD, buffer, 2, &count), 0x3b70,
		 -ENOSPC, sizeof(asked), asked, more, 0);
	ck_assert_uint_eq(count, 3);
	memcpy(buffer, told, sizeof(told));
	ck_assert_uint_eq(libiommu_vfio_hot_reset_group(buffer, 0), 7);
	ck_assert_uint_eq(libiommu_vfio_hot_reset_group(buffer, 1), 9);
}
END_TEST

START_TEST(devices)
{
	static const uint32_t device[] = { 24, 0, 0, 0, 0, 0 },
			      device_told[] = { 24, 3, 9, 5, 0, 0 };
	static const uint32_t region[256] = { 1024, 0, 7 };
	static const uint32_t region_told[256] = { 32, 3, 7, 0, 256, 0, 0, 0x700 };
	static const uint32_t region_parts[256] = { 48, 15, 7, 32, 256, 0, 0, 0x700, 1 };
	static const uint32_t region_other[256] = { 40, 15, 7, 32, 256, 0, 0, 0x700, 3 };
	static const uint32_t region_large[256] = { 2000, 15, 7, 0, 256, 0, 0, 0x700 };
	static const uint32_t irq[] = { 16, 0, 1, 0 }, irq_told[] = { 16, 9, 1, 4 };
	static const uint32_t off[] = { 20, 33, 2, 0, 0 }, unmask[] = { 20, 17, 0, 0, 1 };
	static const uint32_t on[] = { 28, 36, 2, 0, 2, 40, 41 };
	static const int fds[] = { 40, 41 };
	struct libiommu_vfio_region info;
	uint32_t flags, count, buffer[8];

	EXCHANGE(0, libiommu_vfio_device_info(&sys, FD, &flags), 0x3b6b, 0, sizeof(device), device,
		 device_told, 0);
	ck_assert_uint_eq(flags, 3);
	EXCHANGE(0, libiommu_vfio_region_info(&sys, FD, 7, &info), 0x3b6c, 0, sizeof(region),
		 region, region_told, 0);
	ck_assert_uint_eq(info.size, 256);
	ck_assert_uint_eq(info.offset, 7ull << 40);
	ck_assert(!info.parts);
	EXCHANGE(0, libiommu_vfio_region_info(&sys, FD, 7, &info), 0x3b6c, 0, sizeof(region),
		 region, region_parts, 0);
	ck_assert(info.parts);
	EXCHANGE(0, libiommu_vfio_region_info(&sys, FD, 7, &info), 0x3b6c, 0, sizeof(region),
		 region, region_other, 0);
	ck_assert(!info.parts);
	EXCHANGE(0, libiommu_vfio_region_info(&sys, FD, 7, &info), 0x3b6c, 0, sizeof(region),
		 region, region_large, 0);
	ck_assert(info.parts);
	EXCHANGE(0, libiommu_vfio_irq_info(&sys, FD, 1, &flags, &count), 0x3b6d, 0, sizeof(irq),
		 irq, irq_told, 0);
	ck_assert_uint_eq(flags, 9);
	ck_assert_uint_eq(count, 4);
	ck_assert_uint_eq(libiommu_vfio_irq_set_size(2), sizeof(on));
	EXCHANGE(0, libiommu_vfio_irq_eventfds(&sys, FD, 2, fds, 2, buffer), 0x3b6e, 0, sizeof(on),
		 on, NULL, 0);
	EXCHANGE(0, libiommu_vfio_irq_disable(&sys, FD, 2), 0x3b6e, 0, sizeof(off), off, NULL, 0);
	EXCHANGE(0, libiommu_vfio_irq_unmask(&sys, FD, 0), 0x3b6e, 0, sizeof(unmask), unmask, NULL,
		 0);
}
END_TEST

static void put_header(char *reply, size_t at, uint16_t id, uint32_t next)
{
	const struct vfio_info_cap_header header = { .id = id, .version = 1, .next = next };

	memcpy(reply + at, &header, sizeof(header));
}

START_TEST(chains)
{
	char *reply = calloc(1, 64);

	put_header(reply, 24, 2, 40);
	put_header(reply, 40, 3, 56);
	put_header(reply, 56, 1, 0);
	ck_assert_uint_eq(libiommu_vfio_capability(reply, 64, 24, 2, 16), 24);
	ck_assert_uint_eq(libiommu_vfio_capability(reply, 64, 24, 1, 8), 56);
	ck_assert_uint_eq(libiommu_vfio_capability(reply, 64, 24, 1, 9), 0);
	ck_assert_uint_eq(libiommu_vfio_capability(reply, 64, 24, 9, 8), 0);
	ck_assert_uint_eq(libiommu_vfio_capability(reply, 64, 0, 2, 8), 0);
	/* Beyond the end, cut by it, and around the end of the numbers. */
	ck_assert_uint_eq(libiommu_vfio_capability(reply, 64, 64, 0, 8), 0);
	ck_assert_uint_eq(libiommu_vfio_capability(reply, 64, 57, 0, 8), 0);
	ck_assert_uint_eq(libiommu_vfio_capability(reply, 64, UINT32_MAX, 0, 8), 0);
	/* A loop of two, and of one. */
	put_header(reply, 40, 3, 24);
	ck_assert_uint_eq(libiommu_vfio_capability(reply, 64, 24, 1, 8), 0);
	put_header(reply, 40, 3, 40);
	ck_assert_uint_eq(libiommu_vfio_capability(reply, 64, 24, 1, 8), 0);
	free(reply);
}
END_TEST

/* A reply with the capabilities that a kernel gives, in its order. */
static void fill_reply(char *reply, uint32_t ranges)
{
	const struct vfio_iommu_type1_info info = {
		.flags = VFIO_IOMMU_INFO_PGSIZES | VFIO_IOMMU_INFO_CAPS,
		.iova_pgsizes = 0x201000,
		.cap_offset = 24,
	};
	const uint64_t values[] = { 0, 0xfedfffff, 0xfef00000, 0x7fffffffff };
	const uint32_t available = 65535;

	memcpy(reply, &info, sizeof(info));
	put_header(reply, 24, VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL, 40);
	memcpy(reply + 32, &available, sizeof(available));
	put_header(reply, 40, VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, 0);
	memcpy(reply + 48, &ranges, sizeof(ranges));
	memcpy(reply + 56, values, sizeof(values));
}

START_TEST(replies)
{
	char *reply = calloc(1, 88);
	uint32_t available = 0;
	size_t at = 0;

	fill_reply(reply, 2);
	ck_assert_uint_eq(libiommu_vfio_info_pages(reply), 0x201000);
	ck_assert(libiommu_vfio_info_available(reply, 88, &available));
	ck_assert_uint_eq(available, 65535);
	ck_assert_int_eq(libiommu_vfio_info_ranges(reply, 88, &at), 2);
	ck_assert_uint_eq(libiommu_vfio_info_range(reply, at, 1).start, 0xfef00000);
	ck_assert_uint_eq(libiommu_vfio_info_range(reply, at, 1).last, 0x7fffffffff);
	ck_assert_int_eq(libiommu_vfio_info_ranges(reply, 87, &at), -EPROTO);
	ck_assert_int_eq(libiommu_vfio_info_ranges(reply, 55, &at), 0);
	ck_assert(!libiommu_vfio_info_available(reply, 35, &available));
	fill_reply(reply, 3);
	ck_assert_int_eq(libiommu_vfio_info_ranges(reply, 88, &at), -EPROTO);
	fill_reply(reply, UINT32_MAX);
	ck_assert_int_eq(libiommu_vfio_info_ranges(reply, 88, &at), -EPROTO);
	fill_reply(reply, 0);
	ck_assert_int_eq(libiommu_vfio_info_ranges(reply, 88, &at), -EPROTO);
	memset(reply + 4, 0, 4);
	ck_assert_int_eq(libiommu_vfio_info_ranges(reply, 88, &at), 0);
	ck_assert_uint_eq(libiommu_vfio_info_pages(reply), 0);
	free(reply);
}
END_TEST

/* Whatever the bytes are: inside, and an end. The buffer is exact, for the sanitizers. */
START_TEST(garbage)
{
	uint32_t available;
	int64_t count;
	size_t at;

	srand(1);
	for (unsigned int round = 0; round < 200000; round++) {
		size_t size = 24 + (size_t)(rand() % 96);
		unsigned char *reply = malloc(size);

		for (size_t i = 0; i < size; i++)
			reply[i] = (unsigned char)(rand() % 3 ? rand() % 4 : rand());
		reply[16] = (unsigned char)(rand() % 128);
		memset(reply + 17, 0, 3);
		libiommu_vfio_info_available(reply, size, &available);
		count = libiommu_vfio_info_ranges(reply, size, &at);
		for (size_t i = 0; count > 0 && i < (size_t)count; i++)
			libiommu_vfio_info_range(reply, at, i);
		free(reply);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { numbers,    containers, groups,  devices,
				       hot_resets, chains,     replies, garbage };
	Suite *suite = suite_create("vfio-uapi");
	TCase *tc = tcase_create("vfio-uapi");

	tcase_add_checked_fixture(tc, set_up, NULL);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_test(tc, tests[i]);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
