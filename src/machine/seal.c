/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seal.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>

#include "fd.h"
#include "strv.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define ARGUMENTS_MAX (4 * 1024 * 1024)

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U /* Linux 6.3; older kernels make all memfds executable */
#endif

static bool is_sealed(int exe) {
        int seals = fcntl(exe, F_GET_SEALS);

        return seals >= 0 && (seals & F_SEAL_WRITE);
}

static int copy_of(int exe) {
        _cleanup_close_ int copy = memfd_create("nbox", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
        struct stat st;

        if (copy < 0 && errno == EINVAL)
                copy = memfd_create("nbox", MFD_CLOEXEC | MFD_ALLOW_SEALING);
        if (copy < 0 || fstat(exe, &st) < 0)
                return -errno;
        for (off_t left = st.st_size; left > 0;) {
                ssize_t n = sendfile(copy, exe, NULL, (size_t) left);

                if (n <= 0)
                        return n < 0 ? -errno : -EIO;
                left -= n;
        }
        if (fcntl(copy, F_ADD_SEALS, SEALS) < 0)
                return -errno;
        return TAKE_FD(copy);
}

/* argv, as the kernel keeps it: verbs have had theirs reordered. */
static int own_arguments(char ***ret) {
        _cleanup_close_ int fd = open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
        _cleanup_strv_ char **argv = NULL;
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r;

        if (fd < 0)
                return -errno;
        r = fd_read_all(fd, ARGUMENTS_MAX, &text, &size);
        for (size_t i = 0; r >= 0 && i < size; i += strlen(text + i) + 1)
                r = strv_append(&argv, text + i);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(argv);
        return 0;
}

int seal_self(Error **reterr) {
        _cleanup_close_ int exe = open("/proc/self/exe", O_RDONLY | O_CLOEXEC), copy = -1;
        _cleanup_strv_ char **argv = NULL;
        int r;

        if (exe < 0)
                return error_errno(reterr, errno, "Cannot open nbox's own binary");
        if (is_sealed(exe)) {
                (void) prctl(PR_SET_NAME, "nbox"); /* the kernel has named us after the descriptor */
                return 0;
        }
        r = copy = copy_of(exe);
        if (r >= 0)
                r = own_arguments(&argv);
        if (r < 0)
                return error_errno(reterr, r, "Cannot make a sealed copy of nbox's own binary");
        fexecve(copy, argv, environ);
        return error_errno(reterr, errno, "Cannot run from a sealed copy of nbox's own binary");
}
