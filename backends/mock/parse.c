/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/parse.h"

#include "backends/mock/model.h"
#include "backends/mock/profile_parse.h"
#include "backends/mock/topology_parse.h"
#include "backends/mock/words.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

struct reader {
	struct mock_machine *machine;
	struct mock_words words;
	bool saw_ram;
	bool runs; /* the machine does already */
};

static int no_memory(struct mock_words *words)
{
	return libiommu_refuse(words->failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
}

static int unknown_word(struct mock_words *words, size_t index)
{
	return mock_words_refuse(words, "\"%s\" does not belong into a %s line.",
				 words->word[index], words->word[0]);
}

static int parse_personality(struct reader *reader)
{
	struct mock_words *words = &reader->words;

	if (reader->machine->personality)
		return mock_words_refuse(words, "The personality has been set before.");
	if (words->count != 2)
		return mock_words_refuse(words, "personality takes one name.");
	reader->machine->personality = mock_personality_find(words->word[1]);
	if (!reader->machine->personality)
		return mock_words_refuse(
			words,
			"There is no personality \"%s\"; known: strict, type1, iommufd, bare.",
			words->word[1]);
	return 0;
}

static int parse_ram(struct reader *reader)
{
	static const char *const names[] = {
		[MOCK_RAM_PACKED] = "packed",
		[MOCK_RAM_IDENTITY] = "identity",
		[MOCK_RAM_SCATTERED] = "scattered",
		[MOCK_RAM_RUNS] = "runs",
	};
	struct mock_ram_options *opts = &reader->machine->ram_options;
	struct mock_words *words = &reader->words;
	size_t policy = 0;

	if (reader->saw_ram)
		return mock_words_refuse(words, "RAM has been described before.");
	reader->saw_ram = true;
	while (policy < 4 && words->count > 1 && strcmp(names[policy], words->word[1]) != 0)
		policy++;
	if (words->count < 2 || policy == 4)
		return mock_words_refuse(words,
					 "ram takes one of packed, identity, scattered, runs.");
	opts->policy = (enum mock_ram_policy)policy;
	for (size_t i = 2; i < words->count; i++) {
		const char *value;
		uint64_t number;
		int error;

		if ((value = mock_word_value(words->word[i], "seed"))) {
			error = mock_words_number(words, value, 0, UINT64_MAX, &opts->seed);
		} else if ((value = mock_word_value(words->word[i], "width"))) {
			error = mock_words_number(words, value, 26, 51, &number);
			opts->width = error ? 0 : (unsigned int)number;
		} else {
			error = unknown_word(words, i);
		}
		if (error)
			return error;
	}
	return 0;
}

static int parse_limit(struct reader *reader)
{
	struct mock_words *words = &reader->words;
	struct mock_machine *machine = reader->machine;

	if (words->count < 2)
		return mock_words_refuse(words, "limit takes entries= or locked=.");
	for (size_t i = 1; i < words->count; i++) {
		const char *value;
		int error;

		if ((value = mock_word_value(words->word[i], "entries")))
			error = mock_words_number(words, value, 1, UINT64_MAX,
						  &machine->entry_limit);
		else if ((value = mock_word_value(words->word[i], "locked")))
			error = mock_words_bytes(words, value, &machine->locked_limit);
		else
			error = unknown_word(words, i);
		if (error)
			return error;
	}
	return 0;
}

static int parse_iommu(struct reader *reader)
{
	struct mock_words *words = &reader->words;
	struct mock_iommu *iommu;
	struct mock_hw hw;
	int error;

	if (words->count < 3)
		return mock_words_refuse(words, "iommu takes a name and a profile.");
	if (strlen(words->word[1]) >= sizeof(iommu->name))
		return mock_words_refuse(words, "The name \"%s\" is too long.", words->word[1]);
	if (mock_machine_iommu(reader->machine, words->word[1]))
		return mock_words_refuse(words, "There is an IOMMU %s already.", words->word[1]);
	error = mock_profile_parse(words, &hw);
	if (error)
		return error;
	iommu = mock_machine_add_iommu(reader->machine, words->word[1]);
	if (!iommu)
		return no_memory(words);
	iommu->hw = hw;
	return 0;
}

struct device_words {
	struct mock_iommu *iommu;
	bool grouped;
	uint64_t group;
	const char *driver;
	const struct mock_model *model;
	uint64_t class_code;
	uint64_t vendor;
	uint64_t device;
	uint64_t dma_bits; /* 0: the model's */
	uint64_t pasid_bits;
	bool prq;
	uint32_t rest; /* bits of the words that the model may know */
	struct mock_place place;
	bool inside; /* the topology has it */
	bool bridge;
	bool set_bridge;
	bool set_class;
	bool set_id;
	bool reset;
};

static int parse_model(struct mock_words *words, const char *value, struct device_words *out)
{
	char line[24];

	out->model = mock_model_find(value);
	if (out->model)
		return 0;
	snprintf(line, sizeof(line), "line %u", words->line);
	return libiommu_refuse(words->failure, LIBIOMMU_REASON_MODEL_UNKNOWN, line,
			       "\"%s\" is not one of edu, nvme, none.", value);
}

static int parse_id(struct mock_words *words, const char *value, struct device_words *out)
{
	char vendor[8];
	const char *colon = strchr(value, ':');
	int error;

	if (!colon || colon - value > 6)
		return mock_words_refuse(words, "id= takes vendor:device, not \"%s\".", value);
	snprintf(vendor, sizeof(vendor), "%.*s", (int)(colon - value), value);
	out->set_id = true;
	error = mock_words_hex(words, vendor, 0xffff, &out->vendor);
	return error ? error : mock_words_hex(words, colon + 1, 0xffff, &out->device);
}

static int parse_driver(struct mock_words *words, const char *value, struct device_words *out)
{
	if (strlen(value) >= sizeof(((struct mock_device *)0)->driver) || !*value)
		return mock_words_refuse(words, "\"%s\" is not the name of a driver.", value);
	out->driver = strcmp(value, "none") == 0 ? "" : value;
	return 0;
}

static int parse_device_word(struct reader *reader, struct device_words *out, size_t index)
{
	struct mock_words *words = &reader->words;
	const char *word = words->word[index], *value;
	int rc = mock_place_word(reader->machine, words, word, &out->place);

	if (rc <= 0)
		return rc;
	if ((value = mock_word_value(word, "iommu"))) {
		out->iommu = mock_machine_iommu(reader->machine, value);
		out->place.no_iommu = !out->iommu && strcmp(value, "none") == 0;
		if (!out->iommu && !out->place.no_iommu)
			return mock_words_refuse(words, "There is no IOMMU \"%s\" above.", value);
		return 0;
	}
	if ((value = mock_word_value(word, "group"))) {
		out->grouped = true;
		return mock_words_number(words, value, 0, UINT32_MAX, &out->group);
	}
	if ((value = mock_word_value(word, "driver")))
		return parse_driver(words, value, out);
	if ((value = mock_word_value(word, "model")))
		return parse_model(words, value, out);
	if ((value = mock_word_value(word, "class"))) {
		out->set_class = true;
		return mock_words_hex(words, value, 0xffffff, &out->class_code);
	}
	if ((value = mock_word_value(word, "id")))
		return parse_id(words, value, out);
	if ((value = mock_word_value(word, "bridge"))) {
		out->set_bridge = true;
		return mock_words_choice(words, value, "yes", "no", &out->bridge);
	}
	if ((value = mock_word_value(word, "dma-mask")))
		return mock_words_number(words, value, 12, 64, &out->dma_bits);
	if ((value = mock_word_value(word, "pasid")))
		return mock_words_number(words, value, 0, 20, &out->pasid_bits);
	if ((value = mock_word_value(word, "prq")))
		return mock_words_choice(words, value, "yes", "no", &out->prq);
	if ((value = mock_word_value(word, "reset")))
		return mock_words_choice(words, value, "yes", "no", &out->reset);
	out->rest |= UINT32_C(1) << index;
	return 0;
}

/* What only the model can understand. */
static int parse_rest(struct mock_words *words, const struct device_words *from,
		      struct mock_device *dev)
{
	const struct mock_model *model = from->model;

	for (size_t i = 0; i < words->count; i++) {
		int error = 1;

		if (!(from->rest & UINT32_C(1) << i))
			continue;
		if (model->option)
			error = model->option(dev, words, words->word[i]);
		if (error > 0)
			error = unknown_word(words, i);
		if (error)
			return error;
	}
	return model->complete ? model->complete(dev, words) : 0;
}

static int find_group(struct reader *reader, const struct device_words *from,
		      struct mock_group **out)
{
	struct mock_words *words = &reader->words;
	struct mock_group *group;

	if (!from->grouped)
		return 0;
	if (!from->iommu)
		return mock_words_refuse(words, "A group needs iommu=.");
	group = mock_machine_group(reader->machine, (uint32_t)from->group);
	if (group && group->iommu != from->iommu)
		return mock_words_refuse(words, "Group %u is behind another IOMMU, %s.", group->id,
					 group->iommu->name);
	if (!group)
		group = mock_machine_add_group(reader->machine, (uint32_t)from->group, from->iommu);
	*out = group;
	return group ? 0 : no_memory(words);
}

static void set_device(struct mock_device *dev, const struct device_words *from)
{
	const struct mock_model *model = from->model;
	bool port = from->inside && from->place.has_below;
	uint64_t bits = from->dma_bits ? from->dma_bits : model->dma_bits ? model->dma_bits : 28;

	snprintf(dev->driver, sizeof(dev->driver), "%s", from->driver);
	dev->iommu = from->iommu;
	dev->class_code = from->set_class ? (uint32_t)from->class_code
			  : port          ? 0x060400
					  : model->class_code;
	dev->vendor = from->set_id ? (uint32_t)from->vendor : model->vendor;
	dev->device = from->set_id ? (uint32_t)from->device : model->device;
	/* Class 06 holds bridges of every kind. */
	dev->bridge = from->set_bridge ? from->bridge : dev->class_code >> 16 == 6;
	dev->can_reset = from->reset;
	dev->pasid_bits = (unsigned int)from->pasid_bits;
	dev->prq = from->prq;
	dev->dma_mask = bits == 64 ? UINT64_MAX : (UINT64_C(1) << bits) - 1;
}

static int check_name(struct mock_words *words)
{
	bool platform = strcmp(words->word[0], "platform") == 0;

	if (words->count < 2 ||
	    (platform ? !mock_is_platform_name(words->word[1]) : !mock_is_bdf(words->word[1])))
		return mock_words_refuse(words, "%s takes a name such as %s.", words->word[0],
					 platform ? "fe804000.usb" : "0000:3b:00.0");
	return 0;
}

static int parse_device(struct reader *reader)
{
	struct mock_words *words = &reader->words;
	struct device_words from = { .driver = "", .model = &mock_model_none, .reset = true };
	struct mock_group *group = NULL;
	struct mock_device *dev;
	int error;

	error = check_name(words);
	if (error)
		return error;
	if (mock_machine_device(reader->machine, words->word[1]))
		return mock_words_refuse(words, "There is a device %s already.", words->word[1]);
	for (size_t i = 2; i < words->count; i++) {
		error = parse_device_word(reader, &from, i);
		if (error)
			return error;
	}
	error = mock_place_check(reader->machine, words, words->word[1], &from.place, &from.iommu,
				 &from.inside);
	if (!error)
		error = find_group(reader, &from, &group);
	if (error)
		return error;
	dev = mock_machine_add_device(reader->machine, words->word[1], from.model);
	if (!dev)
		return no_memory(words);
	set_device(dev, &from);
	if (group)
		mock_group_add(group, dev);
	if (from.inside)
		error = mock_place_add(reader->machine, words, &from.place, dev);
	return error ? error : parse_rest(words, &from, dev);
}

static_assert(MOCK_WORDS <= 32, "struct device_words has a bit for each");

static int parse_reserved(struct reader *reader)
{
	static const struct {
		const char *name;
		enum libiommu_reserved_type type;
	} types[] = {
		{ "direct", LIBIOMMU_RESERVED_DIRECT },
		{ "direct-relaxable", LIBIOMMU_RESERVED_DIRECT_RELAXABLE },
		{ "reserved", LIBIOMMU_RESERVED_RESERVED },
		{ "msi", LIBIOMMU_RESERVED_MSI },
	};
	struct mock_words *words = &reader->words;
	struct libiommu_reserved what = { .type = LIBIOMMU_RESERVED_UNKNOWN };
	struct mock_reserved *reserved;
	struct mock_iommu *iommu;
	struct mock_device *dev;
	int error;

	if (words->count != 4)
		return mock_words_refuse(words,
					 "reserved takes an IOMMU or a device, a range, a type.");
	iommu = mock_machine_iommu(reader->machine, words->word[1]);
	dev = mock_machine_device(reader->machine, words->word[1]);
	if (!iommu && !dev)
		return mock_words_refuse(words, "There is no IOMMU or device \"%s\" above.",
					 words->word[1]);
	error = mock_words_range(words, words->word[2], &what.range);
	if (error)
		return error;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(types[i].name, words->word[3]) == 0)
			what.type = types[i].type;
	}
	if (what.type == LIBIOMMU_RESERVED_UNKNOWN)
		return mock_words_refuse(words, "\"%s\" is not a type of reserved range.",
					 words->word[3]);
	reserved = mock_machine_add_reserved(reader->machine,
					     iommu ? &iommu->reserved : &dev->reserved);
	if (!reserved)
		return no_memory(words);
	reserved->what = what;
	return 0;
}

static int parse_host(struct reader *reader)
{
	return mock_place_host(reader->machine, &reader->words);
}

static int parse_line(struct reader *reader)
{
	static const struct {
		const char *name;
		int (*parse)(struct reader *reader);
		bool late; /* also for a machine that runs */
	} statements[] = {
		{ "personality", parse_personality, false },
		{ "ram", parse_ram, false },
		{ "limit", parse_limit, false },
		{ "iommu", parse_iommu, false },
		{ "host-bridge", parse_host, false },
		{ "device", parse_device, true },
		{ "platform", parse_device, true },
		{ "reserved", parse_reserved, false },
	};
	struct mock_words *words = &reader->words;

	if (words->count == 0)
		return 0;
	for (size_t i = 0; i < sizeof(statements) / sizeof(statements[0]); i++) {
		if (strcmp(statements[i].name, words->word[0]) != 0)
			continue;
		if (reader->runs && !statements[i].late)
			return mock_words_refuse(words, "A machine that runs takes no %s line.",
						 words->word[0]);
		return statements[i].parse(reader);
	}
	return mock_words_refuse(words, "\"%s\" is not a kind of line.", words->word[0]);
}

static int parse_lines(struct reader *reader, const char *text)
{
	int error = 0;

	while (*text && !error) {
		error = mock_words_cut(&reader->words, &text);
		if (!error)
			error = parse_line(reader);
	}
	return error;
}

int mock_parse_devices(struct mock_machine *machine, const char *text,
		       struct libiommu_failure *failure)
{
	struct reader reader = { .machine = machine,
				 .words = { .failure = failure },
				 .runs = true };

	return parse_lines(&reader, text);
}

int mock_parse(struct mock_machine *machine, const char *text, struct libiommu_failure *failure)
{
	struct reader reader = { .machine = machine, .words = { .failure = failure } };
	int error = parse_lines(&reader, text);

	if (error)
		return error;
	if (!machine->personality)
		machine->personality = mock_personality_find("strict");
	if (!machine->entry_limit)
		machine->entry_limit = machine->personality->entry_limit;
	return 0;
}
