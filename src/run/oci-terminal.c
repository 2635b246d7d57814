/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "oci-terminal.h"

#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "child-mounts.h"
#include "fd.h"
#include "pty.h"

static int take(const OciProcess *p, int slave, Error **reterr) {
        struct winsize size = { .ws_row = p->rows, .ws_col = p->columns };

        if (p->rows > 0 && p->columns > 0 && ioctl(slave, TIOCSWINSZ, &size) < 0)
                return error_errno(reterr, errno, "Cannot set the size of the container's terminal");
        if (fchown(slave, p->uid, (gid_t) -1) < 0)
                return error_errno(reterr, errno, "Cannot give the container's terminal to its user");
        if (ioctl(slave, TIOCSCTTY, 0) < 0)
                return error_errno(reterr, errno, "Cannot take the container's terminal");
        for (int i = 0; i < 3; i++)
                if (dup2(slave, i) < 0)
                        return error_errno(reterr, errno, "Cannot set up standard input and output");
        return 0;
}

int oci_terminal_open(const OciProcess *p, bool console, int *ret_master, Error **reterr) {
        _cleanup_close_ int pts = open("/dev/pts", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), master = -1, slave = -1;
        unsigned number;
        int r;

        if (pts < 0)
                return error_errno(reterr, errno, "process.terminal: cannot open /dev/pts of the container");
        master = pty_open(pts, &number);
        if (master < 0)
                return error_errno(reterr, master, "process.terminal: cannot open a terminal in the container");
        slave = pty_open_peer(master, O_RDWR);
        if (slave < 0)
                return error_errno(reterr, slave, "process.terminal: cannot open a terminal in the container");
        r = console ? child_place_tty(pts, number, "console") : 0;
        if (r < 0)
                return error_errno(reterr, r, "process.terminal: cannot put it at /dev/console");
        r = take(p, slave, reterr);
        if (r < 0)
                return r;
        *ret_master = TAKE_FD(master);
        return 0;
}

int oci_terminal_connect(const char *path, Error **reterr) {
        int fd = unix_connect(path, SOCK_STREAM);

        return fd < 0 ? error_errno(reterr, fd, "Cannot connect to the console socket %s", path) : fd;
}

int oci_terminal_send(int socket, int master, Error **reterr) {
        static const char name[] = "/dev/ptmx";
        int r = fd_send(socket, name, sizeof(name), &master, 1);

        return r < 0 ? error_errno(reterr, r, "Cannot send the container's terminal to the console socket") : 0;
}
