/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "pack.h"

/* Where an archive goes: a buffer, before libarchive's compression, which all processors work on where the format lets them (xz, zstd),
 * and a file, pipe or socket. The same bytes in give the same bytes out, on whatever host. */

typedef struct PackOut PackOut;

PackOut *pack_out_free(PackOut *o);
static inline void pack_out_freep(PackOut **o) {
        pack_out_free(*o);
}

int pack_out_open(const PackWish *wish, PackOut **ret, Error **reterr);

/* Room for bytes that are to go out next: at least one; pack_out_add() takes what was put there. */
void *pack_out_room(PackOut *o, size_t *ret_size);
int pack_out_add(PackOut *o, size_t size, Error **reterr);

int pack_out_write(PackOut *o, const void *data, size_t size, Error **reterr);
int pack_out_zeros(PackOut *o, uint64_t size, Error **reterr);

/* Bytes that went in so far, and that came out. */
uint64_t pack_out_position(const PackOut *o);
uint64_t pack_out_written(const PackOut *o);

/* All is written, and the compression ended; nothing goes in any more. */
int pack_out_flush(PackOut *o, Error **reterr);
