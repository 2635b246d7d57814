/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "link-stats.h"

/* What the interfaces of a process's network namespace have received and sent, without entering it: /proc/PID/net/dev, as seen from within.
 * Their names are root's inside, who can give one link the name of another, and make very many. */

typedef struct NetDevWish {
        const char *name;
        LinkStats stats;
        bool found;
} NetDevWish;

/* Fills those that are there among the first 256 KiB. 0 or -errno: -ENOENT, -ESRCH, -EINVAL when the process has ended. */
int net_dev_find(pid_t pid, NetDevWish *wishes, size_t n);

/* The same from text, which is torn apart; a last line that is not whole is passed over. */
int net_dev_parse(char *text, NetDevWish *wishes, size_t n);
