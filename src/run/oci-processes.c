/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci-processes.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

#include "cgroup.h"
#include "fd.h"

#define DEPTH_MAX 64
#define STILL_USEC (2 * UINT64_C(1000000))

typedef struct List {
        pid_t *items;
        size_t n, room;
} List;

static int add(List *l, pid_t pid) {
        if (l->n == OCI_PROCESSES_MAX)
                return -E2BIG;
        if (l->n == l->room) {
                size_t room = l->room ? l->room * 2 : 64;
                pid_t *items = reallocarray(l->items, room, sizeof(*items));

                if (!items)
                        return -ENOMEM;
                l->items = items;
                l->room = room;
        }
        l->items[l->n++] = pid;
        return 0;
}

/* A group that has gone meanwhile has none. */
static int read_group(int dir, List *l) {
        int fd = openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC), r = 0;
        _cleanup_fclose_ FILE *f = fd < 0 ? NULL : fdopen(fd, "re");
        int pid;

        if (!f) {
                close_fd(fd);
                return 0;
        }
        while (r >= 0 && fscanf(f, "%d", &pid) == 1)
                r = pid > 0 ? add(l, pid) : 0; /* 0: of a pid namespace that we do not see */
        return r;
}

/* Its root inside may make groups, and no links. */
static int read_all(int dir, unsigned depth, List *l) {
        _cleanup_closedir_ DIR *d = fd_opendir(dir, ".");
        int r = read_group(dir, l);

        if (!d || depth == DEPTH_MAX)
                return r;
        for (struct dirent *e; r >= 0 && (e = readdir(d));) {
                _cleanup_close_ int below = -1;

                if (e->d_type != DT_DIR || strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
                        continue;
                below = openat(dir, e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                r = below < 0 ? 0 : read_all(below, depth + 1, l);
        }
        return r;
}

int oci_processes(const OciState *s, pid_t **ret, size_t *ret_n, Error **reterr) {
        _cleanup_close_ int dir = s->cgroup ? cgroup_open(s->cgroup) : -ENOENT;
        List l = {};
        int r = dir < 0 ? dir : read_all(dir, 0, &l);

        if (r < 0) {
                free(l.items);
                return error_errno(reterr, r, "Cannot read the processes of container %s", s->id);
        }
        *ret = l.items;
        *ret_n = l.n;
        return 0;
}

int oci_kill_all(const OciState *s, int sig, Error **reterr) {
        bool was_still = cgroup_is_frozen(s->cgroup);
        _cleanup_free_ pid_t *pids = NULL;
        size_t n = 0;
        int r;

        if (!was_still && cgroup_freeze(s->cgroup, true) >= 0)
                (void) cgroup_wait_frozen(s->cgroup, STILL_USEC);
        r = oci_processes(s, &pids, &n, reterr);
        for (size_t i = 0; r >= 0 && i < n; i++)
                if (kill(pids[i], sig) < 0 && errno != ESRCH)
                        r = error_errno(reterr, errno, "Cannot send a signal to process %d of container %s", (int) pids[i], s->id);
        if (!was_still)
                (void) cgroup_freeze(s->cgroup, false);
        return r;
}
