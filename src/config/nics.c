/* SPDX-License-Identifier: GPL-2.0-or-later */

/* --network= and --network-zone=: which network a machine is on, and its interfaces in zones.
 *
 * --network-zone= adds an interface each time that it is given; --network=zone:NAME says which zone the first one is in, wherever it
 * stands among them, and counts once, as --network= itself does. */

#include <string.h>

#include "address.h"
#include "name.h"
#include "nics.h"
#include "values.h"

/* "02:00:5e:10:00:01", six bytes in hexadecimal; a multicast address or none at all is no interface's. */
static int parse_mac(const char *text, uint8_t ret[6], Error **reterr) {
        static const uint8_t zero[6];
        uint8_t m[6];

        if (mac_parse(text, m) < 0)
                return error_set(reterr, EINVAL, "'%.40s' is not a MAC address, as 02:00:5e:10:00:01", text);
        if (m[0] & 1)
                return error_set(reterr, EINVAL, "The MAC address %.17s is that of a group: the first byte must be even", text);
        if (memcmp(m, zero, sizeof(m)) == 0)
                return error_set(reterr, EINVAL, "The MAC address %.17s is no interface's", text);
        memcpy(ret, m, sizeof(m));
        return 0;
}

static int set_address(NicConfig *nic, const char *text, Error **reterr) {
        uint32_t address;

        if (address_parse(text, &address) < 0 || address == 0)
                return error_set(reterr, EINVAL, "'%.40s' is not an IPv4 address", text);
        nic->address = address;
        return 0;
}

static int set_mac(NicConfig *nic, const char *text, Error **reterr) {
        nic->mac_set = true;
        return parse_mac(text, nic->mac, reterr);
}

static const struct {
        const char *key;
        int (*set)(NicConfig *nic, const char *text, Error **reterr);
} nic_keys[] = { { "address", set_address }, { "mac", set_mac } };

static int set_key(NicConfig *nic, char *assignment, Error **reterr) {
        char *value = strchr(assignment, '=');

        if (value)
                *value++ = 0;
        for (size_t i = 0; value && i < ELEMENTSOF(nic_keys); i++)
                if (strcmp(assignment, nic_keys[i].key) == 0)
                        return nic_keys[i].set(nic, value, reterr);
        return error_set(reterr, EINVAL, "'%.40s' is neither address=A.B.C.D nor mac=XX:XX:XX:XX:XX:XX", assignment);
}

/* NAME[,address=A][,mac=M] */
static int parse_nic(const char *text, NicConfig *ret, Error **reterr) {
        _cleanup_free_ char *copy = strdup(text);
        char *rest = copy, *name;
        NicConfig nic = {};
        int r = 0;

        if (!copy)
                return error_oom(reterr);
        name = strsep(&rest, ",");
        if (!machine_name_is_valid(name) || strlen(name) > ZONE_NAME_MAX)
                return error_set(reterr, EINVAL, "'%.80s' is not a zone: 1 to %d letters, digits, '-' and '.' between them", name,
                                 ZONE_NAME_MAX);
        snprintf(nic.zone, sizeof(nic.zone), "%s", name);
        for (char *key; r >= 0 && (key = strsep(&rest, ","));)
                r = set_key(&nic, key, reterr);
        if (r >= 0)
                *ret = nic;
        return r;
}

/* Two interfaces of one machine in the same zone get along, but not with the same addresses. */
static int check_others(const NicList *list, const NicConfig *nic, Error **reterr) {
        for (size_t i = 0; i < list->n; i++) {
                const NicConfig *other = list->items + i;

                if (strcmp(other->zone, nic->zone) != 0)
                        continue;
                if ((nic->address && nic->address == other->address) ||
                    (nic->mac_set && other->mac_set && memcmp(nic->mac, other->mac, sizeof(nic->mac)) == 0))
                        return error_set(reterr, EEXIST, "Two interfaces in the zone '%s' have the same address", nic->zone);
        }
        return 0;
}

static int insert_nic(NicList *list, size_t at, const NicConfig *nic, Error **reterr) {
        NicConfig *grown;
        int r;

        r = check_others(list, nic, reterr);
        if (r < 0)
                return r;
        if (list->n >= NICS_MAX)
                return error_set(reterr, E2BIG, "A machine has at most %d interfaces in zones", NICS_MAX);
        grown = reallocarray(list->items, list->n + 1, sizeof(*grown));
        if (!grown)
                return error_oom(reterr);
        list->items = grown;
        memmove(grown + at + 1, grown + at, (list->n - at) * sizeof(*grown));
        grown[at] = *nic;
        list->n++;
        return 0;
}

int parse_network_zone(MachineConfig *c, const OptionValue *v, Error **reterr) {
        _cleanup_strv_ char **words = NULL;
        NicConfig nic;
        int r;

        r = split_words(v->text, &words, reterr);
        if (r >= 0 && !words)
                return parse_nic("", &nic, reterr);
        for (char **word = words; r >= 0 && word && *word; word++) {
                r = parse_nic(*word, &nic, reterr);
                if (r >= 0)
                        r = insert_nic(&c->nics, c->nics.n, &nic, reterr);
        }
        return r;
}

/* What an earlier --network=zone:NAME said. */
static void drop_first(NicList *list) {
        if (list->n == 0 || !list->items[0].is_first)
                return;
        list->n--;
        memmove(list->items, list->items + 1, list->n * sizeof(*list->items));
}

static int set_first(MachineConfig *c, const char *text, Error **reterr) {
        NicConfig nic;
        int r;

        r = parse_nic(text, &nic, reterr);
        if (r < 0)
                return r;
        nic.is_first = true;
        drop_first(&c->nics);
        c->network = NETWORK_OWN;
        return insert_nic(&c->nics, 0, &nic, reterr);
}

int parse_network(MachineConfig *c, const OptionValue *v, Error **reterr) {
        static const char zone[] = "zone:";
        int kind, r;

        if (strncmp(v->text, zone, strlen(zone)) == 0)
                return set_first(c, v->text + strlen(zone), reterr);
        r = enum_parse(network_kind_names, v->text, &kind, reterr);
        if (r < 0)
                return error_hint(reterr, r, "Or zone:NAME for a zone of its own.");
        drop_first(&c->nics);
        c->network = (NetworkKind) kind;
        return 0;
}

void nic_format(const NicConfig *nic, char ret[NIC_TEXT_MAX]) {
        char address[ADDRESS_TEXT_MAX] = "", mac[MAC_TEXT_MAX] = "";

        if (nic->address)
                address_format(nic->address, address);
        if (nic->mac_set)
                mac_format(nic->mac, mac);
        snprintf(ret, NIC_TEXT_MAX, "%s%s%s%s%s", nic->zone, *address ? ",address=" : "", address, *mac ? ",mac=" : "", mac);
}
