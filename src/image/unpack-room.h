/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

#include "error.h"

/* How much an archive may take: what its user says, and what leaves its disk with something to go on with. The disk is asked when what it
 * last said is used up: others write to it, too. */

typedef struct UnpackRoom {
        int fd;              /* anything on the disk */
        uint64_t most, used; /* bytes of contents; most 0: as much as there is */
        uint64_t granted;    /* bytes that can be taken without asking the disk */
} UnpackRoom;

/* Of contents. -ENOSPC, -EFBIG (more than `most`). */
int unpack_room_take(UnpackRoom *r, uint64_t bytes, Error **reterr);

/* Of one more file, whatever is in it. */
int unpack_room_take_entry(UnpackRoom *r, Error **reterr);
