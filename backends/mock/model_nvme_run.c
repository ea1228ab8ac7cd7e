/* SPDX-License-Identifier: BSD-2-Clause */
/* When a command that was fetched is carried out. */
#include "backends/mock/model_nvme.h"

void nvme_finish(struct nvme *nvme, struct nvme_request *request, uint16_t status)
{
	request->status = status;
	if (status)
		nvme_log_error(nvme, request, status);
	nvme_complete(nvme, request);
}

static void carry_out(struct nvme *nvme, struct nvme_request *request)
{
	bool admin = request->sq->id == 0;
	int status = nvme_error_of(nvme, request);

	if (status == NVME_HANGS)
		nvme_push(&nvme->stuck, request);
	else if (status == NVME_STOPS)
		nvme_fatal(nvme);
	else if (status > 0)
		nvme_finish(nvme, request, (uint16_t)status);
	if (status)
		return;
	if (admin && request->command.opcode == ADMIN_ASYNC_EVENT)
		status = nvme_event_request(nvme, request);
	else
		status = admin ? nvme_admin(nvme, request) : nvme_io(nvme, request);
	if (status >= 0)
		nvme_finish(nvme, request, (uint16_t)status);
}

size_t nvme_run(struct nvme *nvme, size_t most)
{
	size_t done;

	for (done = 0; done < most && nvme_runs(nvme); done++) {
		struct nvme_request *request = nvme_pop(&nvme->held);

		if (!request)
			break;
		carry_out(nvme, request);
	}
	return done;
}

static void run_due(struct nvme *nvme)
{
	while (nvme_runs(nvme) && nvme->held.first && nvme->held.first->due <= nvme->fetched)
		carry_out(nvme, nvme_pop(&nvme->held));
}

void nvme_submit(struct nvme *nvme, struct nvme_request *request)
{
	if (request->sq->id == 0) {
		carry_out(nvme, request);
		return;
	}
	nvme->fetched++;
	if (nvme->options.delay == 0) {
		carry_out(nvme, request);
		return;
	}
	request->due = nvme->options.delay == UINT32_MAX ? UINT64_MAX
							 : nvme->fetched + nvme->options.delay;
	nvme_push(&nvme->held, request);
	run_due(nvme);
}

struct nvme_request *nvme_take(struct nvme_list *list, unsigned int sq, unsigned int id)
{
	struct nvme_list all = *list;
	struct nvme_request *request, *found = NULL;

	*list = (struct nvme_list){ 0 };
	while ((request = nvme_pop(&all))) {
		if (!found && request->sq->id == sq && request->command.id == id)
			found = request;
		else
			nvme_push(list, request);
	}
	return found;
}

static void abandon(struct nvme *nvme, struct nvme_list *list, const struct nvme_sq *sq,
		    uint16_t status)
{
	struct nvme_list all = *list;
	struct nvme_request *request;

	*list = (struct nvme_list){ 0 };
	while ((request = nvme_pop(&all))) {
		if (request->sq == sq)
			nvme_finish(nvme, request, status);
		else
			nvme_push(list, request);
	}
}

void nvme_abandon(struct nvme *nvme, const struct nvme_sq *sq, uint16_t status)
{
	abandon(nvme, &nvme->held, sq, status);
	abandon(nvme, &nvme->stuck, sq, status);
}
