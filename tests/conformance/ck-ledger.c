// SPDX-License-Identifier: BSD-2-Clause
/* 4.1.8: the ledger is the truth of what was mapped. */
#include "helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

CASE(find_by_iova, "4.1.8 a mapping is found by each IOVA inside it and by none outside")
{
	struct rig rig = rig_new(0);
	struct libiommu_mapping mapping = LIBIOMMU_MAPPING_INIT;
	const uint64_t inside[] = { 0, 1, PAGE - 1, PAGE, 8000, 3 * PAGE - 1 };
	char *mem = memory(4 * PAGE);
	size_t i;

	map_prot(rig.dom, IO(10), mem, 3 * PAGE, LIBIOMMU_PROT_READ);
	for (i = 0; i < COUNT(inside); i++) {
		ck_assert_int_eq(libiommu_domain_find(rig.dom, NULL, IO(10) + inside[i], &mapping),
				 0);
		ck_assert_uint_eq(mapping.iova, IO(10));
		ck_assert_uint_eq(mapping.length, 3 * PAGE);
		ck_assert_uint_eq(mapping.prot, LIBIOMMU_PROT_READ);
		ck_assert_uint_eq(mapping.source.start, (uintptr_t)mem);
		ck_assert_int_eq(mapping.source.kind, LIBIOMMU_SOURCE_MEMORY);
		ck_assert_int_eq(mapping.source.fd, -1);
	}
	not_found(rig.dom, IO(10) - 1);
	not_found(rig.dom, IO(13));
	not_found(rig.dom, 0);
	not_found(rig.dom, UINT64_MAX);
}

CASE(find_with_reader,
     "reader.h: lookups with a reader answer as those without, also after changes")
{
	struct rig rig = rig_new(0);
	struct libiommu_domain *other = domain(rig.ctx);
	struct libiommu_mapping mapping = LIBIOMMU_MAPPING_INIT;
	struct libiommu_reader *reader;
	char *mem = memory(4 * PAGE);

	OK(libiommu_reader_new(rig.ctx, &reader, E));
	map(rig.dom, IO(0), mem, PAGE);
	map(other, IO(1), mem, PAGE);
	ck_assert_int_eq(libiommu_domain_find(rig.dom, reader, IO(0), &mapping), 0);
	ck_assert_int_eq(libiommu_domain_find(rig.dom, reader, IO(0) + 9, &mapping), 0);
	ck_assert_int_eq(libiommu_domain_find(other, reader, IO(0), &mapping), -ENOENT);
	ck_assert_int_eq(libiommu_domain_find(other, reader, IO(1), &mapping), 0);
	unmap(rig.dom, IO(0), PAGE, PAGE);
	ck_assert_int_eq(libiommu_domain_find(rig.dom, reader, IO(0), &mapping), -ENOENT);
	map(rig.dom, IO(0), mem + PAGE, 2 * PAGE);
	ck_assert_int_eq(libiommu_domain_find(rig.dom, reader, IO(1), &mapping), 0);
	ck_assert_uint_eq(mapping.source.start, (uintptr_t)mem + PAGE);
	OK(libiommu_domain_free(other, E));
	ck_assert_int_eq(libiommu_domain_find(rig.dom, reader, IO(1), &mapping), 0);
	libiommu_reader_free(reader);
}

CASE(find_arguments, "mapping.h: lookups refuse NULL, a wrong size, and a foreign reader")
{
	struct rig rig = rig_new(0);
	struct libiommu_mapping mapping = LIBIOMMU_MAPPING_INIT;
	struct libiommu_reader *foreign;
	struct libiommu_ctx *other;
	char *mem = memory(PAGE);

	map(rig.dom, IO(0), mem, PAGE);
	other = context();
	OK(libiommu_reader_new(other, &foreign, E));
	ck_assert_int_eq(libiommu_domain_find(NULL, NULL, IO(0), &mapping), -EINVAL);
	ck_assert_int_eq(libiommu_domain_find(rig.dom, NULL, IO(0), NULL), -EINVAL);
	ck_assert_int_eq(libiommu_domain_find(rig.dom, foreign, IO(0), &mapping), -EXDEV);
	ck_assert_int_eq(libiommu_domain_next(NULL, NULL, 0, &mapping), -EINVAL);
	ck_assert_int_eq(libiommu_domain_next(rig.dom, NULL, 0, NULL), -EINVAL);
	ck_assert_int_eq(libiommu_domain_next(rig.dom, foreign, 0, &mapping), -EXDEV);
	ck_assert_int_eq(libiommu_domain_find_source(NULL, NULL, at(mem), 0, NULL, &mapping),
			 -EINVAL);
	ck_assert_int_eq(libiommu_domain_find_source(rig.dom, foreign, at(mem), 0, NULL, &mapping),
			 -EXDEV);
	ck_assert_int_eq(libiommu_domain_find_source(rig.dom, NULL, at(mem), 0, NULL, NULL), 0);
	mapping.size = 1;
	ck_assert_int_eq(libiommu_domain_find(rig.dom, NULL, IO(0), &mapping), -EINVAL);
	ck_assert_int_eq(libiommu_domain_next(rig.dom, NULL, 0, &mapping), -EINVAL);
	ck_assert_int_eq(libiommu_domain_find_source(rig.dom, NULL, at(mem), 0, NULL, &mapping),
			 -EINVAL);
	libiommu_reader_free(foreign);
}

/* Where a byte of a source is, from an IOVA on; UINT64_MAX: nowhere. */
static uint64_t where(struct libiommu_domain *dom, struct libiommu_source source, uint64_t from)
{
	struct libiommu_mapping mapping = LIBIOMMU_MAPPING_INIT;
	uint64_t iova = 0;
	int ret = libiommu_domain_find_source(dom, NULL, source, from, &iova, &mapping);

	if (ret == -ENOENT)
		return UINT64_MAX;
	ck_assert_int_eq(ret, 0);
	ck_assert_uint_ge(iova, mapping.iova);
	ck_assert_uint_lt(iova - mapping.iova, mapping.length);
	ck_assert_uint_eq(source.start - mapping.source.start, iova - mapping.iova);
	return iova;
}

CASE(find_by_source, "4.1.8 a byte of a source is found, and where it is")
{
	struct rig rig = rig_new(0);
	char *mem = memory(8 * PAGE);

	map(rig.dom, IO(10), mem + PAGE, 4 * PAGE);
	ck_assert_uint_eq(where(rig.dom, at(mem + PAGE), 0), IO(10));
	ck_assert_uint_eq(where(rig.dom, at(mem + 2 * PAGE + 17), 0), IO(11) + 17);
	ck_assert_uint_eq(where(rig.dom, at(mem + 5 * PAGE - 1), 0), IO(14) - 1);
	ck_assert_uint_eq(where(rig.dom, at(mem + PAGE - 1), 0), UINT64_MAX);
	ck_assert_uint_eq(where(rig.dom, at(mem + 5 * PAGE), 0), UINT64_MAX);
	unmap(rig.dom, IO(10), 4 * PAGE, 4 * PAGE);
	ck_assert_uint_eq(where(rig.dom, at(mem + PAGE), 0), UINT64_MAX);
}

CASE(source_mapped_twice, "4.1.8 a source mapped twice answers with the lowest IOVA, then the next")
{
	struct rig rig = rig_new(0);
	char *mem = memory(PAGE);
	uint64_t iova;

	map(rig.dom, IO(20), mem, PAGE);
	map(rig.dom, IO(5), mem, PAGE);
	map(rig.dom, IO(40), mem, PAGE);
	iova = where(rig.dom, at(mem + 8), 0);
	ck_assert_uint_eq(iova, IO(5) + 8);
	iova = where(rig.dom, at(mem + 8), iova + 1);
	ck_assert_uint_eq(iova, IO(20) + 8);
	ck_assert_uint_eq(where(rig.dom, at(mem + 8), iova), IO(20) + 8);
	iova = where(rig.dom, at(mem + 8), iova + 1);
	ck_assert_uint_eq(iova, IO(40) + 8);
	ck_assert_uint_eq(where(rig.dom, at(mem + 8), iova + 1), UINT64_MAX);
	unmap(rig.dom, IO(5), PAGE, PAGE);
	ck_assert_uint_eq(where(rig.dom, at(mem + 8), 0), IO(20) + 8);
}

CASE(overlapping_sources, "4.1.8 sources that overlap with different lengths are all found")
{
	struct rig rig = rig_new(0);
	char *mem = memory(64 * PAGE);
	uint64_t iova;

	/* A long one that starts far below shadows short ones that start later. */
	map(rig.dom, IO(200), mem, 64 * PAGE);
	map(rig.dom, IO(10), mem + 30 * PAGE, PAGE);
	map(rig.dom, IO(20), mem + 29 * PAGE, 4 * PAGE);
	map(rig.dom, IO(400), mem + 31 * PAGE, PAGE);
	map(rig.dom, IO(500), mem + 10 * PAGE, 2 * PAGE);
	iova = where(rig.dom, at(mem + 30 * PAGE + 3), 0);
	ck_assert_uint_eq(iova, IO(10) + 3);
	iova = where(rig.dom, at(mem + 30 * PAGE + 3), iova + 1);
	ck_assert_uint_eq(iova, IO(21) + 3);
	iova = where(rig.dom, at(mem + 30 * PAGE + 3), iova + 1);
	ck_assert_uint_eq(iova, IO(230) + 3);
	ck_assert_uint_eq(where(rig.dom, at(mem + 30 * PAGE + 3), iova + 1), UINT64_MAX);
	ck_assert_uint_eq(where(rig.dom, at(mem + 40 * PAGE), 0), IO(240));
	ck_assert_uint_eq(where(rig.dom, at(mem + 31 * PAGE), IO(22) + 1), IO(231));
	unmap(rig.dom, IO(200), 64 * PAGE, 64 * PAGE);
	ck_assert_uint_eq(where(rig.dom, at(mem + 40 * PAGE), 0), UINT64_MAX);
	ck_assert_uint_eq(where(rig.dom, at(mem + 31 * PAGE), 0), IO(22));
}

CASE(source_from_the_middle, "mapping.h: the search goes on at `from`, also inside a mapping")
{
	struct rig rig = rig_new(0);
	char *mem = memory(8 * PAGE);

	map(rig.dom, IO(10), mem, 4 * PAGE);
	map(rig.dom, IO(30), mem, 4 * PAGE);
	ck_assert_uint_eq(where(rig.dom, at(mem + 2 * PAGE), IO(11)), IO(12));
	ck_assert_uint_eq(where(rig.dom, at(mem + 2 * PAGE), IO(12)), IO(12));
	ck_assert_uint_eq(where(rig.dom, at(mem + 2 * PAGE), IO(12) + 1), IO(32));
	ck_assert_uint_eq(where(rig.dom, at(mem + 2 * PAGE), IO(32) + 1), UINT64_MAX);
}

CASE(one_file_two_descriptors, "4.1.8 two descriptors of one memory file are the same source")
{
	struct rig rig = rig_new(0);
	struct libiommu_mapping mapping = LIBIOMMU_MAPPING_INIT;
	int fd = memory_file(8 * PAGE), other = memory_file(8 * PAGE), again, reopened;
	char path[64];

	again = keep_fd(dup(fd));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	reopened = keep_fd(open(path, O_RDWR | O_CLOEXEC));
	OK(libiommu_domain_map(rig.dom, IO(10), libiommu_source_file(fd, 2 * PAGE), 2 * PAGE, RW,
			       E));
	ck_assert_uint_eq(where(rig.dom, libiommu_source_file(fd, 3 * PAGE), 0), IO(11));
	ck_assert_uint_eq(where(rig.dom, libiommu_source_file(again, 3 * PAGE + 5), 0), IO(11) + 5);
	ck_assert_uint_eq(where(rig.dom, libiommu_source_file(reopened, 2 * PAGE), 0), IO(10));
	ck_assert_uint_eq(where(rig.dom, libiommu_source_file(fd, 0), 0), UINT64_MAX);
	ck_assert_uint_eq(where(rig.dom, libiommu_source_file(fd, 4 * PAGE), 0), UINT64_MAX);
	ck_assert_uint_eq(where(rig.dom, libiommu_source_file(other, 2 * PAGE), 0), UINT64_MAX);
	ck_assert_int_eq(libiommu_domain_find(rig.dom, NULL, IO(10), &mapping), 0);
	ck_assert_int_eq(mapping.source.kind, LIBIOMMU_SOURCE_FILE);
	ck_assert_int_eq(mapping.source.fd, -1);
	ck_assert_uint_eq(mapping.source.start, 2 * PAGE);
	ck_assert_int_eq(libiommu_domain_find_source(
				 rig.dom, NULL, libiommu_source_file(1 << 19, 0), 0, NULL, NULL),
			 -EBADF);
}

CASE(files_and_memory_are_apart, "4.1.8 an offset of a file is not an address of memory")
{
	struct rig rig = rig_new(0);
	int fd = memory_file(4 * PAGE);
	char *mem = memory(PAGE);

	map(rig.dom, IO(0), mem, PAGE);
	OK(libiommu_domain_map(rig.dom, IO(1), libiommu_source_file(fd, 0), 4 * PAGE, RW, E));
	ck_assert_uint_eq(where(rig.dom, at(NULL), 0), UINT64_MAX);
	ck_assert_uint_eq(where(rig.dom, libiommu_source_file(fd, 0), 0), IO(1));
	ck_assert_uint_eq(where(rig.dom, at(mem), 0), IO(0));
}

CASE(walk_in_order, "4.1.8 mappings are walked in the order of their IOVAs")
{
	static const unsigned int order[] = { 7, 1, 9, 3, 0, 8, 2, 6, 4, 5 };
	struct rig rig = rig_new(0);
	struct libiommu_mapping mapping = LIBIOMMU_MAPPING_INIT;
	char *mem = memory(16 * PAGE);
	uint64_t from = 0;
	size_t i;

	ck_assert_int_eq(libiommu_domain_next(rig.dom, NULL, 0, &mapping), -ENOENT);
	for (i = 0; i < COUNT(order); i++)
		map(rig.dom, IO(order[i] * 4), mem + order[i] * PAGE, 2 * PAGE);
	ck_assert_uint_eq(libiommu_domain_mapping_count(rig.dom), COUNT(order));
	for (i = 0; i < COUNT(order); i++) {
		ck_assert_int_eq(libiommu_domain_next(rig.dom, NULL, from, &mapping), 0);
		ck_assert_uint_eq(mapping.iova, IO(i * 4));
		ck_assert_uint_eq(mapping.source.start, (uintptr_t)mem + i * PAGE);
		from = mapping.iova + mapping.length;
	}
	ck_assert_int_eq(libiommu_domain_next(rig.dom, NULL, from, &mapping), -ENOENT);
	/* Inside a mapping: that one. */
	ck_assert_int_eq(libiommu_domain_next(rig.dom, NULL, IO(5), &mapping), 0);
	ck_assert_uint_eq(mapping.iova, IO(4));
	ck_assert_int_eq(libiommu_domain_next(rig.dom, NULL, IO(6) - 1, &mapping), 0);
	ck_assert_uint_eq(mapping.iova, IO(4));
	ck_assert_int_eq(libiommu_domain_next(rig.dom, NULL, IO(6), &mapping), 0);
	ck_assert_uint_eq(mapping.iova, IO(8));
}

CASE(dump_format, "4.1.8 the ledger is dumped as text, a line per mapping, in order")
{
	struct rig rig = rig_new(0);
	char *mem = memory(4 * PAGE), expected[512], *text;
	int fd = memory_file(4 * PAGE);

	ck_assert_str_eq(dump(rig.dom), "");
	map_prot(rig.dom, 0x50000, mem, 2 * PAGE, LIBIOMMU_PROT_READ);
	map_prot(rig.dom, 0x10000, mem, PAGE, RW);
	map_prot(rig.dom, 0 - PAGE, mem + PAGE, PAGE, LIBIOMMU_PROT_WRITE);
	snprintf(expected, sizeof(expected),
		 "0x0000000000010000-0x%016" PRIx64 " rw memory 0x%016" PRIxPTR "\n"
		 "0x0000000000050000-0x%016" PRIx64 " r- memory 0x%016" PRIxPTR "\n"
		 "0x%016" PRIx64 "-0xffffffffffffffff -w memory 0x%016" PRIxPTR "\n",
		 0xffff + PAGE, (uintptr_t)mem, 0x4ffff + 2 * PAGE, (uintptr_t)mem, 0 - PAGE,
		 (uintptr_t)mem + PAGE);
	ck_assert_str_eq(dump(rig.dom), expected);
	OK(libiommu_domain_unmap_all(rig.dom, NULL, E));
	OK(libiommu_domain_map(rig.dom, 0x10000, libiommu_source_file(fd, PAGE), PAGE, RW, E));
	text = dump(rig.dom);
	snprintf(expected, sizeof(expected), "0x0000000000010000-0x%016" PRIx64 " rw file",
		 0xffff + PAGE);
	ck_assert_msg(strncmp(text, expected, strlen(expected)) == 0, "%s", text);
}

static int stop_at_second(void *data, const char *line)
{
	(void)line;
	return ++*(int *)data == 2 ? 1234 : 0;
}

CASE(dump_can_be_stopped, "mapping.h: the receiver's non-zero return ends the dump")
{
	struct rig rig = rig_new(0);
	char *mem = memory(PAGE);
	int i, lines = 0;

	for (i = 0; i < 5; i++)
		map(rig.dom, IO(i), mem, PAGE);
	ck_assert_int_eq(libiommu_domain_dump(rig.dom, stop_at_second, &lines, NULL), 1234);
	ck_assert_int_eq(lines, 2);
}

CASE(only_live_mappings_are_found, "4.1.8 what was refused is never found")
{
	struct rig rig;
	char *hole = no_memory(PAGE), *mem = memory(PAGE);

	NEEDS(1, 0);
	rig = rig_attached(1);
	map(rig.dom, IO(0), mem, PAGE);
	REFUSED_KEEPS(rig.dom, libiommu_domain_map(rig.dom, IO(1), at(hole), PAGE, RW, E),
		      BAD_MEMORY, NULL);
	not_found(rig.dom, IO(1));
	ck_assert_uint_eq(where(rig.dom, at(hole), 0), UINT64_MAX);
	ck_assert_uint_eq(libiommu_domain_mapping_count(rig.dom), 1);
	map(rig.dom, IO(1), mem, PAGE);
}

CASE(large_ledger, "4.1.8 lookups are right among many mappings that come and go")
{
	struct rig rig = rig_new(0);
	char *mem = memory(64 * PAGE);
	const unsigned int many = 5000;
	unsigned int i;

	for (i = 0; i < many; i++)
		map(rig.dom, IO(2 * (i * 7919 % many)), mem + i % 64 * PAGE, PAGE);
	ck_assert_uint_eq(libiommu_domain_mapping_count(rig.dom), many);
	for (i = 0; i < many; i += 2)
		unmap(rig.dom, IO(2 * (i * 7919 % many)), PAGE, PAGE);
	for (i = 0; i < many; i++) {
		if (i % 2)
			found(rig.dom, IO(2 * (i * 7919 % many)), mem + i % 64 * PAGE, PAGE);
		else
			not_found(rig.dom, IO(2 * (i * 7919 % many)));
		not_found(rig.dom, IO(2 * i + 1));
	}
}

void suite_ledger(struct registry *registry)
{
	static const struct conformance_case *const cases[] = {
		&find_by_iova,
		&find_with_reader,
		&find_arguments,
		&find_by_source,
		&source_mapped_twice,
		&overlapping_sources,
		&source_from_the_middle,
		&one_file_two_descriptors,
		&files_and_memory_are_apart,
		&walk_in_order,
		&dump_format,
		&dump_can_be_stopped,
		&only_live_mappings_are_found,
		&large_ledger,
	};

	add_cases(registry, "ledger", cases, COUNT(cases));
}
