/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "forwarding.h"

#include <fcntl.h>
#include <string.h>

#include "link.h"
#include "log.h"
#include "netns.h"

#define SWITCH "ipv4/ip_forward"
#define LOOPBACK_SWITCH "ipv4/conf/%s/route_localnet" /* of a bridge */
#define NOTE "forwarding"

/* That it is there says it all. */
static int write_note(int dir) {
        _cleanup_close_ int fd = openat(dir, NOTE, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

        return fd < 0 ? -errno : 0;
}

int forwarding_acquire(int dir, Error **reterr) {
        int on = 0, r;

        r = netns_sysctl_read(SWITCH, &on);
        if (r >= 0 && on)
                return 0;
        if (r >= 0) /* the note first: a crash in between then switches off what is off */
                r = write_note(dir);
        if (r >= 0)
                r = netns_sysctl_write(-1, SWITCH, "1");
        if (r >= 0)
                return 0;
        (void) unlinkat(dir, NOTE, 0);
        error_errno(reterr, r, "Cannot switch on forwarding of IPv4 packets (/proc/sys/net/" SWITCH ")");
        return error_hint(reterr, r, "Run `sysctl net.ipv4.ip_forward=1` where it can be set, or start the machine with "
                          "--network=none or --network=host.");
}

bool forwarding_is_on(void) {
        int on = 0;

        return netns_sysctl_read(SWITCH, &on) < 0 || on;
}

bool forwarding_is_for(const LinkInfo *link) {
        static const char *const kinds[] = { "bridge", "tun", "wireguard" };

        for (size_t k = 0; k < ELEMENTSOF(kinds); k++)
                if (strcmp(link->kind, kinds[k]) == 0)
                        return true;
        return false;
}

static bool others_may_route(Netlink *nl) {
        _cleanup_free_ LinkInfo *links = NULL;
        size_t n = 0;

        if (link_list(nl, 0, &links, &n) < 0)
                return true;
        for (size_t i = 0; i < n; i++)
                if (forwarding_is_for(links + i))
                        return true;
        return false;
}

/* The note goes last: a crash in between is repeated by the next sweep. */
void forwarding_release(int dir, Netlink *nl) {
        int r = 0;

        if (faccessat(dir, NOTE, F_OK, 0) < 0)
                return; /* not by us */
        if (!others_may_route(nl))
                r = netns_sysctl_write(-1, SWITCH, "0");
        if (r < 0)
                log_warning("Cannot switch off forwarding of IPv4 packets: %s, ignoring", strerror(-r));
        (void) unlinkat(dir, NOTE, 0);
}

void forwarding_let_loopback(const char *bridge) {
        char path[64];
        int r;

        snprintf(path, sizeof(path), LOOPBACK_SWITCH, bridge);
        r = netns_sysctl_write(-1, path, "1");
        if (r < 0)
                log_warning("Cannot set net/%s: published ports will not answer on 127.0.0.1 of the host: %s, ignoring", path, strerror(-r));
}

bool forwarding_lets_loopback(const char *bridge) {
        char path[64];
        int on = 0;

        snprintf(path, sizeof(path), LOOPBACK_SWITCH, bridge);
        return netns_sysctl_read(path, &on) < 0 || on;
}
