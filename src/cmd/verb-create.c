/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "create.h"
#include "log.h"
#include "name.h"
#include "verb-list.h"

/* nbox create NAME --os=OS: a new tree. Its path goes to stdout, for scripts; how to go on goes to stderr. */

enum { OPT_OS = 256, OPT_MIRROR };

const VerbOption create_options[] = {
        { { .name = "os", .placeholder = "busybox|debian[:RELEASE]" }, OPT_OS, "What to make the tree of" },
        { { .name = "directory", .letter = 'D', .placeholder = "DIR" }, 'D', "Put the tree there, not into /var/lib/machines" },
        { { .name = "mirror", .placeholder = "URL" }, OPT_MIRROR, "Where Debian's packages come from" },
        {},
};

static int parse(int argc, char **argv, CreateRequest *ret, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        int r;

        while ((r = verb_next(&args, reterr)) > 0)
                switch (r) {
                case OPT_OS:
                        ret->os = args.value;
                        break;
                case 'D':
                        ret->directory = args.value;
                        break;
                default:
                        ret->mirror = args.value;
                }
        if (r >= 0)
                r = verb_check_operands(&args, 1, 1, reterr);
        if (r < 0)
                return r;
        ret->name = args.operands[0];
        if (!ret->os) {
                error_set(reterr, EINVAL, "What to make the tree of is missing");
                return error_hint(reterr, -EINVAL, "`nbox create %s --os=busybox` makes a small one in a moment; --os=debian a whole Debian.",
                                  machine_name_is_valid(ret->name) ? ret->name : "NAME");
        }
        return machine_name_check(ret->name, reterr);
}

int verb_create(int argc, char **argv, Error **reterr) {
        _cleanup_free_ char *path = NULL, *note = NULL;
        CreateRequest request = {};
        int r;

        r = parse(argc, argv, &request, reterr);
        if (r >= 0)
                r = image_create(&request, &path, &note, reterr);
        if (r < 0)
                return r;
        printf("%s\n", path);
        log_info("Made %s; %s. `nbox boot %s` boots it.", path, note, request.directory ? path : request.name);
        return 0;
}
