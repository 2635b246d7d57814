/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cleanup.h"
#include "import.h"
#include "name.h"

void import_source_done(ImportSource *s) {
        if (s->fd > STDIN_FILENO)
                close_fd(s->fd);
        free(s->title);
}

static bool is_stdin(const char *file) {
        return strcmp(file, "-") == 0;
}

static int no_file(const char *file, int r, Error **reterr) {
        error_errno(reterr, r, "Cannot open '%s'", file);
        return r == -ENOENT && strstr(file, "://") ? error_hint(reterr, r, "`nbox pull` fetches what is on a web server.") : r;
}

static int open_it(const char *file, Error **reterr) {
        int fd;

        if (is_stdin(file)) {
                if (!isatty(STDIN_FILENO))
                        return STDIN_FILENO;
                error_set(reterr, EINVAL, "'-' is the standard input, which is a terminal here");
                return error_hint(reterr, -EINVAL, "Give a file, or a command that writes an archive: `… | nbox import - NAME`.");
        }
        fd = open(file, O_RDONLY | O_NOCTTY | O_CLOEXEC);
        if (fd >= 0)
                return fd;
        return no_file(file, -errno, reterr);
}

int import_source_open(const char *file, ImportSource *ret, Error **reterr) {
        _cleanup_(import_source_done) ImportSource s = { .fd = open_it(file, reterr) };
        struct stat st;

        if (s.fd < 0)
                return s.fd;
        if (fstat(s.fd, &st) < 0)
                return error_errno(reterr, errno, "Cannot look at '%s'", file);
        if (S_ISCHR(st.st_mode) && is_stdin(file))
                return error_set(reterr, EINVAL, "Nothing comes by the standard input: it is closed, or a device");
        if (S_ISCHR(st.st_mode))
                return error_set(reterr, EINVAL, "'%s' is a device that has no end", file);
        s.title = strdup(is_stdin(file) ? "standard input" : file);
        if (!s.title)
                return error_oom(reterr);
        s.is_directory = S_ISDIR(st.st_mode);
        s.is_file = S_ISREG(st.st_mode) && lseek(s.fd, 0, SEEK_CUR) == 0;
        s.size = s.is_file ? (uint64_t) st.st_size : 0;
        if (s.is_file)
                (void) posix_fadvise(s.fd, 0, 0, POSIX_FADV_SEQUENTIAL);
        *ret = s;
        s = (ImportSource){ .fd = -1 };
        return 0;
}

/* ---- its name ---- */

static const char *const packed[] = { ".gz", ".xz", ".zst", ".bz2", NULL };
static const char *const forms[] = { ".tar", ".tgz", ".txz", ".tzst", ".tbz2", ".tbz", ".raw", ".img", ".oci", NULL };

static bool cut(char *name, const char *const *suffixes) {
        size_t n = strlen(name);

        for (; *suffixes; suffixes++) {
                size_t k = strlen(*suffixes);

                if (n > k && strcmp(name + n - k, *suffixes) == 0) {
                        name[n - k] = 0;
                        return true;
                }
        }
        return false;
}

int import_name_without_form(const char *file, char **ret, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_free_ char *name = strdup(file);

        if (!name)
                return error_oom(reterr);
        (void) cut(name, packed);
        while (cut(name, forms)) /* ".oci.tar" */
                ;
        if (machine_name_from_path(name, ret, &error) >= 0)
                return 0;
        error_set(reterr, EINVAL, "'%s' makes no name for an image", name);
        return error_hint(reterr, -EINVAL, "A NAME behind it gives it another.");
}

int import_name_of(const char *file, char **ret, Error **reterr) {
        _cleanup_free_ char *path = is_stdin(file) ? NULL : realpath(file, NULL);
        const char *slash = path ? strrchr(path, '/') : NULL;

        if (is_stdin(file)) {
                error_set(reterr, EINVAL, "What comes from the standard input has no name");
                return error_hint(reterr, -EINVAL, "`nbox import - NAME` gives it one.");
        }
        if (!path)
                return no_file(file, -errno, reterr);
        return import_name_without_form(slash[1] ? slash + 1 : "root", ret, reterr);
}
