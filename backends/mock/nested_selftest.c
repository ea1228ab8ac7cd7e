/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The stage 1 of Linux' own test device: words that it caches until it is told otherwise. There is
 * no table, and no address leads anywhere.
 */
#include "backends/mock/nested.h"

#include <errno.h>
#include <string.h>

/* An entry: flags, and the number of a word. */
#define FLAGS_ALL 1u

void mock_selftest_begin(struct mock_stage1 *stage1)
{
	if (stage1->type != LIBIOMMU_STAGE1_SELFTEST)
		return;
	for (size_t i = 0; i < MOCK_STAGE1_WORDS; i++)
		stage1->cached[i] = stage1->data.selftest.iotlb;
}

void mock_selftest_forget(struct mock_stage1 *stage1)
{
	memset(stage1->cached, 0, sizeof(stage1->cached));
}

static int carry_out(struct mock_stage1 *stage1, const unsigned char *entry)
{
	uint32_t flags, number;

	memcpy(&flags, entry, 4);
	memcpy(&number, entry + 4, 4);
	if (flags & ~FLAGS_ALL)
		return -EOPNOTSUPP;
	/* Of all words, too, it has to be one. */
	if (number >= MOCK_STAGE1_WORDS)
		return -EINVAL;
	pthread_rwlock_wrlock(&stage1->iommu->gate);
	if (flags & FLAGS_ALL)
		mock_selftest_forget(stage1);
	else
		stage1->cached[number] = 0;
	pthread_rwlock_unlock(&stage1->iommu->gate);
	return 0;
}

const struct mock_entries mock_selftest_entries = {
	.type = 0xdeadbeef,
	.bytes = 8,
	.name = "the test device's",
	.carry_out = carry_out,
};
