/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "still.h"

#include "transfer-show.h"

static int open_shown(StillImage *s, Error **reterr) {
        _cleanup_(transfer_show_end) TransferShow show = {};
        _cleanup_free_ char *what = NULL;
        int r;

        if (asprintf(&what, "what the machine '%s' has written%s", s->machine, s->live_bytes > 0 ? ", while it stands still" : "") < 0)
                return error_oom(reterr);
        r = transfer_show_begin(&show, "Copying", what, s->live_bytes, s->live_files, reterr);
        if (r < 0)
                return r;
        transfer_show_announce(&show);
        return still_image_open(s, &show.watch, reterr);
}

int still_open(const StillWish *wish, StillImage **ret, Error **reterr) {
        _cleanup_(still_image_freep) StillImage *s = NULL;
        int r = still_image_look(wish, &s, reterr);

        if (r >= 0)
                r = s->machine ? open_shown(s, reterr) : still_image_open(s, NULL, reterr);
        if (r >= 0)
                *ret = TAKE_PTR(s);
        return r;
}
