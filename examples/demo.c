/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What an IOMMU does for a driver in user space, step by step. The same code runs on the mock,
 * which needs no hardware, and on QEMU's edu device behind a real IOMMU.
 */
#include "edu.h"
#include "show.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE        UINT64_C(4096)
#define IOVA_SOURCE UINT64_C(0x100000)
#define IOVA_TARGET (IOVA_SOURCE + PAGE)
#define IOVA_STRAY  UINT64_C(0x200000) /* nobody maps this */
#define EXIT_USAGE  2
#define RW          (LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE)

static const char greeting[64] = "Greetings from memory that a device may reach, and only that.";

struct demo {
	const char *backend;
	const char *device;
	const char *plugin; /* a backend from a file, and its config; NULL: none */
	const char *config;
	char *machine; /* text of a mock's machine; NULL: its own */
	bool mock;
	struct libiommu_ctx *ctx;
	struct libiommu_device *dev;
	struct libiommu_domain *dom;
	struct edu edu;
	unsigned char *source, *target; /* a page each */
};

static int list_groups(struct demo *demo)
{
	struct libiommu_group *group = NULL;
	struct libiommu_error *err;
	int ret;

	show_step("Groups: devices that nobody can keep apart");
	show_group_header();
	while (!(ret = libiommu_group_next(demo->ctx, group, &group, &err)) && group)
		show_group(group);
	return ret ? show_failure("read the groups", ret, err) : 0;
}

/* The demo's driver knows one device. */
static int check_identity(struct demo *demo)
{
	struct libiommu_group_member m = LIBIOMMU_GROUP_MEMBER_INIT;
	struct libiommu_group *group;
	struct libiommu_error *err;
	int ret;

	ret = libiommu_group_of(demo->ctx, demo->device, &group, &err);
	if (ret)
		return show_failure(demo->device, ret, err);
	for (size_t i = 0; !libiommu_group_member(group, i, &m); i++) {
		if (!strcmp(m.name, demo->device))
			break;
	}
	if (m.vendor != EDU_VENDOR || m.device != EDU_DEVICE) {
		fprintf(stderr,
			"%s is %04" PRIx32 ":%04" PRIx32 "; this demo drives QEMU's edu, "
			"%04x:%04x, alone.\n",
			demo->device, m.vendor, m.device, EDU_VENDOR, EDU_DEVICE);
		ret = -ENODEV;
	}
	libiommu_group_unref(group);
	return ret;
}

static int show_ledger_line(void *data, const char *line)
{
	(void)data;
	show_line("ledger", "%s", line);
	return 0;
}

static int prepare(struct demo *demo)
{
	struct libiommu_error *err;
	int ret;

	show_step("A device, a domain, two mappings");
	ret = libiommu_device_open(demo->ctx, demo->device, &demo->dev, &err);
	if (ret)
		return show_failure("open the device", ret, err);
	show_line("open", "%s, claimed with its group %" PRIu32, demo->device,
		  libiommu_device_group_id(demo->dev));

	ret = libiommu_domain_new(demo->ctx, NULL, &demo->dom, &err);
	if (ret)
		return show_failure("make a domain", ret, err);
	ret = libiommu_domain_map(demo->dom, IOVA_SOURCE, libiommu_source_memory(demo->source),
				  PAGE, LIBIOMMU_PROT_READ, &err);
	if (!ret)
		ret = libiommu_domain_map(demo->dom, IOVA_TARGET,
					  libiommu_source_memory(demo->target), PAGE, RW, &err);
	if (ret)
		return show_failure("map", ret, err);
	ret = libiommu_domain_dump(demo->dom, show_ledger_line, NULL, &err);
	if (ret)
		return show_failure("show the ledger", ret, err);

	ret = libiommu_endpoint_attach(libiommu_device_endpoint(demo->dev), demo->dom, &err);
	if (ret)
		return show_failure("attach", ret, err);
	show_line("attach", "%s sees this domain, and nothing else", demo->device);
	ret = edu_start(&demo->edu, demo->dev, &err);
	return ret ? show_failure("start the device", ret, err) : 0;
}

/* One DMA of sizeof(greeting) bytes. */
static int dma(struct demo *demo, enum edu_direction direction, uint64_t iova)
{
	struct libiommu_error *err;
	int ret = edu_dma(&demo->edu, direction, iova, sizeof(greeting), &err);

	if (ret)
		return show_failure("let the device copy", ret, err);
	show_line(direction == EDU_READ_MEMORY ? "reads" : "writes", "%zu bytes at IOVA %#" PRIx64,
		  sizeof(greeting), iova);
	return 0;
}

static int copy(struct demo *demo)
{
	show_step("The device copies from one page to the other");
	memcpy(demo->source, greeting, sizeof(greeting));
	memset(demo->target, 0, PAGE);
	if (dma(demo, EDU_READ_MEMORY, IOVA_SOURCE) || dma(demo, EDU_WRITE_MEMORY, IOVA_TARGET))
		return -EIO;
	if (memcmp(demo->source, demo->target, sizeof(greeting)))
		return show_wrong("the bytes differ");
	show_line("arrived", "\"%s\"", (const char *)demo->target);
	return 0;
}

static int walk(struct demo *demo)
{
	struct libiommu_pgtable_walk steps = LIBIOMMU_PGTABLE_WALK_INIT;
	struct libiommu_error *err;
	const char *format;
	int ret;

	show_step("How the IOMMU finds the page");
	if (!demo->mock) {
		show_line("hidden", "the kernel shows nobody its page tables; the mock does");
		return 0;
	}
	ret = libiommu_mock_walk(libiommu_device_endpoint(demo->dev), IOVA_TARGET, &steps, &format,
				 &err);
	if (ret)
		return show_failure("walk the page table", ret, err);
	show_line("walk", "IOVA %#" PRIx64 " in format %s", IOVA_TARGET, format);
	show_walk(&steps);
	return 0;
}

/* A write that must not arrive. */
static int write_refused(struct demo *demo, uint64_t iova)
{
	struct libiommu_mock_fault fault = LIBIOMMU_MOCK_FAULT_INIT;

	memset(demo->target, 0xa5, PAGE);
	if (dma(demo, EDU_WRITE_MEMORY, iova))
		return -EIO;
	for (uint64_t i = 0; i < PAGE; i++) {
		if (demo->target[i] != 0xa5)
			return show_wrong("memory has changed");
	}
	show_line("untouched", "no byte of memory has changed");
	if (!demo->mock) {
		show_line("fault", "is in the kernel's log (dmesg)");
		printf("fault-expected: %s %#" PRIx64 " write\n", demo->device, iova);
		return 0;
	}
	if (libiommu_mock_fault_next(demo->ctx, &fault) || fault.iova != iova)
		return show_wrong("no fault was recorded");
	show_fault(&fault);
	return 0;
}

static int unmap(struct demo *demo)
{
	struct libiommu_error *err;
	uint64_t removed;
	int ret;

	show_step("Unmapped means out of reach");
	ret = libiommu_domain_unmap(demo->dom, IOVA_TARGET, PAGE, &removed, &err);
	if (ret)
		return show_failure("unmap", ret, err);
	show_line("unmap", "%" PRIu64 " bytes at IOVA %#" PRIx64, removed, IOVA_TARGET);
	return write_refused(demo, IOVA_TARGET);
}

/* The refusal is the wished result here. */
static int expect_refusal(const char *what, int ret, struct libiommu_error *err)
{
	if (!ret)
		return show_wrong(what);
	show_refusal(err);
	libiommu_error_free(err);
	return 0;
}

/* A device that is free, in a group that somebody else holds; "" when there is none. */
static void find_blocked(struct demo *demo, char *name, size_t size)
{
	struct libiommu_group *group = NULL;

	*name = '\0';
	while (!*name && !libiommu_group_next(demo->ctx, group, &group, NULL) && group) {
		struct libiommu_group_member m = LIBIOMMU_GROUP_MEMBER_INIT;

		for (size_t i = 0;
		     !libiommu_group_viable(group) && !libiommu_group_member(group, i, &m); i++) {
			if (m.state == LIBIOMMU_MEMBER_VFIO)
				snprintf(name, size, "%s", m.name);
		}
	}
	libiommu_group_unref(group);
}

static int refusals(struct demo *demo)
{
	struct libiommu_device *blocked;
	struct libiommu_error *err;
	char name[64];
	int ret;

	show_step("A refusal says why");
	show_line("map", "IOVA %#" PRIx64 " once more", IOVA_SOURCE);
	ret = libiommu_domain_map(demo->dom, IOVA_SOURCE, libiommu_source_memory(demo->target),
				  PAGE, RW, &err);
	ret = expect_refusal("two mappings overlap", ret, err);
	if (ret)
		return ret;
	find_blocked(demo, name, sizeof(name));
	if (!*name)
		return 0;
	show_line("open", "%s", name);
	ret = libiommu_device_open(demo->ctx, name, &blocked, &err);
	return expect_refusal("a group that is not viable was opened", ret, err);
}

/* libiommu_ctx_free() would do all of it as well; a long-lived program gives back one by one. */
static int finish(struct demo *demo)
{
	struct libiommu_error *err;
	int ret;

	edu_stop(&demo->edu);
	ret = libiommu_endpoint_detach(libiommu_device_endpoint(demo->dev), 0, &err);
	if (ret)
		return show_failure("detach", ret, err);
	ret = libiommu_domain_free(demo->dom, &err);
	if (ret)
		return show_failure("free the domain", ret, err);
	ret = libiommu_device_close(demo->dev, &err);
	return ret ? show_failure("close the device", ret, err) : 0;
}

static int run(struct demo *demo)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_error *err;
	int ret;

	opts.backend = demo->plugin ? NULL : demo->backend;
	opts.plugin = demo->plugin;
	opts.config = demo->config ? demo->config : demo->machine;
	ret = libiommu_ctx_new(&opts, &demo->ctx, &err);
	if (ret)
		return show_failure(demo->plugin ? demo->plugin : demo->backend, ret, err);
	printf("libiommu %s on %s\n", libiommu_version(),
	       demo->mock ? "the mock: a machine inside this process"
			  : libiommu_ctx_backend(demo->ctx));

	if (list_groups(demo) || check_identity(demo) || prepare(demo) || copy(demo) || walk(demo))
		return -EIO;
	show_step("Outside of the mappings there is nothing");
	if (write_refused(demo, IOVA_STRAY) || unmap(demo) || refusals(demo) || finish(demo))
		return -EIO;
	return 0;
}

static void usage(FILE *out)
{
	fputs("usage: demo-program [--machine FILE] [--device NAME]\n"
	      "       demo-program --backend vfio --device NAME\n"
	      "       demo-program --plugin FILE [--config TEXT] --device NAME\n"
	      "\n"
	      "Shows what an IOMMU does for a driver in user space.\n"
	      "\n"
	      "  --backend NAME  mock (default): a machine inside this process, no hardware "
	      "needed\n"
	      "                  vfio: real hardware; the device is QEMU's edu, bound to vfio-pci\n"
	      "  --device NAME   such as 0000:00:03.0, which is the default on the mock\n"
	      "  --machine FILE  the mock's machine (docs/mock.md)\n"
	      "  --plugin FILE   a backend from a shared object\n"
	      "  --config TEXT   its configuration\n"
	      "  --help          this text\n",
	      out);
}

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = calloc(1, 65536);

	if (!file || !text || !fread(text, 1, 65535, file)) {
		fprintf(stderr, "%s: cannot be read, or is empty\n", path);
		free(text);
		text = NULL;
	}
	if (file)
		fclose(file);
	return text;
}

/* false: exit with *status. */
static bool parse(struct demo *demo, int argc, char **argv, int *status)
{
	static const struct option options[] = {
		{ "backend", required_argument, NULL, 'b' },
		{ "device", required_argument, NULL, 'd' },
		{ "machine", required_argument, NULL, 'm' },
		{ "plugin", required_argument, NULL, 'p' },
		{ "config", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 'b') {
			demo->backend = optarg;
		} else if (c == 'd') {
			demo->device = optarg;
		} else if (c == 'p') {
			demo->plugin = optarg;
		} else if (c == 'c') {
			demo->config = optarg;
		} else if (c == 'm') {
			free(demo->machine);
			demo->machine = read_file(optarg);
			if (!demo->machine) {
				*status = EXIT_FAILURE;
				return false;
			}
		} else {
			usage(c == 'h' ? stdout : stderr);
			*status = c == 'h' ? EXIT_SUCCESS : EXIT_USAGE;
			return false;
		}
	}
	demo->mock = !demo->plugin && !strcmp(demo->backend, "mock");
	if (demo->mock && !demo->device)
		demo->device = "0000:00:03.0";
	if (optind == argc && demo->device)
		return true;
	usage(stderr);
	*status = EXIT_USAGE;
	return false;
}

int main(int argc, char **argv)
{
	struct demo demo = { .backend = "mock" };
	int status = EXIT_SUCCESS;

	show_start();
	if (!parse(&demo, argc, argv, &status)) {
		free(demo.machine);
		return status;
	}
	demo.source = aligned_alloc(PAGE, 2 * PAGE);
	if (!demo.source)
		return EXIT_FAILURE;
	demo.target = demo.source + PAGE;
	if (run(&demo))
		status = EXIT_FAILURE;
	/* Before the memory goes, since devices may reach it until then. */
	libiommu_ctx_free(demo.ctx);
	free(demo.source);
	free(demo.machine);
	if (status == EXIT_SUCCESS)
		puts("\ndemo: ok");
	return status;
}
