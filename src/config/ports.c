/* SPDX-License-Identifier: GPL-2.0-or-later */

/* --network=, --network-zone= and --port=. */

#include <netinet/in.h>
#include <string.h>

#include "name.h"
#include "parse.h"
#include "values.h"

static int set_zone(MachineConfig *c, const char *name, Error **reterr) {
        NicConfig *nic;

        if (!machine_name_is_valid(name) || strlen(name) > ZONE_NAME_MAX)
                return error_set(reterr, EINVAL, "'%.80s' is not a zone: 1 to %d letters, digits, '-' and '.' between them", name,
                                 ZONE_NAME_MAX);
        nic = calloc(1, sizeof(*nic));
        if (!nic)
                return error_oom(reterr);
        snprintf(nic->zone, sizeof(nic->zone), "%s", name);
        free(c->nics.items);
        c->nics = (NicList){ nic, 1 };
        return 0;
}

int parse_network_zone(MachineConfig *c, const OptionValue *v, Error **reterr) {
        return set_zone(c, v->text, reterr);
}

int parse_network(MachineConfig *c, const OptionValue *v, Error **reterr) {
        static const char zone[] = "zone:";
        int kind, r;

        if (strncmp(v->text, zone, strlen(zone)) == 0) {
                r = set_zone(c, v->text + strlen(zone), reterr);
                if (r < 0)
                        return r;
                c->network = NETWORK_ZONE;
                return 0;
        }
        r = enum_parse(network_kind_names, v->text, &kind, reterr);
        if (r < 0)
                return error_hint(reterr, r, "Or zone:NAME for a zone of its own.");
        free(c->nics.items);
        c->nics = (NicList){};
        c->network = (NetworkKind) kind;
        return 0;
}

static int parse_one_port(const char *text, size_t length, uint16_t *ret) {
        char digits[8];

        if (length >= sizeof(digits))
                return -ERANGE;
        memcpy(digits, text, length);
        digits[length] = 0;
        return parse_port(digits, ret);
}

/* [tcp:|udp:]HOST[:MACHINE] */
static int parse_mapping(const char *text, PortMap *ret) {
        const char *colon;
        int r;

        *ret = (PortMap){ .protocol = IPPROTO_TCP, .count = 1 };
        for (const EnumName *p = protocol_names; p->name; p++) {
                size_t n = strlen(p->name);

                if (strncmp(text, p->name, n) == 0 && text[n] == ':') {
                        ret->protocol = p->value;
                        text += n + 1;
                        break;
                }
        }
        colon = strchr(text, ':');
        r = parse_one_port(text, colon ? (size_t) (colon - text) : strlen(text), &ret->host);
        if (r < 0)
                return r;
        ret->machine = ret->host;
        return colon ? parse_one_port(colon + 1, strlen(colon + 1), &ret->machine) : 0;
}

int parse_port_map(MachineConfig *c, const OptionValue *v, Error **reterr) {
        PortList *list = &c->ports;
        PortMap map, *grown;

        if (parse_mapping(v->text, &map) < 0)
                return error_set(reterr, EINVAL, "'%.80s' is not [tcp:|udp:]HOST[:MACHINE] with ports from 1 to 65535", v->text);
        for (size_t i = 0; i < list->n; i++)
                if (list->items[i].protocol == map.protocol && list->items[i].host == map.host)
                        return error_set(reterr, EEXIST, "The host's port %s:%u is already published by this machine",
                                         protocol_to_string(map.protocol), map.host);
        grown = reallocarray(list->items, list->n + 1, sizeof(*grown));
        if (!grown)
                return error_oom(reterr);
        list->items = grown;
        list->items[list->n++] = map;
        return 0;
}
