/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdint.h>

#include "copy.h"

/* A file from a web server, into a file of the caller's. libcurl, and what it needs for TLS and names, handle a stranger's bytes; so each request
 * is made by a process of its own (fetch-process.h). What may be asked for, where redirects may lead, whether to try again and from where on:
 * all that is decided here, of what that process reports, which is checked for its form and believed no more than the server. */

#define FETCH_TIMEOUT 30U     /* seconds */
#define FETCH_VALIDATOR 256U  /* bytes of an ETag, or a date, with its NUL */

typedef struct FetchRequest {
        const char *url;      /* as url_check() wants it */
        int fd;               /* a regular file, to be written from its beginning, empty */
        uint64_t size_max;    /* bytes; 0: as much as there is room for */
        unsigned timeout;     /* seconds without a byte, after which it is tried anew; 0: FETCH_TIMEOUT */
        const char *etag;     /* what is there already: if it is the server's still, nothing is sent; */
        const char *modified; /* or NULL */
        const CopyWatch *watch; /* or NULL */
        void (*expect)(uint64_t size, void *userdata); /* how much it will be, when that is known; the watch's userdata; or NULL */
} FetchRequest;

typedef struct FetchResult {
        bool unchanged;                 /* nothing was sent: 304 */
        uint64_t size;
        char etag[FETCH_VALIDATOR];     /* "": none */
        char modified[FETCH_VALIDATOR];
} FetchResult;

/* -ENOENT: the server has no such file. -ECANCELED. What is in fd after a failure is to be thrown away. */
int fetch(const FetchRequest *q, FetchResult *ret, Error **reterr);
