/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "processes.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>

#include "cgroup.h"
#include "fd.h"
#include "file.h"
#include "parse.h"
#include "pidfd.h"

#define PROCESSES_MAX 4096
#define NESTING_MAX 32
#define COMMAND_MAX 256

void guest_processes_done(GuestProcesses *p) {
        for (size_t i = 0; i < p->n; i++) {
                free(p->items[i].group);
                free(p->items[i].command);
        }
        free(p->items);
        *p = (GuestProcesses){};
}

/* NULs become blanks; control bytes are for whoever shows it to replace. */
static char *read_command(pid_t pid) {
        _cleanup_free_ char *comm = NULL;
        _cleanup_close_ int fd = -1;
        char path[64], text[COMMAND_MAX + 1], *out = NULL;
        ssize_t n = 0;

        snprintf(path, sizeof(path), "/proc/%d/cmdline", (int) pid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0)
                n = read(fd, text, COMMAND_MAX);
        while (n > 0 && !text[n - 1])
                n--;
        if (n > 0) {
                for (ssize_t i = 0; i < n; i++)
                        if (!text[i])
                                text[i] = ' ';
                return strndup(text, (size_t) n);
        }
        snprintf(path, sizeof(path), "/proc/%d/comm", (int) pid);
        if (file_read(AT_FDCWD, path, 4096, &comm) < 0)
                return NULL;
        comm[strcspn(comm, "\n")] = 0;
        return asprintf(&out, "[%s]", comm) < 0 ? NULL : out;
}

/* Behind the name, which may have anything in it: "PID (NAME) S PPID". */
static pid_t read_parent(pid_t pid) {
        _cleanup_free_ char *text = NULL;
        char path[64], *end;
        int parent;

        snprintf(path, sizeof(path), "/proc/%d/stat", (int) pid);
        if (file_read(AT_FDCWD, path, 4096, &text) < 0 || !(end = strrchr(text, ')')) || sscanf(end, ") %*c %d", &parent) != 1)
                return 0;
        return parent;
}

static int add(GuestProcesses *p, const char *group, pid_t pid) {
        GuestProcess *items, new = { .pid = pid };

        new.command = read_command(pid);
        new.parent = read_parent(pid);
        if (!new.command) /* it has ended */
                return 0;
        new.group = strdup(group);
        items = new.group ? reallocarray(p->items, p->n + 1, sizeof(GuestProcess)) : NULL;
        if (!items) {
                free(new.group);
                free(new.command);
                return -ENOMEM;
        }
        items[p->n++] = new;
        p->items = items;
        return 0;
}

static int read_group(int dir, const char *group, GuestProcesses *p) {
        _cleanup_free_ char *text = NULL;
        char *state = NULL;
        pid_t pid;

        if (file_read(dir, "cgroup.procs", 1024 * 1024, &text) < 0)
                return 0; /* gone, or a threaded group */
        for (char *line = strtok_r(text, "\n", &state); line && p->n < PROCESSES_MAX; line = strtok_r(NULL, "\n", &state))
                if (parse_pid(line, &pid) >= 0 && add(p, group, pid) < 0)
                        return -ENOMEM;
        return 0;
}

static int walk(int dir, const char *group, unsigned depth, GuestProcesses *p) {
        _cleanup_closedir_ DIR *d = NULL;
        int r;

        r = read_group(dir, group, p);
        if (r < 0 || depth == 0)
                return r;
        d = fd_opendir(dir, ".");
        if (!d)
                return 0;
        for (struct dirent *e; (e = readdir(d)) && p->n < PROCESSES_MAX;) {
                _cleanup_free_ char *below = NULL;
                _cleanup_close_ int fd = -1;

                if (e->d_type != DT_DIR || e->d_name[0] == '.')
                        continue;
                if (asprintf(&below, "%s%s%s", group, *group ? "/" : "", e->d_name) < 0)
                        return -ENOMEM;
                fd = openat(dir, e->d_name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                if (fd < 0)
                        continue;
                r = walk(fd, below, depth - 1, p);
                if (r < 0)
                        return r;
        }
        return 0;
}

int guest_processes_read(const Machine *m, GuestProcesses *ret, Error **reterr) {
        GuestProcesses p = {};
        _cleanup_close_ int dir = m->record->cgroup ? cgroup_open(m->record->cgroup) : -ENOENT;
        int r;

        if (dir >= 0)
                r = walk(dir, "", NESTING_MAX, &p);
        else
                r = m->leader_fd >= 0 ? add(&p, "", m->record->leader) : 0;
        if (r < 0) {
                guest_processes_done(&p);
                return error_oom(reterr);
        }
        *ret = p;
        return 0;
}

/* A pid from the list may have become another's: by pidfd, and only if that is still in the machine's cgroup. */
static int kill_one(const Machine *m, pid_t pid, int sig) {
        _cleanup_close_ int fd = pidfd_of(pid);
        _cleanup_free_ char *group = NULL;

        if (fd < 0)
                return fd == -ESRCH ? 0 : fd;
        if (cgroup_of(pid, &group) < 0 || !cgroup_is_below(group, m->record->cgroup))
                return 0;
        return pidfd_kill(fd, sig);
}

static int kill_all(const Machine *m, int sig, Error **reterr) {
        GuestProcesses p;
        int r, first = 0;

        r = guest_processes_read(m, &p, reterr);
        if (r < 0)
                return r;
        for (size_t i = 0; i < p.n; i++) {
                r = kill_one(m, p.items[i].pid, sig);
                if (r < 0 && r != -ESRCH && first == 0)
                        first = r;
        }
        guest_processes_done(&p);
        return first < 0 ? error_errno(reterr, first, "Cannot send the signal to all processes of machine '%s'", m->record->name) : 0;
}

int machine_kill(const Machine *m, KillWhom whom, int sig, Error **reterr) {
        int r;

        if (whom == KILL_ALL && m->record->cgroup && cgroup_populated(m->record->cgroup))
                return kill_all(m, sig, reterr);
        r = pidfd_kill(m->leader_fd, sig);
        if (r < 0)
                return error_errno(reterr, r, "Cannot send the signal to the init of machine '%s'", m->record->name);
        return 0;
}
