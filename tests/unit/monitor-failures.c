/* SPDX-License-Identifier: BSD-2-Clause */
/* What is refused, and that no failure loses an event or leaves something behind. */
#include "tests/unit/monitor-fixture.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>

START_TEST(options_are_checked)
{
	struct libiommu_monitor_options opts = options();
	struct libiommu_monitor_source holes = source;
	struct {
		struct libiommu_monitor_options opts;
		char tail[8];
	} longer = { options(), "" };

	start_world();
	monitor = NULL;
	expect_reason(libiommu_monitor_new(NULL, &opts, &monitor, &err), -EINVAL,
		      LIBIOMMU_REASON_NULL_ARGUMENT);
	expect_reason(libiommu_monitor_new(ctx, &opts, NULL, &err), -EINVAL,
		      LIBIOMMU_REASON_NULL_ARGUMENT);
	opts.size = sizeof(opts) - 1;
	expect_reason(libiommu_monitor_new(ctx, &opts, &monitor, &err), -EINVAL,
		      LIBIOMMU_REASON_BAD_OPTIONS);
	longer.opts.size = sizeof(longer);
	longer.tail[7] = 1;
	expect_reason(libiommu_monitor_new(ctx, &longer.opts, &monitor, &err), -E2BIG,
		      LIBIOMMU_REASON_UNKNOWN_OPTIONS);
	opts = options();
	opts.subsystems = 8;
	expect_reason(libiommu_monitor_new(ctx, &opts, &monitor, &err), -EOPNOTSUPP,
		      LIBIOMMU_REASON_UNKNOWN_FLAGS);
	opts = options();
	opts.origin = (enum libiommu_monitor_origin)2;
	expect_reason(libiommu_monitor_new(ctx, &opts, &monitor, &err), -EOPNOTSUPP,
		      LIBIOMMU_REASON_UNKNOWN_FLAGS);
	opts = options();
	opts.source = &holes;
	holes.receive = NULL;
	expect_reason(libiommu_monitor_new(ctx, &opts, &monitor, &err), -EINVAL,
		      LIBIOMMU_REASON_BAD_OPTIONS);
	holes = source;
	holes.size = 0;
	expect_reason(libiommu_monitor_new(ctx, &opts, &monitor, &err), -EINVAL,
		      LIBIOMMU_REASON_BAD_OPTIONS);
	ck_assert_ptr_null(monitor);
	ck_assert_int_eq(world.closed, 0);
	longer.tail[7] = 0;
	ck_assert_int_eq(libiommu_monitor_new(ctx, &longer.opts, &monitor, &err), 0);
	stop();
}
END_TEST

START_TEST(arguments_are_checked)
{
	struct libiommu_monitor_event event = LIBIOMMU_MONITOR_EVENT_INIT;
	struct libiommu_monitor_group group = LIBIOMMU_MONITOR_GROUP_INIT;
	struct libiommu_monitor_stats stats = LIBIOMMU_MONITOR_STATS_INIT;

	start();
	expect_reason(libiommu_monitor_next(NULL, &event, &err), -EINVAL,
		      LIBIOMMU_REASON_NULL_ARGUMENT);
	expect_reason(libiommu_monitor_next(monitor, NULL, &err), -EINVAL,
		      LIBIOMMU_REASON_NULL_ARGUMENT);
	event.size--;
	expect_reason(libiommu_monitor_next(monitor, &event, &err), -EINVAL,
		      LIBIOMMU_REASON_BAD_OPTIONS);
	expect_reason(libiommu_monitor_group_state(NULL, 1, &group, &err), -EINVAL,
		      LIBIOMMU_REASON_NULL_ARGUMENT);
	expect_reason(libiommu_monitor_group_state(monitor, 1, NULL, &err), -EINVAL,
		      LIBIOMMU_REASON_NULL_ARGUMENT);
	group.size--;
	expect_reason(libiommu_monitor_group_state(monitor, 1, &group, &err), -EINVAL,
		      LIBIOMMU_REASON_BAD_OPTIONS);
	stats.size--;
	ck_assert_int_eq(libiommu_monitor_stats(monitor, &stats), -EINVAL);
	ck_assert_int_eq(libiommu_monitor_stats(NULL, &stats), -EINVAL);
	ck_assert_int_eq(libiommu_monitor_stats(monitor, NULL), -EINVAL);
	ck_assert_int_eq(libiommu_monitor_fd(NULL), -EINVAL);
	libiommu_monitor_free(NULL);
	stop();
}
END_TEST

static unsigned int open_fds(void)
{
	unsigned int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

START_TEST(making_one_fails_at_every_step)
{
	struct libiommu_monitor_options opts = options();
	unsigned int before;
	long at = 0;
	int rc;

	start_world();
	before = open_fds();
	do {
		world.calls = 0;
		world.fail_at = ++at;
		rc = libiommu_monitor_new(ctx, &opts, &monitor, &err);
		world.fail_at = 0;
		if (!rc)
			break;
		expect_reason(rc, -ENOMEM, LIBIOMMU_REASON_NO_MEMORY);
		ck_assert_uint_eq(open_fds(), before);
	} while (at < 1000);
	/* Itself, the ids, two groups with what is in them, and what reading them takes. */
	ck_assert_int_gt(at, 8);
	ck_assert_int_eq(rc, 0);
	ck_assert_int_eq(world.closed, 0);
	expect_nothing();
	stop();
}
END_TEST

START_TEST(making_one_finds_no_descriptor)
{
	struct libiommu_monitor_options opts = options();
	struct rlimit limit, old;
	int next, rc = -1;

	start_world();
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
	next = dup(world.fd);
	close(next);
	for (int more = 0; more < 2; more++) {
		limit = old;
		limit.rlim_cur = (rlim_t)(next + more);
		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
		rc = libiommu_monitor_new(ctx, &opts, &monitor, &err);
		ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
		expect_reason(rc, -EMFILE, LIBIOMMU_REASON_FD_LIMIT);
	}
	/* Nothing has stayed open. */
	ck_assert_int_eq(dup(world.fd), next);
	close(next);
	world.fd = -1;
	rc = libiommu_monitor_new(ctx, &opts, &monitor, &err);
	expect_reason(rc, -EBADF, LIBIOMMU_REASON_KERNEL_REFUSED);
	libiommu_ctx_free(ctx);
}
END_TEST

/* Everything that happens, step by step, with a message for each, and an overrun. */
static void happen(unsigned int step)
{
	switch (step) {
	case 0:
		plug("0000:01:00.0", 7, "");
		queue("add", "0000:01:00.0", NULL);
		break;
	case 1:
		plug(B, 1, "nvme");
		queue("bind", B, "nvme");
		break;
	case 2:
		plug("0000:00:06.1", 2, "");
		plug("0000:00:06.2", 2, "");
		plug("0000:00:06.3", 2, "");
		plug("0000:00:06.4", 2, "");
		queue_failure(-ENOBUFS);
		break;
	case 3:
		unplug(A);
		plug("0000:03:00.0", 11, "");
		plug("0000:04:00.0", 12, "");
		plug("0000:05:00.0", 13, "");
		queue_failure(-ENOBUFS);
		break;
	default:
		unplug("0000:01:00.0");
		queue("remove", "0000:01:00.0", NULL);
	}
}

#define STEPS 5

/* The story as text; the `at`-th allocation fails. @return whether there were so many */
static bool tell(char *story, size_t size, long at)
{
	unsigned int failures = 0;

	start();
	story[0] = '\0';
	world.calls = 0;
	world.fail_at = at;
	for (unsigned int step = 0; step < STEPS; step++) {
		happen(step);
		for (;;) {
			struct libiommu_monitor_event event = LIBIOMMU_MONITOR_EVENT_INIT;
			int rc = libiommu_monitor_next(monitor, &event, &err);
			size_t used = strlen(story);

			if (rc == -EAGAIN)
				break;
			if (rc) {
				expect_reason(rc, -ENOMEM, LIBIOMMU_REASON_NO_MEMORY);
				ck_assert(readable());
				failures++;
				continue;
			}
			snprintf(story + used, size - used, "%s %s %s %u\n",
				 libiommu_monitor_kind_name(event.kind), event.device, event.driver,
				 event.group);
		}
		ck_assert(!readable());
	}
	world.fail_at = 0;
	stop();
	ck_assert_uint_le(failures, 1);
	return failures || !at;
}

START_TEST(no_memory_loses_no_event)
{
	static char whole[8192], story[8192];
	long at = 1;

	ck_assert(tell(whole, sizeof(whole), 0));
	ck_assert_ptr_nonnull(strstr(whole, "member-left " A));
	ck_assert_ptr_nonnull(strstr(whole, "group-removed   7\n"));
	ck_assert_ptr_nonnull(strstr(whole, "group-added   13\n"));
	for (; at < 1000 && tell(story, sizeof(story), at); at++)
		ck_assert_str_eq(story, whole);
	ck_assert_int_gt(at, 50);
	ck_assert_int_lt(at, 1000);
}
END_TEST

START_TEST(a_group_that_cannot_be_read)
{
	struct libiommu_monitor_event event = LIBIOMMU_MONITOR_EVENT_INIT;

	start();
	plug(A, 1, "nvme");
	world.unreadable = true;
	queue("bind", A, "nvme");
	/* Its group is not known in this moment; that it was in group 1 is. */
	expect("device-bound " A " nvme g1");
	expect_reason(libiommu_monitor_next(monitor, &event, &err), -EIO, LIBIOMMU_REASON_SYSFS);
	/* It does not stand in the way of others. */
	expect_nothing();
	world.unreadable = false;
	expect_nothing();
	queue("change", C, NULL);
	expect("device-changed " C " - g2");
	expect("member-changed " A " nvme g1");
	expect("group-not-viable " A " nvme g1");
	expect_nothing();
	/* And at the beginning it is no beginning. */
	libiommu_monitor_free(monitor);
	world.closed = 0;
	world.unreadable = true;
	ck_assert_int_eq(libiommu_monitor_new(ctx, NULL, NULL, NULL), -EINVAL);
	{
		struct libiommu_monitor_options opts = options();

		expect_reason(libiommu_monitor_new(ctx, &opts, &monitor, &err), -EIO,
			      LIBIOMMU_REASON_SYSFS);
		ck_assert_int_eq(world.closed, 0);
		world.unreadable = false;
		ck_assert_int_eq(libiommu_monitor_new(ctx, &opts, &monitor, &err), 0);
	}
	stop();
}
END_TEST

START_TEST(a_source_that_breaks)
{
	struct libiommu_monitor_event event = LIBIOMMU_MONITOR_EVENT_INIT;
	int rc;

	start();
	queue_failure(-EIO);
	queue_failure(-ENOMEM);
	queue_failure(-EAGAIN);
	queue("change", A, NULL);
	rc = libiommu_monitor_next(monitor, &event, &err);
	ck_assert_int_eq(libiommu_error_kernel_errno(err), EIO);
	ck_assert_str_eq(libiommu_error_kernel_call(err), "receive");
	expect_reason(rc, -EIO, LIBIOMMU_REASON_KERNEL_REFUSED);
	rc = libiommu_monitor_next(monitor, &event, &err);
	expect_reason(rc, -ENOMEM, LIBIOMMU_REASON_NO_MEMORY);
	ck_assert_str_eq(next_event(), "");
	/* A source that gets well is listened to. */
	expect("device-changed " A " - g1");
	stop();
}
END_TEST

START_TEST(after_fork)
{
	struct libiommu_monitor_event event = LIBIOMMU_MONITOR_EVENT_INIT;
	struct libiommu_device *dev;
	pid_t child;
	int status;

	start();
	ck_assert_int_eq(libiommu_device_open(ctx, A, &dev, NULL), 0);
	ck_assert_int_eq(libiommu_monitor_watch_device(monitor, dev, NULL), 0);
	queue("change", A, NULL);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (!child) {
		int bad = libiommu_monitor_next(monitor, &event, &err) != -ECHILD ||
			  libiommu_error_reason(err) != LIBIOMMU_REASON_AFTER_FORK ||
			  libiommu_monitor_watch_device(monitor, dev, NULL) != -ECHILD;

		libiommu_error_free(err);
		libiommu_monitor_free(monitor);
		_exit(bad);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	/* The child's end was nothing to the parent. */
	ck_assert_int_ge(world.request, 0);
	ck_assert_int_eq(eventfd_write(world.request, 1), 0);
	expect("release-requested " A " - g1!");
	expect("device-changed " A " - g1!");
	stop();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("monitor-failures");
	TCase *tcase = tcase_create("monitor-failures");

	tcase_add_test(tcase, options_are_checked);
	tcase_add_test(tcase, arguments_are_checked);
	tcase_add_test(tcase, making_one_fails_at_every_step);
	tcase_add_test(tcase, making_one_finds_no_descriptor);
	tcase_add_test(tcase, no_memory_loses_no_event);
	tcase_add_test(tcase, a_group_that_cannot_be_read);
	tcase_add_test(tcase, a_source_that_breaks);
	tcase_add_test(tcase, after_fork);
	suite_add_tcase(suite, tcase);
	return run_suite(suite);
}
