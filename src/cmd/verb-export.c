/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <string.h>

#include "export-output.h"
#include "export.h"
#include "lock.h"
#include "log.h"
#include "mount.h"
#include "parse.h"
#include "raw-image.h"
#include "still.h"
#include "transfer-show.h"
#include "verb-list.h"

/* nbox export NAME [FILE|-], and machinectl's export-tar and export-raw, which are the same with the kind said by the word. */

enum { OPT_FORMAT = 256, OPT_FORCE, OPT_SNAPSHOT, OPT_FILESYSTEM, OPT_SIZE };

const VerbOption export_options[] = {
        { { .name = "format", .placeholder = "FORMAT" }, OPT_FORMAT, "What to write, if the file's name does not say it: tar, tar.gz, …, oci, oci.tar" },
        { { .name = "force" }, OPT_FORCE, "Write it in place of a file that is there" },
        { { .name = "snapshot", .placeholder = "SNAPSHOT" }, OPT_SNAPSHOT, "Not what it is now, but what it was then" },
        { { .name = "filesystem", .placeholder = "ext4|btrfs|xfs" }, OPT_FILESYSTEM,
          "Of a disk image: the file system in it, ext4 if nothing is said" },
        { { .name = "size", .placeholder = "SIZE" }, OPT_SIZE, "Of a disk image: how large, if not what is needed and some room" },
        {},
};

typedef struct ExportRequest {
        const char *name, *snapshot;
        ExportOutput output;
        const ExportFormat *format;
        Compression compression;
        const char *filesystem;
        uint64_t size;
} ExportRequest;

static const ExportFormat *format_by_name(const char *name) {
        const ExportFormat *f = export_formats;

        while (f->name && strcmp(f->name, name) != 0)
                f++;
        return f->name ? f : NULL;
}

static int unknown_suffix(const ExportRequest *q, Error **reterr) {
        error_set(reterr, EINVAL, "What to write is not said by the name '%s'", q->output.path);
        return error_hint(reterr, -EINVAL, "Give it a suffix that does, such as .tar.zst, or say --format=tar.");
}

/* word: of --format=, or NULL; kind: what the verb says, or NULL. */
static int choose_format(ExportRequest *q, const char *word, const char *kind, Error **reterr) {
        const char *path = q->output.path;
        const ExportFormat *by_suffix = export_format_by_suffix(path, &q->compression);
        int r;

        q->format = kind ? format_by_name(kind) : by_suffix;
        if (!by_suffix && kind)
                q->compression = compression_by_suffix(path);
        r = word ? export_format_parse(word, &q->format, &q->compression, reterr) : 0;
        if (r < 0)
                return r;
        if (!q->format && (word || strcmp(path, "-") == 0))
                q->format = format_by_name("tar");
        if (!q->format)
                return unknown_suffix(q, reterr);
        if (q->compression != COMPRESS_NONE && !q->format->compresses && !q->format->compresses_parts)
                return error_set(reterr, EINVAL, "The format %s is not compressed as a whole", q->format->name);
        return 0;
}

static int check_disk(const ExportRequest *q, Error **reterr) {
        if ((q->filesystem || q->size > 0) && !q->format->makes_disks)
                return error_set(reterr, EINVAL, "--filesystem= and --size= are for disk images, as in --format=raw; not for %s",
                                 q->format->name);
        return q->filesystem ? raw_filesystem_check(q->filesystem, reterr) : 0;
}

static int parse(int argc, char **argv, const char *kind, ExportRequest *q, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        const char *word = NULL;
        int r;

        while ((r = verb_next(&args, reterr)) > 0)
                switch (r) {
                case OPT_FORMAT:
                        word = args.value;
                        break;
                case OPT_FORCE:
                        q->output.force = true;
                        break;
                case OPT_FILESYSTEM:
                        q->filesystem = args.value;
                        break;
                case OPT_SIZE:
                        if (parse_size(args.value, &q->size) < 0 || q->size == 0)
                                return error_set(reterr, EINVAL, "'%.80s' is no size for a disk image", args.value);
                        break;
                default:
                        q->snapshot = args.value;
                }
        if (r >= 0)
                r = verb_check_operands(&args, 1, 2, reterr);
        if (r < 0)
                return r;
        q->name = args.operands[0];
        q->output.path = args.n_operands > 1 ? args.operands[1] : "-";
        r = choose_format(q, word, kind, reterr);
        if (r >= 0)
                r = check_disk(q, reterr);
        if (r >= 0)
                q->output.directory = q->format->is_directory;
        return r;
}

/* Another command may seal the image between our finding and holding it. */
static int find_and_hold(const ExportRequest *q, Image **ret_image, StillImage **ret, Error **reterr) {
        for (unsigned tries = 0;;) {
                _cleanup_(error_freep) Error *error = NULL;
                _cleanup_(image_freep) Image *image = NULL;
                int r = image_find(q->name, &image, &error);

                if (r >= 0)
                        r = still_open(&(StillWish){ .image = image, .snapshot = q->snapshot, .no_tree = q->format->takes_disks }, ret, &error);
                if (r >= 0)
                        *ret_image = TAKE_PTR(image);
                if (!image_try_again(r, &tries))
                        return error_pass(reterr, r, &error);
        }
}

static int write_shown(const ExportRequest *q, const Image *image, StillImage *still, Error **reterr) {
        _cleanup_(transfer_show_end) TransferShow show = {};
        ExportJob job = { .image = image, .still = still, .format = q->format, .compression = q->compression, .fd = q->output.fd,
                          .is_stream = q->output.is_stream, .path = export_output_text(&q->output), .filesystem = q->filesystem,
                          .size = q->size, .watch = &show.watch };
        int r = transfer_show_begin(&show, "Exporting", image->path, still->bytes, still->files, reterr);

        if (r < 0)
                return r;
        transfer_show_mark(&show, strcmp(q->format->name, "raw") == 0 ? "export-raw" : "export-tar", image->name, job.path);
        return q->format->write(&job, reterr);
}

static int write_image(ExportRequest *q, Error **reterr) {
        _cleanup_(image_freep) Image *image = NULL;
        _cleanup_(still_image_freep) StillImage *still = NULL;
        int r = find_and_hold(q, &image, &still, reterr);

        if (r >= 0)
                r = write_shown(q, image, still, reterr);
        if (r >= 0)
                r = export_output_finish(&q->output, reterr);
        if (r >= 0 && !q->output.is_stream)
                log_info("Wrote %s: %s as %s%s%s.", q->output.path, image->path, q->format->name, q->compression != COMPRESS_NONE ? ", " : "",
                         q->compression != COMPRESS_NONE ? compression_name(q->compression) : "");
        return r;
}

/* Whenever a signal comes, what was made on the way is removed. */
static int export(ExportRequest *q, Error **reterr) {
        sigset_t old;
        int r = export_output_open(&q->output, reterr);

        if (r < 0)
                return r;
        (void) signal(SIGPIPE, SIG_IGN); /* who no longer reads is an error like others */
        transfer_signals_hold(&old);
        r = mount_own_namespace();
        r = r < 0 ? error_errno(reterr, r, "Cannot make a mount namespace") : write_image(q, reterr);
        export_output_done(&q->output);
        transfer_signals_release(&old);
        return r;
}

static int run(int argc, char **argv, const char *kind, Error **reterr) {
        ExportRequest q = {};
        int r = parse(argc, argv, kind, &q, reterr);

        return r < 0 ? r : export(&q, reterr);
}

int verb_export(int argc, char **argv, Error **reterr) {
        return run(argc, argv, NULL, reterr);
}

int verb_export_raw(int argc, char **argv, Error **reterr) {
        return run(argc, argv, "raw", reterr);
}

int verb_export_tar(int argc, char **argv, Error **reterr) {
        return run(argc, argv, "tar", reterr);
}
