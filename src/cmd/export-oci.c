/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mount.h>

#include "export.h"
#include "fd.h"
#include "init-look.h"
#include "layer.h"
#include "log.h"
#include "oci-export.h"
#include "oci-settings.h"
#include "overlay.h"
#include "parse.h"
#include "settings-beside.h"
#include "settings.h"
#include "text.h"
#include "tree.h"

/* An image as OCI has it: layers as they are in the store, anything else as one. What its config says is what stands beside the image; the
 * administrator's settings are of this host. */

#define SCRATCH "/var/tmp"
#define SYSTEMD_STOP "SIGRTMIN+3" /* what others send to it (podman-run(1), --systemd) */

typedef struct Layers {
        OciLayer *items; /* the lowest first */
        size_t n;
} Layers;

static void layers_done(Layers *l) {
        for (size_t i = 0; i < l->n; i++)
                close_fd(l->items[i].merged);
        free(l->items);
}

static bool is_empty(int tree) {
        _cleanup_close_ int fd = fd_reopen(tree, O_RDONLY | O_DIRECTORY);
        bool empty = true;
        DIR *d = fd < 0 ? NULL : fdopendir(fd);

        if (!d)
                return false;
        TAKE_FD(fd);
        for (struct dirent *e; empty && (e = readdir(d));)
                empty = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
        closedir(d);
        return empty;
}

/* What is seen from a layer down: trees, topmost first. *ret stays -1 where there is nothing below. */
static int see_down(const int *trees, size_t n, int *ret, Error **reterr) {
        int fd;

        if (n < 2)
                return 0;
        fd = overlay_new(&(OverlayLayers){ .lowers = trees, .n_lowers = n, .upper = -1, .work = -1 }, STACK_DIRECTORY, MOUNT_ATTR_RDONLY);
        if (fd < 0)
                return error_errno(reterr, fd, "Cannot lay the image's layers over each other");
        *ret = fd;
        return 0;
}

/* A writable layer that nothing has been written to is none. */
static int take_layers(const StillImage *still, Layers *l, Error **reterr) {
        l->items = calloc(still->n_layers, sizeof(*l->items));
        if (!l->items)
                return error_oom(reterr);
        for (size_t i = still->n_layers; i-- > 0;) {
                bool is_lowest = i + 1 == still->n_layers;
                OciLayer *layer = &l->items[l->n];
                int r;

                if (!is_lowest && is_empty(still->layers[i]) && directory_has_attributes(still->layers[i], still->layers[i + 1]) > 0)
                        continue;
                *layer = (OciLayer){ .tree = still->layers[i], .merged = -1, .whiteouts = !is_lowest };
                r = see_down(still->layers + i, still->n_layers - i, &layer->merged, reterr);
                if (r < 0)
                        return r;
                l->n++;
        }
        return 0;
}

static int take_tree(const StillImage *still, Layers *l, Error **reterr) {
        l->items = calloc(1, sizeof(*l->items));
        if (!l->items)
                return error_oom(reterr);
        l->items[l->n++] = (OciLayer){ .tree = still->tree, .merged = -1, .with_mounts = still->with_mounts };
        return 0;
}

/* Whoever runs the image knows nothing of its init but this signal. */
static int set_stop_signal(OciConfig *c, int tree, const char *init) {
        InitKind kind = init_kind_in_tree(tree, init);
        char text[SIGNAL_TEXT_MAX];
        int sig = init_signal(kind, INIT_POWEROFF);

        if (c->stop_signal || !c->command || strcmp(c->command[0], init) != 0)
                return 0;
        if (kind == INIT_SYSTEMD)
                return string_set(&c->stop_signal, SYSTEMD_STOP);
        return sig > 0 ? string_set(&c->stop_signal, signal_to_text(sig, text)) : 0;
}

static int read_config(const ExportJob *job, OciConfig **ret, Error **reterr) {
        const char *path = job->image->path;
        _cleanup_free_ char *beside = NULL, *text = NULL, *init = NULL;
        size_t size = 0;
        int r;

        if (settings_beside(path, &beside) < 0)
                return error_oom(reterr);
        r = settings_read_file(beside, false, &text, &size, reterr);
        if (r < 0)
                return r;
        if (tree_find_init(job->still->tree, &init, NULL) < 0)
                init = NULL;
        r = oci_settings_read(text, size, beside, init, ret, reterr);
        if (r >= 0 && init && set_stop_signal(*ret, job->still->tree, init) < 0)
                r = error_oom(reterr);
        if (r >= 0 && !(*ret)->entrypoint && !(*ret)->command)
                log_info("%s says no command: who runs the image has to name one.", path);
        return r;
}

/* Where the output goes there is room for as much. */
static int open_scratch(const ExportJob *job, Error **reterr) {
        _cleanup_free_ char *directory = job->is_stream ? strdup(SCRATCH) : strdup(job->path);
        char *slash;
        int fd;

        if (!directory)
                return error_oom(reterr);
        slash = job->is_stream ? NULL : strrchr(directory, '/');
        if (slash)
                slash[slash == directory] = 0;
        fd = open(job->is_stream || slash ? directory : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        return fd < 0 ? error_errno(reterr, errno, "Cannot open %s for parts of the image", job->is_stream || slash ? directory : ".") : fd;
}

static int write_image(const ExportJob *job, const OciExport *q, PackResult *result, Error **reterr) {
        _cleanup_close_ int scratch = -1;

        if (job->format->is_directory)
                return oci_export_directory(q, job->fd, result, reterr);
        scratch = open_scratch(job, reterr);
        return scratch < 0 ? scratch : oci_export_tar(q, job->fd, job->path, scratch, result, reterr);
}

int export_oci(const ExportJob *job, Error **reterr) {
        Compression compression = job->compression == COMPRESS_NONE ? COMPRESS_GZIP : job->compression;
        _cleanup_(oci_config_freep) OciConfig *config = NULL;
        _cleanup_(layers_done) Layers layers = {};
        PackResult result = {};
        int r;

        if (compression != COMPRESS_GZIP && compression != COMPRESS_ZSTD)
                return error_set(reterr, EINVAL, "Layers of an OCI image are compressed by gzip or zstd, not by %s",
                                 compression_name(compression));
        r = read_config(job, &config, reterr);
        if (r >= 0)
                r = job->still->n_layers > 0 ? take_layers(job->still, &layers, reterr) : take_tree(job->still, &layers, reterr);
        if (r >= 0)
                r = write_image(job, &(OciExport){ .layers = layers.items, .n_layers = layers.n, .base = job->still->base, .config = config,
                                                   .created_usec = job->image->changed_usec, .compression = compression,
                                                   .watch = job->watch }, &result, reterr);
        if (r >= 0 && result.changed > 0)
                log_warning("%" PRIu64 " files of %s got shorter while they were read; they end in zeros in the image, ignoring",
                            result.changed, job->image->path);
        return r;
}
