/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "compare.h"

/* Both trees are gone through side by side, a directory at a time, its names sorted.
 *
 * What overlayfs makes of its layers (whiteouts, directories that are opaque or renamed, files of which only the attributes are new) is not
 * read off them here: the kernel shows the trees as machines see them, and the layers only tell where it is worth looking. That is at the
 * names that they have. From a directory on that is opaque or was renamed, a layer's names are no longer those of the tree, and all there
 * is is looked at. */

#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "compare-file.h"
#include "fd.h"
#include "log.h"

#define DEPTH_MAX 256 /* two open directories a level: a tree deeper than this is no OS tree */
#define PATH_SIZE (DEPTH_MAX * 256 + 1)

typedef struct Walk {
        const CompareRequest *q;
        char *path;    /* of what is looked at, "/" first but for the roots', which is "" */
        size_t length;
        bool deep;     /* it was said already */
} Walk;

typedef struct Names {
        char **names;
        size_t n, room;
} Names;

static void names_done(Names *l) {
        for (size_t i = 0; i < l->n; i++)
                free(l->names[i]);
        free(l->names);
}

static int names_add(Names *l, const char *name) {
        char *copy = strdup(name);

        if (copy && l->n == l->room) {
                size_t room = l->room ? 2 * l->room : 64;
                char **grown = reallocarray(l->names, room, sizeof(char *));

                if (!grown) {
                        free(copy);
                        return -ENOMEM;
                }
                l->names = grown;
                l->room = room;
        }
        if (!copy)
                return -ENOMEM;
        l->names[l->n++] = copy;
        return 0;
}

static int by_bytes(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

/* Sorted, each once. */
static void names_settle(Names *l) {
        size_t n = 0;

        if (l->n == 0)
                return;
        qsort(l->names, l->n, sizeof(char *), by_bytes);
        for (size_t i = 1; i < l->n; i++)
                if (strcmp(l->names[n], l->names[i]) == 0)
                        free(l->names[i]);
                else
                        l->names[++n] = l->names[i];
        l->n = n + 1;
}

static int failed_at(const Walk *w, int r, Error **reterr) {
        return error_errno(reterr, r, "Cannot compare '%s'", *w->path ? w->path : "/");
}

/* Beneath `dir`, by no link and into no other mount. */
static int open_directory(int dir, const char *path) {
        struct open_how how = {
                .flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
                .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
        };
        long fd = syscall(SYS_openat2, dir, path, &how, sizeof(how));

        return fd < 0 ? -errno : (int) fd;
}

/* Not there, or not to be looked at: somebody was faster, or it is mounted on. */
static bool is_away(int r) {
        return r == -ENOENT || r == -ENOTDIR || r == -ELOOP || r == -EXDEV || r == -ESTALE;
}

static int add_entries(int dir, Names *names) {
        _cleanup_closedir_ DIR *d = fd_opendir(dir, ".");
        struct dirent *e;

        if (!d)
                return -errno;
        while ((errno = 0, e = readdir(d)))
                if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 && names_add(names, e->d_name) < 0)
                        return -ENOMEM;
        return -errno;
}

/* The names that the layers have here: 1. 0: they do not tell. */
static int add_layers_entries(const Walk *w, Names *names) {
        const char *path = w->length > 0 ? w->path + 1 : ".";
        int r;

        for (size_t i = 0; i < w->q->n_layers; i++) {
                _cleanup_close_ int fd = open_directory(w->q->layers[i], path);

                if (fd == -ENOENT)
                        continue;
                if (fd < 0)
                        return is_away(fd) ? 0 : fd; /* a file, where both trees have a directory */
                r = w->length > 0 ? layer_directory_is_opaque(fd) : 0;
                if (r != 0)
                        return r < 0 ? r : 0;
                r = add_entries(fd, names);
                if (r < 0)
                        return r;
        }
        return 1;
}

static int report(const Walk *w, DifferenceKind kind, unsigned of) {
        return w->q->found(&(Difference){ kind, of, w->length > 0 ? w->path : "/" }, w->q->userdata);
}

/* The path with one more name: what it was before is to be kept, for path_cut(). */
static void path_add(Walk *w, const char *name) {
        size_t n = strlen(name);

        w->path[w->length++] = '/';
        memcpy(w->path + w->length, name, n + 1);
        w->length += n;
}

static void path_cut(Walk *w, size_t length) {
        w->length = length;
        w->path[length] = 0;
}

static bool is_too_deep(Walk *w, unsigned depth) {
        if (depth > 0)
                return false;
        if (!w->deep)
                log_warning("'%.200s…' is more than %d directories deep, ignoring what is deeper", w->path, DEPTH_MAX);
        w->deep = true;
        return true;
}

static int look_at(int dir, const char *name, struct stat *st) {
        return fstatat(dir, name, st, AT_SYMLINK_NOFOLLOW) < 0 ? -errno : 0;
}

static int walk_added(Walk *w, int dir, const char *name, const struct stat *st, unsigned depth);

static int walk_inside_added(Walk *w, int dir, const char *name, unsigned depth) {
        _cleanup_close_ int fd = open_directory(dir, name);
        _cleanup_(names_done) Names names = {};
        int r;

        if (fd < 0)
                return is_away(fd) ? 0 : fd;
        r = add_entries(fd, &names);
        names_settle(&names);
        for (size_t i = 0; r >= 0 && i < names.n; i++) {
                size_t before = w->length;
                struct stat st;

                path_add(w, names.names[i]);
                r = look_at(fd, names.names[i], &st);
                r = r < 0 ? (is_away(r) ? 0 : r) : walk_added(w, fd, names.names[i], &st, depth);
                if (r >= 0)
                        path_cut(w, before);
        }
        return r;
}

static int walk_added(Walk *w, int dir, const char *name, const struct stat *st, unsigned depth) {
        int r = report(w, DIFFERENCE_ADDED, 0);

        if (r < 0 || !S_ISDIR(st->st_mode) || is_too_deep(w, depth))
                return r;
        return walk_inside_added(w, dir, name, depth - 1);
}

static int if_so(int r, int of) {
        return r > 0 ? of : r;
}

/* Both of one kind. */
static int compare_insides(const Walk *w, const ComparedFile *a, const ComparedFile *b) {
        const struct timespec *at = &a->st.st_mtim, *bt = &b->st.st_mtim;

        switch (a->st.st_mode & S_IFMT) {
        case S_IFREG:
                if (a->st.st_size != b->st.st_size)
                        return DIFFERENT_CONTENTS;
                if (a->st.st_size == 0 || (w->q->n_layers == 0 && at->tv_sec == bt->tv_sec && at->tv_nsec == bt->tv_nsec))
                        return 0;
                return if_so(contents_differ(a, b), DIFFERENT_CONTENTS);
        case S_IFLNK:
                return if_so(targets_differ(a, b), DIFFERENT_TARGET);
        case S_IFCHR:
        case S_IFBLK:
                return a->st.st_rdev != b->st.st_rdev ? DIFFERENT_DEVICE : 0;
        default:
                return 0;
        }
}

/* DifferenceOf, or -errno. */
static int compare_files(const Walk *w, const ComparedFile *a, const ComparedFile *b) {
        unsigned of = 0;
        int r;

        if ((a->st.st_mode & S_IFMT) != (b->st.st_mode & S_IFMT))
                return DIFFERENT_KIND;
        if ((a->st.st_mode ^ b->st.st_mode) & 07777)
                of |= DIFFERENT_MODE;
        if (a->st.st_uid != b->st.st_uid || a->st.st_gid != b->st.st_gid)
                of |= DIFFERENT_OWNER;
        r = attributes_differ(a, b);
        if (r > 0)
                of |= DIFFERENT_ATTRIBUTES;
        if (r >= 0)
                r = compare_insides(w, a, b);
        return r < 0 ? r : (int) (of | (unsigned) r);
}

static int walk_both(Walk *w, int before, int after, bool layered, unsigned depth);

static int walk_directories(Walk *w, int before, int after, const char *name, bool layered, unsigned depth) {
        _cleanup_close_ int a = open_directory(before, name), b = open_directory(after, name);

        if (is_too_deep(w, depth))
                return 0;
        if (a < 0 || b < 0) {
                int r = a < 0 ? a : b;

                return is_away(r) ? 0 : r;
        }
        return walk_both(w, a, b, layered, depth - 1);
}

static int walk_entry(Walk *w, int before, int after, const char *name, bool layered, unsigned depth) {
        ComparedFile a = { .dir = before, .name = name }, b = { .dir = after, .name = name };
        int in_a = look_at(before, name, &a.st), in_b = look_at(after, name, &b.st), r;

        if (in_a < 0 && !is_away(in_a))
                return in_a;
        if (in_b < 0 && !is_away(in_b))
                return in_b;
        if (in_a < 0)
                return in_b < 0 ? 0 : walk_added(w, after, name, &b.st, depth);
        if (in_b < 0)
                return report(w, DIFFERENCE_DELETED, 0);
        r = compare_files(w, &a, &b);
        if (r < 0)
                return is_away(r) ? 0 : r;
        if (r > 0) {
                int k = report(w, DIFFERENCE_CHANGED, (unsigned) r);

                if (k < 0)
                        return k;
        }
        if (!S_ISDIR(b.st.st_mode))
                return 0;
        if (r & DIFFERENT_KIND)
                return is_too_deep(w, depth) ? 0 : walk_inside_added(w, after, name, depth - 1);
        return walk_directories(w, before, after, name, layered, depth);
}

static int walk_both(Walk *w, int before, int after, bool layered, unsigned depth) {
        _cleanup_(names_done) Names names = {};
        int r = 0;

        if (layered) {
                r = add_layers_entries(w, &names);
                layered = r > 0;
        }
        if (r >= 0 && !layered) {
                r = add_entries(before, &names);
                if (r >= 0)
                        r = add_entries(after, &names);
        }
        names_settle(&names);
        for (size_t i = 0; r >= 0 && i < names.n; i++) {
                size_t length = w->length;

                path_add(w, names.names[i]);
                r = walk_entry(w, before, after, names.names[i], layered, depth);
                if (r >= 0)
                        path_cut(w, length);
        }
        return r;
}

static int walk_roots(Walk *w) {
        ComparedFile a = { .dir = w->q->before, .name = "." }, b = { .dir = w->q->after, .name = "." };
        int r = look_at(a.dir, a.name, &a.st);

        if (r >= 0)
                r = look_at(b.dir, b.name, &b.st);
        if (r >= 0)
                r = compare_files(w, &a, &b);
        if (r > 0)
                r = report(w, DIFFERENCE_CHANGED, (unsigned) r);
        return r < 0 ? r : walk_both(w, a.dir, b.dir, w->q->n_layers > 0, DEPTH_MAX);
}

int tree_compare(const CompareRequest *q, Error **reterr) {
        _cleanup_close_ int before = fd_reopen(q->before, O_RDONLY | O_DIRECTORY), after = fd_reopen(q->after, O_RDONLY | O_DIRECTORY);
        _cleanup_free_ char *path = calloc(1, PATH_SIZE);
        CompareRequest opened = *q;
        Walk w = { .q = &opened, .path = path };
        int r;

        if (!path)
                return error_oom(reterr);
        opened.before = before;
        opened.after = after;
        r = before < 0 ? before : after < 0 ? after : walk_roots(&w);
        return r < 0 ? failed_at(&w, r, reterr) : 0;
}
