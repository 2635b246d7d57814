/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "pack.h"
#include "settings-file.h"
#include "still-image.h"

/* A machine, its image and its settings, as a stream (machine-stream.h). What stands on this host alone is not in it: its range of ids,
 * its addresses, its limits, its snapshots; what it stands on, if it stands on layers, is. Its identity is: it is the same machine
 * elsewhere. */

typedef struct SendRequest {
        const StillImage *still;      /* open */
        const char *machine;          /* as it is to be called, valid */
        const SettingsFile *settings; /* or NULL */
        bool enabled;                 /* it starts with this host */
        Compression compression;      /* none or zstd */
        const CopyWatch *watch;       /* or NULL: bytes and files are those of the still image */
} SendRequest;

/* To fd, which stays the caller's. Without an Error it is all there; -EPIPE: who reads has stopped. SIGPIPE is the caller's to ignore. */
int machine_send(const SendRequest *q, int fd, PackResult *ret, Error **reterr);
