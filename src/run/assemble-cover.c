/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "assemble-cover.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "assemble.h"
#include "mount.h"
#include "path.h"

#define FLAGS (MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)
#define COVER "cover"

static int not_there(const char *path, int r, Error **reterr) {
        error_errno(reterr, r, "Cannot make %s inaccessible in the machine", path);
        return r == -ENOENT ? error_hint(reterr, r, "It must be there: leave out --inaccessible=%s, or Inaccessible= in its settings.", path) : r;
}

/* A mount to put over something of that kind. A device is 0:0, which no driver has. */
static int cover_of(const MachinePlan *p, mode_t kind) {
        _cleanup_close_ int fs = -1;
        int r;

        if (S_ISDIR(kind))
                return mount_new_labelled("tmpfs", "mode=0000,size=4k,nr_inodes=1", p->labels.mount, FLAGS | MOUNT_ATTR_RDONLY);
        fs = mount_new_labelled("tmpfs", "mode=0000,size=4k,nr_inodes=2", p->labels.mount, FLAGS);
        if (fs < 0)
                return fs;
        if (mknodat(fs, COVER, (kind & S_IFMT), makedev(0, 0)) < 0)
                return -errno;
        r = mount_set_attr(fs, MOUNT_ATTR_RDONLY, 0, false);
        return r < 0 ? r : mount_clone_of_new(fs, COVER, STAGING_DIRECTORY);
}

int assemble_cover(const MachinePlan *p, int root, const char *path, Error **reterr) {
        _cleanup_close_ int target = open_in_root(root, path, O_PATH, 0), cover = -1;
        struct stat st;
        int r;

        if (target < 0 || fstat(target, &st) < 0)
                return not_there(path, target < 0 ? target : -errno, reterr);
        cover = cover_of(p, st.st_mode);
        r = cover < 0 ? cover : mount_attach(cover, target);
        return r < 0 ? error_errno(reterr, r, "Cannot make %s inaccessible in the machine", path) : 0;
}
