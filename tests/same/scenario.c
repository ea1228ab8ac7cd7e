/* SPDX-License-Identifier: BSD-2-Clause */
/* What the scenarios have in common. */
#include "tests/same/same.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void same_fact(struct same *s, const char *step, const char *format, ...)
{
	char name[128], result[128];
	va_list args;

	snprintf(name, sizeof(name), "%s: %s", s->scenario, step);
	va_start(args, format);
	vsnprintf(result, sizeof(result), format, args);
	va_end(args);
	printf("%s| %s = %s\n", s->world->name, name, result);
	same_log_add(s->log, name, result);
}

void same_truth(struct same *s, const char *step, bool truth)
{
	same_fact(s, step, "%s", truth ? "yes" : "no");
}

int same_call(struct same *s, const char *step, int code, struct libiommu_error *err)
{
	const char *subject = err ? libiommu_error_subject(err) : "";
	const bool range = !strncmp(subject, "0x", 2);

	if (!code)
		same_fact(s, step, "done");
	else if (!err)
		same_fact(s, step, "errno %d", -code);
	else
		same_fact(s, step, "%s%s%s", libiommu_reason_name(libiommu_error_reason(err)),
			  range ? " " : "", range ? subject : "");
	libiommu_error_free(err);
	return code;
}

void same_require(bool right, const char *step)
{
	if (right)
		return;
	printf("nothing can follow \"%s\"\n", step);
	exit(1);
}

static void must(int code, struct libiommu_error *err, const char *what)
{
	if (!code)
		return;
	printf("%s: %s: %s\n", what, libiommu_error_subject(err), libiommu_error_message(err));
	exit(1);
}

struct libiommu_device *same_open(struct same *s, enum same_role role)
{
	struct libiommu_device *dev = NULL;
	struct libiommu_error *err;

	must(libiommu_device_open(s->ctx, s->world->device[role], &dev, &err), err,
	     s->world->device[role]);
	return dev;
}

struct libiommu_domain *same_domain(struct same *s, bool pasid, bool nest_parent,
				    struct libiommu_fault_queue *faults)
{
	struct libiommu_domain_options opts = LIBIOMMU_DOMAIN_OPTIONS_INIT;
	struct libiommu_domain *dom = NULL;
	struct libiommu_error *err;

	opts.pasid = pasid;
	opts.nest_parent = nest_parent;
	opts.faults = faults;
	must(libiommu_domain_new(s->ctx, &opts, &dom, &err), err, "a domain");
	return dom;
}

int same_map(struct same *s, struct libiommu_domain *dom, uint64_t iova, unsigned int page,
	     struct libiommu_error **err)
{
	return libiommu_domain_map(dom, iova, libiommu_source_memory(s->memory + page * SAME_PAGE),
				   SAME_PAGE, SAME_BOTH, err);
}

bool same_reaches(struct same *s, struct libiommu_endpoint *ep, uint64_t iova, unsigned int page)
{
	return s->world->reaches(ep, iova, s->memory + page * SAME_PAGE);
}
