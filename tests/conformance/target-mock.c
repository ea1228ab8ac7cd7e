// SPDX-License-Identifier: BSD-2-Clause
/* The mock: a fresh machine for each case. The only file here that knows mock.h. */
#include "target.h"

#include <libiommu/mock.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct settings *settings;
static char *text;
static struct libiommu_mock_machine *machine;
static struct libiommu_ctx *door; /* to the machine, when a plugin hides that it is the mock */

/* The first word of a line equals. */
static bool line_is(const char *line, const char *word)
{
	size_t length = strlen(word);

	return strncmp(line, word, length) == 0 && (line[length] == ' ' || line[length] == '\0');
}

/* One line of the default machine as the command line wants it. */
static void write_line(FILE *out, const char *line, bool *first_iommu)
{
	char name[32], profile[32];

	if (settings->personality && line_is(line, "personality"))
		return;
	if (settings->ram && line_is(line, "ram"))
		return;
	if (line_is(line, "iommu") && *first_iommu && (settings->profile || settings->width) &&
	    sscanf(line, "iommu %31s %31s", name, profile) == 2) {
		*first_iommu = false;
		fprintf(out, "iommu %s %s", name, settings->profile ? settings->profile : profile);
		if (settings->width)
			fprintf(out, " width=%s", settings->width);
		fputc('\n', out);
		return;
	}
	fprintf(out, "%s\n", line);
}

/* The machine's text with one line more, or NULL. */
static char *compose(const char *limits)
{
	char *copy = strdup(settings->config ? settings->config : libiommu_mock_default_machine());
	char *rest = copy, *line, *result = NULL;
	bool first_iommu = true;
	size_t size;
	FILE *out = open_memstream(&result, &size);

	if (settings->personality)
		fprintf(out, "personality %s\n", settings->personality);
	if (settings->ram)
		fprintf(out, "ram %s\n", settings->ram);
	while ((line = strsep(&rest, "\n"))) {
		if (limits && line_is(line, "limit"))
			continue;
		write_line(out, line, &first_iommu);
	}
	if (limits)
		fprintf(out, "%s\n", limits);
	fclose(out);
	free(copy);
	return result;
}

static bool machine_make(const char *limits)
{
	struct libiommu_error *err = NULL;

	free(text);
	text = compose(limits);
	if (libiommu_mock_machine_new(text, &machine, &err) == 0)
		return true;
	fprintf(stderr, "the machine cannot be made: %s: %s\n", libiommu_error_subject(err),
		libiommu_error_message(err));
	libiommu_error_free(err);
	return false;
}

static void mock_end(void)
{
	libiommu_ctx_free(door);
	door = NULL;
	libiommu_mock_machine_free(machine);
	machine = NULL;
}

static bool open_door(void)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;

	opts.backend = "mock";
	opts.backend_object = machine;
	return libiommu_ctx_new(&opts, &door, NULL) == 0;
}

/* Hardware may have larger pages than the suite takes for granted; it tells when attached. */
static void find_page(void)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_ctx *ctx = NULL;
	struct libiommu_device *dev;
	struct libiommu_domain *dom;

	opts.backend = "mock";
	opts.backend_object = machine;
	if (libiommu_ctx_new(&opts, &ctx, NULL) == 0 &&
	    libiommu_device_open(ctx, target_mock.alone[0], &dev, NULL) == 0 &&
	    libiommu_domain_new(ctx, NULL, &dom, NULL) == 0 &&
	    libiommu_endpoint_attach(libiommu_device_endpoint(dev), dom, NULL) == 0 &&
	    libiommu_domain_page_size(dom) > target_mock.page)
		target_mock.page = libiommu_domain_page_size(dom);
	libiommu_ctx_free(ctx);
}

static bool mock_open(const struct settings *s)
{
	settings = s;
	target_devices(&target_mock, s);
	target_plugin(&target_mock, s);
	/* A plugin's endpoints are not the mock's, so only registers make its devices do anything. */
	if (s->plugin) {
		target_mock.dma = NULL;
		target_mock.ask = NULL;
		target_mock.answered = NULL;
	}
	if (!machine_make(NULL))
		return false;
	find_page();
	mock_end();
	return true;
}

static void mock_close(void)
{
	free(text);
	text = NULL;
}

static const char *mock_begin(const char *limits)
{
	if (!machine_make(limits))
		return "the machine cannot be made";
	return !settings->plugin || open_door() ? NULL : "the machine has no door";
}

static void mock_options(struct libiommu_ctx_options *opts)
{
	opts->backend = target_mock.backend;
	opts->backend_object = machine;
	target_plugin_options(settings, opts);
}

static bool mock_pinned(struct libiommu_ctx *ctx, uint64_t *pages)
{
	struct libiommu_mock_stats stats = LIBIOMMU_MOCK_STATS_INIT;

	if (libiommu_mock_stats(door ? door : ctx, &stats))
		return false;
	*pages = stats.pinned_pages;
	return true;
}

static bool mock_fault(struct libiommu_ctx *ctx, struct told_fault *told)
{
	struct libiommu_mock_fault fault = LIBIOMMU_MOCK_FAULT_INIT;

	if (libiommu_mock_fault_next(door ? door : ctx, &fault))
		return false;
	snprintf(told->device, sizeof(told->device), "%s", fault.device);
	told->iova = fault.iova;
	told->access = fault.access;
	told->stage = fault.stage;
	told->inner = fault.inner;
	return true;
}

static bool mock_dma(struct libiommu_endpoint *ep, uint64_t iova, void *buffer, size_t length,
		     bool write)
{
	return (write ? libiommu_mock_dma_write(ep, iova, buffer, length, NULL)
		      : libiommu_mock_dma_read(ep, iova, buffer, length, NULL)) == 0;
}

static bool mock_ask(struct libiommu_endpoint *ep, const struct libiommu_page_request *requests,
		     size_t count, uint64_t *ticket)
{
	return libiommu_mock_page_request(ep, requests, count, 1, ticket, NULL) == 0;
}

static bool mock_answered(struct libiommu_endpoint *ep, uint64_t ticket,
			  enum libiommu_fault_answer *answer)
{
	return libiommu_mock_page_answer(ep, ticket, answer) == 0;
}

struct target target_mock = {
	.name = "mock",
	.backend = "mock",
	.page = 4096,
	.open = mock_open,
	.close = mock_close,
	.begin = mock_begin,
	.end = mock_end,
	.options = mock_options,
	.sys = libiommu_sys_default,
	.pinned = mock_pinned,
	.fault = mock_fault,
	.dma = mock_dma,
	.ask = mock_ask,
	.answered = mock_answered,
	.alone = { "0000:00:03.0", "0000:00:04.0" },
	.alone_count = 2,
	.member = { "0000:00:05.0", "0000:00:05.1", "0000:00:05.2" },
	.member_count = 3,
	.half_bound = "0000:00:1f.2",
	.kernel_bound = "0000:00:02.0",
};
