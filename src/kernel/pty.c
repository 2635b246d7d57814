/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pty.h"

#include <asm/ioctls.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>
#include <termios.h>

#include "cleanup.h"
#include "file.h"
#include "parse.h"

int pty_open(int pts, unsigned *ret_number) {
        _cleanup_close_ int master = -1;
        struct statfs fs;
        unsigned number;
        int unlock = 0;

        master = openat(pts, "ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NOFOLLOW);
        if (master < 0)
                return -errno;
        if (fstatfs(master, &fs) < 0)
                return -errno;
        if (fs.f_type != DEVPTS_SUPER_MAGIC)
                return -EUCLEAN;
        if (ioctl(master, TIOCSPTLCK, &unlock) < 0 || ioctl(master, TIOCGPTN, &number) < 0)
                return -errno;
        if (ret_number)
                *ret_number = number;
        return TAKE_FD(master);
}

static bool read_setting(const char *name, uint64_t *ret) {
        _cleanup_free_ char *text = NULL;
        char path[64];

        snprintf(path, sizeof(path), "/proc/sys/kernel/pty/%s", name);
        if (file_read(AT_FDCWD, path, 32, &text) < 0)
                return false;
        text[strcspn(text, "\n")] = 0;
        return parse_u64(text, UINT32_MAX, ret) >= 0;
}

unsigned pty_left(void) {
        uint64_t max, reserve, used;

        if (!read_setting("max", &max) || !read_setting("reserve", &reserve) || !read_setting("nr", &used))
                return UINT_MAX;
        return max > reserve + used ? (unsigned) (max - reserve - used) : 0;
}

int pty_open_peer(int master, int flags) {
        int fd = ioctl(master, TIOCGPTPEER, flags | O_NOCTTY | O_CLOEXEC);

        return fd < 0 ? -errno : fd;
}

int pty_hangup(int master) {
        _cleanup_close_ int slave = pty_open_peer(master, O_RDWR);

        if (slave < 0)
                return slave;
        /* What was written to the master moments ago may still be on its way to the line discipline, by a kernel thread: the hangup
         * empties the discipline only, and the next session would read the rest. This empties both. */
        (void) tcflush(slave, TCIFLUSH);
        return ioctl(slave, TIOCVHANGUP) < 0 ? -errno : 0;
}
