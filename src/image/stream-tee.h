/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"

/* The process that all bytes of a stream of a machine go through (machine-stream.h), which makes their digest on the way: beside those
 * that make the bytes or use them, for it takes a processor of its own. It ends with us. */

typedef struct StreamTee StreamTee;

/* Ends it, if need be. NULL is fine. */
StreamTee *stream_tee_free(StreamTee *t);
static inline void stream_tee_freep(StreamTee **t) {
        stream_tee_free(*t);
}

/* For who writes one: *ret_fd takes the bytes, and they come out at `to`. */
int stream_tee_out(int to, StreamTee **ret, int *ret_fd, Error **reterr);

/* All is written; the tail follows it, and all is out when this returns. Without it, there is no tail. Takes *ret_fd, too. */
int stream_tee_finish(StreamTee *t, int fd, Error **reterr);

/* For who reads one, from `from`: *ret_fd has all bytes, tail and all. */
int stream_tee_in(int from, StreamTee **ret, int *ret_fd, Error **reterr);

/* When the archive in it is read to its end, what is left of *ret_fd is: 0, or -EBADMSG with an Error where the stream did not end with its
 * tail. */
int stream_tee_check(StreamTee *t, int fd, Error **reterr);
