/* SPDX-License-Identifier: GPL-2.0-or-later */

/* One interface as text: KIND[:WHAT][,KEY=VALUE]…
 *
 * WHAT is a zone, or a link of the host's, which has the name of the interface inside behind a colon where nspawn has it so. Names of
 * links come from arguments and files and go to the kernel, to files of the machine's network and to terminals: they are checked here. */

#include <string.h>
#include <sys/socket.h>

#include "enums.h"
#include "ifname.h"
#include "name.h"
#include "nics.h"
#include "parse.h"

#define ALL_KINDS (BIT(NIC_KINDS) - 1)
#define BIT(kind) (1U << (kind))
#define MADE_KINDS (ALL_KINDS & ~BIT(NIC_INTERFACE)) /* by us */

typedef struct NicKey {
        const char *key;
        unsigned kinds;
        int (*set)(NicConfig *nic, const char *text, Error **reterr);
} NicKey;

/* ---- what stands behind a comma ---- */

/* "02:00:5e:10:00:01", six bytes in hexadecimal; a multicast address or none at all is no interface's. */
static int set_mac(NicConfig *nic, const char *text, Error **reterr) {
        static const uint8_t zero[6];
        uint8_t m[6];

        if (mac_parse(text, m) < 0)
                return error_set(reterr, EINVAL, "'%.40s' is not a MAC address, as 02:00:5e:10:00:01", text);
        if (m[0] & 1)
                return error_set(reterr, EINVAL, "The MAC address %.17s is that of a group: the first byte must be even", text);
        if (memcmp(m, zero, sizeof(m)) == 0)
                return error_set(reterr, EINVAL, "The MAC address %.17s is no interface's", text);
        memcpy(nic->mac, m, sizeof(m));
        nic->mac_set = true;
        return 0;
}

/* Of the zone's range, which says how long its prefix is. */
static int set_zone_address(NicConfig *nic, const char *text, Error **reterr) {
        uint32_t address;

        if (address_parse(text, &address) < 0 || address == 0)
                return error_set(reterr, EINVAL, "'%.40s' is not an IPv4 address", text);
        nic->address = address;
        return 0;
}

const NicAddress *nic_address(const NicConfig *nic, int family) {
        for (size_t i = 0; i < nic->n_addresses; i++)
                if (nic->addresses[i].address.family == family)
                        return nic->addresses + i;
        return NULL;
}

static bool is_usable(const IpAddress *a) {
        if (a->family == AF_INET)
                return a->v4 >> 24 != 0 && a->v4 >> 24 != 127 && a->v4 >> 28 < 0xe;
        return !IN6_IS_ADDR_UNSPECIFIED(&a->v6) && !IN6_IS_ADDR_LOOPBACK(&a->v6) && !IN6_IS_ADDR_MULTICAST(&a->v6);
}

/* A/PREFIX */
static int set_own_address(NicConfig *nic, const char *text, Error **reterr) {
        NicAddress a = {};
        char copy[IP_TEXT_MAX + 8], *slash;
        uint64_t prefix;

        snprintf(copy, sizeof(copy), "%s", text);
        slash = strchr(copy, '/');
        if (slash)
                *slash++ = 0;
        if (strlen(text) >= sizeof(copy) || !slash || ip_parse(copy, &a.address) < 0 || !is_usable(&a.address) ||
            parse_u64(slash, a.address.family == AF_INET ? 32 : 128, &prefix) < 0 || prefix == 0)
                return error_set(reterr, EINVAL, "'%.60s' is not an address with the length of its prefix, as 192.0.2.7/24 or 2001:db8::7/64",
                                 text);
        if (nic_address(nic, a.address.family))
                return error_set(reterr, EEXIST, "An interface is given one address of each family, and '%.60s' is a second", text);
        a.prefix = (unsigned) prefix;
        nic->addresses[nic->n_addresses++] = a;
        return 0;
}

static int set_address(NicConfig *nic, const char *text, Error **reterr) {
        return nic->kind == NIC_ZONE ? set_zone_address(nic, text, reterr) : set_own_address(nic, text, reterr);
}

static bool is_within(const IpAddress *a, const IpAddress *net, unsigned prefix) {
        if (a->family == AF_INET)
                return (a->v4 ^ net->v4) >> (32 - prefix) == 0;
        for (unsigned i = 0; i < prefix; i++)
                if ((a->v6.s6_addr[i / 8] ^ net->v6.s6_addr[i / 8]) >> (7 - i % 8) & 1)
                        return false;
        return true;
}

/* The kernel takes no way out that is not on the link itself. */
static int set_gateway(NicConfig *nic, const char *text, Error **reterr) {
        NicAddress *own;
        IpAddress g = {};

        if (ip_parse(text, &g) < 0 || !is_usable(&g))
                return error_set(reterr, EINVAL, "'%.60s' is not the address of a gateway", text);
        own = (NicAddress *) nic_address(nic, g.family);
        if (!own)
                return error_set(reterr, EINVAL, "gateway=%.60s needs an address=A/PREFIX of the same family before it", text);
        if (own->gateway.family)
                return error_set(reterr, EEXIST, "An interface has one gateway of each family, and '%.60s' is a second", text);
        if (ip_same(&g, &own->address))
                return error_set(reterr, EINVAL, "The gateway %.60s is the interface's own address", text);
        if (!is_within(&g, &own->address, own->prefix) && !(g.family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&g.v6)))
                return error_set(reterr, EINVAL, "The gateway %.60s does not lie in the network of the address before it", text);
        own->gateway = g;
        return 0;
}

/* Of an interface that we name: it stands in files of the machine's, where '*' and the like would mean others, too. "all" and "default"
 * are other directories of /proc/sys/net, and the kernel refuses them. */
bool nic_name_is_valid(const char *name) {
        return ifname_is_valid(name, IFNAMSIZ - 1) && !strpbrk(name, NIC_NAME_NEVER) && name[0] != '-' &&
                strcmp(name, "lo") != 0 && strcmp(name, "all") != 0 && strcmp(name, "default") != 0;
}

static int set_name(NicConfig *nic, const char *text, Error **reterr) {
        if (!nic_name_is_valid(text))
                return error_set(reterr, EINVAL, "'%.80s' is not a name for an interface: 1 to %d letters, digits, '-', '_' and '.', "
                                 "but not lo, all or default", text, IFNAMSIZ - 1);
        if (*nic->name && strcmp(nic->name, text) != 0)
                return error_set(reterr, EEXIST, "An interface has one name, and '%.15s' is a second", text);
        snprintf(nic->name, sizeof(nic->name), "%s", text);
        return 0;
}

static int set_vlan(NicConfig *nic, const char *text, Error **reterr) {
        uint64_t vlan;

        if (parse_u64(text, 4094, &vlan) < 0 || vlan == 0)
                return error_set(reterr, EINVAL, "'%.40s' is not a VLAN: 1 to 4094", text);
        nic->vlan = (unsigned) vlan;
        return 0;
}

static const NicKey keys[] = {
        { "address", ALL_KINDS, set_address },
        { "gateway", ALL_KINDS & ~BIT(NIC_ZONE), set_gateway },
        { "mac", MADE_KINDS & ~BIT(NIC_IPVLAN), set_mac }, /* an ipvlan has that of the link below */
        { "name", ALL_KINDS, set_name },
        { "vlan", BIT(NIC_BRIDGE), set_vlan },
};

const char *nic_key(NicKind kind, size_t i) {
        for (size_t k = 0; k < ELEMENTSOF(keys); k++)
                if (keys[k].kinds & BIT(kind) && i-- == 0)
                        return keys[k].key;
        return NULL;
}

static int refuse_key(NicKind kind, const char *key, Error **reterr) {
        char list[64] = "";
        const char *k;

        for (size_t i = 0; (k = nic_key(kind, i)); i++)
                snprintf(list + strlen(list), sizeof(list) - strlen(list), "%s%s=", i == 0 ? "" : nic_key(kind, i + 1) ? ", " : " or ", k);
        return error_set(reterr, EINVAL, "'%.40s' is not what may follow for an interface of the kind %s: %s", key, nic_kind_to_string(kind),
                         list);
}

static int set_key(NicConfig *nic, char *assignment, Error **reterr) {
        char *value = strchr(assignment, '=');

        if (value)
                *value++ = 0;
        for (size_t i = 0; value && i < ELEMENTSOF(keys); i++)
                if (strcmp(assignment, keys[i].key) == 0 && keys[i].kinds & BIT(nic->kind))
                        return keys[i].set(nic, value, reterr);
        return refuse_key(nic->kind, assignment, reterr);
}

/* ---- what it is made of ---- */

static int take_zone(NicConfig *nic, char *what, Error **reterr) {
        if (!machine_name_is_valid(what) || strlen(what) > ZONE_NAME_MAX)
                return error_set(reterr, EINVAL, "'%.80s' is not a zone: 1 to %d letters, digits, '-' and '.' between them", what,
                                 ZONE_NAME_MAX);
        snprintf(nic->zone, sizeof(nic->zone), "%s", what);
        return 0;
}

/* LINK[:INSIDE] */
static int take_link(NicConfig *nic, char *what, Error **reterr) {
        char *inside = strchr(what, ':');

        if (!*what)
                return error_set(reterr, EINVAL, "The name of a link is missing: %s:%s", nic_kind_to_string(nic->kind),
                                 nic->kind == NIC_BRIDGE ? "BRIDGE" : nic->kind == NIC_EXTRA ? "HOST" : "IF");
        if (inside)
                *inside++ = 0;
        if (nic->kind == NIC_EXTRA ? !nic_name_is_valid(what) : !ifname_is_valid(what, LINK_NAME_MAX))
                return error_set(reterr, EINVAL, "'%.140s' is not the name of an interface", what);
        snprintf(nic->link, sizeof(nic->link), "%s", what);
        if (nic->kind == NIC_EXTRA && !inside)
                inside = what; /* both ends by one name, as nspawn has it */
        return inside ? set_name(nic, inside, reterr) : 0;
}

static int take_bridge(NicConfig *nic, char *what, Error **reterr) {
        if (strchr(what, ':'))
                return error_set(reterr, EINVAL, "'%.140s' is not the name of a bridge", what);
        return take_link(nic, what, reterr);
}

static int take_nothing(_unused_ NicConfig *nic, char *what, Error **reterr) {
        return *what ? error_set(reterr, EINVAL, "Nothing is to follow veth but what stands behind a comma, and '%.80s' does", what) : 0;
}

int nic_parse_kind(NicKind kind, const char *text, NicConfig *ret, Error **reterr) {
        static int (*const take[NIC_KINDS])(NicConfig *nic, char *what, Error **reterr) = {
                [NIC_ZONE] = take_zone,     [NIC_VETH] = take_nothing, [NIC_EXTRA] = take_link,     [NIC_BRIDGE] = take_bridge,
                [NIC_MACVLAN] = take_link,  [NIC_IPVLAN] = take_link,  [NIC_INTERFACE] = take_link,
        };
        _cleanup_free_ char *copy = strdup(text);
        NicConfig nic = { .kind = kind };
        char *rest = copy;
        int r;

        if (!copy)
                return error_oom(reterr);
        r = take[kind](&nic, strsep(&rest, ","), reterr);
        for (char *key; r >= 0 && (key = strsep(&rest, ","));)
                r = set_key(&nic, key, reterr);
        if (r >= 0)
                *ret = nic;
        return r;
}

/* ---- with its kind ---- */

/* How long the word is that says the kind. */
static size_t kind_length(const char *text) {
        return strcspn(text, ":,");
}

static bool find_kind(const char *text, int *ret) {
        size_t n = kind_length(text);

        for (const EnumName *e = nic_kind_names; e->name; e++)
                if (strlen(e->name) == n && strncmp(e->name, text, n) == 0) {
                        *ret = e->value;
                        return true;
                }
        return false;
}

bool nic_text_has_kind(const char *text) {
        int kind;

        return find_kind(text, &kind);
}

/* "zone" alone is the default one; "veth:HOST" is one whose ends are named. */
int nic_parse(const char *text, NicConfig *ret, Error **reterr) {
        size_t n = kind_length(text);
        _cleanup_free_ char *list = NULL, *zone = NULL;
        int kind;

        if (!find_kind(text, &kind)) {
                list = enum_list(nic_kind_names);
                return list ? error_set(reterr, EINVAL, "'%.80s' is not one of %s", text, list) : error_oom(reterr);
        }
        if (kind == NIC_VETH && text[n] == ':')
                kind = NIC_EXTRA;
        if (kind != NIC_ZONE || text[n] == ':')
                return nic_parse_kind((NicKind) kind, text + n + (text[n] == ':'), ret, reterr);
        if (asprintf(&zone, ZONE_DEFAULT "%s", text + n) < 0)
                return error_oom(reterr);
        return nic_parse_kind(NIC_ZONE, zone, ret, reterr);
}

static void print_addresses(const NicConfig *nic, FILE *f) {
        char text[IP_TEXT_MAX];

        if (nic->address)
                fprintf(f, ",address=%s", address_format(nic->address, text));
        for (const NicAddress *a = nic->addresses; a < nic->addresses + nic->n_addresses; a++) {
                fprintf(f, ",address=%s/%u", ip_format(&a->address, text), a->prefix);
                if (a->gateway.family)
                        fprintf(f, ",gateway=%s", ip_format(&a->gateway, text));
        }
}

void nic_format(const NicConfig *nic, char ret[NIC_TEXT_MAX]) {
        FILE *f = fmemopen(ret, NIC_TEXT_MAX, "w");
        char mac[MAC_TEXT_MAX];

        *ret = 0;
        if (!f)
                return;
        fputs(nic_kind_to_string(nic->kind), f);
        if (nic->kind != NIC_VETH)
                fprintf(f, ":%s", nic->kind == NIC_ZONE ? nic->zone : nic->link);
        if (nic->kind == NIC_EXTRA && strcmp(nic->name, nic->link) != 0) /* which is what no name would say */
                fprintf(f, ":%s", nic->name);
        if (nic->vlan)
                fprintf(f, ",vlan=%u", nic->vlan);
        print_addresses(nic, f);
        if (nic->mac_set)
                fprintf(f, ",mac=%s", mac_format(nic->mac, mac));
        if (*nic->name && nic->kind != NIC_EXTRA)
                fprintf(f, ",name=%s", nic->name);
        fclose(f);
}
