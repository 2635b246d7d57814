/* SPDX-License-Identifier: GPL-2.0-or-later */

/* The values of options: by the words that their table has, or by what --help calls their argument. */

#include <dirent.h>
#include <signal.h>
#include <string.h>

#include "complete.h"
#include "enums.h"
#include "event-log.h"
#include "export.h"
#include "machine-json.h"
#include "nics.h"
#include "options.h"
#include "property.h"
#include "resources.h"
#include "top-row.h"

static void offer_enum(const Completion *c, const EnumName *values) {
        for (const EnumName *v = values; v && v->name; v++)
                complete_offer(c, v->name, NULL);
}

static void offer_directories(const Completion *c) {
        complete_offer_paths(c, true);
}

static void offer_paths(const Completion *c) {
        complete_offer_paths(c, false);
}

/* SOURCE:DEST:OPTIONS. SOURCE is the host's; what is inside, we do not know. */
static void offer_bind(const Completion *c) {
        const char *part = complete_part(c), *first = strchr(part, ':');
        Completion inner = *c;

        if (!first) {
                inner.done += strspn(part, "+-");
                complete_offer_paths(&inner, false);
                return;
        }
        if (!strchr(first + 1, ':'))
                return;
        inner = complete_behind(c, ':');
        inner = complete_behind(&inner, ',');
        offer_enum(&inner, bind_option_names);
}

static const char *about_key(NicKind kind, const char *key) {
        static const struct {
                const char *key, *about;
        } abouts[] = {
                { "gateway", "the way out, in the network of the address" },
                { "mac", "the MAC address of the machine's end" },
                { "name", "what it is called inside" },
                { "vlan", "the VLAN of the bridge's port" },
        };

        for (size_t i = 0; i < ELEMENTSOF(abouts); i++)
                if (strcmp(abouts[i].key, key) == 0)
                        return abouts[i].about;
        return kind == NIC_ZONE ? "an address of the zone's range" : "an address, with the length of its prefix";
}

/* The host's links; /sys/class/net shows those of our namespace. */
static void offer_links(const Completion *c) {
        _cleanup_closedir_ DIR *dir = opendir("/sys/class/net");

        for (struct dirent *d; dir && (d = readdir(dir));)
                if (d->d_name[0] != '.' && strcmp(d->d_name, "lo") != 0)
                        complete_offer(c, d->d_name, NULL);
}

/* WHAT[,KEY=VALUE]… */
static void offer_nic(const Completion *c, NicKind kind) {
        Completion behind = complete_behind(c, ',');
        const char *key;
        char word[32];

        if (behind.done == c->done && kind == NIC_ZONE)
                complete_zones(c);
        else if (behind.done == c->done)
                offer_links(c);
        for (size_t i = 0; behind.done > c->done && (key = nic_key(kind, i)); i++) {
                snprintf(word, sizeof(word), "%s=", key);
                complete_offer(&behind, word, about_key(kind, key));
        }
}

static void offer_zone_nic(const Completion *c) {
        offer_nic(c, NIC_ZONE);
}

static void offer_bridge_nic(const Completion *c) {
        offer_nic(c, NIC_BRIDGE);
}

/* KIND[:WHAT][,KEY=VALUE]…. True when the kind stands there already. */
static bool offer_kind(const Completion *c) {
        const char *part = complete_part(c);
        Completion behind = *c;

        for (const EnumName *e = nic_kind_names; e->name; e++) {
                size_t n = strlen(e->name);

                if (strncmp(part, e->name, n) != 0 || part[n] != ':')
                        continue;
                behind.done += n + 1;
                offer_nic(&behind, (NicKind) e->value);
                return true;
        }
        return false;
}

void complete_new_nic(const Completion *c) {
        char word[32];

        if (offer_kind(c))
                return;
        for (const EnumName *e = nic_kind_names; e->name; e++) {
                snprintf(word, sizeof(word), "%s%s", e->name, e->value == NIC_VETH ? "" : ":");
                complete_offer(c, word, NULL);
        }
}

static void offer_network(const Completion *c) {
        char word[32];

        if (offer_kind(c))
                return;
        for (const EnumName *e = network_kind_names; e->name; e++) {
                snprintf(word, sizeof(word), "%s%s", e->name, e->value == NETWORK_NAMESPACE ? ":" : "");
                complete_offer(c, word, NULL);
        }
        complete_new_nic(c);
}

/* The protocol stands before, as systemd-nspawn has it, or behind a slash. */
void complete_new_port(const Completion *c) {
        Completion behind = complete_behind(c, '/');

        if (behind.done > c->done) {
                offer_enum(&behind, protocol_names);
                return;
        }
        for (const EnumName *v = protocol_names; v->name; v++) {
                char word[32];

                snprintf(word, sizeof(word), "%s:", v->name);
                complete_offer(c, word, "HOST[:MACHINE]");
        }
        complete_offer(c, "127.0.0.1:", "HOST[:MACHINE], for the host alone");
}

static void offer_host_port(const Completion *c) {
        Completion behind = complete_behind(c, '/');

        if (behind.done > c->done)
                offer_enum(&behind, protocol_names);
}

static void offer_signals(const Completion *c) {
        static const struct {
                const char *name, *about;
        } special[] = {
                { "SIGRTMIN+3", "systemd: halt" }, { "SIGRTMIN+4", "systemd: power off" }, { "SIGRTMIN+5", "systemd: reboot" },
        };

        for (int i = 1; i < SIGRTMIN; i++) {
                const char *name = sigabbrev_np(i);
                char word[32];

                if (!name)
                        continue;
                snprintf(word, sizeof(word), "SIG%s", name);
                complete_offer(c, word, sigdescr_np(i));
        }
        for (size_t i = 0; i < ELEMENTSOF(special); i++)
                complete_offer(c, special[i].name, special[i].about);
}

static void offer_environment(const Completion *c) {
        for (char **e = environ; *e; e++) {
                _cleanup_free_ char *name = strndup(*e, strcspn(*e, "="));

                if (name && !strchr(complete_part(c), '='))
                        complete_offer(c, name, NULL);
        }
}

static void offer_properties(const Completion *c) {
        const char *name, *allowed;

        for (size_t i = 0; property_iterate(i, &name, &allowed); i++) {
                char word[80];

                snprintf(word, sizeof(word), "%s=", name);
                complete_offer(c, word, allowed);
        }
}

static void offer_examples(const Completion *c, Resource r) {
        for (size_t i = 0; resource_example(r, i); i++)
                complete_offer(c, resource_example(r, i), NULL);
}

void complete_resource(const Completion *c) {
        const char *part = complete_part(c), *equals = strchr(part, '=');
        Completion behind = complete_behind(c, '=');
        Resource found;

        if (equals && resource_find(part, (size_t) (equals - part), &found))
                offer_examples(&behind, found);
        for (Resource r = 0; !equals && r < RESOURCES; r++) {
                char word[40];

                snprintf(word, sizeof(word), "%s=", resource_option(r)->spec.name);
                complete_offer(c, word, resource_option(r)->help);
        }
}

/* What `show` has; several with commas. */
static void offer_shown(const Completion *c) {
        Completion last = complete_behind(c, ',');

        for (const RecordField *f = record_fields; f->key; f++)
                complete_offer(&last, f->key, NULL);
}

static void offer_slices(const Completion *c) {
        _cleanup_closedir_ DIR *d = opendir("/sys/fs/cgroup/machine.slice");

        complete_offer(c, "machine.slice", "what all machines are below");
        for (struct dirent *e; d && (e = readdir(d));) {
                size_t n = strlen(e->d_name);

                if (n > strlen(".slice") && strcmp(e->d_name + n - strlen(".slice"), ".slice") == 0)
                        complete_offer(c, e->d_name, NULL);
        }
}

static void offer_root(const Completion *c) {
        complete_offer(c, "root", NULL);
}

static void offer_formats(const Completion *c) {
        static const char *const compressions[] = { "gz", "xz", "zst", "bz2" };

        for (const ExportFormat *f = export_formats; f->name; f++) {
                complete_offer(c, f->name, f->help);
                for (size_t i = 0; f->compresses && i < ELEMENTSOF(compressions); i++) {
                        char word[32];

                        snprintf(word, sizeof(word), "%s.%s", f->name, compressions[i]);
                        complete_offer(c, word, NULL);
                }
        }
}

/* Of the image that stands among the operands already. */
static void offer_snapshots(const Completion *c) {
        for (int i = 1; i < c->n_words; i++)
                if (c->words[i][0] != '-')
                        complete_snapshots_of(c, c->words[i]);
}

static void offer_events(const Completion *c) {
        Completion last = complete_behind(c, ',');

        for (int k = 0; k < _EVENT_KINDS; k++)
                complete_offer(&last, event_kind_to_string((EventKind) k), NULL);
}

static void offer_sorts(const Completion *c) {
        for (int s = 0; s < _SORTS; s++)
                complete_offer(c, top_sort_word((TopSort) s), NULL);
}

/* What an argument's placeholder stands for; where several options share one, by the option's name. */
static const struct {
        const char *placeholder, *option;
        void (*offer)(const Completion *c);
} sources[] = {
        { "DIR", NULL, offer_directories },
        { "SOURCE[:DEST[:OPTIONS]]", NULL, offer_bind },
        { "PATH[:DEST[:PERMISSIONS]]", NULL, offer_paths },
        { "FILE", NULL, offer_paths },
        { "FORMAT", NULL, offer_formats },
        { "SNAPSHOT", NULL, offer_snapshots },
        { "KIND", NULL, offer_network },
        { "[ADDR:]HOST[:MACHINE][/PROTO]", NULL, complete_new_port },
        { "HOST[:MACHINE][/PROTO]", NULL, offer_host_port },
        { "SIGNAL", NULL, offer_signals },
        { "EVENT", NULL, offer_events },
        { "COLUMN", NULL, offer_sorts },
        { "SLICE", NULL, offer_slices },
        { "USER", NULL, offer_root },
        { "NAME[=VALUE]", NULL, offer_environment },
        { "NAME=VALUE", "property", offer_properties },
        { "NAME", "property", offer_shown },
        { "NAME[,address=A][,mac=M]", NULL, offer_zone_nic },
        { "BRIDGE[,vlan=N]", NULL, offer_bridge_nic },
        { "IF[:INSIDE]", NULL, offer_links },
        { "PATH", "network-namespace-path", offer_paths },
        { "NAME", "machine", complete_with_settings },
};

/* "leader|all", "busybox|debian[:RELEASE]": the words themselves. */
static void offer_alternatives(const Completion *c, const char *placeholder) {
        static const char letters[] = "abcdefghijklmnopqrstuvwxyz-";

        if (!strchr(placeholder, '|'))
                return;
        for (const char *p = placeholder; p; p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL) {
                _cleanup_free_ char *word = strndup(p, strspn(p, letters));

                if (word && *word)
                        complete_offer(c, word, NULL);
        }
}

void complete_values(const Completion *c, const ArgSpec *spec) {
        const Option *o = c->verb->flags & VERB_CONFIG ? (const Option *) spec : NULL;

        if (o && o->field >= FIELD_RESOURCES && o->field <= FIELD_RESOURCES_LAST)
                offer_examples(c, (Resource) (o->field - FIELD_RESOURCES));

        for (size_t i = 0; i < ELEMENTSOF(sources); i++)
                if (strcmp(spec->placeholder, sources[i].placeholder) == 0 &&
                    (!sources[i].option || (spec->name && strcmp(spec->name, sources[i].option) == 0))) {
                        sources[i].offer(c);
                        return;
                }
        if (o)
                offer_enum(c, strcmp(o->spec.placeholder, "BOOL") == 0 ? boolean_names : o->values);
        else
                offer_alternatives(c, spec->placeholder);
}
