/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "new-identity.h"

/* The tree is a guest's, and may have links to anywhere in place of these files: each is opened beneath the tree's root, and written to
 * only where it is a regular file itself. A link is left alone: mostly it leads to another of them (/var/lib/dbus/machine-id), and nothing
 * else is ours to write. */

#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "disk.h"
#include "fd.h"
#include "parse.h"
#include "path.h"

/* Where a machine id stands. The first is the one that counts. */
static const char *const id_files[] = { "/etc/machine-id", "/var/lib/dbus/machine-id" };

/* O_PATH of a regular file, or -1: there is none. */
static int find_file(int tree, const char *path, struct stat *st) {
        _cleanup_close_ int fd = open_in_root(tree, path, O_PATH | O_NOFOLLOW, 0);

        return fd >= 0 && fstat(fd, st) >= 0 && S_ISREG(st->st_mode) ? TAKE_FD(fd) : -1;
}

static int overwrite(int place, const char *path, const char *text, Error **reterr) {
        _cleanup_close_ int fd = fd_reopen(place, O_WRONLY | O_TRUNC | O_NOCTTY | O_NONBLOCK);
        int r = fd < 0 ? fd : fd_write_all(fd, text, strlen(text));

        if (r == -EPERM) {
                error_errno(reterr, r, "Cannot write %s in the new tree", path);
                return error_hint(reterr, r, "It is immutable in the image (lsattr(1)): `chattr -i` there lets clones have their own.");
        }
        return r < 0 ? error_errno(reterr, r, "Cannot write %s in the new tree", path) : 0;
}

static bool has_id(int place) {
        _cleanup_close_ int fd = fd_reopen(place, O_RDONLY | O_NOCTTY | O_NONBLOCK);
        char text[33] = "";
        uint8_t id[16];

        return fd >= 0 && read(fd, text, sizeof(text) - 1) == sizeof(text) - 1 && parse_id128(text, id) >= 0;
}

static int make_id(char ret[34]) {
        uint8_t id[16];

        if (getrandom(id, sizeof(id), 0) != (ssize_t) sizeof(id))
                return -errno;
        id[6] = (id[6] & 0x0f) | 0x40; /* a version 4 UUID, as systemd makes them */
        id[8] = (id[8] & 0x3f) | 0x80;
        id128_to_text(id, ret);
        strcat(ret, "\n");
        return 0;
}

static int write_ids(int tree, const char *text, Error **reterr) {
        for (size_t i = 0; i < ELEMENTSOF(id_files); i++) {
                struct stat st;
                _cleanup_close_ int place = find_file(tree, id_files[i], &st);
                int r = place >= 0 && has_id(place) ? overwrite(place, id_files[i], text, reterr) : 0;

                if (r < 0)
                        return r;
        }
        return 0;
}

static int write_host_name(int tree, const char *name, Error **reterr) {
        struct stat st;
        _cleanup_close_ int place = find_file(tree, "/etc/hostname", &st);
        char text[HOST_NAME_MAX + 2];

        if (place < 0)
                return 0;
        snprintf(text, sizeof(text), "%.*s\n", HOST_NAME_MAX, name);
        return overwrite(place, "/etc/hostname", text, reterr);
}

int tree_new_identity(int tree, const NewIdentity *wish, Error **reterr) {
        char id[34] = "";
        int r = wish->no_id ? 0 : make_id(id);

        if (r < 0)
                return error_errno(reterr, r, "Cannot make a machine id");
        r = write_ids(tree, id, reterr);
        return r >= 0 && wish->host_name ? write_host_name(tree, wish->host_name, reterr) : r;
}

int disk_new_identity(int file, const char *path, const NewIdentity *wish, Error **reterr) {
        _cleanup_(disk_mounts_freep) DiskMounts *mounts = NULL;
        Image image = { .type = IMAGE_DISK, .fd = file, .path = (char *) path, .name = (char *) path };
        int r = disk_open(&image, &(DiskWish){}, &mounts, reterr);

        if (r < 0)
                return r;
        if (mounts->n_mounts == 0 || strcmp(mounts->mounts[0].destination, "/") != 0 || mounts->mounts[0].read_only)
                return 0;
        r = tree_new_identity(mounts->mounts[0].mount, wish, reterr);
        return r < 0 ? r : 1;
}
