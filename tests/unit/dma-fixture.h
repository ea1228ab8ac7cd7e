/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The mock with a device attached, below tables that count what is alive and can fail the n-th
 * call, and with a backend whose unmaps can be made to fail.
 */
#ifndef TESTS_UNIT_DMA_FIXTURE_H
#define TESTS_UNIT_DMA_FIXTURE_H

#include "tests/unit/run.h"

#include <libiommu/backend.h>
#include <libiommu/libiommu.h>
#include <libiommu/mock.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE UINT64_C(4096)
#define MIB  (UINT64_C(1) << 20)
#define RW   (LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE)

struct world {
	struct libiommu_sys sys;
	struct libiommu_allocator allocator;
	struct libiommu_backend backend;
	struct libiommu_ctx *ctx;
	struct libiommu_device *dev;
	struct libiommu_endpoint *ep;
	struct libiommu_domain *dom;
	struct libiommu_error *err;

	pthread_mutex_t lock;
	long calls, failing; /* the n-th call fails; 0: none */
	long blocks, mapped, fds;
	bool unmap_fails;     /* in the backend */
	long maps, map_fails; /* there, too: the n-th map fails; 0: none */
	uint64_t huge;        /* there are hugetlb pages of these sizes, a bit each */
	uint64_t huge_asked;  /* and these were asked for */
	unsigned int advised; /* madvise() calls, a bit per advice below 32 */
};

static struct world w;

static inline bool fails(void)
{
	bool fail;

	pthread_mutex_lock(&w.lock);
	fail = ++w.calls == w.failing;
	pthread_mutex_unlock(&w.lock);
	return fail;
}

static inline void count(long *what, long by)
{
	pthread_mutex_lock(&w.lock);
	*what += by;
	pthread_mutex_unlock(&w.lock);
}

static inline void *test_alloc(void *data, size_t length, size_t alignment)
{
	void *memory;

	(void)data;
	if (fails())
		return NULL;
	memory = libiommu_allocator_default()->alloc(NULL, length, alignment);
	count(&w.blocks, memory != NULL);
	return memory;
}

static inline void test_free(void *data, void *memory, size_t length)
{
	(void)data;
	count(&w.blocks, -(memory != NULL));
	libiommu_allocator_default()->free(NULL, memory, length);
}

/* Huge pages as the test wants them: what there is is ordinary memory, aligned as they are. */
static inline int huge_mmap(size_t length, int prot, int flags, void **out)
{
	uint64_t size = UINT64_C(1) << (((unsigned int)flags >> 26) & 63), start;
	void *whole;

	w.huge_asked |= size;
	if (!(w.huge & size))
		return -ENOMEM;
	ck_assert_uint_eq(length % size, 0);
	whole = mmap(NULL, length + size, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	ck_assert_ptr_ne(whole, MAP_FAILED);
	start = ((uintptr_t)whole + size - 1) & ~(size - 1);
	if (start > (uintptr_t)whole)
		munmap(whole, start - (uintptr_t)whole);
	munmap((char *)whole + (start - (uintptr_t)whole) + length,
	       size - (start - (uintptr_t)whole));
	*out = (char *)whole + (start - (uintptr_t)whole);
	return 0;
}

static inline int test_mmap(void *data, void *hint, size_t length, int prot, int flags, int fd,
			    uint64_t offset, void **out)
{
	int code;

	(void)data;
	if (fails())
		return -ENOMEM;
	code = flags & MAP_HUGETLB ? huge_mmap(length, prot, flags, out)
				   : libiommu_sys_default()->mmap(NULL, hint, length, prot, flags,
								  fd, offset, out);
	if (!code && !(flags & MAP_FIXED))
		count(&w.mapped, (long)length);
	return code;
}

static inline int test_munmap(void *data, void *address, size_t length)
{
	int code;

	(void)data;
	if (fails())
		return -ENOMEM;
	code = libiommu_sys_default()->munmap(NULL, address, length);
	if (!code)
		count(&w.mapped, -(long)length);
	return code;
}

static inline int test_madvise(void *data, void *address, size_t length, int advice)
{
	(void)data;
	w.advised |= advice < 32 ? 1u << advice : 0;
	return fails() ? -ENOMEM : libiommu_sys_default()->madvise(NULL, address, length, advice);
}

static inline int test_memfd_create(void *data, const char *name, unsigned int flags)
{
	int fd;

	(void)data;
	if (fails())
		return -EMFILE;
	if (flags & MFD_HUGETLB)
		return -ENOMEM;
	fd = libiommu_sys_default()->memfd_create(NULL, name, flags);
	count(&w.fds, fd >= 0);
	return fd;
}

static inline int test_ftruncate(void *data, int fd, uint64_t length)
{
	(void)data;
	return fails() ? -ENOSPC : libiommu_sys_default()->ftruncate(NULL, fd, length);
}

static inline int test_add_seals(void *data, int fd, int seals)
{
	(void)data;
	return fails() ? -EBUSY : libiommu_sys_default()->add_seals(NULL, fd, seals);
}

static inline int test_close(void *data, int fd)
{
	(void)data;
	count(&w.fds, -1);
	return libiommu_sys_default()->close(NULL, fd);
}

static inline int test_unmap(void *domain, const struct libiommu_backend_map *maps, size_t count_,
			     size_t *done, struct libiommu_failure *failure)
{
	if (!w.unmap_fails)
		return libiommu_backend_builtin("mock")->unmap(domain, maps, count_, done, failure);
	*done = 0;
	return libiommu_refuse_kernel(failure, -EIO, "unmap", NULL);
}

static inline int test_map(void *domain, const struct libiommu_backend_map *map,
			   struct libiommu_failure *failure)
{
	if (++w.maps == w.map_fails)
		return libiommu_refuse_kernel(failure, -EIO, "map", NULL);
	return libiommu_backend_builtin("mock")->map(domain, map, failure);
}

/* On a mock's machine (NULL: the default one), without a device when `device` is NULL. */
static inline void world_open_on(const char *machine, const char *device)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;

	memset(&w, 0, sizeof(w));
	pthread_mutex_init(&w.lock, NULL);
	w.sys = *libiommu_sys_default();
	w.sys.mmap = test_mmap;
	w.sys.munmap = test_munmap;
	w.sys.madvise = test_madvise;
	w.sys.memfd_create = test_memfd_create;
	w.sys.ftruncate = test_ftruncate;
	w.sys.add_seals = test_add_seals;
	w.sys.close = test_close;
	w.allocator = *libiommu_allocator_default();
	w.allocator.alloc = test_alloc;
	w.allocator.free = test_free;
	w.backend = *libiommu_backend_builtin("mock");
	w.backend.unmap = test_unmap;
	w.backend.map = test_map;
	opts.backend = "mock";
	opts.config = machine;
	opts.own_backend = &w.backend;
	opts.sys = &w.sys;
	opts.allocator = &w.allocator;
	ck_assert_int_eq(libiommu_ctx_new(&opts, &w.ctx, NULL), 0);
	ck_assert_int_eq(libiommu_domain_new(w.ctx, NULL, &w.dom, NULL), 0);
	if (!device)
		return;
	ck_assert_int_eq(libiommu_device_open(w.ctx, device, &w.dev, NULL), 0);
	w.ep = libiommu_device_endpoint(w.dev);
	ck_assert_int_eq(libiommu_endpoint_attach(w.ep, w.dom, NULL), 0);
}

static inline void world_open(const char *device)
{
	world_open_on(NULL, device);
}

#define DEVICE "0000:00:03.0"

/* A machine whose pages are larger than those of this process, and such a page. */
#define LARGE (UINT64_C(64) << 10)
#define LARGE_PAGES                        \
	"iommu i arm-smmuv3 granule=64K\n" \
	"device " DEVICE " iommu=i group=1 driver=vfio-pci model=edu dma-mask=64\n"

/* Frees the context with all that is left in it, which is to be nothing else afterwards. */
static inline void world_close(void)
{
	libiommu_error_free(w.err);
	w.err = NULL;
	w.failing = 0;
	libiommu_ctx_free(w.ctx);
	ck_assert_int_eq(w.blocks, 0);
	ck_assert_int_eq(w.mapped, 0);
	ck_assert_int_eq(w.fds, 0);
	pthread_mutex_destroy(&w.lock);
}

static inline struct libiommu_error **fresh(void)
{
	libiommu_error_free(w.err);
	w.err = NULL;
	return &w.err;
}
#define E fresh()

#define OK(call)                                                                      \
	do {                                                                          \
		int code_ = (call);                                                   \
		ck_assert_msg(!code_, "%s: %d %s", #call, code_,                      \
			      w.err ? libiommu_error_message(w.err) : "without one"); \
	} while (0)

#define REFUSED(call, constant)                                                              \
	do {                                                                                 \
		int code_ = (call);                                                          \
		ck_assert_int_eq(libiommu_error_reason(w.err), LIBIOMMU_REASON_##constant);  \
		ck_assert_int_eq(code_, -libiommu_reason_errno(LIBIOMMU_REASON_##constant)); \
	} while (0)

/* What the device's access comes to: 0, or the kind of the fault. */
static inline int device_access(uint64_t iova, void *bytes, size_t length, bool write)
{
	struct libiommu_mock_fault fault = LIBIOMMU_MOCK_FAULT_INIT;
	int code = write ? libiommu_mock_dma_write(w.ep, iova, bytes, length, NULL)
			 : libiommu_mock_dma_read(w.ep, iova, bytes, length, NULL);

	if (!code)
		return 0;
	ck_assert_int_eq(code, -libiommu_reason_errno(LIBIOMMU_REASON_DMA_FAULT));
	ck_assert_int_eq(libiommu_mock_fault_next(w.ctx, &fault), 0);
	return (int)fault.kind;
}

static inline int device_writes(uint64_t iova, unsigned char byte)
{
	return device_access(iova, &byte, 1, true);
}

static inline int device_reads(uint64_t iova)
{
	unsigned char byte;

	return device_access(iova, &byte, 1, false);
}

static inline int dma_run(const char *name, const TTest *const *tests, size_t test_count)
{
	Suite *suite = suite_create(name);
	TCase *tcase = tcase_create(name);

	for (size_t i = 0; i < test_count; i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}

#endif
