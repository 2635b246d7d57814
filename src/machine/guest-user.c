/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "guest-user.h"

#include <string.h>

#include "parse.h"
#include "path.h"
#include "text.h"
#include "tree.h"

#define FILE_MAX (1024 * 1024)
#define GROUPS_MAX 256

void guest_user_free(GuestUser *u) {
        if (!u)
                return;
        free(u->name);
        free(u->groups);
        free(u->home);
        free(u->shell);
        free(u);
}

/* The next line of *text, cut at ':' into n fields of `line`; false at the end. Lines with fewer fields or control
 * bytes are passed over. */
static bool next_entry(const char **text, char *line, size_t size, char **fields, size_t n) {
        while (**text) {
                const char *end = strchrnul(*text, '\n');
                size_t len = (size_t) (end - *text), k = 0;
                char *rest = line;

                if (len >= size) {
                        *text = *end ? end + 1 : end;
                        continue;
                }
                memcpy(line, *text, len);
                line[len] = 0;
                *text = *end ? end + 1 : end;
                while (k < n && rest)
                        fields[k++] = strsep(&rest, ":");
                if (k == n && fields[0][0] && string_is_clean(fields[0]))
                        return true;
        }
        return false;
}

static int parse_id(const char *s, uint32_t *ret) {
        uint64_t v;

        if (parse_u64(s, UINT32_MAX - 1, &v) < 0)
                return -EINVAL;
        *ret = (uint32_t) v;
        return 0;
}

static char *path_or(const char *path, const char *fallback) {
        return strdup(path && path_is_clean(path) ? path : fallback);
}

static int fill(GuestUser *u, const char *name, uid_t uid, gid_t gid, const char *home, const char *shell) {
        u->name = strdup(name);
        u->uid = uid;
        u->gid = gid;
        u->home = path_or(home, "/");
        u->shell = path_or(shell, "/bin/sh");
        return u->name && u->home && u->shell ? 0 : -ENOMEM;
}

/* 1 when an entry was found. */
static int find_entry(const char *passwd, const char *user, GuestUser *u) {
        char line[4096], *f[7];
        uint32_t wanted, uid, gid;
        bool by_uid = parse_id(user, &wanted) >= 0;

        while (next_entry(&passwd, line, sizeof(line), f, ELEMENTSOF(f))) {
                int r;

                if (parse_id(f[2], &uid) < 0 || parse_id(f[3], &gid) < 0)
                        continue;
                if (by_uid ? uid != wanted : strcmp(f[0], user) != 0)
                        continue;
                r = fill(u, f[0], uid, gid, f[5], f[6]);
                return r < 0 ? r : 1;
        }
        return 0;
}

static bool is_member(char *members, const char *name) {
        for (char *m; (m = strsep(&members, ","));)
                if (strcmp(m, name) == 0)
                        return true;
        return false;
}

static int find_groups(const char *group, GuestUser *u) {
        char line[65536], *f[4];
        uint32_t gid;

        while (next_entry(&group, line, sizeof(line), f, ELEMENTSOF(f)) && u->n_groups < GROUPS_MAX) {
                gid_t *p;

                if (parse_id(f[2], &gid) < 0 || gid == u->gid || !is_member(f[3], u->name))
                        continue;
                p = reallocarray(u->groups, u->n_groups + 1, sizeof(gid_t));
                if (!p)
                        return -ENOMEM;
                u->groups = p;
                u->groups[u->n_groups++] = gid;
        }
        return 0;
}

/* -ENXIO for a name that is none's. */
static int find_gid(const char *group, const char *wanted, gid_t *ret) {
        char line[65536], *f[4];
        uint32_t gid;

        if (parse_id(wanted, ret) >= 0)
                return 0;
        while (group && next_entry(&group, line, sizeof(line), f, ELEMENTSOF(f)))
                if (strcmp(f[0], wanted) == 0 && parse_id(f[2], &gid) >= 0) {
                        *ret = gid;
                        return 0;
                }
        return -ENXIO;
}

static int parse_with_group(const char *passwd, const char *group, const char *user, const char *colon, GuestUser **ret) {
        _cleanup_free_ char *name = strndup(user, (size_t) (colon - user));
        _cleanup_(guest_user_freep) GuestUser *u = NULL;
        int r = name ? guest_user_parse(passwd, NULL, name, &u) : -ENOMEM;

        if (r >= 0)
                r = find_gid(group, colon + 1, &u->gid);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(u);
        return 0;
}

int guest_user_parse(const char *passwd, const char *group, const char *user, GuestUser **ret) {
        _cleanup_(guest_user_freep) GuestUser *u = NULL;
        const char *colon;
        uint32_t uid;
        int r;

        if (!user)
                user = "root";
        colon = strchr(user, ':');
        if (colon)
                return parse_with_group(passwd, group, user, colon, ret);
        u = calloc(1, sizeof(*u));
        if (!u)
                return -ENOMEM;
        r = passwd ? find_entry(passwd, user, u) : 0;
        u->listed = r > 0;
        if (r == 0) {
                if (strcmp(user, "root") == 0)
                        r = fill(u, "root", 0, 0, "/root", NULL);
                else if (parse_id(user, &uid) >= 0)
                        r = fill(u, user, uid, uid, NULL, NULL);
                else
                        r = -ENXIO;
        }
        if (r >= 0 && group)
                r = find_groups(group, u);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(u);
        return 0;
}

static int read_table(int root, const char *path, char **ret, Error **reterr) {
        int r = tree_read_file(root, path, FILE_MAX, ret);

        if (r == -ENOENT || r == -ENOTDIR)
                return 0;
        if (r == -EBADF)
                return error_set(reterr, EBADF, "The machine's %s is not a regular file", path);
        return r < 0 ? error_errno(reterr, r, "Cannot read the machine's %s", path) : 0;
}

int guest_user_find(int root, const char *user, GuestUser **ret, Error **reterr) {
        _cleanup_free_ char *passwd = NULL, *group = NULL;
        int r;

        r = read_table(root, "/etc/passwd", &passwd, reterr);
        if (r >= 0)
                r = read_table(root, "/etc/group", &group, reterr);
        if (r < 0)
                return r;
        r = guest_user_parse(passwd, group, user, ret);
        if (r == -ENXIO)
                return error_set(reterr, ENXIO, "The machine has no user '%s' in its /etc/passwd%s", user,
                                 user && strchr(user, ':') ? ", or no such group in its /etc/group" : "");
        if (r < 0)
                return error_errno(reterr, r, "Cannot look up the user");
        return 0;
}

int guest_root_find(int root, GuestUser **ret, Error **reterr) {
        _cleanup_free_ char *passwd = NULL;
        int r = read_table(root, "/etc/passwd", &passwd, reterr);

        if (r < 0)
                return r;
        r = guest_user_parse(passwd, NULL, NULL, ret);
        return r < 0 ? error_errno(reterr, r, "Cannot look up the machine's root") : 0;
}

bool guest_password_is_locked(const char *text, const char *name) {
        char line[4096], *f[2];

        while (next_entry(&text, line, sizeof(line), f, ELEMENTSOF(f)))
                if (strcmp(f[0], name) == 0)
                        return f[1][0] == '*' || f[1][0] == '!';
        return false;
}

int guest_user_is_locked(int root, const char *name) {
        static const char *const files[] = { "/etc/shadow", "/etc/passwd" };

        for (size_t i = 0; i < ELEMENTSOF(files); i++) {
                _cleanup_free_ char *text = NULL;

                if (tree_read_file(root, files[i], FILE_MAX, &text) >= 0 && guest_password_is_locked(text, name))
                        return 1;
        }
        return 0;
}
