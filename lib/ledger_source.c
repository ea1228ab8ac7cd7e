/* SPDX-License-Identifier: BSD-2-Clause */
#include "lib/ledger.h"

#define KEY_END UINT64_MAX

static struct ledger_node *node_of(const struct ledger_link *link)
{
	return (struct ledger_node *)((uintptr_t)link - offsetof(struct ledger_node, by_source));
}

static inline struct ledger_link *next_of(const struct ledger_link *link)
{
	return atomic_load_explicit(&link->next, memory_order_acquire);
}

static inline unsigned int class_of(const struct ledger_node *node)
{
	return 63u - (unsigned int)__builtin_clzll(node->last - node->iova + 1);
}

/* Odd, and never KEY_END. */
static inline uint64_t key_of(uint32_t space, unsigned int class, uint64_t cell)
{
	uint64_t key =
		cell * 0x9e3779b97f4a7c15u + ((uint64_t)space << 6 | class) * 0xff51afd7ed558ccdu;

	return (key & ~UINT64_C(3)) | 1;
}

void ledger_source_init(struct ledger_sources *sources)
{
	struct ledger_link *link = &sources->end;

	link->key = KEY_END;
	for (uint64_t i = 1 << LEDGER_FIRST_BITS; i--;) {
		struct ledger_link *mark = &sources->first[i];

		mark->key = i << (64 - LEDGER_FIRST_BITS);
		atomic_init(&mark->next, link);
		link->before = mark;
		link = mark;
	}
	atomic_init(&sources->bits, LEDGER_FIRST_BITS);
}

/*
 * Mark `at` of 2^bits. Every second mark is of the newest level; of the others every second one is
 * of the level before it, and so on.
 */
static inline struct ledger_link *mark_at(const struct ledger_sources *sources, unsigned int bits,
					  uint64_t at)
{
	unsigned int late = bits - LEDGER_FIRST_BITS;
	unsigned int zeros = (unsigned int)__builtin_ctzll(at | UINT64_C(1) << late);
	const struct ledger_link *mark;

	if (zeros == late) {
		mark = &sources->first[at >> late];
	} else {
		mark = atomic_load_explicit(&sources->level[late - zeros - 1],
					    memory_order_relaxed) +
		       (at >> zeros >> 1);
	}
	return (struct ledger_link *)(uintptr_t)mark;
}

/* The last mark that is linked and not behind `at`. */
static inline struct ledger_link *linked_mark(const struct ledger_sources *sources,
					      unsigned int bits, uint64_t at)
{
	struct ledger_link *mark = mark_at(sources, bits, at);

	while (!next_of(mark)) {
		at &= at - 1;
		mark = mark_at(sources, bits, at);
	}
	return mark;
}

/* The last element in front of `key`, from `link` on. */
static inline struct ledger_link *walk(struct ledger_link *link, uint64_t key)
{
	struct ledger_link *next;

	while ((next = next_of(link))->key < key)
		link = next;
	return link;
}

static inline void insert(struct ledger_link *before, struct ledger_link *link,
			  struct ledger_link *next)
{
	link->before = before;
	next->before = link;
	atomic_store_explicit(&link->next, next, memory_order_release);
	atomic_store_explicit(&before->next, link, memory_order_release);
}

static __attribute__((cold, noinline)) void link_mark(struct ledger_sources *sources,
						      unsigned int bits, uint64_t at,
						      struct ledger_link *mark)
{
	struct ledger_link *before = linked_mark(sources, bits, at & (at - 1));

	mark->key = at << (64 - bits);
	before = walk(before, mark->key);
	insert(before, mark, next_of(before));
}

/* Who reaches into so many cells reaches into fewer, too. */
static __attribute__((cold, noinline)) void extend_reach(struct ledger_sources *sources,
							 uint64_t bit, uint64_t more)
{
	for (uint64_t i = 0; i <= more; i++)
		atomic_fetch_or_explicit(&sources->reach[i], bit, memory_order_release);
}

/* What a node's first place in a file needs: its mark linked, its reach known. Then once more. */
static __attribute__((cold, noinline)) void insert_first(struct ledger_sources *sources,
							 struct ledger_node *node, uint64_t more,
							 struct ledger_link *mark)
{
	unsigned int bits = atomic_load_explicit(&sources->bits, memory_order_relaxed);
	unsigned int class = class_of(node);
	uint64_t key = key_of(node->space, class, node->source >> class);

	extend_reach(sources, UINT64_C(1) << class, more);
	if (!next_of(mark))
		link_mark(sources, bits, key >> (64 - bits), mark);
	ledger_source_insert(sources, node);
}

void ledger_source_insert(struct ledger_sources *sources, struct ledger_node *node)
{
	unsigned int bits = atomic_load_explicit(&sources->bits, memory_order_relaxed);
	unsigned int class = class_of(node);
	uint64_t cell = node->source >> class;
	uint64_t more = ((node->source + (node->last - node->iova)) >> class) - cell;
	uint64_t reach = atomic_load_explicit(&sources->reach[more], memory_order_relaxed);
	uint64_t key = key_of(node->space, class, cell);
	struct ledger_link *before = mark_at(sources, bits, key >> (64 - bits));
	struct ledger_link *next = next_of(before);

	if (!next || !(reach >> class & 1)) {
		insert_first(sources, node, more, before);
		return;
	}
	while (next->key < key) {
		before = next;
		next = next_of(before);
	}
	node->by_source.key = key;
	insert(before, &node->by_source, next);
	ledger_source_count(sources, 1);
}

size_t ledger_source_room(const struct ledger_sources *sources)
{
	return sizeof(struct ledger_link)
	       << atomic_load_explicit(&sources->bits, memory_order_relaxed);
}

bool ledger_source_grow(struct ledger_sources *sources, void *memory, size_t size)
{
	unsigned int bits = atomic_load_explicit(&sources->bits, memory_order_relaxed);
	unsigned int level = bits - LEDGER_FIRST_BITS;

	if (size != ledger_source_room(sources) || level >= LEDGER_LEVELS)
		return false;
	atomic_store_explicit(&sources->level[level], memory, memory_order_relaxed);
	atomic_store_explicit(&sources->bits, bits + 1, memory_order_release);
	return true;
}

void *ledger_source_shrink(struct ledger_sources *sources, size_t *size)
{
	unsigned int bits = atomic_load_explicit(&sources->bits, memory_order_relaxed);

	if (bits == LEDGER_FIRST_BITS)
		return NULL;
	atomic_store_explicit(&sources->bits, --bits, memory_order_relaxed);
	*size = ledger_source_room(sources);
	return atomic_load_explicit(&sources->level[bits - LEDGER_FIRST_BITS],
				    memory_order_relaxed);
}

/* The best of one cell and what was found before; *iova belongs to it. */
static struct ledger_node *find_in_cell(const struct ledger_sources *sources, uint32_t space,
					uint64_t key, uint64_t source, uint64_t from,
					struct ledger_node *best, uint64_t *iova)
{
	unsigned int bits = atomic_load_explicit(&sources->bits, memory_order_acquire);
	const struct ledger_link *link = linked_mark(sources, bits, key >> (64 - bits));

	/* Each link is read once: read again, it may lead to what came between, of a lower key. */
	do
		link = next_of(link);
	while (link->key < key);
	for (; link->key == key; link = next_of(link)) {
		struct ledger_node *node = node_of(link);
		uint64_t offset = source - node->source, at = node->iova + offset;

		if (node->space != space || offset > node->last - node->iova || at < from ||
		    ledger_state(node) != LEDGER_LIVE)
			continue;
		if (best && at >= *iova)
			continue;
		best = node;
		*iova = at;
	}
	return best;
}

struct ledger_node *ledger_source_find(const struct ledger_sources *sources, uint32_t space,
				       uint64_t source, uint64_t from, uint64_t *iova)
{
	uint64_t classes = atomic_load_explicit(&sources->reach[0], memory_order_acquire);
	struct ledger_node *best = NULL;

	for (; classes; classes &= classes - 1) {
		unsigned int class = (unsigned int)__builtin_ctzll(classes);
		uint64_t cell = source >> class;

		for (unsigned int i = 0; i < 3 && i <= cell; i++) {
			uint64_t reach =
				atomic_load_explicit(&sources->reach[i], memory_order_acquire);

			if (!(reach >> class & 1))
				break;
			best = find_in_cell(sources, space, key_of(space, class, cell - i), source,
					    from, best, iova);
		}
	}
	return best;
}
