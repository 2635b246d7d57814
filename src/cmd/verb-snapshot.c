/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "image-claim.h"
#include "live-copy.h"
#include "log.h"
#include "snapshot.h"
#include "sweep-behind.h"
#include "table.h"
#include "text.h"
#include "verb-list.h"

/* nbox snapshot, snapshot list, snapshot remove, and rollback. */

static const char *const headings[] = { "NAME", "MADE", "SIZE", "STANDS ON", "CURRENT", NULL };

#define ANNOUNCED_FROM ((uint64_t) 1024 * 1024) /* bytes */

/* ---- taking one ---- */

/* A whole copy takes its time, and room: said before. */
static void announce_copy(const char *what, const Image *image, uint64_t bytes) {
        char size[SIZE_TEXT_MAX];

        if (bytes >= ANNOUNCED_FROM)
                log_info("%s '%s' is copied: %s, less where its file system can share them", what, image->name, size_text(bytes, size));
}

static void announce_disk(const Image *image) {
        struct stat st;

        if (image->type == IMAGE_DISK && fstat(image->fd, &st) >= 0)
                announce_copy("The disk image", image, (uint64_t) st.st_blocks * 512);
}

/* Of an image in use, whose machine is held still as long as what it has of its own is copied. */
static int take_live(const Image *image, const char *machine, const char *name, Error **reterr) {
        _cleanup_(store_freep) Store *store = NULL;
        _cleanup_(layer_freep) Layer *layer = NULL;
        LiveCopy copy = { .machine = machine, .image = image };
        uint64_t bytes, files;
        int r;

        r = store_of_image(image, true, &store, reterr);
        if (r < 0)
                return r;
        copy.store = store;
        if (live_copy_size(&copy, &bytes, &files) >= 0)
                announce_copy("What the running machine has written to", image, bytes);
        r = live_copy(&copy, &layer, reterr);
        return r < 0 ? r : snapshot_make_of_layer(image, name, layer, reterr);
}

static int take_snapshot(const Image *image, const char *name, Error **reterr) {
        _cleanup_(image_lock_releasep) ImageLock *lock = NULL;
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_free_ char *machine = NULL;
        int r = snapshot_check_new(image, name, reterr);

        if (r < 0)
                return r;
        /* of a subvolume, btrfs has all at one moment, whoever writes; who only reads does not see a layer being sealed */
        if (image->type != IMAGE_SUBVOLUME)
                r = image_claim(image, true, &lock, &error);
        if (r == -EBUSY && image->type != IMAGE_DISK && live_writer(image, &machine, NULL) > 0)
                return take_live(image, machine, name, reterr);
        if (r < 0)
                return error_pass(reterr, r, &error);
        announce_disk(image);
        return snapshot_make(image, name, NULL, reterr);
}

/* name: NULL for one of its own. */
static int find_and_take(const char *of, const char *name, Error **reterr) {
        _cleanup_(image_freep) Image *image = NULL;
        _cleanup_free_ char *chosen = NULL;
        int r = image_find(of, &image, reterr);

        if (r >= 0 && !name)
                r = snapshot_name_new(image, &chosen, reterr);
        if (r >= 0)
                r = take_snapshot(image, name ?: chosen, reterr);
        if (r >= 0)
                puts(name ?: chosen);
        return r;
}

int verb_snapshot(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        const char *name;
        int r;

        r = verb_operands(&args, 1, 2, reterr);
        name = r >= 0 && args.n_operands == 2 ? args.operands[1] : NULL;
        if (name)
                r = snapshot_name_check(name, reterr);
        if (r < 0)
                return r;
        for (unsigned tries = 0;;) {
                _cleanup_(error_freep) Error *error = NULL;

                r = find_and_take(args.operands[0], name, &error);
                if (!image_try_again(r, &tries))
                        return error_pass(reterr, r, &error);
        }
}

/* ---- listing ---- */

static json_t *snapshot_to_json(const Image *image, const Snapshot *s) {
        uint64_t size;

        return json_pack("{s:s, s:I, s:o, s:o, s:b}", "name", s->name, "made_usec", (json_int_t) s->made_usec,
                         "size", snapshot_size(image, s, &size) >= 0 ? json_integer((json_int_t) size) : json_null(),
                         "on", json_text(s->on), "current", (int) s->current);
}

static int print_json(const Image *image, Snapshot *const *list, size_t n, Error **reterr) {
        json_t *all = json_array();

        for (size_t i = 0; i < n; i++)
                if (json_array_append_new(all, snapshot_to_json(image, list[i])) < 0) {
                        json_decref(all);
                        return error_oom(reterr);
                }
        return json_print(all, reterr);
}

static int add_row(Table *t, const Image *image, const Snapshot *s) {
        time_t made = (time_t) (s->made_usec / 1000000);
        char when[64] = "", size[SIZE_TEXT_MAX] = "";
        uint64_t bytes;
        struct tm tm;

        if (localtime_r(&made, &tm))
                strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S", &tm);
        if (snapshot_size(image, s, &bytes) >= 0)
                size_text(bytes, size);
        return table_add(t, (const char *[]){ s->name, when, size, s->on, s->current ? "yes" : "" });
}

static int print_table(const Image *image, Snapshot *const *list, size_t n, bool plain, Error **reterr) {
        _cleanup_(table_freep) Table *t = table_new(headings);

        if (!t)
                return error_oom(reterr);
        for (size_t i = 0; i < n; i++)
                if (add_row(t, image, list[i]) < 0)
                        return error_oom(reterr);
        if (plain)
                table_print(t, stdout, true);
        else
                table_print_or(t, "No snapshots.", stdout);
        return 0;
}

int verb_snapshot_list(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        _cleanup_(image_freep) Image *image = NULL;
        bool plain = false, quiet = false;
        Snapshot **list = NULL;
        size_t n = 0;
        int r;

        while ((r = verb_next(&args, reterr)) > 0)
                *(r == 'q' ? &quiet : &plain) = true;
        if (r >= 0)
                r = verb_check_operands(&args, 1, 1, reterr);
        if (r >= 0)
                r = image_find(args.operands[0], &image, reterr);
        if (r >= 0)
                r = snapshot_list(image, &list, &n, reterr);
        if (r < 0)
                return r;
        if (args.json)
                r = print_json(image, list, n, reterr);
        else if (quiet)
                for (size_t i = 0; i < n; i++)
                        puts(list[i]->name);
        else
                r = print_table(image, list, n, plain, reterr);
        snapshot_list_free(list, n);
        return r;
}

/* ---- removing ---- */

int verb_snapshot_remove(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        _cleanup_(image_freep) Image *image = NULL;
        int removed = 0, r;

        r = verb_operands(&args, 2, -1, reterr);
        if (r >= 0)
                r = image_find(args.operands[0], &image, reterr);
        while (r >= 0 && removed + 1 < args.n_operands) {
                r = snapshot_remove(image, args.operands[removed + 1], reterr);
                removed += r >= 0;
        }
        if (removed > 0)
                store_sweep_behind(image);
        return r;
}

/* ---- rolling back ---- */

/* What the image has written since it stands on what it stands on: of an image on layers, its own one. */
static void say_what_goes(const Image *image, const Snapshot *snapshot) {
        char text[SIZE_TEXT_MAX] = "";
        uint64_t bytes, files;

        if (image->type == IMAGE_LAYERED && tree_size(image->fd, &bytes, &files) >= 0)
                log_info("'%s' is what it was in the snapshot '%s'; what it had since is discarded (%s)", image->name, snapshot->name,
                         size_text(bytes, text));
        else
                log_info("'%s' is what it was in the snapshot '%s'; what it had since is discarded", image->name, snapshot->name);
}

static int roll_back(const Image *image, const char *name, Error **reterr) {
        _cleanup_(image_lock_releasep) ImageLock *lock = NULL;
        _cleanup_(snapshot_freep) Snapshot *snapshot = NULL;
        int r;

        r = image_claim(image, false, &lock, reterr);
        if (r >= 0)
                r = snapshot_find(image, name, &snapshot, reterr);
        if (r < 0)
                return r;
        announce_disk(image);
        r = snapshot_rollback(image, snapshot, NULL, reterr);
        if (r >= 0)
                say_what_goes(image, snapshot);
        return r;
}

int verb_rollback(int argc, char **argv, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        _cleanup_(image_freep) Image *image = NULL;
        int r;

        r = verb_operands(&args, 1, 2, reterr);
        if (r >= 0)
                r = image_find(args.operands[0], &image, reterr);
        if (r >= 0)
                r = roll_back(image, args.n_operands > 1 ? args.operands[1] : NULL, reterr);
        if (r >= 0)
                store_sweep_behind(image);
        return r;
}
