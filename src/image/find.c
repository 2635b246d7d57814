/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "find.h"

/* A tree is opened once, here, as an O_PATH fd; from then on its path is only something to print. So a rename or a link
 * swapped in later changes nothing, and what was checked is what boots. Magic links are refused since /proc/PID/root and
 * /proc/PID/fd/N lead to places that have no path (CVE-2024-21626). */

#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "btrfs.h"
#include "disk-find.h"
#include "fd.h"
#include "format.h"
#include "layer-info.h"
#include "name.h"
#include "strv.h"
#include "text.h"

static const char *const search_path[] = {
        "/etc/machines",
        "/run/machines",
        IMAGE_DIRECTORY,
        "/usr/local/lib/machines",
        "/usr/lib/machines",
};

/* The host lives in these: a machine on one of them would run on the host's own files. /usr alone has an init. */
static const char *const host_directories[] = {
        "/", "/bin", "/boot", "/dev", "/etc", "/home", "/lib", "/proc", "/root",
        "/run", "/sbin", "/sys", "/tmp", "/usr", "/var", IMAGE_DIRECTORY,
};

void image_free(Image *i) {
        if (!i)
                return;
        free(i->name);
        free(i->path);
        free(i->root_hash);
        free(i->verity_data);
        close_fd(i->fd);
        free(i);
}

void image_list_free(Image **images, size_t n) {
        for (size_t i = 0; i < n; i++)
                image_free(images[i]);
        free(images);
}

static int open_host_directory(int dirfd, const char *path) {
        struct open_how how = {
                .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
                .resolve = RESOLVE_NO_MAGICLINKS,
        };
        long fd = syscall(SYS_openat2, dirfd, path, &how, sizeof(how));

        return fd < 0 ? -errno : (int) fd;
}

static const char *const type_names[] = {
        [IMAGE_TREE] = "directory",
        [IMAGE_SUBVOLUME] = "subvolume",
        [IMAGE_LAYERED] = "layers",
        [IMAGE_DISK] = "raw",
};

const char *image_type_name(ImageType type) {
        return type_names[type];
}

/* Which image a layer is the writable one of: that name in D which is a link to it. Mostly it is what the user wrote. */
static int name_of_layer(const char *directory, const char *layer, const char *written, char **ret) {
        _cleanup_closedir_ DIR *d = opendir(directory);
        const char *slash = strrchr(written, '/');
        char id[LAYER_ID_SIZE];
        struct dirent *e;

        if (!d)
                return -errno;
        if (layer_read_link(dirfd(d), slash ? slash + 1 : written, id) > 0 && strcmp(id, layer) == 0)
                return (*ret = strdup(slash ? slash + 1 : written)) ? 1 : -ENOMEM;
        while ((errno = 0, e = readdir(d)))
                if (layer_read_link(dirfd(d), e->d_name, id) > 0 && strcmp(id, layer) == 0)
                        return (*ret = strdup(e->d_name)) ? 1 : -ENOMEM;
        return -errno;
}

/* A tree that is a layer's gets the path of the image that it belongs to. -EUCLEAN: it is nobody's, but one that others stand on. */
static int take_layer(Image *i, const char *written) {
        const char *store = strstr(i->path, "/" STORE_NAME "/");
        _cleanup_free_ char *directory = NULL, *name = NULL;
        char *path;
        int r;

        if (!store || !layer_from_link(store + 1, i->layer))
                return 0;
        i->type = IMAGE_LAYERED;
        directory = strndup(i->path, store == i->path ? 1 : (size_t) (store - i->path));
        if (!directory)
                return -ENOMEM;
        r = name_of_layer(directory, i->layer, written, &name);
        if (r <= 0)
                return r < 0 ? r : -EUCLEAN;
        if (asprintf(&path, "%s/%s", directory, name) < 0)
                return -ENOMEM;
        free(i->path);
        i->path = path;
        return 0;
}

#define BTRFS_TOP_INODE 256 /* of a subvolume's top directory: most others are told from one without a call */

static int image_new(int fd, const struct stat *st, const char *written, Image **ret) {
        _cleanup_close_ int owned = fd;
        _cleanup_(image_freep) Image *i = calloc(1, sizeof(*i));
        const char *slash;
        int r;

        if (!i)
                return -ENOMEM;
        i->fd = TAKE_FD(owned);
        i->type = st->st_ino == BTRFS_TOP_INODE && btrfs_is_subvolume(i->fd) ? IMAGE_SUBVOLUME : IMAGE_TREE;
        r = fd_path(i->fd, &i->path);
        if (r >= 0)
                r = take_layer(i, written);
        if (r < 0)
                return r;
        slash = strrchr(i->path, '/');
        i->name = strdup(slash + 1);
        if (!i->name)
                return -ENOMEM;
        i->changed_usec = (uint64_t) st->st_mtim.tv_sec * 1000000 + (uint64_t) st->st_mtim.tv_nsec / 1000;

        /* To root, only these two errors exist: file system or subvolume (EROFS), attribute (EPERM). faccessat2: Linux 5.8 */
        if (syscall(SYS_faccessat2, i->fd, "", W_OK, AT_EMPTY_PATH) < 0 && (errno == EROFS || errno == EPERM))
                i->read_only = true;
        *ret = TAKE_PTR(i);
        return 0;
}

static bool is_host_directory(const struct stat *st) {
        for (size_t i = 0; i < ELEMENTSOF(host_directories); i++) {
                struct stat host;

                if (stat(host_directories[i], &host) >= 0 && host.st_dev == st->st_dev && host.st_ino == st->st_ino)
                        return true;
        }
        return false;
}

static int directory_error(const char *path, int r, Error **reterr) {
        switch (r) {
        case -ENOENT:
                error_set(reterr, r, "There is no directory or disk image '%s'", path);
                return error_hint(reterr, r, "`nbox images` lists what there is; `nbox create NAME --os busybox` makes a tree.");
        case -ENOTDIR:
                error_set(reterr, r, "'%s' is not a directory", path);
                return error_hint(reterr, r, "A machine is started from a directory with a whole OS tree in it.");
        case -ELOOP:
                return error_set(reterr, r, "'%s' leads through a link of /proc or a loop of links, which is refused", path);
        default:
                return error_errno(reterr, r, "Cannot open the directory '%s'", path);
        }
}

/* An image's link that leads nowhere. */
static int lost_layer(const char *path, Error **reterr) {
        char id[LAYER_ID_SIZE];

        if (layer_read_link(AT_FDCWD, path, id) <= 0)
                return directory_error(path, -ENOENT, reterr);
        error_set(reterr, ENOENT, "The image %s has lost its layer %s", path, id);
        return error_hint(reterr, -ENOENT, "Take " STORE_NAME " beside it from the same backup as the image, or remove the link.");
}

int image_open_directory(const char *path, Image **ret, Error **reterr) {
        struct stat st;
        int fd, r;

        if (!*path || !string_is_clean(path))
                return error_set(reterr, EINVAL, "A directory's name must not be empty or hold control characters");
        fd = open_host_directory(AT_FDCWD, path);
        if (fd == -ENOENT)
                return lost_layer(path, reterr);
        if (fd < 0)
                return directory_error(path, fd, reterr);
        if (fstat(fd, &st) < 0) {
                r = -errno;
                close_fd(fd);
                return error_errno(reterr, r, "Cannot look at '%s'", path);
        }
        if (is_host_directory(&st)) {
                close_fd(fd);
                error_set(reterr, EBUSY, "'%s' is a directory that the host itself lives in", path);
                return error_hint(reterr, -EBUSY, "Make a tree for the machine with `nbox create NAME --os=busybox`.");
        }
        r = image_new(fd, &st, path, ret);
        if (r == -EUCLEAN) {
                error_set(reterr, r, "'%s' is a layer that images stand on, and no image", path);
                return error_hint(reterr, r, "`nbox images` lists what there is.");
        }
        if (r < 0)
                return error_errno(reterr, r, "Cannot find out where '%s' is", path);
        if (!string_is_clean((*ret)->path)) {
                image_free(*ret);
                *ret = NULL;
                return error_set(reterr, EINVAL, "'%s' leads to a directory with control characters in its path", path);
        }
        return 0;
}

const char *image_search_directory(size_t i) {
        return i < ELEMENTSOF(search_path) ? search_path[i] : NULL;
}

bool image_name_is_valid(const char *name) {
        return *name && *name != '.' && strlen(name) <= NAME_MAX && !strchr(name, '/') && string_is_clean(name);
}

/* ".#…" are ours and locks of systemd-nspawn's. */
static bool is_hidden_name(const char *name) {
        return name[0] == '.' && name[1] && name[1] != '#' && strcmp(name, "..") != 0 && image_name_is_valid(name + 1);
}

/* Of what lies in the search path: NULL for what is none. */
static char *image_name_of(const char *file, unsigned char type, bool hidden) {
        size_t n = disk_name_length(file);

        if (!image_name_is_valid(file) && !(hidden && is_hidden_name(file)))
                return NULL;
        if (n > 0 && type != DT_DIR)
                return strndup(file, n);
        return type == DT_DIR || type == DT_LNK || type == DT_BLK || type == DT_UNKNOWN ? strdup(file) : NULL;
}

static int collect_names(bool hidden, char ***ret) {
        _cleanup_strv_ char **names = NULL;

        for (size_t i = 0; i < ELEMENTSOF(search_path); i++) {
                _cleanup_closedir_ DIR *dir = opendir(search_path[i]);
                struct dirent *e;

                while (dir && (e = readdir(dir))) {
                        _cleanup_free_ char *name = image_name_of(e->d_name, e->d_type, hidden);
                        int r;

                        if (!name || strv_contains(names, name))
                                continue;
                        r = strv_append(&names, name);
                        if (r < 0)
                                return r;
                }
        }
        *ret = TAKE_PTR(names);
        return 0;
}

/* Edits (insertion, removal, replacement) between two short names; names beyond the bound count as far away. */
static size_t distance(const char *a, const char *b) {
        size_t row[MACHINE_NAME_MAX + 1], n = strlen(b);

        if (n > MACHINE_NAME_MAX || strlen(a) > MACHINE_NAME_MAX)
                return SIZE_MAX;
        for (size_t j = 0; j <= n; j++)
                row[j] = j;
        for (size_t i = 1; a[i - 1]; i++) {
                size_t diagonal = row[0];

                row[0] = i;
                for (size_t j = 1; j <= n; j++) {
                        size_t up = row[j], best = diagonal + (a[i - 1] != b[j - 1]);

                        best = up + 1 < best ? up + 1 : best;
                        row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
                        diagonal = up;
                }
        }
        return row[n];
}

static const char *nearest_name(char *const *names, const char *wanted) {
        size_t best = strlen(wanted) / 3 + 2;
        const char *found = NULL;

        for (char *const *n = names; n && *n; n++) {
                size_t d = distance(wanted, *n);

                if (d < best) {
                        best = d;
                        found = *n;
                }
        }
        return found;
}

static int not_found(const char *name, Error **reterr) {
        _cleanup_strv_ char **names = NULL;
        const char *near;
        struct stat st;

        if (access(IMAGE_DIRECTORY, X_OK) < 0 && errno == EACCES) {
                error_set(reterr, EACCES, "Only root may look for the image '%s' in " IMAGE_DIRECTORY, name);
                return error_hint(reterr, -EACCES, "Give the directory of a tree that you may read, or try as root.");
        }
        error_set(reterr, ENOENT, "There is no image '%s' in " IMAGE_DIRECTORY
                  " or the other places where images are looked for", name);
        if (stat(name, &st) >= 0 && (S_ISDIR(st.st_mode) || S_ISREG(st.st_mode)))
                return error_hint(reterr, -ENOENT, "For the %s of that name here, write ./%s", S_ISDIR(st.st_mode) ? "directory" : "file", name);

        (void) collect_names(false, &names);
        near = nearest_name(names, name);
        if (near)
                return error_hint(reterr, -ENOENT, "Did you mean '%s'? `nbox images` lists all.", near);
        if (names)
                return error_hint(reterr, -ENOENT, "`nbox images` lists what there is; `nbox create %s --os busybox` makes it.", name);
        return error_hint(reterr, -ENOENT, "`nbox create %s --os busybox` makes one.", name);
}

/* By a path: what is no directory may be a disk's image. */
static int open_by_path(const char *path, const char *name, Image **ret, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        int r = image_open_directory(path, ret, &error);

        if (r == -ENOTDIR)
                return image_open_disk(path, name, ret, reterr);
        return r < 0 ? error_pass(reterr, r, &error) : r;
}

static int find_by_name(const char *name, Image **ret, Error **reterr) {
        for (size_t i = 0; i < ELEMENTSOF(search_path); i++) {
                _cleanup_free_ char *path = NULL;
                struct stat st;
                int r;

                if (asprintf(&path, "%s/%s", search_path[i], name) < 0)
                        return error_oom(reterr);
                if (lstat(path, &st) >= 0)
                        return open_by_path(path, name, ret, reterr);
                r = disk_find_beside(search_path[i], name, ret, reterr);
                if (r != 0)
                        return r < 0 ? r : 0;
        }
        for (size_t i = 0; i < ELEMENTSOF(search_path); i++) {
                int r = format_refuse_named(search_path[i], name, reterr);

                if (r < 0)
                        return r;
        }
        return not_found(name, reterr);
}

int image_find(const char *name_or_directory, Image **ret, Error **reterr) {
        if (strchr(name_or_directory, '/') || strcmp(name_or_directory, ".") == 0 || strcmp(name_or_directory, "..") == 0)
                return open_by_path(name_or_directory, NULL, ret, reterr);
        if (!image_name_is_valid(name_or_directory)) {
                error_set(reterr, EINVAL,
                          "'%.80s' is not an image's name: it must not be empty, begin with a dot, or hold control characters",
                          name_or_directory);
                return error_hint(reterr, -EINVAL, "`nbox images` lists what there is.");
        }
        return find_by_name(name_or_directory, ret, reterr);
}

static int by_name(const void *a, const void *b) {
        return strcmp((*(Image *const *) a)->name, (*(Image *const *) b)->name);
}

static int list(bool hidden, Image ***ret, size_t *ret_n, Error **reterr) {
        _cleanup_strv_ char **names = NULL;
        Image **images;
        size_t n = 0;

        if (collect_names(hidden, &names) < 0)
                return error_oom(reterr);
        images = calloc(strv_length(names) + 1, sizeof(*images));
        if (!images)
                return error_oom(reterr);
        for (char **name = names; name && *name; name++) {
                Image *i = NULL;

                if (find_by_name(*name, &i, NULL) < 0)
                        continue;
                free(i->name); /* a link is listed under its own name: that is what finds it */
                i->name = strdup(*name);
                if (!i->name) {
                        image_free(i);
                        image_list_free(images, n);
                        return error_oom(reterr);
                }
                images[n++] = i;
        }
        qsort(images, n, sizeof(*images), by_name);
        *ret = images;
        *ret_n = n;
        return 0;
}

int image_list(Image ***ret, size_t *ret_n, Error **reterr) {
        return list(false, ret, ret_n, reterr);
}

int image_of_host(Image **ret, Error **reterr) {
        _cleanup_(image_freep) Image *i = NULL;
        struct stat st;
        int fd = open_host_directory(AT_FDCWD, "/"), r = fd < 0 ? fd : fstat(fd, &st) < 0 ? -errno : 0;

        if (r >= 0)
                r = image_new(fd, &st, "/", &i);
        else
                close_fd(fd);
        if (r >= 0)
                r = string_set(&i->name, IMAGE_OF_HOST);
        if (r < 0)
                return error_errno(reterr, r, "Cannot look at the host's root directory");
        *ret = TAKE_PTR(i);
        return 0;
}

int image_list_all(Image ***ret, size_t *ret_n, Error **reterr) {
        Image **images = NULL;
        size_t n = 0;
        int r = list(true, &images, &n, reterr);

        if (r >= 0)
                r = image_of_host(images + n, reterr); /* in place of the last one, which is none */
        if (r < 0) {
                image_list_free(images, n);
                return r;
        }
        qsort(images, ++n, sizeof(*images), by_name);
        *ret = images;
        *ret_n = n;
        return 0;
}

int image_name_is_free(const char *name, Error **reterr) {
        static const char *const suffixes[] = { "", DISK_SUFFIX };

        for (size_t i = 0; i < ELEMENTSOF(search_path); i++)
                for (size_t k = 0; k < ELEMENTSOF(suffixes); k++) {
                        _cleanup_free_ char *path = NULL;

                        if (asprintf(&path, "%s/%s%s", search_path[i], name, suffixes[k]) < 0)
                                return error_oom(reterr);
                        if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
                                continue;
                        error_set(reterr, EEXIST, "There is an image of the name '%s' already: %s", name, path);
                        return error_hint(reterr, -EEXIST, "Choose another name; `nbox images` lists those that are taken.");
                }
        return 0;
}

bool image_is_found_by_name(const char *path) {
        size_t n = (size_t) (strrchr(path, '/') - path);

        for (size_t i = 0; i < ELEMENTSOF(search_path); i++)
                if (strlen(search_path[i]) == n && strncmp(search_path[i], path, n) == 0)
                        return true;
        return false;
}
