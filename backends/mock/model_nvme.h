/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * An NVMe controller. It has no thread: everything happens in the register access (or the call of
 * mock-nvme.h) that causes it, with device.lock held.
 */
#ifndef BACKENDS_MOCK_MODEL_NVME_H
#define BACKENDS_MOCK_MODEL_NVME_H

#include <libiommu/mock_nvme.h>

#include "backends/mock/front.h"
#include "backends/mock/model.h"
#include "backends/mock/model_nvme_spec.h"

#define NVME_QUEUES     256 /* with the administrator's */
#define NVME_NAMESPACES 16
#define NVME_EVENTS     4 /* requests for events that can wait, and events */
#define NVME_LOG        4 /* entries of the error log */
#define NVME_FEATURES   12

struct nvme_namespace {
	uint64_t blocks;
	unsigned int shift; /* of a block's size */
	uint64_t allocated; /* bytes */
	size_t table_count;
	struct nvme_table **tables; /* of chunks; NULL: zeros */
};

struct nvme_command {
	uint8_t opcode;
	uint8_t flags;
	uint16_t id;
	uint32_t nsid;
	uint64_t prp[2];
	uint32_t dw10, dw11, dw12, dw13;
};

struct nvme_sq {
	bool made;
	uint16_t id;
	uint16_t cq;
	uint32_t size; /* entries */
	uint32_t head;
	uint32_t tail;
	uint64_t base;
	struct nvme_request *requests; /* `size` of them */
	struct nvme_request *free;
};

/* A command that was fetched and whose completion was not written. In one list at a time. */
struct nvme_request {
	struct nvme_request *next;
	struct nvme_sq *sq;
	struct nvme_command command;
	uint64_t due; /* how many commands were fetched then */
	uint32_t result;
	uint16_t status;
};

struct nvme_list {
	struct nvme_request *first;
	struct nvme_request *last;
};

struct nvme_cq {
	bool made;
	bool phase;
	bool interrupts;
	uint16_t vector;
	unsigned int users; /* submission queues */
	uint32_t size;
	uint32_t head;
	uint32_t tail;
	uint64_t base;
	struct nvme_list waiting; /* for room */
};

struct nvme_event {
	uint8_t type;
	uint8_t info;
	uint8_t page;
};

struct nvme_error_entry {
	uint64_t count;
	uint64_t lba;
	uint32_t nsid;
	uint16_t sq;
	uint16_t id;
	uint16_t status;
};

struct nvme_health {
	uint64_t read_sectors; /* of 512 bytes */
	uint64_t written_sectors;
	uint64_t reads;
	uint64_t writes;
	uint64_t media_errors;
	uint64_t errors;
};

/* One that was asked for. */
struct nvme_error {
	struct nvme_error *next;
	struct libiommu_mock_nvme_error what;
};

/* What the text says. */
struct nvme_options {
	unsigned int queues; /* pairs beside the administrator's */
	unsigned int vectors;
	unsigned int entries; /* of a queue, at most */
	unsigned int mdts;
	unsigned int timeout; /* in 500 ms */
	unsigned int stride;
	unsigned int ready; /* reads of CSTS until the controller is ready */
	uint32_t delay;     /* commands, see libiommu_mock_nvme_delay() */
};

struct nvme {
	struct mock_device *dev;
	struct nvme_options options;
	unsigned int namespace_count;
	struct nvme_namespace namespaces[NVME_NAMESPACES];
	/* registers */
	uint32_t cc;
	uint32_t csts;
	uint32_t aqa;
	uint32_t masked; /* INTMS */
	uint64_t asq;
	uint64_t acq;
	unsigned int not_ready; /* reads of CSTS that are left; UINT_MAX: for ever */
	/* queues and commands */
	struct nvme_sq sqs[NVME_QUEUES];
	struct nvme_cq cqs[NVME_QUEUES];
	unsigned int io_queues; /* that exist, of both kinds */
	uint64_t fetched;       /* commands of I/O queues */
	bool starved;           /* a queue waits for a free request */
	struct nvme_list held;  /* to be carried out later */
	struct nvme_list stuck; /* never */
	struct nvme_list event_requests;
	struct nvme_event events[NVME_EVENTS];
	unsigned int event_count;
	unsigned int event_request_count;
	uint32_t silenced_events; /* types whose log page was not read since */
	uint32_t features[NVME_FEATURES];
	struct nvme_error_entry errors[NVME_LOG]; /* newest first */
	struct nvme_health health;
	struct nvme_error *demanded;
};

static inline struct nvme *nvme_of(struct mock_device *dev)
{
	return dev->state;
}

static inline uint32_t nvme_page(const struct nvme *nvme)
{
	return UINT32_C(4096) << CC_MPS(nvme->cc);
}

/* Is it at work? */
static inline bool nvme_runs(const struct nvme *nvme)
{
	return (nvme->cc & CC_ENABLE) && !mock_device_is_removed(nvme->dev) &&
	       (nvme->csts & (CSTS_READY | CSTS_FATAL | CSTS_SHST)) == CSTS_READY;
}

static inline void nvme_put(unsigned char *at, unsigned int width, uint64_t value)
{
	for (unsigned int i = 0; i < width; i++)
		at[i] = (unsigned char)(value >> (8 * i));
}

static inline uint64_t nvme_get(const unsigned char *at, unsigned int width)
{
	uint64_t value = 0;

	for (unsigned int i = width; i--;)
		value = value << 8 | at[i];
	return value;
}

static inline void nvme_push(struct nvme_list *list, struct nvme_request *request)
{
	request->next = NULL;
	if (list->first)
		list->last->next = request;
	else
		list->first = request;
	list->last = request;
}

static inline struct nvme_request *nvme_pop(struct nvme_list *list)
{
	struct nvme_request *request = list->first;

	if (request)
		list->first = request->next;
	return request;
}

/* model_nvme_registers.c */
uint64_t nvme_read(struct mock_device *dev, unsigned int bar, uint64_t offset, unsigned int width);
void nvme_write(struct mock_device *dev, unsigned int bar, uint64_t offset, unsigned int width,
		uint64_t value);

/* model_nvme_queues.c */
/* Queues and everything in them; the memory of the host is not touched. */
void nvme_queues_drop(struct nvme *nvme);
/* @return a status */
uint16_t nvme_cq_make(struct nvme *nvme, unsigned int id, uint64_t base, uint32_t size);
uint16_t nvme_sq_make(struct nvme *nvme, unsigned int id, unsigned int cq, uint64_t base,
		      uint32_t size);
void nvme_cq_drop(struct nvme *nvme, unsigned int id);
void nvme_sq_drop(struct nvme *nvme, unsigned int id);
void nvme_doorbell(struct nvme *nvme, unsigned int number, uint32_t value);
/* Fetch what waited for a free request. */
void nvme_feed(struct nvme *nvme);
void nvme_complete(struct nvme *nvme, struct nvme_request *request);
/* The level of the line, from what the queues hold. */
void nvme_line(struct nvme *nvme);
/* The controller stops until it is reset. */
void nvme_fatal(struct nvme *nvme);

/* model_nvme_run.c */
/* A command was fetched: now, later or never. */
void nvme_submit(struct nvme *nvme, struct nvme_request *request);
/* Carry out held commands that are due, or `most` whatever they are. @return how many */
size_t nvme_run_due(struct nvme *nvme);
size_t nvme_run(struct nvme *nvme, size_t most);
/* It is done: the error log, then the completion queue. */
void nvme_finish(struct nvme *nvme, struct nvme_request *request, uint16_t status);
/* Take a command out of a list. @return NULL when it is not there */
struct nvme_request *nvme_take(struct nvme_list *list, unsigned int sq, unsigned int id);
/* Complete those of a queue with a status, or forget them where there is nobody to tell. */
void nvme_abandon(struct nvme *nvme, const struct nvme_sq *sq, uint16_t status);

/* model_nvme_prp.c: memory of the host */
bool nvme_dma(struct nvme *nvme, uint64_t address, void *buffer, uint64_t length, uint32_t access);
/* 4 bytes that tell the host of all that was written before. */
bool nvme_dma_publish(struct nvme *nvme, uint64_t address, uint32_t value);
struct nvme_walk {
	struct nvme *nvme;
	const struct nvme_command *command;
	uint64_t left;
	uint64_t list; /* where the next entry stands; 0: not in a list yet */
	bool begun;
};
/* @return a status; 0 and the next piece, which ends with its page */
uint16_t nvme_walk_next(struct nvme_walk *walk, uint64_t *address, uint64_t *length);
uint16_t nvme_transfer(struct nvme *nvme, const struct nvme_command *command, void *buffer,
		       uint64_t length, uint32_t access);

/* model_nvme_errors.c: errors on demand */
#define NVME_HANGS (-1)
#define NVME_STOPS (-2)
bool nvme_error_add(struct nvme *nvme, const struct libiommu_mock_nvme_error *what);
void nvme_errors_free(struct nvme *nvme);
/* @return the status of a command that was asked to fail, NVME_HANGS, NVME_STOPS; 0: it does not */
int nvme_error_of(struct nvme *nvme, const struct nvme_request *request);

/* Commands: each returns a status. */
uint16_t nvme_admin(struct nvme *nvme, struct nvme_request *request);
uint16_t nvme_io(struct nvme *nvme, struct nvme_request *request);
uint16_t nvme_identify(struct nvme *nvme, const struct nvme_command *command);
uint16_t nvme_set_feature(struct nvme *nvme, struct nvme_request *request);
uint16_t nvme_get_feature(struct nvme *nvme, struct nvme_request *request);
void nvme_features_reset(struct nvme *nvme);
uint16_t nvme_get_log(struct nvme *nvme, const struct nvme_command *command);

/* model_nvme_log.c */
void nvme_log_error(struct nvme *nvme, const struct nvme_request *request, uint16_t status);
/* @return a status, or -1: it waits for an event */
int nvme_event_request(struct nvme *nvme, struct nvme_request *request);
void nvme_event(struct nvme *nvme, unsigned int type, unsigned int info, unsigned int page);

/* model_nvme_namespace.c */
struct nvme_namespace *nvme_namespace_find(struct nvme *nvme, uint32_t nsid);
bool nvme_namespace_make(struct nvme *nvme, struct nvme_namespace *ns, uint64_t bytes,
			 unsigned int shift);
void nvme_namespace_free(struct nvme *nvme, struct nvme_namespace *ns);
/*
 * What lies at an offset, and how much of it in one piece. A piece that was never written is zeros
 * to read; to write it is allocated. @return NULL when memory is exhausted
 */
unsigned char *nvme_namespace_at(struct nvme *nvme, struct nvme_namespace *ns, uint64_t offset,
				 bool write, uint64_t *length);
/* What is zeroed whole is given back. */
void nvme_namespace_zero(struct nvme *nvme, struct nvme_namespace *ns, uint64_t offset,
			 uint64_t length);

#endif
