/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/dispatch.h"
#include "lib/object.h"

#include <inttypes.h>

static const struct libiommu_endpoint *find(const struct libiommu_device *dev, uint32_t pasid)
{
	const struct libiommu_endpoint *ep = dev->pasids;

	while (ep && ep->pasid != pasid)
		ep = ep->next;
	return ep;
}

/* Another device of the group that has this number attached elsewhere. */
static const struct libiommu_device *elsewhere(const struct libiommu_endpoint *ep,
					       const struct libiommu_domain *dom)
{
	const struct libiommu_device *dev = ep->device->ctx->devices;

	for (; dev; dev = dev->next) {
		const struct libiommu_endpoint *other;
		const struct libiommu_domain *theirs;

		if (dev == ep->device || dev->share != ep->device->share)
			continue;
		other = find(dev, ep->pasid);
		theirs = libiommu_endpoint_domain(other);
		if (theirs && theirs != dom)
			return dev;
	}
	return NULL;
}

int pasid_check_pair(const struct libiommu_endpoint *ep, const struct libiommu_domain *dom,
		     struct libiommu_failure *f)
{
	const struct libiommu_device *dev = ep->device, *other;
	const struct share *share = dev->share;

	if (!ep->pasid) {
		if (dom->pasid || !atomic_load(&((struct share *)(uintptr_t)share)->pasids))
			return 0;
		return libiommu_refuse(f, LIBIOMMU_REASON_RID_DOMAIN_NOT_PASID, dev->name,
				       "PASIDs of group %u are attached.", share->id);
	}
	if (!dom->pasid)
		return libiommu_refuse(f, LIBIOMMU_REASON_DOMAIN_NOT_PASID, dev->name, NULL);
	if (share->domain && !share->domain->pasid)
		return libiommu_refuse(f, LIBIOMMU_REASON_RID_DOMAIN_NOT_PASID, dev->name, NULL);
	other = elsewhere(ep, dom);
	if (other)
		return libiommu_refuse(f, LIBIOMMU_REASON_GROUP_ATTACHED_ELSEWHERE, dev->name,
				       "PASID %" PRIu32 " of %s is.", ep->pasid, other->name);
	return 0;
}

/* The lowest number that is not open; 0 when all are. */
static uint32_t find_free(const struct libiommu_device *dev, uint64_t last)
{
	uint64_t pasid = 1;

	for (const struct libiommu_endpoint *ep = dev->pasids; ep && ep->pasid == pasid;
	     ep = ep->next)
		pasid++;
	return pasid <= last ? (uint32_t)pasid : 0;
}

/* In ascending order, so that the first gap is found in one walk. */
static void add_pasid(struct libiommu_device *dev, struct libiommu_endpoint *ep)
{
	struct libiommu_endpoint **link = &dev->pasids;

	ep->prev = NULL;
	for (; *link && (*link)->pasid < ep->pasid; link = &(*link)->next)
		ep->prev = *link;
	ep->next = *link;
	if (ep->next)
		ep->next->prev = ep;
	*link = ep;
}

static int choose(const struct libiommu_device *dev, uint32_t wanted, unsigned int bits,
		  uint32_t *pasid, struct libiommu_failure *f)
{
	uint64_t last = (UINT64_C(1) << (bits < 32 ? bits : 32)) - 1;
	int code = 0;

	*pasid = wanted == LIBIOMMU_PASID_ANY ? find_free(dev, last) : wanted;
	if (wanted == LIBIOMMU_PASID_ANY && !*pasid)
		code = libiommu_refuse(f, LIBIOMMU_REASON_PASID_EXHAUSTED, dev->name, NULL);
	else if (!*pasid || *pasid > last)
		code = libiommu_refuse(f, LIBIOMMU_REASON_PASID_RANGE, dev->name,
				       "It is %" PRIu32 ", the last one is %" PRIu64 ".", wanted,
				       last);
	else if (find(dev, *pasid))
		code = libiommu_refuse(f, LIBIOMMU_REASON_PASID_IN_USE, dev->name,
				       "It is %" PRIu32 ".", *pasid);
	return code;
}

static int open_pasid(struct libiommu_device *dev, uint32_t wanted, struct libiommu_endpoint **out,
		      struct libiommu_failure *f)
{
	struct libiommu_endpoint *ep;
	unsigned int bits = 0;
	uint32_t pasid;
	int code = dispatch_pasid_width(dev, &bits, f);

	if (!code)
		code = choose(dev, wanted, bits, &pasid, f);
	if (code)
		return code;
	ep = ctx_alloc(dev->ctx, sizeof(*ep));
	if (!ep)
		return libiommu_refuse(f, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	ep->device = dev;
	ep->pasid = pasid;
	add_pasid(dev, ep);
	*out = ep;
	return 0;
}

int libiommu_pasid_open(struct libiommu_device *dev, uint32_t pasid, struct libiommu_endpoint **out,
			struct libiommu_error **err)
{
	struct libiommu_ctx *ctx = dev ? dev->ctx : NULL;
	struct libiommu_failure f;
	int code;

	libiommu_error_clear(err);
	code = ctx_check(ctx, &f);
	if (!code && !out)
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NULL_ARGUMENT, NULL, NULL);
	if (!code) {
		ctx_turn_begin(ctx);
		code = open_pasid(dev, pasid, out, &f);
		ctx_turn_end(ctx);
	}
	return ctx_raise(ctx, err, code, &f);
}

static void free_pasid(struct libiommu_endpoint *ep)
{
	LIST_REMOVE(ep->device->pasids, ep);
	ctx_release(ep->device->ctx, ep, sizeof(*ep));
}

int libiommu_pasid_close(struct libiommu_endpoint *ep, struct libiommu_error **err)
{
	struct libiommu_failure f;
	struct libiommu_ctx *ctx;
	int code = 0;

	libiommu_error_clear(err);
	if (!ep)
		return 0;
	ctx = ep->device->ctx;
	/* In a child the memory goes with the context. */
	if (ctx_forked(ctx))
		return 0;
	libiommu_failure_init(&f);
	if (!ep->pasid) {
		code = libiommu_refuse(&f, LIBIOMMU_REASON_NULL_ARGUMENT, ep->device->name,
				       "It is the device's own endpoint.");
		return ctx_raise(ctx, err, code, &f);
	}
	ctx_turn_begin(ctx);
	if (libiommu_endpoint_domain(ep))
		code = libiommu_refuse(&f, LIBIOMMU_REASON_PASID_IN_USE, ep->device->name, NULL);
	else
		free_pasid(ep);
	ctx_turn_end(ctx);
	return ctx_raise(ctx, err, code, &f);
}

/* For ctx_free, where nobody else is about, and for a forked child. */
void pasid_destroy(struct libiommu_endpoint *ep, uint32_t flags)
{
	if (!(flags & LIBIOMMU_CLOSE_FORKED))
		libiommu_endpoint_detach(ep, 0, NULL);
	free_pasid(ep);
}

uint32_t libiommu_endpoint_pasid(const struct libiommu_endpoint *ep)
{
	return ep ? ep->pasid : 0;
}
