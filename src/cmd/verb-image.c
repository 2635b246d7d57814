/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <unistd.h>

#include "find.h"
#include "image-claim.h"
#include "log.h"
#include "parse.h"
#include "resize.h"
#include "verb-list.h"

/* nbox image resize NAME|FILE [+]SIZE. */

/* Sizes as people say them: "4 GiB", "1.5 GiB", "300 MiB". */
static const char *size_text(uint64_t bytes, char ret[32]) {
        static const char *const units[] = { "KiB", "MiB", "GiB", "TiB" };
        double size = (double) bytes / 1024;
        size_t unit = 0;

        while (size >= 1024 && unit + 1 < ELEMENTSOF(units)) {
                size /= 1024;
                unit++;
        }
        snprintf(ret, 32, size == (double) (uint64_t) size ? "%.0f %s" : "%.1f %s", size, units[unit]);
        return ret;
}

static int parse_wish(const char *text, ResizeWish *ret, Error **reterr) {
        bool relative = *text == '+';

        if (parse_size(text + relative, &ret->size) < 0 || ret->size == 0) {
                error_set(reterr, EINVAL, "'%.40s' is not a size", text);
                return error_hint(reterr, -EINVAL, "It is a number of bytes, or one with K, M, G or T behind it; with a + before it, so much more.");
        }
        ret->relative = relative;
        return 0;
}

static void print_result(const Image *image, const ResizeResult *r) {
        char before[32], now[32], fs[32];

        printf("%s: %s, was %s; its %s file system", image->path, size_text(r->size, now), size_text(r->size_before, before), r->fs);
        if (r->partition > 0)
                printf(", partition %u,", r->partition);
        printf(" has %s\n", size_text(r->fs_size, fs));
}

int verb_image_resize(int argc, char **argv, Error **reterr) {
        _cleanup_(image_lock_releasep) ImageLock *lock = NULL;
        _cleanup_(image_freep) Image *image = NULL;
        VerbArgs args = verb_args(argc, argv);
        ResizeWish wish = {};
        ResizeResult result;
        int r;

        r = verb_operands(&args, 2, 2, reterr);
        if (r >= 0)
                r = parse_wish(args.operands[1], &wish, reterr);
        if (r >= 0)
                r = image_find(args.operands[0], &image, reterr);
        if (r >= 0 && image->type == IMAGE_DISK)
                r = image_claim(image, false, &lock, reterr);
        if (r >= 0)
                r = image_resize(image, &wish, &result, reterr);
        if (r < 0)
                return r;
        print_result(image, &result);
        return 0;
}
