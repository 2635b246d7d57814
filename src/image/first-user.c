/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "first-user.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "fd.h"
#include "path.h"
#include "tree.h"

#define FIRST_ID 1000U
#define LAST_ID 59999U
#define NAME_LENGTH_MAX 32
#define FILE_MAX (1024 * 1024)
#define SUDO_GROUP "sudo"

/* Of one account's files. */
typedef struct Account {
        const char *name;
        const char *home; /* in the tree */
        uid_t id;         /* user and group */
} Account;

int first_user_check(const char *name, Error **reterr) {
        static const char letters[] = "abcdefghijklmnopqrstuvwxyz_", more[] = "abcdefghijklmnopqrstuvwxyz_0123456789-";
        size_t n = strlen(name);

        if (n == 0 || n > NAME_LENGTH_MAX || !strchr(letters, name[0]) || strspn(name, more) != n) {
                error_set(reterr, EINVAL, "'%.80s' is no name for a user", name);
                return error_hint(reterr, -EINVAL, "It begins with a letter, and has at most 32 of a-z, 0-9, '_' and '-'.");
        }
        if (strcmp(name, "root") == 0)
                return error_set(reterr, EINVAL, "There is a root in every tree: --user= names another user");
        return 0;
}

/* ---- lines of passwd(5) and its like ---- */

static const char *next_line(const char *line) {
        const char *end = strchr(line, '\n');

        return end && end[1] ? end + 1 : NULL;
}

static const char *find_line(const char *text, const char *name) {
        size_t n = strlen(name);

        for (const char *line = *text ? text : NULL; line; line = next_line(line))
                if (strncmp(line, name, n) == 0 && line[n] == ':')
                        return line;
        return NULL;
}

/* Whether that is the id, the third field, of a line. */
static bool has_id(const char *text, uid_t id) {
        char field[16];
        size_t n = (size_t) snprintf(field, sizeof(field), "%u:", id);

        for (const char *line = *text ? text : NULL; line; line = next_line(line)) {
                const char *end = strchrnul(line, '\n'), *second = memchr(line, ':', (size_t) (end - line)), *third;

                third = second ? memchr(second + 1, ':', (size_t) (end - second - 1)) : NULL;
                if (third && strncmp(third + 1, field, n) == 0)
                        return true;
        }
        return false;
}

static int read_text(int root, const char *path, char **ret, Error **reterr) {
        int r = tree_read_file(root, path, FILE_MAX, ret);

        return r < 0 ? error_errno(reterr, r, "Cannot read %s of the new tree", path) : 0;
}

/* Its owner and mode stay. */
static int write_text(int root, const char *path, const char *text, Error **reterr) {
        _cleanup_close_ int fd = open_in_root(root, path, O_WRONLY | O_TRUNC | O_NOFOLLOW, 0);
        int r = fd < 0 ? fd : fd_write_all(fd, text, strlen(text));

        return r < 0 ? error_errno(reterr, r, "Cannot write %s in the new tree", path) : 0;
}

static int append_line(int root, const char *path, const char *line, Error **reterr) {
        _cleanup_free_ char *text = NULL, *all = NULL;
        int r = read_text(root, path, &text, reterr);
        size_t n;

        if (r < 0)
                return r;
        n = strlen(text);
        if (asprintf(&all, "%s%s%s\n", text, n > 0 && text[n - 1] != '\n' ? "\n" : "", line) < 0)
                return error_oom(reterr);
        return write_text(root, path, all, reterr);
}

static bool is_there(int root, const char *path) {
        _cleanup_close_ int fd = open_in_root(root, path, O_PATH, 0);

        return fd >= 0;
}

/* Into a group that is there: the last field of its line is a list. */
static int join_group(int root, const char *path, const char *group, const char *user, Error **reterr) {
        _cleanup_free_ char *text = NULL, *all = NULL;
        const char *line, *end;
        int r = read_text(root, path, &text, reterr);

        line = r < 0 ? NULL : find_line(text, group);
        if (!line)
                return r;
        end = strchrnul(line, '\n');
        if (asprintf(&all, "%.*s%s%s%s", (int) (end - text), text, end > line && end[-1] != ':' ? "," : "", user, end) < 0)
                return error_oom(reterr);
        return write_text(root, path, all, reterr);
}

/* ---- the account ---- */

static int choose_id(int root, const char *name, uid_t *ret, Error **reterr) {
        _cleanup_free_ char *passwd = NULL, *group = NULL;
        int r = read_text(root, "/etc/passwd", &passwd, reterr);

        if (r >= 0)
                r = read_text(root, "/etc/group", &group, reterr);
        if (r < 0)
                return r;
        if (find_line(passwd, name) || find_line(group, name)) {
                error_set(reterr, EEXIST, "The system has a %s '%s' of its own", find_line(passwd, name) ? "user" : "group", name);
                return error_hint(reterr, -EEXIST, "Give --user= another name.");
        }
        for (uid_t id = FIRST_ID; id <= LAST_ID; id++)
                if (!has_id(passwd, id) && !has_id(group, id)) {
                        *ret = id;
                        return 0;
                }
        return error_set(reterr, ENOSPC, "No user id is free in the new tree");
}

static int add_lines(int root, const Account *a, Error **reterr) {
        const char *shell = is_there(root, "/bin/bash") ? "/bin/bash" : "/bin/sh";
        char line[4 * NAME_LENGTH_MAX + 64];
        bool shadowed = is_there(root, "/etc/gshadow");
        int r;

        snprintf(line, sizeof(line), "%s:x:%u:", a->name, a->id);
        r = append_line(root, "/etc/group", line, reterr);
        snprintf(line, sizeof(line), "%s:!::", a->name);
        if (r >= 0 && shadowed)
                r = append_line(root, "/etc/gshadow", line, reterr);
        /* '*': no password is right, and all else (a key) is as good as ever; some servers of ssh refuse '!' altogether. */
        snprintf(line, sizeof(line), "%s:*:%lld:0:99999:7:::", a->name, (long long) time(NULL) / 86400);
        if (r >= 0)
                r = append_line(root, "/etc/shadow", line, reterr);
        snprintf(line, sizeof(line), "%s:x:%u:%u::%s:%s", a->name, a->id, a->id, a->home, shell);
        if (r >= 0)
                r = append_line(root, "/etc/passwd", line, reterr);
        if (r < 0 || !is_there(root, "/usr/bin/sudo"))
                return r;
        r = join_group(root, "/etc/group", SUDO_GROUP, a->name, reterr);
        return r >= 0 && shadowed ? join_group(root, "/etc/gshadow", SUDO_GROUP, a->name, reterr) : r;
}

/* ---- its files ---- */

static int make_directory(int parent, const char *name, const Account *a, int *ret) {
        _cleanup_close_ int fd = -1;

        if (mkdirat(parent, name, 0700) < 0 && errno != EEXIST)
                return -errno;
        fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0 || fchown(fd, a->id, a->id) < 0 || fchmod(fd, 0700) < 0)
                return -errno;
        *ret = TAKE_FD(fd);
        return 0;
}

static int make_file(int dir, const char *name, const char *text, mode_t mode, const Account *a) {
        _cleanup_close_ int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        int r = fd < 0 ? -errno : fd_write_all(fd, text, strlen(text));

        if (r < 0)
                return r;
        return fchown(fd, a->id, a->id) < 0 || fchmod(fd, mode) < 0 ? -errno : 0;
}

/* The files that a new home has (.profile, .bashrc); what else a distribution may have there is left out. */
static int copy_skeleton(int root, int home, const Account *a) {
        _cleanup_close_ int place = open_in_root(root, "/etc/skel", O_RDONLY | O_DIRECTORY, 0);
        _cleanup_closedir_ DIR *dir = place < 0 ? NULL : fd_opendir(place, ".");

        for (struct dirent *e; dir && (e = readdir(dir));) {
                _cleanup_free_ char *text = NULL;
                struct stat st;
                int r;

                if (fstatat(place, e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode) ||
                    tree_read_file(place, e->d_name, FILE_MAX, &text) < 0)
                        continue;
                r = make_file(home, e->d_name, text, st.st_mode & 0755, a);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int make_home(int root, const Account *a, Error **reterr) {
        _cleanup_close_ int homes = mkdir_in_root(root, "/home"), home = -1;
        int r = homes < 0 ? homes : make_directory(homes, a->name, a, &home);

        if (r >= 0)
                r = copy_skeleton(root, home, a);
        return r < 0 ? error_errno(reterr, r, "Cannot make %s in the new tree", a->home) : 0;
}

int first_user_add(int root, const char *name, Error **reterr) {
        char home[NAME_LENGTH_MAX + 8];
        Account a = { .name = name, .home = home };
        int r = choose_id(root, name, &a.id, reterr);

        snprintf(home, sizeof(home), "/home/%s", name);
        if (r >= 0)
                r = add_lines(root, &a, reterr);
        return r < 0 ? r : make_home(root, &a, reterr);
}

int ssh_keys_add(int root, const char *user, const char *keys, Error **reterr) {
        char path[NAME_LENGTH_MAX + 8] = "/root";
        _cleanup_close_ int home = -1, ssh = -1;
        Account a = { .name = user, .home = path };
        struct stat st;
        int r;

        if (user)
                snprintf(path, sizeof(path), "/home/%s", user);
        home = open_in_root(root, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
        r = home < 0 ? home : fstat(home, &st) < 0 ? -errno : 0;
        if (r >= 0) {
                a.id = st.st_uid;
                r = make_directory(home, ".ssh", &a, &ssh);
        }
        if (r >= 0)
                r = make_file(ssh, "authorized_keys", keys, 0600, &a);
        return r < 0 ? error_errno(reterr, r, "Cannot write %s/.ssh/authorized_keys in the new tree", path) : 0;
}
