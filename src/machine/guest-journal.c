/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest-journal.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "fd.h"
#include "guest-journal-child.h"
#include "path.h"

#define DIRECTORIES_MAX 8  /* below each place; one is the machine's, others of ids that it had */
#define ENTRIES_MAX 4096   /* looked at in each */
#define ID_LENGTH 32

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

static void find_files(Files *f, int root) {
        take_place(f, root, "/var/log/journal");
        take_place(f, root, "/run/log/journal");
}

bool guest_journal_has_changed(const GuestJournal *j, int root) {
        _cleanup_(files_done) Files f = {};

        find_files(&f, root);
        return f.n > 0 && f.mark != j->mark;
}

const char *guest_log_file(int root) {
        static const char *const files[] = {
                "/var/log/messages", "/var/log/syslog", "/var/log/everything/current", "/var/log/socklog/everything/current",
                "/var/log/uncaught-logs/current", "/run/uncaught-logs/current", "/var/log/rc.log",
        };

        for (size_t i = 0; i < ELEMENTSOF(files); i++) {
                _cleanup_close_ int fd = open_in_root(root, files[i], O_PATH, 0);
                struct stat st;

                if (fd >= 0 && fstat(fd, &st) >= 0 && S_ISREG(st.st_mode))
                        return files[i];
        }
        return NULL;
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
        if (j->pid > 0) {
                (void) kill(j->pid, SIGKILL);
                while (waitpid(j->pid, NULL, 0) < 0 && errno == EINTR)
                        ;
        }
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
