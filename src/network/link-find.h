/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include "error.h"
#include "link.h"

/* A link of the host's that somebody has named, by its name or an altname. -ENODEV, with what to do, where there is none. */
int link_find(Netlink *nl, const char *name, LinkInfo *ret, Error **reterr);
