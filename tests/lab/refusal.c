/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab-refusal: a device whose interrupts cannot be isolated is refused with a reason, until the
 * kernel's modules are told to allow it. Root, on a kernel that is nobody else's.
 */
#include "tally.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void allow(char value)
{
	static const char *const parameters[] = {
		"/sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts",
		"/sys/module/iommufd/parameters/allow_unsafe_interrupts",
	};

	for (size_t i = 0; i < sizeof(parameters) / sizeof(parameters[0]); i++) {
		int fd = open(parameters[i], O_WRONLY | O_CLOEXEC);

		if (fd >= 0 && write(fd, &value, 1) != 1)
			perror(parameters[i]);
		if (fd >= 0)
			close(fd);
	}
}

/* The device opened and attached; the backend decides which of the two is refused. */
static int use(struct libiommu_ctx *ctx, const char *name, struct libiommu_error **err)
{
	struct libiommu_domain *dom;
	struct libiommu_device *dev;
	struct libiommu_endpoint *ep;
	int ret = libiommu_device_open(ctx, name, &dev, err);

	if (ret)
		return ret;
	ret = libiommu_domain_new(ctx, NULL, &dom, err);
	if (ret)
		return ret;
	ep = libiommu_device_endpoint(dev);
	ret = libiommu_endpoint_attach(ep, dom, err);
	if (!ret)
		libiommu_endpoint_detach(ep, 0, NULL);
	libiommu_domain_free(dom, NULL);
	libiommu_device_close(dev, NULL);
	return ret;
}

static void check_refusal(const struct libiommu_error *err, const struct tally *t)
{
	const char *name = libiommu_reason_name(libiommu_error_reason(err));

	printf("%s (%s): %s\n  %s gave %d\n  %s\n", name, libiommu_error_subject(err),
	       libiommu_error_message(err), libiommu_error_kernel_call(err),
	       libiommu_error_kernel_errno(err), libiommu_error_hint(err));
	tally(!strcmp(name, t->reason), "with the reason that is true");
	tally(!strcmp(libiommu_error_subject(err), t->device[0]), "about the device");
	tally(strstr(libiommu_error_hint(err), "allow_unsafe_interrupts"),
	      "with a hint that names the parameter");
}

int main(int argc, char **argv)
{
	struct tally t = tally_arguments(argc, argv);
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_error *err;
	struct libiommu_ctx *ctx;
	int ret;

	opts.backend = t.backend;
	ret = libiommu_ctx_new(&opts, &ctx, &err);
	if (!t.reason || !tally_call(ret, err, "a context"))
		return tally_end();
	allow('N');
	ret = use(ctx, t.device[0], &err);
	if (tally(ret == -EPERM, "the device is refused with EPERM"))
		check_refusal(err, &t);
	libiommu_error_free(ret ? err : NULL);
	allow('Y');
	ret = use(ctx, t.device[0], &err);
	tally_call(ret, err, "allowed, it can be used in the same context");
	libiommu_ctx_free(ctx);
	return tally_end();
}
