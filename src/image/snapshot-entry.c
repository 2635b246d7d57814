/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "snapshot-entry.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

#include "log.h"
#include "snapshot.h"

#define HINT_MAX (SNAPSHOT_NAME_MAX + 8)

const char *image_entry_name(const Image *image) {
        return strrchr(image->path, '/') + 1;
}

int snapshots_open(const Store *s, const Image *image, bool make, Error **reterr) {
        const char *entry = image_entry_name(image);
        _cleanup_close_ int all = openat(s->fd, "snapshots", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), fd = -1;

        if (all < 0 && errno == ENOENT && !make)
                return -ENOENT;
        if (all >= 0 && make && mkdirat(all, entry, 0700) < 0 && errno != EEXIST)
                return error_errno(reterr, errno, "Cannot make a directory for snapshots of %s", image->path);
        fd = all < 0 ? -1 : openat(all, entry, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 && all >= 0 && errno == ENOENT && !make)
                return -ENOENT;
        return fd < 0 ? error_errno(reterr, errno, "Cannot open the snapshots of %s", image->path) : TAKE_FD(fd);
}

static void hint_name(const char *snapshot, char ret[HINT_MAX]) {
        snprintf(ret, HINT_MAX, ".on%s%s", snapshot ? "." : "", snapshot ?: "");
}

char *stands_on(int snapshots, const char *snapshot) {
        char name[HINT_MAX], text[SNAPSHOT_NAME_MAX + 2];
        ssize_t n;

        hint_name(snapshot, name);
        n = readlinkat(snapshots, name, text, sizeof(text) - 1);
        if (n < 0)
                return NULL;
        text[n] = 0;
        return snapshot_name_is_valid(text) ? strdup(text) : NULL;
}

void stand_on(int snapshots, const char *snapshot, const char *on) {
        char name[HINT_MAX];
        int r = 0;

        hint_name(snapshot, name);
        if (!on || !*on)
                r = unlinkat(snapshots, name, 0) < 0 && errno != ENOENT ? -errno : 0;
        else if ((unlinkat(snapshots, ".next", 0) < 0 && errno != ENOENT) || symlinkat(on, snapshots, ".next") < 0 ||
                 renameat(snapshots, ".next", snapshots, name) < 0)
                r = -errno;
        if (r < 0)
                log_warning("Cannot write down on which snapshot %s stands: %s, ignoring", snapshot ?: "the image", strerror(-r));
}
