/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "live-nics.h"

#include <arpa/inet.h>
#include <string.h>

#include "address.h"
#include "endpoint-nics.h"
#include "enums.h"
#include "machine-link.h"
#include "nics.h"
#include "record-nic.h"
#include "strv.h"

static bool has(const Endpoint *e, const char *name) {
        return endpoint_find_nic(e, name) < e->n_nics || endpoint_find_link(e, name) < e->n_links;
}

static bool is_recorded(const MachineRecord *r, const char *name) {
        RecordNic nic;

        for (size_t i = 0; record_nic(r, i, &nic); i++)
                if (strcmp(nic.name, name) == 0)
                        return true;
        return false;
}

static void from_zoned(const Endpoint *e, const EndpointNic *n, RecordNic *ret) {
        IpAddress address6 = ip_v6(&n->address6);

        *ret = (RecordNic){};
        snprintf(ret->name, sizeof(ret->name), "%s", n->name);
        snprintf(ret->kind, sizeof(ret->kind), "%s", nic_kind_to_string(NIC_ZONE));
        snprintf(ret->zone, sizeof(ret->zone), "%s", n->zone);
        address_format(n->address, ret->address);
        if (!IN6_IS_ADDR_UNSPECIFIED(&n->address6))
                ip_format(&address6, ret->address6);
        mac_format(n->mac, ret->mac);
        machine_link_name(e->machine, n->number, ret->interface);
}

static void from_link(const EndpointLink *l, RecordNic *ret) {
        const NicAddress *four = nic_address(&l->config, AF_INET), *six = nic_address(&l->config, AF_INET6);
        static const uint8_t none[6];

        *ret = (RecordNic){};
        snprintf(ret->name, sizeof(ret->name), "%s", l->config.name);
        snprintf(ret->kind, sizeof(ret->kind), "%s", nic_kind_to_string(l->config.kind));
        snprintf(ret->link, sizeof(ret->link), "%s", l->config.link);
        snprintf(ret->interface, sizeof(ret->interface), "%s", l->host);
        if (four)
                address_format(four->address.v4, ret->address);
        if (six)
                ip_format(&six->address, ret->address6);
        if (memcmp(l->mac, none, sizeof(none)) != 0)
                mac_format(l->mac, ret->mac);
}

static bool from_endpoint(const Endpoint *e, const char *name, RecordNic *ret) {
        size_t nic = endpoint_find_nic(e, name), link = endpoint_find_link(e, name);

        if (nic < e->n_nics)
                from_zoned(e, e->nics + nic, ret);
        else if (link < e->n_links)
                from_link(e->links + link, ret);
        return nic < e->n_nics || link < e->n_links;
}

int live_nics_take(MachineRecord *r, const Endpoint *e) {
        _cleanup_strv_ char **list = NULL;
        RecordNic nic;
        int k = 0;

        if (!nic_changes_any(&e->nic_changes))
                return 0;
        for (size_t i = 0; k >= 0 && record_nic(r, i, &nic); i++)
                if (has(e, nic.name))
                        k = strv_consume(&list, record_nic_format(&nic));
        for (size_t i = 0; k >= 0 && i < e->nic_changes.added.n; i++) {
                const char *name = e->nic_changes.added.items[i].name;

                if (!is_recorded(r, name) && from_endpoint(e, name, &nic))
                        k = strv_consume(&list, record_nic_format(&nic));
        }
        if (k < 0)
                return k;
        strv_free(r->nics);
        r->nics = TAKE_PTR(list);
        return 0;
}
