/* SPDX-License-Identifier: BSD-2-Clause */
/* The NVMe controller as a model: what its line says, and its state from power-on to the end. */
#include "backends/mock/model_nvme.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define BAR_BYTES     (UINT64_C(16) << 10)
#define MSIX_TABLE    0x2000
#define MSIX_PENDING  0x3000
#define ANY_NAMESPACE (UINT64_C(64) << 20)

#define DEFAULT_QUEUES  64
#define DEFAULT_ENTRIES 2048
#define DEFAULT_MDTS    7
#define DEFAULT_TIMEOUT 15

static int add_namespace(struct nvme *nvme, struct mock_words *words, uint64_t bytes,
			 unsigned int shift)
{
	struct nvme_namespace *ns = &nvme->namespaces[nvme->namespace_count];

	if (nvme->namespace_count == NVME_NAMESPACES)
		return mock_words_refuse(words, "A controller has at most %d namespaces.",
					 NVME_NAMESPACES);
	if (!bytes || bytes % (UINT64_C(1) << shift) || bytes > UINT64_C(1) << 44)
		return mock_words_refuse(words, "A namespace has whole blocks and at most 16 TiB.");
	if (!nvme_namespace_make(nvme, ns, bytes, shift))
		return libiommu_refuse(words->failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	nvme->namespace_count++;
	return 0;
}

/* SIZE or SIZE,lba=512 or SIZE,lba=4096 */
static int parse_namespace(struct nvme *nvme, struct mock_words *words, const char *value)
{
	char size[MOCK_WORD_SIZE];
	const char *comma = strchrnul(value, ',');
	unsigned int shift = 9;
	uint64_t bytes = 0;
	int error;

	snprintf(size, sizeof(size), "%.*s", (int)(comma - value), value);
	if (strcmp(comma, ",lba=4096") == 0)
		shift = 12;
	else if (*comma && strcmp(comma, ",lba=512") != 0)
		return mock_words_refuse(
			words, "\"%s\" is not a size of blocks: lba=512, lba=4096.", comma + 1);
	error = mock_words_bytes(words, size, &bytes);
	return error ? error : add_namespace(nvme, words, bytes, shift);
}

static void set_defaults(struct mock_device *dev)
{
	struct nvme *nvme = nvme_of(dev);

	if (nvme->dev)
		return;
	nvme->dev = dev;
	nvme->options.queues = DEFAULT_QUEUES;
	nvme->options.entries = DEFAULT_ENTRIES;
	nvme->options.mdts = DEFAULT_MDTS;
	nvme->options.timeout = DEFAULT_TIMEOUT;
}

static int nvme_option(struct mock_device *dev, struct mock_words *words, const char *word)
{
	struct nvme *nvme = nvme_of(dev);
	struct nvme_options *options = &nvme->options;
	const struct {
		const char *key;
		uint64_t least, most;
		unsigned int *out;
	} numbers[] = {
		{ "queues", 1, NVME_QUEUES - 1, &options->queues },
		{ "vectors", 1, NVME_QUEUES, &options->vectors },
		{ "entries", 2, 65536, &options->entries },
		{ "mdts", 0, 12, &options->mdts },
		{ "timeout", 1, 255, &options->timeout },
		{ "stride", 0, 7, &options->stride },
		{ "ready", 0, 1000000, &options->ready },
		{ "delay", 0, UINT32_MAX, &options->delay },
	};
	const char *value = mock_word_value(word, "ns");

	set_defaults(dev);
	if (value)
		return parse_namespace(nvme, words, value);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		uint64_t number = 0;
		int error;

		value = mock_word_value(word, numbers[i].key);
		if (!value)
			continue;
		error = mock_words_number(words, value, numbers[i].least, numbers[i].most, &number);
		*numbers[i].out = (unsigned int)number;
		return error;
	}
	return 1;
}

static int nvme_complete_line(struct mock_device *dev, struct mock_words *words)
{
	struct nvme *nvme = nvme_of(dev);
	struct nvme_options *options = &nvme->options;

	set_defaults(dev);
	if ((options->queues + 1) * 2 * (4u << options->stride) > MSIX_TABLE - REG_DOORBELLS)
		return mock_words_refuse(words,
					 "The doorbells of %u queues do not fit with stride %u.",
					 options->queues, options->stride);
	if (!options->vectors)
		options->vectors = options->queues + 1;
	dev->interrupts.there[LIBIOMMU_INTERRUPT_MSIX] = options->vectors;
	return nvme->namespace_count ? 0 : add_namespace(nvme, words, ANY_NAMESPACE, 9);
}

static void nvme_reset(struct mock_device *dev)
{
	struct nvme *nvme = nvme_of(dev);

	nvme_queues_drop(nvme);
	nvme_features_reset(nvme);
	nvme->cc = nvme->csts = nvme->aqa = nvme->masked = 0;
	nvme->asq = nvme->acq = 0;
	if (nvme->not_ready != UINT_MAX)
		nvme->not_ready = 0;
}

/* Its queues are no more than memory now. */
static void nvme_release(struct mock_device *dev)
{
	struct nvme *nvme = nvme_of(dev);

	for (unsigned int i = 0; i < NVME_QUEUES; i++)
		mock_free(dev->machine, nvme->sqs[i].requests,
			  nvme->sqs[i].size * sizeof(struct nvme_request));
	nvme_errors_free(nvme);
	for (unsigned int i = 0; i < nvme->namespace_count; i++)
		nvme_namespace_free(nvme, &nvme->namespaces[i]);
}

const struct mock_model mock_model_nvme = {
	.name = "nvme",
	.class_code = 0x010802,
	.vendor = 0x1b36,
	.device = 0x0010,
	.dma_bits = 64,
	.state_size = sizeof(struct nvme),
	.bar_size = { BAR_BYTES },
	.wide_bars = 1,
	.interrupts = { 1, 0, DEFAULT_QUEUES + 1 },
	.msix_table = MSIX_TABLE,
	.msix_pending = MSIX_PENDING,
	.option = nvme_option,
	.complete = nvme_complete_line,
	.release = nvme_release,
	.reset = nvme_reset,
	.read = nvme_read,
	.write = nvme_write,
};
