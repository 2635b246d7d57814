/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Ports that come and go while a machine runs. They are kept as what was added and what was removed, not as the outcome, for the
 * next life reads the configuration anew: what changed there meanwhile takes effect, and what was done by hand is done on top. */

#include <string.h>

#include "endpoint-nics.h"
#include "log.h"
#include "port-map.h"

typedef struct Kind {
        PortList *ports;
        PortChanges *changes;
        bool (*clash)(const PortMap *a, const PortMap *b);
} Kind;

static Kind kind_of(Endpoint *e, PortKind kind) {
        return kind == PORT_PUBLISHED ? (Kind){ &e->ports, &e->changes, port_map_clash }
                                      : (Kind){ &e->host_ports, &e->host_changes, host_port_clash };
}

static bool lists(const PortList *list, const PortMap *p) {
        for (size_t i = 0; i < list->n; i++)
                if (port_map_same(list->items + i, p))
                        return true;
        return false;
}

int endpoint_add_port(Endpoint *e, PortKind kind, const PortMap *p, Error **reterr) {
        Kind k = kind_of(e, kind);
        int r;

        r = port_list_add(k.ports, p, k.clash, reterr);
        if (r < 0 || port_list_remove(&k.changes->removed, p))
                return r;
        return port_list_add(&k.changes->added, p, k.clash, reterr);
}

static const PortMap *find(const PortList *list, const PortMap *p) {
        const PortMap *found = NULL;

        for (size_t i = 0; i < list->n; i++) {
                PortMap at = list->items[i];

                if (port_map_same(&at, p))
                        return list->items + i;
                at.machine = at.host;
                if (port_map_same(&at, p))
                        found = list->items + i;
        }
        return found;
}

int endpoint_remove_port(Endpoint *e, PortKind kind, const PortMap *p, PortMap *ret_removed, Error **reterr) {
        Kind k = kind_of(e, kind);
        const PortMap *found = find(k.ports, p);
        char text[PORT_MAP_TEXT_MAX];

        if (!found) {
                port_map_format(p, text);
                error_set(reterr, ENOENT, kind == PORT_PUBLISHED ? "The machine '%s' does not publish %s"
                                                                 : "The machine '%s' is not offered %s", e->machine, text);
                return error_hint(reterr, -ENOENT, "`nbox port list %s` shows what there is.", e->machine);
        }
        *ret_removed = *found;
        (void) port_list_remove(k.ports, ret_removed);
        return port_list_remove(&k.changes->added, ret_removed) ? 0 : port_list_add(&k.changes->removed, ret_removed, k.clash, reterr);
}

static int take(Kind to, const PortChanges *from, const char *machine) {
        for (size_t i = 0; i < from->removed.n; i++)
                if (port_list_remove(to.ports, from->removed.items + i) &&
                    port_list_add(&to.changes->removed, from->removed.items + i, to.clash, NULL) == -ENOMEM)
                        return -ENOMEM;
        for (size_t i = 0; i < from->added.n; i++) {
                const PortMap *p = from->added.items + i;
                _cleanup_(error_freep) Error *error = NULL;
                int r;

                if (lists(to.ports, p))
                        continue;
                r = port_list_add(to.ports, p, to.clash, &error);
                if (r >= 0)
                        r = port_list_add(&to.changes->added, p, to.clash, &error);
                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        log_warning("Machine '%s': a port that was added by hand is not published any more: %s, ignoring", machine,
                                    error->message);
        }
        return 0;
}

int endpoint_take_changes(Endpoint *e, const Endpoint *before) {
        int r;

        if (!before)
                return 0;
        r = nic_changes_copy(&before->nic_changes, &e->nic_changes);
        if (r >= 0)
                r = take(kind_of(e, PORT_PUBLISHED), &before->changes, e->machine);
        return r < 0 ? r : take(kind_of(e, PORT_OF_HOST), &before->host_changes, e->machine);
}

/* One that was just being changed is taken for gone. */
static int settle(Endpoint *e) {
        char link[LINK_NAME_MAX + 1];

        if (!*e->pending_nic)
                return 0;
        endpoint_unnamed_link(e, e->pending_nic, link);
        return nic_changes_remove(&e->nic_changes, e->pending_nic, link);
}

static bool has_changes(const Endpoint *e) {
        return nic_changes_any(&e->nic_changes) ||
                e->changes.added.n + e->changes.removed.n + e->host_changes.added.n + e->host_changes.removed.n > 0;
}

/* The changes alone. NULL: there are none, or no memory for them. */
static Endpoint *only_changes(const char *machine) {
        _cleanup_(endpoint_freep) Endpoint *e = NULL, *kept = endpoint_new(machine);

        if (!kept || endpoint_load(machine, &e, NULL) <= 0 || settle(e) < 0 || !has_changes(e))
                return NULL;
        kept->changes = e->changes;
        kept->host_changes = e->host_changes;
        kept->nic_changes = e->nic_changes;
        e->changes = e->host_changes = (PortChanges){};
        e->nic_changes = (NicChanges){};
        return TAKE_PTR(kept);
}

void endpoint_end(const char *machine, bool reboots) {
        _cleanup_(endpoint_freep) Endpoint *kept = reboots ? only_changes(machine) : NULL;

        if (!kept || endpoint_save(kept, NULL) < 0)
                endpoint_remove(machine);
}
