/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "uplink.h"

#include <fcntl.h>
#include <string.h>

#include "file.h"
#include "link-find.h"
#include "log.h"
#include "netns.h"
#include "network-lock.h"
#include "vlan.h"
#include "zone.h"

#define ALIAS_FORMAT "nbox uplink=%s of=%s vlan=%u"
#define NOTE_MAX 64
#define NOTE_PATH_MAX 64

/* ---- what was changed of an interface that is not ours ---- */

typedef struct Note {
        char uplink[IF_NAMESIZE];
        bool was_down;
} Note;

static void note_path(const char *zone, char ret[NOTE_PATH_MAX]) {
        snprintf(ret, NOTE_PATH_MAX, NETWORK_RUN_DIRECTORY "/uplink-%.12s", zone);
}

static bool note_read(const char *zone, Note *ret) {
        _cleanup_free_ char *text = NULL;
        char path[NOTE_PATH_MAX], state[8];

        *ret = (Note){};
        note_path(zone, path);
        if (file_read(AT_FDCWD, path, NOTE_MAX, &text) < 0 || sscanf(text, "%15s %7s", ret->uplink, state) != 2)
                return false;
        ret->was_down = strcmp(state, "down") == 0;
        return true;
}

static int note_write(const char *zone, const char *uplink, bool was_down) {
        char path[NOTE_PATH_MAX], text[NOTE_MAX];

        note_path(zone, path);
        snprintf(text, sizeof(text), "%s %s\n", uplink, was_down ? "down" : "up");
        return file_replace(AT_FDCWD, path, text, 0600);
}

static void note_remove(const char *zone) {
        char path[NOTE_PATH_MAX];

        note_path(zone, path);
        (void) unlink(path);
}

/* Another zone that uses the same interface, by a VLAN of its own: it takes over what is to be undone. */
static bool note_hand_over(Netlink *nl, const char *zone, const Note *note) {
        _cleanup_free_ LinkInfo *links = NULL;
        char other[ZONE_NAME_MAX + 1];
        size_t n = 0;
        Note its;

        if (link_list(nl, 0, &links, &n) < 0)
                return false;
        for (size_t i = 0; i < n; i++)
                if (zone_of_bridge(links + i, other) && strcmp(other, zone) != 0 && note_read(other, &its) &&
                    strcmp(its.uplink, note->uplink) == 0)
                        return note_write(other, note->uplink, true) >= 0;
        return false;
}

/* ---- whether it can be ---- */

static void vlan_name(const char *zone, char ret[IF_NAMESIZE]) {
        snprintf(ret, IF_NAMESIZE, "nv-%.12s", zone);
}

static int check_free(Netlink *nl, const LinkInfo *link, const char *zone, Error **reterr) {
        char bridge[IF_NAMESIZE];
        LinkInfo own;
        int r;

        zone_bridge_name(zone, bridge);
        if (link->master > 0 && (link_get(nl, bridge, &own) < 0 || own.index != link->master))
                return error_set(reterr, EBUSY, "The interface '%s' is a port of something else already", link->name);
        r = link_has_address(nl, link->index);
        if (r < 0)
                return error_errno(reterr, r, "Cannot list the addresses of %s", link->name);
        if (r == 0)
                return 0;
        error_set(reterr, EBUSY, "The interface '%s' has addresses: as a port of the zone '%s' it would lose them, and the host its connections",
                  link->name, zone);
        return error_hint(reterr, -EBUSY, "Take another interface, or one of its VLANs with --vlan=N.");
}

int uplink_check(Netlink *nl, const char *uplink, unsigned vlan, const char *zone, Error **reterr) {
        char own[ZONE_NAME_MAX + 1];
        LinkInfo link;
        int r;

        r = link_find(nl, uplink, &link, reterr);
        if (r < 0)
                return r;
        if (link.loopback || zone_of_bridge(&link, own) || strncmp(link.alias, "nbox ", 5) == 0)
                return error_set(reterr, EINVAL, "'%s' cannot be an uplink: it is %s", uplink,
                                 link.loopback ? "the loopback interface" : "one of nbox's own links");
        return vlan > 0 ? 0 : check_free(nl, &link, zone, reterr);
}

/* ---- connecting ---- */

static int refuse_vlan(const ZoneState *s, int r, Error **reterr) {
        if (r == -EOPNOTSUPP) {
                error_set(reterr, r, "This kernel has no VLANs, which the zone '%s' wants", s->name);
                return error_hint(reterr, r, "Load the module: `modprobe 8021q`.");
        }
        if (r == -EEXIST) {
                error_set(reterr, r, "Another link of the host is the VLAN %u of %s already", s->vlan, s->uplink);
                return error_hint(reterr, r, "`ip -d link show type vlan` lists them; remove it, or give the zone '%s' another VLAN.", s->name);
        }
        return error_errno(reterr, r, "Cannot make the VLAN %u of %s", s->vlan, s->uplink);
}

/* Its name is the zone's alone, so what is there is ours. IPv6 stays off on it as on all of the zone. */
static int make_vlan(Netlink *nl, const ZoneState *s, const LinkInfo *lower, int bridge, Error **reterr) {
        char name[IF_NAMESIZE], alias[LINK_ALIAS_MAX], altname[64], path[64];
        LinkInfo link;
        int r;

        vlan_name(s->name, name);
        snprintf(alias, sizeof(alias), ALIAS_FORMAT, s->name, s->uplink, s->vlan);
        snprintf(altname, sizeof(altname), "%s.%u", s->uplink, s->vlan);
        r = link_get(nl, name, &link);
        if (r >= 0 && link.master == bridge && link.peer == lower->index && strcmp(link.alias, alias) == 0)
                return 0;
        r = link_delete(nl, name);
        if (r >= 0)
                r = vlan_create(nl, name, lower->index, s->vlan);
        if (r >= 0)
                r = link_get(nl, name, &link);
        if (r < 0)
                return refuse_vlan(s, r, reterr);
        snprintf(path, sizeof(path), "ipv6/conf/%s/disable_ipv6", name);
        (void) netns_sysctl_write(-1, path, "1");
        link_put_altname(nl, name, altname);
        (void) netlink_run(nl, NULL, NULL, NULL); /* a convenience */
        link_put_master(nl, link.index, bridge);
        link_put_up(nl, link.index);
        link_put_alias(nl, name, alias);
        r = netlink_run(nl, NULL, NULL, NULL);
        if (r < 0)
                (void) link_delete(nl, name);
        return r < 0 ? error_errno(reterr, r, "Cannot connect the VLAN %u of %s with the zone '%s'", s->vlan, s->uplink, s->name) : 0;
}

static int make_port(Netlink *nl, const ZoneState *s, const LinkInfo *link, int bridge, Error **reterr) {
        int r;

        if (link->master == bridge)
                return 0;
        r = check_free(nl, link, s->name, reterr);
        if (r < 0)
                return r;
        link_put_master(nl, link->index, bridge);
        r = netlink_run(nl, NULL, NULL, NULL);
        if (r == -EOPNOTSUPP)
                return error_set(reterr, r, "The interface '%s' cannot be a bridge's port, as wireless ones cannot", s->uplink);
        return r < 0 ? error_errno(reterr, r, "Cannot connect %s with the zone '%s'", s->uplink, s->name) : 0;
}

int uplink_connect(Netlink *nl, const ZoneState *state, int bridge, Error **reterr) {
        LinkInfo link;
        Note note;
        int r;

        if (!state->uplink[0])
                return 0;
        r = uplink_check(nl, state->uplink, state->vlan, state->name, reterr);
        if (r >= 0)
                r = link_find(nl, state->uplink, &link, reterr);
        if (r < 0)
                return r;
        if (!note_read(state->name, &note)) {
                r = note_write(state->name, state->uplink, !link.up);
                if (r < 0)
                        return error_errno(reterr, r, "Cannot write into %s", NETWORK_RUN_DIRECTORY);
        }
        if (!link.up) { /* first, for a VLAN of what is down cannot be brought up */
                link_put_up(nl, link.index);
                r = netlink_run(nl, NULL, NULL, NULL);
                if (r < 0)
                        return error_errno(reterr, r, "Cannot bring up the interface %s", state->uplink);
        }
        return state->vlan > 0 ? make_vlan(nl, state, &link, bridge, reterr) : make_port(nl, state, &link, bridge, reterr);
}

/* ---- and no longer ---- */

/* The note goes last: a crash in between is repeated by the next sweep. */
void uplink_disconnect(Netlink *nl, const char *zone) {
        char name[IF_NAMESIZE], bridge[IF_NAMESIZE];
        LinkInfo link, own;
        Note note;
        int r;

        if (!note_read(zone, &note))
                return;
        vlan_name(zone, name);
        zone_bridge_name(zone, bridge);
        r = link_delete(nl, name);
        if (r >= 0 && link_get(nl, note.uplink, &link) >= 0) {
                if (link.master > 0 && link_get(nl, bridge, &own) >= 0 && own.index == link.master)
                        link_put_master(nl, link.index, 0);
                if (note.was_down && !note_hand_over(nl, zone, &note))
                        link_put_down(nl, link.index);
                r = netlink_run(nl, NULL, NULL, NULL);
        }
        if (r < 0)
                log_warning("Cannot give the interface %s back as it was: %s, ignoring", note.uplink, strerror(-r));
        note_remove(zone);
}

bool uplink_is_port(const char *zone, const LinkInfo *port) {
        char name[IF_NAMESIZE];
        Note note;

        vlan_name(zone, name);
        return strcmp(port->name, name) == 0 || (note_read(zone, &note) && strcmp(note.uplink, port->name) == 0);
}
