/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image-change.h"
#include "image-claim.h"
#include "parse.h"
#include "read-only.h"
#include "verb-list.h"

/* nbox rename and read-only: an image by another name, or not to be written to. */

int verb_rename(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        int r = verb_operands(&args, 2, 2, reterr);

        return r < 0 ? r : image_rename(args.operands[0], args.operands[1], reterr);
}

static int set_read_only(const char *name, bool on, Error **reterr) {
        _cleanup_(image_lock_releasep) ImageLock *lock = NULL;
        _cleanup_(image_freep) Image *image = NULL;
        int r = image_find(name, &image, reterr);

        if (r >= 0)
                r = image_claim(image, false, &lock, reterr);
        return r < 0 ? r : image_set_read_only(image, on, reterr);
}

int verb_read_only(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        bool on = true;
        int r = verb_operands(&args, 1, 2, reterr);

        if (r < 0)
                return r;
        if (args.n_operands == 2 && parse_bool(args.operands[1], &on) < 0) {
                error_set(reterr, EINVAL, "'%.40s' is neither yes nor no", args.operands[1]);
                return error_hint(reterr, -EINVAL, "Usage: nbox %s %s", args.verb->name, args.verb->arguments);
        }
        return set_read_only(args.operands[0], on, reterr);
}
