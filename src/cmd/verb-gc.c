/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "change.h"
#include "edit-target.h"
#include "find.h"
#include "gc.h"
#include "lock.h"
#include "log.h"
#include "mounted.h"
#include "oci-create.h"
#include "store.h"
#include "unfinished.h"
#include "verb-list.h"
#include "verity.h"

/* Layers that nobody stands on. One store that cannot be swept does not keep the others from it. */
static int sweep_stores(Error **reterr) {
        int n = 0, r = 0;

        for (size_t i = 0; image_search_directory(i); i++) {
                _cleanup_(error_freep) Error *error = NULL;
                _cleanup_(store_freep) Store *s = NULL;
                int k = store_open(image_search_directory(i), false, &s, &error);

                if (k >= 0)
                        k = store_sweep(s, &error);
                if (k >= 0)
                        n += k;
                else if (k != -ENOENT || error)
                        r = error_pass(reterr, k, &error);
        }
        if (n > 0)
                log_info("Removed %d layer%s that no image stands on", n, n == 1 ? "" : "s");
        return r;
}

/* Called by nbox@.service's ExecStopPost=, and by whoever wants to be sure. */
int verb_gc(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        MountedImages mounted = {};
        unsigned swept = 0;
        int r, trees = 0;

        r = verb_operands(&args, 0, 0, reterr);
        if (r >= 0)
                r = gc_run(true, &swept, reterr);
        if (swept > 0)
                log_info("Cleared away what %u dead machine%s left", swept, swept == 1 ? "" : "s");
        if (r >= 0)
                r = oci_sweep(OCI_ROOT, reterr);
        if (r >= 0)
                r = change_sweep(reterr);
        for (size_t i = 0; r >= 0 && image_search_directory(i); i++) {
                int n = unfinished_sweep(image_search_directory(i));

                trees += n > 0 ? n : 0;
                image_lock_sweep_all(image_search_directory(i));
        }
        verity_sweep();
        edit_locks_sweep();
        if (r >= 0)
                r = mounted_list(&mounted, reterr); /* which removes what is said of mounts that are gone */
        mounted_images_done(&mounted);
        if (trees > 0)
                log_info("Removed %d tree%s that nobody finished", trees, trees == 1 ? "" : "s");
        return r < 0 ? r : sweep_stores(reterr);
}
