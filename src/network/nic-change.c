/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The order of an addition is that of a start (attach.c), for one interface; that of a removal is an end's. In between, the file has the
 * interface as pending (endpoint-nics.c): a failure, and whoever finds that a change was killed, takes it away as a removal does. */

#include "nic-change.h"

#include <string.h>

#include "endpoint-nics.h"
#include "give.h"
#include "log.h"
#include "network-lock.h"
#include "nic-add.h"
#include "nic-take.h"
#include "nics.h"
#include "port-listen.h"
#include "release.h"

typedef struct Scene {
        int lock, netns;
        Netlink *nl;
        Endpoint *e;
} Scene;

static void scene_end(Scene *s) {
        if (s->nl && s->e && s->e->n_nics == 0)
                network_release_host(s->lock, s->nl);
        endpoint_free(s->e);
        netlink_free(s->nl);
        close_fd(s->lock);
}

static NicTaking taking(const Scene *s) {
        return (NicTaking){ .lock = s->lock, .netns = s->netns, .nl = s->nl, .e = s->e };
}

static int save(const Endpoint *e, Error **reterr) {
        if (e->n_nics + e->n_links > 0 || nic_changes_any(&e->nic_changes))
                return endpoint_save(e, reterr);
        endpoint_remove(e->machine);
        return 0;
}

/* Take what is pending away, and out of the file. */
int nic_change_recover(const NicTaking *t, Error **reterr) {
        char link[LINK_NAME_MAX + 1];
        Endpoint *e = t->e;
        int r;

        if (!*e->pending_nic)
                return 0;
        endpoint_unnamed_link(e, e->pending_nic, link);
        r = nic_take(t, e->pending_nic, reterr);
        if (r < 0)
                return r;
        if (nic_changes_remove(&e->nic_changes, e->pending_nic, link) < 0)
                return error_oom(reterr);
        *e->pending_nic = 0;
        return save(e, reterr);
}

static int scene_begin(Scene *s, const NicChange *change, Error **reterr) {
        NicTaking left;
        int r;

        s->netns = change->netns;
        r = s->lock = network_lock(reterr);
        if (r < 0)
                return r;
        r = netlink_new(NETLINK_ROUTE, -1, &s->nl);
        if (r < 0)
                return error_errno(reterr, r, "Cannot open a netlink socket");
        r = endpoint_load(change->machine, &s->e, reterr);
        if (r == 0 && !(s->e = endpoint_new(change->machine)))
                return error_oom(reterr);
        left = taking(s);
        return r < 0 ? r : nic_change_recover(&left, reterr);
}

/* From here on, until it is done or undone. */
static int set_pending(Scene *s, const char *name, Error **reterr) {
        snprintf(s->e->pending_nic, sizeof(s->e->pending_nic), "%s", name);
        return endpoint_save(s->e, reterr);
}

/* ---- one more ---- */

static void to_config(const EndpointNic *nic, NicConfig *ret) {
        *ret = (NicConfig){ .kind = NIC_ZONE };
        snprintf(ret->zone, sizeof(ret->zone), "%s", nic->zone);
        snprintf(ret->name, sizeof(ret->name), "%s", nic->name);
}

/* What it has, as a configuration would say it, with the new one as the last. */
static int list_all(const Endpoint *e, const NicConfig *config, NicList *ret, Error **reterr) {
        NicConfig c;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < e->n_nics; i++) {
                to_config(e->nics + i, &c);
                r = nic_list_add(ret, &c, reterr);
        }
        for (size_t i = 0; r >= 0 && i < e->n_links; i++)
                r = nic_list_add(ret, &e->links[i].config, reterr);
        return r < 0 ? r : nic_list_add(ret, config, reterr);
}

static int choose_name(const Endpoint *e, NicConfig *config, Error **reterr) {
        NicList all = {};
        int r;

        r = list_all(e, config, &all, reterr);
        if (r >= 0) {
                nic_list_choose_names(&all);
                snprintf(config->name, sizeof(config->name), "%s", all.items[all.n - 1].name);
        }
        nic_list_done(&all);
        return r;
}

/* The guest can have made one itself. */
static int check_name(const NicAddition *a, Error **reterr) {
        LinkInfo link;

        if (link_get(a->inside, a->config->name, &link) < 0)
                return 0;
        error_set(reterr, EEXIST, "The machine has an interface '%s' already", a->config->name);
        return error_hint(reterr, -EEXIST, "Choose another name for the new one: name=NAME behind a comma.");
}

/* Nothing of it is in the file yet. */
static int choose(Scene *s, NicAddition *a, Error **reterr) {
        int r;

        r = choose_name(s->e, a->config, reterr);
        if (r >= 0)
                r = nic_add_choose(a, reterr);
        if (r >= 0)
                r = check_name(a, reterr);
        if (r >= 0)
                r = nic_changes_add(&s->e->nic_changes, a->config, reterr);
        if (r >= 0)
                r = set_pending(s, a->config->name, reterr);
        if (r < 0 && a->config->kind == NIC_ZONE) {
                NicTaking t = taking(s);

                (void) nic_leave_zone(&t, a->config->zone, NULL);
        }
        return r;
}

static int make(Scene *s, NicAddition *a, Error **reterr) {
        _cleanup_(error_freep) Error *error = NULL;
        NicTaking t = taking(s);
        int r;

        r = nic_add_make(a, reterr);
        if (r >= 0) {
                *s->e->pending_nic = 0;
                r = endpoint_save(s->e, reterr);
        }
        if (r >= 0)
                return 0;
        snprintf(s->e->pending_nic, sizeof(s->e->pending_nic), "%s", a->config->name);
        if (nic_change_recover(&t, &error) < 0)
                log_warning("%s, ignoring", error->message);
        return r;
}

int network_add_nic(const NicChange *change, NicConfig *config, bool *ret_service, Error **reterr) {
        _cleanup_(scene_end) Scene s = { .lock = -1 };
        _cleanup_(netlink_freep) Netlink *inside = NULL;
        _cleanup_(nic_add_done) NicAddition a = {};
        int r;

        r = scene_begin(&s, change, reterr);
        if (r < 0)
                return r;
        r = netlink_new(NETLINK_ROUTE, change->netns, &inside);
        if (r < 0)
                return error_errno(reterr, r, "Cannot enter the network namespace of '%s'", change->machine);
        a = (NicAddition){ .lock = s.lock, .nl = s.nl, .inside = inside, .netns = change->netns, .e = s.e, .config = config,
                           .keep_address = change->keep_address };
        r = choose(&s, &a, reterr);
        if (r >= 0)
                r = make(&s, &a, reterr);
        if (r >= 0)
                *ret_service = a.wants_service;
        return r;
}

/* ---- one less ---- */

static int check_ports(const Endpoint *e, const char *name, Error **reterr) {
        const EndpointLink *link = port_link(e);
        const char *first = e->n_nics > 0 ? e->nics[0].name : link ? link->config.name : "";

        if (strcmp(name, first) != 0 || e->ports.n + e->host_ports.n == 0)
                return 0;
        error_set(reterr, EBUSY, "Ports of '%s' lead to '%s'", e->machine, name);
        return error_hint(reterr, -EBUSY, "`nbox port list %s` shows them; `nbox port remove` them first.", e->machine);
}

int network_remove_nic(const NicChange *change, const char *name, NicConfig *ret, Error **reterr) {
        _cleanup_(scene_end) Scene s = { .lock = -1 };
        size_t nic, link;
        NicTaking t;
        int r;

        r = scene_begin(&s, change, reterr);
        if (r < 0)
                return r;
        nic = endpoint_find_nic(s.e, name);
        link = endpoint_find_link(s.e, name);
        if (nic == s.e->n_nics && link == s.e->n_links) {
                error_set(reterr, ENOENT, "The machine '%s' has no interface '%s' from nbox", change->machine, name);
                return error_hint(reterr, -ENOENT, "`nbox nic list %s` shows what there is.", change->machine);
        }
        r = check_ports(s.e, name, reterr);
        if (r < 0)
                return r;
        if (nic < s.e->n_nics)
                to_config(s.e->nics + nic, ret);
        else
                *ret = s.e->links[link].config;
        r = set_pending(&s, name, reterr);
        t = taking(&s);
        t.asked = true;
        return r < 0 ? r : nic_change_recover(&t, reterr);
}
