/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* overlayfs, of directories by fd. An overlay cannot be idmapped itself (EINVAL up to Linux 6.18); its layers can, each as a
 * mount of its own,
 * before. A layer's fd that is a detached mount is attached for the moment of mounting to a place in the caller's mount namespace, which must
 * therefore be private (older kernels refuse layers from outside the caller's namespace). */

#define OVERLAY_LOWERS_MAX 200 /* the kernel takes 500; mount(2)'s page of options is the bound */

typedef struct OverlayLayers {
        const int *lowers; /* topmost first; O_PATH or mount fds of directories */
        size_t n_lowers;
        int upper, work;   /* directories of one mount, or both -1: read-only */
        bool passing;      /* nothing of upper is kept (`volatile`): no fsync */
        const char *context; /* SELinux context of all its files, or NULL */
} OverlayLayers;

/* A detached mount; redirect_dir=on (directories of lower layers can be renamed), index=off (layers may be copied), metacopy=off. attr: MOUNT_ATTR_*. The caller's fd, or
 * -errno. */
int overlay_new(const OverlayLayers *layers, uint64_t attr);
