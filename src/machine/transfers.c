/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "transfers.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "file.h"
#include "parse.h"
#include "pidfd.h"
#include "record.h"

#define TRANSFERS_DIRECTORY RUN_DIRECTORY "/transfers"
#define TRANSFERS_MAX 256
#define TEXT_MAX (16 * 1024)
#define PERCENT_SIZE 4 /* "100\n", " -1\n": the first line, written anew in place */
#define CANCEL_MSEC 30000

struct TransferMark {
        int dir, fd;
        char name[16];
        unsigned percent;
};

static int open_directory(bool make) {
        int dir = make ? mkdir_parents(TRANSFERS_DIRECTORY, 0755) : 0;

        if (dir < 0)
                return dir;
        dir = open(TRANSFERS_DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return dir < 0 ? -errno : dir;
}

/* ---- our own ---- */

/* Between its making and its locking a file looks like a dead one's, and may be removed: then there is no name any more. */
static int take(int dir, unsigned id, char name[16]) {
        struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
        _cleanup_close_ int fd = -1;
        struct stat st;

        snprintf(name, 16, "%u", id);
        fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (fd < 0)
                return -errno;
        if (fcntl(fd, F_SETLK, &lock) < 0 || fstat(fd, &st) < 0)
                return -errno;
        return st.st_nlink > 0 ? TAKE_FD(fd) : -EEXIST;
}

static int take_any(int dir, char name[16]) {
        int fd = -EBUSY;

        for (unsigned id = 1; id <= TRANSFERS_MAX; id++) {
                fd = take(dir, id, name);
                if (fd != -EEXIST)
                        break;
        }
        return fd;
}

int transfer_mark(const char *type, const char *local, const char *remote, TransferMark **ret) {
        _cleanup_(transfer_mark_freep) TransferMark *t = malloc(sizeof(*t));

        if (!t)
                return -ENOMEM;
        *t = (TransferMark){ .dir = open_directory(true), .fd = -1, .percent = UINT_MAX };
        if (t->dir < 0)
                return t->dir;
        t->fd = take_any(t->dir, t->name);
        if (t->fd < 0)
                return t->fd;
        if (dprintf(t->fd, "%3d\n%s\n%s\n%s\n", -1, type, local, remote) < 0)
                return -errno;
        *ret = TAKE_PTR(t);
        return 0;
}

void transfer_mark_percent(TransferMark *t, unsigned percent) {
        char text[PERCENT_SIZE + 1];

        if (!t || percent > 100 || percent == t->percent)
                return;
        t->percent = percent;
        snprintf(text, sizeof(text), "%3u\n", percent);
        if (pwrite(t->fd, text, PERCENT_SIZE, 0) < 0) /* nothing depends on it */
                return;
}

/* The name goes before the lock does. */
void transfer_mark_free(TransferMark *t) {
        if (!t)
                return;
        if (t->fd >= 0)
                (void) unlinkat(t->dir, t->name, 0);
        close_fd(t->fd);
        close_fd(t->dir);
        free(t);
}

/* ---- all ---- */

/* Who holds it: 0 for nobody. */
static pid_t holder(int fd) {
        struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

        if (fcntl(fd, F_GETLK, &lock) < 0 || lock.l_type == F_UNLCK)
                return 0;
        return lock.l_pid;
}

static char *next_line(char **rest) {
        char *line = strsep(rest, "\n");

        return strdup(line ?: "");
}

/* What is not there yet, since it was only just begun, is empty. */
static int parse(char *text, Transfer *t) {
        char *rest = text;
        const char *percent = strsep(&rest, "\n");
        uint64_t value;

        while (*percent == ' ')
                percent++;
        t->percent = parse_u64(percent, 100, &value) < 0 ? -1 : (int) value;
        t->type = next_line(&rest);
        t->local = next_line(&rest);
        t->remote = next_line(&rest);
        return t->type && t->local && t->remote ? 0 : -ENOMEM;
}

static void transfer_done(Transfer *t) {
        free(t->type);
        free(t->local);
        free(t->remote);
}

void transfers_free(Transfer *all, size_t n) {
        for (size_t i = 0; i < n; i++)
                transfer_done(all + i);
        free(all);
}

/* 1; 0 where it is nobody's. */
static int look(int dir, unsigned id, Transfer *ret) {
        _cleanup_close_ int fd = -1;
        char name[16], text[TEXT_MAX + 1];
        ssize_t n;
        int r;

        snprintf(name, sizeof(name), "%u", id);
        fd = openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (fd < 0)
                return 0;
        *ret = (Transfer){ .id = id, .pid = holder(fd) };
        if (ret->pid == 0) {
                (void) unlinkat(dir, name, 0);
                return 0;
        }
        n = pread(fd, text, TEXT_MAX, 0);
        text[n > 0 ? n : 0] = 0;
        r = parse(text, ret);
        if (r < 0)
                transfer_done(ret);
        return r < 0 ? r : 1;
}

int transfers_list(Transfer **ret, size_t *ret_n, Error **reterr) {
        _cleanup_close_ int dir = open_directory(false);
        Transfer *all = calloc(TRANSFERS_MAX, sizeof(Transfer));
        size_t n = 0;
        int r = all ? 0 : -ENOMEM;

        for (unsigned id = 1; dir >= 0 && r >= 0 && id <= TRANSFERS_MAX; id++) {
                r = look(dir, id, all + n);
                n += r > 0;
        }
        if (r < 0) {
                transfers_free(all, n);
                return error_oom(reterr);
        }
        *ret = all;
        *ret_n = n;
        return 0;
}

/* The pidfd is the holder's if he still holds the lock when it is open. */
static int open_holder(int fd) {
        pid_t pid = holder(fd);
        _cleanup_close_ int process = pid > 0 ? pidfd_of(pid) : -ESRCH;

        if (process < 0)
                return process;
        return holder(fd) == pid ? TAKE_FD(process) : -ESRCH;
}

int transfer_cancel(unsigned id, Error **reterr) {
        _cleanup_close_ int dir = open_directory(false), fd = -1, process = -1;
        char name[16];
        int r;

        snprintf(name, sizeof(name), "%u", id);
        fd = dir < 0 ? -1 : openat(dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        process = fd < 0 ? -ESRCH : open_holder(fd);
        r = process < 0 ? process : pidfd_kill(process, SIGTERM);
        if (r == -ESRCH) {
                error_set(reterr, ESRCH, "There is no transfer %u", id);
                return error_hint(reterr, -ESRCH, "`nbox list-transfers` lists them.");
        }
        if (r < 0)
                return error_errno(reterr, r, "Cannot stop the transfer %u", id);
        if (poll(&(struct pollfd){ .fd = process, .events = POLLIN }, 1, CANCEL_MSEC) == 0)
                return error_set(reterr, ETIMEDOUT, "The transfer %u, process %d, was told to stop, and has not ended within %d s", id, (int) holder(fd),
                                 CANCEL_MSEC / 1000);
        return 0;
}
