/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "assemble.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "api-guard.h"
#include "assemble-cover.h"
#include "assemble-overlay.h"
#include "fd.h"
#include "file.h"
#include "guest-ids.h"
#include "guest-files.h"
#include "log.h"
#include "mount.h"
#include "namespace.h"
#include "nesting.h"
#include "path.h"
#include "process.h"
#include "record.h"
#include "task-label.h"
#include "assemble-dev.h"


void assemble_forget_home(AssembleHome *home) {
        home->mounts = close_fd(home->mounts);
        home->directory = close_fd(home->directory);
}

int assemble_enter_namespace(AssembleHome *ret_home, Error **reterr) {
        AssembleHome home = { open("/proc/thread-self/ns/mnt", O_RDONLY | O_CLOEXEC), open(".", O_PATH | O_DIRECTORY | O_CLOEXEC) };
        int r = unshare(CLONE_NEWNS) < 0 ? -errno : 0;

        if (r < 0)
                error_errno(reterr, r, "Cannot make a mount namespace");
        else {
                r = mount_propagation(AT_FDCWD, "/", MS_SLAVE);
                if (r < 0)
                        error_errno(reterr, r, "Cannot separate our mounts from the host's");
        }
        assemble_forget_home(r < 0 ? &home : ret_home);
        if (r < 0)
                return r;
        *ret_home = home;
        return 0;
}

void assemble_go_home(const AssembleHome *home) {
        if (setns(home->mounts, CLONE_NEWNS) < 0 || (home->directory >= 0 && fchdir(home->directory) < 0))
                process_give_up("Cannot go back to the host's mounts", errno);
}

int assemble_stand_on_tree(const AssembleHome *home, int root, Aside **dropping, Error **reterr) {
        int stage = open("/proc/thread-self/ns/mnt", O_RDONLY | O_CLOEXEC), r;

        if (stage < 0 || fchdir(root) < 0) {
                r = error_errno(reterr, errno, "Cannot enter the machine's tree");
                close_fd(stage);
                return r;
        }
        r = mount_pivot_aside(dropping);
        assemble_go_home(home);
        if (r < 0) {
                close_fd(stage);
                return error_errno(reterr, r, "Cannot make the tree the root");
        }
        return stage;
}

/* What is root's on disk is mapped as the machine itself is; what is a range's needs a map of its own. */
static int mount_root(const MachinePlan *p, const TreeParts *parts, Error **reterr) {
        _cleanup_close_ int other = -1;
        /* Device nodes in a tree are whoever's made it; the machine's own stand on its /dev. */
        StackMount how = { .idmap = -1, .disk_base = p->disk_base, .uid_base = p->uid_base, .context = p->labels.tree ?: p->labels.mount,
                           .furnish = p->mode == START_BOOT && p->init.kind != INIT_SYSTEMD,
                           .attr = MOUNT_ATTR_NODEV | (p->read_only ? MOUNT_ATTR_RDONLY : 0) };

        if (p->idmapped && (p->disk_base != 0 || !p->is_plain)) {
                other = p->is_plain ? userns_of_range(p->disk_base, p->uid_base, p->uid_range)
                                    : userns_of_range_and_root(p->disk_base, p->uid_base, p->uid_range);
                if (other < 0)
                        return error_errno(reterr, other, "Cannot make a user namespace to map the files of %s by", p->root);
        }
        if (p->idmapped)
                how.idmap = other >= 0 ? other : parts->userns;
        return image_stack_mount(parts->stack, &how, STAGING_DIRECTORY, reterr);
}

/* A place for a mount: found, or made as the guest's root, beneath the root. */
static int open_target(const MachinePlan *p, int root, const char *path, bool directory, Error **reterr) {
        int fd = open_in_root(root, path, directory ? O_PATH | O_DIRECTORY : O_PATH, 0);

        if (fd == -ENOENT) {
                GuestIds ids = guest_ids_assume(p->uid_base);

                fd = directory ? mkdir_in_root(root, path) : create_in_root(root, path);
                guest_ids_drop(&ids);
        }
        if (fd < 0)
                return error_errno(reterr, fd, "Cannot make %s in the machine's tree", path);
        return fd;
}

/* A directory of the tree becomes its root, mounted where the tree was. Returns it, as mount_root() does; takes `tree`. */
static int pivot(const MachinePlan *p, int tree, Error **reterr) {
        _cleanup_close_ int whole = tree, place = -1, new = -1, old = -1, target = -1;
        int r;

        if (!p->pivot_new)
                return TAKE_FD(whole);
        place = open_in_root(whole, p->pivot_new, O_PATH | O_DIRECTORY, 0);
        r = place < 0 ? place : (new = mount_clone(place, "", true));
        if (r >= 0 && p->pivot_old)
                r = old = mount_clone(whole, "", true);
        if (r >= 0 && umount2(STAGING_DIRECTORY, MNT_DETACH) < 0)
                r = -errno;
        if (r >= 0) {
                target = open(STAGING_DIRECTORY, O_PATH | O_DIRECTORY | O_CLOEXEC);
                r = target < 0 ? -errno : mount_attach(new, target);
        }
        if (r < 0)
                return error_errno(reterr, r, "Cannot make %s of the tree its root", p->pivot_new);
        if (!p->pivot_old)
                return TAKE_FD(new);
        close_fd(target);
        target = open_target(p, new, p->pivot_old, true, reterr);
        if (target < 0)
                return target;
        r = mount_attach(old, target);
        return r < 0 ? error_errno(reterr, r, "Cannot mount the tree on %s of %s", p->pivot_old, p->pivot_new) : TAKE_FD(new);
}

static int mount_tmpfs(const MachinePlan *p, int root, const MountStep *step, Error **reterr) {
        _cleanup_close_ int mount = -1, target = -1;
        _cleanup_free_ char *options = NULL;
        int r;

        if (asprintf(&options, "uid=%u,gid=%u%s%s", p->uid_base, p->uid_base, step->options ? "," : "",
                     step->options ? step->options : "") < 0)
                return error_oom(reterr);
        target = open_target(p, root, step->destination, true, reterr);
        if (target < 0)
                return target;
        mount = mount_new_labelled("tmpfs", options, p->labels.mount, step->attr);
        r = mount < 0 ? mount : mount_attach(mount, target);
        if (r < 0)
                return error_errno(reterr, r, "Cannot mount a tmpfs on %s with options '%s'", step->destination, options);
        return 0;
}

static int idmap_bind(const MachinePlan *p, int mount, int userns, const MountStep *step, const struct stat *source, int target) {
        _cleanup_close_ int one = -1;
        struct stat owner = { .st_uid = p->uid_base, .st_gid = p->uid_base };

        if (userns < 0 || step->idmap == MOUNT_IDMAP_NO)
                return 0;
        if (step->idmap == MOUNT_IDMAP_ALL && step->from_root && p->idmapped)
                return 0; /* it is, with the tree */
        if (step->idmap == MOUNT_IDMAP_ALL)
                return mount_idmap(mount, userns, step->recursive);
        if (step->idmap == MOUNT_IDMAP_OWNER && fstat(target, &owner) < 0)
                return -errno;
        one = userns_of_pair((IdPair){ source->st_uid, owner.st_uid }, (IdPair){ source->st_gid, owner.st_gid });
        return one < 0 ? one : mount_idmap(mount, one, step->recursive);
}

/* Who made the image has chosen the id that the directory is named by, and may have chosen another machine's, or one that the host had. */
static int give_source(const MachinePlan *p, int source, const struct stat *st, const MountStep *step, Error **reterr) {
        _cleanup_closedir_ DIR *d = st->st_uid == p->uid_base ? NULL : fd_opendir(source, ".");

        for (struct dirent *e; d && (e = readdir(d));)
                if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
                        error_set(reterr, EEXIST, "%s has files of another machine than %s, or of this host", step->source, p->name);
                        return error_hint(reterr, -EEXIST, "Move it away, or have it belong to user %u if it is of this one; or boot with --link-journal=no.",
                                          p->uid_base);
                }
        if (fchownat(source, "", p->uid_base, p->uid_base, AT_EMPTY_PATH) < 0)
                return error_errno(reterr, errno, "Cannot give %s to the machine's root", step->source);
        return 0;
}

static int mount_bind(const MachinePlan *p, int root, int userns, const MountStep *step, Error **reterr) {
        _cleanup_(error_freep) Error *refusal = NULL;
        _cleanup_close_ int source = -1, mount = -1, target = -1;
        struct stat st;
        int r;

        if (step->from_root)
                source = open_in_root(root, step->source, O_PATH, 0);
        else {
                source = open(step->source, O_PATH | O_CLOEXEC);
                if (source < 0)
                        source = -errno;
        }
        if (source == -ENOENT && step->optional)
                return 0;
        if (source < 0 || fstat(source, &st) < 0) {
                r = source < 0 ? source : -errno;
                error_errno(reterr, r, "Cannot bind %s to %s in the machine", step->source, step->destination);
                return error_hint(reterr, r, "Put '-' before the path where it may be missing: --bind=-%s", step->source);
        }
        r = step->becomes_theirs ? give_source(p, source, &st, step, &refusal) : 0;
        if (r == -EEXIST && step->optional) {
                log_warning("%s, ignoring", refusal->message);
                return 0;
        }
        if (r < 0)
                return error_pass(reterr, r, &refusal);
        mount = mount_clone(source, "", step->recursive);
        if (mount < 0)
                return error_errno(reterr, mount, "Cannot bind %s", step->source);
        target = open_target(p, root, step->destination, S_ISDIR(st.st_mode), reterr);
        if (target < 0)
                return target;
        r = mount_set_attr(mount, step->attr, 0, step->recursive);
        if (r >= 0)
                r = idmap_bind(p, mount, userns, step, &st, target);
        if (r == -EINVAL && step->idmap != MOUNT_IDMAP_NO) {
                error_set(reterr, -r, "The file system of %s cannot map user ids, as its bind says", step->source);
                return error_hint(reterr, r, "Leave out idmap, or keep it on ext4, xfs, btrfs or tmpfs.");
        }
        if (r < 0)
                return error_errno(reterr, r, "Cannot set up the bind of %s", step->source);
        r = mount_attach(mount, target);
        if (r < 0)
                return error_errno(reterr, r, "Cannot bind %s to %s in the machine", step->source, step->destination);
        return 0;
}

static int mount_overlay(const MachinePlan *p, int root, const MountStep *step, Error **reterr) {
        _cleanup_close_ int mount = assemble_overlay(p, step, root, reterr), target = -1;
        int r;

        if (mount < 0)
                return mount;
        target = open_target(p, root, step->destination, true, reterr);
        if (target < 0)
                return target;
        r = mount_attach(mount, target);
        return r < 0 ? error_errno(reterr, r, "Cannot mount an overlay on %s in the machine", step->destination) : 0;
}

/* In a tree that is only read, it is to be written to all the same. */
static int mount_volume(const MachinePlan *p, int root, const MountStep *step, Error **reterr) {
        _cleanup_close_ int target = open_target(p, root, step->destination, true, NULL);
        struct statvfs fs;

        if (target < 0) {
                log_warning("%s: there is no %s to be written to, ignoring: %s", p->name, step->destination, strerror(-target));
                return 0;
        }
        if (fstatvfs(target, &fs) < 0)
                return error_errno(reterr, errno, "Cannot look at %s in the machine's tree", step->destination);
        return fs.f_flag & ST_RDONLY ? mount_overlay(p, root, step, reterr) : 0;
}

static int mount_step(const MachinePlan *p, int root, int userns, const MountStep *step, Error **reterr) {
        switch (step->kind) {
        case MOUNT_STEP_TMPFS:
                return mount_tmpfs(p, root, step, reterr);
        case MOUNT_STEP_OVERLAY:
                return mount_overlay(p, root, step, reterr);
        case MOUNT_STEP_VOLUME:
                return mount_volume(p, root, step, reterr);
        case MOUNT_STEP_COVER:
                return assemble_cover(p, root, step->destination, reterr);
        default:
                return mount_bind(p, root, userns, step, reterr);
        }
}

static int make_api_directories(const MachinePlan *p, int root, Error **reterr) {
        static const char *const directories[] = { "/proc", "/sys", "/dev", "/run", "/tmp" };

        for (size_t i = 0; i < ELEMENTSOF(directories); i++) {
                _cleanup_close_ int fd = open_target(p, root, directories[i], true, reterr);

                if (fd < 0 && p->read_only)
                        return error_hint(reterr, fd, "A read-only tree must have it: mkdir %s%s", p->root, directories[i]);
                if (fd < 0)
                        return fd;
        }
        return 0;
}

static int assemble_api(const MachinePlan *p, int root, const int api[2], Error **reterr) {
        static const char *const places[] = { "/proc", "/sys" };

        for (size_t i = 0; i < ELEMENTSOF(places); i++) {
                _cleanup_close_ int target = open_in_root(root, places[i], O_PATH | O_DIRECTORY, 0);
                int r = target < 0 ? target : mount_attach(api[i], target);

                if (r < 0)
                        return error_errno(reterr, r, "Cannot mount the machine's %s", places[i]);
        }
        return api_guarded_by(p) == GUARDED_BY_SUPERVISOR ? api_guard(p, root, -1, reterr) : 0;
}

/* Where a command is to begin. What cannot be made is the command's to miss. */
static void make_working_directory(const MachinePlan *p, int root) {
        if (p->mode == START_RUN && p->chdir && !p->as_nspawn)
                close_fd(open_target(p, root, p->chdir, true, NULL));
}

/* What we make in the tree is labelled as the machine's own, or it would be as the policy has it for us. */
static int label_what_is_made(const MachinePlan *p, bool on, Error **reterr) {
        int r = 0;

        if (p->labels.tree && !p->read_only)
                r = task_label_set_for_files(on ? p->labels.tree : NULL, reterr);
        if (r >= 0 && p->labels.process)
                r = task_label_set_for_sockets(on ? p->labels.process : NULL, reterr);
        return r;
}

static int place_api(const MachinePlan *p, const TreeParts *parts, int root, int api[2], Error **reterr) {
        int r = parts->make_api(parts->userdata, api, reterr);

        return r < 0 ? r : assemble_api(p, root, api, reterr);
}

bool assemble_wants_api(const MachinePlan *p) {
        if (p->chdir || nesting_has_mounts(p))
                return true;
        for (size_t i = 0; i < p->n_mounts; i++)
                if (strcmp(p->mounts[i].destination, "/run") != 0 && strcmp(p->mounts[i].destination, "/tmp") != 0)
                        return true;
        return false;
}

/* All that is mounted and written in the tree. /proc and /sys come as late as can be, for the sysfs has to wait for the child, which makes
 * its network namespace. */
static int furnish(const MachinePlan *p, const TreeParts *parts, int root, int api[2], int *ret_notify, Error **reterr) {
        bool api_first = assemble_wants_api(p);
        int r;

        r = make_api_directories(p, root, reterr);
        if (r >= 0)
                r = assemble_dev(p, root, reterr);
        if (r >= 0 && api_first)
                r = place_api(p, parts, root, api, reterr);
        for (size_t i = 0; r >= 0 && i < p->n_mounts; i++)
                r = mount_step(p, root, parts->userns, &p->mounts[i], reterr);
        if (r >= 0)
                r = guest_files_write(p, root, parts->files, ret_notify, reterr);
        if (r >= 0 && !api_first && parts->make_api)
                r = place_api(p, parts, root, api, reterr);
        if (r >= 0)
                make_working_directory(p, root);
        return r >= 0 && nesting_has_mounts(p) ? nesting_place_mounts(root, api, reterr) : r;
}

int assemble_tree(const MachinePlan *p, const TreeParts *parts, int *ret_notify, Error **reterr) {
        _cleanup_close_ int root = -1, notify = -1, proc = -1, sysfs = -1;
        int api[2] = { -1, -1 }, r, k;

        root = mount_root(p, parts, reterr);
        if (root < 0)
                return root;
        root = pivot(p, TAKE_FD(root), reterr);
        if (root < 0)
                return root;
        r = label_what_is_made(p, true, reterr);
        if (r >= 0)
                r = furnish(p, parts, root, api, &notify, reterr);
        proc = api[0];
        sysfs = api[1];
        k = label_what_is_made(p, false, r < 0 ? NULL : reterr);
        if (r < 0 || k < 0)
                return r < 0 ? r : k;
        *ret_notify = TAKE_FD(notify);
        return TAKE_FD(root);
}
