/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <unistd.h>

#include "dispatch.h"
#include "exit-status.h"

/* Started with 0, 1 or 2 closed, the next file that is opened would be standard input or output, and be written to, replaced, or
 * handed to a guest as such. What stands in the gap is opened the wrong way round: using it stays the error that it was. */
static int fill_standard_fds(void) {
        for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
                if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
                        return -1;
        return 0;
}

int main(int argc, char **argv) {
        return fill_standard_fds() < 0 ? EXIT_OWN_FAILURE : dispatch(argc, argv);
}
