/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "fetch.h"
#include "store.h"
#include "unpack.h"
#include "verify.h"

/* Images from web servers. What is downloaded lies in a file without a name until it is known to be what was wanted. A tar becomes a sealed
 * layer, which the image stands on, and which the next image from the same URL stands on, too, when the server (or the list of digests) says
 * that it is the same still: then nothing is downloaded. */

typedef struct PullRequest {
        const char *url;
        const char *directory;  /* where images lie */
        VerifyMode verify;
        uint64_t size_max;      /* of the download, and of what is unpacked; 0: as much as there is room for */
        unsigned timeout;       /* as of FetchRequest */
        const CopyWatch *watch; /* or NULL */
        void (*expect)(uint64_t size, void *userdata); /* as of FetchRequest */
} PullRequest;

typedef struct Pulled {
        Store *store;         /* of the directory; NULL: there can be none */
        Layer *base;          /* held: what the image is to stand on, there already; NULL: there is none */
        int file;             /* else what was downloaded, at its beginning, to be read */
        FetchResult got;
        char digest[DIGEST_HEX_SIZE]; /* of it */
        char *list;           /* that it was verified by; NULL: it was not */
        char *url;            /* as it may be shown and kept */
} Pulled;

#define PULLED_NONE (Pulled){ .file = -1 }
void pulled_done(Pulled *p);

/* *ret is PULLED_NONE, and is done by the caller also after a failure. */
int pull_get(const PullRequest *q, Pulled *ret, Error **reterr);

/* A tar, of which nothing was read yet, into a new layer of the store: p->base. `name` is the image's. The layer is no base of others until
 * pull_seal(). */
int pull_unpack(Pulled *p, Archive *a, const char *name, const UnpackWish *wish, UnpackResult *ret, Error **reterr);

/* It is whole, and on disk: it can be found by its URL and digest. */
int pull_seal(const Pulled *p, Error **reterr);
