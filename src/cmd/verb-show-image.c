/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machinectl.h"
#include "verb-list.h"

/* nbox show-image: an image's properties for scripts, one line each, as machinectl(1) has them; without a name, those of the directory that
 * images are made in. */

enum { OPT_VALUE = 256 };

const VerbOption show_image_options[] = {
        { { .name = "property", .letter = 'p', .placeholder = "NAME" }, 'p', "Show only this property; may be given several times" },
        { { .name = "all", .letter = 'a' }, 'a', "Show empty ones, too" },
        { { .name = "value" }, OPT_VALUE, "Show values only, without their names" },
        {},
};

int verb_show_image(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        MachinectlArgs a = {};
        int r;

        while ((r = verb_next(&args, reterr)) > 0) {
                if (r == 'p' && strv_append(&a.properties, args.value) < 0) {
                        r = error_oom(reterr);
                        break;
                }
                a.all = a.all || r == 'a';
                a.value = a.value || r == OPT_VALUE;
        }
        a.operands = args.operands;
        a.n_operands = args.n_operands;
        if (r >= 0)
                r = machinectl_show_image(&a, reterr);
        machinectl_args_done(&a);
        return r;
}
