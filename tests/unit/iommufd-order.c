/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The kernel of tests/fake refuses in the order of Linux 7.2: of two mistakes in a call the one that the
 * kernel looks at first. The other tests stand on that.
 */
#include "tests/unit/iommufd-stages.h"

static int iommufd, node;
static uint32_t device, space, parent, plain;

static int call(int fd, unsigned long request, void *argument)
{
	return sys()->ioctl(sys()->data, fd, request, argument);
}

static int alloc(struct iommu_hwpt_alloc *argument)
{
	argument->size = sizeof(*argument);
	return call(iommufd, IOMMU_HWPT_ALLOC, argument);
}

static uint32_t table_with(uint32_t flags)
{
	struct iommu_hwpt_alloc argument = { .flags = flags, .dev_id = device, .pt_id = space };

	OK(alloc(&argument));
	return argument.out_hwpt_id;
}

static void start_raw(void)
{
	libiommu_ctx_free(ctx);
	ctx = NULL;
	fake_kernel_set(kernel, FAKE_PASID_BITS, 4);
	fake_kernel_set(kernel, FAKE_NESTING, 1);
	iommufd = sys()->open(sys()->data, "/dev/iommu", O_RDWR);
	node = sys()->open(sys()->data, "/dev/vfio/devices/vfio0", O_RDWR);
	OK(libiommu_iommufd_device_bind(sys(), node, iommufd, NULL, &device));
	OK(libiommu_iommufd_ioas_alloc(sys(), iommufd, &space));
	parent = table_with(IOMMU_HWPT_ALLOC_NEST_PARENT | IOMMU_HWPT_ALLOC_PASID);
	plain = table_with(0);
}

static void end_raw(void)
{
	OK(sys()->close(sys()->data, node));
	OK(sys()->close(sys()->data, iommufd));
}

static const struct iommu_hwpt_vtd_s1 stage1 = { .addr_width = 48 };

#define ALLOC(code, ...)                                             \
	do {                                                         \
		struct iommu_hwpt_alloc argument_ = { __VA_ARGS__ }; \
		ck_assert_int_eq(alloc(&argument_), code);           \
	} while (0)
#define DATA                                                             \
	.data_type = IOMMU_HWPT_DATA_VTD_S1, .data_len = sizeof(stage1), \
	.data_uptr = (uintptr_t)&stage1

START_TEST(tables)
{
	unsigned int objects;

	start_raw();
	objects = fake_kernel_objects(kernel, A);
	ALLOC(-EOPNOTSUPP, .reserved = 1, .data_len = 1);
	ALLOC(-EINVAL, .data_len = 1, .dev_id = 99);
	ALLOC(-EINVAL, .data_type = 1, .dev_id = 99);
	ALLOC(-ENOENT, .dev_id = 99, .pt_id = 99);
	ALLOC(-EINVAL, .dev_id = device, .pt_id = 99, .flags = 1u << 31);
	ALLOC(-EINVAL, .dev_id = device, .pt_id = device);
	ALLOC(-EOPNOTSUPP, .dev_id = device, .pt_id = space, .flags = 1u << 31);
	ALLOC(-EOPNOTSUPP, .dev_id = device, .pt_id = space,
	      .flags = IOMMU_HWPT_ALLOC_DIRTY_TRACKING);
	ALLOC(-EOPNOTSUPP, .dev_id = device, .pt_id = space,
	      .flags = IOMMU_HWPT_ALLOC_NEST_PARENT | IOMMU_HWPT_FAULT_ID_VALID, .fault_id = 99);
	ALLOC(-ENOENT, .dev_id = device, .pt_id = space, .flags = IOMMU_HWPT_FAULT_ID_VALID,
	      .fault_id = 99);
	ALLOC(-EOPNOTSUPP, .dev_id = device, .pt_id = parent);
	ALLOC(-EOPNOTSUPP, .dev_id = device, .pt_id = plain, DATA,
	      .flags = IOMMU_HWPT_ALLOC_NEST_PARENT);
	ALLOC(-EINVAL, .dev_id = device, .pt_id = plain, DATA);
	ALLOC(-EOPNOTSUPP, .dev_id = device, .pt_id = parent, .data_type = 77, .data_len = 1);
	ALLOC(-EINVAL, .dev_id = device, .pt_id = parent, .data_type = 1, .data_len = 8);
	ALLOC(-ENOENT, .dev_id = device, .pt_id = parent, DATA, .flags = IOMMU_HWPT_FAULT_ID_VALID,
	      .fault_id = 99);
	ck_assert_uint_eq(fake_kernel_objects(kernel, A), objects);
	ALLOC(0, .dev_id = device, .pt_id = parent, DATA);
	ck_assert_int_eq(libiommu_iommufd_destroy(sys(), iommufd, parent), -EBUSY);
	end_raw();
}
END_TEST

static int invalidate(struct iommu_hwpt_invalidate *argument)
{
	argument->size = sizeof(*argument);
	return call(iommufd, IOMMU_HWPT_INVALIDATE, argument);
}

#define INVALIDATE(code, done, ...)                                       \
	do {                                                              \
		struct iommu_hwpt_invalidate argument_ = { __VA_ARGS__ }; \
		ck_assert_int_eq(invalidate(&argument_), code);           \
		ck_assert_uint_eq(argument_.entry_num, done);             \
	} while (0)

/* How many are done is written back whatever comes of it. */
START_TEST(invalidations)
{
	const struct iommu_hwpt_vtd_s1_invalidate list[3] = { { 0 }, { .flags = 8 }, { 0 } };
	const uintptr_t at = (uintptr_t)list;
	struct iommu_hwpt_alloc nested;

	start_raw();
	nested = (struct iommu_hwpt_alloc){ .dev_id = device, .pt_id = parent, DATA };
	OK(alloc(&nested));
	INVALIDATE(-EOPNOTSUPP, 0, .reserved = 1, .entry_num = 1);
	INVALIDATE(-EINVAL, 0, .hwpt_id = 99, .entry_num = 1, .entry_len = 24);
	INVALIDATE(-EINVAL, 0, .hwpt_id = 99, .entry_num = 1, .data_uptr = at);
	INVALIDATE(-EINVAL, 0, .hwpt_id = 99, .entry_num = 1, .entry_len = 4097, .data_uptr = at);
	INVALIDATE(-EINVAL, 0, .hwpt_id = 99, .entry_num = (1u << 19) + 1, .entry_len = 24,
		   .data_uptr = at);
	INVALIDATE(-ENOENT, 0, .hwpt_id = 99, .entry_num = 1, .entry_len = 24, .data_uptr = at);
	INVALIDATE(-EINVAL, 0, .hwpt_id = parent, .entry_num = 1, .entry_len = 24, .data_uptr = at);
	INVALIDATE(-EINVAL, 0, .hwpt_id = nested.out_hwpt_id, .data_type = 5);
	INVALIDATE(0, 0, .hwpt_id = nested.out_hwpt_id);
	INVALIDATE(-EOPNOTSUPP, 1, .hwpt_id = nested.out_hwpt_id, .entry_num = 3, .entry_len = 24,
		   .data_uptr = at);
	end_raw();
}
END_TEST

static int attach(uint32_t pasid, uint32_t pt)
{
	return libiommu_iommufd_pasid_attach(sys(), node, pasid, &pt);
}

START_TEST(pasids)
{
	uint32_t id;

	start_raw();
	ck_assert_int_eq(attach(1, 99), -ENOENT);
	ck_assert_int_eq(attach(1, space), -EINVAL);
	ck_assert_int_eq(attach(1, plain), -EINVAL);
	ck_assert_int_eq(attach(0, parent), -EINVAL);
	ck_assert_int_eq(attach(16, parent), -EINVAL);
	id = plain;
	OK(libiommu_iommufd_device_attach(sys(), node, &id));
	ck_assert_int_eq(attach(1, parent), -EINVAL);
	id = parent;
	OK(libiommu_iommufd_device_attach(sys(), node, &id));
	OK(attach(1, parent));
	id = plain;
	ck_assert_int_eq(libiommu_iommufd_device_attach(sys(), node, &id), -EINVAL);
	OK(libiommu_iommufd_pasid_detach(sys(), node, 2));
	OK(libiommu_iommufd_pasid_detach(sys(), node, 1));
	id = plain;
	OK(libiommu_iommufd_device_attach(sys(), node, &id));
	end_raw();
}
END_TEST

/* Two answers in one write: the first is taken before the second is found bad. */
START_TEST(queues)
{
	struct iommu_fault_alloc queue = { .size = sizeof(queue), .flags = 1 };
	const struct fake_pages two = { 1, 1, 2, 0x1000 }, one = { 2, 1, 1, 0x9000 };
	struct iommu_hwpt_page_response answers[2] = { { .cookie = 1 }, { .cookie = 9 } };
	struct iommu_hwpt_alloc table_ = { 0 };
	struct iommu_hwpt_pgfault records[4];
	int fd;

	start_raw();
	ck_assert_int_eq(call(iommufd, IOMMU_FAULT_QUEUE_ALLOC, &queue), -EOPNOTSUPP);
	queue.flags = 0;
	OK(call(iommufd, IOMMU_FAULT_QUEUE_ALLOC, &queue));
	fd = (int)queue.out_fault_fd;
	table_ = (struct iommu_hwpt_alloc){ .dev_id = device,
					    .pt_id = space,
					    .flags = IOMMU_HWPT_FAULT_ID_VALID,
					    .fault_id = queue.out_fault_id };
	OK(alloc(&table_));
	ck_assert_int_eq(fake_kernel_ask_pages(kernel, A, 0, &two), -ENODEV);
	OK(libiommu_iommufd_device_attach(sys(), node, &table_.out_hwpt_id));
	ck_assert_int_eq(sys()->read(sys()->data, fd, records, 41), -ESPIPE);
	ck_assert_int_eq(sys()->read(sys()->data, fd, records, 80), 0);
	ck_assert_int_eq(sys()->poll(sys()->data, fd), 0);
	OK(fake_kernel_ask_pages(kernel, A, 0, &two));
	OK(fake_kernel_ask_pages(kernel, A, 0, &one));
	ck_assert_int_eq(sys()->poll(sys()->data, fd), 1);
	ck_assert_int_eq(sys()->read(sys()->data, fd, records, 40), -EINVAL);
	ck_assert_int_eq(sys()->read(sys()->data, fd, records, 80), 80);
	ck_assert(records[0].cookie == records[1].cookie && records[1].flags == 2);
	ck_assert_int_eq(sys()->read(sys()->data, fd, records, 160), 40);
	ck_assert_int_eq(sys()->write(sys()->data, fd, answers, 7), -ESPIPE);
	ck_assert_int_eq(sys()->write(sys()->data, fd, &answers[1], 8), -EINVAL);
	ck_assert_int_eq(sys()->write(sys()->data, fd, answers, 16), 8);
	ck_assert_uint_eq(fake_kernel_answers(kernel, A, true), 1);
	OK(libiommu_iommufd_device_detach(sys(), node));
	ck_assert_uint_eq(fake_kernel_answers(kernel, A, false), 2);
	OK(libiommu_iommufd_destroy(sys(), iommufd, table_.out_hwpt_id));
	ck_assert_int_eq(libiommu_iommufd_destroy(sys(), iommufd, queue.out_fault_id), -EBUSY);
	OK(sys()->close(sys()->data, fd));
	OK(libiommu_iommufd_destroy(sys(), iommufd, queue.out_fault_id));
	end_raw();
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { tables, invalidations, pasids, queues };

	return run("iommufd-order", tests, sizeof(tests) / sizeof(tests[0]));
}
