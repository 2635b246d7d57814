/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "link-find.h"

int link_find(Netlink *nl, const char *name, LinkInfo *ret, Error **reterr) {
        int r = link_get(nl, name, ret);

        if (r == -ENODEV) {
                error_set(reterr, r, "There is no interface '%s' on this host", name);
                return error_hint(reterr, r, "`ip link` lists those there are.");
        }
        return r < 0 ? error_errno(reterr, r, "Cannot look at the interface %s", name) : 0;
}
