/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest-getty.h"

#include <fcntl.h>
#include <string.h>

#include "cleanup.h"
#include "file.h"
#include "path.h"

#define INITTAB_MAX (64 * 1024)
#define BOOTING_USEC (60 * UINT64_C(1000000)) /* init scripts come first, one by one, and a disk may be slow */
#define SYSTEMD_USEC (20 * UINT64_C(1000000)) /* its own come early, and many trees have none on a tty */
#define NONE_USEC (2 * UINT64_C(1000000))

/* A line of inittab(5), or of busybox's, which has the terminal first: one that is no comment and speaks of a tty by number. */
static bool line_has_tty(const char *line) {
        const char *p = line + strspn(line, " \t");

        if (*p == '#')
                return false;
        for (p = strstr(p, "tty"); p; p = strstr(p + 3, "tty"))
                if (p[3] >= '1' && p[3] <= '9')
                        return true;
        return false;
}

static bool inittab_has_ttys(const Guest *g) {
        _cleanup_close_ int etc = open_in_root(g->root, "/etc", O_PATH | O_DIRECTORY, 0);
        _cleanup_free_ char *text = NULL;
        char *state = NULL;

        if (etc < 0 || file_read(etc, "inittab", INITTAB_MAX, &text) < 0)
                return false;
        for (char *line = strtok_r(text, "\n", &state); line; line = strtok_r(NULL, "\n", &state))
                if (line_has_tty(line))
                        return true;
        return false;
}

/* OpenRC's own init has a service agetty.ttyN for each, in one of its runlevels. */
static bool runlevel_has_ttys(const Guest *g) {
        _cleanup_close_ int runlevel = open_in_root(g->root, "/etc/runlevels/default", O_PATH | O_DIRECTORY, 0);

        for (int n = 1; runlevel >= 0 && n <= 9; n++) {
                char name[16];

                snprintf(name, sizeof(name), "agetty.tty%d", n);
                if (faccessat(runlevel, name, F_OK, AT_SYMLINK_NOFOLLOW) >= 0)
                        return true;
        }
        return false;
}

uint64_t guest_getty_wait(const Guest *g, InitKind kind) {
        switch (kind) {
        case INIT_SYSTEMD:
                return SYSTEMD_USEC;
        case INIT_RUNIT:
        case INIT_FINIT:
                return BOOTING_USEC;
        case INIT_BUSYBOX:
        case INIT_SYSVINIT:
                return inittab_has_ttys(g) ? BOOTING_USEC : NONE_USEC;
        case INIT_OPENRC:
                return runlevel_has_ttys(g) ? BOOTING_USEC : NONE_USEC;
        default:
                return NONE_USEC;
        }
}
