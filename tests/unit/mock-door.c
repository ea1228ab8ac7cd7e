/* SPDX-License-Identifier: BSD-2-Clause */
/* mock.h through the public interface. */
#include "tests/unit/mock-rig.h"

#include <libiommu/mock.h>

#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define IOVA UINT64_C(0x40000000)

static struct libiommu_ctx *ctx;
static struct libiommu_device *dev;
static struct libiommu_endpoint *ep;
static struct libiommu_domain *dom;
static unsigned char *memory;

static void start(const struct libiommu_ctx_options *opts)
{
	struct libiommu_ctx_options usual = LIBIOMMU_CTX_OPTIONS_INIT;

	usual.backend = "mock";
	memory = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert_int_eq(libiommu_ctx_new(opts ? opts : &usual, &ctx, NULL), 0);
	ck_assert_int_eq(libiommu_device_open(ctx, "0000:00:03.0", &dev, NULL), 0);
	ep = libiommu_device_endpoint(dev);
	ck_assert_int_eq(libiommu_domain_new(ctx, NULL, &dom, NULL), 0);
	ck_assert_int_eq(
		libiommu_domain_map(dom, IOVA, libiommu_source_memory(memory), 4 * PAGE, RW, NULL),
		0);
	ck_assert_int_eq(libiommu_endpoint_attach(ep, dom, NULL), 0);
}

static void stop(void)
{
	libiommu_ctx_free(ctx);
	munmap(memory, 4 * PAGE);
}

static void is(struct libiommu_error *err, enum libiommu_reason reason, const char *subject)
{
	ck_assert_int_eq(libiommu_error_reason(err), reason);
	ck_assert_str_eq(libiommu_error_subject(err), subject);
	libiommu_error_free(err);
}

START_TEST(dma_moves_bytes_and_names_its_fault)
{
	struct libiommu_mock_fault fault = LIBIOMMU_MOCK_FAULT_INIT;
	struct libiommu_error *err;
	unsigned char buffer[8192];
	uint64_t expected = 0;

	start(NULL);
	memset(buffer, 6, sizeof(buffer));
	ck_assert_int_eq(libiommu_mock_dma_write(ep, IOVA + 1, buffer, sizeof(buffer), &err), 0);
	ck_assert_int_eq(memory[0], 0);
	ck_assert_int_eq(memory[8192], 6);
	ck_assert_int_eq(memory[8193], 0);
	memory[3 * PAGE] = 8;
	ck_assert_int_eq(libiommu_mock_dma_read(ep, IOVA + 3 * PAGE, buffer, sizeof(buffer), &err),
			 -EFAULT);
	is(err, LIBIOMMU_REASON_DMA_FAULT, "0x40004000");
	ck_assert_int_eq(buffer[0], 8);
	ck_assert_int_eq(buffer[4095], 0);
	ck_assert_int_eq(buffer[4096], 6);
	ck_assert_int_eq(libiommu_mock_fault_next(ctx, &fault), 0);
	ck_assert_str_eq(fault.device, "0000:00:03.0");
	ck_assert_uint_eq(fault.iova, IOVA + 4 * PAGE);
	ck_assert_uint_eq(fault.access, LIBIOMMU_PROT_READ);
	ck_assert_int_eq(fault.kind, LIBIOMMU_MOCK_FAULT_NOT_MAPPED);
	ck_assert_int_eq(libiommu_mock_fault_next(ctx, &fault), -EAGAIN);
	ck_assert_int_eq(libiommu_mock_dma_read(ep, UINT64_MAX, buffer, 0, &err), 0);
	memset(memory, 0, 8);
	ck_assert_int_eq(libiommu_mock_dma_cas(ep, IOVA, 8, &expected, 5, &err), 0);
	ck_assert_uint_eq(expected, 0);
	ck_assert_int_eq(memory[0], 5);
	ck_assert_int_eq(libiommu_mock_dma_cas(ep, IOVA + 4, 8, &expected, 5, &err), -EINVAL);
	is(err, LIBIOMMU_REASON_MISALIGNED, "");
	ck_assert_int_eq(libiommu_mock_dma_cas(ep, IOVA, 2, &expected, 5, &err), -EINVAL);
	is(err, LIBIOMMU_REASON_MISALIGNED, "");
	stop();
}
END_TEST

START_TEST(a_walk_shows_every_level)
{
	struct libiommu_pgtable_walk walk = LIBIOMMU_PGTABLE_WALK_INIT;
	struct libiommu_error *err;
	const char *format;

	start(NULL);
	ck_assert_int_eq(libiommu_mock_walk(ep, IOVA, &walk, &format, &err), 0);
	ck_assert_str_eq(format, "vtd-ss");
	ck_assert_uint_eq(walk.steps, 4);
	ck_assert_int_eq(walk.step[3].kind, LIBIOMMU_PGTABLE_LEAF);
	ck_assert_uint_eq(walk.step[3].next, 0x1000000);
	ck_assert_uint_ge(walk.step[0].table, UINT64_C(1) << 36);
	ck_assert_int_eq(libiommu_mock_walk(ep, UINT64_C(1) << 48, &walk, NULL, &err), -EINVAL);
	ck_assert_int_eq(libiommu_error_reason(err), LIBIOMMU_REASON_OUTSIDE_APERTURE);
	libiommu_error_free(err);
	walk.size = 3;
	ck_assert_int_eq(libiommu_mock_walk(ep, IOVA, &walk, NULL, &err), -EINVAL);
	is(err, LIBIOMMU_REASON_BAD_OPTIONS, "");
	walk.size = sizeof(walk);
	ck_assert_int_eq(libiommu_endpoint_detach(ep, 0, NULL), 0);
	ck_assert_int_eq(libiommu_mock_walk(ep, IOVA, &walk, NULL, &err), -EINVAL);
	is(err, LIBIOMMU_REASON_NOT_ATTACHED, "0000:00:03.0");
	stop();
}
END_TEST

START_TEST(figures_follow_what_happens)
{
	struct libiommu_mock_stats stats = LIBIOMMU_MOCK_STATS_INIT;
	unsigned char byte;

	start(NULL);
	ck_assert_int_eq(libiommu_mock_dma_read(ep, IOVA, &byte, 1, NULL), 0);
	ck_assert_int_eq(libiommu_mock_dma_read(ep, IOVA, &byte, 1, NULL), 0);
	ck_assert_int_eq(libiommu_mock_dma_read(ep, 0, &byte, 1, NULL), -EFAULT);
	ck_assert_int_eq(libiommu_mock_stats(ctx, &stats), 0);
	ck_assert_uint_eq(stats.pinned_pages, 4);
	ck_assert_uint_eq(stats.locked_bytes, 4 * PAGE);
	ck_assert_uint_eq(stats.table_pages, 4);
	ck_assert_uint_eq(stats.address_spaces, 1);
	ck_assert_uint_eq(stats.iotlb_hits, 1);
	ck_assert_uint_eq(stats.iotlb_misses, 2);
	ck_assert_uint_eq(stats.faults, 1);
	ck_assert_uint_eq(stats.faults_dropped, 0);
	ck_assert_int_eq(libiommu_mock_skip_invalidation(ctx, true), 0);
	ck_assert_int_eq(libiommu_domain_unmap_all(dom, NULL, NULL), 0);
	ck_assert_int_eq(libiommu_mock_dma_read(ep, IOVA, &byte, 1, NULL), 0);
	ck_assert_int_eq(libiommu_mock_skip_invalidation(ctx, false), 0);
	ck_assert_int_eq(libiommu_mock_dma_read(ep, IOVA, &byte, 1, NULL), -EFAULT);
	ck_assert_int_eq(libiommu_mock_stats(ctx, &stats), 0);
	ck_assert_uint_eq(stats.pinned_pages, 0);
	stop();
}
END_TEST

static bool fired(int fd)
{
	uint64_t count;

	return read(fd, &count, sizeof(count)) == sizeof(count);
}

START_TEST(owners_want_devices_and_devices_err)
{
	int request = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	int error = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	start(NULL);
	ck_assert_int_eq(libiommu_mock_device_request(ep, NULL), 0);
	ck_assert_int_eq(
		libiommu_interrupt_enable(dev, LIBIOMMU_INTERRUPT_REQUEST, &request, 1, NULL), 0);
	ck_assert_int_eq(libiommu_interrupt_enable(dev, LIBIOMMU_INTERRUPT_ERROR, &error, 1, NULL),
			 0);
	ck_assert(!fired(request));
	ck_assert_int_eq(libiommu_mock_device_request(ep, NULL), 0);
	ck_assert(fired(request));
	ck_assert(!fired(error));
	ck_assert_int_eq(libiommu_mock_device_error(ep, NULL), 0);
	ck_assert(fired(error));
	ck_assert_int_eq(libiommu_interrupt_disable(dev, LIBIOMMU_INTERRUPT_REQUEST, NULL), 0);
	ck_assert_int_eq(libiommu_mock_device_request(ep, NULL), 0);
	ck_assert(!fired(request));
	ck_assert_int_eq(libiommu_mock_device_request(NULL, NULL), -EINVAL);
	stop();
	close(request);
	close(error);
}
END_TEST

START_TEST(another_backend_has_no_such_door)
{
	struct libiommu_mock_fault fault = LIBIOMMU_MOCK_FAULT_INIT;
	struct libiommu_mock_stats stats = LIBIOMMU_MOCK_STATS_INIT;
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_backend mine = *mock;
	struct libiommu_error *err;
	unsigned char byte;

	mine.name = "mine";
	opts.backend = "mine";
	opts.own_backend = &mine;
	start(&opts);
	ck_assert_int_eq(libiommu_mock_dma_read(ep, IOVA, &byte, 1, &err), -EXDEV);
	is(err, LIBIOMMU_REASON_FOREIGN_CONTEXT, "");
	ck_assert_int_eq(libiommu_mock_stats(ctx, &stats), -EXDEV);
	ck_assert_int_eq(libiommu_mock_fault_next(ctx, &fault), -EXDEV);
	ck_assert_int_eq(libiommu_mock_skip_invalidation(ctx, true), -EXDEV);
	ck_assert_int_eq(libiommu_mock_dma_read(NULL, IOVA, &byte, 1, &err), -EINVAL);
	is(err, LIBIOMMU_REASON_NULL_ARGUMENT, "");
	ck_assert_int_eq(libiommu_mock_dma_write(ep, IOVA, NULL, 1, NULL), -EINVAL);
	ck_assert_int_eq(libiommu_mock_dma_cas(ep, IOVA, 4, NULL, 1, NULL), -EINVAL);
	ck_assert_int_eq(libiommu_mock_walk(ep, IOVA, NULL, NULL, NULL), -EINVAL);
	ck_assert_int_eq(libiommu_mock_stats(NULL, &stats), -EINVAL);
	stats.size = 8;
	ck_assert_int_eq(libiommu_mock_stats(ctx, &stats), -EINVAL);
	ck_assert_int_eq(libiommu_mock_fault_next(ctx, NULL), -EINVAL);
	stop();
}
END_TEST

START_TEST(contexts_share_a_machine)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_mock_machine *machine;
	struct libiommu_device *second;
	struct libiommu_ctx *other;
	struct libiommu_error *err;

	ck_assert_int_eq(libiommu_mock_machine_new(NULL, &machine, NULL), 0);
	opts.backend = "mock";
	opts.backend_object = machine;
	start(&opts);
	ck_assert_int_eq(libiommu_ctx_new(&opts, &other, NULL), 0);
	ck_assert_int_eq(libiommu_device_open(other, "0000:00:03.0", &second, &err), -EBUSY);
	is(err, LIBIOMMU_REASON_DEVICE_BUSY, "0000:00:03.0");
	stop();
	ck_assert_int_eq(libiommu_device_open(other, "0000:00:03.0", &second, &err), 0);
	libiommu_ctx_free(other);
	libiommu_mock_machine_free(machine);
}
END_TEST

START_TEST(a_child_frees_without_the_parent_noticing)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_mock_machine *machine;
	unsigned char byte;
	int status;
	pid_t child;

	ck_assert_int_eq(libiommu_mock_machine_new(NULL, &machine, NULL), 0);
	opts.backend = "mock";
	opts.backend_object = machine;
	start(&opts);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (!child) {
		libiommu_ctx_free(ctx);
		libiommu_mock_machine_free(machine);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(libiommu_mock_dma_read(ep, IOVA, &byte, 1, NULL), 0);
	stop();
	libiommu_mock_machine_free(machine);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		dma_moves_bytes_and_names_its_fault,
		a_walk_shows_every_level,
		figures_follow_what_happens,
		owners_want_devices_and_devices_err,
		another_backend_has_no_such_door,
		contexts_share_a_machine,
		a_child_frees_without_the_parent_noticing,
	};

	return rig_run("mock-door", tests, sizeof(tests) / sizeof(tests[0]));
}
