/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "event-log.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "clock.h"
#include "fd.h"

#define LOCK EVENT_LOG_DIRECTORY "/events.lock" /* who puts the file aside; not to be opened, and so not to be held, by others than root */
#define NEW EVENT_LOG_DIRECTORY "/events.new"

typedef struct EventName {
        const char *word, *subject;
} EventName;

static const EventName names[_EVENT_KINDS] = {
        [EVENT_STARTING] = { "starting", "machine" },
        [EVENT_BOOTING] = { "booting", "machine" },
        [EVENT_READY] = { "ready", "machine" },
        [EVENT_STOPPING] = { "stopping", "machine" },
        [EVENT_STOPPED] = { "stopped", "machine" },
        [EVENT_REBOOTING] = { "rebooting", "machine" },
        [EVENT_FAILED] = { "failed", "machine" },
        [EVENT_FROZEN] = { "frozen", "machine" },
        [EVENT_THAWED] = { "thawed", "machine" },
        [EVENT_MEMORY_KILL] = { "memory-kill", "machine" },
        [EVENT_HEALTHY] = { "healthy", "machine" },
        [EVENT_UNHEALTHY] = { "unhealthy", "machine" },
        [EVENT_PORT_ADDED] = { "port-added", "machine" },
        [EVENT_PORT_REMOVED] = { "port-removed", "machine" },
        [EVENT_NIC_ADDED] = { "nic-added", "machine" },
        [EVENT_NIC_REMOVED] = { "nic-removed", "machine" },
        [EVENT_DEVICE_ADDED] = { "device-added", "machine" },
        [EVENT_DEVICE_REMOVED] = { "device-removed", "machine" },
        [EVENT_BIND_ADDED] = { "bind-added", "machine" },
        [EVENT_BIND_REMOVED] = { "bind-removed", "machine" },
        [EVENT_ZONE_UP] = { "zone-up", "zone" },
        [EVENT_ZONE_DOWN] = { "zone-down", "zone" },
        [EVENT_IMAGE_ADDED] = { "image-added", "image" },
        [EVENT_IMAGE_REMOVED] = { "image-removed", "image" },
        [EVENT_IMAGE_RENAMED] = { "image-renamed", "image" },
        [EVENT_SNAPSHOT_ADDED] = { "snapshot-added", "image" },
        [EVENT_SNAPSHOT_REMOVED] = { "snapshot-removed", "image" },
        [EVENT_OVERFLOW] = { "overflow", "" },
};

const char *event_kind_to_string(EventKind kind) {
        return names[kind].word;
}

const char *event_kind_subject(EventKind kind) {
        return names[kind].subject;
}

int event_kind_from_string(const char *word, EventKind *ret) {
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (strcmp(names[i].word, word) == 0) {
                        *ret = (EventKind) i;
                        return 0;
                }
        return -EINVAL;
}

static bool is_in_place(int fd, struct stat *ret) {
        struct stat now;

        return fstat(fd, ret) >= 0 && lstat(EVENT_LOG, &now) >= 0 && ret->st_dev == now.st_dev && ret->st_ino == now.st_ino;
}

/* The number in a file's first line; 0 of the first of this boot, which has none. */
static uint64_t number_of(int fd) {
        char line[32] = "";
        uint64_t n;

        return pread(fd, line, sizeof(line) - 1, 0) > 0 && sscanf(line, "# %" SCNu64 "\n", &n) == 1 ? n : 0;
}

/* Whoever else is at it does it as well. There is a file of the name at any moment. */
static void put_aside(int fd) {
        _cleanup_close_ int lock = open(LOCK, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600), new = -1;
        struct stat st;

        if (lock < 0 || flock(lock, LOCK_EX | LOCK_NB) < 0 || !is_in_place(fd, &st))
                return;
        (void) unlink(NEW);
        new = open(NEW, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (new < 0 || dprintf(new, "# %" PRIu64 "\n", number_of(fd) + 1) < 0 || fchmod(new, 0644) < 0)
                return;
        (void) unlink(EVENT_LOG_OLD);
        if (link(EVENT_LOG, EVENT_LOG_OLD) >= 0)
                (void) rename(NEW, EVENT_LOG);
}

static void append(const char *line, size_t size) {
        for (int tries = 0; tries < 3; tries++) {
                _cleanup_close_ int fd = open(EVENT_LOG, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0600);
                struct stat st;

                if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
                        return;
                if ((st.st_mode & 0777) != 0644)
                        (void) fchmod(fd, 0644); /* whatever the umask of who came first */
                if (write(fd, line, size) != (ssize_t) size)
                        return;
                if (!is_in_place(fd, &st))
                        continue;
                if (st.st_size > EVENT_LOG_MAX)
                        put_aside(fd);
                return;
        }
}

/* Where there is no room for all of a value its end is lost, and no line. */
static size_t add(char *line, size_t used, const char *text) {
        for (; *text && used < EVENT_LINE_MAX - 2; text++)
                line[used++] = (unsigned char) *text < ' ' || *text == 127 ? ' ' : *text;
        line[used] = 0;
        return used;
}

void event_log(EventKind kind, const char *subject, ...) {
        char line[EVENT_LINE_MAX];
        int kept = errno;
        size_t used;
        va_list ap;

        if (geteuid() != 0)
                return;
        used = (size_t) snprintf(line, sizeof(line), "%" PRIu64 " %s ", clock_usec(CLOCK_REALTIME), names[kind].word);
        used = add(line, used, subject);
        va_start(ap, subject);
        for (const char *key; (key = va_arg(ap, const char *));) {
                const char *value = va_arg(ap, const char *);

                if (!value || used > EVENT_LINE_MAX - 64)
                        continue;
                line[used++] = '\t';
                used = add(line, used, key);
                used = add(line, used, "=");
                used = add(line, used, value);
        }
        va_end(ap);
        line[used++] = '\n';
        append(line, used);
        errno = kept;
}
