/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console-log.h"

#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#include "fd.h"
#include "file.h"
#include "name.h"
#include "parse.h"
#include "strv.h"

#define DIRECTORY_MODE 0700
#define PARTS_MAX 4096 /* far more than are ever kept */

const char *console_part_name(ConsolePart p, char buf[CONSOLE_PART_NAME_MAX]) {
        snprintf(buf, CONSOLE_PART_NAME_MAX, "%" PRIu64 "-%" PRIu64 ".log", p.life, p.part);
        return buf;
}

static bool part_of_name(const char *name, ConsolePart *ret) {
        char again[CONSOLE_PART_NAME_MAX];

        return sscanf(name, "%" SCNu64 "-%" SCNu64, &ret->life, &ret->part) == 2 && strcmp(console_part_name(*ret, again), name) == 0;
}

int console_log_open(const char *machine, bool make) {
        _cleanup_close_ int all = -1;
        int fd;

        if (!machine_name_is_valid(machine))
                return -ENOENT;
        if (make) {
                int r = mkdir_parents("/var/log", 0755);

                if (r < 0)
                        return r;
                if (mkdir(CONSOLE_LOG_DIRECTORY, DIRECTORY_MODE) < 0 && errno != EEXIST)
                        return -errno;
        }
        all = open(CONSOLE_LOG_DIRECTORY, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (all < 0)
                return -errno;
        if (make && mkdirat(all, machine, DIRECTORY_MODE) < 0 && errno != EEXIST)
                return -errno;
        fd = openat(all, machine, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

static int compare_parts(const void *a, const void *b) {
        const ConsolePart *x = a, *y = b;

        if (x->life != y->life)
                return x->life < y->life ? -1 : 1;
        return x->part < y->part ? -1 : x->part > y->part;
}

int console_log_parts(int dir, ConsolePart **ret, size_t *ret_n) {
        _cleanup_closedir_ DIR *d = fd_opendir(dir, ".");
        _cleanup_free_ ConsolePart *parts = NULL;
        size_t n = 0, room = 0;

        if (!d)
                return -errno;
        for (struct dirent *e; (e = readdir(d)) && n < PARTS_MAX;) {
                ConsolePart p;

                if (!part_of_name(e->d_name, &p))
                        continue;
                if (n == room) {
                        ConsolePart *more = reallocarray(parts, room = room ? 2 * room : 16, sizeof(*parts));

                        if (!more)
                                return -ENOMEM;
                        parts = more;
                }
                parts[n++] = p;
        }
        if (n > 0)
                qsort(parts, n, sizeof(*parts), compare_parts);
        *ret = TAKE_PTR(parts);
        *ret_n = n;
        return 0;
}

bool console_log_parse(char *line, uint64_t *ret_usec, ConsoleLogKind *ret_kind, char **ret_text) {
        char *blank = strchr(line, ' ');

        if (!blank || !blank[1] || !strchr("><=-", blank[1]) || blank[2] != ' ')
                return false;
        *blank = 0;
        if (parse_u64(line, UINT64_MAX, ret_usec) < 0)
                return false;
        *ret_kind = (ConsoleLogKind) blank[1];
        *ret_text = blank + 3;
        return true;
}

int console_log_list(char ***ret, Error **reterr) {
        _cleanup_closedir_ DIR *dir = opendir(CONSOLE_LOG_DIRECTORY);
        _cleanup_strv_ char **names = NULL;

        if (!dir && errno != ENOENT)
                return error_errno(reterr, errno, "Cannot list " CONSOLE_LOG_DIRECTORY);
        for (struct dirent *d; dir && (d = readdir(dir));)
                if (machine_name_is_valid(d->d_name) && strv_append(&names, d->d_name) < 0)
                        return error_oom(reterr);
        strv_sort(names);
        *ret = TAKE_PTR(names);
        return 0;
}

int console_log_remove(const char *machine, Error **reterr) {
        _cleanup_close_ int all = open(CONSOLE_LOG_DIRECTORY, O_PATH | O_DIRECTORY | O_CLOEXEC), dir = -1;
        _cleanup_free_ ConsolePart *parts = NULL;
        char name[CONSOLE_PART_NAME_MAX];
        size_t n = 0;
        int r;

        dir = console_log_open(machine, false);
        if (dir == -ENOENT || all < 0)
                return 0;
        r = dir < 0 ? dir : console_log_parts(dir, &parts, &n);
        for (size_t i = 0; r >= 0 && i < n; i++)
                if (unlinkat(dir, console_part_name(parts[i], name), 0) < 0 && errno != ENOENT)
                        r = -errno;
        if (r >= 0 && unlinkat(all, machine, AT_REMOVEDIR) < 0 && errno != ENOENT)
                r = -errno;
        return r < 0 ? error_errno(reterr, r, "Cannot remove the console log of '%s'", machine) : 0;
}

int console_log_rename(const char *from, const char *to, Error **reterr) {
        _cleanup_close_ int all = open(CONSOLE_LOG_DIRECTORY, O_PATH | O_DIRECTORY | O_CLOEXEC), dir = -1;
        int r;

        dir = console_log_open(from, false);
        if (dir == -ENOENT || all < 0 || strcmp(from, to) == 0)
                return 0;
        r = console_log_remove(to, reterr);
        if (r < 0)
                return r;
        return renameat(all, from, all, to) < 0 ? error_errno(reterr, errno, "Cannot rename the console log of '%s'", from) : 0;
}
