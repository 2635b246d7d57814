/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Files of a cgroup that hold numbers, by the kernel's word for their forms (Documentation/admin-guide/cgroup-v2.rst): one value, or lines
 * "KEY VALUE". `group` is an fd of the group (cgroup_open()). Returns are 0 or -errno; -ENOENT: its controller is off there, -EBADMSG: it
 * reads otherwise than the kernel writes it. Root inside may make groups in its own, and so a directory where a file is not there: -EISDIR. */

#define CGROUP_MAX UINT64_MAX /* "max" */

/* All of a file of the kernel's by one read(2), which it fills with the whole of it; -EFBIG where that is not less than `size`. Returns its
 * length; buf ends with a NUL. */
ssize_t cgroup_file_read(int group, const char *file, char *buf, size_t size);

int cgroup_number(int group, const char *file, uint64_t *ret);

typedef struct CgroupKey {
        const char *key;
        uint64_t *value; /* stays as it was where the key is not there */
} CgroupKey;

int cgroup_keyed(int group, const char *file, const CgroupKey *keys, size_t n);

/* cpu.max, "QUOTA PERIOD": as µs of CPU time in a second, or CGROUP_MAX. */
int cgroup_cpu_max(int group, uint64_t *ret);

/* The same from text, which is torn apart. */
int cgroup_number_parse(char *text, uint64_t *ret);
int cgroup_keyed_parse(char *text, const CgroupKey *keys, size_t n);
int cgroup_cpu_max_parse(char *text, uint64_t *ret);
