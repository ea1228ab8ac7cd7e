/* SPDX-License-Identifier: BSD-2-Clause */
/* What the program counts and makes up: percentiles, patterns. */
#include "tests/unit/run.h"

#include "latency.h"
#include "pattern.h"

#include <check.h>
#include <string.h>

static struct nvme_latency latency;

/* At least the true value, and at most 2 percent more. */
static void near(uint64_t got, uint64_t value)
{
	ck_assert_uint_ge(got, value);
	ck_assert_uint_le(got, value + value / 50);
}

START_TEST(percentiles)
{
	ck_assert_uint_eq(nvme_latency_percentile(&latency, 500), 0);
	for (uint64_t i = 1; i <= 100000; i++)
		nvme_latency_add(&latency, i * 7);
	near(nvme_latency_percentile(&latency, 500), 350000);
	near(nvme_latency_percentile(&latency, 990), 693000);
	near(nvme_latency_percentile(&latency, 999), 699300);
	ck_assert_uint_eq(nvme_latency_percentile(&latency, 1000), 700000);
	ck_assert_uint_eq(latency.longest, 700000);
	ck_assert_uint_eq(latency.total, 100000);
}
END_TEST

START_TEST(small_and_huge_values)
{
	for (uint64_t i = 0; i < 64; i++)
		nvme_latency_add(&latency, i);
	ck_assert_uint_eq(nvme_latency_percentile(&latency, 500), 31);
	nvme_latency_add(&latency, UINT64_MAX);
	ck_assert_uint_eq(nvme_latency_percentile(&latency, 1000), UINT64_MAX);
	near(nvme_latency_percentile(&latency, 980), 63);
}
END_TEST

/* One of a thousand is late: p99.9 does not see it, one more and it does. */
START_TEST(rare)
{
	for (unsigned int i = 0; i < 999; i++)
		nvme_latency_add(&latency, 10);
	nvme_latency_add(&latency, 5000000);
	ck_assert_uint_eq(nvme_latency_percentile(&latency, 999), 10);
	nvme_latency_add(&latency, 5000000);
	near(nvme_latency_percentile(&latency, 999), 5000000);
}
END_TEST

START_TEST(patterns)
{
	unsigned char a[512], b[512];

	nvme_pattern_fill(1, 4096, a, sizeof(a));
	ck_assert_uint_eq(nvme_pattern_check(1, 4096, a, sizeof(a)), sizeof(a));
	ck_assert_uint_eq(nvme_pattern_check(1, 4608, a, sizeof(a)), 0);
	nvme_pattern_fill(1, 4104, b, sizeof(b));
	ck_assert_mem_eq(a + 8, b, sizeof(a) - 8);
	nvme_pattern_fill(2, 4096, b, sizeof(b));
	ck_assert_mem_ne(a, b, sizeof(a));
	for (size_t i = 0; i < sizeof(a); i++) {
		a[i] ^= 0x10;
		ck_assert_uint_eq(nvme_pattern_check(1, 4096, a, sizeof(a)), i);
		a[i] ^= 0x10;
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("nvme-figures");
	TCase *tcase = tcase_create("figures");

	tcase_add_test(tcase, percentiles);
	tcase_add_test(tcase, small_and_huge_values);
	tcase_add_test(tcase, rare);
	tcase_add_test(tcase, patterns);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
