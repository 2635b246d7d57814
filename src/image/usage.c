/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "usage.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "copy.h"
#include "fd.h"
#include "quota.h"

static void use_tree(const Image *image, ImageUsage *u) {
        uint64_t files;

        if (tree_size(image->fd, &u->whole, &files) < 0)
                u->whole = USAGE_UNKNOWN;
        u->own = u->whole;
}

static void use_layers(const Image *image, const LayerGraph *graph, ImageUsage *u) {
        const LayerNode *node = layer_graph_find(graph, image->layer);

        if (!node)
                return;
        u->own = node->own;
        u->whole = 0;
        for (size_t i = 0; node && i <= LAYERS_MAX; i++, node = layer_graph_find(graph, node->parent))
                u->whole += node->own;
}

static void use_disk(const Image *image, ImageUsage *u) {
        _cleanup_close_ int fd = fd_reopen(image->fd, O_RDONLY | O_NONBLOCK);
        uint64_t bytes;
        struct stat st;

        if (fstat(image->fd, &st) < 0)
                return;
        if (S_ISREG(st.st_mode)) {
                u->own = (uint64_t) st.st_blocks * 512;
                u->whole = (uint64_t) st.st_size;
        } else if (fd >= 0 && ioctl(fd, BLKGETSIZE64, &bytes) >= 0)
                u->own = u->whole = bytes;
}

ImageUsage image_usage(const Image *image, const LayerGraph *graph) {
        ImageUsage u = { USAGE_UNKNOWN, USAGE_UNKNOWN, USAGE_UNKNOWN };

        if (quota_usage(image, &u) > 0)
                return u;
        if (image->type == IMAGE_DISK)
                use_disk(image, &u);
        else if (image->type == IMAGE_LAYERED)
                use_layers(image, graph, &u);
        else
                use_tree(image, &u);
        if (image->type == IMAGE_SUBVOLUME) /* what of it others share, only quotas count */
                u.own = USAGE_UNKNOWN;
        return u;
}
