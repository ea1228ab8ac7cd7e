/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab-tokens: a physical function that vfio-pci drives, opened with a token, and its virtual functions,
 * which are for those alone that know it. Devices: the physical function, and one without functions.
 */
#include "tally.h"

#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const unsigned char right[16] = "the right token";
static const unsigned char wrong[16] = "the wrong token";

static struct libiommu_ctx *ctx;
static struct libiommu_domain *dom;

/* Opened and attached: which of the two is refused the backend decides. */
static int take(const char *name, const unsigned char *token, struct libiommu_device **out,
		struct libiommu_error **err)
{
	struct libiommu_device_options opts = LIBIOMMU_DEVICE_OPTIONS_INIT;
	int ret;

	opts.vf_token = token;
	ret = libiommu_device_open_with(ctx, name, &opts, out, err);
	if (ret)
		return ret;
	ret = libiommu_endpoint_attach(libiommu_device_endpoint(*out), dom, err);
	if (ret)
		libiommu_device_close(*out, NULL);
	return ret;
}

static void give_back(struct libiommu_device *dev)
{
	libiommu_endpoint_detach(libiommu_device_endpoint(dev), LIBIOMMU_DETACH_MAY_REOPEN, NULL);
	libiommu_device_close(dev, NULL);
}

static struct libiommu_device *granted(const char *name, const unsigned char *token,
				       const char *what)
{
	struct libiommu_device *dev = NULL;
	struct libiommu_error *err;
	int ret = take(name, token, &dev, &err);

	return tally_call(ret, err, what) ? dev : NULL;
}

static void refused(const char *name, const unsigned char *token, const char *what)
{
	struct libiommu_device *dev;
	struct libiommu_error *err;
	int ret = take(name, token, &dev, &err);
	bool bad = ret && libiommu_error_reason(err) == LIBIOMMU_REASON_BAD_TOKEN;

	if (ret)
		printf("%s: %s: %s (%d)\n", what, libiommu_error_subject(err),
		       libiommu_error_message(err), libiommu_error_kernel_errno(err));
	else
		give_back(dev);
	tally(bad && !strcmp(libiommu_error_subject(err), name), what);
	libiommu_error_free(ret ? err : NULL);
}

static bool set_functions(const char *pf, char count)
{
	char path[128];
	int fd;
	bool done;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/sriov_numvfs", pf);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	done = fd >= 0 && write(fd, &count, 1) == 1;
	if (!done)
		perror(path);
	if (fd >= 0)
		close(fd);
	return done;
}

/* @return the first virtual function, or NULL */
static const char *first_function(const char *pf, char *room, size_t size)
{
	char path[128];
	ssize_t length;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/virtfn0", pf);
	length = readlink(path, room, size - 1);
	if (length < 0)
		return NULL;
	room[length] = '\0';
	return basename(room);
}

static void functions(const char *pf, const char *vf)
{
	struct libiommu_device *owner = granted(pf, right, "a physical function takes a token");
	struct libiommu_device *user;

	refused(vf, NULL, "its function without a token");
	refused(vf, wrong, "its function with another token");
	user = granted(vf, right, "its function with the token");
	if (!owner || !user)
		return;
	give_back(owner);
	refused(pf, NULL, "the physical one without the token, while a function is in use");
	refused(pf, wrong, "the physical one with another token, while a function is in use");
	owner = granted(pf, right, "the physical one with the token");
	give_back(user);
	if (owner)
		give_back(owner);
	owner = granted(pf, wrong, "with no function in use the token is changed");
	refused(vf, right, "the old token is worth nothing then");
	if (owner)
		give_back(owner);
}

int main(int argc, char **argv)
{
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct tally t = tally_arguments(argc, argv);
	struct libiommu_error *err;
	char room[128];
	const char *vf;
	int ret;

	opts.backend = t.backend;
	ret = libiommu_ctx_new(&opts, &ctx, &err);
	if (t.devices != 2 || !tally_call(ret, err, "a context"))
		return 2;
	ret = libiommu_domain_new(ctx, NULL, &dom, &err);
	tally_call(ret, err, "a domain");
	refused(t.device[1], right, "a device without functions takes no token");
	if (!tally(set_functions(t.device[0], '2'), "functions are made"))
		return tally_end();
	vf = first_function(t.device[0], room, sizeof(room));
	if (tally(vf, "there is a function"))
		functions(t.device[0], vf);
	libiommu_ctx_free(ctx);
	tally(set_functions(t.device[0], '0'), "functions are taken away");
	return tally_end();
}
