/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * lab-nvme-functions NODE CONTROLLER...: give secondary controllers (virtual functions) a queue and
 * an interrupt each, and switch them on, by way of the kernel's driver of the primary one. With
 * --take-back: first take from the primary what they are to have.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define VIRTUALIZATION 0x1c /* the admin command */
#define QUEUES         0
#define INTERRUPTS     1

enum action { PRIMARY_FLEXIBLE = 1, OFFLINE = 7, ASSIGN = 8, ONLINE = 9 };

/* What the kernel's driver takes for an admin command. */
struct passthrough {
	uint8_t opcode;
	uint8_t flags;
	uint16_t reserved;
	uint32_t namespace_id;
	uint32_t words[2];
	uint64_t metadata;
	uint64_t address;
	uint32_t metadata_length;
	uint32_t data_length;
	uint32_t dw10, dw11, dw12, dw13, dw14, dw15;
	uint32_t timeout;
	uint32_t result;
};

_Static_assert(sizeof(struct passthrough) == 72, "the kernel's layout");

#define ADMIN_COMMAND _IOWR('N', 0x41, struct passthrough)

static int manage(int fd, unsigned int controller, enum action action, unsigned int resource,
		  unsigned int count)
{
	struct passthrough command = { .opcode = VIRTUALIZATION };
	int status;

	command.dw10 = (uint32_t)action | resource << 8 | controller << 16;
	command.dw11 = count;
	status = ioctl(fd, ADMIN_COMMAND, &command);
	if (status)
		fprintf(stderr, "controller %u, action %d, resource %u, count %u: status %#x\n",
			controller, action, resource, count, (unsigned int)status);
	return status;
}

static int take_back(int fd)
{
	return manage(fd, 0, PRIMARY_FLEXIBLE, QUEUES, 0) ||
	       manage(fd, 0, PRIMARY_FLEXIBLE, INTERRUPTS, 0);
}

/* Two queues: that of the administrator, and one for I/O. */
static int switch_on(int fd, unsigned int controller)
{
	return manage(fd, controller, OFFLINE, 0, 0) || manage(fd, controller, ASSIGN, QUEUES, 2) ||
	       manage(fd, controller, ASSIGN, INTERRUPTS, 1) ||
	       manage(fd, controller, ONLINE, 0, 0);
}

int main(int argc, char **argv)
{
	int failed = 0, fd;

	if (argc < 3) {
		fprintf(stderr, "usage: lab-nvme-functions NODE --take-back|CONTROLLER...\n");
		return 2;
	}
	fd = open(argv[1], O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		perror(argv[1]);
		return 1;
	}
	for (int i = 2; i < argc && !failed; i++)
		failed = strcmp(argv[i], "--take-back") ? switch_on(fd, (unsigned int)atoi(argv[i]))
							: take_back(fd);
	close(fd);
	return failed ? 1 : 0;
}
