/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "archive.h"
#include "copy.h"
#include "settings-file.h"
#include "stream-tee.h"
#include "unpack.h"

/* A machine that another host sends (machine-stream.h). What comes is not believed before it is looked at: names are checked, the tree is
 * an archive like any other (unpack.h), and the image has its name, and its settings theirs, only when the stream has come to its end and
 * is what was sent. Who pipes it in is root, and so are the settings the administrator's: they are not cut down to what a stranger's
 * image may say. */

typedef struct Reception {
        int fd;              /* what archive reads */
        StreamTee *tee;
        Archive *archive;
        StreamHead head;
        SettingsFile settings; /* without a path; text NULL: none came */
} Reception;

void reception_done(Reception *c);

/* Its begin, from fd, which stays the caller's: what it is, before anything is made. -EBADMSG: it is no such stream. */
int reception_begin(int fd, Reception *ret, Error **reterr);

typedef struct ReceiveWish {
        const char *name;   /* valid; NULL: as it was called there */
        bool force;         /* in place of an image that has the name, and that nobody uses */
        bool read_only;
        bool settings;      /* to be installed */
        const CopyWatch *watch; /* or NULL */
} ReceiveWish;

typedef struct Received {
        char *path;         /* of the image */
        char *settings;     /* path of those that came with it, or NULL */
        char *in_the_way;   /* NULL, or the settings that this host has for that name, which stay, and count */
        char **missing;     /* see settings_file_missing() */
        char *unclear;      /* NULL, or what is wrong with the settings */
        UnpackResult unpacked;
} Received;

void received_done(Received *r);

int reception_finish(Reception *c, const ReceiveWish *wish, Received *ret, Error **reterr);
