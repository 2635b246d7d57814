/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "archive.h"

/* Our side of the pipe. The process at the other one (archive-child.c) may have been taken over by what it read: each size is checked before
 * it is used, memory is what archive_open() takes and no more, and what is handed out is in the bounds that archive.h promises. */

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "archive-child.h"
#include "archive-record.h"
#include "fd.h"

#define PIPE_SIZE (1 << 20)
#define READ_SIZE (256U << 10)
#define BUFFER_SIZE (RECORD_ENTRY_MAX + READ_SIZE)
#define WATCH_MS 200

struct Archive {
        pid_t pid;
        int pipe;
        char *name;
        ArchiveFormat format;
        bool compressed;
        const CopyWatch *watch;

        char *buffer; /* BUFFER_SIZE; what was read and not used: */
        size_t begin, end;
        uint64_t consumed;

        char *record; /* RECORD_ENTRY_MAX: the entry's */
        ArchiveEntry entry;
        EntryXattr xattrs[ENTRY_XATTRS_MAX];
        bool again, ended, failed;
        char digest[DIGEST_HEX_SIZE];

        size_t left;     /* bytes of a data record that are not handed out */
        uint64_t offset; /* in the file, of what comes next */
};

Archive *archive_free(Archive *a) {
        if (!a)
                return NULL;
        if (a->pid > 0) {
                (void) kill(a->pid, SIGKILL);
                while (waitpid(a->pid, NULL, 0) < 0 && errno == EINTR)
                        ;
        }
        close_fd(a->pipe);
        free(a->name);
        free(a->buffer);
        free(a->record);
        free(a);
        return NULL;
}

void archive_watch(Archive *a, const CopyWatch *watch) {
        a->watch = watch;
}

void archive_again(Archive *a) {
        a->again = true;
}

bool archive_is_compressed(const Archive *a) {
        return a->compressed;
}

const char *archive_digest(const Archive *a) {
        return a->digest;
}

uint64_t archive_consumed(const Archive *a) {
        return a->consumed;
}

/* --- errors --------------------------------------------------------------------------------------------------------- */

static int bad_record(Archive *a, Error **reterr) {
        a->failed = true;
        return error_set(reterr, EBADMSG, "The process that reads %s said what it must not say", a->name);
}

/* It is gone without a last word. */
static int ended_early(Archive *a, Error **reterr) {
        int status = 0;

        a->failed = true;
        while (a->pid > 0 && waitpid(a->pid, &status, 0) < 0 && errno == EINTR)
                ;
        a->pid = 0;
        if (WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF)
                return error_set(reterr, EBADMSG, "%s is damaged: reading it comes to no end", a->name);
        if (WIFSIGNALED(status))
                return error_set(reterr, EBADMSG, "%s is damaged: the process that reads it was ended by signal %d (%s)", a->name,
                                 WTERMSIG(status), strsignal(WTERMSIG(status)));
        return error_set(reterr, EBADMSG, "The process that reads %s has ended too early, with status %d", a->name, WEXITSTATUS(status));
}

/* What the archive's own reader says, and where: the last entry that was whole, or whose contents were being read. */
static int damage_error(Archive *a, const char *what, const char *text, Error **reterr) {
        const char *behind = a->entry.path && a->entry.path[0] ? a->entry.path : NULL;

        return error_set(reterr, EBADMSG, "%s is %s%s%s: %s", a->name, what, behind ? ", at or behind " : "", behind ?: "", text);
}

static int failure_error(Archive *a, const RecordFail *f, const char *text, Error **reterr) {
        const char *name = a->name;

        switch ((Failure) f->failure) {
        case FAIL_SYSTEM:
                if (f->error <= 0 || f->error > 4095)
                        return bad_record(a, reterr);
                return error_errno(reterr, f->error, "Cannot read %s", name);
        case FAIL_LIBRARY:
                error_set(reterr, EOPNOTSUPP, "Cannot load libarchive.so.13, which reads archives, or libgcrypt.so.20, which makes sums of layers");
                return error_hint(reterr, -EOPNOTSUPP, "Install them (packages libarchive13 and libgcrypt20).");
        case FAIL_DAMAGED:
                return damage_error(a, "damaged or cut off", text[0] ? text : "it cannot be read", reterr);
        case FAIL_EMPTY:
                return error_set(reterr, EBADMSG, "%s is empty", name);
        case FAIL_NO_TAR:
                return error_set(reterr, EBADMSG, "%s is no tar", name);
        case FAIL_CUT:
                return damage_error(a, "cut off", "the mark of a tar's end is missing", reterr);
        case FAIL_TRAILING:
                return error_set(reterr, EBADMSG, "%s goes on behind the end of its tar, by far more than padding", name);
        case FAIL_PATH:
                return error_set(reterr, EBADMSG, "%s has an entry whose name or target is longer than %u bytes: %s...", name, ENTRY_PATH_MAX, text);
        case FAIL_XATTRS:
                return error_set(reterr, EBADMSG, "%s has more than %u extended attributes, or one of more than %u bytes, at %s", name,
                                 ENTRY_XATTRS_MAX, ENTRY_XATTR_SIZE_MAX, text);
        case FAIL_METADATA:
                return error_set(reterr, EBADMSG, "%s has more than 1 MiB of extended attributes at %s", name, text);
        case FAIL_OWNER:
                return error_set(reterr, EBADMSG, "%s has an owner that no user's or group's number can be, at %s", name, text);
        case FAIL_SIZE:
                return error_set(reterr, EBADMSG, "%s has a size below zero at %s", name, text);
        case FAIL_KIND:
                return error_set(reterr, EBADMSG, "%s has something of an unknown kind at %s", name, text);
        case _FAILURES:
                break;
        }
        return bad_record(a, reterr);
}

/* --- bytes ---------------------------------------------------------------------------------------------------------- */

/* What the pipe has, into the buffer's rest. */
static int fill(Archive *a, Error **reterr) {
        size_t room = BUFFER_SIZE - a->end;

        for (;;) {
                ssize_t n = read(a->pipe, a->buffer + a->end, room < READ_SIZE ? room : READ_SIZE);

                if (n > 0) {
                        a->end += (size_t) n;
                        return 0;
                }
                if (n == 0)
                        return ended_early(a, reterr);
                if (errno == EAGAIN)
                        (void) poll(&(struct pollfd){ .fd = a->pipe, .events = POLLIN }, 1, WATCH_MS);
                else if (errno != EINTR)
                        return error_errno(reterr, errno, "Cannot read from the process that reads %s", a->name);
                if (a->watch && a->watch->is_cancelled && a->watch->is_cancelled(a->watch->userdata))
                        return error_set(reterr, ECANCELED, "The reading was interrupted");
        }
}

/* The next `size` bytes, at most RECORD_ENTRY_MAX, are in the buffer, in one piece. */
static int need(Archive *a, size_t size, Error **reterr) {
        if (a->begin == a->end)
                a->begin = a->end = 0;
        if (a->end - a->begin >= size)
                return 0;
        if (a->begin > 0) {
                memmove(a->buffer, a->buffer + a->begin, a->end - a->begin);
                a->end -= a->begin;
                a->begin = 0;
        }
        while (a->end < size) {
                int r = fill(a, reterr);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int take(Archive *a, void *to, size_t size, Error **reterr) {
        int r = need(a, size, reterr);

        if (r < 0)
                return r;
        memcpy(to, a->buffer + a->begin, size);
        a->begin += size;
        return 0;
}

static int skip_data(Archive *a, Error **reterr) {
        while (a->left > 0) {
                int r = need(a, 1, reterr);
                size_t n = a->end - a->begin;

                if (r < 0)
                        return r;
                n = n < a->left ? n : a->left;
                a->begin += n;
                a->left -= n;
        }
        return 0;
}

/* --- records -------------------------------------------------------------------------------------------------------- */

/* The head of the next record, with what it may not be sorted out, and failures as errors. */
static int next_head(Archive *a, RecordHead *ret, Error **reterr) {
        char text[RECORD_TEXT_MAX];
        RecordFail fail;
        int r = take(a, ret, sizeof(*ret), reterr);

        if (r < 0)
                return r;
        a->consumed = ret->consumed;
        if (ret->type != RECORD_FAIL)
                return 0;
        a->failed = true;
        if (ret->size <= sizeof(fail) || ret->size > sizeof(fail) + sizeof(text))
                return bad_record(a, reterr);
        r = take(a, &fail, sizeof(fail), reterr);
        if (r >= 0)
                r = take(a, text, ret->size - sizeof(fail), reterr);
        if (r < 0)
                return r;
        text[ret->size - sizeof(fail) - 1] = 0;
        return failure_error(a, &fail, text, reterr);
}

/* A string of `size` bytes with its NUL at *at, and nowhere else. */
static const char *take_string(char **at, const char *end, size_t size) {
        const char *s = *at;

        if (size == 0 || size > (size_t) (end - s) || strnlen(s, size) != size - 1)
                return NULL;
        *at += size;
        return s;
}

static bool parse_xattr(char **at, const char *end, EntryXattr *ret) {
        RecordXattr x;

        if ((size_t) (end - *at) < sizeof(x))
                return false;
        memcpy(&x, *at, sizeof(x));
        *at += sizeof(x);
        ret->name = take_string(at, end, x.name_size);
        if (!ret->name || x.value_size > ENTRY_XATTR_SIZE_MAX || x.value_size > (size_t) (end - *at))
                return false;
        ret->value = *at;
        ret->size = x.value_size;
        *at += x.value_size;
        return true;
}

/* `size` bytes at a->record. */
static bool parse_entry(Archive *a, size_t size) {
        char *at = a->record + sizeof(RecordEntry);
        const char *end = a->record + size;
        ArchiveEntry *e = &a->entry;
        RecordEntry r;

        memcpy(&r, a->record, sizeof(r));
        if (r.kind > ENTRY_BLOCK || r.mode > 07777 || r.uid == UINT32_MAX || r.gid == UINT32_MAX || r.size > INT64_MAX ||
            r.nanoseconds >= 1000000000 || r.n_xattrs > ENTRY_XATTRS_MAX || r.path_size > ENTRY_PATH_MAX + 1 ||
            r.target_size > ENTRY_PATH_MAX + 1 || (r.target_size > 0) != (r.kind == ENTRY_SYMLINK || r.kind == ENTRY_HARD_LINK))
                return false;
        *e = (ArchiveEntry){
                .kind = (EntryKind) r.kind,
                .mode = r.mode,
                .uid = r.uid,
                .gid = r.gid,
                .size = r.size,
                .mtime = { .tv_sec = r.seconds, .tv_nsec = r.nanoseconds },
                .device_major = r.device_major,
                .device_minor = r.device_minor,
                .xattrs = a->xattrs,
                .n_xattrs = r.n_xattrs,
                .acls_left_out = r.acls_left_out,
        };
        e->path = take_string(&at, end, r.path_size);
        if (!e->path)
                return false;
        if (r.target_size > 0) {
                e->target = take_string(&at, end, r.target_size);
                if (!e->target)
                        return false;
        }
        for (size_t i = 0; i < r.n_xattrs; i++)
                if (!parse_xattr(&at, end, &a->xattrs[i]))
                        return false;
        return at == end;
}

static int take_entry(Archive *a, const RecordHead *head, Error **reterr) {
        int r;

        if (head->size < sizeof(RecordEntry) || head->size > RECORD_ENTRY_MAX)
                return bad_record(a, reterr);
        r = take(a, a->record, head->size, reterr);
        if (r < 0)
                return r;
        if (!parse_entry(a, head->size))
                return bad_record(a, reterr);
        a->offset = 0;
        return 1;
}

/* The beginning of a data record, whose head was taken: its bytes are to follow those before them, in the bounds of the file. */
static int begin_data(Archive *a, const RecordHead *head, Error **reterr) {
        uint64_t offset, size;
        int r;

        if (head->size < sizeof(offset) || head->size > sizeof(offset) + RECORD_PIECE_MAX)
                return bad_record(a, reterr);
        r = take(a, &offset, sizeof(offset), reterr);
        if (r < 0)
                return r;
        size = head->size - sizeof(offset);
        if (a->entry.kind != ENTRY_FILE || offset > INT64_MAX || size > (uint64_t) INT64_MAX - offset)
                return bad_record(a, reterr);
        if (offset < a->offset || (a->format == ARCHIVE_TAR && offset + size > a->entry.size)) {
                a->failed = true;
                return error_set(reterr, EBADMSG, "%s is damaged: the contents of %s overlap, or go beyond its size", a->name, a->entry.path);
        }
        a->offset = offset;
        a->left = (size_t) size;
        return 0;
}

/* The last record: of a layer, its digest, which is believed to be one. */
static int take_end(Archive *a, const RecordHead *head, Error **reterr) {
        RecordEnd end;
        int r;

        a->ended = true;
        if (head->size == 0)
                return 0;
        if (head->size != sizeof(end))
                return bad_record(a, reterr);
        r = take(a, &end, sizeof(end), reterr);
        if (r < 0)
                return r;
        if (strnlen(end.digest, sizeof(end.digest)) != DIGEST_HEX_SIZE - 1 || strspn(end.digest, "0123456789abcdef") != DIGEST_HEX_SIZE - 1)
                return bad_record(a, reterr);
        memcpy(a->digest, end.digest, sizeof(a->digest));
        return 0;
}

/* --- what is offered ------------------------------------------------------------------------------------------------ */

static int check_usable(Archive *a, Error **reterr) {
        return a->failed ? error_set(reterr, EBADMSG, "%s cannot be read on", a->name) : 0;
}

int archive_next(Archive *a, const ArchiveEntry **ret, Error **reterr) {
        int r = check_usable(a, reterr);

        if (r < 0 || a->ended)
                return r;
        if (a->again) {
                a->again = false;
                *ret = &a->entry;
                return 1;
        }
        for (;;) {
                RecordHead head;

                r = skip_data(a, reterr);
                if (r >= 0)
                        r = next_head(a, &head, reterr);
                if (r < 0)
                        return r;
                switch ((RecordType) head.type) {
                case RECORD_ENTRY:
                        r = take_entry(a, &head, reterr);
                        *ret = r > 0 ? &a->entry : NULL;
                        return r;
                case RECORD_DATA:
                        r = begin_data(a, &head, reterr);
                        if (r < 0)
                                return r;
                        break;
                case RECORD_END:
                        return take_end(a, &head, reterr);
                case RECORD_BEGIN:
                case RECORD_FAIL:
                default:
                        return bad_record(a, reterr);
                }
        }
}

/* Whether a data record is next; its head is taken then. */
static int next_is_data(Archive *a, RecordHead *ret, Error **reterr) {
        int r = need(a, sizeof(*ret), reterr);

        if (r < 0)
                return r;
        memcpy(ret, a->buffer + a->begin, sizeof(*ret));
        if (ret->type == RECORD_ENTRY || ret->type == RECORD_END)
                return 0;
        r = next_head(a, ret, reterr);
        if (r < 0)
                return r;
        return ret->type == RECORD_DATA ? 1 : bad_record(a, reterr);
}

static int last_hole(Archive *a, const void **ret, size_t *ret_size, uint64_t *ret_offset) {
        if (a->offset >= a->entry.size)
                return 0;
        a->offset = a->entry.size;
        *ret = a->buffer;
        *ret_size = 0;
        *ret_offset = a->offset;
        return 1;
}

int archive_data(Archive *a, const void **ret, size_t *ret_size, uint64_t *ret_offset, Error **reterr) {
        size_t n;
        int r = check_usable(a, reterr);

        if (r < 0 || a->ended || a->entry.kind != ENTRY_FILE)
                return r;
        while (a->left == 0) {
                RecordHead head;

                r = next_is_data(a, &head, reterr);
                if (r == 0)
                        return last_hole(a, ret, ret_size, ret_offset);
                if (r > 0)
                        r = begin_data(a, &head, reterr);
                if (r < 0)
                        return r;
        }
        r = need(a, 1, reterr);
        if (r < 0)
                return r;
        n = a->end - a->begin;
        n = n < a->left ? n : a->left;
        *ret = a->buffer + a->begin;
        *ret_size = n;
        *ret_offset = a->offset;
        a->begin += n;
        a->left -= n;
        a->offset += n;
        return 1;
}

/* --- the beginning -------------------------------------------------------------------------------------------------- */

static int start(Archive *a, int fd, bool is_layer, Error **reterr) {
        pid_t parent = getpid();
        int fds[2];

        if (pipe2(fds, O_CLOEXEC) < 0)
                return error_errno(reterr, errno, "Cannot make a pipe");
        a->pipe = fds[0];
        (void) fcntl(fds[0], F_SETPIPE_SZ, PIPE_SIZE); /* a small one works, too */
        a->pid = fork();
        if (a->pid == 0)
                archive_child(fd, is_layer, fds[1], parent);
        close_fd(fds[1]);
        if (a->pid < 0)
                return error_errno(reterr, errno, "Cannot start a process that reads %s", a->name);
        return fd_set_nonblock(a->pipe, true); /* only our end of it */
}

static int take_begin(Archive *a, Error **reterr) {
        RecordBegin begin;
        RecordHead head;
        int r = next_head(a, &head, reterr);

        if (r < 0)
                return r;
        if (head.type != RECORD_BEGIN || head.size != sizeof(begin))
                return bad_record(a, reterr);
        r = take(a, &begin, sizeof(begin), reterr);
        if (r < 0)
                return r;
        if (begin.format > ARCHIVE_SINGLE)
                return bad_record(a, reterr);
        a->format = (ArchiveFormat) begin.format;
        a->compressed = begin.compressed != 0;
        return 0;
}

static int new_archive(const char *name, Archive **ret, Error **reterr) {
        _cleanup_(archive_freep) Archive *a = calloc(1, sizeof(*a));

        if (!a)
                return error_oom(reterr);
        a->pipe = -1;
        a->entry.kind = ENTRY_DIRECTORY; /* nothing has contents yet */
        a->name = strdup(name);
        a->buffer = malloc(BUFFER_SIZE);
        a->record = malloc(RECORD_ENTRY_MAX);
        if (!a->name || !a->buffer || !a->record)
                return error_oom(reterr);
        *ret = TAKE_PTR(a);
        return 0;
}

int archive_open_records(int pipe, const char *name, Archive **ret, Error **reterr) {
        _cleanup_(archive_freep) Archive *a = NULL;
        int r = new_archive(name, &a, reterr);

        if (r < 0)
                return r;
        a->pipe = pipe;
        r = take_begin(a, reterr);
        if (r < 0) {
                a->pipe = -1; /* the caller's still */
                return r;
        }
        *ret = TAKE_PTR(a);
        return 0;
}

static int open_archive(int fd, const char *name, bool is_layer, Archive **ret, Error **reterr) {
        _cleanup_(archive_freep) Archive *a = NULL;
        int r = new_archive(name, &a, reterr);

        if (r >= 0)
                r = start(a, fd, is_layer, reterr);
        if (r >= 0)
                r = take_begin(a, reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(a);
        return 0;
}

int archive_open(int fd, const char *name, Archive **ret, ArchiveFormat *ret_format, Error **reterr) {
        int r = open_archive(fd, name, false, ret, reterr);

        if (r >= 0)
                *ret_format = (*ret)->format;
        return r;
}

int archive_open_layer(int fd, const char *name, Archive **ret, Error **reterr) {
        return open_archive(fd, name, true, ret, reterr);
}
