/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

/* Zones that nobody is in any more, and that stay for a moment. A file says so as long as they do: it is locked by who waits to have them swept, and
 * so it is seen when that one has been killed. All of it with the network lock held. */

/* The file's descriptor, which holds its lock, the caller's; -EBUSY: somebody waits already; or another -errno. */
int linger_begin(void);

/* Nobody waits any more: whoever leaves a zone from here on does it anew. A file that somebody else has locked is his. */
void linger_end(void);
