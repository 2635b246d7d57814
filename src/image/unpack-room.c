/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "unpack-room.h"

#include <sys/statvfs.h>

#include "text.h"

#define GRANT_MAX (UINT64_C(64) << 20)  /* bytes, until the disk is asked again */
#define LEFT_MAX (UINT64_C(1) << 30)    /* what is left free: a twentieth, but not more than this */
#define LEFT_PART 20
#define ENTRY_BYTES 4096                /* that an entry takes somewhere, about */

static int full(uint64_t room, Error **reterr) {
        char text[SIZE_TEXT_MAX];

        error_set(reterr, ENOSPC, "There is no room for what is in the archive: %s are free, and some is left to whoever lives there",
                  size_text(room, text));
        return error_hint(reterr, -ENOSPC, "Make room (`nbox gc` removes what nothing uses any more), or set a bound with --max-size=.");
}

/* -ENOSPC where there would be less than is to be left. File systems without a fixed number of inodes say 0. */
static int ask(UnpackRoom *r, uint64_t bytes, Error **reterr) {
        struct statvfs st;
        uint64_t room, left;

        if (fstatvfs(r->fd, &st) < 0)
                return error_errno(reterr, errno, "Cannot ask how much room there is");
        room = (uint64_t) st.f_bavail * st.f_frsize;
        left = (uint64_t) st.f_blocks * st.f_frsize / LEFT_PART;
        if (left > LEFT_MAX)
                left = LEFT_MAX;
        if (room < left || room - left < bytes || (st.f_files > 0 && st.f_favail < st.f_files / LEFT_PART))
                return full(room, reterr);
        r->granted = room - left < GRANT_MAX ? room - left : GRANT_MAX;
        if (r->granted < bytes)
                r->granted = bytes;
        return 0;
}

static int take(UnpackRoom *r, uint64_t bytes, Error **reterr) {
        int q = r->granted < bytes ? ask(r, bytes, reterr) : 0;

        if (q >= 0)
                r->granted -= bytes;
        return q;
}

int unpack_room_take(UnpackRoom *r, uint64_t bytes, Error **reterr) {
        char text[SIZE_TEXT_MAX];

        r->used += bytes;
        if (r->most == 0 || r->used <= r->most)
                return take(r, bytes, reterr);
        error_set(reterr, EFBIG, "There is more than %s in the archive", size_text(r->most, text));
        return error_hint(reterr, -EFBIG, "--max-size= is the bound.");
}

int unpack_room_take_entry(UnpackRoom *r, Error **reterr) {
        return take(r, ENTRY_BYTES, reterr);
}
