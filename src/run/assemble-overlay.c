/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "assemble-overlay.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "file.h"
#include "limits.h"
#include "mount.h"
#include "overlay.h"
#include "path.h"
#include "remove.h"
#include "stack.h"

/* Directories of the host's show the ids that they have there, as those of a bind do; what is of the machine's tree is mapped with it.
 * overlayfs wants a directory of its own on the same mount as the one that is written to: beside it, by a name that tells whose it is. One
 * that a crash left is taken again. */

typedef struct Sources {
        int *fds; /* mounts; the topmost first */
        size_t n;
        int upper_mount, upper, work;
} Sources;

static void sources_done(Sources *s) {
        for (size_t i = 0; i < s->n; i++)
                close_fd(s->fds[i]);
        free(s->fds);
        close_fd(s->upper_mount);
        close_fd(s->upper);
        close_fd(s->work);
}

static int open_source(int root, const char *source, Error **reterr) {
        _cleanup_close_ int fd = -1;
        int r;

        if (*source == '+')
                fd = open_in_root(root, source + 1, O_PATH | O_DIRECTORY, 0);
        else {
                fd = open(source, O_PATH | O_DIRECTORY | O_CLOEXEC);
                fd = fd < 0 ? -errno : fd;
        }
        r = fd < 0 ? fd : mount_clone(fd, "", false);
        return r < 0 ? error_errno(reterr, r, "Cannot lay %s into an overlay", source) : r;
}

static int add_temporary_upper(const MachinePlan *p, Sources *s) {
        struct stat st;

        s->upper_mount = mount_new_labelled("tmpfs", "mode=0700," LIMIT_VAR, p->labels.mount, MOUNT_ATTR_NODEV | MOUNT_ATTR_NOSUID);
        if (s->upper_mount < 0)
                return s->upper_mount;
        if (fstat(s->fds[0], &st) < 0 || mkdirat(s->upper_mount, "work", 0700) < 0 || mkdirat(s->upper_mount, "upper", 0700) < 0 ||
            fchownat(s->upper_mount, "upper", st.st_uid, st.st_gid, 0) < 0 || fchmodat(s->upper_mount, "upper", st.st_mode & 07777, 0) < 0)
                return -errno;
        s->upper = openat(s->upper_mount, "upper", O_PATH | O_DIRECTORY | O_CLOEXEC);
        s->work = openat(s->upper_mount, "work", O_PATH | O_DIRECTORY | O_CLOEXEC);
        return s->upper < 0 || s->work < 0 ? -errno : 0;
}

static int work_name(const char *upper, char ret[NAME_MAX + 1]) {
        int n = snprintf(ret, NAME_MAX + 1, ".#nbox-%s.work", strrchr(upper, '/') + 1);

        return n > NAME_MAX ? -ENAMETOOLONG : 0;
}

/* The directory that one is in: O_PATH, or -errno. */
static int open_parent(const char *path) {
        _cleanup_free_ char *parent = strdup(path);
        char *slash;
        int fd;

        if (!parent)
                return -ENOMEM;
        slash = strrchr(parent, '/');
        slash[slash == parent] = 0;
        fd = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

static int add_upper(const char *path, Sources *s) {
        _cleanup_close_ int parent = open_parent(path);
        char work[NAME_MAX + 1];
        struct stat seen, st;
        int r = work_name(path, work);

        if (parent < 0 || r < 0)
                return parent < 0 ? parent : r;
        s->upper_mount = mount_clone(parent, "", false);
        if (s->upper_mount < 0)
                return s->upper_mount;
        if (mkdirat(s->upper_mount, work, 0700) < 0 && errno != EEXIST)
                return -errno;
        s->upper = openat(s->upper_mount, strrchr(path, '/') + 1, O_PATH | O_DIRECTORY | O_CLOEXEC);
        s->work = openat(s->upper_mount, work, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (s->upper < 0 || s->work < 0 || stat(path, &seen) < 0 || fstat(s->upper, &st) < 0)
                return -errno;
        return seen.st_dev == st.st_dev && seen.st_ino == st.st_ino ? 0 : -EXDEV; /* something is mounted on it */
}

static int open_top(const MachinePlan *p, const MountStep *step, const char *top, Sources *s, Error **reterr) {
        int r;

        if (*top == '+') {
                error_set(reterr, EOPNOTSUPP, "The machine's own %s cannot be what --overlay= writes to", top + 1);
                return error_hint(reterr, -EOPNOTSUPP, "Take --overlay=%s::%s to keep it as it is, or give a directory of the host's.", top,
                                  step->destination);
        }
        r = *top ? add_upper(top, s) : add_temporary_upper(p, s);
        return r < 0 ? error_errno(reterr, r, "Cannot prepare %s for what is written to %s", *top ? top : "a temporary directory",
                                   step->destination) : 0;
}

int assemble_overlay(const MachinePlan *p, const MountStep *step, int root, Error **reterr) {
        size_t n = strv_length(step->sources), lowers = step->attr & MOUNT_ATTR_RDONLY ? n : n - 1;
        _cleanup_(sources_done) Sources s = { .upper_mount = -1, .upper = -1, .work = -1 };
        _cleanup_free_ int *mounts = calloc(n + 1, sizeof(int));
        int fd, r = 0;

        s.fds = calloc(n, sizeof(int));
        if (!s.fds || !mounts)
                return error_oom(reterr);
        for (; s.n < lowers; s.n++) {
                s.fds[s.n] = open_source(root, step->sources[lowers - 1 - s.n], reterr);
                if (s.fds[s.n] < 0)
                        return s.fds[s.n];
                mounts[s.n] = s.fds[s.n];
        }
        if (lowers < n)
                r = open_top(p, step, step->sources[n - 1], &s, reterr);
        if (r < 0)
                return r;
        mounts[s.n] = s.upper_mount;
        r = mkdir_parents(STACK_DIRECTORY, 0700);
        if (r < 0)
                return error_errno(reterr, r, "Cannot make %s", STACK_DIRECTORY);
        fd = overlay_new(&(OverlayLayers){ .lowers = s.fds, .n_lowers = s.n, .upper = s.upper, .work = s.work, .mounts = mounts,
                                           .n_mounts = s.n + (s.upper_mount >= 0), .passing = lowers < n && !*step->sources[n - 1],
                                           .context = p->labels.mount },
                         STACK_DIRECTORY, step->attr);
        return fd < 0 ? error_errno(reterr, fd, "Cannot lay the directories for %s over each other", step->destination) : fd;
}

void assemble_overlay_clean(const MachinePlan *p) {
        for (size_t i = 0; i < p->n_mounts; i++) {
                const MountStep *step = &p->mounts[i];
                _cleanup_close_ int parent = -1;
                char work[NAME_MAX + 1];
                const char *top;

                if (step->kind != MOUNT_STEP_OVERLAY || (step->attr & MOUNT_ATTR_RDONLY))
                        continue;
                top = step->sources[strv_length(step->sources) - 1];
                if (*top != '/' || work_name(top, work) < 0)
                        continue;
                parent = open_parent(top);
                if (parent >= 0)
                        (void) remove_tree(parent, work);
        }
}
