/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"

/* Public keys of ssh, as ssh-keygen(1) writes them into FILE.pub: a line each of type, key and comment. Blank lines and those that begin
 * with "#" are left out. Every key is checked for its form: the type is one that today's servers take, and stands in the key itself,
 * too. So no private key, and no option of authorized_keys(5), comes into a tree by mistake. *ret: the lines, ready for authorized_keys;
 * the caller's. */
int ssh_keys_read(const char *path, char **ret, Error **reterr);

/* The same of a text; `path` is for messages. */
int ssh_keys_parse(const char *text, const char *path, char **ret, Error **reterr);
