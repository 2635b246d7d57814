/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "fetch.h"
#include "url.h"

/* One request, by a process that has libcurl, the network, the file to write to and a pipe to report by. It is nobody, in a small root
 * (small-root.h), the first and only one of its pid namespace (so that nothing outlives it), under a filter that has no call to execute, to
 * trace or to mount. */

typedef struct FetchJob {
        const char *url;
        int fd;
        uint64_t from;        /* only what is behind so many bytes; 0: all */
        const char *if_range; /* ...if that is what it is still: an ETag or a date */
        const char *etag, *modified; /* only if it is not what these say; or NULL */
        uint64_t size_max;    /* of the file */
        unsigned timeout;
        const void *ca;       /* certificates of authorities, PEM; NULL: the host's */
        size_t ca_size;
} FetchJob;

typedef enum FetchEnd {
        FETCH_GOING_ON = 0,
        FETCH_ENDED,       /* as the status says */
        FETCH_NO_LIBRARY,
        FETCH_NOT_CONFINED, /* code: errno */
        FETCH_BROKEN,      /* code: libcurl's; text: what it says */
        FETCH_WRONG_RANGE, /* not the part that was asked for */
        FETCH_OTHER_FILE,  /* a part of another version of it */
        FETCH_TOO_LARGE,
        FETCH_ENDLESS_HEADERS,
        FETCH_CANNOT_WRITE, /* code: errno */
} FetchEnd;

#define FETCH_TEXT_MAX 256U

/* What comes out of the pipe, one after the other, whole (PIPE_BUF). */
typedef struct FetchReport {
        uint32_t end;         /* FetchEnd */
        int32_t code;
        uint32_t status;      /* HTTP's; 0: no answer yet */
        uint32_t retry_after; /* seconds */
        uint64_t bytes;       /* of the file that are there */
        uint64_t total;       /* that it has; 0: not known */
        char etag[FETCH_VALIDATOR];
        char modified[FETCH_VALIDATOR];
        char location[URL_MAX + 1]; /* of a redirect, absolute */
        char text[FETCH_TEXT_MAX];
} FetchReport;

/* *ret_pidfd and *ret_pipe are the caller's; its pid, which the caller waits for, or -errno. */
pid_t fetch_process_start(const FetchJob *job, int *ret_pidfd, int *ret_pipe, Error **reterr);

/* What such a process is bound by, for a child that was cloned with FETCH_NAMESPACES: fds 3 and 4 become file and pipe, all others go. */
#define FETCH_NAMESPACES (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC)
#define FETCH_FILE 3
#define FETCH_PIPE 4
int fetch_confine(const FetchJob *job, int pipe_fd);
