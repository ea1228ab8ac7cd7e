/* SPDX-License-Identifier: BSD-2-Clause */
#include "prp.h"

#include "plant.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

/* Walks the memory page by page. */
struct cursor {
	const struct nvme_prp_job *job;
	uint64_t done;
	struct nvme_place place; /* of what is next */
	struct nvme_failure *failure;
};

static int refill(struct cursor *cursor, struct nvme_place *place)
{
	const struct nvme_prp_job *job = cursor->job;
	int ret = job->locate(job->data, (const char *)job->address + cursor->done, place,
			      cursor->failure);

	if (!ret && !place->length)
		ret = nvme_fail(cursor->failure, -EFAULT, "no memory is there");
	return ret;
}

/* The IOVA of the next bytes, which end in the same page. */
static int take(struct cursor *cursor, uint64_t bytes, uint64_t *iova)
{
	int ret;

	if (!cursor->place.length) {
		ret = refill(cursor, &cursor->place);
		if (ret)
			return ret;
	}
	*iova = cursor->place.iova;
	while (cursor->place.length < bytes) {
		uint64_t part = cursor->place.length;
		uint64_t next = cursor->place.iova + part;

		cursor->done += part;
		bytes -= part;
		ret = refill(cursor, &cursor->place);
		if (ret)
			return ret;
		if (cursor->place.iova != next)
			return nvme_fail(cursor->failure, -EINVAL,
					 "the memory breaks within a page of the controller");
	}
	cursor->done += bytes;
	cursor->place.iova += bytes;
	cursor->place.length -= bytes;
	return 0;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static int take_page(struct cursor *cursor, uint64_t *iova)
{
	const struct nvme_prp_job *job = cursor->job;
	uint64_t left = job->length - cursor->done;
	int ret = take(cursor, smaller(left, job->page_size), iova);

	if (!ret && *iova & (job->page_size - 1))
		ret = nvme_fail(cursor->failure, -EINVAL,
				"IOVA %#" PRIx64 " is in the middle of a page of the controller",
				*iova);
	return ret;
}

static uint64_t pages_for(uint64_t bytes, uint32_t page_size)
{
	return (bytes + page_size - 1) / page_size;
}

unsigned int nvme_prp_lists_for(uint64_t bytes, uint32_t page_size)
{
	/* Beginning at the last word of a page: all but four bytes are behind the first page. */
	uint64_t pages = pages_for(bytes, page_size);
	uint64_t room = page_size / sizeof(uint64_t);

	if (pages < 2)
		return 0;
	/* All lists but the last give an entry to the next one. */
	return pages <= room ? 1 : (unsigned int)((pages - 1 + room - 2) / (room - 1));
}

static int fill_lists(struct cursor *cursor, uint64_t pages)
{
	const struct nvme_prp_job *job = cursor->job;
	unsigned int room = job->page_size / sizeof(uint64_t), list = 0, entry = 0;
	uint64_t iova;
	int ret;

	if (!job->list_count)
		return nvme_fail(cursor->failure, -E2BIG, "there is no list for the pages");
	for (; pages; pages--) {
		if (entry == room - 1 && pages > 1) {
			if (list + 1 == job->list_count)
				return nvme_fail(cursor->failure, -E2BIG,
						 "there are too few lists for the pages");
			job->lists[list].entries[entry] = htole64(job->lists[list + 1].iova);
			list++;
			entry = 0;
		}
		ret = take_page(cursor, &iova);
		if (ret)
			return ret;
		job->lists[list].entries[entry++] = htole64(iova);
	}
	return 0;
}

int nvme_prp_build(const struct nvme_prp_job *job, struct nvme_prp *out,
		   struct nvme_failure *failure)
{
	struct cursor cursor = { .job = job, .failure = failure };
	uint64_t offset, first, rest, pages;
	int ret;

	ret = refill(&cursor, &cursor.place);
	if (ret)
		return ret;
	offset = cursor.place.iova & (job->page_size - 1);
	if (offset & 3)
		return nvme_fail(failure, -EINVAL, "the memory begins in the middle of a word");
	first = smaller(job->length, job->page_size - offset);
	if (!NVME_PLANTED(NVME_BUG_PRP_SHORT))
		out->second = 0;
	ret = take(&cursor, first, &out->first);
	rest = job->length - first;
	if (ret || !rest)
		return ret;
	pages = pages_for(rest, job->page_size);
	if (NVME_PLANTED(NVME_BUG_PRP_SHORT))
		pages = pages_for(job->length, job->page_size) - 1;
	if (pages == 0)
		return 0;
	if (pages == 1)
		return take_page(&cursor, &out->second);
	ret = fill_lists(&cursor, pages);
	if (!ret)
		out->second = job->lists[0].iova;
	return ret;
}

/* Entry n behind the first page, as the device finds it. */
static uint64_t entry_at(const struct nvme_prp_job *job, const struct nvme_prp *prp, uint64_t n,
			 uint64_t pages)
{
	uint64_t room = job->page_size / sizeof(uint64_t);
	uint64_t list = 0;

	if (pages == 1)
		return prp->second;
	while (n >= room - 1 && pages > room) {
		list++;
		n -= room - 1;
		pages -= room - 1;
	}
	return le64toh(job->lists[list].entries[n]);
}

/* Appends a range; false when there is no more room. */
static bool add_range(char *text, size_t size, size_t *used, uint64_t start, uint64_t last)
{
	int n = snprintf(text + *used, size - *used, "%s%#" PRIx64 "-%#" PRIx64, *used ? " " : "",
			 start, last);

	if (n < 0 || (size_t)n + 5 > size - *used) {
		snprintf(text + *used, size - *used, " ...");
		return false;
	}
	*used += (size_t)n;
	return true;
}

void nvme_prp_describe(const struct nvme_prp_job *job, const struct nvme_prp *prp, char *text,
		       size_t size)
{
	uint64_t first = smaller(job->length, job->page_size - (prp->first & (job->page_size - 1)));
	uint64_t rest = job->length - first, pages = pages_for(rest, job->page_size);
	uint64_t start = prp->first, end = start + first;
	size_t used = 0;

	for (uint64_t n = 0; n < pages; n++) {
		uint64_t iova = entry_at(job, prp, n, pages);
		uint64_t bytes = smaller(rest, job->page_size);

		if (iova != end) {
			if (!add_range(text, size, &used, start, end - 1))
				return;
			start = iova;
		}
		end = iova + bytes;
		rest -= bytes;
	}
	add_range(text, size, &used, start, end - 1);
}
