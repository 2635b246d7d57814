/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "identity.h"

#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "fd.h"
#include "file.h"
#include "identity-ranges.h"
#include "name.h"
#include "parse.h"
#include "strv.h"
#include "text.h"

#define TEXT_MAX (64 * 1024)
#define WORDS_MAX 5
#define UNKNOWN_MAX 64
#define DIRECTORY_MODE 0711 /* not to be opened, and so not to be locked, by anybody but root */

Identity *identity_new(const char *machine) {
        _cleanup_(identity_freep) Identity *i = calloc(1, sizeof(*i));

        return i && (i->name = strdup(machine)) ? TAKE_PTR(i) : NULL;
}

void identity_free(Identity *i) {
        if (!i)
                return;
        free(i->name);
        free(i->categories);
        strv_free(i->unknown);
        free(i);
}

static char *path_of(const char *machine) {
        char *path = NULL;

        return asprintf(&path, IDENTITY_DIRECTORY "/%s", machine) < 0 ? NULL : path;
}

/* ---- the lock ---- */

static int open_or_make(void) {
        int fd = open(IDENTITY_DIRECTORY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC), r;

        if (fd >= 0 || errno != ENOENT)
                return fd < 0 ? -errno : fd;
        r = mkdir_parents(IDENTITY_DIRECTORY, DIRECTORY_MODE);
        if (r < 0)
                return r;
        fd = open(IDENTITY_DIRECTORY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

static int open_directory(void) {
        _cleanup_close_ int fd = open_or_make();
        struct stat st;

        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (st.st_uid != geteuid() || (st.st_mode & 022))
                return -EPERM;
        if ((st.st_mode & 0777) != DIRECTORY_MODE && fchmod(fd, DIRECTORY_MODE) < 0)
                return -errno;
        return TAKE_FD(fd);
}

int identity_lock(Error **reterr) {
        _cleanup_close_ int fd = open_directory();

        if (fd == -EPERM)
                return error_set(reterr, EPERM, "%s is not a directory that only root can write to", IDENTITY_DIRECTORY);
        if (fd < 0)
                return error_errno(reterr, fd, "Cannot open %s", IDENTITY_DIRECTORY);
        while (flock(fd, LOCK_EX) < 0)
                if (errno != EINTR)
                        return error_errno(reterr, errno, "Cannot lock %s", IDENTITY_DIRECTORY);
        return TAKE_FD(fd);
}

/* ---- reading ---- */

static int read_range(UidRange *ret, char **words) {
        uint64_t base, count;

        if (parse_u64(words[1], UINT32_MAX - 1, &base) < 0 || parse_u64(words[2], UINT32_MAX - 1, &count) < 0)
                return -EINVAL;
        if (count == 0 || base + count > UINT32_MAX)
                return -EINVAL;
        *ret = (UidRange){ (uid_t) base, (uint32_t) count };
        return 0;
}

static int read_uids(Identity *i, char **words, size_t n) {
        return n == 3 ? read_range(&i->uids, words) : -EINVAL;
}

static int read_chown(Identity *i, char **words, size_t n) {
        uint64_t to;

        if (n != 4 || parse_u64(words[3], UINT32_MAX - 1, &to) < 0)
                return -EINVAL;
        i->chown_to = (uid_t) to;
        return read_range(&i->chown_from, words);
}

static int read_categories(Identity *i, char **words, size_t n) {
        if (n != 2 || strlen(words[1]) > IDENTITY_CATEGORIES_MAX || words[1][strspn(words[1], "c0123456789,.")])
                return -EINVAL;
        return string_set(&i->categories, words[1]);
}

static const struct {
        const char *word;
        int (*read)(Identity *i, char **words, size_t n);
} line_kinds[] = {
        { "uids", read_uids },
        { "chown", read_chown },
        { "categories", read_categories },
};

static bool is_word(const char *s) {
        return *s >= 'a' && *s <= 'z' && s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-")] == 0;
}

static int read_line(Identity *i, char *line) {
        _cleanup_free_ char *whole = strdup(line);
        char *words[WORDS_MAX], *save = NULL;
        size_t n = 0;

        if (!whole)
                return -ENOMEM;
        for (char *w = strtok_r(line, " \t", &save); w && n < ELEMENTSOF(words); w = strtok_r(NULL, " \t", &save))
                words[n++] = w;
        if (n == 0 || words[0][0] == '#')
                return 0;
        for (size_t k = 0; k < ELEMENTSOF(line_kinds); k++)
                if (strcmp(words[0], line_kinds[k].word) == 0)
                        return line_kinds[k].read(i, words, n);
        if (!is_word(words[0]) || strv_length(i->unknown) >= UNKNOWN_MAX)
                return -EINVAL;
        return strv_append(&i->unknown, whole);
}

static int bad_line(const char *path, unsigned line, int r, Error **reterr) {
        if (r == -ENOMEM)
                return error_oom(reterr);
        error_set(reterr, r, "%s:%u: not a line of what a machine keeps", path, line);
        return error_hint(reterr, r, "It takes 'uids FIRST COUNT', 'chown FIRST COUNT TO' and 'categories cN,cM'. Mend it, or remove the "
                          "file to have all of it chosen anew.");
}

int identity_parse(Identity *i, const char *path, char *text, Error **reterr) {
        unsigned n = 0;

        for (char *line; (line = strsep(&text, "\n"));) { /* not strtok(): empty lines count */
                int r = read_line(i, line);

                n++;
                if (r < 0)
                        return bad_line(path, n, r, reterr);
        }
        return 0;
}

int identity_load(const char *machine, Identity **ret, Error **reterr) {
        _cleanup_(identity_freep) Identity *i = identity_new(machine);
        _cleanup_free_ char *path = path_of(machine), *text = NULL;
        int there, r;

        if (!i || !path)
                return error_oom(reterr);
        there = file_read(AT_FDCWD, path, TEXT_MAX, &text);
        if (there < 0 && there != -ENOENT)
                return error_errno(reterr, there, "Cannot read %s", path);
        if (there >= 0) {
                r = identity_parse(i, path, text, reterr);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(i);
        return there >= 0;
}

int identity_list(char ***ret, Error **reterr) {
        _cleanup_closedir_ DIR *dir = opendir(IDENTITY_DIRECTORY);
        _cleanup_strv_ char **names = NULL;
        int r = 0;

        if (!dir && errno != ENOENT)
                return error_errno(reterr, errno, "Cannot list %s", IDENTITY_DIRECTORY);
        for (struct dirent *d; dir && (d = fd_readdir(dir, &r));)
                if (machine_name_is_valid(d->d_name) && strv_append(&names, d->d_name) < 0)
                        return error_oom(reterr);
        if (r < 0)
                return error_errno(reterr, r, "Cannot list %s", IDENTITY_DIRECTORY);
        strv_sort(names);
        *ret = TAKE_PTR(names);
        return 0;
}

/* ---- writing ---- */

char *identity_format(const Identity *i) {
        char *text = NULL;
        size_t size = 0;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return NULL;
        fprintf(f, "# What the machine '%s' keeps over its boots.\n", i->name);
        if (i->uids.count > 0)
                fprintf(f, "uids %u %u\n", i->uids.base, i->uids.count);
        if (i->chown_from.count > 0)
                fprintf(f, "chown %u %u %u\n", i->chown_from.base, i->chown_from.count, i->chown_to);
        if (i->categories)
                fprintf(f, "categories %s\n", i->categories);
        for (char **line = i->unknown; line && *line; line++)
                fprintf(f, "%s\n", *line);
        if (fclose(f) != 0) {
                free(text);
                return NULL;
        }
        return text;
}

int identity_save(const Identity *i, Error **reterr) {
        _cleanup_free_ char *text = identity_format(i), *path = path_of(i->name), *temporary = NULL;
        int ranges, r;

        if (!text || !path || asprintf(&temporary, IDENTITY_DIRECTORY "/.%s.new", i->name) < 0) /* no machine's name */
                return error_oom(reterr);
        ranges = identity_ranges_begin();
        r = file_replace_by(temporary, path, text, 0644);
        identity_ranges_end(ranges, r < 0 ? NULL : i);
        return r < 0 ? error_errno(reterr, r, "Cannot write %s", path) : 0;
}

static int unlink_file(const char *machine, Error **reterr) {
        _cleanup_free_ char *path = path_of(machine);

        if (!path)
                return error_oom(reterr);
        identity_ranges_forget();
        return unlink(path) < 0 && errno != ENOENT ? error_errno(reterr, errno, "Cannot remove %s", path) : 0;
}

/* The new file first: for a moment a range has two names, and never none. */
int identity_rename(const char *from, const char *to, Error **reterr) {
        _cleanup_(identity_freep) Identity *i = NULL;
        _cleanup_close_ int lock = -1;
        int r;

        if (strcmp(from, to) == 0)
                return 0;
        lock = identity_lock(reterr);
        if (lock < 0)
                return lock;
        r = identity_load(from, &i, reterr);
        if (r <= 0)
                return r;
        if (string_set(&i->name, to) < 0)
                return error_oom(reterr);
        r = identity_save(i, reterr);
        return r < 0 ? r : unlink_file(from, reterr);
}

void identity_sweep(void) {
        _cleanup_close_ int lock = -1;

        if (access(IDENTITY_DIRECTORY, F_OK) < 0)
                return;
        lock = identity_lock(NULL);
        if (lock >= 0)
                file_sweep_by(IDENTITY_DIRECTORY);
}

int identity_remove(const char *machine, Error **reterr) {
        _cleanup_close_ int lock = identity_lock(reterr);

        return lock < 0 ? lock : unlink_file(machine, reterr);
}
