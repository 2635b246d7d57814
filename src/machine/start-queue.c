/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "start-queue.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd.h"
#include "file.h"
#include "lock-file.h"
#include "name.h"

#define TRIES 100

struct StartTicket {
        int directory, fd;
        uint64_t number;
        char name[MACHINE_NAME_MAX + 24];
};

static int open_directory(void) {
        int fd = open(START_QUEUE_DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd < 0 ? -errno : fd;
}

/* "00000042-web"; 0: no ticket. */
static uint64_t number_of(const char *entry) {
        char *end;
        uint64_t n;

        if (*entry < '0' || *entry > '9')
                return 0;
        n = strtoull(entry, &end, 10);
        return *end == '-' ? n : 0;
}

static DIR *list(int directory) {
        int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *d = fd < 0 ? NULL : fdopendir(fd);

        if (!d)
                close_fd(fd);
        return d;
}

static int last_number(int directory, uint64_t *ret) {
        _cleanup_closedir_ DIR *d = list(directory);
        uint64_t last = 0;

        if (!d)
                return -errno;
        for (struct dirent *e; (e = readdir(d));)
                if (number_of(e->d_name) > last)
                        last = number_of(e->d_name);
        *ret = last;
        return 0;
}

/* The number after the last one, and the name with it: one at a time, or two would have the same number, or one would come in before another
 * that goes already, and neither would count the other. Who is killed at it lets go of the directory. */
static int take_number(StartTicket *t, const char *hidden, const char *machine) {
        int r;

        if (flock(t->directory, LOCK_EX) < 0)
                return -errno;
        r = last_number(t->directory, &t->number);
        if (r >= 0) {
                snprintf(t->name, sizeof(t->name), "%08" PRIu64 "-%.*s", ++t->number, MACHINE_NAME_MAX, machine);
                if (renameat2(t->directory, hidden, t->directory, t->name, RENAME_NOREPLACE) < 0) {
                        r = -errno;
                        *t->name = 0;
                }
        }
        (void) flock(t->directory, LOCK_UN); /* the directory stays open */
        return r;
}

/* It is locked before it can be seen. */
static int queue_up(StartTicket *t, const char *machine) {
        char hidden[32];
        int r;

        snprintf(hidden, sizeof(hidden), ".%d", (int) getpid());
        t->fd = lock_file_take(t->directory, hidden, false);
        if (t->fd < 0)
                return t->fd;
        r = take_number(t, hidden, machine);
        if (r < 0)
                (void) unlinkat(t->directory, hidden, 0);
        return r;
}

int start_ticket_take(const char *machine, StartTicket **ret, Error **reterr) {
        int r = -ENOENT;

        for (int i = 0; r == -ENOENT && i < TRIES; i++) { /* the directory goes with the last ticket in it */
                _cleanup_(start_ticket_freep) StartTicket *t = calloc(1, sizeof(*t));

                if (!t)
                        return error_oom(reterr);
                t->fd = t->directory = -1;
                r = mkdir_parents(START_QUEUE_DIRECTORY, 0755);
                if (r >= 0)
                        r = t->directory = open_directory();
                if (r >= 0)
                        r = queue_up(t, machine);
                if (r >= 0)
                        *ret = TAKE_PTR(t);
        }
        return r < 0 ? error_errno(reterr, r, "Cannot queue up in " START_QUEUE_DIRECTORY) : 0;
}

/* Only asked, and not taken: nobody is to find it held for our looking at it, and a file that was opened for reading wakes nobody. */
static bool is_held(int directory, const char *name) {
        struct flock fl = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
        _cleanup_close_ int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

        return fd >= 0 && fcntl(fd, F_OFD_GETLK, &fl) >= 0 && fl.l_type != F_UNLCK;
}

int start_ticket_may_go(const StartTicket *t, unsigned parallel) {
        _cleanup_closedir_ DIR *d = list(t->directory);
        unsigned before = 0;

        if (!d)
                return -errno;
        for (struct dirent *e; before < parallel && (e = readdir(d));) {
                uint64_t number = number_of(e->d_name);

                if (number == 0 || number >= t->number)
                        continue;
                if (is_held(t->directory, e->d_name))
                        before++;
                else
                        (void) lock_file_sweep(t->directory, e->d_name);
        }
        return before < parallel;
}

void start_ticket_free(StartTicket *t) {
        if (!t)
                return;
        if (*t->name)
                (void) unlinkat(t->directory, t->name, 0);
        close_fd(t->fd);
        close_fd(t->directory);
        (void) rmdir(START_QUEUE_DIRECTORY); /* the last one */
        free(t);
}

void start_queue_sweep(void) {
        _cleanup_close_ int directory = open_directory();
        _cleanup_closedir_ DIR *d = directory < 0 ? NULL : list(directory);

        if (!d)
                return;
        for (struct dirent *e; (e = readdir(d));)
                if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
                        (void) lock_file_sweep(directory, e->d_name);
        (void) rmdir(START_QUEUE_DIRECTORY);
}
