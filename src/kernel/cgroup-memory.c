/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cgroup-memory.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "cgroup.h"
#include "cleanup.h"
#include "file.h"
#include "parse.h"

#define EVENTS_MAX 512
#define WORD_MAX 64

static uint64_t value_of(const char *text, const char *key) {
        size_t n = strlen(key);

        for (const char *line = text; line; line = strchr(line, '\n')) {
                line += *line == '\n';
                if (strncmp(line, key, n) == 0 && line[n] == ' ')
                        return strtoull(line + n + 1, NULL, 10);
        }
        return 0;
}

static void parse_events(const char *text, CgroupMemoryEvents *ret) {
        *ret = (CgroupMemoryEvents){ .oom = value_of(text, "oom"), .oom_kill = value_of(text, "oom_kill") };
}

int cgroup_memory_events_open(const char *path) {
        _cleanup_close_ int dir = cgroup_open(path);
        int fd;

        if (dir < 0)
                return dir;
        fd = openat(dir, "memory.events", O_RDONLY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

int cgroup_memory_events_read(int events, CgroupMemoryEvents *ret) {
        char text[EVENTS_MAX];
        ssize_t n = pread(events, text, sizeof(text) - 1, 0);

        if (n < 0)
                return -errno; /* ENODEV: the group has gone */
        text[n] = 0;
        parse_events(text, ret);
        return 0;
}

static int read_file(const char *path, const char *name, char **ret) {
        _cleanup_close_ int dir = cgroup_open(path);

        return dir < 0 ? dir : file_read(dir, name, EVENTS_MAX, ret);
}

void cgroup_memory_events_local(const char *path, CgroupMemoryEvents *ret) {
        _cleanup_free_ char *text = NULL;

        *ret = (CgroupMemoryEvents){};
        if (read_file(path, "memory.events.local", &text) >= 0)
                parse_events(text, ret);
}

uint64_t cgroup_memory_max(const char *path) {
        _cleanup_free_ char *text = NULL;
        uint64_t bytes;

        if (read_file(path, "memory.max", &text) < 0)
                return UINT64_MAX;
        text[strcspn(text, "\n")] = 0;
        return parse_u64(text, UINT64_MAX, &bytes) < 0 ? UINT64_MAX : bytes; /* "max" */
}

int cgroup_set_kill_together(const char *path, bool together) {
        _cleanup_close_ int dir = cgroup_open(path);

        if (dir < 0)
                return dir;
        if (fchownat(dir, "memory.oom.group", 0, 0, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        return file_write(dir, "memory.oom.group", together ? "1" : "0");
}

int cgroup_kills_together(const char *path) {
        _cleanup_free_ char *text = NULL;
        int r = read_file(path, "memory.oom.group", &text);

        return r < 0 ? r : text[0] == '1';
}

static int attribute(const char *path, const char *name, char **ret_path, char **ret_name) {
        const char *mount = cgroup_mount_point();

        if (!mount)
                return -ENOENT;
        if (asprintf(ret_path, "%s%s", mount, path) < 0) {
                *ret_path = NULL;
                return -ENOMEM;
        }
        if (asprintf(ret_name, "trusted.%s", name) < 0) {
                *ret_name = NULL;
                return -ENOMEM;
        }
        return 0;
}

int cgroup_set_mark(const char *path, const char *name, const char *word) {
        _cleanup_free_ char *full = NULL, *key = NULL;
        int r = attribute(path, name, &full, &key);

        if (r < 0)
                return r;
        if (word)
                return lsetxattr(full, key, word, strlen(word), 0) < 0 ? -errno : 0;
        return lremovexattr(full, key) < 0 && errno != ENODATA ? -errno : 0;
}

int cgroup_mark(const char *path, const char *name, char **ret) {
        _cleanup_free_ char *full = NULL, *key = NULL;
        char word[WORD_MAX];
        ssize_t n;
        int r = attribute(path, name, &full, &key);

        *ret = NULL;
        if (r < 0)
                return r;
        n = lgetxattr(full, key, word, sizeof(word));
        if (n < 0)
                return errno == ENODATA ? 0 : -errno;
        *ret = strndup(word, (size_t) n);
        return *ret ? 0 : -ENOMEM;
}
