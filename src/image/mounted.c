/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mounted.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "fd.h"
#include "file.h"
#include "mount-table.h"
#include "path.h"
#include "text.h"

#define DIRECTORY "/run/nbox/mounts"
#define NOTE_MAX (16 * 1024)
#define ID_TEXT_MAX 24

void mounted_image_done(MountedImage *m) {
        free(m->image);
        free(m->name);
        free(m->point);
        free(m->root);
        *m = (MountedImage){};
}

void mounted_images_done(MountedImages *all) {
        for (size_t i = 0; i < all->n; i++)
                mounted_image_done(all->items + i);
        free(all->items);
        *all = (MountedImages){};
}

int mounted_check_namespace(Error **reterr) {
        struct stat ours, first;

        if (stat("/proc/self/ns/mnt", &ours) < 0 || stat("/proc/1/ns/mnt", &first) < 0)
                return error_errno(reterr, errno, "Cannot tell the mount namespace of the host's init");
        if (ours.st_dev == first.st_dev && ours.st_ino == first.st_ino)
                return 0;
        error_set(reterr, EXDEV, "This is another mount namespace than that of the host's init: nobody else would see the mount");
        return error_hint(reterr, -EXDEV, "nsenter -t 1 -m nbox mount …  is in that; `nbox dissect --mount` mounts for this one alone.");
}

/* ---- a note ---- */

static int write_note(int dir, const MountedImage *m) {
        _cleanup_free_ char *text = NULL;
        char name[ID_TEXT_MAX];

        snprintf(name, sizeof(name), "%" PRIu64, m->mount_id);
        if (asprintf(&text, "Image=%s\nName=%s\nInode=%ju:%ju\nPoint=%s\nReadOnly=%d\n%s%s%sDevice=%u:%u\n", m->image, m->name,
                     (uintmax_t) m->device, (uintmax_t) m->inode, m->point, m->read_only, m->root ? "Root=" : "", m->root ?: "",
                     m->root ? "\n" : "", m->major, m->minor) < 0)
                return -ENOMEM;
        return file_replace(dir, name, text, 0644);
}

static bool value_of(const char *line, const char *key, const char **ret) {
        size_t n = strlen(key);

        *ret = line + n + 1;
        return strncmp(line, key, n) == 0 && line[n] == '=';
}

static int read_line(const char *line, MountedImage *m) {
        uintmax_t device, inode;
        const char *value;

        if (value_of(line, "Image", &value))
                return string_set(&m->image, value);
        if (value_of(line, "Name", &value))
                return string_set(&m->name, value);
        if (value_of(line, "Point", &value))
                return string_set(&m->point, value);
        if (value_of(line, "Root", &value))
                return string_set(&m->root, value);
        if (value_of(line, "ReadOnly", &value))
                m->read_only = *value == '1';
        else if (value_of(line, "Device", &value) && sscanf(value, "%u:%u", &m->major, &m->minor) != 2)
                return -EBADMSG;
        else if (value_of(line, "Inode", &value)) {
                if (sscanf(value, "%ju:%ju", &device, &inode) != 2)
                        return -EBADMSG;
                m->device = (dev_t) device;
                m->inode = (ino_t) inode;
        }
        return 0;
}

/* Root's own, but another version of nbox may have written it: what cannot be read says nothing. */
static int read_note(int dir, const char *name, MountedImage *ret) {
        _cleanup_(mounted_image_done) MountedImage m = {};
        _cleanup_free_ char *text = NULL;
        int r = file_read(dir, name, NOTE_MAX, &text);
        char *rest = text;

        for (char *line; r >= 0 && (line = strsep(&rest, "\n"));)
                r = read_line(line, &m);
        if (r >= 0 && (!m.image || !m.name || !m.point))
                r = -EBADMSG;
        if (r < 0)
                return r;
        m.mount_id = strtoull(name, NULL, 10);
        *ret = m;
        m = (MountedImage){};
        return 0;
}

/* ---- all of them ---- */

/* Of the host's init; who is not root may read his own alone. */
static int read_mounts(MountTable *ret) {
        _cleanup_close_ int proc = open(geteuid() == 0 ? "/proc/1" : "/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);

        return proc < 0 ? -errno : mount_table_read(proc, ret);
}

static bool is_that(const MountedImage *m, const MountEntry *e) {
        return m->root ? e->major == m->major && e->minor == m->minor && strcmp(e->root, m->root) == 0 : strcmp(e->point, m->point) == 0;
}

/* Make it what the kernel says by now: 1, or 0 where it is no mount's, or -ENOMEM. */
static int renew(int dir, MountedImage *m, const MountTable *table) {
        const MountEntry *e = mount_table_find(table, m->mount_id);

        if (!e || !is_that(m, e))
                return 0;
        if (string_set(&m->point, e->point) < 0)
                return -ENOMEM;
        if (m->root)
                return 1;
        m->major = e->major;
        m->minor = e->minor;
        if (string_set(&m->root, e->root) < 0)
                return -ENOMEM;
        (void) write_note(dir, m);
        return 1;
}

static int take(MountedImages *all, MountedImage *m) {
        MountedImage *grown = reallocarray(all->items, all->n + 1, sizeof(*grown));

        if (!grown)
                return -ENOMEM;
        all->items = grown;
        all->items[all->n++] = *m;
        *m = (MountedImage){};
        return 0;
}

typedef struct Look {
        int dir;
        bool may_remove;
        MountTable table;
        MountedImages *all;
} Look;

/* Names of notes are numbers. What else is there was left by a killed writer of one. */
static int look_at(const Look *l, const char *name) {
        _cleanup_(mounted_image_done) MountedImage m = {};
        int r;

        if (name[0] == '.')
                return 0;
        r = strspn(name, "0123456789") == strlen(name) ? read_note(l->dir, name, &m) : -EBADMSG;
        if (r >= 0)
                r = renew(l->dir, &m, &l->table);
        if (r == -ENOENT)
                return 0;
        if (r < 0 && r != -EBADMSG && r != -E2BIG && r != -EFBIG)
                return r; /* which says nothing of what stands there */
        if (r > 0)
                return take(l->all, &m);
        if (l->may_remove)
                (void) unlinkat(l->dir, name, 0);
        return 0;
}

static int by_point(const void *a, const void *b) {
        return strcmp(((const MountedImage *) a)->point, ((const MountedImage *) b)->point);
}

/* Whether nobody is between a note and its mount: who finds none then, finds one that is wrong. */
static bool is_quiet(int dir) {
        return geteuid() == 0 && flock(dir, LOCK_EX | LOCK_NB) >= 0;
}

static int list_in(int dir, MountedImages *ret) {
        Look look = { .dir = dir, .all = ret };
        _cleanup_closedir_ DIR *d = NULL;
        int r;

        look.may_remove = is_quiet(dir);
        d = fd_opendir(dir, ".");
        r = d ? read_mounts(&look.table) : -errno;
        for (struct dirent *e; r >= 0 && (errno = 0, e = readdir(d));)
                r = look_at(&look, e->d_name);
        if (r >= 0)
                r = -errno;
        mount_table_done(&look.table);
        if (r >= 0 && ret->n > 1)
                qsort(ret->items, ret->n, sizeof(*ret->items), by_point);
        return r;
}

int mounted_list(MountedImages *ret, Error **reterr) {
        _cleanup_close_ int dir = open(DIRECTORY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int r;

        *ret = (MountedImages){};
        if (dir < 0)
                return errno == ENOENT ? 0 : error_errno(reterr, errno, "Cannot open " DIRECTORY);
        r = list_in(dir, ret);
        if (r >= 0)
                return 0;
        mounted_images_done(ret);
        return error_errno(reterr, r, "Cannot tell which images are mounted");
}

int mounted_begin(Error **reterr) {
        _cleanup_close_ int dir = -1;
        int r = mkdir_parents(DIRECTORY, 0755);

        if (r >= 0)
                dir = open(DIRECTORY, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        if (r >= 0 && (dir < 0 || flock(dir, LOCK_SH) < 0))
                r = -errno;
        return r < 0 ? error_errno(reterr, r, "Cannot lock " DIRECTORY) : TAKE_FD(dir);
}

int mounted_note(int begun, const MountedImage *m, Error **reterr) {
        int r;

        if (!path_is_clean(m->point) || !string_is_clean(m->image))
                return error_set(reterr, EINVAL, "There are control characters in the path of the image or of the directory");
        r = write_note(begun, m);
        return r < 0 ? error_errno(reterr, r, "Cannot write down that %s is mounted", m->image) : 0;
}

int mounted_check(const MountedWish *wish, Error **reterr) {
        MountedImages all = {};
        struct stat st;
        int r = 0;

        if (access(DIRECTORY, F_OK) < 0)
                return 0;
        if (fstat(wish->fd, &st) < 0)
                return error_errno(reterr, errno, "Cannot look at an image");
        r = mounted_list(&all, reterr);
        for (size_t i = 0; r >= 0 && i < all.n; i++) {
                const MountedImage *m = all.items + i;

                if (m->device != st.st_dev || m->inode != st.st_ino || (wish->shared && m->read_only))
                        continue;
                error_set(reterr, ETXTBSY, "%s is mounted on %s", wish->what, m->point);
                r = error_hint(reterr, -ETXTBSY, "`nbox umount %s` unmounts it.", m->point);
        }
        mounted_images_done(&all);
        return r;
}
