/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "change.h"
#include "console-log.h"
#include "identity.h"
#include "image-change.h"
#include "image-claim.h"
#include "image-names.h"
#include "log.h"
#include "machine-leases.h"
#include "name.h"
#include "read-only.h"
#include "strv.h"

typedef struct Renaming {
        const char *new_name;
        ImageEntry *entry;
        ImageNames names;
        Image *image;
        ImageLock *lock;
        int claim, new_claim; /* of the machines' names */
} Renaming;

static void renaming_done(Renaming *n) {
        name_release(n->new_claim, n->new_name);
        name_release(n->claim, n->names.machine);
        image_lock_release(n->lock);
        image_free(n->image);
        image_names_done(&n->names);
        image_entry_free(n->entry);
}

static int check_new_name(const char *name, Error **reterr) {
        _cleanup_(image_freep) Image *image = NULL;
        _cleanup_(error_freep) Error *error = NULL;
        int r;

        if (!machine_name_is_valid(name)) {
                error_set(reterr, EINVAL, "'%.80s' cannot be the name of a machine", name);
                return error_hint(reterr, -EINVAL,
                                  "A name has 1 to 64 letters, digits, dots and dashes, with a letter or digit at both ends.");
        }
        r = image_find(name, &image, &error);
        if (r == -ENOENT)
                return 0;
        error_set(reterr, EEXIST, "There is an image '%s' already", name);
        return error_hint(reterr, -EEXIST, "`nbox image-status %s` shows it.", name);
}

/* The settings of both would be in each other's way. What stands for the new name alone counts for the image from now on. */
static int check_new_settings(const ImageNames *old, const ImageNames *new, const char *new_name, Error **reterr) {
        if (old->machine && strcmp(old->machine, new_name) == 0)
                return 0; /* "my_web" and "myweb": the same */
        if (new->settings && old->settings) {
                error_set(reterr, EEXIST, "Both names have settings: '%s', and %s for the new name", old->settings[0], new->settings[0]);
                return error_hint(reterr, -EEXIST, "Move one of the two away, or remove it.");
        }
        for (char **path = new->settings; path && *path; path++)
                log_info("%s was there before, and is now what counts for '%s'", *path, new_name);
        return 0;
}

static bool is_taken(const char *path) {
        return access(path, F_OK) >= 0 || errno != ENOENT;
}

static int add_paths(Change *c, char *const *paths, const Renaming *n, Error **reterr) {
        for (; paths && *paths; paths++) {
                _cleanup_free_ char *new_path = image_names_path(*paths, n->entry, n->names.machine, n->new_name);

                if (new_path && strcmp(new_path, *paths) == 0)
                        continue;
                if (!new_path || strv_append(&c->paths, *paths) < 0 || strv_append(&c->new_paths, new_path) < 0)
                        return error_oom(reterr);
                if (is_taken(new_path)) {
                        error_set(reterr, EEXIST, "%s is there already, which is what %s would become", new_path, *paths);
                        return error_hint(reterr, -EEXIST, "Move one of the two away, or remove it.");
                }
        }
        return 0;
}

static char *new_entry(const Renaming *n) {
        char *entry;

        return asprintf(&entry, "%s%s", n->new_name, n->entry->file + strlen(n->entry->name)) < 0 ? NULL : entry;
}

static int make_change(const Renaming *n, Change **ret, Error **reterr) {
        _cleanup_(change_freep) Change *c = change_new(CHANGE_RENAME, n->entry);
        int r;

        if (!c)
                return error_oom(reterr);
        c->to = new_entry(n);
        c->machine = n->names.machine ? strdup(n->names.machine) : NULL;
        c->new_machine = strdup(n->new_name);
        if (!c->to || !c->new_machine || (n->names.machine && !c->machine))
                return error_oom(reterr);
        c->immutable = immutable_is_set(n->entry->dir, n->entry->file);
        r = add_paths(c, n->names.settings, n, reterr);
        if (r >= 0)
                r = add_paths(c, n->names.wants, n, reterr);
        if (r >= 0)
                r = add_paths(c, n->names.beside, n, reterr);
        if (r >= 0)
                *ret = TAKE_PTR(c);
        return r;
}

/* Nobody else may start either machine meanwhile. */
static int take_names(Renaming *n, Error **reterr) {
        int r = image_claim(n->image, false, &n->lock, reterr);

        if (r < 0)
                return r;
        if (n->names.machine && strcmp(n->names.machine, n->new_name) != 0) {
                n->claim = name_claim(n->names.machine, reterr);
                if (n->claim < 0)
                        return n->claim;
        }
        n->new_claim = name_claim(n->new_name, reterr);
        return n->new_claim < 0 ? n->new_claim : 0;
}

/* What was kept for an earlier machine of the new name is nobody's any more. */
static int forget_new_name(const Renaming *n, Error **reterr) {
        int r = 0;

        if (n->claim >= 0)
                r = identity_remove(n->new_name, reterr);
        if (r >= 0 && n->claim >= 0)
                r = console_log_remove(n->new_name, reterr);
        return r >= 0 && n->claim >= 0 ? machine_leases_forget(n->new_name, reterr) : r;
}

static int prepare(Renaming *n, const char *name, Change **ret, Error **reterr) {
        _cleanup_(image_names_done) ImageNames new = {};
        int r = image_entry_find(name, &n->entry, reterr);

        if (r >= 0)
                r = image_find(name, &n->image, reterr);
        if (r >= 0)
                r = image_names_find(n->entry, &n->names, reterr);
        if (r >= 0)
                r = take_names(n, reterr);
        if (r >= 0)
                r = image_entry_check_mounts(n->entry, reterr);
        if (r >= 0)
                r = image_names_find(&(ImageEntry){ .directory = n->entry->directory, .name = (char *) n->new_name }, &new, reterr);
        if (r >= 0)
                r = check_new_settings(&n->names, &new, n->new_name, reterr);
        if (r >= 0)
                r = make_change(n, ret, reterr);
        return r < 0 ? r : forget_new_name(n, reterr);
}

int image_rename(const char *name, const char *new_name, Error **reterr) {
        _cleanup_(renaming_done) Renaming n = { .new_name = new_name, .claim = -1, .new_claim = -1 };
        _cleanup_(change_freep) Change *c = NULL;
        _cleanup_close_ int lock = -1;
        int r, settled;

        lock = change_lock(reterr);
        if (lock < 0)
                return lock;
        r = check_new_name(new_name, reterr);
        if (r >= 0)
                r = prepare(&n, name, &c, reterr);
        if (r >= 0)
                r = change_begin(c, reterr);
        if (r < 0)
                return r;
        r = change_do(c, reterr);
        settled = change_settle(c, r < 0 ? NULL : reterr);
        image_names_tell_systemd(&n.names);
        return r < 0 ? r : settled;
}
