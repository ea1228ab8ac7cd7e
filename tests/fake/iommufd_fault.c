/* SPDX-License-Identifier: BSD-2-Clause */
/* Queues of page requests: reading, answering, and what happens to requests that nobody answers. */
#include "tests/fake/iommufd.h"

#include <errno.h>
#include <string.h>

#define RECORD sizeof(struct iommu_hwpt_pgfault)

int fake_fault_alloc(struct fake_kernel *kernel, struct iommufd *iommufd,
		     struct iommu_fault_alloc *alloc)
{
	int64_t id;
	int fd;

	if (alloc->flags)
		return -EOPNOTSUPP;
	id = fake_object_new(iommufd, OBJECT_FAULT);
	if (id < 0)
		return (int)id;
	fd = fake_file_new(kernel, FAULT);
	if (fd < 0) {
		iommufd->objects[id].kind = OBJECT_NONE;
		return fd;
	}
	iommufd->references++;
	iommufd->objects[id].fault.descriptors = 1;
	fake_file(kernel, fd)->iommufd = iommufd;
	fake_file(kernel, fd)->queue = (uint32_t)id;
	alloc->out_fault_id = (uint32_t)id;
	alloc->out_fault_fd = (uint32_t)fd;
	return 0;
}

void fake_fault_put(struct fake_kernel *kernel, struct file *file)
{
	file->iommufd->objects[file->queue].fault.descriptors--;
	fake_iommufd_put(kernel, file->iommufd);
}

static void answer(struct page_group *group, bool success)
{
	struct cdev *cdev = group->cdev;

	if (success)
		cdev->granted++;
	else
		cdev->denied++;
	group->cdev = NULL;
}

void fake_fault_leave(struct cdev *cdev, uint32_t pasid, uint32_t hwpt)
{
	const uint32_t id = cdev->iommufd->objects[hwpt].hwpt.fault;
	struct fault_queue *queue = &cdev->iommufd->objects[id].fault;

	for (size_t i = 0; id && i < GROUPS_ASKED; i++)
		if (queue->groups[i].cdev == cdev && queue->groups[i].pasid == pasid &&
		    queue->groups[i].hwpt == hwpt)
			answer(&queue->groups[i], false);
}

/* The oldest group that nobody has read. */
static struct page_group *next(struct fault_queue *queue)
{
	struct page_group *first = NULL;

	for (size_t i = 0; i < GROUPS_ASKED; i++) {
		struct page_group *group = &queue->groups[i];

		if (group->cdev && !group->cookie && (!first || group->order < first->order))
			first = group;
	}
	return first;
}

static struct page_group *waiting(struct fault_queue *queue, uint32_t cookie)
{
	for (size_t i = 0; i < GROUPS_ASKED; i++)
		if (queue->groups[i].cdev && queue->groups[i].cookie == cookie)
			return &queue->groups[i];
	return NULL;
}

static uint32_t free_cookie(struct fault_queue *queue)
{
	uint32_t cookie = 1;

	while (waiting(queue, cookie))
		cookie++;
	return cookie;
}

static int64_t read_queue(struct fault_queue *queue, char *buffer, size_t length)
{
	struct page_group *group;
	size_t done = 0;

	if (length % RECORD)
		return -ESPIPE;
	while ((group = next(queue)) && group->count * RECORD <= length - done) {
		group->cookie = free_cookie(queue);
		for (unsigned int i = 0; i < group->count; i++, done += RECORD) {
			group->pages[i].cookie = group->cookie;
			memcpy(buffer + done, &group->pages[i], RECORD);
		}
	}
	return group && !done ? -EINVAL : (int64_t)done;
}

static int64_t write_queue(struct fault_queue *queue, const char *buffer, size_t length)
{
	struct iommu_hwpt_page_response response;
	struct page_group *group;

	if (length % sizeof(response))
		return -ESPIPE;
	for (size_t done = 0; done < length; done += sizeof(response)) {
		memcpy(&response, buffer + done, sizeof(response));
		group = response.cookie ? waiting(queue, response.cookie) : NULL;
		if (!group || response.code > IOMMUFD_PAGE_RESP_INVALID)
			return done ? (int64_t)done : -EINVAL;
		answer(group, response.code == IOMMUFD_PAGE_RESP_SUCCESS);
	}
	return (int64_t)length;
}

static struct fault_queue *queue_of(struct fake_kernel *kernel, int fd)
{
	const struct file *file = fake_file(kernel, fd);

	return file && file->kind == FAULT ? &file->iommufd->objects[file->queue].fault : NULL;
}

int64_t fake_sys_read(void *data, int fd, void *buffer, size_t length)
{
	struct fake_kernel *kernel = data;
	struct fault_queue *queue;
	int64_t rc;

	if (fd < FAKE_FD)
		return kernel->base->read(kernel->base->data, fd, buffer, length);
	pthread_mutex_lock(&kernel->lock);
	queue = queue_of(kernel, fd);
	rc = queue ? read_queue(queue, buffer, length) : -EINVAL;
	pthread_mutex_unlock(&kernel->lock);
	return rc;
}

int64_t fake_sys_write(void *data, int fd, const void *buffer, size_t length)
{
	struct fake_kernel *kernel = data;
	struct fault_queue *queue;
	int64_t rc;

	if (fd < FAKE_FD)
		return kernel->base->write(kernel->base->data, fd, buffer, length);
	pthread_mutex_lock(&kernel->lock);
	queue = queue_of(kernel, fd);
	rc = queue ? write_queue(queue, buffer, length) : -EINVAL;
	pthread_mutex_unlock(&kernel->lock);
	return rc;
}

int fake_sys_poll(void *data, int fd)
{
	struct fake_kernel *kernel = data;
	struct fault_queue *queue;
	int rc;

	if (fd < FAKE_FD)
		return kernel->base->poll(kernel->base->data, fd);
	pthread_mutex_lock(&kernel->lock);
	queue = queue_of(kernel, fd);
	rc = queue ? next(queue) != NULL : -EBADF;
	pthread_mutex_unlock(&kernel->lock);
	return rc;
}

static struct page_group *free_group(struct fault_queue *queue)
{
	for (size_t i = 0; i < GROUPS_ASKED; i++)
		if (!queue->groups[i].cdev)
			return &queue->groups[i];
	return NULL;
}

static int ask_for(struct cdev *cdev, uint32_t pasid, const struct fake_pages *pages)
{
	const uint32_t hwpt = fake_cdev_table(cdev, pasid);
	struct object *objects = cdev->iommufd->objects;
	const uint32_t id = hwpt ? objects[hwpt].hwpt.fault : 0;
	struct page_group *group;

	if (!pages->count || pages->count > GROUP_PAGES)
		return -EINVAL;
	group = id ? free_group(&objects[id].fault) : NULL;
	if (!group) {
		cdev->denied++;
		return -ENODEV;
	}
	*group = (struct page_group){ .cdev = cdev,
				      .pasid = pasid,
				      .hwpt = hwpt,
				      .order = objects[id].fault.arrived++,
				      .count = pages->count };
	for (unsigned int i = 0; i < pages->count; i++)
		group->pages[i] = (struct iommu_hwpt_pgfault){
			.flags = (pasid ? IOMMU_PGFAULT_FLAGS_PASID_VALID : 0) |
				 (i + 1 == pages->count ? IOMMU_PGFAULT_FLAGS_LAST_PAGE : 0),
			.dev_id = cdev->id,
			.pasid = pasid,
			.grpid = pages->group,
			.perm = pages->access,
			.addr = pages->address + i * PAGE,
		};
	return 0;
}

int fake_kernel_ask_pages(struct fake_kernel *kernel, const char *name, uint32_t pasid,
			  const struct fake_pages *pages)
{
	const struct device *device;
	int rc;

	pthread_mutex_lock(&kernel->lock);
	device = fake_device(kernel, name);
	rc = device && device->cdev ? ask_for(device->cdev, pasid, pages) : -ENODEV;
	pthread_mutex_unlock(&kernel->lock);
	return rc;
}

unsigned int fake_kernel_answers(struct fake_kernel *kernel, const char *name, bool success)
{
	const struct device *device;
	unsigned int count = 0;

	pthread_mutex_lock(&kernel->lock);
	device = fake_device(kernel, name);
	if (device && device->cdev)
		count = success ? device->cdev->granted : device->cdev->denied;
	pthread_mutex_unlock(&kernel->lock);
	return count;
}
