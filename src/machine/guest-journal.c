/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest-journal.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "clock.h"
#include "fd.h"
#include "guest-journal-child.h"
#include "path.h"
#include "process.h"

#define DIRECTORIES_MAX 8  /* below each place; one is the machine's, others of ids that it had */
#define ENTRIES_MAX 4096   /* looked at in each */
#define ID_LENGTH 32
#define FIND_USEC (5 * UINT64_C(1000000))

typedef struct Files {
        int fds[JOURNAL_FILES_MAX];
        size_t n;
        uint64_t mark; /* of which they are */
} Files;

struct GuestJournal {
        int pipe;
        pid_t pid;
        uint64_t mark;
        bool caught_up;
        char *strings; /* of the last entry */
};

/* --- files ---------------------------------------------------------------------------------------------------------- */

static void files_done(Files *f) {
        for (size_t i = 0; i < f->n; i++)
                close_fd(f->fds[i]);
}

static bool is_journal_name(const char *name) {
        const char *dot = strrchr(name, '.');

        return dot && (strcmp(dot, ".journal") == 0 || strcmp(dot, ".journal~") == 0);
}

/* Looked at before it is opened: to open a device or a FIFO can do something. */
static void take_file(Files *f, int dir, const char *name) {
        _cleanup_close_ int place = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
        struct stat st;
        int fd;

        if (f->n == JOURNAL_FILES_MAX || place < 0 || fstat(place, &st) < 0 || !S_ISREG(st.st_mode))
                return;
        fd = fd_reopen(place, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0)
                return;
        f->mark += (st.st_ino + 1) * UINT64_C(0x9e3779b97f4a7c15) ^ st.st_dev;
        f->fds[f->n++] = fd;
}

static void take_directory(Files *f, int dir) {
        _cleanup_closedir_ DIR *d = fd_opendir(dir, ".");
        unsigned seen = 0;

        for (struct dirent *e; d && (e = readdir(d)) && seen++ < ENTRIES_MAX;)
                if (is_journal_name(e->d_name))
                        take_file(f, dir, e->d_name);
}

static void take_place(Files *f, int root, const char *path) {
        _cleanup_close_ int place = open_in_root(root, path, O_RDONLY | O_DIRECTORY | O_NONBLOCK, 0);
        _cleanup_closedir_ DIR *d = place < 0 ? NULL : fd_opendir(place, ".");
        unsigned seen = 0, taken = 0;

        for (struct dirent *e; d && (e = readdir(d)) && seen++ < ENTRIES_MAX && taken < DIRECTORIES_MAX;) {
                _cleanup_close_ int dir = -1;

                if (strlen(e->d_name) != ID_LENGTH || e->d_name[strspn(e->d_name, "0123456789abcdef")])
                        continue;
                dir = openat(place, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (dir < 0)
                        continue;
                take_directory(f, dir);
                taken++;
        }
}

/* A file system of the machine's own (FUSE) may stand there and let who looks wait for ever, SIGKILL or not: so that is another process. */
static void find(int root, int sock) {
        Files f = {};
        int r = 0;

        take_place(&f, root, "/var/log/journal");
        take_place(&f, root, "/run/log/journal");
        for (size_t i = 0; r >= 0 && i < f.n; i++)
                r = fd_send(sock, "", 1, f.fds + i, 1);
        if (r >= 0)
                (void) fd_send(sock, &f.mark, sizeof(f.mark), NULL, 0);
}

/* What has come by then is what there is. */
static void take_found(Files *f, int sock) {
        uint64_t until = clock_deadline(FIND_USEC), now;

        while ((now = clock_usec(CLOCK_MONOTONIC)) < until) {
                size_t n = f->n < JOURNAL_FILES_MAX;
                uint64_t mark = 0;

                if (poll(&(struct pollfd){ .fd = sock, .events = POLLIN }, 1, (int) ((until - now) / 1000 + 1)) <= 0)
                        continue;
                if (fd_recv(sock, &mark, sizeof(mark), f->fds + f->n, &n) != 1 || n != 1) {
                        f->mark = mark;
                        return;
                }
                f->n++;
        }
}

/* The other process, and a socket to it; 0 if there is none. */
static pid_t look_apart(void (*look)(int root, int sock), int root, int *ret_sock) {
        pid_t parent = getpid(), pid;
        int pair[2];

        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
                return 0;
        pid = fork();
        if (pid == 0) {
                process_reset_signals();
                if (prctl(PR_SET_PDEATHSIG, SIGKILL) >= 0 && getppid() == parent)
                        look(root, pair[1]);
                _exit(0);
        }
        close_fd(pair[1]);
        if (pid > 0) {
                *ret_sock = pair[0];
                return pid;
        }
        close_fd(pair[0]);
        return 0;
}

static void find_files(Files *f, int root) {
        _cleanup_close_ int sock = -1;
        pid_t pid = look_apart(find, root, &sock);

        if (pid == 0)
                return;
        take_found(f, sock);
        (void) process_end(pid);
}

bool guest_journal_has_changed(const GuestJournal *j, int root) {
        _cleanup_(files_done) Files f = {};

        find_files(&f, root);
        return f.n > 0 && f.mark != j->mark;
}

static const char *const log_files[] = {
        "/var/log/messages", "/var/log/syslog", "/var/log/everything/current", "/var/log/socklog/everything/current",
        "/var/log/uncaught-logs/current", "/run/uncaught-logs/current", "/var/log/rc.log",
};

static void find_log_file(int root, int sock) {
        for (size_t i = 0; i < ELEMENTSOF(log_files); i++) {
                _cleanup_close_ int fd = open_in_root(root, log_files[i], O_PATH, 0);
                uint8_t number = (uint8_t) i;
                struct stat st;

                if (fd >= 0 && fstat(fd, &st) >= 0 && S_ISREG(st.st_mode)) {
                        (void) fd_send(sock, &number, sizeof(number), NULL, 0);
                        return;
                }
        }
}

const char *guest_log_file(int root) {
        _cleanup_close_ int sock = -1;
        pid_t pid = look_apart(find_log_file, root, &sock);
        const char *found = NULL;
        uint8_t i;

        if (pid == 0)
                return NULL;
        if (poll(&(struct pollfd){ .fd = sock, .events = POLLIN }, 1, FIND_USEC / 1000) > 0 &&
            fd_recv(sock, &i, sizeof(i), NULL, NULL) == sizeof(i) && i < ELEMENTSOF(log_files))
                found = log_files[i];
        (void) process_end(pid);
        return found;
}

/* --- the process ----------------------------------------------------------------------------------------------------- */

int guest_journal_open(int root, const GuestJournalQuery *q, GuestJournal **ret, Error **reterr) {
        _cleanup_(files_done) Files f = {};
        pid_t parent = getpid();
        GuestJournal *j;
        int fds[2];

        find_files(&f, root);
        if (f.n == 0)
                return 0;
        j = calloc(1, sizeof(*j));
        if (!j || !(j->strings = malloc(JOURNAL_STRINGS_MAX + 4)) || pipe2(fds, O_CLOEXEC) < 0) {
                if (j)
                        free(j->strings);
                free(j);
                return error_errno(reterr, errno, "Cannot read a journal");
        }
        j->pid = fork();
        if (j->pid == 0)
                guest_journal_child(f.fds, f.n, fds[1], q, parent);
        close_fd(fds[1]);
        j->pipe = fds[0];
        j->mark = f.mark;
        *ret = j;
        if (j->pid >= 0)
                return 1;
        error_errno(reterr, errno, "Cannot start a process that reads a journal");
        *ret = guest_journal_free(j);
        return -EAGAIN;
}

GuestJournal *guest_journal_free(GuestJournal *j) {
        if (!j)
                return NULL;
        close_fd(j->pipe);
        if (j->pid > 0)
                (void) process_end(j->pid);
        free(j->strings);
        free(j);
        return NULL;
}

int guest_journal_fd(const GuestJournal *j) {
        return j->pipe;
}

/* All of it: 1. 0: the end, before anything of it. */
static int read_all(int fd, void *data, size_t size) {
        size_t n = 0;

        while (n < size) {
                ssize_t k = read(fd, (char *) data + n, size - n);

                if (k < 0 && errno == EINTR)
                        continue;
                if (k < 0)
                        return -errno;
                if (k == 0)
                        return n == 0 ? 0 : -EBADMSG;
                n += (size_t) k;
        }
        return 1;
}

/* It says so when it has come to the end: any other end is none of its own choice. */
static int next(GuestJournal *j, GuestJournalEntry *ret) {
        const char **const strings[] = { &ret->text, &ret->identifier, &ret->pid, &ret->unit };
        JournalRecord record;
        size_t total = 0, at = 0;
        int r = read_all(j->pipe, &record, sizeof(record));

        if (r <= 0)
                return r == 0 ? -EBADMSG : r;
        if (record.caught_up) {
                j->caught_up = true;
                return 0;
        }
        for (size_t i = 0; i < ELEMENTSOF(strings); i++) {
                if (record.sizes[i] > JOURNAL_STRINGS_MAX - total)
                        return -EBADMSG;
                total += record.sizes[i];
        }
        for (size_t i = 0; i < ELEMENTSOF(strings); i++) {
                r = record.sizes[i] == 0 ? 1 : read_all(j->pipe, j->strings + at, record.sizes[i]);
                if (r <= 0)
                        return r == 0 ? -EBADMSG : r;
                *strings[i] = j->strings + at;
                at += record.sizes[i];
                j->strings[at++] = 0;
        }
        ret->usec = record.usec;
        ret->priority = record.priority >= 0 && record.priority <= 7 ? record.priority : -1;
        return 1;
}

int guest_journal_next(GuestJournal *j, GuestJournalEntry *ret, Error **reterr) {
        int r;

        if (j->pipe < 0 || (j->caught_up && poll(&(struct pollfd){ .fd = j->pipe, .events = POLLIN }, 1, 0) <= 0))
                return 0;
        r = next(j, ret);
        if (r < 0)
                j->pipe = close_fd(j->pipe);
        return r < 0 ? error_set(reterr, r, "The machine's journal is damaged: not all of it can be read") : r;
}
