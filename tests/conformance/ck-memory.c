// SPDX-License-Identifier: BSD-2-Clause
/* 4.1.12, 4.1.13: memory that the library makes for devices, and a program's own, registered. */
#include "helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static struct libiommu_dma_buffer *buffer(struct rig *rig, uint64_t length, uint32_t flags)
{
	struct libiommu_dma_options opts = LIBIOMMU_DMA_OPTIONS_INIT;
	struct libiommu_dma_buffer *buf = NULL;

	opts.flags = flags;
	OK(libiommu_dma_alloc(rig->dom, length, &opts, &buf, E));
	ck_assert_ptr_nonnull(buf);
	return buf;
}

/* The first and the last page of a buffer, and what is behind it. */
static void device_reaches(struct edu *edu, const struct libiommu_dma_buffer *buf)
{
	uint64_t iova = libiommu_dma_iova(buf), behind = libiommu_dma_length(buf) - PAGE;
	char *address = libiommu_dma_address(buf);

	dma_reaches(edu, iova, address);
	dma_reaches(edu, iova + behind, address + behind);
}

static bool is_zero(const char *bytes, size_t length)
{
	return !bytes[0] && !memcmp(bytes, bytes + 1, length - 1);
}

CASE(buffer_is_reached, "4.1.12 a buffer is zeroed, and devices reach all of it until it is freed")
{
	const uint64_t lengths[] = { 1, PAGE, 5 * PAGE + 1, 3 * MIB };
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_attached(1);
	edu = edu_open(rig.dev[0]);
	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct libiommu_dma_buffer *buf = buffer(&rig, lengths[i], 0);
		char *address = libiommu_dma_address(buf), *spare = memory(PAGE);
		uint64_t iova = libiommu_dma_iova(buf), length = libiommu_dma_length(buf);

		ck_assert_uint_ge(length, lengths[i]);
		ck_assert(is_zero(address, length));
		found(rig.dom, iova, address, length);
		device_reaches(&edu, buf);
		OK(libiommu_dma_free(buf, E));
		not_found(rig.dom, iova);
		fault_expected(&edu, iova, "write");
		dma_spares(&edu, iova, spare);
	}
	ck_assert_uint_eq(libiommu_domain_mapping_count(rig.dom), 0);
}

CASE(buffer_is_what_it_says, "4.1.12 a buffer's pages are of the kind and size that it tells")
{
	const uint64_t sizes[] = { 0, PAGE, 2 * MIB, GIB };
	struct libiommu_dma_options opts = LIBIOMMU_DMA_OPTIONS_INIT;
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_attached(1);
	edu = edu_open(rig.dev[0]);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		struct libiommu_dma_buffer *buf = NULL;
		uint64_t page;

		opts.page_size = sizes[i];
		OK(libiommu_dma_alloc(rig.dom, 4 * MIB, &opts, &buf, E));
		page = libiommu_dma_page_size(buf);
		ck_assert_uint_eq((uintptr_t)libiommu_dma_address(buf) % page, 0);
		ck_assert_uint_eq(libiommu_dma_length(buf) % page, 0);
		switch (libiommu_dma_kind(buf)) {
		case LIBIOMMU_DMA_HUGETLB:
			ck_assert_uint_gt(page, PAGE);
			break;
		case LIBIOMMU_DMA_TRANSPARENT:
			ck_assert_uint_eq((uintptr_t)libiommu_dma_address(buf) % (2 * MIB), 0);
			ck_assert_uint_ne(sizes[i], PAGE);
			ck_assert_uint_eq(page, PAGE);
			break;
		case LIBIOMMU_DMA_ORDINARY:
			ck_assert_uint_eq(page, PAGE);
			break;
		default:
			ck_abort_msg("kind %d", (int)libiommu_dma_kind(buf));
		}
		device_reaches(&edu, buf);
		OK(libiommu_dma_free(buf, E));
	}
}

CASE(buffer_must, "4.1.12 huge pages that must be had are had, or the buffer is refused")
{
	struct libiommu_dma_options opts = LIBIOMMU_DMA_OPTIONS_INIT;
	struct libiommu_dma_buffer *buf = NULL;
	struct rig rig;
	int ret;

	NEEDS(1, 0);
	rig = rig_attached(1);
	opts.flags = LIBIOMMU_DMA_MUST;
	opts.page_size = 2 * MIB;
	ret = libiommu_dma_alloc(rig.dom, PAGE, &opts, &buf, E);
	if (ret) {
		ck_assert_int_eq(libiommu_error_reason(last_error()),
				 LIBIOMMU_REASON_NO_HUGE_PAGES);
		ck_assert_int_eq(ret, -ENOMEM);
		ck_assert_uint_eq(libiommu_domain_mapping_count(rig.dom), 0);
	} else {
		ck_assert_int_eq(libiommu_dma_kind(buf), LIBIOMMU_DMA_HUGETLB);
		ck_assert_uint_eq(libiommu_dma_page_size(buf), 2 * MIB);
		ck_assert_uint_eq(libiommu_dma_length(buf), 2 * MIB);
	}
	/* There are no pages of 2^60 bytes. */
	opts.page_size = UINT64_C(1) << 60;
	REFUSED_KEEPS(rig.dom, libiommu_dma_alloc(rig.dom, PAGE, &opts, &buf, E), NO_HUGE_PAGES,
		      NULL);
}

CASE(buffer_overrun, "4.1.11 a device that runs over the end of a buffer reaches no other one")
{
	struct libiommu_dma_buffer *buf[3];
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_attached(1);
	edu = edu_open(rig.dev[0]);
	for (size_t i = 0; i < COUNT(buf); i++)
		buf[i] = buffer(&rig, 2 * PAGE, 0);
	for (size_t i = 0; i < COUNT(buf); i++) {
		uint64_t iova = libiommu_dma_iova(buf[i]);

		dma_reaches(&edu, iova + PAGE, (char *)libiommu_dma_address(buf[i]) + PAGE);
		not_found(rig.dom, iova + 2 * PAGE);
		not_found(rig.dom, iova - PAGE);
		for (size_t j = 0; j < COUNT(buf); j++)
			fill(libiommu_dma_address(buf[j]), 2 * PAGE, 40 + (unsigned int)j);
		fault_expected(&edu, iova + 2 * PAGE, "write");
		edu_store(&edu, iova + 2 * PAGE, EDU_CHUNK);
		for (size_t j = 0; j < COUNT(buf); j++)
			ck_assert(filled(libiommu_dma_address(buf[j]), 2 * PAGE,
					 40 + (unsigned int)j));
	}
}

CASE(buffer_before_attach, "4.1.5 a buffer may be made before an attach, and survives a detach")
{
	struct libiommu_dma_buffer *buf;
	struct libiommu_range allowed = { IO(0), IO(64) - 1 };
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_new(1);
	/* Nothing tells yet where the device can translate. */
	OK(libiommu_domain_set_allowed(rig.dom, &allowed, 1, E));
	buf = buffer(&rig, 4 * PAGE, 0);
	attach(rig.ep[0], rig.dom);
	edu = edu_open(rig.dev[0]);
	device_reaches(&edu, buf);
	detach(rig.ep[0]);
	attach(rig.ep[0], rig.dom);
	OK(libiommu_device_set_bus_master(rig.dev[0], true, E));
	device_reaches(&edu, buf);
	OK(libiommu_dma_free(buf, E));
}

CASE(buffer_shared, "4.1.12 what a device writes to a shared buffer is in its file")
{
	struct libiommu_dma_buffer *buf;
	struct rig rig;
	struct edu edu;
	char *view;

	NEEDS(1, 0);
	rig = rig_attached(1);
	edu = edu_open(rig.dev[0]);
	buf = buffer(&rig, 4 * PAGE, LIBIOMMU_DMA_SHARED);
	view = file_view(libiommu_dma_fd(buf), 4 * PAGE);
	ck_assert(is_zero(view, 4 * PAGE));
	dma_reaches(&edu, libiommu_dma_iova(buf) + 3 * PAGE, view + 3 * PAGE);
	ck_assert_mem_eq(libiommu_dma_address(buf), view, 4 * PAGE);
	ck_assert_int_eq(ftruncate(libiommu_dma_fd(buf), PAGE), -1);
	ck_assert_int_eq(errno, EPERM);
	ck_assert_int_eq(fcntl(libiommu_dma_fd(buf), F_GETFD), FD_CLOEXEC);
	OK(libiommu_dma_free(buf, E));
	/* The file lives as long as somebody looks at it. */
	ck_assert(!is_zero(view, 4 * PAGE));
}

static int count_and_stop(void *data, uint64_t done, uint64_t total)
{
	unsigned int *calls = data;

	ck_assert_uint_le(done, total);
	return ++*calls == 2;
}

CASE(buffer_populated, "4.1.12 populating can be ended by its callback, and nothing is left")
{
	struct libiommu_dma_options opts = LIBIOMMU_DMA_OPTIONS_INIT;
	struct libiommu_dma_buffer *buf = NULL;
	unsigned char there[1024];
	unsigned int calls = 0;
	struct rig rig;

	NEEDS(1, 0);
	rig = rig_attached(1);
	opts.flags = LIBIOMMU_DMA_POPULATE;
	opts.page_size = PAGE;
	opts.progress = count_and_stop;
	opts.progress_data = &calls;
	REFUSED_KEEPS(rig.dom, libiommu_dma_alloc(rig.dom, 4 * MIB, &opts, &buf, E), CANCELED,
		      NULL);
	ck_assert_uint_eq(calls, 2);
	OK(libiommu_dma_alloc(rig.dom, 4 * MIB, &opts, &buf, E));
	ck_assert_uint_eq(calls, 4);
	ck_assert_int_eq(mincore(libiommu_dma_address(buf), 4 * MIB, there), 0);
	for (size_t i = 0; i < COUNT(there); i++)
		ck_assert_uint_eq(there[i] & 1, 1);
}

CASE(memory_stays_when_its_mapping_does, "4.1.12 what the kernel does not unmap is not freed")
{
	struct hooks_answer io = { .result = -EIO };
	struct libiommu_dma_buffer *buf;
	char *own = memory(PAGE);
	uint64_t iova;
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	if (!target->kernel)
		SKIP("the backend does not ask the kernel");
	rig = rig_attached(1);
	edu = edu_open(rig.dev[0]);
	buf = buffer(&rig, PAGE, 0);
	OK(libiommu_dma_register(rig.dom, own, PAGE, RW, E));
	io.request = target->kernel->unmap;
	hooks_answer(&hooks, &io, 1);
	ck_assert_int_ne(libiommu_dma_free(buf, E), 0);
	ck_assert_int_ne(libiommu_dma_unregister(rig.dom, own, PAGE, NULL, E), 0);
	hooks_answer(&hooks, NULL, 0);
	device_reaches(&edu, buf);
	ck_assert_int_eq(libiommu_dma_lookup(rig.dom, NULL, own, RW, &iova, NULL), 0);
	dma_reaches(&edu, iova, own);
	OK(libiommu_dma_free(buf, E));
	OK(libiommu_dma_unregister(rig.dom, own, PAGE, NULL, E));
	ck_assert_uint_eq(libiommu_domain_mapping_count(rig.dom), 0);
}

CASE(domain_with_memory, "4.2.6 a domain with memory in it is not freed; a context frees it all")
{
	struct libiommu_dma_pool *pool;
	struct libiommu_dma_buffer *buf;
	char *own = memory(PAGE);
	struct rig rig = rig_new(0);

	buf = buffer(&rig, PAGE, 0);
	REFUSED(libiommu_domain_free(rig.dom, E), MEMORY_IN_USE, NULL);
	OK(libiommu_dma_free(buf, E));
	OK(libiommu_dma_pool_new(rig.dom, 64, NULL, &pool, E));
	REFUSED(libiommu_domain_free(rig.dom, E), MEMORY_IN_USE, NULL);
	OK(libiommu_dma_pool_free(pool, E));
	OK(libiommu_dma_register(rig.dom, own, 1, RW, E));
	REFUSED(libiommu_domain_free(rig.dom, E), MEMORY_IN_USE, NULL);
	OK(libiommu_dma_unregister(rig.dom, own, 1, NULL, E));
	OK(libiommu_domain_free(rig.dom, E));
	rig.dom = domain(rig.ctx);
	buffer(&rig, PAGE, LIBIOMMU_DMA_SHARED);
	OK(libiommu_dma_pool_new(rig.dom, 64, NULL, &pool, E));
	OK(libiommu_dma_register(rig.dom, own, 1, RW, E));
}

CASE(pool_objects, "4.1.12 devices reach the objects of a pool, and none crosses the border")
{
	struct libiommu_dma_pool_options opts = LIBIOMMU_DMA_POOL_OPTIONS_INIT;
	struct libiommu_dma_pool *pool;
	void *address[20], *last;
	uint64_t iova[20];
	struct rig rig;
	struct edu edu;
	size_t maps;

	NEEDS(1, 0);
	rig = rig_attached(1);
	edu = edu_open(rig.dev[0]);
	opts.alignment = 256;
	opts.boundary = PAGE;
	opts.grow = 10;
	OK(libiommu_dma_pool_new(rig.dom, 1200, &opts, &pool, E));
	for (size_t i = 0; i < COUNT(iova); i++) {
		OK(libiommu_dma_pool_get(pool, &address[i], &iova[i], E));
		ck_assert_uint_eq(iova[i] % 256, 0);
		ck_assert_uint_eq(iova[i] / PAGE, (iova[i] + 1199) / PAGE);
		fill(address[i], 1200, (unsigned int)i);
	}
	for (size_t i = 0; i + 1 < COUNT(iova); i++) {
		edu_load(&edu, iova[i], 1200);
		edu_store(&edu, iova[i + 1], 1200);
		ck_assert_mem_eq(address[i + 1], address[i], 1200);
	}
	maps = libiommu_domain_mapping_count(rig.dom);
	last = address[19];
	OK(libiommu_dma_pool_put(pool, last, E));
	OK(libiommu_dma_pool_get(pool, &address[19], &iova[19], E));
	ck_assert_uint_eq(libiommu_domain_mapping_count(rig.dom), maps);
	for (size_t i = 0; i < COUNT(iova); i++)
		OK(libiommu_dma_pool_put(pool, address[i], E));
	OK(libiommu_dma_pool_free(pool, E));
	ck_assert_uint_eq(libiommu_domain_mapping_count(rig.dom), 0);
}

CASE(pool_refusals, "4.1.12 a pool knows its objects, its limit, and who has not given back")
{
	struct libiommu_dma_pool_options opts = LIBIOMMU_DMA_POOL_OPTIONS_INIT;
	struct rig rig = rig_new(0);
	struct libiommu_dma_pool *pool;
	void *one, *two, *found_one;
	uint64_t iova;

	opts.limit = 2;
	OK(libiommu_dma_pool_new(rig.dom, 64, &opts, &pool, E));
	OK(libiommu_dma_pool_get(pool, &one, &iova, E));
	OK(libiommu_dma_pool_get(pool, &two, &iova, E));
	REFUSED(libiommu_dma_pool_get(pool, &found_one, &iova, E), POOL_LIMIT, NULL);
	OK(libiommu_dma_pool_put(pool, two, E));
	REFUSED(libiommu_dma_pool_put(pool, two, E), DOUBLE_PUT, NULL);
	REFUSED(libiommu_dma_pool_put(pool, (char *)one + 8, E), FOREIGN_OBJECT, NULL);
	ck_assert_int_eq(libiommu_dma_pool_next(pool, NULL, &found_one, &iova), 0);
	ck_assert_ptr_eq(found_one, one);
	REFUSED(libiommu_dma_pool_free(pool, E), MEMORY_IN_USE, range_name(iova, 64));
	OK(libiommu_dma_pool_put(pool, one, E));
	OK(libiommu_dma_pool_free(pool, E));
}

CASE(registered_is_reached, "4.1.13 devices reach registered memory until its registration ends")
{
	char *mem = memory(4 * PAGE);
	uint64_t iova, length;
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_attached(1);
	edu = edu_open(rig.dev[0]);
	OK(libiommu_dma_register(rig.dom, mem + PAGE + 100, PAGE, RW, E));
	OK(libiommu_dma_register(rig.dom, mem + PAGE, 2 * PAGE, RW, E));
	ck_assert_int_eq(libiommu_dma_lookup(rig.dom, NULL, mem, RW, &iova, NULL), -ENOENT);
	ck_assert_int_eq(libiommu_dma_lookup(rig.dom, NULL, mem + 2 * PAGE, RW, &iova, &length), 0);
	ck_assert_uint_eq(length, PAGE);
	ck_assert_uint_eq(libiommu_domain_mapping_count(rig.dom), 1);
	dma_reaches(&edu, iova, mem + 2 * PAGE);
	OK(libiommu_dma_unregister(rig.dom, mem + PAGE, 2 * PAGE, NULL, E));
	dma_reaches(&edu, iova, mem + 2 * PAGE);
	OK(libiommu_dma_unregister(rig.dom, mem + PAGE + 100, PAGE, NULL, E));
	dma_misses(&edu, iova, mem + 2 * PAGE);
	REFUSED(libiommu_dma_unregister(rig.dom, mem + PAGE, 2 * PAGE, NULL, E), NOT_REGISTERED,
		NULL);
}

CASE(registered_overlap, "4.1.13 pages are mapped once, and stay with what they were mapped with")
{
	char *mem = memory(6 * PAGE);
	uint64_t iova[6], now, kept;
	struct rig rig;
	struct edu edu;

	NEEDS(1, 0);
	rig = rig_attached(1);
	edu = edu_open(rig.dev[0]);
	OK(libiommu_dma_register(rig.dom, mem, 4 * PAGE, RW, E));
	OK(libiommu_dma_register(rig.dom, mem + 2 * PAGE, 4 * PAGE, RW, E));
	ck_assert_uint_eq(libiommu_domain_mapping_count(rig.dom), 2);
	for (size_t i = 0; i < 6; i++)
		ck_assert_int_eq(
			libiommu_dma_lookup(rig.dom, NULL, mem + i * PAGE, RW, &iova[i], NULL), 0);
	REFUSED_KEEPS(rig.dom, libiommu_dma_unregister(rig.dom, mem, 4 * PAGE, NULL, E),
		      MEMORY_SHARED, NULL);
	OK(libiommu_dma_unregister(rig.dom, mem, 4 * PAGE, &kept, E));
	ck_assert_uint_eq(kept, 2 * PAGE);
	for (size_t i = 0; i < 6; i++) {
		ck_assert_int_eq(libiommu_dma_lookup(rig.dom, NULL, mem + i * PAGE, RW, &now, NULL),
				 0);
		ck_assert_uint_eq(now, iova[i]);
	}
	dma_reaches(&edu, iova[3], mem + 3 * PAGE);
	dma_reaches(&edu, iova[5], mem + 5 * PAGE);
	OK(libiommu_dma_unregister(rig.dom, mem + 2 * PAGE, 4 * PAGE, NULL, E));
	ck_assert_uint_eq(libiommu_domain_mapping_count(rig.dom), 0);
	dma_misses(&edu, iova[3], mem + 3 * PAGE);
}

CASE(registered_protection, "4.1.13 a registration never widens what a device may do")
{
	char *mem = memory(2 * PAGE);
	struct rig rig = rig_new(0);
	uint64_t iova;

	OK(libiommu_dma_register(rig.dom, mem, PAGE, LIBIOMMU_PROT_READ, E));
	ck_assert_int_eq(libiommu_dma_lookup(rig.dom, NULL, mem, LIBIOMMU_PROT_WRITE, &iova, NULL),
			 -EACCES);
	REFUSED_KEEPS(rig.dom, libiommu_dma_register(rig.dom, mem, 2 * PAGE, RW, E), PROT_CONFLICT,
		      NULL);
	OK(libiommu_dma_unregister(rig.dom, mem, PAGE, NULL, E));
	OK(libiommu_dma_register(rig.dom, mem, 2 * PAGE, RW, E));
	OK(libiommu_dma_register(rig.dom, mem, PAGE, LIBIOMMU_PROT_READ, E));
	ck_assert_uint_eq(libiommu_domain_mapping_count(rig.dom), 1);
}

struct in_parent {
	struct rig rig;
	struct libiommu_dma_buffer *own, *shared;
	char *mem;
};

static int memory_in_child(void *data)
{
	const struct in_parent *p = data;
	struct libiommu_dma_buffer *buf;
	unsigned char there;

	CHILD_CHECK(libiommu_dma_alloc(p->rig.dom, PAGE, NULL, &buf, NULL) == -ECHILD);
	CHILD_CHECK(libiommu_dma_register(p->rig.dom, p->mem, PAGE, RW, NULL) == -ECHILD);
	CHILD_CHECK(mincore(libiommu_dma_address(p->own), 1, &there) && errno == ENOMEM);
	CHILD_CHECK(!mincore(libiommu_dma_address(p->shared), 1, &there));
	CHILD_CHECK(!libiommu_dma_free(p->own, NULL));
	libiommu_ctx_free(p->rig.ctx);
	return 0;
}

CASE(memory_after_fork, "4.6.5 a child neither has nor frees what its parent's devices use")
{
	struct in_parent p;
	struct edu edu;

	NEEDS(1, 0);
	p.rig = rig_attached(1);
	edu = edu_open(p.rig.dev[0]);
	p.own = buffer(&p.rig, 2 * PAGE, 0);
	p.shared = buffer(&p.rig, 2 * PAGE, LIBIOMMU_DMA_SHARED);
	p.mem = memory(PAGE);
	ck_assert_int_eq(in_child(memory_in_child, &p), 0);
	device_reaches(&edu, p.own);
	device_reaches(&edu, p.shared);
}

void suite_memory(struct registry *registry)
{
	static const struct conformance_case *const cases[] = {
		&buffer_is_reached,    &buffer_is_what_it_says,
		&buffer_must,          &buffer_overrun,
		&buffer_before_attach, &buffer_shared,
		&buffer_populated,     &memory_stays_when_its_mapping_does,
		&domain_with_memory,   &pool_objects,
		&pool_refusals,        &registered_is_reached,
		&registered_overlap,   &registered_protection,
		&memory_after_fork,
	};

	add_cases(registry, "memory", cases, COUNT(cases));
}
