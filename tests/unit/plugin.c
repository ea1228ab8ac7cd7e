/* SPDX-License-Identifier: BSD-2-Clause */
/* Backends from files, and what the library gives to those that stand in front of others. */
#include "tests/unit/run.h"

#include <libiommu/backend.h>
#include <libiommu/libiommu.h>

/* The other half of the build option LIBIOMMU_PLUGINS. */
#define plugin_load   none_load
#define plugin_unload none_unload
#include "lib/plugin_none.c"
#undef plugin_load
#undef plugin_unload

#include <check.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct libiommu_ctx *ctx;
static struct libiommu_error *err;

static const char *sample(const char *variant)
{
	static char path[512];

	snprintf(path, sizeof(path), "%s/plugin-%s.so", PLUGINS, variant);
	return path;
}

static int load(const char *path, const char *backend)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;

	opts.plugin = path;
	opts.backend = backend;
	return libiommu_ctx_new(&opts, &ctx, &err);
}

static void expect(int ret, enum libiommu_reason reason, const char *said)
{
	ck_assert_ptr_nonnull(err);
	ck_assert_str_eq(libiommu_reason_name(libiommu_error_reason(err)),
			 libiommu_reason_name(reason));
	ck_assert_int_eq(libiommu_error_code(err), ret);
	ck_assert_msg(strstr(libiommu_error_message(err), said), "\"%s\" is not in \"%s\"", said,
		      libiommu_error_message(err));
	libiommu_error_free(err);
	err = NULL;
}

static bool loaded(const char *path)
{
	void *handle = dlopen(path, RTLD_NOW | RTLD_NOLOAD);

	if (handle)
		dlclose(handle);
	return handle != NULL;
}

START_TEST(a_plugin_is_there_as_long_as_its_context)
{
	const char *path = sample("good");
	struct libiommu_domain *dom;

	ck_assert_int_eq(load(path, NULL), 0);
	ck_assert_str_eq(libiommu_ctx_backend(ctx), "sample");
	ck_assert_int_eq(libiommu_domain_new(ctx, NULL, &dom, &err), 0);
	ck_assert(loaded(path));
	libiommu_ctx_free(ctx);
	ck_assert(!loaded(path));
}
END_TEST

START_TEST(a_plugin_is_chosen_by_the_name_of_its_table)
{
	const char *path = sample("good");

	ck_assert_int_eq(load(path, "sample"), 0);
	ck_assert_str_eq(libiommu_ctx_backend(ctx), "sample");
	libiommu_ctx_free(ctx);
	ck_assert_int_eq(load(path, "samples"), -ENOENT);
	expect(-ENOENT, LIBIOMMU_REASON_BACKEND_UNKNOWN, "");
	ck_assert(!loaded(path));
	ck_assert_int_eq(load(path, "mock"), 0);
	ck_assert_str_eq(libiommu_ctx_backend(ctx), "mock");
	libiommu_ctx_free(ctx);
}
END_TEST

START_TEST(two_contexts_have_the_plugin_once)
{
	const char *path = sample("good");
	struct libiommu_ctx *first;

	ck_assert_int_eq(load(path, NULL), 0);
	first = ctx;
	ck_assert_int_eq(load(path, NULL), 0);
	libiommu_ctx_free(first);
	ck_assert(loaded(path));
	libiommu_ctx_free(ctx);
	ck_assert(!loaded(path));
}
END_TEST

START_TEST(a_file_that_cannot_be_loaded_is_named)
{
	ck_assert_int_eq(load("/nowhere/plugin.so", NULL), -ENOENT);
	ck_assert_str_eq(libiommu_error_subject(err), "/nowhere/plugin.so");
	expect(-ENOENT, LIBIOMMU_REASON_PLUGIN_MISSING, "No such file");
	ck_assert_int_eq(load("/", NULL), -ENOENT);
	expect(-ENOENT, LIBIOMMU_REASON_PLUGIN_MISSING, "");
	ck_assert_int_eq(load("/dev/null", NULL), -ENOENT);
	expect(-ENOENT, LIBIOMMU_REASON_PLUGIN_MISSING, "");
	ck_assert_int_eq(load(sample("unresolved"), NULL), -ENOENT);
	expect(-ENOENT, LIBIOMMU_REASON_PLUGIN_MISSING, "nobody_has_this");
}
END_TEST

START_TEST(nothing_is_searched)
{
	ck_assert_int_eq(load("libc.so.6", NULL), -ENOENT);
	expect(-ENOENT, LIBIOMMU_REASON_PLUGIN_MISSING, "slash");
	ck_assert_int_eq(load("", NULL), -ENOENT);
	expect(-ENOENT, LIBIOMMU_REASON_PLUGIN_MISSING, "slash");
}
END_TEST

START_TEST(a_plugin_of_another_abi_is_not_asked)
{
	static const struct {
		const char *variant, *said;
	} wrong[] = {
		{ "other-abi", "libiommu_backend_entry_7, but libiommu_backend_entry_1" },
		{ "no-entry", "no libiommu_backend_entry_1" },
		{ "no-table", "no table" },
		{ "hole", "slot map is empty" },
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const char *path = sample(wrong[i].variant);

		ck_assert_int_eq(load(path, NULL), -EINVAL);
		ck_assert_str_ne(libiommu_error_subject(err), "");
		expect(-EINVAL, LIBIOMMU_REASON_BACKEND_ABI, wrong[i].said);
		ck_assert(!loaded(path));
	}
}
END_TEST

START_TEST(its_refusal_outlives_it)
{
	const char *path = sample("refuses");

	ck_assert_int_eq(load(path, NULL), -ENXIO);
	ck_assert(!loaded(path));
	ck_assert_str_eq(libiommu_error_kernel_call(err), "SAMPLE_CALL");
	ck_assert_int_eq(libiommu_error_kernel_errno(err), ENXIO);
	expect(-ENXIO, LIBIOMMU_REASON_KERNEL_REFUSED, "SAMPLE_CALL");
}
END_TEST

START_TEST(a_forked_child_leaves_it_loaded)
{
	const char *path = sample("good");
	int status;
	pid_t child;

	ck_assert_int_eq(load(path, NULL), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (!child) {
		libiommu_ctx_free(ctx);
		_exit(loaded(path) ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 0);
	libiommu_ctx_free(ctx);
}
END_TEST

START_TEST(a_build_without_a_loader_says_so)
{
	struct plugin plugin = { NULL, NULL };
	struct libiommu_failure f = { .reason = LIBIOMMU_REASON_NONE };

	ck_assert_int_eq(none_load("/a.so", &plugin, &f), -EOPNOTSUPP);
	ck_assert_int_eq(f.reason, LIBIOMMU_REASON_BACKEND_CAPABILITY);
	ck_assert_str_eq(f.subject, "/a.so");
	none_unload(&plugin);
}
END_TEST

/* A name that is there twice is the application's. */
START_TEST(an_application_can_stand_in_front)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_backend own = *libiommu_backend_builtin("mock");

	own.map = NULL;
	opts.own_backend = &own;
	opts.backend = "mock";
	ck_assert_int_eq(libiommu_ctx_new(&opts, &ctx, &err), -EINVAL);
	expect(-EINVAL, LIBIOMMU_REASON_BACKEND_ABI, "map");
	own.map = libiommu_backend_builtin("mock")->map;
	ck_assert_int_eq(libiommu_ctx_new(&opts, &ctx, &err), 0);
	libiommu_ctx_free(ctx);
}
END_TEST

static size_t asked; /* bytes that are not back */

static void *count_alloc(void *data, size_t length, size_t alignment)
{
	const struct libiommu_allocator *real = libiommu_allocator_default();

	if (data)
		return NULL;
	asked += length;
	return real->alloc(real->data, length, alignment);
}

static void count_free(void *data, void *memory, size_t length)
{
	const struct libiommu_allocator *real = libiommu_allocator_default();

	(void)data;
	asked -= length;
	real->free(real->data, memory, length);
}

static struct libiommu_allocator memory = { sizeof(memory), NULL, count_alloc, count_free };
static const struct libiommu_backend_env env = { .size = sizeof(env), .allocator = &memory };

static void has_no_holes(const struct libiommu_backend *table)
{
	const struct libiommu_backend_handover *handover = table->handover;
	const struct libiommu_backend_regions *regions = table->regions;
	struct libiommu_failure f = { .reason = LIBIOMMU_REASON_NONE };

	ck_assert(table->group_ids && table->group_read && table->group_of);
	ck_assert(table->device_cap && table->device_ranges && table->replace);
	ck_assert_ptr_nonnull(regions);
	ck_assert(regions->open && regions->read && regions->write && regions->map);
	ck_assert(regions->unmap && regions->interrupt_count && regions->interrupt_set);
	ck_assert(regions->interrupt_unmask && regions->reset);
	ck_assert_ptr_nonnull(handover);
	ck_assert(handover->device_open && handover->domain_adopt && handover->domain_native);
	ck_assert(handover->kvm_fd && handover->hot_reset_fds);
	ck_assert_uint_eq(table->struct_size, sizeof(*table));
	ck_assert_uint_eq(regions->size, sizeof(*regions));
	ck_assert_uint_eq(handover->size, sizeof(*handover));
	ck_assert_int_eq(regions->interrupt_unmask(NULL, &f), -EOPNOTSUPP);
}

/* A table of an older backend is shorter, one of a newer one longer; slots are not cut in two. */
START_TEST(tables_of_any_length_are_completed)
{
	struct {
		struct libiommu_backend_regions table;
		void *newer;
	} longer = { { .size = sizeof(longer) }, &longer };
	struct libiommu_backend_regions regions = *libiommu_backend_builtin("mock")->regions;
	struct libiommu_backend table = *libiommu_backend_builtin("mock");
	const struct libiommu_backend *out;
	struct libiommu_failure f = { .reason = LIBIOMMU_REASON_NONE };

	regions.interrupt_unmask = NULL;
	table.regions = &regions;
	for (size_t cut = 0; cut <= sizeof(regions); cut++) {
		regions.size = sizeof(regions) - cut;
		ck_assert_int_eq(libiommu_backend_complete(&env, &table, &out, &f), 0);
		has_no_holes(out);
		ck_assert_int_eq(out->regions->reset == regions.reset, cut == 0);
		libiommu_backend_complete_free(&env, out);
	}
	table.regions = &longer.table;
	ck_assert_int_eq(libiommu_backend_complete(&env, &table, &out, &f), 0);
	has_no_holes(out);
	libiommu_backend_complete_free(&env, out);
	table.regions = NULL;
	for (size_t cut = 0; cut <= sizeof(table) - offsetof(struct libiommu_backend, regions);
	     cut++) {
		table.struct_size = sizeof(table) - cut;
		ck_assert_int_eq(libiommu_backend_complete(&env, &table, &out, &f), 0);
		has_no_holes(out);
		libiommu_backend_complete_free(&env, out);
	}
	table.struct_size = offsetof(struct libiommu_backend, unmap) + sizeof(void *) - 1;
	ck_assert_int_eq(libiommu_backend_complete(&env, &table, &out, &f), -EINVAL);
	ck_assert_str_eq(f.detail, "The slot unmap is empty.");
	libiommu_backend_complete_free(&env, NULL);
	ck_assert_uint_eq(asked, 0);
}
END_TEST

START_TEST(what_cannot_be_completed)
{
	struct libiommu_allocator none = { sizeof(none), &none, count_alloc, count_free };
	struct libiommu_backend_env poor = { .size = sizeof(poor), .allocator = &none };
	struct libiommu_backend other = *libiommu_backend_builtin("mock");
	const struct libiommu_backend *out = NULL;
	struct libiommu_failure f = { .reason = LIBIOMMU_REASON_NONE };

	ck_assert_ptr_null(libiommu_backend_builtin("mocks"));
	ck_assert_ptr_null(libiommu_backend_builtin(NULL));
	ck_assert_int_eq(libiommu_backend_complete(&env, NULL, &out, &f), -ENOENT);
	ck_assert_int_eq(f.reason, LIBIOMMU_REASON_BACKEND_UNKNOWN);
	ck_assert_int_eq(libiommu_backend_complete(&poor, &other, &out, &f), -ENOMEM);
	ck_assert_int_eq(f.reason, LIBIOMMU_REASON_NO_MEMORY);
	other.abi++;
	ck_assert_int_eq(libiommu_backend_complete(&env, &other, &out, &f), -EINVAL);
	ck_assert_int_eq(f.reason, LIBIOMMU_REASON_BACKEND_ABI);
	ck_assert_ptr_null(out);
	ck_assert_uint_eq(asked, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("plugin");
	TCase *tcase = tcase_create("plugin");

	if (HAVE_LOADER) {
		tcase_add_test(tcase, a_plugin_is_there_as_long_as_its_context);
		tcase_add_test(tcase, a_plugin_is_chosen_by_the_name_of_its_table);
		tcase_add_test(tcase, two_contexts_have_the_plugin_once);
		tcase_add_test(tcase, a_file_that_cannot_be_loaded_is_named);
		tcase_add_test(tcase, nothing_is_searched);
		tcase_add_test(tcase, a_plugin_of_another_abi_is_not_asked);
		tcase_add_test(tcase, its_refusal_outlives_it);
		tcase_add_test(tcase, a_forked_child_leaves_it_loaded);
	}
	tcase_add_test(tcase, a_build_without_a_loader_says_so);
	tcase_add_test(tcase, an_application_can_stand_in_front);
	tcase_add_test(tcase, tables_of_any_length_are_completed);
	tcase_add_test(tcase, what_cannot_be_completed);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
