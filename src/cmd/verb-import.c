/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "cleanup.h"
#include "import.h"
#include "name.h"
#include "parse.h"
#include "verb-list.h"

/* nbox import F|- [NAME], and machinectl's words for the same, that say what F has to be. The path of the image goes to stdout, for scripts; what
 * was left out, and how to go on, to stderr. */

enum { OPT_FORCE = 256, OPT_READ_ONLY, OPT_MAX_SIZE, OPT_REFERENCE };

const VerbOption import_options[] = {
        { { .name = "force" }, OPT_FORCE, "Put it in the place of an image that has the name, and that nobody uses" },
        { { .name = "read-only" }, OPT_READ_ONLY, "Have it not written to" },
        { { .name = "max-size", .placeholder = "BYTES" }, OPT_MAX_SIZE, "Refuse what is larger when unpacked" },
        { { .name = "reference", .placeholder = "NAME|DIGEST" }, OPT_REFERENCE, "Which image, of an OCI layout or docker-archive with several" },
        {},
};

static int parse_max_size(const char *text, uint64_t *ret, Error **reterr) {
        if (parse_size(text, ret) >= 0 && *ret > 0)
                return 0;
        error_set(reterr, EINVAL, "'%.40s' is not a size", text);
        return error_hint(reterr, -EINVAL, "It takes bytes, or a number with K, M, G or T behind it, as 20G.");
}

static int parse(int argc, char **argv, ImportRequest *ret, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        int r, q = 0;

        while (q >= 0 && (r = verb_next(&args, reterr)) > 0)
                switch (r) {
                case OPT_FORCE:
                        ret->force = true;
                        break;
                case OPT_READ_ONLY:
                        ret->read_only = true;
                        break;
                case OPT_MAX_SIZE:
                        q = parse_max_size(args.value, &ret->size_max, reterr);
                        break;
                default:
                        ret->reference = args.value;
                }
        r = q < 0 ? q : r;
        if (r >= 0)
                r = verb_check_operands(&args, 1, 2, reterr);
        if (r < 0)
                return r;
        ret->file = args.operands[0];
        if (args.n_operands == 1)
                return import_name_of(ret->file, &ret->name, reterr);
        r = machine_name_check(args.operands[1], reterr);
        if (r >= 0 && !(ret->name = strdup(args.operands[1])))
                r = error_oom(reterr);
        return r;
}

static int import(ImportKind kind, int argc, char **argv, Error **reterr) {
        _cleanup_free_ char *name = NULL, *path = NULL;
        ImportRequest q = { .kind = kind };
        int r = parse(argc, argv, &q, reterr);

        name = q.name;
        if (r >= 0)
                r = import_image(&q, &path, reterr);
        if (r < 0)
                return r;
        printf("%s\n", path);
        return 0;
}

int verb_import(int argc, char **argv, Error **reterr) {
        return import(IMPORT_ANY, argc, argv, reterr);
}

int verb_import_tar(int argc, char **argv, Error **reterr) {
        return import(IMPORT_TAR, argc, argv, reterr);
}

int verb_import_raw(int argc, char **argv, Error **reterr) {
        return import(IMPORT_DISK, argc, argv, reterr);
}

int verb_import_fs(int argc, char **argv, Error **reterr) {
        return import(IMPORT_DIRECTORY, argc, argv, reterr);
}
