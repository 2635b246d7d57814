/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "create.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#include "create-os.h"
#include "first-user.h"
#include "mount.h"
#include "new-image.h"
#include "path.h"
#include "ssh-key.h"
#include "strv.h"
#include "text.h"

#define SSH_SERVER "openssh-server" /* as Debian's packages are called, and Ubuntu's */

/* What --os= may be given besides. */
typedef enum OsTakes {
        TAKES_RELEASE = 1 << 0,
        TAKES_MIRROR = 1 << 1,
        TAKES_KEYRING = 1 << 2,
        TAKES_PACKAGES = 1 << 3,
        TAKES_USER = 1 << 4,
        TAKES_SSH_KEY = 1 << 5,
} OsTakes;

#define TAKES_ALL (TAKES_RELEASE | TAKES_MIRROR | TAKES_KEYRING | TAKES_PACKAGES | TAKES_USER | TAKES_SSH_KEY)

typedef struct OsBuilder {
        const char *name;
        unsigned takes;      /* OsTakes */
        const char *why_not; /* it takes no others */
        const char *note;    /* how to log in */
        int (*check)(const OsBuild *b, Error **reterr); /* what can be told before anything is made; or NULL */
        int (*build)(const OsBuild *b, Error **reterr);
} OsBuilder;

static const OsBuilder builders[] = {
        { "busybox", TAKES_USER, "it is made of the host's busybox alone, which has no packages and no server of ssh",
          "root logs in without a password; `nbox passwd` gives it one", NULL, build_busybox },
        { "debian", TAKES_ALL, NULL, "root has no password yet: `nbox passwd` gives it one, `nbox shell` needs none", check_debian,
          build_debian },
        { "ubuntu", TAKES_ALL, NULL, "root has no password yet: `nbox passwd` gives it one, `nbox shell` needs none", check_ubuntu,
          build_ubuntu },
};

/* All that a request says, in the builder's words. */
typedef struct Wish {
        const CreateRequest *request;
        const OsBuilder *builder;
        OsBuild build;
        char **packages;
        char *keys; /* for authorized_keys */
} Wish;

static void wish_done(Wish *w) {
        strv_free(w->packages);
        free(w->keys);
}

int build_interrupted(const OsBuild *b) {
        return poll(&(struct pollfd){ .fd = b->signals, .events = POLLIN }, 1, 0) > 0;
}

/* ---- what is asked for ---- */

static int find_builder(const char *os, Wish *w, Error **reterr) {
        size_t n = strcspn(os, ":");

        for (size_t i = 0; i < ELEMENTSOF(builders); i++)
                if (strlen(builders[i].name) == n && strncmp(builders[i].name, os, n) == 0) {
                        w->build.release = os[n] ? os + n + 1 : NULL;
                        w->builder = &builders[i];
                        return 0;
                }
        error_set(reterr, EINVAL, "'%.80s' is not an OS that nbox can make a tree of", os);
        return error_hint(reterr, -EINVAL, "There are --os=busybox, --os=debian[:RELEASE] and --os=ubuntu:RELEASE.");
}

/* Each option that the OS has no use for is refused by its name. */
static int check_takes(const Wish *w, Error **reterr) {
        const struct {
                OsTakes what;
                bool given;
                const char *name;
        } options[] = {
                { TAKES_RELEASE, w->build.release, "release" },
                { TAKES_MIRROR, w->request->mirror, "--mirror=" },
                { TAKES_KEYRING, w->request->keyring, "--keyring=" },
                { TAKES_PACKAGES, w->request->packages, "--packages=" },
                { TAKES_USER, w->request->user, "--user=" },
                { TAKES_SSH_KEY, w->request->ssh_key, "--ssh-key=" },
        };

        for (size_t i = 0; i < ELEMENTSOF(options); i++)
                if (options[i].given && !(w->builder->takes & options[i].what))
                        return error_set(reterr, EINVAL, "--os=%s takes no %s: %s", w->builder->name, options[i].name, w->builder->why_not);
        return 0;
}

static int wish_make(const CreateRequest *q, Wish *w, Error **reterr) {
        int r;

        w->request = q;
        r = find_builder(q->os, w, reterr);
        if (r >= 0)
                r = check_takes(w, reterr);
        if (r >= 0 && q->user)
                r = first_user_check(q->user, reterr);
        if (r >= 0 && q->ssh_key)
                r = ssh_keys_read(q->ssh_key, &w->keys, reterr);
        if (r < 0)
                return r;
        w->packages = strv_copy(q->packages);
        if (!w->packages || (q->ssh_key && strv_append(&w->packages, SSH_SERVER) < 0))
                return error_oom(reterr);
        w->build.mirror = q->mirror;
        w->build.keyring = q->keyring;
        w->build.packages = w->packages;
        return w->builder->check ? w->builder->check(&w->build, reterr) : 0;
}

/* How to log in. */
static char *wish_note(const Wish *w) {
        const char *user = w->request->user;
        char *note = NULL;

        if (asprintf(&note, "%s%s%s%s%s", w->builder->note, user ? "; " : "", user ?: "", user ? " has no password yet" : "",
                     !w->keys ? "" : user ? ", but is reached by `ssh` with the key" : "; root is reached by `ssh` with the key") < 0)
                return NULL;
        return note;
}

/* ---- its place ---- */

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

/* ---- making it ---- */

/* What is the same in each OS: who may log in. */
static int add_people(const Wish *w, Error **reterr) {
        int dir = w->build.dir, r = w->request->user ? first_user_add(dir, w->request->user, reterr) : 0;

        return r >= 0 && w->keys ? ssh_keys_add(dir, w->request->user, w->keys, reterr) : r;
}

static int build(const Wish *w, Error **reterr) {
        const OsBuild *b = &w->build;
        int r = w->builder->build(b, reterr);

        if (r >= 0)
                r = add_people(w, reterr);
        if (r < 0)
                return r;
        if (build_interrupted(b))
                return error_set(reterr, EINTR, "Interrupted");
        return fchmod(b->dir, 0755) < 0 ? error_errno(reterr, errno, "Cannot finish %s", b->path) : 0;
}

static int create_with_signals(const CreateRequest *request, int signals, char **ret_path, char **ret_note, Error **reterr) {
        _cleanup_(new_image_freep) NewImage *n = NULL;
        _cleanup_(wish_done) Wish wish = { .build.signals = signals };
        _cleanup_free_ char *note = NULL;
        int r = wish_make(request, &wish, reterr);

        if (r < 0)
                return r;
        note = wish_note(&wish);
        r = note ? leave_mount_namespace(reterr) : error_oom(reterr);
        if (r >= 0)
                r = begin(request, &n, reterr);
        if (r < 0)
                return r;
        wish.build.dir = n->fd;
        wish.build.path = new_image_hidden_path(n);
        r = build(&wish, reterr);
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
