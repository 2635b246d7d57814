/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "cgroup-tasks.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroup-stat.h"
#include "fd.h"
#include "figure.h"

#define DEPTH_MAX 32
#define LISTED_MAX (64 * 1024) /* of one read: some 9,000 pids */

typedef struct Count {
        CgroupTasks sum;
        size_t groups, processes;
        long page;
        char *text; /* LISTED_MAX bytes, few of which are used for most groups */
} Count;

/* "SIZE RESIDENT SHARED …" in pages; resident files and shared memory are the third, so that the rest is anonymous. Who has ended has none. */
static uint64_t anonymous_of(const char *pid, size_t length, long page) {
        uint64_t resident, shared;
        char path[64], text[128];

        snprintf(path, sizeof(path), "/proc/%.*s/statm", (int) length, pid);
        if (cgroup_file_read(AT_FDCWD, path, text, sizeof(text)) < 0 || sscanf(text, "%*u %" SCNu64 " %" SCNu64, &resident, &shared) != 2)
                return 0;
        return resident > shared ? (resident - shared) * (uint64_t) page : 0;
}

static void add_process(Count *c, const char *pid, size_t length) {
        if (++c->processes > CGROUP_TASKS_PROCESSES_MAX)
                c->sum.anonymous = FIGURE_UNKNOWN;
        if (c->sum.anonymous != FIGURE_UNKNOWN)
                c->sum.anonymous += anonymous_of(pid, length, c->page);
}

static void add_thread(Count *c, const char *tid _unused_, size_t length _unused_) {
        c->sum.threads++;
}

/* Line by line: a number may begin in one read and end in the next. A group of threads lists no processes (EOPNOTSUPP): they are listed above. */
static void each_line(int group, const char *file, void (*take)(Count *c, const char *line, size_t length), Count *c) {
        _cleanup_close_ int fd = openat(group, file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        size_t kept = 0;
        ssize_t n;

        while (fd >= 0 && (n = read(fd, c->text + kept, LISTED_MAX - kept)) > 0) {
                char *line = c->text, *end, *stop = c->text + kept + n;

                for (; (end = memchr(line, '\n', (size_t) (stop - line))); line = end + 1)
                        take(c, line, (size_t) (end - line));
                kept = (size_t) (stop - line);
                memmove(c->text, line, kept);
        }
}

static void walk(int group, unsigned depth, Count *c) {
        _cleanup_closedir_ DIR *d = NULL;

        if (++c->groups > CGROUP_TASKS_GROUPS_MAX || depth > DEPTH_MAX) {
                c->sum = (CgroupTasks){ FIGURE_UNKNOWN, FIGURE_UNKNOWN };
                return;
        }
        each_line(group, "cgroup.threads", add_thread, c);
        each_line(group, "cgroup.procs", add_process, c);
        d = fd_opendir(group, ".");
        if (!d)
                return;
        for (struct dirent *e; c->sum.threads != FIGURE_UNKNOWN && (e = readdir(d));) {
                _cleanup_close_ int below = -1;

                if (e->d_type != DT_DIR || strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
                        continue;
                below = openat(group, e->d_name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (below >= 0)
                        walk(below, depth + 1, c);
        }
}

int cgroup_tasks(int group, CgroupTasks *ret) {
        char text[LISTED_MAX];
        Count c = { .page = sysconf(_SC_PAGESIZE), .text = text };
        uint64_t below = 0;
        int r = cgroup_keyed(group, "cgroup.stat", &(CgroupKey){ "nr_descendants", &below }, 1);

        if (r < 0)
                return r;
        if (below >= CGROUP_TASKS_GROUPS_MAX)
                c.sum = (CgroupTasks){ FIGURE_UNKNOWN, FIGURE_UNKNOWN };
        else
                walk(group, 0, &c);
        *ret = c.sum;
        return 0;
}
