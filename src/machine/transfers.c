/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "transfers.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "parse.h"
#include "pidfd.h"
#include "record.h"

#define TRANSFERS_FILE RUN_DIRECTORY "/transfers"
#define TRANSFERS_MAX 256
#define SLOT_SIZE (16 * 1024)
#define PERCENT_SIZE 4 /* "100\n", " -1\n": the first line, written anew in place */
#define CANCEL_MSEC 30000

struct TransferMark {
        int fd;
        unsigned id;
        unsigned percent;
};

static off_t slot_of(unsigned id) {
        return (off_t) (id - 1) * SLOT_SIZE;
}

static struct flock lock_of(unsigned id) {
        return (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = slot_of(id), .l_len = SLOT_SIZE };
}

static int open_to_read(void) {
        return open(TRANSFERS_FILE, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
}

/* ---- our own ---- */

/* The number of a slot that was nobody's, or -errno. */
static int take_any(int fd) {
        for (unsigned id = 1; id <= TRANSFERS_MAX; id++) {
                struct flock lock = lock_of(id);

                if (fcntl(fd, F_SETLK, &lock) >= 0)
                        return (int) id;
                if (errno != EAGAIN && errno != EACCES)
                        return -errno;
        }
        return -EBUSY;
}

static int describe(const TransferMark *t, const char *type, const char *local, const char *remote) {
        char text[SLOT_SIZE];
        int n = snprintf(text, sizeof(text), "%3d\n%s\n%s\n%s\n", -1, type, local, remote);
        size_t size = n < 0 ? 0 : (size_t) n < sizeof(text) ? (size_t) n + 1 : sizeof(text);

        return pwrite(t->fd, text, size, slot_of(t->id)) < 0 ? -errno : 0;
}

int transfer_mark(const char *type, const char *local, const char *remote, TransferMark **ret) {
        _cleanup_(transfer_mark_freep) TransferMark *t = malloc(sizeof(*t));
        int r;

        if (!t)
                return -ENOMEM;
        *t = (TransferMark){ .fd = -1, .percent = UINT_MAX };
        r = mkdir_parents(RUN_DIRECTORY, 0755);
        if (r < 0)
                return r;
        t->fd = open(TRANSFERS_FILE, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
        if (t->fd < 0)
                return -errno;
        r = take_any(t->fd);
        if (r < 0)
                return r;
        t->id = (unsigned) r;
        r = describe(t, type, local, remote);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(t);
        return 0;
}

void transfer_mark_percent(TransferMark *t, unsigned percent) {
        char text[PERCENT_SIZE + 1];

        if (!t || percent > 100 || percent == t->percent)
                return;
        t->percent = percent;
        snprintf(text, sizeof(text), "%3u\n", percent);
        if (pwrite(t->fd, text, PERCENT_SIZE, slot_of(t->id)) < 0) /* nothing depends on it */
                return;
}

void transfer_mark_free(TransferMark *t) {
        if (!t)
                return;
        close_fd(t->fd); /* and the lock with it */
        free(t);
}

/* ---- all ---- */

/* Who holds it: 0 for nobody. */
static pid_t holder(int fd, unsigned id) {
        struct flock lock = lock_of(id);

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
static int look(int fd, unsigned id, Transfer *ret) {
        char text[SLOT_SIZE + 1];
        ssize_t n;
        int r;

        *ret = (Transfer){ .id = id, .pid = holder(fd, id) };
        if (ret->pid == 0)
                return 0;
        n = pread(fd, text, SLOT_SIZE, slot_of(id));
        text[n > 0 ? n : 0] = 0;
        r = parse(text, ret);
        if (r < 0)
                transfer_done(ret);
        return r < 0 ? r : 1;
}

int transfers_list(Transfer **ret, size_t *ret_n, Error **reterr) {
        _cleanup_close_ int fd = open_to_read();
        Transfer *all = calloc(TRANSFERS_MAX, sizeof(Transfer));
        size_t n = 0;
        int r = all ? 0 : -ENOMEM;

        for (unsigned id = 1; fd >= 0 && r >= 0 && id <= TRANSFERS_MAX; id++) {
                r = look(fd, id, all + n);
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
static int open_holder(int fd, unsigned id, pid_t *ret_pid) {
        pid_t pid = id > 0 && id <= TRANSFERS_MAX ? holder(fd, id) : 0;
        _cleanup_close_ int process = pid > 0 ? pidfd_of(pid) : -ESRCH;

        if (process < 0)
                return process;
        *ret_pid = pid;
        return holder(fd, id) == pid ? TAKE_FD(process) : -ESRCH;
}

int transfer_cancel(unsigned id, Error **reterr) {
        _cleanup_close_ int fd = open_to_read(), process = -1;
        pid_t pid = 0;
        int r;

        process = fd < 0 ? -ESRCH : open_holder(fd, id, &pid);
        r = process < 0 ? process : pidfd_kill(process, SIGTERM);
        if (r == -ESRCH) {
                error_set(reterr, ESRCH, "There is no transfer %u", id);
                return error_hint(reterr, -ESRCH, "`nbox list-transfers` lists them.");
        }
        if (r < 0)
                return error_errno(reterr, r, "Cannot stop the transfer %u", id);
        if (poll(&(struct pollfd){ .fd = process, .events = POLLIN }, 1, CANCEL_MSEC) == 0)
                return error_set(reterr, ETIMEDOUT, "The transfer %u, process %d, was told to stop, and has not ended within %d s", id, (int) pid,
                                 CANCEL_MSEC / 1000);
        return 0;
}
