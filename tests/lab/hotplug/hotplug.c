/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab-hotplug: devices come and go, and drivers change, under a monitor that has to tell all of it.
 * --device: one that stays, and one that is taken out while it is in use. What else is said of the
 * machine here is in rows.bash.
 */
#include "../edu.h"
#include "../tally.h"
#include "machine.h"
#include "record.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE 4096
#define IOVA UINT64_C(0x500000)

#define COMING "0000:02:00.0" /* below rp2, where nothing is at first */
#define DISK   "0000:03:00.0" /* below rp3, with the kernel's driver */
#define OTHER  "0000:04:00.0" /* below rp4, nothing at first */

#define FIRST   "0000:08:00.0" /* below rp8, */
#define SECOND  "0000:08:00.1" /* in one group, also when it comes later */
#define LENDER  "0000:07:00.0" /* below rp7, */
#define GUARDED "0000:07:00.1" /* in one group, with the kernel's driver */

#define TINY 8192 /* holds what the binding of one edu makes, but no more than ten messages */

#define LENT "node-added bound=vfio-pci "
#define BACK "node-removed unbound "

static struct libiommu_ctx *ctx;
static struct record record;

/* --- nothing is missed ----------------------------------------------------------------------- */

static void comes_and_goes(void)
{
	tally(ask_host("plug edu,id=two,bus=rp2"), "an edu is plugged in");
	tally(record_wait(&record, COMING, "added ", 30), "it is told");
	for (int i = 0; i < 3; i++) {
		tally(bind_driver(COMING, "vfio-pci"), "it is lent");
		tally(unbind_driver(COMING), "and taken back");
	}
	tally(bind_driver(COMING, "vfio-pci"), "and lent");
	tally(record_wait(&record, COMING, "added " LENT BACK LENT BACK LENT BACK LENT, 10),
	      "nothing of that is missing, and all in order");
	tally(ask_host("unplug two") && ask_host("unplugged two"), "it is unplugged");
	tally(record_wait(&record, COMING,
			  "added " LENT BACK LENT BACK LENT BACK LENT BACK "removed ", 30),
	      "that is told to its end");
	tally(!is_there(COMING), "and it is not there");
}

static void kernel_drivers(void)
{
	unsigned int blocked = record.blocked, freed = record.freed;

	tally(unbind_driver(DISK), "the kernel's driver lets go of the disk");
	tally(bind_driver(DISK, "vfio-pci"), "it is lent");
	tally(record_wait(&record, DISK, "unbound " LENT, 10), "that is told");
	tally(record.freed == freed + 1 && record.blocked == blocked, "its group is viable");
	tally(unbind_driver(DISK) && bind_driver(DISK, "nvme"), "the kernel has it back");
	tally(record_wait(&record, DISK, "unbound " LENT BACK "bound=nvme ", 10), "that is told");
	tally(record.freed == freed + 1 && record.blocked == blocked + 1, "its group is not");
	tally(ask_host("plug nvme,id=other,serial=other,bus=rp4"), "a disk is plugged in");
	tally(record_wait(&record, OTHER, "added bound=nvme ", 30), "the kernel's driver takes it");
	tally(record.blocked == blocked + 2, "and its group is not viable");
	tally(ask_host("unplug other") && ask_host("unplugged other"), "it is unplugged");
	tally(record_wait(&record, OTHER, "added bound=nvme unbound removed ", 30),
	      "that is told to its end");
}

static void nothing_is_missed(void)
{
	struct libiommu_monitor_stats stats = LIBIOMMU_MONITOR_STATS_INIT;

	if (!tally(record_open(&record, ctx, 0, NULL), "a monitor"))
		return;
	tally(record_is_sysfs(&record), "it begins with what is there");
	comes_and_goes();
	kernel_drivers();
	tally(!record.disorder, "messages in the kernel's order");
	tally(record_is_sysfs(&record), "the events add up to what is there");
	libiommu_monitor_stats(record.monitor, &stats);
	tally(!stats.overruns && !stats.unreadable && !stats.distrusted && !record.resyncs,
	      "no message was lost or not understood");
	record_close(&record);
}

/* --- more than the queue holds --------------------------------------------------------------- */

static bool burst(unsigned int times)
{
	bool ok = true;

	for (unsigned int i = 0; i < times && ok; i++)
		ok = unbind_driver(DISK) && bind_driver(DISK, "vfio-pci") && unbind_driver(DISK) &&
		     bind_driver(DISK, "nvme");
	return ok;
}

static bool take_one_message(void)
{
	uint64_t before = record.sequence;

	while (record.sequence == before && record_next(&record))
		;
	return record.sequence != before;
}

/* Nobody reads while all this happens, and then too little. */
static void overruns(void)
{
	struct libiommu_monitor_stats stats = LIBIOMMU_MONITOR_STATS_INIT;

	if (!tally(record_open(&record, ctx, TINY, NULL), "a monitor with a tiny queue"))
		return;
	tally(burst(3), "drivers come and go");
	tally(ask_host("plug edu,id=two,bus=rp2") && wait_there(COMING, true, 30),
	      "an edu is plugged in");
	tally(bind_driver(COMING, "vfio-pci"), "and lent");
	tally(take_one_message(), "one message is taken");
	/* The queue was full and is not empty: the kernel drops this, and says nothing of it. */
	tally(unbind_driver(COMING), "and taken back");
	record_take(&record, 2000);
	record_take(&record, 500);
	tally(record.resyncs, "a resync is told");
	libiommu_monitor_stats(record.monitor, &stats);
	tally(stats.overruns, "because messages were lost");
	tally(record_is_sysfs(&record), "and after it the events add up to what is there");
	tally(!record.disorder, "none of them contradicts another");
	record_forget(&record, COMING);
	tally(bind_driver(COMING, "vfio-pci"), "the edu is lent again");
	tally(record_wait(&record, COMING, LENT, 10), "which is heard as ever");
	tally(ask_host("unplug two") && ask_host("unplugged two"), "the edu is unplugged");
	record_take(&record, 1000);
	tally(record_is_sysfs(&record), "and not forgotten");
	record_close(&record);
}

/* --- a device in use ------------------------------------------------------------------------- */

struct user {
	struct libiommu_device *dev;
	struct libiommu_region *bar;
};

static char *memory;

static bool use(struct user *user, const char *name, struct libiommu_domain *dom)
{
	struct libiommu_error *err;
	int ret = libiommu_device_open(ctx, name, &user->dev, &err);

	if (!tally_call(ret, err, "open"))
		return false;
	ret = libiommu_endpoint_attach(libiommu_device_endpoint(user->dev), dom, &err);
	if (!tally_call(ret, err, "attach"))
		return false;
	ret = libiommu_region_open(user->dev, LIBIOMMU_REGION_BAR0, &user->bar, &err);
	tally_call(ret, err, "registers");
	libiommu_device_set_bus_master(user->dev, true, NULL);
	return !ret;
}

static void stop_using(struct user *user)
{
	struct libiommu_error *err;
	int ret;

	libiommu_region_close(user->bar);
	libiommu_device_set_bus_master(user->dev, false, NULL);
	ret = libiommu_endpoint_detach(libiommu_device_endpoint(user->dev),
				       LIBIOMMU_DETACH_MAY_REOPEN, &err);
	tally_call(ret, err, "detach");
	ret = libiommu_device_close(user->dev, &err);
	tally_call(ret, err, "close");
}

static bool works(const struct user *user, char value)
{
	memset(memory, value, PAGE);
	memset(memory + PAGE, 0, PAGE);
	edu_read(user->bar, IOVA, 64);
	edu_write(user->bar, IOVA + PAGE, 64);
	return !memcmp(memory, memory + PAGE, 64);
}

static bool watch(const struct user *user)
{
	struct libiommu_error *err;
	int ret = libiommu_monitor_watch_device(record.monitor, user->dev, &err);

	return tally_call(ret, err, "the monitor watches it");
}

/* Its owner wants it back. A program that does not care keeps it, and everything else works. */
static void ignores_the_owner(const struct user *staying, const struct user *leaving,
			      const char *name)
{
	uint32_t changes = 0;

	tally(ask_host("unplug one"), "its owner wants it back");
	tally(record_wait_request(&record, 0, 60), "that is told");
	libiommu_monitor_device_changes(record.monitor, leaving->dev, &changes, NULL);
	tally(changes == LIBIOMMU_MONITOR_WANTED_BACK, "and nothing else has happened to it");
	tally(record_wait_request(&record, record.requests, 60), "the kernel asks again");
	/* The node is taken away first, so that nobody else opens it. */
	tally(is_there(name) && record_wait(&record, name, "node-removed ", 0),
	      "the device is still there");
	tally(works(leaving, 0x21), "and works, for one who does not care");
	tally(works(staying, 0x22), "as do others");
}

static void gives_it_back(const struct user *staying, struct user *leaving, const char *name)
{
	libiommu_monitor_unwatch_device(record.monitor, leaving->dev);
	stop_using(leaving);
	tally(ask_host("unplugged one"), "QEMU has taken it out");
	tally(record_wait(&record, name, BACK "removed ", 30), "its end is told");
	tally(!is_there(name), "and it is not there");
	tally(record_is_sysfs(&record), "the events add up to what is there");
	tally(works(staying, 0x23), "DMA of others goes on");
}

static void comes_back(struct libiommu_domain *dom, struct user *leaving, const char *name)
{
	record_forget(&record, name);
	tally(ask_host("plug edu,id=one,bus=rp1"), "another one is plugged in");
	tally(record_wait(&record, name, "added ", 30), "it is told");
	tally(bind_driver(name, "vfio-pci"), "it is lent");
	tally(record_wait(&record, name, "added " LENT, 10), "that is told");
	if (!use(leaving, name, dom))
		return;
	tally(works(leaving, 0x24), "it works");
	stop_using(leaving);
}

static void in_use(const struct tally *t)
{
	struct user staying, leaving;
	struct libiommu_domain *dom;
	struct libiommu_error *err;
	uint64_t removed = 0;
	int ret;

	memory = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED || !tally(record_open(&record, ctx, 0, NULL), "a monitor"))
		return;
	ret = libiommu_domain_new(ctx, NULL, &dom, &err);
	if (!tally_call(ret, err, "a domain") || !use(&staying, t->device[0], dom) ||
	    !use(&leaving, t->device[1], dom) || !watch(&leaving))
		return;
	ret = libiommu_domain_map(dom, IOVA, libiommu_source_memory(memory), 2 * PAGE,
				  LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE, &err);
	tally_call(ret, err, "memory for both of them");
	tally(works(&staying, 0x11) && works(&leaving, 0x12), "DMA of both of them arrives");
	ignores_the_owner(&staying, &leaving, t->device[1]);
	gives_it_back(&staying, &leaving, t->device[1]);
	comes_back(dom, &leaving, t->device[1]);
	ret = libiommu_domain_unmap(dom, IOVA, 2 * PAGE, &removed, &err);
	tally_call(ret, err, "unmap");
	tally(removed == 2 * PAGE, "the map was whole all the time");
	stop_using(&staying);
	record_close(&record);
}

/* --- a group in use -------------------------------------------------------------------------- */

static bool member_is(unsigned int lost, unsigned int gained)
{
	const struct record_device *second = record_of(&record, SECOND);

	for (int i = 0; i < 100 && (second->lost < lost || second->gained < gained); i++)
		record_take(&record, 100);
	record_take(&record, 200);
	if (second->lost == lost && second->gained == gained)
		return true;
	printf("    lost %u times, gained %u times\n", second->lost, second->gained);
	return false;
}

static uint32_t changes_of(const struct user *user)
{
	uint32_t changes = UINT32_MAX;

	libiommu_monitor_device_changes(record.monitor, user->dev, &changes, NULL);
	return changes;
}

static bool change_is(const struct libiommu_group *before, enum libiommu_group_change_kind kind)
{
	struct libiommu_group_change change = LIBIOMMU_GROUP_CHANGE_INIT;
	struct libiommu_group *now = NULL;
	bool changed = false, is;

	if (libiommu_group_changed(before, &changed, &now, NULL))
		return false;
	is = changed && !libiommu_group_change(before, now, 0, &change) && change.kind == kind &&
	     !strcmp(change.device, SECOND);
	libiommu_group_unref(now);
	return is;
}

static bool pull(void)
{
	return write_sysfs("/sys/bus/pci/devices/" SECOND "/remove", "1");
}

static bool find_again(void)
{
	return write_sysfs("/sys/bus/pci/rescan", "1") && wait_there(SECOND, true, 10);
}

static void loses_a_member(const struct user *user)
{
	struct libiommu_group *whole = NULL, *less = NULL;

	tally(!libiommu_group_of(ctx, FIRST, &whole, NULL) &&
		      libiommu_group_member_count(whole) == 2,
	      "it has two members");
	tally(pull(), "the other one is pulled out");
	tally(member_is(1, 0), "a member that left a group in use is told");
	tally(changes_of(user) == LIBIOMMU_MONITOR_LOST_MEMBER, "and remembered");
	tally(change_is(whole, LIBIOMMU_GROUP_LEFT), "its absence is seen without the monitor");
	tally(!libiommu_group_of(ctx, FIRST, &less, NULL), "the group as it is now");
	tally(find_again(), "it is found again");
	tally(member_is(1, 1), "that it joined is told");
	tally(changes_of(user) == (LIBIOMMU_MONITOR_LOST_MEMBER | LIBIOMMU_MONITOR_NEW_MEMBER),
	      "and remembered");
	tally(change_is(less, LIBIOMMU_GROUP_JOINED), "it is seen without the monitor");
	libiommu_group_unref(whole);
	libiommu_group_unref(less);
}

/* Out and in again before anybody looks: the same name in the same group. */
static void swapped_unread(const struct user *user)
{
	libiommu_monitor_unwatch_device(record.monitor, user->dev);
	if (!watch(user))
		return;
	tally(!changes_of(user), "nothing has happened since");
	tally(pull() && find_again(), "the other one is pulled out and found again");
	tally(member_is(2, 2), "that it left and joined is told");
	tally(changes_of(user) == (LIBIOMMU_MONITOR_LOST_MEMBER | LIBIOMMU_MONITOR_NEW_MEMBER),
	      "and remembered");
}

static void group_in_use(void)
{
	struct libiommu_domain *dom;
	struct libiommu_error *err;
	struct user user;
	uint64_t removed = 0;
	int ret;

	if (!tally(record_open(&record, ctx, 0, NULL), "a monitor") ||
	    !tally(bind_driver(FIRST, "vfio-pci"), "a device of two in a group is lent"))
		return;
	ret = libiommu_domain_new(ctx, NULL, &dom, &err);
	if (!tally_call(ret, err, "a domain") || !use(&user, FIRST, dom) || !watch(&user))
		return;
	record_take(&record, 500);
	ret = libiommu_domain_map(dom, IOVA, libiommu_source_memory(memory), 2 * PAGE,
				  LIBIOMMU_PROT_READ | LIBIOMMU_PROT_WRITE, &err);
	tally_call(ret, err, "memory for it");
	loses_a_member(&user);
	swapped_unread(&user);
	tally(works(&user, 0x31), "DMA of the one that stayed goes on");
	tally(record_is_sysfs(&record) && !record.disorder, "the events add up to what is there");
	libiommu_monitor_unwatch_device(record.monitor, user.dev);
	ret = libiommu_domain_unmap(dom, IOVA, 2 * PAGE, &removed, &err);
	tally_call(ret, err, "unmap");
	stop_using(&user);
	record_close(&record);
}

/* --- a group that is claimed ----------------------------------------------------------------- */

static bool has_driver(const char *device, const char *driver)
{
	char now[64];

	driver_of(device, now, sizeof(now));
	return !strcmp(now, driver);
}

/* Nothing is open: the claim alone keeps the kernel's driver away. */
static void claimed(void)
{
	struct libiommu_claimed held = LIBIOMMU_CLAIMED_INIT;
	struct libiommu_group *group = NULL;
	struct libiommu_error *err;
	int ret;

	tally(has_driver(GUARDED, "nvme") && unbind_driver(GUARDED),
	      "the kernel lets go of a disk");
	tally(bind_driver(LENDER, "vfio-pci"), "the other one of its group is lent");
	ret = libiommu_group_of(ctx, LENDER, &group, &err);
	if (!tally_call(ret, err, "their group"))
		return;
	ret = libiommu_group_claim(group, &held, &err);
	tally_call(ret, err, "is claimed");
	tally(held.lent == 1 && held.guarded == 1, "one is lent, one guarded");
	tally(!bind_driver(GUARDED, "nvme") && has_driver(GUARDED, ""),
	      "the kernel's driver does not get the disk");
	ret = libiommu_group_release(group, &err);
	tally_call(ret, err, "the claim ends");
	tally(bind_driver(GUARDED, "nvme"), "now it does");
	libiommu_group_unref(group);
}

int main(int argc, char **argv)
{
	struct tally t = tally_arguments(argc, argv);
	struct libiommu_ctx_options opts = LIBIOMMU_CTX_OPTIONS_INIT;
	struct libiommu_error *err;
	int ret;

	if (t.devices != 2)
		return 2;
	opts.backend = t.backend;
	ret = libiommu_ctx_new(&opts, &ctx, &err);
	if (!tally_call(ret, err, "a context"))
		return tally_end();
	nothing_is_missed();
	overruns();
	in_use(&t);
	group_in_use();
	claimed();
	libiommu_ctx_free(ctx);
	return tally_end();
}
