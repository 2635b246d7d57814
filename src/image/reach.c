/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reach.h"

#include <endian.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/posix_acl_xattr.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "file.h"

#define ACL_MAX (64 * 1024)
#define MOUNTINFO_MAX (16 * 1024 * 1024)

/* acl(5) */
#define TAG_USER 0x02
#define TAG_GROUP 0x08
#define PERM_EXECUTE 0x01

/* With an ACL the mode's group bits are its mask: who is named in it passes where both say so. */
static bool acl_lets_pass(const char *path) {
        uint8_t data[ACL_MAX];
        ssize_t n = getxattr(path, "system.posix_acl_access", data, sizeof(data));

        for (ssize_t at = sizeof(struct posix_acl_xattr_header); at + (ssize_t) sizeof(struct posix_acl_xattr_entry) <= n;
             at += sizeof(struct posix_acl_xattr_entry)) {
                struct posix_acl_xattr_entry e;

                memcpy(&e, data + at, sizeof(e));
                if ((le16toh(e.e_tag) == TAG_USER || le16toh(e.e_tag) == TAG_GROUP) && le32toh(e.e_id) != 0 &&
                    (le16toh(e.e_perm) & PERM_EXECUTE))
                        return true;
        }
        return false;
}

int directory_is_open(const char *path) {
        struct stat st;

        if (stat(path, &st) < 0)
                return -errno;
        if (st.st_uid != 0 || (st.st_mode & S_IXOTH))
                return 1;
        return (st.st_mode & S_IXGRP) && (st.st_gid != 0 || acl_lets_pass(path));
}

static int path_is_open(const char *path) {
        char p[PATH_MAX];

        if (strlen(path) >= sizeof(p))
                return -ENAMETOOLONG;
        strcpy(p, path);
        for (;;) {
                char *slash;
                int r = directory_is_open(*p ? p : "/");

                if (r <= 0 || !*p || strcmp(p, "/") == 0)
                        return r;
                slash = strrchr(p, '/');
                if (!slash)
                        return -EINVAL;
                *slash = 0;
        }
}

/* One line of /proc/self/mountinfo (proc(5)). */
typedef struct MountLine {
        char device[32], root[PATH_MAX], point[PATH_MAX], flags[256];
} MountLine;

static void unescape(char *s) {
        char *to = s;

        for (; *s; s++)
                if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] && s[3]) {
                        *to++ = (char) ((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
                        s += 3;
                } else
                        *to++ = *s;
        *to = 0;
}

static bool parse_mount(const char *line, MountLine *m) {
        if (sscanf(line, "%*d %*d %31s %4095s %4095s %255s", m->device, m->root, m->point, m->flags) != 4)
                return false;
        unescape(m->root);
        unescape(m->point);
        return true;
}

/* What of path comes behind `above`; NULL where it is not beneath it. "" for itself, else it begins with '/'. */
static const char *behind(const char *path, const char *above) {
        size_t n = strcmp(above, "/") == 0 ? 0 : strlen(above);

        return strncmp(path, above, n) == 0 && (path[n] == 0 || path[n] == '/') ? path + n : NULL;
}

/* The mount that the tree is on, and its path on that file system. */
static bool find_own(const char *path, char *text, MountLine *own, char place[PATH_MAX]) {
        const char *rest, *best = NULL;
        MountLine m;

        for (char *line = text; line && *line; line = strchr(line, '\n'), line += line != NULL) {
                if (!parse_mount(line, &m) || !(rest = behind(path, m.point)) || (best && strlen(rest) > strlen(best)))
                        continue;
                *own = m;
                best = rest;
        }
        return best && snprintf(place, PATH_MAX, "%s%s", strcmp(own->root, "/") == 0 ? "" : own->root, best) < PATH_MAX;
}

/* Where else its files are: by a mount of what is above it, or of it, or of something in it. */
static int elsewhere(const char *path, char *text, bool *ret_nosuid, char **ret_by) {
        char place[PATH_MAX], by[2 * PATH_MAX];
        MountLine own, m;

        if (!find_own(path, text, &own, place))
                return 0;
        *ret_nosuid = strstr(own.flags, "nosuid") != NULL;
        for (char *line = text; line && *line; line = strchr(line, '\n'), line += line != NULL) {
                const char *rest;

                if (!parse_mount(line, &m) || strcmp(m.device, own.device) != 0 || strstr(m.flags, "nosuid") ||
                    strcmp(m.point, own.point) == 0)
                        continue;
                rest = behind(place, m.root);
                if (!rest && !behind(m.root, place))
                        continue;
                snprintf(by, sizeof(by), "%s%s", strcmp(m.point, "/") == 0 ? "" : m.point, rest ?: "");
                if (path_is_open(by) > 0)
                        return (*ret_by = strdup(by)) ? 1 : -ENOMEM;
        }
        return 0;
}

int tree_is_reachable(const char *path, char **ret_by) {
        _cleanup_free_ char *text = NULL;
        bool nosuid = false;
        int r = file_read(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &text);

        if (r < 0)
                return r;
        r = elsewhere(path, text, &nosuid, ret_by);
        if (r != 0 || nosuid)
                return r;
        r = path_is_open(path);
        if (r > 0 && !(*ret_by = strdup(path)))
                return -ENOMEM;
        return r;
}

int tree_has_mounts(const char *path, char **ret_where, Error **reterr) {
        _cleanup_free_ char *text = NULL;
        int r = file_read(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &text);
        MountLine m;

        if (r < 0)
                return error_errno(reterr, r, "Cannot see what is mounted in %s", path);
        for (char *line = text; line && *line; line = strchr(line, '\n'), line += line != NULL)
                if (parse_mount(line, &m) && behind(m.point, path))
                        return (*ret_where = strdup(m.point)) ? 1 : error_oom(reterr);
        return 0;
}
