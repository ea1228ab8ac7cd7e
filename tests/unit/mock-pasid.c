/* SPDX-License-Identifier: BSD-2-Clause */
/* PASIDs of the mock: who has them, what its cache and its faults tell, and that nothing is lost. */
#include "tests/unit/run.h"

#include <libiommu/libiommu.h>
#include <libiommu/mock.h>
#include <libiommu/mock_platform.h>

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#define PAGE UINT64_C(4096)

static char memory[4 * 4096] __attribute__((aligned(4096)));
static struct libiommu_ctx *ctx;
static struct libiommu_error *err;

static struct libiommu_device *open_device(const char *text, const char *name)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_device *dev;

	opts.backend = "mock";
	opts.config = text;
	ck_assert_int_eq(libiommu_ctx_new(&opts, &ctx, NULL), 0);
	ck_assert_int_eq(libiommu_device_open(ctx, name, &dev, NULL), 0);
	return dev;
}

static struct libiommu_domain *new_domain(void)
{
	struct libiommu_domain_options opts = LIBIOMMU_DOMAIN_OPTIONS_INIT;
	struct libiommu_domain *dom;

	opts.pasid = true;
	ck_assert_int_eq(libiommu_domain_new(ctx, &opts, &dom, NULL), 0);
	ck_assert_int_eq(libiommu_domain_map(dom, PAGE, libiommu_source_memory(memory), PAGE,
					     LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE, NULL),
			 0);
	return dom;
}

static void refused(int code, enum libiommu_reason reason)
{
	ck_assert_ptr_nonnull(err);
	ck_assert_str_eq(libiommu_reason_name(libiommu_error_reason(err)),
			 libiommu_reason_name(reason));
	ck_assert_int_eq(code, -libiommu_reason_errno(reason));
	libiommu_error_free(err);
	err = NULL;
}

#define ALONE "iommu i intel-vtd\ndevice 0000:00:01.0 iommu=i group=1 driver=vfio-pci "
/* Who has PASIDs, by the machine's text; 0: refused for the reason. */
static const struct {
	const char *text;
	const char *device;
	unsigned int bits;
	enum libiommu_reason reason;
} rows[] = {
	{ "personality bare\n" ALONE "pasid=20", "0000:00:01.0", 20, 0 },
	{ "personality bare\n" ALONE "pasid=5", "0000:00:01.0", 5, 0 },
	{ "personality iommufd\n" ALONE "pasid=20", "0000:00:01.0", 20, 0 },
	{ "personality strict\n" ALONE "pasid=20", "0000:00:01.0", 0,
	  LIBIOMMU_REASON_PASID_UNSUPPORTED },
	{ "personality type1\n" ALONE "pasid=20", "0000:00:01.0", 0,
	  LIBIOMMU_REASON_PASID_UNSUPPORTED },
	{ "personality bare\n" ALONE, "0000:00:01.0", 0, LIBIOMMU_REASON_PASID_UNSUPPORTED },
	{ "personality bare\niommu i amd-vi\n"
	  "device 0000:00:01.0 iommu=i group=1 driver=vfio-pci pasid=20",
	  "0000:00:01.0", 16, 0 },
	{ "personality bare\niommu i arm-smmuv2\n"
	  "device 0000:00:01.0 iommu=i group=1 driver=vfio-pci pasid=20",
	  "0000:00:01.0", 0, LIBIOMMU_REASON_PASID_UNSUPPORTED },
	/* What cannot be told from its neighbour. */
	{ "personality bare\n" ALONE "pasid=20\n"
	  "device 0000:00:01.1 iommu=i group=1 driver=vfio-pci pasid=20",
	  "0000:00:01.0", 0, LIBIOMMU_REASON_PASID_NOT_ISOLATED },
	/* A bridge asks for nothing itself. */
	{ "personality bare\n" ALONE "pasid=20\n"
	  "device 0000:00:01.1 iommu=i group=1 driver=none bridge=yes",
	  "0000:00:01.0", 20, 0 },
};

START_TEST(who_has_pasids)
{
	struct libiommu_device *dev = open_device(rows[_i].text, rows[_i].device);
	struct libiommu_cap_answer cap = LIBIOMMU_CAP_ANSWER_INIT;
	struct libiommu_endpoint *ep;

	ck_assert_int_eq(libiommu_device_cap(dev, LIBIOMMU_CAP_PASIDS, &cap, NULL), 0);
	ck_assert_int_eq(cap.answer == LIBIOMMU_ANSWER_YES, rows[_i].bits != 0);
	ck_assert_uint_eq(cap.value, rows[_i].bits);
	if (rows[_i].bits) {
		ck_assert_int_eq(libiommu_pasid_open(dev, (1u << rows[_i].bits) - 1, &ep, &err), 0);
		refused(libiommu_pasid_open(dev, 1u << rows[_i].bits, &ep, &err),
			LIBIOMMU_REASON_PASID_RANGE);
	} else {
		refused(libiommu_pasid_open(dev, 1, &ep, &err), rows[_i].reason);
	}
	libiommu_ctx_free(ctx);
}
END_TEST

START_TEST(a_neighbour_goes)
{
	struct libiommu_device *dev =
		open_device("personality bare\n" ALONE "pasid=20\n"
			    "device 0000:00:01.1 iommu=i group=1 driver=vfio-pci\n",
			    "0000:00:01.0");
	struct libiommu_endpoint *ep;

	refused(libiommu_pasid_open(dev, 1, &ep, &err), LIBIOMMU_REASON_PASID_NOT_ISOLATED);
	ck_assert_int_eq(
		libiommu_mock_machine_unplug(libiommu_mock_machine_of(ctx), "0000:00:01.1", NULL),
		0);
	ck_assert_int_eq(libiommu_pasid_open(dev, 1, &ep, NULL), 0);
	libiommu_ctx_free(ctx);
}
END_TEST

/* A port's ACS: none; requests go upward; they may turn around at it; and a port without need. */
START_TEST(a_switch_without_acs_does_not_isolate)
{
	static const struct {
		const char *root, *down;
		bool isolated;
	} ports[] = {
		{ "", "", false },
		{ "acs=rr,uf", "", false },
		{ "", "acs=rr,uf", false },
		{ "acs=rr,uf", "acs=rr,uf", true },
		{ "acs=sv,rr,cr,uf", "acs=sv,rr,cr,uf", true },
		{ "acs=sv,rr,cr,uf", "acs=sv,cr,uf acs-cap=sv,rr,cr,uf", false },
	};
	struct libiommu_endpoint *ep;
	struct libiommu_device *dev;
	char text[768];

	snprintf(text, sizeof(text),
		 "personality bare\niommu i intel-vtd\n"
		 "host-bridge 0000:00 iommu=i grouping=pci-acs\n"
		 "device 0000:00:01.0 type=root-port bus=01 %s\n"
		 "device 0000:01:00.0 type=upstream-port bus=02\n"
		 "device 0000:02:00.0 type=downstream-port bus=03 %s\n"
		 "device 0000:03:00.0 type=endpoint driver=vfio-pci pasid=20\n",
		 ports[_i].root, ports[_i].down);
	dev = open_device(text, "0000:03:00.0");
	if (ports[_i].isolated)
		ck_assert_int_eq(libiommu_pasid_open(dev, 1, &ep, &err), 0);
	else
		refused(libiommu_pasid_open(dev, 1, &ep, &err), LIBIOMMU_REASON_PASID_NOT_ISOLATED);
	libiommu_ctx_free(ctx);
}
END_TEST

/* No bridge leads to the bus of a virtual function, but requests from there pass some. */
START_TEST(a_bus_without_a_bridge_has_bridges_above)
{
	static const struct {
		const char *acs;
		bool isolated;
	} ports[] = { { "", false }, { "acs=rr,uf", true } };
	struct libiommu_endpoint *ep;
	struct libiommu_device *dev;
	char text[768];

	snprintf(text, sizeof(text),
		 "personality bare\niommu i intel-vtd\n"
		 "host-bridge 0000:00 iommu=i grouping=generic\n"
		 "device 0000:00:01.0 type=root-port bus=01 acs=rr,uf\n"
		 "device 0000:01:00.0 type=upstream-port bus=02\n"
		 "device 0000:02:00.0 type=downstream-port bus=03 %s\n"
		 "device 0000:03:00.0 type=endpoint driver=vfio-pci\n"
		 "device 0000:04:00.0 type=vf driver=vfio-pci pasid=20\n",
		 ports[_i].acs);
	dev = open_device(text, "0000:04:00.0");
	if (ports[_i].isolated)
		ck_assert_int_eq(libiommu_pasid_open(dev, 1, &ep, &err), 0);
	else
		refused(libiommu_pasid_open(dev, 1, &ep, &err), LIBIOMMU_REASON_PASID_NOT_ISOLATED);
	libiommu_ctx_free(ctx);
}
END_TEST

START_TEST(faults_and_the_cache_know_the_pasid)
{
	struct libiommu_device *dev =
		open_device("personality bare\n" ALONE "pasid=20", "0000:00:01.0");
	struct libiommu_mock_stats before = LIBIOMMU_MOCK_STATS_INIT, after = before;
	struct libiommu_mock_fault fault = LIBIOMMU_MOCK_FAULT_INIT;
	struct libiommu_pgtable_walk walk = LIBIOMMU_PGTABLE_WALK_INIT;
	struct libiommu_domain *dom = new_domain();
	struct libiommu_endpoint *ep, *other;
	const char *format = NULL;
	char byte;

	ck_assert_int_eq(libiommu_pasid_open(dev, 9, &ep, NULL), 0);
	ck_assert_int_eq(libiommu_pasid_open(dev, 10, &other, NULL), 0);
	refused(libiommu_mock_dma_read(ep, PAGE, &byte, 1, &err), LIBIOMMU_REASON_DMA_FAULT);
	ck_assert_int_eq(libiommu_mock_fault_next(ctx, &fault), 0);
	ck_assert_uint_eq(fault.pasid, 9);
	ck_assert_int_eq(fault.kind, LIBIOMMU_MOCK_FAULT_BLOCKED);
	refused(libiommu_mock_walk(ep, PAGE, &walk, &format, &err), LIBIOMMU_REASON_NOT_ATTACHED);
	ck_assert_int_eq(libiommu_endpoint_attach(ep, dom, NULL), 0);
	ck_assert_int_eq(libiommu_endpoint_attach(other, dom, NULL), 0);
	ck_assert_int_eq(libiommu_mock_walk(ep, PAGE, &walk, &format, NULL), 0);
	ck_assert_str_eq(format, "vtd-ss");
	/* Each brings in what it uses, one domain or not. */
	libiommu_mock_stats(ctx, &before);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(libiommu_mock_dma_read(ep, PAGE, &byte, 1, NULL), 0);
		ck_assert_int_eq(libiommu_mock_dma_read(other, PAGE, &byte, 1, NULL), 0);
	}
	libiommu_mock_stats(ctx, &after);
	ck_assert_uint_eq(after.iotlb_misses - before.iotlb_misses, 2);
	ck_assert_uint_eq(after.iotlb_hits - before.iotlb_hits, 4);
	ck_assert_uint_eq(after.address_spaces, 1);
	ck_assert_uint_eq(after.pinned_pages, 1);
	refused(libiommu_mock_dma_read(ep, 2 * PAGE, &byte, 1, &err), LIBIOMMU_REASON_DMA_FAULT);
	ck_assert_int_eq(libiommu_mock_fault_next(ctx, &fault), 0);
	ck_assert_uint_eq(fault.pasid, 9);
	ck_assert_int_eq(fault.kind, LIBIOMMU_MOCK_FAULT_NOT_MAPPED);
	/* A forgotten flush shows through a PASID, too. */
	libiommu_mock_skip_invalidation(ctx, true);
	ck_assert_int_eq(libiommu_domain_unmap(dom, PAGE, PAGE, NULL, NULL), 0);
	ck_assert_int_eq(libiommu_mock_dma_read(ep, PAGE, &byte, 1, NULL), 0);
	ck_assert_int_eq(libiommu_mock_fault_next(ctx, &fault), 0);
	ck_assert_int_eq(fault.kind, LIBIOMMU_MOCK_FAULT_STALE);
	/* What is detached has its entries dropped, the other one keeps its own. */
	ck_assert_int_eq(libiommu_endpoint_detach(ep, 0, NULL), 0);
	ck_assert_int_eq(libiommu_endpoint_attach(ep, dom, NULL), 0);
	refused(libiommu_mock_dma_read(ep, PAGE, &byte, 1, &err), LIBIOMMU_REASON_DMA_FAULT);
	ck_assert_int_eq(libiommu_mock_dma_read(other, PAGE, &byte, 1, NULL), 0);
	libiommu_ctx_free(ctx);
}
END_TEST

static long calls, failing, live;

static void *counted_alloc(void *data, size_t length, size_t alignment)
{
	const struct libiommu_allocator *real = libiommu_allocator_default();
	void *block;

	(void)data;
	if (++calls == failing)
		return NULL;
	block = real->alloc(real->data, length, alignment);
	live += block ? (long)length : 0;
	return block;
}

static void counted_free(void *data, void *block, size_t length)
{
	const struct libiommu_allocator *real = libiommu_allocator_default();

	(void)data;
	live -= (long)length;
	real->free(real->data, block, length);
}

/* Attaches and moves a PASID; true when nothing failed. Everything is as before when it did. */
static bool scenario(struct libiommu_device *dev, struct libiommu_domain *one,
		     struct libiommu_domain *two)
{
	struct libiommu_endpoint *ep;
	bool good = false;

	if (libiommu_pasid_open(dev, 3, &ep, NULL))
		return false;
	if (!libiommu_endpoint_attach(ep, one, NULL)) {
		good = !libiommu_endpoint_replace(ep, two, 0, NULL);
		ck_assert_ptr_eq(libiommu_endpoint_domain(ep), good ? two : one);
		ck_assert_int_eq(libiommu_endpoint_detach(ep, 0, NULL), 0);
	}
	ck_assert_int_eq(libiommu_pasid_close(ep, NULL), 0);
	return good;
}

START_TEST(every_allocation_can_fail)
{
	const struct libiommu_allocator allocator = { sizeof(allocator), NULL, counted_alloc,
						      counted_free };
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_mock_stats stats = LIBIOMMU_MOCK_STATS_INIT;
	struct libiommu_domain *one, *two;
	struct libiommu_device *dev;
	bool good = false;
	long round = 0;

	opts.backend = "mock";
	opts.config = "personality bare\n" ALONE "pasid=20";
	opts.allocator = &allocator;
	ck_assert_int_eq(libiommu_ctx_new(&opts, &ctx, NULL), 0);
	ck_assert_int_eq(libiommu_device_open(ctx, "0000:00:01.0", &dev, NULL), 0);
	one = new_domain();
	two = new_domain();
	while (!good && round < 1000) {
		calls = 0;
		failing = ++round;
		good = scenario(dev, one, two);
		failing = 0;
		ck_assert_int_eq(libiommu_mock_stats(ctx, &stats), 0);
		ck_assert_uint_eq(stats.address_spaces, 0);
		ck_assert_uint_eq(stats.pinned_pages, 0);
	}
	ck_assert(good);
	ck_assert_int_gt(round, 5);
	libiommu_ctx_free(ctx);
	ck_assert_int_eq(live, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mock-pasid");
	TCase *tcase = tcase_create("pasids");

	tcase_add_loop_test(tcase, who_has_pasids, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_loop_test(tcase, a_switch_without_acs_does_not_isolate, 0, 6);
	tcase_add_loop_test(tcase, a_bus_without_a_bridge_has_bridges_above, 0, 2);
	tcase_add_test(tcase, a_neighbour_goes);
	tcase_add_test(tcase, faults_and_the_cache_know_the_pasid);
	tcase_add_test(tcase, every_allocation_can_fail);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
