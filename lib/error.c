/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct libiommu_error {
	struct libiommu_allocator allocator; /* size 0: static, never freed */
	int code;
	enum libiommu_reason reason;
	int kernel_errno;
	char kernel_call[48]; /* a copy: a plugin may go before the error */
	bool guess;
	bool has_figures;
	uint64_t needed;
	uint64_t available;
	char hint[192];
	char subject[64];
	char message[640];
};

struct reason_entry {
	enum libiommu_reason reason;
	int code;
	const char *name;
	const char *text;
	const char *hint;
};

#define X(number, constant, tag, code, text, hint) \
	{ LIBIOMMU_REASON_##constant, code, tag, text, hint },
static const struct reason_entry registry[] = { LIBIOMMU_REASONS(X) };
#undef X

/* What a caller gets when memory for the real error is lacking: right reason, no details. */
#define X(number, constant, tag, errno_, text, hint_) \
	{ .code = -errno_,                            \
	  .reason = LIBIOMMU_REASON_##constant,       \
	  .kernel_call = "",                          \
	  .hint = hint_,                              \
	  .message = text },
static const struct libiommu_error fallback[] = { LIBIOMMU_REASONS(X) };
#undef X

#define REASON_COUNT (sizeof(registry) / sizeof(registry[0]))

static const struct reason_entry *lookup(enum libiommu_reason reason)
{
	for (size_t i = 0; i < REASON_COUNT; i++)
		if (registry[i].reason == reason)
			return &registry[i];
	return NULL;
}

const char *libiommu_reason_name(enum libiommu_reason reason)
{
	const struct reason_entry *entry = lookup(reason);

	return entry ? entry->name : NULL;
}

int libiommu_reason_errno(enum libiommu_reason reason)
{
	const struct reason_entry *entry = lookup(reason);

	return entry ? entry->code : 0;
}

const char *libiommu_reason_text(enum libiommu_reason reason)
{
	const struct reason_entry *entry = lookup(reason);

	return entry ? entry->text : NULL;
}

const char *libiommu_reason_hint(enum libiommu_reason reason)
{
	const struct reason_entry *entry = lookup(reason);

	return entry ? entry->hint : NULL;
}

enum libiommu_reason libiommu_reason_next(enum libiommu_reason reason)
{
	const struct reason_entry *entry;

	if (reason == LIBIOMMU_REASON_NONE)
		return registry[0].reason;
	entry = lookup(reason);
	if (!entry || entry == &registry[REASON_COUNT - 1])
		return LIBIOMMU_REASON_NONE;
	return entry[1].reason;
}

int libiommu_error_code(const struct libiommu_error *err)
{
	return err ? err->code : 0;
}

enum libiommu_reason libiommu_error_reason(const struct libiommu_error *err)
{
	return err ? err->reason : LIBIOMMU_REASON_NONE;
}

const char *libiommu_error_subject(const struct libiommu_error *err)
{
	return err ? err->subject : "";
}

const char *libiommu_error_message(const struct libiommu_error *err)
{
	return err ? err->message : "";
}

const char *libiommu_error_hint(const struct libiommu_error *err)
{
	return err ? err->hint : "";
}

int libiommu_error_kernel_errno(const struct libiommu_error *err)
{
	return err ? err->kernel_errno : 0;
}

const char *libiommu_error_kernel_call(const struct libiommu_error *err)
{
	return err ? err->kernel_call : "";
}

bool libiommu_error_is_guess(const struct libiommu_error *err)
{
	return err && err->guess;
}

bool libiommu_error_figures(const struct libiommu_error *err, uint64_t *needed, uint64_t *available)
{
	if (!err || !err->has_figures)
		return false;
	if (needed)
		*needed = err->needed;
	if (available)
		*available = err->available;
	return true;
}

void libiommu_error_free(struct libiommu_error *err)
{
	struct libiommu_allocator allocator;

	if (!err || !err->allocator.size)
		return;
	allocator = err->allocator;
	allocator.free(allocator.data, err, sizeof(*err));
}

static struct libiommu_error *static_error(const struct reason_entry *entry)
{
	const struct libiommu_error *err = &fallback[entry - registry];

	/* The accessors take const; only free takes it plain, and leaves static ones alone. */
	return (struct libiommu_error *)(uintptr_t)err;
}

__attribute__((format(printf, 2, 3))) static void append(struct libiommu_error *err,
							 const char *format, ...)
{
	size_t used = strlen(err->message);
	va_list args;

	va_start(args, format);
	vsnprintf(err->message + used, sizeof(err->message) - used, format, args);
	va_end(args);
}

static void describe(struct libiommu_error *err, const struct reason_entry *entry,
		     const struct libiommu_failure *failure)
{
	if (failure->subject[0])
		append(err, "%s: ", failure->subject);
	append(err, "%s", entry->text);
	if (failure->detail[0])
		append(err, " %s", failure->detail);
	if (failure->has_figures)
		append(err, " Needed: %llu, available: %llu.", (unsigned long long)failure->needed,
		       (unsigned long long)failure->available);
	if (failure->kernel_errno) {
		char text[64] = "";

		append(err, " The kernel said %s to %s%s.",
		       strerror_r(failure->kernel_errno, text, sizeof(text)),
		       failure->kernel_call ? failure->kernel_call : "a call",
		       failure->guess ? "; the reason is inferred" : "");
	}
}

void libiommu_hint(enum libiommu_reason reason, const char *device, char *out, size_t size)
{
	const struct reason_entry *entry = lookup(reason);
	const char *hint = entry ? entry->hint : "";
	const char *gap = strstr(hint, "BDF");

	if (gap && device[0])
		snprintf(out, size, "%.*s%s%s", (int)(gap - hint), hint, device, gap + 3);
	else
		snprintf(out, size, "%s", hint);
}

int libiommu_error_raise(struct libiommu_error **err, const struct libiommu_allocator *allocator,
			 int code, const struct libiommu_failure *failure)
{
	const struct reason_entry *entry = lookup(failure->reason);
	struct libiommu_error *made;

	if (!entry)
		entry = lookup(LIBIOMMU_REASON_KERNEL_REFUSED);
	if (!err)
		return code;
	made = allocator->alloc(allocator->data, sizeof(*made), sizeof(void *));
	if (!made) {
		*err = static_error(entry);
		return code;
	}
	made->allocator = *allocator;
	made->code = code;
	made->reason = entry->reason;
	made->kernel_errno = failure->kernel_errno;
	snprintf(made->kernel_call, sizeof(made->kernel_call), "%s",
		 failure->kernel_call ? failure->kernel_call : "");
	made->guess = failure->guess;
	made->has_figures = failure->has_figures;
	made->needed = failure->needed;
	made->available = failure->available;
	memcpy(made->subject, failure->subject, sizeof(made->subject));
	describe(made, entry, failure);
	libiommu_hint(entry->reason, failure->culprit[0] ? failure->culprit : failure->subject,
		      made->hint, sizeof(made->hint));
	*err = made;
	return code;
}

int libiommu_error_set(struct libiommu_error **err, enum libiommu_reason reason,
		       const char *subject, const char *detail, ...)
{
	struct libiommu_failure failure;
	va_list args;
	int code;

	libiommu_failure_init(&failure);
	va_start(args, detail);
	code = libiommu_refuse_va(&failure, reason, subject, detail, args);
	va_end(args);
	return libiommu_error_raise(err, libiommu_allocator_default(), code, &failure);
}

int libiommu_failure_raise(const struct libiommu_failure *failure, int code,
			   const struct libiommu_allocator *allocator, struct libiommu_error **err)
{
	libiommu_error_clear(err);
	if (!code)
		return 0;
	return libiommu_error_raise(err, allocator ? allocator : libiommu_allocator_default(), code,
				    failure);
}
