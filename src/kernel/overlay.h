/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* overlayfs, of directories by fd. An overlay cannot be idmapped itself (EINVAL up to Linux 6.18); its layers can, each as a mount of its
 * own, before (Linux 5.19). */

#define OVERLAY_LOWERS_MAX 160 /* the kernel takes 500; mount(2)'s page of options is the bound */

typedef struct OverlayLayers {
        const int *lowers; /* topmost first; any fds of directories */
        size_t n_lowers;   /* two at least where there is no upper */
        int upper, work;   /* directories of one mount, or both -1: read-only */
        const int *mounts; /* detached mounts that they are in, to be attached for the moment of mounting: up to Linux 6.14, the kernel
                            * refuses layers from outside the caller's mount namespace */
        size_t n_mounts;
        bool passing;      /* nothing of upper is kept (`volatile`): no fsync */
        const char *context; /* SELinux context of all its files, or NULL */
} OverlayLayers;

/* A detached mount; redirect_dir=on (directories of lower layers can be renamed), index=off (layers may be copied), metacopy=off.
 * `place` is a directory of the caller's, who is in a private mount namespace: what has to be attached is, there. attr: MOUNT_ATTR_*.
 * The caller's fd, or -errno; E2BIG: too many layers. */
int overlay_new(const OverlayLayers *layers, const char *place, uint64_t attr);
