/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "copy.h"
#include "digest.h"
#include "error.h"

/* The process that all bytes of a stream of a machine come through (machine-stream.h), on their way to who reads them as an archive, which
 * need not be believed: it makes their digest, beside those who use them, and sees whether they end as they should. It ends with us. */

typedef struct StreamTee StreamTee;

/* Ends it, if need be. NULL is fine. */
StreamTee *stream_tee_free(StreamTee *t);
static inline void stream_tee_freep(StreamTee **t) {
        stream_tee_free(*t);
}

/* `from` stays the caller's; *ret_fd has all of its bytes, tail and all. */
int stream_tee_open(int from, StreamTee **ret, int *ret_fd, Error **reterr);

/* When the archive in it is read to its end, what is left of *ret_fd is: 0 and the stream's digest, or -EBADMSG with an Error where it did not
 * end with its tail. The watch (or NULL) is asked while it waits: -ECANCELED. */
int stream_tee_check(StreamTee *t, int fd, const CopyWatch *watch, char ret[DIGEST_HEX_SIZE], Error **reterr);
