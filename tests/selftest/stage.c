/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/selftest/stage.h"

#include "backends/iommufd/uapi.h"
#include "tests/selftest/kinds.h"
#include "tests/selftest/nth.h"
#include "tests/selftest/ops.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* More than there are ids between the first and the last object. */
#define ENOUGH 64u

struct libiommu_ctx *ctx;
char *memory;

static struct libiommu_iommufd_transport transport;
static struct libiommu_sys table;
static int own = -1; /* an iommufd for questions about memory alone */

static const struct libiommu_sys *sys(void)
{
	return libiommu_sys_default();
}

static int stage_ioctl(void *data, int fd, unsigned long request, void *argument)
{
	int rc;

	if (request == IOMMU_HWPT_ALLOC)
		kinds_apply(argument);
	nth_enter();
	rc = sys()->ioctl(data, fd, request, argument);
	nth_leave();
	return rc;
}

bool stage_begin(const char *what, const char *config)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_error *err;
	int ret;

	printf("# %s (%s)\n", what, config);
	fflush(stdout);
	if (!memory) {
		memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (memory == MAP_FAILED)
			abort();
		madvise(memory, PAGES * PAGE, MADV_NOHUGEPAGE);
		memset(memory, 1, PAGES * PAGE);
	}
	if (own < 0)
		own = sys()->open(sys()->data, "/dev/iommu", O_RDWR);
	table = *sys();
	table.ioctl = stage_ioctl;
	opts.backend = "iommufd";
	opts.config = config;
	opts.sys = &table;
	transport = devices_transport;
	opts.backend_object = &transport;
	ret = libiommu_ctx_new(&opts, &ctx, &err);
	return tally_call(ret, err, "a context");
}

void stage_end(void)
{
	libiommu_ctx_free(ctx);
	ctx = NULL;
	tally(stage_pinned(0, PAGES, 0), "nothing is pinned at the end");
}

static void must(int ret, struct libiommu_error *err, const char *what)
{
	if (!tally_call(ret, err, what))
		exit(tally_end());
}

struct libiommu_device *stage_open(const char *name)
{
	struct libiommu_device *dev = NULL;
	struct libiommu_error *err;
	int ret = libiommu_device_open(ctx, name, &dev, &err);

	must(ret, err, "open a device");
	return dev;
}

struct libiommu_domain *stage_domain(void)
{
	struct libiommu_domain *dom = NULL;
	struct libiommu_error *err;
	int ret = libiommu_domain_new(ctx, NULL, &dom, &err);

	must(ret, err, "a domain");
	return dom;
}

void stage_map(struct libiommu_domain *dom, uint64_t iova, unsigned int first, unsigned int pages)
{
	struct libiommu_error *err;
	int ret = libiommu_domain_map(dom, iova, libiommu_source_memory(memory + first * PAGE),
				      pages * PAGE, BOTH, &err);

	must(ret, err, "map");
}

void stage_attach(struct libiommu_device *dev, struct libiommu_domain *dom)
{
	struct libiommu_error *err;
	int ret = libiommu_endpoint_attach(libiommu_device_endpoint(dev), dom, &err);

	must(ret, err, "attach");
}

void stage_detach(struct libiommu_device *dev)
{
	struct libiommu_error *err;
	int ret = libiommu_endpoint_detach(libiommu_device_endpoint(dev), 0, &err);

	must(ret, err, "detach");
}

void stage_unmap(struct libiommu_domain *dom, uint64_t iova, unsigned int pages)
{
	struct libiommu_error *err;
	int ret = libiommu_domain_unmap(dom, iova, pages * PAGE, NULL, &err);

	must(ret, err, "unmap");
}

bool stage_refused(int ret, struct libiommu_error *err, enum libiommu_reason reason,
		   const char *subject, const char *what)
{
	const bool right = ret && libiommu_error_reason(err) == reason &&
			   strstr(libiommu_error_subject(err), subject);

	if (!right)
		printf("%s: %d: %s: %s: %s\n", what, ret,
		       libiommu_reason_name(libiommu_error_reason(err)),
		       libiommu_error_subject(err), libiommu_error_message(err));
	libiommu_error_free(ret ? err : NULL);
	return tally(right, what);
}

uint32_t stage_table(struct libiommu_device *dev)
{
	return devices_find(libiommu_device_name(dev))->hwpt;
}

static int ask(uint32_t hwpt, uint64_t iova, unsigned int first, unsigned int pages)
{
	return ops_check_map(sys(), devices_iommufd(), hwpt, iova, memory + first * PAGE,
			     pages * PAGE);
}

bool stage_holds(uint32_t hwpt, uint64_t iova, unsigned int first, unsigned int pages)
{
	return ask(hwpt, iova, first, pages) == 0;
}

bool stage_lacks(uint32_t hwpt, uint64_t iova, unsigned int first, unsigned int pages)
{
	bool none = true;

	for (unsigned int i = 0; i < pages; i++)
		none = none && ask(hwpt, iova + i * PAGE, first + i, 1) == -EINVAL;
	return none;
}

bool stage_gone(uint32_t hwpt)
{
	return ask(hwpt, IOVA, 0, 1) == -ENOENT;
}

bool stage_pinned(unsigned int first, unsigned int pages, unsigned int times)
{
	return ops_check_pins(sys(), own, memory + first * PAGE, pages * PAGE, times) == 0;
}

/* The kernel gives the lowest id that is free: so the last of many tells how many there were. */
uint32_t stage_objects(void)
{
	uint32_t ids[ENOUGH] = { 0 };
	bool done = true;

	for (unsigned int i = 0; i < ENOUGH; i++)
		done = !libiommu_iommufd_ioas_alloc(sys(), devices_iommufd(), &ids[i]) && done;
	for (unsigned int i = 0; i < ENOUGH; i++)
		done = !libiommu_iommufd_destroy(sys(), devices_iommufd(), ids[i]) && done;
	if (!done)
		perror("address spaces of the test's own");
	return ids[ENOUGH - 1] - ENOUGH;
}
