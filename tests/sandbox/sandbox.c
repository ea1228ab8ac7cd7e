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
	bool outside;        /* by a call that is not the library's */
	const char *feature; /* whose first ioctl is taken off the list */
	const char *without; /* an ioctl that is taken off the list */
};

static const struct test tests[] = {
	{ "a domain of its own", scenario_own_domain, OPENED, false, false, false, NULL, NULL },
	{ "sysfs as a descriptor", scenario_sysfs, OPENED, true, false, false, NULL, NULL },
	{ "an address space of others", scenario_adopted, FILLED, false, false, false, NULL, NULL },
	{ "sysfs that the filter forbids", scenario_sysfs, OPENED, false, true, false, NULL, NULL },
	{ "a path", scenario_path, OPENED, true, true, true, NULL, NULL },
	{ "a context that opens paths", scenario_context_of_paths, OPENED, true, true, false, NULL,
	  NULL },
	{ "another program", scenario_exec, OPENED, false, true, true, NULL, NULL },
	{ "no call that maps", scenario_own_domain, OPENED, false, true, false, "map", NULL },
	{ "no call that sets interrupts", scenario_own_domain, OPENED, false, true, false,
	  "interrupts", NULL },
};

static struct world world;
static bool is_fake, has_seccomp;

/*
 * --- what goes through the table of hooks -------------------------------------------------------
 *
 * The fake kernel's calls are no system calls: real ones that do nothing are made beside them, for
 * the filter. Where the kernel has no seccomp the lists are applied here.
 */

static const struct libiommu_sys *below; /* the table that does the work */
static const struct filter *confined;    /* NULL in the half that may open */

static void die(void)
{
	kill(getpid(), SIGSYS);
	_exit(3);
}

static int guarded_open(void *data, const char *path, int flags)
{
	int fd;

	if (confined && !has_seccomp)
		die();
	if (confined && is_fake) {
		fd = open(path, O_PATH | O_CLOEXEC);
		if (fd >= 0)
			close(fd);
	}
	return below->open(data, path, flags);
}

static int64_t guarded_readlink(void *data, const char *path, char *buffer, size_t length)
{
	if (confined && !has_seccomp)
		die();
	return below->readlink(data, path, buffer, length);
}

static int guarded_ioctl(void *data, int fd, unsigned long request, void *argument)
{
	if (confined && !has_seccomp && !filter_passes(confined, request))
		die();
	if (confined && is_fake)
		syscall(SYS_ioctl, -1, request, NULL);
	return below->ioctl(data, fd, request, argument);
}

static void look_below(long call)
{
	if (confined && !has_seccomp && !confined->below)
		die();
	if (confined && is_fake)
		syscall(call, -1, "none", NULL, 0);
}

static int64_t guarded_getdents(void *data, int fd, void *buffer, size_t length)
{
	look_below(SYS_getdents64);
	return below->getdents(data, fd, buffer, length);
}

static int guarded_openat(void *data, int directory, const char *path, int flags)
{
	look_below(SYS_openat);
	return below->openat(data, directory, path, flags);
}

static int64_t guarded_readlinkat(void *data, int directory, const char *path, char *buffer,
				  size_t length)
{
	look_below(SYS_readlinkat);
	return below->readlinkat(data, directory, path, buffer, length);
}

#ifdef HAVE_FAKE
static struct fake_kernel *fake;

static int ask_for_page(void)
{
	const struct fake_pages pages = { 1, 1, 1, OUR_IOVA };

	return fake_kernel_ask_pages(fake, world.device, 0, &pages);
}
#endif

/* "fake-vfio" is vfio on the fake kernel. */
static bool choose_kernel(void)
{
	static struct libiommu_sys table;

	below = libiommu_sys_default();
	if (!strncmp(world.backend, "fake-", 5)) {
#ifdef HAVE_FAKE
		fake = fake_kernel_new();
		if (!fake)
			return false;
		fake_kernel_set(fake, FAKE_PASID_BITS, 20);
		fake_kernel_set(fake, FAKE_NESTING, 1);
		below = fake_kernel_sys(fake);
		world.backend += 5;
		world.ask = strcmp(world.backend, "vfio") ? ask_for_page : NULL;
		is_fake = true;
#else
		return false;
#endif
	}
	table = *below;
	table.open = guarded_open;
	table.readlink = guarded_readlink;
	table.ioctl = guarded_ioctl;
	table.getdents = guarded_getdents;
	table.openat = guarded_openat;
	table.readlinkat = guarded_readlinkat;
	world.sys = &table;
	return true;
}

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
	confined = filter;
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
		.without = test->without   ? test->without
			   : test->feature ? ioctl_of(test->feature)
					   : NULL,
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

struct count {
	size_t all, failed, skipped;
};

static void run_one(const struct test *test, struct count *count)
{
	const char *wrong;

	count->all++;
	/* These do not go through the library. */
	if (!has_seccomp && test->outside) {
		printf("ok %zu - %s # SKIP the kernel has no seccomp\n", count->all, test->name);
		count->skipped++;
		return;
	}
	wrong = run(test);
	count->failed += wrong != NULL;
	printf("%sok %zu - %s%s%s\n", wrong ? "not " : "", count->all, test->name,
	       wrong ? ": " : "", wrong ? wrong : "");
	fflush(stdout);
}

/* The fake kernel's device can be told to do all that there are ioctls for; and needs each of them. */
static void run_everything(struct count *count)
{
	const struct test whole = {
		"every ioctl", scenario_everything, OPENED, false, false, false, NULL, NULL
	};
	const enum calls calls = strcmp(world.backend, "vfio") ? CALLS_IOMMUFD : CALLS_VFIO;
	const char *name;

	run_one(&whole, count);
	for (size_t i = 0; (name = filter_ioctl(calls, i)); i++) {
		char text[96];
		struct test test = whole;

		snprintf(text, sizeof(text), "without %s", name);
		test.name = text;
		test.dies = true;
		test.without = name;
		run_one(&test, count);
	}
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
	struct count count = { 0 };

	if (!parse(argc, argv))
		return 2;
	/* Without CAP_IPC_LOCK memory is counted. */
	setrlimit(RLIMIT_MEMLOCK, &memlock);
	if (!choose_kernel()) {
		printf("0 passed, 1 failed, 0 skipped\n");
		return 1;
	}
	has_seccomp = prctl(PR_GET_SECCOMP) >= 0;
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		run_one(&tests[i], &count);
	if (is_fake)
		run_everything(&count);
	printf("%zu passed, %zu failed, %zu skipped\n", count.all - count.failed - count.skipped,
	       count.failed, count.skipped);
	return count.failed ? 1 : 0;
}
