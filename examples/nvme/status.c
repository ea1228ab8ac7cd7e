/* SPDX-License-Identifier: BSD-2-Clause */
#include "status.h"

#include <errno.h>
#include <stddef.h>

static const struct {
	uint16_t status;
	int code;
	const char *text;
} table[] = {
	/* For every command */
	{ NVME_STATUS_SUCCESS, 0, "success" },
	{ NVME_STATUS(0, 0x01), -EOPNOTSUPP, "the controller does not know this command" },
	{ NVME_STATUS(0, 0x02), -EINVAL, "a field of the command is invalid" },
	{ NVME_STATUS(0, 0x03), -EIO, "the command id is in use" },
	{ NVME_STATUS_TRANSFER_ERROR, -EFAULT, "the controller could not reach the memory" },
	{ NVME_STATUS(0, 0x05), -EIO, "aborted because power is lost" },
	{ NVME_STATUS(0, 0x06), -EIO, "internal error of the controller" },
	{ NVME_STATUS_ABORTED, -ECANCELED, "aborted as requested" },
	{ NVME_STATUS(0, 0x08), -ECANCELED, "aborted because its queue was deleted" },
	{ NVME_STATUS(0, 0x09), -ECANCELED, "aborted because a fused command failed" },
	{ NVME_STATUS(0, 0x0a), -ECANCELED, "aborted because a fused command is missing" },
	{ NVME_STATUS(0, 0x0b), -ENXIO, "the namespace or its format is invalid" },
	{ NVME_STATUS(0, 0x0c), -EIO, "commands came in a wrong order" },
	{ NVME_STATUS(0, 0x0d), -EINVAL, "a segment of the scatter list is invalid" },
	{ NVME_STATUS(0, 0x0e), -EINVAL, "the number of scatter descriptors is invalid" },
	{ NVME_STATUS(0, 0x0f), -EINVAL, "the length of the data is invalid" },
	{ NVME_STATUS(0, 0x10), -EINVAL, "the length of the metadata is invalid" },
	{ NVME_STATUS(0, 0x11), -EINVAL, "the type of a scatter descriptor is invalid" },
	{ NVME_STATUS(0, 0x12), -EINVAL, "the use of the controller's memory is invalid" },
	{ NVME_STATUS(0, 0x13), -EINVAL, "the offset of a page pointer is invalid" },
	{ NVME_STATUS(0, 0x14), -EIO, "the atomic write unit is exceeded" },
	{ NVME_STATUS(0, 0x15), -EACCES, "the operation is denied" },
	{ NVME_STATUS(0, 0x16), -EINVAL, "the offset of a scatter descriptor is invalid" },
	{ NVME_STATUS(0, 0x1c), -EBUSY, "a sanitize failed and must be repeated" },
	{ NVME_STATUS(0, 0x1d), -EBUSY, "a sanitize is in progress" },
	{ NVME_STATUS(0, 0x20), -EROFS, "the namespace is write protected" },
	{ NVME_STATUS(0, 0x21), -EAGAIN, "interrupted; it may be tried again" },
	{ NVME_STATUS(0, 0x22), -EIO, "transient transport error" },
	{ NVME_STATUS(0, 0x80), -ENXIO, "the blocks lie beyond the namespace's end" },
	{ NVME_STATUS(0, 0x81), -ENOSPC, "the namespace has no capacity left" },
	{ NVME_STATUS(0, 0x82), -EAGAIN, "the namespace is not ready" },
	{ NVME_STATUS(0, 0x83), -EBUSY, "reservation conflict" },
	{ NVME_STATUS(0, 0x84), -EBUSY, "a format is in progress" },
	/* For one command */
	{ NVME_STATUS(1, 0x00), -EINVAL, "the completion queue is invalid" },
	{ NVME_STATUS(1, 0x01), -EINVAL, "the queue id is invalid" },
	{ NVME_STATUS(1, 0x02), -EINVAL, "the queue size is invalid" },
	{ NVME_STATUS(1, 0x03), -EAGAIN, "too many aborts at a time" },
	{ NVME_STATUS(1, 0x05), -EAGAIN, "too many asynchronous event requests" },
	{ NVME_STATUS(1, 0x08), -EINVAL, "the interrupt vector is invalid" },
	{ NVME_STATUS(1, 0x09), -EINVAL, "the log page is invalid" },
	{ NVME_STATUS(1, 0x0a), -EINVAL, "the format is invalid" },
	{ NVME_STATUS(1, 0x0b), -EIO, "a conventional reset is needed" },
	{ NVME_STATUS(1, 0x0c), -EBUSY, "the queue is still in use" },
	{ NVME_STATUS(1, 0x0d), -EACCES, "the feature cannot be saved" },
	{ NVME_STATUS(1, 0x0e), -EACCES, "the feature cannot be changed" },
	{ NVME_STATUS(1, 0x80), -EINVAL, "conflicting attributes" },
	{ NVME_STATUS(1, 0x81), -EINVAL, "the protection information is invalid" },
	{ NVME_STATUS(1, 0x82), -EROFS, "the blocks are read only" },
	/* Media and data integrity */
	{ NVME_STATUS(2, 0x80), -EIO, "write fault of the media" },
	{ NVME_STATUS(2, 0x81), -EIO, "unrecovered read error of the media" },
	{ NVME_STATUS(2, 0x82), -EILSEQ, "the guard of the data is wrong" },
	{ NVME_STATUS(2, 0x83), -EILSEQ, "the application tag is wrong" },
	{ NVME_STATUS(2, 0x84), -EILSEQ, "the reference tag is wrong" },
	{ NVME_STATUS(2, 0x85), -EILSEQ, "compare failure" },
	{ NVME_STATUS(2, 0x86), -EACCES, "access is denied" },
	{ NVME_STATUS(2, 0x87), -EIO, "the block was deallocated or never written" },
	/* Path */
	{ NVME_STATUS(3, 0x00), -EIO, "internal error of the path" },
	{ NVME_STATUS(3, 0x60), -EIO, "the controller has lost its path" },
	{ NVME_STATUS(3, 0x70), -EIO, "the host has lost its path" },
	{ NVME_STATUS(3, 0x71), -ECANCELED, "aborted by the host" },
};

static size_t find(uint16_t status)
{
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (table[i].status == (status & NVME_STATUS_MASK))
			break;
	}
	return i;
}

const char *nvme_status_text(uint16_t status)
{
	size_t i = find(status);

	return i < sizeof(table) / sizeof(table[0]) ? table[i].text : "unknown status";
}

int nvme_status_errno(uint16_t status)
{
	size_t i = find(status);

	return i < sizeof(table) / sizeof(table[0]) ? table[i].code : -EIO;
}
