/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pack.h"

/* The tree is read as image/copy reads one, and is as hostile. What has been said of a file in its header cannot be taken back, so what
 * comes after is as long as that, whatever becomes of the file. */

#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/xattr.h>

#include "copy-links.h"
#include "copy-path.h"
#include "copy-source.h"
#include "fd.h"
#include "pack-attributes.h"
#include "pack-contents.h"
#include "pack-out.h"
#include "tar-header.h"

#define DEPTH_MAX 250 /* as of copies */
#define WHITEOUT ".wh."
#define WHITEOUT_OPAQUE ".wh..wh..opq"
#define OVERLAY_PREFIX "trusted.overlay."

struct Pack {
        PackOut *out;
        const CopyWatch *watch; /* or NULL */
        CopyProgress done;
        PackResult result;
        AttributePacker attributes;
        TarBytes header, records; /* of the member at hand */
        /* of the tree at hand */
        const PackTree *how;
        ChownRequest ids;
        HardLinks links;
        CopyPath path;
        size_t prefix;        /* of path's length */
        bool within_merged;   /* no whiteouts, for all below is what is seen */
        uint64_t file_bytes;  /* read of the file at hand */
};

/* A file: any fd of it (O_PATH but for directories), and what it was when it was looked at. */
typedef struct Source {
        int fd;
        struct statx st;
} Source;

Pack *pack_free(Pack *p) {
        if (!p)
                return NULL;
        pack_out_free(p->out);
        attribute_packer_done(&p->attributes);
        tar_bytes_done(&p->header);
        tar_bytes_done(&p->records);
        hard_links_done(&p->links);
        copy_path_done(&p->path);
        free(p);
        return NULL;
}

int pack_open(const PackWish *wish, Pack **ret, Error **reterr) {
        _cleanup_(pack_freep) Pack *p = calloc(1, sizeof(*p));
        int r;

        if (!p)
                return error_oom(reterr);
        p->watch = wish->watch;
        r = pack_out_open(wish, &p->out, reterr);
        if (r >= 0)
                *ret = TAKE_PTR(p);
        return r;
}

/* ---- what is said ---- */

/* `error`: what the output said, if it was that which failed. */
static int failed(const Pack *p, const char *name, int r, Error **error, Error **reterr) {
        const char *at = copy_path_text(&p->path);

        if (*error)
                return error_pass(reterr, r, error);
        if (r == -ECANCELED)
                return error_set(reterr, ECANCELED, "The reading was interrupted");
        if (r == -ELOOP)
                return error_set(reterr, ELOOP, "Cannot pack a tree of more than %d directories in each other", DEPTH_MAX);
        if (r == -E2BIG)
                return error_set(reterr, E2BIG, "Cannot pack %s%s: it has too many names, or pieces", at, name);
        return error_errno(reterr, r, "Cannot pack %s%s", at, name);
}

static int go_on(const Pack *p) {
        const CopyWatch *w = p->watch;

        if (!w)
                return 0;
        if (w->show)
                w->show(&p->done, w->userdata);
        return w->is_cancelled && w->is_cancelled(w->userdata) ? -ECANCELED : 0;
}

/* ---- members ---- */

static int write_header(Pack *p, const TarMember *m, Error **error) {
        int r = tar_header(&p->header, m, &p->records);

        if (r >= 0)
                r = pack_out_write(p->out, p->header.data, p->header.n, error);
        p->header.n = p->records.n = 0;
        return r;
}

static uint32_t shifted(const Pack *p, uint32_t id) {
        (void) chown_shift(&p->ids, &id);
        return id;
}

static TarMember member_of(const Pack *p, const Source *s, TarType type, const char *path) {
        const struct statx *st = &s->st;

        return (TarMember){
                .type = type, .path = path, .mode = st->stx_mode & 07777, .uid = shifted(p, st->stx_uid), .gid = shifted(p, st->stx_gid),
                .mtime = { .tv_sec = st->stx_mtime.tv_sec, .tv_nsec = st->stx_mtime.tv_nsec }, .major = st->stx_rdev_major,
                .minor = st->stx_rdev_minor,
        };
}

static int add_attributes(Pack *p, const Source *s, bool is_open) {
        return attributes_pack(&p->attributes, s->fd, is_open, &p->ids, &p->records);
}

/* As much of the disk as tree_size() says it takes. */
static void count(Pack *p, const Source *s) {
        uint64_t bytes = s->st.stx_blocks * 512;

        if (bytes > p->file_bytes)
                p->done.bytes += bytes - p->file_bytes;
        p->file_bytes = 0;
}

static int on_read(uint64_t bytes, void *userdata) {
        Pack *p = userdata;

        p->file_bytes += bytes;
        p->done.bytes += bytes;
        return go_on(p);
}

static int write_contents(Pack *p, Contents *c, TarMember *m, Error **error) {
        _cleanup_free_ char *path = NULL;
        int r = contents_describe(c, m, &p->records, &path);

        if (r >= 0)
                r = write_header(p, m, error);
        if (r >= 0)
                r = contents_write(c, p->out, on_read, p, error);
        p->result.changed += c->changed;
        return r;
}

static int pack_regular(Pack *p, const Source *s, const char *path, Error **error) {
        _cleanup_close_ int real = source_open_to_read(s->fd, 0);
        _cleanup_(contents_done) Contents c = { .fd = real, .size = s->st.stx_size };
        TarMember m = member_of(p, s, TAR_FILE, path);
        int r = real < 0 ? real : contents_look(&c, s->st.stx_blocks * 512);

        if (r >= 0)
                r = add_attributes(p, &(Source){ .fd = real }, true);
        return r < 0 ? r : write_contents(p, &c, &m, error);
}

static int pack_symlink(Pack *p, const Source *s, const char *path, Error **error) {
        TarMember m = member_of(p, s, TAR_SYMLINK, path);
        char target[PATH_MAX];
        ssize_t n = readlinkat(s->fd, "", target, sizeof(target) - 1);

        if (n < 0)
                return -errno;
        target[n] = 0;
        m.target = target;
        m.mode = 0777;
        return write_header(p, &m, error);
}

static int pack_node(Pack *p, const Source *s, TarType type, const char *path, Error **error) {
        TarMember m = member_of(p, s, type, path);
        int r = add_attributes(p, s, false);

        return r < 0 ? r : write_header(p, &m, error);
}

static int pack_hard_link(Pack *p, const Source *s, const char *path, const char *target, Error **error) {
        TarMember m = member_of(p, s, TAR_HARD_LINK, path);

        m.target = target;
        return write_header(p, &m, error);
}

/* An empty file that says something about its directory. */
static int pack_mark(Pack *p, const char *mark, const char *name, Error **error) {
        _cleanup_free_ char *path = NULL;

        if (asprintf(&path, "%s%s%s", copy_path_text(&p->path), mark, name) < 0)
                return -ENOMEM;
        return write_header(p, &(TarMember){ .type = TAR_FILE, .path = path, .mode = 0600 }, error);
}

static int pack_by_type(Pack *p, const Source *s, const char *path, Error **error) {
        switch (s->st.stx_mode & S_IFMT) {
        case S_IFREG:
                return pack_regular(p, s, path, error);
        case S_IFLNK:
                return pack_symlink(p, s, path, error);
        case S_IFIFO:
                return pack_node(p, s, TAR_FIFO, path, error);
        case S_IFCHR:
                return pack_node(p, s, TAR_CHAR, path, error);
        case S_IFBLK:
                return pack_node(p, s, TAR_BLOCK_DEVICE, path, error);
        default:
                p->result.left_out++;
                return 0;
        }
}

/* One of several names: the first has the contents, the others are links to that. */
static int pack_linked(Pack *p, const Source *s, const char *name, Error **error) {
        _cleanup_free_ char *path = copy_path_with(&p->path, name);
        HardLink *known;
        int r = path ? hard_links_see(&p->links, &s->st, &known) : -ENOMEM;

        if (r < 0)
                return r;
        if (known->path)
                return pack_hard_link(p, s, path, known->path, error);
        known->path = strdup(path);
        return known->path ? pack_by_type(p, s, path, error) : -ENOMEM;
}

static bool is_whiteout(const struct statx *st) {
        return S_ISCHR(st->stx_mode) && st->stx_rdev_major == 0 && st->stx_rdev_minor == 0;
}

static int pack_file_entry(Pack *p, const Source *s, const char *name, Error **error) {
        bool is_layer = p->how->whiteouts && !p->within_merged;
        _cleanup_free_ char *path = NULL;

        if (is_layer && is_whiteout(&s->st))
                return pack_mark(p, WHITEOUT, name, error);
        if (p->how->whiteouts && strncmp(name, WHITEOUT, strlen(WHITEOUT)) == 0) {
                p->result.left_out++;
                return 0;
        }
        if (s->st.stx_nlink > 1 && !S_ISSOCK(s->st.stx_mode))
                return pack_linked(p, s, name, error);
        path = copy_path_with(&p->path, name);
        return path ? pack_by_type(p, s, path, error) : -ENOMEM;
}

/* ---- directories ---- */

typedef struct Names {
        char **names;
        size_t n;
} Names;

static void names_done(Names *n) {
        for (size_t i = 0; i < n->n; i++)
                free(n->names[i]);
        free(n->names);
}

static int compare_names(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

static int add_name(Names *n, const char *name) {
        if ((n->n & (n->n - 1)) == 0) {
                char **grown = reallocarray(n->names, n->n ? n->n * 2 : 1, sizeof(char *));

                if (!grown)
                        return -ENOMEM;
                n->names = grown;
        }
        n->names[n->n] = strdup(name);
        return n->names[n->n] ? (n->n++, 0) : -ENOMEM;
}

static int read_names(int dir, Names *ret) {
        _cleanup_closedir_ DIR *d = fd_opendir(dir, ".");
        struct dirent *e;

        if (!d)
                return -errno;
        while ((errno = 0, e = readdir(d))) {
                int r = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ? 0 : add_name(ret, e->d_name);

                if (r < 0)
                        return r;
        }
        if (errno != 0)
                return -errno;
        if (ret->n > 1)
                qsort(ret->names, ret->n, sizeof(char *), compare_names);
        return 0;
}

static int has_mark(int dir, const char *name) {
        if (fgetxattr(dir, name, NULL, 0) >= 0)
                return 1;
        return errno == ENODATA || errno == EOPNOTSUPP ? 0 : -errno;
}

static int pack_entries(Pack *p, int dir, unsigned depth, Error **reterr);

/* A directory that was renamed in this layer: in the archive it is one that hides what is below, with all that is seen in it. */
static int pack_renamed(Pack *p, unsigned depth, Error **reterr) {
        struct open_how how = {
                .flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
                .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
        };
        const char *path = copy_path_text(&p->path) + p->prefix;
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_close_ int merged = -1;
        int r = p->how->merged < 0 ? -EXDEV : (int) syscall(SYS_openat2, p->how->merged, path, &how, sizeof(how));

        if (r < 0)
                return failed(p, "", r == -1 ? -errno : r, &error, reterr);
        merged = r;
        p->within_merged = true;
        r = pack_entries(p, merged, depth, reterr);
        p->within_merged = false;
        return r;
}

/* What overlayfs says of a directory of a layer: 1: it was renamed. */
static int pack_marks(Pack *p, int dir, Error **error) {
        int renamed, opaque, r;

        if (!p->how->whiteouts || p->within_merged)
                return 0;
        renamed = has_mark(dir, OVERLAY_PREFIX "redirect");
        opaque = has_mark(dir, OVERLAY_PREFIX "opaque");
        if (renamed < 0 || opaque < 0)
                return renamed < 0 ? renamed : opaque;
        r = renamed || opaque ? pack_mark(p, WHITEOUT_OPAQUE, "", error) : 0;
        return r < 0 ? r : renamed;
}

/* s is open to be read, and the path is its own. */
static int pack_directory(Pack *p, const Source *s, unsigned depth, Error **reterr) {
        const char *path = copy_path_text(&p->path);
        TarMember m = member_of(p, s, TAR_DIRECTORY, *path ? path : "./");
        _cleanup_(error_freep) Error *error = NULL;
        int r = depth == 0 ? -ELOOP : add_attributes(p, s, true);

        if (r >= 0)
                r = write_header(p, &m, &error);
        if (r >= 0)
                r = pack_marks(p, s->fd, &error);
        if (r < 0)
                return failed(p, "", r, &error, reterr);
        return r > 0 ? pack_renamed(p, depth, reterr) : pack_entries(p, s->fd, depth, reterr);
}

static int pack_subdirectory(Pack *p, const Source *s, const char *name, unsigned depth, Error **reterr) {
        _cleanup_close_ int real = source_open_to_read(s->fd, O_DIRECTORY);
        _cleanup_(error_freep) Error *error = NULL;
        size_t before;
        int r = real < 0 ? real : copy_path_enter(&p->path, name, &before);

        if (r < 0)
                return failed(p, name, r, &error, reterr);
        r = pack_directory(p, &(Source){ real, s->st }, depth, reterr);
        if (r >= 0)
                copy_path_leave(&p->path, before);
        return r;
}

/* Something is mounted there, and what that hides cannot be seen from here: an empty place for it. */
static int pack_mount_point(Pack *p, const char *name, Error **error) {
        _cleanup_free_ char *path = NULL;

        if (asprintf(&path, "%s%s/", copy_path_text(&p->path), name) < 0)
                return -ENOMEM;
        return write_header(p, &(TarMember){ .type = TAR_DIRECTORY, .path = path, .mode = 0755 }, error);
}

static int pack_entry(Pack *p, int dir, const char *name, unsigned depth, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_close_ int fd = source_open_entry(dir, name, p->how->with_mounts);
        Source s = { .fd = fd };
        int r;

        if (fd == -ENOENT)
                return 0;
        p->done.files++;
        if (fd == -EXDEV)
                r = pack_mount_point(p, name, &error);
        else
                r = fd < 0 ? fd : source_look(fd, &s.st);
        if (r >= 0 && fd >= 0 && S_ISDIR(s.st.stx_mode)) {
                count(p, &s);
                return pack_subdirectory(p, &s, name, depth - 1, reterr);
        }
        if (r >= 0 && fd >= 0)
                r = pack_file_entry(p, &s, name, &error);
        if (r >= 0 && fd >= 0)
                count(p, &s);
        if (r >= 0)
                r = go_on(p);
        return r < 0 ? failed(p, name, r, &error, reterr) : 0;
}

static int pack_entries(Pack *p, int dir, unsigned depth, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        _cleanup_(names_done) Names names = {};
        int r = read_names(dir, &names);

        if (r < 0)
                return failed(p, "", r, &error, reterr);
        for (size_t i = 0; i < names.n && r >= 0; i++)
                r = pack_entry(p, dir, names.names[i], depth, reterr);
        return r;
}

/* ---- the whole ---- */

static int begin_tree(Pack *p, const PackTree *how) {
        size_t n = strlen(how->prefix), before;
        _cleanup_free_ char *name = strndup(how->prefix, n > 0 ? n - 1 : 0);

        p->how = how;
        /* As many as no other range has between. */
        p->ids = (ChownRequest){ .from = how->base, .count = how->base < UINT32_MAX - how->base ? how->base : UINT32_MAX - how->base };
        p->prefix = n;
        hard_links_done(&p->links);
        copy_path_done(&p->path);
        if (!name)
                return -ENOMEM;
        return n > 0 ? copy_path_enter(&p->path, name, &before) : 0;
}

int pack_tree(Pack *p, int tree, const PackTree *how, Error **reterr) {
        _cleanup_close_ int view = how->with_mounts ? fd_reopen(tree, O_PATH | O_DIRECTORY) : source_bare_view(tree),
                            top = view < 0 ? view : source_open_to_read(view, O_DIRECTORY);
        Source s = { .fd = top };
        int r = top < 0 ? top : source_look(top, &s.st);

        if (r >= 0)
                r = begin_tree(p, how);
        if (r < 0)
                return error_errno(reterr, r, "Cannot open the tree that is to be packed");
        p->done.files++;
        count(p, &s);
        return pack_directory(p, &s, DEPTH_MAX, reterr);
}

int pack_text(Pack *p, const char *path, const void *data, size_t size, Error **reterr) {
        TarMember m = { .type = TAR_FILE, .path = path, .mode = 0600, .size = size };
        _cleanup_(error_freep) Error *error = NULL;
        int r = write_header(p, &m, &error);

        if (r >= 0)
                r = pack_out_write(p->out, data, size, &error);
        if (r >= 0)
                r = pack_out_zeros(p->out, (TAR_BLOCK - size % TAR_BLOCK) % TAR_BLOCK, &error);
        return r < 0 ? failed(p, path, r, &error, reterr) : 0;
}

int pack_file(Pack *p, const char *path, int fd, Error **reterr) {
        TarMember m = { .type = TAR_FILE, .path = path, .mode = 0600 };
        _cleanup_close_ int real = source_open_to_read(fd, 0);
        _cleanup_(contents_done) Contents c = { .fd = real };
        _cleanup_(error_freep) Error *error = NULL;
        Source s = { .fd = real };
        int r = real < 0 ? real : source_look(real, &s.st);

        copy_path_done(&p->path);
        c.size = s.st.stx_size;
        if (r >= 0)
                r = contents_look(&c, s.st.stx_blocks * 512);
        if (r >= 0)
                r = write_contents(p, &c, &m, &error);
        count(p, &s);
        return r < 0 ? failed(p, path, r, &error, reterr) : 0;
}

int pack_flush(Pack *p, Error **reterr) {
        return pack_out_flush(p->out, reterr);
}

/* Two blocks of zeros; and as tar has had it from tapes on, as many as make twenty blocks of all. */
int pack_end(Pack *p, Error **reterr) {
        uint64_t unit = UINT64_C(20) * TAR_BLOCK, end = pack_out_position(p->out) + UINT64_C(2) * TAR_BLOCK;
        int r = pack_out_zeros(p->out, UINT64_C(2) * TAR_BLOCK + (unit - end % unit) % unit, reterr);

        return r < 0 ? r : pack_flush(p, reterr);
}

PackResult pack_result(const Pack *p) {
        PackResult result = p->result;

        result.written = pack_out_written(p->out);
        return result;
}

/* ---- one file ---- */

typedef struct Single {
        const CopyWatch *watch;
        CopyProgress done;
} Single;

static int on_single(uint64_t bytes, void *userdata) {
        Single *s = userdata;

        s->done.bytes += bytes;
        if (s->watch && s->watch->show)
                s->watch->show(&s->done, s->watch->userdata);
        return s->watch && s->watch->is_cancelled && s->watch->is_cancelled(s->watch->userdata) ? -ECANCELED : 0;
}

int compress_file(int from, const PackWish *wish, Error **reterr) {
        _cleanup_close_ int real = source_open_to_read(from, 0);
        _cleanup_(pack_out_freep) PackOut *out = NULL;
        Single single = { .watch = wish->watch, .done = { .files = 1 } };
        int r = real < 0 ? error_errno(reterr, real, "Cannot open what is written to %s", wish->name) : pack_out_open(wish, &out, reterr);

        if (r >= 0)
                r = contents_copy(real, out, on_single, &single, reterr);
        return r < 0 ? r : pack_out_flush(out, reterr);
}
