/* SPDX-License-Identifier: BSD-2-Clause */
#include "backends/mock/topology_parse.h"

#include "backends/mock/grouping.h"

#include <stdio.h>
#include <string.h>

struct name {
	const char *text;
	uint32_t value;
};

static const struct name types[] = {
	{ "conventional", LIBIOMMU_MOCK_CONVENTIONAL },
	{ "endpoint", LIBIOMMU_MOCK_ENDPOINT },
	{ "legacy-endpoint", LIBIOMMU_MOCK_LEGACY_ENDPOINT },
	{ "rc-endpoint", LIBIOMMU_MOCK_RC_ENDPOINT },
	{ "rc-event-collector", LIBIOMMU_MOCK_RC_EVENT_COLLECTOR },
	{ "root-port", LIBIOMMU_MOCK_ROOT_PORT },
	{ "upstream-port", LIBIOMMU_MOCK_UPSTREAM_PORT },
	{ "downstream-port", LIBIOMMU_MOCK_DOWNSTREAM_PORT },
	{ "pcie-pci-bridge", LIBIOMMU_MOCK_PCIE_PCI_BRIDGE },
	{ "pci-pcie-bridge", LIBIOMMU_MOCK_PCI_PCIE_BRIDGE },
	{ "pci-bridge", LIBIOMMU_MOCK_PCI_BRIDGE },
	{ "vf", LIBIOMMU_MOCK_VF },
};

static const struct name acs_bits[] = {
	{ "sv", MOCK_ACS_SV }, { "tb", MOCK_ACS_TB }, { "rr", MOCK_ACS_RR }, { "cr", MOCK_ACS_CR },
	{ "uf", MOCK_ACS_UF }, { "ec", MOCK_ACS_EC }, { "dt", MOCK_ACS_DT },
};

static const struct name quirks[] = {
	{ "isolated", MOCK_QUIRK_ISOLATED }, { "not-isolated", MOCK_QUIRK_NOT_ISOLATED },
	{ "no-alias", MOCK_QUIRK_NO_ALIAS }, { "translation-root", MOCK_QUIRK_TRANSLATION_ROOT },
	{ "no-pe", MOCK_QUIRK_NO_PE },
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

static bool find(const struct name *table, size_t count, const char *text, size_t length,
		 uint32_t *value)
{
	for (size_t i = 0; i < count; i++) {
		if (strlen(table[i].text) == length && memcmp(table[i].text, text, length) == 0) {
			*value = table[i].value;
			return true;
		}
	}
	return false;
}

/* "sv,rr,cr,uf" as bits; "none" for no bit. */
static int parse_list(struct mock_words *words, const struct name *table, size_t count,
		      const char *text, uint32_t *bits)
{
	*bits = 0;
	if (strcmp(text, "none") == 0)
		return 0;
	for (const char *at = text;; at++) {
		size_t length = strcspn(at, ",");
		uint32_t bit;

		if (!find(table, count, at, length, &bit))
			return mock_words_refuse(words, "\"%.*s\" in \"%s\" is not known here.",
						 (int)length, at, text);
		*bits |= bit;
		at += length;
		if (!*at)
			return 0;
	}
}

/* "1f.3,1f.4", or "all" */
static int parse_aliases(struct mock_words *words, const char *text, uint64_t mask[4])
{
	unsigned int slot, function;
	int length;

	if (strcmp(text, "all") == 0) {
		memset(mask, 0xff, 4 * sizeof(*mask));
		return 0;
	}
	for (const char *at = text;; at++) {
		length = 0;
		if (strspn(at, "0123456789abcdef") != 2 ||
		    sscanf(at, "%2x.%1u%n", &slot, &function, &length) < 2 || slot > 31 ||
		    function > 7 || length != 4 || (at[4] && at[4] != ','))
			return mock_words_refuse(words, "\"%s\" is not a list such as 00.1,1f.7.",
						 text);
		mask[slot / 8] |= UINT64_C(1) << (slot % 8 * 8 + function);
		at += length;
		if (!*at)
			return 0;
	}
}

static int parse_type(struct mock_words *words, const char *value, struct mock_place *place)
{
	uint32_t type;

	if (!find(types, COUNT(types), value, strlen(value), &type))
		return mock_words_refuse(words, "\"%s\" is not a type of function.", value);
	place->has_type = true;
	place->type = (enum libiommu_mock_function_type)type;
	return 0;
}

static int parse_platform(struct mock_machine *machine, struct mock_words *words, const char *value,
			  const struct libiommu_mock_platform **out)
{
	*out = mock_topology_platform(&machine->topology, value);
	return *out ? 0 : mock_words_refuse(words, "There is no grouping \"%s\".", value);
}

static int parse_flagged(struct mock_words *words, const char *word, struct mock_place *place)
{
	const char *value;

	if ((value = mock_word_value(word, "acs"))) {
		place->has_acs = true;
		return parse_list(words, acs_bits, COUNT(acs_bits), value, &place->acs_on);
	}
	if ((value = mock_word_value(word, "acs-cap"))) {
		place->has_acs_cap = true;
		return parse_list(words, acs_bits, COUNT(acs_bits), value, &place->acs_cap);
	}
	if ((value = mock_word_value(word, "quirk")))
		return parse_list(words, quirks, COUNT(quirks), value, &place->quirks);
	if ((value = mock_word_value(word, "dma-alias")))
		return parse_aliases(words, value, place->aliases);
	return 1;
}

/* "64,128,2" */
static int parse_vfs(struct mock_words *words, const char *text, uint64_t vfs[3])
{
	const char *at = text;

	for (int i = 0; i < 3; i++) {
		size_t length = strcspn(at, ",");
		char number[8];
		int error;

		if (length >= sizeof(number) || (i < 2) != (at[length] == ','))
			return mock_words_refuse(words, "\"%s\" is not such as 64,128,2.", text);
		snprintf(number, sizeof(number), "%.*s", (int)length, at);
		error = mock_words_number(words, number, 1, UINT16_MAX, &vfs[i]);
		if (error)
			return error;
		at += length + 1;
	}
	return 0;
}

static int parse_numbered(struct mock_words *words, const char *word, struct mock_place *place)
{
	const char *value;

	if ((value = mock_word_value(word, "bus"))) {
		place->has_below = true;
		return mock_words_hex(words, value, 0xff, &place->below);
	}
	if ((value = mock_word_value(word, "pe"))) {
		place->has_pe = true;
		return mock_words_number(words, value, 0, UINT16_MAX, &place->pe);
	}
	if ((value = mock_word_value(word, "stream"))) {
		place->has_stream = true;
		return mock_words_number(words, value, 0, UINT32_MAX, &place->stream);
	}
	if ((value = mock_word_value(word, "vfs")))
		return parse_vfs(words, value, place->vfs);
	if ((value = mock_word_value(word, "multifunction"))) {
		place->has_multifunction = true;
		return mock_words_choice(words, value, "yes", "no", &place->multifunction);
	}
	return 1;
}

int mock_place_word(struct mock_machine *machine, struct mock_words *words, const char *word,
		    struct mock_place *place)
{
	const char *value;
	int rc = parse_flagged(words, word, place);

	if (rc > 0)
		rc = parse_numbered(words, word, place);
	if (rc > 0 && (value = mock_word_value(word, "type")))
		rc = parse_type(words, value, place);
	if (rc > 0 && (value = mock_word_value(word, "grouping")))
		rc = parse_platform(machine, words, value, &place->platform);
	if (rc <= 0)
		place->said = true;
	return rc;
}

/* Names have been checked: "0000:3b:00.0", "10000:e1:00.0". */
static void cut_name(const char *name, uint32_t *segment, unsigned int *bus, unsigned int *devfn)
{
	unsigned int slot = 0, function = 0;

	*segment = 0;
	*bus = 0;
	sscanf(name, "%x:%x:%x.%x", segment, bus, &slot, &function);
	*devfn = (slot & 31) * 8 + function;
}

bool mock_is_platform_name(const char *name)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789.@-_";
	size_t length = strlen(name);

	return length && length < sizeof(((struct mock_device *)0)->name) &&
	       strspn(name, allowed) == length && name[0] != '.';
}

static unsigned int rank_of(const struct mock_machine *machine, const struct mock_iommu *iommu)
{
	unsigned int rank = 0;

	for (const struct mock_iommu *at = machine->iommus; at && at != iommu; at = at->next)
		rank++;
	return rank;
}

static struct mock_bus *add_bus(struct mock_machine *machine, struct mock_host *host,
				uint32_t segment, unsigned int number)
{
	struct mock_bus *bus = mock_alloc(machine, sizeof(*bus)), **end = &machine->topology.buses;

	if (!bus)
		return NULL;
	bus->host = host;
	bus->segment = segment;
	bus->number = number;
	while (*end)
		end = &(*end)->next;
	*end = bus;
	return bus;
}

static int parse_window(struct mock_words *words, const char *value, struct mock_host *host)
{
	struct libiommu_range range;
	size_t count = host->window_count;
	int error = mock_words_range(words, value, &range);

	if (error)
		return error;
	if (count == MOCK_WINDOWS)
		return mock_words_refuse(words, "A host bridge has at most %d windows.",
					 MOCK_WINDOWS);
	if (count && range.start <= host->windows[count - 1].last)
		return mock_words_refuse(words, "Windows ascend and do not overlap: \"%s\".",
					 value);
	host->windows[host->window_count++] = range;
	return 0;
}

static int parse_host_word(struct mock_machine *machine, struct mock_words *words, const char *word,
			   struct mock_host *host)
{
	const char *value;

	if ((value = mock_word_value(word, "iommu"))) {
		const struct mock_iommu *iommu = mock_machine_iommu(machine, value);

		if (!iommu)
			return mock_words_refuse(words, "There is no IOMMU \"%s\" above.", value);
		host->iommu = iommu->name;
		host->rank = rank_of(machine, iommu);
		return 0;
	}
	if ((value = mock_word_value(word, "grouping")))
		return parse_platform(machine, words, value, &host->platform);
	if ((value = mock_word_value(word, "window")))
		return parse_window(words, value, host);
	if ((value = mock_word_value(word, "real-dma"))) {
		const struct mock_device *dev = mock_machine_device(machine, value);

		if (!dev || !dev->function || !dev->function->bus)
			return mock_words_refuse(words, "There is no PCI device \"%s\" above.",
						 value);
		host->real_dma = dev->function;
		return 0;
	}
	return mock_words_refuse(words, "\"%s\" does not belong into a %s line.", word,
				 words->word[0]);
}

/* What Linux does behind such an IOMMU; what it does where nothing is known is `otherwise`. */
static const struct libiommu_mock_platform *usual_platform(const struct mock_machine *machine,
							   const struct mock_iommu *iommu,
							   const char *otherwise)
{
	return mock_topology_platform(&machine->topology, iommu ? iommu->hw.grouping : otherwise);
}

static int fill_host(struct mock_machine *machine, struct mock_words *words, struct mock_host *host)
{
	int error = 0;

	snprintf(host->name, sizeof(host->name), "%.11s", words->word[1]);
	for (size_t i = 2; i < words->count && !error; i++)
		error = parse_host_word(machine, words, words->word[i], host);
	if (!error && !host->platform)
		host->platform = usual_platform(
			machine, host->iommu ? mock_machine_iommu(machine, host->iommu) : NULL,
			"host-bridge");
	return error;
}

int mock_place_host(struct mock_machine *machine, struct mock_words *words)
{
	struct mock_host *host, **end = &machine->topology.hosts;
	unsigned int bus, devfn;
	char whole[MOCK_WORD_SIZE + 8];
	uint32_t segment;
	int error;

	snprintf(whole, sizeof(whole), "%s:00.0", words->count > 1 ? words->word[1] : "");
	if (!mock_is_bdf(whole))
		return mock_words_refuse(words, "host-bridge takes a root bus such as 0000:00.");
	cut_name(whole, &segment, &bus, &devfn);
	if (mock_topology_bus(&machine->topology, segment, bus))
		return mock_words_refuse(words, "There is a bus %s already.", words->word[1]);
	host = mock_alloc(machine, sizeof(*host));
	if (!host)
		return libiommu_refuse(words->failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	error = fill_host(machine, words, host);
	if (!error && !add_bus(machine, host, segment, bus))
		error = libiommu_refuse(words->failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	if (error) {
		mock_free(machine, host, sizeof(*host));
		return error;
	}
	while (*end)
		end = &(*end)->next;
	*end = host;
	return 0;
}

/* Right below a port there is PCIe; on a root bus and below bridges nobody says. */
static enum libiommu_mock_function_type usual_type(const struct mock_bus *bus)
{
	if (!bus)
		return LIBIOMMU_MOCK_PLATFORM_DEVICE;
	if (!bus->bridge || bus->bridge->seen.type == LIBIOMMU_MOCK_PCIE_PCI_BRIDGE ||
	    bus->bridge->seen.type == LIBIOMMU_MOCK_PCI_BRIDGE)
		return LIBIOMMU_MOCK_CONVENTIONAL;
	return LIBIOMMU_MOCK_ENDPOINT;
}

static bool is_bridge_type(enum libiommu_mock_function_type type)
{
	struct mock_function probe = { .seen = { .type = type } };

	return mock_function_is_bridge(&probe);
}

static int check_bridge(struct mock_machine *machine, struct mock_words *words,
			const struct mock_place *place, const struct mock_bus *bus)
{
	if (is_bridge_type(place->type) != place->has_below)
		return mock_words_refuse(words, "A bridge has bus=, and nothing else has.");
	if (place->has_below &&
	    mock_topology_bus(&machine->topology, bus->segment, (unsigned int)place->below))
		return mock_words_refuse(words, "There is a bus %02x already.",
					 (unsigned int)place->below);
	if ((place->has_acs_cap && !place->has_acs) ||
	    (place->has_acs_cap && place->acs_on & ~place->acs_cap))
		return mock_words_refuse(words, "acs= tells which bits of acs-cap= are on.");
	return 0;
}

/* VFs may sit on buses that no bridge leads to. */
static struct mock_bus *vf_bus(const struct mock_machine *machine, uint32_t segment,
			       unsigned int number)
{
	struct mock_bus *bus = machine->topology.pf ? machine->topology.pf->bus : NULL;

	while (number-- && !bus)
		bus = mock_topology_bus(&machine->topology, segment, number);
	return bus;
}

int mock_place_check(struct mock_machine *machine, struct mock_words *words, const char *name,
		     struct mock_place *place, struct mock_iommu **iommu, bool *inside)
{
	struct mock_bus *bus = NULL;
	unsigned int number, devfn;
	uint32_t segment;

	*inside = true;
	if (mock_is_bdf(name)) {
		cut_name(name, &segment, &number, &devfn);
		bus = mock_topology_bus(&machine->topology, segment, number);
		if (!bus && place->has_type && place->type == LIBIOMMU_MOCK_VF)
			bus = vf_bus(machine, segment, number);
		*inside = bus;
		if (!bus && place->said)
			return mock_words_refuse(words, "No line above has the bus of %s.", name);
		if (place->platform)
			return mock_words_refuse(words, "grouping= is the host bridge's.");
	}
	if (!*inside)
		return 0;
	if (!place->has_type)
		place->type = usual_type(bus);
	else if (!bus)
		return mock_words_refuse(words, "type= is for PCI devices.");
	if (!bus && place->has_below)
		return mock_words_refuse(words, "bus= is for PCI devices.");
	if (!*iommu && !place->no_iommu) {
		const struct mock_function *above = bus ? bus->bridge : NULL;
		const struct mock_function *pf = machine->topology.pf;
		const char *from = bus ? bus->host->iommu : NULL;

		if (bus && pf)
			from = pf->seen.iommu;
		else if (above)
			from = above->seen.iommu;
		*iommu = from ? mock_machine_iommu(machine, from) : NULL;
	}
	return bus ? check_bridge(machine, words, place, bus) : 0;
}

static void fill(struct mock_function *function, const struct mock_place *place,
		 struct mock_device *dev)
{
	function->topology = &dev->machine->topology;
	function->owner = dev;
	function->rank = rank_of(dev->machine, dev->iommu);
	function->multifunction =
		place->has_multifunction ? place->multifunction : function->devfn % 8 != 0;
	if (place->type == LIBIOMMU_MOCK_VF)
		function->multifunction = false;
	function->has_acs = place->has_acs;
	function->acs_on = place->acs_on;
	function->acs_cap = place->has_acs_cap ? place->acs_cap : place->acs_on;
	function->quirks = place->quirks;
	memcpy(function->aliases, place->aliases, sizeof(function->aliases));
	function->pf = function->topology->pf;
	function->vf_total = function->bus ? (unsigned int)place->vfs[0] : 0;
	function->vf_offset = (unsigned int)place->vfs[1];
	function->vf_stride = (unsigned int)place->vfs[2];
	function->has_pe = place->has_pe;
	function->pe = place->pe;
	function->has_stream = place->has_stream;
	function->stream = place->stream;
	function->seen = (struct libiommu_mock_function){
		.size = sizeof(function->seen),
		.name = dev->name,
		.iommu = dev->iommu ? dev->iommu->name : NULL,
		.host = function->host ? function->host->name : NULL,
		.type = place->type,
		.group = LIBIOMMU_MOCK_GROUP_NONE,
	};
}

/* The buses that a function needs: its own, and the one below. */
static int add_buses(struct mock_machine *machine, struct mock_function *function,
		     const struct mock_place *place, const char *name)
{
	struct mock_bus *near;
	unsigned int number;
	uint32_t segment;

	cut_name(name, &segment, &number, &function->devfn);
	function->bus = mock_topology_bus(&machine->topology, segment, number);
	if (!function->bus) {
		near = vf_bus(machine, segment, number);
		function->bus = add_bus(machine, near->host, segment, number);
		if (!function->bus)
			return -1;
		function->bus->parent = near;
	}
	function->host = function->bus->host;
	function->platform = function->host->platform;
	if (!place->has_below)
		return 0;
	function->below = add_bus(machine, function->host, segment, (unsigned int)place->below);
	if (!function->below)
		return -1;
	function->below->parent = function->bus;
	function->below->bridge = function;
	return 0;
}

int mock_place_add(struct mock_machine *machine, struct mock_words *words,
		   const struct mock_place *place, struct mock_device *dev)
{
	struct mock_function *function = mock_alloc(machine, sizeof(*function));
	struct mock_function **end = &machine->topology.functions;
	const struct mock_function *above;

	if (!function)
		return libiommu_refuse(words->failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	/* In the list before its buses, which point to it. */
	while (*end)
		end = &(*end)->next;
	*end = function;
	function->platform =
		place->platform ? place->platform : usual_platform(machine, dev->iommu, "generic");
	if (place->type != LIBIOMMU_MOCK_PLATFORM_DEVICE &&
	    add_buses(machine, function, place, dev->name))
		return libiommu_refuse(words->failure, LIBIOMMU_REASON_NO_MEMORY, NULL, NULL);
	fill(function, place, dev);
	above = function->bus ? function->bus->bridge : NULL;
	function->seen.bridge = above ? &above->seen : NULL;
	dev->function = function;
	if (mock_function_is_bridge(function))
		dev->bridge = true;
	return 0;
}
