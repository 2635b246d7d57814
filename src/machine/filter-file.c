/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "filter-file.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "fd.h"
#include "file.h"
#include "record.h"

#define NAME "filter"

int filter_file_save(int dir, const struct sock_filter *code, size_t n, Error **reterr) {
        int r = 0;

        if (!code) /* of an earlier life */
                r = unlinkat(dir, NAME, 0) < 0 && errno != ENOENT ? -errno : 0;
        else
                r = file_replace_data(dir, NAME, code, n * sizeof(*code), 0600);
        return r < 0 ? error_errno(reterr, r, "Cannot keep the machine's system call filter") : 0;
}

static int read_program(int fd, struct sock_filter **ret, size_t *ret_n) {
        _cleanup_free_ char *data = NULL;
        struct stat st;
        size_t size;
        int r;

        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 0077))
                return -EPERM;
        r = fd_read_all(fd, BPF_MAXINSNS * sizeof(struct sock_filter), &data, &size);
        if (r < 0)
                return r;
        if (size == 0 || size % sizeof(struct sock_filter) != 0)
                return -EBADMSG;
        *ret = (struct sock_filter *) TAKE_PTR(data); /* malloc()ed, so aligned */
        *ret_n = size / sizeof(struct sock_filter);
        return 1;
}

int filter_file_load(const char *machine, struct sock_filter **ret, size_t *ret_n, Error **reterr) {
        _cleanup_free_ char *directory = record_path(machine), *path = NULL;
        _cleanup_close_ int fd = -1;
        int r;

        if (!directory || asprintf(&path, "%s/" NAME, directory) < 0)
                return error_oom(reterr);
        fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
        if (fd < 0 && errno == ENOENT)
                return 0;
        r = fd < 0 ? -errno : read_program(fd, ret, ret_n);
        if (r == -EBADMSG || r == -EPERM || r == -EFBIG)
                return error_set(reterr, r, "%s is not a system call filter of nbox's", path);
        return r < 0 ? error_errno(reterr, r, "Cannot read the machine's system call filter %s", path) : 1;
}
