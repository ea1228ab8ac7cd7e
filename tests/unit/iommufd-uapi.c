/* SPDX-License-Identifier: BSD-2-Clause */
/* One function per ioctl: the bytes that go out, and what becomes of the reply. */
#include "backends/iommufd/uapi.h"
#include "tests/unit/run.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FD 17

/* One exchange: what must be asked, and what is answered. */
static struct {
	unsigned long request;
	int result;
	size_t size;
	const void *asked, *reply; /* NULL: nothing is written back */
	unsigned int left;
} expected;

static int scripted(void *data, int fd, unsigned long request, void *argument)
{
	ck_assert_ptr_null(data);
	ck_assert_int_eq(fd, FD);
	ck_assert_uint_eq(expected.left, 1);
	expected.left = 0;
	ck_assert_uint_eq(request, expected.request);
	ck_assert_mem_eq(argument, expected.asked, expected.size);
	if (expected.reply)
		memcpy(argument, expected.reply, expected.size);
	return expected.result;
}

static const struct libiommu_sys *expect(unsigned long request, int result, size_t size,
					 const void *asked, const void *reply)
{
	static struct libiommu_sys sys;

	sys.size = sizeof(sys);
	sys.ioctl = scripted;
	expected.request = request;
	expected.result = result;
	expected.size = size;
	expected.asked = asked;
	expected.reply = reply;
	expected.left = 1;
	return &sys;
}

#define EXPECT(request, result, asked, reply) \
	expect(request, result, sizeof(asked), &(asked), reply)

START_TEST(known)
{
	const struct {
		uint32_t size, impossible;
		uint32_t zeros[10];
	} asked = { .size = 48, .impossible = UINT32_MAX };

	ck_assert_int_eq(libiommu_iommufd_known(EXPECT(0x3b8f, -EOPNOTSUPP, asked, NULL), FD,
						IOMMU_IOAS_MAP_FILE),
			 0);
	ck_assert_int_eq(
		libiommu_iommufd_known(EXPECT(0x3b80, -ENOENT, asked, NULL), FD, IOMMU_DESTROY), 0);
	ck_assert_int_eq(
		libiommu_iommufd_known(EXPECT(0x3b89, -ENOTTY, asked, NULL), FD, IOMMU_HWPT_ALLOC),
		-ENOTTY);
}
END_TEST

START_TEST(objects)
{
	const uint32_t destroy[] = { 8, 7 }, alloc[] = { 12, 0, 0 }, allocated[] = { 12, 0, 9 };
	const struct iommu_hwpt_alloc hwpt = { .size = 48, .flags = 2, .dev_id = 3, .pt_id = 4 };
	struct iommu_hwpt_alloc made = hwpt;
	uint32_t id = 0;

	ck_assert_int_eq(libiommu_iommufd_destroy(EXPECT(0x3b80, -EBUSY, destroy, NULL), FD, 7),
			 -EBUSY);
	ck_assert_int_eq(libiommu_iommufd_ioas_alloc(EXPECT(0x3b81, 0, alloc, allocated), FD, &id),
			 0);
	ck_assert_uint_eq(id, 9);
	made.out_hwpt_id = 11;
	ck_assert_int_eq(
		libiommu_iommufd_hwpt_alloc(EXPECT(0x3b89, 0, hwpt, &made), FD, 2, 3, 4, &id), 0);
	ck_assert_uint_eq(id, 11);
}
END_TEST

START_TEST(ranges)
{
	struct iommu_iova_range room[2] = { { 1, 2 }, { 3, UINT64_MAX } };
	const struct iommu_ioas_iova_ranges asked = {
		.size = 32, .ioas_id = 5, .num_iovas = 2, .allowed_iovas = (uintptr_t)room
	};
	struct iommu_ioas_iova_ranges reply = asked;
	uint64_t alignment = 0;
	uint32_t count = 2;

	reply.num_iovas = 7;
	reply.out_iova_alignment = 2048;
	ck_assert_int_eq(libiommu_iommufd_ioas_ranges(EXPECT(0x3b84, -EMSGSIZE, asked, &reply), FD,
						      5, room, &count, &alignment),
			 -EMSGSIZE);
	ck_assert_uint_eq(count, 7);
	ck_assert_uint_eq(alignment, 2048);
	ck_assert_uint_eq(libiommu_iommufd_ranges_size(2), sizeof(room));
	ck_assert_uint_eq(libiommu_iommufd_range(room, 1).start, 3);
	ck_assert_uint_eq(libiommu_iommufd_range(room, 1).last, UINT64_MAX);
}
END_TEST

START_TEST(maps)
{
	char memory[1] = { 0 };
	const struct iommu_ioas_map map = { .size = 40,
					    .flags = 5,
					    .ioas_id = 6,
					    .user_va = (uintptr_t)memory,
					    .length = 0x2000,
					    .iova = 0x1000 };
	const struct iommu_ioas_map_file file = { .size = 40,
						  .flags = 7,
						  .ioas_id = 6,
						  .fd = 8,
						  .start = 0x3000,
						  .length = 0x2000,
						  .iova = 0x1000 };
	const struct iommu_ioas_unmap unmap = {
		.size = 24, .ioas_id = 6, .iova = 0x1000, .length = 0x2000
	};
	struct iommu_ioas_unmap removed = unmap;
	uint64_t length = 1;

	ck_assert_int_eq(libiommu_iommufd_ioas_map(EXPECT(0x3b85, -EEXIST, map, NULL), FD, 6,
						   IOMMU_IOAS_MAP_READABLE, memory, 0x1000, 0x2000),
			 -EEXIST);
	ck_assert_int_eq(
		libiommu_iommufd_ioas_map_file(EXPECT(0x3b8f, 0, file, NULL), FD, 6,
					       IOMMU_IOAS_MAP_READABLE | IOMMU_IOAS_MAP_WRITEABLE,
					       8, 0x3000, 0x1000, 0x2000),
		0);
	removed.length = 0x1000;
	ck_assert_int_eq(libiommu_iommufd_ioas_unmap(EXPECT(0x3b86, 0, unmap, &removed), FD, 6,
						     0x1000, 0x2000, &length),
			 0);
	ck_assert_uint_eq(length, 0x1000);
	/* The kernel does not write it back, so nothing is known. */
	ck_assert_int_eq(libiommu_iommufd_ioas_unmap(EXPECT(0x3b86, -ENOENT, unmap, NULL), FD, 6,
						     0x1000, 0x2000, &length),
			 -ENOENT);
	ck_assert_uint_eq(length, 0);
}
END_TEST

START_TEST(devices)
{
	/* Without what older kernels do not know. */
	const uint32_t bind[] = { 16, 0, 9, 0 }, bound[] = { 16, 0, 9, 4 };
	const uint32_t attach[] = { 12, 0, 5 }, attached[] = { 12, 0, 6 }, detach[] = { 8, 0 };
	const unsigned char token[16] = { 1 };
	const struct vfio_device_bind_iommufd with_token = {
		.argsz = 24, .flags = 1, .iommufd = 9, .token_uuid_ptr = (uintptr_t)token
	};
	uint32_t id = 0;

	ck_assert_int_eq(
		libiommu_iommufd_device_bind(EXPECT(0x3b76, 0, bind, bound), FD, 9, NULL, &id), 0);
	ck_assert_uint_eq(id, 4);
	ck_assert_int_eq(libiommu_iommufd_device_bind(EXPECT(0x3b76, -EACCES, with_token, NULL), FD,
						      9, token, &id),
			 -EACCES);
	id = 5;
	ck_assert_int_eq(
		libiommu_iommufd_device_attach(EXPECT(0x3b77, -EINVAL, attach, attached), FD, &id),
		-EINVAL);
	ck_assert_uint_eq(id, 5);
	ck_assert_int_eq(
		libiommu_iommufd_device_attach(EXPECT(0x3b77, 0, attach, attached), FD, &id), 0);
	ck_assert_uint_eq(id, 6);
	ck_assert_int_eq(libiommu_iommufd_device_detach(EXPECT(0x3b78, 0, detach, NULL), FD), 0);
}
END_TEST

/* An IOMMU of some type with so much to tell, all of it ones. */
static struct iommu_hw_info told;

static int tell(void *data, int fd, unsigned long request, void *argument)
{
	struct iommu_hw_info *info = argument;

	(void)data;
	ck_assert_int_eq(fd, FD);
	ck_assert_uint_eq(request, 0x3b8a);
	ck_assert_uint_eq(info->size, 40);
	ck_assert_uint_eq(info->flags, 0);
	ck_assert_uint_eq(info->dev_id, 7);
	ck_assert_uint_eq(info->data_len, 24);
	ck_assert_uint_eq(info->out_data_type, 0);
	memset((void *)(uintptr_t)info->data_uptr, 0xff,
	       told.data_len < info->data_len ? told.data_len : info->data_len);
	info->data_len = told.data_len;
	info->out_data_type = told.out_data_type;
	info->out_max_pasid_log2 = told.out_max_pasid_log2;
	info->out_capabilities = told.out_capabilities;
	return told.flags ? -EOPNOTSUPP : 0;
}

START_TEST(hardware)
{
	const struct libiommu_sys sys = { .size = sizeof(sys), .ioctl = tell };
	struct libiommu_iommufd_hw hw = { .type = 99 };

	told = (struct iommu_hw_info){ .flags = 1 };
	ck_assert_int_eq(libiommu_iommufd_hw_info(&sys, FD, 7, &hw), -EOPNOTSUPP);
	ck_assert_uint_eq(hw.type, 99);
	told = (struct iommu_hw_info){
		.data_len = 24, .out_data_type = 1, .out_max_pasid_log2 = 20, .out_capabilities = 9
	};
	ck_assert_int_eq(libiommu_iommufd_hw_info(&sys, FD, 7, &hw), 0);
	ck_assert_uint_eq(hw.type, 1);
	ck_assert_uint_eq(hw.pasid_bits, 20);
	ck_assert_uint_eq(hw.capabilities, 9);
	ck_assert(hw.has_ecap);
	ck_assert_uint_eq(hw.ecap, UINT64_MAX);
	/* A shorter answer has no such register, and another type has others there. */
	told.data_len = 16;
	ck_assert_int_eq(libiommu_iommufd_hw_info(&sys, FD, 7, &hw), 0);
	ck_assert(!hw.has_ecap);
	told.data_len = 40;
	told.out_data_type = 2;
	ck_assert_int_eq(libiommu_iommufd_hw_info(&sys, FD, 7, &hw), 0);
	ck_assert(!hw.has_ecap);
}
END_TEST

START_TEST(nesting)
{
	const struct iommu_hwpt_vtd_s1 stage = { .flags = 1,
						 .pgtbl_addr = 0x1000,
						 .addr_width = 48 };
	const struct libiommu_iommufd_hwpt_ask ask = {
		.flags = IOMMU_HWPT_FAULT_ID_VALID | IOMMU_HWPT_ALLOC_PASID,
		.device = 3,
		.parent = 4,
		.fault = 5,
		.data_type = IOMMU_HWPT_DATA_VTD_S1,
		.data_size = sizeof(stage),
		.data = &stage,
	};
	const struct iommu_hwpt_alloc asked = { .size = 48,
						.flags = 12,
						.dev_id = 3,
						.pt_id = 4,
						.data_type = 1,
						.data_len = 24,
						.data_uptr = (uintptr_t)&stage,
						.fault_id = 5 };
	struct iommu_hwpt_alloc made = asked;
	uint32_t id = 0;

	made.out_hwpt_id = 6;
	ck_assert_int_eq(libiommu_iommufd_hwpt_make(EXPECT(0x3b89, 0, asked, &made), FD, &ask, &id),
			 0);
	ck_assert_uint_eq(id, 6);
	ck_assert_int_eq(
		libiommu_iommufd_hwpt_make(EXPECT(0x3b89, -EOPNOTSUPP, asked, NULL), FD, &ask, &id),
		-EOPNOTSUPP);
}
END_TEST

START_TEST(invalidation)
{
	const struct iommu_hwpt_vtd_s1_invalidate commands[3] = { { .addr = 0x1000 } };
	const struct iommu_hwpt_invalidate asked = { .size = 32,
						     .hwpt_id = 6,
						     .data_uptr = (uintptr_t)commands,
						     .entry_len = 24,
						     .entry_num = 3 };
	struct iommu_hwpt_invalidate reply = asked;
	uint32_t done = 3;

	ck_assert_int_eq(libiommu_iommufd_invalidate(EXPECT(0x3b8d, 0, asked, &reply), FD, 6, 0,
						     commands, 24, &done),
			 0);
	ck_assert_uint_eq(done, 3);
	/* Some of them, and why not the others. */
	reply.entry_num = 1;
	ck_assert_int_eq(libiommu_iommufd_invalidate(EXPECT(0x3b8d, -EINVAL, asked, &reply), FD, 6,
						     0, commands, 24, &done),
			 -EINVAL);
	ck_assert_uint_eq(done, 1);
	/* Whoever refuses the call as such writes nothing. */
	done = 3;
	ck_assert_int_eq(libiommu_iommufd_invalidate(EXPECT(0x3b8d, -ENOTTY, asked, NULL), FD, 6, 0,
						     commands, 24, &done),
			 -ENOTTY);
	ck_assert_uint_eq(done, 0);
}
END_TEST

START_TEST(pasids)
{
	const uint32_t attach[] = { 16, 1, 5, 77 }, attached[] = { 16, 1, 6, 77 };
	const uint32_t detach[] = { 12, 1, 77 };
	uint32_t id = 5;

	ck_assert_int_eq(libiommu_iommufd_pasid_attach(EXPECT(0x3b77, -EINVAL, attach, attached),
						       FD, 77, &id),
			 -EINVAL);
	ck_assert_uint_eq(id, 5);
	ck_assert_int_eq(
		libiommu_iommufd_pasid_attach(EXPECT(0x3b77, 0, attach, attached), FD, 77, &id), 0);
	ck_assert_uint_eq(id, 6);
	ck_assert_int_eq(libiommu_iommufd_pasid_detach(EXPECT(0x3b78, 0, detach, NULL), FD, 77), 0);
}
END_TEST

static unsigned char stream[80];
static int64_t streamed;

static int64_t read_stream(void *data, int fd, void *buffer, size_t length)
{
	(void)data;
	ck_assert_int_eq(fd, FD);
	ck_assert_uint_eq(length, sizeof(stream));
	memcpy(buffer, stream, sizeof(stream));
	return streamed;
}

static int64_t write_stream(void *data, int fd, const void *buffer, size_t length)
{
	const uint32_t refusal[] = { 9, 1 }, success[] = { 8, 0 };

	(void)data;
	ck_assert_int_eq(fd, FD);
	ck_assert_uint_eq(length, 8);
	ck_assert_mem_eq(buffer, streamed == -EINVAL ? refusal : success, 8);
	return streamed;
}

START_TEST(faults)
{
	const struct libiommu_sys sys = { .size = sizeof(sys),
					  .read = read_stream,
					  .write = write_stream };
	const uint32_t asked[] = { 16, 0, 0, 0 }, made[] = { 16, 0, 3, 21 };
	const struct iommu_hwpt_pgfault records[2] = {
		{ .flags = 1, .dev_id = 2, .pasid = 3, .grpid = 4, .perm = 5, .addr = 6 },
		{ .flags = 2, .dev_id = 2, .length = 7, .cookie = 8 },
	};
	struct libiommu_iommufd_fault fault;
	_Alignas(8) char buffer[80];
	uint32_t id = 0;
	int fd = -1;

	ck_assert_int_eq(libiommu_iommufd_fault_alloc(EXPECT(0x3b8e, 0, asked, made), FD, &id, &fd),
			 0);
	ck_assert_uint_eq(id, 3);
	ck_assert_int_eq(fd, 21);
	ck_assert_uint_eq(libiommu_iommufd_faults_size(2), sizeof(stream));
	memcpy(stream, records, sizeof(stream));
	streamed = 80;
	ck_assert_int_eq(libiommu_iommufd_fault_read(&sys, FD, buffer, 2), 2);
	fault = libiommu_iommufd_fault(buffer, 0);
	ck_assert(fault.has_pasid && !fault.last && fault.device == 2 && fault.pasid == 3);
	ck_assert(fault.group == 4 && fault.access == 5 && fault.address == 6 && !fault.cookie);
	fault = libiommu_iommufd_fault(buffer, 1);
	ck_assert(!fault.has_pasid && fault.last && fault.length == 7 && fault.cookie == 8);
	streamed = -EINVAL;
	ck_assert_int_eq(libiommu_iommufd_fault_read(&sys, FD, buffer, 2), -EINVAL);
	/* No kernel does these. */
	streamed = 41;
	ck_assert_int_eq(libiommu_iommufd_fault_read(&sys, FD, buffer, 2), -EPROTO);
	streamed = 120;
	ck_assert_int_eq(libiommu_iommufd_fault_read(&sys, FD, buffer, 2), -EPROTO);
	streamed = 8;
	ck_assert_int_eq(libiommu_iommufd_fault_answer(&sys, FD, 8, true), 0);
	streamed = 4;
	ck_assert_int_eq(libiommu_iommufd_fault_answer(&sys, FD, 8, true), -EPROTO);
	streamed = -EINVAL;
	ck_assert_int_eq(libiommu_iommufd_fault_answer(&sys, FD, 9, false), -EINVAL);
}
END_TEST

/* Some bytes of what the driver tells, and how many there are. */
static int tell_raw(void *data, int fd, unsigned long request, void *argument)
{
	struct iommu_hw_info *info = argument;

	(void)data;
	ck_assert_int_eq(fd, FD);
	ck_assert_uint_eq(request, 0x3b8a);
	ck_assert_uint_eq(info->dev_id, 7);
	if (told.flags)
		return -ENOENT;
	memset((void *)(uintptr_t)info->data_uptr, 0x5a, info->data_len);
	info->data_len = 40;
	info->out_data_type = IOMMU_HW_INFO_TYPE_ARM_SMMUV3;
	return 0;
}

START_TEST(raw_hardware)
{
	const struct libiommu_sys sys = { .size = sizeof(sys), .ioctl = tell_raw };
	const unsigned char there[4] = { 0x5a, 0x5a, 0x5a, 0x5a };
	unsigned char data[4] = { 0 };
	uint32_t type = 0, size = sizeof(data);

	told = (struct iommu_hw_info){ 0 };
	ck_assert_int_eq(libiommu_iommufd_hw_data(&sys, FD, 7, &type, data, &size), 0);
	ck_assert_uint_eq(type, 2);
	ck_assert_uint_eq(size, 40);
	ck_assert_mem_eq(data, there, 4);
	told.flags = 1;
	size = 1;
	ck_assert_int_eq(libiommu_iommufd_hw_data(&sys, FD, 7, &type, data, &size), -ENOENT);
	ck_assert_uint_eq(size, 1);
}
END_TEST

/* The kernel's struct for test devices has a member more than the public one; the others are the same. */
START_TEST(stages)
{
	const struct libiommu_stage1_selftest selftest = { .iotlb = 0x1234 };
	const struct libiommu_stage1_vtd vtd = { .root = 0x1000 };
	struct libiommu_iommufd_hwpt_ask ask = { .data_type = IOMMU_HWPT_DATA_SELFTEST,
						 .data_size = sizeof(selftest),
						 .data = &selftest };
	union libiommu_iommufd_stage1 own;

	memset(&own, 0xff, sizeof(own));
	libiommu_iommufd_stage1(&ask, &own);
	ck_assert_ptr_eq(ask.data, &own);
	ck_assert_uint_eq(ask.data_size, 8);
	ck_assert_uint_eq(own.selftest.iotlb, 0x1234);
	ck_assert_uint_eq(own.selftest.pagetable_type, 0);
	/* What is longer is the kernel's to judge. */
	ask.data = &selftest;
	ask.data_size = 12;
	libiommu_iommufd_stage1(&ask, &own);
	ck_assert_ptr_eq(ask.data, &selftest);
	ask.data_type = IOMMU_HWPT_DATA_VTD_S1;
	ask.data = &vtd;
	ask.data_size = sizeof(selftest);
	libiommu_iommufd_stage1(&ask, &own);
	ck_assert_ptr_eq(ask.data, &vtd);
	ck_assert_uint_eq(ask.data_size, sizeof(selftest));
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { known,   ranges,   maps,         devices,
				       objects, hardware, nesting,      invalidation,
				       pasids,  faults,   raw_hardware, stages };
	Suite *suite = suite_create("iommufd-uapi");
	TCase *tc = tcase_create("iommufd-uapi");

	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_test(tc, tests[i]);
	suite_add_tcase(suite, tc);
	return run_suite(suite);
}
