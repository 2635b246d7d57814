/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "create.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#include "create-os.h"
#include "find.h"
#include "log.h"
#include "mount.h"
#include "path.h"
#include "text.h"
#include "unfinished.h"

static const OsBuilder builders[] = {
        { "busybox", "root logs in without a password; `nbox passwd` gives it one", build_busybox },
        { "debian", "root has no password yet: `nbox passwd` gives it one, `nbox shell` needs none", build_debian },
};

typedef struct Place {
        char *parent;  /* absolute path, no links */
        char *name;    /* of the tree in it */
        char *temporary;
        int parent_fd;
        int fd;        /* the temporary directory, locked */
} Place;

static void place_done(Place *p) {
        free(p->parent);
        free(p->name);
        free(p->temporary);
        close_fd(p->parent_fd);
        close_fd(p->fd);
}

int build_interrupted(const OsBuild *b) {
        return poll(&(struct pollfd){ .fd = b->signals, .events = POLLIN }, 1, 0) > 0;
}

static const OsBuilder *find_builder(const char *os, const char **ret_release, Error **reterr) {
        size_t n = strcspn(os, ":");

        for (size_t i = 0; i < ELEMENTSOF(builders); i++)
                if (strlen(builders[i].name) == n && strncmp(builders[i].name, os, n) == 0) {
                        *ret_release = os[n] ? os + n + 1 : NULL;
                        return &builders[i];
                }
        error_set(reterr, EINVAL, "'%.80s' is not an OS that nbox can make a tree of", os);
        error_hint(reterr, -EINVAL, "There are --os=busybox and --os=debian[:RELEASE].");
        return NULL;
}

static int split_target(const CreateRequest *request, Place *p, Error **reterr) {
        _cleanup_free_ char *target = NULL;
        size_t n;
        char *slash;

        if (request->directory)
                target = path_make_absolute(request->directory);
        else if (asprintf(&target, IMAGE_DIRECTORY "/%s", request->name) < 0)
                target = NULL;
        if (!target)
                return error_oom(reterr);
        for (n = strlen(target); n > 1 && target[n - 1] == '/'; n--)
                target[n - 1] = 0;
        slash = strrchr(target, '/');
        if (!string_is_clean(target) || !slash[1] || slash[1] == '.' || strlen(slash + 1) > NAME_MAX - 16)
                return error_set(reterr, EINVAL, "A tree cannot be made at '%s': no such name for a directory", target);
        p->name = strdup(slash + 1);
        *slash = 0;
        p->parent = realpath(slash == target ? "/" : target, NULL);
        if (!p->parent && errno != ENOMEM) {
                int r = error_errno(reterr, errno, "Cannot make a tree in '%s'", target);

                return error_hint(reterr, r, "Make that directory first.");
        }
        p->temporary = p->name ? unfinished_name(p->name) : NULL;
        return p->parent && p->temporary ? 0 : error_oom(reterr);
}

static int exists_error(const Place *p, Error **reterr) {
        error_set(reterr, EEXIST, "%s/%s is there already", p->parent, p->name);
        return error_hint(reterr, -EEXIST, "Choose another name, or boot it: `nbox boot %s/%s`.", p->parent, p->name);
}

static int place_take(const CreateRequest *request, Place *p, Error **reterr) {
        struct stat st;
        int r;

        if (!request->directory && mkdir(IMAGE_DIRECTORY, 0700) < 0 && errno != EEXIST)
                return error_errno(reterr, errno, "Cannot make " IMAGE_DIRECTORY);
        r = split_target(request, p, reterr);
        if (r < 0)
                return r;
        p->parent_fd = open(p->parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (p->parent_fd < 0)
                return error_errno(reterr, errno, "Cannot open %s", p->parent);
        if (fstatat(p->parent_fd, p->name, &st, AT_SYMLINK_NOFOLLOW) >= 0)
                return exists_error(p, reterr);

        (void) unfinished_sweep(p->parent);
        r = mkdirat(p->parent_fd, p->temporary, 0700) < 0 ? -errno : 0;
        if (r < 0 && r != -EEXIST)
                return error_errno(reterr, r, "Cannot make a directory in %s", p->parent);
        p->fd = r == -EEXIST ? -EBUSY : unfinished_lock(p->parent_fd, p->temporary);
        if (p->fd == -EBUSY || p->fd == -ENOENT)
                return error_set(reterr, EBUSY, "%s/%s is being made by another nbox", p->parent, p->name);
        if (p->fd < 0)
                return error_errno(reterr, p->fd, "Cannot lock %s/%s", p->parent, p->temporary);
        if (fstat(p->fd, &st) < 0 || st.st_uid != 0) /* in a directory of somebody else's it may have been exchanged */
                return error_set(reterr, EACCES, "%s/%s is not ours", p->parent, p->temporary);
        return 0;
}

/* What a builder mounts in the tree dies with us, whatever happens to it: nothing that is mounted elsewhere can ever be met
 * when the tree is removed. */
static int leave_mount_namespace(Error **reterr) {
        int r = mount_own_namespace();

        return r < 0 ? error_errno(reterr, r, "Cannot make a mount namespace") : 0;
}

static int build(const OsBuilder *builder, const CreateRequest *request, const char *release, Place *p, int signals, Error **reterr) {
        _cleanup_free_ char *path = NULL;
        OsBuild b = { .dir = p->fd, .release = release, .mirror = request->mirror, .signals = signals };
        int r;

        if (asprintf(&path, "%s/%s", p->parent, p->temporary) < 0)
                return error_oom(reterr);
        b.path = path;
        r = builder->build(&b, reterr);
        if (r < 0)
                return r;
        if (build_interrupted(&b))
                return error_set(reterr, EINTR, "Interrupted");
        if (fchmod(p->fd, 0755) < 0)
                return error_errno(reterr, errno, "Cannot finish %s", path);
        if (renameat2(p->parent_fd, p->temporary, p->parent_fd, p->name, RENAME_NOREPLACE) < 0)
                return errno == EEXIST ? exists_error(p, reterr) : error_errno(reterr, errno, "Cannot rename %s", path);
        return 0;
}

static int create_with_signals(const CreateRequest *request, int signals, char **ret_path, char **ret_note, Error **reterr) {
        _cleanup_(place_done) Place place = { .parent_fd = -1, .fd = -1 };
        _cleanup_free_ char *path = NULL, *note = NULL;
        const char *release = NULL;
        const OsBuilder *builder = find_builder(request->os, &release, reterr);
        int r;

        if (!builder)
                return -EINVAL;
        r = leave_mount_namespace(reterr);
        if (r >= 0)
                r = place_take(request, &place, reterr);
        if (r < 0)
                return r;
        if (asprintf(&path, "%s/%s", place.parent, place.name) < 0)
                path = NULL;
        note = strdup(builder->note);
        r = path && note ? build(builder, request, release, &place, signals, reterr) : error_oom(reterr);
        if (r < 0) {
                unfinished_remove(place.parent_fd, place.temporary);
                return r;
        }
        *ret_path = TAKE_PTR(path);
        *ret_note = TAKE_PTR(note);
        return 0;
}

int image_create(const CreateRequest *request, char **ret_path, char **ret_note, Error **reterr) {
        mode_t old_umask = umask(022);
        sigset_t set, old;
        int signals, r;

        sigemptyset(&set);
        sigaddset(&set, SIGINT);
        sigaddset(&set, SIGTERM);
        sigaddset(&set, SIGHUP);
        (void) sigprocmask(SIG_BLOCK, &set, &old);
        signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        if (signals < 0)
                r = error_errno(reterr, errno, "Cannot watch for signals");
        else {
                struct signalfd_siginfo si;

                r = create_with_signals(request, signals, ret_path, ret_note, reterr);
                while (read(signals, &si, sizeof(si)) == sizeof(si)) /* they have had their effect */
                        ;
                close_fd(signals);
        }
        (void) sigprocmask(SIG_SETMASK, &old, NULL);
        (void) umask(old_umask);
        return r;
}
