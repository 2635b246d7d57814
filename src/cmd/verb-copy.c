/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "copy-across.h"
#include "copy-place.h"
#include "copy-say.h"
#include "log.h"
#include "parcel-frames.h"
#include "parcel-read.h"
#include "parcel-tar.h"
#include "parcel-write.h"
#include "path.h"
#include "transfer-show.h"
#include "verb-list.h"

/* nbox copy-to NAME PATH… [DEST], nbox copy-from NAME PATH… [DEST]. "-" is a tar stream. What is what is machinectl's: DEST is the name
 * that the copy gets, and a directory is merged into one that is there. Beyond that, a file goes into a directory, and of several paths
 * all do. */

enum { OPT_FORCE = 256, OPT_PRIVILEGES };

const VerbOption copy_to_options[] = {
        { { .name = "force" }, OPT_FORCE, "Replace files that are there" },
        {},
};

const VerbOption copy_from_options[] = {
        { { .name = "force" }, OPT_FORCE, "Replace files that are there" },
        { { .name = "privileges" }, OPT_PRIVILEGES, "Keep set-user-ID and set-group-ID of files, and their capabilities" },
        {},
};

typedef struct CopyRequest {
        bool into, force, privileges;
        bool is_framed;      /* the host's side is another host's, at our standard input or output (remote-copy.c) */
        const char *name;
        char **paths;
        size_t n_paths;
        const char *target;
        bool is_inside;      /* target is a directory that gets all of them */
        bool is_stream;      /* the host's side is a tar */
        CopyPlace place;
} CopyRequest;

/* ---- what is asked ---- */

static int check_inside(const char *path, Error **reterr) {
        return *path == '/' ? 0 : error_set(reterr, EINVAL, "'%s' is to be a path in the machine: an absolute one", path);
}

static int check_stream(const CopyRequest *q, Error **reterr) {
        if (q->into && q->n_paths > 1)
                return error_set(reterr, EINVAL, "- is standard input, a tar: nothing else can be copied with it");
        if (!isatty(q->into ? STDIN_FILENO : STDOUT_FILENO))
                return 0;
        error_set(reterr, EINVAL, q->into ? "A tar does not come from a terminal" : "A tar is nothing for a terminal to show");
        return error_hint(reterr, -EINVAL, "Let it %s a file or a pipe.", q->into ? "come from" : "go to");
}

static int check(const CopyRequest *q, Error **reterr) {
        int r = q->into ? check_inside(q->target, reterr) : 0;

        for (size_t i = 0; r >= 0 && i < q->n_paths; i++)
                r = q->into ? 0 : check_inside(q->paths[i], reterr);
        return r >= 0 && q->is_stream ? check_stream(q, reterr) : r;
}

static int parse(int argc, char **argv, CopyRequest *q, Error **reterr) {
        VerbArgs args = verb_args(argc, argv);
        int r;

        while ((r = verb_next(&args, reterr)) > 0) {
                q->force = q->force || r == OPT_FORCE;
                q->privileges = q->privileges || r == OPT_PRIVILEGES;
        }
        if (r >= 0)
                r = verb_check_operands(&args, 2, -1, reterr);
        if (r < 0)
                return r;
        q->name = args.operands[0];
        q->paths = args.operands + 1;
        q->n_paths = args.n_operands == 2 ? 1 : (size_t) args.n_operands - 2;
        q->target = args.operands[args.n_operands - 1];
        q->is_stream = args.n_operands > 2 && strcmp(q->into ? q->paths[0] : q->target, "-") == 0;
        q->is_inside = q->n_paths > 1;
        return check(q, reterr);
}

/* ---- the two processes ---- */

static int send_paths(ParcelPipe *p, const CopyRequest *q, Error **reterr) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < q->n_paths; i++)
                r = parcel_read(p, &(ParcelRead){ .path = q->paths[i], .target = q->target, .flags = q->is_inside ? PARCEL_INSIDE : 0,
                                                  .is_guest = !q->into, .base = q->into ? q->place.inside.uid_base : 0,
                                                  .range = q->into ? q->place.uid_range : 0 },
                                reterr);
        return r;
}

static int send_all(ParcelPipe *p, void *userdata, Error **reterr) {
        const CopyRequest *q = userdata;
        Parcel answer;
        int r;

        if (q->into && q->is_stream)
                r = parcel_untar(p, &(ParcelUntar){ .fd = STDIN_FILENO, .name = "standard input", .target = q->target,
                                                    .range = q->place.uid_range }, reterr);
        else
                r = send_paths(p, q, reterr);
        if (r >= 0)
                r = parcel_send(p, &(Parcel){ .head = { .kind = PARCEL_END }, .fd = -1 }, reterr);
        return r < 0 ? r : parcel_receive(p, &answer, reterr);
}

static int receive_all(ParcelPipe *p, void *userdata, Error **reterr) {
        const CopyRequest *q = userdata;

        if (!q->into && q->is_stream)
                return parcel_tar(p, STDOUT_FILENO, "standard output", reterr);
        return parcel_write(p, &(ParcelWrite){ .force = q->force, .is_guest = q->into, .is_archive = q->is_stream,
                                               .drop_privileges = !q->into && !q->privileges },
                            reterr);
}

static int pass_frames(ParcelPipe *p, void *userdata, Error **reterr) {
        const CopyRequest *q = userdata;

        if (!q->into)
                return parcel_frames_write(p, &(ParcelFrames){ .fd = STDOUT_FILENO, .name = "standard output" }, reterr);
        return parcel_frames_read(p, &(ParcelFrames){ .fd = STDIN_FILENO, .name = "standard input", .target = q->target,
                                                      .flags = q->is_inside ? PARCEL_INSIDE : 0, .base = q->place.inside.uid_base,
                                                      .range = q->place.uid_range },
                                  reterr);
}

/* ---- what is said ---- */

static void say(uint64_t n, const char *one, const char *many) {
        if (n == 1)
                log_warning("%s", one);
        else if (n > 1)
                log_warning("%" PRIu64 " %s", n, many);
}

void copy_say_all(const ParcelTally *t) {
        say(t->kept, "A file was there already, and stays; --force replaces it",
            "files were there already, and stay; --force replaces them");
        say(t->devices, "A device was left out", "devices were left out");
        say(t->sockets, "A socket was left out", "sockets were left out");
        say(t->mounts, "A file system of the kernel's (as /proc is one) was left out",
            "file systems of the kernel's (as /proc is one) were left out");
        say(t->unreadable, "A file of the kernel's could not be read, and was left out",
            "files of the kernel's could not be read, and were left out");
        say(t->strangers, "An owner or group is none that the machine has: root in the copy",
            "owners or groups are none that the machine has: root in the copy");
        say(t->privileges,
            "A file has lost set-user-ID, set-group-ID or capabilities, for the machine could have made it; --privileges keeps them",
            "files have lost set-user-ID, set-group-ID or capabilities, for the machine could have made them; --privileges keeps them");
        say(t->owners, "A file could not be given its owner", "files could not be given their owners");
        say(t->attributes, "An attribute could not be kept where the copy is", "attributes could not be kept where the copy is");
        say(t->changed, "A file changed while it was copied", "files changed while they were copied");
}

/* ---- the verbs ---- */

static int copy_shown(CopyRequest *q, Error **reterr) {
        _cleanup_(transfer_show_end) TransferShow show = {};
        ParcelTally tally = {};
        CopyAcross across = { .inside = q->place.inside, .part_inside = q->into ? receive_all : send_all,
                              .part_on_host = q->into ? send_all : receive_all, .is_read_inside = !q->into, .userdata = q };
        int r = transfer_show_begin(&show, "Copying", q->n_paths > 1 || (q->into && q->is_stream) ? q->target : q->paths[0], 0, 0, reterr);

        if (r < 0)
                return r;
        if (q->is_framed)
                across.part_on_host = pass_frames;
        r = copy_across(&across, &show.watch, &tally, reterr);
        transfer_show_end(&show);
        if (r >= 0)
                copy_say_all(&tally);
        return r;
}

static int copy(CopyRequest *q, Error **reterr) {
        sigset_t old;
        int r = copy_place_open(q->name, !q->into, &q->place, reterr);

        if (r < 0)
                return r;
        (void) signal(SIGPIPE, SIG_IGN);
        transfer_signals_hold(&old);
        r = copy_shown(q, reterr);
        copy_place_done(&q->place);
        transfer_signals_release(&old);
        return r;
}

static int run(int argc, char **argv, bool into, bool framed, Error **reterr) {
        CopyRequest q = { .into = into, .is_framed = framed };
        int r = parse(argc, argv, &q, reterr);

        return r < 0 ? r : copy(&q, reterr);
}

int verb_copy_to(int argc, char **argv, Error **reterr) {
        return run(argc, argv, true, false, reterr);
}

int verb_copy_from(int argc, char **argv, Error **reterr) {
        return run(argc, argv, false, false, reterr);
}

int verb_copy_to_framed(int argc, char **argv, Error **reterr) {
        return run(argc, argv, true, true, reterr);
}

int verb_copy_from_framed(int argc, char **argv, Error **reterr) {
        return run(argc, argv, false, true, reterr);
}
