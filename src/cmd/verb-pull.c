/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "import.h"
#include "name.h"
#include "parse.h"
#include "url.h"
#include "verb-list.h"

/* nbox pull URL [NAME], and machinectl's words for the same, that say what has to be there. The path of the image goes to stdout, for scripts. */

#define TIMEOUT_MAX 3600U

enum { OPT_VERIFY = 256, OPT_FORCE, OPT_READ_ONLY, OPT_MAX_SIZE, OPT_REFERENCE, OPT_TIMEOUT };

const VerbOption pull_options[] = {
        { { .name = "verify", .placeholder = "signature|checksum|no" }, OPT_VERIFY,
          "What shows that it is the right file: a list of digests that somebody known has signed, any list, nothing" },
        { { .name = "force" }, OPT_FORCE, "Put it in the place of an image that has the name, and that nobody uses" },
        { { .name = "read-only" }, OPT_READ_ONLY, "Have it not written to" },
        { { .name = "max-size", .placeholder = "BYTES" }, OPT_MAX_SIZE, "Refuse what is larger, downloaded or unpacked" },
        { { .name = "reference", .placeholder = "NAME|DIGEST" }, OPT_REFERENCE, "Which image, of an OCI layout or docker-archive with several" },
        { { .name = "timeout", .placeholder = "SECONDS" }, OPT_TIMEOUT, "Try again when nothing has come for so long (30)" },
        {},
};

static int parse_value(int option, const char *value, ImportRequest *q, ImportPull *how, Error **reterr) {
        uint64_t seconds;

        switch (option) {
        case OPT_VERIFY:
                if (verify_mode_parse(value, &how->verify) >= 0)
                        return 0;
                return error_set(reterr, EINVAL, "'%.40s' is no way to verify: there are signature, checksum and no", value);
        case OPT_MAX_SIZE:
                if (parse_size(value, &q->size_max) >= 0 && q->size_max > 0)
                        return 0;
                error_set(reterr, EINVAL, "'%.40s' is not a size", value);
                return error_hint(reterr, -EINVAL, "It takes bytes, or a number with K, M, G or T behind it, as 20G.");
        case OPT_TIMEOUT:
                if (parse_u64(value, TIMEOUT_MAX, &seconds) < 0 || seconds == 0)
                        return error_set(reterr, EINVAL, "'%.40s' is not a number of seconds from 1 to %u", value, TIMEOUT_MAX);
                how->timeout = (unsigned) seconds;
                return 0;
        case OPT_FORCE:
                q->force = true;
                return 0;
        case OPT_READ_ONLY:
                q->read_only = true;
                return 0;
        default:
                q->reference = value;
                return 0;
        }
}

static int choose_name(const char *given, ImportRequest *q, Error **reterr) {
        _cleanup_free_ char *file = NULL;
        int r;

        if (given) {
                r = machine_name_check(given, reterr);
                return r >= 0 && !(q->name = strdup(given)) ? error_oom(reterr) : r;
        }
        r = url_file(q->file, &file, reterr);
        return r < 0 ? r : import_name_without_form(file, &q->name, reterr);
}

static int parse(int argc, char **argv, ImportRequest *q, ImportPull *how, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        int r, option;

        while ((r = option = verb_next(&args, reterr)) > 0) {
                r = parse_value(option, args.value, q, how, reterr);
                if (r < 0)
                        return r;
        }
        if (r >= 0)
                r = verb_check_operands(&args, 1, 2, reterr);
        if (r < 0)
                return r;
        q->file = args.operands[0];
        r = url_check(q->file, reterr);
        return r < 0 ? r : choose_name(args.n_operands > 1 ? args.operands[1] : NULL, q, reterr);
}

static int pull(ImportKind kind, int argc, char **argv, Error **reterr) {
        _cleanup_free_ char *name = NULL, *path = NULL;
        ImportRequest q = { .kind = kind };
        ImportPull how = { .verify = VERIFY_SIGNATURE };
        int r = parse(argc, argv, &q, &how, reterr);

        name = q.name;
        if (r >= 0)
                r = import_pull(&q, &how, &path, reterr);
        if (r < 0)
                return r;
        printf("%s\n", path);
        return 0;
}

int verb_pull(int argc, char **argv, Error **reterr) {
        return pull(IMPORT_ANY, argc, argv, reterr);
}

int verb_pull_tar(int argc, char **argv, Error **reterr) {
        return pull(IMPORT_TAR, argc, argv, reterr);
}

int verb_pull_raw(int argc, char **argv, Error **reterr) {
        return pull(IMPORT_DISK, argc, argv, reterr);
}
