/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tree.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/statvfs.h>

#include "fd.h"
#include "path.h"
#include "strv.h"

/* /sbin/init first: it is what the tree's owner chose, where a distribution can have several. */
static const char *const inits[] = {
        "/sbin/init",
        "/usr/lib/systemd/systemd",
        "/lib/systemd/systemd",
        "/etc/init",
        "/bin/init",
};

static const char *init_problem(int root, const char *path) {
        _cleanup_close_ int fd = open_in_root(root, path, O_PATH, 0);
        struct stat st;

        if (fd == -ENOENT || fd == -ENOTDIR) {
                fd = open_in_root(root, path, O_PATH | O_NOFOLLOW, 0);
                return fd < 0 ? "missing" : "a link to nothing in the tree";
        }
        if (fd == -ELOOP)
                return "a link that leads nowhere";
        if (fd < 0 || fstat(fd, &st) < 0)
                return "not accessible";
        if (!S_ISREG(st.st_mode))
                return "not a regular file";
        if (!(st.st_mode & 0111))
                return "not executable";
        return NULL;
}

static int no_init(int root, Error **reterr) {
        _cleanup_strv_ char **looked = NULL;
        _cleanup_free_ char *list = NULL;

        for (size_t i = 0; i < ELEMENTSOF(inits); i++)
                if (strv_appendf(&looked, "%s (%s)", inits[i], init_problem(root, inits[i]) ?: "changed meanwhile") < 0)
                        return error_oom(reterr);
        list = strv_join(looked, ", ");
        if (!list)
                return error_oom(reterr);
        error_set(reterr, ENOEXEC, "The tree has no init that could be booted: %s", list);
        return error_hint(reterr, -ENOEXEC, "`nbox run DIR COMMAND` runs a single command in a tree without one.");
}

int tree_find_init(int root, char **ret, Error **reterr) {
        for (size_t i = 0; i < ELEMENTSOF(inits); i++) {
                if (init_problem(root, inits[i]))
                        continue;
                *ret = strdup(inits[i]);
                return *ret ? 0 : error_oom(reterr);
        }
        return no_init(root, reterr);
}

bool tree_is_init_path(const char *path) {
        for (size_t i = 0; i < ELEMENTSOF(inits); i++)
                if (strcmp(inits[i], path) == 0)
                        return true;
        return false;
}

int tree_check_init(int root, const char *path, Error **reterr) {
        const char *problem = init_problem(root, path);

        return problem ? error_set(reterr, ENOEXEC, "%s cannot be booted: in the tree it is %s", path, problem) : 0;
}

/* On a file system that has no devices for us there is nothing that an open could do harm with: of a running machine that is its root. */
static int open_without_devices(int root, const char *path) {
        _cleanup_close_ int fd = -1;
        struct statfs fs;
        struct stat st;

        if (fstatfs(root, &fs) < 0 || !(fs.f_flags & ST_NODEV) || fs.f_type == PROC_SUPER_MAGIC)
                return -EXDEV;
        fd = open_in_root_mount(root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        return S_ISREG(st.st_mode) ? TAKE_FD(fd) : -EBADF;
}

int tree_open_file(int root, const char *path) {
        _cleanup_close_ int place = -1;
        struct statfs fs;
        struct stat st;
        int fd = open_without_devices(root, path);

        if (fd >= 0)
                return fd;
        place = open_in_root(root, path, O_PATH, 0); /* what is there is looked at before it is opened */
        if (place < 0)
                return place;
        if (fstat(place, &st) < 0 || fstatfs(place, &fs) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode) || fs.f_type == PROC_SUPER_MAGIC)
                return -EBADF;
        return fd_reopen(place, O_RDONLY | O_NONBLOCK);
}

int tree_read_file(int root, const char *path, size_t max, char **ret) {
        _cleanup_close_ int fd = tree_open_file(root, path);

        return fd < 0 ? fd : fd_read_all(fd, max, ret, NULL);
}

void os_release_done(OsRelease *r) {
        free(r->id);
        free(r->version_id);
        free(r->pretty_name);
        *r = (OsRelease) {};
}

/* Length of the well-formed, printable UTF-8 sequence at p, 0 where there is none. C0 and C1 controls are none. */
static size_t utf8_printable(const unsigned char *p) {
        static const struct {
                unsigned char mask, lead;
                size_t length;
                unsigned long least;
        } forms[] = {
                { 0xe0, 0xc0, 2, 0xa0 }, /* from U+00A0: below are the C1 controls */
                { 0xf0, 0xe0, 3, 0x800 },
                { 0xf8, 0xf0, 4, 0x10000 },
        };

        if (*p < 0x80)
                return *p >= 0x20 && *p != 0x7f;
        for (size_t i = 0; i < ELEMENTSOF(forms); i++) {
                unsigned long c = *p & (unsigned char) ~forms[i].mask;

                if ((*p & forms[i].mask) != forms[i].lead)
                        continue;
                for (size_t k = 1; k < forms[i].length; k++) {
                        if ((p[k] & 0xc0) != 0x80)
                                return 0;
                        c = c << 6 | (p[k] & 0x3f);
                }
                return c >= forms[i].least && c <= 0x10ffff && (c < 0xd800 || c > 0xdfff) ? forms[i].length : 0;
        }
        return 0;
}

/* The value of a line as a shell would read it, without what does not belong on a terminal. */
static char *unquote(const char *value, size_t n) {
        char out[256 + 1], quote = 0;
        size_t k = 0;

        for (size_t i = 0; i < n;) {
                const char *p = value + i;
                size_t length;

                if (!quote && (*p == '"' || *p == '\'')) {
                        quote = *p;
                        i++;
                        continue;
                }
                if (quote && *p == quote)
                        break;
                if (*p == '\\' && quote != '\'' && i + 1 < n) {
                        i++;
                        p++;
                }
                length = utf8_printable((const unsigned char *) p);
                if (k + length >= sizeof(out))
                        break;
                memcpy(out + k, p, length);
                k += length;
                i += length ? length : 1;
        }
        out[k] = 0;
        return strdup(out);
}

int os_release_parse(const char *text, OsRelease *ret) {
        OsRelease found = {};
        const struct {
                const char *key;
                char **value;
        } keys[] = {
                { "ID=", &found.id },
                { "VERSION_ID=", &found.version_id },
                { "PRETTY_NAME=", &found.pretty_name },
        };

        for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
                size_t n = strcspn(line, "\n");

                for (size_t i = 0; i < ELEMENTSOF(keys); i++) {
                        size_t k = strlen(keys[i].key);

                        if (strncmp(line, keys[i].key, k) != 0)
                                continue;
                        free(*keys[i].value);
                        *keys[i].value = unquote(line + k, n - k);
                        if (!*keys[i].value) {
                                os_release_done(&found);
                                return -ENOMEM;
                        }
                }
        }
        *ret = found;
        return 0;
}

int tree_os_release(int root, OsRelease *ret) {
        _cleanup_free_ char *text = NULL;
        int r;

        r = tree_read_file(root, "/etc/os-release", OS_RELEASE_MAX, &text);
        if (r < 0)
                r = tree_read_file(root, "/usr/lib/os-release", OS_RELEASE_MAX, &text);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                *ret = (OsRelease) {};
                return 0;
        }
        return os_release_parse(text, ret);
}
