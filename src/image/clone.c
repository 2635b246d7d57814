/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "clone.h"

/* What a clone changes of its own is written through a mount of it, as its root would: an overlay knows best how it is written to. The
 * mount is made in a namespace of this process alone, in which the layers must be opened anew (up to Linux 6.14, overlayfs takes none from
 * elsewhere), and goes with it. */

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>

#include "file.h"
#include "log.h"
#include "mount.h"
#include "overlay.h"
#include "read-only.h"
#include "remove.h"

#define MOUNT_DIRECTORY "/run/nbox/stack"

static int enter_own_mounts(Error **reterr) {
        int r = mkdir_parents(MOUNT_DIRECTORY, 0700);

        if (r < 0)
                return error_errno(reterr, r, "Cannot make " MOUNT_DIRECTORY);
        r = mount_own_namespace();
        return r < 0 ? error_errno(reterr, r, "Cannot make a mount namespace") : 0;
}

/* All of an image that nobody runs, to write to: the fd of a mount. */
static int mount_layers(Layer *const *chain, size_t n, Error **reterr) {
        int lowers[LAYERS_MAX];
        OverlayLayers layers = { .lowers = lowers, .n_lowers = n - 1, .upper = chain[0]->tree };
        _cleanup_close_ int work = openat(chain[0]->fd, "work", O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int fd;

        for (size_t i = 1; i < n; i++)
                lowers[i - 1] = chain[i]->tree;
        layers.work = work;
        fd = work < 0 ? -errno : overlay_new(&layers, MOUNT_DIRECTORY, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
        return fd < 0 ? error_errno(reterr, fd, "Cannot mount the layers of the new image") : fd;
}

static int furnish(const Store *s, const char *layer, const NewOn *how, Error **reterr) {
        _cleanup_close_ int tree = -1;
        Layer **chain = NULL;
        size_t n = 0;
        int r;

        r = layer_chain(s, layer, &chain, &n, reterr);
        if (r < 0)
                return r;
        tree = mount_layers(chain, n, reterr);
        layer_chain_free(chain, n);
        return tree < 0 ? tree : how->furnish(tree, how->userdata, reterr);
}

/* What overlayfs has made for itself belongs to us; a machine that has but the tree's ids mapped could not remove it. */
static int clear_work(const Layer *layer, Error **reterr) {
        _cleanup_close_ int work = openat(layer->fd, "work", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        int r = work < 0 ? -errno : remove_tree(work, "work");

        return r < 0 ? error_errno(reterr, r, "Cannot clear the work directory of a new layer") : 0;
}

/* Opened anew, for the layers must be of the namespace that they are mounted in. */
static int furnish_in_own_mounts(const Store *s, const Layer *layer, const NewOn *how, Error **reterr) {
        _cleanup_(store_freep) Store *here = NULL;
        int r;

        r = enter_own_mounts(reterr);
        if (r >= 0)
                r = store_open(s->directory, true, &here, reterr);
        if (r >= 0)
                r = furnish(here, layer->id, how, reterr);
        return r >= 0 ? clear_work(layer, reterr) : r;
}

int layer_new_on(const Store *s, const char *name, const char *base, const NewOn *how, Layer **ret, Error **reterr) {
        _cleanup_(layer_freep) Layer *layer = NULL;
        int r;

        r = layer_new(s, base, name, &layer, reterr);
        if (r >= 0 && how->furnish)
                r = furnish_in_own_mounts(s, layer, how, reterr);
        if (r < 0)
                return r;
        if (how->read_only && (r = immutable_set(layer->fd, "tree", true)) < 0)
                return error_errno(reterr, r, "Cannot have %s/%s read-only", s->directory, name);
        *ret = TAKE_PTR(layer);
        return 0;
}

static int give_identity(int tree, const void *identity, Error **reterr) {
        return tree_new_identity(tree, identity, reterr);
}

int image_new_on(const Store *s, const char *name, const char *base, const NewIdentity *identity, Error **reterr) {
        NewOn how = { .furnish = identity ? give_identity : NULL, .userdata = identity };
        _cleanup_(layer_freep) Layer *layer = NULL;
        int r;

        if (faccessat(s->parent, name, F_OK, AT_SYMLINK_NOFOLLOW) >= 0)
                return error_set(reterr, EEXIST, "%s/%s is there already", s->directory, name);
        r = layer_new_on(s, name, base, &how, &layer, reterr);
        return r >= 0 ? store_point(s, name, layer->id, true, reterr) : r;
}

static int clone_locked(const Image *from, const Store *s, const char *name, const NewIdentity *identity, Error **reterr) {
        _cleanup_close_ int lock = -1;
        char base[LAYER_ID_SIZE];
        int r;

        lock = store_lock(s, reterr);
        if (lock < 0)
                return lock;
        r = image_seal(s, from, NULL, base, reterr);
        return r >= 0 ? image_new_on(s, name, base, identity, reterr) : r;
}

int image_clone(const Image *from, const char *name, const NewIdentity *identity, char **ret_path, Error **reterr) {
        _cleanup_(error_freep) Error *ignored = NULL;
        _cleanup_(store_freep) Store *s = NULL;
        _cleanup_free_ char *path = NULL;
        int r;

        r = store_of_image(from, true, &s, reterr);
        if (r < 0)
                return r;
        if (asprintf(&path, "%s/%s", strcmp(s->directory, "/") == 0 ? "" : s->directory, name) < 0)
                return error_oom(reterr);
        r = clone_locked(from, s, name, identity, reterr);
        if (store_sweep(s, &ignored) < 0) /* what a failure has left, or somebody before us */
                log_debug("%s, ignoring", ignored ? ignored->message : "Cannot sweep");
        if (r >= 0)
                *ret_path = TAKE_PTR(path);
        return r;
}
