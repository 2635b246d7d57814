/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hand-over.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "api-guard.h"
#include "api-mounts.h"
#include "assemble.h"
#include "child-words.h"
#include "fd.h"
#include "guest-hints.h"
#include "lxcfs.h"
#include "namespace.h"
#include "path.h"
#include "store.h"

/* By which a device that is added later finds that it is still ours (device-place.h). */
static void note_dev(Supervisor *s, int root) {
        _cleanup_close_ int dev = open_in_root(root, "/dev", O_PATH | O_DIRECTORY, 0);
        struct stat st;

        if (dev >= 0 && fstat(dev, &st) >= 0)
                s->record->dev_id = st.st_dev;
}

/* Where an ephemeral machine writes to, for who wants to keep it: it goes with the machine. */
static int note_layer(Supervisor *s, Error **reterr) {
        const ImageStack *stack = s->stack;

        if (!stack->passing)
                return 0;
        if (asprintf(&s->record->layer, "%s/" STORE_NAME "/layers/%s", stack->store->directory, stack->passing->id) >= 0)
                return 0;
        s->record->layer = NULL;
        return error_oom(reterr);
}

typedef struct Building {
        Supervisor *supervisor;
        int socket;
        int sys_fs;      /* for the child, or -1 (api-guard.h) */
        int api[2];      /* where they come later: proc and sysfs, or -1 */
        Aside *dropping; /* what else is in the tree's namespace, or NULL */
} Building;

static void building_done(Building *b) {
        (void) aside_end(&b->dropping);
        close_fd(b->sys_fs);
        close_fd(b->api[0]);
        close_fd(b->api[1]);
}

/* /proc and /sys are built while the child goes into its tree, and are mounted there by it; unless something else may be to stand on them, or
 * they are for the supervisor to stack, so that the kernel locks them. */
static bool api_comes_later(const MachinePlan *p) {
        return api_guarded_by(p) == GUARDED_BY_CHILD && !assemble_wants_api(p);
}

static int await_network(void *userdata, Error **reterr) {
        const Building *b = userdata;

        return child_await(b->supervisor, b->socket, CHILD_NETWORK, NULL, NULL, reterr);
}

static int make_api(void *userdata, int ret[2], Error **reterr) {
        Building *b = userdata;
        const Supervisor *s = b->supervisor;
        ApiOf of = { .leader = s->leader, .leader_fd = s->leader_fd, .own_network = s->plan->network != NETWORK_HOST,
                     .userdata = userdata };
        int r;

        if (s->plan->network == NETWORK_NONE) /* for others, attach_network() has waited */
                of.await_network = await_network;
        if (api_guarded_by(s->plan) == GUARDED_BY_CHILD) {
                b->sys_fs = api_guard_make_fs(s->plan);
                if (b->sys_fs < 0)
                        return error_errno(reterr, b->sys_fs, "Cannot make the machine's /sys/fs");
        }
        r = api_mounts_make(&of, ret, reterr);
        if (r >= 0 && s->attachment)
                network_attach_settle(s->attachment, ret[0]);
        return r;
}

/* The tree is the child's now. */
static int hand_over(const Building *b, int root, bool api_later, Error **reterr) {
        _cleanup_(lxcfs_done) LxcfsFiles lxcfs = LXCFS_NONE;
        int fds[2 + LXCFS_FILES] = { root, b->sys_fs }, r = lxcfs_open(b->supervisor->plan->lxcfs, &lxcfs, reterr);
        ChildBuilt built = { .type = CHILD_BUILT, .sys_fs = !api_later && b->sys_fs >= 0, .api_later = api_later, .entered = b->supervisor->is_home };
        size_t n, first = built.sys_fs ? 2 : 1;

        if (r < 0)
                return r;
        built.lxcfs = lxcfs_pack(&lxcfs, fds + first, &n);
        r = fd_send(b->socket, &built, sizeof(built), fds, first + n);
        return r < 0 ? error_errno(reterr, r, "Cannot speak with the machine's first process") : 0;
}

/* With what guards them, if the kernel mounts on what stands nowhere (Linux 6.15); else that is left to the child. */
static int hand_over_api(Building *b, Error **reterr) {
        const MachinePlan *p = b->supervisor->plan;
        ChildApi message = { .type = CHILD_API };
        int api[3] = { b->api[0], b->api[1], b->sys_fs }, r;

        r = api_guard_ahead(p, api, b->sys_fs, &message.left, reterr);
        if (r < 0 && r != -EOPNOTSUPP)
                return r;
        message.guarded = r >= 0;
        r = fd_send(b->socket, &message, sizeof(message), api, message.guarded ? 2 : 3);
        return r < 0 ? error_errno(reterr, r, "Cannot speak with the machine's first process") : 0;
}

/* Whatever else it does, the child that is moved so opens nothing by a path until it has its tree, but for its labels, in the host's /proc. What is
 * no plain directory we may still have to unmount where it is. And in a chroot, which has no user namespaces, home would be outside. */
static bool can_stand_on_tree(const Supervisor *s) {
        const MachinePlan *p = s->plan;

        return p->userns && s->stack->is_plain && s->home->mounts >= 0 && !p->labels.process && !p->labels.apparmor;
}

static int stand_on_tree(Building *b, int root, Error **reterr) {
        Supervisor *s = b->supervisor;
        int r;

        if (!can_stand_on_tree(s))
                return 0;
        r = assemble_stand_on_tree(s->home, root, &b->dropping, reterr);
        if (r < 0)
                return r;
        s->stage = r;
        s->is_home = true;
        s->staged = false;
        return 0;
}

/* While the kernel drops all else from the tree's namespace, which the child has to wait for, what comes later is made. */
static int hand_over_both(Building *b, int root, Error **reterr) {
        int r = stand_on_tree(b, root, reterr), k;

        if (r >= 0)
                r = make_api(b, b->api, reterr);
        k = aside_end(&b->dropping);
        if (r >= 0 && k < 0)
                r = error_errno(reterr, k, "Cannot leave nothing but the tree in its mount namespace");
        if (r >= 0)
                r = hand_over(b, root, true, reterr);
        return r < 0 ? r : hand_over_api(b, reterr);
}

int hand_over_tree(Supervisor *s, int socket, Error **reterr) {
        bool api_later = api_comes_later(s->plan);
        _cleanup_(guest_files_done) GuestFiles files = { .credentials = s->credentials };
        _cleanup_(building_done) Building b = { s, socket, -1, { -1, -1 }, NULL };
        TreeParts parts = { .stack = s->stack, .make_api = api_later ? NULL : make_api, .userdata = &b, .files = &files };
        _cleanup_close_ int userns = -1, root = -1;
        int r;

        if (s->plan->userns) {
                userns = namespace_open_of(s->leader_fd, s->leader, "user");
                if (userns < 0)
                        return error_errno(reterr, userns, "Cannot open the machine's user namespace");
        }
        r = guest_hints_make(s, &files, reterr);
        if (r < 0)
                return r;
        parts.userns = userns;
        s->staged = s->assembled = true;
        root = assemble_tree(s->plan, &parts, &s->notify_fd, reterr);
        if (root < 0)
                return root;
        image_stack_settle(s->stack);
        note_dev(s, root);
        r = note_layer(s, reterr);
        if (r < 0)
                return r;
        return api_later ? hand_over_both(&b, root, reterr) : hand_over(&b, root, false, reterr);
}
