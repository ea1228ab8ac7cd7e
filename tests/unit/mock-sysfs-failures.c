/* SPDX-License-Identifier: BSD-2-Clause */
/* Every system call and allocation of a tree that is written fails in turn. */
#include "tests/unit/mock-sysfs-rig.h"

static const struct libiommu_sys *sys(void)
{
	return libiommu_sys_default();
}

#include "tests/unit/fault.h"

static int fail_mkdirat(void *data, int folder, const char *path)
{
	return fails() ? -ENOSPC : sys()->mkdirat(data, folder, path);
}

static int fail_symlinkat(void *data, const char *target, int folder, const char *path)
{
	return fails() ? -EDQUOT : sys()->symlinkat(data, target, folder, path);
}

static int fail_createat(void *data, int folder, const char *path)
{
	return fails() ? -EMFILE : sys()->createat(data, folder, path);
}

static int fail_unlinkat(void *data, int folder, const char *path, bool is_folder)
{
	return fails() ? -EBUSY : sys()->unlinkat(data, folder, path, is_folder);
}

static int fail_renameat(void *data, int folder, const char *from, const char *to)
{
	return fails() ? -EIO : sys()->renameat(data, folder, from, to);
}

/* Files take a few bytes at a time. */
static int64_t short_pwrite(void *data, int fd, const void *buffer, size_t length, uint64_t offset)
{
	return fail_pwrite(data, fd, buffer, length > 64 ? 64 : length, offset);
}

static struct libiommu_sys table;
static const struct libiommu_allocator allocator = { sizeof(allocator), NULL, fail_alloc,
						     count_free };

static const char before[] = "iommu u intel-vtd\n"
			     "device 0000:00:03.0 iommu=u group=1 driver=vfio-pci model=edu\n"
			     "device 0000:00:04.0 iommu=u group=2 driver=e1000e\n";
static const char after[] = "iommu u intel-vtd\n"
			    "device 0000:00:04.0 iommu=u group=2 driver=vfio-pci\n"
			    "device 0000:00:05.0 iommu=u group=3\n";

static void set_up(void)
{
	make_folder();
	memset(&fault, 0, sizeof(fault));
	table = *sys();
	table.openat = fail_openat;
	table.close = fail_close;
	table.getdents = fail_getdents;
	table.pwrite = short_pwrite;
	table.mkdirat = fail_mkdirat;
	table.symlinkat = fail_symlinkat;
	table.createat = fail_createat;
	table.unlinkat = fail_unlinkat;
	table.renameat = fail_renameat;
}

static void tear_down(void)
{
	drop_folder();
}

/* A machine that is its context's own, so that its memory is ours to refuse. */
static void start_own(const char *text)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;

	fault.at = 0;
	opts.backend = "mock";
	opts.config = text;
	opts.allocator = &allocator;
	ck_assert_int_eq(libiommu_ctx_new(&opts, &mock, NULL), 0);
	machine = libiommu_mock_machine_of(mock);
}

static void dump_folder(FILE *out, const char *folder)
{
	struct dirent **entries;
	int count = scandirat(tree_fd, folder, &entries, NULL, alphasort);

	ck_assert_int_ge(count, 0);
	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;
		char path[1024];

		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
			snprintf(path, sizeof(path), "%s/%s", folder, name);
			fprintf(out, "%s\n", path);
			if (entries[i]->d_type == DT_LNK)
				fprintf(out, "-> %s\n", link_of(path));
			else if (entries[i]->d_type == DT_REG)
				fprintf(out, "%s\n", text_of(path));
			else if (strcmp(name, ".libiommu-mock") != 0)
				dump_folder(out, path);
		}
		free(entries[i]);
	}
	free(entries);
}

/* The whole tree as a text. */
static char *dump(void)
{
	size_t length;
	char *text;
	FILE *out = open_memstream(&text, &length);

	ck_assert_ptr_nonnull(out);
	dump_folder(out, ".");
	fclose(out);
	return text;
}

static int write_failing(unsigned long at, bool all, struct libiommu_error **err)
{
	int rc;

	fault.calls = 0;
	fault.all = all;
	fault.at = at;
	rc = libiommu_mock_write_sysfs(machine, &table, tree_fd, err);
	fault.at = 0;
	return rc;
}

static void check_reason(const struct libiommu_error *err)
{
	enum libiommu_reason reason = libiommu_error_reason(err);

	ck_assert_msg(reason == LIBIOMMU_REASON_NO_MEMORY || reason == LIBIOMMU_REASON_FD_LIMIT ||
			      (reason == LIBIOMMU_REASON_KERNEL_REFUSED &&
			       libiommu_error_kernel_call(err)),
		      "%s", libiommu_error_message(err));
}

/* @return whether the fault came at all */
static bool fail_once(unsigned long at, const char *old, const char *new)
{
	struct libiommu_error *err = NULL;
	long held = blocks;
	int rc = write_failing(at, false, &err);
	char *now = dump();

	ck_assert(!rc == !err);
	if (rc)
		check_reason(err);
	ck_assert_int_eq(blocks, held);
	/* What fails when the new tree is in its place, is no failure. */
	ck_assert_msg(!strcmp(now, rc ? old : new), "call %lu: %d\n%s", at, rc, now);
	free(now);
	libiommu_error_free(err);
	return fault.calls >= at;
}

START_TEST(fresh_folder)
{
	char *empty = dump(), *whole;
	unsigned long at = 1;

	start_own(before);
	write_tree();
	whole = dump();
	drop_folder();
	for (bool more = true; more; at++) {
		make_folder();
		more = fail_once(at, empty, whole);
		write_tree();
		same_machine();
		drop_folder();
	}
	make_folder();
	ck_assert_uint_gt(at, 150);
	libiommu_ctx_free(mock);
	free(empty);
	free(whole);
}
END_TEST

START_TEST(tree_of_before)
{
	char *old, *new;
	unsigned long at = 1;

	start_own(after);
	write_tree();
	new = dump();
	libiommu_ctx_free(mock);
	start_own(before);
	write_tree();
	old = dump();
	for (bool more = true; more; at++) {
		libiommu_ctx_free(mock);
		start_own(before);
		write_tree();
		libiommu_ctx_free(mock);
		start_own(after);
		more = fail_once(at, old, new);
		write_tree();
		same_machine();
	}
	ck_assert_uint_gt(at, 150);
	libiommu_ctx_free(mock);
	free(old);
	free(new);
}
END_TEST

/* From some call on nothing works any more: then nothing can be put back, but the next call does. */
START_TEST(nothing_works_any_more)
{
	struct libiommu_error *err;

	start_own(before);
	write_tree();
	for (unsigned long at = 1;; at++) {
		write_failing(at, true, &err);
		libiommu_error_free(err);
		if (fault.calls < at)
			break;
		write_tree();
		same_machine();
	}
	libiommu_ctx_free(mock);
}
END_TEST

static void refused(int rc, struct libiommu_error *err, enum libiommu_reason reason)
{
	ck_assert_int_eq(rc, -libiommu_reason_errno(reason));
	ck_assert_int_eq(libiommu_error_reason(err), reason);
	libiommu_error_free(err);
}

#define REFUSED(reason, ...)                                             \
	do {                                                             \
		struct libiommu_error *err_ = NULL;                      \
		int rc_ = libiommu_mock_write_sysfs(__VA_ARGS__, &err_); \
		refused(rc_, err_, LIBIOMMU_REASON_##reason);            \
	} while (0)

START_TEST(arguments)
{
	struct libiommu_sys cut = *sys();
	FILE *out;
	int fd;

	cut.size--;
	start_own(before);
	REFUSED(NULL_ARGUMENT, NULL, NULL, tree_fd);
	REFUSED(BAD_OPTIONS, machine, &cut, tree_fd);
	REFUSED(WRONG_FD, machine, NULL, -1);
	fd = openat(tree_fd, "something", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	REFUSED(WRONG_FD, machine, NULL, fd);
	/* It is not ours to remove. */
	REFUSED(WRONG_FD, machine, NULL, tree_fd);
	ck_assert_int_eq(unlinkat(tree_fd, "something", 0), 0);
	write_tree();
	/* What somebody adds beside the tree stays. */
	out = fdopen(fd, "w");
	fclose(out);
	fd = openat(tree_fd, "beside", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	close(fd);
	write_tree();
	ck_assert(exists("beside"));
	libiommu_ctx_free(mock);
}
END_TEST

START_TEST(names)
{
	static const char *const bad[] = {
		"iommu .. intel-vtd\n",
		"iommu a/b intel-vtd\n",
		"iommu u intel-vtd\ndevice 0000:00:03.0 driver=../../x\n",
		"iommu u intel-vtd\ndevice 0000:00:03.0 driver=.\n",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		start_own(bad[i]);
		REFUSED(BAD_NAME, machine, NULL, tree_fd);
		ck_assert(!exists(".libiommu-mock"));
		libiommu_ctx_free(mock);
	}
}
END_TEST

/* So many bridges above each other that no path leads to the last. */
START_TEST(long_paths)
{
	char text[65536], *end = text;
	int segment;

	end += sprintf(end, "iommu u intel-vtd\n");
	for (segment = 0; segment < 3; segment++) {
		end += sprintf(end, "host-bridge 100%d0:00 iommu=u%s\n", segment, "");
		for (int bus = 0; bus < 0xff; bus++)
			end += sprintf(end, "device 100%d0:%02x:00.0 type=root-port bus=%02x\n",
				       segment, bus, bus + 1);
	}
	start_own(text);
	write_tree();
	libiommu_ctx_free(mock);
	end = text;
	end += sprintf(end, "iommu u intel-vtd\n");
	for (segment = 0; segment < 2; segment++) {
		end += sprintf(end, "host-bridge 100%d0:00 iommu=u%s\n", segment,
			       segment ? " real-dma=10000:ff:00.0" : "");
		for (int bus = 0; bus < 0xff; bus++)
			end += sprintf(end, "device 100%d0:%02x:00.0 type=root-port bus=%02x\n",
				       segment, bus, bus + 1);
		end += sprintf(end, "device 100%d0:ff:00.0\n", segment);
	}
	start_own(text);
	ck_assert_int_eq(libiommu_mock_write_sysfs(machine, NULL, tree_fd, NULL), -ENAMETOOLONG);
	libiommu_ctx_free(mock);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = { fresh_folder, tree_of_before, nothing_works_any_more,
				       arguments,    names,          long_paths };
	Suite *suite = suite_create("mock-sysfs-failures");
	TCase *tcase = tcase_create("mock-sysfs-failures");

	tcase_set_timeout(tcase, 100);
	tcase_add_checked_fixture(tcase, set_up, tear_down);
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		tcase_add_test(tcase, tests[i]);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
