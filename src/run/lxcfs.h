/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "error.h"

/* Files of /proc and /sys with the machine's figures instead of the host's: those of lxcfs(1), a FUSE of the host's root that tells each reader
 * what the control group of the init of his pid namespace may have. Where it is mounted, a machine gets them.
 *
 * It may be stuck, as any FUSE: so its files are looked up by a process of its own, which is not waited for longer than LXCFS_WAIT_USEC. They
 * are mounted by the child, over the kernel's and never over what hides one (api-guard.h): root inside can lift them, which shows him what he
 * would see without, and so can mount a proc of his own. */

#define LXCFS_WAIT_USEC (5 * UINT64_C(1000000))
#define LXCFS_FILES 9

/* Detached, read-only mounts, each of one file; -1: lxcfs has it not, or is not used. */
typedef struct LxcfsFiles {
        int fds[LXCFS_FILES];
} LxcfsFiles;

#define LXCFS_NONE ((LxcfsFiles){ { -1, -1, -1, -1, -1, -1, -1, -1, -1 } })

/* Whether something is mounted where it is looked for; it is not asked anything. */
bool lxcfs_is_mounted(void);

/* None where lxcfs is not there or does not answer (which is said); with LXCFS_YES that is an error. */
int lxcfs_open(LxcfsMode mode, LxcfsFiles *ret, Error **reterr);
void lxcfs_done(LxcfsFiles *f);

/* For the way to the child: which of them there are, as bits, and those, in their order. */
uint16_t lxcfs_pack(const LxcfsFiles *f, int fds[LXCFS_FILES], size_t *ret_n);
int lxcfs_unpack(uint16_t bits, const int *fds, size_t n, LxcfsFiles *ret);

/* Over the files of /proc and /sys beneath `root`; what this kernel has not is passed over. */
int lxcfs_attach(const LxcfsFiles *f, int root, Error **reterr);
