/* SPDX-License-Identifier: GPL-2.0-or-later */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "config.h"
#include "error.h"
#include "link-move.h"

/* An interface of the host's that a machine has for as long as it runs (--network=interface:…): what it was like before, by which it is known
 * again, and what it is made like when it comes back. It stands in the machine's file (endpoint.h) before the interface goes.
 *
 * Why that is not left to the kernel: with the last process of its namespace a virtual link is deleted, and a physical one drops into
 * the first namespace, with the name that the guest has given it. So the machine's namespace is kept by a mount (netns-pin.h) until
 * whoever ends the machine, or sweeps it, has fetched the interface. The guest owns it meanwhile: what it renames, sets and moves is
 * expected. It may delete a virtual one, or move it on into a namespace of its own, which takes it along when it goes. */

typedef struct Given {
        char name[IF_NAMESIZE];
        int index;
        char kind[16];                /* "veth", …; "": a physical one */
        int below;                    /* LinkInfo.peer: of a veth pair, the other end's index, which no guest can change */
        char parent[LINK_PARENT_MAX]; /* of a physical one; likewise */
        uint8_t permanent[6];         /* likewise */
        uint8_t mac[6];
        unsigned mtu;
        unsigned flags, group;        /* as in LinkDetails */
        bool up;
        char master[IF_NAMESIZE];     /* the bridge that it was a port of, or "" */
        char alias[LINK_ALIAS_MAX];
        char **altnames;              /* owned */
        uint64_t home;                /* the inode of the host's network namespace */
} Given;

void given_done(Given *g);

/* The inode of our network namespace. */
uint64_t given_home(void);

/* What `name` (or altname) is like now. -ENODEV: there is no such interface. -EPERM, -EOPNOTSUPP: not one that can be given away. */
int given_look(Netlink *nl, const char *name, Given *ret, Error **reterr);

/* One line of text without blanks at its ends, and back. format: the caller's, NULL on out of memory; parse: 0, -EBADMSG or -ENOMEM;
 * `text` is torn apart. */
char *given_format(const Given *g);
int given_parse(char *text, Given *ret);

/* Keep the namespace of a machine that is to be given something (where it is kept already: 0), and no more. */
int given_keep(const char *machine, int netns, Error **reterr);
void given_keep_no_more(const char *machine);

/* Into the machine's namespace, once the machine's file speaks of it and the namespace is kept; `inside`: its name there. */
int given_send(Netlink *nl, const Given *g, int netns, const char *inside, Error **reterr);

/* Back to the host, from the namespace that is kept, or from wherever a crash has left it; with its name, or a free one where another
 * link has that by now (a warning). One that is not to be found any more is warned about. 0, or -errno where it is to be tried again. */
int given_return(Netlink *nl, const char *machine, const Given *g, Error **reterr);
