/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <sched.h>
#include <string.h>
#include <sys/mount.h>

#include "diff.h"
#include "table.h"
#include "text.h"
#include "verb-list.h"

/* nbox diff. Names are a guest's: in text, what a terminal would take for a control character, what is no UTF-8 that one could show, and the backslash
 * itself are written \xNN, so that a line is a file, and no two files are the same line. */

static const struct {
        DifferenceKind kind;
        char letter;
        const char *word;
} kinds[] = {
        { DIFFERENCE_ADDED, 'A', "added" },
        { DIFFERENCE_CHANGED, 'C', "changed" },
        { DIFFERENCE_DELETED, 'D', "deleted" },
};

static const struct {
        unsigned of;
        const char *word;
} parts[] = {
        { DIFFERENT_KIND, "kind" },
        { DIFFERENT_CONTENTS, "contents" },
        { DIFFERENT_MODE, "mode" },
        { DIFFERENT_OWNER, "owner" },
        { DIFFERENT_ATTRIBUTES, "attributes" },
        { DIFFERENT_TARGET, "target" },
        { DIFFERENT_DEVICE, "device" },
};

static size_t kind_of(const Difference *d) {
        size_t i = 0;

        while (i + 1 < ELEMENTSOF(kinds) && kinds[i].kind != d->kind)
                i++;
        return i;
}

static void put_path(const char *path) {
        for (size_t length; *path; path += length) {
                bool escaped = text_control(path, &length) > 0 || *path == '\\' || (length == 1 && (unsigned char) *path >= 0x80);

                for (size_t i = 0; i < length; i++)
                        if (escaped)
                                printf("\\x%02x", (unsigned char) path[i]);
                        else
                                putchar(path[i]);
        }
}

static int print_line(const Difference *d, void *userdata) {
        (void) userdata;
        printf("%c ", kinds[kind_of(d)].letter);
        put_path(d->path);
        return putchar('\n') == EOF ? -EIO : 0;
}

static int add_json(const Difference *d, void *userdata) {
        json_t *all = userdata, *what = json_array();

        for (size_t i = 0; i < ELEMENTSOF(parts); i++)
                if (d->of & parts[i].of)
                        json_array_append_new(what, json_string(parts[i].word));
        return json_array_append_new(all, json_pack("{s:o, s:s, s:o}", "path", json_text(d->path), "change", kinds[kind_of(d)].word, "what", what)) < 0
                ? -ENOMEM : 0;
}

/* A snapshot of the image's by that name, or another image; without a name the snapshot that it stands on, or whatever it does. */
static int find_other(const Image *image, const char *name, Snapshot **ret_snapshot, Image **ret_other, Error **reterr) {
        Snapshot **list = NULL;
        size_t n = 0;
        int r = snapshot_list(image, &list, &n, reterr);

        if (r < 0)
                return r;
        for (size_t i = 0; i < n && !*ret_snapshot; i++)
                if (name ? strcmp(list[i]->name, name) == 0 : list[i]->current)
                        *ret_snapshot = TAKE_PTR(list[i]);
        snapshot_list_free(list, n);
        if (*ret_snapshot || !name)
                return 0;
        r = image_find(name, ret_other, reterr);
        if (r == -ENOENT && !strchr(name, '/')) {
                error_set(reterr, r, "There is neither a snapshot '%.80s' of '%s' nor an image of that name", name, image->name);
                return error_hint(reterr, r, "`nbox snapshot list %s` and `nbox images` list what there is.", image->name);
        }
        return r;
}

/* What is mounted to look at it is nobody else's to see, and goes with us. */
static int leave_mount_namespace(Error **reterr) {
        if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_SLAVE | MS_REC, NULL) < 0)
                return error_errno(reterr, errno, "Cannot make a mount namespace");
        return 0;
}

static int print_differences(const char *name, const char *other, bool json, Error **reterr) {
        _cleanup_(snapshot_freep) Snapshot *snapshot = NULL;
        _cleanup_(image_freep) Image *image = NULL, *with = NULL;
        DiffRequest q = { .found = print_line };
        int r;

        r = leave_mount_namespace(reterr);
        if (r >= 0)
                r = image_find(name, &image, reterr);
        if (r >= 0)
                r = find_other(image, other, &snapshot, &with, reterr);
        if (r < 0)
                return r;
        q.image = image;
        q.snapshot = snapshot;
        q.other = with;
        if (json) {
                q.found = add_json;
                q.userdata = json_array();
        }
        r = image_diff(&q, reterr);
        if (r < 0)
                json_decref(q.userdata);
        return json && r >= 0 ? json_print(q.userdata, reterr) : r;
}

int verb_diff(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        int r = verb_operands(&args, 1, 2, reterr);

        return r < 0 ? r : print_differences(args.operands[0], args.n_operands > 1 ? args.operands[1] : NULL, args.json, reterr);
}
