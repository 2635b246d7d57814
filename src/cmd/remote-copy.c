/* SPDX-License-Identifier: GPL-2.0-or-later */

/* copy-to and copy-from with the files here and the machine there: the two processes of a copy (machine/copy-across.h) are on two hosts, and
 * what is between them goes through the connection as frames. What becomes of what, and in which place, is decided as for a machine of
 * this host: by who writes. A tar of the user's own ("-") is passed on as it comes. */

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "copy-say.h"
#include "mount.h"
#include "parcel-attributes.h"
#include "parcel-frames.h"
#include "parcel-read.h"
#include "parcel-write.h"
#include "remote.h"
#include "strv.h"

typedef struct RemoteCopy {
        bool into, force, privileges;
        char **paths;
        size_t n_paths;
        const char *target;
        char **names;     /* of what is to come */
        const char *where;
        int fd;           /* of the connection's process */
        ParcelTally *tally; /* shared */
} RemoteCopy;

static int send_paths(ParcelPipe *p, const RemoteCopy *c, Error **reterr) {
        Parcel answer;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < c->n_paths; i++)
                r = parcel_read(p, &(ParcelRead){ .path = c->paths[i], .target = c->target, .flags = c->n_paths > 1 ? PARCEL_INSIDE : 0 }, reterr);
        if (r >= 0)
                r = parcel_send(p, &(Parcel){ .head = { .kind = PARCEL_END }, .fd = -1 }, reterr);
        return r < 0 ? r : parcel_receive(p, &answer, reterr);
}

static int frames(ParcelPipe *p, const RemoteCopy *c, Error **reterr) {
        ParcelFrames q = { .fd = c->fd, .name = c->where, .target = c->target, .flags = c->n_paths > 1 ? PARCEL_INSIDE : 0, .names = c->names };

        return c->into ? parcel_frames_write(p, &q, reterr) : parcel_frames_read(p, &q, reterr);
}

static int files(ParcelPipe *p, const RemoteCopy *c, Error **reterr) {
        return c->into ? send_paths(p, c, reterr) : parcel_write(p, &(ParcelWrite){ .force = c->force, .drop_privileges = !c->privileges }, reterr);
}

/* Nothing that is put in a file's place meanwhile is opened as a device, as far as we may see to that. */
static void leave_devices_alone(void) {
        struct mount_attr attr = { .attr_set = MOUNT_ATTR_NODEV };

        if (geteuid() == 0 && mount_own_namespace() >= 0)
                (void) mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &attr, sizeof(attr));
}

/* One of the two ends of the socket; what goes wrong in the other comes by it. */
static int run_part(const RemoteCopy *c, int sock, int (*part)(ParcelPipe *p, const RemoteCopy *c, Error **reterr), Error **reterr) {
        ParcelPipe pipe;
        int r = parcel_pipe_init(&pipe, sock, c->tally, reterr);

        if (r >= 0)
                r = part(&pipe, c, reterr);
        if (r < 0)
                parcel_send_failure(&pipe, r, reterr ? *reterr : NULL);
        parcel_pipe_done(&pipe);
        return r;
}

/* Our files are a process's of its own, as the two wait for each other. */
static int copy_here(const RemoteCopy *c, Error **reterr) {
        int pair[2], r;
        pid_t pid;

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return error_errno(reterr, errno, "Cannot make a socket pair");
        pid = fork();
        if (pid == 0) {
                _cleanup_(error_freep) Error *error = NULL;

                close_fd(pair[0]);
                close_fd(c->fd);
                leave_devices_alone();
                umask(0);
                _exit(run_part(c, pair[1], files, &error) < 0);
        }
        close_fd(pair[1]);
        r = pid < 0 ? error_errno(reterr, errno, "Cannot fork") : run_part(c, pair[0], frames, reterr);
        close_fd(pair[0]);
        while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
                ;
        return r;
}

/* ---- the connection ---- */

static int connect_to(const Remote *r, const Verb *verb, char *const *words, RemoteCopy *c, pid_t *ret_pid, Error **reterr) {
        int ends[2], k;

        if (pipe2(ends, O_CLOEXEC) < 0)
                return error_errno(reterr, errno, "Cannot make a pipe");
        k = remote_start(r, verb, words, c->into ? ends[0] : -1, c->into ? -1 : ends[1], ret_pid, reterr);
        close_fd(ends[c->into ? 0 : 1]);
        c->fd = ends[c->into ? 1 : 0];
        if (k < 0)
                c->fd = close_fd(c->fd);
        return k;
}

/* Where both ends have failed, the other has said why, and what is said here is what came of it. */
static int copy(const Remote *r, const Verb *verb, char *const *words, RemoteCopy *c, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        int k, status;
        pid_t pid;

        c->where = r->host ?: r->machine;
        k = connect_to(r, verb, words, c, &pid, reterr);
        if (k < 0)
                return k;
        k = copy_here(c, &error);
        c->fd = close_fd(c->fd);
        status = remote_wait(pid, reterr);
        if (status < 0)
                return status;
        if (k < 0 && (status == 0 || (k != -EPIPE && k != -EPROTO)))
                return error_pass(reterr, k, &error);
        if (k >= 0)
                copy_say_all(c->tally);
        return status;
}

/* ---- its words ---- */

static int split_operands(const Verb *verb, const RemoteWords *w, RemoteCopy *c, Error **reterr) {
        size_t n = strv_length(w->operands);
        VerbArgs args = { .verb = verb, .operands = w->operands, .n_operands = (int) n };
        int r = verb_check_operands(&args, 2, -1, reterr);

        if (r < 0)
                return r;
        c->paths = w->operands + 1;
        c->n_paths = n == 2 ? 1 : n - 2;
        c->target = w->operands[n - 1];
        return 0;
}

/* The last component of each, as who reads there will call it; "" for "/", which has no name. */
static int name_all(RemoteCopy *c, Error **reterr) {
        for (size_t i = 0; i < c->n_paths; i++) {
                ParcelSplit split = {};
                int r = parcel_split(c->paths[i], &split);

                if (r >= 0)
                        r = strv_append(&c->names, split.name);
                parcel_split_done(&split);
                if (r < 0)
                        return error_oom(reterr);
        }
        return 0;
}

static int copy_shared(const Remote *r, const Verb *verb, char *const *words, RemoteCopy *c, Error **reterr) {
        int k;

        c->tally = mmap(NULL, sizeof(*c->tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (c->tally == MAP_FAILED)
                return error_oom(reterr);
        k = copy(r, verb, words, c, reterr);
        (void) munmap(c->tally, sizeof(*c->tally));
        return k;
}

int remote_copy(const Remote *r, const Verb *verb, int argc, char **argv, Error **reterr) {
        RemoteCopy c = { .into = strcmp(verb->name, "copy-to") == 0, .force = verb_option_given(verb, argc, argv, "force"),
                         .privileges = verb_option_given(verb, argc, argv, "privileges"), .fd = -1 };
        _cleanup_(remote_words_done) RemoteWords w = {};
        _cleanup_strv_ char **words = NULL, **names = NULL;
        int k = remote_words_split(verb, argc, argv, &w, reterr);

        if (k >= 0)
                k = split_operands(verb, &w, &c, reterr);
        if (k < 0)
                return k;
        if (strcmp(c.into ? c.paths[0] : c.target, "-") == 0)
                return remote_pass_on(r, verb, c.into ? REMOTE_READS | REMOTE_STREAM_IN : REMOTE_STREAM_OUT, argc, argv, reterr);
        if (!c.into)
                k = name_all(&c, reterr);
        names = c.names;
        if (k >= 0)
                k = remote_put_together(c.into ? "__copy-to" : "__copy-from", w.options, NULL, (const char *const *) w.operands, &words, reterr);
        return k < 0 ? k : copy_shared(r, verb, words, &c, reterr);
}
