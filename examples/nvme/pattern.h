/* SPDX-License-Identifier: BSD-2-Clause */
/* Bytes that look random and are known from a seed and their place alone. */
#ifndef NVME_PATTERN_H
#define NVME_PATTERN_H

#include <stddef.h>
#include <stdint.h>

/** @return a number that depends on all bits of seed and place */
uint64_t nvme_pattern(uint64_t seed, uint64_t place);

/** Fill memory with the bytes that belong `offset` bytes from the start; multiples of 8. */
void nvme_pattern_fill(uint64_t seed, uint64_t offset, void *buffer, size_t length);

/** @return the first byte that differs, or length */
size_t nvme_pattern_check(uint64_t seed, uint64_t offset, const void *buffer, size_t length);

#endif
