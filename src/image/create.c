/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "create.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#include "create-os.h"
#include "mount.h"
#include "new-image.h"
#include "path.h"
#include "text.h"

static const OsBuilder builders[] = {
        { "busybox", "root logs in without a password; `nbox passwd` gives it one", build_busybox },
        { "debian", "root has no password yet: `nbox passwd` gives it one, `nbox shell` needs none", build_debian },
};

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

/* Where --directory= says: the last component is a new directory's name. */
static int split_directory(const char *directory, char **ret_parent, char **ret_name, Error **reterr) {
        _cleanup_free_ char *target = path_make_absolute(directory);
        char *slash;

        if (!target)
                return error_oom(reterr);
        for (size_t n = strlen(target); n > 1 && target[n - 1] == '/'; n--)
                target[n - 1] = 0;
        slash = strrchr(target, '/');
        if (!string_is_clean(target) || !slash[1] || slash[1] == '.')
                return error_set(reterr, EINVAL, "A tree cannot be made at '%s': no such name for a directory", target);
        *ret_name = strdup(slash + 1);
        *slash = 0;
        *ret_parent = realpath(slash == target ? "/" : target, NULL);
        if (!*ret_parent && errno != ENOMEM) {
                int r = error_errno(reterr, errno, "Cannot make a tree in '%s'", target);

                return error_hint(reterr, r, "Make that directory first.");
        }
        return *ret_name && *ret_parent ? 0 : error_oom(reterr);
}

static int begin(const CreateRequest *request, NewImage **ret, Error **reterr) {
        _cleanup_free_ char *parent = NULL, *name = NULL;
        int r = request->directory ? split_directory(request->directory, &parent, &name, reterr) : 0;

        if (r < 0)
                return r;
        return new_image_begin(&(NewImageWish){ .name = name ?: request->name, .directory = parent, .kind = NEW_DIRECTORY }, ret, reterr);
}

/* What a builder mounts in the tree dies with us, whatever happens to it: nothing that is mounted elsewhere can ever be met
 * when the tree is removed. */
static int leave_mount_namespace(Error **reterr) {
        int r = mount_own_namespace();

        return r < 0 ? error_errno(reterr, r, "Cannot make a mount namespace") : 0;
}

static int build(const OsBuilder *builder, const OsBuild *b, Error **reterr) {
        int r = builder->build(b, reterr);

        if (r < 0)
                return r;
        if (build_interrupted(b))
                return error_set(reterr, EINTR, "Interrupted");
        return fchmod(b->dir, 0755) < 0 ? error_errno(reterr, errno, "Cannot finish %s", b->path) : 0;
}

static int create_with_signals(const CreateRequest *request, int signals, char **ret_path, char **ret_note, Error **reterr) {
        _cleanup_(new_image_freep) NewImage *n = NULL;
        _cleanup_free_ char *note = NULL;
        OsBuild b = { .mirror = request->mirror, .signals = signals };
        const OsBuilder *builder = find_builder(request->os, &b.release, reterr);
        int r;

        if (!builder)
                return -EINVAL;
        note = strdup(builder->note);
        r = note ? leave_mount_namespace(reterr) : error_oom(reterr);
        if (r >= 0)
                r = begin(request, &n, reterr);
        if (r < 0)
                return r;
        b.dir = n->fd;
        b.path = new_image_hidden_path(n);
        r = build(builder, &b, reterr);
        if (r >= 0)
                r = new_image_finish(n, reterr);
        if (r < 0)
                return r;
        *ret_path = TAKE_PTR(n->path);
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
