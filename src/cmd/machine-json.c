/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "machine-json.h"

#include <string.h>

#include "config.h"
#include "link-stats.h"
#include "table.h"

const char *machine_network(const Machine *m, RecordNic *buf) {
        if (m->record->network != NETWORK_OWN)
                return network_kind_to_string(m->record->network);
        return record_nic(m->record, 0, buf) ? buf->kind : network_kind_to_string(NETWORK_NONE);
}

/* The state is what the kernel says, not what was written; and of a network of its own more is known than that. */
int machine_property(const Machine *m, const RecordField *f, char **ret) {
        const char *now = NULL;
        RecordNic nic;

        if (strcmp(f->key, "State") == 0)
                now = machine_state_to_string(m->state);
        else if (strcmp(f->key, "Network") == 0)
                now = machine_network(m, &nic);
        if (!now)
                return record_field_format(m->record, f, ret);
        *ret = strdup(now);
        return *ret ? 0 : -ENOMEM;
}

static json_t *text_or_null(const char *text) {
        return json_text(*text ? text : NULL);
}

json_t *machine_nics_to_json(const Machine *m) {
        json_t *list = json_array();
        RecordNic nic;

        for (size_t i = 0; record_nic(m->record, i, &nic); i++)
                json_array_append_new(list, json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "name", json_text(nic.name), "kind", json_text(nic.kind),
                                                      "zone", text_or_null(nic.zone), "link", text_or_null(nic.link),
                                                      "address", text_or_null(nic.address), "address6", text_or_null(nic.address6),
                                                      "mac", text_or_null(nic.mac), "interface", text_or_null(nic.interface)));
        return list;
}

/* And what went through them, from the machine's view: what our end of a link sends, it receives. */
static json_t *nics_with_counters(const Machine *m) {
        _cleanup_(netlink_freep) Netlink *nl = NULL;
        json_t *list = machine_nics_to_json(m);
        LinkStats stats;
        RecordNic nic;

        if (netlink_new(NETLINK_ROUTE, -1, &nl) < 0)
                return list;
        for (size_t i = 0; record_nic(m->record, i, &nic); i++)
                if (*nic.interface && link_stats(nl, nic.interface, &stats) >= 0)
                        json_object_update_new(json_array_get(list, i), json_pack(
                                "{s:I, s:I, s:I, s:I}", "bytes_in", (json_int_t) stats.tx_bytes, "packets_in", (json_int_t) stats.tx_packets,
                                "bytes_out", (json_int_t) stats.rx_bytes, "packets_out", (json_int_t) stats.rx_packets));
        return list;
}

static json_t *field_to_json(const Machine *m, const RecordField *f) {
        const void *p = (const char *) m->record + f->offset;
        _cleanup_free_ char *value = NULL;
        json_t *list;

        if (strcmp(f->key, "Nic") == 0)
                return nics_with_counters(m);
        switch (f->type) {
        case FIELD_STRINGS:
                list = json_array();
                for (char **s = *(char **const *) p; s && *s; s++)
                        json_array_append_new(list, json_text(*s));
                return list;
        case FIELD_PID:
        case FIELD_INT: /* below 0 is unset */
                return *(const int *) p < 0 ? json_null() : json_integer(*(const int *) p);
        case FIELD_UID:
        case FIELD_U32:
                return json_integer(*(const uint32_t *) p);
        case FIELD_U64: /* a time without end is none */
                return *(const uint64_t *) p >= DURATION_INFINITY ? json_null() : json_integer((json_int_t) *(const uint64_t *) p);
        case FIELD_BOOL:
                return json_boolean(*(const bool *) p);
        default:
                return machine_property(m, f, &value) < 0 ? NULL : json_text(value);
        }
}

json_t *machine_to_json(const Machine *m, char *const *wanted) {
        json_t *o = json_object();

        for (const RecordField *f = record_fields; f->key; f++)
                if ((!wanted || strv_contains(wanted, f->key)) && json_object_set_new(o, f->key, field_to_json(m, f)) < 0) {
                        json_decref(o);
                        return NULL;
                }
        return o;
}
