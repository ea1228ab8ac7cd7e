/* SPDX-License-Identifier: BSD-2-Clause */
#include "filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define ARCH AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCH AUDIT_ARCH_AARCH64
#else
#error "which architecture is it?"
#endif

#define MAX_CODE 512

struct call {
	long number;
	bool below; /* its first argument is an open directory */
};

#define always(call) { SYS_##call, false },
#define below(call)  { SYS_##call, true },
#define paths(call)
#define tree(call)
#define SLOT(slot, call, when) when(call)
#define ALSO(slot, call, when) when(call)
#define LIBC(call, purpose)    always(call)

static const struct call listed[] = {
#include "lib/sys.def"
};

#undef always
#undef below
#undef paths
#undef tree

#ifndef __has_feature
#define __has_feature(name) 0
#endif

/* What the test does beside the library: it reports, waits for interrupts and ends. */
static const long own[] = {
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
	SYS_sigaltstack, /* the sanitizer's, in functions that do not return */
#endif
	SYS_write,       SYS_read, SYS_ppoll, SYS_clock_gettime, SYS_exit_group,
};

struct request {
	const char *name;
	unsigned int number;
};

#define CALL(name, number, feature, purpose) { #name, number },

static const struct request vfio_requests[] = {
#include "backends/vfio/calls.def"
#include "backends/vfiodev/calls.def"
};

static const struct request iommufd_requests[] = {
#ifdef HAVE_IOMMUFD
#include "backends/iommufd/calls.def"
#endif
#include "backends/vfiodev/calls.def"
};

struct code {
	struct sock_filter at[MAX_CODE];
	unsigned short length;
};

static void add(struct code *code, unsigned short what, unsigned int value, unsigned char yes,
		unsigned char no)
{
	if (code->length < MAX_CODE)
		code->at[code->length] = (struct sock_filter){ what, yes, no, value };
	code->length++;
}

static void load(struct code *code, size_t offset)
{
	add(code, BPF_LD | BPF_W | BPF_ABS, (unsigned int)offset, 0, 0);
}

static void end(struct code *code, unsigned int action)
{
	add(code, BPF_RET | BPF_K, action, 0, 0);
}

/* Let it pass when what is loaded has this value; else go on behind. */
static void pass(struct code *code, unsigned int value)
{
	add(code, BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1);
	end(code, SECCOMP_RET_ALLOW);
}

/* Numbers of system calls and requests of ioctl are in the lower half on both architectures. */
static size_t argument(unsigned int index)
{
	return offsetof(struct seccomp_data, args) + index * sizeof(__u64);
}

static const struct request *requests(const struct filter *filter, size_t *count)
{
	if (filter->calls == CALLS_VFIO) {
		*count = sizeof(vfio_requests) / sizeof(vfio_requests[0]);
		return vfio_requests;
	}
	*count = sizeof(iommufd_requests) / sizeof(iommufd_requests[0]);
	return iommufd_requests;
}

const char *filter_ioctl(enum calls calls, size_t index)
{
	const struct filter filter = { .calls = calls };
	size_t count;
	const struct request *list = requests(&filter, &count);

	for (size_t i = 0; i < count; i++) {
		bool alone = true;

		for (size_t k = 0; k < count; k++)
			alone = alone && (k == i || list[k].number != list[i].number);
		if (alone && !index--)
			return list[i].name;
	}
	return NULL;
}

static bool left_out(const struct filter *filter, const struct request *request)
{
	return filter->without && !strcmp(filter->without, request->name);
}

bool filter_passes(const struct filter *filter, unsigned long request)
{
	size_t count;
	const struct request *list = requests(filter, &count);

	for (size_t i = 0; i < count; i++)
		if (list[i].number == request && !left_out(filter, &list[i]))
			return true;
	return false;
}

static size_t count_ioctls(const struct filter *filter)
{
	size_t count, passing = 0;
	const struct request *list = requests(filter, &count);

	for (size_t i = 0; i < count; i++)
		passing += !left_out(filter, &list[i]);
	return passing;
}

static void add_ioctl(struct code *code, const struct filter *filter)
{
	size_t count;
	const struct request *list = requests(filter, &count);

	add(code, BPF_JMP | BPF_JEQ | BPF_K, SYS_ioctl, 0,
	    (unsigned char)(2 * count_ioctls(filter) + 2));
	load(code, argument(1));
	for (size_t i = 0; i < count; i++)
		if (!left_out(filter, &list[i]))
			pass(code, list[i].number);
	end(code, SECCOMP_RET_KILL_PROCESS);
}

/* A descriptor, and not the working directory. */
static void add_below(struct code *code, long number)
{
	add(code, BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)number, 0, 4);
	load(code, argument(0));
	add(code, BPF_JMP | BPF_JEQ | BPF_K, (unsigned int)AT_FDCWD, 0, 1);
	end(code, SECCOMP_RET_KILL_PROCESS);
	end(code, SECCOMP_RET_ALLOW);
}

static void assemble(struct code *code, const struct filter *filter)
{
	code->length = 0;
	load(code, offsetof(struct seccomp_data, arch));
	add(code, BPF_JMP | BPF_JEQ | BPF_K, ARCH, 1, 0);
	end(code, SECCOMP_RET_KILL_PROCESS);
	load(code, offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		pass(code, (unsigned int)own[i]);
#ifdef SYS_readlink
	if (filter->links)
		pass(code, SYS_readlink);
#endif
	for (size_t i = 0; i < sizeof(listed) / sizeof(listed[0]); i++) {
		if (listed[i].number == SYS_ioctl || (listed[i].below && !filter->below))
			continue;
		if (listed[i].number == SYS_openat || listed[i].number == SYS_readlinkat)
			add_below(code, listed[i].number);
		else
			pass(code, (unsigned int)listed[i].number);
	}
	add_ioctl(code, filter);
	end(code, SECCOMP_RET_KILL_PROCESS);
}

int filter_install(const struct filter *filter)
{
	struct code code;
	struct sock_fprog program = { .filter = code.at };

	assemble(&code, filter);
	if (code.length > MAX_CODE) {
		errno = E2BIG;
		return -1;
	}
	program.len = code.length;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}
