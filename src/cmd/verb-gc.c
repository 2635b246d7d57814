/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change.h"
#include "find.h"
#include "gc.h"
#include "lock.h"
#include "log.h"
#include "unfinished.h"
#include "verb-list.h"

/* Called by nbox@.service's ExecStopPost=, and by whoever wants to be sure. */
int verb_gc(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        unsigned swept = 0;
        int r, trees = 0;

        r = verb_operands(&args, 0, 0, reterr);
        if (r >= 0)
                r = gc_run(true, &swept, reterr);
        if (swept > 0)
                log_info("Cleared away what %u dead machine%s left", swept, swept == 1 ? "" : "s");
        if (r >= 0)
                r = change_sweep(reterr);
        for (size_t i = 0; r >= 0 && image_search_directory(i); i++) {
                int n = unfinished_sweep(image_search_directory(i));

                trees += n > 0 ? n : 0;
                image_lock_sweep_all(image_search_directory(i));
        }
        if (trees > 0)
                log_info("Removed %d tree%s that nobody finished", trees, trees == 1 ? "" : "s");
        return r;
}
