/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "entry.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "file.h"
#include "store.h"

#define MOUNTINFO_MAX (16 * 1024 * 1024)
#define DISK_SUFFIX ".raw"

void image_entry_free(ImageEntry *e) {
        if (!e)
                return;
        free(e->directory);
        free(e->name);
        free(e->file);
        close_fd(e->dir);
        free(e);
}

static uint64_t born(const struct statx *sx) {
        return sx->stx_mask & STATX_BTIME ? (uint64_t) sx->stx_btime.tv_sec * 1000000 + sx->stx_btime.tv_nsec / 1000 : 0;
}

static int look(int dir, const char *file, struct statx *sx) {
        return statx(dir, file, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, STATX_TYPE | STATX_INO | STATX_BTIME, sx) < 0 ? -errno : 0;
}

int image_entry_identity(int fd, uint64_t *ret_inode, uint64_t *ret_born_usec) {
        struct statx sx;
        int r = look(fd, "", &sx);

        if (r < 0)
                return r;
        *ret_inode = sx.stx_ino;
        *ret_born_usec = born(&sx);
        return 0;
}

bool image_entry_is(int dir, const char *file, uint64_t inode, uint64_t born_usec) {
        struct statx sx;

        return look(dir, file, &sx) >= 0 && sx.stx_ino == inode && born(&sx) == born_usec;
}

static bool leads_into_store(int dir, const char *file) {
        static const char prefix[] = STORE_NAME "/";
        char target[sizeof(prefix)];
        ssize_t n = readlinkat(dir, file, target, sizeof(target));

        return n == sizeof(target) && memcmp(target, prefix, sizeof(prefix) - 1) == 0;
}

static EntryKind kind_of(int dir, const char *file, const struct statx *sx) {
        if (S_ISLNK(sx->stx_mode))
                return leads_into_store(dir, file) ? ENTRY_LAYERED : ENTRY_LINK;
        return S_ISDIR(sx->stx_mode) ? ENTRY_TREE : ENTRY_DISK;
}

/* The name that a disk image's file has as an image. */
static char *name_of(const char *file, EntryKind kind) {
        size_t n = strlen(file), suffix = strlen(DISK_SUFFIX);

        if (kind != ENTRY_TREE && kind != ENTRY_LAYERED && n > suffix && strcmp(file + n - suffix, DISK_SUFFIX) == 0)
                n -= suffix;
        return strndup(file, n);
}

int image_entry_open(const char *directory, const char *file, ImageEntry **ret, Error **reterr) {
        _cleanup_(image_entry_freep) ImageEntry *e = calloc(1, sizeof(*e));
        struct statx sx;
        int r;

        if (!e)
                return error_oom(reterr);
        e->dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (e->dir < 0)
                return errno == ENOENT ? -ENOENT : error_errno(reterr, errno, "Cannot open %s", directory);
        r = look(e->dir, file, &sx);
        if (r < 0)
                return r == -ENOENT ? r : error_errno(reterr, r, "Cannot look at %s/%s", directory, file);
        e->kind = kind_of(e->dir, file, &sx);
        e->inode = sx.stx_ino;
        e->born_usec = born(&sx);
        e->directory = strdup(directory);
        e->file = strdup(file);
        e->name = name_of(file, e->kind);
        if (!e->directory || !e->file || !e->name)
                return error_oom(reterr);
        *ret = TAKE_PTR(e);
        return 0;
}

static int check_writable(const ImageEntry *e, Error **reterr) {
        struct statvfs fs;

        if (fstatvfs(e->dir, &fs) >= 0 && (fs.f_flag & ST_RDONLY)) {
                error_set(reterr, EROFS, "%s/%s lies on a file system that is read-only", e->directory, e->file);
                return error_hint(reterr, -EROFS, "It came with the system, as it seems, and goes or changes with that.");
        }
        return 0;
}

/* 1, or 0: not in this directory. */
static int find_in(const char *directory, const char *name, ImageEntry **ret, Error **reterr) {
        _cleanup_free_ char *disk = NULL;
        int r;

        if (asprintf(&disk, "%s" DISK_SUFFIX, name) < 0)
                return error_oom(reterr);
        r = image_entry_open(directory, name, ret, reterr);
        if (r == -ENOENT)
                r = image_entry_open(directory, disk, ret, reterr);
        return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

int image_entry_find(const char *name, ImageEntry **ret, Error **reterr) {
        _cleanup_(image_entry_freep) ImageEntry *e = NULL;
        _cleanup_(image_freep) Image *image = NULL;
        int r = 0;

        if (strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
                error_set(reterr, EINVAL, "'%.80s' is a directory and not an image's name", name);
                return error_hint(reterr, -EINVAL, "Images are known by their names in " IMAGE_DIRECTORY "; `nbox images` lists them.");
        }
        r = image_name_is_valid(name) ? 0 : image_find(name, &image, reterr); /* which says what is wrong with it */
        for (size_t i = 0; r == 0 && image_search_directory(i); i++)
                r = find_in(image_search_directory(i), name, &e, reterr);
        if (r == 0)
                r = image_find(name, &image, reterr); /* or that there is none */
        if (r >= 0 && !e)
                return error_set(reterr, ENOENT, "There is no image '%s' any more", name);
        if (r >= 0)
                r = check_writable(e, reterr);
        if (r >= 0)
                *ret = TAKE_PTR(e);
        return r < 0 ? r : 0;
}

/* ---- what is mounted there ---- */

/* Paths of mountinfo have blanks and the like as \ooo. */
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

/* The fifth word of a line is where it is mounted (proc(5)). */
static char *mount_point(char *line) {
        char *word = NULL;

        for (int i = 0; i < 5 && line; i++)
                word = strsep(&line, " ");
        if (word)
                unescape(word);
        return word;
}

static int refuse_mounted(const ImageEntry *e, const char *where, Error **reterr) {
        error_set(reterr, EBUSY, "Something is mounted on %s, in the image '%s'", where, e->name);
        return error_hint(reterr, -EBUSY, "What is there would be lost with it, or left without a place. First: `umount '%s'`.", where);
}

int image_entry_check_mounts(const ImageEntry *e, Error **reterr) {
        _cleanup_free_ char *text = NULL, *real = NULL, *path = NULL;
        size_t n;
        int r;

        if (e->kind == ENTRY_LINK)
                return 0;
        real = realpath(e->directory, NULL);
        if (!real || asprintf(&path, "%s/%s", real, e->file) < 0)
                return error_oom(reterr);
        r = file_read(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &text);
        if (r < 0)
                return error_errno(reterr, r, "Cannot read /proc/self/mountinfo");
        n = strlen(path);
        for (char *rest = text, *line; (line = strsep(&rest, "\n"));) {
                char *where = mount_point(line);

                if (where && strncmp(where, path, n) == 0 && (where[n] == '/' || !where[n]))
                        return refuse_mounted(e, where, reterr);
        }
        return 0;
}
