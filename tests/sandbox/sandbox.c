/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libiommu without privileges: one half opens the nodes, the other one gives up what it may do,
 * installs a filter that is made from the lists of the sources, and uses the device on descriptors
 * that it has inherited. With an entry of the lists left out it must die.
 */
#include "filter.h"
#include "scenarios.h"

#ifdef HAVE_FAKE
#include "tests/fake/vfio_kernel.h"
#endif

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534

struct test {
	const char *name;
	const char *(*run)(const struct world *world);
	enum stage stage;
	bool below;          /* paths below the passed directory may be opened */
	bool dies;           /* it must be killed */
	const char *without; /* an ioctl that is taken off the list */
};

static const struct test tests[] = {
	{ "a domain of its own", scenario_own_domain, OPENED, false, false, NULL },
	{ "sysfs as a descriptor", scenario_sysfs, OPENED, true, false, NULL },
	{ "an address space of others", scenario_adopted, FILLED, false, false, NULL },
	{ "sysfs that the filter forbids", scenario_sysfs, OPENED, false, true, NULL },
	{ "a path", scenario_path, OPENED, true, true, NULL },
	{ "a context that opens paths", scenario_context_of_paths, OPENED, true, true, NULL },
	{ "another program", scenario_exec, OPENED, false, true, NULL },
	{ "no call that maps", scenario_own_domain, OPENED, false, true, "map" },
	{ "no call that sets interrupts", scenario_own_domain, OPENED, false, true, "interrupts" },
};

static struct world world;
static bool is_fake, has_seccomp;

/* --- the fake kernel: what would be asked of a real one goes by the filter as well ----------- */

#ifdef HAVE_FAKE
static struct libiommu_sys fake_table;
static const struct libiommu_sys *fake;

static int checked_open(void *data, const char *path, int flags)
{
	int fd = open(path, O_PATH | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fake->open(data, path, flags);
}

static int64_t checked_getdents(void *data, int fd, void *buffer, size_t length)
{
	syscall(SYS_getdents64, -1, NULL, 0);
	return fake->getdents(data, fd, buffer, length);
}

static int checked_ioctl(void *data, int fd, unsigned long request, void *argument)
{
	syscall(SYS_ioctl, -1, request, NULL);
	return fake->ioctl(data, fd, request, argument);
}

static int checked_openat(void *data, int directory, const char *path, int flags)
{
	syscall(SYS_openat, -1, path, O_PATH);
	return fake->openat(data, directory, path, flags);
}

static int64_t checked_readlinkat(void *data, int directory, const char *path, char *buffer,
				  size_t length)
{
	syscall(SYS_readlinkat, -1, path, buffer, length);
	return fake->readlinkat(data, directory, path, buffer, length);
}

static bool use_fake(const char *backend)
{
	struct fake_kernel *kernel = fake_kernel_new();

	if (!kernel)
		return false;
	fake = fake_kernel_sys(kernel);
	fake_table = *fake;
	fake_table.open = checked_open;
	fake_table.getdents = checked_getdents;
	fake_table.ioctl = checked_ioctl;
	fake_table.openat = checked_openat;
	fake_table.readlinkat = checked_readlinkat;
	world.sys = &fake_table;
	world.backend = backend;
	is_fake = true;
	return true;
}
#else
static bool use_fake(const char *backend)
{
	(void)backend;
	return false;
}
#endif

/* --- the half without privileges ------------------------------------------------------------- */

static bool has_capabilities(void)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct sets[2] = { { 0 } };

	if (syscall(SYS_capget, &header, sets))
		return true;
	return sets[0].effective | sets[0].permitted | sets[0].inheritable | sets[1].effective |
	       sets[1].permitted | sets[1].inheritable;
}

/* Nothing that root could do is left, and no way back. */
static const char *drop_privileges(void)
{
	if (geteuid() == 0 && (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
			       setresuid(NOBODY, NOBODY, NOBODY)))
		return "setresuid";
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return "PR_SET_NO_NEW_PRIVS";
	if (has_capabilities() || setuid(0) == 0)
		return "privileges are left";
	return NULL;
}

static void say(const char *text)
{
	if (write(STDOUT_FILENO, text, strlen(text)) < 0)
		_exit(3);
}

_Noreturn static void child(const struct test *test, const struct filter *filter)
{
	const char *wrong = drop_privileges();

	if (!wrong && has_seccomp && filter_install(filter))
		wrong = "seccomp";
	if (!wrong)
		wrong = test->run(&world);
	if (wrong) {
		say("# ");
		say(wrong);
		say("\n");
	}
	_exit(wrong ? 1 : 0);
}

/* --- the half that opens --------------------------------------------------------------------- */

/* The first ioctl of a feature, so that the lists alone say what it is called. */
static const char *ioctl_of(const char *feature)
{
#define CALL(name, number, what, purpose) \
	if (!strcmp(feature, #what))      \
		return #name;
	if (!strcmp(world.backend, "vfio")) {
#include "backends/vfio/calls.def"
	}
#ifdef HAVE_IOMMUFD
	if (!strcmp(world.backend, "iommufd")) {
#include "backends/iommufd/calls.def"
	}
#endif
#include "backends/vfiodev/calls.def"
#undef CALL
	return "none";
}

static const char *judge(const struct test *test, int status)
{
	static char text[64];

	if (test->dies)
		return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS ? NULL : "it lives";
	if (WIFSIGNALED(status)) {
		snprintf(text, sizeof(text), "killed by signal %d", WTERMSIG(status));
		return text;
	}
	if (WEXITSTATUS(status))
		return "it failed";
	return test->stage == FILLED && !is_fake && !world_as_left(&world)
		       ? "the address space is not as it was left"
		       : NULL;
}

static const char *run(const struct test *test)
{
	static char text[128];
	struct filter filter = {
		.calls = strcmp(world.backend, "vfio") ? CALLS_IOMMUFD : CALLS_VFIO,
		.below = test->below,
		.links = is_fake,
		.without = test->without ? ioctl_of(test->without) : NULL,
	};
	const char *what = "", *wrong = NULL;
	int status = 0, rc = world_open(&world, test->stage, &what);
	pid_t pid;

	if (rc < 0) {
		snprintf(text, sizeof(text), "%s: %s", what, strerror(-rc));
		world_close(&world);
		return text;
	}
	pid = fork();
	if (pid == 0)
		child(test, &filter);
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		wrong = "fork";
	else
		wrong = judge(test, status);
	world_close(&world);
	return wrong;
}

static bool parse(int argc, char **argv)
{
	bool known = true;

	for (int i = 1; i < argc && known; i += 2) {
		const char *value = i + 1 < argc ? argv[i + 1] : NULL;

		if (!value)
			known = false;
		else if (!strcmp(argv[i], "--backend"))
			world.backend = value;
		else if (!strcmp(argv[i], "--device"))
			world.device = value;
		else
			known = false;
	}
	if (known && world.backend && world.device)
		return true;
	fprintf(stderr, "usage: %s --backend vfio|iommufd|fake-vfio|fake-iommufd --device BDF\n",
		argv[0]);
	return false;
}

int main(int argc, char **argv)
{
	const struct rlimit memlock = { 64 << 20, 64 << 20 };
	const size_t count = sizeof(tests) / sizeof(tests[0]);
	size_t failed = 0, skipped = 0;

	if (!parse(argc, argv))
		return 2;
	world.sys = libiommu_sys_default();
	/* Without CAP_IPC_LOCK memory is counted. */
	setrlimit(RLIMIT_MEMLOCK, &memlock);
	if (!strncmp(world.backend, "fake-", 5) && !use_fake(world.backend + 5)) {
		printf("0 passed, 1 failed, 0 skipped\n");
		return 1;
	}
	has_seccomp = prctl(PR_GET_SECCOMP) >= 0;
	for (size_t i = 0; i < count; i++) {
		const char *wrong;

		/* What is left without it is to give up privileges. */
		if (!has_seccomp && tests[i].dies) {
			printf("ok %zu - %s # SKIP the kernel has no seccomp\n", i + 1,
			       tests[i].name);
			skipped++;
			continue;
		}
		wrong = run(&tests[i]);
		failed += wrong != NULL;
		printf("%sok %zu - %s%s%s\n", wrong ? "not " : "", i + 1, tests[i].name,
		       wrong ? ": " : "", wrong ? wrong : "");
		fflush(stdout);
	}
	printf("%zu passed, %zu failed, %zu skipped\n", count - failed - skipped, failed, skipped);
	return failed ? 1 : 0;
}
