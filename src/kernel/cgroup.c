/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cgroup.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>

#include "cleanup.h"
#include "fd.h"
#include "clock.h"
#include "file.h"

const char *cgroup_mount_point(void) {
        static const char *const candidates[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };
        static const char *found; /* it does not move */
        struct statfs fs;

        for (size_t i = 0; !found && i < ELEMENTSOF(candidates); i++)
                if (statfs(candidates[i], &fs) >= 0 && fs.f_type == CGROUP2_SUPER_MAGIC)
                        found = candidates[i];
        return found;
}

int cgroup_parse(const char *text, char **ret) {
        const char *line = strncmp(text, "0::", 3) == 0 ? text : strstr(text, "\n0::");

        if (!line)
                return -ENOENT;
        line += *line == '\n' ? 4 : 3;
        *ret = strndup(line, strcspn(line, "\n"));
        return *ret ? 0 : -ENOMEM;
}

int cgroup_of(pid_t pid, char **ret) {
        _cleanup_free_ char *text = NULL;
        char path[64];
        int r;

        if (pid == 0)
                strcpy(path, "/proc/self/cgroup");
        else
                snprintf(path, sizeof(path), "/proc/%d/cgroup", (int) pid);
        r = file_read(AT_FDCWD, path, 64 * 1024, &text);
        if (r < 0)
                return r == -ENOENT ? -ESRCH : r;
        return cgroup_parse(text, ret);
}

int cgroup_open(const char *path) {
        const char *mount = cgroup_mount_point();
        _cleanup_free_ char *full = NULL;
        int fd;

        if (!mount)
                return -ENOENT;
        if (asprintf(&full, "%s%s", mount, path) < 0)
                return -ENOMEM;
        fd = open(full, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        return fd < 0 ? -errno : fd;
}

int cgroup_create(const char *path) {
        const char *mount = cgroup_mount_point();
        _cleanup_free_ char *full = NULL;

        if (!mount)
                return -ENOENT;
        if (asprintf(&full, "%s%s", mount, path) < 0)
                return -ENOMEM;
        if (mkdir(full, 0755) < 0 && errno != EEXIST)
                return -errno;
        return 0;
}

int cgroup_delegate(int cgroup, uid_t uid) {
        _cleanup_free_ char *list = NULL;
        char *state = NULL;

        if (fchownat(cgroup, "", uid, uid, AT_EMPTY_PATH) < 0)
                return -errno;
        if (file_read(AT_FDCWD, "/sys/kernel/cgroup/delegate", 4096, &list) < 0)
                list = strdup("cgroup.procs\ncgroup.threads\ncgroup.subtree_control\n");
        if (!list)
                return -ENOMEM;
        for (char *name = strtok_r(list, "\n", &state); name; name = strtok_r(NULL, "\n", &state))
                if (fchownat(cgroup, name, uid, uid, AT_SYMLINK_NOFOLLOW) < 0 && errno != ENOENT)
                        return -errno;
        return 0;
}

static bool events_say(int events, const char *what) {
        char text[256];
        ssize_t n = pread(events, text, sizeof(text) - 1, 0);

        if (n < 0)
                return false; /* ENODEV: the group has gone */
        text[n] = 0;
        return strstr(text, what) != NULL;
}

static bool events_say_populated(int events) {
        return events_say(events, "populated 1");
}

static int open_events(const char *path) {
        const char *mount = cgroup_mount_point();
        _cleanup_free_ char *full = NULL;
        int fd;

        if (!mount)
                return -ENOENT;
        if (asprintf(&full, "%s%s/cgroup.events", mount, path) < 0)
                return -ENOMEM;
        fd = open(full, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        return fd < 0 ? -errno : fd;
}

bool cgroup_populated(const char *path) {
        _cleanup_close_ int events = open_events(path);

        return events >= 0 && events_say_populated(events);
}

int cgroup_freeze(const char *path, bool on) {
        _cleanup_close_ int dir = cgroup_open(path);

        return dir < 0 ? dir : file_write(dir, "cgroup.freeze", on ? "1" : "0");
}

bool cgroup_is_frozen(const char *path) {
        _cleanup_close_ int events = open_events(path);

        return events >= 0 && events_say(events, "frozen 1");
}

int cgroup_watch(const char *path) {
        return open_events(path);
}

bool cgroup_watch_is_frozen(int watch) {
        return events_say(watch, "frozen 1");
}

static bool is_wanted_frozen(const char *path) {
        _cleanup_close_ int dir = cgroup_open(path);
        _cleanup_free_ char *text = NULL;

        return dir >= 0 && file_read(dir, "cgroup.freeze", 16, &text) >= 0 && text[0] == '1';
}

int cgroup_frozen_by(const char *path, char **ret) {
        _cleanup_free_ char *group = strdup(path);

        if (!group)
                return -ENOMEM;
        while (*group && !is_wanted_frozen(group)) {
                char *slash = strrchr(group, '/');

                *(slash ? slash : group) = 0;
        }
        if (!*group)
                return -ENOENT;
        if (ret)
                *ret = TAKE_PTR(group);
        return 0;
}

int cgroup_wait_frozen(const char *path, uint64_t timeout_usec) {
        _cleanup_close_ int events = open_events(path);
        uint64_t deadline = clock_deadline(timeout_usec);

        if (events < 0)
                return events;
        while (!events_say(events, "frozen 1")) {
                uint64_t now = clock_usec(CLOCK_MONOTONIC);

                if (now >= deadline)
                        return -ETIMEDOUT;
                (void) poll(&(struct pollfd){ .fd = events, .events = POLLPRI }, 1, (int) ((deadline - now) / 1000) + 1);
        }
        return 0;
}

int cgroup_kill(const char *path, uint64_t timeout_usec) {
        _cleanup_close_ int dir = cgroup_open(path), events = -1;
        uint64_t deadline = clock_deadline(timeout_usec);
        int r;

        if (dir == -ENOENT)
                return 0;
        if (dir < 0)
                return dir;
        r = file_write(dir, "cgroup.kill", "1");
        if (r == -ENODEV || r == -ENOENT) /* it has gone meanwhile */
                return 0;
        if (r < 0)
                return r;
        events = openat(dir, "cgroup.events", O_RDONLY | O_CLOEXEC);
        if (events < 0)
                return errno == ENOENT ? 0 : -errno;
        while (events_say_populated(events)) {
                uint64_t now = clock_usec(CLOCK_MONOTONIC);

                if (now >= deadline)
                        return -ETIMEDOUT;
                (void) poll(&(struct pollfd){ .fd = events, .events = POLLPRI }, 1, (int) ((deadline - now) / 1000) + 1);
        }
        return 0;
}

/* Removes the groups in `here` that hold no others; 1 with the name of the first that could not be, 0 when none is left. */
static int remove_leaves(int here, char ret_busy[NAME_MAX + 1], bool *ret_any) {
        _cleanup_closedir_ DIR *dir = fd_opendir(here, ".");

        if (!dir)
                return -errno;
        *ret_any = false;
        for (struct dirent *e; (e = readdir(dir));) {
                if (e->d_type != DT_DIR || strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
                        continue;
                *ret_any = true;
                if (unlinkat(here, e->d_name, AT_REMOVEDIR) >= 0 || errno == ENOENT)
                        continue;
                if (errno != EBUSY)
                        return -errno;
                strcpy(ret_busy, e->d_name);
                return 1;
        }
        return 0;
}

/* Depth first, but with one group open at a time, whose way back is "..": root inside can nest them deeper than we may
 * have descriptors, stack, or a path be long. It can make groups there, not links, and nothing of it runs any more. */
static int remove_below(int top) {
        _cleanup_close_ int here = fcntl(top, F_DUPFD_CLOEXEC, 3);
        bool descended = false, any = false;

        if (here < 0)
                return -errno;
        for (unsigned depth = 0;;) {
                char busy[NAME_MAX + 1];
                int r, next;

                r = remove_leaves(here, busy, &any);
                if (r < 0)
                        return r;
                if (r == 0 && descended && !any) /* it is not groups that keep this one */
                        return -EBUSY;
                if (r == 0 && depth == 0)
                        return 0;
                descended = r > 0;
                depth = descended ? depth + 1 : depth - 1;
                next = openat(here, descended ? busy : "..", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (next < 0)
                        return -errno;
                close_fd(here);
                here = next;
        }
}

int cgroup_remove_below(const char *path) {
        _cleanup_close_ int top = cgroup_open(path);

        return top == -ENOENT ? 0 : top < 0 ? top : remove_below(top);
}

int cgroup_remove_empty(const char *path) {
        const char *mount = cgroup_mount_point();
        _cleanup_free_ char *full = NULL;

        if (!mount || !path[0] || !path[1])
                return -EINVAL;
        if (asprintf(&full, "%s%s", mount, path) < 0)
                return -ENOMEM;
        return rmdir(full) < 0 ? -errno : 0;
}

int cgroup_remove(const char *path) {
        const char *mount = cgroup_mount_point();
        _cleanup_free_ char *full = NULL;
        int r;

        if (!mount || !path[0] || !path[1]) /* never the root itself */
                return mount ? -EINVAL : 0;
        if (asprintf(&full, "%s%s", mount, path) < 0)
                return -ENOMEM;
        r = cgroup_remove_below(path);
        if (r < 0)
                return r;
        return rmdir(full) < 0 && errno != ENOENT ? -errno : 0;
}

bool cgroup_is_below(const char *path, const char *top) {
        size_t n = strlen(top);

        return strncmp(path, top, n) == 0 && (path[n] == 0 || path[n] == '/');
}

int cgroup_controllers(char **ret) {
        const char *mount = cgroup_mount_point();
        _cleanup_free_ char *file = NULL, *text = NULL;
        int r;

        if (!mount)
                return -ENOENT;
        if (asprintf(&file, "%s/cgroup.controllers", mount) < 0)
                return -ENOMEM;
        r = file_read(AT_FDCWD, file, 4096, &text);
        if (r < 0)
                return r;
        text[strcspn(text, "\n")] = 0;
        *ret = TAKE_PTR(text);
        return 0;
}
