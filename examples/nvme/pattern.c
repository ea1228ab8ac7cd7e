/* SPDX-License-Identifier: BSD-2-Clause */
#include "pattern.h"

#include <string.h>

/* Two rounds of multiplying and folding: every bit of the input moves half of the output's. */
uint64_t nvme_pattern(uint64_t seed, uint64_t place)
{
	uint64_t x = (place + 1) * UINT64_C(0xd1342543de82ef95) ^ seed;

	for (int round = 0; round < 2; round++) {
		x ^= x >> 32;
		x *= UINT64_C(0xaf251af3b0f025b5);
	}
	return x ^ x >> 29;
}

void nvme_pattern_fill(uint64_t seed, uint64_t offset, void *buffer, size_t length)
{
	unsigned char *bytes = buffer;
	uint64_t word;

	for (size_t i = 0; i < length; i += 8) {
		word = nvme_pattern(seed, (offset + i) / 8);
		memcpy(bytes + i, &word, 8);
	}
}

size_t nvme_pattern_check(uint64_t seed, uint64_t offset, const void *buffer, size_t length)
{
	const unsigned char *bytes = buffer;
	uint64_t word;

	for (size_t i = 0; i < length; i += 8) {
		word = nvme_pattern(seed, (offset + i) / 8);
		if (!memcmp(bytes + i, &word, 8))
			continue;
		for (size_t j = 0; j < 8; j++) {
			if (bytes[i + j] != ((const unsigned char *)&word)[j])
				return i + j;
		}
	}
	return length;
}
