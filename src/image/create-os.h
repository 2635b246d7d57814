/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* How the trees of each --os= are made: between create.c and the builders. */

#include "error.h"

typedef struct OsBuild {
        int dir;              /* the empty directory to fill, mode 0755, owned by root */
        const char *path;     /* its path */
        const char *release;  /* what stood behind the ':', or NULL */
        const char *mirror;   /* or NULL */
        const char *keyring;  /* a file, or NULL */
        char *const *packages; /* more than the system has by itself; or NULL */
        int signals;          /* signalfd of what shall end the work: -EINTR then */
} OsBuild;

int build_busybox(const OsBuild *b, Error **reterr);
int build_debian(const OsBuild *b, Error **reterr);
int build_ubuntu(const OsBuild *b, Error **reterr);

/* What is said of it wrongly is known before anything is made. */
int check_debian(const OsBuild *b, Error **reterr);
int check_ubuntu(const OsBuild *b, Error **reterr);

/* 1 when one of the signals has come, else 0. */
int build_interrupted(const OsBuild *b);

/* Run a program of the host's that makes the tree. It gets SIGTERM when nbox dies, of whatever, and its output goes through us: a terminal
 * sees it, a pipe does not, and what it said last is in the error. */
int build_run(const OsBuild *b, char *const *argv, Error **reterr);
