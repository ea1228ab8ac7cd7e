/* SPDX-License-Identifier: BSD-2-Clause */
#include "tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int passed, failed;

struct tally tally_arguments(int argc, char **argv)
{
	struct tally t = { 0 };

	for (int i = 1; i + 1 < argc; i += 2) {
		if (!strcmp(argv[i], "--backend"))
			t.backend = argv[i + 1];
		else if (!strcmp(argv[i], "--reason"))
			t.reason = argv[i + 1];
		else if (!strcmp(argv[i], "--device") && t.devices < TALLY_DEVICES)
			t.device[t.devices++] = argv[i + 1];
	}
	if (!t.backend || !t.devices || argc % 2 == 0) {
		fprintf(stderr, "usage: %s --backend NAME [--reason NAME] --device BDF...\n",
			argv[0]);
		exit(2);
	}
	return t;
}

bool tally(bool ok, const char *what)
{
	printf("%s %s\n", ok ? "ok" : "not ok", what);
	fflush(stdout);
	if (ok)
		passed++;
	else
		failed++;
	return ok;
}

bool tally_call(int ret, struct libiommu_error *err, const char *what)
{
	if (ret)
		printf("%s: %s: %s\n", what, libiommu_error_subject(err),
		       libiommu_error_message(err));
	libiommu_error_free(err);
	return tally(!ret, what);
}

int tally_end(void)
{
	printf("%d passed, %d failed, 0 skipped\n", passed, failed);
	return failed || !passed;
}
