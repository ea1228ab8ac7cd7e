/* SPDX-License-Identifier: BSD-2-Clause */
/* The controller's registers: what it can do, switching it on and off, where the doorbells are. */
#include "backends/mock/model_nvme.h"

#include <limits.h>

#define DOORBELLS_END 0x2000

static uint64_t capabilities(const struct nvme *nvme)
{
	const struct nvme_options *options = &nvme->options;

	return (options->entries - 1) | CAP_CONTIGUOUS | CAP_NVM | CAP_MPSMAX |
	       (uint64_t)options->timeout << 24 | (uint64_t)options->stride << 32;
}

/* Getting ready takes as many looks at it as the text says. */
static uint32_t read_csts(struct nvme *nvme)
{
	bool wanted = nvme->cc & CC_ENABLE, ready = nvme->csts & CSTS_READY;

	if (wanted == ready || (nvme->csts & CSTS_FATAL) || nvme->not_ready == UINT_MAX)
		return nvme->csts;
	if (nvme->not_ready)
		nvme->not_ready--;
	if (!nvme->not_ready)
		nvme->csts ^= CSTS_READY;
	return nvme->csts;
}

static uint32_t read_register(struct nvme *nvme, uint64_t offset)
{
	switch (offset) {
	case REG_CAP:
		return (uint32_t)capabilities(nvme);
	case REG_CAP + 4:
		return (uint32_t)(capabilities(nvme) >> 32);
	case REG_VS:
		return VERSION_1_4;
	case REG_INTMS:
	case REG_INTMC:
		return nvme->masked;
	case REG_CC:
		return nvme->cc;
	case REG_CSTS:
		return read_csts(nvme);
	case REG_AQA:
		return nvme->aqa;
	case REG_ASQ:
		return (uint32_t)nvme->asq;
	case REG_ASQ + 4:
		return (uint32_t)(nvme->asq >> 32);
	case REG_ACQ:
		return (uint32_t)nvme->acq;
	case REG_ACQ + 4:
		return (uint32_t)(nvme->acq >> 32);
	default:
		return 0;
	}
}

uint64_t nvme_read(struct mock_device *dev, unsigned int bar, uint64_t offset, unsigned int width)
{
	uint64_t ones = width == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * width) - 1;
	struct nvme *nvme = nvme_of(dev);

	/* The table of MSI-X is the kernel's. */
	if (bar != 0 || offset >= DOORBELLS_END)
		return ones;
	if (offset < REG_DOORBELLS) {
		nvme_run(nvme, SIZE_MAX);
		nvme_feed(nvme);
	}
	if (width == 8)
		return read_register(nvme, offset) | (uint64_t)read_register(nvme, offset + 4)
							     << 32;
	return read_register(nvme, offset & ~UINT64_C(3)) >> 8 * (offset & 3) & ones;
}

static bool can_start(const struct nvme *nvme)
{
	uint32_t page = nvme_page(nvme), sizes = nvme->aqa;

	return CC_CSS(nvme->cc) == 0 && CC_AMS(nvme->cc) == 0 && CC_MPS(nvme->cc) <= MPS_MAX &&
	       (sizes & 0xfff) != 0 && sizes >> 16 != 0 && nvme->asq % page == 0 &&
	       nvme->acq % page == 0;
}

static void start(struct nvme *nvme)
{
	nvme->csts = 0;
	if (!can_start(nvme) || nvme_cq_make(nvme, 0, nvme->acq, (nvme->aqa >> 16) + 1) ||
	    nvme_sq_make(nvme, 0, 0, nvme->asq, (nvme->aqa & 0xfff) + 1)) {
		nvme_fatal(nvme);
		return;
	}
	if (nvme->not_ready != UINT_MAX)
		nvme->not_ready = nvme->options.ready;
	if (!nvme->not_ready)
		nvme->csts = CSTS_READY;
}

/* A controller reset: ASQ, ACQ and AQA stay. */
static void stop(struct nvme *nvme)
{
	nvme_queues_drop(nvme);
	nvme_features_reset(nvme);
	nvme->masked = 0;
	nvme->csts &= CSTS_READY;
	if (nvme->not_ready != UINT_MAX)
		nvme->not_ready = nvme->options.ready;
	if (!nvme->not_ready || nvme->not_ready == UINT_MAX)
		nvme->csts = 0;
}

static void write_cc(struct nvme *nvme, uint32_t value)
{
	uint32_t old = nvme->cc, fixed = CC_ENABLE;

	/* What the queues depend on cannot be changed under them. */
	if (old & value & CC_ENABLE)
		fixed |= 0x00003ff0u;
	nvme->cc = (value & CC_KNOWN & ~fixed) | (old & fixed);
	nvme->cc = (nvme->cc & ~CC_ENABLE) | (value & CC_ENABLE);
	if (!(old & CC_ENABLE) && (value & CC_ENABLE))
		start(nvme);
	else if ((old & CC_ENABLE) && !(value & CC_ENABLE))
		stop(nvme);
	else if (CC_SHN(value) && !CC_SHN(old))
		nvme->csts = (nvme->csts & ~CSTS_SHST) | CSTS_SHUT;
	else if (!(value & CC_ENABLE) && !CC_SHN(value))
		nvme->csts &= ~CSTS_SHST;
}

static void put_half(uint64_t *at, bool high, uint32_t value)
{
	*at = high ? (*at & UINT32_MAX) | (uint64_t)value << 32
		   : (*at & ~(uint64_t)UINT32_MAX) | value;
}

static void write_register(struct nvme *nvme, uint64_t offset, uint32_t value)
{
	bool off = !(nvme->cc & CC_ENABLE);

	if (offset == REG_INTMS || offset == REG_INTMC) {
		nvme->masked = offset == REG_INTMS ? nvme->masked | value : nvme->masked & ~value;
		nvme_line(nvme);
	} else if (offset == REG_CC) {
		write_cc(nvme, value);
	} else if (offset == REG_AQA && off) {
		nvme->aqa = value & AQA_KNOWN;
	} else if ((offset == REG_ASQ || offset == REG_ASQ + 4) && off) {
		put_half(&nvme->asq, offset != REG_ASQ, value);
	} else if ((offset == REG_ACQ || offset == REG_ACQ + 4) && off) {
		put_half(&nvme->acq, offset != REG_ACQ, value);
	}
}

void nvme_write(struct mock_device *dev, unsigned int bar, uint64_t offset, unsigned int width,
		uint64_t value)
{
	struct nvme *nvme = nvme_of(dev);
	unsigned int stride = 4u << nvme->options.stride;

	if (width == 8) {
		nvme_write(dev, bar, offset, 4, value & UINT32_MAX);
		nvme_write(dev, bar, offset + 4, 4, value >> 32);
		return;
	}
	if (bar != 0 || width != 4 || offset >= DOORBELLS_END)
		return;
	if (offset < REG_DOORBELLS)
		write_register(nvme, offset, (uint32_t)value);
	else if ((offset - REG_DOORBELLS) % stride == 0)
		nvme_doorbell(nvme, (unsigned int)(offset - REG_DOORBELLS) / stride,
			      (uint32_t)value);
}
