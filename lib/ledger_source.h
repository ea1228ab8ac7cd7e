/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef LIB_LEDGER_SOURCE_H
#define LIB_LEDGER_SOURCE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The ledger by source. Sources may overlap, so a search must find every node whose range holds a
 * byte. A node of class n is 2^n to 2^(n+1)-1 bytes long and lies in one to three neighbouring
 * cells of 2^n bytes. It is filed under the lowest of them; who looks for a byte looks, for each
 * class in use, into the byte's cell and, if nodes of the class have ever lain in so many, into one
 * or two cells below it.
 *
 * The file is one list in order of a hash of the cell, with marks in it where searches begin. Marks
 * are evenly spaced, and there are twice as many when nodes have become too many for them. New ones
 * come between the old ones, so nothing moves under a reader. A writer links a mark when it first
 * needs it; until then the one before serves.
 */

#define LEDGER_FIRST_BITS 5 /* 2^5 marks are there from the beginning */
#define LEDGER_LEVELS     40

struct ledger;
struct ledger_node;

/* An element of the list: part of a node, or a mark. */
struct ledger_link {
	_Atomic(struct ledger_link *) next; /* NULL: a mark that is not linked yet */
	struct ledger_link *before;         /* the writer's */
	uint64_t key;                       /* odd in nodes, even in marks */
};

struct ledger_sources {
	struct ledger_link first[1 << LEDGER_FIRST_BITS];
	struct ledger_link end;
	_Atomic(struct ledger_link *) level[LEDGER_LEVELS]; /* marks that came later */
	_Atomic unsigned int bits;                          /* 2^bits marks in all */
	_Atomic size_t count;                               /* nodes */
	_Atomic uint64_t
		reach[3]; /* bit n: a node of class n has lain in more cells than the index */
};

void ledger_source_init(struct ledger_sources *sources);

/* Writers, one at a time. */
void ledger_source_insert(struct ledger_sources *sources, struct ledger_node *node);

static inline void ledger_source_count(struct ledger_sources *sources, size_t change)
{
	size_t nodes = atomic_load_explicit(&sources->count, memory_order_relaxed);

	atomic_store_explicit(&sources->count, nodes + change, memory_order_relaxed);
}

/* A node's link, which itself stays as it is: readers on it still find their way. */
static inline void ledger_source_remove(struct ledger_sources *sources,
					const struct ledger_link *link)
{
	struct ledger_link *next = atomic_load_explicit(&link->next, memory_order_relaxed);

	next->before = link->before;
	atomic_store_explicit(&link->before->next, next, memory_order_release);
	ledger_source_count(sources, (size_t)-1);
}

/*
 * The live node that holds byte `source` of `space` at the lowest IOVA not below `from`; NULL when
 * there is none. *iova is where the byte is.
 */
struct ledger_node *ledger_source_find(const struct ledger_sources *sources, uint32_t space,
				       uint64_t source, uint64_t from, uint64_t *iova);

/* True when nodes are too many for the marks; searches are right, but take longer. */
static inline bool ledger_source_crowded(const struct ledger_sources *sources)
{
	return atomic_load_explicit(&sources->count, memory_order_relaxed) >>
	       atomic_load_explicit(&sources->bits, memory_order_relaxed) > 1;
}

/* How many bytes the next marks take. */
size_t ledger_source_room(const struct ledger_sources *sources);
/* A writer hands over that many zeroed bytes; false: others were faster, they are not needed. */
bool ledger_source_grow(struct ledger_sources *sources, void *memory, size_t size);
/* Nobody is about any more: memory to free, of *size bytes, until NULL comes. */
void *ledger_source_shrink(struct ledger_sources *sources, size_t *size);

#endif
