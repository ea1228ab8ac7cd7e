/* SPDX-License-Identifier: BSD-2-Clause */
/* The bytes of a namespace: a table of tables of chunks, which exist once they are written. */
#include "backends/mock/model_nvme.h"

#include <string.h>

#define CHUNK        UINT64_C(65536)
#define TABLE_CHUNKS 512
#define TABLE        (CHUNK * TABLE_CHUNKS)

struct nvme_table {
	unsigned char *chunks[TABLE_CHUNKS];
};

static const unsigned char zeros[4096];

struct nvme_namespace *nvme_namespace_find(struct nvme *nvme, uint32_t nsid)
{
	return nsid && nsid <= nvme->namespace_count ? &nvme->namespaces[nsid - 1] : NULL;
}

bool nvme_namespace_make(struct nvme *nvme, struct nvme_namespace *ns, uint64_t bytes,
			 unsigned int shift)
{
	size_t count = (size_t)((bytes + TABLE - 1) / TABLE);

	ns->tables = mock_alloc(nvme->dev->machine, count * sizeof(struct nvme_table *));
	if (!ns->tables)
		return false;
	ns->table_count = count;
	ns->shift = shift;
	ns->blocks = bytes >> shift;
	return true;
}

void nvme_namespace_free(struct nvme *nvme, struct nvme_namespace *ns)
{
	const struct mock_machine *machine = nvme->dev->machine;

	for (size_t i = 0; i < ns->table_count; i++) {
		struct nvme_table *table = ns->tables[i];

		for (size_t j = 0; table && j < TABLE_CHUNKS; j++)
			mock_free(machine, table->chunks[j], CHUNK);
		mock_free(machine, table, sizeof(*table));
	}
	mock_free(machine, ns->tables, ns->table_count * sizeof(struct nvme_table *));
	*ns = (struct nvme_namespace){ 0 };
}

static unsigned char **make_slot(struct nvme *nvme, struct nvme_namespace *ns, uint64_t offset)
{
	struct nvme_table **table = &ns->tables[offset / TABLE];
	unsigned char **slot;

	if (!*table)
		*table = mock_alloc(nvme->dev->machine, sizeof(**table));
	if (!*table)
		return NULL;
	slot = &(*table)->chunks[offset % TABLE / CHUNK];
	if (!*slot) {
		*slot = mock_alloc(nvme->dev->machine, CHUNK);
		if (!*slot)
			return NULL;
		ns->allocated += CHUNK;
	}
	return slot;
}

static unsigned char **find_slot(const struct nvme_namespace *ns, uint64_t offset)
{
	struct nvme_table *table = ns->tables[offset / TABLE];
	unsigned char **slot = table ? &table->chunks[offset % TABLE / CHUNK] : NULL;

	return slot && *slot ? slot : NULL;
}

unsigned char *nvme_namespace_at(struct nvme *nvme, struct nvme_namespace *ns, uint64_t offset,
				 bool write, uint64_t *length)
{
	unsigned char **slot = write ? make_slot(nvme, ns, offset) : find_slot(ns, offset);

	if (slot) {
		*length = CHUNK - offset % CHUNK;
		return *slot + offset % CHUNK;
	}
	*length = sizeof(zeros) - offset % sizeof(zeros);
	return write ? NULL : (unsigned char *)(uintptr_t)zeros;
}

void nvme_namespace_zero(struct nvme *nvme, struct nvme_namespace *ns, uint64_t offset,
			 uint64_t length)
{
	while (length) {
		uint64_t piece = CHUNK - offset % CHUNK;
		unsigned char **slot = find_slot(ns, offset);

		if (piece > length)
			piece = length;
		if (slot && piece == CHUNK) {
			mock_free(nvme->dev->machine, *slot, CHUNK);
			*slot = NULL;
			ns->allocated -= CHUNK;
		} else if (slot) {
			memset(*slot + offset % CHUNK, 0, piece);
		}
		offset += piece;
		length -= piece;
	}
}
