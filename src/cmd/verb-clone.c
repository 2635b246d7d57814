/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "clone.h"
#include "clone-copy.h"
#include "find.h"
#include "image-claim.h"
#include "live-copy.h"
#include "log.h"
#include "name.h"
#include "read-only.h"
#include "settings-beside.h"
#include "verb-list.h"

/* nbox clone A B. The path of B goes to stdout, for scripts; how to go on goes to stderr. */

enum { OPT_COPY = 256, OPT_READ_ONLY };

const VerbOption clone_options[] = {
        { { .name = "copy" }, OPT_COPY, "Copy all files: the new image shares nothing with the other one" },
        { { .name = "read-only" }, OPT_READ_ONLY, "Have the new image not written to" },
        {},
};

typedef struct CloneRequest {
        const char *from, *name;
        bool copy, read_only;
} CloneRequest;

static int parse(int argc, char **argv, CloneRequest *ret, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        int r;

        while ((r = verb_next(&args, reterr)) > 0)
                *(r == OPT_COPY ? &ret->copy : &ret->read_only) = true;
        if (r >= 0)
                r = verb_check_operands(&args, 2, 2, reterr);
        if (r < 0)
                return r;
        ret->from = args.operands[0];
        ret->name = args.operands[1];
        r = machine_name_check(ret->name, reterr);
        return r < 0 ? r : image_name_is_free(ret->name, reterr);
}

/* Of an image that a machine writes to, what it has now is cloned. */
static int share(const Image *from, const char *name, char **ret_path, Error **reterr) {
        _cleanup_(image_lock_releasep) ImageLock *claim = NULL;
        NewIdentity identity = { .host_name = name };
        _cleanup_(error_freep) Error *busy = NULL;
        _cleanup_free_ char *machine = NULL;
        int r = image_claim(from, true, &claim, &busy), running;

        if (r >= 0)
                return image_clone(from, name, &identity, ret_path, reterr);
        running = r == -EBUSY ? live_writer(from, &machine, reterr) : 0;
        if (running == 0)
                return error_pass(reterr, r, &busy);
        return running < 0 ? running : clone_live(from, machine, name, &identity, ret_path, reterr);
}

static int copy(const Image *from, const char *name, char **ret_path, Error **reterr) {
        return clone_by_copy(from, name, &(NewIdentity){ .host_name = name }, ret_path, reterr);
}

static int make_clone(const Image *from, const CloneRequest *q, char **ret_path, Error **reterr) {
        bool shares = !q->copy && (from->type == IMAGE_TREE || from->type == IMAGE_LAYERED);

        return shares ? share(from, q->name, ret_path, reterr) : copy(from, q->name, ret_path, reterr);
}

/* Several at once are made one after the other: each finds the image as the one before has left it. */
static int find_and_clone(const CloneRequest *q, Image **ret_from, char **ret_path, Error **reterr) {
        for (unsigned tries = 0;;) {
                _cleanup_(error_freep) Error *error = NULL;
                _cleanup_(image_freep) Image *from = NULL;
                int r = image_find(q->from, &from, &error);

                if (r >= 0)
                        r = make_clone(from, q, ret_path, &error);
                if (r >= 0)
                        *ret_from = TAKE_PTR(from);
                if (!image_try_again(r, &tries))
                        return error_pass(reterr, r, &error);
        }
}

static int make_read_only(const char *path, Error **reterr) {
        _cleanup_(image_freep) Image *image = NULL;
        int r = image_find(path, &image, reterr);

        return r < 0 ? r : image_set_read_only(image, true, reterr);
}

int verb_clone(int argc, char **argv, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(image_freep) Image *from = NULL;
        _cleanup_free_ char *path = NULL;
        CloneRequest q = {};
        int r;

        r = parse(argc, argv, &q, reterr);
        if (r >= 0)
                r = find_and_clone(&q, &from, &path, reterr);
        if (r < 0)
                return r;
        if (q.read_only) {
                r = make_read_only(path, reterr);
                if (r < 0)
                        return r;
        }
        if (settings_beside_copy(from->path, path, &error) < 0)
                log_warning("%s is without the settings of %s, ignoring: %s", path, from->path, error ? error->message : "no memory");
        printf("%s\n", path);
        log_info("Made %s, a %s of %s. `nbox boot %s` boots it.", path, q.copy ? "copy" : "clone", from->path,
                 image_is_found_by_name(path) ? q.name : path);
        return 0;
}
