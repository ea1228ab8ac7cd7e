/* SPDX-License-Identifier: BSD-2-Clause */
/* What the library places itself, on a machine whose pages are larger than those of this process. */
#include "tests/unit/dma-fixture.h"

static struct libiommu_dma_buffer *buffer(uint64_t length, const struct libiommu_dma_options *opts)
{
	struct libiommu_dma_buffer *buf = NULL;

	OK(libiommu_dma_alloc(w.dom, length, opts, &buf, E));
	return buf;
}

static void attach_now(void)
{
	OK(libiommu_device_open(w.ctx, DEVICE, &w.dev, E));
	w.ep = libiommu_device_endpoint(w.dev);
	OK(libiommu_endpoint_attach(w.ep, w.dom, E));
}

/* Nothing is attached yet, and what is made is of use when something is. */
START_TEST(pages_are_those_of_the_machine)
{
	static const uint32_t flags[] = { 0, LIBIOMMU_DMA_SHARED, LIBIOMMU_DMA_NO_GUARD };
	struct libiommu_dma_options opts = LIBIOMMU_DMA_OPTIONS_INIT;
	struct libiommu_dma_buffer *buf[6];
	int fd;

	world_open_on(LARGE_PAGES, NULL);
	ck_assert_uint_eq(libiommu_domain_page_size(w.dom), LARGE);
	for (size_t i = 0; i < 6; i++) {
		opts.flags = flags[i % 3];
		opts.page_size = i < 3 ? 0 : LARGE;
		buf[i] = buffer(i < 3 ? 5000 : 2 * LARGE + 1, &opts);
		ck_assert_uint_eq(libiommu_dma_length(buf[i]), i < 3 ? LARGE : 3 * LARGE);
		ck_assert_uint_eq(libiommu_dma_page_size(buf[i]), LARGE);
		ck_assert_int_eq(libiommu_dma_kind(buf[i]), LIBIOMMU_DMA_ORDINARY);
		ck_assert_uint_eq((uintptr_t)libiommu_dma_address(buf[i]) % LARGE, 0);
		ck_assert_uint_eq(libiommu_dma_iova(buf[i]) % LARGE, 0);
	}
	fd = memfd_create("file", MFD_CLOEXEC);
	ck_assert_int_eq(ftruncate(fd, 4 * LARGE), 0);
	OK(libiommu_domain_map(w.dom, 0x4000000, libiommu_source_file(fd, LARGE), LARGE, RW, E));
	attach_now();
	for (size_t i = 0; i < 6; i++) {
		unsigned char *bytes = libiommu_dma_address(buf[i]);
		uint64_t last = libiommu_dma_length(buf[i]) - 1;

		ck_assert_int_eq(device_writes(libiommu_dma_iova(buf[i]) + last, 7), 0);
		ck_assert_uint_eq(bytes[last], 7);
	}
	ck_assert_int_eq(device_writes(0x4000000 + 5, 9), 0);
	ck_assert_int_eq(pread(fd, &opts, 1, LARGE + 5), 1);
	ck_assert_uint_eq(*(unsigned char *)&opts, 9);
	close(fd);
	world_close();
}
END_TEST

START_TEST(smaller_pages_than_the_machine_has)
{
	struct libiommu_dma_options opts = LIBIOMMU_DMA_OPTIONS_INIT;
	struct libiommu_dma_buffer *buf = NULL;

	world_open_on(LARGE_PAGES, DEVICE);
	opts.page_size = PAGE;
	buf = buffer(PAGE, &opts);
	ck_assert_uint_eq(libiommu_dma_page_size(buf), LARGE);
	opts.flags = LIBIOMMU_DMA_MUST;
	REFUSED(libiommu_dma_alloc(w.dom, PAGE, &opts, &buf, E), NO_HUGE_PAGES);
	opts.page_size = LARGE;
	buf = buffer(PAGE, &opts);
	ck_assert_uint_eq(libiommu_dma_length(buf), LARGE);
	world_close();
}
END_TEST

/* A file is mapped, its n-th call failing; then once more without a failure. */
static bool map_file(int fd, long nth)
{
	uint64_t iova = 0;
	long mapped;
	bool met;
	int code;

	world_open_on(LARGE_PAGES, NULL);
	mapped = w.mapped;
	w.calls = 0;
	w.failing = nth;
	code = libiommu_domain_map_any(w.dom, libiommu_source_file(fd, LARGE), LARGE, RW, &iova, E);
	met = w.calls >= nth;
	w.failing = 0;
	if (code) {
		ck_assert_int_eq(code, -ENOMEM);
		ck_assert_int_eq(w.mapped, mapped);
		ck_assert_uint_eq(libiommu_domain_mapping_count(w.dom), 0);
		OK(libiommu_domain_map_any(w.dom, libiommu_source_file(fd, LARGE), LARGE, RW, &iova,
					   E));
	}
	ck_assert_int_eq(w.mapped, mapped + (long)LARGE);
	OK(libiommu_domain_unmap_all(w.dom, NULL, E));
	ck_assert_int_eq(w.mapped, mapped);
	world_close();
	return met;
}

START_TEST(a_file_that_cannot_be_placed)
{
	int fd = memfd_create("file", MFD_CLOEXEC);
	long nth = 1;

	ck_assert_int_eq(ftruncate(fd, 4 * LARGE), 0);
	while (map_file(fd, nth))
		ck_assert_int_lt(++nth, 100);
	ck_assert_int_gt(nth, 5);
	close(fd);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		pages_are_those_of_the_machine,
		smaller_pages_than_the_machine_has,
		a_file_that_cannot_be_placed,
	};

	return dma_run("dma-pages", tests, sizeof(tests) / sizeof(tests[0]));
}
