/* SPDX-License-Identifier: BSD-2-Clause */
/* The backend "iommufd" on tests/fake, with a look at its calls and a hand in their answers. */
#ifndef UNIT_IOMMUFD_FIXTURE_H
#define UNIT_IOMMUFD_FIXTURE_H

#define BACKEND "iommufd"
#include "backends/iommufd/uapi.h"
#include "tests/unit/vfio-fixture.h"

#include <fcntl.h>
#include <stdio.h>

static struct libiommu_sys table;
static unsigned int asked[256]; /* by the number of the call */

/* The answer to the calls of one kind, but for the first ones; times 0: for ever. */
static struct {
	unsigned long request;
	int error;
	unsigned int after, times;
} instead;

/* Who answers in the kernel's place; NULL: nobody. */
static int (*pass_on)(void *data, int fd, unsigned long request, void *argument);

static int watched_ioctl(void *data, int fd, unsigned long request, void *argument)
{
	const unsigned int number = (uint8_t)request;

	asked[number]++;
	if (request == instead.request && instead.error && !instead.after) {
		if (instead.times && !--instead.times)
			instead.request = 0;
		return instead.error;
	}
	if (request == instead.request && instead.after)
		instead.after--;
	return pass_on ? pass_on(data, fd, request, argument)
		       : sys()->ioctl(data, fd, request, argument);
}

static inline void answer(unsigned long request, int error, unsigned int after, unsigned int times)
{
	instead.request = request;
	instead.error = error;
	instead.after = after;
	instead.times = times;
}

static inline unsigned int calls(unsigned long request)
{
	return asked[(uint8_t)request];
}

static inline void watch(void)
{
	table = *sys();
	table.ioctl = watched_ioctl;
	memset(asked, 0, sizeof(asked));
	memset(&instead, 0, sizeof(instead));
	pass_on = NULL;
}

/* Begin again, with the calls under watch. */
static inline void again(const char *config)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;

	libiommu_ctx_free(ctx);
	ctx = NULL;
	watch();
	opts.backend = BACKEND;
	opts.config = config;
	opts.sys = &table;
	OK(libiommu_ctx_new(&opts, &ctx, NULL));
}

static inline int try_attach(struct libiommu_device *device, struct libiommu_domain *domain,
			     struct libiommu_error **err)
{
	return libiommu_endpoint_attach(ep(device), domain, err);
}

/* The address space behind a domain is empty, or holds so many mappings. */
static inline uint32_t native(struct libiommu_domain *domain)
{
	uint64_t id = 0;

	OK(libiommu_domain_native(domain, &id, NULL));
	return (uint32_t)id;
}

#endif
