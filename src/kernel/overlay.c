/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "overlay.h"

/* By mount(2), which every kernel has alike. fsconfig(2) takes no value longer than 255 bytes, so that a chain of layers needs "lowerdir+"
 * there (Linux 6.7), and layers by fd need 6.13. Layers are named by their fds in /proc: that is short, and says nothing of the host's
 * paths to whoever reads the machine's mountinfo. */

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "cleanup.h"
#include "mount.h"

#define OPTIONS_MAX 4096 /* a page, with the NUL */

typedef struct Options {
        char text[OPTIONS_MAX];
        size_t n;
} Options;

static _printf_(2, 3) void add(Options *o, const char *format, ...) {
        size_t space = sizeof(o->text) - o->n;
        va_list ap;
        int n;

        va_start(ap, format);
        n = vsnprintf(o->text + o->n, space, format, ap);
        va_end(ap);
        o->n += n < 0 || (size_t) n >= space ? space - 1 : (size_t) n;
}

static int make_options(const OverlayLayers *l, Options *o) {
        if (l->n_lowers > OVERLAY_LOWERS_MAX)
                return -E2BIG;
        add(o, "redirect_dir=on,index=off,metacopy=off");
        if (l->upper >= 0)
                add(o, ",upperdir=/proc/self/fd/%d,workdir=/proc/self/fd/%d%s", l->upper, l->work, l->passing ? ",volatile" : "");
        if (l->context)
                add(o, ",context=\"%s\"", l->context); /* it has commas */
        for (size_t i = 0; i < l->n_lowers; i++)
                add(o, "%s/proc/self/fd/%d", i == 0 ? ",lowerdir=" : ":", l->lowers[i]);
        return o->n + 1 < sizeof(o->text) ? 0 : -E2BIG;
}

static int mount_at(const char *place, const char *options, uint64_t attr) {
        _cleanup_close_ int fd = -1;
        int r;

        if (mount("overlay", place, "overlay", 0, options) < 0)
                return -errno;
        fd = mount_clone(AT_FDCWD, place, false);
        (void) umount2(place, MNT_DETACH | UMOUNT_NOFOLLOW);
        if (fd < 0 || attr == 0)
                return TAKE_FD(fd);
        r = mount_set_attr(fd, attr, 0, false);
        return r < 0 ? r : TAKE_FD(fd);
}

int overlay_new(const OverlayLayers *l, const char *place, uint64_t attr) {
        _cleanup_close_ int target = -1;
        Options options = {};
        size_t attached = 0;
        int r;

        r = make_options(l, &options);
        if (r < 0)
                return r;
        target = open(place, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (target < 0)
                return -errno;
        /* One upon the other: each stays in the namespace, and no more is wanted. */
        while (r >= 0 && attached < l->n_mounts) {
                r = mount_attach(l->mounts[attached], target);
                attached += r >= 0;
        }
        if (r >= 0)
                r = mount_at(place, options.text, attr);
        for (; attached > 0; attached--)
                (void) umount2(place, MNT_DETACH | UMOUNT_NOFOLLOW);
        return r;
}
