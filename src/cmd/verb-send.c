/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <string.h>

#include "image-names.h"
#include "lock.h"
#include "log.h"
#include "mount.h"
#include "name.h"
#include "send.h"
#include "still.h"
#include "transfer-show.h"
#include "verb-list.h"

/* nbox send NAME: a machine into a pipe, for `nbox receive` at its other end. */

enum { OPT_COMPRESS = 256 };

const VerbOption send_options[] = {
        { { .name = "compress", .placeholder = "zstd|no" }, OPT_COMPRESS, "Compress the stream; not if nothing is said" },
        {},
};

static int parse_compression(const char *text, Compression *ret, Error **reterr) {
        if (strcmp(text, "zstd") != 0 && strcmp(text, "no") != 0) {
                error_set(reterr, EINVAL, "'%.40s' is no way to compress a stream", text);
                return error_hint(reterr, -EINVAL, "There are --compress=zstd and --compress=no.");
        }
        *ret = strcmp(text, "zstd") == 0 ? COMPRESS_ZSTD : COMPRESS_NONE;
        return 0;
}

static int refuse_terminal(const char *name, Error **reterr) {
        if (!isatty(STDOUT_FILENO))
                return 0;
        error_set(reterr, EINVAL, "A machine is not written to a terminal");
        return error_hint(reterr, -EINVAL, "`nbox send %s | ssh HOST nbox receive` moves it to another host.", name);
}

/* What of it stays behind, and where it is. */
/* A file, or a directory of drop-ins. */
static bool is_sent(const SettingsFile *settings, const char *path) {
        size_t n = strlen(path);

        for (char **source = settings ? settings->sources : NULL; source && *source; source++)
                if (strncmp(*source, path, n) == 0 && ((*source)[n] == 0 || (*source)[n] == '/'))
                        return true;
        return false;
}

static void say_what_stays(const ImageNames *n, const SettingsFile *settings) {
        for (char **path = n->settings; path && *path; path++)
                if (!is_sent(settings, *path))
                        log_info("Not sent: %s", *path);
        for (char **path = n->beside; path && *path; path++)
                if (!is_sent(settings, *path))
                        log_info("Not sent: %s%s", *path, strstr(*path, "/snapshots/") ? " (snapshots)" : "");
}

static int send_still(SendRequest *q, PackResult *ret, Error **reterr) {
        _cleanup_(transfer_show_end) TransferShow show = {};
        _cleanup_free_ char *what = NULL;
        int r;

        if (asprintf(&what, "'%s'", q->machine) < 0)
                return error_oom(reterr);
        r = transfer_show_begin(&show, "Sending", what, q->still->bytes, q->still->files, reterr);
        if (r < 0)
                return r;
        q->watch = &show.watch;
        return machine_send(q, STDOUT_FILENO, ret, reterr);
}

/* As it is now: what another command has just changed is looked for anew. */
static int find_still(const char *name, Image **ret, StillImage **ret_still, Error **reterr) {
        for (unsigned tries = 0;;) {
                _cleanup_(still_image_freep) StillImage *still = NULL;
                _cleanup_(error_freep) Error *error = NULL;
                _cleanup_(image_freep) Image *image = NULL;
                int r = image_find(name, &image, &error);

                if (r >= 0)
                        r = still_open(&(StillWish){ .image = image, .no_tree = true }, &still, &error);
                if (r >= 0) {
                        *ret = TAKE_PTR(image);
                        *ret_still = TAKE_PTR(still);
                }
                if (!image_try_again(r, &tries))
                        return error_pass(reterr, r, &error);
        }
}

static int find_names(const char *name, ImageNames *ret, Error **reterr) {
        _cleanup_(image_entry_freep) ImageEntry *e = NULL;

        /* a directory, or one that came with the system: nothing on this host bears its name */
        return image_entry_find(name, &e, NULL) < 0 ? 0 : image_names_find(e, ret, reterr);
}

static int find_settings(const Image *image, const char *machine, SettingsFile *ret, Error **reterr) {
        _cleanup_free_ char *directory = strndup(image->path, (size_t) (strrchr(image->path, '/') - image->path));

        return directory ? settings_file_find(machine, directory, ret, reterr) : error_oom(reterr);
}

static int send_with_settings(const Image *image, const StillImage *still, const char *name, Compression compression, Error **reterr) {
        _cleanup_(settings_file_done) SettingsFile settings = {};
        _cleanup_(image_names_done) ImageNames names = {};
        _cleanup_free_ char *machine = NULL;
        SendRequest q = { .still = still, .compression = compression };
        PackResult result;
        int r = machine_name_from_path(image->name, &machine, reterr);

        if (r >= 0)
                r = find_names(name, &names, reterr);
        if (r >= 0)
                r = find_settings(image, machine, &settings, reterr);
        if (r < 0)
                return r;
        q.machine = machine;
        q.settings = r > 0 ? &settings : NULL;
        q.enabled = image_names_enabled(&names);
        r = send_still(&q, &result, reterr);
        if (r < 0)
                return r;
        if (result.changed > 0)
                log_warning("%llu files changed while they were read", (unsigned long long) result.changed);
        say_what_stays(&names, q.settings);
        log_info("Sent '%s'. It is here, too, and is the same machine: run one of the two", machine);
        return 0;
}

static int hold_and_send(const char *name, Compression compression, Error **reterr) {
        _cleanup_(image_freep) Image *image = NULL;
        _cleanup_(still_image_freep) StillImage *still = NULL; /* goes before the image */
        int r = mount_own_namespace();

        if (r < 0)
                return error_errno(reterr, r, "Cannot make a mount namespace");
        r = find_still(name, &image, &still, reterr);
        return r < 0 ? r : send_with_settings(image, still, name, compression, reterr);
}

/* Whenever a signal comes, what was copied of a running machine is removed. */
static int send_image(const char *name, Compression compression, Error **reterr) {
        sigset_t old;
        int r;

        transfer_signals_hold(&old);
        r = hold_and_send(name, compression, reterr);
        transfer_signals_release(&old);
        return r;
}

int verb_send(int argc, char **argv, Error **reterr) {
        Compression compression = COMPRESS_NONE;
        VerbArgs args = verb_args(argc, argv);
        int r;

        while ((r = verb_next(&args, reterr)) > 0) {
                r = parse_compression(args.value, &compression, reterr);
                if (r < 0)
                        return r;
        }
        if (r >= 0)
                r = verb_check_operands(&args, 1, 1, reterr);
        if (r >= 0)
                r = refuse_terminal(args.operands[0], reterr);
        if (r < 0)
                return r;
        (void) signal(SIGPIPE, SIG_IGN); /* who reads may end first */
        return send_image(args.operands[0], compression, reterr);
}
