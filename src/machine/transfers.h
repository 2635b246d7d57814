/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "error.h"

/* Who is at work on this host just now bringing images in or out: downloads, imports, exports. Each holds a record lock (fcntl(2), F_SETLK) on
 * a part of its own of the one file /run/nbox/transfers: the kernel says by F_GETLK whose it is, and takes it away when that process ends,
 * however it does, so that nothing is to be swept. What stands in that part is for people, and counts only as long as it is locked; who is to be
 * asked to stop is the lock's holder and nobody else. */

typedef struct TransferMark TransferMark;

/* Of our own. type: "import-tar"; local: the image's name; remote: the file or URL. They are shown as they are. Only root can; -errno, and
 * no transfer depends on it. One at a time in a process: its locks are the process's. */
int transfer_mark(const char *type, const char *local, const char *remote, TransferMark **ret);
void transfer_mark_percent(TransferMark *t, unsigned percent);
void transfer_mark_free(TransferMark *t);
DEFINE_CLEANUP(TransferMark *, transfer_mark_free);

typedef struct Transfer {
        unsigned id;
        pid_t pid;
        int percent; /* -1: not known */
        char *type, *local, *remote;
} Transfer;

/* All, by number. */
int transfers_list(Transfer **ret, size_t *ret_n, Error **reterr);
void transfers_free(Transfer *all, size_t n);

/* Have one stop: it removes what it has made so far and ends, which is waited for. -ESRCH: there is none of that number. */
int transfer_cancel(unsigned id, Error **reterr);
