/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/dma-fixture.h"

#include <sys/wait.h>

#define GIB (UINT64_C(1) << 30)

static struct libiommu_dma_buffer *buffer(uint64_t length, const struct libiommu_dma_options *opts)
{
	struct libiommu_dma_buffer *buf = NULL;

	OK(libiommu_dma_alloc(w.dom, length, opts, &buf, E));
	return buf;
}

START_TEST(a_buffer_is_zeroed_and_the_device_reaches_all_of_it)
{
	struct libiommu_mapping found = LIBIOMMU_MAPPING_INIT;
	struct libiommu_dma_buffer *buf;
	unsigned char *bytes;
	uint64_t iova;

	world_open(DEVICE);
	buf = buffer(5000, NULL);
	bytes = libiommu_dma_address(buf);
	ck_assert_uint_eq(libiommu_dma_length(buf), 2 * PAGE);
	ck_assert_uint_eq(libiommu_dma_page_size(buf), PAGE);
	ck_assert_int_eq(libiommu_dma_kind(buf), LIBIOMMU_DMA_ORDINARY);
	ck_assert_int_eq(libiommu_dma_fd(buf), -1);
	ck_assert_ptr_eq(libiommu_dma_domain(buf), w.dom);
	for (size_t i = 0; i < 2 * PAGE; i++)
		ck_assert_uint_eq(bytes[i], 0);
	ck_assert_int_eq(device_writes(libiommu_dma_iova(buf) + 2 * PAGE - 1, 7), 0);
	ck_assert_uint_eq(bytes[2 * PAGE - 1], 7);
	ck_assert_int_eq(libiommu_domain_find_source(w.dom, NULL,
						     libiommu_source_memory(bytes + 4711), 0, &iova,
						     &found),
			 0);
	ck_assert_uint_eq(iova, libiommu_dma_iova(buf) + 4711);
	iova = libiommu_dma_iova(buf);
	OK(libiommu_dma_free(buf, E));
	ck_assert_int_eq(device_reads(iova), LIBIOMMU_MOCK_FAULT_NOT_MAPPED);
	OK(libiommu_dma_free(NULL, E));
	world_close();
}
END_TEST

START_TEST(a_device_that_runs_over_an_end_faults)
{
	struct libiommu_dma_options opts = LIBIOMMU_DMA_OPTIONS_INIT;
	struct libiommu_dma_buffer *buf[3];

	world_open(DEVICE);
	opts.guard = 3 * PAGE - 1;
	buf[0] = buffer(PAGE, NULL);
	buf[1] = buffer(PAGE, NULL);
	buf[2] = buffer(PAGE, &opts);
	for (size_t i = 0; i < 3; i++) {
		uint64_t iova = libiommu_dma_iova(buf[i]), guard = i == 2 ? 3 : 1;

		ck_assert_int_eq(device_writes(iova, 1), 0);
		ck_assert_int_eq(device_writes(iova - 1, 1), LIBIOMMU_MOCK_FAULT_NOT_MAPPED);
		ck_assert_int_eq(device_writes(iova + PAGE, 1), LIBIOMMU_MOCK_FAULT_NOT_MAPPED);
		for (size_t j = 0; j < 3; j++) {
			uint64_t other = libiommu_dma_iova(buf[j]);

			ck_assert(j == i || other + PAGE + guard * PAGE <= iova ||
				  iova + PAGE + guard * PAGE <= other);
		}
	}
	world_close();
}
END_TEST

START_TEST(without_guards_buffers_may_touch)
{
	struct libiommu_dma_options opts = LIBIOMMU_DMA_OPTIONS_INIT;
	struct libiommu_dma_buffer *one, *two;

	world_open(DEVICE);
	opts.flags = LIBIOMMU_DMA_NO_GUARD;
	one = buffer(PAGE, &opts);
	two = buffer(PAGE, &opts);
	ck_assert_uint_eq(libiommu_dma_iova(two), libiommu_dma_iova(one) + PAGE);
	world_close();
}
END_TEST

START_TEST(protection_is_what_was_asked_for)
{
	struct libiommu_dma_options opts = LIBIOMMU_DMA_OPTIONS_INIT;
	struct libiommu_dma_buffer *buf;

	world_open(DEVICE);
	opts.prot = LIBIOMMU_PROT_READ;
	buf = buffer(PAGE, &opts);
	ck_assert_int_eq(device_reads(libiommu_dma_iova(buf)), 0);
	ck_assert_int_eq(device_writes(libiommu_dma_iova(buf), 1), LIBIOMMU_MOCK_FAULT_PERMISSION);
	world_close();
}
END_TEST

/* Which hugetlb sizes are asked for, and what is got when there are these. */
static void pages(uint64_t length, uint64_t wanted, uint64_t there, uint64_t asked,
		  enum libiommu_dma_kind kind, uint64_t page_size, uint64_t got)
{
	struct libiommu_dma_options opts = LIBIOMMU_DMA_OPTIONS_INIT;
	struct libiommu_dma_buffer *buf;

	opts.page_size = wanted;
	w.huge = there;
	w.huge_asked = 0;
	buf = buffer(length, &opts);
	ck_assert_uint_eq(w.huge_asked, asked);
	ck_assert_int_eq(libiommu_dma_kind(buf), kind);
	ck_assert_uint_eq(libiommu_dma_page_size(buf), page_size);
	ck_assert_uint_eq(libiommu_dma_length(buf), got);
	ck_assert_uint_eq((uintptr_t)libiommu_dma_address(buf) % page_size, 0);
	if (kind == LIBIOMMU_DMA_TRANSPARENT || page_size >= 2 * MIB) {
		ck_assert_uint_eq((uintptr_t)libiommu_dma_address(buf) % (2 * MIB), 0);
		ck_assert_uint_eq(libiommu_dma_iova(buf) % (2 * MIB), 0);
	}
	OK(libiommu_dma_free(buf, E));
}

START_TEST(the_largest_pages_that_fit_are_taken)
{
	world_open(NULL);
	pages(GIB, 0, GIB | 2 * MIB, GIB, LIBIOMMU_DMA_HUGETLB, GIB, GIB);
	pages(GIB, 0, 2 * MIB, GIB | 2 * MIB, LIBIOMMU_DMA_HUGETLB, 2 * MIB, GIB);
	pages(GIB - 1, 0, GIB | 2 * MIB, 2 * MIB, LIBIOMMU_DMA_HUGETLB, 2 * MIB, GIB);
	pages(GIB + 1, 0, GIB | 2 * MIB, 2 * MIB, LIBIOMMU_DMA_HUGETLB, 2 * MIB, GIB + 2 * MIB);
	pages(16 * MIB - PAGE, 0, 2 * MIB, 2 * MIB, LIBIOMMU_DMA_HUGETLB, 2 * MIB, 16 * MIB);
	/* Rounding up would add more than an eighth. */
	pages(3 * MIB, 0, GIB | 2 * MIB, 0, LIBIOMMU_DMA_TRANSPARENT, PAGE, 3 * MIB);
	pages(16 * MIB, 0, 0, 2 * MIB, LIBIOMMU_DMA_TRANSPARENT, PAGE, 16 * MIB);
	pages(2 * MIB - 1, 0, GIB | 2 * MIB, 0, LIBIOMMU_DMA_ORDINARY, PAGE, 2 * MIB);
	world_close();
}
END_TEST

START_TEST(a_wanted_size_is_tried_first_and_rounded_to)
{
	world_open(NULL);
	pages(PAGE, 2 * MIB, GIB | 2 * MIB, 2 * MIB, LIBIOMMU_DMA_HUGETLB, 2 * MIB, 2 * MIB);
	pages(PAGE, 64 << 10, 64 << 10, 64 << 10, LIBIOMMU_DMA_HUGETLB, 64 << 10, 64 << 10);
	pages(4 * MIB, GIB, 2 * MIB, GIB | 2 * MIB, LIBIOMMU_DMA_HUGETLB, 2 * MIB, 4 * MIB);
	pages(PAGE, 2 * MIB, 0, 2 * MIB, LIBIOMMU_DMA_ORDINARY, PAGE, PAGE);
	pages(4 * MIB, PAGE, GIB | 2 * MIB, 0, LIBIOMMU_DMA_ORDINARY, PAGE, 4 * MIB);
	world_close();
}
END_TEST

START_TEST(pages_that_must_be_had_are_had_or_refused)
{
	struct libiommu_dma_options opts = LIBIOMMU_DMA_OPTIONS_INIT;
	struct libiommu_dma_buffer *buf = NULL;

	world_open(DEVICE);
	opts.page_size = 2 * MIB;
	opts.flags = LIBIOMMU_DMA_MUST;
	REFUSED(libiommu_dma_alloc(w.dom, 2 * MIB, &opts, &buf, E), NO_HUGE_PAGES);
	ck_assert_int_eq(libiommu_error_kernel_errno(w.err), ENOMEM);
	ck_assert_str_eq(libiommu_error_kernel_call(w.err), "mmap");
	opts.flags |= LIBIOMMU_DMA_SHARED;
	REFUSED(libiommu_dma_alloc(w.dom, 2 * MIB, &opts, &buf, E), NO_HUGE_PAGES);
	ck_assert_str_eq(libiommu_error_kernel_call(w.err), "memfd_create");
	ck_assert_ptr_null(buf);
	ck_assert_uint_eq(libiommu_domain_mapping_count(w.dom), 0);
	w.huge = 2 * MIB;
	opts.flags = LIBIOMMU_DMA_MUST;
	buf = buffer(2 * MIB, &opts);
	ck_assert_int_eq(libiommu_dma_kind(buf), LIBIOMMU_DMA_HUGETLB);
	ck_assert_int_eq(device_writes(libiommu_dma_iova(buf) + 2 * MIB - 1, 1), 0);
	world_close();
}
END_TEST

START_TEST(a_shared_buffer_is_a_file_of_fixed_size)
{
	struct libiommu_dma_options opts = LIBIOMMU_DMA_OPTIONS_INIT;
	struct libiommu_dma_buffer *buf;
	unsigned char *view;
	struct stat st;
	int fd;

	world_open(DEVICE);
	opts.flags = LIBIOMMU_DMA_SHARED;
	buf = buffer(3 * MIB, &opts);
	fd = libiommu_dma_fd(buf);
	ck_assert_int_eq(libiommu_dma_kind(buf), LIBIOMMU_DMA_ORDINARY);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_int_eq(st.st_size, 3 * MIB);
	ck_assert_int_eq(fcntl(fd, F_GET_SEALS) & (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW),
			 F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_ne(ftruncate(fd, 0), 0);
	view = mmap(NULL, 3 * MIB, PROT_READ, MAP_SHARED, fd, 0);
	ck_assert_ptr_ne(view, MAP_FAILED);
	ck_assert_int_eq(device_writes(libiommu_dma_iova(buf) + 12345, 9), 0);
	ck_assert_uint_eq(view[12345], 9);
	munmap(view, 3 * MIB);
	OK(libiommu_dma_free(buf, E));
	world_close();
}
END_TEST

/* How populating went: what was told, and when to stop. */
struct told {
	unsigned int calls, stop;
	uint64_t done, total;
};

static int progress(void *data, uint64_t done, uint64_t total)
{
	struct told *told = data;

	ck_assert(told->calls ? done > told->done : !done);
	told->done = done;
	told->total = total;
	return ++told->calls == told->stop;
}

START_TEST(populating_tells_how_far_it_is)
{
	struct libiommu_dma_options opts = LIBIOMMU_DMA_OPTIONS_INIT;
	struct told told = { 0, 0, 0, 0 };
	struct libiommu_dma_buffer *buf;
	unsigned char there[64];

	world_open(NULL);
	opts.flags = LIBIOMMU_DMA_POPULATE;
	opts.progress = progress;
	opts.progress_data = &told;
	buf = buffer(65 * MIB, &opts);
	ck_assert_uint_eq(told.calls, 3);
	ck_assert_uint_eq(told.done, 65 * MIB);
	ck_assert_uint_eq(told.total, 65 * MIB);
	ck_assert_int_eq(mincore((char *)libiommu_dma_address(buf) + 64 * MIB, 64 * PAGE, there),
			 0);
	for (size_t i = 0; i < 64; i++)
		ck_assert_uint_eq(there[i] & 1, 1);
	OK(libiommu_dma_free(buf, E));
	world_close();
}
END_TEST

START_TEST(populating_can_be_given_up)
{
	struct libiommu_dma_options opts = LIBIOMMU_DMA_OPTIONS_INIT;
	struct libiommu_dma_buffer *buf = NULL;
	uint64_t total, done;
	long before;

	world_open(NULL);
	before = w.mapped;
	opts.flags = LIBIOMMU_DMA_POPULATE;
	opts.progress = progress;
	for (unsigned int stop = 1; stop <= 3; stop++) {
		struct told told = { 0, stop, 0, 0 };

		opts.progress_data = &told;
		REFUSED(libiommu_dma_alloc(w.dom, 65 * MIB, &opts, &buf, E), CANCELED);
		ck_assert(libiommu_error_figures(w.err, &total, &done));
		ck_assert_uint_eq(total, 65 * MIB);
		ck_assert_uint_eq(done, told.done);
		ck_assert_uint_eq(told.calls, stop);
		ck_assert_ptr_null(buf);
		ck_assert_int_eq(w.mapped, before);
		ck_assert_uint_eq(libiommu_domain_mapping_count(w.dom), 0);
	}
	world_close();
}
END_TEST

static int count_beginnings(void *data, uint64_t done, uint64_t total)
{
	(void)total;
	*(unsigned int *)data += !done;
	return 0;
}

START_TEST(when_huge_pages_run_out_others_are_taken)
{
	struct libiommu_dma_options opts = LIBIOMMU_DMA_OPTIONS_INIT;
	struct libiommu_dma_buffer *buf = NULL;
	unsigned int beginnings = 0;
	long before;

	world_open(NULL);
	before = w.mapped;
	w.huge = 2 * MIB;
	opts.flags = LIBIOMMU_DMA_POPULATE;
	opts.progress = count_beginnings;
	opts.progress_data = &beginnings;
	w.calls = 0;
	w.failing = 4; /* the object, mmap, MADV_DONTFORK, MADV_POPULATE_WRITE */
	buf = buffer(4 * MIB, &opts);
	ck_assert_int_eq(libiommu_dma_kind(buf), LIBIOMMU_DMA_TRANSPARENT);
	ck_assert_uint_eq(beginnings, 2);
	ck_assert_int_eq(w.mapped, before + 4 * (long)MIB);
	OK(libiommu_dma_free(buf, E));
	opts.flags |= LIBIOMMU_DMA_MUST;
	opts.page_size = 2 * MIB;
	w.calls = 0;
	REFUSED(libiommu_dma_alloc(w.dom, 4 * MIB, &opts, &buf, E), NO_HUGE_PAGES);
	ck_assert_str_eq(libiommu_error_kernel_call(w.err), "madvise(MADV_POPULATE_WRITE)");
	ck_assert_int_eq(w.mapped, before);
	world_close();
}
END_TEST

START_TEST(children_have_shared_buffers_only)
{
	struct libiommu_dma_options opts = LIBIOMMU_DMA_OPTIONS_INIT;
	struct libiommu_dma_buffer *own, *shared;
	unsigned char there;
	int status = -1;
	pid_t child;

	world_open(DEVICE);
	own = buffer(PAGE, NULL);
	opts.flags = LIBIOMMU_DMA_SHARED;
	shared = buffer(PAGE, &opts);
	*(char *)libiommu_dma_address(shared) = 1;
	child = fork();
	ck_assert_int_ge(child, 0);
	if (!child) {
		bool right = mincore(libiommu_dma_address(own), PAGE, &there) && errno == ENOMEM &&
			     !mincore(libiommu_dma_address(shared), PAGE, &there) &&
			     !libiommu_dma_free(own, NULL) &&
			     libiommu_dma_alloc(w.dom, PAGE, NULL, &own, NULL) == -ECHILD;

		libiommu_ctx_free(w.ctx);
		_exit(right && !w.blocks && !w.fds ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(device_writes(libiommu_dma_iova(own), 3), 0);
	ck_assert_uint_eq(*(unsigned char *)libiommu_dma_address(own), 3);
	world_close();
}
END_TEST

START_TEST(memory_that_cannot_be_unmapped_is_not_freed)
{
	struct libiommu_dma_buffer *buf;

	world_open(DEVICE);
	buf = buffer(PAGE, NULL);
	w.unmap_fails = true;
	ck_assert_int_eq(libiommu_dma_free(buf, E), -EIO);
	ck_assert_int_eq(libiommu_error_reason(w.err), LIBIOMMU_REASON_KERNEL_REFUSED);
	ck_assert_int_eq(device_writes(libiommu_dma_iova(buf), 5), 0);
	ck_assert_uint_eq(*(unsigned char *)libiommu_dma_address(buf), 5);
	w.unmap_fails = false;
	OK(libiommu_dma_free(buf, E));
	ck_assert_uint_eq(libiommu_domain_mapping_count(w.dom), 0);
	world_close();
}
END_TEST

START_TEST(memory_that_cannot_be_mapped_is_given_back)
{
	static const uint32_t flags[] = { 0, LIBIOMMU_DMA_SHARED, LIBIOMMU_DMA_POPULATE };
	struct libiommu_dma_options opts = LIBIOMMU_DMA_OPTIONS_INIT;
	struct libiommu_dma_buffer *buf = NULL;
	long before;

	world_open(DEVICE);
	before = w.mapped;
	for (size_t i = 0; i < 3; i++) {
		opts.flags = flags[i];
		w.map_fails = w.maps + 1;
		ck_assert_int_eq(libiommu_dma_alloc(w.dom, 3 * MIB, &opts, &buf, E), -EIO);
		ck_assert_int_eq(libiommu_error_reason(w.err), LIBIOMMU_REASON_KERNEL_REFUSED);
		ck_assert_ptr_null(buf);
		ck_assert_int_eq(w.mapped, before);
		ck_assert_int_eq(w.fds, 0);
	}
	OK(libiommu_domain_unmap_all(w.dom, NULL, E));
	world_close();
}
END_TEST

START_TEST(a_domain_with_buffers_is_not_freed)
{
	struct libiommu_dma_buffer *buf;

	world_open(NULL);
	buf = buffer(PAGE, NULL);
	REFUSED(libiommu_domain_free(w.dom, E), MEMORY_IN_USE);
	OK(libiommu_dma_free(buf, E));
	OK(libiommu_domain_free(w.dom, E));
	world_close();
}
END_TEST

START_TEST(a_buffer_that_was_unmapped_by_hand_can_be_freed)
{
	static unsigned char other[4096] __attribute__((aligned(4096)));
	struct libiommu_dma_buffer *buf;
	uint64_t iova;

	world_open(DEVICE);
	buf = buffer(PAGE, NULL);
	iova = libiommu_dma_iova(buf);
	OK(libiommu_domain_unmap_all(w.dom, NULL, E));
	OK(libiommu_domain_map(w.dom, iova, libiommu_source_memory(other), PAGE, RW, E));
	OK(libiommu_dma_free(buf, E));
	/* What lies there now is somebody else's. */
	ck_assert_int_eq(device_writes(iova, 6), 0);
	ck_assert_uint_eq(other[0], 6);
	world_close();
}
END_TEST

START_TEST(what_makes_no_sense_is_refused)
{
	struct libiommu_domain_options blocked = LIBIOMMU_DOMAIN_OPTIONS_INIT;
	struct libiommu_dma_options opts = LIBIOMMU_DMA_OPTIONS_INIT;
	struct libiommu_dma_buffer *buf = NULL;
	struct libiommu_domain *dom;

	world_open(NULL);
	REFUSED(libiommu_dma_alloc(NULL, PAGE, NULL, &buf, E), NULL_ARGUMENT);
	REFUSED(libiommu_dma_alloc(w.dom, PAGE, NULL, NULL, E), NULL_ARGUMENT);
	REFUSED(libiommu_dma_alloc(w.dom, 0, NULL, &buf, E), EMPTY_RANGE);
	REFUSED(libiommu_dma_alloc(w.dom, UINT64_MAX, NULL, &buf, E), RANGE_WRAPS);
	REFUSED(libiommu_dma_alloc(w.dom, UINT64_C(1) << 62, NULL, &buf, E), NO_MEMORY);
	opts.flags = 1u << 31;
	REFUSED(libiommu_dma_alloc(w.dom, PAGE, &opts, &buf, E), UNKNOWN_FLAGS);
	opts.flags = 0;
	opts.prot = 4;
	REFUSED(libiommu_dma_alloc(w.dom, PAGE, &opts, &buf, E), UNKNOWN_FLAGS);
	opts.prot = 0;
	opts.page_size = 3 * PAGE;
	REFUSED(libiommu_dma_alloc(w.dom, PAGE, &opts, &buf, E), BAD_LAYOUT);
	opts.page_size = 2048;
	REFUSED(libiommu_dma_alloc(w.dom, PAGE, &opts, &buf, E), BAD_LAYOUT);
	opts.page_size = 0;
	opts.guard = UINT64_MAX;
	REFUSED(libiommu_dma_alloc(w.dom, PAGE, &opts, &buf, E), RANGE_WRAPS);
	opts.size--;
	REFUSED(libiommu_dma_alloc(w.dom, PAGE, &opts, &buf, E), BAD_OPTIONS);
	blocked.type = LIBIOMMU_DOMAIN_BLOCKED;
	OK(libiommu_domain_new(w.ctx, &blocked, &dom, E));
	REFUSED(libiommu_dma_alloc(dom, PAGE, NULL, &buf, E), DOMAIN_TYPE);
	ck_assert_ptr_null(libiommu_dma_address(NULL));
	ck_assert_int_eq(libiommu_dma_fd(NULL), -1);
	world_close();
}
END_TEST

/* One buffer comes and goes, its n-th call failing; then once more without a failure. */
static bool come_and_go(const char *machine, const struct libiommu_dma_options *opts,
			uint64_t length)
{
	struct libiommu_dma_buffer *buf = NULL;
	long mapped;
	bool met = false;
	int code;

	world_open_on(machine, NULL);
	mapped = w.mapped;
	w.calls = 0;
	w.failing = *(long *)opts->progress_data;
	code = libiommu_dma_alloc(w.dom, length, opts, &buf, E);
	if (code) {
		met = true;
		ck_assert_int_ne(libiommu_error_reason(w.err), LIBIOMMU_REASON_NONE);
		ck_assert_ptr_null(buf);
		ck_assert_uint_eq(libiommu_domain_mapping_count(w.dom), 0);
		libiommu_error_free(*E = NULL);
		ck_assert_int_eq(w.mapped, mapped);
		ck_assert_int_eq(w.fds, 0);
		OK(libiommu_dma_alloc(w.dom, length, opts, &buf, E));
	}
	code = libiommu_dma_free(buf, E);
	if (code) {
		met = true;
		OK(libiommu_dma_free(buf, E));
	}
	met = met || w.calls >= w.failing;
	ck_assert_int_eq(w.mapped, mapped);
	ck_assert_int_eq(w.fds, 0);
	world_close();
	return met;
}

START_TEST(every_call_that_fails_leaves_things_as_they_were)
{
	static const uint32_t flags[] = { 0, LIBIOMMU_DMA_SHARED, LIBIOMMU_DMA_POPULATE };
	static const uint64_t lengths[] = { PAGE, 3 * MIB };
	struct libiommu_dma_options opts = LIBIOMMU_DMA_OPTIONS_INIT;
	long nth;

	opts.progress_data = &nth;
	for (size_t i = 0; i < 12; i++) {
		opts.flags = flags[i % 6 / 2];
		for (nth = 1; come_and_go(i < 6 ? NULL : LARGE_PAGES, &opts, lengths[i % 2]); nth++)
			ck_assert_int_lt(nth, 100);
		ck_assert_int_gt(nth, 5);
	}
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		a_buffer_is_zeroed_and_the_device_reaches_all_of_it,
		a_device_that_runs_over_an_end_faults,
		without_guards_buffers_may_touch,
		protection_is_what_was_asked_for,
		the_largest_pages_that_fit_are_taken,
		a_wanted_size_is_tried_first_and_rounded_to,
		pages_that_must_be_had_are_had_or_refused,
		a_shared_buffer_is_a_file_of_fixed_size,
		populating_tells_how_far_it_is,
		populating_can_be_given_up,
		when_huge_pages_run_out_others_are_taken,
		children_have_shared_buffers_only,
		memory_that_cannot_be_unmapped_is_not_freed,
		memory_that_cannot_be_mapped_is_given_back,
		a_domain_with_buffers_is_not_freed,
		a_buffer_that_was_unmapped_by_hand_can_be_freed,
		what_makes_no_sense_is_refused,
		every_call_that_fails_leaves_things_as_they_were,
	};

	return dma_run("dma", tests, sizeof(tests) / sizeof(tests[0]));
}
