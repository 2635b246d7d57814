/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Images whose trees are mounted on the host to look into them or to change them, with no machine meanwhile. */

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "image-claim.h"
#include "image-place.h"
#include "json-text.h"
#include "log.h"
#include "mount-table.h"
#include "mounted.h"
#include "reach.h"
#include "table.h"
#include "verb-list.h"

/* ---- what is mounted ---- */

static const char *const headings[] = { "IMAGE", "MOUNTED ON", "ACCESS", "PATH", NULL };

static int print_table(const MountedImages *all, Error **reterr) {
        _cleanup_(table_freep) Table *t = table_new(headings);
        int r = t ? 0 : -ENOMEM;

        for (size_t i = 0; r >= 0 && i < all->n; i++)
                r = table_add(t, (const char *[]){ all->items[i].name, all->items[i].point, all->items[i].read_only ? "ro" : "rw",
                                                   all->items[i].image });
        if (r < 0)
                return error_oom(reterr);
        table_print_or(t, "No images are mounted.", stdout);
        return 0;
}

static int print_json(const MountedImages *all, Error **reterr) {
        json_t *list = json_array();

        for (size_t i = 0; i < all->n; i++)
                json_array_append_new(list, json_pack("{s:o, s:o, s:o, s:b}", "image", json_text(all->items[i].name), "path",
                                                      json_text(all->items[i].image), "directory", json_text(all->items[i].point), "read_only",
                                                      (int) all->items[i].read_only));
        return json_print(list, reterr);
}

static int mounts_list(bool json, Error **reterr) {
        MountedImages all;
        int r = mounted_list(&all, reterr);

        if (r >= 0)
                r = json ? print_json(&all, reterr) : print_table(&all, reterr);
        mounted_images_done(&all);
        return r;
}

/* ---- nbox mount ---- */

enum { OPT_LIST = 256, OPT_OPEN };

const VerbOption mount_options[] = {
        { { .name = "read-only", .letter = 'r' }, 'r', "Mount it only to be read" },
        { { .name = "open" }, OPT_OPEN, "Also where other users of this host get at its files, and did not before" },
        { { .name = "list" }, OPT_LIST, "As `mount list`" },
        {},
};

/* Written down before it is attached: what then is killed leaves a mount that is known, or none. */
static int on_about(const PlaceAbout *what, void *userdata, Error **reterr) {
        MountedImage m = { .image = what->image->path, .name = what->image->name, .point = (char *) what->point, .read_only = what->read_only };
        const int *begun = userdata;
        struct stat st;
        int r = mount_id_of(what->tree, &m.mount_id);

        if (r >= 0 && fstat(what->image->fd, &st) < 0)
                r = -errno;
        if (r < 0)
                return error_errno(reterr, r, "Cannot look at the mount of %s", m.image);
        m.device = st.st_dev;
        m.inode = st.st_ino;
        return mounted_note(*begun, &m, reterr);
}

/* Set-user-ID has no effect there, but files that all may read, or write to, were kept from the users of this host by a directory above. */
static int check_reach(const Image *image, const char *directory, Error **reterr) {
        _cleanup_free_ char *by = NULL, *there = NULL;

        if (tree_is_reachable(image->path, &by) != 0 || tree_is_reachable(directory, &there) <= 0)
                return 0;
        error_set(reterr, EACCES, "Users of this host can reach %s, and cannot reach %s: they would get at its files", there, image->path);
        return error_hint(reterr, -EACCES, "Take a directory below one that is root's alone (chmod 0700), as /root; --open mounts it all the same.");
}

static int no_running(const Image *image, int r, Error **reterr) {
        _cleanup_free_ char *machine = NULL;
        bool ours;

        if (r != -EBUSY || image_user(image, &machine, &ours) <= 0)
                return r;
        error_set(reterr, EBUSY, "The image '%s' is in use by the machine '%s'", image->name, machine);
        return error_hint(reterr, r, "`nbox exec %s`, `nbox copy-from %s` and `nbox copy-to %s` reach its files while it runs.", machine, machine,
                          machine);
}

static int mount_it(PlaceRequest *q, bool open, Error **reterr) {
        _cleanup_(image_lock_releasep) ImageLock *lock = NULL;
        _cleanup_(image_freep) Image *image = NULL;
        _cleanup_close_ int begun = -1;
        MountedImages all = {};
        bool read_only = false;
        int r = image_find(q->image, &image, reterr);

        if (r >= 0 && !open)
                r = check_reach(image, q->directory, reterr);
        if (r >= 0) {
                r = image_claim(image, image_place_is_read_only(q, image), &lock, reterr);
                r = r < 0 ? no_running(image, r, reterr) : 0;
        }
        if (r >= 0)
                r = begun = mounted_begin(reterr);
        q->userdata = &begun;
        if (r >= 0)
                r = image_place(q, &read_only, reterr);
        if (r < 0)
                return r;
        begun = close_fd(begun);
        r = mounted_list(&all, reterr); /* the note gets what is known of the mount now */
        mounted_images_done(&all);
        if (r >= 0 && read_only && !q->read_only)
                log_info("%s is mounted read-only", q->directory);
        return r;
}

int verb_mount(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        PlaceRequest q = { .own_layer = true, .about = on_about };
        bool open = false, list = false;
        int r;

        while ((r = verb_next(&args, reterr)) > 0)
                if (r == 'r')
                        q.read_only = true;
                else if (r == OPT_OPEN)
                        open = true;
                else
                        list = true;
        if (r >= 0)
                r = verb_check_operands(&args, list ? 0 : 2, list ? 0 : 2, reterr);
        if (r < 0)
                return r;
        if (list)
                return mounts_list(args.json, reterr);
        r = mounted_check_namespace(reterr);
        if (r < 0)
                return r;
        q.image = args.operands[0];
        q.directory = args.operands[1];
        return mount_it(&q, open, reterr);
}

/* ---- nbox umount ---- */

static bool is_meant(const MountedImage *m, const char *path, const char *name) {
        return path ? strcmp(m->point, path) == 0 || strcmp(m->image, path) == 0 : strcmp(m->name, name) == 0;
}

/* How many it were. */
static int unmount_those(const MountedImages *all, const char *path, const char *name, Error **reterr) {
        int r = 0, n = 0;

        for (size_t i = all->n; r >= 0 && i > 0; i--)
                if (is_meant(all->items + i - 1, path, name)) {
                        n++;
                        r = image_unplace(all->items[i - 1].point, reterr);
                }
        return r < 0 ? r : n;
}

/* An image by its name, then all its mounts, or a directory: only what we have mounted is unmounted, so that none is taken for the other. */
static int unmount(const char *what, Error **reterr) {
        _cleanup_free_ char *path = realpath(what, NULL);
        MountedImages all = {};
        int r = mounted_list(&all, reterr);

        if (r >= 0 && !strchr(what, '/'))
                r = unmount_those(&all, NULL, what, reterr);
        if (r == 0 && path)
                r = unmount_those(&all, path, NULL, reterr);
        mounted_images_done(&all);
        if (r == 0) {
                error_set(reterr, ENOENT, "Neither is %s an image that is mounted, nor one mounted there", what);
                return error_hint(reterr, -ENOENT, "`nbox mount list` shows what is.");
        }
        return r < 0 ? r : 0;
}

int verb_umount(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        MountedImages all = {};
        int r = verb_operands(&args, 1, -1, reterr);

        if (r >= 0)
                r = mounted_check_namespace(reterr);
        for (int i = 0; r >= 0 && i < args.n_operands; i++)
                r = unmount(args.operands[i], reterr);
        if (mounted_list(&all, NULL) >= 0) /* which removes the notes */
                mounted_images_done(&all);
        return r;
}

int verb_mount_list(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        int r = verb_operands(&args, 0, 0, reterr);

        return r < 0 ? r : mounts_list(args.json, reterr);
}
