/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "image-claim.h"
#include "parse.h"
#include "pool.h"
#include "quota.h"
#include "verb-list.h"

/* nbox set-limit: how much of the disk an image may take. */

static int parse_limit(const char *text, uint64_t *ret, Error **reterr) {
        if (strcmp(text, "-") == 0 || strcmp(text, "infinity") == 0) {
                *ret = QUOTA_NONE;
                return 0;
        }
        if (parse_size(text, ret) >= 0 && *ret > 0 && *ret < (uint64_t) 1 << 62)
                return 0;
        error_set(reterr, EINVAL, "'%.40s' is not a size", text);
        return error_hint(reterr, -EINVAL, "It takes bytes, or a number with K, M, G or T behind it, as 20G; '-' takes the limit away.");
}

int verb_set_limit(int argc, char **argv, Error **reterr) {
        _cleanup_(image_lock_releasep) ImageLock *lock = NULL;
        _cleanup_(image_freep) Image *image = NULL;
        VerbArgs args = verb_args(argc, argv);
        uint64_t bytes;
        int r;

        r = verb_operands(&args, 1, 2, reterr);
        if (r >= 0)
                r = parse_limit(args.operands[args.n_operands - 1], &bytes, reterr);
        if (r >= 0 && args.n_operands == 1)
                return pool_set_limit(bytes, reterr);
        if (r >= 0)
                r = image_find(args.operands[0], &image, reterr);
        if (r >= 0)
                r = image_claim(image, false, &lock, reterr);
        return r < 0 ? r : quota_set_limit(image, bytes, reterr);
}
