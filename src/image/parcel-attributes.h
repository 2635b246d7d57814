/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "parcel.h"

/* What of a file's extended attributes goes along: user.*, ACLs, capabilities; the others speak of one host only. Ids in ACLs mean what
 * they mean to the process that reads or writes. */

typedef struct ParcelXattrs {
        char *names, *value; /* buffers */
} ParcelXattrs;

void parcel_xattrs_done(ParcelXattrs *x);

/* Those of a regular file or directory, before it is sent itself. */
int parcel_xattrs_send(ParcelXattrs *x, ParcelPipe *p, int fd, Error **reterr);

/* Received ones, one after the other: name with NUL, uint32_t size, value. */
typedef struct ParcelPending {
        uint8_t *data;
        size_t n, size;
} ParcelPending;

void parcel_pending_done(ParcelPending *x);
int parcel_pending_add(ParcelPending *x, const Parcel *parcel, Error **reterr);

/* Call f with each. */
void parcel_pending_each(const ParcelPending *x, void (*f)(const char *name, const void *value, size_t size, void *userdata),
                         void *userdata);

bool parcel_xattr_goes_along(const char *name);
bool parcel_xattr_is_privilege(const char *name); /* file capabilities */

/* A path's last component and what is before it: "a/b/", "a/b/." are "a" and "b"; "/", "." and what ends in ".." have no name. */
typedef struct ParcelSplit {
        char *directory, *name; /* the caller's; "." and "" where there is none */
        bool is_directory;      /* there was a slash, or a dot, at its end */
} ParcelSplit;

int parcel_split(const char *path, ParcelSplit *ret);
void parcel_split_done(ParcelSplit *s);
