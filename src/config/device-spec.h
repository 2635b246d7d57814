/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>

#include "error.h"

/* --device=[-]PATH[:DEST[:PERMISSIONS]]: a device node of the host's, or a directory with such, as text. What is there, machine/devices.h sees. */

/* What may be done with a device; together at most DEVICE_ACCESS_ALL. */
typedef enum DeviceAccess {
        DEVICE_READ = 1 << 0,
        DEVICE_WRITE = 1 << 1,
        DEVICE_MKNOD = 1 << 2, /* make further nodes of it */
        DEVICE_ACCESS_ALL = DEVICE_READ | DEVICE_WRITE | DEVICE_MKNOD,
} DeviceAccess;

/* "rw", "r", "rwm", …; static. */
const char *device_access_to_string(unsigned access);

/* The same back; a letter twice, none or another one is -EINVAL. */
int device_access_parse(const char *text, unsigned *ret);

typedef struct DeviceSpec {
        char *source;      /* on the host, absolute */
        char *destination; /* in the machine, below /dev, clean; the source's path when none was given */
        unsigned access;
        bool optional;     /* one that is not there is passed over */
} DeviceSpec;

/* from_file: relative paths are refused. -EINVAL with what is allowed. */
int device_spec_parse(const char *text, bool from_file, DeviceSpec *ret, Error **reterr);
void device_spec_done(DeviceSpec *s);

/* The text of one, which is read as the same; the caller's, NULL on out of memory. */
char *device_spec_format(const DeviceSpec *s);

/* A part of such a text with "\" before ":" and "\"; and the text up to the next ":", without: *s moves behind it, or becomes NULL at the end.
 * The caller's, NULL on out of memory. */
char *colon_escape(const char *s);
char *colon_next_field(const char **s);

/* Whether a path is one below /dev, where a machine's nodes are. */
bool path_is_below_dev(const char *path);
