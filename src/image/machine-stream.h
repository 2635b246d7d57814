/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "digest.h"
#include "error.h"

/* What `nbox send` writes and `nbox receive` reads: a tar of the pax kind, of these members in this order:
 *
 *     nbox-machine       what it is, in lines (below)
 *     settings/FILE      the settings file that was in force, if there was one: web.conf or web.nspawn, as the machine is called there
 *     tree/…             the tree, ids from 0; or
 *     disk.raw           the disk image
 *     nbox-end           "sha256 HEX": of all bytes of the stream before this member
 *
 * tar(1) lists and unpacks it. nbox-end and the end of the archive are STREAM_TAIL_SIZE bytes that follow from the digest alone, and the last
 * of the stream: so whether a stream came whole is found out by comparing bytes, whatever is in it. A stream may be compressed by zstd,
 * as a whole; its tail is a frame of its own then, that is stored, and the digest is that of the compressed bytes before it. */

#define STREAM_HEAD "nbox-machine"
#define STREAM_SETTINGS "settings/"
#define STREAM_TREE "tree/"
#define STREAM_DISK "disk.raw"
#define STREAM_END "nbox-end"

/* Where the settings stood. */
typedef enum StreamSettings {
        STREAM_SETTINGS_NONE,
        STREAM_SETTINGS_NBOX,   /* /etc/nbox or /run/nbox */
        STREAM_SETTINGS_NSPAWN, /* /etc/systemd/nspawn or /run/systemd/nspawn */
        STREAM_SETTINGS_BESIDE, /* the image */
} StreamSettings;

typedef struct StreamHead {
        char *name;     /* the machine's, valid */
        bool is_disk;
        uint64_t bytes; /* of contents, about: for progress */
        uint64_t files;
        StreamSettings settings;
        mode_t mode;    /* of the settings file: 0777 at most */
        bool enabled;   /* it started with its host */
} StreamHead;

void stream_head_done(StreamHead *h);

/* The member's path; the caller's, NULL on out of memory. */
char *stream_settings_path(const StreamHead *h);

#define STREAM_HEAD_MAX 4096U /* bytes */

/* The text of the first member; the caller's, NULL on out of memory. */
char *stream_head_format(const StreamHead *h);

/* And back: `text` is torn apart. Keys that a newer nbox may add are passed over; -EBADMSG says what is wrong. */
int stream_head_parse(char *text, StreamHead *ret, Error **reterr);

#define STREAM_TAIL_SIZE 2048U
#define STREAM_TAIL_ZSTD_SIZE (STREAM_TAIL_SIZE + 10)
#define STREAM_TAIL_MAX STREAM_TAIL_ZSTD_SIZE

/* Whether a stream that begins with these bytes (four are enough) is compressed by zstd. */
bool stream_is_zstd(const void *begin, size_t size);

/* The last bytes of a stream; how many. */
size_t stream_tail(const char digest[DIGEST_HEX_SIZE], bool is_zstd, uint8_t ret[STREAM_TAIL_MAX]);
