/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Where the values of a machine's credentials are between their being read and the machine's /run/host, over all its lives: a file without
 * a name on a ramfs of our own, which is neither swapped nor in any memory image of ours. It is a descriptor, so that it can be handed to
 * the service that is to be the machine's supervisor (its standard input), and stays with systemd while that is started anew.
 *
 * All are private to nbox's processes, maybe of different versions: a reader refuses what it does not know. Returns are 0 or -errno. */

/* An empty one: an fd. */
int credential_store_new(void);

/* Whether fd is one. */
bool credential_store_is(int fd);

int credential_store_add(int store, const char *id, const void *data, size_t size);

/* Call `found` for each, in order, until it returns < 0. Where fd stands in the file neither matters nor changes. -EBADMSG: not
 * understood. */
int credential_store_each(int store, int (*found)(const char *id, const void *data, size_t size, void *userdata), void *userdata);
