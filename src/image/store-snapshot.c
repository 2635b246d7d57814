/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "layer.h"
#include "layer-info.h"
#include "text.h"

bool store_snapshot_is_finished(const Store *s, const char *layer, const char *own) {
        char path[LAYER_LINK_MAX];
        struct stat st;

        snprintf(path, sizeof(path), "layers/%s/tree", layer);
        return strcmp(layer, own) != 0 && fstatat(s->fd, path, &st, AT_SYMLINK_NOFOLLOW) >= 0 && S_ISDIR(st.st_mode);
}

/* Whoever was killed between this name and what makes it one has left it; then it may be taken again. */
static void remove_unfinished(const Store *s, int dir, const char *name, const char *snapshot) {
        char layer[LAYER_ID_SIZE], own[LAYER_ID_SIZE] = "";

        if (layer_read_snapshot_link(dir, snapshot, layer) > 0 && layer_read_link(s->parent, name, own) >= 0 &&
            !store_snapshot_is_finished(s, layer, own))
                (void) unlinkat(dir, snapshot, 0);
}

static int open_directory_of(const Store *s, const char *name, Error **reterr) {
        _cleanup_close_ int all = store_open_beneath(s->fd, "snapshots", O_RDONLY | O_DIRECTORY);
        int dir = all;

        if (all >= 0) {
                if (mkdirat(all, name, 0700) < 0 && errno != EEXIST)
                        return error_errno(reterr, errno, "Cannot make a directory for snapshots of %s/%s", s->directory, name);
                dir = store_open_beneath(all, name, O_RDONLY | O_DIRECTORY);
        }
        return dir < 0 ? error_errno(reterr, dir, "Cannot open the snapshots of %s/%s", s->directory, name) : dir;
}

int store_add_snapshot(const Store *s, const char *name, const char *snapshot, const char *layer, Error **reterr) {
        _cleanup_close_ int dir = -1;
        char text[LAYER_LINK_MAX];

        if (!*snapshot || *snapshot == '.' || strchr(snapshot, '/') || !string_is_clean(snapshot))
                return error_set(reterr, EINVAL, "'%s' is not a name for a snapshot", snapshot);
        dir = open_directory_of(s, name, reterr);
        if (dir < 0)
                return dir;
        remove_unfinished(s, dir, name, snapshot);
        layer_snapshot_link(layer, text);
        if (symlinkat(text, dir, snapshot) >= 0)
                return 0;
        if (errno != EEXIST)
                return error_errno(reterr, errno, "Cannot make the snapshot '%s' of %s/%s", snapshot, s->directory, name);
        return error_set(reterr, EEXIST, "%s/%s has a snapshot '%s' already", s->directory, name, snapshot);
}
