/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/unit/mock-rig.h"

#include "backends/mock/queue.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <time.h>

#define WORKERS 4
#define ROUNDS  400

static struct rig rig;
static struct mock_claim dev, far;
static struct mock_domain dom;
static bool stop;

/*
 * Each worker has its own 8 pages. An access that is under way when an unmap
 * returns would write into what the worker then owns again.
 */
struct worker {
	pthread_t thread;
	size_t number;
	size_t wrong;
};

static void *map_and_unmap(void *data)
{
	struct worker *worker = data;
	struct libiommu_failure failure;

	for (size_t round = 0; round < ROUNDS; round++) {
		struct libiommu_backend_map map = rig_map_of(&rig, worker->number * 8, 8);
		unsigned char *page = map.memory;
		size_t done;

		if (mock->map(&dom, &map, &failure))
			worker->wrong++;
		for (int i = 0; i < 4; i++)
			sched_yield();
		if (mock->unmap(&dom, &map, 1, &done, &failure) || done != 1)
			worker->wrong++;
		/* Nobody else is in it now; plain accesses, which a thread checker watches. */
		for (size_t i = 0; i < PAGE; i++)
			worker->wrong += page[i] != 0 && page[i] != 9;
		memset(page, 0, PAGE);
	}
	return NULL;
}

static void *do_dma(void *data)
{
	struct worker *worker = data;
	struct mock_claim *claim = worker->number ? &dev : &far;
	struct mock_fault_record fault;
	unsigned char bytes[PAGE];

	memset(bytes, 9, sizeof(bytes));
	for (size_t round = 0; !__atomic_load_n(&stop, __ATOMIC_RELAXED); round++) {
		/* The devices have halves of their own, so that they do not meet each other. */
		uint64_t iova = 0x100000 + (round % 2 * 2 + worker->number) * 8 * PAGE;

		mock_dma_transfer(mock_itself(claim->dev), iova, bytes, sizeof(bytes),
				  LIBIOMMU_PROT_WRITE, &fault);
	}
	return NULL;
}

START_TEST(after_an_unmap_no_access_is_under_way)
{
	struct worker mappers[WORKERS] = { 0 }, devices[2] = { 0 };

	rig_open(&rig, NULL);
	rig_device(&rig, &dev, "0000:00:03.0");
	rig_device(&rig, &far, "0000:80:01.0");
	rig_domain(&rig, &dom, LIBIOMMU_DOMAIN_PAGING);
	ck_assert_int_eq(rig_attach(&rig, &dev, &dom, true, NULL, 0), 0);
	ck_assert_int_eq(rig_attach(&rig, &far, &dom, true, NULL, 0), 0);
	for (size_t i = 0; i < 2; i++) {
		devices[i].number = i;
		pthread_create(&devices[i].thread, NULL, do_dma, &devices[i]);
	}
	for (size_t i = 0; i < WORKERS; i++) {
		mappers[i].number = i;
		pthread_create(&mappers[i].thread, NULL, map_and_unmap, &mappers[i]);
	}
	for (size_t i = 0; i < WORKERS; i++) {
		pthread_join(mappers[i].thread, NULL);
		ck_assert_uint_eq(mappers[i].wrong, 0);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (size_t i = 0; i < 2; i++)
		pthread_join(devices[i].thread, NULL);
	ck_assert_uint_eq(rig_pins(&rig), 0);
	ck_assert_int_eq(rig_detach(&rig, &far, &dom, true, LIBIOMMU_DETACH_MAY_REOPEN), 0);
	ck_assert_int_eq(rig_detach(&rig, &dev, &dom, true, 0), 0);
	mock->device_close(&dev, 0);
	mock->device_close(&far, 0);
	rig_close(&rig);
}
END_TEST

/* What a device writes; touching it takes long, as if the device were slow. */
static unsigned char *slow;
static bool inside, through;

static void be_slow(int number)
{
	struct timespec pause = { .tv_nsec = 100000000 };

	(void)number;
	__atomic_store_n(&inside, true, __ATOMIC_SEQ_CST);
	nanosleep(&pause, NULL);
	__atomic_store_n(&through, true, __ATOMIC_SEQ_CST);
	mprotect(slow, PAGE, PROT_READ);
}

static void *slow_dma(void *data)
{
	struct mock_fault_record fault;
	struct worker *worker = data;

	worker->wrong = mock_dma_transfer(mock_itself(dev.dev), 0x100000, slow, PAGE,
					  LIBIOMMU_PROT_WRITE, &fault) != 0;
	return NULL;
}

/* Start an access that takes long, and return in the middle of it. */
static void start_slow_access(struct worker *worker)
{
	struct sigaction action = { .sa_handler = be_slow };

	slow = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	inside = through = false;
	sigaction(SIGSEGV, &action, NULL);
	pthread_create(&worker->thread, NULL, slow_dma, worker);
	while (!__atomic_load_n(&inside, __ATOMIC_SEQ_CST))
		sched_yield();
}

static void end_slow_access(struct worker *worker)
{
	ck_assert(__atomic_load_n(&through, __ATOMIC_SEQ_CST));
	pthread_join(worker->thread, NULL);
	ck_assert_uint_eq(worker->wrong, 0);
	munmap(slow, PAGE);
	signal(SIGSEGV, SIG_DFL);
}

START_TEST(what_takes_access_away_waits_for_it)
{
	struct libiommu_backend_map map;
	struct worker worker = { 0 };

	rig_open(&rig, NULL);
	rig_device(&rig, &dev, "0000:00:03.0");
	rig_domain(&rig, &dom, LIBIOMMU_DOMAIN_PAGING);
	map = rig_map_of(&rig, 0, 1);
	ck_assert_int_eq(rig_attach(&rig, &dev, &dom, true, &map, 1), 0);
	start_slow_access(&worker);
	ck_assert_int_eq(rig_unmap(&rig, &dom, &map), 0);
	end_slow_access(&worker);
	ck_assert_int_eq(mock->map(&dom, &map, &rig.failure), 0);
	start_slow_access(&worker);
	ck_assert_int_eq(rig_detach(&rig, &dev, &dom, true, 0), 0);
	end_slow_access(&worker);
	mock->device_close(&dev, 0);
	rig_close(&rig);
}
END_TEST

static void *attach_and_detach(void *data)
{
	struct worker *worker = data;
	struct libiommu_backend_map map = rig_map_of(&rig, 0, 8);
	size_t maps = dom.type == LIBIOMMU_DOMAIN_PAGING;

	for (size_t round = 0; round < ROUNDS; round++) {
		struct rig mine = rig;

		worker->wrong += rig_attach(&mine, &dev, &dom, true, &map, maps) != 0;
		worker->wrong += rig_detach(&mine, &dev, &dom, true, 0) != 0;
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	return NULL;
}

START_TEST(devices_run_on_while_they_are_attached_and_detached)
{
	struct worker attacher = { 0 }, device = { .number = 1 };

	rig_open(&rig, NULL);
	rig_device(&rig, &dev, "0000:00:03.0");
	rig_domain(&rig, &dom, LIBIOMMU_DOMAIN_PAGING);
	pthread_create(&device.thread, NULL, do_dma, &device);
	pthread_create(&attacher.thread, NULL, attach_and_detach, &attacher);
	pthread_join(attacher.thread, NULL);
	pthread_join(device.thread, NULL);
	ck_assert_uint_eq(attacher.wrong, 0);
	mock->device_close(&dev, 0);
	rig_close(&rig);
}
END_TEST

static uint64_t root[512] __attribute__((aligned(4096)));

static void *root_at(void *data, uint64_t phys, size_t bytes)
{
	(void)data;
	return phys == PAGE && bytes <= PAGE ? root : NULL;
}

START_TEST(shared_tables_are_invalidated_while_devices_come_and_go)
{
	const struct libiommu_pgtable_memory memory = { .size = sizeof(memory), .virt = root_at };
	const struct libiommu_invalidation all = { .kind = LIBIOMMU_INVALIDATE_ALL };
	struct libiommu_pgtable_options table = LIBIOMMU_PGTABLE_OPTIONS_INIT;
	struct libiommu_shared_options shared = LIBIOMMU_SHARED_OPTIONS_INIT;
	const struct libiommu_backend_wishes wishes = { .size = sizeof(wishes),
							.type = LIBIOMMU_DOMAIN_SHARED,
							.shared = &shared };
	struct worker attacher = { 0 };
	size_t done = 0;

	table.memory = &memory;
	shared.table = &table;
	shared.root = PAGE;
	memset(&dom, 0, sizeof(dom));
	stop = false;
	rig_open(&rig, "personality bare\niommu i intel-vtd\n"
		       "device 0000:00:03.0 iommu=i group=1 driver=vfio-pci\n");
	rig_device(&rig, &dev, "0000:00:03.0");
	ck_assert_int_eq(mock->domain_new_with(&rig.ctx, &dom, &wishes, &rig.failure), 0);
	pthread_create(&attacher.thread, NULL, attach_and_detach, &attacher);
	while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
		ck_assert_int_eq(mock->nesting->invalidate(&dom, &all, 1, &done, &rig.failure), 0);
	pthread_join(attacher.thread, NULL);
	ck_assert_uint_eq(attacher.wrong, 0);
	mock->domain_free(&dom, 0);
	mock->device_close(&dev, 0);
	rig_close(&rig);
}
END_TEST

/* A device or its PASID, on its way from one domain to another with the same queue. */
struct mover {
	pthread_t thread;
	uint32_t pasid;
	struct mock_domain to;
	int code;
};

static void *replace_domain(void *data)
{
	struct mover *mover = data;
	struct libiommu_backend_map map = rig_map_of(&rig, 1, 1);
	const struct libiommu_backend_attach attach = {
		.size = sizeof(attach), .first = true, .maps = &map, .map_count = 1
	};
	struct libiommu_geometry from = { .count = 0 }, to = { .count = 0 };
	void *claim = &dev;
	struct libiommu_failure failure;

	map.iova = 0x100000;
	if (mover->pasid)
		mover->code = mock->pasids->replace(claim, mover->pasid, &dom, &mover->to, &attach,
						    &from, &to, &failure);
	else
		mover->code =
			mock->replace(&claim, 1, &dom, &mover->to, &attach, &from, &to, &failure);
	libiommu_geometry_clear(&rig.env, &from);
	libiommu_geometry_clear(&rig.env, &to);
	return NULL;
}

/* Until the device reads the byte of the new domain, which then asks. */
static void *read_and_ask(void *data)
{
	const struct libiommu_page_request request = { .address = 0 };
	const struct mover *mover = data;
	struct mock_requester from = { dev.dev, mover->pasid };
	struct mock_fault_record fault;
	unsigned char byte = 0;
	uint64_t ticket;

	while (byte != 2 &&
	       !mock_dma_transfer(from, 0x100000, &byte, 1, LIBIOMMU_PROT_READ, &fault))
		sched_yield();
	__atomic_store_n(&through, true, __ATOMIC_SEQ_CST);
	pthread_rwlock_rdlock(&dev.dev->iommu->gate);
	mock_queue_ask(dom.queue, from, &request, 1, 2, false, &ticket);
	pthread_rwlock_unlock(&dev.dev->iommu->gate);
	return NULL;
}

static void new_domain(struct mock_domain *out, void *queue)
{
	const struct libiommu_backend_wishes wishes = { .size = sizeof(wishes),
							.type = LIBIOMMU_DOMAIN_PAGING,
							.pasid = true,
							.faults = queue };

	memset(out, 0, sizeof(*out));
	ck_assert_int_eq(mock->domain_new_with(&rig.ctx, out, &wishes, &rig.failure), 0);
}

static void attach_first(uint32_t pasid)
{
	struct libiommu_backend_map map = rig_map_of(&rig, 0, 1);
	const struct libiommu_backend_attach attach = { sizeof(attach), true, &map, 1, NULL };
	struct libiommu_geometry geometry = { .count = 0 };

	if (pasid)
		ck_assert_int_eq(
			mock->pasids->attach(&dev, pasid, &dom, &attach, &geometry, &rig.failure),
			0);
	else
		ck_assert_int_eq(mock->attach(&dev, &dom, &attach, &geometry, &rig.failure), 0);
	libiommu_geometry_clear(&rig.env, &geometry);
}

static void detach_again(struct mock_domain *from, uint32_t pasid)
{
	struct libiommu_geometry geometry = { .count = 0 };

	if (pasid)
		mock->pasids->detach(&dev, pasid, from, &geometry);
	else
		ck_assert_int_eq(rig_detach(&rig, &dev, from, true, 0), 0);
	libiommu_geometry_clear(&rig.env, &geometry);
}

/* The next group of the queue is the one of this number; 0: there is none. */
static void next_is(struct mock_queue *queue, uint32_t number)
{
	struct libiommu_fault_group group = { .number = 0 };
	struct libiommu_page_request request;
	size_t count;

	ck_assert_int_eq(mock->faults->next(queue, &group, &request, 1, &count, &rig.failure), 0);
	ck_assert_uint_eq(count, number != 0);
	ck_assert_uint_eq(group.number, number);
}

/*
 * While the queue is held no request of before can be refused, so that the device must not
 * reach the new domain either: what it asks there would be refused with them.
 */
static void replace_with_a_held_queue(uint32_t pasid)
{
	const struct libiommu_fault_queue_options opts = LIBIOMMU_FAULT_QUEUE_OPTIONS_INIT;
	const struct libiommu_page_request request = { .address = 0 };
	const struct timespec pause = { .tv_nsec = 100000000 };
	struct mover mover = { .pasid = pasid };
	struct mock_queue queue;
	pthread_t asker;
	uint64_t ticket;
	int fd;

	memset(&queue, 0, sizeof(queue));
	rig_open(&rig, "personality bare\niommu i intel-vtd\n"
		       "device 0000:00:03.0 iommu=i group=1 driver=vfio-pci prq=yes pasid=20\n");
	rig.memory[0] = 1;
	rig.memory[PAGE] = 2;
	rig_device(&rig, &dev, "0000:00:03.0");
	ck_assert_int_eq(mock->faults->queue_new(&rig.ctx, &queue, &opts, &fd, &rig.failure), 0);
	new_domain(&dom, &queue);
	new_domain(&mover.to, &queue);
	attach_first(pasid);
	ck_assert_ptr_nonnull(mock_queue_ask(&queue, (struct mock_requester){ dev.dev, pasid },
					     &request, 1, 1, false, &ticket));
	through = false;
	pthread_mutex_lock(&queue.lock);
	pthread_create(&mover.thread, NULL, replace_domain, &mover);
	pthread_create(&asker, NULL, read_and_ask, &mover);
	nanosleep(&pause, NULL);
	ck_assert(!__atomic_load_n(&through, __ATOMIC_SEQ_CST));
	pthread_mutex_unlock(&queue.lock);
	pthread_join(mover.thread, NULL);
	pthread_join(asker, NULL);
	ck_assert_int_eq(mover.code, 0);
	next_is(&queue, 2);
	next_is(&queue, 0);
	detach_again(&mover.to, pasid);
	mock->faults->queue_free(&queue, 0);
	mock->device_close(&dev, 0);
	rig_close(&rig);
}

START_TEST(a_replace_refuses_nothing_that_the_new_domain_is_asked)
{
	replace_with_a_held_queue(0);
	replace_with_a_held_queue(3);
}
END_TEST

int main(void)
{
	const TTest *const tests[] = {
		after_an_unmap_no_access_is_under_way,
		what_takes_access_away_waits_for_it,
		devices_run_on_while_they_are_attached_and_detached,
		shared_tables_are_invalidated_while_devices_come_and_go,
		a_replace_refuses_nothing_that_the_new_domain_is_asked,
	};

	return rig_run("mock-threads", tests, sizeof(tests) / sizeof(tests[0]));
}
