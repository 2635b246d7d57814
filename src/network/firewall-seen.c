/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "firewall-seen.h"

#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "iptables.h"
#include "network-lock.h"
#include "port-map.h"
#include "strv.h"
#include "tag.h"
#include "text.h"

#define NOTE NETWORK_RUN_DIRECTORY "/firewall-seen"
#define TEMPORARY NETWORK_RUN_DIRECTORY "/.firewall-seen"
#define NOTE_MAX (64 * 1024)
#define ZONES_MAX 256
#define HASH_TEXT 18 /* with its newline and the end */

/* Those of IPv6 may not be there; that counts as well. 0: they cannot be told, or have rules with one of the tags. */
static uint64_t hash_tables(char *const *tags) {
        static const int families[] = { AF_INET, AF_INET6 };
        static const char *const names[] = { "nat", "mangle" };
        bool there[ELEMENTSOF(names)];
        uint64_t hash = 0, one = 1;

        for (size_t i = 0; i < ELEMENTSOF(families); i++) {
                iptables_tables_exist(families[i], names, ELEMENTSOF(names), there);
                for (size_t k = 0; k < ELEMENTSOF(names); k++) {
                        if (there[k] && iptables_fingerprint(families[i], names[k], tags, &one) != 0)
                                return 0;
                        hash = hash * UINT64_C(0x100000001b3) + (there[k] ? one : 1);
                }
        }
        return hash;
}

static int machine_tags(const FirewallSet *set, char ***ret) {
        char tag[TAG_MAX];

        for (size_t i = 0; i < set->n_machines; i++) {
                machine_tag(tag, set->machines[i].name);
                if (strv_append(ret, tag) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* All that decides a zone's rules, and by which version of us. */
static uint64_t hash_zone(const FirewallZone *z) {
        char text[512], range[RANGE_TEXT_MAX], range6[RANGE6_TEXT_MAX], service6[IP_TEXT_MAX];
        IpAddress six = ip_v6(&z->service6);

        range_format(z->range, range);
        range6_format(&z->range6, range6);
        ip_format(&six, service6);
        snprintf(text, sizeof(text), "%s %s %s %s %s %d %d %d %u %s", NBOX_VERSION, z->name, z->bridge, range, range6, z->routed6, z->uplinked,
                 z->closed, z->service, service6);
        return string_hash(text);
}

/* What makes rules beside the zone's, or others than these. */
static bool is_plain(const FirewallSet *set) {
        for (size_t i = 0; i < set->n_machines; i++)
                if (set->machines[i].ports->n > 0 || set->machines[i].host_ports->n > 0)
                        return false;
        for (size_t i = 0; i < set->n_zones; i++)
                if (set->zones[i].isolated)
                        return false;
        return true;
}

static void put_hash(char text[HASH_TEXT], uint64_t hash) {
        snprintf(text, HASH_TEXT, "%016" PRIx64 "\n", hash);
}

/* The first line is the tables'. NULL: there is none, or it is of other tables. */
static char *read_note(uint64_t of) {
        _cleanup_free_ char *text = NULL;
        char line[HASH_TEXT];

        put_hash(line, of);
        if (of == 0 || file_read(AT_FDCWD, NOTE, NOTE_MAX, &text) < 0 || strncmp(text, line, strlen(line)) != 0)
                return NULL;
        return TAKE_PTR(text);
}

bool firewall_seen(const FirewallSet *set) {
        _cleanup_strv_ char **tags = NULL;
        _cleanup_free_ char *note = NULL;
        char line[HASH_TEXT];

        if (!is_plain(set) || access(NOTE, F_OK) < 0 || machine_tags(set, &tags) < 0)
                return false;
        note = read_note(hash_tables(tags));
        for (size_t i = 0; note && i < set->n_zones; i++) {
                put_hash(line, hash_zone(set->zones + i));
                if (!strstr(note, line))
                        return false;
        }
        return note;
}

void firewall_note_seen(const FirewallSet *set) {
        uint64_t hash = hash_tables(NULL);
        _cleanup_free_ char *before = read_note(hash), *text = NULL;
        char line[HASH_TEXT];
        size_t size;

        if (hash == 0 || set->n_zones > ZONES_MAX || !is_plain(&(FirewallSet){ .zones = set->zones, .n_zones = set->n_zones }))
                return;
        size = (before ? strlen(before) : 0) + (set->n_zones + 1) * HASH_TEXT + 1;
        text = calloc(1, size);
        if (!text || size > NOTE_MAX)
                return;
        if (before)
                strcpy(text, before);
        else
                put_hash(text, hash);
        for (size_t i = 0; i < set->n_zones; i++) {
                put_hash(line, hash_zone(set->zones + i));
                if (!strstr(text, line))
                        strcat(text, line);
        }
        if (!before || strcmp(before, text) != 0)
                (void) file_replace_by(TEMPORARY, NOTE, text, 0600);
}

void firewall_forget_seen(void) {
        (void) unlink(TEMPORARY);
        (void) unlink(NOTE);
}
