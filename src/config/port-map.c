/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The two forms can be told apart: a protocol before is a word, an address has dots or brackets, all else is digits. Ranges are taken
 * only where both sides are as long, for else it could not be said which port leads where. */

#include "port-map.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"
#include "enums.h"
#include "parse.h"
#include "strv.h"

#define FORM "[ADDR:]HOST[-HOST2][:MACHINE[-MACHINE2]][/tcp|/udp]"
#define HOST_FORM "HOST[-HOST2][:MACHINE[-MACHINE2]][/tcp|/udp]"
#define ADDRESS_FORMS "ADDR is as 192.0.2.1 or [2001:db8::1]"
#define MAP_TEXT_MAX 128 /* of what is parsed */

typedef struct PortRange {
        uint16_t first, count;
} PortRange;

void port_range_format(uint16_t first, uint16_t count, char ret[PORT_RANGE_TEXT_MAX]) {
        if (count > 1)
                snprintf(ret, PORT_RANGE_TEXT_MAX, "%u-%u", first, (uint16_t) (first + count - 1));
        else
                snprintf(ret, PORT_RANGE_TEXT_MAX, "%u", first);
}

void port_address_format(const IpAddress *address, char ret[PORT_ADDRESS_TEXT_MAX]) {
        bool v6 = address->family == AF_INET6;
        char text[IP_TEXT_MAX];

        snprintf(ret, PORT_ADDRESS_TEXT_MAX, "%s%s%s", v6 ? "[" : "", ip_format(address, text), v6 ? "]" : "");
}

void port_map_format(const PortMap *p, char ret[PORT_MAP_TEXT_MAX]) {
        char address[PORT_ADDRESS_TEXT_MAX], host[PORT_RANGE_TEXT_MAX], machine[PORT_RANGE_TEXT_MAX];

        port_address_format(&p->address, address);
        port_range_format(p->host, p->count, host);
        port_range_format(p->machine, p->count, machine);
        snprintf(ret, PORT_MAP_TEXT_MAX, "%s:%s%s%s:%s", protocol_to_string(p->protocol), address, *address ? ":" : "", host, machine);
}

/* "80" or "8000-8099". `what` is for the error. */
static int parse_range(char *text, const char *what, PortRange *ret, Error **reterr) {
        char *dash = strchr(text, '-');
        uint16_t first, last;

        if (dash)
                *dash = 0;
        if (parse_port(text, &first) < 0 || (dash && parse_port(dash + 1, &last) < 0))
                return error_set(reterr, EINVAL, "'%.40s%s%.40s' is no port of %s, nor a range of them (1 to 65535)", text,
                                 dash ? "-" : "", dash ? dash + 1 : "", what);
        if (!dash)
                last = first;
        if (last < first)
                return error_set(reterr, EINVAL, "The range of ports %u-%u ends before it begins", first, last);
        *ret = (PortRange){ first, (uint16_t) (last - first + 1) };
        return 0;
}

/* A protocol before and one behind, taken off. */
static int take_protocol(char **text, int *ret, Error **reterr) {
        char *slash = strchr(*text, '/');
        int before = 0, behind = 0;

        for (const EnumName *p = protocol_names; p->name; p++) {
                size_t n = strlen(p->name);

                if (strncmp(*text, p->name, n) == 0 && (*text)[n] == ':') {
                        before = p->value;
                        *text += n + 1;
                        break;
                }
        }
        if (slash) {
                int r;

                *slash = 0;
                r = enum_parse(protocol_names, slash + 1, &behind, reterr);
                if (r < 0)
                        return r;
        }
        if (before && behind && before != behind)
                return error_set(reterr, EINVAL, "It says both %s and %s", protocol_to_string(before), protocol_to_string(behind));
        *ret = before ?: behind ?: IPPROTO_TCP;
        return 0;
}

static int refuse_link_local(const char *text, Error **reterr) {
        error_set(reterr, EINVAL, "'%.60s' is an address for neighbours on one link, whose connections are not translated", text);
        return error_hint(reterr, -EINVAL, "Publish on another address of the host, or without one; neighbours reach that, too.");
}

/* What is no address of a host's to publish on, and what to do instead. */
static int check_address6(const char *text, Error **reterr) {
        struct in6_addr a;

        if (strchr(text, '%'))
                return refuse_link_local(text, reterr);
        if (inet_pton(AF_INET6, text, &a) != 1)
                return error_set(reterr, EINVAL, "'%.60s' is no IPv6 address", text);
        if (IN6_IS_ADDR_V4MAPPED(&a) || IN6_IS_ADDR_V4COMPAT(&a)) {
                error_set(reterr, EINVAL, "'%.60s' is an IPv4 address", text);
                return error_hint(reterr, -EINVAL, "Write it with dots and without brackets, as 192.0.2.1.");
        }
        if (IN6_IS_ADDR_MULTICAST(&a))
                return error_set(reterr, EINVAL, "'%.60s' is no address of a host's", text);
        return IN6_IS_ADDR_LINKLOCAL(&a) ? refuse_link_local(text, reterr) : 0;
}

/* [ADDR]: in front, taken off. The unspecified address is all of them. */
static int take_address6(char **text, IpAddress *ret, Error **reterr) {
        char *start = *text + 1, *end = strchr(start, ']');
        IpAddress address = { .family = AF_INET6 };
        int r;

        if (!end || end[1] != ':')
                return error_set(reterr, EINVAL, "'%.60s' is no IPv6 address in brackets with a colon behind it", *text);
        *end = 0;
        r = check_address6(start, reterr);
        if (r < 0)
                return r;
        (void) inet_pton(AF_INET6, start, &address.v6);
        *ret = address;
        *text = end + 2;
        return 0;
}

/* "2001:db8::1:80" could end anywhere. */
static int check_brackets(const char *text, Error **reterr) {
        const char *colon = strchr(text, ':');

        if (!strstr(text, "::") && (!colon || !(colon = strchr(colon + 1, ':')) || !strchr(colon + 1, ':')))
                return 0;
        error_set(reterr, EINVAL, "It has more colons than ADDR:HOST:MACHINE");
        return error_hint(reterr, -EINVAL, "An IPv6 address stands in brackets: [2001:db8::1]:8080:80.");
}

/* ADDR: in front, taken off: it is known by its dots, or by brackets. */
static int take_address(char **text, IpAddress *ret, Error **reterr) {
        char *colon = strchr(*text, ':');
        uint32_t address;

        if (**text == '[')
                return take_address6(text, ret, reterr);
        if (!colon || !memchr(*text, '.', (size_t) (colon - *text)))
                return check_brackets(*text, reterr);
        *colon = 0;
        if (address_parse(*text, &address) < 0 || IN_MULTICAST(address) || address == INADDR_BROADCAST)
                return error_set(reterr, EINVAL, "'%.40s' is no IPv4 address of a host's", *text);
        *ret = (IpAddress){ .family = AF_INET, .v4 = address };
        *text = colon + 1;
        return 0;
}

static int parse_ranges(char *text, PortMap *p, Error **reterr) {
        char *colon = strchr(text, ':');
        PortRange host, machine;
        int r;

        if (colon)
                *colon = 0;
        r = parse_range(text, "the host", &host, reterr);
        machine = host;
        if (r >= 0 && colon)
                r = parse_range(colon + 1, "the machine", &machine, reterr);
        if (r < 0)
                return r;
        if (machine.count == 1)
                machine.count = host.count; /* 8000-8099:9000 begins there */
        if (machine.count != host.count)
                return error_set(reterr, EINVAL, "The range of the host is %u long, that of the machine %u", host.count, machine.count);
        if (machine.first + machine.count - 1 > UINT16_MAX)
                return error_set(reterr, EINVAL, "%u ports from %u on pass 65535", machine.count, machine.first);
        p->host = host.first;
        p->machine = machine.first;
        p->count = host.count;
        return 0;
}

static int parse(const char *text, bool with_address, PortMap *ret, Error **reterr) {
        char copy[MAP_TEXT_MAX], *rest = copy;
        PortMap map = {};
        int r;

        if (strlen(text) >= sizeof(copy))
                return error_set(reterr, EINVAL, "It is too long");
        strcpy(copy, text);
        r = take_protocol(&rest, &map.protocol, reterr);
        if (r >= 0 && with_address)
                r = take_address(&rest, &map.address, reterr);
        if (r >= 0)
                r = parse_ranges(rest, &map, reterr);
        if (r >= 0)
                *ret = map;
        return r;
}

static int parse_or_say(const char *text, bool with_address, PortMap *ret, Error **reterr) {
        int r = parse(text, with_address, ret, reterr);

        if (r >= 0)
                return r;
        error_prefix(reterr, r, with_address ? "'%.80s' is no port to publish" : "'%.80s' is no port to offer", text);
        return reterr && *reterr && !(*reterr)->hint
                       ? error_hint(reterr, r, "It takes %s or [tcp:|udp:]HOST[:MACHINE]%s.", with_address ? FORM : HOST_FORM,
                                    with_address ? "; " ADDRESS_FORMS : "")
                       : r;
}

int port_map_parse(const char *text, PortMap *ret, Error **reterr) {
        return parse_or_say(text, true, ret, reterr);
}

int host_port_parse(const char *text, PortMap *ret, Error **reterr) {
        return parse_or_say(text, false, ret, reterr);
}

bool port_map_same(const PortMap *a, const PortMap *b) {
        return a->protocol == b->protocol && ip_same(&a->address, &b->address) && a->host == b->host && a->machine == b->machine &&
               a->count == b->count;
}

static bool meet(uint16_t a, uint16_t n, uint16_t b, uint16_t m) {
        return a < b + m && b < a + n;
}

bool port_address_is_of(const IpAddress *address, int family) {
        return address->family == 0 || address->family == family;
}

bool port_address_is_any(const IpAddress *address) {
        return address->family == AF_INET ? address->v4 == 0 : address->family != AF_INET6 || IN6_IS_ADDR_UNSPECIFIED(&address->v6);
}

bool port_address_meets(const IpAddress *a, const IpAddress *b) {
        return a->family == 0 || b->family == 0 ||
               (a->family == b->family && (port_address_is_any(a) || port_address_is_any(b) || ip_same(a, b)));
}

bool port_map_clash(const PortMap *a, const PortMap *b) {
        return a->protocol == b->protocol && meet(a->host, a->count, b->host, b->count) &&
               port_address_meets(&a->address, &b->address);
}

bool host_port_clash(const PortMap *a, const PortMap *b) {
        return a->protocol == b->protocol && meet(a->machine, a->count, b->machine, b->count);
}

int port_list_add(PortList *list, const PortMap *p, bool (*clash)(const PortMap *, const PortMap *), Error **reterr) {
        PortMap *grown;

        for (size_t i = 0; i < list->n; i++)
                if (clash(list->items + i, p)) {
                        char a[PORT_MAP_TEXT_MAX], b[PORT_MAP_TEXT_MAX];

                        port_map_format(p, a);
                        port_map_format(list->items + i, b);
                        if (strcmp(a, b) == 0)
                                return error_set(reterr, EEXIST, "This machine has the port %s already", a);
                        return error_set(reterr, EEXIST, "The port %s meets %s, which this machine has already", a, b);
                }
        grown = reallocarray(list->items, list->n + 1, sizeof(*grown));
        if (!grown)
                return error_oom(reterr);
        list->items = grown;
        list->items[list->n++] = *p;
        return 0;
}

int port_list_copy(const PortList *from, PortList *ret) {
        PortMap *items = calloc(from->n + 1, sizeof(*items));

        if (!items)
                return -ENOMEM;
        if (from->n > 0)
                memcpy(items, from->items, from->n * sizeof(*items));
        *ret = (PortList){ items, from->n };
        return 0;
}

bool port_list_remove(PortList *list, const PortMap *p) {
        for (size_t i = 0; i < list->n; i++)
                if (port_map_same(list->items + i, p)) {
                        list->n--;
                        memmove(list->items + i, list->items + i + 1, (list->n - i) * sizeof(*list->items));
                        return true;
                }
        return false;
}

void port_list_done(PortList *list) {
        free(list->items);
        *list = (PortList){};
}

int port_list_format(const PortList *list, char ***ret) {
        _cleanup_strv_ char **texts = NULL;

        for (size_t i = 0; i < list->n; i++) {
                char text[PORT_MAP_TEXT_MAX];

                port_map_format(list->items + i, text);
                if (strv_append(&texts, text) < 0)
                        return -ENOMEM;
        }
        *ret = TAKE_PTR(texts);
        return 0;
}
