/* SPDX-License-Identifier: BSD-2-Clause */
/* Numbers of the NVM Express base and NVM command set specifications. */
#ifndef BACKENDS_MOCK_MODEL_NVME_SPEC_H
#define BACKENDS_MOCK_MODEL_NVME_SPEC_H

/* Registers */
#define REG_CAP       0x00
#define REG_VS        0x08
#define REG_INTMS     0x0c
#define REG_INTMC     0x10
#define REG_CC        0x14
#define REG_CSTS      0x1c
#define REG_AQA       0x24
#define REG_ASQ       0x28
#define REG_ACQ       0x30
#define REG_DOORBELLS 0x1000

#define CAP_CONTIGUOUS (UINT64_C(1) << 16)
#define CAP_NVM        (UINT64_C(1) << 37)
#define CAP_MPSMAX     (UINT64_C(4) << 52)
#define VERSION_1_4    0x00010400u

#define CC_ENABLE   0x1u
#define CC_CSS(cc)  ((cc) >> 4 & 7)
#define CC_MPS(cc)  ((cc) >> 7 & 15)
#define CC_AMS(cc)  ((cc) >> 11 & 7)
#define CC_SHN(cc)  ((cc) >> 14 & 3)
#define CC_SQES(cc) ((cc) >> 16 & 15)
#define CC_CQES(cc) ((cc) >> 20 & 15)
#define CC_KNOWN    0x00fffff1u
#define MPS_MAX     4
#define CSTS_READY  0x1u
#define CSTS_FATAL  0x2u
#define CSTS_SHUT   0x8u
#define CSTS_SHST   0xcu
#define AQA_KNOWN   0x0fff0fffu
#define SQE_SHIFT   6
#define CQE_SHIFT   4
#define SQE_BYTES   64
#define NSID_ALL    UINT32_MAX

/* Status: type and code, as they stand above the phase bit */
#define STATUS_DNR              0x4000
#define STATUS_TYPE             0x700
#define STATUS_MEDIA            0x200
#define STATUS_SUCCESS          0x000
#define STATUS_BAD_OPCODE       0x001
#define STATUS_BAD_FIELD        0x002
#define STATUS_DATA_TRANSFER    0x004
#define STATUS_INTERNAL         0x006
#define STATUS_ABORTED          0x007
#define STATUS_SQ_DELETED       0x008
#define STATUS_BAD_NAMESPACE    0x00b
#define STATUS_SEQUENCE         0x00c
#define STATUS_PRP_OFFSET       0x013
#define STATUS_LBA_RANGE        0x080
#define STATUS_CAPACITY         0x081
#define STATUS_CQ_INVALID       0x100
#define STATUS_BAD_QUEUE        0x101
#define STATUS_BAD_QUEUE_SIZE   0x102
#define STATUS_EVENT_LIMIT      0x105
#define STATUS_BAD_VECTOR       0x108
#define STATUS_BAD_LOG          0x109
#define STATUS_QUEUE_DELETION   0x10c
#define STATUS_NOT_SAVEABLE     0x10d
#define STATUS_NOT_CHANGEABLE   0x10e
#define STATUS_NOT_OF_NAMESPACE 0x10f
#define STATUS_WRITE_FAULT      0x280
#define STATUS_UNRECOVERED_READ 0x281

/* Opcodes */
#define ADMIN_DELETE_SQ    0x00
#define ADMIN_CREATE_SQ    0x01
#define ADMIN_GET_LOG      0x02
#define ADMIN_DELETE_CQ    0x04
#define ADMIN_CREATE_CQ    0x05
#define ADMIN_IDENTIFY     0x06
#define ADMIN_ABORT        0x08
#define ADMIN_SET_FEATURES 0x09
#define ADMIN_GET_FEATURES 0x0a
#define ADMIN_ASYNC_EVENT  0x0c
#define IO_FLUSH           0x00
#define IO_WRITE           0x01
#define IO_READ            0x02
#define IO_WRITE_ZEROES    0x08
#define IO_DATASET         0x09

#define QUEUE_CONTIGUOUS 0x1u
#define QUEUE_INTERRUPTS 0x2u

/* Asynchronous events and log pages */
#define EVENT_ERROR        0
#define EVENT_BAD_DOORBELL 0
#define EVENT_BAD_VALUE    1
#define LOG_ERRORS         1
#define LOG_HEALTH         2
#define LOG_FIRMWARE       3

#endif
