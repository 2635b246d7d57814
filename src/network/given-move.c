/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The way back is in steps, each of which may be the last one before a crash, and each of which finds the interface by what no guest can
 * change: bare of altnames and with a name that nobody else has, it cannot meet a link that has come to the host meanwhile; there it
 * becomes what it was. */

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "endpoint.h"
#include "given.h"
#include "log.h"
#include "netns-pin.h"
#include "network-lock.h"
#include "strv.h"
#include "text.h"

#define DIRECTORY NETWORK_RUN_DIRECTORY "/netns"
#define PIN_PATH_MAX (sizeof(DIRECTORY) + 1 + MACHINE_NAME_MAX)

/* A physical interface that the guest has moved on drops into the first namespace when the last one's end has been dealt with, which takes
 * tens of milliseconds on a quiet host. */
#define FALL_TRIES 60
#define FALL_STEP_NSEC (50 * 1000 * 1000)

static void pin_path(const char *machine, char ret[PIN_PATH_MAX]) {
        snprintf(ret, PIN_PATH_MAX, DIRECTORY "/%s", machine);
}

static bool is_same(int a, int b) {
        struct stat x, y;

        return fstat(a, &x) >= 0 && fstat(b, &y) >= 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

int given_keep(const char *machine, int netns, Error **reterr) {
        _cleanup_close_ int kept = -1;
        char path[PIN_PATH_MAX];
        int r;

        pin_path(machine, path);
        kept = netns_pinned(path);
        if (kept >= 0 && is_same(kept, netns))
                return 0;
        netns_unpin(path); /* of a dead machine of that name */
        r = netns_pin(netns, path);
        return r < 0 ? error_errno(reterr, r, "Cannot keep the network namespace of '%s' at %s", machine, path) : 0;
}

void given_keep_no_more(const char *machine) {
        char path[PIN_PATH_MAX];

        pin_path(machine, path);
        netns_unpin(path);
}

/* ---- there ---- */

static int refuse_to_go(int r, const Given *g, const char *inside, Error **reterr) {
        switch (r) {
        case -EINVAL:
                return error_set(reterr, r, "The kernel lets the interface '%s' not leave the host's network namespace", g->name);
        case -EEXIST:
                error_set(reterr, r, "The machine has an interface '%s' already, or one of that altname", inside);
                return error_hint(reterr, r, "Choose another name for it inside with interface:%s:NAME.", g->name);
        }
        return error_errno(reterr, r, "Cannot move the interface '%s' into the machine", g->name);
}

int given_send(Netlink *nl, const Given *g, int netns, const char *inside, Error **reterr) {
        int r;

        link_put_netns(nl, g->index, netns, inside);
        r = netlink_run(nl, NULL, NULL, NULL);
        return r < 0 ? refuse_to_go(r, g, inside, reterr) : 0;
}

/* ---- which one it is ---- */

static bool mac_is_set(const uint8_t mac[6]) {
        static const uint8_t none[6];

        return memcmp(mac, none, sizeof(none)) != 0;
}

/* What no guest can change is the same. */
static bool is_alike(const Given *g, const LinkDetails *d) {
        if (strcmp(g->kind, d->link.kind) != 0 || d->link.loopback)
                return false;
        if (*g->kind)
                return g->below == d->link.peer;
        if (*g->parent || mac_is_set(g->permanent))
                return strcmp(g->parent, d->parent) == 0 && memcmp(g->permanent, d->permanent, sizeof(g->permanent)) == 0;
        return memcmp(g->mac, d->link.mac, sizeof(g->mac)) == 0;
}

/* Among virtual links that are alike, as all of kind "dummy" are. */
static unsigned likeness(const Given *g, const LinkDetails *d) {
        return 1 + 4U * (g->index == d->link.index) + 2U * (memcmp(g->mac, d->link.mac, sizeof(g->mac)) == 0) +
                (strcmp(g->name, d->link.name) == 0);
}

static LinkDetails *find_inside(const Given *g, LinkDetails *links, size_t n) {
        LinkDetails *best = NULL;

        for (size_t i = 0; i < n; i++)
                if (is_alike(g, links + i) && (!best || likeness(g, links + i) > likeness(g, best)))
                        best = links + i;
        return best;
}

static void way_name(const char *machine, const Given *g, char ret[IF_NAMESIZE]) {
        char who[MACHINE_NAME_MAX + IF_NAMESIZE + 16];

        snprintf(who, sizeof(who), "given %s %s", machine, g->name);
        snprintf(ret, IF_NAMESIZE, "nb-%012llx", string_hash(who) & 0xffffffffffffULL);
}

/* On the host there are others' that are alike: it is one that has not left, or was on its way back. */
static LinkDetails *find_on_host(const char *machine, const Given *g, LinkDetails *links, size_t n) {
        char on_the_way[IF_NAMESIZE];

        way_name(machine, g, on_the_way);
        for (size_t i = 0; i < n; i++)
                if (is_alike(g, links + i) &&
                    (!*g->kind || links[i].link.index == g->index || strcmp(links[i].link.name, on_the_way) == 0))
                        return links + i;
        return NULL;
}

/* ---- back ---- */

/* Bare and down, into our namespace. */
static int fetch(Netlink *there, const LinkDetails *d, const char *name) {
        _cleanup_close_ int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
        int r;

        if (home < 0)
                return -errno;
        for (char **altname = d->altnames; altname && *altname; altname++) {
                link_put_altname_gone(there, d->link.index, *altname);
                (void) netlink_run(there, NULL, NULL, NULL);
        }
        link_put_down(there, d->link.index);
        link_put_alias_of(there, d->link.index, "");
        (void) netlink_run(there, NULL, NULL, NULL);
        link_put_name(there, d->link.index, name);
        r = netlink_run(there, NULL, NULL, NULL);
        if (r < 0 && r != -EEXIST) /* the guest can have made another one of that name: it is told apart on the way */
                return r;
        link_put_netns(there, d->link.index, home, name);
        return netlink_run(there, NULL, NULL, NULL);
}

/* 1: it is back, under the name of its way. */
static int fetch_from(int netns, const char *machine, const Given *g) {
        _cleanup_(netlink_freep) Netlink *there = NULL;
        char name[IF_NAMESIZE];
        LinkDetails *links, *d;
        size_t n;
        int r;

        r = netlink_new(NETLINK_ROUTE, netns, &there);
        if (r >= 0)
                r = link_look_all(there, &links, &n);
        if (r < 0)
                return r;
        d = find_inside(g, links, n);
        way_name(machine, g, name);
        if (d)
                r = fetch(there, d, name);
        link_details_list_free(links, n);
        return r < 0 ? r : d != NULL;
}

/* Its index in *ret, and its name now; -ENODEV when it is not there. */
static int find_back(Netlink *nl, const char *machine, const Given *g, LinkDetails *ret) {
        LinkDetails *links, *d;
        size_t n;
        int r;

        r = link_look_all(nl, &links, &n);
        if (r < 0)
                return r;
        d = find_on_host(machine, g, links, n);
        if (d) {
                *ret = *d;
                d->altnames = NULL;
        }
        link_details_list_free(links, n);
        return d ? 0 : -ENODEV;
}

static int wait_for_fall(Netlink *nl, const char *machine, const Given *g, LinkDetails *ret) {
        int r = find_back(nl, machine, g, ret);

        for (unsigned i = 0; r == -ENODEV && !*g->kind && i < FALL_TRIES; i++) {
                (void) nanosleep(&(struct timespec){ .tv_nsec = FALL_STEP_NSEC }, NULL);
                r = find_back(nl, machine, g, ret);
        }
        return r;
}

/* ---- as it was ---- */

static void restore_name(Netlink *nl, const Given *g, const LinkDetails *d) {
        char pattern[IF_NAMESIZE], name[IF_NAMESIZE];
        int r;

        if (strcmp(d->link.name, g->name) == 0)
                return;
        link_put_name(nl, d->link.index, g->name);
        r = netlink_run(nl, NULL, NULL, NULL);
        if (r == -EEXIST) {
                snprintf(pattern, sizeof(pattern), "%.11s_%%d", g->name);
                link_put_name(nl, d->link.index, pattern);
                r = netlink_run(nl, NULL, NULL, NULL);
                if (r >= 0)
                        log_warning("The interface '%s' comes back as '%s': another one of the host's is called that by now", g->name,
                                    if_indextoname((unsigned) d->link.index, name) ?: "?");
        }
        if (r < 0)
                log_warning("The interface '%s' comes back as '%s': %s, ignoring", g->name, d->link.name, strerror(-r));
}

static void restore_altnames(Netlink *nl, const Given *g, const LinkDetails *d) {
        for (char **altname = g->altnames; altname && *altname; altname++) {
                int r;

                if (strv_contains(d->altnames, *altname))
                        continue;
                link_put_altname_of(nl, d->link.index, *altname);
                r = netlink_run(nl, NULL, NULL, NULL);
                if (r < 0)
                        log_warning("The interface '%s' comes back without its altname '%s': %s, ignoring", g->name, *altname, strerror(-r));
        }
}

static void restore_master(Netlink *nl, const Given *g, const LinkDetails *d) {
        LinkInfo master;
        int r;

        if (!*g->master)
                return;
        r = link_get(nl, g->master, &master);
        if (r >= 0 && master.index != d->link.master) {
                link_put_master(nl, d->link.index, master.index);
                r = netlink_run(nl, NULL, NULL, NULL);
        }
        if (r < 0)
                log_warning("The interface '%s' does not go back into the bridge '%s': %s, ignoring", g->name, g->master, strerror(-r));
}

/* One by one: what a driver refuses is no reason to leave the rest. */
static void restore(Netlink *nl, const Given *g, const LinkDetails *d) {
        if (memcmp(g->mac, d->link.mac, sizeof(g->mac)) != 0)
                link_put_mac(nl, d->link.index, g->mac);
        if (g->flags != d->flags || g->group != d->group)
                link_put_flags_and_group(nl, d->link.index, g->flags, g->group);
        if (g->mtu != d->mtu)
                link_put_mtu(nl, d->link.index, g->mtu);
        link_put_alias_of(nl, d->link.index, g->alias);
        if (netlink_run(nl, NULL, NULL, NULL) < 0)
                log_warning("The interface '%s' comes back without all of its settings, ignoring", g->name);
        restore_name(nl, g, d);
        restore_altnames(nl, g, d);
        restore_master(nl, g, d);
        if (g->up != d->link.up)
                (g->up ? link_put_up : link_put_down)(nl, d->link.index);
        if (netlink_run(nl, NULL, NULL, NULL) < 0)
                log_warning("Cannot bring up the interface '%s', ignoring", g->name);
}

int given_return(Netlink *nl, const char *machine, const Given *g, Error **reterr) {
        _cleanup_close_ int netns = -1;
        char path[PIN_PATH_MAX];
        LinkDetails d = {};
        int r = 0;

        if (g->home != given_home()) {
                error_set(reterr, EXDEV, "The interface '%s' belongs to another network namespace than this", g->name);
                return error_hint(reterr, -EXDEV, "Run `nbox gc` there.");
        }
        pin_path(machine, path);
        netns = netns_pinned(path);
        if (netns >= 0)
                r = fetch_from(netns, machine, g);
        if (r >= 0)
                r = wait_for_fall(nl, machine, g, &d);
        if (r == -ENODEV) {
                log_warning("The interface '%s' does not come back: the machine '%s' has deleted it, or has moved it where it went with "
                            "its last process", g->name, machine);
                return 0;
        }
        if (r < 0)
                return error_errno(reterr, r, "Cannot bring the interface '%s' back from the machine '%s'", g->name, machine);
        restore(nl, g, &d);
        link_details_done(&d);
        return 0;
}
