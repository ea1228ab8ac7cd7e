// SPDX-License-Identifier: BSD-2-Clause
#include "helpers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static _Thread_local struct libiommu_error *error_slot;
static _Thread_local bool error_set;

struct libiommu_error **fresh_error(void)
{
	if (error_set)
		libiommu_error_free(error_slot);
	/* What is there before a call must not be read. */
	error_slot = (struct libiommu_error *)(uintptr_t)8;
	error_set = true;
	return &error_slot;
}

const struct libiommu_error *last_error(void)
{
	return error_slot;
}

struct libiommu_error *take_error(void)
{
	error_set = false;
	return error_slot;
}

static const char *name_of(enum libiommu_reason reason)
{
	const char *name = libiommu_reason_name(reason);

	return name ? name : "none";
}

/* The call got the slot of E and left the garbage in it. */
static void check_touched(const char *call, const char *file, int line)
{
	if (error_slot != (struct libiommu_error *)(uintptr_t)8)
		return;
	error_set = false;
	_ck_assert_failed(file, line, "Failed", "%s did not touch the error", call);
}

void expect_ok(int ret, const char *call, const char *file, int line)
{
	const struct libiommu_error *err;

	check_touched(call, file, line);
	err = error_slot;
	if (err)
		_ck_assert_failed(file, line, "Failed", "%s: %d, %s (%s): %s | %s %d", call, ret,
				  name_of(libiommu_error_reason(err)), libiommu_error_subject(err),
				  libiommu_error_message(err), libiommu_error_kernel_call(err),
				  libiommu_error_kernel_errno(err));
	if (ret)
		_ck_assert_failed(file, line, "Failed", "%s: %d without an error", call, ret);
	mark_point();
}

void expect_refused(int ret, enum libiommu_reason reason, const char *subject, const char *call,
		    const char *file, int line)
{
	const struct libiommu_error *err;
	const char *why = NULL;

	check_touched(call, file, line);
	err = error_slot;
	if (!ret || !err)
		_ck_assert_failed(file, line, "Failed", "%s: %d and %s, %s expected", call, ret,
				  err ? "an error" : "no error", name_of(reason));
	if (libiommu_error_reason(err) != reason)
		why = "another reason";
	else if (libiommu_error_code(err) != ret)
		why = "the error has another errno than the function";
	else if (libiommu_reason_errno(reason) && ret != -libiommu_reason_errno(reason))
		why = "another errno than the registry's";
	else if (subject && strcmp(libiommu_error_subject(err), subject) != 0)
		why = "another subject";
	else if (!libiommu_error_message(err)[0])
		why = "no message";
	else if (libiommu_reason_hint(reason)[0] && !libiommu_error_hint(err)[0])
		why = "no hint";
	if (why)
		_ck_assert_failed(file, line, "Failed",
				  "%s: %s: %d, %s (%s): %s | %s; expected %s (%s)", call, why, ret,
				  name_of(libiommu_error_reason(err)), libiommu_error_subject(err),
				  libiommu_error_message(err), libiommu_error_kernel_call(err),
				  name_of(reason), subject ? subject : "any");
	mark_point();
}

const char *range_name(uint64_t start, uint64_t length)
{
	static char names[4][64];
	static unsigned int next;
	char *name = names[next++ % 4];

	snprintf(name, sizeof(names[0]), "0x%" PRIx64 "-0x%" PRIx64, start, start + length - 1);
	return name;
}

struct text {
	char *bytes;
	size_t length;
};

static int add_line(void *data, const char *line)
{
	struct text *text = data;
	size_t length = strlen(line);

	text->bytes = realloc(text->bytes, text->length + length + 2);
	memcpy(text->bytes + text->length, line, length);
	text->length += length;
	text->bytes[text->length++] = '\n';
	text->bytes[text->length] = '\0';
	return 0;
}

char *dump(struct libiommu_domain *dom)
{
	struct text text = { calloc(1, 1), 0 };

	OK(libiommu_domain_dump(dom, add_line, &text, E));
	return keep(text.bytes);
}

struct libiommu_source at(const void *mem)
{
	return libiommu_source_memory(mem);
}

uint64_t random_next(uint64_t *state)
{
	uint64_t x = (*state += UINT64_C(0x9e3779b97f4a7c15));

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

void fill(void *mem, size_t bytes, unsigned int seed)
{
	uint64_t state = seed;
	uint64_t *word = mem;
	size_t i;

	for (i = 0; i < bytes / sizeof(*word); i++)
		word[i] = random_next(&state);
}

bool filled(const void *mem, size_t bytes, unsigned int seed)
{
	const volatile uint64_t *word = mem;
	uint64_t state = seed;
	size_t i;

	for (i = 0; i < bytes / sizeof(*word); i++) {
		if (word[i] != random_next(&state))
			return false;
	}
	return true;
}

/* A line that the target's kernel has in /sys; "" where there is none. */
static const char *sysfs_line(const char *path)
{
	const struct libiommu_sys *sys = target->sys();
	int fd = target->kernel ? sys->open(sys->data, path, O_RDONLY | O_CLOEXEC) : -1;
	static char line[64];
	int64_t length = 0;

	if (fd >= 0) {
		length = sys->pread(sys->data, fd, line, sizeof(line) - 1, 0);
		sys->close(sys->data, fd);
	}
	line[length > 0 ? length : 0] = '\0';
	line[strcspn(line, "\n")] = '\0';
	return line;
}

/* The kernel has looked at its interrupts, unless it was told not to; nobody else may guess. */
static void interrupts_are_told(const struct libiommu_group *group)
{
	struct libiommu_cap_answer answer = LIBIOMMU_CAP_ANSWER_INIT;

	ck_assert_int_eq(libiommu_group_msi_isolated(group, &answer), 0);
	ck_assert_int_eq(answer.answer == LIBIOMMU_ANSWER_UNKNOWN, !*answer.evidence);
	if (!target->kernel)
		ck_assert_int_ne(answer.answer, LIBIOMMU_ANSWER_UNKNOWN);
	else if (!strcmp(sysfs_line(target->kernel->unsafe), "N"))
		ck_assert_int_eq(answer.answer, LIBIOMMU_ANSWER_YES);
	else
		ck_assert_int_eq(answer.answer, LIBIOMMU_ANSWER_UNKNOWN);
}

static void type_is_told(const struct libiommu_group *group)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%" PRIu32 "/type",
		 libiommu_group_id(group));
	if (target->kernel)
		ck_assert_str_eq(libiommu_group_type(group), sysfs_line(path));
	else
		ck_assert_str_ne(libiommu_group_type(group), "");
}

void facts_are_told(const struct libiommu_group *group)
{
	interrupts_are_told(group);
	type_is_told(group);
}

int in_child(int (*function)(void *data), void *data)
{
	int ends[2], result = -1, status;
	pid_t pid;

	ck_assert_int_eq(pipe(ends), 0);
	fflush(NULL);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		result = function(data);
		if (write(ends[1], &result, sizeof(result)) != sizeof(result))
			_exit(2);
		_exit(0);
	}
	close(ends[1]);
	if (read(ends[0], &result, sizeof(result)) != sizeof(result))
		result = -1;
	close(ends[0]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child died: %d", status);
	return result;
}

struct libiommu_device *device(struct libiommu_ctx *ctx, const char *name)
{
	struct libiommu_device *dev = NULL;

	OK(libiommu_device_open(ctx, name, &dev, E));
	ck_assert_ptr_nonnull(dev);
	return dev;
}

struct libiommu_domain *domain_of_type(struct libiommu_ctx *ctx, enum libiommu_domain_type type)
{
	struct libiommu_domain_options opts = LIBIOMMU_DOMAIN_OPTIONS_INIT;
	struct libiommu_domain *dom = NULL;

	opts.type = type;
	OK(libiommu_domain_new(ctx, &opts, &dom, E));
	ck_assert_ptr_nonnull(dom);
	return dom;
}

struct libiommu_domain *domain(struct libiommu_ctx *ctx)
{
	return domain_of_type(ctx, LIBIOMMU_DOMAIN_PAGING);
}

static struct rig rig_of(const char *const *names, size_t count)
{
	struct rig rig = { .ctx = context(), .count = count };
	size_t i;

	for (i = 0; i < count; i++) {
		rig.dev[i] = device(rig.ctx, names[i]);
		rig.ep[i] = libiommu_device_endpoint(rig.dev[i]);
	}
	rig.dom = domain(rig.ctx);
	return rig;
}

struct rig rig_new(size_t alone)
{
	return rig_of(target->alone, alone);
}

struct rig rig_members(size_t members)
{
	return rig_of(target->member, members);
}

struct rig rig_attached(size_t alone)
{
	struct rig rig = rig_new(alone);
	size_t i;

	for (i = 0; i < alone; i++)
		attach(rig.ep[i], rig.dom);
	return rig;
}

bool devices(size_t alone, size_t members)
{
	if (target->alone_count < alone) {
		note_skip("needs %zu devices, each alone in its group", alone);
		return false;
	}
	if (target->member_count < members) {
		note_skip("needs %zu devices of one group", members);
		return false;
	}
	return true;
}

static enum libiommu_answer ask(struct libiommu_device *dev, enum libiommu_cap cap)
{
	struct libiommu_cap_answer answer = LIBIOMMU_CAP_ANSWER_INIT;

	OK(libiommu_device_cap(dev, cap, &answer, E));
	return answer.answer;
}

bool can(struct libiommu_device *dev, enum libiommu_cap cap)
{
	return ask(dev, cap) == LIBIOMMU_ANSWER_YES;
}

bool cannot(struct libiommu_device *dev, enum libiommu_cap cap)
{
	return ask(dev, cap) == LIBIOMMU_ANSWER_NO;
}

void map_prot(struct libiommu_domain *dom, uint64_t iova, const void *mem, uint64_t length,
	      uint32_t prot)
{
	OK(libiommu_domain_map(dom, iova, at(mem), length, prot, E));
}

void map(struct libiommu_domain *dom, uint64_t iova, const void *mem, uint64_t length)
{
	map_prot(dom, iova, mem, length, RW);
}

void unmap(struct libiommu_domain *dom, uint64_t iova, uint64_t length, uint64_t expected)
{
	uint64_t removed = UINT64_MAX;

	OK(libiommu_domain_unmap(dom, iova, length, &removed, E));
	ck_assert_uint_eq(removed, expected);
}

void attach(struct libiommu_endpoint *ep, struct libiommu_domain *dom)
{
	OK(libiommu_endpoint_attach(ep, dom, E));
	ck_assert_ptr_eq(libiommu_endpoint_domain(ep), dom);
}

void detach(struct libiommu_endpoint *ep)
{
	OK(libiommu_endpoint_detach(ep, 0, E));
	ck_assert_ptr_null(libiommu_endpoint_domain(ep));
}

void found(struct libiommu_domain *dom, uint64_t iova, const void *mem, uint64_t length)
{
	struct libiommu_mapping mapping = LIBIOMMU_MAPPING_INIT;

	ck_assert_int_eq(libiommu_domain_find(dom, NULL, iova, &mapping), 0);
	ck_assert_uint_eq(mapping.iova, iova);
	ck_assert_uint_eq(mapping.length, length);
	ck_assert_int_eq(mapping.source.kind, LIBIOMMU_SOURCE_MEMORY);
	ck_assert_uint_eq(mapping.source.start, (uintptr_t)mem);
}

void not_found(struct libiommu_domain *dom, uint64_t iova)
{
	struct libiommu_mapping mapping = LIBIOMMU_MAPPING_INIT;

	ck_assert_int_eq(libiommu_domain_find(dom, NULL, iova, &mapping), -ENOENT);
}

size_t ranges_of(struct libiommu_domain *dom, struct libiommu_range *ranges, size_t room)
{
	size_t count = room;

	OK(libiommu_domain_iova_ranges(dom, ranges, &count, E));
	ck_assert_uint_ge(count, 1);
	return count;
}

uint64_t last_page(struct libiommu_domain *dom)
{
	struct libiommu_range ranges[32];
	size_t count = ranges_of(dom, ranges, COUNT(ranges));

	return (ranges[count - 1].last & ~(PAGE - 1));
}

uint64_t hole_start(struct libiommu_domain *dom)
{
	struct libiommu_range ranges[32];

	return ranges_of(dom, ranges, COUNT(ranges)) > 1 ? ranges[0].last + 1 : 0;
}

uint64_t room_for(struct libiommu_domain *dom, uint64_t bytes, uint64_t alignment)
{
	struct libiommu_range ranges[32];
	size_t count = ranges_of(dom, ranges, COUNT(ranges));

	for (size_t i = 0; i < count; i++) {
		uint64_t start = ranges[i].start > IO(0) ? ranges[i].start : IO(0);

		start = (start + alignment - 1) & -alignment;
		if (ranges[i].last >= start && ranges[i].last - start >= bytes - 1)
			return start;
	}
	ck_abort_msg("no range has room for %" PRIu64 " bytes", bytes);
	return 0;
}
