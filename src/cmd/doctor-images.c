/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The directory of images, and who gets at what is in it. */

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "doctor.h"
#include "idrange.h"
#include "machine.h"
#include "mount.h"
#include "namespace.h"
#include "reach.h"
#include "shell-word.h"
#include "text.h"

#define SPACE_LEAST (UINT64_C(256) << 20) /* bytes */
#define SPACE_WANTED (UINT64_C(2) << 30)
#define FILES_LEAST 10000
#define PROBE_BASE 524288U /* ids that machines have */

static void check_directory(Doctor *d) {
        struct stat st;

        if (stat(IMAGE_DIRECTORY, &st) >= 0 && S_ISDIR(st.st_mode))
                return;
        doctor_found(d, FOUND_ADVICE, "There is no directory %s", IMAGE_DIRECTORY);
        doctor_means(d, "No machine boots by its name; `nbox create`, import and pull make it");
        doctor_mend(d, "install -d -m 0700 %s", IMAGE_DIRECTORY);
}

/* A flag of the mount, which is not the file system's: a bind mount can have another. */
static void mend_mount(Doctor *d, const char *options) {
        doctor_mend(d, "mount -o remount,%s \"$(findmnt -n -f -o TARGET --target %s)\"", options, IMAGE_DIRECTORY);
}

static void check_mount(Doctor *d) {
        struct statvfs st;

        if (statvfs(IMAGE_DIRECTORY, &st) < 0)
                return;
        if (st.f_flag & ST_NOEXEC) {
                doctor_found(d, FOUND_STOPS, "%s is mounted noexec", IMAGE_DIRECTORY);
                doctor_means(d, "No init of a tree there can be executed");
                mend_mount(d, "bind,exec");
        }
        if (st.f_flag & ST_NOSUID) {
                doctor_found(d, FOUND_TAKES, "%s is mounted nosuid", IMAGE_DIRECTORY);
                doctor_means(d, "In machines su, sudo and passwd do not work for users, nor do files with capabilities, as ping");
                mend_mount(d, "bind,suid");
        }
        if (st.f_flag & ST_RDONLY) {
                doctor_found(d, FOUND_STOPS, "%s is read-only", IMAGE_DIRECTORY);
                doctor_means(d, "Machines start with --read-only, --volatile= or --ephemeral alone, and no image can be made");
                mend_mount(d, "rw");
        }
}

static void check_space(Doctor *d) {
        char left[SIZE_TEXT_MAX];
        struct statvfs st;
        uint64_t bytes;

        if (statvfs(IMAGE_DIRECTORY, &st) < 0)
                return;
        bytes = (uint64_t) st.f_bavail * st.f_frsize;
        if (bytes < SPACE_WANTED) {
                doctor_found(d, bytes < SPACE_LEAST ? FOUND_TAKES : FOUND_ADVICE, "There are %s left in %s", size_text(bytes, left), IMAGE_DIRECTORY);
                doctor_means(d, "What machines write fails when it is used up; `nbox images` shows who takes how much, `nbox clean` removes what nobody finished");
        }
        if (st.f_files > 0 && st.f_favail < FILES_LEAST) {
                doctor_found(d, FOUND_TAKES, "There can be only %llu more files in %s", (unsigned long long) st.f_favail, IMAGE_DIRECTORY);
                doctor_means(d, "A small system has more than that: remove images, or take a file system with more inodes");
        }
}

/* Tried out: which file systems can is a matter of the kernel, and of what an overlay stands on. */
static void check_idmap(Doctor *d) {
        _cleanup_close_ int tree = mount_clone(AT_FDCWD, IMAGE_DIRECTORY, false), userns = -1;
        int r;

        if (tree < 0)
                return;
        userns = userns_of_range(0, PROBE_BASE, IDRANGE_SIZE);
        if (userns < 0) /* the check of user namespaces says it */
                return;
        r = mount_idmap(tree, userns, false);
        if (r >= 0)
                return;
        doctor_found(d, FOUND_STOPS, "The file system of %s cannot map user ids: %s", IMAGE_DIRECTORY, strerror(-r));
        doctor_means(d, "Machines there start with --private-users-ownership=chown or --private-users=no alone: move it to ext4, xfs or btrfs");
}

/* The directory that is to be closed: the tree's own must stay open to those inside. */
static void found_reachable(Doctor *d, char *by) {
        char *slash = strrchr(by, '/');
        bool named;

        if (!slash)
                return;
        *slash = 0;
        named = *by && strrchr(by, '/') > by; /* nobody shall close /srv or /home */
        doctor_found(d, FOUND_TAKES, "Users of this host can reach the files of machines in %s", *by ? by : "/");
        doctor_means(d, "A setuid program that root makes inside runs with the host root's rights for them%s",
                     named ? "" : ": keep trees below a directory that is root's alone");
        if (named) {
                _cleanup_free_ char *word = shell_word(by);

                doctor_mend(d, "chmod 0700 %s", word ?: "");
        }
}

static bool is_found_already(const Doctor *d, const char *by) {
        size_t n = strrchr(by, '/') - by;

        for (size_t i = 0; i < d->n_findings; i++)
                if (d->findings[i].check == d->check && d->findings[i].text && strlen(d->findings[i].text) > n &&
                    strncmp(d->findings[i].text + strlen(d->findings[i].text) - n, by, n) == 0)
                        return true;
        return false;
}

static void look_at_tree(Doctor *d, const Image *image) {
        _cleanup_free_ char *by = NULL;
        struct stat st;

        if ((image->type != IMAGE_TREE && image->type != IMAGE_SUBVOLUME) || stat(image->path, &st) < 0 || st.st_uid != 0)
                return;
        if (tree_is_reachable(image->path, &by) > 0 && strchr(by, '/') && !is_found_already(d, by))
                found_reachable(d, by);
}

static void check_reach(Doctor *d) {
        for (size_t i = 0; i < d->n_images; i++)
                look_at_tree(d, d->images[i]);
}

static void check_dead(Doctor *d) {
        Machine **machines = NULL;
        size_t n = 0;

        if (machine_list(&machines, &n, NULL) < 0)
                return;
        for (size_t i = 0; i < n; i++)
                if (machines[i]->state == MACHINE_DEAD) {
                        doctor_found(d, FOUND_ADVICE, "%s has ended without its supervisor's clearing up", machines[i]->record->name);
                        doctor_means(d, "Rules, locks or mounts of it may still stand; the next start of any machine takes them away, too");
                        doctor_mend(d, "nbox gc");
                }
        machine_list_free(machines, n);
}

const DoctorCheck image_directory_checks[] = {
        { "images", IMAGE_DIRECTORY, check_directory },
        { "images-mount", "how the file system of images is mounted", check_mount },
        { "images-space", "how much room it has", check_space },
        { "images-idmap", "whether it can map user ids", check_idmap, .needs_root = true },
        { "reachable", "trees that users of the host can enter", check_reach, .needs_root = true },
        { "leftovers", "what dead machines left", check_dead },
        {},
};
