/* SPDX-License-Identifier: BSD-2-Clause */
/* /dev/iommu before any device: how it takes arguments, numbers its objects and lets them go. */
#include "probe.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DIRECTION 0x40080000UL /* what _IOW would add: iommufd's numbers have none */
#define NOWHERE   99U          /* an id that nothing has */

void ask_each(int fd, const char *what, const struct ask *asks, size_t count)
{
	uint64_t buf[512];
	uint32_t word;
	char name[160];
	int64_t rc;

	for (const struct ask *a = asks; a < asks + count; a++) {
		memcpy(buf, a->arg, a->bytes);
		rc = call(fd, a->nr, buf);
		snprintf(name, sizeof(name), "%s: %s", what, a->name);
		check(name, a->want, rc);
		if (!a->width)
			continue;
		snprintf(name, sizeof(name), "%s: %s, answer", what, a->name);
		memcpy(&word, (char *)buf + a->at, sizeof(word));
		if (a->width == sizeof(word))
			check(name, (int64_t)a->value, word);
		else
			check(name, (int64_t)a->value,
			      (int64_t)(*(uint64_t *)(void *)((char *)buf + a->at)));
	}
}

/* clang-format off */

/* The smallest struct of each command, and what it says to one that is zero behind its size. */
static const struct size_row {
	const char *name;
	unsigned long nr;
	uint32_t least;
	int64_t zeroes;
} sizes[] = {
	{ "DESTROY",             IOMMU_DESTROY,           8,  -ENOENT },
	{ "IOAS_ALLOC",          IOMMU_IOAS_ALLOC,        12, 0 },
	{ "IOAS_ALLOW_IOVAS",    IOMMU_IOAS_ALLOW_IOVAS,  24, -ENOENT },
	{ "IOAS_COPY",           IOMMU_IOAS_COPY,         40, -EINVAL },
	{ "IOAS_IOVA_RANGES",    IOMMU_IOAS_IOVA_RANGES,  32, -ENOENT },
	{ "IOAS_MAP",            IOMMU_IOAS_MAP,          40, -EINVAL },
	{ "IOAS_UNMAP",          IOMMU_IOAS_UNMAP,        24, -ENOENT },
	{ "OPTION",              IOMMU_OPTION,            24, -EBUSY },
	{ "VFIO_IOAS",           IOMMU_VFIO_IOAS,         12, -ENODEV },
	{ "HWPT_ALLOC",          IOMMU_HWPT_ALLOC,        24, -ENOENT },
	{ "GET_HW_INFO",         IOMMU_GET_HW_INFO,       32, -ENOENT },
	{ "SET_DIRTY_TRACKING",  IOMMU_HWPT_SET_DIRTY,    16, -ENOENT },
	{ "GET_DIRTY_BITMAP",    IOMMU_HWPT_GET_DIRTY,    48, -ENOENT },
	{ "HWPT_INVALIDATE",     IOMMU_HWPT_INVALIDATE,   32, -ENOENT },
	{ "FAULT_QUEUE_ALLOC",   IOMMU_FAULT_QUEUE_ALLOC, 16, 0 },
	{ "IOAS_MAP_FILE",       IOMMU_IOAS_MAP_FILE,     40, -EINVAL },
	{ "VIOMMU_ALLOC",        IOMMU_VIOMMU_ALLOC,      24, -EOPNOTSUPP },
	{ "VDEVICE_ALLOC",       IOMMU_VDEVICE_ALLOC,     24, -ENOENT },
	{ "IOAS_CHANGE_PROCESS", IOMMU_CHANGE_PROCESS,    8,  0 },
	{ "VEVENTQ_ALLOC",       IOMMU_VEVENTQ_ALLOC,     28, -EOPNOTSUPP },
	{ "HW_QUEUE_ALLOC",      IOMMU_HW_QUEUE_ALLOC,    40, -EOPNOTSUPP },
};

static const struct ask strange[] = {
	ASK("alloc, unknown flag", IOMMU_IOAS_ALLOC, ioas_alloc, -EOPNOTSUPP, .flags = 1),
	ASK("allow, reserved", IOMMU_IOAS_ALLOW_IOVAS, allow_iovas, -EOPNOTSUPP, .reserved = 1),
	ASK("copy, unknown flag", IOMMU_IOAS_COPY, ioas_copy, -EOPNOTSUPP, .flags = 8),
	ASK("ranges, reserved", IOMMU_IOAS_IOVA_RANGES, iova_ranges, -EOPNOTSUPP, .reserved = 1),
	ASK("map, unknown flag", IOMMU_IOAS_MAP, ioas_map, -EOPNOTSUPP, .flags = 8),
	ASK("map, reserved", IOMMU_IOAS_MAP, ioas_map, -EOPNOTSUPP, .reserved = 1),
	ASK("map file, unknown flag", IOMMU_IOAS_MAP_FILE, ioas_map_file, -EOPNOTSUPP, .flags = 8),
	ASK("option, unknown", IOMMU_OPTION, option, -EOPNOTSUPP, .option_id = 2),
	ASK("option, reserved", IOMMU_OPTION, option, -EOPNOTSUPP, .reserved = 1),
	ASK("option, unknown act", IOMMU_OPTION, option, -EOPNOTSUPP, .op = 2),
	ASK("vfio ioas, reserved", IOMMU_VFIO_IOAS, vfio_ioas, -EOPNOTSUPP, .reserved = 1),
	ASK("vfio ioas, unknown act", IOMMU_VFIO_IOAS, vfio_ioas, -EOPNOTSUPP, .op = 3),
	ASK("hwpt, reserved", IOMMU_HWPT_ALLOC, hwpt_alloc, -EOPNOTSUPP, .reserved = 1),
	ASK("hw info, unknown flag", IOMMU_GET_HW_INFO, hw_info, -EOPNOTSUPP, .flags = 2),
	ASK("hw info, reserved", IOMMU_GET_HW_INFO, hw_info, -EOPNOTSUPP, .reserved = { 1 }),
	ASK("set dirty, unknown flag", IOMMU_HWPT_SET_DIRTY, set_dirty, -EOPNOTSUPP, .flags = 2),
	ASK("get dirty, unknown flag", IOMMU_HWPT_GET_DIRTY, get_dirty, -EOPNOTSUPP, .flags = 2),
	ASK("get dirty, reserved", IOMMU_HWPT_GET_DIRTY, get_dirty, -EOPNOTSUPP, .reserved = 1),
	ASK("invalidate, reserved", IOMMU_HWPT_INVALIDATE, invalidate, -EOPNOTSUPP, .reserved = 1),
	ASK("fault queue, unknown flag", IOMMU_FAULT_QUEUE_ALLOC, fault_alloc, -EOPNOTSUPP,
	    .flags = 1),
	ASK("viommu, unknown flag", IOMMU_VIOMMU_ALLOC, viommu_alloc, -EOPNOTSUPP, .flags = 1,
	    .type = 1),
	ASK("viommu, of no type", IOMMU_VIOMMU_ALLOC, viommu_alloc, -EOPNOTSUPP, .type = 0),
	ASK("viommu, unknown device", IOMMU_VIOMMU_ALLOC, viommu_alloc, -ENOENT, .type = 1,
	    .dev_id = NOWHERE),
	ASK("change process, reserved", IOMMU_CHANGE_PROCESS, change_process, -EOPNOTSUPP,
	    .reserved = 1),
	ASK("event queue, unknown flag", IOMMU_VEVENTQ_ALLOC, veventq_alloc, -EOPNOTSUPP,
	    .flags = 1, .type = 1),
	ASK("event queue, of no type", IOMMU_VEVENTQ_ALLOC, veventq_alloc, -EOPNOTSUPP, .type = 0),
	ASK("event queue, no depth", IOMMU_VEVENTQ_ALLOC, veventq_alloc, -EINVAL, .type = 1),
	ASK("event queue, unknown viommu", IOMMU_VEVENTQ_ALLOC, veventq_alloc, -ENOENT, .type = 1,
	    .depth = 1, .viommu_id = NOWHERE),
	ASK("hw queue, unknown flag", IOMMU_HW_QUEUE_ALLOC, hw_queue_alloc, -EOPNOTSUPP,
	    .flags = 1, .type = 1),
	ASK("hw queue, no bytes", IOMMU_HW_QUEUE_ALLOC, hw_queue_alloc, -EINVAL, .type = 1),
	ASK("hw queue, wraps", IOMMU_HW_QUEUE_ALLOC, hw_queue_alloc, -EOVERFLOW, .type = 1,
	    .parent_iova = UINT64_MAX, .length = 2),
};

/* The numbers are the lowest free ones, of all kinds of objects together. */
static const struct ask ids[] = {
	GET("first", IOMMU_IOAS_ALLOC, ioas_alloc, id, 1),
	GET("second", IOMMU_IOAS_ALLOC, ioas_alloc, id, 2),
	GET("third", IOMMU_IOAS_ALLOC, ioas_alloc, id, 3),
	ASK("let the first go", IOMMU_DESTROY, destroy, 0, .id = 1),
	ASK("let it go again", IOMMU_DESTROY, destroy, -ENOENT, .id = 1),
	ASK("let zero go", IOMMU_DESTROY, destroy, -ENOENT, .id = 0),
	ASK("let nothing go", IOMMU_DESTROY, destroy, -ENOENT, .id = NOWHERE),
	GET("a free number is used at once", IOMMU_IOAS_ALLOC, ioas_alloc, id, 1),
	GET("another kind gets the next", IOMMU_FAULT_QUEUE_ALLOC, fault_alloc, id, 4),
	ASK("ranges of another kind", IOMMU_IOAS_IOVA_RANGES, iova_ranges, -ENOENT, .ioas_id = 4),
	ASK("map in another kind", IOMMU_IOAS_MAP, ioas_map, -ENOENT, .flags = READABLE,
	    .ioas_id = 4, .length = 1),
	ASK("huge pages of another kind", IOMMU_OPTION, option, -ENOENT, .option_id = OPTION_HUGE,
	    .op = OPTION_GET, .object_id = 4),
	ASK("vfio's one of another kind", IOMMU_VFIO_IOAS, vfio_ioas, -ENOENT, .op = 1,
	    .ioas_id = 4),
	ASK("dirty bits of another kind", IOMMU_HWPT_SET_DIRTY, set_dirty, -ENOENT, .hwpt_id = 1),
	ASK("hwpt without a device", IOMMU_HWPT_ALLOC, hwpt_alloc, -ENOENT, .dev_id = 1,
	    .pt_id = 2),
	ASK("info without a device", IOMMU_GET_HW_INFO, hw_info, -ENOENT, .dev_id = 1),
	ASK("a fault queue's descriptor keeps it", IOMMU_DESTROY, destroy, -EBUSY, .id = 4),
};

static const struct ask options[] = {
	GET("limits are per user", IOMMU_OPTION, option, val64, 0, .option_id = OPTION_RLIMIT,
	    .op = OPTION_GET),
	ASK("limits per process", IOMMU_OPTION, option, 0, .option_id = OPTION_RLIMIT,
	    .op = OPTION_SET, .val64 = 1),
	GET("limits are per process", IOMMU_OPTION, option, val64, 1, .option_id = OPTION_RLIMIT,
	    .op = OPTION_GET),
	ASK("limits per something else", IOMMU_OPTION, option, -EINVAL,
	    .option_id = OPTION_RLIMIT, .op = OPTION_SET, .val64 = 2),
	ASK("limits of an object", IOMMU_OPTION, option, -EOPNOTSUPP, .option_id = OPTION_RLIMIT,
	    .op = OPTION_GET, .object_id = 1),
	ASK("huge pages of nothing", IOMMU_OPTION, option, -ENOENT, .option_id = OPTION_HUGE,
	    .op = OPTION_GET, .object_id = 1),
	GET("an object", IOMMU_IOAS_ALLOC, ioas_alloc, id, 1),
	ASK("limits are settled then", IOMMU_OPTION, option, -EBUSY, .option_id = OPTION_RLIMIT,
	    .op = OPTION_SET, .val64 = 0),
	GET("but can be asked for", IOMMU_OPTION, option, val64, 1, .option_id = OPTION_RLIMIT,
	    .op = OPTION_GET),
	GET("huge pages are on", IOMMU_OPTION, option, val64, 1, .option_id = OPTION_HUGE,
	    .op = OPTION_GET, .object_id = 1),
	ASK("huge pages half on", IOMMU_OPTION, option, -EINVAL, .option_id = OPTION_HUGE,
	    .op = OPTION_SET, .object_id = 1, .val64 = 2),
	ASK("a map of one byte", IOMMU_IOAS_MAP, ioas_map, 0, .flags = READABLE | FIXED,
	    .ioas_id = 1, .user_va = PROBE_VA, .length = 1, .iova = 5),
	ASK("is in the way of huge pages off", IOMMU_OPTION, option, -EADDRINUSE,
	    .option_id = OPTION_HUGE, .op = OPTION_SET, .object_id = 1),
	GET("unmap it", IOMMU_IOAS_UNMAP, ioas_unmap, length, 1, .ioas_id = 1, .iova = 5,
	    .length = 1),
	ASK("huge pages off", IOMMU_OPTION, option, 0, .option_id = OPTION_HUGE,
	    .op = OPTION_SET, .object_id = 1),
	GET("huge pages are off", IOMMU_OPTION, option, val64, 0, .option_id = OPTION_HUGE,
	    .op = OPTION_GET, .object_id = 1),
	ASK("then bytes cannot be mapped", IOMMU_IOAS_MAP, ioas_map, -EINVAL,
	    .flags = READABLE | FIXED, .ioas_id = 1, .user_va = PROBE_VA, .length = 1),
	ASK("nor at odd addresses, which is told before a wrap", IOMMU_IOAS_MAP, ioas_map,
	    -EINVAL, .flags = READABLE | FIXED, .ioas_id = 1, .user_va = PROBE_VA,
	    .length = 0x2000, .iova = UINT64_MAX - 0x1000),
	ASK("huge pages on", IOMMU_OPTION, option, 0, .option_id = OPTION_HUGE,
	    .op = OPTION_SET, .object_id = 1, .val64 = 1),
};

static const struct ask vfio[] = {
	ASK("get none", IOMMU_VFIO_IOAS, vfio_ioas, -ENODEV, .op = 0),
	ASK("set nothing", IOMMU_VFIO_IOAS, vfio_ioas, -ENOENT, .op = 1, .ioas_id = NOWHERE),
	ASK("clear none", IOMMU_VFIO_IOAS, vfio_ioas, 0, .op = 2),
	GET("an object", IOMMU_IOAS_ALLOC, ioas_alloc, id, 1),
	ASK("set", IOMMU_VFIO_IOAS, vfio_ioas, 0, .op = 1, .ioas_id = 1),
	GET("get", IOMMU_VFIO_IOAS, vfio_ioas, ioas_id, 1, .op = 0),
	ASK("clear", IOMMU_VFIO_IOAS, vfio_ioas, 0, .op = 2),
	ASK("get none again", IOMMU_VFIO_IOAS, vfio_ioas, -ENODEV, .op = 0),
	ASK("set again", IOMMU_VFIO_IOAS, vfio_ioas, 0, .op = 1, .ioas_id = 1),
	ASK("destroy it", IOMMU_DESTROY, destroy, 0, .id = 1),
	ASK("is then cleared", IOMMU_VFIO_IOAS, vfio_ioas, -ENODEV, .op = 0),
};

/* clang-format on */

static void check_sizes(int fd)
{
	uint32_t buf[1024] = { 0 };
	char name[96];

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const struct size_row *r = &sizes[i];

		memset(buf, 0, sizeof(buf));
		buf[0] = r->least - 1;
		snprintf(name, sizeof(name), "size: %s, too short", r->name);
		check(name, -EINVAL, call(fd, r->nr, buf));
		buf[0] = r->least;
		snprintf(name, sizeof(name), "size: %s, just enough", r->name);
		check(name, r->zeroes, call(fd, r->nr, buf));
		memset(buf, 0, sizeof(buf));
		buf[0] = 256;
		snprintf(name, sizeof(name), "size: %s, zero behind the end", r->name);
		check(name, r->zeroes, call(fd, r->nr, buf));
		memset(buf, 0, sizeof(buf));
		buf[0] = 256;
		buf[63] = 1;
		snprintf(name, sizeof(name), "size: %s, something behind the end", r->name);
		check(name, -E2BIG, call(fd, r->nr, buf));
		snprintf(name, sizeof(name), "size: %s, no pointer", r->name);
		check(name, -EFAULT, call(fd, r->nr, NULL));
		snprintf(name, sizeof(name), "size: %s, a number with a direction", r->name);
		check(name, -ENOTTY, call(fd, r->nr | DIRECTION, buf));
	}
	buf[0] = 64;
	check("size: below the first command", -ENOTTY, call(fd, NR(0x7f), buf));
	check("size: behind the last command", -ENOTTY, call(fd, NR(0x95), buf));
}

void check_iommufd(void)
{
	int fd;

	if (!have_iommufd()) {
		skip("iommufd", "no /dev/iommu");
		return;
	}
	probe_memory();
	check_sizes(fd = open_path("/dev/iommu"));
	close(fd);
	ASK_ALL(fd = open_path("/dev/iommu"), "strange", strange);
	close(fd);
	ASK_ALL(fd = open_path("/dev/iommu"), "ids", ids);
	close(fd);
	ASK_ALL(fd = open_path("/dev/iommu"), "option", options);
	close(fd);
	ASK_ALL(fd = open_path("/dev/iommu"), "vfio ioas", vfio);
	close(fd);
}
