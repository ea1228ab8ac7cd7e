/* SPDX-License-Identifier: BSD-2-Clause */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

struct machine machine;
const char *const mode_names[MODES] = {
	[V2] = "v2",          [V1] = "v1", [COMPAT_V2] = "compat-v2", [COMPAT_V1] = "compat-v1",
	[NATIVE] = "iommufd",
};

static int passed, failed, skipped;

static const char *result_name(int64_t result, char *buf, size_t size)
{
	const char *name = result < 0 ? strerrorname_np((int)-result) : NULL;

	if (name)
		snprintf(buf, size, "%s", name);
	else
		snprintf(buf, size, "%s%#" PRIx64, result < 0 ? "-" : "",
			 (uint64_t)(result < 0 ? -result : result));
	return buf;
}

void check(const char *name, int64_t want, int64_t got)
{
	char a[32], b[32];

	if (want == got) {
		printf("ok %s\n", name);
		passed++;
	} else {
		printf("not ok %s: expected %s, got %s\n", name, result_name(want, a, sizeof(a)),
		       result_name(got, b, sizeof(b)));
		failed++;
	}
	fflush(stdout);
}

void skip(const char *name, const char *why)
{
	printf("skip %s: %s\n", name, why);
	skipped++;
}

void note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fputs("note ", stdout);
	vprintf(format, args);
	putchar('\n');
	va_end(args);
}

/* For what has to work before anything can be asked at all. */
void fail(const char *what)
{
	printf("not ok %s: %s\n%d passed, %d failed, %d skipped\n", what, strerror(errno), passed,
	       failed + 1, skipped);
	exit(1);
}

int64_t call(int fd, unsigned long nr, void *arg)
{
	int rc = ioctl(fd, nr, arg);

	return rc < 0 ? -errno : rc;
}

int64_t call_number(int fd, unsigned long nr, unsigned long arg)
{
	int rc = ioctl(fd, nr, arg);

	return rc < 0 ? -errno : rc;
}

int open_path(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

bool have_iommufd(void)
{
	return !access("/dev/iommu", F_OK);
}

bool have_cdev(void)
{
	return !access("/dev/vfio/devices", F_OK);
}

static bool behind(const char *bdf, const char *iommu)
{
	char path[128], target[256];
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu", bdf);
	len = readlink(path, target, sizeof(target) - 1);
	target[len < 0 ? 0 : len] = '\0';
	return strstr(target, iommu);
}

int group_number(const char *bdf)
{
	char path[128], target[256];
	ssize_t len;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", bdf);
	len = readlink(path, target, sizeof(target) - 1);
	if (len < 0)
		fail(path);
	target[len] = '\0';
	return atoi(strrchr(target, '/') + 1);
}

int64_t group_open(const char *bdf)
{
	char path[64];

	snprintf(path, sizeof(path), "/dev/vfio/%d", group_number(bdf));
	return open_path(path);
}

int64_t group_join(int group, int container)
{
	int32_t fd = container;

	return call(group, VFIO_GROUP_SET_CONTAINER, &fd);
}

int64_t group_flags(int group)
{
	struct group_status status = { .argsz = sizeof(status) };
	int64_t rc = call(group, VFIO_GROUP_GET_STATUS, &status);

	return rc ? rc : status.flags;
}

int64_t device_open(int group, const char *bdf)
{
	return call(group, VFIO_GROUP_GET_DEVICE_FD, (void *)(uintptr_t)bdf);
}

void *pages(size_t count, int prot)
{
	void *p = mmap(NULL, count * 4096, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		fail("mmap");
	/* Pages that nobody wrote are the zero page, which is not accounted. */
	if (prot & PROT_WRITE)
		memset(p, 0x5a, count * 4096);
	return p;
}

void probe_memory(void)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
	const int both = PROT_READ | PROT_WRITE;
	void *va = (void *)(uintptr_t)PROBE_VA, *ro = (void *)(uintptr_t)PROBE_RO;

	if (mmap(va, PROBE_BYTES, both, flags, -1, 0) != va ||
	    mmap(ro, 4096, PROT_READ, flags, -1, 0) != ro)
		fail("mmap at an address of its own");
	memset(va, 0x5a, PROBE_BYTES);
}

static void usage(void)
{
	puts("usage: lab-probe --alone BDF --alone BDF --member BDF --member BDF\n"
	     "                 [--half-bound BDF] [--unbound BDF] [--kernel-bound BDF]\n"
	     "                 [--nest-parent yes]\n"
	     "  --alone         a device in a group of its own, bound to vfio-pci\n"
	     "  --member        one of several devices of one group, all bound to vfio-pci\n"
	     "  --half-bound    bound to vfio-pci, another one of its group to a kernel driver\n"
	     "  --unbound       bound to vfio-pci, the others of its group have no driver\n"
	     "  --kernel-bound  bound to a kernel driver\n"
	     "  --nest-parent   the IOMMU has the tables that a nested one needs below it");
}

static void arguments(int argc, char **argv)
{
	static const struct option_name {
		const char *name;
		int key;
	} names[] = { { "alone", 'a' },   { "member", 'm' },       { "half-bound", 'h' },
		      { "unbound", 'u' }, { "kernel-bound", 'k' }, { "nest-parent", 'n' } };

	for (int i = 1; i < argc; i++) {
		int key = 0;

		for (size_t n = 0; n < sizeof(names) / sizeof(names[0]); n++)
			if (!strncmp(argv[i], "--", 2) && !strcmp(argv[i] + 2, names[n].name))
				key = names[n].key;
		if (!key || i + 1 == argc || machine.nr_alone == MAX_DEVICES ||
		    machine.nr_members == MAX_DEVICES) {
			usage();
			exit(2);
		}
		i++;
		if (key == 'a')
			machine.alone[machine.nr_alone++] = argv[i];
		else if (key == 'm')
			machine.member[machine.nr_members++] = argv[i];
		else if (key == 'h')
			machine.half_bound = argv[i];
		else if (key == 'u')
			machine.unbound = argv[i];
		else if (key == 'n')
			machine.nest_parent = !strcmp(argv[i], "yes");
		else
			machine.kernel_bound = argv[i];
	}
}

int main(int argc, char **argv)
{
	unsigned int major = 0, minor = 0;
	struct utsname name;

	arguments(argc, argv);
	if (machine.nr_alone < 2 || machine.nr_members < 2) {
		usage();
		return 2;
	}
	uname(&name);
	sscanf(name.release, "%u.%u", &major, &minor);
	machine.kernel = major * 100 + minor;
	machine.virtio = behind(machine.alone[0], "virtio");
	machine.smmu = behind(machine.alone[0], "smmu3");
	machine.x86 = !strcmp(name.machine, "x86_64");
	machine.vtd = behind(machine.alone[0], "dmar");
	note("Linux %s", name.release);

	check_container();
	check_info();
	check_group();
	check_group_members();
	check_sharing();
	for (enum mode mode = V2; mode < MODES; mode++) {
		check_table(mode);
		check_dirty(mode);
		check_bar(mode);
	}
	check_vaddr();
	check_limits();
	check_compat();
	check_cdev();
	check_iommufd();
	check_ioas();
	check_hwpt();
	check_dma();
	check_msi();
	printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped);
	return failed ? 1 : 0;
}
