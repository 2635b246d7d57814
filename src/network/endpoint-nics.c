/* SPDX-License-Identifier: GPL-2.0-or-later */

/* Interfaces that come and go while a machine runs. As with ports, what was added and what was removed is kept, and not the outcome: the
 * next life reads the configuration anew.
 *
 * A change has a moment at which it is neither done nor undone. For as long the file names the interface as pending: whoever finds that with
 * the lock held knows that who was at it is dead, and takes the interface away. So an interface that was to be added is there wholly or
 * not at all, and one that was to go has gone. */

#include "endpoint-nics.h"

#include <string.h>

#include "ifname.h"
#include "log.h"
#include "nics.h"
#include "strv.h"

int endpoint_parse_nic_change(Endpoint *e, const char *key, const char *value) {
        NicConfig nic;

        if (strcmp(key, "PendingNic") == 0 || strcmp(key, "RemovedNic") == 0) {
                if (!ifname_is_valid(value, key[0] == 'R' ? LINK_NAME_MAX : IF_NAMESIZE - 1))
                        return -EBADMSG;
                if (key[0] == 'R')
                        return strv_append(&e->nic_changes.removed, value) < 0 ? -ENOMEM : 1;
                snprintf(e->pending_nic, sizeof(e->pending_nic), "%s", value);
                return 1;
        }
        if (strcmp(key, "AddedNic") != 0)
                return 0;
        if (nic_parse(value, &nic, NULL) < 0)
                return -EBADMSG;
        return nic_list_add(&e->nic_changes.added, &nic, NULL) == -ENOMEM ? -ENOMEM : 1;
}

void endpoint_print_nic_changes(const Endpoint *e, FILE *f) {
        char text[NIC_TEXT_MAX];

        for (size_t i = 0; i < e->nic_changes.added.n; i++) {
                nic_format(e->nic_changes.added.items + i, text);
                fprintf(f, "AddedNic=%s\n", text);
        }
        for (char **name = e->nic_changes.removed; name && *name; name++)
                fprintf(f, "RemovedNic=%s\n", *name);
        if (*e->pending_nic)
                fprintf(f, "PendingNic=%s\n", e->pending_nic);
}

void nic_changes_done(NicChanges *c) {
        nic_list_done(&c->added);
        strv_free(c->removed);
        *c = (NicChanges){};
}

bool nic_changes_any(const NicChanges *c) {
        return c->added.n > 0 || strv_length(c->removed) > 0;
}

/* One of the host's that keeps its name has none in a configuration. */
static bool is_called(const NicConfig *nic, const char *name) {
        return strcmp(nic->kind == NIC_INTERFACE && !*nic->name ? nic->link : nic->name, name) == 0;
}

static size_t find(const NicList *list, const char *name) {
        size_t i = 0;

        while (i < list->n && !is_called(list->items + i, name))
                i++;
        return i;
}

static bool drop(NicList *list, const char *name) {
        size_t i = find(list, name);

        if (i == list->n)
                return false;
        memmove(list->items + i, list->items + i + 1, (list->n - i - 1) * sizeof(*list->items));
        list->n--;
        return true;
}

int nic_changes_add(NicChanges *c, const NicConfig *nic, Error **reterr) {
        return nic_list_add(&c->added, nic, reterr);
}

/* One of the configuration's is remembered as gone, one that was added is forgotten. */
int nic_changes_remove(NicChanges *c, const char *name, const char *link) {
        int r = drop(&c->added, name) ? 0 : strv_append(&c->removed, name);

        return r >= 0 && *link && strcmp(link, name) != 0 && strv_contains(c->removed, name) ? strv_append(&c->removed, link) : r;
}

int nic_changes_apply(const NicChanges *c, const char *machine, NicList *nics) {
        for (char **name = c->removed; name && *name; name++)
                (void) drop(nics, *name);
        for (size_t i = 0; i < c->added.n; i++) {
                const NicConfig *nic = c->added.items + i;
                _cleanup_(error_freep) Error *error = NULL;
                int r = find(nics, nic->name) < nics->n ? -EEXIST : nic_list_add(nics, nic, &error);

                if (r == -ENOMEM)
                        return r;
                if (r < 0)
                        log_warning("Machine '%s': the interface '%s' that was added by hand is not there any more: %s, ignoring", machine,
                                    nic->name, error ? error->message : "the configuration has one of that name");
        }
        return 0;
}

void nic_changes_keep(NicChanges *c, const NicList *nics) {
        size_t kept = 0;

        for (size_t i = 0; i < c->added.n; i++)
                if (find(nics, c->added.items[i].name) < nics->n)
                        c->added.items[kept++] = c->added.items[i];
        c->added.n = kept;
}

int nic_changes_copy(const NicChanges *from, NicChanges *to) {
        to->removed = strv_copy(from->removed);
        if (from->removed && !to->removed)
                return -ENOMEM;
        return nic_list_copy(&from->added, &to->added);
}

void endpoint_drop_nic(Endpoint *e, size_t i) {
        memmove(e->nics + i, e->nics + i + 1, (e->n_nics - i - 1) * sizeof(*e->nics));
        e->n_nics--;
}

void endpoint_drop_link(Endpoint *e, size_t i) {
        memmove(e->links + i, e->links + i + 1, (e->n_links - i - 1) * sizeof(*e->links));
        e->n_links--;
}

unsigned endpoint_free_nic_number(const Endpoint *e) {
        unsigned number = 0;

        for (size_t i = 0; i < e->n_nics;)
                if (e->nics[i++].number == number) {
                        number++;
                        i = 0;
                }
        return number;
}

size_t endpoint_find_nic(const Endpoint *e, const char *name) {
        size_t i = 0;

        while (i < e->n_nics && strcmp(e->nics[i].name, name) != 0)
                i++;
        return i;
}

size_t endpoint_find_link(const Endpoint *e, const char *name) {
        size_t i = 0;

        while (i < e->n_links && strcmp(e->links[i].config.name, name) != 0)
                i++;
        return i;
}

void endpoint_unnamed_link(const Endpoint *e, const char *name, char ret[LINK_NAME_MAX + 1]) {
        size_t link = endpoint_find_link(e, name);

        *ret = 0;
        for (size_t i = 0; link < e->n_links && i < e->n_given; i++)
                if (e->links[link].config.kind == NIC_INTERFACE && strcmp(e->given[i].name, name) == 0)
                        snprintf(ret, LINK_NAME_MAX + 1, "%s", e->links[link].config.link);
}
