/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* How the trees of each --os= are made: between create.c and the builders. */

#include "error.h"

typedef struct OsBuild {
        int dir;             /* the empty directory to fill, mode 0755, owned by root */
        const char *path;    /* its path */
        const char *release; /* what stood behind the ':', or NULL */
        const char *mirror;  /* or NULL */
        int signals;         /* signalfd of what shall end the work: -EINTR then */
} OsBuild;

typedef struct OsBuilder {
        const char *name;
        const char *note; /* how to log in */
        int (*build)(const OsBuild *b, Error **reterr);
} OsBuilder;

int build_busybox(const OsBuild *b, Error **reterr);
int build_debian(const OsBuild *b, Error **reterr);

/* 1 when one of the signals has come, else 0. */
int build_interrupted(const OsBuild *b);
