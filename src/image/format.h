/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"

/* Files that hold a system in some other form than a disk image as it is ("raw"): of virtual machines, compressed, archives, CDs. They
 * are known by what they begin with (the formats' own documents), and refused by name, with the command that makes an image of them. */

/* fd: of a regular file or a block device, its position is left as it is; path: to name it, without control characters. 0 where it is none
 * of these; -EMEDIUMTYPE with an Error that has the command; -errno when it cannot be read. */
int format_refuse(int fd, const char *path, Error **reterr);

/* Whether such a file lies in `directory` as NAME.qcow2, NAME.tar.xz, …: -EMEDIUMTYPE with format_refuse()'s Error; else 0. */
int format_refuse_named(const char *directory, const char *name, Error **reterr);
