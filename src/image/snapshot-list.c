/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "snapshot.h"

/* What is listed is what is whole. A link to a layer that is still the image's own, or that never became one, is of a snapshot that was not
 * finished (store.h): the sweep takes it away. */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "fd.h"
#include "layer.h"
#include "layer-info.h"
#include "snapshot-entry.h"

void snapshot_free(Snapshot *s) {
        if (!s)
                return;
        free(s->name);
        free(s->on);
        free(s);
}

void snapshot_list_free(Snapshot **list, size_t n) {
        for (size_t i = 0; i < n; i++)
                snapshot_free(list[i]);
        free(list);
}

bool snapshot_name_is_valid(const char *name) {
        static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        static const char also[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:+-";
        size_t n = strlen(name);

        return n > 0 && n <= SNAPSHOT_NAME_MAX && strspn(name, letters) > 0 && strspn(name, also) == n;
}

int snapshot_name_check(const char *name, Error **reterr) {
        if (snapshot_name_is_valid(name))
                return 0;
        error_set(reterr, EINVAL, "'%.80s' is not a name for a snapshot", name);
        return error_hint(reterr, -EINVAL, "It begins with a letter or a digit, and has letters, digits and ._:+- in it, %d at most.",
                          SNAPSHOT_NAME_MAX);
}

int snapshot_name_new(const Image *image, char **ret, Error **reterr) {
        Snapshot **list = NULL;
        time_t now = time(NULL);
        char name[SNAPSHOT_NAME_MAX];
        bool taken = true;
        struct tm tm;
        size_t n = 0;
        int r;

        if (!localtime_r(&now, &tm) || strftime(name, sizeof(name), "%Y-%m-%d-%H%M%S", &tm) == 0)
                return error_set(reterr, EINVAL, "The clock has no date to name a snapshot by");
        r = snapshot_list(image, &list, &n, reterr);
        if (r < 0)
                return r;
        for (unsigned i = 2; taken; i++) {
                taken = false;
                for (size_t k = 0; k < n && !taken; k++)
                        taken = strcmp(list[k]->name, name) == 0;
                if (taken)
                        snprintf(name + strcspn(name, "."), 16, ".%u", i);
        }
        snapshot_list_free(list, n);
        *ret = strdup(name);
        return *ret ? 0 : error_oom(reterr);
}

/* 1 with *ret, 0 for what is no snapshot. */
static int read_one(const Store *s, const Image *image, int dir, const char *name, Snapshot **ret) {
        _cleanup_(snapshot_freep) Snapshot *one = calloc(1, sizeof(*one));
        struct stat st;
        int r;

        if (!one)
                return -ENOMEM;
        if (!snapshot_name_is_valid(name) || fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return 0;
        if (S_ISLNK(st.st_mode)) {
                r = layer_read_snapshot_link(dir, name, one->layer);
                if (r <= 0)
                        return r;
                if (!store_snapshot_is_finished(s, one->layer, image->layer))
                        return 0;
        } else if (!S_ISREG(st.st_mode))
                return 0;
        one->made_usec = (uint64_t) st.st_mtim.tv_sec * 1000000 + (uint64_t) st.st_mtim.tv_nsec / 1000;
        one->name = strdup(name);
        if (!one->name)
                return -ENOMEM;
        *ret = TAKE_PTR(one);
        return 1;
}

static int by_time(const void *a, const void *b) {
        const Snapshot *x = *(Snapshot *const *) a, *y = *(Snapshot *const *) b;

        return x->made_usec != y->made_usec ? (x->made_usec < y->made_usec ? -1 : 1) : strcmp(x->name, y->name);
}

static int read_all(const Store *s, const Image *image, int dir, Snapshot ***list, size_t *n) {
        _cleanup_closedir_ DIR *d = fd_opendir(dir, ".");
        struct dirent *e;

        if (!d)
                return -errno;
        while ((errno = 0, e = readdir(d))) {
                Snapshot *one = NULL, **grown;
                int r = read_one(s, image, dir, e->d_name, &one);

                if (r < 0)
                        return r;
                if (r == 0)
                        continue;
                grown = reallocarray(*list, *n + 1, sizeof(*grown));
                if (!grown) {
                        snapshot_free(one);
                        return -ENOMEM;
                }
                *list = grown;
                grown[(*n)++] = one;
        }
        if (errno == 0 && *n > 0)
                qsort(*list, *n, sizeof(**list), by_time);
        return -errno;
}

/* ---- who stands on whom ---- */

/* The newest of the first n that is this layer's. */
static const Snapshot *of_layer(Snapshot *const *list, size_t n, const char *layer) {
        while (n-- > 0)
                if (strcmp(list[n]->layer, layer) == 0)
                        return list[n];
        return NULL;
}

/* The nearest at or below a layer, of all but the snapshot `but`, and of its own layer only what is older. NULL where there is none, or
 * where the chain is damaged, which whoever uses it says. */
static const Snapshot *beneath(const Store *s, Snapshot *const *list, size_t n, size_t but, const char *layer) {
        const Snapshot *found = of_layer(list, but, layer);
        Layer **chain = NULL;
        size_t n_chain = 0;

        if (found || layer_chain(s, layer, &chain, &n_chain, NULL) < 0)
                return found;
        for (size_t i = 1; i < n_chain && !found; i++)
                found = of_layer(list, n, chain[i]->id);
        layer_chain_free(chain, n_chain);
        return found;
}

static int relate_layers(const Store *s, const Image *image, Snapshot **list, size_t n) {
        const Snapshot *current = *image->layer ? beneath(s, list, n, n, image->layer) : NULL;

        for (size_t i = 0; i < n; i++) {
                const Snapshot *on = beneath(s, list, n, i, list[i]->layer);

                list[i]->current = list[i] == current;
                list[i]->on = on ? strdup(on->name) : NULL;
                if (on && !list[i]->on)
                        return -ENOMEM;
        }
        return 0;
}

/* Without layers, as it was written down. */
static void relate_by_hints(int dir, Snapshot **list, size_t n) {
        _cleanup_free_ char *current = stands_on(dir, NULL);

        for (size_t i = 0; i < n; i++) {
                list[i]->on = stands_on(dir, list[i]->name);
                list[i]->current = current && strcmp(list[i]->name, current) == 0;
        }
}

int snapshot_list(const Image *image, Snapshot ***ret, size_t *ret_n, Error **reterr) {
        _cleanup_(store_freep) Store *s = NULL;
        _cleanup_close_ int dir = -1;
        Snapshot **list = NULL;
        size_t n = 0;
        int r;

        *ret = NULL;
        *ret_n = 0;
        r = store_of_image(image, false, &s, reterr);
        if (r >= 0)
                dir = r = snapshots_open(s, image, false, reterr);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        r = read_all(s, image, dir, &list, &n);
        if (r >= 0 && image->type == IMAGE_LAYERED)
                r = relate_layers(s, image, list, n);
        else if (r >= 0)
                relate_by_hints(dir, list, n);
        if (r < 0) {
                snapshot_list_free(list, n);
                return error_errno(reterr, r, "Cannot read the snapshots of %s", image->path);
        }
        *ret = list;
        *ret_n = n;
        return 0;
}

static int not_found(const Image *image, const char *name, size_t n, Error **reterr) {
        if (n == 0) {
                error_set(reterr, ENOENT, "'%s' has no snapshots", image->name);
                return error_hint(reterr, -ENOENT, "`nbox snapshot %s` takes one.", image->name);
        }
        error_set(reterr, ENOENT, "'%s' has no snapshot '%.80s'", image->name, name);
        return error_hint(reterr, -ENOENT, "`nbox snapshot list %s` lists those it has.", image->name);
}

int snapshot_find(const Image *image, const char *name, Snapshot **ret, Error **reterr) {
        Snapshot **list = NULL;
        size_t n = 0, i;
        int r;

        r = name ? snapshot_name_check(name, reterr) : 0;
        if (r >= 0)
                r = snapshot_list(image, &list, &n, reterr);
        if (r < 0)
                return r;
        for (i = n; i-- > 0;)
                if (!name || strcmp(list[i]->name, name) == 0) {
                        *ret = TAKE_PTR(list[i]);
                        break;
                }
        r = *ret ? 0 : not_found(image, name, n, reterr);
        snapshot_list_free(list, n);
        return r;
}

int snapshot_size(const Image *image, const Snapshot *snapshot, uint64_t *ret) {
        _cleanup_(store_freep) Store *s = NULL;
        _cleanup_(layer_freep) Layer *layer = NULL;
        _cleanup_close_ int dir = -1;
        uint64_t files;
        struct stat st;
        int r;

        if (image->type == IMAGE_SUBVOLUME)
                return -ENODATA;
        r = store_of_image(image, false, &s, NULL);
        if (r < 0)
                return r;
        if (*snapshot->layer) {
                r = layer_open(s, snapshot->layer, &layer, NULL);
                return r < 0 ? r : tree_size(layer->tree, ret, &files);
        }
        dir = snapshots_open(s, image, false, NULL);
        if (dir < 0 || fstatat(dir, snapshot->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                return dir < 0 ? dir : -errno;
        *ret = (uint64_t) st.st_blocks * 512;
        return 0;
}
