/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a group has read and written (io.stat), of all devices together.
 *
 * The kernel counts a request at each device that it passes: what is written into a disk image is counted at the loop device and again at the
 * disk below, and so are device-mapper and md. Of these only the disk counts; but what a loop device writes into a file is the group's only
 * where that file system knows of groups (ext4, btrfs, xfs do), and in memory there is no disk: of loop devices and of disks, the larger one. */

typedef struct CgroupIo {
        uint64_t read, written;  /* bytes */
        uint64_t reads, writes;  /* requests */
} CgroupIo;

/* Which devices are stacked on others, by their majors. */
typedef struct CgroupIoStacked {
        unsigned loop;     /* 0: there is none */
        unsigned majors[6];
        size_t n;
} CgroupIoStacked;

/* As /proc/devices has them now; who reads often asks it once. */
void cgroup_io_stacked(CgroupIoStacked *ret);

/* 0 or -errno: -ENOENT without the controller. */
int cgroup_io(int group, const CgroupIoStacked *stacked, CgroupIo *ret);

/* The same from text, which is torn apart. */
int cgroup_io_parse(char *text, const CgroupIoStacked *stacked, CgroupIo *ret);
void cgroup_io_stacked_parse(char *text, CgroupIoStacked *ret);
