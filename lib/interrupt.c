/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/dispatch.h"
#include "lib/object.h"

static int check(const struct libiommu_device *dev, enum libiommu_interrupt_kind kind,
		 struct libiommu_failure *f)
{
	int code = ctx_check(dev ? dev->ctx : NULL, f);

	if (code)
		return code;
	switch (kind) {
	case LIBIOMMU_INTERRUPT_INTX:
	case LIBIOMMU_INTERRUPT_MSI:
	case LIBIOMMU_INTERRUPT_MSIX:
	case LIBIOMMU_INTERRUPT_ERROR:
	case LIBIOMMU_INTERRUPT_REQUEST:
		return 0;
	}
	return libiommu_refuse(f, LIBIOMMU_REASON_NO_INTERRUPT, dev->name, "There is no kind %d.",
			       (int)kind);
}

int libiommu_interrupt_count(struct libiommu_device *dev, enum libiommu_interrupt_kind kind,
			     unsigned int *count, struct libiommu_error **err)
{
	struct libiommu_failure f;
	int code;

	libiommu_error_clear(err);
	code = check(dev, kind, &f);
	if (!code && !count)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (!code)
		code = dispatch_interrupt_count(dev, kind, count, &f);
	return ctx_raise(dev ? dev->ctx : NULL, err, code, &f);
}

static int enable(struct libiommu_device *dev, enum libiommu_interrupt_kind kind, const int *fds,
		  unsigned int count, struct libiommu_failure *f)
{
	unsigned int there = 0;
	int code = dispatch_interrupt_count(dev, kind, &there, f);

	if (code)
		return code;
	if (!count || count > there)
		return libiommu_refuse(f, LIBIOMMU_REASON_NO_INTERRUPT, dev->name,
				       "It has %u of this kind, %u are wanted.", there, count);
	for (unsigned int i = 0; i < count; i++)
		if (fds[i] < 0)
			return libiommu_refuse(f, LIBIOMMU_REASON_BAD_FD, dev->name, NULL);
	return dispatch_interrupt_set(dev, kind, fds, count, f);
}

int libiommu_interrupt_enable(struct libiommu_device *dev, enum libiommu_interrupt_kind kind,
			      const int *fds, unsigned int count, struct libiommu_error **err)
{
	struct libiommu_failure f;
	int code;

	libiommu_error_clear(err);
	code = check(dev, kind, &f);
	if (!code && !fds)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (!code)
		code = enable(dev, kind, fds, count, &f);
	return ctx_raise(dev ? dev->ctx : NULL, err, code, &f);
}

int libiommu_interrupt_disable(struct libiommu_device *dev, enum libiommu_interrupt_kind kind,
			       struct libiommu_error **err)
{
	struct libiommu_failure f;
	int code;

	libiommu_error_clear(err);
	code = check(dev, kind, &f);
	if (!code)
		code = dispatch_interrupt_set(dev, kind, NULL, 0, &f);
	return ctx_raise(dev ? dev->ctx : NULL, err, code, &f);
}

int libiommu_interrupt_unmask(struct libiommu_device *dev, struct libiommu_error **err)
{
	struct libiommu_failure f;
	int code;

	libiommu_error_clear(err);
	code = check(dev, LIBIOMMU_INTERRUPT_INTX, &f);
	if (!code)
		code = dispatch_interrupt_unmask(dev, &f);
	return ctx_raise(dev ? dev->ctx : NULL, err, code, &f);
}
