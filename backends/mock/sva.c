/* SPDX-License-Identifier: BSD-2-Clause */
/* Devices that use pointers of this process. The kernel is asked what is there, and copies. */
#include "backends/mock/foreign.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

static void *page_of(uint64_t address)
{
	return (void *)(uintptr_t)(address & ~(MOCK_PAGE - 1));
}

/* What of a page that cannot be used as wanted: is there none, or is it forbidden? */
static int why_not(uint64_t address)
{
	unsigned char there;

	return mincore(page_of(address), MOCK_PAGE, &there) ? LIBIOMMU_MOCK_FAULT_NOT_MAPPED
							    : LIBIOMMU_MOCK_FAULT_PERMISSION;
}

int mock_sva_find(const struct mock_domain *dom, uint64_t address)
{
	unsigned char there = 0;

	if (mincore(page_of(address), MOCK_PAGE, &there))
		return LIBIOMMU_MOCK_FAULT_NOT_MAPPED;
	/* The kernel answers it, by what the copy does next. */
	if (!(there & 1))
		mock_answers_ticket(&dom->ctx->machine->answers);
	return 0;
}

/* As the kernel looks at memory that is to be mapped. */
static int populate(const struct mock_domain *dom, uint64_t address, bool write)
{
	const struct libiommu_backend_map map = {
		.length = MOCK_PAGE,
		.prot = write ? LIBIOMMU_PROT_WRITE : LIBIOMMU_PROT_READ,
		.fd = -1,
		.memory = page_of(address),
	};

	return mock_memory_check(dom->ctx->env->sys, dom->ctx->populate, &map, NULL)
		       ? why_not(address)
		       : 0;
}

int mock_sva_hold(const struct mock_domain *dom, uint64_t address)
{
	return populate(dom, address, true);
}

/* A sandbox may forbid the careful way. */
static int copy_boldly(const struct mock_domain *dom, uint64_t address, void *buffer, size_t length,
		       bool write)
{
	void *theirs = (void *)(uintptr_t)address;
	int kind = populate(dom, address, write);

	if (!kind)
		memcpy(write ? theirs : buffer, write ? buffer : theirs, length);
	return kind;
}

int mock_sva_copy(const struct mock_domain *dom, uint64_t address, void *buffer, size_t length,
		  bool write)
{
	const struct iovec mine = { buffer, length };
	const struct iovec theirs = { (void *)(uintptr_t)address, length };
	ssize_t done = write ? process_vm_writev(getpid(), &mine, 1, &theirs, 1, 0)
			     : process_vm_readv(getpid(), &mine, 1, &theirs, 1, 0);

	if (done == (ssize_t)length)
		return 0;
	if (done < 0 && (errno == ENOSYS || errno == EPERM))
		return copy_boldly(dom, address, buffer, length, write);
	return why_not(address);
}
